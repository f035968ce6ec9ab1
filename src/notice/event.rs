//! From a verified notice to ledger events: what each kind of notice means for money.

use crate::campaign::MissingPrice;
use crate::ledger::{BidFacts, Charge, Conversion, Event, EventKind, Playback};
use crate::notice::keys::Keys;
use crate::notice::kind::NoticeKind;
use crate::notice::price::Unreadable;
use crate::notice::ticket::Ticket;
use crate::ttf::{Assessment, Exemption, Levy, Parties, Place, Purchase, Scenario, TaxLine};
use crate::units::{Cpm, Decimal, Multiplier, Nanos, RatePpm, Rounding, UnixMillis};

/// What is repeated of a step that is not known.
const STEP_CHARS_SHOWN: usize = 32;

/// Appends the address of a notice of `kind`, below `base` (`https://bid.example`), with the macros that the
/// exchange replaces; `price_macro` is its own name for the price. Ids never stand in the address: they may
/// arrive unescaped. Macros never are escaped: `$%7B...` would not be replaced.
pub fn write_address(
    keys: &Keys,
    kind: NoticeKind,
    ticket: &Ticket,
    base: &str,
    price_macro: &str,
    out: &mut String,
) {
    for part in [base, "/n/", kind.name(), "/"] {
        out.push_str(part);
    }
    keys.sign(kind, ticket, None, out);
    match kind {
        NoticeKind::Win | NoticeKind::Billing | NoticeKind::Impression => {
            for part in ["?p=", price_macro, "&c=${AUCTION_CURRENCY}"] {
                out.push_str(part);
            }
            if kind != NoticeKind::Impression {
                // Of the winner: what would have been enough. A browser is not asked, for it is not believed.
                out.push_str("&m=${AUCTION_MIN_TO_WIN}");
            }
            if ticket.multiplier != Multiplier::ONE {
                out.push_str("&q=${AUCTION_MULTIPLIER}");
            }
        }
        NoticeKind::Loss => out.push_str("?r=${AUCTION_LOSS}&m=${AUCTION_MIN_TO_WIN}"),
        // The name of the step goes behind it: the markup writes one address for each.
        NoticeKind::Play => out.push_str("?e="),
        NoticeKind::View | NoticeKind::Click | NoticeKind::Clicked => {}
    }
}

/// What the exchange put in place of our macros; empty if it was missing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Params<'a> {
    /// `${AUCTION_PRICE}`.
    pub price: &'a str,
    /// `${AUCTION_CURRENCY}`.
    pub currency: &'a str,
    /// `${AUCTION_LOSS}`.
    pub loss: &'a str,
    /// `${AUCTION_MIN_TO_WIN}`.
    pub min_to_win: &'a str,
    /// `${AUCTION_MULTIPLIER}`.
    pub multiplier: &'a str,
    /// How far it was played: a name of [`Playback`].
    pub step: &'a str,
    /// VAST's `[ERRORCODE]`.
    pub error: &'a str,
}

impl Params<'_> {
    /// True if the macros were replaced for somebody who looks at the ad, not for an impression.
    #[must_use]
    pub fn are_audit(&self) -> bool {
        let all = [self.price, self.currency, self.loss, self.min_to_win, self.multiplier];
        all.iter().any(|param| is_audit(param))
    }
}

/// A notice understood: its events, and what they take from the budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// To be booked, in one commit.
    pub events: Vec<Event>,
    /// If an impression is among them: what of it counts against the budget.
    pub spent: Option<Nanos>,
    /// True if the bid's reservation ends: it was billed, or it lost.
    pub closes: bool,
    /// If an impression is among them at the bid's price, for the exchange told none that can be taken: why.
    pub unpriced: Option<Unpriced>,
}

/// Why a price that an exchange told was not taken, and the bid's was booked as the profile says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unpriced {
    /// None came: the macro was empty or not replaced.
    Missing,
    /// It is not a number that a price can be.
    NotAPrice,
    /// It is in another currency than the bid.
    Currency,
}

