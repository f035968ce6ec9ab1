//! The folder of list files: `<name>.txt`, one value a line, which rules call by their names.
//!
//! They are read whole with the campaigns; a fault in one that a rule names refuses the revision.

use std::path::{Path, PathBuf};

use crate::document::{Fault, Faults, Source};
use crate::shell::files::{files_of, read_file, unreadable};
use crate::units::limits;

/// The lists in `folder`; none if there is no such folder: then every rule that names one is told so.
pub fn read_lists(folder: &Path, faults: &mut Faults) -> Vec<Source> {
    if !folder.exists() {
        return Vec::new();
    }
    let files = match files_of(folder, "txt") {
        Ok(files) => files,
        Err(error) => {
            faults.push(unreadable(folder, &error));
            return Vec::new();
        }
    };
    if files.len() > limits::LIST_FILES_MAX {
        let message = format!("has more than {} list files", limits::LIST_FILES_MAX);
        faults.push(Fault::of_file(folder.display().to_string(), message));
        return Vec::new();
    }
    files.iter().filter_map(|file| read_file(file, faults)).collect()
}

/// A warning for each of the lists `unnamed` of a folder of `lists`, where a whole folder of campaigns was read and
/// these are their lists: one campaign says nothing of the lists of others.
pub fn question_unnamed(unnamed: &[String], lists: usize, campaigns: &[PathBuf], faults: &mut Faults) {
    if unnamed.len() < lists && campaigns.iter().any(|path| path.is_dir()) {
        for list in unnamed {
            let fault = Fault::of_file(list, "no rule names this list").as_warning();
            faults.push(fault.hint("remove it, or name it: `\"domain\": {\"list\": \"...\"}`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::read_lists;
    use crate::document::{Fault, Faults, Severity};
    use crate::shell::files::{Loaded, Paths, load};
    use crate::units::UnixMillis;

    /// A folder of one campaign whose line item wants `targeting`, and of these lists, as it loads.
    fn loaded(targeting: &str, lists: &[(&str, &[u8])]) -> Loaded {
        let folder = tempfile::tempdir().unwrap();
        let (campaigns, own) = (folder.path().join("campaigns"), folder.path().join("lists"));
        fs::create_dir(&campaigns).unwrap();
        fs::create_dir(&own).unwrap();
        let text = fs::read_to_string("fixtures/campaigns/house-run-of-network.json").unwrap();
        let mut campaign: serde_json::Value = serde_json::from_str(&text).unwrap();
        campaign["line_items"][0]["targeting"] = serde_json::from_str(targeting).unwrap();
        fs::write(campaigns.join("house.json"), campaign.to_string()).unwrap();
        lists.iter().for_each(|(name, bytes)| fs::write(own.join(name), bytes).unwrap());
        let paths = Paths {
            campaigns: vec![campaigns],
            exchanges: "fixtures/exchanges".into(),
            tax: "fixtures/tax".into(),
            currencies: "fixtures/currencies.json".into(),
            geo: "fixtures/geo/test-ranges.mmdb".into(),
            audiences: "fixtures/audiences".into(),
            supply: "fixtures/supply".into(),
            lists: own,
        };
        load(&paths, UnixMillis::from_raw(1_780_000_000_000))
    }

    fn words(fault: &Fault) -> String {
        let file = fault.source.rsplit('/').next().unwrap();
        let line = fault.place.as_ref().map_or(String::new(), |place| format!(":{}", place.line));
        format!("{:?} {file}{line} {}", fault.severity, fault.message)
    }

    #[track_caller]
    fn check(targeting: &str, lists: &[(&str, &[u8])], want: &[&str]) {
        let loaded = loaded(targeting, lists);
        assert_eq!(loaded.faults.iter().map(words).collect::<Vec<_>>(), want);
        assert_eq!(loaded.catalog.is_some(), loaded.count(Severity::Error) == 0);
    }

    const NEWS: &str = r#"{"domain": {"list": "news"}}"#;

    #[test]
    fn a_list_is_read_whatever_its_line_ends_comments_and_byte_order_mark() {
        check(
            NEWS,
            &[("news.txt", b"\xef\xbb\xbf# ours\r\nlemonde.fr\r\n\r\n  www.bfmtv.com \r\n#end")],
            &[],
        );
    }

    #[test]
    fn a_missing_list_is_named_where_the_rule_names_it() {
        let want = "Error house.json:1 `line_items[0].targeting.domain.list` is not a list, got \"news\"";
        check(NEWS, &[], &[want]);
        let loaded = loaded(NEWS, &[("news2.txt", b"a.example")]);
        assert_eq!(loaded.faults[0].hint.as_deref(), Some("did you mean `news2`?"));
    }

    #[test]
    fn a_list_that_is_not_utf_8_is_refused_with_its_line() {
        let want = "Error news.txt is not UTF-8: the first wrong byte is in line 2";
        let gone = "Error house.json:1 `line_items[0].targeting.domain.list` is not a list, got \"news\"";
        check(NEWS, &[("news.txt", b"lemonde.fr\n\xff\n")], &[want, gone]);
    }

    #[test]
    fn an_empty_list_is_refused() {
        check(NEWS, &[("news.txt", b"# nothing yet\n")], &["Error news.txt the list is empty"]);
    }

    #[test]
    fn a_list_that_no_rule_names_is_a_warning() {
        let lists: &[(&str, &[u8])] = &[("news.txt", b"lemonde.fr"), ("old.txt", b"nothing reads this")];
        check(NEWS, lists, &["Warning old.txt no rule names this list"]);
    }

    #[test]
    fn a_folder_that_is_not_there_has_no_lists() {
        let mut faults = Faults::new();
        assert_eq!(read_lists(Path::new("no/such/folder"), &mut faults), []);
        assert_eq!(faults.into_vec(), []);
    }
}
