//! The languages that people are spoken to in.

use std::fmt;
use std::str::FromStr;

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
}

impl Lang {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::En, Self::Fr];

    /// Its tag (BCP 47), as `lang` says it.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
        }
    }

    /// The first language of an `Accept-Language` that we speak, else English. Weights are not read: browsers write
    /// what they like best first.
    #[must_use]
    pub fn accepted(header: &str) -> Self {
        let primary = |range: &str| range.trim().split(['-', ';']).next().map(str::to_ascii_lowercase);
        header.split(',').filter_map(primary).find_map(|tag| tag.parse().ok()).unwrap_or_default()
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.tag())
    }
}

impl FromStr for Lang {
    type Err = UnknownLang;

    fn from_str(text: &str) -> Result<Self, UnknownLang> {
        let tagged = |lang: &Self| lang.tag() == text;
        Self::ALL.into_iter().find(tagged).ok_or_else(|| UnknownLang { given: text.to_owned() })
    }
}

/// We do not speak it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no language `{given}`; there are en and fr")]
pub struct UnknownLang {
    /// As written.
    pub given: String,
}

#[cfg(test)]
mod tests {
    use super::Lang;

    #[test]
    fn a_language_reads_back_from_its_tag_and_another_is_told_which_there_are() {
        for lang in Lang::ALL {
            assert_eq!(lang.tag().parse(), Ok(lang));
        }
        assert_eq!("de".parse::<Lang>().unwrap_err().to_string(), "no language `de`; there are en and fr");
    }

    #[test]
    fn a_browser_gets_the_first_of_its_languages_that_we_speak() {
        assert_eq!(Lang::accepted("fr-FR,fr;q=0.9,en;q=0.8"), Lang::Fr);
        assert_eq!(Lang::accepted("de-DE, en-GB;q=0.7, fr;q=0.3"), Lang::En);
        assert_eq!(Lang::accepted("de"), Lang::En);
        assert_eq!(Lang::accepted(""), Lang::En);
    }
}
