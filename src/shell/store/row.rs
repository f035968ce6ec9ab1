//! An event to a row and back.

use std::path::Path;

use rusqlite::types::FromSql;
use rusqlite::{Connection, Row, Statement, ToSql};

use crate::ledger::{
    BidFacts, Cause, Charge, Checksum, Conversion, Correction, DatedRate, Event, EventKey, EventKind,
    Playback, Setting, Source, Touch,
};
use crate::shell::store::error::StoreError;
use crate::shell::store::levies;
use crate::ttf::{Assessment, Bearer, Evidence, Exemption, Jurisdiction, Levy, Place, TaxLine};
use crate::units::{
    AdvertiserId, BidId, CampaignId, CorrectionId, CreativeId, Currency, Day, DealId, Epoch, ExchangeId,
    Femtos, FxRate, HouseholdKey, LineItemId, Nanos, RatePpm, ScenarioId, UnixMillis, UserKey,
};

pub(in crate::shell::store) const INSERT: &str = "INSERT OR IGNORE INTO event VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

pub(in crate::shell::store) const SELECT: &str = "SELECT * FROM event";

/// The event of a key.
pub(in crate::shell::store) const FIND: &str = "SELECT * FROM event WHERE key = ?";

/// So many events behind a key.
pub(in crate::shell::store) const AFTER: &str = "SELECT * FROM event WHERE key > ? ORDER BY key LIMIT ?";

/// Columns, in the order of the table.
mod column {
    pub(super) const KIND: usize = 1;
    pub(super) const AT: usize = 2;
    pub(super) const BID: usize = 3;
    pub(super) const BID_AT: usize = 4;
    pub(super) const DAY: usize = 5;
    pub(super) const ADVERTISER: usize = 6;
    pub(super) const CAMPAIGN: usize = 7;
    pub(super) const LINE_ITEM: usize = 8;
    pub(super) const CREATIVE: usize = 9;
    pub(super) const EXCHANGE: usize = 10;
    pub(super) const DEAL: usize = 11;
    pub(super) const CURRENCY: usize = 12;
    pub(super) const USER: usize = 13;
    pub(super) const BUDGET: usize = 14;
    pub(super) const MEDIA: usize = 15;
    pub(super) const DATA: usize = 16;
    pub(super) const FEE: usize = 17;
    pub(super) const SCENARIO: usize = 18;
    pub(super) const JURISDICTION: usize = 19;
    pub(super) const EVIDENCE: usize = 20;
    /// Base, rate, exemption.
    pub(super) const SPACE: usize = 21;
    /// Base, rate, exemption.
    pub(super) const TAXED_DATA: usize = 24;
    pub(super) const BEARER: usize = 27;
    pub(super) const LATE: usize = 28;
    /// Of a win or loss its price, of a correction what it changes of what is disputed.
    pub(super) const PRICE: usize = 29;
    /// Why: of a loss OpenRTB's code, of a playback that failed VAST's.
    pub(super) const REASON: usize = 30;
    pub(super) const CONVERSION_TYPE: usize = 31;
    pub(super) const ORDER: usize = 32;
    pub(super) const VALUE: usize = 33;
    pub(super) const TOUCH: usize = 34;
    pub(super) const TOUCH_AT: usize = 35;
    /// Absent from a ledger of version 1 that is only read, as what follows from one of version 2.
    pub(super) const HOUSEHOLD: usize = 36;
    pub(super) const LEASE: usize = 37;
    /// Of a correction: what it is, how many impressions, why, who says so.
    pub(super) const CAUSE: usize = 38;
    pub(super) const IMPRESSIONS: usize = 39;
    pub(super) const WHY: usize = 40;
    pub(super) const AUTHOR: usize = 41;
    pub(super) const CORRECTION: usize = 42;
    /// Of what an exchange charges or an advertiser reports in another currency: that one, both sides of the rate, the
    /// day it is of.
    pub(super) const FX: usize = 43;
    /// Of all that the other columns tell.
    pub(super) const CHECKSUM: usize = 47;
    /// Absent from a ledger of version 3 that is only read, as what follows.
    pub(super) const SETTING: usize = 48;
    /// Of a tax that is split: the advertiser's share, in parts per million.
    pub(super) const SHARE: usize = 49;
    pub(super) const MORE_LEVIES: usize = 50;
    pub(super) const BID_MOST: usize = 51;
    pub(super) const TO_BEAT: usize = 52;
    /// Of a conversion, where it is not when we were told.
    pub(super) const HAPPENED: usize = 53;
    pub(super) const LIFETIME: usize = 54;
    pub(super) const SOURCE: usize = 55;
    pub(super) const CODE: usize = 56;
    /// Absent from a ledger of version 4 that is only read. Of a conversion that nobody told apart: one.
    pub(super) const ACQUISITION: usize = 57;
}

