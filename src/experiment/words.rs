//! One plain sentence on what can be concluded, in English and in French.
//!
//! It says no more than the intervals do, and where nothing can be said it says what is missing.

use crate::experiment::arms::Comparison;
use crate::experiment::effect::{Conclusion, Effect, Trial, Unreliable};
use crate::experiment::interval::Interval;
use crate::page::{Forms, Phrase};
use crate::units::{Currency, Ratio};

/// What every reader of an interval is to know.
pub const CAVEAT: Phrase = Phrase::new(
    "Intervals hold the truth 95 times in 100, for one look at a moment that was chosen beforehand.",
    "Les intervalles contiennent la vérité 95 fois sur 100, pour un seul regard à un moment choisi d’avance.",
);

const NOBODY: Phrase = Phrase::new(
    "Cannot tell yet: {} people were bid on and {} held out; at least 100 of each are needed.",
    "Impossible à dire pour l’instant : {} personnes exposées et {} témoins ; il en faut au moins 100 de chaque.",
);
const BRINGS: Phrase = Phrase::new(
    "Of {} people who converted, between {} and {} would not have done so without the ads",
    "Sur {} personnes converties, entre {} et {} ne l’auraient pas été sans les publicités",
);
const COST_OF_EACH: Phrase = Phrase::new(
    "; each acquisition that these brought cost {} to {} (incremental CPA)",
    " ; chaque acquisition qu’elles ont apportée a coûté de {} à {} (CPA incrémental)",
);
const ONE_LOOK: Phrase = Phrase::new(
    " This holds for one look, planned beforehand: whoever looks again and again may still see chance.",
    " Cela vaut pour un seul regard, prévu d’avance : à force de regarder, on peut encore voir le hasard.",
);
const COSTS: Phrase = Phrase::new(
    "The ads cost conversions: without them, between {} and {} more people would have converted.",
    "Les publicités coûtent des conversions : sans elles, entre {} et {} personnes de plus auraient converti.",
);
const CANNOT_TELL: Phrase = Phrase::new(
    "Cannot tell yet: of {} people who converted, up to {} may owe it to the ads, or none.",
    "Impossible à dire pour l’instant : sur {} personnes converties, jusqu’à {} le doivent peut-être aux publicités, ou aucune.",
);
const NOTHING_SEEN: Phrase = Phrase::new(
    "Cannot tell: among {} people who converted, nothing is seen that the ads brought.",
    "Impossible à dire : parmi {} personnes converties, on ne voit rien que les publicités aient apporté.",
);
const MORE: Phrase = Phrase::new(
    " About {} more people are needed, if the effect is what it looks like.",
    " Il faut environ {} personnes de plus, si l’effet est tel qu’il paraît.",
);
const DETECTABLE: Phrase = Phrase::new(
    " A lift of {} or more would probably have shown.",
    " Une hausse de {} ou plus se serait sans doute vue.",
);
const SIZES: Phrase = Phrase::new(
    "Nothing can be concluded: the groups have other sizes than chance gives them ({} and {} people).",
    "Rien à conclure : les groupes n’ont pas les tailles que donne le hasard ({} et {} personnes).",
);
const IN_BOTH: Phrase = Phrase::new(
    "Nothing can be concluded: {} people are in both groups.",
    "Rien à conclure : {} personnes sont dans les deux groupes.",
);
const MISSED: Phrase = Phrase::new(
    "Nothing can be concluded: {} bids could not be kept, so that people are missing.",
    "Rien à conclure : {} enchères n’ont pu être gardées, il manque donc des personnes.",
);
const UNREPORTED: Phrase = Phrase::new(
    "Nothing can be concluded: conversions are known by clicks and views alone, and who is held out has none; \
     report the conversions of everybody, by user.",
    "Rien à conclure : les conversions ne sont connues que par clics et vues, et les témoins n’en ont pas ; \
     signalez les conversions de tous, par utilisateur.",
);

const ARMS_TOO_FEW: Phrase = Phrase::new(
    "Cannot tell yet which arm is better: each needs at least 10 people who are acquired.",
    "Impossible à dire encore quelle variante est meilleure : chacune a besoin d’au moins 10 personnes acquises.",
);
const ARMS_ALIKE: Phrase = Phrase::new(
    "Cannot tell yet which arm is better: no difference is larger than chance makes it.",
    "Impossible à dire encore quelle variante est meilleure : aucun écart ne dépasse ce que fait le hasard.",
);
const DEARER: Phrase = Phrase::new(
    "An acquisition costs {} to {} more in arm {} than in {}.",
    "Une acquisition coûte de {} à {} de plus dans la variante {} que dans {}.",
);
const CHEAPER: Phrase = Phrase::new(
    "An acquisition costs {} to {} less in arm {} than in {}.",
    "Une acquisition coûte de {} à {} de moins dans la variante {} que dans {}.",
);
const RETURNS_MORE: Phrase = Phrase::new(
    "The ROI of arm {} is {} to {} points above that of {}.",
    "Le ROI de la variante {} dépasse de {} à {} points celui de {}.",
);
const RETURNS_LESS: Phrase = Phrase::new(
    "The ROI of arm {} is {} to {} points below that of {}.",
    "Le ROI de la variante {} est de {} à {} points sous celui de {}.",
);
const AT_LEAST: Phrase = Phrase::new("at least {}", "au moins {}");
const NO_LIMIT: Phrase = Phrase::new("no limit", "sans limite");

