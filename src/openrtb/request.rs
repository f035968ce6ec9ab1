//! A bid request as the bidder reads it: fields spelt as OpenRTB spells them, absent ones as the
//! specification's default or `None`, both places of every moved field already merged.
//!
//! A list of what is allowed that was sent and of which nothing can be read holds [`UNREADABLE`](crate::openrtb::UNREADABLE),
//! or [`UNKNOWN_CODE`](crate::openrtb::UNKNOWN_CODE): it allows nothing.
//!
//! Everything borrows from the body or from the arena it was read into, so that a request costs no
//! allocation of its own. What the bidder does not read is not here.

use crate::openrtb::{Av, Banner, Channel, Device, DurFloor, Native, User};
use crate::units::{Cpm, Multiplier};

/// `BidRequest`, 3.2.1.
#[derive(Debug, Clone, Copy)]
pub struct BidRequest<'a> {
    /// The exchange's id, to be repeated exactly.
    pub id: &'a str,
    /// Impressions that can be bid on: those without id or medium, with an id that was there before (also of one
    /// that was dropped), or with a multiplier that cannot be read are dropped. At least one was sent; none may
    /// be left.
    pub imp: &'a [Imp<'a>],
    /// The site, app or digital out-of-home placement. Where several are sent: app, then site, then dooh.
    pub channel: Channel<'a>,
    /// The device.
    pub device: Device<'a>,
    /// The person.
    pub user: User<'a>,
    /// Regulations in force.
    pub regs: Regs<'a>,
    /// Who sold it.
    pub source: Source<'a>,
    /// 1 first price, 2 second price plus (default), 500+ the exchange's own.
    pub at: u32,
    /// True if not billable; so is one of which that cannot be read.
    pub test: bool,
    /// Milliseconds the exchange waits, network included; above zero, which exchanges send for unknown.
    pub tmax: Option<u32>,
    /// Currencies allowed; empty if absent, which means US dollars.
    pub cur: &'a [&'a str],
    /// Buyer seats allowed; empty = all.
    pub wseat: &'a [&'a str],
    /// Buyer seats blocked.
    pub bseat: &'a [&'a str],
    /// Languages allowed for creatives, ISO 639-1; empty = all. Where `wlangb` is sent too, both hold.
    pub wlang: &'a [&'a str],
    /// Languages allowed for creatives, BCP 47; empty = all.
    pub wlangb: &'a [&'a str],
    /// Advertiser categories allowed, in `cattax`; empty = all.
    pub acat: &'a [&'a str],
    /// Blocked advertiser categories, in `cattax`. Block lists are read whole, whatever their length.
    pub bcat: &'a [&'a str],
    /// The taxonomy of `bcat`, default 1.
    pub cattax: u32,
    /// Blocked advertiser domains.
    pub badv: &'a [&'a str],
    /// Blocked apps, by store id.
    pub bapp: &'a [&'a str],
}

/// `Imp`, 3.2.4. Has at least one medium.
#[derive(Debug, Clone, Copy)]
pub struct Imp<'a> {
    /// Unique in the request.
    pub id: &'a str,
    /// Offered as banner.
    pub banner: Option<Banner<'a>>,
    /// Offered as video.
    pub video: Option<Av<'a>>,
    /// Offered as audio.
    pub audio: Option<Av<'a>>,
    /// Offered as native.
    pub native: Option<Native<'a>>,
    /// True if full screen.
    pub instl: bool,
    /// True if the user earns a reward.
    pub rwdd: bool,
    /// The placement's tag.
    pub tagid: Option<&'a str>,
    /// What is known of how it fares: see [`Imp::viewability`].
    pub metric: &'a [Metric<'a>],
    /// Rounded up to the micro-unit; zero if absent. Negative ones count as zero; one that cannot be
    /// read is [`Cpm::MAX`], so that nothing is bid under it.
    pub bidfloor: Cpm,
    /// Of all floors in the imp except the deals'; default USD. Not necessarily a currency; perhaps empty.
    pub bidfloorcur: &'a str,
    /// `Some(true)` if everything must be https, or if that cannot be read. Absent = unknown.
    pub secure: Option<bool>,
    /// Seconds between auction and impression, as the exchange advises.
    pub exp: Option<u32>,
    /// True if only bids on a listed deal are accepted (`pmp.private_auction`), or if that cannot be read.
    pub private_auction: bool,
    /// Deals offered (`pmp.deals`), those without id and those of an id that was there before dropped.
    pub deals: &'a [Deal<'a>],
    /// Impressions one play counts as (`qty.multiplier`), 1 without `qty`. Rounded up to a millionth.
    pub multiplier: Multiplier,
}

