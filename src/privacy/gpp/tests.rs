//! GPP strings against the IAB's encoder, against the crate `iab_gpp`, and by hand.

use std::fmt::Debug;

use iab_gpp::sections::us_common::{MspaMode, OptOut};
use iab_gpp::sections::usnat::Core as National;
use iab_gpp::sections::{
    tcfcav1, usca, usco, usct, usde, usfl, usia, usmn, usmt, usnat, usne, usnh, usnj, usor, ustn, ustx, usut,
    usva,
};

use crate::privacy::gpp::SECTION_MAX;
use crate::privacy::sample::{CanadaFound, GppVector, base64url, gpp_vectors, mangled, probes, seeded};
use crate::privacy::tcf::tests::{check_found, vendors_of};
use crate::privacy::{
    CanadianString, GppString, Purposes, SignalFault, UsRefusal, UsSection, opted_out_of_sale,
};

#[test]
fn every_us_section_of_the_reference_encoder_is_read_as_it_was_meant() {
    let mut seen = [0; SECTION_MAX as usize + 1];
    for GppVector { note, string, us, us_privacy, .. } in &gpp_vectors() {
        let gpp = GppString::read(string).unwrap_or_else(|_| panic!("{note}: {string}"));
        for (id, want) in us {
            let id: u8 = id.parse().unwrap();
            seen[usize::from(id)] += 1;
            let found = UsSection {
                sale: want.sale == 1,
                sharing: want.sharing == 1,
                targeted: want.targeted == 1,
                child: want.children.iter().any(|consent| *consent != 0),
                service_provider: want.service_provider,
                gpc: want.gpc,
            };
            let text = gpp.section(id).expect("the header names it");
            assert_eq!(UsSection::read(id, text), Some(Ok(found)), "{note}: section {id} of {string}");
        }
        if let Some(us_privacy) = us_privacy {
            assert_eq!(gpp.section(6), Some(us_privacy.as_str()));
        }
    }
    for (id, vectors) in seen.iter().enumerate().skip(7) {
        assert!(*vectors > 20, "{vectors} vectors of section {id} prove little");
    }
}

#[test]
fn a_european_section_is_read_as_the_tc_string_that_it_is() {
    let vectors = gpp_vectors();
    let mut read = 0;
    for GppVector { note, string, europe, .. } in &vectors {
        let Some(want) = europe else { continue };
        let text = GppString::read(string).unwrap().section(2).unwrap();
        vendors_of(want).for_each(|vendor| check_found(note, text, want, vendor));
        read += 1;
    }
    assert!(read > 10, "{read} strings prove little");
}

fn canadian(want: &CanadaFound, vendor: u16) -> CanadianString {
    let restricted = |kind| {
        let own = want.restrictions.iter().filter(|it| it.kind == kind && it.vendors.has(vendor));
        Purposes::new(own.map(|it| it.purpose))
    };
    CanadianString {
        express: want.express.purposes(),
        implied: want.implied.purposes(),
        vendor: crate::privacy::VendorSignals {
            consent: want.vendor_express.has(vendor),
            legitimate_interest: want.vendor_implied.has(vendor),
            disclosed: want.disclosed.as_ref().map(|disclosed| disclosed.has(vendor)),
            forbidden: restricted(0),
            consent_required: restricted(1),
            interest_required: restricted(2),
        },
    }
}

#[test]
fn a_canadian_section_is_read_whichever_way_its_ranges_were_written() {
    let vectors = gpp_vectors();
    let (mut read, mut alone) = (0, 0);
    for GppVector { note, string, canada, .. } in &vectors {
        let Some(want) = canada else { continue };
        let text = GppString::read(string).unwrap().section(5).unwrap();
        let restricted = want.restrictions.iter().map(|it| &it.vendors);
        let lists = [&want.vendor_express, &want.vendor_implied].into_iter().chain(&want.disclosed);
        for vendor in probes(lists.chain(restricted)) {
            let readings: Vec<_> = CanadianString::read(text, vendor).expect(note).collect();
            let meant = canadian(want, vendor);
            assert!(readings.contains(&meant), "{note}, vendor {vendor}: {readings:?} of {string}");
            read += 1;
            alone += usize::from(readings.iter().all(|reading| *reading == meant));
        }
    }
    assert!(read > 1_000 && alone * 20 > read * 19, "{alone} of {read} are not ambiguous");
}

