//! What one value of a dimension is called: by machines always the same, by people in their language.

use std::fmt;
use std::sync::Arc;

use crate::page::{Forms, Phrase};
use crate::report::loss;
use crate::units::{Day, Hour};

/// The name of a group. For machines it is a slug, an id, a date or a word of ours in English. Cheap to clone: many rows
/// share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label(Arc<Words>);

/// What machines read, and what people do.
#[derive(Debug, PartialEq, Eq)]
struct Words {
    machine: String,
    people: People,
}

/// What people read instead.
#[derive(Debug, Clone, PartialEq, Eq)]
enum People {
    Same,
    Phrase(Phrase),
    /// The phrase, and what follows it in every language.
    Sized(Phrase, String),
    Reason(u32),
    Day(Day),
    Hour(Hour),
}

impl Label {
    fn new(machine: impl Into<String>, people: People) -> Self {
        Self(Arc::new(Words { machine: machine.into(), people }))
    }

    /// A name that people gave.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self::new(name, People::Same)
    }

    /// The hour that it names.
    #[must_use]
    pub fn as_hour(&self) -> Option<Hour> {
        if let People::Hour(hour) = &self.0.people { Some(*hour) } else { None }
    }

    pub(in crate::report) fn phrase(phrase: Phrase) -> Self {
        Self::new(phrase.en, People::Phrase(phrase))
    }

    pub(in crate::report) fn sized(phrase: Phrase, (width, height): (u16, u16)) -> Self {
        let size = format!("{width}x{height}");
        Self::new(format!("{} {size}", phrase.en), People::Sized(phrase, size))
    }

    /// Of a loss with that code. The code stands first, so that reasons sort by it.
    pub(in crate::report) fn reason(code: u32) -> Self {
        Self::new(format!("{code:03} {}", loss::reason(code).en), People::Reason(code))
    }

    pub(in crate::report) fn day(day: Day) -> Self {
        Self::new(day.to_string(), People::Day(day))
    }

    /// As `2026-11-22T14Z`.
    pub(in crate::report) fn hour(hour: Hour) -> Self {
        let day = i32::try_from(hour.raw().div_euclid(24)).unwrap_or_default();
        let machine = format!("{}T{:02}Z", Day::from_raw(day), hour.raw().rem_euclid(24));
        Self::new(machine, People::Hour(hour))
    }

    /// The same, so many days later: a day or an hour of one period laid over another. Other names stay.
    pub(in crate::report) fn later(self, days: i32) -> Self {
        match self.0.people {
            People::Day(day) => Self::day(Day::from_raw(day.raw().saturating_add(days))),
            People::Hour(hour) => Self::hour(Hour::from_raw(hour.raw() + 24 * i64::from(days))),
            _ => self,
        }
    }

    /// The day or the hour after it; `None` if it is no time.
    pub(in crate::report) fn next(&self) -> Option<Self> {
        match self.0.people {
            People::Day(day) => Some(Self::day(Day::from_raw(day.raw().checked_add(1)?))),
            People::Hour(hour) => Some(Self::hour(Hour::from_raw(hour.raw().checked_add(1)?))),
            _ => None,
        }
    }

    /// For machines.
    #[must_use]
    pub fn machine(&self) -> &str {
        &self.0.machine
    }

    /// For people.
    #[must_use]
    pub fn text(&self, forms: &Forms) -> String {
        let lang = forms.lang();
        match &self.0.people {
            People::Same => self.0.machine.clone(),
            People::Phrase(phrase) => phrase.text(lang).to_owned(),
            People::Sized(phrase, size) => format!("{} {size}", phrase.text(lang)),
            People::Reason(code) => format!("{code} {}", loss::reason(*code).text(lang)),
            People::Day(day) => forms.day(*day),
            People::Hour(hour) => forms.hour(*hour),
        }
    }

    /// For people who look at plain text: dates stand below each other.
    #[must_use]
    pub fn plain(&self, forms: &Forms) -> String {
        match &self.0.people {
            People::Day(_) | People::Hour(_) => self.0.machine.clone(),
            _ => self.text(forms),
        }
    }

    /// For people, as short as it goes: a day without its year.
    #[must_use]
    pub fn short(&self, forms: &Forms) -> String {
        match &self.0.people {
            People::Day(day) => forms.day_of_year(*day),
            People::Hour(hour) => forms.hour_of_day(*hour),
            _ => self.text(forms),
        }
    }
}

impl fmt::Display for Label {
    /// For machines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.machine)
    }
}

#[cfg(test)]
mod tests {
    use super::Label;
    use crate::page::{Forms, Lang, Phrase};
    use crate::units::{Day, Hour};

    #[track_caller]
    fn check(label: &Label, machine: &str, english: &str, french: &str) {
        let plain = |lang| label.text(&Forms::new(lang)).replace('\u{a0}', " ");
        assert_eq!(
            (label.machine(), plain(Lang::En).as_str(), plain(Lang::Fr).as_str()),
            (machine, english, french)
        );
    }

    #[test]
    fn machines_read_the_same_in_every_language_and_people_their_own() {
        let day = Day::from_civil(2026, 11, 22);
        check(&Label::named("spring"), "spring", "spring", "spring");
        check(&Label::day(day), "2026-11-22", "22 Nov 2026", "22 nov. 2026");
        let hour = Hour::from_raw(i64::from(day.raw()) * 24 + 9);
        check(&Label::hour(hour), "2026-11-22T09Z", "22 Nov 2026, 09:00", "22 nov. 2026, 9 h");
        let banner = Phrase::new("banner", "bannière");
        check(&Label::sized(banner, (300, 250)), "banner 300x250", "banner 300x250", "bannière 300x250");
        let french = "102 battue par une offre plus haute";
        check(&Label::reason(102), "102 Lost to Higher Bid", "102 Lost to Higher Bid", french);
    }

    #[test]
    fn reasons_sort_by_their_codes() {
        let codes = [0, 2, 10, 102, 1_000].map(|code| Label::reason(code).machine().to_owned());
        assert!(codes[..4].is_sorted());
    }
}
