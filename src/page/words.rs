//! The words of pages in both languages. A phrase cannot lack one: it is made of two texts.
//!
//! French puts a space that holds before a colon and keeps the trade's own short words (CPM, CPA, ROI), as French
//! buyers do.

use crate::page::Lang;

/// One text in every language. In it, `{}` stands for what [`Phrase::with`] is given, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Phrase {
    /// In English.
    pub en: &'static str,
    /// In French.
    pub fr: &'static str,
}

impl Phrase {
    /// The same text in both languages is written twice.
    #[must_use]
    pub const fn new(en: &'static str, fr: &'static str) -> Self {
        Self { en, fr }
    }

    /// The text in `lang`.
    #[must_use]
    pub const fn text(self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::Fr => self.fr,
        }
    }

    /// The text in `lang` with `values` for its gaps; a gap too many stays.
    #[must_use]
    pub fn with(self, lang: Lang, values: &[&str]) -> String {
        let mut pieces = self.text(lang).split("{}");
        let mut text = pieces.next().unwrap_or_default().to_owned();
        for (at, piece) in pieces.enumerate() {
            text.push_str(values.get(at).copied().unwrap_or("{}"));
            text.push_str(piece);
        }
        text
    }
}

/// Names each phrase, and lists all, so that a test sees each.
macro_rules! phrases {
    ($($(#[$doc:meta])* $name:ident: $en:literal, $fr:literal;)*) => {
        $($(#[$doc])* #[doc = $en] pub const $name: Phrase = Phrase::new($en, $fr);)*
        /// Every phrase of this file.
        pub const ALL: &[(&str, Phrase)] = &[$((stringify!($name), $name)),*];
    };
}

phrases! {
    REPORT: "Report", "Rapport";
    PERIOD: "{} to {}", "du {} au {}";
    SINCE: "from {}", "depuis le {}";
    UNTIL: "until {}", "jusqu’au {}";
    ALL_DAYS: "all days", "tous les jours";
    COMPARED_WITH: "compared with {}", "comparé à la période {}";
    DELIVERY: "Delivery", "Diffusion";
    COSTS: "Costs", "Coûts";
    RETURN: "Return", "Rendement";
    COSTS_AND_RETURN: "Costs and return", "Coûts et rendement";
    TARGETS: "Targets", "Objectifs";
    INTERVALS: "Small counts", "Petits nombres";
    NOTES: "Notes", "Notes";
    TOTAL: "Total", "Total";
    NOTHING: "No events.", "Aucun événement.";

    ADVERTISER: "Advertiser", "Annonceur";
    CAMPAIGN: "Campaign", "Campagne";
    LINE_ITEM: "Line item", "Élément de ligne";
    CREATIVE: "Creative", "Création";
    EXCHANGE: "Exchange", "Place de marché";
    DEAL: "Deal", "Deal";
    PUBLISHER: "Publisher", "Éditeur";
    PLACE: "Place", "Lieu";
    DEVICE: "Device", "Appareil";
    SEGMENT: "Segment", "Segment";
    FORMAT: "Format", "Format";
    ARM: "Arm", "Variante";
    LOSS_REASON: "Loss reason", "Motif de perte";
    DAY: "Day", "Jour";
    HOUR: "Hour (UTC)", "Heure (UTC)";
    CURRENCY: "Currency", "Devise";

    WINS: "Wins", "Enchères gagnées";
    LOSSES: "Losses", "Enchères perdues";
    WIN_RATE: "Win rate", "Taux de gain";
    IMPRESSIONS: "Impressions", "Impressions";
    VIEWS: "Views", "Vues";
    VIEWABILITY: "Viewability", "Visibilité";
    CLICKS: "Clicks", "Clics";
    CTR: "CTR", "CTR";
    CVR: "CVR", "Taux de conversion";
    CONVERSIONS: "Conversions", "Conversions";
    COMPLETION: "Completion", "Lectures complètes";
    CPM: "CPM", "CPM";
    CPC: "CPC", "CPC";
    CPA: "CPA", "CPA";
    ROI: "ROI", "ROI";
    ROAS: "ROAS", "ROAS";
    LTV_TO_CAC: "LTV:CAC", "LTV:CAC";
    BUDGET: "Budget", "Budget";
    SPEND: "Spend", "Dépenses";
    MEDIA: "Media", "Média";
    DATA: "Data", "Données";
    FEE: "Fee", "Frais de service";
    FIXED_COSTS: "Fixed costs", "Frais fixes";
    TAX: "Tax", "Taxe";
    TAX_BORNE: "Tax borne", "Taxe supportée";
    TAX_ABSORBED: "Tax absorbed", "Taxe absorbée";
    NET: "Net", "Net";
    GROSS: "Gross", "Brut";
    VALUE: "Value", "Valeur";
    LIFETIME_VALUE: "Lifetime value", "Valeur vie client";
    BEFORE_TAX: "before tax", "hors taxe";
    AFTER_TAX: "after tax", "taxe comprise";
    MEDIA_ONLY: "media only", "média seul";
    ALL_IN: "all in", "tout compris";

    GOAL: "Goal", "Objectif";
    TARGET: "Target", "Cible";
    ACTUAL: "Actual", "Réel";
    ATTAINMENT: "Attainment", "Atteinte";
    BEFORE: "Before", "Avant";
    CHANGE: "Change", "Évolution";
    NEW_ROW: "new", "nouveau";
    GONE_ROW: "gone", "disparu";
    FIGURE: "Figure", "Indicateur";
    LOW: "Low", "Bas";
    HIGH: "High", "Haut";
    OVER_TIME: "{} over time", "{} au fil du temps";
    BY: "{} by {}", "{} par {}";
    NUMBERS_OF_CHART: "Numbers of this chart", "Chiffres de ce graphique";
    NO_CHART_VALUE: "none", "aucun";
}

#[cfg(test)]
mod tests {
    use super::{ALL, Phrase};
    use crate::page::Lang;

    #[test]
    fn no_phrase_lacks_a_language_or_a_gap() {
        for (name, phrase) in ALL {
            for lang in Lang::ALL {
                let text = phrase.text(lang);
                assert!(!text.trim().is_empty() && text == text.trim(), "{name} in {lang}: `{text}`");
            }
            let gaps = |text: &str| text.matches("{}").count();
            assert_eq!(gaps(phrase.en), gaps(phrase.fr), "{name}");
        }
    }

    #[test]
    fn no_phrase_is_named_twice() {
        let mut names: Vec<_> = ALL.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn french_has_its_own_apostrophe_and_a_space_that_holds_before_high_signs() {
        for (name, phrase) in ALL {
            assert!(!phrase.fr.contains('\''), "{name}");
            for sign in [" :", " ;", " ?", " !", " %"] {
                assert!(!phrase.fr.contains(sign), "{name}: a plain space before `{}`", sign.trim());
            }
        }
    }

    #[test]
    fn gaps_are_filled_in_order_and_one_too_many_stays() {
        let phrase = Phrase::new("{} of {}", "{} sur {}");
        assert_eq!(phrase.with(Lang::En, &["1", "2"]), "1 of 2");
        assert_eq!(phrase.with(Lang::Fr, &["1"]), "1 sur {}");
    }
}
