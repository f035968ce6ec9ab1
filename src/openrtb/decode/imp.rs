//! `imp`: what is offered, at which floor, under which deals.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use crate::openrtb::decode::{media, native, stated};
use crate::openrtb::json::{Fault, Reader, Scalar};
use crate::openrtb::{Deal, DurFloor, Imp, Metric};
use crate::units::limits::IMPS_MAX;
use crate::units::{Cpm, Decimal, Multiplier, Rounding};

/// The impressions of a request.
#[derive(Clone, Copy)]
pub(crate) struct Imps<'a> {
    /// How many were sent, of those looked at.
    pub(crate) sent: usize,
    /// Those that can be bid on.
    pub(crate) kept: &'a [Imp<'a>],
}

/// `imp`; `None` if it is not an array.
pub(crate) fn imps<'a>(json: &mut Reader<'a>) -> Result<Option<Imps<'a>>, Fault> {
    let mut sent = 0;
    let mut ids = ArenaVec::<&'a str>::new_in(json.arena());
    let mut kept = ArenaVec::<Imp<'a>>::new_in(json.arena());
    let is_array = json.array(IMPS_MAX, |json| {
        sent += 1;
        let (imp, can_be_bid_on) = imp(json)?;
        if imp.id.is_empty() || ids.contains(&imp.id) {
            return Ok(());
        }
        // Also of those dropped: a bid could be taken for one on them.
        ids.push(imp.id);
        if can_be_bid_on {
            kept.push(imp);
        }
        Ok(())
    })?;
    Ok(is_array.then(|| Imps { sent, kept: kept.into_bump_slice() }))
}

