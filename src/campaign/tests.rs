//! Cases of the campaign readers: what is written, and what is said about it.

mod behaviour;
mod budget;
mod conversions;
mod creatives;
mod experiments;
mod frequency;
mod goals;
mod learning;
mod lists;
mod modifiers;
mod pacing;
mod reach;

use crate::audience::Definitions;
use crate::campaign::{
    BillsOn, Catalog, Compilation, Goal, Pacing, Rates, Rule, Surroundings, Wanted, compile, read_exchange,
    read_scenario, version_number,
};
use crate::document::{Fault, Faults, Source, render};
use crate::ttf::{Bearer, Conflict};
use crate::units::{CampaignId, ExchangeId, Nanos, RatePpm, UnixMillis, Version, limits};

/// 2026-05-28T20:26:40Z.
const NOW: UnixMillis = UnixMillis::from_raw(1_780_000_000_000);

/// A whole campaign; each case changes one line of it.
const CAMPAIGN: &str = r#"{
  "advertiser": {"id": "acme", "name": "Acme", "domain": "acme.example", "country": "FR"},
  "id": "spring",
  "name": "Spring",
  "currency": "EUR",
  "time_zone": "Europe/Paris",
  "flight": {"start": "2026-01-01"},
  "budget": {"daily": 100},
  "line_items": [
    {
      "id": "all",
      "goal": {"cpm": 4.20},
      "targeting": {"country": "FR"}
    }
  ],
  "creatives": [
    {
      "id": "mpu", "categories": ["IAB3"],
      "landing_page": "https://acme.example/",
      "banner": {"size": "300x250", "image": "https://cdn.acme.example/a.png"}
    }
  ]
}"#;

fn compiled(texts: &[&str]) -> Compilation {
    compiled_over(texts, &Definitions::default(), &[])
}

fn compiled_with(texts: &[&str], definitions: &Definitions) -> Compilation {
    compiled_over(texts, definitions, &[])
}

/// The same with these definitions and list files.
fn compiled_over(texts: &[&str], definitions: &Definitions, lists: &[Source]) -> Compilation {
    let table =
        r#"{"date": "2024-12-31", "base": "EUR", "source": "t", "rates": {"USD": 1.0389, "JPY": 163.06}}"#;
    let rates = Rates::read(&Source::new("currencies.json", table), &mut Faults::new()).unwrap();
    let surroundings = Surroundings {
        scenarios: &["hypothesis-eu", "low"],
        exchanges: &["generic", "demo"],
        rates: &rates,
        audiences: definitions,
        lists,
    };
    let names = ["a.json", "b.json", "c.json"];
    let sources: Vec<Source> =
        names.iter().zip(texts).map(|(name, text)| Source::new(*name, *text)).collect();
    compile(&sources, surroundings, NOW)
}

/// `severity line:column message (hint)` of each fault.
fn faults(texts: &[&str]) -> Vec<String> {
    told(&compiled(texts))
}

fn told(compilation: &Compilation) -> Vec<String> {
    let line = |fault: &Fault| {
        let severity = format!("{:?}", fault.severity).to_lowercase();
        let place = fault.place.as_ref().map_or(String::new(), |p| format!(" {}:{}", p.line, p.column));
        let hint = fault.hint.as_ref().map_or(String::new(), |hint| format!(" ({hint})"));
        format!("{severity}{place} {}{hint}", fault.message)
    };
    let lines: Vec<String> = compilation.faults.iter().map(line).collect();
    let is_right = !lines.iter().any(|line| line.starts_with("error"));
    assert_eq!(compilation.catalog.is_some(), is_right, "a catalog if and only if there is no error");
    lines
}

/// The campaign with `old` replaced by `new` has exactly the faults `want`, one a line.
#[track_caller]
fn check(old: &str, new: &str, want: &str) {
    assert!(CAMPAIGN.contains(old), "{old}");
    let got = faults(&[&CAMPAIGN.replacen(old, new, 1)]).join("\n");
    assert_eq!(got, want, "\ngot:\n{got}");
}

/// The campaign with `old` replaced by `new` is without fault.
#[track_caller]
fn accept(old: &str, new: &str) -> Catalog {
    check(old, new, "");
    compiled(&[&CAMPAIGN.replacen(old, new, 1)]).catalog.unwrap()
}

