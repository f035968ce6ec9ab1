//! Time as people write it: zones, flights, dayparts.

use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan};

use crate::campaign::Flight;
use crate::campaign::rule::{Attribute, HOURS_OF_WEEK};
use crate::document::{Faults, Node, suggestion};
use crate::units::{Millis, UnixMillis};

const DAYS: [(&str, usize); 7] =
    [("mon", 0), ("tue", 1), ("wed", 2), ("thu", 3), ("fri", 4), ("sat", 5), ("sun", 6)];

/// A time zone of the IANA database, with its name as the database spells it.
pub(in crate::campaign) fn zone(node: Node<'_>, faults: &mut Faults) -> Option<(TimeZone, String)> {
    let name = node.text(faults)?;
    let database = TimeZoneDatabase::bundled();
    if let Ok(zone) = database.get(name)
        && let Some(spelt) = zone.iana_name().map(str::to_string)
        && !zone.is_unknown()
    {
        return Some((zone, spelt));
    }
    let fault = node.error(format!("is not a time zone, got {}", node.echo()));
    let known: Vec<String> = database.available().map(|known| known.to_string()).collect();
    faults.refuse(match suggestion(name, known.iter().map(String::as_str)) {
        Some(near) => fault.hint(format!("did you mean `{near}`?")),
        None => fault.hint("a name of the IANA database, as `Europe/Paris`"),
    })
}

/// A flight: `start` is required unless there is an outer flight to take it from.
///
/// Dates are days of `zone`, the last one included; times without an offset are of `zone` too.
pub(in crate::campaign) fn flight(
    node: Node<'_>,
    zone: &TimeZone,
    outer: Option<Flight>,
    faults: &mut Faults,
) -> Option<Flight> {
    let object = node.object(&["start", "end"], faults)?;
    let start_node = match outer {
        Some(_) => object.get("start"),
        None => object.require("start", faults),
    };
    let start = start_node.and_then(|node| instant(node, zone, false, faults));
    let end = object.get("end").and_then(|node| instant(node, zone, true, faults));
    let own = Flight {
        start: start.or(outer.map(|outer| outer.start))?,
        end: end.or(outer.and_then(|outer| outer.end)),
    };
    if let (Some(end), Some(end_node)) = (end, object.get("end"))
        && end <= own.start
    {
        return faults.refuse(end_node.error(format!("must be after the start, got {}", end_node.echo())));
    }
    Some(own)
}

/// How many days the flight has, begun ones counted whole; `None` if it is open.
pub(in crate::campaign) fn days(flight: Flight) -> Option<i64> {
    const DAY: Millis = Millis::from_seconds(86_400);
    // An hour of grace: a flight over a clock change is 23 or 25 hours longer.
    let span = flight.end?.since(flight.start).raw() - 3_600_000;
    Some(span.div_euclid(DAY.raw()) + 1)
}

/// The inner flight cut to the outer; a warning where it reaches beyond, an error if nothing is left.
pub(in crate::campaign) fn within(
    node: Node<'_>,
    own: Flight,
    outer: Flight,
    faults: &mut Faults,
) -> Option<Flight> {
    let end = match (own.end, outer.end) {
        (Some(own), Some(outer)) => Some(own.min(outer)),
        (own, outer) => own.or(outer),
    };
    let cut = Flight { start: own.start.max(outer.start), end };
    if cut.end.is_some_and(|end| end <= cut.start) {
        return faults.refuse(node.error("lies outside the flight of the campaign, so it can never bid"));
    }
    if cut != own {
        let fault = node.warning("reaches beyond the flight of the campaign, which wins");
        faults.push(fault.hint("keep it within the campaign's `flight`"));
    }
    Some(cut)
}

/// A date, or a date and time, as an instant. A date that ends something means the end of that day.
fn instant(node: Node<'_>, zone: &TimeZone, ends: bool, faults: &mut Faults) -> Option<UnixMillis> {
    let text = node.text(faults)?;
    let timestamp = if text.len() == "2026-01-01".len() {
        let day = text.parse::<Date>().ok();
        let day = day.and_then(|day| if ends { day.checked_add(1.day()).ok() } else { Some(day) });
        day.and_then(|day| zone.to_timestamp(day.at(0, 0, 0, 0)).ok())
    } else {
        let absolute = text.parse::<Timestamp>().ok();
        absolute.or_else(|| text.parse::<DateTime>().ok().and_then(|time| zone.to_timestamp(time).ok()))
    };
    let instant = timestamp.map(|timestamp| UnixMillis::from_raw(timestamp.as_millisecond()));
    instant.or_else(|| {
        let fault = node.error(format!("is not a date or time, got {}", node.echo()));
        faults.refuse(fault.hint("as `2026-01-31`, `2026-01-31T18:00` or `2026-01-31T18:00:00Z`"))
    })
}

/// One daypart or a list of them: the hours in any of them, and the attribute of the clock that they read.
pub(in crate::campaign) fn daypart(
    node: Node<'_>,
    faults: &mut Faults,
) -> Option<(Attribute, Box<[bool; HOURS_OF_WEEK]>)> {
    let mut hours = Box::new([false; HOURS_OF_WEEK]);
    let mut clock = None;
    for part in node.one_or_more(faults)? {
        let object = part.object(&["days", "from", "to", "clock"], faults)?;
        let words = [("campaign", Attribute::Daypart), ("viewer", Attribute::ViewerDaypart)];
        let own = match object.get("clock") {
            Some(clock) => clock.choice(&words, faults)?,
            None => Attribute::Daypart,
        };
        if *clock.get_or_insert(own) != own {
            return faults.refuse(part.error("must read the same `clock` as the dayparts before it"));
        }
        let days = match object.get("days") {
            Some(days) => days.one_or_more(faults)?,
            None => Vec::new(),
        };
        let days: Option<Vec<usize>> = days.into_iter().map(|day| day.choice(&DAYS, faults)).collect();
        let days = days.filter(|days| !days.is_empty()).unwrap_or_else(|| (0..7).collect());
        let from = object.get("from").map_or(Some(0), |node| hour(node, faults));
        let to = object.get("to").map_or(Some(24), |node| hour(node, faults));
        let (from, to) = (from?, to?);
        if from == to {
            return faults.refuse(part.error("must end at another hour than it starts"));
        }
        // From 22:00 to 02:00 runs past midnight: it belongs to the day it starts on.
        let length = if to > from { to - from } else { to + 24 - from };
        for hour in days.iter().flat_map(|day| (0..length).map(move |after| day * 24 + from + after)) {
            hours[hour % HOURS_OF_WEEK] = true;
        }
    }
    Some((clock.unwrap_or(Attribute::Daypart), hours))
}

/// A whole hour, `00:00` to `24:00`.
fn hour(node: Node<'_>, faults: &mut Faults) -> Option<usize> {
    let text = node.text(faults)?;
    let hour = text.strip_suffix(":00").filter(|hour| hour.len() == 2).and_then(|hour| hour.parse().ok());
    hour.filter(|hour| *hour <= 24).or_else(|| {
        let fault = node.error(format!("must be a whole hour, got {}", node.echo()));
        faults.refuse(fault.hint("from `00:00` to `24:00`"))
    })
}
