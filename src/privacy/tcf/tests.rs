//! TC strings against the IAB's encoder, against the crate `iab_gpp`, and by hand.

use iab_gpp::sections::tcfeuv2::TcfEuV2;

use crate::privacy::purposes::{MEASURE, STORE};
use crate::privacy::sample::{Tc, TcfFound, TcfVector, base64url, mangled, probes, seeded, tcf_vectors};
use crate::privacy::tcf::{SpecialFeatures, TcString};
use crate::privacy::{Purposes, SignalFault, VendorSignals};
use crate::units::UnixMillis;

/// Everything that `string` says to `vendor` is what `want` says.
#[track_caller]
pub(in crate::privacy) fn check_found(note: &str, string: &str, want: &TcfFound, vendor: u16) {
    let restricted = |kind| {
        let own = want.restrictions.iter().filter(|it| it.kind == kind && it.vendors.has(vendor));
        Purposes::new(own.map(|it| it.purpose))
    };
    let features = want.special_features.0.iter().fold(0, |bits, feature| bits | 1 << (12 - feature));
    let found = TcString {
        last_updated: UnixMillis::from_raw(want.last_updated),
        policy_version: want.policy_version,
        service_specific: want.service_specific,
        special_features: SpecialFeatures(features),
        consents: want.consents.purposes(),
        legitimate_interests: want.legitimate_interests.purposes(),
        purpose_one_treatment: want.purpose_one_treatment,
        publisher_country: want.publisher_country.as_bytes().try_into().unwrap(),
        vendor: VendorSignals {
            consent: want.vendor_consents.has(vendor),
            legitimate_interest: want.vendor_legitimate_interests.has(vendor),
            disclosed: want.disclosed.as_ref().map(|disclosed| disclosed.has(vendor)),
            forbidden: restricted(0),
            consent_required: restricted(1),
            interest_required: restricted(2),
        },
    };
    assert_eq!(TcString::read(string, vendor), Ok(found), "{note}, vendor {vendor}: {string}");
}

/// The vendors at which a reading of `want` may go wrong.
pub(in crate::privacy) fn vendors_of(want: &TcfFound) -> impl Iterator<Item = u16> {
    let lists = [&want.vendor_consents, &want.vendor_legitimate_interests].into_iter();
    let restricted = want.restrictions.iter().map(|restriction| &restriction.vendors);
    probes(lists.chain(&want.disclosed).chain(restricted)).into_iter()
}

#[test]
fn every_string_of_the_reference_encoder_is_read_as_its_decoder_reads_it() {
    for TcfVector { note, string, want } in &tcf_vectors() {
        vendors_of(want).for_each(|vendor| check_found(note, string, want, vendor));
    }
}

#[test]
fn the_vectors_hold_bit_fields_ranges_every_restriction_and_every_policy() {
    let vectors = tcf_vectors();
    let has = |what: &dyn Fn(&TcfVector) -> bool| vectors.iter().filter(|vector| what(vector)).count() > 5;
    for kind in 0..3 {
        assert!(has(&|vector| vector.want.restrictions.iter().any(|it| it.kind == kind)), "type {kind}");
    }
    for policy in [2, 4, 5] {
        assert!(has(&|vector| vector.want.policy_version == policy && vector.want.disclosed.is_none()));
        assert!(has(&|vector| vector.want.policy_version == policy && vector.want.disclosed.is_some()));
    }
    // A thousand vendors in a string of under 130 letters, or of more: ranges, or bits.
    let highest = |vector: &TcfVector| vector.want.vendor_consents.0.last().copied().unwrap_or(0);
    assert!(has(&|vector| highest(vector) > 800 && vector.string.len() < 130));
    assert!(has(&|vector| highest(vector) > 800 && vector.string.len() > 130));
}