impl Imp<'_> {
    /// The share of impressions like this one that are seen, from 0 to 1: of the first `metric` of type
    /// `viewability` that is a share. Exchanges write -1 for unknown, and some write per cent, which cannot be told
    /// from a share: what is not from 0 to 1 is not known.
    #[must_use]
    pub fn viewability(&self) -> Option<f64> {
        self.share("viewability")
    }

    /// The share of impressions like this one that are clicked, from 0 to 1: of `metric`, as
    /// [`Imp::viewability`], by the type `click_through_rate`.
    #[must_use]
    pub fn click_through_rate(&self) -> Option<f64> {
        self.share("click_through_rate")
    }

    fn share(&self, kind: &str) -> Option<f64> {
        let of_kind = self.metric.iter().filter(|metric| metric.r#type.eq_ignore_ascii_case(kind));
        of_kind.map(|metric| metric.value).find(|share| (0.0..=1.0).contains(share))
    }
}

/// `Metric`, 3.2.5.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric<'a> {
    /// `viewability`, `click_through_rate`, or a name of the exchange's own.
    pub r#type: &'a str,
    /// Finite. A prediction's input, never an amount.
    pub value: f64,
    /// Who measured it; `EXCHANGE` for the exchange itself.
    pub vendor: Option<&'a str>,
}

/// `Deal`, 3.2.12.
#[derive(Debug, Clone, Copy)]
pub struct Deal<'a> {
    /// The deal's id.
    pub id: &'a str,
    /// Read as `imp.bidfloor`; zero if absent.
    pub bidfloor: Cpm,
    /// Floor per second of the bid's duration.
    pub mincpmpersec: Option<Cpm>,
    /// Floors by the bid's duration.
    pub durfloors: &'a [DurFloor],
    /// Default USD: it does not inherit `imp.bidfloorcur`.
    pub bidfloorcur: &'a str,
    /// Overrides the request's: 1 first, 2 second, 3 `bidfloor` is the agreed price.
    pub at: Option<u32>,
    /// Seats allowed; empty = all.
    pub wseat: &'a [&'a str],
    /// Advertiser domains allowed; empty = all.
    pub wadomain: &'a [&'a str],
    /// True if the deal is guaranteed: the seller counts on a bid.
    pub guar: bool,
}

/// `Regs`, 3.2.3. Where both places hold a flag, the stricter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Regs<'a> {
    /// Under COPPA.
    pub coppa: bool,
    /// `Some(true)` under the GDPR; `None` = unknown.
    pub gdpr: Option<bool>,
    /// US privacy string, `regs.us_privacy` first; one that is no text at all is [`UNREADABLE`](crate::openrtb::UNREADABLE).
    pub us_privacy: Option<&'a str>,
    /// `regs.ext.us_privacy` where it differs from `regs.us_privacy`: only what both permit is permitted.
    pub us_privacy_ext: Option<&'a str>,
    /// GPP string, `regs.gpp` first.
    pub gpp: Option<&'a str>,
    /// `regs.ext.gpp` where it differs from `regs.gpp`: only what both permit is permitted.
    pub gpp_ext: Option<&'a str>,
    /// GPP sections in force, of both places together.
    pub gpp_sid: &'a [u32],
    /// Global privacy control is on (`regs.ext.gpc`).
    pub gpc: bool,
    /// Transparency under the Digital Services Act, of `dsa` or `ext.dsa`.
    pub dsa: Dsa,
}

/// `dsa` (IAB Tech Lab, DSA Transparency 1.0). Of two places the stricter, field by field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dsa {
    /// 0 not required, 1 supported, 2 required, 3 required, for an online platform; absent = 0.
    pub required: u32,
    /// Whether the publisher renders the information: 0 it cannot (default), 1 it may, 2 it will.
    pub pubrender: u32,
    /// Whether the publisher wants it as data: 0 no (default), 1 it may be sent, 2 it is to be sent.
    pub datatopub: u32,
}

/// `Source`, 3.2.2.
#[derive(Debug, Clone, Copy, Default)]
pub struct Source<'a> {
    /// Who decides the auction: true if others further down, false if the exchange.
    pub fd: Option<bool>,
    /// The id that all participants share.
    pub tid: Option<&'a str>,
    /// The payment chain of TAG.
    pub pchain: Option<&'a str>,
    /// The chains of 2.6 (`source.schain`), 2.5 (`source.ext.schain`) and 2.4 (`ext.schain`). Where several are
    /// sent, a rule must hold for each.
    pub chains: [Option<SupplyChain<'a>>; 3],
}

/// `SupplyChain`, 3.2.25.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SupplyChain<'a> {
    /// True if the nodes go back to the owner of the inventory.
    pub complete: bool,
    /// Of the specification.
    pub ver: Option<&'a str>,
    /// From the owner of the inventory to the sender of the request, at most one more than [`CHAIN_NODES_MAX`](crate::units::limits::CHAIN_NODES_MAX).
    pub nodes: &'a [SupplyNode<'a>],
}

/// `SupplyChainNode`, 3.2.26.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SupplyNode<'a> {
    /// The advertising system's domain; empty if absent.
    pub asi: &'a str,
    /// The seller's id there; empty if absent.
    pub sid: &'a str,
    /// True if the node is paid; it always is.
    pub hp: Option<bool>,
    /// The request's id as this node issued it.
    pub rid: Option<&'a str>,
    /// The company that the id is of.
    pub name: Option<&'a str>,
    /// Its domain.
    pub domain: Option<&'a str>,
}
