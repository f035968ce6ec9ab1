//! What somebody asks to have corrected, and the entries that follow from it.
//!
//! Behind the readers of the shell, before the store: [`Bills::settle`] turns a [`Claim`] into events about the bills
//! that it means, each within what is left, or says why not. Deliberately absent: a deduction without a bill. What
//! the ledger does not know as billed cannot be given back.

use crate::ledger::Setting;
use crate::ledger::bill::{Bill, Bills, Change, Part, opposite};
use crate::ledger::caps::NO_LINE_ITEM;
use crate::ledger::event::{BidFacts, Cause, Charge, Correction, Event, EventKind};
use crate::ttf::{Assessment, Bearer, Evidence, Exemption, Place, Scenario, TaxLine};
use crate::units::{
    BidId, CampaignId, CorrectionId, CreativeId, Currency, Day, DealId, Epoch, ExchangeId, Femtos, Nanos,
    RatePpm, UnixMillis, limits,
};

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Under which its entries are known.
    pub name: ClaimName,
    /// What it is.
    pub cause: Cause,
    /// About what.
    pub target: Target,
    /// How much.
    pub extent: Extent,
    /// Why, in a person's words.
    pub reason: String,
    /// Who says so.
    pub author: String,
}

/// What the ids of a claim's corrections begin with: the same claim under the same name is booked once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClaimName([u8; 8]);

impl ClaimName {
    /// The name of a claim that a person gave the id `id`.
    #[must_use]
    pub fn given(id: &str) -> Self {
        Self(first_half(&blake3::hash(id.as_bytes())))
    }

    /// The name of a claim without an id: the `at`th of a file whose text is named like an id. The same file sent
    /// again names the same claims.
    #[must_use]
    pub fn at(self, at: usize) -> Self {
        let mut hash = blake3::Hasher::new();
        hash.update(&self.0).update(&(at as u64).to_le_bytes());
        Self(first_half(&hash.finalize()))
    }

    /// The first and the last id that begin with it.
    pub(in crate::ledger) fn ids(self) -> (CorrectionId, CorrectionId) {
        (self.id([0; 8]), self.id([0xff; 8]))
    }

    fn id(self, rest: [u8; 8]) -> CorrectionId {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.0);
        id[8..].copy_from_slice(&rest);
        CorrectionId::from_bytes(id)
    }
}

/// About what a claim is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// One bill.
    Bid(BidId),
    /// Every bill of a campaign's day at an exchange, or on a deal.
    Lot(Lot),
}

/// The bills of one campaign and day that were bought in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lot {
    /// Whose.
    pub campaign: CampaignId,
    /// The campaign's civil day of the bids.
    pub day: Day,
    /// Only those of this exchange.
    pub exchange: Option<ExchangeId>,
    /// Only those on this deal.
    pub deal: Option<DealId>,
}

impl Lot {
    pub(in crate::ledger) fn holds(&self, bid: &BidFacts) -> bool {
        bid.campaign == self.campaign
            && bid.day == self.day
            && self.exchange.is_none_or(|exchange| bid.exchange == exchange)
            && (self.deal.is_none() || bid.deal == self.deal)
    }
}

/// How much a claim is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// So much of what was paid to the exchange, and what goes with it; of a refund, so much. Over many bills it is
    /// spread in proportion to what is left of them.
    Amount(Nanos),
    /// So much of each bill.
    Share(Share),
    /// All that is left of so many bills, taken evenly from all in the order of their bids.
    Impressions(u32),
}

/// A share of a whole, in billionths: more than nothing, at most all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(u32);

impl Share {
    /// Everything.
    pub const ALL: Self = Self(1_000_000_000);

    /// `billionths` of the whole; `None` for nothing, and for more than the whole.
    #[must_use]
    pub fn from_billionths(billionths: i64) -> Option<Self> {
        u32::try_from(billionths).ok().filter(|share| (1..=Self::ALL.0).contains(share)).map(Self)
    }

