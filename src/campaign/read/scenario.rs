//! Tax scenarios, as written. Whether their parts fit together is for the tax room to say; here its faults are given
//! their places.

use crate::campaign::read::NAME_CHARS_MAX;
use crate::campaign::read::amount::percent;
use crate::campaign::read::clock::zone;
use crate::campaign::read::exchange::slug_of;
use crate::campaign::read::targeting::country;
use crate::document::{Document, Fault, Faults, Node, Object, Source};
use crate::ttf::{
    Conflict, Evidence, Exemption, ExemptionRule, Jurisdiction, RateRow, Residence, Scenario, ScenarioFault,
    ScenarioSpec, Step, TaxKind, Territory,
};
use crate::units::{AdvertiserId, CampaignId, Country, Day, ExchangeId, PublisherId};

const KEYS: [&str; 9] =
    ["name", "source", "territories", "rates", "exemptions", "evidence", "conflict", "residence", "fallback"];
const EVIDENCE: [(&str, Evidence); 7] = [
    ("advertiser", Evidence::Advertiser),
    ("buyer", Evidence::Buyer),
    ("seller", Evidence::Seller),
    ("exchange", Evidence::Exchange),
    ("viewer_device", Evidence::ViewerDevice),
    ("viewer_address", Evidence::ViewerAddress),
    ("viewer_home", Evidence::ViewerHome),
];
const KINDS: [(&str, TaxKind); 2] = [("ad_space", TaxKind::AdSpace), ("data", TaxKind::Data)];
const CONFLICTS: [(&str, Conflict); 4] =
    [("first", Conflict::First), ("max", Conflict::Max), ("sum", Conflict::Sum), ("split", Conflict::Split)];
const REASONS: [(&str, Exemption); 5] = [
    ("threshold", Exemption::Threshold),
    ("house_ad", Exemption::HouseAd),
    ("intra_group", Exemption::IntraGroup),
    ("public_interest", Exemption::PublicInterest),
    ("taxed_upstream", Exemption::TaxedUpstream),
];

/// The elements of a list that could be read, each with its index as written, and whether all could.
struct Rows<T> {
    read: Vec<(usize, T)>,
    all: bool,
}

impl<T> Rows<T> {
    fn values(self) -> Vec<T> {
        self.read.into_iter().map(|(_, value)| value).collect()
    }
}

/// The scenario in `source`, all of it checked; its slug is the file's name without `.json`. `none` is built in.
pub fn read_scenario(source: &Source, faults: &mut Faults) -> Option<ScenarioSpec> {
    let errors = faults.errors();
    let slug = slug_of(source, faults).filter(|slug| *slug != "none");
    if source.stem() == "none" {
        let fault = Fault::of_file(&source.name, "the scenario `none` is built in");
        faults.push(fault.hint("give the file another name"));
    }
    let document = Document::parse(source, faults)?;
    let object = document.root().object(&KEYS, faults)?;
    let name = object.require("name", faults).and_then(|node| node.line(NAME_CHARS_MAX, faults));
    let origin = object.require("source", faults).and_then(|node| node.line(1_000, faults));
    let territories = required(object, "territories", faults, territory);
    let rates = required(object, "rates", faults, rate);
    let exemptions = rows(object.get("exemptions"), faults, exemption);
    let evidence = required(object, "evidence", faults, |node, faults| node.choice(&EVIDENCE, faults));
    let conflict = object.get("conflict").map(|node| node.choice(&CONFLICTS, faults));
    let residence = object.get("residence").map(|node| residence(node, faults));
    let fallback = object.get("fallback").map(|node| jurisdiction(node, faults));
    let written = [
        ("territories", indices(&territories)),
        ("rates", indices(&rates)),
        ("exemptions", indices(&exemptions)),
        ("evidence", indices(&evidence)),
    ];
    let is_known = territories.all;
    let spec = ScenarioSpec {
        slug: slug.unwrap_or_default().into(),
        name: name.unwrap_or_default().into(),
        source: origin.unwrap_or_default().into(),
        territories: territories.values(),
        rates: rates.values(),
        exemptions: exemptions.values(),
        // What could not be read may decide.
        fallback: fallback.flatten(),
        conflict: conflict.flatten().unwrap_or_default(),
        residence: residence.flatten().unwrap_or_default(),
        evidence: evidence.values(),
    };
    let may_say_more = faults.errors() > errors;
    for fault in Scenario::new(spec.clone()).err().into_iter().flatten() {
        if may_say_more && follows(&fault, is_known) {
            continue;
        }
        let fault = fault.as_written(|list, at| {
            let own = written.iter().find(|(name, _)| *name == list);
            own.and_then(|(_, indices)| indices.get(at).copied()).unwrap_or(at)
        });
        faults.push(placed(&fault, document.root()));
    }
    (faults.errors() == errors).then_some(spec)
}