impl Unpriced {
    /// All names, in the order of the reasons.
    pub const NAMES: [&'static str; 3] = ["missing", "not_a_price", "currency"];
}

/// Why a well-signed notice is not booked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It came back empty, unexpanded or as `AUDIT`, and the exchange's profile refuses that.
    #[error("the notice has no price, and the profile says `missing_price: refuse`")]
    NoPrice,
    /// It is not a number that a price can be.
    #[error("the clearing price `{0}` is not a price")]
    NotAPrice(String),
    /// It cannot be read as the profile says.
    #[error("the clearing price cannot be read: {0}")]
    Unreadable(#[from] Unreadable),
    /// We would have paid more than we bid.
    #[error("the clearing price {cleared} is above the bid of {bid}")]
    AboveBid {
        /// What the exchange said.
        cleared: Cpm,
        /// What we bid.
        bid: Cpm,
    },
    /// Not the currency we bid in.
    #[error("the clearing price is in `{0}`, the bid was in {1}")]
    Currency(String, crate::units::Currency),
    /// A step of playback that no markup of ours names.
    #[error("`{0}` is no step of playback")]
    UnknownStep(String),
    /// The amount is beyond the books.
    #[error("the amount is out of range")]
    OutOfRange,
}

/// What a notice of `kind` means, arrived at `now`. `scenario` is the ticket's tax as known now, if it
/// is; `late` tells that the bid's reservation had expired.
///
/// # Errors
///
/// [`Refused`]: nothing is booked.
pub fn event(
    kind: NoticeKind,
    ticket: &Ticket,
    params: &Params<'_>,
    now: UnixMillis,
    scenario: Option<&Scenario>,
    late: bool,
) -> Result<Outcome, Refused> {
    let ticket = &Ticket { multiplier: billed_multiplier(kind, ticket, params), ..*ticket };
    if !ticket.billable {
        // A test: nothing happened that anybody pays for, or that a report should count.
        let lost = kind == NoticeKind::Loss && !ticket.is_billed_by(NoticeKind::Impression);
        let closes = lost || ticket.is_billed_by(kind);
        return Ok(Outcome { events: Vec::new(), spent: None, unpriced: None, closes });
    }
    let fact = |kind| Event { bid: facts_of(ticket, &kind), at: now, kind };
    let nothing = |kind| Outcome { events: vec![fact(kind)], spent: None, unpriced: None, closes: false };
    match kind {
        NoticeKind::Win => {
            let bills = ticket.is_billed_by(kind);
            let price = match clearing_price(ticket, params) {
                Ok(taken) => Some(taken),
                // A win notice that moves no money is news all the same.
                Err(_) if !bills => None,
                Err(refused) => return Err(refused),
            };
            let media = price.map(|(price, _)| ticket.media(price).ok_or(Refused::OutOfRange)).transpose()?;
            let mut outcome = nothing(EventKind::Win { price: media });
            if let (true, Some(media)) = (bills, media) {
                let (charge, spent) = charge(ticket, params, media, now, scenario, late)?;
                outcome.events.push(fact(EventKind::Impression(charge)));
                outcome.spent = Some(spent);
                outcome.unpriced = price.and_then(|(_, unpriced)| unpriced);
                outcome.closes = true;
            }
            Ok(outcome)
        }
        NoticeKind::Billing | NoticeKind::Impression => {
            if !ticket.is_billed_by(kind) {
                // Another notice moves the money; this one says nothing new.
                return Ok(Outcome { events: Vec::new(), spent: None, unpriced: None, closes: false });
            }
            // What a browser says of the price is nobody's word: the bid's own is booked.
            let of_a_browser = kind == NoticeKind::Impression;
            let (price, unpriced) =
                if of_a_browser { (ticket.price, None) } else { clearing_price(ticket, params)? };
            let media = ticket.media(price).ok_or(Refused::OutOfRange)?;
            let (charge, spent) = charge(ticket, params, media, now, scenario, late)?;
            let events = vec![fact(EventKind::Impression(charge))];
            Ok(Outcome { events, spent: Some(spent), closes: true, unpriced })
        }
        NoticeKind::Loss => {
            let reason = params.loss.trim().parse().ok();
            let min_to_win = to_beat(ticket, params);
            // Code 0 says that the bid won: its money stays reserved. So it does where the markup bills, for
            // whoever reads the answer in a page could tell of a loss and show the ad all the same.
            let closes = reason != Some(0) && !ticket.is_billed_by(NoticeKind::Impression);
            Ok(Outcome { closes, ..nothing(EventKind::Loss { reason, min_to_win }) })
        }
        NoticeKind::View => Ok(nothing(EventKind::View)),
        NoticeKind::Click => Ok(nothing(EventKind::Click)),
        NoticeKind::Play => match Playback::from_name(params.step, params.error.trim().parse().ok()) {
            Some(step) => Ok(nothing(EventKind::Playback(step))),
            None => Err(Refused::UnknownStep(params.step.chars().take(STEP_CHARS_SHOWN).collect())),
        },
        NoticeKind::Clicked => Ok(Outcome { events: Vec::new(), spent: None, unpriced: None, closes: false }),
    }
}

/// The bid as an event of `kind` tells it: what measures a person needs the person's consent. The household is
/// told of impressions only, for frequency caps count them.
fn facts_of(ticket: &Ticket, kind: &EventKind) -> BidFacts {
    let measures = matches!(
        kind,
        EventKind::View | EventKind::Click | EventKind::Playback(_) | EventKind::Conversion(_)
    );
    let counts = matches!(kind, EventKind::Impression(_));
    BidFacts {
        user: ticket.bid.user.filter(|_| ticket.measured || !measures),
        household: ticket.bid.household.filter(|_| counts),
        ..ticket.bid
    }
}

/// The price that the exchange charges, per thousand, in the bid's currency. Where it tells none that can be
/// taken, the profile says whether the bid's is booked: a refusal would be repeated, and never booked. But nobody
/// charges more than we bid: that is refused, whatever the profile says.
fn clearing_price(ticket: &Ticket, params: &Params<'_>) -> Result<(Cpm, Option<Unpriced>), Refused> {
    let refused = match told_price(ticket, params) {
        Ok(price) => return Ok((price, None)),
        Err(refused) => refused,
    };
    let why = match &refused {
        Refused::NoPrice => Unpriced::Missing,
        Refused::NotAPrice(_) => Unpriced::NotAPrice,
        Refused::Currency(..) => Unpriced::Currency,
        _ => return Err(refused),
    };
    match ticket.missing_price {
        MissingPrice::BookBid => Ok((ticket.price, Some(why))),
        MissingPrice::Refuse => Err(refused),
    }
}

fn told_price(ticket: &Ticket, params: &Params<'_>) -> Result<Cpm, Refused> {
    let raw = params.price.trim();
    if is_missing(raw) {
        return Err(Refused::NoPrice);
    }
    let currency = params.currency.trim();
    if !is_missing(currency) && !currency.eq_ignore_ascii_case(ticket.price_currency.code()) {
        return Err(Refused::Currency(currency.to_owned(), ticket.price_currency));
    }
    let cleared = Cpm::from_decimal(raw, Rounding::Up).map_err(|_| Refused::NotAPrice(raw.to_owned()))?;
    if cleared > ticket.price {
        return Err(Refused::AboveBid { cleared, bid: ticket.price });
    }
    Ok(cleared)
}

/// True for what arrives where a macro was not replaced by its value: nothing, `AUDIT`, or the macro itself.
pub(in crate::notice) fn is_missing(raw: &str) -> bool {
    raw.is_empty() || is_audit(raw) || raw.contains(['{', '[']) || raw.contains("%%")
}

fn is_audit(raw: &str) -> bool {
    raw.trim() == "AUDIT"
}

/// How many impressions the play is billed as: what the exchange says was delivered, and never more than was
/// bid for. What it says of nothing, or more than was bid for, is billed as it was bid; so is what was bid as one
/// impression, and what a browser says.
fn billed_multiplier(kind: NoticeKind, ticket: &Ticket, params: &Params<'_>) -> Multiplier {
    if ticket.multiplier == Multiplier::ONE || kind == NoticeKind::Impression {
        return ticket.multiplier;
    }
    let told = Decimal::parse(params.multiplier.trim()).and_then(|told| told.scaled(6, Rounding::Up));
    let told = told.ok().and_then(|told| Multiplier::from_millionths(u64::try_from(told).ok()?));
    told.map_or(ticket.multiplier, |told| told.min(ticket.multiplier))
}

/// The cost of an impression billed at `now`, and what of it counts against the budget.
fn charge(
    ticket: &Ticket,
    params: &Params<'_>,
    media: Nanos,
    now: UnixMillis,
    scenario: Option<&Scenario>,
    late: bool,
) -> Result<(Charge, Nanos), Refused> {
    let data = ticket.data_cost();
    let mut tax = match scenario {
        Some(scenario) => scenario.assess(&purchase(ticket, media, data, now)),
        None => as_of_the_bid(ticket, media, data),
    };
    if !late {
        // A scenario that was edited while the bid was out must not cost more than was reserved.
        hold_to_reserved(&mut tax, ticket);
    }
    let net = media.checked_add(data).ok_or(Refused::OutOfRange)?;
    let spent = ticket.bearer.budget_share(net, tax.borne(ticket.bearer)).ok_or(Refused::OutOfRange)?;
    let (fee, bearer, fx) = (media.share(ticket.fee), ticket.bearer, ticket.dated_rate());
    let bid = ticket.media(ticket.price);
    // Nobody who paid less than what was to be beaten has won.
    let to_beat = to_beat(ticket, params).filter(|to_beat| *to_beat <= media);
    let charge = Charge { media, data, fee, tax, bearer, late, fx, bid, to_beat };
    Ok((charge, spent))
}

/// The least that would have won, as the exchange tells it, in the campaign's currency.
fn to_beat(ticket: &Ticket, params: &Params<'_>) -> Option<Nanos> {
    let price = Cpm::from_decimal(params.min_to_win.trim(), Rounding::Up).ok()?;
    ticket.media(price)
}

/// What is bought with one billed impression.
fn purchase(ticket: &Ticket, media: Nanos, data: Nanos, now: UnixMillis) -> Purchase {
    let bid = &ticket.bid;
    Purchase {
        places: ticket.others.places(ticket.place),
        parties: Parties {
            advertiser: bid.advertiser,
            campaign: bid.campaign,
            exchange: bid.exchange,
            publisher: bid.setting.publisher,
        },
        billed_at: now,
        media,
        data,
        billable: ticket.billable,
    }
}

/// Lowers the rates to those that were reserved.
fn hold_to_reserved(tax: &mut Assessment, ticket: &Ticket) {
    tax.space.rate = tax.space.rate.min(ticket.space_rate);
    tax.data.rate = tax.data.rate.min(ticket.data_rate);
    for (levy, reserved) in tax.more.iter_mut().zip(ticket.others.iter()) {
        levy.space.rate = levy.space.rate.min(reserved.space_rate);
        levy.data.rate = levy.data.rate.min(reserved.data_rate);
    }
}

/// The tax by the rates that were reserved: what is known of a scenario that was removed since.
fn as_of_the_bid(ticket: &Ticket, media: Nanos, data: Nanos) -> Assessment {
    let places = ticket.others.places(ticket.place);
    let levy = |at, place: Place, space_rate, data_rate| {
        let exemption = place.jurisdiction.is_none().then_some(Exemption::OutOfScope);
        let line = |base, rate| TaxLine {
            base: places.base_of(at, base),
            rate: if exemption.is_some() { RatePpm::ZERO } else { rate },
            exemption,
        };
        Levy { place, space: line(media, space_rate), data: line(data, data_rate) }
    };
    let Levy { place, space, data: on_data } = levy(0, ticket.place, ticket.space_rate, ticket.data_rate);
    let others = ticket.others.iter().enumerate();
    let more = others.map(|(at, other)| levy(at + 1, other.place, other.space_rate, other.data_rate));
    Assessment { scenario: ticket.scenario, place, space, data: on_data, more: more.collect() }
}

/// The event of a conversion that followed the ad of `ticket`, told at `now`.
#[must_use]
pub fn conversion(ticket: &Ticket, conversion: Conversion, now: UnixMillis) -> Event {
    let kind = EventKind::Conversion(conversion);
    Event { bid: facts_of(ticket, &kind), at: now, kind }
}
