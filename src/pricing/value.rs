//! What an impression is worth to a goal, and by how much what was learnt changes it.

use crate::campaign::{Factor, Goal};
use crate::learning::Prediction;
use crate::units::{Cpm, Nanos};

/// What one thousand impressions are worth to a goal by the chances that its file expects, in the campaign's currency,
/// rounded down to the micro-unit.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a prediction is no more precise than a float")]
pub fn value(goal: &Goal) -> Cpm {
    match *goal {
        Goal::Cpm(price) => price,
        Goal::Cpc { target, ctr } => expected(target, ctr),
        Goal::Cpa { target, ctr, cvr } => expected(target, ctr * cvr),
        Goal::Return { least, value, ctr, cvr } => expected(value, ctr * cvr * 1e6 / least.max(1) as f64),
        Goal::MaxConversions { ceiling, .. } => ceiling,
    }
}

/// By how much an impression of which `chances` are expected is worth more, or less, than [`value`] says: the ratio of
/// what it will bring to what the goal's file expects, cut to `corridor`. One where there is nothing to predict.
#[must_use]
pub fn learned(goal: &Goal, chances: &Prediction, corridor: (Factor, Factor)) -> Factor {
    let ratio = match *goal {
        Goal::Cpm(_) => return Factor::ONE,
        Goal::Cpc { ctr, .. } => chances.ctr / ctr,
        Goal::Cpa { ctr, cvr, .. }
        | Goal::Return { ctr, cvr, .. }
        | Goal::MaxConversions { ctr, cvr, .. } => chances.ctr * chances.cvr / (ctr * cvr),
    };
    Factor::from_ratio(ratio).clamp(corridor.0, corridor.1)
}

/// `target` times `probability`, per impression: as many micros per thousand as nanos per impression.
#[expect(clippy::cast_precision_loss, reason = "a prediction is no more precise than a float")]
#[expect(clippy::cast_possible_truncation, reason = "clamped to the range of prices before")]
fn expected(target: Nanos, probability: f64) -> Cpm {
    let nanos = (target.raw() as f64 * probability).clamp(0.0, Cpm::MAX.micros() as f64);
    Cpm::from_micros(nanos as i64).unwrap_or(Cpm::ZERO)
}

#[cfg(test)]
mod tests {
    use super::{learned, value};
    use crate::campaign::{Factor, Goal};
    use crate::learning::Prediction;
    use crate::units::{Cpm, Nanos, Rounding};

    fn cpm(text: &str) -> Cpm {
        Cpm::from_decimal(text, Rounding::Exact).unwrap()
    }

    fn factor(thousandths: u32) -> Factor {
        Factor::from_thousandths(thousandths).unwrap()
    }

    #[test]
    fn a_goal_is_worth_its_target_times_its_chance() {
        let target = Nanos::from_decimal("25", Rounding::Exact).unwrap();
        assert_eq!(value(&Goal::Cpm(cpm("4.20"))), cpm("4.20"));
        assert_eq!(value(&Goal::Cpc { target, ctr: 0.001 }), cpm("25"));
        assert_eq!(value(&Goal::Cpa { target, ctr: 0.002, cvr: 0.05 }), cpm("2.50"));
        assert_eq!(value(&Goal::Cpc { target, ctr: 0.0 }), Cpm::ZERO);
    }

    #[test]
    fn a_return_is_worth_what_conversions_bring_over_what_they_may_cost() {
        let value_of = Nanos::from_decimal("60", Rounding::Exact).unwrap();
        let goal = |least| Goal::Return { least, value: value_of, ctr: 0.002, cvr: 0.05 };
        assert_eq!(value(&goal(1_000_000)), cpm("6"));
        assert_eq!(value(&goal(4_000_000)), cpm("1.5"));
        let ceiling = cpm("12");
        assert_eq!(value(&Goal::MaxConversions { ceiling, ctr: 0.002, cvr: 0.05 }), ceiling);
    }

    #[test]
    fn what_is_learnt_multiplies_a_value_within_the_corridor_and_never_a_ceiling() {
        let target = Nanos::from_decimal("25", Rounding::Exact).unwrap();
        let corridor = (factor(250), factor(4_000));
        let chances = |ctr, cvr| Prediction { ctr, cvr };
        let cpc = Goal::Cpc { target, ctr: 0.001 };
        assert_eq!(learned(&cpc, &chances(0.002, 0.9), corridor), factor(2_000));
        assert_eq!(learned(&cpc, &chances(0.02, 0.9), corridor), factor(4_000));
        assert_eq!(learned(&cpc, &chances(0.0, 0.9), corridor), factor(250));
        assert_eq!(learned(&cpc, &chances(f64::NAN, 0.9), corridor), factor(250));
        let cpa = Goal::Cpa { target, ctr: 0.001, cvr: 0.1 };
        assert_eq!(learned(&cpa, &chances(0.002, 0.05), corridor), factor(1_000));
        assert_eq!(learned(&Goal::Cpm(cpm("4")), &chances(0.5, 0.5), corridor), Factor::ONE);
    }
}
