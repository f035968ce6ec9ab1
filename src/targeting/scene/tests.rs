//! What scenes tell, asked by rules.

use crate::audience::Profile;
use crate::campaign::{Attribute, Circle, LineItem, Range, Rule, Test, Wanted};
use crate::openrtb::{Av, BidRequest, Channel, Content, Device, Geo, Imp, Outlet, Segment, User};
use crate::targeting::fixture::{
    NOW, PARIS, av, banner, catalog, deal, line_item, plain_imp, plain_request, vocabulary_of,
};
use crate::targeting::{Asker, CompiledRule, Known, Scene, Vocabulary};
use crate::units::{ExchangeId, Millis, Multiplier, SegmentId};

/// What a scene answers to a predicate.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Answer {
    Fits,
    Misses,
    Unknown,
}
use Answer::{Fits, Misses, Unknown};

/// Values of an attribute, or what else it must be.
type Asked = (Attribute, Wanted);

/// Asks of an attribute in all four forms: plain and negated, with and without the unknown.
#[track_caller]
fn check_known(
    request: BidRequest<'static>,
    imp: &Imp<'_>,
    known: Known<'_>,
    (attribute, wanted): Asked,
    want: Answer,
) {
    let words = format!("{attribute}: {wanted:?}");
    let rule = Rule::Is(Test { attribute, wanted, include_unknown: false });
    let vocabulary = vocabulary_of([&rule]);
    let mut scene = Scene::of(&vocabulary, &request, ExchangeId::from_slug("adx"), known, NOW);
    scene.look_at(imp);
    let both_ways = |include_unknown| {
        let Rule::Is(test) = &rule else { unreachable!("made above") };
        let rule = Rule::Is(Test { include_unknown, ..test.clone() });
        let negated = Rule::Not(Box::new(rule.clone()));
        [rule, negated].map(|rule| CompiledRule::new(&rule, &PARIS).holds(&scene))
    };
    let answer = match (both_ways(false), both_ways(true)) {
        ([true, false], [true, false]) => Fits,
        ([false, true], [false, true]) => Misses,
        ([false, false], [true, true]) => Unknown,
        other => panic!("no answer is {other:?}"),
    };
    assert_eq!(answer, want, "{words}");
}

#[track_caller]
fn check_of(
    request: BidRequest<'static>,
    imp: &Imp<'_>,
    person: Option<&Profile>,
    asked: Asked,
    want: Answer,
) {
    check_known(request, imp, Known { person, precise: true }, asked, want);
}

#[track_caller]
fn check(request: BidRequest<'static>, asked: Asked, want: Answer) {
    check_of(request, &plain_imp(), Some(&Profile::default()), asked, want);
}

/// One of these values of `attribute`.
fn one_of(attribute: Attribute, values: &[&str]) -> Asked {
    let values = values.iter().map(|value| attribute.canonical(value).unwrap());
    (attribute, Wanted::OneOf(values.collect()))
}

