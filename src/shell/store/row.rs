//! An event to a row and back.

use std::path::Path;

use rusqlite::types::{FromSql, Value};
use rusqlite::{CachedStatement, Row, params_from_iter};

use crate::ledger::{
    BidFacts, Cause, Charge, Conversion, Correction, DatedRate, Event, EventKind, Playback, Touch,
};
use crate::shell::store::schema::StoreError;
use crate::ttf::{Assessment, Bearer, Evidence, Exemption, Jurisdiction, Place, TaxLine};
use crate::units::{
    AdvertiserId, BidId, CampaignId, CorrectionId, CreativeId, Currency, Day, DealId, Epoch, ExchangeId,
    Femtos, FxRate, HouseholdKey, LineItemId, Nanos, RatePpm, ScenarioId, UnixMillis, UserKey,
};

pub(in crate::shell::store) const INSERT: &str = "INSERT OR IGNORE INTO event VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

pub(in crate::shell::store) const SELECT: &str = "SELECT * FROM event";

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
    pub(super) const COUNT: usize = 47;
}

fn id(raw: u64) -> Value {
    Value::Integer(raw.cast_signed())
}

/// Inserts `event`; false if its key is there already.
pub(in crate::shell::store) fn insert(
    statement: &mut CachedStatement<'_>,
    event: &Event,
) -> rusqlite::Result<bool> {
    let mut row: [Value; column::COUNT] = std::array::from_fn(|_| Value::Null);
    row[0] = Value::Blob(event.key().as_bytes().to_vec());
    let bid = &event.bid;
    row[column::KIND] = Value::Integer(event.kind.code().into());
    row[column::AT] = Value::Integer(event.at.raw());
    row[column::BID] = Value::Blob(bid.id.as_bytes().to_vec());
    row[column::BID_AT] = Value::Integer(bid.at.raw());
    row[column::DAY] = Value::Integer(bid.day.raw().into());
    row[column::ADVERTISER] = id(bid.advertiser.raw());
    row[column::CAMPAIGN] = id(bid.campaign.raw());
    row[column::LINE_ITEM] = id(bid.line_item.raw());
    row[column::CREATIVE] = id(bid.creative.raw());
    row[column::EXCHANGE] = id(bid.exchange.raw());
    row[column::DEAL] = bid.deal.map_or(Value::Null, |deal| id(deal.raw()));
    row[column::CURRENCY] = Value::Text(bid.currency.code().to_owned());
    row[column::USER] = bid.user.map_or(Value::Null, |user| Value::Blob(user.as_bytes().to_vec()));
    row[column::HOUSEHOLD] = bid.household.map_or(Value::Null, |household| id(household.raw()));
    row[column::BUDGET] = Value::Integer(0);
    row[column::LEASE] = Value::Integer(bid.lease.raw().cast_signed());
    match &event.kind {
        EventKind::Win { price } => row[column::PRICE] = optional(price.map(Nanos::raw)),
        EventKind::Impression(charge) => write_charge(charge, &mut row),
        EventKind::Loss { reason, min_to_win } => {
            row[column::REASON] = optional(reason.map(i64::from));
            row[column::PRICE] = optional(min_to_win.map(Nanos::raw));
        }
        EventKind::Playback(Playback::Error { code }) => {
            row[column::REASON] = optional(code.map(i64::from));
        }
        EventKind::View | EventKind::Click | EventKind::Playback(_) => {}
        EventKind::Conversion(conversion) => write_conversion(conversion, &mut row),
        EventKind::Correction(correction) => {
            write_charge(&correction.charge, &mut row);
            row[column::CAUSE] = Value::Integer((correction.cause as u8).into());
            row[column::IMPRESSIONS] = Value::Integer(correction.impressions);
            row[column::WHY] = Value::Text(correction.reason.clone());
            row[column::AUTHOR] = Value::Text(correction.author.clone());
            row[column::CORRECTION] = Value::Blob(correction.id.as_bytes().to_vec());
        }
    }
    Ok(statement.execute(params_from_iter(row))? == 1)
}

