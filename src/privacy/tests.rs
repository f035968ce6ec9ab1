//! Requests and policies to permissions.

use std::collections::HashSet;

use bumpalo::Bump;

use crate::openrtb::{BidRequest, Device, Regs, User, parse};
use crate::privacy::sample::{Tc, base64url};
use crate::privacy::{
    ConsentRefusal, Outcome, Permissions, Policy, Purposes, Restriction, Unwaivable, UsRefusal,
};

/// A policy with a vendor id, the one of [`Tc::default`].
const OURS: Policy = Policy {
    vendor_id: Some(755),
    legitimate_interests: Purposes::NONE,
    children: Unwaivable::ContextualOnly,
    devices: Unwaivable::ContextualOnly,
    gdpr: Outcome::ContextualOnly,
    us: Outcome::ContextualOnly,
    gpp: Outcome::ContextualOnly,
};

/// The outcome, a letter for each permission to identify, personalise, locate and measure, and the reason.
#[track_caller]
fn check(request: &BidRequest<'_>, policy: Policy, want: (Outcome, &str, Option<Restriction>)) {
    let got = Permissions::of(request, &policy);
    let granted = [(got.identify, 'i'), (got.personalise, 'p'), (got.locate, 'l'), (got.measure, 'm')];
    let letters: String =
        granted.into_iter().filter_map(|(granted, letter)| granted.then_some(letter)).collect();
    assert_eq!((got.outcome, letters.as_str(), got.reason), want);
    assert!(got.identify || letters.is_empty(), "everything needs the id");
}

/// Nothing but the context, for this reason.
const fn context(reason: Restriction) -> (Outcome, &'static str, Option<Restriction>) {
    (Outcome::ContextualOnly, "", Some(reason))
}

const EVERYTHING: (Outcome, &str, Option<Restriction>) = (Outcome::Bid, "iplm", None);

