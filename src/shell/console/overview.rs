//! The first page: is it well, what does it spend against its plans, what does that bring, and why does it not bid?

use std::collections::BTreeMap;
use std::sync::PoisonError;

use maud::{Markup, html};

use crate::bidder::{Asleep, NoBidReason, Snapshot};
use crate::campaign::Campaign;
use crate::page::{Card, Cell, Column, Grid, Line, cards, figure};
use crate::report::{Figures, Table, Totals};
use crate::shell::clock;
use crate::shell::console::desk::Answer;
use crate::shell::console::frame::Sheet;
use crate::shell::console::today::{ByCampaign, Today, curve, days};
use crate::shell::console::view::View;
use crate::shell::console::{trials, words};
use crate::shell::metrics::Counts;
use crate::shell::service::Service;
use crate::shell::store::Health;
use crate::units::{Currency, Femtos, Millis, Nanos, Ratio, UnixMillis};

/// Over how long counters are summed.
const LATELY: Millis = Millis::from_seconds(3_600);
/// Campaigns in the table: those that spend most.
const CAMPAIGNS_MAX: usize = 60;
/// Curves of one page: those of the largest plans.
const CURVES_MAX: usize = 2;
/// Reasons in the list.
const REASONS_MAX: usize = 12;

/// The page, where `month` is the ledger by campaign and day and `hours` by campaign and hour.
#[must_use]
pub(in crate::shell::console) fn page(
    view: &View,
    service: &Service,
    month: &Answer<Table>,
    hours: &Answer<Table>,
) -> Sheet {
    let snapshot = service.snapshot();
    let days = days(&snapshot, view.now);
    let counts = service.metrics.counts();
    let (since, lately) = {
        let minutes = service.console.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        minutes.lately(LATELY, view.now, &counts)
    };
    let rows = ByCampaign::of(month.found.as_deref());
    let money = Money::of(&snapshot, &days, &rows);
    let plan = &snapshot.plan;
    let revision = view.forms.count(plan.revision);
    let (items, campaigns) =
        (view.forms.count(plan.rows.len() as u64), view.forms.count(plan.catalog.campaigns.len() as u64));
    let subtitle = match view.lang {
        crate::page::Lang::En => format!("{items} line items of {campaigns} campaigns, revision {revision}"),
        crate::page::Lang::Fr => {
            format!("{items} éléments de ligne de {campaigns} campagnes, révision {revision}")
        }
    };
    Sheet {
        title: view.say("Overview", "Vue d’ensemble").to_owned(),
        subtitle,
        told: money.told(view),
        body: html! {
            section id="health" aria-labelledby="health-h" { (health(view, service)) }
            section id="money" aria-labelledby="money-h" { (money.cards(view, month)) }
            section id="pace" aria-labelledby="pace-h" {
                h2 id="pace-h" { (view.say("Spend against plan", "Dépenses et plan")) }
                (curves(view, &snapshot, &days, hours.found.as_deref()))
                (campaigns_table(view, &snapshot, &days, month.found.is_some().then_some(&rows)))
            }
            section id="trials" { (trials::overview(view, &snapshot)) }
            section id="bids" aria-labelledby="bids-h" { (bidding(view, &snapshot, &lately, since)) }
        },
    }
}

