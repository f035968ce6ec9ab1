//! `encan demo` from outside: a market on this machine, and a reckoning that must agree.

use std::process::Command;

#[test]
fn the_ledger_agrees_with_the_exchanges_own_count_to_the_nano() {
    let folder = tempfile::tempdir().unwrap();
    let run = |verb: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_encan"))
            .args(verb)
            .arg("--data")
            .arg(folder.path())
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        let (out, err) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "{:?}\n{out}\n{err}", output.status);
        out
    };
    let ports = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let demo = run(&[&["demo", "--for", "4s", "--rate", "150", "--seed", "7"][..], &ports].concat());
    assert!(demo.contains("agree to the nano"), "{demo}");
    assert!(!demo.contains(": 0 impressions"), "nothing happened:\n{demo}");
    let report = run(&["report", "--by", "campaign,day", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert!(report["rows"].as_array().is_some_and(|rows| !rows.is_empty()), "{report}");
}
