//! Which outcome of a bid teaches what of the price to beat: the table, pure, so that it can be read and tested.
//!
//! Each bid teaches once, when its reservation closes. What was said before (a win notice that moves no money, a loss
//! that an exchange tells which bills on the impression) is heard and kept until then.
//!
//! A bid of which nothing is heard counts as lost. Where the impression's own pixel bills, a win that was not shown looks
//! the same; what is learnt there is the chance to win and be shown. If wins are shown with a chance that does not depend
//! on the price, the best shaded bid is the same, and what is expected to be spent is right, for it is only spent on what
//! is shown. Leaving such outcomes out would leave wins alone, and teach that any price wins.

use crate::bidder::Lesson;
use crate::campaign::BillsOn;
use crate::landscape::Sample;
use crate::notice::{NoticeKind, Params};
use crate::pricing::Auction;
use crate::units::{Cpm, Currency, Rounding};

/// A price to beat that is more than so many times the bid is not believed.
const TIMES_BID_MAX: i128 = 10;

/// How a bid ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its impression was billed; `cleared` is the price if the exchange told it, and not a browser.
    Billed {
        /// The clearing price, in the bid's currency.
        cleared: Option<Cpm>,
        /// `${AUCTION_MIN_TO_WIN}`.
        min_to_win: Option<Cpm>,
    },
    /// A loss notice closed it.
    Lost(Loss),
    /// Its time ran out.
    Expired,
}

/// What a loss notice tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Loss {
    /// OpenRTB's loss reason code, if told.
    pub reason: Option<u32>,
    /// `${AUCTION_MIN_TO_WIN}`, in the bid's currency.
    pub min_to_win: Option<Cpm>,
}

/// What was said of a bid while it was still open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It won; what that tells.
    Won(Sample),
    /// It lost; what that tells, if anything.
    Lost(Option<Sample>),
}

/// What the end of a bid teaches of the price to beat, with what was `heard` before; `None` if nothing.
#[must_use]
pub fn sample(lesson: &Lesson, heard: Option<Heard>, end: End) -> Option<Sample> {
    match (end, heard) {
        (End::Billed { cleared, min_to_win }, heard) => {
            let told = won(lesson, cleared, min_to_win);
            match (told, heard) {
                // The win notice knew the price, the bill does not.
                (Sample::Won(_), Some(Heard::Won(exact @ Sample::Exact(_)))) => Some(exact),
                _ => Some(told),
            }
        }
        (End::Lost(loss), _) => lost(lesson, loss),
        (End::Expired, Some(Heard::Won(sample))) => Some(sample),
        (End::Expired, Some(Heard::Lost(sample))) => sample,
        (End::Expired, None) => Some(Sample::Lost(lesson.price)),
    }
}

/// What a win teaches.
#[must_use]
pub fn won(lesson: &Lesson, cleared: Option<Cpm>, min_to_win: Option<Cpm>) -> Sample {
    let possible = |price: &Cpm| *price > Cpm::ZERO && *price <= lesson.price;
    let exact = match lesson.auction {
        Auction::SecondPrice => cleared.filter(possible).or(min_to_win.filter(possible)),
        Auction::FirstPrice => min_to_win.filter(possible),
        // What was agreed says nothing of what others would pay.
        Auction::Agreed => None,
    };
    exact.map_or(Sample::Won(lesson.price), Sample::Exact)
}

/// What a loss teaches: nothing unless it was for the price.
#[must_use]
pub fn lost(lesson: &Lesson, loss: Loss) -> Option<Sample> {
    let exact = loss.min_to_win.filter(|price| *price >= lesson.price && *price > Cpm::ZERO);
    let exact = exact.filter(|_| lesson.auction != Auction::Agreed);
    // A price out of all proportion is a slip of somebody's: it says no more than that the bid was too low.
    let most = i128::from(lesson.price.micros()) * TIMES_BID_MAX;
    let exact = exact.map(|to_win| {
        let is_sound = i128::from(to_win.micros()) <= most;
        if is_sound { Sample::lost_to(lesson.price, to_win) } else { Sample::Lost(lesson.price) }
    });
    match loss.reason {
        // Below the floor, below the deal's floor, lost to a higher bid; most losses without a code are such.
        None | Some(100..=102) => Some(exact.unwrap_or(Sample::Lost(lesson.price))),
        // An exchange's own code: only a price that it tells makes it one of price.
        Some(1_000..) => exact,
        // Too late, blocked, malformed, lost to a deal: another price would have changed nothing.
        Some(_) => None,
    }
}

/// What a loss notice tells, with what it may tell of the price to beat.
#[must_use]
pub fn loss(params: &Params<'_>, min_to_win: Option<Cpm>) -> Loss {
    Loss { reason: params.loss.trim().parse().ok(), min_to_win }
}