#[test]
fn another_reader_finds_the_same_in_canadian_sections_of_the_old_form() {
    let mut compared = 0;
    for GppVector { note, string, canada, .. } in &gpp_vectors() {
        let Some(want) = canada.as_ref().filter(|canada| canada.legacy) else { continue };
        let text = GppString::read(string).unwrap().section(5).unwrap();
        let peer: tcfcav1::TcfCaV1 = text.parse().unwrap_or_else(|error| panic!("{note}: {error}"));
        for vendor in probes([&want.vendor_express, &want.vendor_implied]) {
            for reading in CanadianString::read(text, vendor).unwrap() {
                let core = &peer.core;
                assert_eq!(reading.vendor.consent, core.vendor_express_consents.contains(&vendor), "{note}");
                let implied = core.vendor_implied_consents.contains(&vendor);
                assert_eq!(reading.vendor.legitimate_interest, implied, "{note}");
                let express = core.purpose_express_consents.iter().map(|id| u8::try_from(*id).unwrap());
                assert_eq!(reading.express, Purposes::new(express), "{note}");
                compared += 1;
            }
        }
    }
    assert!(compared > 500, "{compared} comparisons prove little");
}

#[test]
fn a_canadian_section_ends_with_its_text() {
    let core = |rest: &str| {
        // Every purpose expressly, none implied; vendors 1 and 2 of two as bits.
        let lists = "0000000000000010 0 11 0000000000000000 0";
        let text = format!("000001{} {} {} {lists}{rest}", "0".repeat(145), "1".repeat(24), "0".repeat(24));
        base64url(&text)
    };
    let check = |rest: &str, want: Option<bool>| {
        let read = CanadianString::read(&core(rest), 2);
        let permits = read.ok().map(|mut readings| readings.all(|reading| reading.permits(1)));
        assert_eq!(permits, want, "{rest}");
    };
    check("", Some(true));
    check("000000000000", Some(true));
    check(&"0".repeat(30), Some(true));
    check(&"0".repeat(60), None);
    check("000000000000 000001", None);
    check("0000 0001", None);
    check("000000000001 000001 00 0000000000000010 0 01", Some(false));
    check("000000000001 000001 00 000000000001 0 0000000000000010", Some(false));
    check("000000000001 000001", None);
}

/// What the crate reads of a US section: a choice is `None` where it does not apply, or is not defined.
#[derive(Debug)]
struct Peer {
    sale: Option<bool>,
    sharing: Option<bool>,
    targeted: Option<bool>,
    child: bool,
    service_provider: Option<bool>,
    gpc: bool,
}

fn choice(opt_out: &OptOut) -> Option<bool> {
    match opt_out {
        OptOut::NotApplicable => None,
        OptOut::OptedOut => Some(true),
        OptOut::DidNotOptOut => Some(false),
    }
}

fn mode(mode: &MspaMode) -> Option<bool> {
    match mode {
        MspaMode::NotApplicable => None,
        MspaMode::Yes => Some(true),
        MspaMode::No => Some(false),
    }
}

/// True if one of the fields, however they are called, says something.
fn told(consents: &impl Debug) -> bool {
    let text = format!("{consents:?}");
    text.split([' ', ',']).any(|word| matches!(word, "Consent" | "NoConsent"))
}

macro_rules! peer {
    ($core:expr, $gpc:expr, sharing: $sharing:expr, targeted: $targeted:expr) => {
        Peer {
            sale: choice(&$core.sale_opt_out),
            sharing: $sharing,
            targeted: $targeted,
            child: told(&$core.known_child_sensitive_data_consents),
            service_provider: mode(&$core.mspa_service_provider_mode),
            gpc: $gpc.unwrap_or(false),
        }
    };
    ($section:ty, $text:expr) => {{
        let section: $section = $text.parse().ok()?;
        let core = &section.core;
        peer!(core, section.gpc, sharing: None, targeted: choice(&core.targeted_advertising_opt_out))
    }};
    ($section:ty, $text:expr, no gpc) => {{
        let section: $section = $text.parse().ok()?;
        let core = &section.core;
        peer!(core, None, sharing: None, targeted: choice(&core.targeted_advertising_opt_out))
    }};
}

