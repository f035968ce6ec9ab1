//! `native` and the request inside it (Native 1.2, section 4), which arrives as a JSON string, as the
//! older object, or wrapped in `{"native": ...}`.

use bumpalo::collections::Vec as ArenaVec;

use crate::openrtb::decode::stated;
use crate::openrtb::json::{Fault, Reader};
use crate::openrtb::{Native, NativeAsset, NativeKind};
use crate::units::limits::LIST_MAX;

/// `native`; `None` if it is not an object or asks for nothing that can be read.
pub(crate) fn native<'a>(json: &mut Reader<'a>) -> Result<Option<Native<'a>>, Fault> {
    let mut request = Request::default();
    let mut battr: &[u32] = &[];
    let mut api: &[u32] = &[];
    json.object(|json, key| {
        match key {
            b"request" => request = read_request(json)?,
            b"battr" => battr = json.all_wholes()?,
            b"api" => api = json.wholes()?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok((!request.assets.is_empty()).then_some(Native {
        assets: request.assets,
        eventtrackers: request.eventtrackers,
        battr,
        api,
        ver: request.ver.unwrap_or("1.2"),
        privacy: request.privacy,
        wrapped: request.wrapped,
    }))
}

/// The native request object.
#[derive(Clone, Copy, Default)]
struct Request<'a> {
    assets: &'a [NativeAsset<'a>],
    eventtrackers: &'a [(u32, u32)],
    ver: Option<&'a str>,
    privacy: bool,
    wrapped: bool,
}

/// A string that is not JSON asks for nothing; that is the impression's fault, not the request's.
fn read_request<'a>(json: &mut Reader<'a>) -> Result<Request<'a>, Fault> {
    if json.peek() != Some(b'"') {
        return read_root(json);
    }
    let mut inner = Reader::new(json.text()?.unwrap_or(""), json.arena());
    let request = read_root(&mut inner).and_then(|request| inner.end().map(|()| request));
    Ok(request.unwrap_or_default())
}

fn read_root<'a>(json: &mut Reader<'a>) -> Result<Request<'a>, Fault> {
    let mut bare = Request::default();
    let mut wrapped = Request::default();
    json.object(|json, key| {
        if key != b"native" {
            return read_field(&mut bare, json, key);
        }
        wrapped = Request { wrapped: true, ..Request::default() };
        json.object(|json, key| read_field(&mut wrapped, json, key)).map(|_| ())
    })?;
    Ok(if wrapped.assets.is_empty() { bare } else { wrapped })
}

fn read_field<'a>(request: &mut Request<'a>, json: &mut Reader<'a>, key: &[u8]) -> Result<(), Fault> {
    match key {
        b"assets" => request.assets = assets(json)?,
        b"eventtrackers" => request.eventtrackers = eventtrackers(json)?,
        b"ver" => request.ver = json.text()?,
        b"privacy" => request.privacy = json.flag()?.unwrap_or(false),
        _ => json.skip()?,
    }
    Ok(())
}

/// The assets: of an id that stands twice the first. A second one that is required is one that nothing fits, for
/// no answer could hold both.
fn assets<'a>(json: &mut Reader<'a>) -> Result<&'a [NativeAsset<'a>], Fault> {
    let mut ids = ArenaVec::new_in(json.arena());
    json.list(|json| {
        let Some(asset) = asset(json)? else { return Ok(None) };
        if ids.contains(&asset.id) {
            return Ok(asset.required.then_some(NativeAsset { kind: NativeKind::Other, ..asset }));
        }
        ids.push(asset.id);
        Ok(Some(asset))
    })
}

/// One asset. Without id it cannot be answered: `None`, or if it is required, one that nothing fits.
fn asset<'a>(json: &mut Reader<'a>) -> Result<Option<NativeAsset<'a>>, Fault> {
    let mut id = None;
    let mut required = false;
    let (mut title, mut img, mut video, mut data) = (None, None, None, None);
    json.object(|json, key| {
        match key {
            // One that is out of range could not be repeated.
            b"id" => id = json.code()?.filter(|id| *id < u32::MAX),
            b"required" => required = json.flag()?.unwrap_or(false),
            b"title" => title = read_title(json)?,
            b"img" => img = read_img(json)?,
            b"video" => video = read_video(json)?,
            b"data" => data = read_data(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    let kind = title.or(img).or(video).or(data).unwrap_or(NativeKind::Other);
    Ok(match id {
        Some(id) => Some(NativeAsset { id, required, kind }),
        None if required => Some(NativeAsset { id: 0, required, kind: NativeKind::Other }),
        None => None,
    })
}

fn read_title<'a>(json: &mut Reader<'a>) -> Result<Option<NativeKind<'a>>, Fault> {
    let mut most = None;
    let is_object = json.object(|json, key| {
        match key {
            b"len" => most = stated(json.whole()?),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(is_object.then_some(NativeKind::Title { len: most.unwrap_or(u32::MAX) }))
}

fn read_img<'a>(json: &mut Reader<'a>) -> Result<Option<NativeKind<'a>>, Fault> {
    let mut r#type = None;
    let (mut w, mut h, mut wmin, mut hmin) = (0, 0, 0, 0);
    let mut mimes: &[&str] = &[];
    let is_object = json.object(|json, key| {
        match key {
            b"type" => r#type = stated(json.whole()?),
            b"w" => w = json.whole()?.unwrap_or(0),
            b"h" => h = json.whole()?.unwrap_or(0),
            b"wmin" => wmin = json.whole_up()?.unwrap_or(0),
            b"hmin" => hmin = json.whole_up()?.unwrap_or(0),
            b"mimes" => mimes = json.allowed_texts()?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(is_object.then_some(NativeKind::Img { r#type, w, h, wmin, hmin, mimes }))
}

fn read_video<'a>(json: &mut Reader<'a>) -> Result<Option<NativeKind<'a>>, Fault> {
    let mut mimes: &[&str] = &[];
    let mut protocols: &[u32] = &[];
    let mut minduration = 0;
    let mut maxduration = None;
    let is_object = json.object(|json, key| {
        match key {
            b"mimes" => mimes = json.allowed_texts()?,
            b"protocols" => protocols = json.allowed_codes()?,
            b"minduration" => minduration = json.whole_up()?.unwrap_or(0),
            b"maxduration" => maxduration = stated(json.whole()?),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    let maxduration = maxduration.unwrap_or(u32::MAX);
    Ok(is_object.then_some(NativeKind::Video { mimes, minduration, maxduration, protocols }))
}

/// Without a type there is nothing to answer: `None`.
fn read_data<'a>(json: &mut Reader<'a>) -> Result<Option<NativeKind<'a>>, Fault> {
    let mut r#type = None;
    let mut len = 0;
    json.object(|json, key| {
        match key {
            b"type" => r#type = stated(json.whole()?),
            b"len" => len = json.whole()?.unwrap_or(0),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(r#type.map(|r#type| NativeKind::Data { r#type, len }))
}

/// `eventtrackers` as pairs of `event` and one of its `methods`.
fn eventtrackers<'a>(json: &mut Reader<'a>) -> Result<&'a [(u32, u32)], Fault> {
    let mut pairs = ArenaVec::new_in(json.arena());
    json.array(LIST_MAX, |json| {
        let mut event = None;
        let mut methods: &[u32] = &[];
        json.object(|json, key| {
            match key {
                b"event" => event = json.whole()?,
                b"methods" => methods = json.wholes()?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        pairs.extend(event.into_iter().flat_map(|event| methods.iter().map(move |method| (event, *method))));
        Ok(())
    })?;
    Ok(pairs.into_bump_slice())
}
