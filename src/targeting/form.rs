//! A compiled rule as others read it: for designs of an index that ours is measured against.

use crate::campaign::Attribute;
use crate::targeting::CompiledRule;
use crate::targeting::rule::Node;

/// A rule, in which what is not told is a key like any other.
#[derive(Debug, Clone)]
pub enum Form<'r> {
    /// Holds if all of these do.
    All(Vec<Self>),
    /// Holds if one of these does.
    Any(Vec<Self>),
    /// Holds if the scene has one of some keys, or if it has none of them.
    Has {
        /// What the keys are of.
        attribute: Attribute,
        /// The keys, sorted, each once.
        keys: &'r [u64],
        /// That the attribute is not told counts as one of the keys.
        untold: bool,
        /// Holds if the scene has none of them.
        negative: bool,
    },
}

impl CompiledRule {
    /// The rule in that form.
    #[must_use]
    pub fn form(&self) -> Form<'_> {
        form(self.root())
    }
}

fn form(node: &Node) -> Form<'_> {
    match node {
        Node::All(parts) => Form::All(parts.iter().map(form).collect()),
        Node::Any(parts) => Form::Any(parts.iter().map(form).collect()),
        Node::Leaf(leaf) => Form::Has {
            attribute: leaf.attribute,
            keys: leaf.values.as_slice(),
            untold: leaf.counts_untold(),
            negative: leaf.negated,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::Form;
    use crate::targeting::fixture::{NOW, Random, random_catalog, random_person, random_request};
    use crate::targeting::{CompiledRule, Known, Scene, Vocabulary};
    use crate::units::ExchangeId;

    fn holds(form: &Form<'_>, scene: &Scene<'_>) -> bool {
        match form {
            Form::All(parts) => parts.iter().all(|part| holds(part, scene)),
            Form::Any(parts) => parts.iter().any(|part| holds(part, scene)),
            Form::Has { attribute, keys, untold, negative } => {
                let has = scene.keys(*attribute).iter().any(|key| keys.contains(key));
                (has || *untold && !scene.tells(*attribute)) != *negative
            }
        }
    }

    #[test]
    fn a_rule_and_its_form_hold_in_the_same_scenes() {
        println!("seed 8");
        let random = &mut Random::from_seed(8);
        let catalog = random_catalog(random, 500);
        let vocabulary = Vocabulary::of(&catalog);
        for _ in 0..50 {
            let (request, person) = (random_request(random), random_person(random));
            let known = Known { person: person.as_ref(), precise: true, ..Known::default() };
            let mut scene = Scene::of(&vocabulary, &request, ExchangeId::from_slug("adx"), known, NOW);
            scene.look_at(&request.imp[0]);
            for line_item in &catalog.line_items {
                let rule = CompiledRule::of_line_item(&catalog, line_item);
                assert_eq!(holds(&rule.form(), &scene), rule.holds(&scene), "{:?}", line_item.targeting);
            }
        }
    }
}
