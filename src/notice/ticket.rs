//! A bid's own account of itself: everything that booking any of its outcomes needs.

use crate::campaign::{BillsOn, MissingPrice};
use crate::ledger::{BidFacts, DatedRate, Setting};
use crate::notice::kind::NoticeKind;
use crate::notice::wire::{Reader, Writer};
use crate::ttf::{Bearer, Evidence, Jurisdiction, Other, Others, Place};
use crate::units::{
    AdvertiserId, BidId, CampaignId, Cpm, CreativeId, Currency, Day, DealId, Epoch, ExchangeId, FxRate,
    HouseholdKey, LineItemId, Millis, Multiplier, Nanos, RatePpm, ScenarioId, UnixMillis, UserKey, limits,
};

/// Flag beside the code of [`BillsOn`]: the token has a household, which only bids under caps by household do.
const HOUSEHOLD: u8 = 1 << 7;

/// How the fields of a token are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::notice) enum Layout {
    /// As [`Ticket::write`] writes them.
    Current,
    /// Without those that version 5 appended.
    Version4,
    /// Without those that version 4 appended.
    Version3,
}

/// What a bid says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// The bid and its dimensions.
    pub bid: BidFacts,
    /// The price bid, per thousand, in `price_currency`.
    pub price: Cpm,
    /// The response's currency.
    pub price_currency: Currency,
    /// From the bid's currency to the campaign's, as of the bid.
    pub fx: FxRate,
    /// The day of the table that `fx` stood in, where it converts.
    pub fx_day: Option<Day>,
    /// Impressions one play counts as.
    pub multiplier: Multiplier,
    /// Price of paid segments, per thousand, in the campaign's currency.
    pub data: Cpm,
    /// Our fee, as a share of media.
    pub fee: RatePpm,
    /// Under which tax.
    pub scenario: ScenarioId,
    /// Where it is taxed, and why there.
    pub place: Place,
    /// The highest rates in force while the bid is reserved: what was reserved for. The rates of the billing
    /// day are taken, if they are known and not above.
    pub space_rate: RatePpm,
    /// On data.
    pub data_rate: RatePpm,
    /// Further places that tax it.
    pub others: Others,
    /// Who bears it.
    pub bearer: Bearer,
    /// False for `test=1`.
    pub billable: bool,
    /// True if views, clicks, playback and conversions may be counted by person: the user is left out of them
    /// otherwise.
    pub measured: bool,
    /// Which notice moves money.
    pub bills_on: BillsOn,
    /// What a notice without price does.
    pub missing_price: MissingPrice,
    /// How long the bid is reserved.
    pub reserved_for: Millis,
    /// How long notices that tell of its money are taken: not shorter than it is reserved.
    pub honoured_for: Millis,
}

impl Ticket {
    /// What the impression costs in media when the exchange charges `price`, in the campaign's currency,
    /// rounded up to the nano.
    #[must_use]
    pub fn media(&self, price: Cpm) -> Option<Nanos> {
        price.per_play_in(self.multiplier, self.fx)
    }

    /// The rate by which the exchange's currency becomes the campaign's; `None` if that is the same.
    #[must_use]
    pub fn dated_rate(&self) -> Option<DatedRate> {
        let (from, rate, day) = (self.price_currency, self.fx, self.fx_day);
        (from != self.bid.currency).then_some(DatedRate { from, rate, day })
    }

    /// True if a notice of `kind` moves the money of this bid.
    #[must_use]
    pub fn is_billed_by(&self, kind: NoticeKind) -> bool {
        kind == match self.bills_on {
            BillsOn::Billing => NoticeKind::Billing,
            BillsOn::Win => NoticeKind::Win,
            BillsOn::Impression => NoticeKind::Impression,
        }
    }

    /// What the segments of the impression cost.
    #[must_use]
    pub fn data_cost(&self) -> Nanos {
        self.data.per_play(self.multiplier)
    }