/// One impression, and whether it has a medium and a multiplier that we can count with.
fn imp<'a>(json: &mut Reader<'a>) -> Result<(Imp<'a>, bool), Fault> {
    let mut imp = Imp::default();
    let mut rewarded_inventory = false;
    let mut countable = true;
    json.object(|json, key| {
        match key {
            b"id" => imp.id = json.text()?.unwrap_or(""),
            b"banner" => imp.banner = media::banner(json)?,
            b"video" => imp.video = media::av(json)?,
            b"audio" => imp.audio = media::av(json)?,
            b"native" => imp.native = native::native(json)?,
            b"instl" => imp.instl = json.flag()?.unwrap_or(false),
            b"rwdd" => imp.rwdd = json.flag()?.unwrap_or(false),
            b"tagid" => imp.tagid = json.text()?,
            b"metric" => imp.metric = json.list(metric)?,
            b"bidfloor" => imp.bidfloor = json.floor()?.unwrap_or(Cpm::ZERO),
            b"bidfloorcur" => imp.bidfloorcur = json.floor_currency()?,
            b"secure" => imp.secure = json.strict_flag()?,
            b"exp" => imp.exp = json.whole()?,
            b"pmp" => (imp.private_auction, imp.deals) = pmp(json)?,
            b"qty" => {
                let multiplier = qty(json)?;
                countable = multiplier.is_some();
                imp.multiplier = multiplier.unwrap_or(Multiplier::ONE);
            }
            b"ext" => rewarded_inventory = ext(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    imp.rwdd |= rewarded_inventory;
    let has_medium =
        imp.banner.is_some() || imp.video.is_some() || imp.audio.is_some() || imp.native.is_some();
    Ok((imp, has_medium && countable))
}

/// An element of `metric`; `None` without a type or without a value.
fn metric<'a>(json: &mut Reader<'a>) -> Result<Option<Metric<'a>>, Fault> {
    let (mut kind, mut value, mut vendor) = (None, None, None);
    json.object(|json, key| {
        match key {
            b"type" => kind = json.text()?,
            b"value" => value = json.float(f64::MAX)?,
            b"vendor" => vendor = json.text()?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(kind.zip(value).map(|(kind, value)| Metric { r#type: kind, value, vendor }))
}

/// `imp.ext.prebid.is_rewarded_inventory`, the place of `rwdd` before 2.6.
fn ext(json: &mut Reader<'_>) -> Result<bool, Fault> {
    let mut rewarded = false;
    json.object(|json, key| match key {
        b"prebid" => {
            rewarded = false;
            json.object(|json, key| {
                match key {
                    b"is_rewarded_inventory" => rewarded = json.flag()?.unwrap_or(false),
                    _ => json.skip()?,
                }
                Ok(())
            })
            .map(|_| ())
        }
        _ => json.skip(),
    })?;
    Ok(rewarded)
}

/// `imp.qty`, 3.2.31: one impression a play if it is null; `None` if it is there but its `multiplier`
/// is missing, zero or unreadable, since nobody could tell what a win would cost.
fn qty(json: &mut Reader<'_>) -> Result<Option<Multiplier>, Fault> {
    if json.peek() == Some(b'n') {
        return json.skip().map(|()| Some(Multiplier::ONE));
    }
    let mut multiplier = None;
    json.object(|json, key| {
        match key {
            b"multiplier" => {
                multiplier = match json.scalar()? {
                    Scalar::Number(text) | Scalar::Text(text) => millionths(text.trim()),
                    _ => None,
                }
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(multiplier)
}

fn millionths(text: &str) -> Option<Multiplier> {
    let millionths = Decimal::parse(text).ok()?.scaled(6, Rounding::Up).ok()?;
    Multiplier::from_millionths(u64::try_from(millionths).ok()?)
}

/// `imp.pmp`, 3.2.11: whether the auction is private, and the deals.
fn pmp<'a>(json: &mut Reader<'a>) -> Result<(bool, &'a [Deal<'a>]), Fault> {
    let mut private_auction = false;
    let mut deals: &[Deal<'a>] = &[];
    json.object(|json, key| {
        match key {
            b"private_auction" => private_auction = json.strict_flag()?.unwrap_or(false),
            b"deals" => deals = firsts_of_ids(json.list(deal)?, json.arena()),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok((private_auction, deals))
}

/// `deals` without those of an id that was there before: a bid on one would be taken for one on the other.
fn firsts_of_ids<'a>(deals: &'a [Deal<'a>], arena: &'a Bump) -> &'a [Deal<'a>] {
    let mut by_id = ArenaVec::from_iter_in(0..deals.len(), arena);
    by_id.sort_unstable_by_key(|at| (deals[*at].id, *at));
    let repeats = by_id.windows(2).filter(|pair| deals[pair[0]].id == deals[pair[1]].id).map(|pair| pair[1]);
    let mut repeats = ArenaVec::from_iter_in(repeats, arena);
    if repeats.is_empty() {
        return deals;
    }
    repeats.sort_unstable();
    let firsts = deals.iter().enumerate().filter(|(at, _)| repeats.binary_search(at).is_err());
    ArenaVec::from_iter_in(firsts.map(|(_, deal)| *deal), arena).into_bump_slice()
}

fn deal<'a>(json: &mut Reader<'a>) -> Result<Option<Deal<'a>>, Fault> {
    let mut deal = Deal::default();
    json.object(|json, key| {
        match key {
            b"id" => deal.id = json.text()?.unwrap_or(""),
            b"bidfloor" => deal.bidfloor = json.floor()?.unwrap_or(Cpm::ZERO),
            b"mincpmpersec" => deal.mincpmpersec = json.floor()?,
            b"durfloors" => deal.durfloors = durfloors(json)?,
            b"bidfloorcur" => deal.bidfloorcur = json.floor_currency()?,
            b"at" => deal.at = stated(json.whole()?),
            b"wseat" => deal.wseat = json.allowed_texts()?,
            b"wadomain" => deal.wadomain = json.allowed_texts()?,
            b"guar" => deal.guar = json.flag()?.unwrap_or(false),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(Some(deal).filter(|deal| !deal.id.is_empty()))
}

/// `durfloors` of a video, an audio or a deal.
pub(crate) fn durfloors<'a>(json: &mut Reader<'a>) -> Result<&'a [DurFloor], Fault> {
    json.list(|json| {
        let mut durfloor = DurFloor { mindur: 0, maxdur: None, bidfloor: Cpm::ZERO };
        let is_object = json.object(|json, key| {
            match key {
                b"mindur" => durfloor.mindur = json.whole()?.unwrap_or(0),
                b"maxdur" => durfloor.maxdur = json.whole_up()?,
                b"bidfloor" => durfloor.bidfloor = json.floor()?.unwrap_or(Cpm::ZERO),
                _ => json.skip()?,
            }
            Ok(())
        })?;
        Ok(is_object.then_some(durfloor))
    })
}
