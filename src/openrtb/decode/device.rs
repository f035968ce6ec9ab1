//! `device`, with its `geo` and its structured user agent.

use bumpalo::Bump;
use bumpalo::collections::String as ArenaString;

use crate::openrtb::decode::stated;
use crate::openrtb::json::{Fault, Reader};
use crate::openrtb::{BrandVersion, Device, Geo, Sua, personal_id};

/// `device`; nothing is known if it is not an object.
pub(crate) fn device<'a>(json: &mut Reader<'a>) -> Result<Device<'a>, Fault> {
    let mut device = Device::default();
    let mut langb = None;
    json.object(|json, key| {
        match key {
            b"geo" => device.geo = geo(json)?,
            b"devicetype" => device.devicetype = stated(json.whole()?),
            b"ua" => device.ua = json.text()?,
            b"sua" => device.sua = sua(json)?,
            b"ip" => device.ip = json.text()?,
            b"ipv6" => device.ipv6 = json.text()?,
            b"make" => device.make = json.text()?,
            b"model" => device.model = json.text()?,
            b"os" => device.os = json.text()?,
            b"osv" => device.osv = json.text()?,
            b"language" => device.language = json.text()?,
            b"langb" => langb = json.text()?,
            b"carrier" => device.carrier = json.text()?,
            b"mccmnc" => device.mccmnc = json.text()?,
            b"connectiontype" => device.connectiontype = stated(json.whole()?),
            b"ifa" => device.ifa = json.text()?.and_then(personal_id),
            b"lmt" => device.lmt = json.strict_flag()?.unwrap_or(false),
            b"dnt" => device.dnt = json.strict_flag()?.unwrap_or(false),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    device.language = device.language.or(langb);
    if let Some(sua) = device.sua {
        device.model = device.model.or(sua.model);
        if let (None, Some(platform)) = (device.os, sua.platform) {
            device.os = Some(platform.brand);
            device.osv = device.osv.or_else(|| dotted(platform.version, json.arena()));
        }
    }
    Ok(device)
}

/// `geo` of a device or a user.
pub(crate) fn geo<'a>(json: &mut Reader<'a>) -> Result<Geo<'a>, Fault> {
    let mut geo = Geo::default();
    json.object(|json, key| {
        match key {
            b"country" => geo.country = json.text()?,
            b"region" => geo.region = json.text()?,
            b"city" => geo.city = json.text()?,
            b"zip" => geo.zip = json.text()?,
            b"metro" => geo.metro = json.text()?,
            b"lat" => geo.lat = json.float(90.0)?,
            b"lon" => geo.lon = json.float(180.0)?,
            b"type" => geo.r#type = stated(json.whole()?),
            b"accuracy" => geo.accuracy = json.whole()?,
            b"utcoffset" => geo.utcoffset = json.signed()?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(geo)
}

fn sua<'a>(json: &mut Reader<'a>) -> Result<Option<&'a Sua<'a>>, Fault> {
    let mut sua = Sua::default();
    let is_object = json.object(|json, key| {
        match key {
            b"browsers" => sua.browsers = json.list(brand_version)?,
            b"platform" => sua.platform = brand_version(json)?,
            b"mobile" => sua.mobile = json.flag()?,
            b"architecture" => sua.architecture = json.text()?,
            b"bitness" => sua.bitness = json.text()?,
            b"model" => sua.model = json.text()?,
            b"source" => sua.source = json.whole()?.unwrap_or(0),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(is_object.then(|| &*json.arena().alloc(sua)))
}

/// `BrandVersion`; `None` without a brand.
fn brand_version<'a>(json: &mut Reader<'a>) -> Result<Option<BrandVersion<'a>>, Fault> {
    let mut brand = None;
    let mut version: &[&str] = &[];
    json.object(|json, key| {
        match key {
            b"brand" => brand = json.text()?,
            b"version" => version = json.texts()?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(brand.map(|brand| BrandVersion { brand, version }))
}

/// The parts of a version, with dots between them.
fn dotted<'a>(version: &'a [&'a str], arena: &'a Bump) -> Option<&'a str> {
    match version {
        [] => None,
        [whole] => Some(*whole),
        [first, rest @ ..] => {
            let mut joined = ArenaString::from_str_in(first, arena);
            for part in rest {
                joined.push('.');
                joined.push_str(part);
            }
            Some(joined.into_bump_str() as &str)
        }
    }
}
