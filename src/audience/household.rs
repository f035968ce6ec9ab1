//! Addresses to [`HouseholdKey`]s: who shares a connection at home is one household.
//!
//! An address is a household only if it can be one host's, or one line's: whole, public, and not shared by
//! strangers. Deliberately absent: guesses that two addresses are the same home.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::audience::UserKeys;
use crate::openrtb::{BidRequest, Channel};
use crate::privacy::Permissions;
use crate::units::HouseholdKey;

/// Opens every hashed address, so that a household never equals a user.
const DOMAIN: &[u8] = b"encan household key 1";
/// `device.connectiontype`: cellular, of any generation.
const CELLULAR: core::ops::RangeInclusive<u32> = 3..=7;

impl UserKeys {
    /// The key of the household behind `request`; `None` if it may not be recognised, as a user may not, or if
    /// there is none to tell:
    ///
    /// - no address, or one that is cut (IPv4 ending in 0, IPv6 with an empty host part);
    /// - an address of no public network, or of a relay that many share (private, carrier-grade NAT, Teredo);
    /// - a cellular connection, whose address strangers share; a screen in public.
    ///
    /// Of two addresses the IPv4 counts: the whole of it; of an IPv6 the first 64 bits, which one line gets.
    #[must_use]
    pub fn household(&self, request: &BidRequest<'_>, permissions: &Permissions) -> Option<HouseholdKey> {
        let device = &request.device;
        let is_cellular = device.connectiontype.is_some_and(|kind| CELLULAR.contains(&kind));
        if !permissions.identify || is_cellular || matches!(request.channel, Channel::Dooh(_)) {
            return None;
        }
        let addresses = [device.ip, device.ipv6];
        let told = || addresses.iter().flatten().filter_map(|text| text.parse::<IpAddr>().ok());
        let four = told().find_map(|address| match address.to_canonical() {
            IpAddr::V4(address) => line_of_v4(address),
            IpAddr::V6(_) => None,
        });
        let six = || {
            told().find_map(|address| match address.to_canonical() {
                IpAddr::V4(_) => None,
                IpAddr::V6(address) => line_of_v6(address),
            })
        };
        four.or_else(six).map(|line| self.key_of_line(&line))
    }

    fn key_of_line(&self, line: &Line) -> HouseholdKey {
        let mut hasher = self.hasher();
        hasher.update(DOMAIN);
        match line {
            Line::V4(address) => hasher.update(b"\x04").update(address),
            Line::V6(network) => hasher.update(b"\x06").update(network),
        };
        let first = hasher.finalize().as_bytes().first_chunk().copied().expect("32 bytes");
        HouseholdKey::from_raw(u64::from_le_bytes(first))
    }
}

/// What a provider gives one customer.
enum Line {
    V4([u8; 4]),
    V6([u8; 8]),
}

fn line_of_v4(address: Ipv4Addr) -> Option<Line> {
    let octets = address.octets();
    let is_cut = octets[3] == 0;
    // RFC 6890: this network, carrier-grade NAT, protocol assignments, benchmarks, reserved.
    let is_special = octets[0] == 0
        || (octets[0] == 100 && octets[1] & 0xc0 == 64)
        || octets[..3] == [192, 0, 0]
        || (octets[0] == 198 && octets[1] & 0xfe == 18)
        || octets[0] >= 224;
    let is_local = address.is_private() || address.is_loopback() || address.is_link_local();
    (!is_cut && !is_special && !is_local).then_some(Line::V4(octets))
}

