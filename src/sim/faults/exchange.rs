//! The exchange: how each auction ends, and what is told of it, when and how often.

use rand::RngExt as _;
use rand::rngs::Xoshiro256PlusPlus;
use smallvec::SmallVec;

use crate::campaign::MissingPrice;
use crate::notice::{NoticeKind, Ticket};
use crate::sim::faults::nature::Habits;
use crate::units::Cpm;

/// A notice on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim::faults) struct Letter {
    /// About which bid, counted from 0.
    pub(in crate::sim::faults) bid: u32,
    pub(in crate::sim::faults) kind: NoticeKind,
    pub(in crate::sim::faults) says: Says,
    /// How often it was tried before.
    pub(in crate::sim::faults) attempt: u8,
}

/// What it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim::faults) enum Says {
    /// What the impression costs.
    Price(Cpm),
    /// Nothing of a price.
    NoPrice,
    /// That somebody only looks.
    Audit,
    /// More than was bid.
    Above,
    /// A price in a currency that nobody bid in.
    Foreign,
    /// No number.
    Noise,
    /// Why it lost.
    Lost(u32),
    /// What its kind says.
    Plain,
    /// Its token has one bit turned.
    Turned(u16),
    /// Its token is signed by somebody else.
    Strange,
    /// Its token was made for another kind of notice.
    Borrowed,
}

impl Says {
    /// True if nobody who has our key wrote it.
    pub(in crate::sim::faults) const fn is_forged(self) -> bool {
        matches!(self, Self::Turned(_) | Self::Strange | Self::Borrowed)
    }

    /// True if a price is told that cannot be taken.
    pub(in crate::sim::faults) const fn is_altered(self) -> bool {
        matches!(self, Self::Above | Self::Foreign | Self::Noise)
    }

    const fn is_priceless(self) -> bool {
        matches!(self, Self::NoPrice | Self::Audit)
    }
}

/// What must become of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim::faults) enum Due {
    /// It is refused.
    Refused,
    /// It is taken, and an impression costs this.
    Billed(Cpm),
    /// It is taken, and moves no money.
    Taken,
}

/// What must become of `letter`, by the words of the exchange's profile.
pub(in crate::sim::faults) fn due(letter: &Letter, ticket: &Ticket) -> Due {
    if letter.says.is_forged() {
        return Due::Refused;
    }
    if !ticket.is_billed_by(letter.kind) || !ticket.billable {
        return Due::Taken;
    }
    match letter.says {
        // What a browser says of a price is nobody's word.
        _ if letter.kind == NoticeKind::Impression => Due::Billed(ticket.price),
        Says::Price(price) => Due::Billed(price),
        // Nobody charges more than was bid, whatever the profile says.
        Says::Above => Due::Refused,
        _ if ticket.missing_price == MissingPrice::BookBid => Due::Billed(ticket.price),
        _ => Due::Refused,
    }
}

/// What an exchange does with one bid.
#[derive(Debug, Default)]
pub(in crate::sim::faults) struct Course {
    /// What the impression costs, if it is billed ever.
    pub(in crate::sim::faults) price: Option<Cpm>,
    /// Letters, and how long after the bid each arrives.
    pub(in crate::sim::faults) letters: SmallVec<[(i64, Letter); 4]>,
    /// The bill comes at the last moment of the reservation.
    pub(in crate::sim::faults) is_last_moment: bool,
    /// A loss is told of a bid that is billed as well.
    pub(in crate::sim::faults) is_contradictory: bool,
    /// Nobody ever tells.
    pub(in crate::sim::faults) is_silent: bool,
}

/// The kind of notice by which `ticket` is billed.
fn billing_kind(ticket: &Ticket) -> NoticeKind {
    let kinds = [NoticeKind::Billing, NoticeKind::Win, NoticeKind::Impression];
    kinds.into_iter().find(|kind| ticket.is_billed_by(*kind)).unwrap_or(NoticeKind::Billing)
}

