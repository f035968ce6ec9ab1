//! A bid request from its bytes: the root object here, each part in a file of its own.
//!
//! One pass; every key is looked at once and unknown ones are skipped. Of a repeated key the last
//! counts. Only what is not OpenRTB at all is refused: see [`ParseError`].

mod data;
mod device;
mod imp;
mod media;
mod native;
mod outlet;
mod regs;
mod source;
mod user;

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use crate::openrtb::json::{Fault, Reader, Scalar};
use crate::openrtb::{BidRequest, Channel, Device, Outlet, Regs, Source, SupplyChain, User};

/// Why a body is not a bid request. Answered with HTTP 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The bytes are not UTF-8.
    #[error("bid request: not UTF-8 at byte {at}")]
    NotUtf8 {
        /// The first byte that is not.
        at: usize,
    },
    /// The text is not one JSON value.
    #[error("bid request: not JSON at byte {at}")]
    NotJson {
        /// The byte at which that shows.
        at: usize,
    },
    /// Nested deeper than [`JSON_DEPTH_MAX`](crate::units::limits::JSON_DEPTH_MAX).
    #[error("bid request: nested too deep at byte {at}")]
    TooDeep {
        /// The bracket that goes too far.
        at: usize,
    },
    /// JSON, but no object.
    #[error("bid request: the root is not an object")]
    RootNotAnObject,
    /// Nothing to answer to.
    #[error("bid request: `id` is missing or not a string")]
    IdNotAString,
    /// Nothing to bid on.
    #[error("bid request: `imp` is missing or not an array")]
    ImpNotAnArray,
    /// Nothing to bid on either.
    #[error("bid request: `imp` is empty")]
    ImpEmpty,
}

impl From<Fault> for ParseError {
    fn from(fault: Fault) -> Self {
        let at = fault.at();
        if fault.is_depth() { Self::TooDeep { at } } else { Self::NotJson { at } }
    }
}

/// The bid request that `body` is. It borrows from `body` and from `arena`.
///
/// Types that deviate are tolerated and unknown fields skipped (OpenRTB 2.6, 2.6); impressions that
/// cannot be bid on are dropped, perhaps all of them.
///
/// # Errors
///
/// [`ParseError`] for what is not UTF-8, not JSON, nested too deep, or without `id` or `imp`.
pub fn parse<'a>(body: &'a [u8], arena: &'a Bump) -> Result<BidRequest<'a>, ParseError> {
    let text = std::str::from_utf8(body).map_err(|error| ParseError::NotUtf8 { at: error.valid_up_to() })?;
    let mut json = Reader::new(text, arena);
    let mut root = Root::default();
    let is_object = json.object(|json, key| root.read_field(json, key))?;
    json.end()?;
    if !is_object {
        return Err(ParseError::RootNotAnObject);
    }
    root.into_request()
}

/// The fields of the root as they come.
#[derive(Default)]
struct Root<'a> {
    id: Option<&'a str>,
    imp: Option<imp::Imps<'a>>,
    site: Option<Outlet<'a>>,
    app: Option<Outlet<'a>>,
    dooh: Option<Outlet<'a>>,
    device: Device<'a>,
    user: User<'a>,
    regs: Regs<'a>,
    source: Source<'a>,
    ext_chain: Option<SupplyChain<'a>>,
    at: Option<u32>,
    test: bool,
    tmax: Option<u32>,
    cur: &'a [&'a str],
    wseat: &'a [&'a str],
    bseat: &'a [&'a str],
    wlang: &'a [&'a str],
    wlangb: &'a [&'a str],
    acat: &'a [&'a str],
    bcat: &'a [&'a str],
    cattax: Option<u32>,
    badv: &'a [&'a str],
    bapp: &'a [&'a str],
}

impl<'a> Root<'a> {
    fn read_field(&mut self, json: &mut Reader<'a>, key: &[u8]) -> Result<(), Fault> {
        match key {
            b"id" => {
                self.id = match json.scalar()? {
                    Scalar::Text(id) => Some(id),
                    _ => None,
                }
            }
            b"imp" => self.imp = imp::imps(json)?,
            b"site" => outlet::outlet(json, &mut self.site)?,
            b"app" => outlet::outlet(json, &mut self.app)?,
            b"dooh" => outlet::outlet(json, &mut self.dooh)?,
            b"device" => self.device = device::device(json)?,
            b"user" => self.user = user::user(json)?,
            b"regs" => self.regs = regs::regs(json)?,
            b"source" => self.source = source::source(json)?,
            b"ext" => self.ext_chain = source::ext(json)?,
            b"at" => self.at = json.whole()?,
            b"test" => self.test = json.strict_flag()?.unwrap_or(false),
            b"tmax" => self.tmax = stated(json.whole()?),
            b"cur" => self.cur = json.allowed_texts()?,
            b"wseat" => self.wseat = json.allowed_texts()?,
            b"bseat" => self.bseat = json.all_texts()?,
            b"wlang" => self.wlang = json.allowed_texts()?,
            b"wlangb" => self.wlangb = json.allowed_texts()?,
            b"acat" => self.acat = json.allowed_texts()?,
            b"bcat" => self.bcat = json.all_texts()?,
            b"cattax" => self.cattax = json.whole()?,
            b"badv" => self.badv = json.all_texts()?,
            b"bapp" => self.bapp = json.all_texts()?,
            _ => json.skip()?,
        }
        Ok(())
    }

    fn into_request(self) -> Result<BidRequest<'a>, ParseError> {
        let id = self.id.ok_or(ParseError::IdNotAString)?;
        let imps = self.imp.ok_or(ParseError::ImpNotAnArray)?;
        if imps.sent == 0 {
            return Err(ParseError::ImpEmpty);
        }
        let channel = match (self.app, self.site, self.dooh) {
            (Some(app), _, _) => Channel::App(app),
            (None, Some(site), _) => Channel::Site(site),
            (None, None, Some(dooh)) => Channel::Dooh(dooh),
            (None, None, None) => Channel::Unknown,
        };
        Ok(BidRequest {
            id,
            imp: imps.kept,
            channel,
            device: self.device,
            user: self.user,
            regs: self.regs,
            source: Source {
                chains: [self.source.chains[0], self.source.chains[1], self.ext_chain],
                ..self.source
            },
            at: stated(self.at).unwrap_or(2),
            test: self.test,
            tmax: self.tmax,
            cur: self.cur,
            wseat: self.wseat,
            bseat: self.bseat,
            wlang: self.wlang,
            wlangb: self.wlangb,
            acat: self.acat,
            bcat: self.bcat,
            cattax: stated(self.cattax).unwrap_or(1),
            badv: self.badv,
            bapp: self.bapp,
        })
    }
}

/// A code whose list begins at 1: some exchanges write zero for one they do not know.
fn stated(code: Option<u32>) -> Option<u32> {
    code.filter(|code| *code != 0)
}

/// The elements of all `parts`, in order; copied only if several have some.
fn joined<'a, T: Copy>(parts: &[&'a [T]], arena: &'a Bump) -> &'a [T] {
    let mut filled = parts.iter().filter(|part| !part.is_empty());
    match (filled.next(), filled.next()) {
        (None, _) => &[],
        (Some(part), None) => part,
        (Some(_), Some(_)) => {
            let mut all = ArenaVec::new_in(arena);
            parts.iter().for_each(|part| all.extend_from_slice(part));
            all.into_bump_slice()
        }
    }
}

#[cfg(test)]
mod tests;