fn optional(number: Option<i64>) -> Value {
    number.map_or(Value::Null, Value::Integer)
}

fn write_charge(charge: &Charge, row: &mut [Value; column::COUNT]) {
    row[column::BUDGET] = Value::Integer(charge.budget_share().raw());
    row[column::MEDIA] = Value::Integer(charge.media.raw());
    row[column::DATA] = Value::Integer(charge.data.raw());
    row[column::FEE] = Value::Blob(charge.fee.raw().to_be_bytes().to_vec());
    let Assessment { scenario, place, space, data } = charge.tax;
    row[column::SCENARIO] = id(scenario.raw());
    row[column::JURISDICTION] =
        place.jurisdiction.map_or(Value::Null, |jurisdiction| Value::Text(jurisdiction.code().to_owned()));
    row[column::EVIDENCE] = Value::Integer(place.evidence.code().into());
    for (at, line) in [(column::SPACE, space), (column::TAXED_DATA, data)] {
        row[at] = Value::Integer(line.base.raw());
        row[at + 1] = Value::Integer(line.rate.ppm().into());
        row[at + 2] = optional(line.exemption.map(|exemption| exemption.code().into()));
    }
    row[column::BEARER] = Value::Integer(charge.bearer.code().into());
    row[column::LATE] = Value::Integer(charge.late.into());
    write_rate(charge.fx, row);
}

fn write_conversion(conversion: &Conversion, row: &mut [Value; column::COUNT]) {
    row[column::CONVERSION_TYPE] = Value::Text(conversion.kind.clone());
    row[column::ORDER] = conversion.order.clone().map_or(Value::Null, Value::Text);
    row[column::VALUE] = Value::Integer(conversion.value.raw());
    let (touch, at) = match conversion.touch {
        Touch::Click(at) => (0, at),
        Touch::View(at) => (1, at),
    };
    row[column::TOUCH] = Value::Integer(touch);
    row[column::TOUCH_AT] = Value::Integer(at.raw());
    write_rate(conversion.fx, row);
}

fn write_rate(fx: Option<DatedRate>, row: &mut [Value; column::COUNT]) {
    let Some(DatedRate { from, rate, day }) = fx else { return };
    let (target, per) = rate.parts();
    row[column::FX] = Value::Text(from.code().to_owned());
    (row[column::FX + 1], row[column::FX + 2]) = (id(target), id(per));
    row[column::FX + 3] = optional(day.map(|day| day.raw().into()));
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
        6 => EventKind::Conversion(fields.conversion()?),
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
        })
    }

    fn household(&self) -> Result<Option<HouseholdKey>, StoreError> {
        if self.row.as_ref().column_count() <= column::HOUSEHOLD {
            return Ok(None);
        }
        let raw = self.get::<Option<i64>>(column::HOUSEHOLD)?;
        Ok(raw.map(|raw| HouseholdKey::from_raw(raw.cast_unsigned())))
    }

    fn lease(&self) -> Result<Epoch, StoreError> {
        if self.row.as_ref().column_count() <= column::LEASE {
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
            },
            bearer: Bearer::from_code(self.get(column::BEARER)?)
                .ok_or(StoreError::Row("an unknown bearer of the tax"))?,
            late: self.get(column::LATE)?,
            fx: self.rate()?,
        })
    }

    fn rate(&self) -> Result<Option<DatedRate>, StoreError> {
        if self.row.as_ref().column_count() <= column::FX {
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

    fn conversion(&self) -> Result<Conversion, StoreError> {
        let touched = UnixMillis::from_raw(self.get(column::TOUCH_AT)?);
        Ok(Conversion {
            kind: self.get(column::CONVERSION_TYPE)?,
            order: self.get(column::ORDER)?,
            value: Nanos::from_raw(self.get(column::VALUE)?),
            touch: match self.get::<u8>(column::TOUCH)? {
                0 => Touch::Click(touched),
                _ => Touch::View(touched),
            },
            fx: self.rate()?,
        })
    }
}
