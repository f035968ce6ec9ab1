//! What one billed impression owes, and why: the record that the ledger keeps.

use std::fmt;

use crate::ttf::Scenario;
use crate::units::{Femtos, Nanos, RatePpm, ScenarioId};

/// Who bears the tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bearer {
    /// We do: bids and the advertiser's budget are unchanged, our margin pays.
    Absorb,
    /// The advertiser does, on top: the budget counts media only, the tax is a line of its own.
    OnTop,
    /// The advertiser does, inside: the budget counts media and tax ("TTF incluse").
    Inside,
    /// Both do.
    Split {
        /// The advertiser's share of every rate.
        advertiser: RatePpm,
        /// True if the advertiser's part counts inside the budget, else it comes on top.
        inside: bool,
    },
}

impl Bearer {
    /// True if the advertiser pays any of the tax, whether on top of the budget or inside it.
    #[must_use]
    pub const fn advertiser_pays(self) -> bool {
        match self {
            Self::Absorb => false,
            Self::OnTop | Self::Inside => true,
            Self::Split { advertiser, .. } => advertiser.ppm() > 0,
        }
    }

    /// True if what the advertiser pays counts against the caps of the budget.
    #[must_use]
    pub const fn counts_in_budget(self) -> bool {
        matches!(self, Self::Inside | Self::Split { inside: true, .. })
    }

    /// The advertiser's part of `rate`, in whole parts per million, rounded down: what is borne is then in proportion to
    /// the base, so that any parts of it sum to the whole, and a credit note takes back exactly what was charged.
    #[must_use]
    pub const fn borne_rate(self, rate: RatePpm) -> RatePpm {
        match self {
            Self::Absorb => RatePpm::ZERO,
            Self::OnTop | Self::Inside => rate,
            Self::Split { advertiser, .. } => rate.times(advertiser),
        }
    }

    /// What of an impression's net cost and the tax that the advertiser bears counts against the caps of the budget: both
    /// if the tax is borne inside it, rounded up to the nano; else the net. `None` beyond the range.
    #[must_use]
    pub fn budget_share(self, net: Nanos, borne: Femtos) -> Option<Nanos> {
        if self.counts_in_budget() { net.checked_add(borne.to_nanos_up()) } else { Some(net) }
    }

    /// The number that stands for it in stores, never reused; a split has its share beside it.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Absorb => 0,
            Self::OnTop => 1,
            Self::Inside => 2,
            Self::Split { inside: false, .. } => 3,
            Self::Split { inside: true, .. } => 4,
        }
    }

    /// The advertiser's share, where it is a split.
    #[must_use]
    pub const fn share(self) -> Option<RatePpm> {
        match self {
            Self::Split { advertiser, .. } => Some(advertiser),
            Self::Absorb | Self::OnTop | Self::Inside => None,
        }
    }

    /// The bearer of a stored number and share; `None` if there is no such bearer, or a split has no share.
    #[must_use]
    pub const fn from_code(code: u8, share: Option<RatePpm>) -> Option<Self> {
        match (code, share) {
            (0, None) => Some(Self::Absorb),
            (1, None) => Some(Self::OnTop),
            (2, None) => Some(Self::Inside),
            (3, Some(advertiser)) => Some(Self::Split { advertiser, inside: false }),
            (4, Some(advertiser)) => Some(Self::Split { advertiser, inside: true }),
            _ => None,
        }
    }
}

impl fmt::Display for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Absorb => "absorb",
            Self::OnTop => "on top",
            Self::Inside => "inside",
            Self::Split { inside: false, .. } => "split, on top",
            Self::Split { inside: true, .. } => "split, inside",
        })
    }
}

/// What is taxed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaxKind {
    /// An impression when billed, on the price paid.
    AdSpace,
    /// Paid targeting data used in a billed impression.
    Data,
}

impl TaxKind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::AdSpace, Self::Data];
}

impl fmt::Display for TaxKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::AdSpace => "ad space",
            Self::Data => "data",
        })
    }
}

/// A taxing jurisdiction by its two capital letters: a country (`FR`) or a union (`EU`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Jurisdiction([u8; 2]);

