//! What a good answer is: the rules of OpenRTB 2.6 (4.2) and AdCOM for whoever bids, and those by which
//! exchanges throw bids away. Written against the specification and not against the bidder: it shares no
//! code with it but the arithmetic of prices.

mod markup;
mod read;

use encan::units::{Cpm, Rounding};
use serde_json::Value;

use read::{flag, number, numbers, object, text, texts};

/// Everything that is wrong with `response` as an answer to `request`. Empty if all is well.
#[must_use]
pub fn faults(request: &Value, response: &[u8]) -> Vec<String> {
    let mut faults = Faults::default();
    match serde_json::from_slice(response) {
        Ok(response) => check_response(request, &response, &mut faults),
        Err(error) => faults.must(false, format!("the response is not JSON: {error}")),
    }
    let whole = String::from_utf8_lossy(response).to_ascii_lowercase();
    faults.must(!whole.contains("$%7b"), "a macro is percent-encoded");
    faults.0
}

#[derive(Debug, Default)]
struct Faults(Vec<String>);

impl Faults {
    fn must(&mut self, holds: bool, fault: impl Into<String>) {
        if !holds {
            self.0.push(fault.into());
        }
    }
}

/// One bid, and what it answers.
#[derive(Debug, Clone, Copy)]
struct Answer<'a> {
    request: &'a Value,
    imp: &'a Value,
    bid: &'a Value,
    cur: &'a str,
}

fn check_response(request: &Value, response: &Value, faults: &mut Faults) {
    faults.must(response["id"].is_string() && response["id"] == request["id"], "`id` is not the request's");
    let cur = response["cur"].as_str().unwrap_or("USD");
    let offered = texts(&request["cur"]);
    let is_offered = offered.iter().any(|offered| offered.eq_ignore_ascii_case(cur));
    faults.must(is_offered || (offered.is_empty() && cur == "USD"), format!("`cur` {cur} is not offered"));
    let seats = response["seatbid"].as_array().map_or(&[][..], Vec::as_slice);
    faults.must(!seats.is_empty(), "`seatbid` is empty");
    let mut seen: Vec<(String, Option<String>)> = Vec::new();
    let mut ids: Vec<String> = Vec::new();
    for seat in seats {
        let name = text(&seat["seat"]).unwrap_or_default();
        let (wseat, bseat) = (texts(&request["wseat"]), texts(&request["bseat"]));
        faults.must(wseat.is_empty() || wseat.contains(&name), "`wseat` leaves the seat out");
        faults.must(!bseat.contains(&name), "`bseat` blocks the seat");
        let bids = seat["bid"].as_array().map_or(&[][..], Vec::as_slice);
        faults.must(!bids.is_empty(), "`bid` is empty");
        for bid in bids {
            let id = text(&bid["id"]).unwrap_or_default();
            faults.must(!id.is_empty() && !ids.contains(&id), format!("`bid.id` `{id}` is empty or twice"));
            ids.push(id);
            let Some(imp) = imp(request, &bid["impid"]) else {
                faults.must(false, format!("`impid` {} is no imp of the request", bid["impid"]));
                continue;
            };
            let kind = (text(&bid["impid"]).unwrap_or_default(), text(&bid["dealid"]));
            let in_pod = ["video", "audio"].iter().any(|medium| number(&imp[medium]["poddur"]).is_some());
            faults.must(in_pod || !seen.contains(&kind), "two bids of one kind on one imp");
            seen.push(kind);
            check_bid(&Answer { request, imp, bid, cur }, faults);
        }
    }
}

/// The first imp of that id: what comes later under the same id cannot be answered.
fn imp<'a>(request: &'a Value, impid: &Value) -> Option<&'a Value> {
    request["imp"].as_array()?.iter().find(|imp| impid.is_string() && text(&imp["id"]) == text(impid))
}

