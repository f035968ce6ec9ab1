//! What a conversion says, held against the campaigns: checked texts in, the ledger's words out.
//!
//! No clock and no file here. Where a click or a person leads is found elsewhere; a promo code, and a conversion of which
//! nobody knows what led to it, find their place in the books here.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::attribution::within_window;
use crate::campaign::{Campaign, Catalog, ConversionType, Rates, promo_code};
use crate::ledger::{
    BidFacts, Conversion, DatedRate, Event, EventKind, NO_LINE_ITEM, Setting, Source, Touch,
};
use crate::shell::conversions::refusal::WORD_BYTES_MAX;
use crate::shell::conversions::{ConversionForm, ConversionRefusal};
use crate::units::{
    AdvertiserId, BidId, CampaignId, CreativeId, Currency, Day, Epoch, ExchangeId, FxRate, Nanos, Rounding,
    UnixMillis, UserKey, echo, limits,
};

/// Of a conversion of which nobody knows what led to it.
const NO_CAMPAIGN: CampaignId = CampaignId::from_raw(0);

/// What a conversion says, whatever led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::shell::conversions) struct Sent {
    /// Its type; empty where none was sent.
    pub kind: String,
    /// The order.
    pub order: Option<String>,
    /// When it happened.
    pub happened: UnixMillis,
    /// The promo code that was used, as it is compared.
    pub code: Option<String>,
    value: Option<Nanos>,
    lifetime: Option<Nanos>,
    currency: Option<Currency>,
}

/// What it is worth, in the campaign's currency.
struct Worth {
    value: Nanos,
    lifetime: Nanos,
    fx: Option<DatedRate>,
}

impl Sent {
    /// What `form` says at `now`.
    ///
    /// # Errors
    ///
    /// [`ConversionRefusal`], the first that applies.
    pub(in crate::shell::conversions) fn read(
        form: &ConversionForm,
        now: UnixMillis,
    ) -> Result<Self, ConversionRefusal> {
        if form.kind.len() > WORD_BYTES_MAX {
            return Err(ConversionRefusal::TypeTooLong);
        }
        let order = form.order.clone().filter(|order| !order.is_empty());
        if order.as_ref().is_some_and(|order| order.len() > WORD_BYTES_MAX) {
            // Cut to a length, two orders could be taken for one.
            return Err(ConversionRefusal::OrderTooLong);
        }
        let code = Some(promo_code(&form.code)).filter(|code| !code.is_empty());
        if code.as_ref().is_some_and(|code| code.chars().nth(limits::PROMO_CODE_CHARS_MAX).is_some()) {
            return Err(ConversionRefusal::CodeTooLong);
        }
        let (value, lifetime) = (amount(form.value.as_deref())?, amount(form.lifetime_value.as_deref())?);
        let named = form.currency.as_deref().map(str::trim).filter(|code| !code.is_empty());
        // What nothing is counted in need not be known.
        let named = named.filter(|_| value.is_some() || lifetime.is_some());
        let known =
            |code: &str| Currency::from_code(code).ok_or_else(|| ConversionRefusal::Currency(echo(code)));
        let currency = named.map(known).transpose()?;
        let happened = happened(form.instant()?, now)?;
        Ok(Self { kind: form.kind.clone(), order, happened, code, value, lifetime, currency })
    }

    /// The conversion that `touch` led to, as the books have it: of the type `declared`, in `currency`.
    ///
    /// # Errors
    ///
    /// [`ConversionRefusal::Currency`], [`ConversionRefusal::Value`].
    pub(in crate::shell::conversions) fn conversion(
        self,
        declared: Option<&ConversionType>,
        (currency, rates): (Currency, &Rates),
        touch: Touch,
        source: Source,
    ) -> Result<Conversion, ConversionRefusal> {
        let Worth { value, lifetime, fx } = self.worth(declared, currency, rates)?;
        let Self { kind, order, happened, code, .. } = self;
        // Without the campaign's file nobody says that it is none.
        let acquisition = declared.is_none_or(|declared| declared.acquisition);
        Ok(Conversion { kind, acquisition, order, value, touch, fx, happened, lifetime, source, code })
    }

