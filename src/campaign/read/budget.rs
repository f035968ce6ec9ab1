//! Budgets: limits of money, impressions and clicks, for the hour, the day and the flight, and how bids that are
//! out count.
//!
//! Every limit is read and held against its own kind alone. Deliberately absent: guesses what impressions cost, or
//! how many are clicked.

use std::fmt::Display;

use crate::campaign::read::clock::days;
use crate::campaign::{Budget, BudgetMode, Flight, Limits};
use crate::document::{Faults, Node, Object, suggestion};
use crate::units::Nanos;

const KEYS: [&str; 6] = ["hourly", "daily", "total", "impressions", "clicks", "mode"];
const WINDOWS: [&str; 3] = ["hourly", "daily", "total"];
/// Hundredths of a standard deviation that `soft` holds where nothing else is said: all but one in some hundred
/// moments stay within the cap.
const DEVIATIONS_USUAL: u32 = 250;
/// The most of them: beyond, `hard` says the same.
const DEVIATIONS_MAX: i64 = 1_000;
/// Hours of a usual day.
const HOURS: i64 = 24;

/// Whose budget it is.
#[derive(Clone, Copy, PartialEq)]
pub(in crate::campaign) enum Owner {
    Campaign,
    LineItem,
}

impl Owner {
    const fn word(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::LineItem => "line item",
        }
    }
}

/// The budget of a campaign, which limits money.
pub(in crate::campaign) fn campaign_budget(
    node: Node<'_>,
    flight: Option<Flight>,
    faults: &mut Faults,
) -> Option<Budget> {
    let errors = faults.errors();
    let budget = read(node, Owner::Campaign, flight, faults)?;
    if budget.money == Limits::default() && faults.errors() == errors {
        let fault = node.error("must limit money: by `hourly`, `daily` or `total`");
        let is_empty = budget.impressions == Limits::default() && budget.clicks == Limits::default();
        return faults.refuse(fault.hint(if is_empty {
            "without a budget nothing could be spent"
        } else {
            "what impressions and clicks cost is not fixed, so their number bounds no spend"
        }));
    }
    Some(budget)
}

/// The budget of a line item within its campaign's: what it does not limit, only the campaign limits.
pub(in crate::campaign) fn line_item_budget(
    node: Node<'_>,
    flight: Option<Flight>,
    campaign: Budget,
    faults: &mut Faults,
) -> Budget {
    let Some(own) = read(node, Owner::LineItem, flight, faults) else { return Budget::default() };
    check_within(Some(node), own.money, campaign.money, faults);
    check_within(node.peek("impressions"), own.impressions, campaign.impressions, faults);
    check_within(node.peek("clicks"), own.clicks, campaign.clicks, faults);
    own
}

fn read(node: Node<'_>, owner: Owner, flight: Option<Flight>, faults: &mut Faults) -> Option<Budget> {
    let object = node.object(&KEYS, faults)?;
    Some(Budget {
        money: limits(object, owner, flight, faults),
        impressions: counts(object, "impressions", owner, flight, faults),
        clicks: counts(object, "clicks", owner, flight, faults),
        mode: object.get("mode").and_then(|node| mode(node, owner, faults)).unwrap_or_default(),
    })
}

/// What a limit counts.
trait Amount: Copy + PartialOrd + Display {
    /// Decimals that are kept.
    const SCALE: i32;
    /// The steps in which people write it.
    const STEP: i64;

    fn of(raw: i64) -> Option<Self>;
    fn raw(self) -> i64;

    /// What people would write for `raw`, which is less than a limit that was read: whole steps, unless it is too
    /// little for them. Rounded down, or up.
    fn written(raw: i64, up: bool) -> Self {
        let step = if raw < Self::STEP { 1 } else { Self::STEP };
        let more = if up { step - 1 } else { 0 };
        Self::of((raw + more) / step * step).expect("less than a limit that was read")
    }
}