fn check_bid(answer: &Answer<'_>, faults: &mut Faults) {
    let Answer { bid, imp, .. } = *answer;
    check_price(answer, faults);
    check_deal(answer, faults);
    check_blocks(answer, faults);
    let crid = bid["crid"].as_str().unwrap_or_default();
    faults.must((1..=128).contains(&crid.len()), format!("`crid` has {} bytes", crid.len()));
    faults.must(bid["cid"].as_str().is_some_and(|cid| !cid.is_empty()), "`cid` is missing");
    for name in ["nurl", "burl"] {
        let url = bid[name].as_str().unwrap_or_default();
        faults.must(url.contains("${AUCTION_PRICE}"), format!("`{name}` does not ask for the price"));
    }
    if flag(&imp["secure"]) {
        for name in ["adm", "nurl", "burl", "lurl", "iurl"] {
            let text = bid[name].as_str().unwrap_or_default().to_ascii_lowercase();
            let insecure = text.contains("http:") || text.contains("http%3a");
            faults.must(!insecure, format!("`{name}` is not secure"));
        }
    }
    let exp = bid.get("exp").is_none_or(|exp| exp.as_u64().is_some_and(|seconds| seconds > 0));
    faults.must(exp, "`exp` is not a number of seconds");
    let medium = match bid["mtype"].as_u64() {
        Some(1) => "banner",
        Some(2) => "video",
        Some(3) => "audio",
        Some(4) => "native",
        _ => return faults.must(false, format!("`mtype` is {}", bid["mtype"])),
    };
    let Some(offer) = object(&imp[medium]) else {
        return faults.must(false, format!("`{medium}` is not offered by the imp"));
    };
    let battr = numbers(&offer["battr"]);
    let blocked = numbers(&bid["attr"]).into_iter().find(|attribute| battr.contains(attribute));
    faults.must(blocked.is_none(), format!("`battr` blocks {blocked:?}"));
    let adm = bid["adm"].as_str().unwrap_or_default();
    faults.must(!adm.trim().is_empty(), "`adm` is empty");
    match medium {
        "banner" => markup::check_banner(offer, bid, adm, faults),
        "native" => markup::check_native(offer, adm, faults),
        _ => markup::check_vast(medium, offer, bid, adm, faults),
    }
}

fn price(value: &Value) -> Option<Cpm> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Cpm::from_decimal(text.trim(), Rounding::Up).ok()
}

/// Above nothing, and not below the floor where both are in one currency.
fn check_price(answer: &Answer<'_>, faults: &mut Faults) {
    let Answer { bid, imp, cur, .. } = *answer;
    let bid_price = price(&bid["price"]).filter(|_| bid["price"].is_number()).unwrap_or(Cpm::ZERO);
    faults.must(bid_price > Cpm::ZERO, format!("`price` is {}", bid["price"]));
    let of_deal = deal(answer).and_then(|deal| {
        let floor = floor_by_duration(deal, bid).or_else(|| price(&deal["bidfloor"]));
        floor.filter(|floor| *floor > Cpm::ZERO).map(|floor| (floor, &deal["bidfloorcur"]))
    });
    let (floor, currency) = of_deal.unwrap_or_else(|| {
        let medium = if bid["mtype"] == 3 { "audio" } else { "video" };
        let by_duration = floor_by_duration(&imp[medium], bid);
        (by_duration.or_else(|| price(&imp["bidfloor"])).unwrap_or(Cpm::ZERO), &imp["bidfloorcur"])
    });
    if text(currency).filter(|code| !code.is_empty()).unwrap_or_else(|| "USD".into()) != cur {
        return;
    }
    faults.must(bid_price >= floor, format!("`price` {bid_price} is below the floor of {floor}"));
    let fixed = of_deal.is_some() && deal(answer).and_then(|deal| number(&deal["at"])) == Some(3.0);
    faults.must(!fixed || bid_price == floor, format!("`price` {bid_price} is not the deal's {floor}"));
}