impl Course {
    /// The course of the bid number `bid`.
    pub(in crate::sim::faults) fn draw(
        rng: &mut Xoshiro256PlusPlus,
        habits: &Habits,
        bid: u32,
        ticket: &Ticket,
    ) -> Self {
        let mut course = Self::default();
        let reserved = ticket.reserved_for.raw();
        let (billing, wins) = (billing_kind(ticket), rng.random_bool(habits.wins));
        if wins {
            let price = if rng.random_bool(habits.below) {
                Cpm::from_micros(rng.random_range(1..=ticket.price.micros())).unwrap_or(ticket.price)
            } else {
                ticket.price
            };
            course.win(rng, habits, (bid, billing), ticket, price);
        } else {
            course.is_silent = !rng.random_bool(habits.loss_told);
            if !course.is_silent {
                let code = if rng.random_bool(0.02) { 0 } else { 102 };
                course.send(heavy_tailed(rng, reserved), bid, NoticeKind::Loss, Says::Lost(code));
            }
        }
        for (chance, kind) in [(habits.views, NoticeKind::View), (habits.clicks, NoticeKind::Click)] {
            // A click before its impression, after it, or of an ad that nobody billed.
            if rng.random_bool(if wins { chance } else { chance / 50.0 }) {
                course.send(rng.random_range(0..=reserved), bid, kind, Says::Plain);
            }
        }
        if rng.random_bool(habits.forged) {
            let kind =
                [billing, NoticeKind::Loss, NoticeKind::Win, NoticeKind::Click][rng.random_range(0..4)];
            let says = [Says::Turned(rng.random()), Says::Strange, Says::Borrowed][rng.random_range(0..3)];
            course.send(rng.random_range(0..=reserved), bid, kind, says);
        }
        course.repeat(rng, habits, reserved);
        course
    }

    fn win(
        &mut self,
        rng: &mut Xoshiro256PlusPlus,
        habits: &Habits,
        (bid, billing): (u32, NoticeKind),
        ticket: &Ticket,
        price: Cpm,
    ) {
        let reserved = ticket.reserved_for.raw();
        if billing != NoticeKind::Win && rng.random_bool(0.7) {
            self.send(rng.random_range(0..=reserved / 4), bid, NoticeKind::Win, Says::Price(price));
        }
        if rng.random_bool(habits.never) {
            self.is_silent = true;
            return;
        }
        let says = match rng.random_bool(habits.priceless) {
            true => [Says::NoPrice, Says::Audit][rng.random_range(0..2)],
            false => Says::Price(price),
        };
        let letter = Letter { bid, kind: billing, says, attempt: 0 };
        if let Due::Billed(price) = due(&letter, ticket) {
            self.price = Some(price);
        }
        let after = if rng.random_bool(habits.late) {
            reserved + rng.random_range(1..=reserved)
        } else if rng.random_bool(habits.last_moment) {
            self.is_last_moment = true;
            reserved - rng.random_range(0..=3)
        } else {
            heavy_tailed(rng, reserved)
        };
        self.letters.push((after, letter));
        if rng.random_bool(habits.altered) {
            let says = [Says::Above, Says::Foreign, Says::Noise][rng.random_range(0..3)];
            self.send(rng.random_range(0..=reserved), bid, billing, says);
        }
        if billing == NoticeKind::Win && rng.random_bool(0.3) {
            self.send(rng.random_range(0..=reserved), bid, NoticeKind::Billing, Says::Price(price));
        }
        if rng.random_bool(habits.contradicts) {
            self.is_contradictory = true;
            self.send(rng.random_range(0..=reserved), bid, NoticeKind::Loss, Says::Lost(102));
        }
    }

    fn send(&mut self, after: i64, bid: u32, kind: NoticeKind, says: Says) {
        self.letters.push((after, Letter { bid, kind, says, attempt: 0 }));
    }

    /// Sends some of the letters again, before the first or after it.
    fn repeat(&mut self, rng: &mut Xoshiro256PlusPlus, habits: &Habits, reserved: i64) {
        for at in 0..self.letters.len() {
            let copies = if rng.random_bool(habits.flood) {
                100
            } else {
                u32::from(rng.random_bool(habits.twice)) * rng.random_range(1..=3)
            };
            let (after, letter) = self.letters[at];
            for _ in 0..copies {
                let close = if rng.random_bool(0.5) { 5 } else { reserved / 2 };
                self.letters.push(((after + rng.random_range(-close..=close)).max(0), letter));
            }
        }
    }

    /// How many of its letters say no price where one is due.
    pub(in crate::sim::faults) fn is_priceless(&self) -> bool {
        self.letters.iter().any(|(_, letter)| letter.says.is_priceless())
    }
}

/// Mostly soon, sometimes long after, always within `most`.
fn heavy_tailed(rng: &mut Xoshiro256PlusPlus, most: i64) -> i64 {
    let orders = most.max(1).ilog2();
    let high = most >> rng.random_range(0..=orders);
    rng.random_range(0..=high.max(1)).min(most - 1).max(0)
}