/// The price to beat in a notice of `kind` on a bid in `currency`, where the exchange itself tells it: what the markup
/// calls, a browser calls, and it could append any price. Where the markup bills, a loss is not believed either.
#[must_use]
pub fn min_to_win(
    kind: NoticeKind,
    bills_on: BillsOn,
    params: &Params<'_>,
    currency: Currency,
) -> Option<Cpm> {
    let is_told = match kind {
        NoticeKind::Win | NoticeKind::Billing => true,
        NoticeKind::Loss => bills_on != BillsOn::Impression,
        _ => false,
    };
    price(params.min_to_win).filter(|_| is_told && !is_other(params, currency))
}

/// True if the prices of a notice are in another currency than that of its bid.
fn is_other(params: &Params<'_>, currency: Currency) -> bool {
    Currency::from_code(params.currency.trim()).is_some_and(|told| told != currency)
}

/// The clearing price of a notice of `kind` on a bid in `currency`, where the exchange itself tells it.
#[must_use]
pub fn cleared(kind: NoticeKind, params: &Params<'_>, currency: Currency) -> Option<Cpm> {
    if !matches!(kind, NoticeKind::Win | NoticeKind::Billing) {
        return None;
    }
    price(params.price).filter(|_| !is_other(params, currency))
}

/// A price in a notice; `None` for a macro that was not replaced, and for anything that is no price.
#[must_use]
pub fn price(text: &str) -> Option<Cpm> {
    Cpm::from_decimal(text.trim(), Rounding::Up).ok().filter(|price| *price > Cpm::ZERO)
}

#[cfg(test)]
mod tests {
    use super::{End, Heard, Loss, cleared, loss, lost, min_to_win, price, sample, won};
    use crate::bidder::Lesson;
    use crate::campaign::BillsOn;
    use crate::landscape::{Sample, Segment};
    use crate::learning::Features;
    use crate::notice::{NoticeKind, Params};
    use crate::pricing::Auction;
    use crate::units::{Cpm, Currency, ExchangeId, FxRate, Nanos, UnixMillis};

    const BID: Cpm = cpm(2_000_000);

    const fn cpm(micros: i64) -> Cpm {
        match Cpm::from_micros(micros) {
            Some(price) => price,
            None => Cpm::ZERO,
        }
    }

    fn lesson(auction: Auction) -> Lesson {
        let at = UnixMillis::from_raw(0);
        Lesson {
            segment: Segment::of(ExchangeId::from_slug("x"), Currency::EUR, (300, 250), Cpm::ZERO, at),
            auction,
            arm: None,
            floor: Cpm::ZERO,
            worth: cpm(3_000_000),
            price: BID,
            fx: FxRate::SAME,
            expected: 1.0,
            explored: Nanos::ZERO,
            features: Some(Features::default()),
            chances: None,
            placement: 0,
        }
    }

    fn billed(cleared: Option<i64>, min_to_win: Option<i64>) -> End {
        End::Billed { cleared: cleared.map(cpm), min_to_win: min_to_win.map(cpm) }
    }

    fn for_reason(reason: Option<u32>, min_to_win: Option<i64>) -> End {
        End::Lost(Loss { reason, min_to_win: min_to_win.map(cpm) })
    }

