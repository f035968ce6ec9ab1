//! The categories of a creative, in a taxonomy of the IAB.

use crate::document::{Faults, Node, suggestion};
use crate::taxonomy::{Coverage, Label, Taxonomy, categories};

/// Labels of one creative; the longest lists seen have five.
const LABELS_MAX: usize = 32;

/// The ids of the creative's categories as the taxonomy spells them, and what they mean to block lists.
///
/// Either a list of ids of Content 1.0, `["IAB8-18"]`, or a taxonomy with ids,
/// `{"taxonomy": "ad_product_2.0", "ids": ["1007"]}`.
pub(in crate::campaign) fn creative_categories(
    node: Node<'_>,
    faults: &mut Faults,
) -> Option<(Vec<String>, Coverage)> {
    let (taxonomy, list) = if node.is_object() {
        let object = node.object(&["taxonomy", "ids"], faults)?;
        let taxonomy = object.require("taxonomy", faults).and_then(|node| node.choice(&words(), faults));
        let list = object.require("ids", faults);
        (taxonomy?, list?)
    } else {
        (Taxonomy::Content1_0, node)
    };
    let nodes = list.list(faults)?;
    if nodes.len() > LABELS_MAX {
        return faults.refuse(list.error(format!("has more than {LABELS_MAX} categories")));
    }
    let labels: Vec<Option<Label>> = nodes.into_iter().map(|node| label(node, taxonomy, faults)).collect();
    let labels: Vec<Label> = labels.into_iter().collect::<Option<_>>()?;
    let ids = labels.iter().map(|label| label.id().to_string()).collect();
    Some((ids, Coverage::of(&labels)))
}

/// The taxonomies that an ad can be labelled in: not the Audience Taxonomy, which describes people.
fn words() -> Vec<(&'static str, Taxonomy)> {
    let of_ads = Taxonomy::ALL.into_iter().filter(|taxonomy| *taxonomy != Taxonomy::Audience1_1);
    of_ads.map(|taxonomy| (taxonomy.name(), taxonomy)).collect()
}

fn label(node: Node<'_>, taxonomy: Taxonomy, faults: &mut Faults) -> Option<Label> {
    let id = node.text(faults)?;
    Label::find(taxonomy, id).or_else(|| {
        let fault = node.error(format!("is not a category of {}, got {}", taxonomy.name(), node.echo()));
        faults.refuse(fault.hint(hint(taxonomy, id.trim())))
    })
}

/// What was meant: the category of that name or one like it, the same id in another taxonomy, or an example.
pub(in crate::campaign) fn hint(taxonomy: Taxonomy, written: &str) -> String {
    if let Some(name) = suggestion(written, categories(taxonomy).map(|(_, name)| name))
        && let Some((id, name)) = categories(taxonomy).find(|(_, known)| *known == name)
        && !written.bytes().all(|b| b.is_ascii_digit())
    {
        return format!("did you mean \"{id}\" ({name})?");
    }
    let elsewhere =
        [Taxonomy::Content1_0, Taxonomy::AdProduct2_0, Taxonomy::Content3_1, Taxonomy::Content2_2];
    let elsewhere = elsewhere.into_iter().find_map(|other| Label::find(other, written));
    if let Some(label) = elsewhere {
        return format!("\"{}\" is {} in {}", label.id(), label.name(), label.taxonomy().name());
    }
    let near =
        suggestion(written, categories(taxonomy).map(|(id, _)| id)).and_then(|id| Label::find(taxonomy, id));
    match near {
        Some(label) => format!("did you mean \"{}\" ({})?", label.id(), label.name()),
        None => match categories(taxonomy).next() {
            Some((id, name)) => format!("an id as \"{id}\" ({name})"),
            None => "an id of its table".to_string(),
        },
    }
}
