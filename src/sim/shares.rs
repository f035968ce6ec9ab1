//! How often the generator writes what: one share a feature, from 0 to 1, of what its comment names.
//!
//! Rare in real traffic, these are frequent enough here that a few thousand requests hold all of them. *New*
//! requests have their fields in the places of 2.6, *old* ones in those of 2.5; *long* ones are those that are not
//! [`SizeClass::Small`](crate::sim::SizeClass::Small), which has no room for everything. What is a matter of the
//! experiment and not of the protocol (deals, consent, outdoor screens, tests) stands in
//! [`Mix`](crate::sim::Mix).

// The request.

/// Of requests: `tmax` from 1 to 1000 ms instead of a usual one.
pub(crate) const ODD_TMAX: f64 = 0.04;
/// Of requests: `wseat`.
pub(crate) const WSEAT: f64 = 0.02;
/// Of requests: `bseat`, where no `wseat` is.
pub(crate) const BSEAT: f64 = 0.02;
/// Of requests: languages of creatives, `wlangb` in new ones and `wlang` in old ones.
pub(crate) const WLANG: f64 = 0.05;
/// Of new long requests: `acat` in the place of `bcat`.
pub(crate) const ACAT: f64 = 0.04;
/// Of new requests with `bcat` or `acat`: in another taxonomy than Content 1.0, by `cattax`.
pub(crate) const CATTAX: f64 = 0.15;
/// Of long requests for apps: `bapp`.
pub(crate) const BAPP: f64 = 0.15;
/// Of requests: three currencies or one that is neither the euro nor the US dollar.
pub(crate) const OTHER_CURRENCIES: f64 = 0.05;
/// Of requests: `allimps` 1.
pub(crate) const ALLIMPS: f64 = 0.02;
/// Of old requests with a supply chain: in `ext.schain`, the place of 2.4.
pub(crate) const SCHAIN_OF_2_4: f64 = 0.2;
/// Of supply chains: known in part, `complete` 0.
pub(crate) const SCHAIN_INCOMPLETE: f64 = 0.05;

// Regulations, user and device.

/// Of requests: `dsa`.
pub(crate) const DSA: f64 = 0.05;
/// Of long requests with a consent string: one in `user.consent` and one in `user.ext.consent`.
pub(crate) const CONSENT_TWICE: f64 = 0.1;
/// Of requests with both consent strings: the two differ.
pub(crate) const CONSENT_DIFFERS: f64 = 0.5;
/// Of `dsa` in long requests: with the transparency of others.
pub(crate) const DSA_TRANSPARENCY: f64 = 0.5;
/// Of requests from the USA: `gpc`.
pub(crate) const GPC: f64 = 0.05;
/// Of extended ids in new requests: with `inserter`, `matcher` and `mm`.
pub(crate) const EID_MATCHED: f64 = 0.3;
/// Of long requests: `user.keywords`, or `user.kwarray` in new ones.
pub(crate) const USER_KEYWORDS: f64 = 0.1;
/// Of devices: `ipv6` and no `ip`.
pub(crate) const IPV6_ONLY: f64 = 0.05;
/// Of addresses: cut to their network, /24 or /48.
pub(crate) const ADDRESS_CUT: f64 = 0.35;
/// Of devices: `dnt`, beside those that are limited.
pub(crate) const DNT: f64 = 0.02;
/// Of device languages in new requests: `langb`.
pub(crate) const LANGB: f64 = 0.5;
/// Of long requests: the structured user agent, `sua`.
pub(crate) const SUA: f64 = 0.5;

// The impression.

/// Of phones' imps: `instl`.
pub(crate) const INSTL: f64 = 0.06;
/// Of apps' imps that are not television's: rewarded, by `rwdd` in new requests.
pub(crate) const RWDD: f64 = 0.06;
/// Of new requests' rewarded imps: told in `ext.prebid` too, where all old ones tell it.
pub(crate) const RWDD_IN_EXT: f64 = 0.4;
/// Of new television imps with video: `ssai` above 0.
pub(crate) const SSAI: f64 = 0.3;
/// Of imps with a floor currency: one that the request does not take.
pub(crate) const FLOOR_IN_OTHER_CURRENCY: f64 = 0.06;
/// Of imps: no `bidfloor`, before pods take their own away.
pub(crate) const NO_FLOOR: f64 = 0.1;

// Banner.

