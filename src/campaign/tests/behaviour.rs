//! What rules may ask of people's behaviour, and what they are refused for.

use super::{CAMPAIGN, compiled_with, told};
use crate::audience::{Definition, Definitions};
use crate::campaign::Wanted;

const SHOP: &str = r#"{"advertiser": "acme", "events": ["product_view", "basket", "purchase"], "retention": "90d",
    "topics": ["shoes"], "rfm": {}, "lead_score": {"points": {"basket": 20}},
    "intents": [{"name": "gifts", "topics": "gifts", "within": "7d"}]}"#;

fn with(targeting: &str, definitions: &Definitions) -> (Vec<String>, Vec<Wanted>) {
    let text = CAMPAIGN.replacen(r#"{"country": "FR"}"#, targeting, 1);
    assert_ne!(text, CAMPAIGN);
    let compilation = compiled_with(&[&text], definitions);
    let line_items = compilation.catalog.iter().flat_map(|catalog| &catalog.line_items);
    let wanted = line_items.flat_map(|line_item| line_item.targeting.tests()).map(|test| test.wanted.clone());
    (told(&compilation), wanted.collect())
}

/// The rule is refused with this at its place.
#[track_caller]
fn refused(targeting: &str, want: &str) {
    let (faults, _) = with(targeting, &Definitions::new(vec![Definition::of_text(SHOP)]));
    assert_eq!(faults, [format!("error {want}")]);
}

#[test]
fn rules_ask_what_the_advertiser_s_definition_has() {
    let definitions = Definitions::new(vec![Definition::of_text(SHOP)]);
    for (targeting, want) in [
        (
            r#"{"event": {"name": "product_view", "within": "7d", "topic": "Shoes"}}"#,
            "product_view about shoes within 7d",
        ),
        (r#"{"event": "basket"}"#, "basket"),
        (
            r#"{"event": {"name": "purchase", "at_most": 0, "older_than": "1d"}}"#,
            "purchase older than 1d, never",
        ),
        (r#"{"rfm": {"recency": [4, 5], "monetary": 5}}"#, "recency 4 or 5, monetary 5"),
    ] {
        let (faults, wanted) = with(targeting, &definitions);
        assert_eq!(faults, [] as [String; 0], "{targeting}");
        let words = match &wanted[..] {
            [Wanted::Happened(count)] => count.to_string(),
            [Wanted::Scored(range)] => range.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(words, want);
    }
    for targeting in [
        r#"{"stage": ["basket", "lapsed"]}"#,
        r#"{"rfm": "champions"}"#,
        r#"{"lead_score": {"at_least": 40, "below": 80}}"#,
        r#"{"not": {"intent": "gifts"}}"#,
    ] {
        assert_eq!(with(targeting, &definitions).0, [] as [String; 0], "{targeting}");
    }
}

#[test]
fn what_the_definition_does_not_have_is_refused_with_the_nearest() {
    refused(
        r#"{"event": {"name": "product_vew"}}"#,
        "13:39 `line_items[0].targeting.event.name` is not an event of the advertiser, got `product_vew` \
         (did you mean `product_view`?)",
    );
    refused(
        r#"{"event": {"topic": "shoe"}}"#,
        "13:40 `line_items[0].targeting.event.topic` is not a topic of the advertiser, got \"shoe\" \
         (did you mean `shoes`?)",
    );
    refused(
        r#"{"stage": "baskets"}"#,
        "13:30 `line_items[0].targeting.stage` is no stage in the audience definition of `acme`, got \"baskets\" \
         (did you mean `basket`?)",
    );
    refused(
        r#"{"rfm": "winners"}"#,
        "13:28 `line_items[0].targeting.rfm` is no class in the audience definition of `acme`, got \"winners\" \
         (it has champions, loyal, promising, at_risk, lost, occasional)",
    );
    refused(
        r#"{"rfm": {}}"#,
        "13:21 `line_items[0].targeting.rfm` must name `recency`, `frequency` or `monetary` \
         (as `{\"recency\": [4, 5], \"monetary\": 5}`)",
    );
}

#[test]
fn without_a_definition_or_its_part_the_remedy_is_told() {
    let (faults, _) = with(r#"{"event": "basket"}"#, &Definitions::default());
    let want = "error 13:30 `line_items[0].targeting.event` asks what people did at `acme`, which has no audience \
                definition (write one to the folder of `--audiences`: {\"advertiser\": \"acme\", \"events\": [...]})";
    assert_eq!(faults, [want]);
    let bare = Definitions::new(vec![Definition::of_text(r#"{"advertiser": "acme", "events": "basket"}"#)]);
    for (targeting, part, example) in [
        (r#"{"rfm": "champions"}"#, "rfm", "{}"),
        (r#"{"lead_score": {"at_least": 1}}"#, "lead_score", "{\"points\": {...}}"),
        (r#"{"intent": "x"}"#, "intents", "[{\"name\": ..., \"topics\": ..., \"within\": \"14d\"}]"),
    ] {
        let (faults, _) = with(targeting, &bare);
        let want = format!(
            "asks of `{part}`, which the audience definition of `acme` does not have (add `\"{part}\": {example}` to it)"
        );
        assert!(faults.len() == 1 && faults[0].ends_with(&want), "{faults:?}");
    }
}