/// True if a fault may only be one because something else could not be read.
fn follows(fault: &ScenarioFault, is_known: bool) -> bool {
    match fault {
        ScenarioFault::NothingDecides { .. }
        | ScenarioFault::NobodyTells { .. }
        | ScenarioFault::NoneTaxes { .. } => true,
        ScenarioFault::RateWithoutTerritory { .. }
        | ScenarioFault::ExemptionWithoutTerritory { .. }
        | ScenarioFault::FallbackWithoutTerritory { .. } => !is_known,
        _ => false,
    }
}

/// A fault of the whole, at its place in the file.
fn placed(fault: &ScenarioFault, root: Node<'_>) -> Fault {
    let mut node = root;
    for step in fault.place() {
        let next = match step {
            Step::Key(key) => node.peek(key),
            Step::At(at) => node.list(&mut Faults::new()).and_then(|nodes| nodes.get(at).copied()),
        };
        // Of what is not written the fault is where it would be.
        let Some(next) = next else { break };
        node = next;
    }
    node.error(fault.problem()).hint(fault.remedy())
}

fn indices<T>(rows: &Rows<T>) -> Vec<usize> {
    rows.read.iter().map(|(index, _)| *index).collect()
}

fn required<'d, T>(
    object: Object<'d>,
    key: &str,
    faults: &mut Faults,
    read: impl Fn(Node<'d>, &mut Faults) -> Option<T>,
) -> Rows<T> {
    let node = object.require(key, faults);
    let mut rows = rows(node, faults, read);
    rows.all &= node.is_some();
    rows
}

/// All elements of a list that can be read.
fn rows<'d, T>(
    node: Option<Node<'d>>,
    faults: &mut Faults,
    read: impl Fn(Node<'d>, &mut Faults) -> Option<T>,
) -> Rows<T> {
    let Some(node) = node else { return Rows { read: Vec::new(), all: true } };
    let Some(nodes) = node.list(faults) else { return Rows { read: Vec::new(), all: false } };
    let count = nodes.len();
    let read = nodes.into_iter().enumerate().filter_map(|(index, node)| Some((index, read(node, faults)?)));
    let read: Vec<_> = read.collect();
    Rows { all: read.len() == count, read }
}

/// A territory; what of it cannot be read is left out, for its rates must find it.
fn territory(node: Node<'_>, faults: &mut Faults) -> Option<Territory> {
    let object = node.object(&["jurisdiction", "zone", "countries"], faults)?;
    let jurisdiction = object.require("jurisdiction", faults).and_then(|node| jurisdiction(node, faults));
    let zone = object.require("zone", faults).and_then(|node| zone(node, faults));
    let countries: Rows<Country> = required(object, "countries", faults, country);
    Some(Territory {
        jurisdiction: jurisdiction?,
        zone: zone.map_or_else(|| "UTC".into(), |(_, name)| name),
        // Their indices would not be those of the file.
        countries: if countries.all { countries.values() } else { Vec::new() },
    })
}

/// A rate; `before` is the first day on which it is no longer in force, `known_from` the first on which it is known.
fn rate(node: Node<'_>, faults: &mut Faults) -> Option<RateRow> {
    let keys = ["jurisdiction", "kind", "percent", "from", "before", "known_from"];
    let object = node.object(&keys, faults)?;
    let jurisdiction = object.require("jurisdiction", faults).and_then(|node| jurisdiction(node, faults));
    let kind = object.require("kind", faults).and_then(|node| node.choice(&KINDS, faults));
    let rate = object.require("percent", faults).and_then(|node| percent(node, faults));
    let from = object.require("from", faults).and_then(|node| day(node, faults));
    let [before, known_from] = ["before", "known_from"].map(|key| optional_day(object, key, faults));
    Some(RateRow {
        jurisdiction: jurisdiction?,
        kind: kind?,
        rate: rate?,
        valid_from: from?,
        valid_to: before?,
        known_from: known_from?,
    })
}