/// The floor that a deal or a video or audio offer sets for the bid's own duration; `None` if it sets none.
fn floor_by_duration(offer: &Value, bid: &Value) -> Option<Cpm> {
    let dur = number(&bid["dur"])?;
    let bound = |value: &Value| number(value).filter(|bound| *bound > 0.0);
    let ranges = offer["durfloors"].as_array().into_iter().flatten().filter(|range| {
        bound(&range["mindur"]).is_none_or(|least| least <= dur)
            && bound(&range["maxdur"]).is_none_or(|most| dur <= most)
    });
    let per_second = number(&offer["mincpmpersec"]).map(|price| Value::from(price * dur));
    ranges.filter_map(|range| price(&range["bidfloor"])).chain(per_second.as_ref().and_then(price)).max()
}

/// The deal that the bid names, if it is offered.
fn deal<'a>(answer: &Answer<'a>) -> Option<&'a Value> {
    let named = answer.bid["dealid"].as_str()?;
    let deals = answer.imp["pmp"]["deals"].as_array()?;
    deals.iter().find(|deal| text(&deal["id"]).as_deref() == Some(named))
}

fn check_deal(answer: &Answer<'_>, faults: &mut Faults) {
    let Answer { bid, imp, .. } = *answer;
    match bid.get("dealid") {
        Some(id) => faults.must(deal(answer).is_some(), format!("`dealid` {id} is not offered")),
        None => faults.must(!flag(&imp["pmp"]["private_auction"]), "an open bid in a private auction"),
    }
}

fn check_blocks(answer: &Answer<'_>, faults: &mut Faults) {
    let Answer { request, bid, .. } = *answer;
    let domains = texts(&bid["adomain"]);
    faults.must(!domains.is_empty(), "`adomain` is missing");
    let badv = texts(&request["badv"]);
    for domain in &domains {
        let is_bare = domain.contains('.') && !domain.contains(['/', ':', ' ']);
        faults.must(is_bare, format!("`adomain` `{domain}` is no domain"));
        let within = |blocked: &String| {
            let (blocked, domain) = (blocked.trim().to_lowercase(), domain.to_lowercase());
            domain == blocked || (!blocked.is_empty() && domain.ends_with(&format!(".{blocked}")))
        };
        faults.must(!badv.iter().any(within), format!("`badv` blocks `{domain}`"));
    }
    let bcat = texts(&request["bcat"]);
    let taxonomy = number(&request["cattax"]).unwrap_or(1.0);
    let own_taxonomy = number(&bid["cattax"]).unwrap_or(1.0);
    // The IAB maps its taxonomies of content and of products to each other; 4 is of people, others are not its own.
    let comparable =
        [1.0, 2.0, 3.0, 5.0, 6.0, 7.0, 8.0, 9.0].iter().any(|known| (taxonomy - known).abs() < 0.5);
    faults.must(bcat.is_empty() || comparable, "`bcat` is in a taxonomy that the bid cannot be held against");
    for own in texts(&bid["cat"]) {
        let is_content_1 = (own_taxonomy - 1.0).abs() < 0.5;
        faults.must(
            own.starts_with("IAB") == is_content_1,
            format!("`{own}` is in another taxonomy than `cattax`"),
        );
        let blocked = bcat.iter().any(|blocked| own == *blocked || own.starts_with(&format!("{blocked}-")));
        faults.must(!blocked, format!("`bcat` blocks `{own}`"));
    }
    if let Some(bundle) = text(&bid["bundle"]) {
        faults.must(!texts(&request["bapp"]).contains(&bundle), format!("`bapp` blocks `{bundle}`"));
    }
    if let Some(language) = text(&bid["language"]) {
        let primary = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_lowercase();
        let wlang = texts(&request["wlang"]);
        let taken = wlang.is_empty() || wlang.iter().any(|taken| primary(taken) == primary(&language));
        faults.must(taken, format!("`wlang` leaves `{language}` out"));
    }
}
