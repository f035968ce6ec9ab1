//! What operators take from `fixtures/ops`: a dashboard and alerts that read only what a server has on its page, alerts
//! that fire and keep silent as their tests say, a service that systemd takes.

mod support;

#[path = "operations/promql.rs"]
mod promql;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use promql::{Selector, reads};
use serde_json::Value;
use support::prometheus::{self, Page};
use support::{Encan, Options, busy};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/ops").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(file(name)).expect("the fixtures are part of the project")
}

/// The page of a server that has seen a little of everything.
fn page() -> Page {
    let market = busy::market();
    let server = busy::start(&market);
    busy::visit(&server);
    Page::read(&server.admin("/metrics").text())
}

/// A rule of `encan.rules.yml`.
#[derive(Debug, Default)]
struct Rule {
    /// `record` or `alert`.
    kind: String,
    name: String,
    expression: String,
    /// All its lines.
    text: String,
}

/// The rules of the file, by the form that it is written in: a key a line, longer texts below theirs.
fn rules() -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut in_expression = false;
    for line in text("encan.rules.yml").lines() {
        let begun = line.trim_start().strip_prefix("- ").and_then(|rest| rest.split_once(": "));
        if let Some((kind @ ("record" | "alert"), name)) = begun {
            rules.push(Rule { kind: kind.to_owned(), name: name.to_owned(), ..Rule::default() });
            continue;
        }
        let Some(rule) = rules.last_mut() else { continue };
        rule.text += line;
        rule.text.push('\n');
        let key = line
            .strip_prefix("        ")
            .filter(|rest| !rest.starts_with(' '))
            .and_then(|rest| rest.split_once(':'));
        if let Some((key, value)) = key {
            in_expression = key == "expr";
            if in_expression && value.trim() != "|" {
                value.trim().clone_into(&mut rule.expression);
            }
        } else if in_expression && line.starts_with("          ") {
            rule.expression += line;
        }
    }
    rules
}

/// What of `expression` is not on `page`, nor in `recorded`.
fn unknown(expression: &str, page: &Page, recorded: &BTreeSet<String>) -> Vec<String> {
    let mut unknown = Vec::new();
    let reads = reads(expression);
    let mut labels: BTreeSet<&str> = ["instance", "job"].into();
    for Selector { metric, matchers } in &reads.selectors {
        // What Prometheus itself says of a scrape, and what is made of known metrics.
        if metric == "up" || recorded.contains(metric) {
            labels.insert("campaign");
            continue;
        }
        let samples: Vec<_> = page.samples.iter().filter(|sample| sample.name == *metric).collect();
        if samples.is_empty() {
            unknown.push(metric.clone());
        }
        labels.extend(samples.iter().flat_map(|sample| sample.labels.keys()).map(String::as_str));
        for (label, operator, value) in matchers {
            if ["instance", "job"].contains(&label.as_str()) || value.starts_with('$') {
                continue;
            }
            let is_there = |wanted: &str| {
                samples.iter().any(|sample| sample.labels.get(label).is_some_and(|known| known == wanted))
            };
            let wanted: Vec<&str> =
                if operator.contains('~') { value.split('|').collect() } else { vec![value] };
            let missing = wanted.into_iter().filter(|wanted| !is_there(wanted));
            unknown.extend(missing.map(|wanted| format!("{metric}{{{label}=\"{wanted}\"}}")));
        }
    }
    let strange = reads.groups.iter().filter(|label| !labels.contains(label.as_str()));
    unknown.extend(strange.map(|label| format!("label {label}")));
    unknown
}

/// Every query of the dashboard, by the title of its panel.
fn queries(dashboard: &Value) -> Vec<(String, String)> {
    let panels = dashboard["panels"].as_array().expect("panels");
    let of = |panel: &Value| {
        let title = panel["title"].as_str().expect("a title").to_owned();
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        let queries = targets
            .into_iter()
            .map(move |target| (title.clone(), target["expr"].as_str().expect("an expression").to_owned()));
        queries.collect::<Vec<_>>()
    };
    panels.iter().flat_map(of).collect()
}