fn peer(id: u8, text: &str) -> Option<Peer> {
    Some(match id {
        7 => {
            let section: usnat::UsNat = text.parse().ok()?;
            match &section.core {
                National::V1(core) => peer!(core, section.gpc,
                    sharing: choice(&core.sharing_opt_out),
                    targeted: choice(&core.targeted_advertising_opt_out)),
                National::V2(core) => peer!(core, section.gpc,
                    sharing: choice(&core.sharing_opt_out),
                    targeted: choice(&core.targeted_advertising_opt_out)),
                _ => return None,
            }
        }
        8 => {
            let section: usca::UsCa = text.parse().ok()?;
            let core = &section.core;
            peer!(core, section.gpc, sharing: choice(&core.sharing_opt_out), targeted: None)
        }
        9 => peer!(usva::UsVa, text, no gpc),
        10 => peer!(usco::UsCo, text),
        11 => peer!(usut::UsUt, text, no gpc),
        12 => peer!(usct::UsCt, text),
        13 => peer!(usfl::UsFl, text, no gpc),
        14 => peer!(usmt::UsMt, text),
        15 => peer!(usor::UsOr, text),
        16 => peer!(ustx::UsTx, text),
        17 => peer!(usde::UsDe, text),
        18 => peer!(usia::UsIa, text),
        19 => peer!(usne::UsNe, text),
        20 => peer!(usnh::UsNh, text),
        21 => peer!(usnj::UsNj, text),
        22 => peer!(ustn::UsTn, text),
        23 => peer!(usmn::UsMn, text),
        _ => return None,
    })
}

/// Choices of which the crate says nothing are not defined if we say they were made.
#[track_caller]
fn check_against_peer(ours: UsSection, peer: &Peer, what: &str) {
    let agrees = |ours: bool, peer: Option<bool>| peer.is_none_or(|peer| peer == ours);
    assert!(agrees(ours.sale, peer.sale), "sale, {what}: {ours:?}, {peer:?}");
    assert!(agrees(ours.sharing, peer.sharing), "sharing, {what}: {ours:?}, {peer:?}");
    assert!(agrees(ours.targeted, peer.targeted), "targeted, {what}: {ours:?}, {peer:?}");
    assert!(agrees(ours.service_provider, peer.service_provider), "mspa, {what}: {ours:?}, {peer:?}");
    assert!(ours.child || !peer.child, "child, {what}: {ours:?}, {peer:?}");
    assert_eq!(ours.gpc, peer.gpc, "gpc, {what}");
}

#[test]
fn another_reader_finds_the_same_in_us_sections() {
    let mut compared = [0; 24];
    for GppVector { note, string, us, .. } in &gpp_vectors() {
        for id in us.keys().map(|id| id.parse::<u8>().unwrap()).filter(|id| *id <= 23) {
            let text = GppString::read(string).unwrap().section(id).unwrap();
            let peer = peer(id, text).unwrap_or_else(|| panic!("{note}: the crate reads {text}"));
            let ours = UsSection::read(id, text).unwrap().unwrap();
            check_against_peer(ours, &peer, note);
            assert_eq!(ours.child, peer.child, "{note}");
            compared[usize::from(id)] += 1;
        }
    }
    assert!(compared[7..].iter().all(|count| *count > 20), "{compared:?}");
}

#[test]
fn another_reader_finds_the_same_in_damaged_us_sections() {
    let mut random = seeded();
    let mut compared = 0;
    for GppVector { string, us, .. } in gpp_vectors().iter().cycle().take(20_000) {
        for id in us.keys().map(|id| id.parse::<u8>().unwrap()).filter(|id| *id <= 23) {
            let text = mangled(GppString::read(string).unwrap().section(id).unwrap(), &mut random);
            // A first version of the length, so in the layout, of the second is known to us alone.
            let by_length = id == 7 && text.starts_with('B') && text.find('.').unwrap_or(text.len()) > 11;
            if let (Some(Ok(ours)), Some(peer), false) =
                (UsSection::read(id, &text), peer(id, &text), by_length)
            {
                check_against_peer(ours, &peer, &format!("section {id}, {text}"));
                compared += 1;
            }
        }
    }
    assert!(compared > 10_000, "{compared} comparisons prove little");
}