    /// The share of `whole`, rounded down.
    fn of(self, whole: Nanos) -> Nanos {
        let share = i128::from(whole.raw()) * i128::from(self.0) / i128::from(Self::ALL.0);
        Nanos::from_raw(i64::try_from(share).expect("a share is no more than the whole"))
    }
}

/// Why a claim is not booked. Nothing of it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Refusal {
    #[error("bid `{0}` was never billed")]
    NeverBilled(BidId),
    #[error("nothing was billed there")]
    NothingBilled,
    #[error("asks for {asked} {currency}, but only {left} {currency} {}", left_of(*.cause))]
    MoreThanLeft { cause: Cause, asked: Nanos, left: Amount, currency: Currency },
    #[error("asks for {asked} impressions, but only {left} are left of what was billed")]
    MoreImpressions { asked: u32, left: usize },
    #[error(
        "would leave {owed} {currency} to be paid by the advertiser, who was refunded {refunded} {currency} of it"
    )]
    Refunded { refunded: Nanos, owed: Femtos, currency: Currency },
    #[error("asks for an amount below 0")]
    Negative,
    #[error("is an adjustment, which is an `amount`")]
    NotAnAmount,
    #[error("is an invoice for data, which is an `amount` of a `campaign` and `day`")]
    NotOfADay,
    #[error("comes to nothing")]
    Nothing,
    #[error("its `id` is booked already, and says something else there")]
    SaysOther,
    #[error("an amount that is added to a campaign needs an exchange")]
    NoExchange,
    #[error("is about {bills} bills, at most {} are corrected at once", limits::CORRECTED_BILLS_MAX)]
    TooManyBills { bills: usize },
    #[error("amounts leave their range")]
    TooLarge,
}

impl Refusal {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NeverBilled(_) => "a bid's id is that of the bid response, 32 hexadecimal digits",
            Self::NothingBilled => {
                "`encan report --by campaign,exchange,deal,day` shows what was billed where"
            }
            Self::MoreThanLeft { .. } => "`encan ledger corrections` shows what was corrected before",
            Self::MoreImpressions { .. } => "impressions that were taken back whole count no more",
            Self::Refunded { .. } => "take the refund back first, with a `refund` of the negative amount",
            Self::SaysOther => "an entry is never changed: give the new correction an `id` of its own",
            Self::NoExchange => "name the exchange that is to be paid",
            Self::TooManyBills { .. } => "name an exchange or a deal, or a number of impressions",
            Self::Negative => "only an adjustment, and a refund that is taken back, is below 0",
            Self::NotAnAmount => "to take a part of the impressions back, use `credit_note`",
            Self::NotOfADay => "to take one back, give a `credit_note` of the `bid` that it was booked as",
            Self::Nothing | Self::TooLarge => return None,
        })
    }
}

fn left_of(cause: Cause) -> &'static str {
    match cause {
        Cause::CreditNote | Cause::InvalidTraffic | Cause::Adjustment | Cause::DataInvoice => {
            "is left of what was billed"
        }
        Cause::Dispute => "of it is undisputed",
        Cause::Conceded => "of it is disputed",
        Cause::Refund => "of it can be refunded or taken back",
    }
}

/// An amount that may be a sum of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(Femtos);

