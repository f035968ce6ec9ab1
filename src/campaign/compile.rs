//! From files to the catalog: what only shows when all files are seen together.

use std::collections::HashMap;

use crate::audience::Definitions;
use crate::campaign::read::{Draft, Parts, Reading, Shelf, Surroundings, read_campaign};
use crate::campaign::{Advertiser, Arm, Catalog, FrequencyCap, LineItem};
use crate::document::{Document, Fault, Faults, Node, Source};
use crate::units::UnixMillis;

/// What a set of campaign files compiles to.
#[derive(Debug, Clone)]
pub struct Compilation {
    /// `None` if there is any error.
    pub catalog: Option<Catalog>,
    /// By file and place.
    pub faults: Vec<Fault>,
    /// Campaigns in the files, readable or not.
    pub campaigns: usize,
    /// Line items in the files, readable or not.
    pub line_items: usize,
    /// The files of lists that no rule names.
    pub unnamed_lists: Vec<String>,
}

/// The catalog of `sources`, one campaign a file, and every fault in them.
///
/// `now` decides only which flights have ended, which is a warning.
#[must_use]
pub fn compile(sources: &[Source], surroundings: Surroundings<'_>, now: UnixMillis) -> Compilation {
    let mut faults = Faults::new();
    let documents: Vec<Document<'_>> =
        sources.iter().filter_map(|source| Document::parse(source, &mut faults)).collect();
    let shelf = Shelf::new(surroundings.lists);
    let reading = Reading { surroundings, now, advertiser: "", shelf: &shelf };
    let drafts: Vec<Draft<'_>> =
        documents.iter().filter_map(|document| read_campaign(document, reading, &mut faults)).collect();
    refuse_repeated_campaigns(&drafts, &mut faults);
    refuse_contradicting_advertisers(&drafts, &mut faults);
    refuse_repeated_codes(&drafts, &mut faults);
    let line_items = drafts.iter().map(|draft| draft.line_items).sum();
    let catalog = (faults.errors() == 0).then(|| assemble(drafts, surroundings.audiences.clone()));
    let catalog = catalog.filter(|catalog| {
        let twins = twins(catalog);
        for (a, b) in &twins {
            let message = format!("`{a}` and `{b}` have the same 64-bit id");
            let fault = Fault::of_file(sources.first().map_or("", |source| &source.name), message);
            faults.push(fault.hint("change one of the two names"));
        }
        twins.is_empty()
    });
    let unnamed_lists = shelf.unnamed();
    Compilation { catalog, faults: faults.into_vec(), campaigns: sources.len(), line_items, unnamed_lists }
}

