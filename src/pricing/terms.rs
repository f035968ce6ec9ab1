//! What a price depends on beside the value: data, fee, tax, currency; and what winning can take from a budget.

use crate::ttf::Bearer;
use crate::units::{Cpm, FxRate, Multiplier, Nanos, RatePpm, Rounding};

/// What a price depends on, beside the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Paid per thousand impressions for segments, in the campaign's currency.
    pub data: Cpm,
    /// The tax on ad space at the bid's date; the highest until the bid expires.
    pub space_rate: RatePpm,
    /// The tax on data.
    pub data_rate: RatePpm,
    /// Who bears it.
    pub bearer: Bearer,
    /// Our own fee as a share of media, where the value is to cover it.
    pub fee: RatePpm,
    /// From the campaign's currency to the bid's.
    pub fx: FxRate,
    /// Impressions that one play counts as.
    pub multiplier: Multiplier,
}

/// The most that may be bid, in the bid's currency, rounded down to the micro-unit; `None` if nothing.
///
/// `(value - data * (1 + data_rate)) / (1 + space_rate + fee)` where the advertiser bears the tax, so that what
/// the impression costs with its tax and our fee stays within its value; without tax where we bear it.
#[must_use]
pub fn highest_bid(value: Cpm, terms: &Terms) -> Option<Cpm> {
    let [space, data] =
        [terms.space_rate, terms.data_rate].map(|rate| i128::from(terms.bearer.borne_rate(rate).ppm()));
    let left = i128::from(value.micros()) * 1_000_000 - i128::from(terms.data.micros()) * (1_000_000 + data);
    let bid = left.div_euclid(1_000_000 + space + i128::from(terms.fee.ppm()));
    let bid = Cpm::from_micros(i64::try_from(bid).ok()?)?;
    let bid = terms.fx.price(bid, Rounding::Down)?;
    (bid > Cpm::ZERO).then_some(bid)
}

