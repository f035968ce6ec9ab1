//! A charge as whole numbers: what many impressions share (place, rates, bearer) as a list, the amounts beside it.

use crate::ledger::{Charge, DatedRate};
use crate::shell::figures::facts::{currency, currency_number};
use crate::shell::figures::row::{Cells, Lists, Named, put_optional};
use crate::ttf::{Assessment, Bearer, Evidence, Exemption, Jurisdiction, Levy, Place, TaxLine};
use crate::units::{Day, Femtos, FxRate, Nanos, RatePpm, ScenarioId};

const NONE: i64 = -1;

/// Numbers of a list, taken one after the other.
struct Listed<'a>(&'a [i64]);

impl Listed<'_> {
    fn next(&mut self) -> Option<i64> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn small<T: TryFrom<i64>>(&mut self) -> Option<T> {
        T::try_from(self.next()?).ok()
    }
}

/// What of a charge is no amount.
fn terms(charge: &Charge) -> Vec<i64> {
    let Assessment { scenario, place, space, data, more } = &charge.tax;
    let share = charge.bearer.share().map_or(NONE, |share| share.ppm().into());
    let mut list = vec![scenario.raw().cast_signed(), charge.bearer.code().into(), share, charge.late.into()];
    put_levy(&Levy { place: *place, space: *space, data: *data }, &mut list);
    put_rate(charge.fx, &mut list);
    more.iter().for_each(|levy| put_levy(levy, &mut list));
    list
}

/// The charge of [`terms`], without amounts.
pub(in crate::shell::figures) fn of_terms(list: &[i64]) -> Option<Charge> {
    let mut list = Listed(list);
    let scenario = ScenarioId::from_raw(list.next()?.cast_unsigned());
    let bearer = list.small()?;
    let share = match list.next()? {
        NONE => None,
        ppm => Some(RatePpm::from_ppm(u32::try_from(ppm).ok()?)?),
    };
    let bearer = Bearer::from_code(bearer, share)?;
    let late = list.next()? != 0;
    let Levy { place, space, data } = levy(&mut list)?;
    let fx = rate(&mut list)?;
    let mut more = Vec::new();
    while !list.0.is_empty() {
        more.push(levy(&mut list)?);
    }
    Some(Charge {
        media: Nanos::ZERO,
        data: Nanos::ZERO,
        fee: Femtos::ZERO,
        tax: Assessment { scenario, place, space, data, more },
        bearer,
        late,
        fx,
        bid: None,
        to_beat: None,
    })
}

fn put_levy(levy: &Levy, list: &mut Vec<i64>) {
    put_place(&levy.place, list);
    put_line(&levy.space, list);
    put_line(&levy.data, list);
}

fn levy(list: &mut Listed<'_>) -> Option<Levy> {
    Some(Levy { place: place(list)?, space: line(list)?, data: line(list)? })
}

fn put_place(place: &Place, list: &mut Vec<i64>) {
    let letters = |jurisdiction: Jurisdiction| {
        jurisdiction.code().bytes().fold(0, |number, letter| number << 8 | i64::from(letter))
    };
    list.push(place.jurisdiction.map_or(NONE, letters));
    list.push(place.evidence.code().into());
}

fn place(list: &mut Listed<'_>) -> Option<Place> {
    let jurisdiction = match list.next()? {
        NONE => None,
        letters => {
            let letters = u16::try_from(letters).ok()?.to_be_bytes();
            Some(Jurisdiction::from_code(std::str::from_utf8(&letters).ok()?)?)
        }
    };
    Some(Place { jurisdiction, evidence: Evidence::from_code(list.small()?)? })
}

fn put_line(line: &TaxLine, list: &mut Vec<i64>) {
    list.push(line.rate.ppm().into());
    list.push(line.exemption.map_or(NONE, |exemption| exemption.code().into()));
}

fn line(list: &mut Listed<'_>) -> Option<TaxLine> {
    let rate = RatePpm::from_ppm(list.small()?)?;
    let exemption = match list.next()? {
        NONE => None,
        code => Some(Exemption::from_code(u8::try_from(code).ok()?)?),
    };
    Some(TaxLine { base: Nanos::ZERO, rate, exemption })
}