fn at(geo: Geo<'static>) -> BidRequest<'static> {
    BidRequest { device: Device { geo, ..Device::default() }, ..plain_request() }
}

fn on(device: Device<'static>) -> BidRequest<'static> {
    BidRequest { device, ..plain_request() }
}

fn site(outlet: Outlet<'static>) -> BidRequest<'static> {
    BidRequest { channel: Channel::Site(outlet), ..plain_request() }
}

#[test]
fn a_country_reads_in_both_forms_and_from_home_if_need_be() {
    let france = || one_of(Attribute::Country, &["FR"]);
    let here = Geo { country: Some("FRA"), ..Geo::default() };
    let abroad = Geo { country: Some("be"), ..Geo::default() };
    check(at(here), france(), Fits);
    check(at(abroad), france(), Misses);
    check(at(Geo { country: Some("ZZZ"), ..Geo::default() }), france(), Unknown);
    check(plain_request(), france(), Unknown);
    let home = User { geo: here, ..User::default() };
    check(BidRequest { user: home, ..plain_request() }, france(), Fits);
    check(BidRequest { user: home, ..at(abroad) }, france(), Misses);
}

#[test]
fn a_place_is_never_mixed_from_two() {
    let paris = Geo { country: Some("FRA"), region: Some("IDF"), city: Some("PARIS"), ..Geo::default() };
    let region = || one_of(Attribute::Region, &["FR-IDF"]);
    let city = || one_of(Attribute::City, &["paris"]);
    check(at(paris), region(), Fits);
    check(at(paris), city(), Fits);
    check(at(Geo { country: None, ..paris }), region(), Unknown);
    let home = User { geo: paris, ..User::default() };
    let abroad = at(Geo { country: Some("BEL"), ..Geo::default() });
    check(BidRequest { user: home, ..abroad }, city(), Unknown);
    check(BidRequest { user: home, ..abroad }, region(), Unknown);
}

#[test]
fn a_postcode_fits_by_prefix_and_a_metro_whole() {
    let geo = Geo { zip: Some("75 116"), metro: Some("803"), ..Geo::default() };
    check(at(geo), one_of(Attribute::Postcode, &["75"]), Fits);
    check(at(geo), one_of(Attribute::Postcode, &["751167"]), Misses);
    check(at(geo), one_of(Attribute::Metro, &["803"]), Fits);
    check(at(geo), one_of(Attribute::Metro, &["80"]), Misses);
}

#[test]
fn coordinates_are_a_persons_unless_they_are_a_screens() {
    let near = || (Attribute::Near, Wanted::Within(vec![Circle { lat: 48.85, lon: 2.35, km: 5.0 }]));
    let geo = Geo { lat: Some(48.86), lon: Some(2.35), ..Geo::default() };
    let imp = &plain_imp();
    check(at(geo), near(), Fits);
    check(at(Geo { lat: Some(45.0), ..geo }), near(), Misses);
    check(at(Geo { lon: None, ..geo }), near(), Unknown);
    check_of(at(geo), imp, None, near(), Unknown);
    let screen = BidRequest { channel: Channel::Dooh(Outlet::default()), ..at(geo) };
    check_of(screen, imp, None, near(), Fits);
}

#[test]
fn a_place_that_may_not_be_used_precisely_is_unknown_unless_it_is_a_screens() {
    let near = || (Attribute::Near, Wanted::Within(vec![Circle { lat: 48.85, lon: 2.35, km: 5.0 }]));
    let home = || (Attribute::HomeNear, Wanted::Within(vec![Circle { lat: 48.85, lon: 2.35, km: 5.0 }]));
    let geo = Geo { lat: Some(48.86), lon: Some(2.35), ..Geo::default() };
    let request = || BidRequest { user: User { geo, ..User::default() }, ..at(geo) };
    let screen = || BidRequest { channel: Channel::Dooh(Outlet::default()), ..request() };
    let (imp, profile) = (&plain_imp(), Profile::default());
    let roughly = Known { person: Some(&profile), precise: false };
    let precisely = Known { precise: true, ..roughly };
    check_known(request(), imp, roughly, near(), Unknown);
    check_known(request(), imp, roughly, home(), Unknown);
    check_known(request(), imp, precisely, near(), Fits);
    check_known(request(), imp, precisely, home(), Fits);
    check_known(request(), imp, Known { person: None, precise: true }, home(), Unknown);
    check_known(screen(), imp, roughly, near(), Fits);
}

#[test]
fn home_is_told_apart_from_here() {
    let home = Geo {
        country: Some("FRA"),
        region: Some("IDF"),
        city: Some("Paris"),
        zip: Some("75001"),
        ..Geo::default()
    };
    let abroad = Geo { country: Some("BEL"), ..Geo::default() };
    let request = || BidRequest { user: User { geo: home, ..User::default() }, ..at(abroad) };
    check(request(), one_of(Attribute::HomeCountry, &["FR"]), Fits);
    check(request(), one_of(Attribute::Country, &["FR"]), Misses);
    check(request(), one_of(Attribute::HomeRegion, &["FR-ARA"]), Misses);
    check(request(), one_of(Attribute::HomeCity, &["paris"]), Fits);
    check(request(), one_of(Attribute::HomePostcode, &["75"]), Fits);
    check(at(abroad), one_of(Attribute::HomeCountry, &["FR"]), Unknown);
    check_of(request(), &plain_imp(), None, one_of(Attribute::HomeCity, &["paris"]), Unknown);
}

#[test]
fn a_screen_tells_how_many_impressions_a_play_counts_as() {
    let per_play = |at_least: i64, below| {
        (Attribute::ImpressionsPerPlay, Wanted::Between(Range { at_least: Some(at_least), below }))
    };
    let imp = Imp { multiplier: Multiplier::from_millionths(5_500_000).unwrap(), ..plain_imp() };
    let screen = || BidRequest { channel: Channel::Dooh(Outlet::default()), ..plain_request() };
    check_of(screen(), &imp, None, per_play(5_500, None), Fits);
    check_of(screen(), &imp, None, per_play(5_501, None), Misses);
    check_of(screen(), &imp, None, per_play(1, Some(5_500)), Misses);
    check_of(plain_request(), &imp, None, per_play(1, None), Unknown);
}

#[test]
fn a_page_fits_itself_and_all_below_it() {
    let page = |page: &'static str| site(Outlet { page: Some(page), ..Outlet::default() });
    let sport = || one_of(Attribute::Page, &["https://www.lemonde.fr/sport/"]);
    check(page("https://lemonde.fr/Sport/foot.html?a=b"), sport(), Fits);
    check(page("https://lemonde.fr/sport"), sport(), Fits);
    check(page("https://lemonde.fr/sports"), sport(), Misses);
    check(page("https://lemonde.fr/"), sport(), Misses);
    check(plain_request(), sport(), Unknown);
}

#[test]
fn a_domain_fits_itself_and_all_below_it() {
    let domain = |domain: &'static str| site(Outlet { domain: Some(domain), ..Outlet::default() });
    let lemonde = || one_of(Attribute::Domain, &["lemonde.fr"]);
    check(domain("lemonde.fr"), lemonde(), Fits);
    check(domain("WWW.LeMonde.fr"), lemonde(), Fits);
    check(domain("https://sport.lemonde.fr/foot"), lemonde(), Fits);
    check(domain("notlemonde.fr"), lemonde(), Misses);
    check(domain("lemonde.fr.evil.com"), lemonde(), Misses);
    check(domain(""), lemonde(), Unknown);
}

#[test]
fn the_page_stands_in_for_the_domain_and_the_publisher_does_not() {
    let lemonde = || one_of(Attribute::Domain, &["lemonde.fr"]);
    let page = Outlet { page: Some("https://www.lemonde.fr/a"), ..Outlet::default() };
    check(site(page), lemonde(), Fits);
    let publisher = Outlet { publisher_domain: Some("lemonde.fr"), ..Outlet::default() };
    check(site(publisher), lemonde(), Unknown);
    let app = Outlet { domain: Some("lemonde.fr"), ..Outlet::default() };
    check(BidRequest { channel: Channel::App(app), ..plain_request() }, lemonde(), Unknown);
}

#[test]
fn a_channel_tells_its_kind_bundle_and_publisher() {
    let outlet = Outlet { bundle: Some("com.Example"), publisher_id: Some("Pub-1"), ..Outlet::default() };
    let app = || BidRequest { channel: Channel::App(outlet), ..plain_request() };
    check(app(), one_of(Attribute::Channel, &["app"]), Fits);
    check(app(), one_of(Attribute::Channel, &["site", "dooh"]), Misses);
    check(plain_request(), one_of(Attribute::Channel, &["app"]), Unknown);
    check(app(), one_of(Attribute::Bundle, &["com.example"]), Fits);
    check(app(), one_of(Attribute::Publisher, &["pub-2"]), Misses);
}

#[test]
fn a_category_fits_its_parent_in_every_taxonomy_that_the_iab_maps() {
    let in_taxonomy = |cattax| site(Outlet { cat: &["IAB2-3"], cattax, ..Outlet::default() });
    let newer = |cattax| site(Outlet { cat: &["30"], cattax, ..Outlet::default() });
    let category = |code: &str| one_of(Attribute::Category, &[code]);
    check(in_taxonomy(1), category("IAB2"), Fits);
    check(in_taxonomy(1), category("IAB2-3"), Fits);
    check(in_taxonomy(1), category("IAB2-33"), Misses);
    check(in_taxonomy(1), category("IAB1"), Misses);
    check(in_taxonomy(6), category("IAB2"), Fits);
    check(newer(7), category("IAB2-3"), Fits);
    check(newer(7), category("IAB2"), Fits);
    check(newer(7), category("IAB1"), Misses);
    check(newer(500), category("IAB2"), Unknown);
    let content = Content { cat: &["IAB1"], cattax: 1, ..Content::default() };
    check(site(Outlet { content, ..Outlet::default() }), category("IAB1"), Fits);
    check(site(Outlet { content, ..Outlet::default() }), category("IAB1-1"), Misses);
}

#[test]
fn content_tells_language_genre_and_live() {
    let content = Content {
        language: Some("EN-gb"),
        genre: Some("Drama, News"),
        livestream: Some(false),
        ..Content::default()
    };
    let shown = || BidRequest {
        device: Device { language: Some("fr"), ..Device::default() },
        ..site(Outlet { content, ..Outlet::default() })
    };
    check(shown(), one_of(Attribute::Language, &["en"]), Fits);
    check(shown(), one_of(Attribute::Language, &["fr"]), Misses);
    check(
        on(Device { language: Some("fr"), ..Device::default() }),
        one_of(Attribute::Language, &["fr"]),
        Fits,
    );
    check(shown(), one_of(Attribute::Genre, &["news"]), Fits);
    check(shown(), one_of(Attribute::Live, &["false"]), Fits);
    check(shown(), one_of(Attribute::Live, &["true"]), Misses);
    check(plain_request(), one_of(Attribute::Live, &["false"]), Unknown);
}

#[test]
fn a_device_type_that_means_two_kinds_is_both() {
    let device = |devicetype| on(Device { devicetype: Some(devicetype), ..Device::default() });
    let kind = |kind: &str| one_of(Attribute::Device, &[kind]);
    for (code, want) in [
        (1, &["phone", "tablet"][..]),
        (2, &["desktop"]),
        (3, &["tv"]),
        (4, &["phone"]),
        (5, &["tablet"]),
        (6, &["tv", "other"]),
        (7, &["tv"]),
        (8, &["other"]),
    ] {
        for one in ["phone", "tablet", "desktop", "tv", "other"] {
            check(device(code), kind(one), if want.contains(&one) { Fits } else { Misses });
        }
    }
    check(plain_request(), kind("phone"), Unknown);
}

#[test]
fn a_device_tells_system_network_and_carrier() {
    let device =
        Device { os: Some("iOS"), connectiontype: Some(6), carrier: Some("Orange "), ..Device::default() };
    check(on(device), one_of(Attribute::Os, &["ios"]), Fits);
    check(on(device), one_of(Attribute::Carrier, &["orange"]), Fits);
    check(on(device), one_of(Attribute::Connection, &["cellular"]), Fits);
    check(on(device), one_of(Attribute::Connection, &["wifi"]), Misses);
    let unknown = Device { connectiontype: Some(0), ..device };
    check(on(unknown), one_of(Attribute::Connection, &["wifi"]), Unknown);
}

#[test]
fn an_impression_tells_format_position_and_the_like() {
    let imp: &Imp<'static> = Box::leak(Box::new(Imp {
        banner: Some(banner(Some(0))),
        video: Some(av(Some(7))),
        instl: true,
        ..plain_imp()
    }));
    let check = |predicate, want| check_of(plain_request(), imp, None, predicate, want);
    check(one_of(Attribute::Format, &["video"]), Fits);
    check(one_of(Attribute::Format, &["audio", "native"]), Misses);
    check(one_of(Attribute::Position, &["7"]), Fits);
    check(one_of(Attribute::Position, &["1"]), Misses);
    check(one_of(Attribute::Placement, &["instream"]), Unknown);
    check(one_of(Attribute::Interstitial, &["true"]), Fits);
    check(one_of(Attribute::Rewarded, &["true"]), Misses);
    check(one_of(Attribute::Exchange, &["adx"]), Fits);
    check(one_of(Attribute::Exchange, &["other"]), Misses);
}

