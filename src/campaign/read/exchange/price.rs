//! How prices come back: the macro, its encoding, the keys and what the number counts.

use crate::campaign::read::exchange::access::secret;
use crate::campaign::{PriceEncoding, PriceKeys, PriceNotice, PriceUnit};
use crate::document::{Faults, Node, Object};
use crate::units::Currency;

/// What every exchange seen so far carries through unrounded.
const PRICE_DECIMALS: u32 = 4;
/// The decimals of a price per thousand that is a whole number of micros an impression.
const WHOLE_MICROS_DECIMALS: u32 = 3;
const MACRO_CHARS_MAX: usize = 64;

#[derive(Clone, Copy, PartialEq)]
enum Encoding {
    Plain,
    Base64,
    Google,
}

/// The notice's price and the decimals of ours. `currencies` are those that are taken, if they could be read.
///
/// Where nothing is said: `${AUCTION_PRICE}`, a plain number, four decimals; three where the price of one
/// impression comes back in whole micros, or it could come back rounded up above our bid.
pub(in crate::campaign::read::exchange) fn price(
    object: Object<'_>,
    currencies: Option<&[Currency]>,
    faults: &mut Faults,
) -> Option<(PriceNotice, u32)> {
    let words = [("plain", Encoding::Plain), ("base64", Encoding::Base64), ("google", Encoding::Google)];
    let node = object.get("price_encoding");
    let encoding = node.map_or(Some(Encoding::Plain), |node| node.choice(&words, faults));
    let name = object.get("price_macro").map(|node| price_macro(node, faults));
    let decimals_node = object.get("price_decimals");
    let decimals = decimals_node.map(|node| node.integer(0..=6, faults));
    let encoding = encoding?;
    let mut usual_decimals = PRICE_DECIMALS;
    let encoding = match encoding {
        Encoding::Plain | Encoding::Base64 => {
            for key in ["price_keys", "price_unit"] {
                if let Some(node) = object.get(key) {
                    let problem = "has no meaning without `\"price_encoding\": \"google\"`";
                    faults.push(node.error(problem));
                }
            }
            if encoding == Encoding::Plain { PriceEncoding::Plain } else { PriceEncoding::Base64 }
        }
        Encoding::Google => {
            if let (Some(node), Some(currencies)) = (node, currencies)
                && currencies.len() != 1
            {
                let fault =
                    node.error("needs one currency in `currencies`, for its prices do not tell theirs");
                faults.push(fault.hint("the currency of our account there"));
            }
            let keys = google(object, faults)?;
            if keys.unit == PriceUnit::MicrosPerImpression {
                usual_decimals = WHOLE_MICROS_DECIMALS;
                if let (Some(node), Some(Some(4..))) = (decimals_node, decimals) {
                    let problem = format!("must be at most {WHOLE_MICROS_DECIMALS}, got {}", node.echo());
                    let hint = "the price of an impression comes back in whole micros, so a longer one may be \
                                billed above our bid";
                    faults.push(node.error(problem).hint(hint));
                }
            }
            PriceEncoding::Google(keys)
        }
    };
    let usual_name =
        if encoding == PriceEncoding::Base64 { "${AUCTION_PRICE:B64}" } else { "${AUCTION_PRICE}" };
    let name = match name {
        Some(name) => name?,
        None => usual_name.to_owned(),
    };
    let decimals = decimals.unwrap_or(Some(usual_decimals))?;
    Some((PriceNotice { name, encoding }, decimals))
}

/// The keys, and what the encrypted number counts: micros an impression where nothing is said.
fn google(object: Object<'_>, faults: &mut Faults) -> Option<PriceKeys> {
    let words = [
        ("micros_per_impression", PriceUnit::MicrosPerImpression),
        ("micros_per_thousand", PriceUnit::MicrosPerThousand),
    ];
    let usual = Some(PriceUnit::MicrosPerImpression);
    let unit = object.get("price_unit").map_or(usual, |node| node.choice(&words, faults));
    let keys = object.require("price_keys", faults);
    let keys = keys.and_then(|node| node.object(&["encryption", "integrity"], faults))?;
    let encryption = keys.require("encryption", faults).and_then(|node| secret(node, faults));
    let integrity = keys.require("integrity", faults).and_then(|node| secret(node, faults));
    Some(PriceKeys { encryption: encryption?, integrity: integrity?, unit: unit? })
}

/// A macro that can stand in a query: nothing there would end it, and nobody would escape it.
fn price_macro(node: Node<'_>, faults: &mut Faults) -> Option<String> {
    let text = node.line(MACRO_CHARS_MAX, faults)?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"${}[]%:_-.@".contains(&byte);
    let is_macro = text.bytes().any(|byte| b"{[%@".contains(&byte));
    if is_macro && text.bytes().all(fits) {
        return Some(text.to_owned());
    }
    let fault = node.error(format!("is not a macro, got {}", node.echo()));
    faults.refuse(fault.hint("as the exchange writes it: `${AUCTION_PRICE}`, `%%WINNING_PRICE%%`"))
}