/// What the crate reads, if it can. It takes a highest id before the ranges of a restriction that the
/// format does not have, so strings with restrictions are not compared.
fn peer(string: &str) -> Option<TcfEuV2> {
    string.parse().ok().filter(|tc: &TcfEuV2| tc.core.publisher_restrictions.is_empty())
}

#[track_caller]
fn check_against_peer(ours: &TcString, peer: &TcfEuV2, vendor: u16, string: &str) {
    let core = &peer.core;
    let purposes = |ids: &std::collections::BTreeSet<u16>| {
        Purposes::new(ids.iter().map(|id| u8::try_from(*id).unwrap()))
    };
    let seconds = u64::try_from(ours.last_updated.raw()).unwrap() / 1_000;
    assert_eq!(seconds, core.last_updated, "{string}");
    assert_eq!(ours.policy_version, core.policy_version, "{string}");
    assert_eq!(ours.consents, purposes(&core.purpose_consents), "{string}");
    assert_eq!(ours.legitimate_interests, purposes(&core.purpose_legitimate_interests), "{string}");
    assert_eq!(ours.purpose_one_treatment, core.purpose_one_treatment, "{string}");
    // Of a damaged string the letters may be none, which a text of the crate writes in two bytes.
    let letters = core.publisher_country_code.chars().map(|letter| u8::try_from(letter).unwrap());
    assert_eq!(ours.publisher_country.to_vec(), letters.collect::<Vec<_>>(), "{string}");
    for feature in 1..=12 {
        let opted_in = core.special_feature_optins.contains(&feature);
        assert_eq!(ours.special_features.has(feature.try_into().unwrap()), opted_in, "{string}");
    }
    let disclosed = peer.disclosed_vendors.as_ref().map(|ids| ids.contains(&vendor));
    let want = VendorSignals {
        consent: core.vendor_consents.contains(&vendor),
        legitimate_interest: core.vendor_legitimate_interests.contains(&vendor),
        disclosed,
        ..VendorSignals::default()
    };
    assert_eq!(ours.vendor, want, "vendor {vendor}: {string}");
}

#[test]
fn another_reader_finds_the_same() {
    let mut compared = 0;
    for TcfVector { note, string, want } in &tcf_vectors() {
        if !want.restrictions.is_empty() {
            continue;
        }
        let peer = peer(string).unwrap_or_else(|| panic!("{note}: the crate reads {string}"));
        for vendor in vendors_of(want) {
            check_against_peer(&TcString::read(string, vendor).unwrap(), &peer, vendor, string);
            compared += 1;
        }
    }
    assert!(compared > 2_000, "{compared} comparisons prove little");
}

#[test]
fn another_reader_finds_the_same_in_damaged_strings() {
    let mut random = seeded();
    let vectors = tcf_vectors();
    let mut compared = 0;
    for TcfVector { string, want, .. } in vectors.iter().cycle().take(8_000) {
        let damaged = mangled(string, &mut random);
        let Some(peer) = peer(&damaged) else { continue };
        for vendor in vendors_of(want).take(6) {
            // We refuse ranges that the crate takes: empty ones, and those past the highest id.
            if let Ok(ours) = TcString::read(&damaged, vendor) {
                check_against_peer(&ours, &peer, vendor, &damaged);
                compared += 1;
            }
        }
    }
    assert!(compared > 5_000, "{compared} comparisons prove little");
}

/// A list that disclosed vendors is the one part that can take something away by being there, where it may
/// also be absent: a string that is cut exactly before it is another sound string.
#[test]
fn a_string_cut_short_never_permits_more_but_by_the_loss_of_an_optional_segment() {
    let declared = Purposes::new(1..=24);
    for TcfVector { string, want, .. } in &tcf_vectors() {
        for vendor in vendors_of(want).take(8) {
            let whole = TcString::read(string, vendor).unwrap();
            for length in 0..string.len() {
                let Ok(cut) = TcString::read(&string[..length], vendor) else { continue };
                if cut.vendor.disclosed != whole.vendor.disclosed && whole.vendor.disclosed == Some(false) {
                    assert_eq!(cut.vendor.disclosed, None, "{length} letters of {string}");
                    continue;
                }
                for purpose in 1..=24 {
                    let more = cut.permits(purpose, declared) && !whole.permits(purpose, declared);
                    assert!(!more, "purpose {purpose}, vendor {vendor}, {length} letters of {string}");
                }
            }
        }
    }
}

