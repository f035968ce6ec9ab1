//! What lies in a data folder, and what of it belongs in a backup.

/// The ledger, which every backup has.
pub(in crate::shell::backup) const LEDGER: &str = "ledger.sqlite";
/// The keys, which are copied where that is asked for.
pub(in crate::shell::backup) const KEYS: &str = "secret";
/// Where archives lie.
pub(in crate::shell::backup) const ARCHIVES: &str = "archive";

/// SQLite files beside the ledger, in the order in which they are copied, and what they hold.
pub(in crate::shell::backup) const SIDE_FILES: [(&str, &str); 6] = [
    ("audience.sqlite", "who is in which segment, and what people did"),
    ("events.sqlite", "which events with an id have come"),
    ("journeys.sqlite", "what people saw and clicked, for conversions to find their ads"),
    ("experiments.sqlite", "who is in which group of which experiment"),
    ("contexts.sqlite", "what impressions were like, to train on"),
    ("changes.sqlite", "changes by feedback, and who decided on them"),
];

/// Files that are replaced whole, and what they hold: one that is read is as it was at one instant.
pub(in crate::shell::backup) const WHOLE_FILES: [(&str, &str); 7] = [
    ("learned", "prices to beat, multipliers, traffic"),
    ("model", "the model in use"),
    ("model.1", "a former model"),
    ("model.2", "a former model"),
    ("model.3", "a former model"),
    ("model.4", "a former model"),
    ("model.5", "a former model"),
];

/// What the ledger is, for people.
pub(in crate::shell::backup) const BOOKS: &str = "the books";
/// What an archive is.
pub(in crate::shell::backup) const OLD_DAYS: &str = "old days of the books";
/// What the keys are.
pub(in crate::shell::backup) const SECRETS: &str = "the keys of notices and of people";

/// Why a file or folder of that `name` is not in a backup. `None` if it is nothing that needs a word: it is copied, or
/// part of a file that is, or the mark of a process.
pub(in crate::shell::backup) fn left_out(name: &str) -> Option<&'static str> {
    const OF_PROCESSES: [&str; 3] = ["lock", "admin", "model.lock"];
    const OF_SQLITE: [&str; 3] = ["-wal", "-shm", "-journal"];
    let plain = OF_SQLITE.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
    let is_copied = plain == LEDGER
        || SIDE_FILES.iter().any(|(side, _)| *side == plain)
        || WHOLE_FILES.iter().any(|(whole, _)| *whole == name)
        || [KEYS, ARCHIVES].contains(&name);
    if is_copied || OF_PROCESSES.contains(&name) {
        None
    } else if name == "figures" {
        Some("it is built anew from the ledger by itself")
    } else if name.contains(".unusable-") || name.contains(".refused-") {
        Some("it could not be used and was put aside")
    } else if name.ends_with(".new") || name.ends_with(".part") {
        Some("it is half-written")
    } else {
        Some("this encan does not know it")
    }
}

#[cfg(test)]
mod tests {
    use super::left_out;

    #[test]
    fn what_is_copied_needs_no_word_and_everything_else_has_its_reason() {
        for name in [
            "ledger.sqlite",
            "ledger.sqlite-wal",
            "journeys.sqlite",
            "journeys.sqlite-shm",
            "learned",
            "model",
            "model.5",
            "secret",
            "archive",
            "lock",
            "admin",
            "model.lock",
        ] {
            assert_eq!(left_out(name), None, "{name}");
        }
        for (name, want) in [
            ("figures", "anew"),
            ("experiments.sqlite.unusable-7", "put aside"),
            ("experiments.sqlite.unusable-7-wal", "put aside"),
            ("learned.refused-7", "put aside"),
            ("secret.new", "half-written"),
            ("model.6", "does not know"),
            ("diary.txt", "does not know"),
            ("learned-wal", "does not know"),
        ] {
            assert!(left_out(name).is_some_and(|why| why.contains(want)), "{name}");
        }
    }
}
