//! What ids are called: a scene carries hashes, people want names.

use std::collections::HashMap;

use crate::campaign::{Attribute, Catalog};
use crate::targeting::Scene;
use crate::targeting::key::value_key;

/// The names by which rules call segments and exchanges. A request's own names are known besides.
#[derive(Debug, Clone, Default)]
pub struct Names {
    segments: HashMap<u64, String>,
    exchanges: HashMap<u64, String>,
}

impl Names {
    /// The names that stand in the rules of `catalog`.
    #[must_use]
    pub fn of(catalog: &Catalog) -> Self {
        let mut names = Self::default();
        for test in catalog.line_items.iter().flat_map(|line_item| line_item.targeting.tests()) {
            let known = match test.attribute {
                Attribute::Segment => &mut names.segments,
                Attribute::Exchange => &mut names.exchanges,
                _ => continue,
            };
            known.extend(test.values().map(|name| (value_key(test.attribute, name), name.to_owned())));
        }
        names
    }

    /// The same, and the exchanges of these names.
    #[must_use]
    pub fn with_exchanges<'n>(mut self, slugs: impl IntoIterator<Item = &'n str>) -> Self {
        let keyed = slugs.into_iter().map(|slug| (value_key(Attribute::Exchange, slug), slug.to_owned()));
        self.exchanges.extend(keyed);
        self
    }

    /// The name of the exchange that sent the request, if it is known.
    pub(super) fn exchange(&self, scene: &Scene<'_>) -> Option<&str> {
        let key = scene.value_keys(Attribute::Exchange).first()?;
        self.exchanges.get(key).map(String::as_str)
    }

    /// The segments that `scene` tells by name, each once, and how many it tells whose name nobody said.
    pub(super) fn segments(&self, scene: &Scene<'_>) -> (Vec<String>, usize) {
        let sent: HashMap<u64, String> = sent_segments(scene).collect();
        let (mut named, mut seen, mut nameless) = (Vec::new(), Vec::new(), 0);
        for key in scene.value_keys(Attribute::Segment) {
            if seen.contains(key) {
                continue;
            }
            seen.push(*key);
            match sent.get(key).or_else(|| self.segments.get(key)) {
                Some(name) => named.push(name.clone()),
                None => nameless += 1,
            }
        }
        (named, nameless)
    }
}

/// What the request calls its segments: by their ids, and by those of their providers.
fn sent_segments<'s>(scene: &Scene<'s>) -> impl Iterator<Item = (u64, String)> + use<'s> {
    let sent = scene.request().user.segments.iter();
    let names = sent.flat_map(|segment| {
        let scoped = segment.provider.map(|provider| format!("{provider}:{}", segment.id));
        std::iter::once(segment.id.to_owned()).chain(scoped)
    });
    names.map(|name| (value_key(Attribute::Segment, &name), name))
}
