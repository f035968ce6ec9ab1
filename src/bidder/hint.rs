//! What would help a line item that does not bid: the nearest change, where we or the seller can make one.
//!
//! Prices are worked out by the same terms as bids, so that a goal raised or lowered as told does reach the floor.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::bidder::offer::Market;
use crate::bidder::snapshot::Asleep;
use crate::bidder::{Chosen, NoBidReason};
use crate::budget::{Refusal, Shortage, Span, Whose};
use crate::campaign::{Campaign, Factor, Goal, LineItem, Status};
use crate::creative::Misfit;
use crate::ledger::Measure;
use crate::openrtb::{Av, MediaType};
use crate::pricing;
use crate::targeting::Scene;
use crate::units::{Cpm, Hour, Nanos, UnixMillis};

/// Nanos of a hundredth of a currency's unit: the steps in which people name prices.
const CENT_NANOS: i64 = 10_000_000;
/// The highest price that is tried, in hundredths: a million.
const CENTS_MAX: i64 = 100_000_000;
/// Millionths of a hundredth of a return, which is one percent: the steps in which people name returns.
const RETURN_STEP: u64 = 10_000;
/// Entries of a request's list that are named.
const LISTED_MAX: usize = 4;

/// What would help against `reason`; `None` if nothing that anybody could do comes to mind.
///
/// `rivals` are the bids on the same impression.
pub(in crate::bidder) fn hint<'c>(
    market: &Market<'_, '_, '_>,
    (row, scene): (usize, &Scene<'_>),
    reason: NoBidReason,
    rivals: impl Iterator<Item = &'c Chosen<'c>>,
) -> Option<String> {
    let plan = &market.snapshot.plan;
    let line_item = plan.line_item(row);
    let campaign = plan.campaign(line_item);
    let subject = market.ask.subject();
    let factor_of = |row: usize| plan.factor(row, scene, subject.as_ref());
    let worth = |row: usize| factor_of(row).of(plan.rows[row].value);
    Some(match reason {
        NoBidReason::BelowFloor { floor, .. } => {
            let factor = factor_of(row);
            paced(market, row, factor, floor).or_else(|| raised(market, line_item, factor, floor))?
        }
        NoBidReason::WorthNothing => raised(market, line_item, factor_of(row), Cpm::ZERO)?,
        NoBidReason::Outbid => outbid(market, row, worth, rivals)?,
        NoBidReason::BudgetSpent(refusal) => spent_hint(campaign, refusal, market.ask.now),
        NoBidReason::Misfit(misfit) => misfit_hint(market, misfit)?,
        NoBidReason::DealsOnly => deals_hint(market),
        NoBidReason::SeatRefused => match &market.ask.exchange.seat {
            Some(seat) => format!("have the seller admit our seat `{seat}`"),
            None => "name our `seat` in the exchange's profile".to_owned(),
        },
        NoBidReason::CurrencyUnknown | NoBidReason::NoExchangeRate => {
            let asked = listed(market.ask.request.cur.iter().copied());
            format!("have a rate for one of the request's currencies ({asked}), and let the profile take it")
        }
        NoBidReason::AdvertiserBlocked => {
            let advertiser = &market.snapshot.plan.catalog.advertisers[campaign.advertiser];
            format!("ask the seller to lift its block of `{}`", advertiser.domain)
        }
        NoBidReason::LanguageNotAllowed => {
            let request = market.ask.request;
            format!("add a creative in {}", listed(request.wlang.iter().chain(request.wlangb).copied()))
        }
        NoBidReason::ViewerUnknown(level) => {
            format!("write `\"unknown\": \"bid\"` in each cap of `frequency` of the {level}")
        }
        NoBidReason::FrequencyCapped(level) => format!("raise a cap in `frequency` of the {level}"),
        _ => advice(reason)?.to_owned(),
    })
}

