//! What a rule asks of people's behaviour, always at the campaign's own advertiser: events, stages, classes, intents.
//!
//! Everything named must be in the advertiser's audience definition.

use crate::audience::{Definition, EventCount, RfmRange};
use crate::campaign::read::Reading;
use crate::campaign::read::targeting::values;
use crate::campaign::rule::{Attribute, Wanted};
use crate::document::{Fault, Faults, Node, suggestion};
use crate::units::AdvertiserId;

/// What `attribute` (`event`, `stage`, `rfm` or `intent`) must be.
pub(in crate::campaign) fn behaviour(
    attribute: Attribute,
    node: Node<'_>,
    reading: Reading<'_>,
    faults: &mut Faults,
) -> Option<Wanted> {
    let definition = definition(node, reading, faults)?;
    let names: Vec<&str> = match attribute {
        Attribute::Event => {
            let count = EventCount::read(node, definition.words(), faults)?;
            return Some(Wanted::Happened(Box::new(count)));
        }
        Attribute::Rfm if definition.rfm.is_none() => {
            return faults.refuse(undefined(node, reading, "rfm", "{}"));
        }
        Attribute::Rfm if node.is_object() => {
            let object = node.object(&["recency", "frequency", "monetary"], faults)?;
            if object.entries().next().is_none() {
                let fault = node.error("must name `recency`, `frequency` or `monetary`");
                return faults.refuse(fault.hint("as `{\"recency\": [4, 5], \"monetary\": 5}`"));
            }
            return Some(Wanted::Scored(RfmRange::read(object, faults)?));
        }
        Attribute::Rfm => definition.class_names().collect(),
        Attribute::Stage => definition.stage_names().collect(),
        _ if definition.intents.is_empty() => {
            let example = "[{\"name\": ..., \"topics\": ..., \"within\": \"14d\"}]";
            return faults.refuse(undefined(node, reading, "intents", example));
        }
        _ => definition.intent_names().collect(),
    };
    let named = values(node, faults, |node, faults| name(attribute, node, &names, reading, faults))?;
    Some(Wanted::one_of(named))
}

/// Refuses a question about points where the advertiser gives none.
pub(in crate::campaign) fn asks_of_points(
    node: Node<'_>,
    reading: Reading<'_>,
    faults: &mut Faults,
) -> Option<()> {
    match &definition(node, reading, faults)?.lead_score {
        Some(_) => Some(()),
        None => faults.refuse(undefined(node, reading, "lead_score", "{\"points\": {...}}")),
    }
}

/// The definition of the campaign's advertiser.
fn definition<'r>(node: Node<'_>, reading: Reading<'r>, faults: &mut Faults) -> Option<&'r Definition> {
    let audiences = reading.surroundings.audiences;
    let found = audiences.of(AdvertiserId::from_slug(reading.advertiser));
    if found.is_none() && !audiences.is_partial() {
        let advertiser = reading.advertiser;
        let problem = format!("asks what people did at `{advertiser}`, which has no audience definition");
        let remedy = format!(
            "write one to the folder of `--audiences`: {{\"advertiser\": \"{advertiser}\", \"events\": [...]}}"
        );
        faults.push(node.error(problem).hint(remedy));
    }
    // One that could not be read has its own faults.
    found
}

/// One of `names`.
fn name(
    attribute: Attribute,
    node: Node<'_>,
    names: &[&str],
    reading: Reading<'_>,
    faults: &mut Faults,
) -> Option<String> {
    let name = node.text(faults)?;
    if names.contains(&name) {
        return Some(name.to_owned());
    }
    let what = if attribute == Attribute::Rfm { "class" } else { attribute.name() };
    let problem =
        format!("is no {what} in the audience definition of `{}`, got {}", reading.advertiser, node.echo());
    faults.refuse(match suggestion(name, names.iter().copied()) {
        Some(near) => node.error(problem).hint(format!("did you mean `{near}`?")),
        None => node.error(problem).hint(format!("it has {}", names.join(", "))),
    })
}

/// That the definition lacks the part that is asked of.
fn undefined(node: Node<'_>, reading: Reading<'_>, part: &str, example: &str) -> Fault {
    let problem =
        format!("asks of `{part}`, which the audience definition of `{}` does not have", reading.advertiser);
    node.error(problem).hint(format!("add `\"{part}\": {example}` to it"))
}
