//! Line items.

use crate::campaign::read::amount::price;
use crate::campaign::read::budget::line_item_budget;
use crate::campaign::read::clock::{flight, within};
use crate::campaign::read::experiment::{Tested, arms};
use crate::campaign::read::frequency::frequency;
use crate::campaign::read::goal::{Around, goal};
use crate::campaign::read::modifiers;
use crate::campaign::read::pacing::line_item_pacing;
use crate::campaign::read::reach::{check_formats, check_satisfiable};
use crate::campaign::read::targeting::{rule, segments};
use crate::campaign::read::{NAME_CHARS_MAX, Reading};
use crate::campaign::{
    AgreedDeal, Campaign, CapLevel, Flight, FormatKind, Goal, LineItem, Pacing, Rule, Status,
};
use crate::document::{Faults, Node, Object, suggestion};
use crate::units::{Cpm, LineItemId};

const KEYS: [&str; 14] = [
    "id",
    "name",
    "status",
    "flight",
    "budget",
    "pacing",
    "goal",
    "targeting",
    "modifiers",
    "frequency",
    "deals",
    "data_cpm",
    "creatives",
    "arms",
];
/// Segments beyond which more of them bring little: the returns fall, the price does not.
const SEGMENTS_USEFUL: usize = 10;

/// What a line item takes from its campaign.
#[derive(Clone, Copy)]
pub(in crate::campaign) struct Outer<'a> {
    pub campaign: &'a Campaign,
    /// The ids of its creatives in the order of the file, faulty ones too.
    pub creatives: &'a [&'a str],
    /// Their formats, `None` for faulty ones.
    pub formats: &'a [Option<FormatKind>],
    /// True if the file says how long after a click a conversion counts.
    pub says_click_window: bool,
    pub reading: Reading<'a>,
}

/// The line item here; its indices count within the file, and are moved to the catalog's later.
pub(in crate::campaign) fn line_item(
    node: Node<'_>,
    outer: Outer<'_>,
    faults: &mut Faults,
) -> Option<LineItem> {
    let (campaign, reading) = (outer.campaign, outer.reading);
    let object = node.object(&KEYS, faults)?;
    let slug = object.require("id", faults).and_then(|node| node.slug(faults));
    let name = object.get("name").map(|node| node.line(NAME_CHARS_MAX, faults));
    let status = status(object, faults);
    let flight = own_flight(object, outer, faults);
    let budget = object.get("budget");
    let budget =
        budget.map(|node| line_item_budget(node, flight, campaign.budget, faults)).unwrap_or_default();
    let pacing = object.get("pacing");
    let pacing = pacing.map_or(Some(campaign.pacing.clone()), |node| line_item_pacing(node, faults));
    let is_rushed = campaign.pacing == Pacing::Asap && pacing == Some(Pacing::Asap);
    let around = Around { campaign, flight, is_rushed, says_click_window: outer.says_click_window, reading };
    let goal = object.require("goal", faults).and_then(|node| goal(node, around, faults));
    let targeting = object.get("targeting");
    let targeting = targeting.map_or(Some(Rule::All(Vec::new())), |node| rule(node, reading, faults));
    let modifiers = object.get("modifiers");
    let modifiers = modifiers.map_or(Some(Vec::new()), |node| modifiers::modifiers(node, reading, faults));
    let caps = object.get("frequency").map(|node| frequency(node, CapLevel::LineItem, flight, faults));
    let data_cpm = object.get("data_cpm").map_or(Some(Cpm::ZERO), |node| price(node, faults));
    let deals = deals(object, faults);
    let creatives = creatives(object, outer.creatives, faults);
    let arms = object.get("arms").map_or(Some(Vec::new()), |node| {
        let own = creatives.as_deref().unwrap_or_default();
        let item = slug.unwrap_or_default();
        arms(node, Tested { campaign: &campaign.slug, item, own, known: outer.creatives }, faults)
    });
    if let (Some(node), Some(rule)) = (object.get("targeting"), &targeting) {
        let own = creatives.iter().flatten().filter_map(|index| *outer.formats.get(*index)?);
        check_satisfiable(node, rule, faults);
        check_formats(node, rule, &own.collect(), faults);
    }
    if let (Some(targeting), Some(data_cpm)) = (&targeting, data_cpm) {
        check_data(object, targeting, data_cpm, goal.map(|(goal, ..)| goal), faults);
    }
    let (slug, (goal, goal_window, vouched)) = (slug?, goal?);
    Some(LineItem {
        id: LineItemId::from_slug(&format!("{}/{slug}", campaign.slug)),
        slug: slug.into(),
        name: name.flatten().unwrap_or(slug).into(),
        campaign: 0,
        status: status?,
        flight: flight?,
        budget,
        pacing: pacing?,
        goal,
        goal_window,
        vouched,
        targeting: targeting?,
        modifiers: modifiers?,
        frequency: caps.unwrap_or_default(),
        deals,
        data_cpm: data_cpm?,
        creatives: creatives?,
        arms: arms?,
    })
}