fn refuse_repeated_campaigns(drafts: &[Draft<'_>], faults: &mut Faults) {
    let mut seen: HashMap<&str, Node<'_>> = HashMap::new();
    for (node, slug) in drafts.iter().filter_map(|draft| draft.id) {
        match seen.get(slug) {
            Some(first) => {
                let fault = node.error(format!("\"{slug}\" is already used at {}", first.whereabouts()));
                faults.push(fault.hint("one file is one campaign, and its `id` is its own"));
            }
            None => {
                seen.insert(slug, node);
            }
        }
    }
}

/// A code leads to one campaign of its advertiser.
fn refuse_repeated_codes(drafts: &[Draft<'_>], faults: &mut Faults) {
    let mut seen: HashMap<(&str, &str), Node<'_>> = HashMap::new();
    for draft in drafts {
        let advertiser = draft.advertiser.as_ref().map_or("", |(_, advertiser)| &advertiser.slug);
        for (node, code) in &draft.codes {
            match seen.get(&(advertiser, code.as_str())) {
                Some(first) => {
                    let place = first.whereabouts();
                    let fault = node.error(format!("\"{code}\" is already used at {place}"));
                    faults.push(fault.hint(
                        "a promo code is of one campaign, or of one type of it: remove one of the two",
                    ));
                }
                None => {
                    seen.insert((advertiser, code), *node);
                }
            }
        }
    }
}

fn refuse_contradicting_advertisers(drafts: &[Draft<'_>], faults: &mut Faults) {
    let mut seen: HashMap<&str, (&Node<'_>, &Advertiser)> = HashMap::new();
    for (node, advertiser) in drafts.iter().filter_map(|draft| draft.advertiser.as_ref()) {
        let Some((first_node, first)) = seen.get(advertiser.slug.as_str()) else {
            seen.insert(&advertiser.slug, (node, advertiser));
            continue;
        };
        let differences = [
            ("name", first.name != advertiser.name),
            ("domain", first.domain != advertiser.domain),
            ("country", first.country != advertiser.country),
            ("transparency", first.transparency != advertiser.transparency),
            ("frequency", in_order(&first.frequency) != in_order(&advertiser.frequency)),
        ];
        if let Some((key, _)) = differences.into_iter().find(|(_, differs)| *differs) {
            let problem =
                format!("\"{}\" has another `{key}` than at {}", advertiser.slug, first_node.whereabouts());
            faults.push(node.error(problem).hint("give both the same data, or another `id`"));
        }
    }
}

/// The same caps, however they were laid out.
fn in_order(caps: &[FrequencyCap]) -> Vec<FrequencyCap> {
    let mut caps = caps.to_vec();
    caps.sort_unstable();
    caps
}

/// The catalog of error-free drafts.
fn assemble(drafts: Vec<Draft<'_>>, audiences: Definitions) -> Catalog {
    let mut advertisers: Vec<Advertiser> = Vec::new();
    let mut whole: Vec<(Parts, String)> = Vec::new();
    for draft in drafts {
        if let (Some((_, advertiser)), Some(parts)) = (draft.advertiser, draft.parts) {
            whole.push((parts, advertiser.slug.clone()));
            advertisers.push(advertiser);
        }
    }
    advertisers.sort_by(|a, b| a.slug.cmp(&b.slug));
    advertisers.dedup_by(|a, b| a.slug == b.slug);
    whole.sort_by(|(a, _), (b, _)| a.campaign.slug.cmp(&b.campaign.slug));
    let mut catalog = Catalog { advertisers, audiences, ..Catalog::default() };
    for (mut parts, advertiser) in whole {
        let campaign = catalog.campaigns.len();
        let first_creative = catalog.creatives.len();
        parts.campaign.advertiser = catalog
            .advertisers
            .binary_search_by(|known| known.slug.cmp(&advertiser))
            .expect("every draft's advertiser was collected");
        catalog.campaigns.push(parts.campaign);
        for mut creative in parts.creatives {
            creative.campaign = campaign;
            catalog.creatives.push(creative);
        }
        for mut line_item in parts.line_items {
            line_item.campaign = campaign;
            let of_arms = line_item.arms.iter_mut().filter_map(|arm| arm.creatives.as_mut());
            for creative in of_arms.flatten().chain(&mut line_item.creatives) {
                *creative += first_creative;
            }
            catalog.line_items.push(line_item);
        }
    }
    catalog
}

/// Pairs of different names with the same id.
fn twins(catalog: &Catalog) -> Vec<(String, String)> {
    let slug_of = |campaign: usize| &catalog.campaigns[campaign].slug;
    let mut twins = Vec::new();
    twins.extend(collisions(catalog.advertisers.iter().map(|a| (a.id.raw(), a.slug.clone()))));
    twins.extend(collisions(catalog.campaigns.iter().map(|c| (c.id.raw(), c.slug.clone()))));
    let line_items = catalog.line_items.iter();
    twins.extend(collisions(line_items.map(|l| (l.id.raw(), format!("{}/{}", slug_of(l.campaign), l.slug)))));
    let arms = catalog.line_items.iter().flat_map(|l| l.arms.iter().map(move |arm| (l, arm)));
    let name = |l: &LineItem, arm: &Arm| format!("{}/{}/{}", slug_of(l.campaign), l.slug, arm.slug);
    twins.extend(collisions(arms.map(|(l, arm)| (arm.id.raw(), name(l, arm)))));
    twins.extend(collisions(catalog.creatives.iter().map(|c| (c.id.raw(), c.crid.clone()))));
    twins
}

fn collisions(named: impl Iterator<Item = (u64, String)>) -> Vec<(String, String)> {
    let mut seen: HashMap<u64, String> = HashMap::new();
    let mut collisions = Vec::new();
    for (id, name) in named {
        match seen.get(&id) {
            Some(first) if *first != name => collisions.push((first.clone(), name)),
            Some(_) => {}
            None => {
                seen.insert(id, name);
            }
        }
    }
    collisions
}

#[cfg(test)]
mod tests {
    use super::collisions;

    #[test]
    fn two_names_with_one_id_are_found() {
        let named = [(1, "a"), (2, "b"), (1, "c"), (2, "b")];
        let found = collisions(named.into_iter().map(|(id, name)| (id, name.to_string())));
        assert_eq!(found, [("a".to_string(), "c".to_string())]);
    }
}
