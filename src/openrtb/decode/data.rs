//! `data` of the user and of the content: segments by their taxonomy.

use bumpalo::collections::Vec as ArenaVec;

use crate::openrtb::Segment;
use crate::openrtb::json::{Fault, Reader};
use crate::units::limits::LIST_MAX;

/// The segments of all of `data`.
pub(crate) fn segments<'a>(json: &mut Reader<'a>) -> Result<&'a [Segment<'a>], Fault> {
    let mut segments = ArenaVec::new_in(json.arena());
    json.array(LIST_MAX, |json| {
        let (mut id, mut name, mut segtax) = (None, None, None);
        let mut of_ext = Ext::default();
        let mut ids: &[&str] = &[];
        json.object(|json, key| {
            match key {
                b"id" => id = json.text()?,
                b"name" => name = json.text()?,
                b"segment" => ids = json.list(segment_id)?,
                b"segtax" => segtax = json.whole()?,
                b"ext" => of_ext = ext(json)?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        let segtax = of_ext.segtax.or(segtax).unwrap_or(0);
        let (provider, segclass) = (name.or(id), of_ext.segclass);
        let room = LIST_MAX - segments.len();
        segments.extend(ids.iter().take(room).map(|id| Segment { provider, id, segtax, segclass }));
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

/// What of `data.ext` is read.
#[derive(Default)]
struct Ext<'a> {
    segtax: Option<u32>,
    segclass: Option<&'a str>,
}

fn ext<'a>(json: &mut Reader<'a>) -> Result<Ext<'a>, Fault> {
    let mut ext = Ext::default();
    json.object(|json, key| {
        match key {
            b"segtax" => ext.segtax = json.whole()?,
            b"segclass" => ext.segclass = json.text()?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(ext)
}
