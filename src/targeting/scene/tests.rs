//! What scenes tell, asked by rules.

use crate::agent::Reader;
use crate::audience::Profile;
use crate::campaign::{Attribute, Circle, LineItem, Range, Rule, Test, Wanted, version_number};
use crate::geo::{Located, Names, Point};
use crate::openrtb::{
    Av, BidRequest, BrandVersion, Broadcaster, Channel, Content, Device, Gender, Geo, Imp, Metric, Outlet,
    Segment, Sua, User,
};
use crate::targeting::fixture::{
    NOW, PARIS, av, banner, catalog, deal, line_item, plain_imp, plain_request, vocabulary_of,
};
use crate::targeting::{Asker, CompiledRule, Known, Scene, Vocabulary};
use crate::units::{Country, ExchangeId, Millis, Multiplier, Region, SegmentId, Version};

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
    check_known(request, imp, Known { person, precise: true, ..Known::default() }, asked, want);
}

#[track_caller]
fn check(request: BidRequest<'static>, asked: Asked, want: Answer) {
    check_of(request, &plain_imp(), Some(&Profile::default()), asked, want);
}

/// One of these values of `attribute`.
fn one_of(attribute: Attribute, values: &[&str]) -> Asked {
    let values = values.iter().map(|value| attribute.canonical(value).unwrap());
    (attribute, Wanted::one_of(values))
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
    let roughly = Known { person: Some(&profile), precise: false, ..Known::default() };
    let precisely = Known { precise: true, ..roughly };
    check_known(request(), imp, roughly, near(), Unknown);
    check_known(request(), imp, roughly, home(), Unknown);
    check_known(request(), imp, precisely, near(), Fits);
    check_known(request(), imp, precisely, home(), Fits);
    check_known(request(), imp, Known { person: None, ..precisely }, home(), Unknown);
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

fn range(attribute: Attribute, at_least: i64, below: Option<i64>) -> Asked {
    (attribute, Wanted::Between(Range { at_least: Some(at_least), below }))
}

#[test]
fn an_impression_tells_how_often_its_like_is_seen_and_clicked() {
    let metric = [
        Metric { r#type: "viewability", value: 0.7, vendor: None },
        Metric { r#type: "click_through_rate", value: 0.015, vendor: None },
    ];
    let imp = Imp { metric: &metric, ..plain_imp() };
    let check = |asked, want| check_of(plain_request(), &imp, None, asked, want);
    check(range(Attribute::Viewability, 70_000, None), Fits);
    check(range(Attribute::Viewability, 70_001, None), Misses);
    check(range(Attribute::ClickThroughRate, 1_000, Some(2_000)), Fits);
    check_of(plain_request(), &plain_imp(), None, range(Attribute::Viewability, 0, None), Unknown);
}

#[test]
fn age_and_gender_are_read_only_of_a_person_who_may_be_identified() {
    // It is November 2026: somebody born in 1990 is 35 or 36.
    let user = User { yob: Some(1990), gender: Some(Gender::Female), ..User::default() };
    let request = || BidRequest { user, ..plain_request() };
    check(request(), range(Attribute::Age, 35_000, Some(36_000)), Fits);
    check(request(), range(Attribute::Age, 36_000, None), Misses);
    check(request(), one_of(Attribute::Gender, &["female"]), Fits);
    check(request(), one_of(Attribute::Gender, &["male"]), Misses);
    check_of(request(), &plain_imp(), None, range(Attribute::Age, 0, None), Unknown);
    check_of(request(), &plain_imp(), None, one_of(Attribute::Gender, &["female"]), Unknown);
    check(plain_request(), one_of(Attribute::Gender, &["female"]), Unknown);
}

#[test]
fn content_tells_rating_production_type_length_network_and_segments() {
    const TF1: &Broadcaster<'_> = &Broadcaster { id: Some("1"), name: Some("TF1"), domain: Some("tf1.fr") };
    const SEGMENTS: &[Segment<'_>] =
        &[Segment { provider: Some("acme"), id: "613", segtax: 7, segclass: None }];
    let content = Content {
        title: Some("Le Journal"),
        series: Some("JT"),
        genres: &["613"],
        contentrating: Some("TV-PG"),
        qagmediarating: Some(2),
        prodq: Some(1),
        context: Some(1),
        len: Some(1_800),
        channel: Some(TF1),
        network: Some(TF1),
        segments: SEGMENTS,
        keywords: &["news"],
        ..Content::default()
    };
    let shown = || site(Outlet { content, ..Outlet::default() });
    for (attribute, fits, misses) in [
        (Attribute::Title, "le journal", "jt"),
        (Attribute::Series, "jt", "le journal"),
        (Attribute::Genre, "613", "news"),
        (Attribute::ContentRating, "tv-pg", "tv-ma"),
        (Attribute::MediaRating, "over_12", "all"),
        (Attribute::Production, "professional", "user_generated"),
        (Attribute::ContentType, "video", "music"),
        (Attribute::ContentChannel, "tf1", "tf2"),
        (Attribute::Network, "tf1.fr", "tf1.com"),
        (Attribute::ContentSegment, "segtax-7:613", "segtax-4:613"),
        (Attribute::Keyword, "news", "sport"),
    ] {
        check(shown(), one_of(attribute, &[fits]), Fits);
        check(shown(), one_of(attribute, &[misses]), Misses);
        check(site(Outlet::default()), one_of(attribute, &[fits]), Unknown);
    }
    check(shown(), range(Attribute::ContentLength, 1_800_000, None), Fits);
    check(shown(), range(Attribute::ContentLength, 0, Some(1_800_000)), Misses);
}

#[test]
fn an_outlet_tells_its_id_referrer_venue_and_whether_it_was_paid_for() {
    let outlet = Outlet {
        id: Some("S1"),
        domain: Some("lemonde.fr"),
        r#ref: Some("https://www.google.fr/search?q=a"),
        paid: Some(true),
        venuetype: &["retail.gym"],
        ..Outlet::default()
    };
    let app = || BidRequest { channel: Channel::App(outlet), ..plain_request() };
    let screen = || BidRequest { channel: Channel::Dooh(outlet), ..plain_request() };
    check(site(outlet), one_of(Attribute::Site, &["s1"]), Fits);
    check(site(outlet), one_of(Attribute::App, &["s1"]), Unknown);
    check(app(), one_of(Attribute::App, &["s1"]), Fits);
    check(screen(), one_of(Attribute::Screen, &["s2"]), Misses);
    check(site(outlet), one_of(Attribute::Referrer, &["google.fr"]), Fits);
    check(app(), one_of(Attribute::Paid, &["true"]), Fits);
    check(screen(), one_of(Attribute::Venue, &["retail.gym"]), Fits);
    check(plain_request(), one_of(Attribute::Venue, &["retail.gym"]), Unknown);
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
    check(in_taxonomy(1), category("IAB2-13"), Misses);
    check(in_taxonomy(1), category("IAB1"), Misses);
    check(in_taxonomy(6), category("IAB2"), Fits);
    check(newer(7), category("IAB2-3"), Fits);
    check(newer(7), category("IAB2"), Fits);
    check(newer(7), category("IAB1"), Misses);
    check(newer(500), category("IAB2"), Unknown);
    // An id without the taxonomy that it is of, and one that is mapped beside one that is not.
    check(site(Outlet { cat: &["483"], ..Outlet::default() }), category("IAB2"), Unknown);
    let mixed = || site(Outlet { cat: &["IAB2-3", "483"], ..Outlet::default() });
    check(mixed(), category("IAB2"), Fits);
    check(mixed(), category("IAB1"), Unknown);
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
    let device = Device {
        os: Some("iOS"),
        connectiontype: Some(6),
        carrier: Some("Orange "),
        mccmnc: Some("208-01"),
        ..Device::default()
    };
    check(on(device), one_of(Attribute::Os, &["ios"]), Fits);
    check(on(device), one_of(Attribute::Carrier, &["orange"]), Fits);
    check(on(device), one_of(Attribute::Carrier, &["208-01"]), Fits);
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
    let sent: &[Segment<'_>] = &[Segment { provider: Some("acme"), id: "shoes", segtax: 4, segclass: None }];
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
        ("segtax-4:shoes", Fits, Fits),
        ("segtax-5:shoes", Misses, Unknown),
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

#[test]
fn browser_and_system_are_told_by_hints_before_the_user_agent() {
    const CHROME: &BrandVersion<'_> =
        &BrandVersion { brand: "Google Chrome", version: &["120", "0", "6099"] };
    const SUA: &Sua<'_> = &Sua {
        browsers: &[*CHROME],
        platform: Some(BrandVersion { brand: "Android", version: &["14"] }),
        mobile: Some(true),
        architecture: None,
        bitness: None,
        model: None,
        source: 2,
    };
    let versions = |attribute, from, below| {
        let number = |text| Version::parse(text).map(version_number);
        (attribute, Wanted::Between(Range { at_least: number(from), below: number(below) }))
    };
    let hinted = || on(Device { sua: Some(SUA), ..Device::default() });
    check(hinted(), one_of(Attribute::Browser, &["chrome"]), Fits);
    check(hinted(), versions(Attribute::BrowserVersion, "120", "121"), Fits);
    check(hinted(), versions(Attribute::BrowserVersion, "121", "122"), Misses);
    check(hinted(), one_of(Attribute::Os, &["android"]), Fits);
    check(hinted(), versions(Attribute::OsVersion, "14", "15"), Fits);
    check(hinted(), one_of(Attribute::Device, &["phone"]), Fits);
    check(hinted(), one_of(Attribute::Robot, &["false"]), Fits);
    let text = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                Version/17.4 Mobile/15E148 Safari/604.1";
    let agent = Some(Reader::default().read(text));
    let spoken = || on(Device { ua: Some(text), ..Device::default() });
    let read =
        |asked, want| check_known(spoken(), &plain_imp(), Known { agent, ..Known::default() }, asked, want);
    read(one_of(Attribute::Browser, &["safari"]), Fits);
    read(one_of(Attribute::Os, &["ios"]), Fits);
    read(versions(Attribute::OsVersion, "17", "18"), Fits);
    check(spoken(), one_of(Attribute::Browser, &["safari"]), Unknown);
    check(plain_request(), versions(Attribute::OsVersion, "1", "99"), Unknown);
    check(plain_request(), one_of(Attribute::Robot, &["true"]), Unknown);
}

/// An address in Paris, known to 20 km.
fn in_paris() -> Located<'static> {
    Located {
        country: Country::from_code("FR"),
        region: Region::from_code("FR-IDF"),
        city: Names::one("Paris"),
        postcode: Some("75001"),
        point: Point::new(Some(48.85), Some(2.35)),
        accuracy_km: Some(20.0),
        utc_offset_min: Some(60),
        ..Located::default()
    }
}

#[test]
fn an_address_tells_what_the_request_does_not() {
    let located: &'static Located<'static> = Box::leak(Box::new(in_paris()));
    let known = Known { located: Some(located), ..Known::default() };
    let check = |request, asked, want| check_known(request, &plain_imp(), known, asked, want);
    let france = || at(Geo { country: Some("FRA"), ..Geo::default() });
    let belgium = || at(Geo { country: Some("BEL"), ..Geo::default() });
    for request in [plain_request, france] {
        check(request(), one_of(Attribute::Country, &["FR"]), Fits);
        check(request(), one_of(Attribute::Region, &["FR-IDF"]), Fits);
        check(request(), one_of(Attribute::City, &["paris"]), Fits);
        check(request(), one_of(Attribute::Postcode, &["75"]), Fits);
    }
    check(belgium(), one_of(Attribute::City, &["paris"]), Unknown);
    let mut hours = Box::new([false; 168]);
    hours[5 * 24 + 22] = true;
    check(plain_request(), (Attribute::ViewerDaypart, Wanted::During(hours)), Fits);
}

#[test]
fn a_point_of_an_address_counts_in_circles_that_are_no_narrower_than_it_is_exact() {
    let located: &'static Located<'static> = Box::leak(Box::new(in_paris()));
    let known = Known { located: Some(located), ..Known::default() };
    let near = |lat, km| (Attribute::Near, Wanted::Within(vec![Circle { lat, lon: 2.35, km }]));
    let check = |asked, want| check_known(plain_request(), &plain_imp(), known, asked, want);
    check(near(48.85, 30.0), Fits);
    check(near(48.85, 10.0), Unknown);
    check(near(45.0, 30.0), Unknown);
}

#[test]
fn an_impression_tells_nothing_of_the_one_before() {
    let metric = [Metric { r#type: "viewability", value: 0.7, vendor: None }];
    let (seen, unseen) = (Imp { metric: &metric, tagid: Some("a"), ..plain_imp() }, plain_imp());
    let rules: Vec<Rule> = [Attribute::Viewability, Attribute::ClickThroughRate]
        .map(|attribute| {
            let wanted = Wanted::Between(Range { at_least: Some(1), below: None });
            Rule::Is(Test { attribute, wanted, include_unknown: false })
        })
        .into_iter()
        .chain([Rule::is(Attribute::Tag, ["a"]), Rule::is(Attribute::Format, ["banner"])])
        .collect();
    let vocabulary = vocabulary_of(&rules);
    let request = plain_request();
    let exchange = ExchangeId::from_slug("adx");
    let mut scene = Scene::of(&vocabulary, &request, exchange, Known::default(), NOW);
    for imp in [&seen, &unseen, &seen, &unseen] {
        scene.look_at(imp);
        let mut alone = Scene::of(&vocabulary, &request, exchange, Known::default(), NOW);
        alone.look_at(imp);
        for attribute in Attribute::ALL.iter().copied() {
            assert_eq!(scene.keys(attribute), alone.keys(attribute), "{attribute}");
            assert_eq!(scene.tells(attribute), alone.tells(attribute), "{attribute}");
        }
    }
}
