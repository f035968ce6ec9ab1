//! The folder of supply lists: `ads.txt/<domain>.txt`, `app-ads.txt/<domain>.txt` and `sellers.json/<domain>.json`.
//!
//! They come from others and change by themselves, so nothing in them stops the bidder: what is wrong with one is
//! a warning, and the file that was read before stays, also when it is gone.

use std::io;
use std::path::{Path, PathBuf};

use crate::document::{Fault, Faults, Source};
use crate::shell::files::{files_of, read_file};
use crate::supply::Lists;
use crate::units::limits;

/// How one kind of list is taken.
type Take = fn(&mut Lists, &Source, &mut Faults);

/// The folders of a supply folder, the ending of their files, and what takes them.
const KINDS: [(&str, &str, Take); 3] = [
    ("ads.txt", "txt", Lists::take_ads_txt),
    ("app-ads.txt", "txt", Lists::take_app_ads_txt),
    ("sellers.json", "json", Lists::take_sellers_json),
];

/// The lists in `folder` over those `before`, every fault as a warning, and the texts that have one.
pub fn load_supply(folder: &Path, before: &Lists) -> (Lists, Vec<Fault>, Vec<Source>) {
    let (mut lists, mut faults, mut faulty) = (before.clone(), Faults::new(), Vec::new());
    if !folder.is_dir() {
        let fault = Fault::of_file(folder.display().to_string(), "there is no such folder");
        faults.push(fault.hint("without it no `ads.txt` and no `sellers.json` is known"));
    }
    for (name, ending, take) in KINDS {
        for path in files(&folder.join(name), ending, &mut faults) {
            let mut found = Faults::new();
            let source = read_file(&path, &mut found);
            if let Some(source) = source {
                take(&mut lists, &source, &mut found);
                let found = found.into_vec();
                if !found.is_empty() {
                    faulty.push(source);
                }
                found.into_iter().for_each(|fault| faults.push(fault));
            } else {
                found.into_vec().into_iter().for_each(|fault| faults.push(fault));
            }
        }
    }
    (lists, faults.into_vec().into_iter().map(Fault::as_warning).collect(), faulty)
}

/// The folders that `folder` and its kinds of lists are, to be watched: those that exist.
pub fn folders(folder: &Path) -> Vec<PathBuf> {
    let kinds = KINDS.iter().map(|(name, ..)| folder.join(name));
    std::iter::once(folder.to_owned()).chain(kinds).filter(|folder| folder.is_dir()).collect()
}

/// The files of `folder` with `ending` by name; none if there is no such folder.
fn files(folder: &Path, ending: &str, faults: &mut Faults) -> Vec<PathBuf> {
    let mut files = match files_of(folder, ending) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            let name = folder.display().to_string();
            faults.push(Fault::of_file(name, format!("cannot be read: {error}")));
            Vec::new()
        }
    };
    if files.len() > limits::SUPPLY_FILES_MAX {
        let message = format!("has more than {} files: the rest is left out", limits::SUPPLY_FILES_MAX);
        faults.push(Fault::of_file(folder.display().to_string(), message));
        files.truncate(limits::SUPPLY_FILES_MAX);
    }
    files
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{folders, load_supply};
    use crate::document::Severity;
    use crate::supply::Lists;

    fn write(folder: &Path, file: &str, text: &str) {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn lists_are_read_by_kind_and_what_is_wrong_is_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "ads.txt/a.example.txt", "x.example, 1, DIRECT\nnonsense");
        write(folder.path(), "app-ads.txt/b.example.txt", "x.example, 1, DIRECT");
        write(folder.path(), "sellers.json/x.example.json", r#"{"sellers": [{"seller_id": "1"}]}"#);
        write(folder.path(), "sellers.json/y.example.json", "{");
        write(folder.path(), "sellers.json/notes.md", "not a list");
        let (lists, faults, faulty) = load_supply(folder.path(), &Lists::default());
        assert_eq!(lists.counts(), [1, 1, 1]);
        assert!(faults.iter().all(|fault| fault.severity == Severity::Warning));
        assert_eq!((faults.len(), faulty.len(), folders(folder.path()).len()), (2, 2, 4));
    }

    #[test]
    fn a_bad_or_missing_file_leaves_the_one_before_and_a_better_one_replaces_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = "ads.txt/a.example.txt";
        write(folder.path(), file, "x.example, 1, DIRECT");
        let (first, faults, _) = load_supply(folder.path(), &Lists::default());
        assert_eq!(faults, []);
        let sells =
            |lists: &Lists, sid| lists.ads_txt("a.example").and_then(|file| file.relation("x.example", sid));
        let is_first = |lists: &Lists| sells(lists, "1").is_some() && sells(lists, "2").is_none();
        write(folder.path(), file, "<html>");
        let (second, faults, _) = load_supply(folder.path(), &first);
        assert!(is_first(&second) && !faults.is_empty());
        fs::remove_file(folder.path().join(file)).unwrap();
        let (third, faults, _) = load_supply(folder.path(), &second);
        assert!(is_first(&third) && faults.is_empty());
        write(folder.path(), file, "x.example, 1, DIRECT\nx.example, 2, DIRECT");
        let (fourth, ..) = load_supply(folder.path(), &third);
        assert!(sells(&fourth, "2").is_some());
    }

    #[test]
    fn without_a_folder_nothing_is_known_and_that_is_told() {
        let (lists, faults, _) = load_supply(Path::new("no/such/folder"), &Lists::default());
        assert_eq!((lists.counts(), faults[0].message.as_str()), ([0, 0, 0], "there is no such folder"));
    }

    #[test]
    fn the_sample_lists_have_no_fault() {
        let (lists, faults, _) = load_supply(Path::new("fixtures/supply"), &Lists::default());
        assert_eq!((lists.counts(), faults), ([1, 1, 1], vec![]));
    }
}