#[test]
fn a_video_tells_where_it_stands_and_where_it_starts_in_the_newer_field_first() {
    let check = |plcmt, old, startdelay, predicate, want| {
        let video = Some(Av { plcmt, placement: old, startdelay, ..av(None) });
        let imp: &Imp<'static> = Box::leak(Box::new(Imp { video, ..plain_imp() }));
        check_of(plain_request(), imp, None, predicate, want);
    };
    let placement = |kind: &str| one_of(Attribute::Placement, &[kind]);
    check(Some(1), Some(4), None, placement("instream"), Fits);
    check(Some(2), Some(1), None, placement("instream"), Misses);
    check(None, Some(1), None, placement("instream"), Fits);
    check(None, Some(3), None, placement("standalone"), Fits);
    check(None, Some(5), None, placement("interstitial"), Fits);
    check(Some(9), None, None, placement("in_scene"), Fits);
    check(Some(77), None, None, placement("in_scene"), Unknown);
    check(None, None, None, placement("instream"), Unknown);
    let roll = |kind: &str| one_of(Attribute::Roll, &[kind]);
    check(None, None, Some(0), roll("pre"), Fits);
    check(None, None, Some(30), roll("mid"), Fits);
    check(None, None, Some(-1), roll("mid"), Fits);
    check(None, None, Some(-2), roll("post"), Fits);
    check(None, None, Some(-2), roll("pre"), Misses);
    check(None, None, Some(-3), roll("pre"), Unknown);
    check(None, None, None, roll("pre"), Unknown);
}