#[test]
fn damaged_and_hostile_strings_are_read_or_refused() {
    let mut random = seeded();
    for TcfVector { string, .. } in &tcf_vectors() {
        for _ in 0..50 {
            let damaged = mangled(&mangled(string, &mut random), &mut random);
            let _ = TcString::read(&damaged, 1);
        }
    }
    // A count of 4,095 restrictions, ranges or vendors with nothing behind it ends with the text.
    let core = Tc::default().text();
    let core = core.split('.').next().unwrap();
    for filler in ["A", "_", "B", "g", "AAA_", "-", ".I", "."] {
        for length in [0, 30, 34, 35, 36, 40, core.len()] {
            let _ = TcString::read(&format!("{}{}", &core[..length], filler.repeat(60_000)), 755);
        }
    }
}

#[track_caller]
fn check_refused(string: &str) {
    assert_eq!(TcString::read(string, 755), Err(SignalFault), "{string}");
}

#[test]
fn a_string_of_another_version_or_form_is_refused() {
    let sound = Tc::default().text();
    let (core, disclosed) = sound.split_once('.').unwrap();
    assert!(TcString::read(&sound, 755).is_ok());
    for version in ['A', 'B', 'D', '_'] {
        check_refused(&format!("{version}{}", &sound[1..]));
    }
    check_refused("");
    check_refused("1YNN");
    check_refused(disclosed);
    check_refused(&format!("{sound}."));
    check_refused(&format!("{core}."));
    check_refused(&format!("{core}.{disclosed}.{disclosed}"));
    check_refused(&format!("{core}.{core}"));
    check_refused(&format!("{core}.gAAA"));
    check_refused(&sound.replace('A', "="));
    // The encoder of version 1.
    check_refused("BOEFEAyOEFEAyAHABDENAI4AAAB9vABAASA");
}

#[test]
fn a_range_of_vendors_that_is_empty_or_leaves_the_list_is_refused() {
    let sound = Tc::default().text();
    let core = sound.split('.').next().unwrap();
    let segment = |entry: &str| format!("{core}.{}", base64url(&format!("001 0000001100000000 1 {entry}")));
    let check = |entry: &str, want: Result<Option<bool>, SignalFault>| {
        let read = TcString::read(&segment(entry), 755);
        assert_eq!(read.map(|tc| tc.vendor.disclosed), want, "{entry}");
    };
    let (id, highest, beyond) = ("0000001011110011", "0000001100000000", "0000001100000001");
    check(&format!("000000000001 0{id}"), Ok(Some(true)));
    check(&format!("000000000001 1{id}{highest}"), Ok(Some(true)));
    check(&format!("000000000001 0{highest}"), Ok(Some(false)));
    check("000000000000", Ok(Some(false)));
    check(&format!("000000000001 1{id}{beyond}"), Err(SignalFault));
    check(&format!("000000000001 1{highest}{id}"), Err(SignalFault));
    check("000000000001 00000000000000000", Err(SignalFault));
    check(&format!("000000000011 0{id}"), Err(SignalFault));
}

/// `base` permits these of purposes 1, 2, 3, 4 and 7 if 2 and 7 (and, wrongly, 1 and 3) are declared for
/// legitimate interest.
#[track_caller]
fn check_permitted(base: &Tc, want: &[u8]) {
    let tc = TcString::read(&base.text(), 755).unwrap();
    let declared = Purposes::new([1, 2, 3, 7]);
    let permitted: Vec<u8> =
        [1, 2, 3, 4, 7].into_iter().filter(|purpose| tc.permits(*purpose, declared)).collect();
    assert_eq!(permitted, want, "{base:?}");
}