/// `active`, which is the default, or `paused`.
pub(in crate::campaign) fn status(object: Object<'_>, faults: &mut Faults) -> Option<Status> {
    let words = [("active", Status::Active), ("paused", Status::Paused)];
    object.get("status").map_or(Some(Status::Active), |node| node.choice(&words, faults))
}

/// A warning if an active thing's flight is over.
pub(in crate::campaign) fn check_ended(
    object: Object<'_>,
    flight: Flight,
    status: Option<Status>,
    reading: Reading<'_>,
    faults: &mut Faults,
) {
    let node = object.get("flight").unwrap_or(object.node());
    if status == Some(Status::Active) && flight.end.is_some_and(|end| end <= reading.now) {
        let fault = node.warning("has ended: nothing will be bid");
        faults.push(fault.hint("extend its `end`, or set `\"status\": \"paused\"`"));
    }
}

fn own_flight(object: Object<'_>, outer: Outer<'_>, faults: &mut Faults) -> Option<Flight> {
    let campaign = outer.campaign;
    let Some(node) = object.get("flight") else { return Some(campaign.flight) };
    let own = flight(node, &campaign.zone, Some(campaign.flight), faults)?;
    let cut = within(node, own, campaign.flight, faults)?;
    // The campaign's own end is reported there.
    if cut.end != campaign.flight.end {
        check_ended(object, cut, Some(campaign.status), outer.reading, faults);
    }
    Some(cut)
}

fn deals(object: Object<'_>, faults: &mut Faults) -> Vec<AgreedDeal> {
    let Some(node) = object.get("deals") else { return Vec::new() };
    let nodes = node.one_or_more(faults).unwrap_or_default();
    nodes.into_iter().filter_map(|node| node.line(256, faults)).map(AgreedDeal::new).collect()
}

/// Indices into the campaign's creatives: those named, else all.
fn creatives(object: Object<'_>, known: &[&str], faults: &mut Faults) -> Option<Vec<usize>> {
    let Some(node) = object.get("creatives") else { return Some((0..known.len()).collect()) };
    named_creatives(node, known, faults)
}

/// Indices into the campaign's creatives, whose ids are `known`, of those that are named here.
pub(in crate::campaign) fn named_creatives(
    node: Node<'_>,
    known: &[&str],
    faults: &mut Faults,
) -> Option<Vec<usize>> {
    let mut indices = Vec::new();
    for node in node.one_or_more(faults)? {
        let Some(slug) = node.text(faults) else { continue };
        match known.iter().position(|known| *known == slug) {
            Some(index) if indices.contains(&index) => {
                faults.push(node.error(format!("is given twice: {}", node.echo())));
            }
            Some(index) => indices.push(index),
            None => {
                let fault = node.error(format!("is not a creative of this campaign, got {}", node.echo()));
                faults.push(match suggestion(slug, known.iter().copied()) {
                    Some(near) => fault.hint(format!("did you mean `{near}`?")),
                    None => fault.hint(format!("its creatives: {}", known.join(", "))),
                });
            }
        }
    }
    Some(indices)
}

/// The lints of paid data and segments.
fn check_data(object: Object<'_>, targeting: &Rule, data_cpm: Cpm, goal: Option<Goal>, faults: &mut Faults) {
    let count = segments(targeting);
    if count > SEGMENTS_USEFUL
        && let Some(node) = object.get("targeting")
    {
        let fault = node.warning(format!("names {count} segments: beyond {SEGMENTS_USEFUL} returns fall"));
        faults.push(fault.hint("keep the best ones, or make several line items"));
    }
    let Some(node) = object.get("data_cpm") else { return };
    if count == 0 {
        faults.push(node.warning("pays for data, but no segment is targeted").hint("remove it"));
    }
    if let Some(Goal::Cpm(price) | Goal::MaxConversions { ceiling: price, .. }) = goal
        && data_cpm >= price
    {
        let problem = format!("leaves nothing for media: {data_cpm} of {price}");
        faults.push(node.error(problem).hint("raise the goal, or use cheaper data"));
    }
}
