//! What the request demands of a bid: floors, deals, block lists, seats, pods.

use crate::certify::rules::{Rule, rules};

rules! {
    WSEAT = "seat.wseat", "3.2.1", "the seat is one of `wseat`";
    BSEAT = "seat.bseat", "3.2.1", "the seat is none of `bseat`";
    BADV = "block.badv", "3.2.1", "the advertiser is not blocked by `badv`";
    BCAT = "block.bcat", "3.2.1", "the category is not blocked by `bcat`, in the same taxonomy";
    ACAT = "block.acat", "3.2.1", "the category is one of `acat`, in the same taxonomy";
    BAPP = "block.bapp", "3.2.1", "the app is not blocked by `bapp`";
    WLANG = "block.wlang", "3.2.1", "the language is one of `wlang` or `wlangb`";
    MEDIUM = "bid.medium", "3.2.4", "the medium is one that the imp offers";
    SECURE = "bid.secure", "3.2.4", "markup and addresses are https where `secure` is 1";
    FLOOR_CURRENCY = "price.floor-currency", "3.2.4", "a floor in another currency is not taken for one in ours";
    SIZE_TOLD = "banner.size-told", "Prebid", "a banner tells `w` and `h`";
    SIZE = "banner.size", "3.2.6", "a banner has one of the sizes asked for";
    BTYPE = "banner.btype", "3.2.6", "a banner is of no type that `btype` blocks";
    BATTR = "block.battr", "3.2.6", "no attribute of the creative is blocked by `battr`";
    APIS = "bid.apis", "3.2.6", "no API is needed that is not offered";
    FLEXIBLE = "banner.flexible", "3.2.10", "a banner of flexible size repeats the ratio and is not below `wmin`";
    PRIVATE = "deal.private", "3.2.11", "only bids on deals come to a private auction";
    DEAL = "deal.listed", "3.2.12", "`dealid` is a deal that the imp offers";
    DEAL_PRICE = "deal.price", "3.2.12", "a deal with `at` 3 is bid on at its price";
    DEAL_SEAT = "deal.wseat", "3.2.12", "the seat is one that the deal takes";
    DEAL_DOMAIN = "deal.wadomain", "3.2.12", "the advertiser is one that the deal takes";
    POD_DUR = "pod.dur", "7.6", "a bid for a pod tells `dur`";
    POD_LENGTH = "pod.length", "7.6", "all bids for a dynamic pod together fit into `poddur`";
    POD_COUNT = "pod.count", "7.6", "no more than `maxseq` bids come to a dynamic pod";
    POD_SLOT = "pod.slot", "7.6", "`slotinpod` is told for dynamic pods only, as -1 to 2";
    POD_DEDUPE = "pod.dedupe", "7.6", "nothing is repeated in a pod that `poddedupe` forbids to repeat";
    FLOOR = "price.floor", "7.11", "`price` is not below the floor, by duration, deal or imp";
}
