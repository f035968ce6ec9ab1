//! Criteria that nobody may be targeted by: special categories of personal data.

/// Words that name health, religion, origin, sexual life, politics or union membership, in English and
/// French. Source: Regulation (EU) 2016/679, article 9 (1), and Regulation (EU) 2022/2065, article 26 (3).
/// Short on purpose: it catches the obvious and is no proof of the contrary.
const WORDS: [&str; 74] = [
    "health",
    "disease",
    "cancer",
    "diabetes",
    "depression",
    "hiv",
    "pregnant",
    "pregnancy",
    "disability",
    "sante",
    "santé",
    "maladie",
    "handicap",
    "religion",
    "religious",
    "christian",
    "catholic",
    "muslim",
    "islam",
    "jewish",
    "juif",
    "musulman",
    "race",
    "racial",
    "ethnic",
    "ethnicity",
    "ethnie",
    "sexual",
    "sexuality",
    "sexuel",
    "gay",
    "lesbian",
    "lgbt",
    "politics",
    "political",
    "politique",
    "voter",
    "union",
    "unionist",
    "syndicat",
    "genetic",
    "biometric",
    "hindu",
    "buddhist",
    "protestant",
    "homosexual",
    "homosexuality",
    "bisexual",
    "transgender",
    "grossesse",
    "handicapé",
    "handicapée",
    "sida",
    "vih",
    "dépression",
    "catholique",
    "chrétien",
    "chrétienne",
    "protestante",
    "bouddhiste",
    "juive",
    "musulmane",
    "sexuelle",
    "sexualité",
    "homosexuel",
    "homosexuelle",
    "homosexualité",
    "lesbienne",
    "transgenre",
    "ethnique",
    "raciale",
    "syndical",
    "syndicale",
    "génétique",
];

/// The sensitive word in `name`, if there is one: `autos-health-2` names `health`.
#[must_use]
pub fn sensitive_word(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase();
    let mut parts = lower.split(|c: char| !c.is_alphanumeric());
    parts.find_map(|part| {
        let singular = part.strip_suffix('s').unwrap_or(part);
        WORDS.into_iter().find(|word| *word == part || *word == singular)
    })
}

#[cfg(test)]
mod tests {
    use super::sensitive_word;

    #[test]
    fn a_sensitive_word_is_found_as_a_word_only() {
        assert_eq!(sensitive_word("autos-Health-2"), Some("health"));
        assert_eq!(sensitive_word("political_views"), Some("political"));
        assert_eq!(sensitive_word("cancers"), Some("cancer"));
        assert_eq!(sensitive_word("Catholiques"), Some("catholique"));
        assert_eq!(sensitive_word("santé:grossesse"), Some("santé"));
        assert_eq!(sensitive_word("futurs parents, grossesse"), Some("grossesse"));
        assert_eq!(sensitive_word("healthy-cooking"), None);
        assert_eq!(sensitive_word("grace"), None);
    }
}