/// What helps against `reason` whoever it is.
fn advice(reason: NoBidReason) -> Option<&'static str> {
    Some(match reason {
        NoBidReason::DealNotOffered => {
            "have the seller let our seat and the advertiser's domain into the deal"
        }
        NoBidReason::ExchangeNotReady => "set what the exchange's profile names as a secret",
        NoBidReason::PrivacyRefuses(_) => {
            "let the exchange's profile bid by context where the person may not be recognised"
        }
        NoBidReason::SupplyRefused(_) => {
            "bring the lists of sellers up to date, or relax `supply` in the exchange's profile"
        }
        NoBidReason::NotSecure => "let `--public-url` begin with `https://`",
        NoBidReason::FormatNotTaken => "add the medium to `formats` of the exchange's profile",
        NoBidReason::CreativeNotApproved => "have the exchange review a creative, or use one that it has",
        NoBidReason::LimitExceeded => "see `limits` of the exchange's profile",
        NoBidReason::AppBlocked => "ask the seller to lift its block of the app",
        NoBidReason::CategoryBlocked => "use a creative whose categories the seller takes",
        NoBidReason::Paced => "wait, or set `pacing` to `asap`",
        NoBidReason::Explored => {
            "say `expected_ctr` (and `expected_cvr`) in `goal`, or raise `learning.exploration_percent`; what \
             converts is learnt only where `--train-every` is not 0"
        }
        NoBidReason::PlacementPaused => "see `encan feedback list`, and `undo` the change",
        NoBidReason::MultipliedByZero => "take the modifier that multiplies by 0 out of `modifiers`",
        _ => return None,
    })
}

/// That it is the pace of its budget which keeps the line item of `row` below `floor`, if it is.
fn paced(market: &Market<'_, '_, '_>, row: usize, factor: Factor, floor: Cpm) -> Option<String> {
    let (plan, rhythms) = (&market.snapshot.plan, &market.snapshot.money.rhythms);
    let line_item = plan.line_item(row);
    let pace = rhythms.pace(row, line_item.campaign);
    let media = line_item.creatives.iter().map(|at| plan.catalog.creatives[*at].content.medium());
    let reaches = |medium| market.worth(line_item, medium, factor.of(plan.rows[row].value)) >= Some(floor);
    (pace < Factor::ONE && media.into_iter().any(reaches)).then(|| {
        format!("its budget lets it bid {pace} of what an impression is worth: raise the budget, or wait")
    })
}

/// Since or until when a line item sleeps, and what would wake it. `until` is when its day ends.
pub(in crate::bidder) fn asleep_hint(
    campaign: &Campaign,
    line_item: &LineItem,
    asleep: Asleep,
    now: UnixMillis,
) -> String {
    let flights = [("campaign", campaign.flight), ("line item", line_item.flight)];
    match asleep {
        Asleep::Paused => {
            let of_campaign = campaign.status == Status::Paused;
            if !of_campaign && line_item.status == Status::Active {
                return "what came back so far has paused it: see `encan feedback list`, and `undo` the change".to_owned();
            }
            let of = if of_campaign { "campaign" } else { "line item" };
            format!("set `status` of the {of} to `active`")
        }
        Asleep::NotStarted => {
            let later = flights.into_iter().max_by_key(|(_, flight)| flight.start);
            let (of, flight) = later.unwrap_or(flights[0]);
            format!("wait until {}, when the {of} starts", clock(campaign, flight.start))
        }
        Asleep::Ended => {
            let ended = flights.into_iter().filter_map(|(of, flight)| Some((of, flight.end?)));
            match ended.min_by_key(|(_, end)| *end) {
                Some((of, end)) => format!("the {of} ended at {}: move `flight.end`", clock(campaign, end)),
                None => "move `flight.end`".to_owned(),
            }
        }
        Asleep::Spent(refusal) => spent_hint(campaign, refusal, now),
        Asleep::Paced => "wait, or set `pacing` to `asap`".to_owned(),
    }
}