fn with_regs(regs: Regs<'_>) -> BidRequest<'_> {
    BidRequest { id: "1", regs, ..BidRequest::default() }
}

fn with_consent<'a>(gdpr: Option<bool>, consent: Option<&'a str>, second: Option<&'a str>) -> BidRequest<'a> {
    let user = User { consent, consent_ext: second, ..User::default() };
    BidRequest { id: "1", user, regs: Regs { gdpr, ..Regs::default() }, ..BidRequest::default() }
}

fn with_gpp<'a>(gpp: Option<&'a str>, gpp_sid: &'a [u32]) -> BidRequest<'a> {
    with_regs(Regs { gpp, gpp_sid, ..Regs::default() })
}

/// A GPP string of the sections 2 (a TC string), 6, or a US section, whose header is made for it.
fn gpp(id: u8, section: &str) -> String {
    let coded = match id {
        2 => "011",
        5 => "00011",
        6 => "10011",
        7 => "01011",
        8 => "000011",
        19 => "1001011",
        _ => unreachable!("a code for section {id}"),
    };
    format!("{}~{section}", base64url(&format!("000011 000001 000000000001 0 {coded}")))
}

/// A section of Nebraska.
fn nebraska(sale: &str, targeted: &str, child: &str) -> String {
    let core = base64url(&format!("000001 000000 {sale}{targeted} {} {child} 00 010000", "00".repeat(8)));
    gpp(19, &core)
}

#[test]
fn a_request_without_signals_allows_everything() {
    for policy in [OURS, Policy::default()] {
        check(&with_regs(Regs::default()), policy, EVERYTHING);
        check(&with_regs(Regs { gdpr: Some(false), ..Regs::default() }), policy, EVERYTHING);
        check(
            &with_regs(Regs { us_privacy: Some(""), gpp: Some("DBAA"), ..Regs::default() }),
            policy,
            EVERYTHING,
        );
        check(&with_consent(None, Some(""), None), policy, EVERYTHING);
    }
}

#[test]
fn every_flag_alone_restricts() {
    let none = Regs::default();
    let device = |device| BidRequest { id: "1", device, ..BidRequest::default() };
    check(&with_regs(Regs { coppa: true, ..none }), OURS, context(Restriction::Coppa));
    check(&device(Device { lmt: true, ..Device::default() }), OURS, context(Restriction::LimitAdTracking));
    check(&device(Device { dnt: true, ..Device::default() }), OURS, context(Restriction::DoNotTrack));
    check(&with_regs(Regs { gpc: true, ..none }), OURS, context(Restriction::GlobalPrivacyControl));
    let us = |text| with_regs(Regs { us_privacy: Some(text), ..none });
    check(&us("1YYN"), OURS, context(Restriction::UsPrivacy));
    check(&us("1YNN"), OURS, EVERYTHING);
    check(&us("1---"), OURS, EVERYTHING);
    check(&us("yes"), OURS, context(Restriction::UsPrivacyUnreadable));
}

#[test]
fn under_the_gdpr_a_string_permits_purpose_by_purpose() {
    let tc = |consents: &[u8], features| Tc { consents: consents.to_vec(), features, ..Tc::default() }.text();
    let refused = |purpose| Restriction::Gdpr(ConsentRefusal::Purpose(purpose));
    let place = Restriction::Gdpr(ConsentRefusal::PreciseGeolocation);
    let precise = 0b1000_0000_0000;
    for (consents, features, want) in [
        (&[1, 2, 3, 4, 7][..], precise, EVERYTHING),
        (&[1, 2, 3, 4, 7], 0, (Outcome::Bid, "ipm", Some(place))),
        (&[1, 2, 3, 4], precise, (Outcome::Bid, "ipl", Some(refused(7)))),
        (&[1, 2, 7], precise, (Outcome::Bid, "im", Some(refused(3)))),
        (&[1, 2, 3, 7], precise, (Outcome::Bid, "im", Some(refused(4)))),
        (&[1, 2], precise, (Outcome::Bid, "i", Some(refused(3)))),
        (&[1, 3, 4, 7], precise, context(refused(2))),
        (&[2, 3, 4, 7], precise, context(refused(1))),
        (&[], precise, context(refused(1))),
    ] {
        check(&with_consent(Some(true), Some(&tc(consents, features)), None), OURS, want);
    }
}

#[test]
fn under_the_gdpr_a_string_that_is_absent_or_unreadable_or_not_for_us_permits_nothing() {
    let sound = Tc::default().text();
    let gdpr = |refusal| context(Restriction::Gdpr(refusal));
    check(&with_consent(Some(true), None, None), OURS, gdpr(ConsentRefusal::Missing));
    check(&with_consent(Some(true), Some(""), None), OURS, gdpr(ConsentRefusal::Missing));
    check(&with_consent(Some(true), Some("1YNN"), None), OURS, gdpr(ConsentRefusal::Unreadable));
    check(&with_consent(Some(true), Some(&sound), None), Policy::default(), gdpr(ConsentRefusal::NoVendorId));
    let other = Policy { vendor_id: Some(754), ..OURS };
    check(&with_consent(Some(true), Some(&sound), None), other, gdpr(ConsentRefusal::NotDisclosed));
    let zero = Policy { vendor_id: Some(0), ..OURS };
    check(&with_consent(Some(true), Some(&sound), None), zero, gdpr(ConsentRefusal::NotDisclosed));
}

#[test]
fn legitimate_interest_counts_where_the_policy_declares_it() {
    let tc =
        Tc { consents: vec![1, 3, 4], interests: vec![2, 7], vendor_interest: true, ..Tc::default() }.text();
    let request = with_consent(Some(true), Some(&tc), None);
    check(&request, OURS, context(Restriction::Gdpr(ConsentRefusal::Purpose(2))));
    let declared = Policy { legitimate_interests: Purposes::new([2, 7]), ..OURS };
    check(&request, declared, EVERYTHING);
}

#[test]
fn a_string_is_heeded_where_the_flag_is_absent_but_not_where_it_says_no() {
    let none = Tc { consents: vec![], ..Tc::default() }.text();
    let refused = Restriction::Gdpr(ConsentRefusal::Purpose(1));
    check(&with_consent(None, Some(&none), None), OURS, context(refused));
    check(&with_consent(None, Some(&Tc::default().text()), None), OURS, EVERYTHING);
    check(&with_consent(Some(false), Some(&none), None), OURS, EVERYTHING);
}

#[test]
fn of_two_strings_only_what_both_permit_is_permitted() {
    let all = Tc::default().text();
    let basic = Tc { consents: vec![1, 2, 7], ..Tc::default() }.text();
    let refused = Some(Restriction::Gdpr(ConsentRefusal::Purpose(3)));
    for (first, second) in [(&all, &basic), (&basic, &all)] {
        check(&with_consent(Some(true), Some(first), Some(second)), OURS, (Outcome::Bid, "im", refused));
    }
    let unreadable = context(Restriction::Gdpr(ConsentRefusal::Unreadable));
    check(&with_consent(Some(true), Some(&all), Some("x")), OURS, unreadable);
    check(&with_consent(Some(true), Some("x"), Some(&all)), OURS, unreadable);

    let (stays, leaves) = (nebraska("10", "10", "00"), nebraska("10", "01", "00"));
    let opted_out = context(Restriction::UsSection(19, UsRefusal::TargetedAdvertising));
    for (first, second) in [(&stays, &leaves), (&leaves, &stays)] {
        let regs = Regs { gpp: Some(first), gpp_ext: Some(second), gpp_sid: &[19], ..Regs::default() };
        check(&with_regs(regs), OURS, opted_out);
    }
}

#[test]
fn a_signal_counts_in_either_place_where_it_may_stand_and_the_stricter_where_they_differ() {
    let (all, none) = (Tc::default().text(), Tc { consents: vec![], ..Tc::default() }.text());
    let (stays, leaves) = (nebraska("10", "10", "00"), nebraska("01", "10", "00"));
    let refused = Restriction::Gdpr(ConsentRefusal::Purpose(1));
    let sale = Restriction::UsSection(19, UsRefusal::Sale);
    for (regs, regs_ext, user, user_ext, want) in [
        (r#""gdpr":1"#.to_owned(), String::new(), format!(r#""consent":"{none}""#), String::new(), refused),
        (String::new(), r#""gdpr":1"#.to_owned(), String::new(), format!(r#""consent":"{none}""#), refused),
        (
            r#""gdpr":0"#.to_owned(),
            r#""gdpr":1"#.to_owned(),
            format!(r#""consent":"{all}""#),
            format!(r#""consent":"{none}""#),
            refused,
        ),
        (format!(r#""gpp":"{leaves}","gpp_sid":[19]"#), String::new(), String::new(), String::new(), sale),
        (String::new(), format!(r#""gpp":"{leaves}","gpp_sid":[19]"#), String::new(), String::new(), sale),
        (
            format!(r#""gpp":"{stays}""#),
            format!(r#""gpp":"{leaves}","gpp_sid":[19]"#),
            String::new(),
            String::new(),
            sale,
        ),
        (
            r#""us_privacy":"1YNN""#.to_owned(),
            r#""us_privacy":"1YYN""#.to_owned(),
            String::new(),
            String::new(),
            Restriction::UsPrivacy,
        ),
        (
            String::new(),
            r#""gpc":"1""#.to_owned(),
            String::new(),
            String::new(),
            Restriction::GlobalPrivacyControl,
        ),
    ] {
        let object = |fields: String, ext: String| {
            let comma = if fields.is_empty() { "" } else { "," };
            format!(r#"{{{fields}{comma}"ext":{{{ext}}}}}"#)
        };
        let (regs, user) = (object(regs, regs_ext), object(user, user_ext));
        let body = format!(
            r#"{{"id":"1","imp":[{{"id":"1","banner":{{"w":1,"h":1}}}}],"regs":{regs},"user":{user}}}"#
        );
        let arena = Bump::new();
        check(&parse(body.as_bytes(), &arena).unwrap(), OURS, context(want));
    }
}

#[test]
fn the_european_section_of_gpp_is_a_tc_string_and_brings_the_gdpr_with_it() {
    let all = gpp(2, &Tc::default().text());
    let none = gpp(2, &Tc { vendor_consent: false, ..Tc::default() }.text());
    fn regs(gpp: &str, gdpr: Option<bool>) -> Regs<'_> {
        Regs { gpp: Some(gpp), gpp_sid: &[2], gdpr, ..Regs::default() }
    }
    let refused = context(Restriction::Gdpr(ConsentRefusal::Purpose(1)));
    for gdpr in [None, Some(true), Some(false)] {
        check(&with_regs(regs(&all, gdpr)), OURS, EVERYTHING);
        check(&with_regs(regs(&none, gdpr)), OURS, refused);
    }
    // In the section and in the user object: both count.
    let consent = Tc::default().text();
    let user = User { consent: Some(&consent), ..User::default() };
    let both = BidRequest { id: "1", user, regs: regs(&none, Some(true)), ..BidRequest::default() };
    check(&both, OURS, refused);
    // Not in force: nothing is asked of it.
    check(&with_regs(Regs { gpp: Some(&none), ..Regs::default() }), OURS, EVERYTHING);
    check(&with_regs(regs("DBAA", None)), OURS, context(Restriction::Gdpr(ConsentRefusal::Missing)));
}

#[test]
fn a_us_section_in_force_restricts_if_it_opts_out_or_cannot_be_read() {
    let us = |refusal| context(Restriction::UsSection(19, refusal));
    check(&with_gpp(Some(&nebraska("10", "10", "00")), &[19]), OURS, EVERYTHING);
    check(&with_gpp(Some(&nebraska("00", "00", "00")), &[19, 0, 3, 4]), OURS, EVERYTHING);
    check(&with_gpp(Some(&nebraska("01", "10", "00")), &[19]), OURS, us(UsRefusal::Sale));
    check(&with_gpp(Some(&nebraska("10", "01", "00")), &[19, 19]), OURS, us(UsRefusal::TargetedAdvertising));
    check(&with_gpp(Some(&nebraska("10", "10", "10")), &[19]), OURS, us(UsRefusal::Child));
    check(&with_gpp(Some(&gpp(19, "BQ")), &[19]), OURS, us(UsRefusal::Unreadable));
    let other = gpp(8, "BQ");
    for text in [None, Some(""), Some("DBAA"), Some("1YNN"), Some(other.as_str())] {
        check(&with_gpp(text, &[19]), OURS, us(UsRefusal::Missing));
    }
    // An opt-out in a section that is not in force is nobody's.
    check(&with_gpp(Some(&nebraska("01", "01", "01")), &[]), OURS, EVERYTHING);
    let usp = |text: &str| gpp(6, text);
    check(&with_gpp(Some(&usp("1YNN")), &[6]), OURS, EVERYTHING);
    check(&with_gpp(Some(&usp("1YYN")), &[6]), OURS, context(Restriction::UsSection(6, UsRefusal::Sale)));
    check(
        &with_gpp(Some(&usp("1YY")), &[6]),
        OURS,
        context(Restriction::UsSection(6, UsRefusal::Unreadable)),
    );
}

#[test]
fn a_section_that_is_not_known_restricts() {
    for sid in [1, 28, 99, u32::MAX] {
        let sids = [2, sid];
        let all = gpp(2, &Tc::default().text());
        let regs = Regs { gpp: Some(&all), gpp_sid: &sids, ..Regs::default() };
        check(&with_regs(regs), OURS, context(Restriction::UnknownSection(sid)));
    }
}

#[test]
fn the_canadian_section_permits_by_express_and_by_implied_consent() {
    let canadian = |express: &[u8], implied: &[u8], vendor: [bool; 2], restriction: Option<(u8, u8)>| {
        let purposes = |own: &[u8]| -> String {
            (1..=24u8).map(|purpose| if own.contains(&purpose) { '1' } else { '0' }).collect()
        };
        let list = |held| format!("{:016b}0{}{}", 755, "0".repeat(754), u8::from(held));
        let mut core = format!("000001{}", "0".repeat(145));
        core += &(purposes(express) + &purposes(implied) + &list(vendor[0]) + &list(vendor[1]));
        core += &match restriction {
            None => "0".repeat(12),
            Some((purpose, kind)) => format!("000000000001{purpose:06b}{kind:02b}{}", list(true)),
        };
        gpp(5, &base64url(&core))
    };
    let refused = |purpose| Restriction::Canada(ConsentRefusal::Purpose(purpose));
    let check_canadian = |text: &str, want| {
        check(&with_regs(Regs { gpp: Some(text), gpp_sid: &[5], ..Regs::default() }), OURS, want);
    };
    let all = [1, 2, 3, 4, 7];
    check_canadian(&canadian(&all, &[], [true, false], None), EVERYTHING);
    check_canadian(&canadian(&[], &all, [false, true], None), EVERYTHING);
    check_canadian(&canadian(&[1, 2], &[7], [true, true], None), (Outcome::Bid, "im", Some(refused(3))));
    check_canadian(&canadian(&all, &[], [false, true], None), context(refused(1)));
    check_canadian(&canadian(&[], &all, [true, false], None), context(refused(1)));
    check_canadian(&canadian(&all, &[], [true, false], Some((2, 0))), context(refused(2)));
    check_canadian(&canadian(&all, &[], [true, false], Some((2, 2))), context(refused(2)));
    check_canadian(&canadian(&all, &[], [true, false], Some((2, 1))), EVERYTHING);
    check_canadian(&gpp(5, "BPX"), context(Restriction::Canada(ConsentRefusal::Unreadable)));
    check_canadian("DBAA", context(Restriction::Canada(ConsentRefusal::Missing)));
    let regs = Regs { gpp_sid: &[5], ..Regs::default() };
    check(&with_regs(regs), Policy::default(), context(Restriction::Canada(ConsentRefusal::NoVendorId)));
}

#[test]
fn an_exchange_may_want_no_bid_where_a_person_may_not_be_recognised() {
    let no_bid = |reason| (Outcome::NoBid, "", Some(reason));
    let none = Regs::default();
    let children = Policy { children: Unwaivable::NoBid, ..OURS };
    check(&with_regs(Regs { coppa: true, ..none }), children, no_bid(Restriction::Coppa));
    let child = nebraska("10", "10", "01");
    let child = with_regs(Regs { gpp: Some(&child), gpp_sid: &[19], ..none });
    check(&child, children, no_bid(Restriction::UsSection(19, UsRefusal::Child)));
    let devices = Policy { devices: Unwaivable::NoBid, ..OURS };
    let device = Device { lmt: true, ..Device::default() };
    check(&BidRequest { device, ..with_regs(none) }, devices, no_bid(Restriction::LimitAdTracking));
    let gdpr = Policy { gdpr: Outcome::NoBid, ..OURS };
    let missing = Restriction::Gdpr(ConsentRefusal::Missing);
    check(&with_consent(Some(true), None, None), gdpr, no_bid(missing));
    // What a string permits in part is bid on for that part.
    let basic = Tc { consents: vec![1, 2], ..Tc::default() }.text();
    let part = Some(Restriction::Gdpr(ConsentRefusal::Purpose(3)));
    check(&with_consent(Some(true), Some(&basic), None), gdpr, (Outcome::Bid, "i", part));
    let us = Policy { us: Outcome::NoBid, ..OURS };
    check(&with_regs(Regs { gpc: true, ..none }), us, no_bid(Restriction::GlobalPrivacyControl));
    check(&with_regs(Regs { us_privacy: Some("1YYN"), ..none }), us, no_bid(Restriction::UsPrivacy));
    let gpp = Policy { gpp: Outcome::NoBid, ..OURS };
    check(&with_regs(Regs { gpp_sid: &[40], ..none }), gpp, no_bid(Restriction::UnknownSection(40)));
}

#[test]
fn an_exchange_that_vouches_for_a_law_waives_it_but_never_a_childs_nor_a_devices_signal() {
    let vouching = Policy { gdpr: Outcome::Bid, us: Outcome::Bid, gpp: Outcome::Bid, ..OURS };
    let opted_out = nebraska("01", "01", "01");
    let regs = Regs {
        gdpr: Some(true),
        us_privacy: Some("1YYN"),
        gpc: true,
        gpp: Some(&opted_out),
        gpp_sid: &[2, 5, 6, 19, 99],
        ..Regs::default()
    };
    check(&with_regs(regs), vouching, context(Restriction::UsSection(19, UsRefusal::Child)));
    let grown_up = nebraska("01", "01", "00");
    let regs = Regs { gpp: Some(&grown_up), ..regs };
    check(&with_regs(regs), vouching, EVERYTHING);
    check(&with_regs(Regs { coppa: true, ..regs }), vouching, context(Restriction::Coppa));
    let device = Device { dnt: true, ..Device::default() };
    check(&BidRequest { device, ..with_regs(regs) }, vouching, context(Restriction::DoNotTrack));
}

#[test]
fn an_exchange_that_vouches_for_the_us_does_not_waive_a_child_that_a_section_knows_of() {
    let vouching = Policy { us: Outcome::Bid, children: Unwaivable::NoBid, ..OURS };
    let refused = (Outcome::NoBid, "", Some(Restriction::UsSection(19, UsRefusal::Child)));
    check(&with_gpp(Some(&nebraska("10", "10", "01")), &[19]), vouching, refused);
    check(&with_gpp(Some(&nebraska("10", "10", "10")), &[19]), vouching, refused);
    check(&with_gpp(Some(&nebraska("01", "01", "00")), &[19]), vouching, EVERYTHING);
    // What cannot be read or is not there says nothing of a child.
    check(&with_gpp(Some(&gpp(19, "BQ")), &[19]), vouching, EVERYTHING);
    check(&with_gpp(None, &[19]), vouching, EVERYTHING);
}

#[test]
fn of_two_us_privacy_strings_only_what_both_permit_is_permitted() {
    let both = |newer, older| {
        with_regs(Regs { us_privacy: Some(newer), us_privacy_ext: Some(older), ..Regs::default() })
    };
    let unreadable = context(Restriction::UsPrivacyUnreadable);
    let out = context(Restriction::UsPrivacy);
    check(&both("1YNN", "1---"), OURS, EVERYTHING);
    for (newer, older, want) in [
        ("1YNN", "zzzz", unreadable),
        ("zzzz", "1YNN", unreadable),
        ("1YNN", "1YYN", out),
        ("1YYN", "1YNN", out),
    ] {
        check(&both(newer, older), OURS, want);
    }
}

#[test]
fn of_several_restrictions_the_first_with_the_strictest_outcome_is_told() {
    let regs = Regs { coppa: true, gdpr: Some(true), gpc: true, ..Regs::default() };
    check(&with_regs(regs), OURS, context(Restriction::Coppa));
    let us = Policy { us: Outcome::NoBid, ..OURS };
    let want = (Outcome::NoBid, "", Some(Restriction::GlobalPrivacyControl));
    check(&with_regs(regs), us, want);
    assert_eq!(Permissions::of(&with_regs(regs), &us).refused(), Some(Restriction::GlobalPrivacyControl));
    assert_eq!(Permissions::of(&with_regs(regs), &OURS).refused(), None);
}

#[test]
fn every_restriction_has_words_of_its_own() {
    let consent = [
        ConsentRefusal::Missing,
        ConsentRefusal::NoVendorId,
        ConsentRefusal::Unreadable,
        ConsentRefusal::NotDisclosed,
        ConsentRefusal::Purpose(1),
        ConsentRefusal::Purpose(7),
        ConsentRefusal::PreciseGeolocation,
    ];
    let us = [
        UsRefusal::Child,
        UsRefusal::Sale,
        UsRefusal::Sharing,
        UsRefusal::TargetedAdvertising,
        UsRefusal::ServiceProvider,
        UsRefusal::GlobalPrivacyControl,
        UsRefusal::Unreadable,
        UsRefusal::Missing,
    ];
    let plain = [
        Restriction::Coppa,
        Restriction::LimitAdTracking,
        Restriction::DoNotTrack,
        Restriction::UsPrivacy,
        Restriction::UsPrivacyUnreadable,
        Restriction::GlobalPrivacyControl,
        Restriction::UnknownSection(99),
    ];
    let all: Vec<String> = plain
        .into_iter()
        .chain(consent.map(Restriction::Gdpr))
        .chain(consent.map(Restriction::Canada))
        .chain(us.map(|refusal| Restriction::UsSection(8, refusal)))
        .map(|restriction| restriction.to_string())
        .collect();
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len(), "{all:?}");
    assert!(all[0].contains("children"));
    assert_eq!(
        Restriction::Gdpr(ConsentRefusal::Purpose(1)).to_string(),
        "gdpr applies, and the string permits us no purpose 1 (store and access information)"
    );
    assert_eq!(
        Restriction::UsSection(8, UsRefusal::Sale).to_string(),
        "gpp section 8 applies, and the person opted out of sale"
    );
}