fn line_of_v6(address: Ipv6Addr) -> Option<Line> {
    let [network @ .., _, _, _, _, _, _, _, _] = address.octets();
    let is_cut = address.to_bits() << 64 == 0;
    // Only 2000::/3 is global unicast (RFC 4291); in 2001::/32 (Teredo, RFC 4380) the network is the relay's.
    let is_global = network[0] & 0xe0 == 0x20 && network[..4] != [0x20, 0x01, 0, 0];
    (is_global && !is_cut).then_some(Line::V6(network))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use crate::audience::{IdKind, UserKeys};
    use crate::openrtb::{BidRequest, Channel, Device, Regs};
    use crate::privacy::{Permissions, Policy};
    use crate::units::HouseholdKey;

    const KEYS: UserKeys = UserKeys::new([7; 32]);

    fn key(device: Device<'_>) -> Option<HouseholdKey> {
        of(BidRequest { id: "1", device, ..BidRequest::default() })
    }

    fn of(request: BidRequest<'_>) -> Option<HouseholdKey> {
        KEYS.household(&request, &Permissions::of(&request, &Policy::default()))
    }

    fn four(ip: &str) -> Option<HouseholdKey> {
        key(Device { ip: Some(ip), ..Device::default() })
    }

    fn six(ipv6: &str) -> Option<HouseholdKey> {
        key(Device { ipv6: Some(ipv6), ..Device::default() })
    }

    #[test]
    fn an_ipv4_address_is_a_household_and_a_neighbour_another() {
        assert!(four("203.0.113.9").is_some());
        assert_ne!(four("203.0.113.9"), four("203.0.113.10"));
        assert_eq!(four("203.0.113.9"), six("::ffff:203.0.113.9"), "the same address in other words");
        assert_eq!(
            four("203.0.113.9"),
            key(Device { ip: Some("203.0.113.9"), ipv6: Some("2001:db8::1"), ..Device::default() })
        );
        assert_eq!(
            six("2001:db8::1"),
            key(Device { ip: Some("203.0.113.0"), ipv6: Some("2001:db8::1"), ..Device::default() })
        );
    }

    #[test]
    fn an_ipv6_network_of_64_bits_is_a_household() {
        assert!(six("2001:db8:1:2:3:4:5:6").is_some());
        assert_eq!(six("2001:db8:1:2:3:4:5:6"), six("2001:db8:1:2::1"));
        assert_ne!(six("2001:db8:1:2::1"), six("2001:db8:1:3::1"));
        assert_eq!(six("2001:db8:1:2::1"), four("2001:db8:1:2::1"), "in whichever field it was sent");
    }

    #[test]
    fn what_is_no_households_own_address_is_none() {
        for ip in [
            "",
            "home",
            "203.0.113.0",
            "203.0.0.0",
            "203.0.113",
            "203.0.113.x",
            "10.1.2.3",
            "172.16.0.9",
            "192.168.1.7",
            "127.0.0.1",
            "169.254.1.1",
            "100.64.0.1",
            "100.127.255.1",
            "0.1.2.3",
            "198.18.0.1",
            "192.0.0.8",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
        ] {
            assert_eq!(four(ip), None, "{ip}");
        }
        for ip in [
            "2001:db8:1::",
            "2001:db8:1:2::",
            "2001:db8::/32",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "2001:0:1:2::1",
            "64:ff9b::1",
            "::ffff:10.0.0.1",
            "::ffff:203.0.113.0",
        ] {
            assert_eq!(six(ip), None, "{ip}");
        }
        assert!(
            four("100.63.0.1").is_some() && four("100.128.0.1").is_some() && four("198.20.0.1").is_some()
        );
        assert_eq!(key(Device::default()), None);
    }

    #[test]
    fn a_mobile_network_and_a_screen_in_public_are_no_households() {
        let on =
            |connectiontype| key(Device { ip: Some("203.0.113.9"), connectiontype, ..Device::default() });
        for (kind, is_household) in [
            (None, true),
            (Some(0), true),
            (Some(1), true),
            (Some(2), true),
            (Some(3), false),
            (Some(6), false),
            (Some(7), false),
        ] {
            assert_eq!(on(kind).is_some(), is_household, "{kind:?}");
        }
        let device = Device { ip: Some("203.0.113.9"), ..Device::default() };
        let screen = BidRequest {
            id: "1",
            device,
            channel: Channel::Dooh(Default::default()),
            ..BidRequest::default()
        };
        assert_eq!(of(screen), None);
    }

    #[test]
    fn without_permission_no_household_has_a_key() {
        let device = Device { ip: Some("203.0.113.9"), ..Device::default() };
        let regs = Regs { gdpr: Some(true), ..Regs::default() };
        assert_eq!(of(BidRequest { id: "1", device, regs, ..BidRequest::default() }), None);
        assert_eq!(key(Device { lmt: true, ..device }), None);
    }

    #[test]
    fn a_household_is_no_user_and_another_secret_makes_another() {
        let household = four("203.0.113.9").unwrap();
        let texts = ["203.0.113.9", "\u{4}\u{cb}\0q\t"];
        let users: HashSet<[u8; 8]> = texts
            .iter()
            .flat_map(|text| {
                [IdKind::Buyer, IdKind::Ifa, IdKind::Eid("")].map(|kind| KEYS.key_of(kind, text))
            })
            .map(|user| *user.as_bytes().first_chunk().unwrap())
            .collect();
        assert!(!users.contains(&household.raw().to_le_bytes()));
        let request = BidRequest {
            id: "1",
            device: Device { ip: Some("203.0.113.9"), ..Device::default() },
            ..BidRequest::default()
        };
        let other =
            UserKeys::new([8; 32]).household(&request, &Permissions::of(&request, &Policy::default()));
        assert_ne!(other, Some(household));
    }
}
