//! Ranges of network addresses.

use core::net::{IpAddr, Ipv6Addr};

/// All addresses that begin with the same bits: `203.0.113.0/24`, `2001:db8::/32`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    first: u128,
    bits: u8,
}

/// Bits before an IPv4 address that is written as an IPv6 one.
const MAPPED_BITS: u8 = 96;

impl AddressRange {
    /// The range in `text`; `None` if it is none, or has bits behind its length.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/').map_or((text, None), |(a, length)| (a, Some(length)));
        let address: IpAddr = address.trim().parse().ok()?;
        let (offset, whole) = if address.is_ipv4() { (MAPPED_BITS, 32) } else { (0, 128) };
        let length = match length {
            None => whole,
            // No sign, no leading zeros: what `u8` would take and nobody means.
            Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok()?,
            Some(_) => return None,
        };
        let range = Self { first: number(address), bits: (length <= whole).then_some(offset + length)? };
        (range.first & !range.mask() == 0).then_some(range)
    }

    /// True if `address` is one of them. IPv4 addresses written as IPv6 ones are IPv4 addresses.
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        number(address) & self.mask() == self.first
    }

    fn mask(&self) -> u128 {
        u128::MAX.checked_shl(u32::from(128 - self.bits)).unwrap_or(0)
    }
}

fn number(address: IpAddr) -> u128 {
    let address: Ipv6Addr = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    address.to_bits()
}

#[cfg(test)]
mod tests {
    use super::AddressRange;

    #[track_caller]
    fn check(range: &str, inside: &[&str], outside: &[&str]) {
        let range = AddressRange::parse(range).unwrap();
        for (addresses, want) in [(inside, true), (outside, false)] {
            for address in addresses {
                assert_eq!(range.holds(address.parse().unwrap()), want, "{address}");
            }
        }
    }

    #[test]
    fn a_range_holds_the_addresses_that_begin_as_it_does() {
        check(
            "203.0.113.0/24",
            &["203.0.113.0", "203.0.113.255", "::ffff:203.0.113.7"],
            &["203.0.112.255", "203.0.114.0", "::cb00:7100"],
        );
        check("10.1.2.3", &["10.1.2.3"], &["10.1.2.2", "10.1.2.4"]);
        check("0.0.0.0/0", &["1.2.3.4", "255.255.255.255"], &["2001:db8::1", "::1"]);
        check("::/0", &["1.2.3.4", "2001:db8::1"], &[]);
        check("2001:db8::/33", &["2001:db8:7fff::1"], &["2001:db8:8000::", "2001:db9::"]);
        check("::1", &["::1"], &["::2", "0.0.0.1"]);
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in
            ["", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/+8", "10.0.0", "::/129", "a", "::1/0"]
        {
            assert_eq!(AddressRange::parse(text), None, "{text}");
        }
    }
}