fn health(view: &View, service: &Service) -> Markup {
    let writer = service.writer.health();
    let live = !service.book.hourglass().look(clock::steady());
    let ready = match () {
        () if service.is_ready() && live => None,
        () if writer == Health::Ended => Some(view.say("the ledger has stopped", "le registre s’est arrêté")),
        () if writer == Health::NoSpace => {
            Some(view.say("the ledger’s disk is full", "le disque du registre est plein"))
        }
        () if !service.audiences.is_complete() => {
            Some(view.say("the audiences are being read", "lecture des audiences en cours"))
        }
        () if !service.has_read_exposures() => {
            Some(view.say("what people were shown is being read", "lecture des expositions en cours"))
        }
        () => Some(view.say("the leases have ended", "les allocations de budget ont pris fin")),
    };
    let card = |label: &str, value: String, note: String| Card { label: label.to_owned(), value, note };
    let yes = view.say("Yes", "Oui").to_owned();
    let free = service.writer.free_bytes();
    let list = [
        card(
            view.say("Ready to bid", "Prêt à enchérir"),
            if ready.is_none() { yes } else { view.say("No", "Non").to_owned() },
            ready.unwrap_or_default().to_owned(),
        ),
        card(
            view.say("Ledger", "Registre"),
            match writer {
                Health::Sound => view.say("Sound", "Sain"),
                Health::NoSpace => view.say("No space", "Plus de place"),
                Health::Ended => view.say("Stopped", "Arrêté"),
            }
            .to_owned(),
            String::new(),
        ),
        card(
            view.say("Disk, free", "Disque, libre"),
            free.map_or_else(|| "–".to_owned(), |bytes| gigabytes(view, bytes)),
            String::new(),
        ),
        card(
            view.say("Bids awaiting their outcome", "Enchères en attente de résultat"),
            view.forms.count(service.open.len() as u64),
            String::new(),
        ),
    ];
    html! {
        h2 id="health-h" { (view.say("Health", "Santé")) }
        @if ready.is_some() {
            p.warn { (view.say("Nothing is bid until this is mended.", "Aucune enchère tant que cela dure.")) }
        }
        (cards(&list))
    }
}

fn gigabytes(view: &View, bytes: u64) -> String {
    let number = Ratio::new(bytes.into(), 1_000_000_000);
    let number = number.map(|ratio| view.forms.decimal(ratio, 1)).unwrap_or_default();
    format!("{number}\u{a0}{}", view.say("GB", "Go"))
}

/// The sums of all campaigns of one currency.
#[derive(Debug, Clone, Default)]
struct OfCurrency {
    used: i128,
    planned: Option<i128>,
    target: Option<i128>,
    today: Totals,
    month: Totals,
    fixed: i128,
}

/// What is spent and what it brings, by currency.
#[derive(Debug)]
struct Money(BTreeMap<Currency, OfCurrency>);

impl Money {
    fn of(snapshot: &Snapshot, days: &[Today], month: &ByCampaign<'_>) -> Self {
        let mut all: BTreeMap<Currency, OfCurrency> = BTreeMap::new();
        for today in days {
            let campaign = &snapshot.plan.catalog.campaigns[today.campaign];
            let own = all.entry(campaign.currency).or_default();
            own.used += today.used.to_femtos().raw();
            let add = |sum: &mut Option<i128>, amount: Nanos| {
                *sum = Some(sum.unwrap_or(0) + amount.to_femtos().raw());
            };
            if let Some(planned) = today.planned {
                add(&mut own.planned, planned);
            }
            if today.target != Nanos::MAX {
                add(&mut own.target, today.target);
            }
            let day = today.day.to_string();
            own.today.merge(&month.sums(campaign, |of| of == day));
            own.month.merge(&month.sums(campaign, |_| true));
            own.fixed += campaign.costs.fixed.to_femtos().raw();
        }
        Self(all)
    }

    /// Those that matter most: where most is to be spent.
    fn by_size(&self) -> Vec<(Currency, &OfCurrency)> {
        let mut sorted: Vec<_> = self.0.iter().map(|(currency, own)| (*currency, own)).collect();
        sorted.sort_by_key(|(_, own)| std::cmp::Reverse((own.used, own.target)));
        sorted
    }

    fn told(&self, view: &View) -> String {
        let spent = self.by_size().into_iter().take(2).map(|(currency, own)| {
            format!(
                "{} {}",
                view.say("Spent today:", "Dépensé aujourd’hui\u{a0}:"),
                view.amount(Femtos::from_raw(own.used), currency)
            )
        });
        let spent: Vec<String> = spent.collect();
        if spent.is_empty() {
            view.say("No campaign.", "Aucune campagne.").to_owned()
        } else {
            spent.join(". ")
        }
    }