/// The crate forgets the ids before the last of a header with more than two ranges, and knows none above 23.
#[test]
fn another_reader_finds_the_same_sections() {
    let mut compared = 0;
    for GppVector { string, .. } in &gpp_vectors() {
        let ours = GppString::read(string).unwrap();
        let held: Vec<u8> = (0..=SECTION_MAX).filter(|id| ours.section(*id).is_some()).collect();
        if held.len() > 2 || held.iter().any(|id| *id > 23) {
            continue;
        }
        let peer: iab_gpp::v1::GPPString = string.parse().unwrap_or_else(|error| panic!("{string}: {error}"));
        let (ids, texts): (Vec<u8>, Vec<_>) =
            peer.section_ids().map(|id| (*id as u8, peer.section(*id))).unzip();
        assert_eq!((&ids, texts), (&held, held.iter().map(|id| ours.section(*id)).collect()), "{string}");
        compared += 1;
    }
    assert!(compared > 400, "{compared} comparisons prove little");
}

#[track_caller]
fn check_header(text: &str, want: Option<&[(u8, &str)]>) {
    let read = GppString::read(text).ok().map(|gpp| {
        (0..=SECTION_MAX).filter_map(|id| gpp.section(id).map(|text| (id, text))).collect::<Vec<_>>()
    });
    assert_eq!(read.as_deref(), want, "{text}");
}

#[test]
fn a_header_names_its_sections_one_by_one_and_in_ranges() {
    check_header("DBAA", Some(&[]));
    check_header("DBABMA~CPX", Some(&[(2, "CPX")]));
    check_header("DBACNY~CPX~1YNN", Some(&[(2, "CPX"), (6, "1YNN")]));
    let header = |ranges: &str| base64url(&format!("000011 000001 {ranges}"));
    // 7, then 9 to 12, then 30.
    let three = header("000000000011 0 01011 1 011 0011 0 0101011");
    check_header(
        &format!("{three}~a~b~c~d~e~f"),
        Some(&[(7, "a"), (9, "b"), (10, "c"), (11, "d"), (12, "e")]),
    );
}

#[test]
fn a_header_that_is_not_one_or_names_other_than_is_there_is_refused() {
    for text in [
        "",
        "~",
        "D",
        "DB",
        "DBA",
        "DBABMA",
        "DBABMA~a~b",
        "DBAA~a",
        "CBABMA~a",
        "DCABMA~a",
        "dbabma~a",
        "1YNN",
        "DBABMA.A~a",
        "DBABM=~a",
        "DBAB~a",
        "CQbNRyDQbNRyDAfACAENB4EgAO2A",
    ] {
        check_header(text, None);
    }
    // One range of 50,000 sections.
    let huge = base64url(&format!("000011 000001 000000000001 1 11 {}11", "0".repeat(21)));
    check_header(&format!("{huge}~a~b~c"), None);
}

/// What section `id` with this text refuses.
#[track_caller]
fn check_us(id: u8, text: &str, want: Option<UsRefusal>) {
    let section = UsSection::read(id, text).expect("a US section");
    let refusal = section.map_or(Some(UsRefusal::Unreadable), |section| section.refusal());
    assert_eq!(refusal, want, "section {id}: {text}");
}

#[test]
fn an_undefined_choice_counts_as_an_opt_out_and_one_that_does_not_apply_as_none() {
    let virginia = |sale: &str, targeted: &str, child: &str, mspa: &str| {
        base64url(&format!("000001 000000 {sale}{targeted} {} {child} 0100 {mspa}", "00".repeat(8)))
    };
    check_us(9, &virginia("00", "00", "00", "00"), None);
    check_us(9, &virginia("10", "10", "00", "10"), None);
    check_us(9, &virginia("01", "10", "00", "00"), Some(UsRefusal::Sale));
    check_us(9, &virginia("11", "10", "00", "00"), Some(UsRefusal::Sale));
    check_us(9, &virginia("10", "01", "00", "00"), Some(UsRefusal::TargetedAdvertising));
    check_us(9, &virginia("10", "10", "00", "01"), Some(UsRefusal::ServiceProvider));
    for child in ["01", "10", "11"] {
        check_us(9, &virginia("10", "10", child, "00"), Some(UsRefusal::Child));
    }
}

