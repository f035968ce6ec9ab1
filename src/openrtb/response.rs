//! A bid response and its bytes. The one way a price leaves: from integer micros to decimal text.

use std::borrow::Cow;

use crate::units::{Cpm, Currency};

/// `BidResponse`, 4.2.1, with one seat.
#[derive(Debug, Clone)]
pub struct BidResponse<'a> {
    /// The request's id, exactly.
    pub id: &'a str,
    /// Our id of this response.
    pub bidid: Cow<'a, str>,
    /// Currency of all prices.
    pub cur: Currency,
    /// The buyer seat, if the exchange gave us one.
    pub seat: Option<&'a str>,
    /// At least one.
    pub bid: &'a [Bid<'a>],
}

/// `Bid`, 4.2.3.
#[derive(Debug, Clone)]
pub struct Bid<'a> {
    /// Our id of the bid.
    pub id: Cow<'a, str>,
    /// The imp bid on.
    pub impid: &'a str,
    /// Per thousand.
    pub price: Cpm,
    /// The markup.
    pub adm: Cow<'a, str>,
    /// Called when we win.
    pub nurl: Option<Cow<'a, str>>,
    /// Called when it is billed.
    pub burl: Option<Cow<'a, str>>,
    /// Called when we lose.
    pub lurl: Option<Cow<'a, str>>,
    /// The advertiser's domains.
    pub adomain: &'a [&'a str],
    /// The advertised app.
    pub bundle: Option<&'a str>,
    /// Campaign id.
    pub cid: &'a str,
    /// Creative id.
    pub crid: &'a str,
    /// A picture of the creative.
    pub iurl: Option<&'a str>,
    /// Categories of the creative, in `cattax`.
    pub cat: &'a [&'a str],
    /// The taxonomy of `cat`; 1 is left out.
    pub cattax: u32,
    /// Attributes of the creative.
    pub attr: &'a [u32],
    /// APIs the markup needs.
    pub apis: &'a [u32],
    /// The protocol of a VAST answer.
    pub protocol: Option<u32>,
    /// Media rating of the creative: 1 all audiences, 2 over 12, 3 mature; 0 = not told.
    pub qagmediarating: u32,
    /// Language of the creative, ISO 639-1.
    pub language: Option<&'a str>,
    /// Language of the creative, BCP 47; in place of `language`.
    pub langb: Option<&'a str>,
    /// The deal bid on.
    pub dealid: Option<&'a str>,
    /// Width, 0 = not told.
    pub w: u32,
    /// Height, 0 = not told.
    pub h: u32,
    /// Relative width, for flexible sizes.
    pub wratio: u32,
    /// Relative height, for flexible sizes.
    pub hratio: u32,
    /// Seconds we wait for the impression.
    pub exp: Option<u32>,
    /// Duration in seconds.
    pub dur: Option<u32>,
    /// The medium of the markup.
    pub mtype: MediaType,
    /// The slot wanted in the dynamic part of a pod: -1 last, 1 first, 2 first or last; 0 = any.
    pub slotinpod: i32,
    /// Who is behind the ad (`ext.dsa`), where that must be told.
    pub dsa: Option<BidDsa<'a>>,
}

/// `ext.dsa` of a bid (IAB Tech Lab, DSA Transparency 1.0).
#[derive(Debug, Clone, Copy)]
pub struct BidDsa<'a> {
    /// On whose behalf the ad is shown: at most 100 characters.
    pub behalf: &'a str,
    /// Who paid for it: at most 100 characters.
    pub paid: &'a str,
    /// Who used which parameters to choose the ad: a domain, and codes; left out if empty.
    pub transparency: &'a [(&'a str, &'a [u32])],
    /// True if the markup itself shows it.
    pub adrender: bool,
}

/// `bid.mtype`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// 1.
    Banner = 1,
    /// 2.
    Video = 2,
    /// 3.
    Audio = 3,
    /// 4.
    Native = 4,
}
