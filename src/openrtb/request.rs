//! A bid request as the bidder reads it: fields spelt as OpenRTB spells them, absent ones as the
//! specification's default or `None`, both places of every moved field already merged.
//!
//! A list of what is allowed that was sent and of which nothing can be read holds [`UNREADABLE`](crate::openrtb::UNREADABLE),
//! or [`UNKNOWN_CODE`](crate::openrtb::UNKNOWN_CODE): it allows nothing.
//!
//! Everything borrows from the body or from the arena it was read into, so that a request costs no
//! allocation of its own. What the bidder does not read is not here.

use crate::openrtb::{Av, Banner, DurFloor, Native};
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

/// Where the impression is shown.
#[derive(Debug, Clone, Copy)]
pub enum Channel<'a> {
    /// `site`, 3.2.13.
    Site(Outlet<'a>),
    /// `app`, 3.2.14.
    App(Outlet<'a>),
    /// `dooh`, 3.2.15.
    Dooh(Outlet<'a>),
    /// None was sent.
    Unknown,
}

impl<'a> Channel<'a> {
    /// The site, app or placement, if any was sent.
    #[must_use]
    pub fn outlet(&self) -> Option<&Outlet<'a>> {
        match self {
            Self::Site(outlet) | Self::App(outlet) | Self::Dooh(outlet) => Some(outlet),
            Self::Unknown => None,
        }
    }
}

/// What site, app and dooh share; `bundle` and `storeurl` are the app's, `page` the site's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outlet<'a> {
    /// The exchange's id.
    pub id: Option<&'a str>,
    /// Name, as the exchange writes it.
    pub name: Option<&'a str>,
    /// Domain, as sent.
    pub domain: Option<&'a str>,
    /// The app's bundle or store id.
    pub bundle: Option<&'a str>,
    /// The address of the page.
    pub page: Option<&'a str>,
    /// `cat`, `sectioncat` and `pagecat` together.
    pub cat: &'a [&'a str],
    /// The taxonomy of `cat`, default 1.
    pub cattax: u32,
    /// Keywords, from `keywords` or `kwarray`, split at commas and trimmed.
    pub keywords: &'a [&'a str],
    /// `publisher.id`.
    pub publisher_id: Option<&'a str>,
    /// `publisher.domain`.
    pub publisher_domain: Option<&'a str>,
    /// The content shown.
    pub content: Content<'a>,
}

/// `Content`, 3.2.16.
#[derive(Debug, Clone, Copy, Default)]
pub struct Content<'a> {
    /// Title.
    pub title: Option<&'a str>,
    /// Series.
    pub series: Option<&'a str>,
    /// Genre, as text.
    pub genre: Option<&'a str>,
    /// Categories, in `cattax`.
    pub cat: &'a [&'a str],
    /// The taxonomy of `cat`, default 1.
    pub cattax: u32,
    /// Language (`language`, ISO 639-1, or `langb`, BCP 47).
    pub language: Option<&'a str>,
    /// Rating, as text (`contentrating`).
    pub contentrating: Option<&'a str>,
    /// `Some(true)` if live.
    pub livestream: Option<bool>,
    /// `channel.name`.
    pub channel_name: Option<&'a str>,
    /// `network.name`.
    pub network_name: Option<&'a str>,
}

/// `Device`, 3.2.18.
#[derive(Debug, Clone, Copy, Default)]
pub struct Device<'a> {
    /// Where it is now.
    pub geo: Geo<'a>,
    /// 1 mobile or tablet, 2 computer, 3 connected TV, 4 phone, 5 tablet, 6 connected device, 7 set-top box, 8 OOH.
    pub devicetype: Option<u32>,
    /// The user agent.
    pub ua: Option<&'a str>,
    /// IPv4 address, perhaps cut.
    pub ip: Option<&'a str>,
    /// IPv6 address, perhaps cut.
    pub ipv6: Option<&'a str>,
    /// Maker.
    pub make: Option<&'a str>,
    /// Model.
    pub model: Option<&'a str>,
    /// Operating system; `sua` serves where `os`, `osv` or `model` is absent.
    pub os: Option<&'a str>,
    /// Version of the operating system.
    pub osv: Option<&'a str>,
    /// Browser language (`language`, ISO 639-1, or `langb`).
    pub language: Option<&'a str>,
    /// Carrier or internet provider.
    pub carrier: Option<&'a str>,
    /// 1 ethernet, 2 wifi, 3 cellular, 4 2G, 5 3G, 6 4G, 7 5G.
    pub connectiontype: Option<u32>,
    /// Advertising id; `None` also if it is all zeros.
    pub ifa: Option<&'a str>,
    /// Limit ad tracking.
    pub lmt: bool,
    /// Do not track.
    pub dnt: bool,
}

/// `Geo`, 3.2.19.
#[derive(Debug, Clone, Copy, Default)]
pub struct Geo<'a> {
    /// ISO 3166-1 alpha-3, as sent.
    pub country: Option<&'a str>,
    /// ISO 3166-2 without the country, as sent.
    pub region: Option<&'a str>,
    /// City, as sent.
    pub city: Option<&'a str>,
    /// Postcode.
    pub zip: Option<&'a str>,
    /// Google metro code.
    pub metro: Option<&'a str>,
    /// Latitude, -90 to 90 degrees.
    pub lat: Option<f64>,
    /// Longitude, -180 to 180 degrees.
    pub lon: Option<f64>,
    /// Minutes from UTC.
    pub utcoffset: Option<i32>,
}

/// `User`, 3.2.20.
#[derive(Debug, Clone, Copy, Default)]
pub struct User<'a> {
    /// The exchange's id of the user.
    pub id: Option<&'a str>,
    /// Our id of the user, by cookie match.
    pub buyeruid: Option<&'a str>,
    /// Home.
    pub geo: Geo<'a>,
    /// Segments: `data[].segment[]`.
    pub segments: &'a [Segment<'a>],
    /// Extended ids: `(source, id)`, of `user.eids`, else of `user.ext.eids`.
    pub eids: &'a [(&'a str, &'a str)],
    /// TC string, from either place, `user.consent` first.
    pub consent: Option<&'a str>,
    /// `user.ext.consent` where it differs from `user.consent`: only what both permit is permitted.
    pub consent_ext: Option<&'a str>,
    /// Keywords, split at commas and trimmed.
    pub keywords: &'a [&'a str],
}

/// One segment of `user.data`.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// The provider: `data.name`, else `data.id`.
    pub provider: Option<&'a str>,
    /// `segment.id`, else its name.
    pub id: &'a str,
    /// `data.ext.segtax`, zero if absent.
    pub segtax: u32,
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