/// Of banners: `btype`.
pub(crate) const BTYPE: f64 = 0.4;
/// Of banners: `battr`.
pub(crate) const BANNER_BATTR: f64 = 0.5;
/// Of banners: `expdir`.
pub(crate) const EXPDIR: f64 = 0.1;
/// Of banners: a flexible size among the formats.
pub(crate) const FLEXIBLE_SIZE: f64 = 0.04;

// Video and audio.

/// Of new, long television requests: a pod of slots, each an imp.
pub(crate) const STRUCTURED_POD: f64 = 0.12;
/// Of new, long television requests: a pod of slots and a dynamic rest.
pub(crate) const HYBRID_POD: f64 = 0.08;
/// Of new television videos and of new audios that are in no pod of several imps: a dynamic pod.
pub(crate) const DYNAMIC_POD: f64 = 0.15;
/// Of dynamic pods and rests: `mincpmpersec` in the place of `bidfloor`.
pub(crate) const MINCPMPERSEC: f64 = 0.5;
/// Of pods: `poddedupe`.
pub(crate) const PODDEDUPE: f64 = 0.3;
/// Of new videos and audios in no pod: `rqddurs` in the place of `minduration` and `maxduration`.
pub(crate) const RQDDURS: f64 = 0.1;
/// Of new videos and audios without a price per second: `durfloors`.
pub(crate) const DURFLOORS: f64 = 0.08;
/// Of videos outside television: overlays, `linearity` 2.
pub(crate) const OVERLAY: f64 = 0.04;
/// Of videos outside television: `skip` 1.
pub(crate) const SKIP: f64 = 0.45;
/// Of skippable videos: `skipmin` and `skipafter`.
pub(crate) const SKIPAFTER: f64 = 0.5;
/// Of videos and audios: `maxextended`.
pub(crate) const MAXEXTENDED: f64 = 0.08;
/// Of long requests' videos and audios: `companionad` and `companiontype`.
pub(crate) const COMPANIONS: f64 = 0.2;
/// Of new videos: `placement` beside `plcmt`.
pub(crate) const PLACEMENT_TOO: f64 = 0.15;
/// Of videos: `boxingallowed` 0.
pub(crate) const NO_BOXING: f64 = 0.08;

// Native.

/// Of native requests: an object and no text, as older exchanges send it.
pub(crate) const NATIVE_OBJECT: f64 = 0.08;
/// Of native requests: wrapped in `{"native": ...}`.
pub(crate) const NATIVE_WRAPPED: f64 = 0.1;
/// Of native requests: of version 1.0 or 1.1.
pub(crate) const NATIVE_OLD: f64 = 0.15;
/// Of native requests: an icon.
pub(crate) const NATIVE_ICON: f64 = 0.35;
/// Of native requests: a video.
pub(crate) const NATIVE_VIDEO: f64 = 0.1;

// Deals.

/// Of imps with deals: only bids on one of them are taken, `private_auction` 1.
pub(crate) const PRIVATE: f64 = 0.3;
/// Of deals: `wseat`.
pub(crate) const DEAL_WSEAT: f64 = 0.1;
/// Of deals: `wadomain`.
pub(crate) const DEAL_WADOMAIN: f64 = 0.06;
/// Of deals: the agreed price, `at` 3.
pub(crate) const DEAL_FIXED: f64 = 0.2;
/// Of new requests' deals: guaranteed.
pub(crate) const DEAL_GUAR: f64 = 0.06;
/// Of new requests' deals on video or audio that are not of a fixed price: `durfloors`.
pub(crate) const DEAL_DURFLOORS: f64 = 0.1;
/// Of those without: `mincpmpersec` in the place of `bidfloor`.
pub(crate) const DEAL_MINCPMPERSEC: f64 = 0.1;

// Outlets and screens in the street.

/// Of new requests' contents: categories in a taxonomy of Content 2 or 3, by `cattax`.
pub(crate) const CONTENT_TAXONOMY: f64 = 0.3;
/// Of long requests' contents: `data` with segments in a taxonomy.
pub(crate) const CONTENT_DATA: f64 = 0.2;
/// Of plays in the street: counted by a vendor, `qty.sourcetype` 1 with `vendor`.
pub(crate) const QTY_VENDOR: f64 = 0.4;
/// Of plays in the street: fewer than one impression, `qty.multiplier` below 1.
pub(crate) const QTY_BELOW_ONE: f64 = 0.25;

#[cfg(test)]
mod tests;
