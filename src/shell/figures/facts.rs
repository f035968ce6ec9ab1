//! What a bid is told apart by, as whole numbers: one tuple of them stands for all events that agree in every one.
//!
//! Between events and blocks. The time of the bid is here to the hour, to the millisecond beside the event. Left out is
//! what no figure is asked for by: the bid's id, who saw the ad, and whose lease paid.

use crate::ledger::{Area, BidFacts, Device, Event, EventKind, Format, Segments, Setting, ViewerCountries};
use crate::report::Dimension;
use crate::shell::figures::row::Numbered;
use crate::units::{
    AdvertiserId, ArmId, BidId, CampaignId, Country, CreativeId, Currency, Day, DealId, Epoch, ExchangeId,
    Hour, LineItemId, PublisherId, SegmentId, UnixMillis,
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
    HasPublisher,
    Publisher,
    /// Country and region, as their letters.
    Area,
    Device,
    Format,
    /// Width and height, if it has them.
    Size,
    HasArm,
    Arm,
    /// The number of the list of the person's segments.
    Segments,
    /// The countries of the device, the address and the home, as their letters.
    Viewer,
}

impl Fact {
    /// How many there are.
    pub(in crate::shell::figures) const COUNT: usize = Self::Viewer as usize + 1;
}

/// All facts of a tuple, by [`Fact`].
pub(in crate::shell::figures) type Facts = [i64; Fact::COUNT];

/// What stands for what is absent, where no value is below zero.
const ABSENT: i64 = -1;
/// What stands for a loss without a reason, and for what is no loss.
const UNTOLD: i64 = -1;
const NO_LOSS: i64 = -2;
const HOUR_MS: i64 = 3_600_000;

/// The facts of an event, and how long after the beginning of its hour the bid was made; `lists` number segments.
pub(in crate::shell::figures) fn facts(event: &Event, lists: &mut Numbered<Vec<i64>>) -> (Facts, i64) {
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
    set_setting(&bid.setting, lists, &mut facts);
    (facts, bid.at.raw().wrapping_sub(hour.wrapping_mul(HOUR_MS)))
}

fn set_setting(setting: &Setting, lists: &mut Numbered<Vec<i64>>, facts: &mut Facts) {
    let Setting { publisher, area, device, format, size, arm, segments, viewer } = setting;
    let mut set = |fact: Fact, value: i64| facts[fact as usize] = value;
    set(Fact::HasPublisher, publisher.is_some().into());
    set(Fact::Publisher, publisher.map_or(0, |publisher| publisher.raw().cast_signed()));
    set(
        Fact::Area,
        area.map_or(ABSENT, |area| {
            letters(area.country().alpha2()) | letters(area.region().unwrap_or("")) << 16
        }),
    );
    set(Fact::Device, *device as i64);
    set(Fact::Format, *format as i64);
    set(Fact::Size, size.map_or(ABSENT, |(width, height)| i64::from(width) << 16 | i64::from(height)));
    set(Fact::HasArm, arm.is_some().into());
    set(Fact::Arm, arm.map_or(0, |arm| arm.raw().cast_signed()));
    set(Fact::Segments, lists.number(segments.iter().map(|segment| segment.raw().cast_signed()).collect()));
    let country = |country: Option<Country>| country.map_or(0, |country| letters(country.alpha2()));
    let countries = [viewer.device, viewer.address, viewer.home].map(country);
    set(Fact::Viewer, countries.into_iter().fold(0, |all, country| all << 16 | country));
}

fn setting(facts: &Facts, lists: &[Vec<i64>]) -> Option<Setting> {
    let of = |fact: Fact| facts[fact as usize];
    let segments = lists.get(usize::try_from(of(Fact::Segments)).ok()?)?;
    let size = of(Fact::Size);
    Some(Setting {
        publisher: (of(Fact::HasPublisher) != 0)
            .then(|| PublisherId::from_raw(of(Fact::Publisher).cast_unsigned())),
        area: match of(Fact::Area) {
            ABSENT => None,
            area => Some(area_of(area)?),
        },
        device: Device::ALL.into_iter().find(|device| *device as i64 == of(Fact::Device))?,
        format: Format::ALL.into_iter().find(|format| *format as i64 == of(Fact::Format))?,
        size: if size == ABSENT {
            None
        } else {
            Some((u16::try_from(size >> 16).ok()?, u16::try_from(size & 0xffff).ok()?))
        },
        arm: (of(Fact::HasArm) != 0).then(|| ArmId::from_raw(of(Fact::Arm).cast_unsigned())),
        segments: Segments::new(segments.iter().map(|raw| SegmentId::from_raw(raw.cast_unsigned()))),
        viewer: ViewerCountries {
            device: viewer_country(of(Fact::Viewer) >> 32)?,
            address: viewer_country(of(Fact::Viewer) >> 16)?,
            home: viewer_country(of(Fact::Viewer))?,
        },
    })
}

/// Of the last two letters of `number`; none where there are none, and `None` where they are no country's.
fn viewer_country(number: i64) -> Option<Option<Country>> {
    match number & 0xffff {
        0 => Some(None),
        number => text(number, |letters| Country::from_code(letters).map(Some)),
    }
}

fn area_of(number: i64) -> Option<Area> {
    let country = text(number & 0xffff, Country::from_code)?;
    match number >> 16 {
        0 => Some(Area::new(country, None)),
        region => text(region, |letters| Some(Area::new(country, Some(letters)))),
    }
}

/// A few ASCII letters as a number.
fn letters(text: &str) -> i64 {
    text.bytes().fold(0, |number, letter| number << 8 | i64::from(letter))
}

/// What `read` makes of the letters of [`letters`].
fn text<T>(number: i64, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    let bytes = number.to_be_bytes();
    let first = bytes.iter().position(|byte| *byte != 0)?;
    read(std::str::from_utf8(&bytes[first..]).ok()?)
}

/// The bid of [`facts`], as far as they tell, made `after` the beginning of its hour; `None` if no event has them.
pub(in crate::shell::figures) fn bid(facts: &Facts, after: i64, lists: &[Vec<i64>]) -> Option<BidFacts> {
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
        setting: setting(facts, lists)?,
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
        Dimension::Publisher => &[Fact::HasPublisher, Fact::Publisher],
        Dimension::Place => &[Fact::Area],
        Dimension::Device => &[Fact::Device],
        Dimension::Segment => &[Fact::Segments],
        Dimension::Format => &[Fact::Format, Fact::Size],
        Dimension::Arm => &[Fact::HasArm, Fact::Arm],
        Dimension::LossReason => &[Fact::Loss],
        Dimension::Day => &[Fact::Day],
        Dimension::Hour => &[Fact::Hour],
    }
}

/// The three letters as a number.
pub(in crate::shell::figures) fn currency_number(currency: Currency) -> i64 {
    letters(currency.code())
}

/// The currency of [`currency_number`].
pub(in crate::shell::figures) fn currency(number: i64) -> Option<Currency> {
    text(number, Currency::from_code)
}

/// The civil day of the bid.
pub(in crate::shell::figures) fn day(facts: &Facts) -> Option<Day> {
    Some(Day::from_raw(i32::try_from(facts[Fact::Day as usize]).ok()?))
}
