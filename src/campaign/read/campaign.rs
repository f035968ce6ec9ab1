//! One campaign file.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use crate::campaign::read::amount::currency;
use crate::campaign::read::budget::campaign_budget;
use crate::campaign::read::clock::{flight, zone};
use crate::campaign::read::conversion::{Code, codes, conversions};
use crate::campaign::read::creative::creative;
use crate::campaign::read::experiment::{check_holdout, holdout};
use crate::campaign::read::frequency::{Contradictions, frequency};
use crate::campaign::read::learning::learning;
use crate::campaign::read::line_item::{Outer, check_ended, line_item, status};
use crate::campaign::read::pacing::{campaign_pacing, check_spree};
use crate::campaign::read::reach::format_of;
use crate::campaign::read::targeting::{country, domain};
use crate::campaign::read::{NAME_CHARS_MAX, Reading, plan};
use crate::campaign::{
    Advertiser, Campaign, CapLevel, ConversionType, Creative, Flight, LineItem, Status, Transparency,
};
use crate::document::{Document, Faults, Node, Object};
use crate::units::{AdvertiserId, CampaignId, Currency, UnixMillis};

const KEYS: [&str; 19] = [
    "advertiser",
    "id",
    "name",
    "status",
    "currency",
    "time_zone",
    "flight",
    "budget",
    "pacing",
    "learning",
    "holdout",
    "costs",
    "tax",
    "frequency",
    "attribution",
    "conversions",
    "promo_codes",
    "line_items",
    "creatives",
];

/// A campaign file as far as it could be read, with what the checks over several files need.
pub(in crate::campaign) struct Draft<'d> {
    /// The campaign's `id` and its place.
    pub id: Option<(Node<'d>, &'d str)>,
    /// The advertiser and its place.
    pub advertiser: Option<(Node<'d>, Advertiser)>,
    /// Its promo codes and their places.
    pub codes: Vec<Code<'d>>,
    /// How many line items the file has, readable or not.
    pub line_items: usize,
    /// All of it, if all of it could be read.
    pub parts: Option<Parts>,
}

/// What one file adds to the catalog. Indices count within the file.
pub(in crate::campaign) struct Parts {
    pub campaign: Campaign,
    pub line_items: Vec<LineItem>,
    pub creatives: Vec<Creative>,
}

/// Reads all of `document`.
pub(in crate::campaign) fn read_campaign<'d>(
    document: &'d Document<'_>,
    reading: Reading<'_>,
    faults: &mut Faults,
) -> Option<Draft<'d>> {
    let object = document.root().object(&KEYS, faults)?;
    let id = object.require("id", faults);
    let id = id.and_then(|node| Some((node, node.slug(faults)?)));
    let advertiser = object.require("advertiser", faults);
    let named = advertiser.and_then(|node| node.peek("id")?.peek_text());
    let reading = Reading { advertiser: named.unwrap_or_default(), ..reading };
    let advertiser = advertiser.and_then(|node| Some((node, read_advertiser(node, faults)?)));
    let errors = faults.errors();
    let mut codes = Vec::new();
    let slug = id.map_or("", |(_, slug)| slug);
    let (campaign, is_whole) = read_plan(object, slug, reading, &mut codes, faults);
    let creative_nodes = some_list(object, "creatives", faults);
    let ids = ids(&creative_nodes, faults);
    let creatives: Vec<Option<Creative>> =
        creative_nodes.iter().map(|node| creative(*node, &campaign, faults)).collect();
    let formats: Vec<_> = creatives.iter().map(|c| c.as_ref().map(|c| format_of(&c.content))).collect();
    let line_item_nodes = some_list(object, "line_items", faults);
    refuse_repeated_ids(&line_item_nodes, faults);
    let says_click_window = object.get("attribution").is_some_and(|node| node.peek("click_window").is_some());
    let outer = Outer { campaign: &campaign, creatives: &ids, formats: &formats, says_click_window, reading };
    let mut caps =
        Contradictions::of(object.node(), advertiser.as_ref().map(|(_, read)| read), &campaign, faults);
    let read_line_item = |node: &Node<'d>| {
        let read = line_item(*node, outer, faults)?;
        caps.line_item(*node, &read, faults);
        Some(read)
    };
    let line_items: Vec<LineItem> = line_item_nodes.iter().filter_map(read_line_item).collect();
    if line_items.len() == line_item_nodes.len() {
        warn_of_unused(&creative_nodes, &line_items, faults);
        for (node, (at, creative)) in creative_nodes.iter().zip(creatives.iter().enumerate()) {
            if let Some(creative) = creative {
                caps.creative(*node, (at, creative), faults);
            }
        }
    }
    check_holdout(object, &line_items, faults);
    let is_whole = is_whole && faults.errors() == errors && id.is_some();
    let creatives = creatives.into_iter().flatten().collect();
    let parts = is_whole.then_some(Parts { campaign, line_items, creatives });
    Some(Draft { id, advertiser, codes, line_items: line_item_nodes.len(), parts })
}