/// `{"reason": "public_interest", "advertisers": ["red-cross"], "from": "2026-01-01"}`.
fn exemption(node: Node<'_>, faults: &mut Faults) -> Option<ExemptionRule> {
    let keys =
        ["reason", "jurisdictions", "kinds", "advertisers", "campaigns", "exchanges", "from", "before"];
    let object = node.object(&keys, faults)?;
    let reason = object.require("reason", faults).and_then(|node| node.choice(&REASONS, faults));
    let jurisdictions = some(object, "jurisdictions", faults, jurisdiction);
    let kinds = some(object, "kinds", faults, |node, faults| node.choice(&KINDS, faults));
    let mut slugs = |key| some(object, key, faults, |node, faults| node.slug(faults));
    let [advertisers, campaigns, exchanges] = ["advertisers", "campaigns", "exchanges"].map(&mut slugs);
    let [from, before] = ["from", "before"].map(|key| optional_day(object, key, faults));
    Some(ExemptionRule {
        reason: reason?,
        jurisdictions: jurisdictions?,
        kinds: kinds?,
        advertisers: advertisers?.into_iter().map(AdvertiserId::from_slug).collect(),
        campaigns: campaigns?.into_iter().map(CampaignId::from_slug).collect(),
        exchanges: exchanges?.into_iter().map(ExchangeId::from_slug).collect(),
        valid_from: from?,
        valid_to: before?,
    })
}

/// A list that may be missing, but if it is there names something.
fn some<'d, T>(
    object: Object<'d>,
    key: &str,
    faults: &mut Faults,
    read: impl Fn(Node<'d>, &mut Faults) -> Option<T>,
) -> Option<Vec<T>> {
    let Some(node) = object.get(key) else { return Some(Vec::new()) };
    let rows = rows(Some(node), faults, read);
    if rows.all && rows.read.is_empty() {
        let fault = node.error("must not be an empty list");
        return faults.refuse(fault.hint("leave it out where it is the same for all"));
    }
    rows.all.then(|| rows.values())
}

/// `{"buyer": "FR", "exchanges": {"generic": "US"}, "sellers": {"news.example": "FR"}}`.
fn residence(node: Node<'_>, faults: &mut Faults) -> Option<Residence> {
    let object = node.object(&["buyer", "exchanges", "sellers"], faults)?;
    let buyer = object.get("buyer").map(|node| country(node, faults));
    let mut of_each = |key| {
        let named = object
            .get(key)
            .map(|node| node.each_value(faults, |node, name, faults| Some((name, country(node, faults)?))));
        named.flatten().unwrap_or_default()
    };
    let [exchanges, sellers] = ["exchanges", "sellers"].map(&mut of_each);
    Some(Residence {
        buyer: buyer.flatten(),
        exchanges: exchanges.into_iter().map(|(slug, at)| (ExchangeId::from_slug(slug), at)).collect(),
        sellers: sellers.into_iter().map(|(name, at)| (PublisherId::from_slug(name), at)).collect(),
    })
}

fn jurisdiction(node: Node<'_>, faults: &mut Faults) -> Option<Jurisdiction> {
    let code = node.text(faults)?;
    Jurisdiction::from_code(code).or_else(|| {
        let fault = node.error(format!("is not a jurisdiction, got {}", node.echo()));
        faults.refuse(fault.hint("two capital letters, as `FR` or `EU`"))
    })
}

/// `None` if what is there is no day.
fn optional_day(object: Object<'_>, key: &str, faults: &mut Faults) -> Option<Option<Day>> {
    object.get(key).map_or(Some(None), |node| day(node, faults).map(Some))
}

/// A date, as `2026-01-31`.
pub(in crate::campaign) fn day(node: Node<'_>, faults: &mut Faults) -> Option<Day> {
    let text = node.text(faults)?;
    let date = text.parse::<jiff::civil::Date>().ok().filter(|_| text.len() == "2026-01-31".len());
    let day = date.map(|date| Day::from_civil(date.year().into(), date.month().into(), date.day().into()));
    day.or_else(|| {
        let fault = node.error(format!("is not a date, got {}", node.echo()));
        faults.refuse(fault.hint("as `2026-01-31`"))
    })
}