/// Inserts `event`, whose key and checksum these are; false if the key is there already.
pub(in crate::shell::store) fn insert(
    statement: &mut Statement<'_>,
    event: &Event,
    key: &EventKey,
    checksum: Checksum,
) -> rusqlite::Result<bool> {
    let mut row = Columns { statement };
    row.set(0, key.as_bytes())?;
    row.set(column::CHECKSUM, checksum.raw().cast_signed())?;
    row.set(column::KIND, event.kind.code())?;
    row.set(column::AT, event.at.raw())?;
    row.bid(&event.bid)?;
    match &event.kind {
        EventKind::Impression(charge) => row.charge(charge)?,
        // Its own budget, for nothing else uses any.
        EventKind::Correction(correction) => row.correction(correction)?,
        other => {
            row.set(column::BUDGET, 0)?;
            match other {
                EventKind::Win { price } => row.optional(column::PRICE, price.map(Nanos::raw))?,
                EventKind::Loss { reason, min_to_win } => {
                    row.optional(column::REASON, reason.map(i64::from))?;
                    row.optional(column::PRICE, min_to_win.map(Nanos::raw))?;
                }
                EventKind::Playback(Playback::Error { code }) => {
                    row.optional(column::REASON, code.map(i64::from))?;
                }
                EventKind::Conversion(conversion) => row.conversion(conversion, event.at)?,
                _ => {}
            }
        }
    }
    let inserted = row.statement.raw_execute()? == 1;
    // What the next event does not set is absent from it.
    row.statement.clear_bindings();
    Ok(inserted)
}

/// The columns of the row that is being inserted: set one by one, for most are absent from most rows.
struct Columns<'a, 'c> {
    statement: &'a mut Statement<'c>,
}

impl Columns<'_, '_> {
    fn set(&mut self, column: usize, value: impl ToSql) -> rusqlite::Result<()> {
        self.statement.raw_bind_parameter(column + 1, value)
    }

    fn optional(&mut self, column: usize, value: Option<impl ToSql>) -> rusqlite::Result<()> {
        value.map_or(Ok(()), |value| self.set(column, value))
    }

    fn id(&mut self, column: usize, raw: u64) -> rusqlite::Result<()> {
        self.set(column, raw.cast_signed())
    }

    fn bid(&mut self, bid: &BidFacts) -> rusqlite::Result<()> {
        self.set(column::BID, bid.id.as_bytes().as_slice())?;
        self.set(column::BID_AT, bid.at.raw())?;
        self.set(column::DAY, bid.day.raw())?;
        self.id(column::ADVERTISER, bid.advertiser.raw())?;
        self.id(column::CAMPAIGN, bid.campaign.raw())?;
        self.id(column::LINE_ITEM, bid.line_item.raw())?;
        self.id(column::CREATIVE, bid.creative.raw())?;
        self.id(column::EXCHANGE, bid.exchange.raw())?;
        self.optional(column::DEAL, bid.deal.map(|deal| deal.raw().cast_signed()))?;
        self.set(column::CURRENCY, bid.currency.code())?;
        self.optional(column::USER, bid.user.as_ref().map(|user| user.as_bytes().as_slice()))?;
        self.optional(column::HOUSEHOLD, bid.household.map(|household| household.raw().cast_signed()))?;
        self.id(column::LEASE, bid.lease.raw())?;
        let setting = bid.setting.to_bytes();
        self.optional(column::SETTING, (!setting.is_empty()).then_some(setting.as_slice()))
    }

