//! From the rule language to a [`CompiledRule`](crate::targeting::CompiledRule): off the bid path.

use crate::campaign::{Attribute, Catalog, CreativeContent, FormatKind, LineItem, Rule, Test, Wanted};
use crate::targeting::key::{circle_key, hour_keys, range_key, value_key};
use crate::targeting::rule::{Leaf, Node};
use crate::targeting::values::Values;

/// Whose rule it is: what its words mean may depend on the campaign.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'c> {
    /// The name of the zone whose hours a daypart means.
    pub zone_name: &'c str,
}

impl<'c> Asker<'c> {
    /// The campaign of a line item.
    #[must_use]
    pub fn of(catalog: &'c Catalog, line_item: &LineItem) -> Self {
        Self { zone_name: &catalog.campaigns[line_item.campaign].zone_name }
    }
}

/// All that must hold for `line_item`, as one rule: the formats of its creatives, its deals if it has any, and
/// its targeting.
#[must_use]
pub fn line_item_rule(catalog: &Catalog, line_item: &LineItem) -> Rule {
    let mut formats: Vec<&str> = Vec::new();
    for creative in &line_item.creatives {
        let format = format_of(&catalog.creatives[*creative].content).word();
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    let mut parts = vec![Rule::is(Attribute::Format, formats)];
    if !line_item.deals.is_empty() {
        parts.push(Rule::is(Attribute::Deal, line_item.deals.iter().map(|deal| deal.slug.as_str())));
    }
    parts.push(line_item.targeting.clone());
    Rule::All(parts)
}

/// `rule`, or its negation.
pub(super) fn compile(rule: &Rule, negated: bool, asker: &Asker<'_>) -> Node {
    match rule {
        Rule::All(parts) => joined(parts.iter().map(|part| compile(part, negated, asker)), !negated),
        Rule::Any(parts) => joined(parts.iter().map(|part| compile(part, negated, asker)), negated),
        Rule::Not(part) => compile(part, !negated, asker),
        Rule::Is(test) => Node::Leaf(leaf(test, negated, asker)),
    }
}

/// `parts` under one `All` (or `Any`), with those of the same sort dissolved.
fn joined(parts: impl IntoIterator<Item = Node>, all: bool) -> Node {
    let mut flat = Vec::new();
    for part in parts {
        match part {
            Node::All(inner) if all => flat.extend(inner),
            Node::Any(inner) if !all => flat.extend(inner),
            part => flat.push(part),
        }
    }
    match (flat.len(), all) {
        (1, _) => flat.remove(0),
        (_, true) => Node::All(flat.into()),
        (_, false) => Node::Any(flat.into()),
    }
}

/// One test, or its negation.
pub(super) fn leaf(test: &Test, negated: bool, asker: &Asker<'_>) -> Leaf {
    let attribute = test.attribute;
    let values = match &test.wanted {
        Wanted::OneOf(values) => Values::new(values.iter().map(|value| value_key(attribute, value))),
        Wanted::Within(circles) => Values::new(circles.iter().map(circle_key)),
        Wanted::During(hours) => {
            let zone = (attribute == Attribute::Daypart).then_some(asker.zone_name);
            Values::new(hour_keys(hours, zone))
        }
        Wanted::Between(range) => Values::new([range_key(*range)]),
    };
    Leaf { attribute, values, negated, include_unknown: test.include_unknown }
}

fn format_of(content: &CreativeContent) -> FormatKind {
    match content {
        CreativeContent::Banner { .. } => FormatKind::Banner,
        CreativeContent::Video { .. } => FormatKind::Video,
        CreativeContent::Audio { .. } => FormatKind::Audio,
        CreativeContent::Native { .. } => FormatKind::Native,
    }
}

#[cfg(test)]
mod tests {
    use crate::campaign::{AgreedDeal, Attribute, Catalog, LineItem, Rule};
    use crate::openrtb::{BidRequest, Channel, Imp, Outlet};
    use crate::targeting::fixture::{NOW, av, banner, catalog, deal, line_item, plain_imp, plain_request};
    use crate::targeting::rule::{Leaf, Node};
    use crate::targeting::{Asker, CompiledRule, Known, Scene, Vocabulary, failures};
    use crate::units::ExchangeId;

    /// Whether a line item holds on an impression of lemonde.fr.
    #[track_caller]
    fn check(line_item: LineItem, imp: &Imp<'_>, want: bool) {
        let catalog: Catalog = catalog(vec![line_item]);
        let outlet = Outlet { domain: Some("lemonde.fr"), ..Outlet::default() };
        let request = BidRequest { channel: Channel::Site(outlet), ..plain_request() };
        let vocabulary = Vocabulary::of(&catalog);
        let mut scene = Scene::of(&vocabulary, &request, ExchangeId::from_slug("adx"), Known::default(), NOW);
        scene.look_at(imp);
        let line_item = &catalog.line_items[0];
        let rule = CompiledRule::of_line_item(&catalog, line_item);
        assert_eq!(rule.holds(&scene), want, "{:?}", failures(&catalog, line_item, &scene));
    }

    #[test]
    fn a_line_item_needs_a_creative_of_a_format_offered() {
        let everyone = || line_item(0, Rule::All(vec![]));
        let display = Imp { banner: Some(banner(None)), ..plain_imp() };
        let video = Imp { video: Some(av(None)), ..plain_imp() };
        check(everyone(), &display, true);
        check(everyone(), &video, false);
        check(LineItem { creatives: vec![0, 2], ..everyone() }, &video, true);
    }

    #[test]
    fn a_line_item_with_deals_needs_one_of_them() {
        let deals = ["a", "b"].map(AgreedDeal::new).to_vec();
        let dealt = || LineItem { deals: deals.clone(), ..line_item(0, Rule::All(vec![])) };
        let open = Imp { banner: Some(banner(None)), ..plain_imp() };
        let (right, wrong) = ([deal("c"), deal("b")], [deal("c")]);
        check(dealt(), &Imp { deals: &right, ..open }, true);
        check(dealt(), &Imp { deals: &wrong, ..open }, false);
        check(dealt(), &open, false);
        check(line_item(0, Rule::All(vec![])), &Imp { deals: &right, ..open }, true);
    }

    #[test]
    fn a_list_of_two_hundred_thousand_domains_is_looked_up() {
        let display = Imp { banner: Some(banner(None)), ..plain_imp() };
        let mut domains: Vec<String> = (0..200_000).map(|number| format!("site-{number}.example")).collect();
        check(line_item(0, Rule::is(Attribute::Domain, domains.clone())), &display, false);
        domains.push("lemonde.fr".to_owned());
        check(line_item(0, Rule::is(Attribute::Domain, domains)), &display, true);
    }

    #[test]
    fn nested_rules_of_one_sort_are_dissolved_and_negations_end_at_the_leaves() {
        let is = || Rule::is(Attribute::Os, ["ios"]);
        let inner = Rule::Not(Box::new(Rule::Any(vec![is(), Rule::Not(Box::new(is()))])));
        let rule = Rule::All(vec![is(), Rule::All(vec![inner])]);
        let compiled = CompiledRule::new(&rule, &Asker { zone_name: "UTC" });
        let negated: Vec<bool> = compiled
            .conjuncts()
            .iter()
            .map(|part| match part {
                Node::Leaf(Leaf { attribute: Attribute::Os, negated, .. }) => *negated,
                other => panic!("{other:?} is no leaf"),
            })
            .collect();
        assert_eq!(negated, [false, true, false]);
    }
}