    fn worth(
        &self,
        declared: Option<&ConversionType>,
        currency: Currency,
        rates: &Rates,
    ) -> Result<Worth, ConversionRefusal> {
        let own = self.currency.or(declared.map(|declared| declared.currency)).unwrap_or(currency);
        let rate = rates.rate(own, currency);
        let rate = rate.ok_or_else(|| ConversionRefusal::Currency(own.to_string()))?;
        let converted = |sent: Option<Nanos>, usual: Option<Nanos>| match sent {
            Some(sent) => into(rate, sent),
            None => Ok(usual.unwrap_or(Nanos::ZERO)),
        };
        let value = converted(self.value, declared.map(|declared| declared.value))?;
        let lifetime = converted(self.lifetime, declared.and_then(|declared| declared.lifetime))?;
        let is_foreign = own != currency && value != Nanos::ZERO;
        Ok(Worth {
            value,
            lifetime,
            fx: is_foreign.then(|| DatedRate { from: own, rate, day: rates.date() }),
        })
    }
}

fn into(rate: FxRate, sent: Nanos) -> Result<Nanos, ConversionRefusal> {
    rate.amount(sent, Rounding::Down).ok_or_else(|| ConversionRefusal::Value(sent.to_string()))
}

fn amount(text: Option<&str>) -> Result<Option<Nanos>, ConversionRefusal> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let value = Nanos::from_decimal(text, Rounding::Down).ok().filter(|value| *value >= Nanos::ZERO);
    value.map(Some).ok_or_else(|| ConversionRefusal::Value(echo(text)))
}

/// When it happened: as reported, but not later than now, and not so long ago that no window reaches it.
fn happened(reported: Option<UnixMillis>, now: UnixMillis) -> Result<UnixMillis, ConversionRefusal> {
    let at = reported.unwrap_or(now);
    if at.since(now) > limits::EVENT_AHEAD_MAX {
        return Err(ConversionRefusal::Ahead { seconds: at.since(now).raw() / 1_000 });
    }
    if now.since(at) > limits::CONVERSION_AGE_MAX {
        return Err(ConversionRefusal::TooOld { days: now.since(at).raw() / 86_400_000 });
    }
    Ok(at.min(now))
}

/// The campaign of `advertiser`, or of any where none is named, that has the code, and the type that is meant: the
/// code's own, the one that was sent, or the campaign's first.
///
/// # Errors
///
/// [`ConversionRefusal`]: no such code, or not for this type.
pub(in crate::shell::conversions) fn coded<'c>(
    catalog: &'c Catalog,
    advertiser: Option<AdvertiserId>,
    (code, kind): (&str, &str),
) -> Result<(&'c Campaign, &'c ConversionType), ConversionRefusal> {
    let of_advertiser = |campaign: &&Campaign| {
        advertiser.is_none_or(|wanted| catalog.advertisers[campaign.advertiser].id == wanted)
    };
    let mut found = catalog.campaigns.iter().filter(of_advertiser).filter_map(|campaign| {
        let (_, of) = campaign.every_code().find(|(known, _)| *known == code)?;
        Some((campaign, of))
    });
    let (campaign, of) = found.next().ok_or_else(|| ConversionRefusal::UnknownCode(echo(code)))?;
    if found.next().is_some() {
        return Err(ConversionRefusal::AmbiguousCode(echo(code)));
    }
    let declared = match of {
        Some(of) if kind.is_empty() || of.name == kind => Some(of),
        Some(of) => {
            let (code, of, kind) = (echo(code), of.name.clone(), kind.to_owned());
            return Err(ConversionRefusal::CodeOfType { code, of, kind });
        }
        None if kind.is_empty() => campaign.conversions.first(),
        None => campaign.conversions.iter().find(|declared| declared.name == kind),
    };
    let unknown =
        || ConversionRefusal::UnknownType { campaign: campaign.slug.clone(), kind: kind.to_owned() };
    Ok((campaign, declared.ok_or_else(unknown)?))
}