    pub(in crate::notice) fn write(&self, out: &mut Writer) {
        let bid = &self.bid;
        out.bytes(bid.id.as_bytes());
        out.signed(bid.at.raw());
        out.signed(i64::from(bid.day.raw()));
        for id in [
            bid.advertiser.raw(),
            bid.campaign.raw(),
            bid.line_item.raw(),
            bid.creative.raw(),
            bid.exchange.raw(),
            self.scenario.raw(),
        ] {
            out.bytes(&id.to_le_bytes());
        }
        let (target, per) = self.fx.parts();
        let flags = u8::from(bid.deal.is_some())
            | u8::from(bid.user.is_some()) << 1
            | u8::from(self.billable) << 2
            | u8::from(self.missing_price == MissingPrice::Refuse) << 3
            | u8::from(self.place.jurisdiction.is_some()) << 4
            | u8::from((target, per) != (1, 1)) << 5
            | u8::from(self.multiplier != Multiplier::ONE) << 6
            | u8::from(!self.measured) << 7;
        let bills_on = self.bills_on as u8 | if bid.household.is_some() { HOUSEHOLD } else { 0 };
        out.bytes(&[flags, bills_on, self.bearer.code(), self.place.evidence as u8]);
        out.bytes(bid.currency.code().as_bytes());
        out.bytes(self.price_currency.code().as_bytes());
        out.signed(self.price.micros());
        out.signed(self.data.micros());
        for rate in [self.fee, self.space_rate, self.data_rate] {
            out.unsigned(u64::from(rate.ppm()));
        }
        out.signed(self.reserved_for.raw());
        if let Some(deal) = bid.deal {
            out.bytes(&deal.raw().to_le_bytes());
        }
        if let Some(user) = bid.user {
            out.bytes(user.as_bytes());
        }
        if let Some(household) = bid.household {
            out.bytes(&household.raw().to_le_bytes());
        }
        if let Some(jurisdiction) = self.place.jurisdiction {
            out.bytes(jurisdiction.code().as_bytes());
        }
        if (target, per) != (1, 1) {
            out.unsigned(target);
            out.unsigned(per);
        }
        if self.multiplier != Multiplier::ONE {
            out.unsigned(self.multiplier.millionths());
        }
        out.unsigned(bid.lease.raw());
        out.signed(self.honoured_for.raw());
        if (target, per) != (1, 1) {
            out.unsigned(self.fx_day.map_or(0, |day| u64::from(day.raw().cast_unsigned()) + 1));
        }
        self.write_since_version_5(out);
    }

    fn write_since_version_5(&self, out: &mut Writer) {
        let setting = self.bid.setting.to_bytes();
        out.unsigned(setting.len() as u64);
        out.bytes(&setting);
        if let Some(share) = self.bearer.share() {
            out.unsigned(share.ppm().into());
        }
        let others = self.others.iter().count() as u64;
        out.unsigned(others << 1 | u64::from(self.others.divides()));
        for Other { place, space_rate, data_rate } in self.others.iter() {
            out.bytes(place.jurisdiction.as_ref().map_or(b"\0\0", |found| found.code().as_bytes()));
            out.bytes(&[place.evidence.code()]);
            out.unsigned(space_rate.ppm().into());
            out.unsigned(data_rate.ppm().into());
        }
    }

    /// Reads what [`Ticket::write`] wrote, or a version before it; `None` if it is anything else.
    pub(in crate::notice) fn read(from: &mut Reader<'_>, layout: Layout) -> Option<Self> {
        let id = BidId::from_bytes(from.array()?);
        let at = UnixMillis::from_raw(from.signed()?);
        let day = Day::from_raw(i32::try_from(from.signed()?).ok()?);
        let advertiser = AdvertiserId::from_raw(from.id()?);
        let campaign = CampaignId::from_raw(from.id()?);
        let line_item = LineItemId::from_raw(from.id()?);
        let creative = CreativeId::from_raw(from.id()?);
        let exchange = ExchangeId::from_raw(from.id()?);
        let scenario = ScenarioId::from_raw(from.id()?);
        let [flags, bills_on, bearer, evidence] = from.array()?;
        let flag = |bit: u8| flags & (1 << bit) != 0;
        let currency = currency(from.array()?)?;
        let price_currency = self::currency(from.array()?)?;
        let price = Cpm::from_micros(from.signed()?)?;
        let data = Cpm::from_micros(from.signed()?)?;
        let fee = rate(from)?;
        let space_rate = rate(from)?;
        let data_rate = rate(from)?;
        let reserved_for = Millis::from_raw(from.signed()?);
        let deal = if flag(0) { Some(DealId::from_raw(from.id()?)) } else { None };
        let user = if flag(1) { Some(UserKey::from_bytes(from.array()?)) } else { None };
        let has_household = bills_on & HOUSEHOLD != 0;
        let household = if has_household { Some(HouseholdKey::from_raw(from.id()?)) } else { None };
        let jurisdiction = if flag(4) { Some(jurisdiction(from.array()?)?) } else { None };
        let fx = if flag(5) { FxRate::new(from.unsigned()?, from.unsigned()?)? } else { FxRate::SAME };
        let multiplier =
            if flag(6) { Multiplier::from_millionths(from.unsigned()?)? } else { Multiplier::ONE };
        let (lease, honoured_for, fx_day) = since_version_4(from, layout, flag(5))?;
        let (setting, bearer, others) = since_version_5(from, layout, bearer)?;
        let bid = BidFacts {
            id,
            at,
            day,
            advertiser,
            campaign,
            line_item,
            creative,
            exchange,
            deal,
            currency,
            user,
            household,
            lease,
            setting,
        };
        Some(Self {
            bid,
            price,
            price_currency,
            fx,
            fx_day,
            multiplier,
            data,
            fee,
            scenario,
            place: Place { jurisdiction, evidence: Evidence::from_code(evidence)? },
            space_rate,
            data_rate,
            others,
            bearer,
            billable: flag(2),
            measured: !flag(7),
            bills_on: *BillsOn::ALL.get(usize::from(bills_on & !HOUSEHOLD))?,
            missing_price: if flag(3) { MissingPrice::Refuse } else { MissingPrice::BookBid },
            reserved_for,
            honoured_for,
        })
    }
}