    fn charge(&mut self, charge: &Charge) -> rusqlite::Result<()> {
        self.set(column::BUDGET, charge.budget_share().raw())?;
        self.set(column::MEDIA, charge.media.raw())?;
        self.set(column::DATA, charge.data.raw())?;
        self.set(column::FEE, charge.fee.raw().to_be_bytes().as_slice())?;
        let Assessment { scenario, place, space, data, more } = &charge.tax;
        self.id(column::SCENARIO, scenario.raw())?;
        self.optional(column::JURISDICTION, place.jurisdiction.as_ref().map(Jurisdiction::code))?;
        self.set(column::EVIDENCE, place.evidence.code())?;
        for (at, line) in [(column::SPACE, space), (column::TAXED_DATA, data)] {
            self.set(at, line.base.raw())?;
            self.set(at + 1, line.rate.ppm())?;
            self.optional(at + 2, line.exemption.map(Exemption::code))?;
        }
        self.set(column::BEARER, charge.bearer.code())?;
        self.optional(column::SHARE, charge.bearer.share().map(RatePpm::ppm))?;
        self.optional(column::MORE_LEVIES, (!more.is_empty()).then(|| levies::to_bytes(more)))?;
        self.set(column::LATE, charge.late)?;
        self.optional(column::BID_MOST, charge.bid.map(Nanos::raw))?;
        self.optional(column::TO_BEAT, charge.to_beat.map(Nanos::raw))?;
        self.rate(charge.fx)
    }

    fn conversion(&mut self, conversion: &Conversion, told: UnixMillis) -> rusqlite::Result<()> {
        self.set(column::CONVERSION_TYPE, &conversion.kind)?;
        self.optional(column::ORDER, conversion.order.as_deref())?;
        self.set(column::VALUE, conversion.value.raw())?;
        let (touch, at) = conversion.touch.parts();
        self.set(column::TOUCH, touch)?;
        self.optional(column::TOUCH_AT, at.map(UnixMillis::raw))?;
        let happened = Some(conversion.happened).filter(|happened| *happened != told);
        self.optional(column::HAPPENED, happened.map(UnixMillis::raw))?;
        let lifetime = Some(conversion.lifetime).filter(|lifetime| *lifetime != Nanos::ZERO);
        self.optional(column::LIFETIME, lifetime.map(Nanos::raw))?;
        self.set(column::SOURCE, conversion.source as u8)?;
        self.optional(column::CODE, conversion.code.as_deref())?;
        self.set(column::ACQUISITION, conversion.acquisition)?;
        self.rate(conversion.fx)
    }

    fn correction(&mut self, correction: &Correction) -> rusqlite::Result<()> {
        self.charge(&correction.charge)?;
        self.set(column::BUDGET, correction.budget.raw())?;
        self.set(column::PRICE, correction.disputed.raw())?;
        self.set(column::CAUSE, correction.cause as u8)?;
        self.set(column::IMPRESSIONS, correction.impressions)?;
        self.set(column::WHY, &correction.reason)?;
        self.set(column::AUTHOR, &correction.author)?;
        self.set(column::CORRECTION, correction.id.as_bytes().as_slice())
    }