    fn cards(&self, view: &View, month: &Answer<Table>) -> Markup {
        let has_several = self.0.len() > 1;
        html! {
            h2 id="money-h" { (view.say("Today", "Aujourd’hui")) }
            (words::state_of(view, month))
            @for (currency, own) in self.by_size().into_iter().take(3) {
                @if has_several { h3 { (currency) } }
                (cards(&own.cards(view, currency, month.found.is_some())))
            }
        }
    }
}

impl OfCurrency {
    fn cards(&self, view: &View, currency: Currency, is_read: bool) -> Vec<Card> {
        let amount = |femtos| view.amount(Femtos::from_raw(femtos), currency);
        let read = |text: String| words::once_read(is_read, text);
        let (day, month) = (Figures::of(&self.today, Femtos::ZERO), Figures::of(&self.month, Femtos::ZERO));
        let (day, month) = (day.all_in.after_tax, month.all_in.after_tax);
        let price = |ratio: Option<Ratio>| words::price(view, ratio, currency);
        let percent = |ratio: Option<Ratio>| words::percent(view, ratio);
        let of_month = view.say("this month", "ce mois-ci");
        let mut plan = Vec::new();
        if let Some(planned) = self.planned {
            plan.push(format!("{} {}", view.say("plan by now", "plan à cette heure"), amount(planned)));
        }
        if let Some(target) = self.target {
            plan.push(format!("{} {}", view.say("for the day", "pour la journée"), amount(target)));
        }
        let card = |label: &str, value, note| Card { label: label.to_owned(), value, note };
        vec![
            card(view.say("Spent", "Dépensé"), amount(self.used), plan.join(" · ")),
            card("CPA", read(price(day.cpa)), format!("{} {of_month}", read(price(month.cpa)))),
            card("ROI", read(percent(day.roi)), format!("{} {of_month}", read(percent(month.roi)))),
            card(
                view.say("Tax (TTF)", "Taxe (TTF)"),
                read(amount(self.today.tax().raw())),
                format!("{} {of_month}", read(amount(self.month.tax().raw()))),
            ),
            card(
                view.say("Impressions", "Impressions"),
                read(view.forms.count(self.today.impressions)),
                format!("{} {}", read(view.forms.count(self.today.clicks)), view.say("clicks", "clics"),),
            ),
            card(
                view.say("Conversions", "Conversions"),
                read(view.forms.count(self.today.conversions)),
                format!(
                    "{} {} · {} {}",
                    view.say("acquisitions:", "acquisitions\u{a0}:"),
                    read(view.forms.count(self.today.acquisitions)),
                    view.say("worth", "d’une valeur de"),
                    read(amount(self.today.value.raw())),
                ),
            ),
        ]
    }
}

fn curves(view: &View, snapshot: &Snapshot, days: &[Today], hours: Option<&Table>) -> Markup {
    let campaigns = &snapshot.plan.catalog.campaigns;
    let mut groups: Vec<(Currency, Vec<&Today>)> = Vec::new();
    // What nothing limits has no plan to be held against.
    for today in days.iter().filter(|today| today.target != Nanos::MAX) {
        let currency = campaigns[today.campaign].currency;
        let same = |group: &&mut (Currency, Vec<&Today>)| {
            group.0 == currency && group.1.first().is_some_and(|other| other.span == today.span)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.1.push(today),
            None => groups.push((currency, vec![today])),
        }
    }
    let size = |group: &(Currency, Vec<&Today>)| -> i128 {
        group.1.iter().map(|today| i128::from(today.target.raw())).sum()
    };
    groups.sort_by_key(|group| std::cmp::Reverse(size(group)));
    html! {
        div.charts { @for (number, (currency, days)) in groups.iter().take(CURVES_MAX).enumerate() {
            @let zone = &campaigns[days[0].campaign].zone_name;
            @let title = format!("{} ({currency}, {zone})", view.say("Spent so far and plan, by hour", "Dépenses cumulées et plan, par heure"));
            (figure(&format!("curve{number}"), &curve(view, snapshot, days, hours, *currency, title), &view.forms))
        } }
    }
}

