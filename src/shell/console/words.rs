//! Words and parts that several pages share: reasons in both languages, figures that may be missing, lists with bars.

use maud::{Markup, html};

use crate::page::Lang;
use crate::shell::console::desk::Answer;
use crate::shell::console::frame::bar;
use crate::shell::console::view::View;
use crate::units::{Currency, Ratio};

/// What names of reasons mean, in English and French. A name that is not among them, as that of an attribute of
/// targeting, stands for itself.
const REASONS: &[(&str, &str, &str)] = &[
    ("paused", "Paused", "En pause"),
    ("not_started", "Flight not begun", "Campagne pas commencée"),
    ("ended", "Flight over", "Campagne terminée"),
    ("spent", "Budget spent", "Budget dépensé"),
    ("paced", "Held back by the pace", "Freinée par le rythme"),
    ("no_impression", "No impression to bid on", "Aucun emplacement"),
    ("out_of_time", "Out of time", "Délai dépassé"),
    ("ledger_stopped", "Ledger stopped", "Registre arrêté"),
    ("disk_full", "Disk full", "Disque plein"),
    ("exchange_not_ready", "Exchange’s secret missing", "Secret de la place manquant"),
    ("currency_unknown", "Currency unknown", "Devise inconnue"),
    ("seat_refused", "Seat refused", "Siège refusé"),
    ("privacy_refuses", "Privacy", "Vie privée"),
    ("supply_refused", "Seller not authorised", "Vendeur non autorisé"),
    ("not_secure", "https only", "https exigé"),
    ("multiplied_elsewhere", "Multiplier off a public screen", "Multiplicateur hors écran public"),
    ("no_match", "No targeting fits", "Aucun ciblage ne convient"),
    ("deals_only", "Deals only", "Deals uniquement"),
    ("deal_not_offered", "Deal not offered", "Deal non proposé"),
    ("format_not_taken", "Format not taken", "Format non accepté"),
    ("creative_not_approved", "Creative not approved", "Création non approuvée"),
    ("limit_exceeded", "Limit of the exchange", "Limite de la place"),
    ("advertiser_blocked", "Advertiser blocked", "Annonceur bloqué"),
    ("app_blocked", "App blocked", "Application bloquée"),
    ("category_blocked", "Category blocked", "Catégorie bloquée"),
    ("language_not_allowed", "Language not allowed", "Langue non admise"),
    ("creative_misfit", "No creative fits", "Aucune création ne convient"),
    ("viewer_unknown", "Viewer unknown to a frequency cap", "Internaute inconnu d’un plafond"),
    ("held_out", "Held out of the campaign", "Exclu de la campagne"),
    ("frequency_capped", "Frequency cap reached", "Plafond de fréquence atteint"),
    ("multiplied_by_zero", "A modifier of zero", "Modificateur nul"),
    ("placement_paused", "Placement paused", "Emplacement en pause"),
    ("no_exchange_rate", "No exchange rate", "Pas de taux de change"),
    ("worth_nothing", "Worth nothing after costs", "Sans valeur après coûts"),
    ("below_floor", "Below the floor", "Sous le prix plancher"),
    ("budget_spent", "Budget spent or reserved", "Budget dépensé ou réservé"),
    ("explored", "Exploration spent", "Exploration épuisée"),
    ("pod_taken", "Place in the pod taken", "Place dans la coupure prise"),
    ("outbid", "A better line item bid", "Un meilleur élément a enchéri"),
    ("targeting", "Targeting", "Ciblage"),
];

/// A reason for people.
#[must_use]
pub(in crate::shell::console) fn reason(view: &View, name: &str) -> String {
    match REASONS.iter().find(|(known, ..)| *known == name) {
        Some((_, english, _)) if view.lang == Lang::En => (*english).to_owned(),
        Some((.., french)) => (*french).to_owned(),
        None => format!("{}\u{a0}{name}", view.say("Targeting:", "Ciblage\u{a0}:")),
    }
}

/// A price or cost; a dash where it has no divisor.
#[must_use]
pub(in crate::shell::console) fn price(view: &View, ratio: Option<Ratio>, currency: Currency) -> String {
    ratio.map_or_else(|| "–".to_owned(), |ratio| view.price(ratio, currency))
}

/// A fraction as a percentage with two decimals; a dash where it has no divisor.
#[must_use]
pub(in crate::shell::console) fn percent(view: &View, ratio: Option<Ratio>) -> String {
    ratio.map_or_else(|| "–".to_owned(), |ratio| view.forms.percent(ratio, 2))
}

/// `text` of a figure of the ledger; dots while that is not read yet.
#[must_use]
pub(in crate::shell::console) fn once_read(is_read: bool, text: String) -> String {
    if is_read { text } else { "…".to_owned() }
}

/// What is escaped in a part of a path: all but letters, digits and what RFC 3986 leaves unreserved.
const RESERVED: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `text` as one part of a path.
#[must_use]
pub(in crate::shell::console) fn in_path(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, RESERVED).to_string()
}

/// Says what is wrong with figures, or that they are not there yet; nothing where all is well.
#[must_use]
pub(in crate::shell::console) fn state_of<T>(view: &View, answer: &Answer<T>) -> Markup {
    html! {
        @if let Some(error) = &answer.failed {
            p.warn {
                (view.say("The figures of the ledger cannot be read:", "Les chiffres du registre sont illisibles\u{a0}:"))
                " " (error)
            }
        } @else if answer.found.is_none() {
            p { (view.say(
                "The ledger is being read: figures follow in a moment.",
                "Lecture du registre en cours\u{a0}: les chiffres suivent dans un instant.",
            )) }
        }
    }
}

/// Numbers with bars, each of `whole`.
#[must_use]
pub(in crate::shell::console) fn bars(
    view: &View,
    caption: &str,
    counts: impl Iterator<Item = (String, u64)>,
    whole: u64,
) -> Markup {
    let counts: Vec<_> = counts.collect();
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr {
                    th scope="col" { (view.say("Reason", "Motif")) }
                    th.n scope="col" { (view.say("Count", "Nombre")) }
                    th.n scope="col" { (view.say("Share", "Part")) }
                } }
                tbody {
                    @for (name, count) in &counts { tr {
                        th scope="row" { (name) }
                        td.n { (view.forms.count(*count)) }
                        td.n { (bar(*count, whole, "s0")) (view.share(*count, whole)) }
                    } }
                    @if counts.is_empty() { tr { td colspan="3" { (view.say("None.", "Aucun.")) } } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{REASONS, in_path, reason};
    use crate::bidder::{Asleep, NoBidReason};
    use crate::shell::console::view::View;
    use crate::units::UnixMillis;

    #[test]
    fn every_reason_has_words_in_both_languages() {
        for name in NoBidReason::NAMES.iter().chain(&Asleep::NAMES) {
            assert!(REASONS.iter().any(|(known, ..)| known == name), "{name}");
        }
        for (name, english, french) in REASONS {
            assert!(!english.contains('\'') && !french.contains('\''), "{name}");
        }
        let view = View::new("/", "lang=fr", "", UnixMillis::default());
        assert_eq!(reason(&view, "paused"), "En pause");
        assert_eq!(reason(&view, "country"), "Ciblage\u{a0}:\u{a0}country");
    }

    #[test]
    fn a_name_is_one_part_of_a_path_whatever_it_holds() {
        assert_eq!(in_path("spring-/2026?x"), "spring-%2F2026%3Fx");
    }
}
