//! `user`: ids, segments, consent and keywords, from both places where they moved.

use bumpalo::collections::Vec as ArenaVec;

use crate::openrtb::decode::device::geo;
use crate::openrtb::decode::joined;
use crate::openrtb::json::{Fault, Reader};
use crate::openrtb::{Segment, User};
use crate::units::limits::LIST_MAX;

type Eids<'a> = &'a [(&'a str, &'a str)];

/// `user`; nothing is known if it is not an object.
pub(crate) fn user<'a>(json: &mut Reader<'a>) -> Result<User<'a>, Fault> {
    let mut user = User::default();
    let (mut keywords, mut kwarray): (&[&str], &[&str]) = (&[], &[]);
    let mut moved = Moved::default();
    json.object(|json, key| {
        match key {
            b"id" => user.id = json.text()?,
            b"buyeruid" => user.buyeruid = json.text()?,
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
    eids: Eids<'a>,
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

/// The segments of all of `user.data`.
fn segments<'a>(json: &mut Reader<'a>) -> Result<&'a [Segment<'a>], Fault> {
    let mut segments = ArenaVec::new_in(json.arena());
    json.array(LIST_MAX, |json| {
        let (mut id, mut name, mut segtax) = (None, None, 0);
        let mut ids: &[&str] = &[];
        json.object(|json, key| {
            match key {
                b"id" => id = json.text()?,
                b"name" => name = json.text()?,
                b"segment" => ids = json.list(segment_id)?,
                b"ext" => segtax = read_segtax(json)?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        segments.extend(ids.iter().map(|own| Segment { provider: name.or(id), id: own, segtax }));
        Ok(())
    })?;
    Ok(segments.into_bump_slice())
}

fn segment_id<'a>(json: &mut Reader<'a>) -> Result<Option<&'a str>, Fault> {
    let (mut id, mut name) = (None, None);
    json.object(|json, key| {
        match key {
            b"id" => id = json.text()?,
            b"name" => name = json.text()?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(id.or(name))
}

fn read_segtax(json: &mut Reader<'_>) -> Result<u32, Fault> {
    let mut segtax = 0;
    json.object(|json, key| {
        match key {
            b"segtax" => segtax = json.whole()?.unwrap_or(0),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(segtax)
}

/// `eids` as pairs of `source` and one of its `uids`.
fn eids<'a>(json: &mut Reader<'a>) -> Result<Eids<'a>, Fault> {
    let mut pairs = ArenaVec::new_in(json.arena());
    json.array(LIST_MAX, |json| {
        let mut source = None;
        let mut uids: &[&str] = &[];
        json.object(|json, key| {
            match key {
                b"source" => source = json.text()?,
                b"uids" => uids = json.list(uid)?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        pairs.extend(source.into_iter().flat_map(|source| uids.iter().map(move |uid| (source, *uid))));
        Ok(())
    })?;
    Ok(pairs.into_bump_slice())
}

fn uid<'a>(json: &mut Reader<'a>) -> Result<Option<&'a str>, Fault> {
    let mut id = None;
    json.object(|json, key| {
        match key {
            b"id" => id = json.text()?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(id)
}