    fn rate(&mut self, fx: Option<DatedRate>) -> rusqlite::Result<()> {
        let Some(DatedRate { from, rate, day }) = fx else { return Ok(()) };
        let (target, per) = rate.parts();
        self.set(column::FX, from.code())?;
        self.id(column::FX + 1, target)?;
        self.id(column::FX + 2, per)?;
        self.optional(column::FX + 3, day.map(Day::raw))
    }
}

/// Calls `each` with the event of every row that `query` finds, and with the row.
pub(in crate::shell::store) fn for_each(
    connection: &Connection,
    file: &Path,
    query: &str,
    parameters: &[&dyn ToSql],
    mut each: impl FnMut(&Event, &Row<'_>),
) -> Result<(), StoreError> {
    let sqlite = |source| StoreError::Sqlite { file: file.to_owned(), source };
    let mut statement = connection.prepare_cached(query).map_err(sqlite)?;
    let mut rows = statement.query(parameters).map_err(sqlite)?;
    while let Some(found) = rows.next().map_err(sqlite)? {
        each(&read(found, file)?, found);
    }
    Ok(())
}

/// The same for every event from one key on and before another, in their order.
pub(in crate::shell::store) fn for_each_of_keys(
    connection: &Connection,
    file: &Path,
    (from, to): (&[u8], &[u8]),
    each: &mut dyn FnMut(&Event),
) -> Result<(), StoreError> {
    let between = format!("{SELECT} WHERE key >= ? AND key < ? ORDER BY key");
    for_each(connection, file, &between, &[&from, &to], |event, _| each(event))
}

/// The checksum that was kept with the event of `row`.
pub(in crate::shell::store) fn checksum(row: &Row<'_>, file: &Path) -> Result<Checksum, StoreError> {
    let raw: i64 = Fields { row, file }.get(column::CHECKSUM)?;
    Ok(Checksum::from_raw(raw.cast_unsigned()))
}

/// What the event of `row` uses of a budget, in nanos, as it was kept.
pub(in crate::shell::store) fn budget(row: &Row<'_>, file: &Path) -> Result<i64, StoreError> {
    Fields { row, file }.get(column::BUDGET)
}

/// Reads what [`insert`] wrote.
pub(in crate::shell::store) fn read(row: &Row<'_>, file: &Path) -> Result<Event, StoreError> {
    let fields = Fields { row, file };
    let bid = fields.bid()?;
    let at = UnixMillis::from_raw(fields.get(column::AT)?);
    let kind = match fields.get::<u8>(column::KIND)? {
        1 => EventKind::Win { price: fields.nanos(column::PRICE)? },
        2 => EventKind::Impression(fields.charge()?),
        3 => {
            EventKind::Loss { reason: fields.get(column::REASON)?, min_to_win: fields.nanos(column::PRICE)? }
        }
        4 => EventKind::View,
        5 => EventKind::Click,
        6 => EventKind::Conversion(fields.conversion(at)?),
        14 => EventKind::Correction(fields.correction()?),
        code => {
            let step = Playback::from_code(code, fields.get(column::REASON)?);
            EventKind::Playback(step.ok_or(StoreError::Row("an unknown kind of event"))?)
        }
    };
    Ok(Event { bid, at, kind })
}

struct Fields<'a> {
    row: &'a Row<'a>,
    file: &'a Path,
}