fn campaigns_table(
    view: &View,
    snapshot: &Snapshot,
    days: &[Today],
    month: Option<&ByCampaign<'_>>,
) -> Markup {
    let mut sorted: Vec<&Today> = days.iter().collect();
    sorted.sort_by_key(|today| std::cmp::Reverse(today.used));
    let sums = |campaign: &Campaign, is_asked: &dyn Fn(&str) -> bool| {
        month.map(|month| month.sums(campaign, is_asked)).unwrap_or_default()
    };
    let read = |text: String| Cell::from(words::once_read(month.is_some(), text));
    let line = |today: &&&Today| -> Line {
        let campaign = &snapshot.plan.catalog.campaigns[today.campaign];
        let currency = campaign.currency;
        let day = today.day.to_string();
        let (of_day, of_month) = (sums(campaign, &|of| of == day), sums(campaign, &|_| true));
        let figures = Figures::of(&of_day, Femtos::ZERO).all_in.after_tax;
        let attained = Ratio::new(today.used.raw().into(), today.target.raw().into());
        let attained = attained.filter(|_| today.target != Nanos::MAX);
        [
            Cell::from(campaign.name.as_str())
                .linked(view.link(&format!("/campaigns/{}", words::in_path(&campaign.slug)))),
            Cell::from(view.money(today.used, currency)),
            Cell::from(today.planned.map(|plan| view.money(plan, currency)).unwrap_or_default()),
            Cell::from(view.money(today.target, currency))
                .noted(attained.map(|ratio| view.forms.percent(ratio, 0)).unwrap_or_default()),
            read(view.forms.count(of_day.impressions)),
            read(view.forms.count(of_day.clicks)),
            read(view.forms.count(of_day.conversions))
                .noted(words::once_read(month.is_some(), view.forms.count(of_day.acquisitions))),
            read(words::price(view, figures.cpa, currency)),
            read(words::percent(view, figures.roi)),
            read(view.amount(of_day.tax(), currency))
                .noted(words::once_read(month.is_some(), view.amount(of_month.tax(), currency))),
        ]
        .into_iter()
        .collect()
    };
    let grid = Grid {
        caption: view.say("Campaigns today", "Campagnes aujourd’hui").to_owned(),
        columns: vec![
            Column::name(view.say("Campaign", "Campagne")),
            Column::number(view.say("Spent", "Dépensé")),
            Column::number(view.say("Plan by now", "Plan à cette heure")),
            Column::number(view.say("For the day", "Pour la journée")),
            Column::number(view.say("Impressions", "Impressions")),
            Column::number(view.say("Clicks", "Clics")),
            Column::number(view.say("Conversions", "Conversions"))
                .noted(view.say("acquisitions", "acquisitions")),
            Column::number("CPA").noted(view.say("all in", "tout compris")),
            Column::number("ROI").noted(view.say("all in", "tout compris")),
            Column::number(view.say("Tax", "Taxe")).noted(view.say("this month", "ce mois-ci")),
        ],
        lines: sorted.iter().take(CAMPAIGNS_MAX).collect::<Vec<_>>().iter().map(line).collect(),
        totals: Vec::new(),
    };
    let more = sorted.len().saturating_sub(CAMPAIGNS_MAX);
    html! {
        (grid.render())
        @if more > 0 { p { (view.forms.count(more as u64)) " "
            (view.say("more campaigns spend less: see `encan report`.", "autres campagnes dépensent moins\u{a0}: voir `encan report`.")) } }
    }
}

