//! Pods: several ads in one break (OpenRTB 2.6, 7.6). What may stand beside what, and which ads fill a
//! dynamic pod.

use smallvec::SmallVec;

use crate::bidder::offer::Offer;
use crate::campaign::{AvAd, Creative, CreativeContent, LineItem, MediaFile, Played};
use crate::openrtb::{Av, Imp, MediaType, Pod};
use crate::units::limits;

/// `poddedupe`: two ads are one ad if they share this.
const ADVERTISER_DOMAIN: u32 = 1;
const CATEGORY: u32 = 2;
const CREATIVE_ID: u32 = 3;
const MEDIA_FILE: u32 = 4;
/// Two ads may be the same.
const NOTHING: u32 = 5;

/// The pod of which `imp` is a part in the medium of an ad.
pub(in crate::bidder) fn pod_of<'a>(imp: &Imp<'a>, medium: MediaType) -> Option<Pod<'a>> {
    offered(imp, medium).and_then(|av| av.pod)
}

/// True if `imp` offers `medium` as a dynamic pod, so that several bids may share it.
pub(in crate::bidder) fn is_dynamic(imp: &Imp<'_>, medium: MediaType) -> bool {
    pod_of(imp, medium).is_some_and(|pod| pod.poddur.is_some())
}

fn offered<'i, 'a>(imp: &'i Imp<'a>, medium: MediaType) -> Option<&'i Av<'a>> {
    match medium {
        MediaType::Video => imp.video.as_ref(),
        MediaType::Audio => imp.audio.as_ref(),
        MediaType::Banner | MediaType::Native => None,
    }
}

/// The ads chosen for the pods of one request. An imp without a `podid` is a pod of its own.
#[derive(Debug, Default)]
pub(in crate::bidder) struct Pods<'a> {
    chosen: SmallVec<[InPod<'a>; 4]>,
}