    #[test]
    fn each_outcome_teaches_what_the_table_says() {
        use Auction::{Agreed, FirstPrice, SecondPrice};
        use Sample::{Exact, Lost, Won};
        let low = cpm(1_500_000);
        let high = cpm(2_500_000);
        let cases: &[(Auction, Option<Heard>, End, Option<Sample>)] = &[
            // Billed.
            (SecondPrice, None, billed(Some(1_500_000), None), Some(Exact(low))),
            (SecondPrice, None, billed(None, Some(1_500_000)), Some(Exact(low))),
            (SecondPrice, None, billed(None, None), Some(Won(BID))),
            (SecondPrice, None, billed(Some(2_500_000), None), Some(Won(BID))),
            (FirstPrice, None, billed(Some(2_000_000), None), Some(Won(BID))),
            (FirstPrice, None, billed(Some(2_000_000), Some(1_500_000)), Some(Exact(low))),
            (FirstPrice, None, billed(Some(2_000_000), Some(2_500_000)), Some(Won(BID))),
            (Agreed, None, billed(Some(1_500_000), Some(1_500_000)), Some(Won(BID))),
            // The win notice knew more than the bill, or less.
            (SecondPrice, Some(Heard::Won(Exact(low))), billed(None, None), Some(Exact(low))),
            (SecondPrice, Some(Heard::Won(Won(BID))), billed(Some(1_500_000), None), Some(Exact(low))),
            // Who bills a bid that it had called lost had won it.
            (FirstPrice, Some(Heard::Lost(Some(Lost(BID)))), billed(None, None), Some(Won(BID))),
            // Lost for its price.
            (FirstPrice, None, for_reason(Some(102), None), Some(Lost(BID))),
            (FirstPrice, None, for_reason(Some(102), Some(2_500_000)), Some(Exact(high))),
            (SecondPrice, None, for_reason(Some(100), Some(2_500_000)), Some(Exact(high))),
            (SecondPrice, None, for_reason(Some(101), None), Some(Lost(BID))),
            (FirstPrice, None, for_reason(None, None), Some(Lost(BID))),
            // A price that would have won, below one that lost, is none.
            (FirstPrice, None, for_reason(Some(102), Some(1_500_000)), Some(Lost(BID))),
            (Agreed, None, for_reason(Some(102), Some(2_500_000)), Some(Lost(BID))),
            // Far above our bids it does not matter how far.
            (FirstPrice, None, for_reason(Some(102), Some(4_000_000)), Some(Exact(cpm(4_000_000)))),
            (FirstPrice, None, for_reason(Some(102), Some(4_000_001)), Some(Lost(cpm(4_000_000)))),
            // A price out of all proportion.
            (FirstPrice, None, for_reason(Some(102), Some(20_000_000)), Some(Lost(cpm(4_000_000)))),
            (FirstPrice, None, for_reason(Some(102), Some(20_000_001)), Some(Lost(BID))),
            (FirstPrice, None, for_reason(Some(1_004), Some(900_000_000)), Some(Lost(BID))),
            // Lost for something else.
            (FirstPrice, None, for_reason(Some(2), Some(2_500_000)), None),
            (FirstPrice, None, for_reason(Some(103), None), None),
            (FirstPrice, None, for_reason(Some(205), None), None),
            (FirstPrice, None, for_reason(Some(1_004), None), None),
            (FirstPrice, None, for_reason(Some(1_004), Some(2_500_000)), Some(Exact(high))),
            // Nothing came, or nothing that moved money.
            (FirstPrice, None, End::Expired, Some(Lost(BID))),
            (SecondPrice, None, End::Expired, Some(Lost(BID))),
            (SecondPrice, Some(Heard::Won(Exact(low))), End::Expired, Some(Exact(low))),
            (FirstPrice, Some(Heard::Lost(None)), End::Expired, None),
            (FirstPrice, Some(Heard::Lost(Some(Exact(high)))), End::Expired, Some(Exact(high))),
        ];
        for (auction, heard, end, want) in cases {
            let got = sample(&lesson(*auction), *heard, *end);
            assert_eq!(got, *want, "{auction:?} {heard:?} {end:?}");
        }
    }

    #[test]
    fn only_what_the_exchange_tells_in_the_bids_currency_is_a_clearing_price() {
        let params = |price, currency| Params { price, currency, ..Params::default() };
        let of = |kind, price, currency| cleared(kind, &params(price, currency), Currency::EUR);
        assert_eq!(of(NoticeKind::Billing, "1.5", "EUR"), Some(cpm(1_500_000)));
        assert_eq!(of(NoticeKind::Win, "1.5", "${AUCTION_CURRENCY}"), Some(cpm(1_500_000)));
        assert_eq!(of(NoticeKind::Billing, "1.5", "USD"), None);
        assert_eq!(of(NoticeKind::Impression, "1.5", "EUR"), None, "a browser says so");
        for text in ["", "${AUCTION_PRICE}", "-1", "0", "a"] {
            assert_eq!(price(text), None, "{text}");
        }
    }

    #[test]
    fn a_browser_cannot_tell_the_price_to_beat() {
        use NoticeKind::{Billing, Click, Impression, Loss, View, Win};
        let params = |currency| Params { min_to_win: "1.5", currency, ..Params::default() };
        let of = |kind, bills_on| min_to_win(kind, bills_on, &params("EUR"), Currency::EUR);
        for (kind, bills_on) in [
            (Win, BillsOn::Impression),
            (Billing, BillsOn::Billing),
            (Loss, BillsOn::Billing),
            (Loss, BillsOn::Win),
        ] {
            assert_eq!(of(kind, bills_on), Some(cpm(1_500_000)), "{kind:?} {bills_on:?}");
        }
        for kind in [Impression, View, Click, Loss] {
            assert_eq!(of(kind, BillsOn::Impression), None, "{kind:?}");
        }
        let in_currency = |currency| min_to_win(Loss, BillsOn::Billing, &params(currency), Currency::EUR);
        assert_eq!(in_currency(""), Some(cpm(1_500_000)));
        assert_eq!(in_currency("${AUCTION_CURRENCY}"), Some(cpm(1_500_000)));
        assert_eq!(in_currency("USD"), None, "in another currency than the bid");
    }

    #[test]
    fn a_loss_without_numbers_tells_only_that_it_is_one() {
        let params =
            Params { loss: "${AUCTION_LOSS}", min_to_win: "${AUCTION_MIN_TO_WIN}", ..Params::default() };
        let told = min_to_win(NoticeKind::Loss, BillsOn::Billing, &params, Currency::EUR);
        assert_eq!(loss(&params, told), Loss::default());
        assert_eq!(lost(&lesson(Auction::FirstPrice), Loss::default()), Some(Sample::Lost(BID)));
        assert_eq!(won(&lesson(Auction::FirstPrice), None, None), Sample::Won(BID));
    }
}