/// The most that winning with `bid` can take from the budget, in the campaign's currency: media, data,
/// and the tax where the budget counts it. Each part rounded up to the nano. `None` beyond the range.
#[must_use]
pub fn worst_case(bid: Cpm, terms: &Terms) -> Option<Nanos> {
    let media = bid.per_play_in(terms.multiplier, terms.fx.inverse())?;
    let data = terms.data.per_play(terms.multiplier);
    let borne = |rate| terms.bearer.borne_rate(rate);
    let tax = media.share(borne(terms.space_rate)).checked_add(data.share(borne(terms.data_rate)))?;
    terms.bearer.budget_share(media.checked_add(data)?, tax)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

    use super::{Terms, highest_bid, worst_case};
    use crate::ttf::Bearer;
    use crate::units::{Cpm, FxRate, Multiplier, Nanos, RatePpm, Rounding};

    fn cpm(text: &str) -> Cpm {
        Cpm::from_decimal(text, Rounding::Exact).unwrap()
    }

    fn terms(data: &str, space_ppm: u32, data_ppm: u32, bearer: Bearer) -> Terms {
        Terms {
            data: cpm(data),
            space_rate: RatePpm::from_ppm(space_ppm).unwrap(),
            data_rate: RatePpm::from_ppm(data_ppm).unwrap(),
            bearer,
            fee: RatePpm::ZERO,
            fx: FxRate::SAME,
            multiplier: Multiplier::ONE,
        }
    }

    #[track_caller]
    fn check(value: &str, terms: &Terms, want: Option<&str>) {
        assert_eq!(highest_bid(cpm(value), terms), want.map(cpm));
    }

    #[test]
    fn the_tax_lowers_the_bid_only_where_the_advertiser_bears_it() {
        check("10.01", &terms("0", 1_000, 500, Bearer::OnTop), Some("10"));
        check("10.01", &terms("0", 1_000, 500, Bearer::Inside), Some("10"));
        check("10.01", &terms("0", 1_000, 500, Bearer::Absorb), Some("10.01"));
    }

    #[test]
    fn data_and_its_tax_come_out_of_the_value() {
        check("10", &terms("1", 0, 0, Bearer::OnTop), Some("9"));
        check("10", &terms("1", 0, 500, Bearer::OnTop), Some("8.9995"));
        check("1", &terms("1", 0, 0, Bearer::OnTop), None);
        check("1", &terms("2", 0, 0, Bearer::OnTop), None);
    }

    #[test]
    fn our_fee_comes_out_of_the_value_where_that_is_to_cover_it() {
        let fee = RatePpm::from_ppm(50_000).unwrap();
        check("10.50", &Terms { fee, ..terms("0", 0, 0, Bearer::OnTop) }, Some("10"));
        check("10.51", &Terms { fee, ..terms("0", 1_000, 0, Bearer::OnTop) }, Some("10"));
        check("10.50", &Terms { fee, ..terms("0", 1_000, 0, Bearer::Absorb) }, Some("10"));
    }

    #[test]
    fn inside_the_budget_the_worst_case_holds_the_tax() {
        let inside = terms("1", 1_000, 500, Bearer::Inside);
        assert_eq!(worst_case(cpm("10"), &inside), Some(Nanos::from_raw(11_010_500)));
        let on_top = terms("1", 1_000, 500, Bearer::OnTop);
        assert_eq!(worst_case(cpm("10"), &on_top), Some(Nanos::from_raw(11_000_000)));
    }

    fn any_terms() -> impl Strategy<Value = Terms> {
        let split = (0..=1_000_000_u32, any::<bool>()).prop_map(|(ppm, inside)| {
            let advertiser = RatePpm::from_ppm(ppm).unwrap();
            Bearer::Split { advertiser, inside }
        });
        let bearer = prop_oneof![Just(Bearer::Absorb), Just(Bearer::OnTop), Just(Bearer::Inside), split];
        let rates = (0..=1_000_000_u32, 0..=1_000_000_u32, bearer, 0..=1_000_000_u32);
        let money = (0..5_000_000_i64, 1..1_000_000_000_u64, 1..1_000_000_000_u64);
        (rates, money).prop_map(|((space, data_ppm, bearer, fee), (data, target, per))| Terms {
            data: Cpm::from_micros(data).unwrap(),
            space_rate: RatePpm::from_ppm(space).unwrap(),
            data_rate: RatePpm::from_ppm(data_ppm).unwrap(),
            bearer,
            fee: RatePpm::from_ppm(fee).unwrap(),
            fx: FxRate::new(target, per).unwrap(),
            multiplier: Multiplier::ONE,
        })
    }

    proptest! {
        #[test]
        fn what_a_bid_costs_with_its_tax_stays_within_its_value(value in 1..1_000_000_000_i64, terms in any_terms()) {
            let value = Cpm::from_micros(value).unwrap();
            if let Some(bid) = highest_bid(value, &terms) {
                let media = bid.per_play_in(terms.multiplier, terms.fx.inverse()).unwrap();
                let data = terms.data.per_impression();
                let mut cost = media.to_femtos().raw() + data.to_femtos().raw() + media.share(terms.fee).raw();
                let [space, on_data] =
                    [terms.space_rate, terms.data_rate].map(|rate| terms.bearer.borne_rate(rate));
                cost += media.share(space).raw() + data.share(on_data).raw();
                prop_assert!(cost <= value.per_impression().to_femtos().raw());
            }
        }

        #[test]
        fn a_bid_never_rises_with_the_rate(value in 1..1_000_000_000_i64, terms in any_terms(), more in 0..=1_000_000_u32) {
            let value = Cpm::from_micros(value).unwrap();
            let higher = Terms { space_rate: RatePpm::from_ppm(more.max(terms.space_rate.ppm())).unwrap(), ..terms };
            prop_assert!(highest_bid(value, &higher) <= highest_bid(value, &terms));
        }

        #[test]
        fn a_bid_never_rises_with_the_advertisers_share(
            value in 1..1_000_000_000_i64, terms in any_terms(), shares in [0..=1_000_000_u32, 0..=1_000_000_u32],
        ) {
            let value = Cpm::from_micros(value).unwrap();
            let bid = |ppm| {
                let advertiser = RatePpm::from_ppm(ppm).unwrap();
                highest_bid(value, &Terms { bearer: Bearer::Split { advertiser, inside: false }, ..terms })
            };
            let [less, more] = [shares[0].min(shares[1]), shares[0].max(shares[1])];
            prop_assert!(bid(more) <= bid(less));
        }

        #[test]
        fn absorbing_the_tax_never_changes_a_bid_or_what_it_takes_from_the_budget(
            value in 1..1_000_000_000_i64, terms in any_terms(),
        ) {
            let value = Cpm::from_micros(value).unwrap();
            let absorbed = Terms { bearer: Bearer::Absorb, ..terms };
            let free = Terms { space_rate: RatePpm::ZERO, data_rate: RatePpm::ZERO, ..absorbed };
            prop_assert_eq!(highest_bid(value, &absorbed), highest_bid(value, &free));
            let bid = highest_bid(value, &free).unwrap_or(Cpm::ZERO);
            prop_assert_eq!(worst_case(bid, &absorbed), worst_case(bid, &free));
        }

        #[test]
        fn in_second_price_what_is_won_is_what_costs_with_its_tax_no_more_than_its_value_within_a_tick(
            value in 1..1_000_000_000_i64, price in 1..1_000_000_000_i64, terms in any_terms(),
        ) {
            // In the campaign's own currency, without our fee: the price is what the second bidder bid.
            let terms = Terms { fx: FxRate::SAME, fee: RatePpm::ZERO, ..terms };
            let wins = highest_bid(Cpm::from_micros(value).unwrap(), &terms).is_some_and(|bid| bid.micros() >= price);
            let [space, on_data] =
                [terms.space_rate, terms.data_rate].map(|rate| i128::from(terms.bearer.borne_rate(rate).ppm()));
            let cost = |price: i64| {
                let data = i128::from(terms.data.micros()) * (1_000_000 + on_data);
                i128::from(price) * (1_000_000 + space) + data
            };
            let value = i128::from(value) * 1_000_000;
            prop_assert!(!wins || cost(price) <= value, "won at a loss");
            prop_assert!(wins || cost(price + 1) > value, "lost, though a tick more would have been worth it");
        }

        #[test]
        fn without_a_rate_it_does_not_matter_who_bears_the_tax(value in 1..1_000_000_000_i64, terms in any_terms()) {
            let value = Cpm::from_micros(value).unwrap();
            let free = Terms { space_rate: RatePpm::ZERO, data_rate: RatePpm::ZERO, ..terms };
            for bearer in [Bearer::Absorb, Bearer::OnTop, Bearer::Inside] {
                let borne = Terms { bearer, ..free };
                prop_assert_eq!(highest_bid(value, &borne), highest_bid(value, &free));
                let bid = highest_bid(value, &free).unwrap_or(Cpm::ZERO);
                prop_assert_eq!(worst_case(bid, &borne), worst_case(bid, &free));
            }
        }
    }
}
