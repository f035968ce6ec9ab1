//! Frequency caps, and contradictions between them.

use crate::campaign::read::amount::span;
use crate::campaign::{
    Advertiser, Campaign, CapLevel, CountBy, Creative, Flight, FrequencyCap, LineItem, shadow,
};
use crate::document::{Faults, Node};
use crate::units::{Millis, limits};

/// The caps in the list here, over `level`; `flight` is what `"per": "flight"` means.
pub(in crate::campaign) fn frequency(
    node: Node<'_>,
    level: CapLevel,
    flight: Option<Flight>,
    faults: &mut Faults,
) -> Vec<FrequencyCap> {
    let nodes = node.list(faults).unwrap_or_default();
    let most = limits::FREQUENCY_CAPS_MAX;
    if nodes.len() > most {
        let fault = node.error(format!("has {} caps, at most {most} are allowed", nodes.len()));
        faults.push(fault.hint("keep the tightest ones: one for a day, one for a week"));
    }
    nodes.into_iter().take(most).filter_map(|node| cap(node, level, flight, faults)).collect()
}

fn cap(node: Node<'_>, level: CapLevel, flight: Option<Flight>, faults: &mut Faults) -> Option<FrequencyCap> {
    let object = node.object(&["impressions", "per", "by", "unknown", "unknown_users"], faults)?;
    let impressions = object.require("impressions", faults).and_then(|node| impressions(node, level, faults));
    let per = object.require("per", faults).and_then(|node| window(node, level, flight, faults));
    let kinds = [("user", CountBy::User), ("household", CountBy::Household)];
    let by = object.get("by").map_or(Some(CountBy::User), |node| node.choice(&kinds, faults));
    // `unknown_users` is the older name, from when there were no households.
    let unknown = match (object.get("unknown"), object.get("unknown_users")) {
        (Some(_), Some(twice)) => faults.refuse(twice.error("says the same as `unknown`").hint("remove it")),
        (Some(node), None) | (None, Some(node)) => node.choice(&[("skip", false), ("bid", true)], faults),
        (None, None) => Some(false),
    };
    Some(FrequencyCap { by: by?, impressions: impressions?, per: per?, include_unknown: unknown? })
}

fn impressions(node: Node<'_>, level: CapLevel, faults: &mut Faults) -> Option<u32> {
    if node.echo() == "0" {
        return faults.refuse(node.error("must be at least 1, got 0").hint(match level {
            CapLevel::Creative => "to stop it, leave it out of the `creatives` of every line item",
            CapLevel::LineItem | CapLevel::Campaign => "to stop it, set `\"status\": \"paused\"`",
            CapLevel::Advertiser => "to stop it, set `\"status\": \"paused\"` in its campaigns",
        }));
    }
    node.integer(1..=limits::FREQUENCY_IMPRESSIONS_MAX, faults)
}

/// A window that exposures are kept for: a span, or `flight`, which is as long as the flight.
fn window(node: Node<'_>, level: CapLevel, flight: Option<Flight>, faults: &mut Faults) -> Option<Millis> {
    let longest = limits::FREQUENCY_WINDOW_MAX;
    if node.peek_text() != Some("flight") {
        let per = span(node, faults)?;
        if per > longest {
            let problem = format!("must be at most {}, got {}", span_in_words(longest), node.echo());
            return faults.refuse(node.error(problem).hint("nobody's impressions are remembered longer"));
        }
        return Some(per);
    }
    if level == CapLevel::Advertiser {
        let fault = node.error("must be a span of time: an advertiser has no flight");
        return faults.refuse(fault.hint("write the caps of a flight in its campaign"));
    }
    // A flight that cannot be read is a fault of its own, and of this length no contradiction is made.
    let Some(flight) = flight else { return Some(longest) };
    let Some(end) = flight.end else {
        let fault = node.error("needs a flight with an `end`");
        return faults.refuse(fault.hint(format!("write a span, of at most {}", span_in_words(longest))));
    };
    let length = Millis::from_raw(end.raw().saturating_sub(flight.start.raw()));
    if length > longest {
        let days = length.raw().div_euclid(86_400_000);
        let problem = format!("must be at most {}, and the flight has {days} days", span_in_words(longest));
        return faults
            .refuse(node.error(problem).hint(format!("write `\"per\": \"{}\"`", span_in_words(longest))));
    }
    Some(length)
}

/// A cap and where it is written.
#[derive(Clone, Copy)]
struct Written<'d> {
    node: Node<'d>,
    level: CapLevel,
    cap: FrequencyCap,
}

/// The caps that one file says, from the widest to the narrowest level; the reader checks each beside those
/// that count the same impressions.
pub(in crate::campaign) struct Contradictions<'d> {
    outer: Vec<Written<'d>>,
    /// For each line item its caps and its creatives.
    line_items: Vec<(Vec<Written<'d>>, Vec<usize>)>,
}

