//! A response to its bytes, written by hand: exact prices, no float, nothing allocated but the output.
//!
//! Absent, empty and zero fields are left out. `</` stays as it is: the markup belongs to the creative,
//! and who embeds it knows where it goes.

use crate::openrtb::json::plain_end;
use crate::openrtb::{Bid, BidDsa, BidResponse};
use crate::units::Cpm;

/// Appends `response` as JSON to `out`.
pub fn write(response: &BidResponse<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"id\":");
    write_text(out, response.id);
    out.extend_from_slice(b",\"seatbid\":[{\"bid\":[");
    for (at, bid) in response.bid.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_bid(out, bid);
    }
    out.push(b']');
    text_field(out, "seat", response.seat);
    out.extend_from_slice(b"}]");
    text_field(out, "bidid", Some(&response.bidid));
    text_field(out, "cur", Some(response.cur.code()));
    out.push(b'}');
}

/// Appends the response that says why there is no bid on `request_id` (4.2.1, 7.1).
pub fn write_no_bid(request_id: &str, nbr: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"id\":");
    write_text(out, request_id);
    out.extend_from_slice(b",\"seatbid\":[]");
    name(out, "nbr");
    write_whole(out, nbr.into());
    out.push(b'}');
}

fn write_bid(out: &mut Vec<u8>, bid: &Bid<'_>) {
    out.extend_from_slice(b"{\"id\":");
    write_text(out, &bid.id);
    name(out, "impid");
    write_text(out, bid.impid);
    name(out, "price");
    write_price(out, bid.price);
    text_field(out, "adm", Some(&bid.adm));
    text_field(out, "nurl", bid.nurl.as_deref());
    text_field(out, "burl", bid.burl.as_deref());
    text_field(out, "lurl", bid.lurl.as_deref());
    texts_field(out, "adomain", bid.adomain);
    text_field(out, "bundle", bid.bundle);
    text_field(out, "cid", Some(bid.cid));
    text_field(out, "crid", Some(bid.crid));
    text_field(out, "iurl", bid.iurl);
    texts_field(out, "cat", bid.cat);
    whole_field(out, "cattax", Some(bid.cattax).filter(|cattax| *cattax != 1));
    wholes_field(out, "attr", bid.attr);
    wholes_field(out, "apis", bid.apis);
    whole_field(out, "protocol", bid.protocol);
    whole_field(out, "qagmediarating", Some(bid.qagmediarating));
    text_field(out, "language", bid.language);
    text_field(out, "langb", bid.langb);
    text_field(out, "dealid", bid.dealid);
    whole_field(out, "w", Some(bid.w));
    whole_field(out, "h", Some(bid.h));
    whole_field(out, "wratio", Some(bid.wratio));
    whole_field(out, "hratio", Some(bid.hratio));
    whole_field(out, "exp", bid.exp);
    whole_field(out, "dur", bid.dur);
    whole_field(out, "mtype", Some(bid.mtype as u32));
    if bid.slotinpod != 0 {
        name(out, "slotinpod");
        if bid.slotinpod < 0 {
            out.push(b'-');
        }
        write_whole(out, bid.slotinpod.unsigned_abs().into());
    }
    if let Some(dsa) = &bid.dsa {
        write_dsa(out, dsa);
    }
    out.push(b'}');
}

/// `,"ext":{"dsa":{...}}`. Nothing of it is left out but an empty list: its absence would be read as a fault.
fn write_dsa(out: &mut Vec<u8>, dsa: &BidDsa<'_>) {
    out.extend_from_slice(b",\"ext\":{\"dsa\":{\"adrender\":");
    out.push(digit(dsa.adrender.into()));
    name(out, "behalf");
    write_text(out, dsa.behalf);
    name(out, "paid");
    write_text(out, dsa.paid);
    list_field(out, "transparency", dsa.transparency, |out, (domain, params)| {
        out.extend_from_slice(b"{\"domain\":");
        write_text(out, domain);
        wholes_field(out, "dsaparams", params);
        out.push(b'}');
    });
    out.extend_from_slice(b"}}");
}

/// `,"name":`: never the first field of an object.
fn name(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

fn text_field(out: &mut Vec<u8>, field: &str, text: Option<&str>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        name(out, field);
        write_text(out, text);
    }
}

fn whole_field(out: &mut Vec<u8>, field: &str, value: Option<u32>) {
    if let Some(value) = value.filter(|value| *value != 0) {
        name(out, field);
        write_whole(out, value.into());
    }
}

fn texts_field(out: &mut Vec<u8>, field: &str, texts: &[&str]) {
    list_field(out, field, texts, |out, text| write_text(out, text));
}

fn wholes_field(out: &mut Vec<u8>, field: &str, values: &[u32]) {
    list_field(out, field, values, |out, value| write_whole(out, (*value).into()));
}

fn list_field<T>(out: &mut Vec<u8>, field: &str, items: &[T], write_item: fn(&mut Vec<u8>, &T)) {
    if items.is_empty() {
        return;
    }
    name(out, field);
    let mut opening = b'[';
    for item in items {
        out.push(opening);
        write_item(out, item);
        opening = b',';
    }
    out.push(b']');
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let bytes = text.as_bytes();
    out.push(b'"');
    let mut plain = 0;
    loop {
        let special = plain_end(bytes, plain);
        out.extend_from_slice(&bytes[plain..special]);
        let Some(byte) = bytes.get(special) else { break };
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
        }
        plain = special + 1;
    }
    out.push(b'"');
}

/// Units per thousand with as many decimals as it takes: `2.3456`, `3`.
fn write_price(out: &mut Vec<u8>, price: Cpm) {
    let micros = price.micros().unsigned_abs();
    write_whole(out, micros / 1_000_000);
    let mut rest = micros % 1_000_000;
    if rest > 0 {
        out.push(b'.');
        let mut place = 100_000;
        while rest > 0 {
            out.push(digit(rest / place));
            rest %= place;
            place /= 10;
        }
    }
}

fn write_whole(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    let mut rest = value;
    loop {
        start -= 1;
        digits[start] = digit(rest % 10);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

fn digit(value: u64) -> u8 {
    b'0' + u8::try_from(value).expect("a digit is below ten")
}

#[cfg(test)]
mod tests;