#[test]
fn global_privacy_control_is_read_in_its_segment() {
    let nebraska = base64url(&format!("000001 000000 1010 {} 00 00 010000", "00".repeat(8)));
    check_us(19, &nebraska, None);
    check_us(19, &format!("{nebraska}.QA"), None);
    check_us(19, &format!("{nebraska}.YA"), Some(UsRefusal::GlobalPrivacyControl));
    for more in [".", ".AA", ".gA", ".YA.YA", ".QA.", ".Q=", ".é"] {
        check_us(19, &format!("{nebraska}{more}"), Some(UsRefusal::Unreadable));
    }
    // Kentucky has sensitive data there.
    check_us(26, "BQoA.YAA", None);
}

#[test]
fn a_us_section_of_another_version_or_length_is_refused() {
    for id in 7..=27 {
        for text in ["", "B", "BA", "AAAAAAAAAAAAAAAA", "DAAAAAAAAAAAAAAA", "1YNN", "BAAA+AAAAAAAAAAA", "~"] {
            check_us(id, text, Some(UsRefusal::Unreadable));
        }
        assert_eq!(id == 7, UsSection::read(id, "CAAAAAAAAAAAAAAA").unwrap().is_ok(), "version 2 of {id}");
    }
    assert_eq!(UsSection::read(6, "1YNN"), None);
    assert_eq!(UsSection::read(28, "BAAA"), None);
}

#[test]
fn a_long_national_section_of_version_1_has_the_layout_of_version_2() {
    let national = |version: &str, sensitive: usize, children: &str| {
        let sensitive = "10".repeat(sensitive);
        base64url(&format!("{version} 000000000000 101010 {sensitive} {children} 00 010000"))
    };
    check_us(7, &national("000001", 12, "0000"), None);
    check_us(7, &national("000001", 12, "0001"), Some(UsRefusal::Child));
    check_us(7, &national("000001", 16, "000000"), None);
    check_us(7, &national("000001", 16, "000001"), Some(UsRefusal::Child));
    check_us(7, &national("000010", 16, "000000"), None);
    check_us(7, &national("000010", 12, "0000"), Some(UsRefusal::Unreadable));
}

#[test]
fn a_section_cut_short_never_permits_more() {
    for GppVector { string, us, .. } in &gpp_vectors() {
        for id in us.keys().map(|id| id.parse::<u8>().unwrap()) {
            let text = GppString::read(string).unwrap().section(id).unwrap();
            let whole = UsSection::read(id, text).unwrap().unwrap();
            for length in 0..text.len() {
                let Some(Ok(cut)) = UsSection::read(id, &text[..length]) else { continue };
                // The segment of the browser's signal is optional: without it, another sound string.
                let rest = UsSection { gpc: cut.gpc, ..whole };
                assert_eq!(cut, rest, "{length} letters of section {id}, {text}");
                assert!(cut.gpc == whole.gpc || length <= text.find('.').unwrap());
            }
        }
    }
}

#[test]
fn damaged_strings_are_read_or_refused() {
    let mut random = seeded();
    for GppVector { string, .. } in gpp_vectors().iter().cycle().take(20_000) {
        let mut damaged = mangled(string, &mut random);
        damaged.truncate(damaged.len() - usize::from(rand::RngExt::random::<u8>(&mut random) % 4));
        let Ok(gpp) = GppString::read(&damaged) else { continue };
        for id in 0..=SECTION_MAX {
            let Some(text) = gpp.section(id) else { continue };
            let _ = UsSection::read(id, text);
            let _ = CanadianString::read(text, 755).map(Iterator::count);
            let _ = crate::privacy::TcString::read(text, 755);
        }
    }
    for filler in ["A", "_", "~", "B~", "DBABMA~", "."] {
        let hostile = format!("DB{}", filler.repeat(60_000));
        let _ = GppString::read(&hostile);
        let _ = CanadianString::read(&format!("B{hostile}"), 755).map(Iterator::count);
    }
}

#[test]
fn only_an_opt_out_of_sale_is_one_in_a_us_privacy_string() {
    for text in ["1YYN", "1NY-", "1yyn", "1-Y-"] {
        assert_eq!(opted_out_of_sale(text), Ok(true), "{text}");
    }
    for text in ["1YNN", "1---", "1YNY", "1-N-"] {
        assert_eq!(opted_out_of_sale(text), Ok(false), "{text}");
    }
    for text in ["", "1", "1YN", "1YNNN", "2YNN", "1YXN", "é", "YYYY", "BAAA"] {
        assert_eq!(opted_out_of_sale(text), Err(SignalFault), "{text}");
    }
}
