//! Kinds of conversions and promo codes: what they say, and what is refused.

use super::{CAMPAIGN, compiled, faults};
use crate::campaign::{Campaign, promo_code};
use crate::units::{Currency, Millis, Nanos};

/// The campaign `id` with `more` in its second line.
fn text(id: &str, more: &str) -> String {
    let text = CAMPAIGN.replacen("\"spring\"", &format!("\"{id}\""), 1);
    text.replacen(r#""name": "Spring","#, &format!(r#""name": "Spring", {more},"#), 1)
}

fn campaign(more: &str) -> Campaign {
    let compilation = compiled(&[&text("spring", more)]);
    compilation.catalog.unwrap_or_else(|| panic!("{:?}", compilation.faults)).campaigns.remove(0)
}

#[track_caller]
fn refuse(more: &str, want: &[&str]) {
    let said = faults(&[&text("spring", more)]);
    assert_eq!(said, want, "{more}");
}

const DAY: i64 = 86_400_000;

#[test]
fn a_type_has_a_value_a_currency_windows_a_lifetime_and_codes_of_its_own() {
    let campaign = campaign(
        r#""attribution": {"click_window": "7d"}, "promo_codes": ["Spring 10"], "conversions": [
            {"type": "purchase", "value": 60, "lifetime_value": 200, "view_window": "2d", "promo_codes": [" buy5 "]},
            {"type": "lead", "currency": "USD", "value": 10.389, "acquisition": true},
            {"type": "newsletter"}]"#,
    );
    let [purchase, lead, newsletter] = campaign.conversions.as_slice() else { panic!("three types") };
    let euros = |euros: i64| Nanos::from_raw(euros * 1_000_000_000);
    assert_eq!((purchase.value, purchase.lifetime), (euros(60), Some(euros(200))));
    let windows = |kind: &crate::campaign::ConversionType| {
        [kind.windows.click_window, kind.windows.view_window].map(Millis::raw)
    };
    assert_eq!(windows(purchase), [7 * DAY, 2 * DAY]);
    assert_eq!(windows(lead), [7 * DAY, DAY]);
    assert_eq!((lead.currency, purchase.currency), (Currency::USD, Currency::EUR));
    assert_eq!(lead.value, euros(10), "by the rate of the day");
    assert_eq!((newsletter.value, newsletter.lifetime), (Nanos::ZERO, None));
    assert_eq!([purchase, lead, newsletter].map(|kind| kind.acquisition), [true, true, false]);
    let codes: Vec<_> = campaign.every_code().map(|(code, kind)| (code, kind.map(|it| &*it.name))).collect();
    assert_eq!(codes, [("SPRING 10", None), ("BUY5", Some("purchase"))]);
    assert_eq!(promo_code(" spring 10"), "SPRING 10");
}

#[test]
fn every_fault_of_a_type_is_found_at_its_place() {
    refuse(
        r#""conversions": [{"type": "a", "value": -1}, {"value": 2}, {"type": "c", "currency": "CHF"},
  {"type": "d", "click_window": "61d"}, {"type": "e", "acquisition": 1}, {"type": "f", "lifetime": 3}]"#,
        &[
            "error 4:60 `conversions[0].value` must not be negative, got -1",
            "error 4:65 `conversions[1].type` is missing",
            "error 4:105 `conversions[2].currency` has no exchange rate, got \"CHF\" (add it to the table of currencies, which has EUR, USD, JPY)",
            "error 5:33 `conversions[3].click_window` must be at most 60d, got \"61d\"",
            "error 5:70 `conversions[4].acquisition` must be true or false, got a number",
            "error 5:88 `conversions[5].lifetime` is not a known key (known keys: `type`, `value`, `currency`, `lifetime_value`, `click_window`, `view_window`, `acquisition`, `promo_codes`)",
        ],
    );
    refuse(
        r#""conversions": [{"type": "a"}, {"type": "a"}]"#,
        &["error 4:61 `conversions[1].type` is given twice: \"a\""],
    );
    refuse(
        r#""conversions": [{"type": "a", "lifetime_value": 9}, {"type": "b", "lifetime_value": 9}]"#,
        &[
            "warning 4:105 `conversions[1].lifetime_value` is of a type that is no acquisition, and so in no figure (LTV:CAC counts acquisitions: say there what their customers bring)",
        ],
    );
    refuse(
        r#""conversions": [{"type": "a", "acquisition": false}]"#,
        &[
            "warning 4:21 `conversions` has no type that is an acquisition: no CPA counts any (give the type that the campaign is for `\"acquisition\": true`)",
        ],
    );
}

#[test]
fn a_promo_code_is_of_one_campaign_of_its_advertiser() {
    refuse(
        r#""conversions": [{"type": "a", "promo_codes": ["x1", "", "a\nb", 7]}], "promo_codes": ["X1"]"#,
        &[
            "error 4:67 `conversions[0].promo_codes[0]` \"X1\" is already used at `a.json` line 4 (a promo code is of one campaign, or of one type of it: remove one of the two)",
            "error 4:73 `conversions[0].promo_codes[1]` must not be empty",
            "error 4:77 `conversions[0].promo_codes[2]` must not contain line breaks or control characters",
            "error 4:85 `conversions[0].promo_codes[3]` must be a text, got a number",
        ],
    );
    refuse(
        r#""promo_codes": ["X1"]"#,
        &[
            "error 4:21 `promo_codes` needs `conversions`: nothing could be booked by these codes (add `\"conversions\": [{\"type\": \"purchase\"}]` to the campaign)",
        ],
    );
    let kind = r#""conversions": [{"type": "a"}], "promo_codes": ["X1"]"#;
    let twice = faults(&[&text("spring", kind), &text("summer", kind)]);
    assert_eq!(
        twice,
        [
            "error 4:69 `promo_codes[0]` \"X1\" is already used at `a.json` line 4 (a promo code is of one campaign, or of one type of it: remove one of the two)"
        ]
    );
    let other = text("summer", kind).replacen("\"acme\"", "\"other\"", 1);
    assert_eq!(faults(&[&text("spring", kind), &other]), Vec::<String>::new(), "of another advertiser");
}
