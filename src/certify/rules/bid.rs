//! What a response and its bids are made of.

use crate::certify::rules::{Rule, rules};

rules! {
    JSON = "response.json", "2.3", "an answer with content is a JSON object";
    PRIVACY = "privacy.ids", "2.7", "no id of a viewer who is protected comes back in the answer";
    ID = "response.id", "4.2.1", "`id` is the request's";
    CUR = "response.cur", "4.2.1", "`cur` is a currency that the request allows";
    SEATBID = "response.seatbid", "4.2.1", "`seatbid` is a list of seats";
    SEAT_BID = "seat.bid", "4.2.2", "a seat has at least one bid";
    SEAT_GROUP = "seat.group", "4.2.2", "`group` is 0 or 1";
    BID_ID = "bid.id", "4.2.3", "`bid.id` is there, and no other bid has it";
    IMPID = "bid.impid", "4.2.3", "`impid` is an imp of the request";
    PRICE = "bid.price", "4.2.3", "`price` is a number above zero";
    CID = "bid.cid", "4.2.3", "`cid`, where it is told, is not empty";
    ADOMAIN = "bid.adomain", "4.2.3", "`adomain` is there";
    ADOMAIN_FORM = "bid.adomain-form", "4.2.3", "`adomain` holds domains, not addresses";
    LANGUAGE = "bid.language", "4.2.3", "not both of `language` and `langb` are told";
    EXP = "bid.exp", "4.2.3", "`exp` is a number of seconds above zero";
    MTYPE = "bid.mtype", "4.2.3", "`mtype` tells banner, video, audio or native";
    ADM = "bid.adm", "4.2.3", "the markup is a text in `adm`, or served by `nurl`";
    NOTICE_URL = "bid.notices", "4.2.3", "`nurl`, `burl`, `lurl` and `iurl` are addresses";
    MACRO_ENCODED = "macro.encoded", "4.4", "no macro is percent-encoded, for nobody would expand it";
    MACRO_KNOWN = "macro.known", "4.4", "every `${AUCTION_...}` is a macro that exists";
    CRID = "bid.crid", "Prebid", "`crid` is there";
    CRID_LENGTH = "bid.crid-length", "Google", "`crid` has at most 128 bytes";
    DSA = "dsa.present", "DSA", "a bid says who pays where `dsarequired` is 2 or 3";
    DSA_TEXTS = "dsa.texts", "DSA", "`behalf` and `paid` have 1 to 100 characters";
    DSA_RENDER = "dsa.render", "DSA", "one of publisher and buyer renders the notice, not none and not both";
    SEAT_PROFILE = "seat.profile", "profile", "`seat` is the one that the exchange gave";
    PRICE_DECIMALS = "price.decimals", "profile", "`price` has no more decimals than the exchange keeps, unless it was agreed";
    NOTICE_PRICE = "notice.price", "profile", "what is billed, a notice or the markup, asks for the price where that has to be told";
}