impl From<Nanos> for Amount {
    fn from(amount: Nanos) -> Self {
        Self(amount.to_femtos())
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// To be booked, in one commit.
    New(Vec<Event>),
    /// It was booked before, with so many entries.
    Known(usize),
}

impl Bills {
    /// The corrections that `claim` comes to at `now`, counted in, so that the next claim finds them. The same claim
    /// under the same name is known the second time.
    ///
    /// # Errors
    ///
    /// [`Refusal`]: nothing was changed.
    pub fn settle(&mut self, claim: &Claim, now: UnixMillis) -> Result<Settlement, Refusal> {
        let mut known = 0;
        for (id, bid) in self.booked(claim) {
            if id != claim.correction_id(bid) {
                return Err(Refusal::SaysOther);
            }
            known += 1;
        }
        if known > 0 {
            return Ok(Settlement::Known(known));
        }
        let changes = match (claim.target, claim.extent) {
            (Target::Lot(lot), Extent::Amount(amount))
                if claim.cause == Cause::Adjustment && amount > Nanos::ZERO =>
            {
                vec![self.added(claim, &lot, amount)?]
            }
            (Target::Lot(lot), Extent::Amount(amount)) if claim.cause == Cause::DataInvoice => {
                self.invoiced(claim, &lot, amount)?
            }
            _ if claim.cause == Cause::DataInvoice => return Err(Refusal::NotOfADay),
            _ => {
                let meant = self.meant(claim)?;
                let mut changes = Vec::with_capacity(meant.len());
                for (bill, part) in parts(claim, &meant)? {
                    changes.push((bill.clone(), bill.change(claim.cause, part)?));
                }
                changes
            }
        };
        if changes.is_empty() {
            return Err(Refusal::Nothing);
        }
        if changes.len() > limits::CORRECTED_BILLS_MAX {
            return Err(Refusal::TooManyBills { bills: changes.len() });
        }
        let book = |(bill, change): (Bill, Change)| {
            let bid = BidFacts { user: None, household: None, ..*bill.bid() };
            let correction = claim.correction(bid.id, change);
            self.take(bill, &correction);
            Event { bid, at: now, kind: EventKind::Correction(correction) }
        };
        Ok(Settlement::New(changes.into_iter().map(book).collect()))
    }

    /// The bills that a claim is about.
    fn meant(&self, claim: &Claim) -> Result<Vec<&Bill>, Refusal> {
        match claim.target {
            Target::Bid(bid) => self.get(bid).map(|bill| vec![bill]).ok_or(Refusal::NeverBilled(bid)),
            Target::Lot(lot) => {
                let meant: Vec<&Bill> = self.iter().filter(|bill| lot.holds(bill.bid())).collect();
                if meant.is_empty() { Err(Refusal::NothingBilled) } else { Ok(meant) }
            }
        }
    }