fn dashboard() -> Value {
    serde_json::from_str(&text("encan.dashboard.json")).expect("JSON")
}

#[test]
fn every_panel_reads_only_metrics_and_labels_that_a_server_has() {
    let (page, none) = (page(), BTreeSet::new());
    let queries = queries(&dashboard());
    assert!(queries.len() > 60, "{}", queries.len());
    let mut faults: Vec<String> = Vec::new();
    for (panel, query) in &queries {
        faults.extend(unknown(query, &page, &none).into_iter().map(|what| format!("{panel}: {what}")));
    }
    assert!(faults.is_empty(), "{faults:#?}");
    // The check sees what is not there.
    assert_eq!(unknown("sum by (reson) (encan_bid_total)", &page, &none), ["encan_bid_total", "label reson"]);
    let of = "encan_notices_total{outcome=~\"booked|kept\"}";
    assert_eq!(unknown(of, &page, &none), ["encan_notices_total{outcome=\"kept\"}"]);
}

#[test]
fn every_metric_of_a_server_is_on_some_panel() {
    let page = page();
    let queries = queries(&dashboard());
    let read: BTreeSet<String> = queries
        .iter()
        .flat_map(|(_, query)| reads(query).selectors)
        .map(|selector| selector.metric)
        .collect();
    let read: BTreeSet<&str> = read.iter().filter_map(|metric| page.family(metric)).collect();
    let unread: Vec<&String> = page.families.keys().filter(|name| !read.contains(name.as_str())).collect();
    assert!(unread.is_empty(), "no panel shows {unread:?}");
}

#[test]
fn the_dashboard_asks_the_source_that_is_chosen_and_names_no_address() {
    let dashboard = dashboard();
    let text = text("encan.dashboard.json");
    for address in ["http:", "https:", "//"] {
        assert!(!text.contains(address), "{address}");
    }
    let variables = dashboard["templating"]["list"].as_array().expect("variables");
    let names: Vec<&str> = variables.iter().filter_map(|variable| variable["name"].as_str()).collect();
    assert_eq!(names, ["datasource", "instance", "campaign"]);
    let (mut ids, mut places) = (BTreeSet::new(), BTreeSet::new());
    for panel in dashboard["panels"].as_array().expect("panels") {
        assert!(ids.insert(panel["id"].as_u64().expect("an id")), "{panel}");
        assert!(places.insert(panel["gridPos"].to_string()), "two panels in one place: {panel}");
        for target in panel["targets"].as_array().into_iter().flatten() {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{target}");
            assert!(target["expr"].as_str().is_some_and(|query| query.contains("instance=~\"$instance\"")));
        }
    }
}

#[test]
fn every_rule_reads_only_what_a_server_has_and_every_alert_says_what_to_do() {
    let (page, rules) = (page(), rules());
    let recorded: BTreeSet<String> =
        rules.iter().filter(|rule| rule.kind == "record").map(|rule| rule.name.clone()).collect();
    let alerts: Vec<&Rule> = rules.iter().filter(|rule| rule.kind == "alert").collect();
    assert!(alerts.len() > 25 && recorded.len() > 12, "{} {}", alerts.len(), recorded.len());
    let mut faults = Vec::new();
    for rule in &rules {
        assert!(!rule.expression.is_empty(), "{rule:?}");
        let unknown = unknown(&rule.expression, &page, &recorded);
        faults.extend(unknown.into_iter().map(|what| format!("{}: {what}", rule.name)));
    }
    assert!(faults.is_empty(), "{faults:#?}");
    let tests = text("encan.rules.test.yml");
    for Rule { name, text, .. } in alerts {
        for needed in
            ["  for: ", "    labels: { severity: ", "  annotations:", "    summary: ", "    runbook: >-"]
        {
            assert!(text.contains(needed), "{name} lacks {needed}");
        }
        assert!(
            ["critical", "warning"].iter().any(|of| text.contains(&format!("severity: {of} }}"))),
            "{name}"
        );
        let (_, runbook) = text.split_once("runbook: >-").expect("seen above");
        assert!(runbook.split_whitespace().count() > 20, "{name}: {runbook}");
        for case in [format!("\"{name} fires: "), format!("\"{name} is silent: ")] {
            assert!(tests.contains(&case), "no test {case}");
        }
    }
}