fn read_advertiser(node: Node<'_>, faults: &mut Faults) -> Option<Advertiser> {
    let object =
        node.object(&["id", "name", "domain", "country", "transparency", "frequency", "tax"], faults)?;
    let slug = object.require("id", faults).and_then(|node| node.slug(faults));
    let name = object.require("name", faults).and_then(|node| node.line(NAME_CHARS_MAX, faults));
    let domain = object.require("domain", faults).and_then(|node| domain(node, faults));
    let country = object.get("country").map(|node| country(node, faults));
    let named = object.get("transparency").map(|node| transparency(node, name.unwrap_or_default(), faults));
    let caps = object.get("frequency").map(|node| frequency(node, CapLevel::Advertiser, None, faults));
    let (slug, name) = (slug?, name?);
    Some(Advertiser {
        id: AdvertiserId::from_slug(slug),
        slug: slug.into(),
        name: name.into(),
        domain: domain?,
        country: country.flatten(),
        transparency: named.unwrap_or_else(|| Transparency::of(name)),
        frequency: caps.unwrap_or_default(),
    })
}

/// Who is behind the ads; `name` where nothing else is written.
fn transparency(node: Node<'_>, name: &str, faults: &mut Faults) -> Transparency {
    let mut named = Transparency::of(name);
    let Some(object) = node.object(&["behalf", "paid"], faults) else { return named };
    for (key, text) in [("behalf", &mut named.behalf), ("paid", &mut named.paid)] {
        if let Some(line) = object.get(key).and_then(|node| node.line(Transparency::CHARS_MAX, faults)) {
            line.clone_into(text);
        }
    }
    named
}

/// The campaign's own part. Where something is wrong a usual value stands in, so that the line items can
/// be read all the same; the second value says whether all was right.
fn read_plan<'d>(
    object: Object<'d>,
    slug: &str,
    reading: Reading<'_>,
    used: &mut Vec<Code<'d>>,
    faults: &mut Faults,
) -> (Campaign, bool) {
    let errors = faults.errors();
    let name = object.require("name", faults).and_then(|node| node.line(NAME_CHARS_MAX, faults));
    let status = status(object, faults);
    let currency = object.require("currency", faults).and_then(|node| known_currency(node, reading, faults));
    let zone = object.require("time_zone", faults).and_then(|node| zone(node, faults));
    let (zone, zone_name) = zone.unwrap_or((TimeZone::UTC, "UTC".into()));
    let flight = object.require("flight", faults).and_then(|node| flight(node, &zone, None, faults));
    if let Some(flight) = flight {
        check_ended(object, flight, status, reading, faults);
    }
    let budget = object.require("budget", faults).and_then(|node| campaign_budget(node, flight, faults));
    let pacing = object.get("pacing").and_then(|node| {
        let (pacing, pooled) = campaign_pacing(node, faults)?;
        if let (Some(budget), Some(flight)) = (budget, flight) {
            check_spree(node, &pacing, budget, flight, faults);
        }
        Some((pacing, pooled))
    });
    let (pacing, pooled) = pacing.unwrap_or_default();
    let learning = object.get("learning").and_then(|node| learning(node, faults));
    let holdout = object.get("holdout").and_then(|node| holdout(node, slug, faults));
    let costs = object.get("costs").and_then(|node| plan::costs(node, faults));
    // What is agreed with the advertiser holds where the campaign says nothing else.
    let agreed = || object.get("advertiser")?.peek("tax");
    let tax = object.get("tax").or_else(agreed);
    let tax = tax.and_then(|node| plan::tax(node, reading.surroundings, faults));
    let caps = object.get("frequency").map(|node| frequency(node, CapLevel::Campaign, flight, faults));
    let attribution = object.get("attribution").and_then(|node| plan::attribution(node, faults));
    let attribution = attribution.unwrap_or_else(plan::usual_attribution);
    let currency = currency.unwrap_or(Currency::EUR);
    let own_codes = codes(object, used, faults);
    let conversions = object
        .get("conversions")
        .map(|node| conversions(node, (currency, attribution), reading, used, faults));
    refuse_useless_codes(object, conversions.as_deref(), faults);
    let campaign = Campaign {
        id: CampaignId::from_slug(slug),
        slug: slug.into(),
        name: name.unwrap_or_default().into(),
        advertiser: 0,
        status: status.unwrap_or(Status::Paused),
        currency,
        zone,
        zone_name,
        flight: flight.unwrap_or(Flight { start: UnixMillis::default(), end: None }),
        budget: budget.unwrap_or_default(),
        pacing,
        pooled,
        learning: learning.unwrap_or_default(),
        holdout,
        costs: costs.unwrap_or_default(),
        tax: tax.unwrap_or_else(plan::no_tax),
        frequency: caps.unwrap_or_default(),
        attribution,
        conversions: conversions.unwrap_or_default(),
        codes: own_codes,
    };
    (campaign, faults.errors() == errors)
}

