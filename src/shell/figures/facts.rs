//! What a bid is told apart by, as whole numbers: one tuple of them stands for all events that agree in every one.
//!
//! Between events and blocks. The time of the bid is here to the hour, to the millisecond beside the event. Left out is
//! what no figure is asked for by: the bid's id, who saw the ad, and whose lease paid.

use crate::ledger::{BidFacts, Event, EventKind};
use crate::report::Dimension;
use crate::units::{
    AdvertiserId, BidId, CampaignId, CreativeId, Currency, Day, DealId, Epoch, ExchangeId, Hour, LineItemId,
    UnixMillis,
};

/// One fact of a tuple.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(in crate::shell::figures) enum Fact {
    Advertiser,
    Campaign,
    LineItem,
    Creative,
    Exchange,
    HasDeal,
    Deal,
    Currency,
    Day,
    Hour,
    /// Of a loss OpenRTB's code.
    Loss,
}

impl Fact {
    /// How many there are.
    pub(in crate::shell::figures) const COUNT: usize = Self::Loss as usize + 1;
}

/// All facts of a tuple, by [`Fact`].
pub(in crate::shell::figures) type Facts = [i64; Fact::COUNT];

/// What stands for a loss without a reason, and for what is no loss.
const UNTOLD: i64 = -1;
const NO_LOSS: i64 = -2;
const HOUR_MS: i64 = 3_600_000;

/// The facts of an event, and how long after the beginning of its hour the bid was made.
pub(in crate::shell::figures) fn facts(event: &Event) -> (Facts, i64) {
    let bid = &event.bid;
    let hour = Hour::of(bid.at).raw();
    let mut facts = [0; Fact::COUNT];
    let mut set = |fact: Fact, value: i64| facts[fact as usize] = value;
    set(Fact::Advertiser, bid.advertiser.raw().cast_signed());
    set(Fact::Campaign, bid.campaign.raw().cast_signed());
    set(Fact::LineItem, bid.line_item.raw().cast_signed());
    set(Fact::Creative, bid.creative.raw().cast_signed());
    set(Fact::Exchange, bid.exchange.raw().cast_signed());
    set(Fact::HasDeal, bid.deal.is_some().into());
    set(Fact::Deal, bid.deal.map_or(0, |deal| deal.raw().cast_signed()));
    set(Fact::Currency, currency_number(bid.currency));
    set(Fact::Day, bid.day.raw().into());
    set(Fact::Hour, hour);
    set(
        Fact::Loss,
        match event.kind {
            EventKind::Loss { reason, .. } => reason.map_or(UNTOLD, i64::from),
            _ => NO_LOSS,
        },
    );
    (facts, bid.at.raw().wrapping_sub(hour.wrapping_mul(HOUR_MS)))
}

/// The bid of [`facts`], as far as they tell, made `after` the beginning of its hour; `None` if no event has them.
pub(in crate::shell::figures) fn bid(facts: &Facts, after: i64) -> Option<BidFacts> {
    let of = |fact: Fact| facts[fact as usize];
    let id = |fact: Fact| of(fact).cast_unsigned();
    Some(BidFacts {
        id: BidId::from_bytes([0; 16]),
        at: made_at(facts, after),
        day: Day::from_raw(i32::try_from(of(Fact::Day)).ok()?),
        advertiser: AdvertiserId::from_raw(id(Fact::Advertiser)),
        campaign: CampaignId::from_raw(id(Fact::Campaign)),
        line_item: LineItemId::from_raw(id(Fact::LineItem)),
        creative: CreativeId::from_raw(id(Fact::Creative)),
        exchange: ExchangeId::from_raw(id(Fact::Exchange)),
        deal: (of(Fact::HasDeal) != 0).then(|| DealId::from_raw(id(Fact::Deal))),
        currency: currency(of(Fact::Currency))?,
        user: None,
        household: None,
        lease: Epoch::NONE,
    })
}

/// When the bid was made.
pub(in crate::shell::figures) fn made_at(facts: &Facts, after: i64) -> UnixMillis {
    UnixMillis::from_raw(facts[Fact::Hour as usize].wrapping_mul(HOUR_MS).wrapping_add(after))
}

/// The reason of a loss; `None` of a tuple of something else.
pub(in crate::shell::figures) fn loss(facts: &Facts) -> Option<Option<u32>> {
    match facts[Fact::Loss as usize] {
        UNTOLD => Some(None),
        reason => Some(Some(u32::try_from(reason).ok()?)),
    }
}

/// What tells the groups of a dimension apart.
pub(in crate::shell::figures) const fn told_by(dimension: Dimension) -> &'static [Fact] {
    match dimension {
        Dimension::Advertiser => &[Fact::Advertiser],
        Dimension::Campaign => &[Fact::Campaign],
        Dimension::LineItem => &[Fact::LineItem],
        Dimension::Creative => &[Fact::Creative],
        Dimension::Exchange => &[Fact::Exchange],
        Dimension::Deal => &[Fact::HasDeal, Fact::Deal],
        Dimension::Day => &[Fact::Day],
    }
}

/// The three letters as a number.
pub(in crate::shell::figures) fn currency_number(currency: Currency) -> i64 {
    currency.code().bytes().fold(0, |number, letter| number << 8 | i64::from(letter))
}

/// The currency of [`currency_number`].
pub(in crate::shell::figures) fn currency(number: i64) -> Option<Currency> {
    let [0, 0, 0, 0, 0, letters @ ..] = number.to_be_bytes() else { return None };
    Currency::from_code(std::str::from_utf8(&letters).ok()?)
}