impl Amount for Nanos {
    const SCALE: i32 = 9;
    const STEP: i64 = 10_000_000;

    fn of(raw: i64) -> Option<Self> {
        Some(Self::from_raw(raw))
    }

    fn raw(self) -> i64 {
        Self::raw(self)
    }
}

impl Amount for u32 {
    const SCALE: i32 = 0;
    const STEP: i64 = 1;

    fn of(raw: i64) -> Option<Self> {
        Self::try_from(raw).ok()
    }

    fn raw(self) -> i64 {
        i64::from(self)
    }
}

fn counts(
    object: Object<'_>,
    key: &str,
    owner: Owner,
    flight: Option<Flight>,
    faults: &mut Faults,
) -> Limits<u32> {
    let Some(node) = object.get(key) else { return Limits::default() };
    let Some(object) = node.object(&WINDOWS, faults) else { return Limits::default() };
    if object.entries().next().is_none() {
        let fault = node.error("must have `hourly`, `daily` or `total`");
        faults.push(fault.hint(format!("to have no limit of {key}, leave it out")));
    }
    limits(object, owner, flight, faults)
}

/// The three limits in `object`, as far as they can be read.
fn limits<T: Amount>(
    object: Object<'_>,
    owner: Owner,
    flight: Option<Flight>,
    faults: &mut Faults,
) -> Limits<T> {
    let mut read = |key: &str| limit(object.get(key)?, owner, faults);
    let limits = Limits { hourly: read("hourly"), daily: read("daily"), total: read("total") };
    check_hourly(object, limits, faults);
    check_daily(object, limits, flight, faults);
    limits
}

fn limit<T: Amount>(node: Node<'_>, owner: Owner, faults: &mut Faults) -> Option<T> {
    if node.kind() == "null" {
        return faults.refuse(node.wrong_type("a number").hint("to have no limit, leave it out"));
    }
    let raw = node.scaled(T::SCALE, faults)?;
    if raw <= 0 {
        let fault = node.error(format!("must be greater than 0, got {}", node.echo()));
        let hint = format!("to stop a {}, set `\"status\": \"paused\"`", owner.word());
        return faults.refuse(fault.hint(hint));
    }
    T::of(raw).or_else(|| {
        let fault = node.error(format!("must be at most {}, got {}", u32::MAX, node.echo()));
        faults.refuse(fault.hint("to have no limit, leave it out"))
    })
}

/// An hour's limit against the next wider one, and whether a day's can be reached by it.
fn check_hourly<T: Amount>(object: Object<'_>, limits: Limits<T>, faults: &mut Faults) {
    let (Some(hourly), Some(node)) = (limits.hourly, object.get("hourly")) else { return };
    let daily = limits.daily.map(|daily| ("daily limit", daily));
    let Some((wider, most)) = daily.or(limits.total.map(|total| ("total", total))) else { return };
    if hourly > most {
        faults.push(node.error(format!("must not be above the {wider} of {most}, got {}", node.echo())));
    } else if hourly == most {
        let fault = node.warning(format!("has no effect: it equals the {wider} of {most}"));
        faults.push(fault.hint("lower it, or leave it out"));
    } else if let Some(daily) = limits.daily
        && let Some(day) = hourly.raw().checked_mul(HOURS)
        && day < daily.raw()
    {
        let day = T::of(day).expect("less than a limit that was read");
        let problem =
            format!("of {hourly} is {day} in {HOURS} hours, so the daily limit of {daily} is never reached");
        let least = T::written((daily.raw() - 1) / HOURS + 1, true);
        let hint = format!("raise it to at least {least}, or lower `daily` to {day}");
        faults.push(node.warning(problem).hint(hint));
    }
}