#[test]
fn what_is_not_json_is_said_to_be_so() {
    check(r#""name": "Spring","#, r#""name": "Spring" "#, "error 4:19 not JSON: expected comma");
    check(
        r#""id": "spring","#,
        "// mine",
        "error 3:3 not JSON: comments are not allowed (write comments as a `note` key)",
    );
    assert_eq!(faults(&[""]), ["error not JSON: the file is empty"]);
    assert_eq!(faults(&["[]"]), ["error 1:1 the file must be an object, got a list"]);
}

#[test]
fn a_note_is_allowed_on_every_object() {
    accept(r#"{"daily": 100}"#, r#"{"note": "small", "daily": 100}"#);
    check(
        r#"{"daily": 100}"#,
        r#"{"note": 1, "daily": 100}"#,
        "error 8:22 `budget.note` must be a text, got a number",
    );
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_known_one() {
    check(
        r#""targeting": {"#,
        r#""tageting": {"#,
        "error 13:7 `line_items[0].tageting` is not a known key (did you mean `targeting`?)",
    );
    check(
        r#"{"daily": 100}"#,
        r#"{"daily": 100, "colour": 1}"#,
        "error 8:28 `budget.colour` is not a known key (known keys: `hourly`, `daily`, `total`, \
         `impressions`, `clicks`, `mode`)",
    );
    check(r#"{"daily": 100}"#, r#"{"daily": 100, "daily": 2}"#, "error 8:28 `budget.daily` is given twice");
}

#[test]
fn wrong_types_and_missing_keys_are_named() {
    check(r#""name": "Spring""#, r#""name": 5"#, "error 4:11 `name` must be a text, got a number");
    check(r#"{"daily": 100}"#, "100", "error 8:13 `budget` must be an object, got a number");
    check(r#"  "currency": "EUR","#, "", "error 1:1 `currency` is missing");
    check(
        r#"{"cpm": 4.20}"#,
        "{}",
        "error 12:7 `line_items[0].goal` must have exactly one of `cpm`, `cpc`, `cpa`, `roas`, \
         `roi_percent`, `max_conversions`",
    );
    check(
        r#""id": "spring""#,
        r#""id": "Été 1""#,
        "error 3:9 `id` is not an id, got \"Été 1\" (an id has 1 to 64 lower-case letters, digits, `-` and `_`)",
    );
}

#[test]
fn amounts_are_exact_and_may_be_texts() {
    let catalog = accept(r#"{"daily": 100}"#, r#"{"daily": "0.100000001"}"#);
    assert_eq!(catalog.campaigns[0].budget.money.daily, Some(Nanos::from_raw(100_000_001)));
    check(
        r#"{"daily": 100}"#,
        r#"{"daily": 0.1234567891}"#,
        "error 8:23 `budget.daily` has more than 9 decimals: 0.1234567891 (numbers are exact here, nothing is rounded)",
    );
    check(
        r#"{"daily": 100}"#,
        r#"{"daily": "ten"}"#,
        "error 8:23 `budget.daily` must be a number, got a text",
    );
    check(r#"{"daily": 100}"#, r#"{"daily": 1e12}"#, "error 8:23 `budget.daily` is too large, got 1e12");
}

#[test]
fn an_ended_flight_is_a_warning_unless_it_is_paused() {
    let flight = r#"{"start": "2026-01-01"}"#;
    let ended = r#"{"start": "2026-01-01", "end": "2026-05-27"}"#;
    check(
        flight,
        ended,
        "warning 7:3 `flight` has ended: nothing will be bid (extend its `end`, or set `\"status\": \"paused\"`)",
    );
    accept(flight, &format!(r#"{ended}, "status": "paused""#));
    accept(flight, r#"{"start": "2026-01-01", "end": "2026-05-28"}"#);
}

#[test]
fn a_flight_is_in_the_days_of_the_campaigns_zone() {
    let catalog = accept(r#"{"start": "2026-01-01"}"#, r#"{"start": "2026-07-01", "end": "2026-07-31"}"#);
    let flight = catalog.campaigns[0].flight;
    assert_eq!(flight.start.raw(), 1_782_856_800_000, "2026-06-30T22:00Z");
    assert_eq!(flight.end.unwrap().raw(), 1_785_535_200_000, "2026-07-31T22:00Z");
    let catalog = accept(r#"{"start": "2026-01-01"}"#, r#"{"start": "2026-07-01T02:00+02:00"}"#);
    assert_eq!(catalog.campaigns[0].flight.start.raw(), 1_782_864_000_000);
}

#[test]
fn a_wrong_date_is_refused() {
    let hint = "(as `2026-01-31`, `2026-01-31T18:00` or `2026-01-31T18:00:00Z`)";
    for date in ["2026-02-30", "soon", "01/02/2026", ""] {
        let want = format!("error 7:23 `flight.start` is not a date or time, got \"{date}\" {hint}");
        check(r#"{"start": "2026-01-01"}"#, &format!(r#"{{"start": "{date}"}}"#), &want);
    }
    check(
        r#"{"start": "2026-01-01"}"#,
        r#"{"start": "2026-07-01", "end": "2026-06-01"}"#,
        "error 7:44 `flight.end` must be after the start, got \"2026-06-01\"",
    );
}

#[test]
fn a_line_item_flies_within_its_campaign() {
    let dated =
        CAMPAIGN.replace(r#"{"start": "2026-01-01"}"#, r#"{"start": "2026-06-01", "end": "2026-06-30"}"#);
    let with =
        |flight: &str| dated.replace(r#""id": "all","#, &format!(r#""id": "all", "flight": {flight},"#));
    assert!(faults(&[&with(r#"{"end": "2026-06-15"}"#)]).is_empty());
    assert_eq!(
        faults(&[&with(r#"{"end": "2026-07-15"}"#)]),
        ["warning 11:20 `line_items[0].flight` reaches beyond the flight of the campaign, which wins \
          (keep it within the campaign's `flight`)"]
    );
    assert_eq!(
        faults(&[&with(r#"{"start": "2026-08-01"}"#)]),
        ["error 11:20 `line_items[0].flight` lies outside the flight of the campaign, so it can never bid"]
    );
}

#[test]
fn currencies_zones_and_countries_must_exist() {
    check(
        r#""EUR""#,
        r#""EURO""#,
        "error 5:15 `currency` is not a currency of ISO 4217, got \"EURO\" (did you mean `EUR`?)",
    );
    check(
        r#""EUR""#,
        r#""usd""#,
        "error 5:15 `currency` is not a currency of ISO 4217, got \"usd\" (did you mean `USD`?)",
    );
    check(
        r#""EUR""#,
        r#""SEK""#,
        "error 5:15 `currency` has no exchange rate, got \"SEK\" (add it to the table of currencies, which has EUR, USD, JPY)",
    );
    check(
        "Europe/Paris",
        "Europe/Pairs",
        "error 6:16 `time_zone` is not a time zone, got \"Europe/Pairs\" (did you mean `Europe/Paris`?)",
    );
    check(
        r#"{"country": "FR"}"#,
        r#"{"country": ["FR", "UK"]}"#,
        "error 13:39 `line_items[0].targeting.country[1]` is not a country of ISO 3166-1, got \"UK\" (did you mean `GB`?)",
    );
    check(
        r#"{"country": "FR"}"#,
        r#"{"region": "Paris"}"#,
        "error 13:31 `line_items[0].targeting.region` is not a region of ISO 3166-2, got \"Paris\" \
         (country and region, as `FR-IDF` or `US-CA`)",
    );
}

#[test]
fn scenarios_and_exchanges_must_be_there() {
    check(
        r#""currency""#,
        r#""tax": {"scenario": "hypotesis-eu"}, "currency""#,
        "error 5:23 `tax.scenario` is not a known tax scenario, got \"hypotesis-eu\" (did you mean `hypothesis-eu`?)",
    );
    accept(r#""currency""#, r#""tax": {"scenario": "none", "bearer": "inside"}, "currency""#);
    check(
        r#"{"country": "FR"}"#,
        r#"{"exchange": "genric"}"#,
        "error 13:33 `line_items[0].targeting.exchange` is not a known exchange, got \"genric\" (did you mean `generic`?)",
    );
}

#[test]
fn a_creative_has_a_size_and_a_landing_page() {
    check(r#""size": "300x250", "#, "", "error 20:7 `creatives[0].banner.size` is missing");
    check(
        r#""300x250""#,
        r#""300*250""#,
        "error 20:26 `creatives[0].banner.size` is not a size, got \"300*250\" \
         (width and height in pixels, 1 to 10000, as `300x250`)",
    );
    check(
        r#""landing_page": "https://acme.example/","#,
        "",
        "error 17:5 `creatives[0].landing_page` is missing",
    );
    check(
        r#""https://acme.example/""#,
        r#""acme.example/x""#,
        "error 19:23 `creatives[0].landing_page` must be an http or https address of a host with a dot, got \"acme.example/x\" \
         (did you mean `https://acme.example/x`?)",
    );
    check(
        r#""https://acme.example/""#,
        r#""javascript:alert(1)""#,
        "error 19:23 `creatives[0].landing_page` must be an http or https address of a host with a dot, got \"javascript:alert(1)\" \
         (as `https://shop.example/sale`)",
    );
    check(
        r#""https://acme.example/""#,
        r#""http://acme.example/""#,
        "warning 19:23 `creatives[0].landing_page` is not https (browsers warn of such pages: serve it over https)",
    );
}

#[test]
fn a_banner_has_an_image_or_markup_with_a_click() {
    let image = r#""image": "https://cdn.acme.example/a.png""#;
    check(
        image,
        r#""image": "http://cdn.acme.example/a.png""#,
        "warning 20:46 `creatives[0].banner.image` is not https: the ad will not serve on secure pages (serve it over https)",
    );
    check(
        image,
        &format!(r#"{image}, "html": "x""#),
        "error 20:7 `creatives[0].banner` must have exactly one of `image`, `html`",
    );
    check(
        image,
        r#""html": "<b>hello</b>""#,
        "warning 20:45 `creatives[0].banner.html` has no `${CLICK_URL}`: clicks will not be counted \
         (link to `${CLICK_URL}`, it leads to the landing page)",
    );
    let catalog =
        accept(image, r#""html": "<a href='${CLICK_URL}'><svg xmlns='http://www.w3.org/2000/svg'/></a>""#);
    assert!(catalog.creatives[0].secure);
}

#[test]
fn video_and_native_say_what_they_need() {
    let banner = r#""banner": {"size": "300x250", "image": "https://cdn.acme.example/a.png"}"#;
    check(
        banner,
        r#""video": {"duration": "0s", "media": {"url": "https://a.example/v", "mime": "audio/mp4", "bitrate": 1, "size": "1x1"}}"#,
        "error 20:29 `creatives[0].video.duration` must be a span of time above 0, got \"0s\" \
         (a whole number and s, m, h or d: `90s`, `10m`, `6h`, `30d`)\n\
         error 20:83 `creatives[0].video.media.mime` must begin with `video/`, got \"audio/mp4\" (as `video/mp4`)",
    );
    check(
        banner,
        r#""native": {"rating": 7}"#,
        "error 20:7 `creatives[0].native.title` is missing\n\
         error 20:28 `creatives[0].native.rating` must be from 0 to 5, got 7",
    );
    check(
        banner,
        r#""name": "x""#,
        "error 17:5 `creatives[0]` must have exactly one of `banner`, `video`, `audio`, `native`",
    );
}

#[test]
fn line_items_name_creatives_that_exist_and_all_are_used() {
    check(
        r#""id": "all","#,
        r#""id": "all", "creatives": ["mpv"],"#,
        "error 11:34 `line_items[0].creatives[0]` is not a creative of this campaign, got \"mpv\" (did you mean `mpu`?)\n\
         warning 17:5 `creatives[0]` is used by no line item (name it in the `creatives` of a line item, or remove it)",
    );
    let twice = CAMPAIGN.replace(
        "\"creatives\": [",
        r#""creatives": [{"id": "mpu", "landing_page": "https://acme.example/", "categories": ["IAB3"],
      "banner": {"size": "320x50", "image": "https://cdn.acme.example/b.png"}},"#,
    );
    assert_eq!(
        faults(&[&twice]),
        ["error 19:13 `creatives[1].id` \"mpu\" is already used at `a.json` line 16"]
    );
}

#[test]
fn prices_that_were_meant_otherwise_are_noticed() {
    let hint = "(`cpm` is per thousand impressions, `cpc` per click, `cpa` per conversion)";
    check(
        r#"{"cpm": 4.20}"#,
        r#"{"cpm": 420}"#,
        &format!("warning 12:23 `line_items[0].goal.cpm` is dear: more than 100 EUR, got 420 EUR {hint}"),
    );
    check(
        r#"{"cpm": 4.20}"#,
        r#"{"cpc": 51, "expected_ctr": 0.001}"#,
        &format!("warning 12:23 `line_items[0].goal.cpc` is dear: more than 50 EUR, got 51 EUR {hint}"),
    );
    let yen = CAMPAIGN.replace("EUR", "JPY").replace("4.20", "420");
    assert!(faults(&[&yen]).is_empty(), "420 yen are not dear");
}

#[test]
fn expectations_are_shares_and_conversions_are_declared() {
    check(
        r#"{"cpm": 4.20}"#,
        r#"{"cpc": 0.5, "expected_ctr": 12}"#,
        "error 12:44 `line_items[0].goal.expected_ctr` must be above 0 and at most 1, got 12 \
         (a share, not a percentage: 0.12 % is 0.0012)",
    );
    check(
        r#"{"cpm": 4.20}"#,
        r#"{"cpa": 25, "expected_ctr": 0.001, "expected_cvr": 0.02}"#,
        "error 12:23 `line_items[0].goal.cpa` needs `conversions` in the campaign, or none is ever counted \
         (add `\"conversions\": [{\"type\": \"purchase\", \"value\": 60}]`)",
    );
    check(
        r#"{"cpm": 4.20}"#,
        r#"{"cpm": 4.20, "expected_ctr": 0.01}"#,
        "error 12:45 `line_items[0].goal.expected_ctr` has no meaning beside `cpm`",
    );
    let catalog = accept(r#"{"cpm": 4.20}"#, r#"{"cpc": 0.35, "expected_ctr": 0.0012}"#);
    assert_eq!(catalog.line_items[0].goal, Goal::Cpc { target: Nanos::from_raw(350_000_000), ctr: 0.0012 });
}

#[test]
fn sensitive_criteria_are_refused() {
    check(
        r#"{"country": "FR"}"#,
        r#"{"segment": ["sport", "health-issues"]}"#,
        "error 13:42 `line_items[0].targeting.segment[1]` names a sensitive criterion: health, got \"health-issues\" \
         (nobody may be targeted by health, religion, origin, sexual life, politics or union)",
    );
}

#[test]
fn unknown_codes_are_refused_with_what_was_meant() {
    let targeting = |value: &str, want: &str| {
        let want = want.replace("AT", "`line_items[0].targeting");
        check(r#"{"country": "FR"}"#, value, &want);
    };
    targeting(
        r#"{"category": "Automotive"}"#,
        "error 13:33 AT.category` is not a category of the IAB Content Taxonomy 1.0, got \"Automotive\" \
         (did you mean \"IAB2\" (Automotive)?)",
    );
    targeting(
        r#"{"language": "fr-CA"}"#,
        "error 13:33 AT.language` is not a language of ISO 639-1, got \"fr-CA\" (did you mean `fr`?)",
    );
    targeting(
        r#"{"placement": "instrem"}"#,
        "error 13:34 AT.placement` must be one of `instream`, `accompanying`, `interstitial`, `standalone`, `pause`, \
         `screensaver`, `overlay`, `squeezeback`, `in_scene`, got \"instrem\" (did you mean `instream`?)",
    );
    targeting(r#"{"contry": "FR"}"#, "error 13:21 AT.contry` is not a known key (did you mean `country`?)");
    targeting(r#"{"position": 18}"#, "error 13:33 AT.position` must be from 0 to 17, got 18");
}

#[test]
fn a_radius_without_a_centre_and_a_centre_without_a_radius_are_refused() {
    let near =
        |circle: &str, want: &str| check(r#"{"country": "FR"}"#, &format!(r#"{{"near": {circle}}}"#), want);
    near(
        r#"{"km": 5}"#,
        "error 13:21 `line_items[0].targeting.near.lat` is missing\n\
         error 13:21 `line_items[0].targeting.near.lon` is missing",
    );
    near(r#"[{"lat": 48.85, "lon": 2.35}]"#, "error 13:30 `line_items[0].targeting.near[0].km` is missing");
    near(
        r#"{"lat": 98.85, "lon": 2.35, "km": 0}"#,
        "error 13:37 `line_items[0].targeting.near.lat` must be from -90 to 90, got 98.85\n\
         error 13:63 `line_items[0].targeting.near.km` must be from 0.001 to 20038, got 0",
    );
    near("[]", "error 13:21 `line_items[0].targeting.near` must not be an empty list");
}

#[test]
fn more_than_ten_segments_are_noticed() {
    let names = |count: usize| (0..count).map(|n| format!("\"s{n}\"")).collect::<Vec<_>>().join(", ");
    accept(r#"{"country": "FR"}"#, &format!(r#"{{"segment": [{}]}}"#, names(10)));
    check(
        r#"{"country": "FR"}"#,
        &format!(r#"{{"segment": [{}]}}"#, names(11)),
        "warning 13:7 `line_items[0].targeting` names 11 segments: beyond 10 returns fall \
         (keep the best ones, or make several line items)",
    );
}

#[test]
fn targeting_combines_with_all_any_and_not() {
    let catalog = accept(
        r#"{"country": "FR"}"#,
        r#"{"any": [{"not": {"domain": "WWW.Bad.example"}}, {"channel": "app", "live": true, "unknown": "include"}]}"#,
    );
    let Rule::Any(rules) = &catalog.line_items[0].targeting else { panic!("any") };
    let Rule::Not(not) = &rules[0] else { panic!("not") };
    let Rule::Is(test) = &**not else { panic!("one attribute") };
    assert_eq!(test.wanted, Wanted::one_of(["bad.example"]));
    let Rule::All(all) = &rules[1] else { panic!("all of several attributes") };
    assert!(all.iter().all(|rule| matches!(rule, Rule::Is(test) if test.include_unknown)));
    assert_eq!(accept(r#"{"country": "FR"}"#, "{}").line_items[0].targeting, Rule::All(Vec::new()));
}

#[test]
fn targeting_that_means_nothing_is_refused() {
    check(
        r#"{"country": "FR"}"#,
        r#"{"any": []}"#,
        "error 13:21 `line_items[0].targeting.any` must not be an empty list",
    );
    check(
        r#"{"country": "FR"}"#,
        r#"{"country": []}"#,
        "error 13:21 `line_items[0].targeting.country` must not be an empty list",
    );
    check(
        r#"{"country": "FR"}"#,
        r#"{"not": {"country": "FR"}, "device": "tv"}"#,
        "error 13:7 `line_items[0].targeting` must not have other keys beside `not` (put them together in the list of an `all`)",
    );
    check(
        r#"{"country": "FR"}"#,
        r#"{"device": "televison"}"#,
        "error 13:31 `line_items[0].targeting.device` must be one of `phone`, `tablet`, `desktop`, `tv`, `other`, got \"televison\"",
    );
}

#[test]
fn a_daypart_past_midnight_belongs_to_the_day_it_starts_on() {
    let catalog =
        accept(r#"{"country": "FR"}"#, r#"{"daypart": {"days": ["sun"], "from": "23:00", "to": "02:00"}}"#);
    let Rule::Is(test) = &catalog.line_items[0].targeting else { panic!("one attribute") };
    let Wanted::During(hours) = &test.wanted else { panic!("a daypart") };
    let on: Vec<usize> = (0..168).filter(|hour| hours[*hour]).collect();
    assert_eq!(on, [0, 1, 167]);
    check(
        r#"{"country": "FR"}"#,
        r#"{"daypart": {"from": "18:30"}}"#,
        "error 13:41 `line_items[0].targeting.daypart.from` must be a whole hour, got \"18:30\" (from `00:00` to `24:00`)",
    );
}

#[test]
fn a_curve_has_a_number_for_each_hour() {
    let curve = |numbers: &str| format!(r#""pacing": {{"curve": [{numbers}]}}, "currency""#);
    let day = ["1.5"; 24].join(", ");
    let catalog = accept(r#""currency""#, &curve(&day));
    let Pacing::Curve(shares) = &catalog.campaigns[0].pacing else { panic!("a curve") };
    assert_eq!(shares.iter().sum::<u32>(), 1_000_000);
    check(
        r#""currency""#,
        &curve("1, 2"),
        "error 5:14 `pacing.curve` must have 24 numbers, one for each hour, got 2",
    );
    check(
        r#""currency""#,
        r#""pacing": "evne", "currency""#,
        "error 5:13 `pacing` must be one of `dual`, `even`, `ahead`, `asap`, got \"evne\" (did you mean `even`?)",
    );
}

#[test]
fn paid_data_needs_segments_and_leaves_something_for_media() {
    check(
        r#""id": "all","#,
        r#""id": "all", "data_cpm": 1,"#,
        "warning 11:32 `line_items[0].data_cpm` pays for data, but no segment is targeted (remove it)",
    );
    let paid = CAMPAIGN.replace(r#"{"country": "FR"}"#, r#"{"segment": "press:sport"}"#);
    let paid = paid.replace(r#""id": "all","#, r#""id": "all", "data_cpm": 5,"#);
    assert_eq!(
        faults(&[&paid]),
        ["error 11:32 `line_items[0].data_cpm` leaves nothing for media: 5.00 of 4.20 \
          (raise the goal, or use cheaper data)"]
    );
}

#[test]
fn several_faults_are_found_at_once() {
    let text = CAMPAIGN
        .replace(r#""EUR""#, r#""EUX""#)
        .replace("100", "-1")
        .replace("4.20", "true")
        .replace(r#""country": "FR"}"#, r#""contry": "FR"}"#)
        .replace("300x250", "big");
    let places: Vec<String> =
        faults(&[&text]).iter().map(|fault| fault.split(' ').nth(1).unwrap().to_string()).collect();
    assert_eq!(places, ["2:74", "5:15", "8:23", "12:23", "13:21", "20:26"]);
}

#[test]
fn a_campaigns_id_is_its_own() {
    assert_eq!(
        faults(&[CAMPAIGN, CAMPAIGN]),
        [
            "error 3:9 `id` \"spring\" is already used at `a.json` line 3 (one file is one campaign, and its `id` is its own)"
        ]
    );
    assert!(faults(&[CAMPAIGN, &CAMPAIGN.replace("\"spring\"", "\"summer\"")]).is_empty());
}

#[test]
fn an_advertiser_is_the_same_everywhere() {
    let other = CAMPAIGN.replace("\"spring\"", "\"summer\"").replace("\"Acme\"", "\"ACME Ltd\"");
    assert_eq!(
        faults(&[CAMPAIGN, &other]),
        ["error 2:3 `advertiser` \"acme\" has another `name` than at `a.json` line 2 \
          (give both the same data, or another `id`)"]
    );
}

#[test]
fn indices_of_the_catalog_point_at_what_they_name() {
    let other =
        CAMPAIGN.replace("\"spring\"", "\"autumn\"").replace("acme", "zeta").replace("\"mpu\"", "\"box\"");
    let catalog = compiled(&[CAMPAIGN, &other]).catalog.unwrap();
    let slugs: Vec<&str> = catalog.campaigns.iter().map(|campaign| campaign.slug.as_str()).collect();
    assert_eq!(slugs, ["autumn", "spring"]);
    for line_item in &catalog.line_items {
        let campaign = &catalog.campaigns[line_item.campaign];
        let creative = &catalog.creatives[line_item.creatives[0]];
        assert_eq!(creative.crid, format!("{}/{}", campaign.slug, creative.slug));
        assert_eq!(creative.campaign, line_item.campaign);
    }
    assert_eq!(catalog.advertisers[catalog.campaigns[0].advertiser].slug, "zeta");
}

#[test]
fn no_cut_of_a_file_panics() {
    for end in 0..CAMPAIGN.len() {
        assert!(compiled(&[&CAMPAIGN[..end]]).catalog.is_none());
    }
    for value in ["null", "1", "\"x\"", "[]", "{}", "[[]]", "true", "-1e400"] {
        for line in CAMPAIGN.lines().filter(|line| line.contains(": ")) {
            let (key, _) = line.split_once(": ").unwrap();
            let comma = if line.ends_with(',') { "," } else { "" };
            drop(compiled(&[&CAMPAIGN.replacen(line, &format!("{key}: {value}{comma}"), 1)]));
        }
    }
}

#[test]
fn a_tax_is_borne_by_one_side_or_split_and_agreed_with_the_advertiser_or_for_a_campaign() {
    let bearer = |old: &str, new: &str| accept(old, new).campaigns[0].tax.bearer;
    let split = |ppm, inside| Bearer::Split { advertiser: RatePpm::from_ppm(ppm).unwrap(), inside };
    let own = |bearer: &str| format!(r#""tax": {{"scenario": "low", "bearer": {bearer}}}, "currency""#);
    let of = |text: &str| bearer(r#""currency""#, &own(text));
    assert_eq!(of(r#"{"split": {"advertiser_percent": 60}}"#), split(600_000, false));
    assert_eq!(
        of(r#"{"split": {"advertiser_percent": 33.3333, "counted": "inside"}}"#),
        split(333_333, true)
    );
    assert_eq!(of(r#""inside""#), Bearer::Inside);
    let agreed = r#""country": "FR", "tax": {"scenario": "low", "bearer": "on_top"}}"#;
    assert_eq!(bearer(r#""country": "FR"}"#, agreed), Bearer::OnTop);
    check(
        r#""currency""#,
        &own(r#"{"split": {"advertiser_percent": 100, "counted": "inside"}}"#),
        "error 5:73 `tax.bearer.split.advertiser_percent` must be between 0 and 100, got 100 \
         (where one side bears all of it, `bearer` is `on_top` or `inside`)",
    );
}

/// The faults of an exchange profile or a tax scenario with the file name `name`.
fn file_faults<T>(name: &str, text: &str, read: impl Fn(&Source, &mut Faults) -> Option<T>) -> Vec<String> {
    let mut faults = Faults::new();
    let is_read = read(&Source::new(name, text), &mut faults).is_some() && faults.errors() == 0;
    let lines: Vec<String> = faults.into_vec().iter().map(Fault::headline).collect();
    assert_eq!(is_read, lines.is_empty());
    lines
}

const EXCHANGE: &str = r#"{"name": "X", "bills_on": "billing", "reservation": {"display": "10m", "av": "1h"},
    "tmax_ms": 120, "margin_ms": 10, "missing_price": "refuse"}"#;

#[track_caller]
fn check_exchange(name: &str, old: &str, new: &str, want: &[&str]) {
    assert_eq!(file_faults(name, &EXCHANGE.replace(old, new), read_exchange), want);
}

#[test]
fn an_exchange_is_named_by_its_file() {
    let exchange = read_exchange(&Source::new("some/dir/my-x.json", EXCHANGE), &mut Faults::new()).unwrap();
    assert_eq!(exchange.slug, "my-x");
    assert_eq!(exchange.id, ExchangeId::from_slug("my-x"));
    check_exchange("My X.json", "", "", &["`My X.json`: the file's name is not an id: My X"]);
}

#[test]
fn an_exchange_bills_on_one_of_three_notices() {
    for (word, want) in ["billing", "win", "impression"].into_iter().zip(BillsOn::ALL) {
        let text = EXCHANGE.replace("\"billing\"", &format!("\"{word}\""));
        let exchange = read_exchange(&Source::new("x.json", text), &mut Faults::new()).unwrap();
        assert_eq!(exchange.bills_on, want);
    }
    let want = "`x.json` line 1: `bills_on` must be one of `billing`, `win`, `impression`, got \"view\"";
    check_exchange("x.json", "\"billing\"", "\"view\"", &[want]);
}

#[test]
fn an_exchange_leaves_time_to_answer() {
    let want = "`x.json` line 2: `margin_ms` must be below `tmax_ms`, got 120 of 120";
    check_exchange("x.json", "\"margin_ms\": 10", "\"margin_ms\": 120", &[want]);
    check_exchange(
        "x.json",
        "\"1h\"",
        "\"25h\"",
        &["`x.json` line 1: `reservation.av` must be at most 24h, got \"25h\""],
    );
}

const SCENARIO: &str = r#"{"name": "X", "source": "a test",
  "territories": [{"jurisdiction": "FR", "zone": "Europe/Paris", "countries": ["FR"]}],
  "rates": [{"jurisdiction": "FR", "kind": "ad_space", "percent": 0.1, "from": "2026-01-01"}],
  "evidence": ["viewer_device"], "fallback": "FR"}"#;

#[track_caller]
fn check_scenario(old: &str, new: &str, want: &[&str]) {
    assert_eq!(file_faults("x.json", &SCENARIO.replacen(old, new, 1), read_scenario), want);
}

#[test]
fn a_rate_in_percent_is_exact() {
    let spec = read_scenario(&Source::new("x.json", SCENARIO), &mut Faults::new()).unwrap();
    assert_eq!(spec.rates[0].rate.ppm(), 1_000);
    assert_eq!(spec.rates[0].valid_from.to_string(), "2026-01-01");
    check_scenario(
        "0.1",
        "0.00005",
        &["`x.json` line 3: `rates[0].percent` has more than 4 decimals: 0.00005"],
    );
    check_scenario(
        "0.1",
        "101",
        &["`x.json` line 3: `rates[0].percent` must be a percentage from 0 to 100, got 101"],
    );
}

#[test]
fn a_scenario_speaks_of_its_own_territories_only() {
    let want = "`x.json` line 4: `fallback` is `DE`, which has no territory";
    check_scenario("\"fallback\": \"FR\"", "\"fallback\": \"DE\"", &[want]);
    let want = "`x.json` line 3: `rates[0].before` must be after 2026-01-01, got 2026-01-01";
    check_scenario("\"from\"", "\"before\": \"2026-01-01\", \"from\"", &[want]);
}

#[test]
fn a_scenario_says_what_is_exempt_since_when_rates_are_known_and_who_resides_where() {
    let text = SCENARIO.replace(
        "\"fallback\"",
        r#""exemptions": [{"reason": "house_ad", "campaigns": ["own"], "kinds": ["data"], "before": "2027-01-01"}],
        "conflict": "split", "residence": {"buyer": "FR", "exchanges": {"generic": "US"}}, "fallback""#,
    );
    let text = text.replace("\"percent\"", "\"known_from\": \"2026-02-01\", \"percent\"");
    let spec = read_scenario(&Source::new("x.json", text), &mut Faults::new()).unwrap();
    assert_eq!(spec.rates[0].known_from.unwrap().to_string(), "2026-02-01");
    assert_eq!(spec.exemptions[0].campaigns, [CampaignId::from_slug("own")]);
    assert_eq!(spec.residence.exchanges.len(), 1);
    assert_eq!(spec.conflict, Conflict::Split);
}

#[test]
fn faults_of_the_whole_stand_at_their_place_beside_those_that_cannot_be_read() {
    // The first rate cannot be read: the place of the other is as written all the same.
    let rates = r#""rates": [{"jurisdiction": "FR", "kind": "media", "percent": 1, "from": "2026-01-01"},
    {"jurisdiction": "FR", "kind": "data", "percent": 1, "from": "2026-01-01"},
    {"jurisdiction": "FR", "kind": "data", "percent": 1, "from": "2026-02-01"},"#;
    check_scenario(
        "\"rates\": [",
        rates,
        &[
            "`x.json` line 3: `rates[0].kind` must be one of `ad_space`, `data`, got \"media\"",
            "`x.json` line 5: `rates[2]` of FR on data begins on 2026-02-01, within `rates[1]`",
        ],
    );
    check_scenario(
        "\"fallback\"",
        "\"exemptions\": [{\"reason\": \"house_ad\", \"campaigns\": []}, {\"reason\": \"threshold\"}], \"fallback\"",
        &[
            "`x.json` line 4: `exemptions[0].campaigns` must not be an empty list",
            "`x.json` line 4: `exemptions[1]` exempts everything, everywhere and at any time",
        ],
    );
}

#[test]
fn no_tax_is_built_in_and_its_name_is_taken() {
    assert_eq!(
        file_faults("none.json", SCENARIO, read_scenario),
        ["`none.json`: the scenario `none` is built in"]
    );
}

#[test]
fn a_long_list_of_wrong_values_is_reported_in_part_and_soon() {
    let domains = vec!["\"not a domain\""; 200_000].join(",\n");
    let text = CAMPAIGN.replace(r#"{"country": "FR"}"#, &format!(r#"{{"domain": [{domains}]}}"#));
    let faults = faults(&[&text]);
    assert_eq!(faults.len(), limits::FAULTS_MAX + 1);
}

#[test]
fn a_size_that_nobody_offers_is_noticed() {
    check(
        "300x250",
        "300x520",
        "warning 20:26 `creatives[0].banner.size` is rarely offered, got \"300x520\" \
         (often offered: 300x250, 728x90, 320x50, 300x600, 160x600, 970x250, 320x100, 300x50)",
    );
}

#[test]
fn no_slip_of_the_finger_panics() {
    let letters: Vec<char> = "{}[]\",:0159-.eExntf \n\\/é日\u{0}\u{2028}".chars().collect();
    let mut random: usize = 7;
    let mut next = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    for _ in 0..3_000 {
        let mut text: Vec<char> = CAMPAIGN.chars().collect();
        for _ in 0..=next(3) {
            let (at, letter) = (next(text.len()), letters[next(letters.len())]);
            text[at] = letter;
        }
        let text: String = text.into_iter().collect();
        let compilation = compiled(&[&text]);
        drop(render(&compilation.faults, &[Source::new("a.json", text)], true));
    }
}

const LABELLED: &str = r#""categories": ["IAB3"],"#;

/// The creative's first category and its code in the file with `categories`.
#[track_caller]
fn check_categories(categories: &str, want: (&[&str], u32)) {
    let text = CAMPAIGN.replacen(LABELLED, &format!("\"categories\": {categories},"), 1);
    let catalog = compiled(&[&text]).catalog.unwrap();
    let creative = &catalog.creatives[0];
    assert_eq!(
        (creative.categories.as_slice(), creative.coverage.taxonomy().code()),
        (&*own(want.0), want.1)
    );
}

fn own(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn a_creative_is_labelled_in_any_taxonomy_of_the_iab() {
    check_categories(r#"["IAB8-18", "iab3"]"#, (&["IAB8-18", "IAB3"], 1));
    check_categories(r#"{"taxonomy": "ad_product_2.0", "ids": ["1007"]}"#, (&["1007"], 8));
    check_categories(r#"{"taxonomy": "content_2.2", "ids": ["V9I3ON", "211"]}"#, (&["v9i3On", "211"], 6));
    check_categories("[]", (&[], 1));
}

#[test]
fn a_creative_without_categories_is_noticed() {
    let hint = "(it is not bid wherever a request blocks categories, which most do)";
    check(LABELLED, "", &format!("warning 17:5 `creatives[0]` has no `categories` {hint}"));
    for none in ["[]", r#"{"taxonomy": "ad_product_2.0", "ids": []}"#] {
        let want = format!("warning 18:20 `creatives[0].categories` names no category {hint}");
        check(LABELLED, &format!("\"categories\": {none},"), &want);
    }
    accept(LABELLED, LABELLED);
}

#[test]
fn a_category_that_does_not_exist_is_refused_with_one_that_does() {
    let case = |categories: &str, want: &str| {
        check(LABELLED, &format!("\"categories\": {categories},"), want);
    };
    case(
        r#"["IAB27"]"#,
        "error 18:35 `creatives[0].categories[0]` is not a category of content_1.0, got \"IAB27\" (did you mean \"IAB17\" (Sports)?)",
    );
    case(
        r#"["Wine"]"#,
        "error 18:35 `creatives[0].categories[0]` is not a category of content_1.0, got \"Wine\" (did you mean \"IAB8-18\" (Wine)?)",
    );
    case(
        r#"["1007"]"#,
        "error 18:35 `creatives[0].categories[0]` is not a category of content_1.0, got \"1007\" (\"1007\" is Wine in ad_product_2.0)",
    );
    case(
        r#"{"taxonomy": "ad_product_2.0", "ids": ["IAB8-18"]}"#,
        "error 18:73 `creatives[0].categories.ids[0]` is not a category of ad_product_2.0, got \"IAB8-18\" (\"IAB8-18\" is Wine in content_1.0)",
    );
    case(
        r#"{"taxonomy": "audience_1.1", "ids": ["1"]}"#,
        "error 18:47 `creatives[0].categories.taxonomy` must be one of `content_1.0`, `content_2.0`, \
         `ad_product_1.0`, `content_2.1`, `content_2.2`, `content_3.0`, `ad_product_2.0`, `content_3.1`, got \
         \"audience_1.1\"",
    );
}

#[test]
fn versions_and_numbers_read_as_ranges() {
    let range = |targeting: &str| {
        let catalog = accept(r#"{"country": "FR"}"#, targeting);
        let Rule::Is(test) = &catalog.line_items[0].targeting else { panic!("one attribute") };
        let Wanted::Between(range) = test.wanted else { panic!("a range") };
        (range.at_least, range.below)
    };
    let version = |text| Version::parse(text).map(version_number);
    assert_eq!(range(r#"{"os_version": "17"}"#), (version("17"), version("18")));
    assert_eq!(range(r#"{"os_version": "17.4"}"#), (version("17.4"), version("17.5")));
    assert_eq!(range(r#"{"browser_version": {"at_least": "120"}}"#), (version("120"), None));
    assert_eq!(range(r#"{"viewability": {"at_least": 70}}"#), (Some(70_000), None));
    assert_eq!(range(r#"{"age": {"at_least": 18, "at_most": 24}}"#), (Some(18_000), Some(24_001)));
    for (targeting, fault) in [
        (r#"{"os_version": "seventeen"}"#, "is not a version, got \"seventeen\""),
        (r#"{"os_version": {"at_least": "18", "below": "17"}}"#, "can never be satisfied"),
        (r#"{"os_version": {}}"#, "must say from which version or up to which"),
        (r#"{"viewability": {"at_least": 101}}"#, "must be from 0 to 100, got 101"),
        (r#"{"age": {"at_most": 20, "below": 21}}"#, "must not have both `at_most` and `below`"),
        (r#"{"viewability": 70}"#, "must be"),
        (r#"{"browser": "netscape"}"#, "must be one of `chrome`"),
    ] {
        let faults = faults(&[&CAMPAIGN.replacen(r#"{"country": "FR"}"#, targeting, 1)]).join("\n");
        assert!(faults.contains(fault), "{targeting}: {faults}");
    }
}