#[test]
fn a_segment_is_read_only_of_a_person_who_may_be_identified() {
    let segment = |slug: &str| one_of(Attribute::Segment, &[slug]);
    let sent: &[Segment<'_>] = &[Segment { provider: Some("acme"), id: "shoes", segtax: 0 }];
    let request = || BidRequest {
        user: User { segments: sent, keywords: &["tennis"], ..User::default() },
        ..plain_request()
    };
    let imp = &plain_imp();
    let later = NOW.plus(Millis::from_raw(1));
    let known = Profile::known([(SegmentId::from_slug("vip"), later), (SegmentId::from_slug("old"), NOW)]);
    let late = Profile::default();
    for (slug, by_known, by_late) in [
        ("shoes", Fits, Fits),
        ("acme:shoes", Fits, Fits),
        ("vip", Fits, Unknown),
        ("old", Misses, Unknown),
        ("cars", Misses, Unknown),
    ] {
        check_of(request(), imp, Some(&known), segment(slug), by_known);
        check_of(request(), imp, Some(&late), segment(slug), by_late);
        check_of(request(), imp, None, segment(slug), Unknown);
    }
    check_of(request(), imp, Some(&known), one_of(Attribute::Keyword, &["tennis"]), Fits);
    check_of(request(), imp, None, one_of(Attribute::Keyword, &["tennis"]), Unknown);
}

#[test]
fn a_daypart_reads_the_clock_it_names() {
    // Saturday 22:30 in Paris, 21:30 UTC.
    let only = |hour: usize, clock| {
        let mut hours = Box::new([false; 168]);
        hours[hour] = true;
        (clock, Wanted::During(hours))
    };
    let viewer = |utcoffset| at(Geo { utcoffset, ..Geo::default() });
    check(viewer(None), only(5 * 24 + 22, Attribute::Daypart), Fits);
    check(viewer(None), only(5 * 24 + 21, Attribute::Daypart), Misses);
    check(viewer(None), only(5 * 24 + 21, Attribute::ViewerDaypart), Unknown);
    check(viewer(Some(0)), only(5 * 24 + 21, Attribute::ViewerDaypart), Fits);
    check(viewer(Some(150)), only(6 * 24, Attribute::ViewerDaypart), Fits);
    check(viewer(Some(-480)), only(5 * 24 + 13, Attribute::ViewerDaypart), Fits);
    check(viewer(Some(10_000)), only(0, Attribute::ViewerDaypart), Unknown);
}

#[test]
fn hours_of_several_zones_do_not_mix() {
    let mut catalog = catalog(Vec::new());
    // Saturday 22:30 in Paris is Sunday 6:30 in Tokyo.
    for campaign in 0..2 {
        let mut hours = Box::new([false; 168]);
        hours[[5 * 24 + 22, 6 * 24 + 6][campaign]] = true;
        let wanted = Wanted::During(hours);
        let rule = Rule::Is(Test { attribute: Attribute::Daypart, wanted, include_unknown: false });
        catalog.line_items.push(LineItem { campaign, ..line_item(campaign, rule) });
    }
    let vocabulary = Vocabulary::of(&catalog);
    let request = plain_request();
    let scene = Scene::of(&vocabulary, &request, ExchangeId::from_slug("adx"), Known::default(), NOW);
    for of in 0..2 {
        for asker in 0..2 {
            let line_item = LineItem { campaign: asker, ..catalog.line_items[of].clone() };
            let asker_of = Asker::of(&catalog, &line_item);
            let holds = CompiledRule::new(&line_item.targeting, &asker_of).holds(&scene);
            assert_eq!(holds, of == asker);
        }
    }
}

#[test]
fn a_second_impression_replaces_the_first() {
    let request = plain_request();
    let asked = [
        Rule::is(Attribute::Position, ["1"]),
        Rule::is(Attribute::Exchange, ["adx"]),
        Rule::is(Attribute::Deal, ["d"]),
    ];
    let vocabulary = vocabulary_of(&asked);
    let first = Imp { banner: Some(banner(Some(1))), deals: &[deal("d")], ..plain_imp() };
    let second = plain_imp();
    let exchange = ExchangeId::from_slug("adx");
    let mut scene = Scene::of(&vocabulary, &request, exchange, Known::default(), NOW);
    assert!(!scene.tells(Attribute::Format));
    scene.look_at(&first);
    assert_eq!(scene.keys(Attribute::Deal).len(), 1);
    assert!(scene.tells(Attribute::Position));
    scene.look_at(&second);
    assert!(scene.keys(Attribute::Deal).is_empty() && scene.tells(Attribute::Deal));
    assert!(!scene.tells(Attribute::Position));
    assert_eq!(scene.keys(Attribute::Exchange).len(), 1);
}