/// A day's limit against the flight's.
fn check_daily<T: Amount>(
    object: Object<'_>,
    limits: Limits<T>,
    flight: Option<Flight>,
    faults: &mut Faults,
) {
    let (Some(daily), Some(total), Some(node)) = (limits.daily, limits.total, object.get("daily")) else {
        return;
    };
    let days = flight.and_then(days);
    if daily > total {
        faults.push(node.error(format!("must not be above the total of {total}, got {}", node.echo())));
    } else if daily == total && days != Some(1) {
        let fault = node.warning(format!("equals the total of {total}: one day may use it all"));
        faults.push(fault.hint("was the limit of the whole flight meant? then leave `daily` out"));
    } else if let Some(days) = days
        && let Some(sum) = daily.raw().checked_mul(days)
        && sum > total.raw()
    {
        let lasts = total.raw() / daily.raw();
        let problem = format!(
            "of {daily} over {days} days is more than the total of {total}, which lasts {lasts} days"
        );
        let fair = T::written(total.raw() / days, false);
        faults.push(node.warning(problem).hint(format!("{fair} a day lasts the whole flight")));
    }
}

/// A warning for each limit of `own`, which stand in `node`, that a lower one of the campaign makes pointless: of
/// the same time, or of a longer one.
fn check_within<T: Amount>(node: Option<Node<'_>>, own: Limits<T>, outer: Limits<T>, faults: &mut Faults) {
    let own = [own.hourly, own.daily, own.total];
    let outer = [outer.hourly, outer.daily, outer.total];
    for (at, own) in own.into_iter().enumerate() {
        let lower = (at..3).find_map(|wider| {
            let limit = outer[wider].filter(|outer| own.is_some_and(|own| own > *outer))?;
            Some((["hourly limit", "daily limit", "total"][wider], limit))
        });
        if let Some((wider, limit)) = lower
            && let Some(node) = node.and_then(|node| node.peek(WINDOWS[at]))
        {
            let problem =
                format!("has no effect: it is above the campaign's {wider} of {limit}, got {}", node.echo());
            faults.push(node.warning(problem).hint("lower it, or leave it out"));
        }
    }
}

/// `"hard"`, `"soft"` or `{"soft": {"deviations": 2.5}}`; of a campaign alone.
fn mode(node: Node<'_>, owner: Owner, faults: &mut Faults) -> Option<BudgetMode> {
    if owner == Owner::LineItem {
        let fault = node.error("is the campaign's to say: its line items follow it");
        return faults.refuse(fault.hint("set `mode` in the `budget` of the campaign"));
    }
    let usual = BudgetMode::Soft { deviations: DEVIATIONS_USUAL };
    if node.is_object() {
        let soft = node.object(&["soft"], faults)?.require("soft", faults)?;
        let node = soft.object(&["deviations"], faults)?.require("deviations", faults)?;
        return deviations(node, faults).map(|deviations| BudgetMode::Soft { deviations });
    }
    let words = ["hard", "soft"];
    match node.peek_text() {
        Some("hard") => Some(BudgetMode::Hard),
        Some("soft") => Some(usual),
        other => {
            let wanted = "`\"hard\"`, `\"soft\"` or `{\"soft\": {\"deviations\": 2.5}}`";
            let fault = node.error(format!("must be {wanted}, got {}", node.echo()));
            faults.refuse(match other.and_then(|word| suggestion(word, words)) {
                Some(near) => fault.hint(format!("did you mean `{near}`?")),
                None => fault.hint("`hard` never passes a cap; `soft` spends more while notices are slow"),
            })
        }
    }
}

/// Standard deviations, in hundredths.
fn deviations(node: Node<'_>, faults: &mut Faults) -> Option<u32> {
    let hundredths = node.scaled(2, faults)?;
    let fits = u32::try_from(hundredths).ok().filter(|_| (1..=DEVIATIONS_MAX).contains(&hundredths));
    fits.or_else(|| {
        let most = DEVIATIONS_MAX / 100;
        let fault = node.error(format!("must be above 0 and at most {most}, got {}", node.echo()));
        faults
            .refuse(fault.hint("1 to 3 are usual; to hold the worst case of every bid, `\"mode\": \"hard\"`"))
    })
}