/// The goal at which the line item would bid at least `floor`, in hundredths.
fn raised(market: &Market<'_, '_, '_>, line_item: &LineItem, factor: Factor, floor: Cpm) -> Option<String> {
    let plan = &market.snapshot.plan;
    let medium = |creative: &usize| plan.catalog.creatives[*creative].content.medium();
    let media: HashSet<MediaType> = line_item.creatives.iter().map(medium).collect();
    let reaches = |goal: &Goal| {
        let value = factor.of(pricing::value(goal));
        media.iter().all(|medium| {
            market.worth(line_item, *medium, value).is_some_and(|worth| worth >= floor && worth > Cpm::ZERO)
        })
    };
    let (key, now) = match line_item.goal {
        Goal::Cpm(price) => ("cpm", price.to_string()),
        Goal::Cpc { target, .. } => ("cpc", target.to_string()),
        Goal::Cpa { target, .. } => ("cpa", target.to_string()),
        Goal::Return { least, .. } => return lowered(&line_item.goal, least, reaches),
        Goal::MaxConversions { ceiling, .. } => ("max_cpm", ceiling.to_string()),
    };
    let reaches = |cents: i64| reaches(&goal_at(&line_item.goal, cents));
    // The more it is worth, the more it bids, up to where prices end: so from below, doubling, then halving.
    let mut enough = 1;
    while !reaches(enough) {
        enough = Some(enough * 2).filter(|cents| *cents <= CENTS_MAX)?;
    }
    let mut short = enough / 2;
    while enough - short > 1 {
        let middle = short + (enough - short) / 2;
        if reaches(middle) { enough = middle } else { short = middle }
    }
    let least = Nanos::from_raw(enough * CENT_NANOS);
    let currency = plan.campaign(line_item).currency;
    Some(format!("raise `goal.{key}` from {now} to at least {least} {currency}"))
}

/// The highest return below `now`, in hundredths, whose goal `reaches`, by both of its words: files may say either.
fn lowered(goal: &Goal, now: u64, reaches: impl Fn(&Goal) -> bool) -> Option<String> {
    let at = |hundredths: u64| returning(goal, hundredths * RETURN_STEP);
    // The less has to come back, the more it bids.
    let (mut enough, mut much) = (1, now.div_ceil(RETURN_STEP));
    if enough >= much || !reaches(&at(enough)) {
        return None;
    }
    while much - enough > 1 {
        let middle = enough + (much - enough) / 2;
        if reaches(&at(middle)) { enough = middle } else { much = middle }
    }
    let most = enough * RETURN_STEP;
    Some(format!(
        "lower `goal.roas` from {} to at most {} (`goal.roi_percent` from {} to {})",
        ratio(now),
        ratio(most),
        percentage(now),
        percentage(most)
    ))
}

/// `goal` with a target of so many hundredths of a unit of money.
fn goal_at(goal: &Goal, cents: i64) -> Goal {
    let target = Nanos::from_raw(cents * CENT_NANOS);
    let price = Cpm::from_micros(cents * CENT_NANOS / 1_000).unwrap_or(Cpm::MAX);
    match *goal {
        Goal::Cpm(_) => Goal::Cpm(price),
        Goal::Cpc { ctr, .. } => Goal::Cpc { target, ctr },
        Goal::Cpa { ctr, cvr, .. } => Goal::Cpa { target, ctr, cvr },
        Goal::Return { .. } => *goal,
        Goal::MaxConversions { ctr, cvr, .. } => Goal::MaxConversions { ceiling: price, ctr, cvr },
    }
}

/// `goal` with another return, in millionths, if it has one.
fn returning(goal: &Goal, least: u64) -> Goal {
    match *goal {
        Goal::Return { value, ctr, cvr, .. } => Goal::Return { least, value, ctr, cvr },
        other => other,
    }
}

/// A return of so many millionths as `roas` has it: `4`, `2.35`.
fn ratio(least: u64) -> String {
    decimal(i128::from(least))
}

/// The same as `roi_percent` has it: `300`, `-20`.
fn percentage(least: u64) -> String {
    decimal((i128::from(least) - 1_000_000) * 100)
}

/// Millionths without trailing zeros.
fn decimal(millionths: i128) -> String {
    let (sign, size) = (if millionths < 0 { "-" } else { "" }, millionths.abs());
    let written = format!("{sign}{}.{:06}", size / 1_000_000, size % 1_000_000);
    written.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Who took the place: the best bid that a better one of ours would have to beat.
fn outbid<'c>(
    market: &Market<'_, '_, '_>,
    row: usize,
    worth: impl Fn(usize) -> Cpm,
    rivals: impl Iterator<Item = &'c Chosen<'c>>,
) -> Option<String> {
    let plan = &market.snapshot.plan;
    let line_item = plan.line_item(row);
    let alike = |rival: &&Chosen<'_>| rival.deal.is_none() == line_item.deals.is_empty();
    let winner = rivals.filter(alike).max_by_key(|rival| std::cmp::Reverse(rival.row))?;
    let (own, theirs, currency) = (worth(row), worth(winner.row), winner.campaign.currency);
    Some(format!(
        "`{}/{}` took it: worth {theirs} {currency} to that, {own} {} to this",
        winner.campaign.slug,
        winner.line_item.slug,
        plan.campaign(line_item).currency
    ))
}

