//! Our own macros in what an advertiser wrote: found, and given their values. See the room's head for the list.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::creative::{Placement, Serving, escape};
use crate::units::BidId;

/// Characters of the longest name.
const NAME_BYTES_MAX: usize = 16;

/// A macro of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Macro {
    ClickUrl,
    ClickUrlEnc,
    Cachebuster,
    BidId,
    CampaignId,
    CreativeId,
    Width,
    Height,
}

impl Macro {
    const NAMES: [(&'static str, Self); 8] = [
        ("CLICK_URL", Self::ClickUrl),
        ("CLICK_URL_ENC", Self::ClickUrlEnc),
        ("CACHEBUSTER", Self::Cachebuster),
        ("BID_ID", Self::BidId),
        ("CAMPAIGN_ID", Self::CampaignId),
        ("CREATIVE_ID", Self::CreativeId),
        ("WIDTH", Self::Width),
        ("HEIGHT", Self::Height),
    ];

    /// The text before the first macro of ours, the macro, and the text behind it. Macros of others are text.
    pub(super) fn first(text: &str) -> Option<(&str, Self, &str)> {
        let mut from = 0;
        while let Some(found) = text[from..].find("${") {
            let start = from + found;
            let inner = &text[start + 2..];
            let end = inner.bytes().take(NAME_BYTES_MAX + 1).position(|byte| byte == b'}');
            let known = end.and_then(|end| {
                let name = &inner[..end];
                let (_, known) = Self::NAMES.iter().find(|(known, _)| *known == name)?;
                Some((&text[..start], *known, &inner[end + 1..]))
            });
            if known.is_some() {
                return known;
            }
            from = start + 2;
        }
        None
    }
}

/// The values of one bid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Macros<'a> {
    click: &'a str,
    bid: BidId,
    campaign: &'a str,
    creative: &'a str,
    size: (u32, u32),
}

impl<'a> Macros<'a> {
    pub(super) fn of(placement: &Placement<'a>, serving: &Serving<'a>) -> Self {
        Self {
            click: serving.links.click,
            bid: serving.links.bid,
            campaign: serving.campaign,
            creative: &placement.creative.slug,
            size: placement.size(),
        }
    }

    /// Appends the value for a place outside of addresses; not yet escaped for it.
    pub(super) fn write(&self, which: Macro, out: &mut String) {
        match which {
            Macro::ClickUrl => escape::url(self.click, out),
            Macro::ClickUrlEnc => escape::component(self.click, out),
            Macro::Cachebuster => {
                let bytes = self.bid.as_bytes();
                let digits = bytes.iter().rev().take(8).fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));
                put(out, format_args!("{digits}"));
            }
            Macro::BidId => put(out, format_args!("{}", self.bid)),
            Macro::CampaignId => out.push_str(self.campaign),
            Macro::CreativeId => out.push_str(self.creative),
            Macro::Width => put(out, format_args!("{}", self.size.0)),
            Macro::Height => put(out, format_args!("{}", self.size.1)),
        }
    }

    /// The address of a third party with its macros replaced, each value percent-encoded.
    pub(super) fn address<'t>(&self, address: &'t str) -> Cow<'t, str> {
        let Some(mut found) = Macro::first(address) else { return Cow::Borrowed(address) };
        let mut out = String::with_capacity(address.len() + self.click.len());
        let mut value = String::new();
        loop {
            let (before, which, after) = found;
            out.push_str(before);
            value.clear();
            match which {
                Macro::ClickUrl | Macro::ClickUrlEnc => value.push_str(self.click),
                which => self.write(which, &mut value),
            }
            escape::component(&value, &mut out);
            match Macro::first(after) {
                Some(next) => found = next,
                None => {
                    out.push_str(after);
                    return Cow::Owned(out);
                }
            }
        }
    }
}

fn put(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    out.write_fmt(arguments).expect("a String takes every text");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use crate::creative::macros::{Macro, Macros};
    use crate::units::BidId;

    fn macros(click: &str) -> Macros<'_> {
        let bid = BidId::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
        Macros { click, bid, campaign: "brest", creative: "a", size: (300, 250) }
    }

    #[track_caller]
    fn check(address: &str, want: &str) {
        assert_eq!(macros("https://b.test/c?t=1&u=2").address(address), want);
    }

    #[test]
    fn every_macro_has_a_value_and_those_of_others_stay() {
        check("https://t.test/?a=1", "https://t.test/?a=1");
        check("https://t.test/?c=${CAMPAIGN_ID}&k=${CREATIVE_ID}", "https://t.test/?c=brest&k=a");
        check("https://t.test/${WIDTH}x${HEIGHT}", "https://t.test/300x250");
        check("https://t.test/?r=${CACHEBUSTER}", "https://t.test/?r=144396663052566528");
        check("https://t.test/${BID_ID}", "https://t.test/00000000000000000000000000000102");
        let encoded = "https%3A%2F%2Fb.test%2Fc%3Ft%3D1%26u%3D2";
        for name in ["CLICK_URL", "CLICK_URL_ENC"] {
            check(&format!("https://t.test/?c=${{{name}}}&d"), &format!("https://t.test/?c={encoded}&d"));
        }
        check("https://t.test/?p=${AUCTION_PRICE}&q=${", "https://t.test/?p=${AUCTION_PRICE}&q=${");
        check("${${WIDTH}}${WIDTH", "${300}${WIDTH");
    }

    #[test]
    fn the_names_are_those_that_a_campaign_may_use() {
        assert_eq!(Macro::NAMES.map(|(name, _)| name), crate::campaign::MACROS);
    }

    #[test]
    fn a_macro_of_the_exchange_in_our_link_is_not_encoded() {
        let address = macros("https://b.test/?p=${AUCTION_PRICE}&é").address("${CLICK_URL}").into_owned();
        assert_eq!(address, "https%3A%2F%2Fb.test%2F%3Fp%3D${AUCTION_PRICE}%26%C3%A9");
    }

    proptest! {
        #[test]
        fn texts_around_macros_are_kept_whole(before in any::<String>(), after in any::<String>()) {
            let text = format!("{before}${{WIDTH}}{after}");
            let mut parts = Vec::new();
            let mut rest = text.as_str();
            while let Some((before, _, after)) = Macro::first(rest) {
                parts.push(before);
                rest = after;
            }
            assert!(!parts.is_empty());
            assert!(text.starts_with(parts[0]) && text.ends_with(rest));
        }
    }
}
