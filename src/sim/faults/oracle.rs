//! The exchange's own count: what each bid may still cost, what was billed, what was acknowledged. It shares no
//! arithmetic with the core, and judges it by the [laws](crate::sim::faults::Law).

use std::collections::HashMap;

use foldhash::fast::FixedState;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use smallvec::SmallVec;

use crate::bidder::Plan;
use crate::campaign::{Budget, BudgetMode};
use crate::ledger::{BidFacts, CapKey, Event, EventKind, Level, Measure, Window, windows};
use crate::notice::Ticket;
use crate::sim::faults::laws::{Broken, InWords, Law, Lawful, law};
use crate::sim::faults::scene::{self, DOLLARS, EUROS, TAX_PPM};
use crate::ttf::Bearer;
use crate::units::{BidId, Cpm, Currency, Day, Hour, ScenarioId, UnixMillis};

/// What the exchange knows of one bid.
#[derive(Debug, Clone, Copy)]
pub(in crate::sim::faults) struct BidRecord {
    pub(in crate::sim::faults) ticket: Ticket,
    /// Which bidder made it: its notices go there.
    pub(in crate::sim::faults) node: usize,
    /// When its reservation ends, in true time.
    pub(in crate::sim::faults) until: i64,
    /// What it costs at worst, by the oracle's own arithmetic.
    worst: i64,
    /// In which of its caps it counts: those that had a limit when it was made.
    counted: u16,
    stage: Stage,
    /// Letters that would bill it and wait for an answer, having come in time.
    waiting: u32,
    /// What its impression may cost, if it is billed.
    pub(in crate::sim::faults) price: Option<Cpm>,
    /// Facts of it that are kept, by code.
    kept: u32,
    /// What it cost, while its bidder has not heard that it was billed.
    unheard: Option<i64>,
}

/// Where a bid stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It may be billed in time.
    Out,
    /// It was.
    Billed,
    /// It lost, or its time is over: what is billed now is late.
    Over,
}

/// What is at stake of one cap, of bids that count in it.
#[derive(Debug, Clone, Copy, Default)]
struct Exposed {
    outstanding: i64,
    billed: i64,
    /// What of that its bidder has not heard of.
    unheard: i64,
}

/// A new fact on the disk, as the oracle sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim::faults) enum Fact {
    /// An impression billed in time.
    Impression,
    /// One billed after its reservation had ended.
    Late,
    /// Anything else.
    Other,
}

/// The count.
#[derive(Debug, Default)]
pub(in crate::sim::faults) struct Oracle {
    pub(in crate::sim::faults) bids: Vec<BidRecord>,
    numbers: HashMap<BidId, u32, FixedState>,
    exposed: HashMap<CapKey, Exposed, FixedState>,
    /// All that is kept, by cap.
    pub(in crate::sim::faults) used: HashMap<CapKey, i64, FixedState>,
    /// The highest limit so far of each level, span and measure: what leases of before a change may still reach.
    highest: HashMap<(Level, u8, Measure), i64, FixedState>,
    days: HashMap<(String, i64), Day, FixedState>,
    /// Bids that were billed, and whose bidder has not heard of it.
    unheard: Vec<u32>,
    /// Clicks that were settled, by cap.
    clicks: HashMap<CapKey, i64, FixedState>,
}

const WINDOWS: usize = 6;

fn caps_of(bid: &BidFacts, measure: Measure) -> impl Iterator<Item = CapKey> {
    let windows = windows(bid.campaign, bid.line_item, bid.day, Hour::of(bid.at));
    windows.into_iter().map(move |(level, window)| CapKey { level, window, measure })
}

fn span(window: Window) -> u8 {
    match window {
        Window::Hour(_) => 0,
        Window::Day(_) => 1,
        Window::Total => 2,
    }
}

fn euros(currency: Currency) -> i128 {
    i128::from(if currency == Currency::USD { DOLLARS } else { EUROS })
}

/// Nanos of media at `price`, rounded up.
fn media(ticket: &Ticket, price: Cpm) -> i128 {
    let (from, to) = (euros(ticket.price_currency), euros(ticket.bid.currency));
    (i128::from(price.micros()) * to + from - 1) / from
}