/// How to bid where only deals are sold.
fn deals_hint(market: &Market<'_, '_, '_>) -> String {
    let offered = listed(market.imp.deals.iter().map(|deal| deal.id));
    format!("agree on a deal that is offered ({offered}) and name it in `deals`")
}

fn misfit_hint(market: &Market<'_, '_, '_>, misfit: Misfit) -> Option<String> {
    let imp = market.imp;
    Some(match misfit {
        Misfit::Size { .. } => {
            let sizes = imp.banner.map_or(&[][..], |banner| banner.format);
            let sizes: Vec<String> = sizes.iter().map(|size| format!("{}x{}", size.w, size.h)).collect();
            if sizes.is_empty() {
                return None;
            }
            format!("add a creative of {}", listed(sizes.iter().map(String::as_str)))
        }
        Misfit::Duration { .. } => {
            let played: Vec<String> = [imp.video, imp.audio].iter().flatten().map(duration_word).collect();
            format!("add a creative of {}", played.join(" or "))
        }
        Misfit::NotSecure => "serve everything in the creative over https".to_owned(),
        Misfit::Disclosure => "name who pays in `transparency` of the advertiser".to_owned(),
        Misfit::WrongFormat(_) => "add a creative of a format that is offered".to_owned(),
        _ => "add a creative that fits".to_owned(),
    })
}

/// The durations that video or audio may have.
fn duration_word(av: &Av<'_>) -> String {
    if !av.rqddurs.is_empty() {
        let seconds: Vec<String> = av.rqddurs.iter().map(ToString::to_string).collect();
        return format!("{} seconds", listed(seconds.iter().map(String::as_str)));
    }
    match av.maxduration {
        Some(most) => format!("{} to {most} seconds", av.minduration),
        None => format!("at least {} seconds", av.minduration),
    }
}

/// What would help against a cap: time, where it is of an hour or a day, or a higher limit.
fn spent_hint(campaign: &Campaign, refusal: Refusal, now: UnixMillis) -> String {
    if refusal.shortage == Shortage::NotLeased {
        return "wait a moment: this bidder asks for more as it spends".to_owned();
    }
    let raise = format!("raise {}", budget_word(refusal));
    match refusal.span {
        Span::Hourly => {
            format!("wait until the hour ends ({}), or {raise}", clock(campaign, Hour::of(now).end()))
        }
        Span::Daily => format!("wait until the day ends ({}), or {raise}", midnight(campaign, now)),
        Span::Total => raise,
    }
}

/// The budget that refuses, as ad ops find it.
fn budget_word(refusal: Refusal) -> String {
    let measure = match refusal.measure {
        Measure::Money => "",
        Measure::Impressions => "impressions.",
        Measure::Clicks => "clicks.",
    };
    let span = match refusal.span {
        Span::Hourly => "hourly",
        Span::Daily => "daily",
        Span::Total => "total",
    };
    let whose = match refusal.whose {
        Whose::Campaign => "campaign",
        Whose::LineItem => "line item",
    };
    format!("`budget.{measure}{span}` of the {whose}")
}

/// The first few of a request's list.
fn listed<'l>(entries: impl Iterator<Item = &'l str>) -> String {
    let entries: Vec<&str> = entries.collect();
    let shown = entries[..entries.len().min(LISTED_MAX)].join(", ");
    match entries.len().saturating_sub(LISTED_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// `at` by the campaign's clock.
fn clock(campaign: &Campaign, at: UnixMillis) -> String {
    let at = Timestamp::from_millisecond(at.raw()).unwrap_or(Timestamp::UNIX_EPOCH);
    let at = at.to_zoned(campaign.zone.clone());
    format!("{} {}", at.strftime("%Y-%m-%d %H:%M"), campaign.zone_name)
}

/// When the campaign's day ends.
fn midnight(campaign: &Campaign, now: UnixMillis) -> String {
    let now = Timestamp::from_millisecond(now.raw()).unwrap_or(Timestamp::UNIX_EPOCH);
    let end = now.to_zoned(campaign.zone.clone()).tomorrow().and_then(|next| next.start_of_day());
    let end = end.map(|end| UnixMillis::from_raw(end.timestamp().as_millisecond()));
    end.map_or_else(|_| campaign.zone_name.clone(), |end| clock(campaign, end))
}