/// A conversion that no ad is known to have led to: by its promo code of a campaign, else of `advertiser` alone. `user`
/// is whose it is, where that may be known. `source` tells it at `now`; `random` makes its place in the books one of
/// its own.
///
/// # Errors
///
/// [`ConversionRefusal`].
pub(in crate::shell::conversions) fn without_ad(
    (catalog, rates): (&Catalog, &Rates),
    mut sent: Sent,
    advertiser: Option<(AdvertiserId, &str)>,
    user: Option<UserKey>,
    (source, now, random): (Source, UnixMillis, u128),
) -> Result<Event, ConversionRefusal> {
    if sent.order.is_none() {
        return Err(ConversionRefusal::NoOrder);
    }
    let (campaign, declared, touch) = match &sent.code {
        Some(code) => {
            let (campaign, declared) = coded(catalog, advertiser.map(|(id, _)| id), (code, &sent.kind))?;
            (campaign, declared, Touch::Code)
        }
        None => {
            let (campaign, declared) = declared_anywhere(catalog, advertiser, &sent.kind)?;
            (campaign, declared, Touch::None)
        }
    };
    declared.name.clone_into(&mut sent.kind);
    let is_of_campaign = touch == Touch::Code;
    let bid = BidFacts {
        id: BidId::mint(sent.happened, random),
        at: sent.happened,
        day: day_in(if is_of_campaign { campaign.zone.clone() } else { TimeZone::UTC }, sent.happened),
        advertiser: catalog.advertisers[campaign.advertiser].id,
        campaign: if is_of_campaign { campaign.id } else { NO_CAMPAIGN },
        line_item: NO_LINE_ITEM,
        creative: CreativeId::from_raw(0),
        exchange: ExchangeId::from_raw(0),
        deal: None,
        currency: campaign.currency,
        user,
        household: None,
        lease: Epoch::NONE,
        setting: Setting::default(),
    };
    let conversion = sent.conversion(Some(declared), (campaign.currency, rates), touch, source)?;
    Ok(Event { bid, at: now, kind: EventKind::Conversion(conversion) })
}

/// The first campaign of `advertiser` that declares a type, by their names: in its currency and with its value a
/// conversion of nobody's counts.
fn declared_anywhere<'c>(
    catalog: &'c Catalog,
    advertiser: Option<(AdvertiserId, &str)>,
    kind: &str,
) -> Result<(&'c Campaign, &'c ConversionType), ConversionRefusal> {
    let (id, slug) = advertiser.ok_or(ConversionRefusal::Nobody)?;
    let mut own =
        catalog.campaigns.iter().filter(|it| catalog.advertisers[it.advertiser].id == id).peekable();
    if own.peek().is_none() {
        return Err(ConversionRefusal::Advertiser(echo(slug)));
    }
    let declares = |campaign: &'c Campaign| {
        Some((campaign, campaign.conversions.iter().find(|declared| declared.name == kind)?))
    };
    own.find_map(declares)
        .ok_or_else(|| ConversionRefusal::NowhereDeclared { advertiser: echo(slug), kind: kind.to_owned() })
}

/// The type that the campaign of a touch declares, if the touch counts for a conversion of `kind` at `happened`.
pub(in crate::shell::conversions) fn counts<'c>(
    campaigns: &[&'c Campaign],
    (campaign, touch): (CampaignId, Touch),
    kind: &str,
    happened: UnixMillis,
) -> Option<&'c ConversionType> {
    let campaign = campaigns.iter().find(|known| known.id == campaign)?;
    let declared = campaign.conversions.iter().find(|declared| declared.name == kind)?;
    within_window(touch, happened, &declared.windows).then_some(declared)
}

/// The civil day of `zone` at `at`.
fn day_in(zone: TimeZone, at: UnixMillis) -> Day {
    let at = Timestamp::from_millisecond(at.raw()).unwrap_or(Timestamp::UNIX_EPOCH);
    let date = at.to_zoned(zone).date();
    Day::from_civil(date.year().into(), date.month().into(), date.day().into())
}