/// The tax on an impression, in femtos.
fn tax(ticket: &Ticket, price: Cpm) -> i128 {
    if ticket.scenario != ScenarioId::from_slug("tax") {
        return 0;
    }
    media(ticket, price) * i128::from(TAX_PPM.0) + i128::from(ticket.data.micros()) * i128::from(TAX_PPM.1)
}

/// What of it counts against the budget, in nanos, rounded up.
fn cost(ticket: &Ticket, price: Cpm) -> i64 {
    let tax = if ticket.bearer == Bearer::Inside { (tax(ticket, price) + 999_999) / 1_000_000 } else { 0 };
    i64::try_from(media(ticket, price) + i128::from(ticket.data.micros()) + tax).unwrap_or(i64::MAX)
}

impl Oracle {
    /// The number of a bid.
    pub(in crate::sim::faults) fn number(&self, bid: BidId) -> Option<u32> {
        self.numbers.get(&bid).copied()
    }

    fn bid(&mut self, number: u32) -> &mut BidRecord {
        &mut self.bids[number as usize]
    }

    /// A plan holds from now on.
    pub(in crate::sim::faults) fn planned(&mut self, plan: &Plan) {
        for line_item in &plan.catalog.line_items {
            let campaign = &plan.catalog.campaigns[line_item.campaign];
            let budgets = [&campaign.budget, &line_item.budget];
            for level in [Level::Campaign(campaign.id), Level::LineItem(line_item.id)] {
                for window in [Window::Hour(Hour::default()), Window::Day(Day::default()), Window::Total] {
                    for measure in Measure::ALL {
                        let limit = scene::limit(budgets, level, window, measure).unwrap_or(i64::MAX);
                        let highest = self.highest.entry((level, span(window), measure)).or_default();
                        *highest = limit.max(*highest);
                    }
                }
            }
        }
    }

    /// A bid is sent: `stated` is what the bidder reserved for it. Several bidders that share a cap may spend leases
    /// of before a limit was lowered; one alone (`alone`) may not.
    pub(in crate::sim::faults) fn sent(
        &mut self,
        ticket: &Ticket,
        (node, now, stated): (usize, i64, i64),
        plan: &Plan,
        alone: bool,
    ) -> Result<u32, Broken> {
        let bid = &ticket.bid;
        let number = u32::try_from(self.bids.len()).unwrap_or(u32::MAX);
        let line_item = plan.catalog.line_items.iter().find(|line_item| line_item.id == bid.line_item);
        let campaign = plan.catalog.campaigns.iter().find(|campaign| campaign.id == bid.campaign);
        let (Some(line_item), Some(campaign)) = (line_item, campaign) else {
            return Err(Broken {
                law: Law::Facts,
                words: format!("bid {number} is of a campaign that is gone"),
            });
        };
        let day = self.day(&campaign.zone_name, &campaign.zone, bid.at);
        law(Law::Facts, bid.day == day, || {
            format!("bid {number} at {} is made on {day}, and says {}", bid.at.raw(), bid.day)
        })?;
        let worst = cost(ticket, ticket.price);
        law(Law::WorstCase, stated == worst, || {
            format!("bid {number} costs {worst} at worst, and says {stated}")
        })?;
        let record = BidRecord {
            ticket: *ticket,
            node,
            until: now + ticket.reserved_for.raw(),
            worst,
            counted: 0,
            stage: if ticket.billable { Stage::Out } else { Stage::Over },
            waiting: 0,
            price: None,
            kept: 0,
            unheard: None,
        };
        self.bids.push(record);
        self.numbers.insert(bid.id, number);
        if ticket.billable {
            self.expose(number, [&campaign.budget, &line_item.budget], alone)?;
        }
        Ok(number)
    }

