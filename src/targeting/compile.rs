//! From the rule language to a [`CompiledRule`](crate::targeting::CompiledRule): off the bid path.

use crate::audience::Definition;
use crate::campaign::{Attribute, Catalog, CreativeContent, FormatKind, Kind, LineItem, Rule, Test, Wanted};
use crate::targeting::behaviour::holds_for_nobody;
use crate::targeting::key::{
    circle_keys, count_key, defined_key, hour_keys, points_key, range_key, scores_key, value_keys,
};
use crate::targeting::rule::{Leaf, Node};
use crate::targeting::values::Values;
use crate::units::AdvertiserId;

/// Whose rule it is: what its words mean may depend on the campaign.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'c> {
    /// The name of the zone whose hours a daypart means.
    pub zone_name: &'c str,
    /// The advertiser's audience definition: events, stages, classes and intents are its own.
    pub audience: Option<&'c Definition>,
}

impl<'c> Asker<'c> {
    /// The campaign of a line item.
    #[must_use]
    pub fn of(catalog: &'c Catalog, line_item: &LineItem) -> Self {
        let campaign = &catalog.campaigns[line_item.campaign];
        let audience = catalog.audiences.of(catalog.advertisers[campaign.advertiser].id);
        Self { zone_name: &campaign.zone_name, audience }
    }
}

impl Asker<'_> {
    /// Whose audience definition it is; nobody's without one.
    fn advertiser(&self) -> AdvertiserId {
        self.audience.map_or(AdvertiserId::from_raw(0), |definition| definition.advertiser)
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
        Wanted::OneOf { values, .. } if matches!(attribute.kind(), Kind::Defined | Kind::Scores) => {
            Values::new(values.iter().map(|value| defined_key(asker.advertiser(), value)))
        }
        Wanted::OneOf { values, lists } => Values::new(value_keys(attribute, values, lists)),
        Wanted::Within(circles) => Values::new(circle_keys(circles)),
        Wanted::During(hours) => {
            let zone = (attribute == Attribute::Daypart).then_some(asker.zone_name);
            Values::new(hour_keys(hours, zone))
        }
        Wanted::Between(range) if attribute == Attribute::LeadScore => {
            Values::new([points_key(asker.advertiser(), *range)])
        }
        Wanted::Between(range) => Values::new([range_key(*range)]),
        Wanted::Happened(count) => Values::new([count_key(asker.advertiser(), count)]),
        Wanted::Scored(range) => Values::new([scores_key(asker.advertiser(), *range)]),
    };
    // A scene tells the questions whose answer is not that of a person who did nothing.
    let negated = negated != holds_for_nobody(attribute, &test.wanted);
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
    use std::sync::Arc;

    use crate::campaign::{AgreedDeal, Attribute, Catalog, LineItem, Rule, Test, ValueList, Wanted};
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

    fn in_list(attribute: Attribute, values: &[&str], negated: bool) -> Rule {
        let lists = vec![Arc::new(ValueList::new("ours", values))];
        let wanted = Wanted::OneOf { values: Vec::new(), lists };
        let rule = Rule::Is(Test { attribute, wanted, include_unknown: false });
        if negated { Rule::Not(Box::new(rule)) } else { rule }
    }

    #[test]
    fn a_named_list_fits_as_its_values_would() {
        let display = Imp { banner: Some(banner(None)), ..plain_imp() };
        let domains = |values: &[&str], negated| line_item(0, in_list(Attribute::Domain, values, negated));
        check(domains(&["bfmtv.com", "lemonde.fr"], false), &display, true);
        check(domains(&["bfmtv.com", "sport.lemonde.fr"], false), &display, false);
        check(domains(&["bfmtv.com", "lemonde.fr"], true), &display, false);
        check(domains(&["bfmtv.com"], true), &display, true);
        // What the request does not tell fits neither a list nor its negation.
        check(line_item(0, in_list(Attribute::City, &["paris"], false)), &display, false);
        check(line_item(0, in_list(Attribute::City, &["paris"], true)), &display, false);
    }

    #[test]
    fn one_list_serves_several_attributes() {
        let display = Imp { banner: Some(banner(None)), ..plain_imp() };
        let both = |negated| {
            let domain = in_list(Attribute::Domain, &["lemonde.fr"], false);
            let channel = in_list(Attribute::Publisher, &["lemonde.fr"], negated);
            line_item(0, Rule::Any(vec![Rule::Not(Box::new(domain)), channel]))
        };
        check(both(false), &display, false);
        check(both(true), &display, false);
    }

    #[test]
    fn a_list_is_one_key_to_a_rule_however_long() {
        let many: Vec<String> = (0..100_000).map(|number| format!("site-{number}.example")).collect();
        for rule in [
            in_list(Attribute::Domain, &["a.example", "b.example"], false),
            Rule::is(Attribute::Domain, many),
        ] {
            let compiled = CompiledRule::new(&rule, &Asker { zone_name: "UTC", audience: None });
            let [Node::Leaf(leaf)] = compiled.conjuncts() else { panic!("one test") };
            assert_eq!(leaf.values.as_slice().len(), 1);
        }
    }

    #[test]
    fn nested_rules_of_one_sort_are_dissolved_and_negations_end_at_the_leaves() {
        let is = || Rule::is(Attribute::Os, ["ios"]);
        let inner = Rule::Not(Box::new(Rule::Any(vec![is(), Rule::Not(Box::new(is()))])));
        let rule = Rule::All(vec![is(), Rule::All(vec![inner])]);
        let compiled = CompiledRule::new(&rule, &Asker { zone_name: "UTC", audience: None });
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
