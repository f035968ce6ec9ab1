//! `user`: ids, segments, consent and keywords, from both places where they moved.

use bumpalo::collections::Vec as ArenaVec;

use crate::openrtb::decode::data::segments;
use crate::openrtb::decode::device::geo;
use crate::openrtb::decode::{joined, stated};
use crate::openrtb::json::{Fault, Reader};
use crate::openrtb::{Eid, Gender, User, personal_id};
use crate::units::limits::LIST_MAX;

/// `user`; nothing is known if it is not an object.
pub(crate) fn user<'a>(json: &mut Reader<'a>) -> Result<User<'a>, Fault> {
    let mut user = User::default();
    let (mut keywords, mut kwarray): (&[&str], &[&str]) = (&[], &[]);
    let mut moved = Moved::default();
    json.object(|json, key| {
        match key {
            b"id" => user.id = read_id(json)?,
            b"buyeruid" => user.buyeruid = read_id(json)?,
            b"yob" => user.yob = yob(json)?,
            b"gender" => user.gender = gender(json)?,
            b"geo" => user.geo = geo(json)?,
            b"data" => user.segments = segments(json)?,
            b"eids" => user.eids = eids(json)?,
            b"consent" => user.consent = json.strict_text()?,
            b"keywords" => keywords = json.keywords()?,
            b"kwarray" => kwarray = json.keywords()?,
            b"ext" => moved = read_ext(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    user.keywords = joined(&[keywords, kwarray], json.arena());
    if user.eids.is_empty() {
        user.eids = moved.eids;
    }
    user.consent_ext = moved.consent.filter(|_| user.consent.is_some() && user.consent != moved.consent);
    user.consent = user.consent.or(moved.consent);
    Ok(user)
}

/// What stood in `user.ext` before 2.6.
#[derive(Clone, Copy, Default)]
struct Moved<'a> {
    consent: Option<&'a str>,
    eids: &'a [Eid<'a>],
}

fn read_ext<'a>(json: &mut Reader<'a>) -> Result<Moved<'a>, Fault> {
    let mut moved = Moved::default();
    json.object(|json, key| {
        match key {
            b"consent" => moved.consent = json.strict_text()?,
            b"eids" => moved.eids = eids(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(moved)
}

/// `eids` with all of their `uids`.
fn eids<'a>(json: &mut Reader<'a>) -> Result<&'a [Eid<'a>], Fault> {
    let mut eids = ArenaVec::new_in(json.arena());
    json.array(LIST_MAX, |json| {
        let mut shared = Eid { source: "", id: "", atype: None, inserter: None, matcher: None, mm: None };
        let mut uids: &[Uid<'_>] = &[];
        json.object(|json, key| {
            match key {
                b"source" => shared.source = json.text()?.unwrap_or(""),
                b"uids" => uids = json.list(uid)?,
                b"inserter" => shared.inserter = json.text()?,
                b"matcher" => shared.matcher = json.text()?,
                b"mm" => shared.mm = stated(json.whole()?),
                _ => json.skip()?,
            }
            Ok(())
        })?;
        if !shared.source.is_empty() {
            let room = LIST_MAX - eids.len();
            eids.extend(uids.iter().take(room).map(|uid| Eid { id: uid.id, atype: uid.atype, ..shared }));
        }
        Ok(())
    })?;
    Ok(eids.into_bump_slice())
}

/// One of `uids`.
#[derive(Clone, Copy)]
struct Uid<'a> {
    id: &'a str,
    atype: Option<u32>,
}

fn uid<'a>(json: &mut Reader<'a>) -> Result<Option<Uid<'a>>, Fault> {
    let (mut id, mut atype) = (None, None);
    json.object(|json, key| {
        match key {
            b"id" => id = read_id(json)?,
            b"atype" => atype = stated(json.whole()?),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(id.map(|id| Uid { id, atype }))
}

/// An id that names somebody.
fn read_id<'a>(json: &mut Reader<'a>) -> Result<Option<&'a str>, Fault> {
    Ok(json.text()?.and_then(personal_id))
}

/// A year somebody can be born in; what else is sent is a fault of the sender's.
fn yob(json: &mut Reader<'_>) -> Result<Option<u32>, Fault> {
    Ok(json.whole()?.filter(|year| (1900..2100).contains(year)))
}

fn gender(json: &mut Reader<'_>) -> Result<Option<Gender>, Fault> {
    let is = |text: &str, names: [&str; 2]| names.iter().any(|name| text.eq_ignore_ascii_case(name));
    Ok(json.text()?.map(str::trim).and_then(|text| match text {
        male if is(male, ["M", "male"]) => Some(Gender::Male),
        female if is(female, ["F", "female"]) => Some(Gender::Female),
        other if is(other, ["O", "other"]) => Some(Gender::Other),
        _ => None,
    }))
}