    /// An amount added to a campaign's day, which no bid cost: a bill of its own, without a tax, since nobody knows
    /// where it would be owed. It counts at noon of the day, by UTC.
    fn added(&self, claim: &Claim, lot: &Lot, amount: Nanos) -> Result<(Bill, Change), Refusal> {
        let exchange = lot.exchange.ok_or(Refusal::NoExchange)?;
        let of_day = |bill: &&Bill| bill.bid().campaign == lot.campaign && bill.bid().day == lot.day;
        let like = self.iter().find(of_day).ok_or(Refusal::NothingBilled)?.bid();
        let at = noon(lot.day);
        let bid = BidFacts {
            id: BidId::mint(at, claim.random(0)),
            at,
            line_item: NO_LINE_ITEM,
            creative: CreativeId::from_raw(0),
            exchange,
            deal: lot.deal,
            lease: Epoch::NONE,
            user: None,
            household: None,
            setting: Setting::default(),
            ..*like
        };
        let bill = Bill::of_campaign(bid, &untaxed());
        let change = bill.change(claim.cause, Part::Of(amount))?;
        Ok((bill, change))
    }
}

/// How much of which bill a claim is about.
fn parts<'a>(claim: &Claim, meant: &[&'a Bill]) -> Result<Vec<(&'a Bill, Part)>, Refusal> {
    let cause = claim.cause;
    let is_signed = matches!(cause, Cause::Adjustment | Cause::Refund);
    match claim.extent {
        Extent::Amount(amount) if amount < Nanos::ZERO && !is_signed => Err(Refusal::Negative),
        Extent::Share(_) | Extent::Impressions(_) if cause == Cause::Adjustment => Err(Refusal::NotAnAmount),
        Extent::Amount(amount) if amount == Nanos::ZERO => Err(Refusal::Nothing),
        Extent::Amount(amount) => match (meant, claim.target) {
            ([bill], Target::Bid(_)) => Ok(vec![(*bill, of_media(bill, cause, amount)?)]),
            _ => spread(cause, amount, meant),
        },
        Extent::Share(share) => {
            let is_of_many = matches!(claim.target, Target::Lot(_));
            let mut parts = Vec::with_capacity(meant.len());
            for bill in meant {
                // A bill of the day of which less is left gives what is left: the others still give their share.
                let whole = share.of(bill.whole(cause));
                let part = if is_of_many { whole.min(bill.room(cause)) } else { whole };
                let takes_free = part == Nanos::ZERO && share == Share::ALL && bill.has_room(cause);
                if part > Nanos::ZERO {
                    parts.push((*bill, Part::Of(part)));
                } else if takes_free && bill.whole(cause) == Nanos::ZERO {
                    parts.push((*bill, Part::All));
                }
            }
            Ok(parts)
        }
        Extent::Impressions(asked) => {
            let able: Vec<&&Bill> = meant.iter().filter(|bill| bill.has_room(cause)).collect();
            let (count, wanted) = (able.len() as u64, u64::from(asked));
            if wanted > count {
                return Err(Refusal::MoreImpressions { asked, left: able.len() });
            }
            // The bill at `at` is one if the even count rises there.
            let is_one = |at: u64| (at + 1) * wanted / count > at * wanted / count;
            let chosen = (0..count).zip(able).filter(|(at, _)| is_one(*at));
            Ok(chosen.map(|(_, bill)| (*bill, Part::All)).collect())
        }
    }
}

/// An amount of one bill: of what was paid to the exchange, even where other amounts lead; of an invoice for data, which
/// no exchange is paid for, of that.
fn of_media(bill: &Bill, cause: Cause, amount: Nanos) -> Result<Part, Refusal> {
    let takes_media = matches!(cause, Cause::CreditNote | Cause::InvalidTraffic);
    if takes_media && !bill.is_for_data() && amount > bill.left().media {
        let (left, currency) = (bill.left().media.into(), bill.bid().currency);
        return Err(Refusal::MoreThanLeft { cause, asked: amount, left, currency });
    }
    Ok(Part::Of(amount))
}

/// `amount` over bills in proportion to what each has room for, to the last nano: by largest remainder, ties by the
/// order of the bids.
fn spread<'a>(cause: Cause, amount: Nanos, meant: &[&'a Bill]) -> Result<Vec<(&'a Bill, Part)>, Refusal> {
    let (asked, is_back) = match cause {
        Cause::Refund | Cause::Adjustment => (amount.max(opposite(amount)), amount < Nanos::ZERO),
        _ => (amount, false),
    };
    let room = |bill: &Bill| match cause {
        Cause::CreditNote | Cause::InvalidTraffic => bill.left().media,
        Cause::Refund if is_back => bill.refunded(),
        _ => bill.room(cause),
    };
    let rooms: Vec<i128> = meant.iter().map(|bill| i128::from(room(bill).raw())).collect();
    let (whole, wanted) = (rooms.iter().sum::<i128>(), i128::from(asked.raw()));
    if wanted > whole {
        let (left, currency) = (Amount(Femtos::from_raw(whole * 1_000_000)), meant[0].bid().currency);
        return Err(Refusal::MoreThanLeft { cause, asked, left, currency });
    }
    let parts = shares(wanted, &rooms);
    let part = |part: i128| {
        let part = Nanos::from_raw(i64::try_from(part).expect("a part of an amount"));
        Part::Of(if is_back { opposite(part) } else { part })
    };
    let taken = meant.iter().zip(parts).filter(|(_, of)| *of > 0);
    Ok(taken.map(|(bill, of)| (*bill, part(of))).collect())
}

