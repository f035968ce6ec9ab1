//! What senders write for an address, whole or cut, to an address that may be looked up.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Groups of an IPv6 address that are there when it was cut without saying so: less than 48 bits are no place.
const GROUPS_MIN: usize = 3;

/// The address in `text`: IPv4, IPv6, IPv4 in IPv6, whole or with its end cut off (`192.0.2`, `192.0.2.x`, `192.0.2.0`,
/// `2001:db8:1::`, `2001:db8:1`); what was cut counts as zeros.
///
/// `None` for anything else, and for an address that is nobody's in particular: private, loopback, link-local, shared
/// (100.64.0.0/10), multicast, unspecified. The ranges for documentation are addresses like any other.
#[must_use]
pub fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let read = match text.parse::<IpAddr>() {
        Ok(read) => read.to_canonical(),
        Err(_) if text.contains(':') => IpAddr::V6(cut_v6(text)?),
        Err(_) => IpAddr::V4(cut_v4(text)?),
    };
    is_somewhere(read).then_some(read)
}

/// `address` without what tells one connection from another: the first 24 bits of IPv4, the first 48 of IPv6.
#[must_use]
pub fn cut(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

/// Bits that [`cut`] leaves of `address`.
pub(in crate::geo) fn bits_left(address: IpAddr) -> u8 {
    if address.is_ipv4() { 24 } else { 48 }
}

/// Three octets, and whatever stands for the fourth: nothing, `x`, `xxx` or `*`.
fn cut_v4(text: &str) -> Option<Ipv4Addr> {
    let mut parts = text.split('.');
    let mut octets = [0; 4];
    for octet in &mut octets[..3] {
        let part = parts.next()?;
        let is_plain =
            part.bytes().all(|byte| byte.is_ascii_digit()) && (part.len() == 1 || !part.starts_with('0'));
        *octet = part.parse().ok().filter(|_| is_plain)?;
    }
    let stands_for_any =
        |rest: &str| matches!(rest, "" | "*") || rest.bytes().all(|byte| matches!(byte, b'x' | b'X'));
    let is_cut = parts.next().is_none_or(stands_for_any) && parts.next().is_none();
    is_cut.then(|| octets.into())
}

/// Three to seven groups, without the `::` that should end them.
fn cut_v6(text: &str) -> Option<Ipv6Addr> {
    let mut groups = [0; 8];
    let mut count = 0;
    for part in text.strip_suffix(':').unwrap_or(text).split(':') {
        let is_group = (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        *groups.get_mut(count)? = u16::from_str_radix(part, 16).ok().filter(|_| is_group)?;
        count += 1;
    }
    (GROUPS_MIN..8).contains(&count).then(|| groups.into())
}

fn is_somewhere(address: IpAddr) -> bool {
    if address.is_unspecified() || address.is_loopback() || address.is_multicast() {
        return false;
    }
    match address {
        IpAddr::V4(v4) => {
            let is_shared = matches!(v4.octets(), [100, 64..=127, ..]);
            !(v4.is_private() || v4.is_link_local() || v4.is_broadcast() || is_shared || v4.octets()[0] == 0)
        }
        IpAddr::V6(v6) => !(v6.is_unique_local() || v6.is_unicast_link_local()),
    }
}

#[cfg(test)]
mod tests {
    use super::{address, cut};

    #[track_caller]
    fn check(text: &str, want: Option<&str>) {
        let found = address(text).map(|address| address.to_string());
        assert_eq!(found.as_deref(), want, "{text}");
    }

    #[test]
    fn whole_addresses_are_read_and_one_in_the_other_is_unwrapped() {
        check("192.0.2.77", Some("192.0.2.77"));
        check(" 192.0.2.77 ", Some("192.0.2.77"));
        check("2001:db8:1:2::3", Some("2001:db8:1:2::3"));
        check("2001:DB8::1", Some("2001:db8::1"));
        check("::ffff:192.0.2.77", Some("192.0.2.77"));
        check("::ffff:c000:24d", Some("192.0.2.77"));
    }

    #[test]
    fn an_address_that_was_cut_ends_in_zeros() {
        for text in
            ["192.0.2.0", "192.0.2", "192.0.2.", "192.0.2.x", "192.0.2.xxx", "192.0.2.XXX", "192.0.2.*"]
        {
            check(text, Some("192.0.2.0"));
        }
        for text in ["2001:db8:1::", "2001:db8:1", "2001:db8:1:", "2001:db8:1:0:0"] {
            check(text, Some("2001:db8:1::"));
        }
        check("2001:db8::", Some("2001:db8::"));
    }

    #[test]
    fn what_is_no_address_is_none() {
        for text in [
            "",
            " ",
            "x",
            "192",
            "192.0",
            "192.0.x.x",
            "192.0.2.256",
            "192.0.256",
            "192.0.2.7.9",
            "192.0.02.1",
            "192.0.2.y",
            "192.0.2.7:80",
            "192.0.2.7/24",
            "+1.2.3",
            "1.2.+3",
            "..",
            "...",
            "2001",
            "2001:db8",
            "2001:db8:1:2:3:4:5:6:7",
            "2001:db8:1:g",
            "2001:db8:12345",
            "2001::db8::1",
            ":::",
            "[2001:db8::1]",
            "fe80::1%eth0",
            "unknown",
            "1.2.3.é",
        ] {
            check(text, None);
        }
        check(&"1.".repeat(9_999), None);
        check(&"1:".repeat(9_999), None);
    }

    #[test]
    fn an_address_that_anybody_may_have_is_nowhere() {
        for text in [
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1",
            "127.0.0.1",
            "169.254.1.1",
            "100.64.0.1",
            "100.127.255.255",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12:3456:789a::1",
            "ff02::1",
            "::ffff:10.0.0.1",
        ] {
            check(text, None);
        }
        for text in ["11.0.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "192.169.0.1"] {
            check(text, Some(text));
        }
    }

    #[test]
    fn a_cut_leaves_the_network_of_many() {
        for (text, want) in [("198.51.100.255", "198.51.100.0"), ("2001:db8:aa:ff:1:2:3:4", "2001:db8:aa::")]
        {
            assert_eq!(cut(address(text).unwrap()).to_string(), want);
        }
    }
}