impl<'d> Contradictions<'d> {
    /// Reports the advertiser's caps and the campaign's that never say no; `file` is where both are written.
    pub(in crate::campaign) fn of(
        file: Node<'d>,
        advertiser: Option<&Advertiser>,
        campaign: &Campaign,
        faults: &mut Faults,
    ) -> Self {
        let of_advertiser = advertiser.and_then(|advertiser| {
            Some(written(file.peek("advertiser")?, CapLevel::Advertiser, &advertiser.frequency))
        });
        let mut outer = of_advertiser.unwrap_or_default();
        warn(&outer, &[], faults);
        let own = written(file, CapLevel::Campaign, &campaign.frequency);
        warn(&own, &outer, faults);
        outer.splice(0..0, own);
        Self { outer, line_items: Vec::new() }
    }

    /// Reports the caps of a line item that never say no.
    pub(in crate::campaign) fn line_item(
        &mut self,
        node: Node<'d>,
        line_item: &LineItem,
        faults: &mut Faults,
    ) {
        let own = written(node, CapLevel::LineItem, &line_item.frequency);
        warn(&own, &self.outer, faults);
        self.line_items.push((own, line_item.creatives.clone()));
    }

    /// Reports the caps of a creative, the `at`-th of the file, that never say no. Where several line items use
    /// it, it may see the impressions of all of them, so that none of their caps bounds its own.
    pub(in crate::campaign) fn creative(
        &self,
        node: Node<'d>,
        (at, creative): (usize, &Creative),
        faults: &mut Faults,
    ) {
        if creative.frequency.is_empty() {
            return;
        }
        let own = written(node, CapLevel::Creative, &creative.frequency);
        let mut users = self.line_items.iter().filter(|(_, creatives)| creatives.contains(&at));
        let mut outer = match (users.next(), users.next()) {
            (Some((of_line_item, _)), None) => of_line_item.clone(),
            _ => Vec::new(),
        };
        outer.extend(&self.outer);
        warn(&own, &outer, faults);
    }
}

/// The caps of `owner` and their places; none if some could not be read.
fn written<'d>(owner: Node<'d>, level: CapLevel, caps: &[FrequencyCap]) -> Vec<Written<'d>> {
    let nodes = owner.peek("frequency").and_then(|node| node.list(&mut Faults::new())).unwrap_or_default();
    if nodes.len() != caps.len() {
        return Vec::new();
    }
    nodes.into_iter().zip(caps).map(|(node, cap)| Written { node, level, cap: *cap }).collect()
}

/// Reports those of `own` that never say no beside each other and `outer`.
fn warn(own: &[Written<'_>], outer: &[Written<'_>], faults: &mut Faults) {
    let all: Vec<Written<'_>> = own.iter().chain(outer).copied().collect();
    let chain: Vec<(CapLevel, FrequencyCap)> = all.iter().map(|one| (one.level, one.cap)).collect();
    for (at, one) in own.iter().enumerate() {
        let Some(shadow) = shadow(&chain, at) else { continue };
        let casters: Vec<&Written<'_>> = shadow.cast_by.iter().map(|other| &all[*other]).collect();
        let named: Vec<String> = casters.iter().map(|other| other.named()).collect();
        let is_household =
            one.cap.by == CountBy::User && casters.iter().any(|c| c.cap.by == CountBy::Household);
        let of_whom = if is_household { " for a user of one household" } else { "" };
        let verb = if named.len() == 1 { "is" } else { "are" };
        let use_left = match (shadow.keeps_out_unknown, one.cap.by) {
            (false, _) => "",
            (true, CountBy::User) => "; it only keeps out users who are not known",
            (true, CountBy::Household) => "; it only keeps out households that are not known",
        };
        let problem = format!(
            "of {} never binds{of_whom}: {} {verb} always reached first or with it{use_left}",
            words(one.cap),
            named.join(" and ")
        );
        let twin = casters.iter().any(|other| (other.level, other.cap) == (one.level, one.cap));
        let hint = match shadow.binds_at {
            _ if twin => "remove one of the two".to_owned(),
            Some(binds_at) => format!("lower it to {binds_at} or less, or remove it"),
            None if shadow.keeps_out_unknown => "leave it only for those".to_owned(),
            None => "remove it".to_owned(),
        };
        faults.push(one.node.warning(problem).hint(hint));
    }
}

impl Written<'_> {
    /// The campaign's cap of 2 per 1d, and where it is written.
    fn named(&self) -> String {
        let whose = match self.level {
            CapLevel::Creative => "creative",
            CapLevel::LineItem => "line item",
            CapLevel::Campaign => "campaign",
            CapLevel::Advertiser => "advertiser",
        };
        format!("the {whose}'s cap of {} ({})", words(self.cap), self.node.whereabouts())
    }
}

fn words(cap: FrequencyCap) -> String {
    let by = match cap.by {
        CountBy::User => "",
        CountBy::Household => " by household",
    };
    format!("{} per {}{by}", cap.impressions, span_in_words(cap.per))
}

/// As people write it: `1d`, `90s`.
fn span_in_words(span: Millis) -> String {
    let seconds = span.raw() / 1_000;
    let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
    match units.into_iter().find(|(unit, _)| seconds % unit == 0) {
        Some((unit, name)) => format!("{}{name}", seconds / unit),
        None => format!("{seconds}s"),
    }
}
