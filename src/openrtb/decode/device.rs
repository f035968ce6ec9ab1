//! `device`, with its `geo` and its structured user agent.

use bumpalo::collections::String as ArenaString;

use crate::openrtb::decode::stated;
use crate::openrtb::json::{Fault, Reader};
use crate::openrtb::{Device, Geo};

/// `device`; nothing is known if it is not an object.
pub(crate) fn device<'a>(json: &mut Reader<'a>) -> Result<Device<'a>, Fault> {
    let mut device = Device::default();
    let mut langb = None;
    let mut sua = Sua::default();
    json.object(|json, key| {
        match key {
            b"geo" => device.geo = geo(json)?,
            b"devicetype" => device.devicetype = stated(json.whole()?),
            b"ua" => device.ua = json.text()?,
            b"sua" => sua = read_sua(json)?,
            b"ip" => device.ip = json.text()?,
            b"ipv6" => device.ipv6 = json.text()?,
            b"make" => device.make = json.text()?,
            b"model" => device.model = json.text()?,
            b"os" => device.os = json.text()?,
            b"osv" => device.osv = json.text()?,
            b"language" => device.language = json.text()?,
            b"langb" => langb = json.text()?,
            b"carrier" => device.carrier = json.text()?,
            b"connectiontype" => device.connectiontype = stated(json.whole()?),
            b"ifa" => device.ifa = json.text()?.filter(|ifa| !is_all_zeros(ifa)),
            b"lmt" => device.lmt = json.strict_flag()?.unwrap_or(false),
            b"dnt" => device.dnt = json.strict_flag()?.unwrap_or(false),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    device.language = device.language.or(langb);
    device.model = device.model.or(sua.model);
    if device.os.is_none() {
        device.os = sua.platform.brand;
        device.osv = device.osv.or(sua.platform.version);
    }
    Ok(device)
}

/// The id that systems give out once tracking is limited.
fn is_all_zeros(ifa: &str) -> bool {
    ifa.bytes().all(|byte| matches!(byte, b'0' | b'-'))
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
            b"lat" => geo.lat = json.degrees(90.0)?,
            b"lon" => geo.lon = json.degrees(180.0)?,
            b"utcoffset" => geo.utcoffset = json.signed()?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(geo)
}

/// `device.sua`, 3.2.29: what serves where the plain fields are absent.
#[derive(Clone, Copy, Default)]
struct Sua<'a> {
    platform: BrandVersion<'a>,
    model: Option<&'a str>,
}

/// `BrandVersion`, 3.2.30, with the parts of its version joined by dots.
#[derive(Clone, Copy, Default)]
struct BrandVersion<'a> {
    brand: Option<&'a str>,
    version: Option<&'a str>,
}

fn read_sua<'a>(json: &mut Reader<'a>) -> Result<Sua<'a>, Fault> {
    let mut sua = Sua::default();
    json.object(|json, key| {
        match key {
            b"platform" => sua.platform = read_brand_version(json)?,
            b"model" => sua.model = json.text()?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(sua)
}

fn read_brand_version<'a>(json: &mut Reader<'a>) -> Result<BrandVersion<'a>, Fault> {
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
    let version = match version {
        [] => None,
        [whole] => Some(*whole),
        [first, rest @ ..] => {
            let mut joined = ArenaString::from_str_in(first, json.arena());
            for part in rest {
                joined.push('.');
                joined.push_str(part);
            }
            Some(joined.into_bump_str() as &str)
        }
    };
    Ok(BrandVersion { brand, version })
}