impl Jurisdiction {
    /// The jurisdiction of two capital letters.
    #[must_use]
    pub const fn from_code(code: &str) -> Option<Self> {
        match code.as_bytes() {
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Some(Self([*a, *b])),
            _ => None,
        }
    }

    /// The two letters.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("two capital letters")
    }
}

impl fmt::Display for Jurisdiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Jurisdiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The fact that decided where an impression is taxed. The numbers are stored and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Evidence {
    /// None was at hand: the scenario's fallback was taken, and the impression is flagged.
    Fallback = 0,
    /// Where the advertiser resides.
    Advertiser = 1,
    /// Where we reside.
    Buyer = 2,
    /// Where the exchange resides.
    Exchange = 3,
    /// Where the viewer's device is (`device.geo`).
    ViewerDevice = 4,
    /// Where the viewer's address is.
    ViewerAddress = 5,
    /// Where the viewer is at home (`user.geo`).
    ViewerHome = 6,
    /// Where the seller of the ad space resides.
    Seller = 7,
}

impl Evidence {
    /// The number that stands for it in stores.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The evidence of a stored number; `None` if there is no such evidence.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Fallback,
            1 => Self::Advertiser,
            2 => Self::Buyer,
            3 => Self::Exchange,
            4 => Self::ViewerDevice,
            5 => Self::ViewerAddress,
            6 => Self::ViewerHome,
            7 => Self::Seller,
            _ => return None,
        })
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fallback => "fallback",
            Self::Advertiser => "advertiser",
            Self::Buyer => "buyer",
            Self::Exchange => "exchange",
            Self::ViewerDevice => "viewer's device",
            Self::ViewerAddress => "viewer's address",
            Self::ViewerHome => "viewer's home",
            Self::Seller => "seller",
        })
    }
}

/// Where an impression is taxed, and why there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// `None`: the evidence lies outside every jurisdiction of the scenario.
    pub jurisdiction: Option<Jurisdiction>,
    /// What decided it. [`Evidence::Fallback`] flags the impression as unresolved.
    pub evidence: Evidence,
}

/// Why nothing is owed although something was bought. The numbers are stored and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Exemption {
    /// The scenario taxes nothing there.
    OutOfScope = 1,
    /// No rate is in force on that day.
    NoRate = 2,
    /// `test=1`: nobody pays for it.
    NotBillable = 3,
    /// Whoever would be taxed is below the threshold from which the tax is owed.
    Threshold = 4,
    /// An ad of the house.
    HouseAd = 5,
    /// Bought within one group of companies.
    IntraGroup = 6,
    /// In the public interest.
    PublicInterest = 7,
    /// Somebody before us owes it.
    TaxedUpstream = 8,
}

impl Exemption {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::OutOfScope,
        Self::NoRate,
        Self::NotBillable,
        Self::Threshold,
        Self::HouseAd,
        Self::IntraGroup,
        Self::PublicInterest,
        Self::TaxedUpstream,
    ];

    /// The number that stands for it in stores. Never 0, which is free to mean "not exempt".
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The exemption of a stored number; `None` if there is no such exemption.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

impl fmt::Display for Exemption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::OutOfScope => "out of scope",
            Self::NoRate => "no rate in force",
            Self::NotBillable => "not billable",
            Self::Threshold => "below the threshold",
            Self::HouseAd => "house ad",
            Self::IntraGroup => "within a group",
            Self::PublicInterest => "public interest",
            Self::TaxedUpstream => "taxed upstream",
        })
    }
}

/// Tax owed on `base`, exact: no rounding, in femto-units of the currency of `base`.
///
/// `base` is what was paid, before our fee; negative for a credit note. Round once, on a declaration's
/// line ([`Femtos::to_cents_half_up`]), never on an impression.
#[must_use]
pub const fn tax_owed(base: Nanos, rate: RatePpm) -> Femtos {
    base.share(rate)
}

/// How one part of an impression stands towards the tax: exactly one of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// A rate was in force at a place that evidence decided, even a rate of zero.
    Taxed,
    /// Nothing is owed, for this reason.
    Exempt(Exemption),
    /// No evidence was at hand: whatever is owed rests on the scenario's fallback.
    Unresolved,
}

