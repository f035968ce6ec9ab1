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
    OF_CAMPAIGN: "campaign {}", "campagne {}";
    PERIOD: "{} to {}", "du {} au {}";
    SINCE: "since {}", "depuis le {}";
    UNTIL: "until {}", "jusqu’au {}";
    ALL_DAYS: "all days", "tous les jours";
    COMPARED_WITH: "compared with {}", "comparaison\u{a0}: {}";
    DELIVERY: "Delivery", "Diffusion";
    COSTS: "Costs", "Coûts";
    RETURN: "Return", "Rendement";
    TARGETS: "Targets", "Objectifs";
    INTERVALS: "What small counts allow, at 95%", "Ce que permettent les petits nombres, à 95\u{202f}%";
    COMPARISON: "Compared with the other period", "Comparaison avec l’autre période";
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

    WINS: "Wins", "Gagnées";
    LOSSES: "Losses", "Perdues";
    WIN_RATE: "Win rate", "Taux de gain";
    OF_THOSE_TOLD: "of those told", "des connues";
    IMPRESSIONS: "Impressions", "Impressions";
    VIEWS: "Views", "Vues";
    VIEWABILITY: "Viewable", "Visibilité";
    CLICKS: "Clicks", "Clics";
    CTR: "CTR", "CTR";
    CVR: "CVR", "CVR";
    CONVERSIONS: "Conversions", "Conversions";
    ACQUISITIONS: "Acquisitions", "Acquisitions";
    RESTATED: "late", "tardives";
    UNATTRIBUTED: "unattributed", "non attribuées";
    COMPLETION: "Completed", "Complétion";
    CPM: "CPM", "CPM";
    CPC: "CPC", "CPC";
    CPA: "CPA", "CPA";
    ROI: "ROI", "ROI";
    ROAS: "ROAS", "ROAS";
    LTV_TO_CAC: "LTV:CAC", "LTV:CAC";
    BUDGET: "Budget", "Budget";
    DAILY_BUDGET: "Daily budget", "Budget journalier";
    MEDIA: "Media", "Média";
    DATA: "Data", "Données";
    FEE: "Fee", "Frais";
    FIXED_COSTS: "Fixed", "Coûts fixes";
    TAX: "Tax", "Taxe";
    BORNE: "borne", "supportée";
    ABSORBED: "absorbed", "absorbée";
    NET: "Net", "Net";
    GROSS: "Gross", "Brut";
    CORRECTED: "Corrected", "Corrigé";
    VALUE: "Value", "Valeur";
    LIFETIME_VALUE: "Lifetime", "Valeur vie";
    WITH_TAX: "with tax", "avec taxe";
    MEDIA_ONLY: "media only", "média seul";
    ALL_IN: "all in", "tout compris";

    FIGURE: "Figure", "Indicateur";
    TARGET: "Target", "Cible";
    ACTUAL: "Actual", "Réel";
    ATTAINMENT: "Attained", "Atteinte";
    NOW: "Now", "Période";
    BEFORE: "Before", "Avant";
    CHANGE: "Change", "Évolution";
    NEW_ROW: "new", "nouveau";
    GONE_ROW: "gone", "disparu";
    BETWEEN: "{} to {}", "{} à {}";
    AT_LEAST: "at least {}", "au moins {}";
    BY_DAY: "{} by day", "{} par jour";
    BY_HOUR: "{} by hour", "{} par heure";
    BY: "{} by {}", "{} par {}";
    NUMBERS_OF_CHART: "Numbers of this chart", "Chiffres de ce graphique";

    NOTE_PRICES: "CPM and CPC count media; CPA and ROI count media, data, fee and fixed costs; ROAS is value / media.", "CPM et CPC comptent le média\u{202f}; CPA et ROI comptent média, données, frais et coûts fixes\u{202f}; ROAS = valeur / média.";
    NOTE_TAX: "“with tax” adds the tax that the advertiser bears. Net is media, data and fee; gross adds the tax borne.", "«\u{a0}avec taxe\u{a0}» ajoute la taxe supportée par l’annonceur. Net\u{a0}: média, données et frais\u{202f}; brut\u{a0}: avec la taxe supportée.";
    NOTE_WIN_RATE: "The win rate is of wins and losses that exchanges told us.", "Le taux de gain porte sur les enchères gagnées et perdues que les places ont communiquées.";
    NOTE_FIXED: "Fixed costs are left out: they belong to whole campaigns.", "Les coûts fixes n’y sont pas\u{a0}: ils sont ceux de campagnes entières.";
    NOTE_FIXED_WHOLE: "Fixed costs are in whole, whatever the period.", "Les coûts fixes y sont en entier, quelle que soit la période.";
    NOTE_SEGMENTS: "What was shown to several segments counts in each: the rows add up to more than the total.", "Ce qui touche plusieurs segments compte dans chacun\u{a0}: la somme des lignes dépasse le total.";
    NOTE_UNRESOLVED: "Impressions of unknown place, taxed by the scenario’s fallback: {}.", "Impressions de lieu inconnu, taxées par défaut selon le scénario\u{a0}: {}.";
    NOTE_LATE: "Impressions billed after their reservation had expired: {}.", "Impressions facturées après l’expiration de leur réservation\u{a0}: {}.";
    NOTE_CORRECTED: "Credit notes, invalid traffic and adjustments are in all figures; impressions: {}.", "Avoirs, trafic invalide et ajustements sont dans tous les chiffres\u{202f}; impressions\u{a0}: {}.";
    NOTE_RESTATED: "Conversions told after the day of their bid was over, which restate it: {}.", "Conversions communiquées après la fin du jour de leur enchère, qui corrigent ce jour\u{a0}: {}.";
    NOTE_UNATTRIBUTED: "Conversions that no ad is known to have led to, which count for nobody: {}.", "Conversions qu’aucune annonce n’explique, qui ne comptent pour personne\u{a0}: {}.";
    NOTE_OTHERS: "Conversions of kinds that are no acquisitions, which no CPA counts: {}.", "Conversions de types qui ne sont pas des acquisitions, qu’aucun CPA ne compte\u{a0}: {}.";
    NOTE_REFUNDED: "Refunded out of our own, in no cost: {}.", "Remboursé à nos frais, dans aucun coût\u{a0}: {}.";
    NOTE_DISPUTED: "Disputed, in the costs until it is credited: {}.", "Contesté, dans les coûts jusqu’à l’avoir\u{a0}: {}.";
    NOTE_INTERVALS: "Intervals hold with 95% where fewer than {} were counted: rates by Wilson, CPA by the Poisson number of acquisitions and ROI by that of conversions (Garwood).", "Intervalles à 95\u{202f}% quand moins de {} sont comptés\u{a0}: taux selon Wilson, CPA selon le nombre d’acquisitions et ROI selon celui de conversions (Poisson, Garwood).";
    NOTE_TARGETS: "Targets count media, data, fee and the tax borne; budgets what counts in them. 100% is as aimed at, more is better; of a budget it is what is used.", "Les objectifs comptent média, données, frais et taxe supportée\u{202f}; les budgets, ce qui y compte. 100\u{202f}%\u{a0}: comme visé, plus est mieux\u{202f}; d’un budget, la part utilisée.";
    NOTE_SHIFTED: "Each day stands beside the one so many days before: {}.", "Chaque jour est à côté de celui d’autant de jours avant\u{a0}: {}.";
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