/// What a holdout says of its campaign.
#[must_use]
pub fn holdout_sentence(trial: &Trial, effect: Option<&Effect>, currency: Currency, forms: &Forms) -> String {
    let lang = forms.lang();
    let count = |count: u64| forms.count(i128::from(count));
    if let Some(why) = trial.unreliable() {
        return unreliable_sentence(trial, why, forms);
    }
    let Some(effect) = effect else {
        return NOBODY.with(lang, &[&count(trial.treated.people), &count(trial.held_out.people)]);
    };
    let converted = count(trial.treated.converted);
    let people = |end: Option<f64>| forms.count(whole(end.unwrap_or_default().abs()));
    let Interval { low, high } = effect.incremental_interval;
    match effect.conclusion {
        Conclusion::Brings { always } => {
            let mut text = BRINGS.with(lang, &[&converted, &people(low), &people(high)]);
            if let Some(cpa) = effect.cpa_interval {
                let price = |end: Option<f64>| match end {
                    Some(end) => forms.price(ratio(end), currency, 2),
                    None => NO_LIMIT.text(lang).to_owned(),
                };
                text += &COST_OF_EACH.with(lang, &[&price(cpa.low), &price(cpa.high)]);
            }
            text.push('.');
            text + if always { "" } else { ONE_LOOK.text(lang) }
        }
        Conclusion::Costs { always } => {
            let text = COSTS.with(lang, &[&people(high), &people(low)]);
            text + if always { "" } else { ONE_LOOK.text(lang) }
        }
        Conclusion::CannotTell { more: Some(more) } => {
            let text = CANNOT_TELL.with(lang, &[&converted, &people(high)]);
            text + &MORE.with(lang, &[&count(more)])
        }
        Conclusion::CannotTell { more: None } => {
            let text = NOTHING_SEEN.with(lang, &[&converted]);
            let lift = effect.detectable_lift.map(|lift| forms.percent(ratio(lift), 0));
            text + &lift.map(|lift| DETECTABLE.with(lang, &[&lift])).unwrap_or_default()
        }
        Conclusion::Unreliable(why) => unreliable_sentence(trial, why, forms),
    }
}

fn unreliable_sentence(trial: &Trial, why: Unreliable, forms: &Forms) -> String {
    let lang = forms.lang();
    let count = |count: u64| forms.count(i128::from(count));
    match why {
        Unreliable::Sizes => SIZES.with(lang, &[&count(trial.treated.people), &count(trial.held_out.people)]),
        Unreliable::InBoth => IN_BOTH.with(lang, &[&count(trial.in_both)]),
        Unreliable::Missed => MISSED.with(lang, &[&count(trial.missed)]),
        Unreliable::Unreported => UNREPORTED.text(lang).to_owned(),
    }
}

/// What the arms of a line item say of each other; `names` are theirs, in the order of the comparison.
#[must_use]
pub fn arms_sentence(comparison: &Comparison, names: &[&str], currency: Currency, forms: &Forms) -> String {
    let lang = forms.lang();
    let Some((first, others)) = names.split_first() else { return String::new() };
    let price = |end: f64| forms.price(ratio(end.abs()), currency, 2);
    let points = |end: f64| forms.decimal(ratio(end.abs() * 100.0), 0);
    let mut sentences = Vec::new();
    for (against, name) in comparison.against.iter().zip(others) {
        if against.cpa_differs {
            let (near, far, is_dearer) = ends(against.cpa, price, |near| AT_LEAST.with(lang, &[&near]));
            let phrase = if is_dearer { DEARER } else { CHEAPER };
            sentences.push(phrase.with(lang, &[&near, &far, name, first]));
        }
        if against.roi_differs {
            let (near, far, is_more) = ends(against.roi, points, |near| AT_LEAST.with(lang, &[&near]));
            let phrase = if is_more { RETURNS_MORE } else { RETURNS_LESS };
            sentences.push(phrase.with(lang, &[name, &near, &far, first]));
        }
    }
    if sentences.is_empty() {
        let phrase = if comparison.too_few { ARMS_TOO_FEW } else { ARMS_ALIKE };
        return phrase.text(lang).to_owned();
    }
    sentences.join(" ")
}

/// The end of an interval beside 0 that is nearer to 0, the farther one, and whether both are above it.
fn ends(
    interval: Interval,
    write: impl Fn(f64) -> String,
    at_least: impl Fn(String) -> String,
) -> (String, String, bool) {
    let is_above = interval.is_above(0.0);
    let (near, far) = if is_above { (interval.low, interval.high) } else { (interval.high, interval.low) };
    let near = write(near.unwrap_or_default());
    let far = far.map_or_else(|| at_least(near.clone()), write);
    (near, far, is_above)
}

/// People are whole.
#[expect(clippy::cast_possible_truncation, reason = "counts of people; the cast cuts at the bounds")]
fn whole(people: f64) -> i128 {
    people.round() as i128
}

/// A fraction, to the millionth.
#[expect(clippy::cast_possible_truncation, reason = "an estimate for people; the cast cuts at the bounds")]
fn ratio(value: f64) -> Ratio {
    let millionths = (value * 1e6).round().clamp(-1e30, 1e30) as i128;
    Ratio::new(millionths, 1_000_000).expect("a million is above 0")
}