/// One kind's part of an assessment: base and rate, or base and exemption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaxLine {
    /// What was paid.
    pub base: Nanos,
    /// Zero if exempt.
    pub rate: RatePpm,
    /// Why nothing is owed; the base is kept.
    pub exemption: Option<Exemption>,
}

impl TaxLine {
    /// The tax owed, exact.
    #[must_use]
    pub fn tax(&self) -> Femtos {
        tax_owed(self.base, self.rate)
    }

    /// What of it the advertiser bears, exact.
    #[must_use]
    pub fn borne(&self, bearer: Bearer) -> Femtos {
        tax_owed(self.base, bearer.borne_rate(self.rate))
    }
}

/// What one billed impression owes in one jurisdiction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Levy {
    /// Where.
    pub place: Place,
    /// On the price paid.
    pub space: TaxLine,
    /// On paid data.
    pub data: TaxLine,
}

impl Levy {
    /// Both lines.
    #[must_use]
    pub const fn lines(&self) -> [&TaxLine; 2] {
        [&self.space, &self.data]
    }

    /// The tax owed on both kinds, exact.
    ///
    /// # Panics
    ///
    /// Never: two taxes of one impression fit in 128 bits.
    #[must_use]
    pub fn tax(&self) -> Femtos {
        self.lines().map(TaxLine::tax).into_iter().sum()
    }
}

/// What one billed impression owes, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// Under which scenario.
    pub scenario: ScenarioId,
    /// Where; of several places the first.
    pub place: Place,
    /// On the price paid, there.
    pub space: TaxLine,
    /// On paid data, there.
    pub data: TaxLine,
    /// What it owes in further places, where a scenario taxes in several.
    pub more: Vec<Levy>,
}

impl Assessment {
    /// What it owes in each place, the first one first.
    pub fn levies(&self) -> impl Iterator<Item = Levy> {
        let first = Levy { place: self.place, space: self.space, data: self.data };
        std::iter::once(first).chain(self.more.iter().copied())
    }

    /// The tax owed on both kinds everywhere, exact.
    ///
    /// # Panics
    ///
    /// Never: a few taxes of one impression fit in 128 bits.
    #[must_use]
    pub fn tax(&self) -> Femtos {
        self.levies().map(|levy| levy.tax()).sum()
    }

    /// What of the tax the advertiser bears, exact.
    #[must_use]
    pub fn borne(&self, bearer: Bearer) -> Femtos {
        let of = |levy: Levy| levy.lines().map(|line| line.borne(bearer)).into_iter().sum::<Femtos>();
        self.levies().map(of).sum()
    }

    /// What of the tax we bear, exact: the rest.
    #[must_use]
    pub fn absorbed(&self, bearer: Bearer) -> Femtos {
        [self.tax(), -self.borne(bearer)].into_iter().sum()
    }

    /// The line of one kind.
    #[must_use]
    pub const fn line(&self, kind: TaxKind) -> &TaxLine {
        match kind {
            TaxKind::AdSpace => &self.space,
            TaxKind::Data => &self.data,
        }
    }

    /// True if no evidence decided the place. Never under [`Scenario::none`], which has no places.
    ///
    /// [`Scenario::none`]: crate::ttf::Scenario::none
    #[must_use]
    pub fn is_unresolved(&self) -> bool {
        self.place.evidence == Evidence::Fallback && self.scenario != Scenario::NONE
    }

    /// How one kind's line stands. What is not billable needs no place, so that reason comes first.
    #[must_use]
    pub fn standing(&self, kind: TaxKind) -> Standing {
        match self.line(kind).exemption {
            Some(Exemption::NotBillable) => Standing::Exempt(Exemption::NotBillable),
            _ if self.is_unresolved() => Standing::Unresolved,
            Some(reason) => Standing::Exempt(reason),
            None => Standing::Taxed,
        }
    }

