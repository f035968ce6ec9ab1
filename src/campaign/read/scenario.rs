//! Tax scenarios, as written: whether their parts fit together is for the tax room to say.

use crate::campaign::read::NAME_CHARS_MAX;
use crate::campaign::read::amount::percent;
use crate::campaign::read::clock::zone;
use crate::campaign::read::exchange::slug_of;
use crate::campaign::read::targeting::country;
use crate::document::{Document, Fault, Faults, Node, Object, Source};
use crate::ttf::{Evidence, Jurisdiction, RateRow, ScenarioSpec, TaxKind, Territory};
use crate::units::{Country, Day};

const KEYS: [&str; 6] = ["name", "source", "territories", "rates", "evidence", "fallback"];
const EVIDENCE: [(&str, Evidence); 6] = [
    ("advertiser", Evidence::Advertiser),
    ("buyer", Evidence::Buyer),
    ("exchange", Evidence::Exchange),
    ("viewer_device", Evidence::ViewerDevice),
    ("viewer_address", Evidence::ViewerAddress),
    ("viewer_home", Evidence::ViewerHome),
];

/// The scenario in `source`; its slug is the file's name without `.json`. `none` is built in.
pub fn read_scenario(source: &Source, faults: &mut Faults) -> Option<ScenarioSpec> {
    let slug = slug_of(source, faults).filter(|slug| *slug != "none");
    if source.stem() == "none" {
        let fault = Fault::of_file(&source.name, "the scenario `none` is built in");
        faults.push(fault.hint("give the file another name"));
    }
    let document = Document::parse(source, faults)?;
    let object = document.root().object(&KEYS, faults)?;
    let name = object.require("name", faults).and_then(|node| node.line(NAME_CHARS_MAX, faults));
    let origin = object.require("source", faults).and_then(|node| node.line(1_000, faults));
    let territories = every(object, "territories", faults, territory);
    let known: Vec<Jurisdiction> = territories.iter().flatten().map(|place| place.jurisdiction).collect();
    let rates = every(object, "rates", faults, |node, faults| rate(node, &known, faults));
    let evidence = every(object, "evidence", faults, |node, faults| node.choice(&EVIDENCE, faults));
    let fallback = object.get("fallback").map(|node| known_jurisdiction(node, &known, faults));
    Some(ScenarioSpec {
        slug: slug?.into(),
        name: name?.into(),
        source: origin?.into(),
        territories: territories?,
        rates: rates?,
        evidence: evidence?,
        fallback: fallback.flatten(),
    })
}

/// All elements of a required list, if all can be read.
fn every<'d, T>(
    object: Object<'d>,
    key: &str,
    faults: &mut Faults,
    read: impl Fn(Node<'d>, &mut Faults) -> Option<T>,
) -> Option<Vec<T>> {
    let nodes = object.require(key, faults)?.list(faults)?;
    let read: Vec<Option<T>> = nodes.into_iter().map(|node| read(node, faults)).collect();
    read.into_iter().collect()
}

fn territory(node: Node<'_>, faults: &mut Faults) -> Option<Territory> {
    let object = node.object(&["jurisdiction", "zone", "countries"], faults)?;
    let jurisdiction = object.require("jurisdiction", faults).and_then(|node| jurisdiction(node, faults));
    let zone = object.require("zone", faults).and_then(|node| zone(node, faults));
    let countries: Option<Vec<Country>> = every(object, "countries", faults, country);
    Some(Territory { jurisdiction: jurisdiction?, zone: zone?.1, countries: countries? })
}

/// A rate; `before` is the first day on which it is no longer in force.
fn rate(node: Node<'_>, known: &[Jurisdiction], faults: &mut Faults) -> Option<RateRow> {
    let object = node.object(&["jurisdiction", "kind", "percent", "from", "before"], faults)?;
    let jurisdiction = object.require("jurisdiction", faults);
    let jurisdiction = jurisdiction.and_then(|node| known_jurisdiction(node, known, faults));
    let words = [("ad_space", TaxKind::AdSpace), ("data", TaxKind::Data)];
    let kind = object.require("kind", faults).and_then(|node| node.choice(&words, faults));
    let rate = object.require("percent", faults).and_then(|node| percent(node, faults));
    let from = object.require("from", faults).and_then(|node| day(node, faults));
    let before = object.get("before").map(|node| day(node, faults));
    if let (Some(from), Some(Some(before)), Some(node)) = (from, before, object.get("before"))
        && before <= from
    {
        faults.push(node.error(format!("must be after `from`, got {}", node.echo())));
    }
    Some(RateRow {
        jurisdiction: jurisdiction?,
        kind: kind?,
        rate: rate?,
        valid_from: from?,
        valid_to: before.flatten(),
    })
}

fn jurisdiction(node: Node<'_>, faults: &mut Faults) -> Option<Jurisdiction> {
    let code = node.text(faults)?;
    Jurisdiction::from_code(code).or_else(|| {
        let fault = node.error(format!("is not a jurisdiction, got {}", node.echo()));
        faults.refuse(fault.hint("two capital letters, as `FR` or `EU`"))
    })
}

fn known_jurisdiction(node: Node<'_>, known: &[Jurisdiction], faults: &mut Faults) -> Option<Jurisdiction> {
    let jurisdiction = jurisdiction(node, faults)?;
    // Where no territory could be read, its own fault is enough.
    if known.is_empty() || known.contains(&jurisdiction) {
        return Some(jurisdiction);
    }
    faults.refuse(node.error(format!("is not among the `territories`, got {}", node.echo())))
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
