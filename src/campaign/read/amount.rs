//! Amounts, prices, rates, spans and currencies, exact from the text of the number.

use crate::campaign::currency::CODES;
use crate::document::{Faults, Node, suggestion};
use crate::units::{Cpm, Currency, Millis, Nanos, RatePpm};

/// An amount above 0, in currency units.
pub(in crate::campaign) fn amount(node: Node<'_>, faults: &mut Faults) -> Option<Nanos> {
    let nanos = node.scaled(9, faults)?;
    if nanos <= 0 {
        return faults.refuse(node.error(format!("must be greater than 0, got {}", node.echo())));
    }
    Some(Nanos::from_raw(nanos))
}

/// An amount of 0 or more, in currency units.
pub(in crate::campaign) fn amount_or_zero(node: Node<'_>, faults: &mut Faults) -> Option<Nanos> {
    let nanos = node.scaled(9, faults)?;
    if nanos < 0 {
        return faults.refuse(node.error(format!("must not be negative, got {}", node.echo())));
    }
    Some(Nanos::from_raw(nanos))
}

/// A price above 0, per thousand.
pub(in crate::campaign) fn price(node: Node<'_>, faults: &mut Faults) -> Option<Cpm> {
    let micros = node.scaled(6, faults)?;
    if micros <= 0 {
        return faults.refuse(node.error(format!("must be greater than 0, got {}", node.echo())));
    }
    let price = Cpm::from_micros(micros);
    price.or_else(|| faults.refuse(node.error(format!("must be at most {}, got {}", Cpm::MAX, node.echo()))))
}

/// A rate, written as a percentage of 0 to 100 with at most four decimals.
pub(in crate::campaign) fn percent(node: Node<'_>, faults: &mut Faults) -> Option<RatePpm> {
    let ppm = node.scaled(4, faults)?;
    let rate = u32::try_from(ppm).ok().and_then(RatePpm::from_ppm);
    rate.or_else(|| {
        faults.refuse(node.error(format!("must be a percentage from 0 to 100, got {}", node.echo())))
    })
}

/// A span above 0, written as a whole number of seconds, minutes, hours or days: `30d`.
pub(in crate::campaign) fn span(node: Node<'_>, faults: &mut Faults) -> Option<Millis> {
    node.span(faults)
}

/// A currency of ISO 4217.
pub(in crate::campaign) fn currency(node: Node<'_>, faults: &mut Faults) -> Option<Currency> {
    let code = node.text(faults)?;
    let known = || CODES.split_ascii_whitespace();
    if known().any(|known| known == code) {
        return Currency::from_code(code);
    }
    let fault = node.error(format!("is not a currency of ISO 4217, got {}", node.echo()));
    let upper = code.to_uppercase();
    let near = known().find(|known| *known == upper).or_else(|| suggestion(code, known()));
    faults.refuse(match near {
        Some(near) => fault.hint(format!("did you mean `{near}`?")),
        None => fault.hint("three capital letters, as `EUR`"),
    })
}
