//! `regs`: the same fields stand in it and in its `ext`, and the stricter of the two counts; of strings both.

use crate::openrtb::decode::joined;
use crate::openrtb::json::{Fault, Reader};
use crate::openrtb::{Dsa, Regs};

/// `regs`; nothing is known if it is not an object.
pub(crate) fn regs<'a>(json: &mut Reader<'a>) -> Result<Regs<'a>, Fault> {
    let mut newer = Place::default();
    let mut older = Place::default();
    json.object(|json, key| match key {
        b"ext" => {
            older = Place::default();
            json.object(|json, key| older.read_field(json, key)).map(|_| ())
        }
        _ => newer.read_field(json, key),
    })?;
    Ok(Regs {
        coppa: newer.coppa || older.coppa,
        gdpr: newer.gdpr.max(older.gdpr),
        us_privacy: newer.us_privacy.or(older.us_privacy),
        us_privacy_ext: second(newer.us_privacy, older.us_privacy),
        gpp: newer.gpp.or(older.gpp),
        gpp_ext: second(newer.gpp, older.gpp),
        gpp_sid: joined(&[newer.gpp_sid, older.gpp_sid], json.arena()),
        gpc: newer.gpc || older.gpc,
        dsa: stricter_dsa(newer.dsa, older.dsa),
    })
}

/// One of the two places.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    coppa: bool,
    gdpr: Option<bool>,
    us_privacy: Option<&'a str>,
    gpp: Option<&'a str>,
    gpp_sid: &'a [u32],
    gpc: bool,
    dsa: Dsa,
}

impl<'a> Place<'a> {
    fn read_field(&mut self, json: &mut Reader<'a>, key: &[u8]) -> Result<(), Fault> {
        match key {
            b"coppa" => self.coppa = json.strict_flag()?.unwrap_or(false),
            b"gdpr" => self.gdpr = json.strict_flag()?,
            b"us_privacy" => self.us_privacy = json.strict_text()?,
            b"gpp" => self.gpp = json.strict_text()?,
            b"gpp_sid" => self.gpp_sid = json.laws()?,
            b"gpc" => self.gpc = json.strict_flag()?.unwrap_or(false),
            b"dsa" => self.dsa = dsa(json)?,
            _ => json.skip()?,
        }
        Ok(())
    }
}

/// `dsa`; codes above the known ones count as the strictest known.
fn dsa(json: &mut Reader<'_>) -> Result<Dsa, Fault> {
    let mut dsa = Dsa::default();
    json.object(|json, key| {
        match key {
            b"dsarequired" => dsa.required = json.whole()?.unwrap_or(0).min(3),
            // Cut at the point: a part of "it may" is no promise that the publisher renders anything.
            b"pubrender" => {
                let code = json.signed()?.and_then(|code| u32::try_from(code).ok());
                dsa.pubrender = code.filter(|code| *code <= 2).unwrap_or(0);
            }
            b"datatopub" => dsa.datatopub = json.whole()?.unwrap_or(0).min(2),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(dsa)
}

/// The stricter of both: what is required by either, rendered by the publisher only if both say so.
fn stricter_dsa(newer: Dsa, older: Dsa) -> Dsa {
    if newer == Dsa::default() {
        return older;
    }
    if older == Dsa::default() {
        return newer;
    }
    Dsa {
        required: newer.required.max(older.required),
        pubrender: newer.pubrender.min(older.pubrender),
        datatopub: newer.datatopub.max(older.datatopub),
    }
}

/// The older place's string, if it says other than the newer's.
fn second<'a>(newer: Option<&'a str>, older: Option<&'a str>) -> Option<&'a str> {
    older.filter(|_| newer.is_some() && newer != older)
}
