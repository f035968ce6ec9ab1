//! `/metrics` of a server that has seen a little of everything: what Prometheus' own linter says of it, what each number
//! is, and that nobody outside can add a series.

mod support;

use std::collections::BTreeSet;

use encan::units::limits;
use serde_json::json;
use support::busy::{self, WORD};
use support::market::{Market, campaign};
use support::prometheus::{self, Page};
use support::{Encan, wait_until, within_an_hour};

fn text(server: &Encan) -> String {
    let answer = server.admin("/metrics");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    answer.text()
}

fn page(server: &Encan) -> Page {
    Page::read(&text(server))
}

#[test]
fn prometheus_own_linter_finds_nothing_on_the_page() {
    if !prometheus::is_ready() {
        return;
    }
    let market = busy::market();
    let server = busy::start(&market);
    for _ in 0..2 {
        let (is_content, words) = prometheus::judged(&["check", "metrics"], &text(&server));
        assert!(is_content && words.is_empty(), "{words}");
        busy::visit(&server);
    }
    // The linter looks: a counter whose name does not end like one, without help.
    let (is_content, words) =
        prometheus::judged(&["check", "metrics"], "# TYPE encan_x counter\nencan_x 1\n");
    assert!(!is_content && words.contains("_total") && words.contains("help"), "{words}");
}

#[test]
fn a_metric_has_help_a_type_that_its_name_tells_and_a_name_of_the_scheme() {
    let market = busy::market();
    let server = busy::start(&market);
    busy::visit(&server);
    let page = page(&server);
    let with_samples: BTreeSet<&str> =
        page.samples.iter().map(|sample| page.family(&sample.name).expect("read so")).collect();
    for (name, (kind, help)) in &page.families {
        assert!(name.starts_with("encan_") || name.starts_with("process_"), "{name}");
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        assert!(help.len() > 9 && help.ends_with('.'), "{name}: {help}");
        assert!(with_samples.contains(name.as_str()), "{name} has no sample");
        match kind.as_str() {
            "counter" => assert!(name.ends_with("_total"), "{name}"),
            "histogram" => assert!(name.ends_with("_seconds"), "{name}"),
            "gauge" => assert!(!name.ends_with("_total"), "{name}"),
            other => panic!("{name} is a {other}"),
        }
    }
    assert!(page.samples.iter().all(|sample| sample.value.is_finite()));
}

#[test]
fn a_histogram_counts_upwards_and_reaches_from_microseconds_to_a_tenth_of_a_second() {
    let market = busy::market();
    let server = busy::start(&market);
    busy::visit(&server);
    let page = page(&server);
    let buckets = |name: &str| -> Vec<(f64, f64)> {
        let of = page.samples.iter().filter(|sample| sample.name == format!("{name}_bucket"));
        of.map(|sample| (sample.labels["le"].parse().expect("a bound"), sample.value)).collect()
    };
    for name in ["encan_decision_seconds", "encan_ledger_commit_wait_seconds", "encan_tick_seconds"] {
        let buckets = buckets(name);
        assert!(buckets.is_sorted_by(|one, next| one.0 < next.0 && one.1 <= next.1), "{buckets:?}");
        let (last, count) = *buckets.last().expect("buckets");
        assert!(last.is_infinite() && count > 0.0, "{name}");
        assert!((count - page.value(&format!("{name}_count"), &[])).abs() < 0.5, "{name}");
        assert!(page.value(&format!("{name}_sum"), &[]) > 0.0, "{name}");
    }
    let bounds: Vec<f64> = buckets("encan_decision_seconds").iter().map(|(bound, _)| *bound).collect();
    assert!(bounds[0] < 1.1e-5 && bounds.contains(&0.1), "{bounds:?}");
}

