//! Why bids lost, in OpenRTB's words.
//!
//! Source: IAB Tech Lab, AdCOM 1.0, "List: Loss Reason Codes", which OpenRTB 2.6 refers to, and OpenRTB 2.5, section 5.25.
//! Both give the codes the same meanings; from 1,000 on they are an exchange's own.

use crate::page::Phrase;

/// Codes that an exchange gives a meaning of its own.
const OWN_LEAST: u32 = 1_000;

const REASONS: [(u32, Phrase); 30] = [
    (0, Phrase::new("Bid Won", "enchère gagnée")),
    (1, Phrase::new("Internal Error", "erreur interne")),
    (2, Phrase::new("Impression Opportunity Expired", "impression expirée")),
    (3, Phrase::new("Invalid Bid Response", "réponse invalide")),
    (4, Phrase::new("Invalid Deal ID", "deal invalide")),
    (5, Phrase::new("Invalid Auction ID", "enchère invalide")),
    (6, Phrase::new("Invalid Advertiser Domain", "domaine d’annonceur invalide")),
    (7, Phrase::new("Missing Markup", "balisage manquant")),
    (8, Phrase::new("Missing Creative ID", "création manquante")),
    (9, Phrase::new("Missing Bid Price", "prix manquant")),
    (10, Phrase::new("Missing Minimum Creative Approval Data", "données d’approbation manquantes")),
    (100, Phrase::new("Bid was Below Auction Floor", "sous le prix plancher de l’enchère")),
    (101, Phrase::new("Bid was Below Deal Floor", "sous le prix plancher du deal")),
    (102, Phrase::new("Lost to Higher Bid", "battue par une offre plus haute")),
    (103, Phrase::new("Lost to a Bid for a Deal", "battue par une offre sur un deal")),
    (104, Phrase::new("Buyer Seat Blocked", "siège de l’acheteur bloqué")),
    (200, Phrase::new("Creative Filtered - General; Reason Unknown", "création filtrée, motif inconnu")),
    (
        201,
        Phrase::new("Creative Filtered - Pending Processing by Exchange", "création en cours de traitement"),
    ),
    (202, Phrase::new("Creative Filtered - Disapproved by Exchange", "création refusée par la place")),
    (203, Phrase::new("Creative Filtered - Size Not Allowed", "création filtrée, taille")),
    (204, Phrase::new("Creative Filtered - Incorrect Creative Format", "création filtrée, format")),
    (205, Phrase::new("Creative Filtered - Advertiser Exclusions", "création filtrée, annonceur exclu")),
    (206, Phrase::new("Creative Filtered - App Store ID Exclusions", "création filtrée, application exclue")),
    (207, Phrase::new("Creative Filtered - Not Secure", "création filtrée, non sécurisée")),
    (208, Phrase::new("Creative Filtered - Language Exclusions", "création filtrée, langue exclue")),
    (209, Phrase::new("Creative Filtered - Category Exclusions", "création filtrée, catégorie exclue")),
    (
        210,
        Phrase::new("Creative Filtered - Creative Attribute Exclusions", "création filtrée, attribut exclu"),
    ),
    (211, Phrase::new("Creative Filtered - Ad Type Exclusions", "création filtrée, type exclu")),
    (212, Phrase::new("Creative Filtered - Animation Too Long", "création filtrée, animation trop longue")),
    (213, Phrase::new("Creative Filtered - Not Allowed in Deal", "création filtrée, hors du deal")),
];

const OWN: Phrase = Phrase::new("the exchange's own reason", "motif propre à la place");
const UNKNOWN: Phrase = Phrase::new("no reason of OpenRTB's", "motif inconnu d’OpenRTB");

/// What the loss code means.
pub(in crate::report) fn reason(code: u32) -> Phrase {
    let known = REASONS.iter().find(|(known, _)| *known == code).map(|(_, reason)| *reason);
    known.unwrap_or(if code >= OWN_LEAST { OWN } else { UNKNOWN })
}

#[cfg(test)]
mod tests {
    use super::{OWN, REASONS, UNKNOWN, reason};

    #[test]
    fn every_code_has_one_meaning_in_both_languages() {
        assert!(REASONS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(REASONS.iter().all(|(_, reason)| !reason.en.is_empty() && !reason.fr.contains('\'')));
        assert_eq!(reason(102).en, "Lost to Higher Bid");
    }

    #[test]
    fn a_code_of_an_exchange_and_one_that_nobody_knows_are_told_apart() {
        assert_eq!((reason(1_000), reason(4_711)), (OWN, OWN));
        assert_eq!((reason(11), reason(999)), (UNKNOWN, UNKNOWN));
    }
}