    /// Counts what is at stake of every limited cap, and holds it against the limit.
    fn expose(&mut self, number: u32, budgets: [&Budget; 2], alone: bool) -> Lawful {
        let is_soft = budgets[0].mode != BudgetMode::Hard;
        let BidRecord { ticket, worst, .. } = self.bids[number as usize];
        let mut counted = 0;
        for (at, measure) in [Measure::Money, Measure::Impressions, Measure::Clicks].into_iter().enumerate() {
            for (place, cap) in caps_of(&ticket.bid, measure).enumerate() {
                let Some(limit) = scene::limit(budgets, cap.level, cap.window, measure) else { continue };
                let highest = self.highest.get(&(cap.level, span(cap.window), measure)).copied();
                let most = if alone { limit } else { highest.unwrap_or(limit) };
                if measure == Measure::Clicks {
                    // Nobody reserves a click: only those that were settled stop the bids.
                    let clicks = self.clicks.get(&cap).copied().unwrap_or_default();
                    law(Law::WithinLimits, !alone || clicks < most, || {
                        format!("bid {number} is made after {clicks} clicks of {most}: {}", InWords(cap))
                    })?;
                    continue;
                }
                counted |= 1 << (at * WINDOWS + place);
                let exposed = self.exposed.entry(cap).or_default();
                exposed.outstanding += if measure == Measure::Money { worst } else { 1 };
                let Exposed { outstanding, billed, unheard } = *exposed;
                // A soft budget can be passed by what is out; by what is known to be billed no bid follows.
                let soft = is_soft && measure == Measure::Money;
                if soft && !alone {
                    continue;
                }
                let stake = if soft { billed - unheard } else { outstanding.saturating_add(billed) };
                law(Law::WithinLimits, stake <= most, || {
                    let words = InWords(cap);
                    format!(
                        "with bid {number} {outstanding} may be billed and {billed} are, of {most}: {words}"
                    )
                })?;
            }
        }
        self.bid(number).counted = counted;
        Ok(())
    }

    /// Takes a bid out of what is at stake; what it cost takes its place where it was `billed` in time.
    fn close(&mut self, number: u32, billed: Option<i64>) {
        let BidRecord { ticket, worst, counted, .. } = self.bids[number as usize];
        for (at, measure) in [Measure::Money, Measure::Impressions].into_iter().enumerate() {
            for (place, cap) in caps_of(&ticket.bid, measure).enumerate() {
                if counted & 1 << (at * WINDOWS + place) == 0 {
                    continue;
                }
                let exposed = self.exposed.entry(cap).or_default();
                let of = |money| if measure == Measure::Money { money } else { 1 };
                exposed.outstanding -= of(worst);
                exposed.billed += billed.map_or(0, of);
                exposed.unheard += billed.map_or(0, of);
            }
        }
        self.bid(number).unheard = billed;
        self.unheard.extend(billed.map(|_| number));
        self.bid(number).stage = if billed.is_some() { Stage::Billed } else { Stage::Over };
    }

    /// The bidder settled an impression: it knows what is billed.
    pub(in crate::sim::faults) fn heard(&mut self, number: u32) {
        let BidRecord { ticket, counted, unheard, .. } = self.bids[number as usize];
        let Some(cost) = unheard else { return };
        for (at, measure) in [Measure::Money, Measure::Impressions].into_iter().enumerate() {
            for (place, cap) in caps_of(&ticket.bid, measure).enumerate() {
                if counted & 1 << (at * WINDOWS + place) != 0 {
                    let exposed = self.exposed.entry(cap).or_default();
                    exposed.unheard -= if measure == Measure::Money { cost } else { 1 };
                }
            }
        }
        self.bid(number).unheard = None;
        self.unheard.retain(|of| *of != number);
    }

    /// The bidder `node` is gone: whoever comes after it reads what was billed.
    pub(in crate::sim::faults) fn read_by_heir(&mut self, node: usize) {
        let theirs = |number: &&u32| self.bids[**number as usize].node == node;
        for number in self.unheard.iter().filter(theirs).copied().collect::<Vec<_>>() {
            self.heard(number);
        }
    }

    /// The reservation of a bid has ended by true time; what waits for an answer still counts.
    pub(in crate::sim::faults) fn expired(&mut self, number: u32) {
        let bid = &self.bids[number as usize];
        if bid.stage == Stage::Out && bid.waiting == 0 {
            self.close(number, None);
        }
    }

    /// The bidder settled a loss: its money is free.
    pub(in crate::sim::faults) fn lost(&mut self, number: u32) {
        if self.bids[number as usize].stage == Stage::Out {
            self.close(number, None);
        }
    }

    /// A letter that bills came at `now`: true if it is in time, and counts until it is answered.
    pub(in crate::sim::faults) fn arrived(&mut self, number: u32, now: i64) -> bool {
        let bid = self.bid(number);
        let counts = bid.stage == Stage::Out && now <= bid.until;
        bid.waiting += u32::from(counts);
        counts
    }

