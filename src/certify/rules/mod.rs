//! The rules as tables: what report, documentation and tests call them.
//!
//! Each has the section of OpenRTB 2.6 that it comes from; `Native` and `VAST` are specifications of their own,
//! `DSA` is the community extension for the Digital Services Act, `Prebid` and `Google` are public habits by which
//! bids are thrown away, `traffic` is what real exchanges send against the letter, and `profile` is demanded
//! by the exchange's profile alone.

pub(in crate::certify) mod bid;
pub(in crate::certify) mod http;
pub(in crate::certify) mod limits;
pub(in crate::certify) mod markup;

/// A rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule {
    /// A short name that stays, as `bid.impid`.
    pub id: &'static str,
    /// Where it comes from: a section as `4.2.3`, or a word.
    pub section: &'static str,
    /// What holds, as a sentence without a stop.
    pub what: &'static str,
}

/// A table of rules, and the list of all of them.
macro_rules! rules {
    ($($name:ident = $id:literal, $section:literal, $what:literal;)*) => {
        $(pub(in crate::certify) static $name: Rule = Rule { id: $id, section: $section, what: $what };)*

        pub(in crate::certify) static ALL: &[&Rule] = &[$(&$name),*];
    };
}
use rules;

/// Every rule, in the order of the sections: numbers first, then words.
#[must_use]
pub fn all_rules() -> Vec<&'static Rule> {
    let tables = [http::ALL, bid::ALL, limits::ALL, markup::ALL];
    let mut rules: Vec<&'static Rule> = tables.into_iter().flatten().copied().collect();
    // Stable: within a section, the order of the tables.
    rules.sort_by_key(|rule| order(rule.section));
    rules
}

/// Every rule that holds between a request and its response, whatever carried them.
#[must_use]
pub fn rules_of_answers() -> Vec<&'static Rule> {
    [bid::ALL, limits::ALL, markup::ALL].into_iter().flatten().copied().collect()
}

/// Every rule that the bids of one medium can be held to: all of an answer but what is shown, and pods.
#[must_use]
pub(in crate::certify) fn rules_of_bids() -> Vec<&'static Rule> {
    let tables = [bid::ALL, limits::ALL].into_iter().flatten().copied();
    tables.filter(|rule| !rule.id.starts_with("pod.")).collect()
}

/// The numbers of a section; words stand behind all numbers, by the alphabet.
fn order(section: &'static str) -> (Vec<u32>, &'static str) {
    let numbers: Result<Vec<u32>, _> = section.split('.').map(str::parse).collect();
    match numbers {
        Ok(numbers) => (numbers, ""),
        Err(_) => (vec![u32::MAX], section),
    }
}

#[cfg(test)]
mod tests {
    use super::all_rules;

    #[test]
    fn every_rule_has_a_name_of_its_own_and_says_where_it_comes_from() {
        let rules = all_rules();
        let mut ids: Vec<&str> = rules.iter().map(|rule| rule.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), rules.len());
        let words = ["DSA", "Google", "Native", "Prebid", "VAST", "profile", "traffic"];
        for rule in rules {
            let is_number = rule.section.starts_with(|digit: char| digit.is_ascii_digit());
            assert!(is_number || words.contains(&rule.section), "{rule:?}");
            assert!(!rule.what.is_empty() && !rule.what.ends_with('.'), "{rule:?}");
        }
    }

    #[test]
    fn sections_are_ordered_as_numbers() {
        let sections: Vec<&str> = all_rules().iter().map(|rule| rule.section).collect();
        let place = |section: &str| sections.iter().position(|known| *known == section).unwrap();
        assert!(place("2.1") < place("3.2.6") && place("3.2.6") < place("3.2.12"));
        assert!(place("7.11") < place("profile"));
    }
}