fn put_rate(rate: Option<DatedRate>, list: &mut Vec<i64>) {
    list.push(rate.is_some().into());
    if let Some(DatedRate { from, rate, day }) = rate {
        let (target, per) = rate.parts();
        list.extend([currency_number(from), target.cast_signed(), per.cast_signed(), day.is_some().into()]);
        list.push(day.unwrap_or_default().raw().into());
    }
}

fn rate(list: &mut Listed<'_>) -> Option<Option<DatedRate>> {
    if list.next()? == 0 {
        return Some(None);
    }
    let from = currency(list.next()?)?;
    let rate = FxRate::new(list.next()?.cast_unsigned(), list.next()?.cast_unsigned())?;
    let (has_day, day) = (list.next()? != 0, Day::from_raw(list.small()?));
    Some(Some(DatedRate { from, rate, day: has_day.then_some(day) }))
}

/// A rate as a list of its own.
pub(in crate::shell::figures) fn rate_list(rate: Option<DatedRate>) -> Vec<i64> {
    let mut list = Vec::new();
    put_rate(rate, &mut list);
    list
}

/// The rate of [`rate_list`].
pub(in crate::shell::figures) fn of_rate_list(list: &[i64]) -> Option<Option<DatedRate>> {
    rate(&mut Listed(list))
}

/// How many cells a charge takes.
pub(in crate::shell::figures) const WIDTH: usize = 12;

/// Appends `charge` to `row`.
pub(in crate::shell::figures) fn put(charge: &Charge, lists: &mut Lists, row: &mut Vec<i64>) {
    let fee = charge.fee.raw();
    let over = |line: &TaxLine, amount: Nanos| line.base.raw().wrapping_sub(amount.raw());
    let both = |levy: &Levy| [over(&levy.space, charge.media), over(&levy.data, charge.data)];
    row.extend([
        lists.terms.number(terms(charge)),
        charge.media.raw(),
        charge.data.raw(),
        high(fee),
        low(fee),
        over(&charge.tax.space, charge.media),
        over(&charge.tax.data, charge.data),
        // Mostly none, or as much as the first.
        lists.lists.number(charge.tax.more.iter().flat_map(both).collect()),
    ]);
    put_optional(charge.bid.map(Nanos::raw), row);
    put_optional(charge.to_beat.map(Nanos::raw), row);
}

/// The charge of [`put`].
pub(in crate::shell::figures) fn take(cells: &mut Cells<'_>, named: &Named) -> Option<Charge> {
    let mut charge = cells.of(&named.charges)?.clone();
    take_amounts(cells, named, &mut charge)?;
    Some(charge)
}

/// The same in the place of a former one, which is of the terms of that number: so that those are not copied again.
pub(in crate::shell::figures) fn take_into(
    cells: &mut Cells<'_>,
    named: &Named,
    (charge, former): (&mut Charge, &mut Option<i64>),
) -> Option<()> {
    let terms = cells.next();
    if *former != Some(terms) {
        *former = None;
        charge.clone_from(named.charges.get(usize::try_from(terms).ok()?)?);
        *former = Some(terms);
    }
    take_amounts(cells, named, charge)
}

/// Sets all amounts of `charge`.
fn take_amounts(cells: &mut Cells<'_>, named: &Named, charge: &mut Charge) -> Option<()> {
    charge.media = cells.nanos();
    charge.data = cells.nanos();
    let (high, low) = (cells.next(), cells.next());
    charge.fee = Femtos::from_raw(i128::from(high) << 64 | i128::from(low.cast_unsigned()));
    let over = |amount: Nanos, more: i64| Nanos::from_raw(amount.raw().wrapping_add(more));
    charge.tax.space.base = over(charge.media, cells.next());
    charge.tax.data.base = over(charge.data, cells.next());
    let (more, _) = cells.of(&named.lists)?.as_chunks::<2>();
    if more.len() != charge.tax.more.len() {
        return None;
    }
    for (levy, [space, data]) in charge.tax.more.iter_mut().zip(more) {
        levy.space.base = over(charge.media, *space);
        levy.data.base = over(charge.data, *data);
    }
    charge.bid = cells.optional().map(Nanos::from_raw);
    charge.to_beat = cells.optional().map(Nanos::from_raw);
    Some(())
}

#[expect(clippy::cast_possible_truncation, reason = "the upper half is taken on its own")]
const fn low(wide: i128) -> i64 {
    wide as i64
}

const fn high(wide: i128) -> i64 {
    (wide >> 64) as i64
}