    /// The credit note that takes it back: the same rates, place and reasons on negated bases, whatever
    /// the rate of today. `None` for a base that has no opposite.
    #[must_use]
    pub fn credit_note(&self) -> Option<Self> {
        let opposite = |line: TaxLine| Some(TaxLine { base: Nanos::ZERO.checked_sub(line.base)?, ..line });
        let credited = |levy: &Levy| {
            Some(Levy { space: opposite(levy.space)?, data: opposite(levy.data)?, place: levy.place })
        };
        Some(Self {
            space: opposite(self.space)?,
            data: opposite(self.data)?,
            more: self.more.iter().map(credited).collect::<Option<_>>()?,
            ..*self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Bearer, Evidence, Exemption, tax_owed};
    use crate::units::{Femtos, Nanos, RatePpm, Rounding};

    fn tax(amount: &str, ppm: u32) -> Femtos {
        tax_owed(Nanos::from_decimal(amount, Rounding::Exact).unwrap(), RatePpm::from_ppm(ppm).unwrap())
    }

    #[test]
    fn a_hundred_thousand_a_month_at_a_tenth_of_a_percent_owes_a_hundred_and_1200_a_year() {
        assert_eq!(tax("100000", 1_000).to_string(), "100.00");
        let year: Femtos = (0..12).map(|_| tax("100000", 1_000)).sum();
        assert_eq!(year.to_string(), "1200.00");
    }

    #[test]
    fn a_market_of_150_billion_at_half_a_permille_owes_75_million() {
        // One amount ends at 9.2 billion units, a market is the sum of many.
        assert!(Nanos::from_decimal("150000000000", Rounding::Exact).is_err());
        let market: Femtos = (0..30).map(|_| tax("5000000000", 500)).sum();
        assert_eq!(market.to_string(), "75000000.00");
    }

    #[test]
    fn a_million_million_impressions_at_a_cpm_of_a_thousand_do_not_overflow() {
        // One impression at a CPM of 1,000 costs one unit; 2^40 of them are more than 10^12.
        let sum = (0..40).fold(tax("1", 1_000_000), |sum, _| sum.checked_add(sum).unwrap());
        assert_eq!(sum.to_string(), "1099511627776.00");
    }

    #[test]
    fn every_code_names_one_thing_and_reads_back() {
        let share = RatePpm::from_ppm(600_000);
        let of = |share| (0..=u8::MAX).filter_map(move |code| Bearer::from_code(code, share));
        assert_eq!(of(None).collect::<Vec<_>>(), [Bearer::Absorb, Bearer::OnTop, Bearer::Inside]);
        let advertiser = share.unwrap();
        let splits = [false, true].map(|inside| Bearer::Split { advertiser, inside });
        assert_eq!(of(share).collect::<Vec<_>>(), splits);
        for bearer in of(None).chain(of(share)) {
            assert_eq!(Bearer::from_code(bearer.code(), bearer.share()), Some(bearer));
        }
        assert_eq!((0..=u8::MAX).filter_map(Evidence::from_code).count(), 8);
        assert_eq!((0..=u8::MAX).filter_map(Exemption::from_code).count(), 8);
        for code in 0..=u8::MAX {
            assert!(Evidence::from_code(code).is_none_or(|evidence| evidence.code() == code));
            assert!(Exemption::from_code(code).is_none_or(|reason| reason.code() == code));
        }
    }

    #[test]
    fn people_read_names() {
        assert_eq!(Bearer::OnTop.to_string(), "on top");
        assert_eq!(Evidence::ViewerDevice.to_string(), "viewer's device");
        assert_eq!(Exemption::NoRate.to_string(), "no rate in force");
    }

    #[test]
    fn only_a_tax_borne_inside_counts_in_the_budget() {
        let told = [Bearer::Absorb, Bearer::OnTop, Bearer::Inside]
            .map(|bearer| (bearer.advertiser_pays(), bearer.counts_in_budget()));
        assert_eq!(told, [(false, false), (true, false), (true, true)]);
    }

    #[test]
    fn what_is_split_is_borne_in_whole_parts_per_million_and_the_rest_absorbed() {
        let split = |ppm| Bearer::Split { advertiser: RatePpm::from_ppm(ppm).unwrap(), inside: false };
        let borne = |ppm, rate| split(ppm).borne_rate(RatePpm::from_ppm(rate).unwrap()).ppm();
        assert_eq!([borne(600_000, 1_000), borne(333_333, 1_000), borne(0, 1_000)], [600, 333, 0]);
        assert_eq!(borne(1_000_000, 1_000_000), 1_000_000);
    }
}