#[derive(Debug)]
struct InPod<'a> {
    pod: PodKey<'a>,
    /// The slot of a structured pod: bids on one slot are alternatives, of which one can win.
    slot: Option<&'a str>,
    domain: &'a str,
    line_item: &'a LineItem,
    creative: &'a Creative,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PodKey<'a> {
    Named(&'a str),
    OfImp(&'a str),
}

impl<'a> Pods<'a> {
    /// True if `offer` may stand beside what is chosen for its pod: nothing that the pod counts as the same, and
    /// no line item twice unless it says that nothing is. A pod that does not tell takes an advertiser once.
    pub(in crate::bidder) fn admits(&self, offer: &Offer<'a>) -> bool {
        let Some(pod) = pod_of(offer.imp, offer.placement.medium()) else { return true };
        let (key, slot) = (key(&pod, offer.imp), slot(&pod, offer.imp));
        let beside_it = |chosen: &&InPod<'_>| chosen.pod == key && (slot.is_none() || chosen.slot != slot);
        let mut beside = self.chosen.iter().filter(beside_it);
        beside.all(|chosen| !alike(pod.poddedupe, chosen, offer))
    }

    /// Notes that `offer` was chosen.
    pub(in crate::bidder) fn note(&mut self, offer: &Offer<'a>) {
        if let Some(pod) = pod_of(offer.imp, offer.placement.medium()) {
            self.chosen.push(InPod {
                pod: key(&pod, offer.imp),
                slot: slot(&pod, offer.imp),
                domain: &offer.advertiser.domain,
                line_item: offer.line_item,
                creative: offer.creative,
            });
        }
    }
}

fn key<'a>(pod: &Pod<'a>, imp: &Imp<'a>) -> PodKey<'a> {
    pod.podid.map_or(PodKey::OfImp(imp.id), PodKey::Named)
}

fn slot<'a>(pod: &Pod<'a>, imp: &Imp<'a>) -> Option<&'a str> {
    pod.poddur.is_none().then_some(imp.id)
}

fn alike(poddedupe: &[u32], chosen: &InPod<'_>, offer: &Offer<'_>) -> bool {
    let says_nothing = !poddedupe.is_empty() && poddedupe.iter().all(|rule| *rule == NOTHING);
    if says_nothing {
        return false;
    }
    if chosen.line_item.id == offer.line_item.id {
        return true;
    }
    let rules = if poddedupe.is_empty() { &[ADVERTISER_DOMAIN] } else { poddedupe };
    rules.iter().any(|rule| match *rule {
        ADVERTISER_DOMAIN => chosen.domain == offer.advertiser.domain,
        CATEGORY => {
            let ours = &offer.creative.categories;
            chosen.creative.categories.iter().any(|category| ours.contains(category))
        }
        CREATIVE_ID => chosen.creative.crid == offer.creative.crid,
        MEDIA_FILE => {
            let ours = files(offer.creative);
            files(chosen.creative).iter().any(|file| ours.iter().any(|own| own.url == file.url))
        }
        // A rule that we do not know is kept by what every rule implies: no line item twice.
        _ => false,
    })
}

fn files(creative: &Creative) -> &[MediaFile] {
    match &creative.content {
        CreativeContent::Video(AvAd { played: Played::Media(media), .. })
        | CreativeContent::Audio(AvAd { played: Played::Media(media), .. }) => media,
        _ => &[],
    }
}

/// What is left of a dynamic pod.
#[derive(Debug, Clone, Copy)]
pub(in crate::bidder) struct Room {
    seconds: u32,
    ads: usize,
}

impl Room {
    /// All of it: `poddur` seconds for `maxseq` ads, and never more ads than we bid on one impression.
    pub(in crate::bidder) fn of(pod: &Pod<'_>) -> Self {
        let most = limits::BIDS_OF_POD_MAX;
        let told = pod.maxseq.and_then(|ads| usize::try_from(ads).ok());
        Self { seconds: pod.poddur.unwrap_or(0), ads: told.unwrap_or(most).min(most) }
    }

    /// True if an ad of `offer`'s length still goes in.
    pub(in crate::bidder) fn holds(&self, offer: &Offer<'_>) -> bool {
        self.ads > 0 && seconds(offer) <= self.seconds
    }

    /// Takes the room of `offer`, which [`Room::holds`].
    pub(in crate::bidder) fn take(&mut self, offer: &Offer<'_>) {
        self.ads -= 1;
        self.seconds -= seconds(offer);
    }
}

/// Ads of video and audio all have a length.
fn seconds(offer: &Offer<'_>) -> u32 {
    offer.placement.duration().unwrap_or(u32::MAX)
}

/// The order in which `offers` fill a pod best: guaranteed deals, then deals, then the rest, each either by
/// worth or by worth a second, whichever fills the room with more worth.
pub(in crate::bidder) fn filling_order(offers: &mut [Offer<'_>], room: Room) {
    let rank = |offer: &Offer<'_>| match offer.deal {
        Some(deal) if deal.guar => 0,
        Some(_) => 1,
        None => 2,
    };
    let by_worth = |a: &Offer<'_>, b: &Offer<'_>| (rank(a), b.worth()).cmp(&(rank(b), a.worth()));
    let by_second = |a: &Offer<'_>, b: &Offer<'_>| {
        let density = |one: &Offer<'_>, other: &Offer<'_>| {
            i128::from(one.worth().micros()) * i128::from(seconds(other).max(1))
        };
        rank(a).cmp(&rank(b)).then_with(|| density(b, a).cmp(&density(a, b)))
    };
    offers.sort_by(by_second);
    let dense = filled(offers, room);
    offers.sort_by(by_worth);
    if filled(offers, room) < dense {
        offers.sort_by(by_second);
    }
}

/// The worth, in micros, of what goes in if `offers` are taken in their order.
fn filled(offers: &[Offer<'_>], mut room: Room) -> i64 {
    let mut pods = Pods::default();
    let mut worth = 0_i64;
    for offer in offers {
        if room.holds(offer) && pods.admits(offer) {
            room.take(offer);
            pods.note(offer);
            worth = worth.saturating_add(offer.worth().micros());
        }
    }
    worth
}
