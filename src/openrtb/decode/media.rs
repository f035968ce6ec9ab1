//! `banner`, `video` and `audio`: the media that need no request of their own.

use crate::openrtb::decode::imp::durfloors;
use crate::openrtb::decode::stated;
use crate::openrtb::json::{Fault, Reader};
use crate::openrtb::{Av, Banner, Format, Pod, SizeRange};

const NO_FORMAT: Format = Format { w: 0, h: 0, wratio: 0, hratio: 0, wmin: 0 };

/// `banner`; `None` if it is not an object.
pub(crate) fn banner<'a>(json: &mut Reader<'a>) -> Result<Option<Banner<'a>>, Fault> {
    let mut banner = Banner::default();
    let mut size = NO_FORMAT;
    let mut range = SizeRange::ANY;
    let is_object = json.object(|json, key| {
        match key {
            b"format" => banner.format = json.list(format)?,
            b"w" => size.w = json.whole()?.unwrap_or(0),
            b"h" => size.h = json.whole()?.unwrap_or(0),
            b"wmin" => range.wmin = json.whole_up()?.unwrap_or(0),
            b"hmin" => range.hmin = json.whole_up()?.unwrap_or(0),
            b"wmax" => range.wmax = stated(json.whole()?),
            b"hmax" => range.hmax = stated(json.whole()?),
            b"btype" => banner.btype = json.all_wholes()?,
            b"battr" => banner.battr = json.all_wholes()?,
            b"mimes" => banner.mimes = json.allowed_texts()?,
            b"api" => banner.api = json.wholes()?,
            b"pos" => banner.pos = json.whole()?,
            b"expdir" => banner.expdir = json.wholes()?,
            b"topframe" => banner.topframe = json.flag()?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if banner.format.is_empty() {
        banner.range = range.beside(size).map(|range| &*json.arena().alloc(range));
        if size != NO_FORMAT {
            banner.format = json.arena().alloc_slice_copy(&[size]);
        }
    }
    Ok(is_object.then_some(banner))
}

/// An element of `format`; `None` if it says nothing.
fn format(json: &mut Reader<'_>) -> Result<Option<Format>, Fault> {
    let mut format = NO_FORMAT;
    json.object(|json, key| {
        match key {
            b"w" => format.w = json.whole()?.unwrap_or(0),
            b"h" => format.h = json.whole()?.unwrap_or(0),
            b"wratio" => format.wratio = json.whole()?.unwrap_or(0),
            b"hratio" => format.hratio = json.whole()?.unwrap_or(0),
            b"wmin" => format.wmin = json.whole_up()?.unwrap_or(0),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(Some(format).filter(|format| *format != NO_FORMAT))
}

/// `video` or `audio`; `None` if it is not an object.
pub(crate) fn av<'a>(json: &mut Reader<'a>) -> Result<Option<Av<'a>>, Fault> {
    let mut av = Av::default();
    let mut pod = Pod::default();
    let mut protocol: &[u32] = &[];
    let is_object = json.object(|json, key| {
        match key {
            b"podid" => pod.podid = json.text()?,
            b"podseq" => pod.podseq = json.signed()?.unwrap_or(0),
            b"slotinpod" => pod.slotinpod = json.signed()?.unwrap_or(0),
            b"poddur" => pod.poddur = stated(json.whole()?),
            b"maxseq" => pod.maxseq = stated(json.whole()?),
            // Of 2.5, where there was one only; zero says none.
            b"protocol" => protocol = json.allowed_codes()?,
            b"poddedupe" => pod.poddedupe = json.wholes()?,
            _ => read_av_field(&mut av, json, key)?,
        }
        Ok(())
    })?;
    if av.protocols.is_empty() && protocol != [0] {
        av.protocols = protocol;
    }
    // `maxseq` alone is no pod: in audio it is older than pods.
    let is_pod = pod.podid.is_some() || pod.poddur.is_some() || pod.slotinpod != 0;
    av.pod = is_pod.then_some(pod);
    Ok(is_object.then_some(av))
}

fn read_av_field<'a>(av: &mut Av<'a>, json: &mut Reader<'a>, key: &[u8]) -> Result<(), Fault> {
    match key {
        b"mimes" => av.mimes = json.allowed_texts()?,
        b"protocols" => av.protocols = json.allowed_codes()?,
        b"minduration" => av.minduration = json.whole_up()?.unwrap_or(0),
        b"maxduration" => av.maxduration = stated(json.whole()?),
        b"rqddurs" => av.rqddurs = json.allowed_codes()?,
        b"w" => av.w = stated(json.whole()?),
        b"h" => av.h = stated(json.whole()?),
        b"startdelay" => av.startdelay = json.signed()?,
        b"linearity" => av.linearity = stated(json.whole()?),
        b"plcmt" => av.plcmt = stated(json.whole()?),
        b"placement" => av.placement = stated(json.whole()?),
        b"skip" => av.skip = json.flag()?,
        b"skipmin" => av.skipmin = json.whole()?.unwrap_or(0),
        b"skipafter" => av.skipafter = json.whole_up()?.unwrap_or(0),
        b"maxextended" => av.maxextended = maxextended(json.signed()?),
        b"companionad" => av.companionad = json.list(banner)?,
        b"companiontype" => av.companiontype = json.allowed_codes()?,
        b"minbitrate" => av.minbitrate = json.whole_up()?.unwrap_or(0),
        b"maxbitrate" => av.maxbitrate = stated(json.whole()?),
        b"battr" => av.battr = json.all_wholes()?,
        b"api" => av.api = json.wholes()?,
        b"delivery" => av.delivery = json.allowed_codes()?,
        b"pos" => av.pos = json.whole()?,
        b"boxingallowed" => av.boxingallowed = json.flag()?.unwrap_or(true),
        b"mincpmpersec" => av.mincpmpersec = json.floor()?,
        b"durfloors" => av.durfloors = durfloors(json)?,
        _ => json.skip()?,
    }
    Ok(())
}

/// Seconds beyond `maxduration`: absent and 0 none, -1 without limit.
fn maxextended(code: Option<i32>) -> u32 {
    match code {
        Some(-1) => u32::MAX,
        Some(seconds) => u32::try_from(seconds).unwrap_or(0),
        None => 0,
    }
}