fn bidding(view: &View, snapshot: &Snapshot, lately: &Counts, since: UnixMillis) -> Markup {
    let seconds = (view.now.since(since).raw() / 1_000).max(1);
    let rate = Ratio::new(lately.requests.into(), seconds.into());
    let within = |percent: u64| match lately.decision_within(percent) {
        None => "–".to_owned(),
        Some(Ok(micros)) => format!("≤\u{a0}{}", micros_text(view, micros)),
        Some(Err(micros)) => format!(">\u{a0}{}", micros_text(view, micros)),
    };
    let since = format!("{} {}", view.say("since", "depuis"), view.time(since));
    let card = |label: &str, value, note| Card { label: label.to_owned(), value, note };
    let list = [
        card(
            view.say("Bid requests", "Demandes d’enchère"),
            view.forms.count(lately.requests),
            rate.map(|rate| {
                format!("{} {}", view.forms.decimal(rate, 1), view.say("a second", "par seconde"))
            })
            .unwrap_or_default(),
        ),
        card(
            view.say("Bids", "Enchères"),
            view.forms.count(lately.bids),
            format!(
                "{} {}",
                view.share(lately.bids, lately.requests),
                view.say("of requests", "des demandes")
            ),
        ),
        card(
            view.say("Win rate", "Taux de gain"),
            view.share(lately.wins, lately.bids),
            format!("{} {}", view.forms.count(lately.wins), view.say("win notices", "avis de gain")),
        ),
        card(
            view.say("Decision, median", "Décision, médiane"),
            within(50),
            view.say("from the body read to its answer", "du corps lu à la réponse").to_owned(),
        ),
        card(view.say("Decision, p99", "Décision, p99"), within(99), String::new()),
        card(
            view.say("Not OpenRTB", "Hors OpenRTB"),
            view.forms.count(lately.malformed),
            format!("{} {}", view.forms.count(lately.panics), view.say("faults of ours", "défauts internes")),
        ),
    ];
    html! {
        h2 id="bids-h" { (view.say("Bidding in the last hour", "Enchères de la dernière heure")) }
        p { (since) }
        (cards(&list))
        div.two {
            (no_bids(view, lately))
            (sleepers(view, snapshot))
        }
    }
}

fn micros_text(view: &View, micros: u64) -> String {
    if micros >= 1_000 {
        format!("{}\u{a0}ms", view.forms.count(micros / 1_000))
    } else {
        format!("{}\u{a0}µs", view.forms.count(micros))
    }
}

/// Why requests got no bid, the most frequent reason first.
fn no_bids(view: &View, lately: &Counts) -> Markup {
    let mut reasons: Vec<(&str, u64)> =
        NoBidReason::NAMES.iter().copied().zip(lately.no_bids.iter().copied()).collect();
    reasons.retain(|(_, count)| *count > 0);
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let all: u64 = reasons.iter().map(|(_, count)| count).sum();
    words::bars(
        view,
        view.say(
            "Requests without a bid, by the last reason reached",
            "Demandes sans enchère, par le dernier motif atteint",
        ),
        reasons.into_iter().take(REASONS_MAX).map(|(name, count)| (words::reason(view, name), count)),
        all,
    )
}

/// Line items that may not bid now, by why.
fn sleepers(view: &View, snapshot: &Snapshot) -> Markup {
    let asleep: usize = snapshot.sleepers.iter().sum();
    let awake = snapshot.plan.rows.len().saturating_sub(asleep);
    let counts = Asleep::NAMES.iter().zip(snapshot.sleepers).filter(|(_, count)| *count > 0);
    let counts = counts.map(|(name, count)| (words::reason(view, name), count as u64));
    let awake = std::iter::once((view.say("May bid", "Peuvent enchérir").to_owned(), awake as u64));
    words::bars(
        view,
        view.say("Line items now", "Éléments de ligne à présent"),
        awake.chain(counts),
        snapshot.plan.rows.len() as u64,
    )
}