/// Codes of a campaign that declares no conversions.
fn refuse_useless_codes(object: Object<'_>, kinds: Option<&[ConversionType]>, faults: &mut Faults) {
    if let (Some(node), true) = (object.get("promo_codes"), kinds.is_none_or(<[_]>::is_empty)) {
        let fault = node.error("needs `conversions`: nothing could be booked by these codes");
        faults.push(fault.hint("add `\"conversions\": [{\"type\": \"purchase\"}]` to the campaign"));
    }
}

/// A currency that the table of rates knows.
pub(in crate::campaign::read) fn known_currency(
    node: Node<'_>,
    reading: Reading<'_>,
    faults: &mut Faults,
) -> Option<Currency> {
    let currency = currency(node, faults)?;
    let rates = reading.surroundings.rates;
    if rates.knows(currency) {
        return Some(currency);
    }
    let fault = node.error(format!("has no exchange rate, got {}", node.echo()));
    let known: Vec<String> = rates.currencies().map(|known| known.to_string()).collect();
    faults.refuse(fault.hint(format!("add it to the table of currencies, which has {}", known.join(", "))))
}

/// The elements of a list that must not be missing or empty.
fn some_list<'d>(object: Object<'d>, key: &str, faults: &mut Faults) -> Vec<Node<'d>> {
    let Some(node) = object.require(key, faults) else { return Vec::new() };
    let nodes = node.list(faults);
    if nodes.as_ref().is_some_and(Vec::is_empty) {
        faults.push(node.error("must not be an empty list"));
    }
    nodes.unwrap_or_default()
}

/// The ids of the objects, empty where there is none.
fn ids<'d>(nodes: &[Node<'d>], faults: &mut Faults) -> Vec<&'d str> {
    refuse_repeated_ids(nodes, faults);
    nodes.iter().map(|node| id_of(*node).map_or("", |(_, id)| id)).collect()
}

fn refuse_repeated_ids(nodes: &[Node<'_>], faults: &mut Faults) {
    let mut seen = HashMap::<&str, Node<'_>>::new();
    for (node, id) in nodes.iter().filter_map(|node| id_of(*node)) {
        if let Some(first) = seen.insert(id, node) {
            faults.push(node.error(format!("\"{id}\" is already used at {}", first.whereabouts())));
        }
    }
}

/// The `id` of an object whose faults are reported elsewhere.
fn id_of(node: Node<'_>) -> Option<(Node<'_>, &str)> {
    let id = node.peek("id")?;
    Some((id, id.peek_text()?))
}

fn warn_of_unused(creatives: &[Node<'_>], line_items: &[LineItem], faults: &mut Faults) {
    for (index, node) in creatives.iter().enumerate() {
        if !line_items.iter().any(|line_item| line_item.creatives.contains(&index)) {
            let fault = node.warning("is used by no line item");
            faults.push(fault.hint("name it in the `creatives` of a line item, or remove it"));
        }
    }
}