#[test]
fn nobody_outside_can_add_a_series_or_see_their_words_on_the_page() {
    let market = busy::market();
    let server = busy::start(&market);
    let before = page(&server).series();
    busy::visit(&server);
    let text = text(&server);
    let after = Page::read(&text).series();
    let added: Vec<&String> = after.difference(&before).collect();
    assert!(added.is_empty() && after.len() == before.len(), "{added:?}");
    assert!(!text.to_lowercase().contains(WORD), "{text}");
    // It counted what was sent all the same.
    let page = Page::read(&text);
    for (name, labels) in [
        ("encan_bid_requests_malformed_total", &[][..]),
        ("encan_requests_refused_total", &[("reason", "unknown_exchange")]),
        ("encan_requests_refused_total", &[("reason", "method")]),
        ("encan_notices_total", &[("kind", "bill"), ("outcome", "malformed")]),
        ("encan_notices_total", &[("kind", "clicked"), ("outcome", "malformed")]),
        ("encan_events_total", &[("door", "page"), ("outcome", "taken")]),
    ] {
        assert!(page.value(name, labels) > 0.0, "{name} {labels:?}");
    }
}

#[test]
fn what_was_bid_billed_taxed_and_spent_stands_on_the_page() {
    within_an_hour(|| {
        let market = busy::market();
        let server = busy::start(&market);
        let billed = busy::visit(&server);
        wait_until("the clicks and conversions", || {
            server.metric("encan_notices_total{kind=\"clicked\",outcome=\"booked\"}") == 4
        });
        let page = page(&server);
        let euros = |micros: i64| f64::from(i32::try_from(micros).expect("a few millionths")) / 1e9;
        let media: f64 = billed.iter().map(|price| euros(*price)).sum();
        let near = |name: &str, labels: &[(&str, &str)], want: f64| {
            let found = page.value(name, labels);
            assert!((found - want).abs() < 1e-8, "{name} {labels:?}: {found}, not {want}");
        };
        near("encan_impressions_total", &[], 4.0);
        near("encan_media_euros_total", &[], media);
        // A thousandth by the scenario, each impression rounded up to the nano.
        near("encan_tax_euros_total", &[], media / 1_000.0);
        near("encan_spent_today_euros", &[], media);
        near("encan_campaign_spent_today_euros", &[("campaign", "taxed")], media);
        near("encan_campaign_spent_today_euros", &[("campaign", "paced")], 0.0);
        near("encan_campaign_planned_today_euros", &[("campaign", "paced")], 24.0);
        near("encan_planned_today_euros", &[], 1_024.0);
        near("encan_notices_total", &[("kind", "bill"), ("outcome", "booked")], 4.0);
        near("encan_notices_total", &[("kind", "bill"), ("outcome", "duplicate")], 4.0);
        near("encan_disk_reserve_bytes", &[], 256.0 * 1024.0 * 1024.0);
        near("encan_build_info", &[("version", env!("CARGO_PKG_VERSION")), ("commit", &commit(&page))], 1.0);
        let elapsed = page.value("encan_campaign_day_elapsed_ratio", &[("campaign", "taxed")]);
        assert!((0.0..=1.0).contains(&elapsed), "{elapsed}");
        assert!(page.value("encan_ledger_commit_wait_seconds_count", &[]) >= 16.0);
    });
}

/// The commit that the server says it was built from.
fn commit(page: &Page) -> String {
    let info = page.samples.iter().find(|sample| sample.name == "encan_build_info").expect("a build");
    let commit = info.labels["commit"].clone();
    assert!(!commit.is_empty());
    commit
}

#[test]
fn of_very_many_campaigns_some_have_series_and_all_are_in_the_sums() {
    let market = Market::new("10m");
    let count = limits::METRICS_CAMPAIGNS_MAX + 3;
    for at in 0..count {
        market.campaign(&campaign(&format!("c-{at:03}"), 1.0, &json!({ "daily": 2 })));
    }
    let server = market.start();
    let page = page(&server);
    let shown = page.samples.iter().filter(|sample| sample.name == "encan_campaign_spent_today_euros");
    assert_eq!(shown.count(), limits::METRICS_CAMPAIGNS_MAX);
    let near = |name: &str, want: usize| {
        let want = f64::from(u32::try_from(want).expect("a hundred"));
        assert!((page.value(name, &[]) - want).abs() < 1e-9, "{name}");
    };
    near("encan_campaigns", count);
    near("encan_campaigns_not_shown", 3);
    near("encan_planned_today_euros", 2 * count);
}