/// `wanted` in proportion to `weights`, of which one at least is above zero, to the last nano: by largest remainder, ties
/// by their order.
pub(in crate::ledger) fn shares(wanted: i128, weights: &[i128]) -> Vec<i128> {
    let whole: i128 = weights.iter().sum();
    let mut parts: Vec<i128> = weights.iter().map(|weight| wanted * weight / whole).collect();
    let missing = wanted - parts.iter().sum::<i128>();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|at| std::cmp::Reverse(wanted * weights[*at] % whole));
    for at in by_remainder.into_iter().take(usize::try_from(missing).expect("less than one for each part")) {
        parts[at] += 1;
    }
    parts
}

/// Noon of `day`, by UTC: when what has no time of its own is booked.
pub(in crate::ledger) fn noon(day: Day) -> UnixMillis {
    UnixMillis::from_raw(i64::from(day.raw()) * 86_400_000 + 43_200_000)
}

/// What bears no tax, since nobody knows where.
fn untaxed() -> Charge {
    let line = TaxLine { base: Nanos::ZERO, rate: RatePpm::ZERO, exemption: Some(Exemption::NotBillable) };
    let place = Place { jurisdiction: None, evidence: Evidence::Fallback };
    Charge {
        media: Nanos::ZERO,
        data: Nanos::ZERO,
        fee: Femtos::ZERO,
        tax: Assessment { scenario: Scenario::NONE, place, space: line, data: line, more: Vec::new() },
        bearer: Bearer::Absorb,
        late: false,
        fx: None,
        bid: None,
        to_beat: None,
    }
}

impl Claim {
    fn correction(&self, bid: BidId, change: Change) -> Correction {
        let Change { impressions, charge, budget, disputed } = change;
        Correction {
            id: self.correction_id(bid),
            cause: self.cause,
            impressions,
            charge,
            budget,
            disputed,
            reason: self.reason.clone(),
            author: self.author.clone(),
        }
    }

    /// The id of this claim's entry about `bid`: its name, and a hash of all that it says.
    fn correction_id(&self, bid: BidId) -> CorrectionId {
        self.name.id(self.contents(Some(bid)))
    }

    /// The random part of the id of its `number`th bill of its own: the same whenever it is booked.
    pub(in crate::ledger) fn random(&self, number: u64) -> u128 {
        let own = u128::from_be_bytes(*self.name.id(self.contents(None)).as_bytes());
        own.wrapping_add(number.into())
    }

    fn contents(&self, bid: Option<BidId>) -> [u8; 8] {
        let mut hash = blake3::Hasher::new();
        hash.update(&[self.cause as u8]);
        match &self.target {
            Target::Bid(bid) => {
                hash.update(&[1]).update(bid.as_bytes());
            }
            Target::Lot(lot) => {
                hash.update(&[2]).update(&lot.campaign.raw().to_le_bytes());
                hash.update(&lot.day.raw().to_le_bytes());
                for id in [lot.exchange.map(ExchangeId::raw), lot.deal.map(DealId::raw)] {
                    hash.update(&[id.is_some().into()]).update(&id.unwrap_or_default().to_le_bytes());
                }
            }
        }
        let (kind, number) = match self.extent {
            Extent::Amount(amount) => (1, amount.raw()),
            Extent::Share(share) => (2, share.0.into()),
            Extent::Impressions(count) => (3, count.into()),
        };
        hash.update(&[kind]).update(&number.to_le_bytes());
        for text in [&self.reason, &self.author] {
            hash.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        }
        if let Some(bid) = bid {
            hash.update(bid.as_bytes());
        }
        first_half(&hash.finalize())
    }
}

fn first_half(hash: &blake3::Hash) -> [u8; 8] {
    hash.as_bytes()[..8].try_into().expect("a hash has 32 bytes")
}

#[cfg(test)]
mod tests;