#[test]
fn promtool_takes_the_rules_and_each_alert_fires_and_keeps_silent_as_its_tests_say() {
    if !prometheus::is_ready() {
        return;
    }
    let path = |name: &str| file(name).display().to_string();
    let (is_content, words) =
        prometheus::judged(&["check", "rules", "--lint=all", "--lint-fatal", &path("encan.rules.yml")], "");
    assert!(is_content, "{words}");
    let (is_content, words) = prometheus::judged(&["test", "rules", &path("encan.rules.test.yml")], "");
    assert!(is_content && words.contains("SUCCESS"), "{words}");
}

#[test]
fn promtool_reads_every_query_of_the_dashboard() {
    if !prometheus::is_ready() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let check = |queries: &[(String, String)]| {
        let mut rules = String::from("groups:\n  - name: dashboard\n    rules:\n");
        for (at, (_, query)) in queries.iter().enumerate() {
            let query = Value::from(query.replace("$__rate_interval", "5m"));
            rules += &format!("      - {{ record: \"panel:{at}\", expr: {query} }}\n");
        }
        let file = folder.path().join("dashboard.yml");
        std::fs::write(&file, rules).expect("a file");
        prometheus::judged(&["check", "rules", &file.display().to_string()], "")
    };
    let mut queries = queries(&dashboard());
    let (is_content, words) = check(&queries);
    assert!(is_content, "{words}");
    queries[0].1.push(')');
    assert!(!check(&queries).0, "a parenthesis too many is no fault");
}

#[test]
fn systemd_takes_the_service_and_finds_it_well_locked_in() {
    let version = Command::new("systemd-analyze").arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        use std::io::Write as _;
        let line = b"SKIPPED systemd_takes_the_service_and_finds_it_well_locked_in: no `systemd-analyze`\n";
        let _ = std::io::stderr().write_all(line);
        return;
    }
    // The binary is not installed where the service expects it: the one under test stands in.
    let service = text("encan.service").replace("/usr/local/bin/encan", env!("CARGO_BIN_EXE_encan"));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("encan.service");
    std::fs::write(&file, &service).expect("a file");
    let analyze = |arguments: &[&str], file: &Path| {
        let output = Command::new("systemd-analyze").args(arguments).arg(file).output().expect("it is there");
        let words = [output.stdout, output.stderr].map(|words| String::from_utf8_lossy(&words).into_owned());
        (output.status.success(), words.concat())
    };
    let (is_content, words) = analyze(&["verify", "--man=no", "--recursive-errors=no"], &file);
    assert!(is_content && !words.contains("encan.service:"), "{words}");
    // 0 is locked in, 100 is free.
    let (is_content, words) = analyze(&["security", "--offline=true", "--threshold=15", "--no-pager"], &file);
    assert!(is_content, "{words}");
    let help = support::encan().args(["serve", "--help"]).output().expect("the binary runs").stdout;
    let help = String::from_utf8_lossy(&help).into_owned();
    // What it sets is what the binary reads: with folders of that form it starts.
    let environment = service.lines().filter_map(|line| line.strip_prefix("Environment=")?.split_once('='));
    let env: Vec<(String, String)> =
        environment.map(|(name, value)| (name.to_owned(), value.replace("/etc/encan", "fixtures"))).collect();
    for (name, _) in &env {
        assert!(help.contains(&format!("{name}=")), "{name}");
    }
    assert_eq!(env.len(), 8, "{env:?}");
    let server = Encan::start(Options { env, ..Options::default() });
    assert_eq!(server.admin("/healthz").status, 200);
    // Its flags are those of the binary.
    let line = service.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("a command");
    for flag in line.split_whitespace().filter(|word| word.starts_with("--")) {
        assert!(help.contains(&format!("{flag} ")), "{flag}");
    }
}