/// From whose leases it is paid, how long it is honoured, and the day of its rate of exchange, if it has one.
fn since_version_4(
    from: &mut Reader<'_>,
    layout: Layout,
    has_rate: bool,
) -> Option<(Epoch, Millis, Option<Day>)> {
    match layout {
        Layout::Current | Layout::Version4 => {
            let (lease, honoured_for) = (Epoch::from_raw(from.unsigned()?), Millis::from_raw(from.signed()?));
            Some((lease, honoured_for, if has_rate { optional_day(from)? } else { None }))
        }
        // Before there were leases; honoured as it was promised to all when these were made.
        Layout::Version3 => Some((Epoch::NONE, limits::NOTICE_AGE_MAX, None)),
    }
}

/// Where and to whom it was offered, who bears the tax by the code of that, and where else it is taxed.
fn since_version_5(from: &mut Reader<'_>, layout: Layout, bearer: u8) -> Option<(Setting, Bearer, Others)> {
    if layout != Layout::Current {
        return Some((Setting::default(), Bearer::from_code(bearer, None)?, Others::default()));
    }
    let length = usize::try_from(from.unsigned()?).ok().filter(|length| *length <= Setting::BYTES_MAX)?;
    let setting = Setting::from_bytes(from.slice(length)?)?;
    let bearer = match Bearer::from_code(bearer, None) {
        Some(bearer) => bearer,
        None => Bearer::from_code(bearer, Some(rate(from)?))?,
    };
    let count = from.unsigned()?;
    if count >> 1 > Others::MOST as u64 {
        return None;
    }
    let others: Option<Vec<Other>> = (0..count >> 1).map(|_| other(from)).collect();
    Some((setting, bearer, Others::new(others?, count & 1 == 1)))
}

fn other(from: &mut Reader<'_>) -> Option<Other> {
    let jurisdiction = match from.array()? {
        [0, 0] => None,
        code => Some(jurisdiction(code)?),
    };
    let [evidence] = from.array()?;
    let place = Place { jurisdiction, evidence: Evidence::from_code(evidence)? };
    Some(Other { place, space_rate: rate(from)?, data_rate: rate(from)? })
}

/// One more than the day, so that 0 is none.
fn optional_day(from: &mut Reader<'_>) -> Option<Option<Day>> {
    match from.unsigned()?.checked_sub(1) {
        Some(raw) => Some(Some(Day::from_raw(u32::try_from(raw).ok()?.cast_signed()))),
        None => Some(None),
    }
}

fn rate(from: &mut Reader<'_>) -> Option<RatePpm> {
    RatePpm::from_ppm(u32::try_from(from.unsigned()?).ok()?)
}

fn currency(code: [u8; 3]) -> Option<Currency> {
    Currency::from_code(std::str::from_utf8(&code).ok()?)
}

fn jurisdiction(code: [u8; 2]) -> Option<Jurisdiction> {
    Jurisdiction::from_code(std::str::from_utf8(&code).ok()?)
}