impl Fields<'_> {
    fn get<T: FromSql>(&self, column: usize) -> Result<T, StoreError> {
        let file = self.file;
        self.row.get(column).map_err(|source| StoreError::Sqlite { file: file.to_owned(), source })
    }

    fn id(&self, column: usize) -> Result<u64, StoreError> {
        Ok(self.get::<i64>(column)?.cast_unsigned())
    }

    fn nanos(&self, column: usize) -> Result<Option<Nanos>, StoreError> {
        Ok(self.get::<Option<i64>>(column)?.map(Nanos::from_raw))
    }

    fn bid(&self) -> Result<BidFacts, StoreError> {
        let currency: String = self.get(column::CURRENCY)?;
        Ok(BidFacts {
            id: BidId::from_bytes(self.get(column::BID)?),
            at: UnixMillis::from_raw(self.get(column::BID_AT)?),
            day: Day::from_raw(self.get(column::DAY)?),
            advertiser: AdvertiserId::from_raw(self.id(column::ADVERTISER)?),
            campaign: CampaignId::from_raw(self.id(column::CAMPAIGN)?),
            line_item: LineItemId::from_raw(self.id(column::LINE_ITEM)?),
            creative: CreativeId::from_raw(self.id(column::CREATIVE)?),
            exchange: ExchangeId::from_raw(self.id(column::EXCHANGE)?),
            deal: self.get::<Option<i64>>(column::DEAL)?.map(|raw| DealId::from_raw(raw.cast_unsigned())),
            currency: Currency::from_code(&currency).ok_or(StoreError::Row("an unknown currency"))?,
            user: self.get::<Option<[u8; 16]>>(column::USER)?.map(UserKey::from_bytes),
            household: self.household()?,
            lease: self.lease()?,
            setting: self.setting()?,
        })
    }

    /// True if the row has `column`: an older ledger that is only read has fewer.
    fn has(&self, column: usize) -> bool {
        self.row.as_ref().column_count() > column
    }

    fn setting(&self) -> Result<Setting, StoreError> {
        if !self.has(column::SETTING) {
            return Ok(Setting::default());
        }
        let file = self.file;
        let bytes = self.row.get_ref(column::SETTING).and_then(|value| Ok(value.as_blob_or_null()?));
        let bytes = bytes.map_err(|source| StoreError::Sqlite { file: file.to_owned(), source })?;
        Setting::from_bytes(bytes.unwrap_or_default()).ok_or(StoreError::Row("an unknown setting"))
    }

    fn household(&self) -> Result<Option<HouseholdKey>, StoreError> {
        if !self.has(column::HOUSEHOLD) {
            return Ok(None);
        }
        let raw = self.get::<Option<i64>>(column::HOUSEHOLD)?;
        Ok(raw.map(|raw| HouseholdKey::from_raw(raw.cast_unsigned())))
    }

    fn lease(&self) -> Result<Epoch, StoreError> {
        if !self.has(column::LEASE) {
            return Ok(Epoch::NONE);
        }
        let raw = self.get::<Option<i64>>(column::LEASE)?;
        Ok(raw.map_or(Epoch::NONE, |raw| Epoch::from_raw(raw.cast_unsigned())))
    }

    fn correction(&self) -> Result<Correction, StoreError> {
        Ok(Correction {
            id: CorrectionId::from_bytes(self.get(column::CORRECTION)?),
            cause: Cause::from_code(self.get(column::CAUSE)?)
                .ok_or(StoreError::Row("an unknown cause of a correction"))?,
            impressions: self.get(column::IMPRESSIONS)?,
            charge: self.charge()?,
            budget: Nanos::from_raw(self.get(column::BUDGET)?),
            disputed: self.nanos(column::PRICE)?.unwrap_or_default(),
            reason: self.get(column::WHY)?,
            author: self.get(column::AUTHOR)?,
        })
    }

    fn charge(&self) -> Result<Charge, StoreError> {
        let jurisdiction: Option<String> = self.get(column::JURISDICTION)?;
        let jurisdiction = jurisdiction
            .map(|code| Jurisdiction::from_code(&code).ok_or(StoreError::Row("an unknown jurisdiction")))
            .transpose()?;
        let evidence = Evidence::from_code(self.get(column::EVIDENCE)?)
            .ok_or(StoreError::Row("an unknown evidence of place"))?;
        Ok(Charge {
            media: Nanos::from_raw(self.get(column::MEDIA)?),
            data: Nanos::from_raw(self.get(column::DATA)?),
            fee: Femtos::from_raw(i128::from_be_bytes(self.get(column::FEE)?)),
            tax: Assessment {
                scenario: ScenarioId::from_raw(self.id(column::SCENARIO)?),
                place: Place { jurisdiction, evidence },
                space: self.tax_line(column::SPACE)?,
                data: self.tax_line(column::TAXED_DATA)?,
                more: self.more_levies()?,
            },
            bearer: self.bearer()?,
            late: self.get(column::LATE)?,
            fx: self.rate()?,
            bid: self.later(column::BID_MOST)?.map(Nanos::from_raw),
            to_beat: self.later(column::TO_BEAT)?.map(Nanos::from_raw),
        })
    }

    /// Of a column that an older ledger has not.
    fn later<T: FromSql>(&self, column: usize) -> Result<Option<T>, StoreError> {
        if self.has(column) { self.get(column) } else { Ok(None) }
    }

    fn bearer(&self) -> Result<Bearer, StoreError> {
        let share = self.later(column::SHARE)?.map(RatePpm::from_ppm);
        let share = share.map(|share| share.ok_or(StoreError::Row("a share above the whole"))).transpose()?;
        let bearer = Bearer::from_code(self.get(column::BEARER)?, share);
        bearer.ok_or(StoreError::Row("an unknown bearer of the tax"))
    }

    fn more_levies(&self) -> Result<Vec<Levy>, StoreError> {
        let Some(bytes) = self.later::<Vec<u8>>(column::MORE_LEVIES)? else { return Ok(Vec::new()) };
        levies::from_bytes(&bytes).ok_or(StoreError::Row("unknown levies"))
    }

    fn rate(&self) -> Result<Option<DatedRate>, StoreError> {
        if !self.has(column::FX) {
            return Ok(None);
        }
        let Some(from) = self.get::<Option<String>>(column::FX)? else { return Ok(None) };
        let from = Currency::from_code(&from).ok_or(StoreError::Row("an unknown currency"))?;
        let rate = FxRate::new(self.id(column::FX + 1)?, self.id(column::FX + 2)?);
        let rate = rate.ok_or(StoreError::Row("an exchange rate of nothing"))?;
        Ok(Some(DatedRate { from, rate, day: self.get::<Option<i32>>(column::FX + 3)?.map(Day::from_raw) }))
    }

    fn tax_line(&self, at: usize) -> Result<TaxLine, StoreError> {
        let exemption = self
            .get::<Option<u8>>(at + 2)?
            .map(|code| Exemption::from_code(code).ok_or(StoreError::Row("an unknown exemption")))
            .transpose()?;
        Ok(TaxLine {
            base: Nanos::from_raw(self.get(at)?),
            rate: RatePpm::from_ppm(self.get(at + 1)?).ok_or(StoreError::Row("a rate above the whole"))?,
            exemption,
        })
    }

    fn conversion(&self, told: UnixMillis) -> Result<Conversion, StoreError> {
        let touched = self.get::<Option<i64>>(column::TOUCH_AT)?.map(UnixMillis::from_raw);
        let touch = Touch::from_parts(self.get(column::TOUCH)?, touched);
        let source = self.later(column::SOURCE)?.map_or(Some(Source::Page), Source::from_code);
        Ok(Conversion {
            kind: self.get(column::CONVERSION_TYPE)?,
            acquisition: self.later(column::ACQUISITION)?.unwrap_or(true),
            order: self.get(column::ORDER)?,
            value: Nanos::from_raw(self.get(column::VALUE)?),
            touch: touch.ok_or(StoreError::Row("an unknown touch"))?,
            fx: self.rate()?,
            happened: self.later(column::HAPPENED)?.map_or(told, UnixMillis::from_raw),
            lifetime: Nanos::from_raw(self.later(column::LIFETIME)?.unwrap_or_default()),
            source: source.ok_or(StoreError::Row("an unknown source of a conversion"))?,
            code: self.later(column::CODE)?,
        })
    }
}