#[test]
fn consent_needs_the_vendor_and_the_purpose() {
    check_permitted(&Tc::default(), &[1, 2, 3, 4, 7]);
    check_permitted(&Tc { consents: vec![1, 3], ..Tc::default() }, &[1, 3]);
    check_permitted(&Tc { vendor_consent: false, ..Tc::default() }, &[]);
    check_permitted(&Tc { vendor: 756, ..Tc::default() }, &[]);
}

#[test]
fn legitimate_interest_holds_where_declared_but_never_for_storage_nor_profiles_from_2_2_on() {
    let interest = Tc {
        consents: vec![],
        interests: vec![1, 2, 3, 4, 7],
        vendor_consent: false,
        vendor_interest: true,
        ..Tc::default()
    };
    check_permitted(&interest, &[2, 7]);
    check_permitted(&Tc { policy: 4, disclosed: None, ..interest.clone() }, &[2, 7]);
    check_permitted(&Tc { policy: 3, disclosed: None, ..interest.clone() }, &[2, 3, 7]);
    check_permitted(&Tc { vendor_interest: false, ..interest.clone() }, &[]);
    let tc = TcString::read(&interest.text(), 755).unwrap();
    assert!(!tc.permits(MEASURE, Purposes::NONE), "nothing is declared");
    assert!(!tc.permits(STORE, Purposes::new(1..=24)));
}

#[test]
fn a_restriction_takes_a_legal_basis_away_or_the_purpose() {
    let both = Tc { consents: vec![1, 2], interests: vec![2, 7], vendor_interest: true, ..Tc::default() };
    check_permitted(&both, &[1, 2, 7]);
    let restricted = |restrictions: &[(u8, u8)]| Tc { restrictions: restrictions.to_vec(), ..both.clone() };
    check_permitted(&restricted(&[(2, 0)]), &[1, 7]);
    check_permitted(&restricted(&[(2, 3)]), &[1, 7]);
    check_permitted(&restricted(&[(7, 1)]), &[1, 2]);
    check_permitted(&restricted(&[(1, 2), (2, 1)]), &[2, 7]);
    check_permitted(&restricted(&[(2, 1), (2, 2)]), &[1, 7]);
    check_permitted(&restricted(&[(0, 0), (63, 0)]), &[1, 2, 7]);
}

#[test]
fn from_2_3_on_a_vendor_that_was_not_disclosed_is_permitted_nothing() {
    for disclosed in [None, Some(false)] {
        check_permitted(&Tc { disclosed, ..Tc::default() }, &[]);
        check_permitted(&Tc { disclosed, policy: 6, ..Tc::default() }, &[]);
    }
    // Before, a list that leaves the vendor out takes away what the vendor had to be shown for.
    let both =
        Tc { policy: 4, interests: vec![7], consents: vec![1, 2], vendor_interest: true, ..Tc::default() };
    check_permitted(&Tc { disclosed: None, ..both.clone() }, &[1, 2, 7]);
    check_permitted(&Tc { disclosed: Some(false), ..both }, &[1, 2]);
}

#[test]
fn from_march_2026_on_disclosure_is_asked_of_every_policy() {
    let disclosed = |note: &str| {
        let vectors = tcf_vectors();
        let vector = vectors.iter().find(|vector| vector.note == note).expect("the generator writes it");
        TcString::read(&vector.string, 7).unwrap().is_disclosed()
    };
    assert!(disclosed("taken 2026-02-28T23:59:59.900Z, disclosed null"));
    assert!(!disclosed("taken 2026-03-01T00:00:00.000Z, disclosed null"));
    assert!(disclosed("taken 2026-03-01T00:00:00.000Z, disclosed all"));
}
