//! Several budgets that one bid stands under, and several campaigns that share their day.
//!
//! Within a campaign nothing is split beforehand: all line items bid with the campaign's one multiplier, so that the last
//! unit of money buys as much in each of them, and what none of them can spend goes to the others by itself. A line item
//! with a budget of its own has its own multiplier, and its bid takes the lesser. That is exact where budgets are nested:
//! the multipliers of the Lagrangian are `1 / (campaign + line item)`, the line item's is never above the campaign's, and
//! where its own budget does not bind its own multiplier rises to 1 and says nothing. A pool gives campaigns of an
//! advertiser one multiplier over the sum of their days in the same way, each within its own caps. Guaranteed deals bid
//! first and past the pace; what they spend is spent, so that less is left to plan with.

/// A campaign in a pool.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Member {
    /// What its own plan still has for the day, in nanos: its part of the sum.
    pub left: f64,
    /// What its own caps still let it spend, in nanos.
    pub most: f64,
    /// Requests that are still to come for it.
    pub to_come: f64,
    /// What a request of it costs on average with the pool's multiplier, in nanos; 0 while nothing is known.
    pub costs: f64,
}

/// What a pool plans.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// What a request of the members that are not at their caps should cost on average, in nanos; 0 if there is nothing to
    /// spend or nobody to spend it.
    pub rho: f64,
    /// What each member is expected to spend, in nanos, in their order. A prediction: only `most` binds.
    pub targets: Vec<f64>,
}

/// The plan of a pool: the sum of what its members have left, over all requests that are to come for them.
///
/// Money goes where a request costs more at the common multiplier, which is where the multiplier buys more. A member that
/// this would take past its own caps spends up to them, and the others share what remains.
#[must_use]
pub fn pool(members: &[Member]) -> Pool {
    let fair = |number: f64| if number.is_finite() { number.max(0.0) } else { 0.0 };
    let members: Vec<Member> = members
        .iter()
        .map(|it| Member {
            left: fair(it.left),
            most: fair(it.most),
            to_come: fair(it.to_come),
            costs: fair(it.costs),
        })
        .collect();
    let all: f64 = members.iter().map(|it| it.left).sum();
    let known = members.iter().all(|it| it.costs > 0.0);
    // While the costs of some are not known, a request counts as a request.
    let weight = |it: &Member| it.to_come * if known { it.costs } else { 1.0 };
    let mut bound = vec![false; members.len()];
    loop {
        let sum = |of: &dyn Fn(&Member) -> f64, wanted: bool| -> f64 {
            members.iter().zip(&bound).filter(|(_, bound)| **bound == wanted).map(|(it, _)| of(it)).sum()
        };
        let left = (all - sum(&|it| it.most, true)).max(0.0);
        let (requests, weights) = (sum(&|it| it.to_come, false), sum(&weight, false));
        let target = |it: &Member| if weights > 0.0 { left * (weight(it) / weights) } else { 0.0 };
        let past = |(it, bound): (&Member, &bool)| !*bound && target(it) > it.most;
        let newly: Vec<usize> =
            members.iter().zip(&bound).enumerate().filter(|(_, it)| past(*it)).map(|(at, _)| at).collect();
        if newly.is_empty() {
            let targets =
                members.iter().zip(&bound).map(|(it, bound)| if *bound { it.most } else { target(it) });
            let rho = if requests > 0.0 { left / requests } else { 0.0 };
            return Pool { rho, targets: targets.collect() };
        }
        for at in newly {
            bound[at] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::{Member, pool};

    const fn member(left: f64, most: f64, to_come: f64, costs: f64) -> Member {
        Member { left, most, to_come, costs }
    }

    #[test]
    fn money_goes_where_a_request_buys_more_whoever_brought_it() {
        let plan = pool(&[member(300.0, 1e9, 100.0, 1.0), member(100.0, 1e9, 100.0, 3.0)]);
        assert_eq!(plan.targets, [100.0, 300.0]);
        assert!((plan.rho - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_cap_binds_its_campaign_and_the_others_share_what_remains() {
        let plan = pool(&[member(300.0, 1e9, 100.0, 1.0), member(100.0, 120.0, 100.0, 3.0)]);
        assert_eq!(plan.targets, [280.0, 120.0]);
        assert!((plan.rho - 2.8).abs() < 1e-9);
        let stuck = pool(&[member(300.0, 10.0, 100.0, 1.0), member(100.0, 20.0, 0.0, 0.0)]);
        assert_eq!(stuck.targets, [10.0, 0.0]);
        assert!(pool(&[]).rho.abs() < f64::EPSILON);
    }

    proptest! {
        #[test]
        fn no_more_is_planned_than_there_is_and_nobody_passes_its_caps(
            members in proptest::collection::vec(any::<(f64, f64, u32, f64)>(), 0..8),
        ) {
            let scaled = |number: f64| if number.abs() < 1e12 { number } else { f64::NAN };
            let members: Vec<_> = members
                .iter()
                .map(|(left, most, come, costs)| member(scaled(*left), scaled(*most), (*come).into(), scaled(*costs)))
                .collect();
            let plan = pool(&members);
            let all: f64 = members.iter().map(|it| if it.left.is_finite() { it.left.max(0.0) } else { 0.0 }).sum();
            prop_assert!(plan.rho.is_finite() && plan.rho >= 0.0);
            prop_assert!(plan.targets.iter().sum::<f64>() <= all * (1.0 + 1e-9) || members.iter().any(|it| it.most > 0.0));
            for (target, member) in plan.targets.iter().zip(&members) {
                prop_assert!(*target <= member.most.max(0.0) * (1.0 + 1e-9) || member.most.is_nan());
            }
        }
    }
}