    /// A letter that counted was answered, or will not be any more.
    pub(in crate::sim::faults) fn answered(&mut self, number: u32, now: i64) {
        let bid = self.bid(number);
        bid.waiting -= 1;
        if now > bid.until {
            self.expired(number);
        }
    }

    /// A click is settled: the bidder knows of it.
    pub(in crate::sim::faults) fn clicked(&mut self, number: u32) {
        for cap in caps_of(&self.bids[number as usize].ticket.bid, Measure::Clicks) {
            *self.clicks.entry(cap).or_default() += 1;
        }
    }

    /// An event is kept for the first time.
    pub(in crate::sim::faults) fn kept(&mut self, event: &Event) -> Result<Fact, Broken> {
        let Some(number) = self.number(event.bid.id) else {
            return Err(Broken { law: Law::Forged, words: format!("nobody made bid {}", event.bid.id) });
        };
        let record = self.bids[number as usize];
        let (said, was) = (&event.bid, &record.ticket.bid);
        let same = (said.campaign, said.line_item, said.day, said.at, said.currency, said.exchange)
            == (was.campaign, was.line_item, was.day, was.at, was.currency, was.exchange);
        law(Law::Facts, same, || format!("bid {number} was {was:?}, its event says {said:?}"))?;
        law(Law::Forged, record.ticket.billable, || format!("bid {number} was a test, and is kept"))?;
        let code = 1 << event.kind.code();
        law(Law::Once, record.kept & code == 0, || {
            format!("fact {} of bid {number} is kept twice", event.kind.code())
        })?;
        self.bid(number).kept |= code;
        match &event.kind {
            EventKind::Impression(charge) => {
                let Some(price) = record.price else {
                    let words = format!("bid {number} is billed, and nobody billed it");
                    return Err(Broken { law: Law::Forged, words });
                };
                // At an exchange whose prices need not be told, the bid's own may be booked as well.
                let ticket = &record.ticket;
                let allowed: SmallVec<[Cpm; 2]> =
                    if ticket.missing_price == crate::campaign::MissingPrice::BookBid {
                        [price, ticket.price].into_iter().collect()
                    } else {
                        std::iter::once(price).collect()
                    };
                let said =
                    (i128::from(charge.media.raw()), i128::from(charge.data.raw()), charge.tax.tax().raw());
                let found = allowed.iter().find(|price| {
                    (media(ticket, **price), i128::from(ticket.data.micros()), tax(ticket, **price)) == said
                });
                let Some(price) = found else {
                    let words =
                        format!("bid {number} costs {said:?}, and was to cost {}", media(ticket, price));
                    return Err(Broken { law: Law::Price, words });
                };
                let cost = cost(ticket, *price);
                law(Law::Price, charge.budget_share().raw() == cost, || {
                    format!(
                        "bid {number} takes {} from its budget, and costs {cost}",
                        charge.budget_share().raw()
                    )
                })?;
                self.use_up(&record.ticket.bid, Measure::Money, cost);
                self.use_up(&record.ticket.bid, Measure::Impressions, 1);
                if record.stage == Stage::Out {
                    self.close(number, Some(cost));
                    return Ok(Fact::Impression);
                }
                Ok(Fact::Late)
            }
            EventKind::Click => {
                self.use_up(&record.ticket.bid, Measure::Clicks, 1);
                Ok(Fact::Other)
            }
            _ => Ok(Fact::Other),
        }
    }

    fn use_up(&mut self, bid: &BidFacts, measure: Measure, quantity: i64) {
        for cap in caps_of(bid, measure) {
            *self.used.entry(cap).or_default() += quantity;
        }
    }

    /// The civil day of a zone, looked up once for each quarter of an hour: no zone changes days within one.
    fn day(&mut self, name: &str, zone: &TimeZone, at: UnixMillis) -> Day {
        let quarter = at.raw().div_euclid(900_000);
        if let Some(day) = self.days.get(&(name.to_owned(), quarter)) {
            return *day;
        }
        let date = Timestamp::from_millisecond(at.raw())
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .to_zoned(zone.clone())
            .date();
        let day = Day::from_civil(date.year().into(), date.month().into(), date.day().into());
        self.days.insert((name.to_owned(), quarter), day);
        day
    }
}
