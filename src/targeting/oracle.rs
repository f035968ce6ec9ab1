//! For tests: the rule language a second time, slowly and plainly, straight from the request and the rule.
//!
//! It knows no keys, no scene and no vocabulary, so that a fault of the matcher is not a fault of both. What an
//! attribute means stands in [`told`], one arm an attribute; how a value fits in [`fits`], one arm a kind.

use jiff::Timestamp;

use crate::agent::{Agent, Browser};
use crate::audience::{Happened, Past, Standing};
use crate::campaign::{Attribute, Circle, Kind, Rule, Test, Wanted, version_number};
use crate::geo::{Place, Readable};
use crate::openrtb::{BidRequest, Broadcaster, Channel, Gender, Geo, Imp, Segment};
use crate::targeting::behaviour::in_thousandths;
use crate::targeting::fixture::Person;
use crate::targeting::fixture_behaviour::DEFINITION;
use crate::taxonomy::{Taxonomy, translated};
use crate::units::{Country, Region, UnixMillis};

/// All that a rule may ask of.
pub(super) struct Facts<'f> {
    pub(super) request: &'f BidRequest<'f>,
    pub(super) imp: &'f Imp<'f>,
    /// The name of the exchange's profile.
    pub(super) exchange: &'f str,
    /// `None` if the ad may not be personalised.
    pub(super) person: Option<&'f Person>,
    /// True if it may be used precisely where the person is.
    pub(super) precise: bool,
    pub(super) now: UnixMillis,
    /// The campaign's zone.
    pub(super) zone: &'f str,
}

/// What is told of one attribute.
enum Told {
    /// These values, and whether they are all there is to know.
    Values(Vec<String>, bool),
    Place(Option<(f64, f64)>),
    Hour(Option<usize>),
    Number(Option<i64>),
}

/// True if `rule` holds. A test on what is not told says no, under a `not` too, unless it includes the unknown.
pub(super) fn holds(rule: &Rule, facts: &Facts<'_>) -> bool {
    says(rule, true, facts)
}

/// True if `rule` says `wanted`.
fn says(rule: &Rule, wanted: bool, facts: &Facts<'_>) -> bool {
    match (rule, wanted) {
        (Rule::Not(part), _) => says(part, !wanted, facts),
        (Rule::All(parts), true) | (Rule::Any(parts), false) => {
            parts.iter().all(|part| says(part, wanted, facts))
        }
        (Rule::All(parts), false) | (Rule::Any(parts), true) => {
            parts.iter().any(|part| says(part, wanted, facts))
        }
        (Rule::Is(test), _) => answer(test, facts).map_or(test.include_unknown, |answer| answer == wanted),
    }
}

/// What the request says to a test; `None` if it does not tell.
pub(super) fn answer(test: &Test, facts: &Facts<'_>) -> Option<bool> {
    let attribute = test.attribute;
    if attribute.is_behaviour() {
        return facts
            .person
            .filter(|person| person.known)
            .map(|person| did(test, &person.history, facts.now));
    }
    let told = told(attribute, facts)
        .unwrap_or_else(|| panic!("`{attribute}` has no arm in the oracle: say in `told` what it reads"));
    match (&test.wanted, told) {
        (Wanted::OneOf { .. }, Told::Values(values, is_whole)) => {
            let fits = |value: &String| test.values().any(|wanted| fits(attribute.kind(), wanted, value));
            if values.iter().any(fits) { Some(true) } else { is_whole.then_some(false) }
        }
        (Wanted::Within(circles), Told::Place(place)) => {
            place.map(|place| circles.iter().any(|circle| kilometres(place, circle) <= circle.km))
        }
        (Wanted::During(hours), Told::Hour(hour)) => hour.map(|hour| hours[hour]),
        (Wanted::Between(range), Told::Number(number)) => number.map(|number| {
            range.at_least.is_none_or(|least| number >= least)
                && range.below.is_none_or(|below| number < below)
        }),
        _ => panic!("`{attribute}` is told as something else than what rules ask of it"),
    }
}

/// What is true of what somebody did: audiences are held by cases of their own.
pub(super) fn did(test: &Test, history: &[Happened], now: UnixMillis) -> bool {
    let standing = Standing::of(&DEFINITION, history, now);
    let has = |name: &str| test.values().any(|value| value == name);
    match (&test.wanted, test.attribute) {
        (Wanted::Happened(count), _) => count.holds(Past::new(&DEFINITION, history, now)),
        (Wanted::Between(range), _) => range.has(in_thousandths(standing.lead_score)),
        (Wanted::Scored(range), _) => standing.rfm.is_some_and(|rfm| range.fits(rfm.scores)),
        (_, Attribute::Stage) => standing.stage.is_some_and(has),
        (_, Attribute::Rfm) => standing.rfm.and_then(|rfm| rfm.class).is_some_and(has),
        (_, Attribute::Intent) => standing.intents.iter().any(|intent| has(intent)),
        other => panic!("{other:?} is no question about behaviour"),
    }
}

/// True if `value`, as it was sent, is what `wanted` names.
fn fits(kind: Kind, wanted: &str, value: &str) -> bool {
    let below = |whole: &str, end: &str| whole == wanted || whole.starts_with(&format!("{wanted}{end}"));
    match kind {
        Kind::Name => value == wanted,
        Kind::Domain => value == wanted || value.ends_with(&format!(".{wanted}")),
        Kind::Page => below(value, "/"),
        Kind::Category => below(&value.to_uppercase(), "-"),
        Kind::Postcode => {
            let compared = |code: &str| code.to_lowercase().replace([' ', '-'], "");
            compared(value).starts_with(&compared(wanted))
        }
        _ => value.trim().to_lowercase() == wanted.trim().to_lowercase(),
    }
}

/// What is told of `attribute`; `None` if nobody has said yet what it reads.
#[expect(clippy::too_many_lines, reason = "one arm an attribute: a table")]
fn told(attribute: Attribute, facts: &Facts<'_>) -> Option<Told> {
    let Facts { request, imp, .. } = facts;
    let (device, user) = (&request.device, &request.user);
    let outlet = request.channel.outlet().copied().unwrap_or_default();
    let (content, site) = (&outlet.content, matches!(request.channel, Channel::Site(_)));
    let is_screen = matches!(request.channel, Channel::Dooh(_));
    // Places are held by cases of their own.
    let readable =
        Readable { home: facts.person.is_some(), precise: facts.person.is_some() && facts.precise };
    let place = Place::of(request, None, readable);
    let agent = Agent::of(device, None);
    let nowhere = Geo::default();
    let home = if facts.person.is_some() { &user.geo } else { &nowhere };
    let home_country = home.country.and_then(Country::from_code);
    let video = imp.video.as_ref();
    Some(match attribute {
        Attribute::Country => some(place.country.map(|country| country.value.to_string())),
        Attribute::Region => some(place.region.map(|region| region.value.to_string())),
        Attribute::City => all(place.city.iter().flat_map(|city| city.value.iter()).map(str::to_owned)),
        Attribute::Postcode => text(place.postcode.map(|postcode| postcode.value)),
        Attribute::Metro => text(place.metro.map(|metro| metro.value)),
        Attribute::Near => Told::Place(place.spot.map(|spot| (spot.value.point.lat, spot.value.point.lon))),
        Attribute::HomeCountry => some(home_country.map(|country| country.to_string())),
        Attribute::HomeRegion => some(region(home_country, home.region)),
        Attribute::HomeCity => text(home.city),
        Attribute::HomePostcode => text(home.zip),
        Attribute::HomeMetro => text(home.metro),
        Attribute::HomeNear => Told::Place(point(home).filter(|_| facts.precise)),
        Attribute::Daypart => {
            let clock = Timestamp::from_millisecond(facts.now.raw()).unwrap().in_tz(facts.zone).unwrap();
            let day = i16::from(clock.weekday().to_monday_zero_offset());
            Told::Hour(usize::try_from(day * 24 + i16::from(clock.hour())).ok())
        }
        Attribute::ViewerDaypart => {
            Told::Hour(viewer_hour(place.utc_offset_min.map(|offset| offset.value), facts))
        }
        Attribute::Channel => text(match request.channel {
            Channel::Site(_) => Some("site"),
            Channel::App(_) => Some("app"),
            Channel::Dooh(_) => Some("dooh"),
            Channel::Unknown => None,
        }),
        Attribute::Domain => some(host(facts)),
        Attribute::Page => {
            let page = outlet.page.filter(|_| site).map(|page| page.to_lowercase());
            some(page.map(|page| {
                let page = page.split_once("://").map_or(page.as_str(), |(_, rest)| rest);
                let page = page.split('?').next().unwrap().trim_end_matches('/');
                page.strip_prefix("www.").unwrap_or(page).to_owned()
            }))
        }
        Attribute::Site => text(outlet.id.filter(|_| site)),
        Attribute::App => text(outlet.id.filter(|_| matches!(request.channel, Channel::App(_)))),
        Attribute::Screen => text(outlet.id.filter(|_| is_screen)),
        Attribute::Venue => all(outlet.venuetype.iter().map(|venue| (*venue).to_owned())),
        Attribute::Paid => some(outlet.paid.map(|paid| paid.to_string())),
        Attribute::Referrer => some(outlet.r#ref.filter(|_| host(facts).is_some()).and_then(host_of)),
        Attribute::Age => {
            let age = user.yob.map(|born| (2026 - i64::from(born) - 1) * 1_000);
            Told::Number(age.filter(|_| facts.person.is_some()))
        }
        Attribute::Gender => {
            text(user.gender.filter(|_| facts.person.is_some()).map(|gender| match gender {
                Gender::Male => "male",
                Gender::Female => "female",
                Gender::Other => "other",
            }))
        }
        Attribute::Viewability => Told::Number(percent(facts, "viewability")),
        Attribute::ClickThroughRate => Told::Number(percent(facts, "click_through_rate")),
        Attribute::Bundle => text(outlet.bundle.filter(|_| matches!(request.channel, Channel::App(_)))),
        Attribute::Publisher => text(outlet.publisher_id),
        Attribute::Category => {
            let sent = outlet.cat.iter().map(|id| categories(outlet.cattax, id));
            let each: Vec<Vec<String>> =
                sent.chain(content.cat.iter().map(|id| categories(content.cattax, id))).collect();
            // One that nobody can read may be anything.
            let is_whole = !each.is_empty() && each.iter().all(|names| !names.is_empty());
            Told::Values(each.concat(), is_whole)
        }
        Attribute::Keyword => {
            let own = if facts.person.is_some() { user.keywords } else { &[] };
            all(outlet.keywords.iter().chain(content.keywords).chain(own).map(|word| (*word).to_owned()))
        }
        Attribute::Language => {
            let short = |tag: &str| match tag.split(['-', '_']).next() {
                Some(code) if code.len() == 2 => Some(code.to_owned()),
                _ => None,
            };
            some(content.language.and_then(short).or_else(|| device.language.and_then(short)))
        }
        Attribute::Genre => {
            let listed = content.genre.into_iter().flat_map(|list| list.split(','));
            all(listed.chain(content.genres.iter().copied()).map(str::to_owned))
        }
        Attribute::Series => text(content.series),
        Attribute::ContentRating => text(content.contentrating),
        Attribute::Live => some(content.livestream.map(|live| live.to_string())),
        Attribute::ContentChannel => all(names(content.channel)),
        Attribute::Network => all(names(content.network)),
        Attribute::Title => text(content.title),
        Attribute::MediaRating => text(coded(content.qagmediarating, &["all", "over_12", "mature"])),
        Attribute::Production => text(coded(content.prodq, &["professional", "prosumer", "user_generated"])),
        Attribute::ContentType => {
            text(coded(content.context, &["video", "game", "music", "application", "text", "other"]))
        }
        Attribute::ContentLength => Told::Number(content.len.map(|seconds| i64::from(seconds) * 1_000)),
        Attribute::ContentSegment => all(content.segments.iter().flat_map(segment_names)),
        Attribute::Device => all(agent.device.iter().map(|kind| kind.name().to_owned())),
        Attribute::Os => {
            let named = agent.os.map(|os| os.name().to_owned()).filter(|name| name != "other");
            some(named.or_else(|| device.os.map(str::to_owned)))
        }
        Attribute::OsVersion => Told::Number(agent.os_version.map(version_number)),
        Attribute::Browser => text(agent.browser.map(Browser::name)),
        Attribute::BrowserVersion => Told::Number(agent.browser_version.map(version_number)),
        Attribute::Robot => {
            let says = device.ua.is_some() || device.sua.is_some();
            some(says.then(|| agent.robot.to_string()))
        }
        Attribute::Make => text(device.make),
        Attribute::Model => text(device.model),
        Attribute::Connection => words(match device.connectiontype {
            Some(1) => &["ethernet"],
            Some(2) => &["wifi"],
            Some(3) => &["cellular"],
            Some(4) => &["cellular", "2g"],
            Some(5) => &["cellular", "3g"],
            Some(6) => &["cellular", "4g"],
            Some(7) => &["cellular", "5g"],
            _ => &[],
        }),
        Attribute::Carrier => all([device.carrier, device.mccmnc].into_iter().flatten().map(str::to_owned)),
        Attribute::Exchange => text(Some(facts.exchange)),
        Attribute::Segment => segments(facts),
        Attribute::Format => {
            let offered = [
                (imp.banner.is_some(), "banner"),
                (video.is_some(), "video"),
                (imp.audio.is_some(), "audio"),
                (imp.native.is_some(), "native"),
            ];
            all(offered.iter().filter(|(offered, _)| *offered).map(|(_, format)| (*format).to_owned()))
        }
        Attribute::Position => {
            let all_of = [imp.banner.and_then(|banner| banner.pos), video.and_then(|video| video.pos)];
            let all_of = all_of.into_iter().chain([imp.audio.and_then(|audio| audio.pos)]);
            all(all_of.flatten().filter(|position| *position > 0).map(|position| position.to_string()))
        }
        Attribute::Placement => {
            words(placement(video.and_then(|video| video.plcmt), video.and_then(|video| video.placement)))
        }
        Attribute::Roll => {
            let delays = [video, imp.audio.as_ref()].into_iter().flatten().filter_map(|av| av.startdelay);
            let roll = |delay| match delay {
                -2 => Some("post"),
                0 => Some("pre"),
                delay if delay >= -1 => Some("mid"),
                _ => None,
            };
            all(delays.filter_map(roll).map(str::to_owned))
        }
        Attribute::Interstitial => some(Some(imp.instl.to_string())),
        Attribute::Rewarded => some(Some(imp.rwdd.to_string())),
        Attribute::ImpressionsPerPlay => {
            let thousandths = i64::try_from(imp.multiplier.millionths() / 1_000).unwrap();
            Told::Number(is_screen.then_some(thousandths))
        }
        Attribute::Tag => some(imp.tagid.map(str::to_owned)),
        // No deal is an answer, too.
        Attribute::Deal => Told::Values(imp.deals.iter().map(|deal| deal.id.to_owned()).collect(), true),
        // Behaviour, which is asked of `did`, and an attribute that is in the table and not yet here.
        _ => return None,
    })
}

/// These values, which are told if there are any.
fn all(values: impl Iterator<Item = String>) -> Told {
    let values: Vec<String> = values.collect();
    let is_told = !values.is_empty();
    Told::Values(values, is_told)
}

fn some(value: Option<String>) -> Told {
    all(value.into_iter())
}

fn text(value: Option<&str>) -> Told {
    some(value.filter(|text| !text.trim().is_empty()).map(str::to_owned))
}

fn words(values: &[&str]) -> Told {
    all(values.iter().map(|word| (*word).to_owned()))
}

fn region(country: Option<Country>, code: Option<&str>) -> Option<String> {
    Region::new(country?, code?).map(|region| region.to_string())
}

/// Coordinates on the globe; 0, 0 is what senders write who know none.
fn point(geo: &Geo<'_>) -> Option<(f64, f64)> {
    let (lat, lon) = (geo.lat?, geo.lon?);
    (lat.abs() <= 90.0 && lon.abs() <= 180.0 && lat.hypot(lon) > 1e-9).then_some((lat, lon))
}

/// Kilometres on a sphere, by the angle between two vectors from its centre.
fn kilometres((lat, lon): (f64, f64), circle: &Circle) -> f64 {
    let vector = |lat: f64, lon: f64| {
        let (lat, lon) = (lat.to_radians(), lon.to_radians());
        [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
    };
    let (one, other) = (vector(lat, lon), vector(circle.lat, circle.lon));
    let dot: f64 = one.iter().zip(&other).map(|(one, other)| one * other).sum();
    let cross = [(1, 2), (2, 0), (0, 1)].map(|(a, b)| one[a] * other[b] - one[b] * other[a]);
    let cross = cross.iter().map(|part| part * part).sum::<f64>().sqrt();
    cross.atan2(dot) * 6_371.008_8
}

/// The hour of the week where clocks are so many minutes ahead of UTC.
fn viewer_hour(minutes: Option<i32>, facts: &Facts<'_>) -> Option<usize> {
    let minutes = minutes.filter(|minutes| (-720..=840).contains(minutes))?;
    let there = facts.now.raw() / 60_000 + i64::from(minutes);
    let weekday = (there / (24 * 60) + 3) % 7;
    usize::try_from(weekday * 24 + there / 60 % 24).ok()
}

fn host(facts: &Facts<'_>) -> Option<String> {
    let Channel::Site(site) = &facts.request.channel else { return None };
    site.domain.and_then(host_of).or_else(|| site.page.and_then(host_of))
}

fn host_of(text: &str) -> Option<String> {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = text.split(['/', '?', ':']).next().unwrap().to_lowercase();
    Some(host.strip_prefix("www.").unwrap_or(&host).to_owned()).filter(|host| !host.is_empty())
}

/// The first share of that type, in thousandths of a per cent.
#[expect(clippy::cast_possible_truncation, reason = "a share is at most 1")]
fn percent(facts: &Facts<'_>, kind: &str) -> Option<i64> {
    let share = facts.imp.metric.iter().find(|metric| metric.r#type == kind)?.value;
    Some((share * 100_000.0).round() as i64)
}

/// The word of a code of AdCOM, which count from 1.
fn coded(code: Option<u32>, words: &[&'static str]) -> Option<&'static str> {
    words.get(usize::try_from(code?).unwrap().checked_sub(1)?).copied()
}

fn names(of: Option<&Broadcaster<'_>>) -> impl Iterator<Item = String> {
    let names = of.map_or([None; 3], |of| [of.name, of.id, of.domain]);
    names.map(|name| name.map(str::to_owned)).into_iter().flatten()
}

/// A segment alone, by its provider, and by its taxonomy.
fn segment_names(segment: &Segment<'_>) -> Vec<String> {
    let mut names = vec![segment.id.to_owned()];
    names.extend(segment.provider.map(|provider| format!("{provider}:{}", segment.id)));
    names.extend((segment.segtax > 0).then(|| format!("segtax-{}:{}", segment.segtax, segment.id)));
    names
}

/// Categories in the words of Content 1.0; taxonomy 0 is 1.
fn categories(cattax: u32, category: &str) -> Vec<String> {
    match cattax {
        0 | 1 if !category.to_uppercase().starts_with("IAB") => Vec::new(),
        0 | 1 => vec![category.to_owned()],
        _ => translated(cattax, category, Taxonomy::Content1_0).map(str::to_owned).collect(),
    }
}

/// The segments that the request names, alone and by provider, and ours that have not expired. They are all only if
/// our store answered.
fn segments(facts: &Facts<'_>) -> Told {
    let Some(person) = facts.person else { return Told::Values(Vec::new(), false) };
    let mut names: Vec<String> = Vec::new();
    for segment in facts.request.user.segments {
        names.extend(segment_names(segment));
    }
    let current = person.segments.iter().filter(|(_, expires)| facts.now < *expires);
    names.extend(current.map(|(name, _)| (*name).to_owned()));
    Told::Values(names, person.known)
}

/// `plcmt` of AdCOM, and what the older `placement` may have meant.
fn placement(plcmt: Option<u32>, older: Option<u32>) -> &'static [&'static str] {
    match (plcmt, older) {
        (Some(1), _) => &["instream"],
        (Some(2), _) => &["accompanying"],
        (Some(3), _) | (None, Some(5)) => &["interstitial"],
        (Some(4), _) | (None, Some(2..=4)) => &["standalone"],
        (Some(5), _) => &["pause"],
        (Some(6), _) => &["screensaver"],
        (Some(7), _) => &["overlay"],
        (Some(8), _) => &["squeezeback"],
        (Some(9), _) => &["in_scene"],
        (None, Some(1)) => &["instream", "accompanying"],
        _ => &[],
    }
}

mod tests {
    use super::{Facts, answer, holds};
    use crate::campaign::{Attribute, Catalog, Rule};
    use crate::targeting::compile::line_item_rule;
    use crate::targeting::fixture::{
        EXCHANGES, NOW, PARIS, Person, Random, random_catalog, random_named_person, random_request,
        random_test, vocabulary_of,
    };
    use crate::targeting::{CompiledRule, Index, Known, Rows, Scene, failures, failures_of};
    use crate::units::ExchangeId;

    /// A seed for a random test, printed so that a failure can be run again.
    fn printed_seed() -> u64 {
        let seed = rand::random();
        println!("seed {seed}");
        seed
    }

    /// What both sides see: the person by name, and by hash.
    struct Sides {
        exchange: &'static str,
        person: Option<Person>,
        precise: bool,
    }

    impl Sides {
        fn random(random: &mut Random) -> Self {
            let (exchange, person) = (random.pick(EXCHANGES), random_named_person(random));
            Self { exchange, person, precise: random.percent(50) }
        }

        fn exchange(&self) -> ExchangeId {
            ExchangeId::from_slug(self.exchange)
        }
    }

    #[test]
    fn every_attribute_means_to_the_matcher_what_it_means_to_the_oracle() {
        let seed = printed_seed();
        let random = &mut Random::from_seed(seed);
        for attribute in Attribute::ALL {
            let mut answers = [0; 3];
            for _ in 0..400 {
                let (request, sides) = (random_request(random), Sides::random(random));
                let test = random_test(random, *attribute);
                let facts = facts(&request, &sides, PARIS.zone_name);
                let said = answer(&test, &facts);
                answers[said.map_or(2, usize::from)] += 1;
                for rule in [Rule::Is(test.clone()), Rule::Not(Box::new(Rule::Is(test)))] {
                    let profile = sides.person.as_ref().map(Person::profile);
                    let known =
                        Known { person: profile.as_ref(), precise: sides.precise, ..Known::default() };
                    let vocabulary = vocabulary_of([&rule]);
                    let mut scene = Scene::of(&vocabulary, &request, sides.exchange(), known, NOW);
                    scene.look_at(&request.imp[0]);
                    let want = holds(&rule, &facts);
                    assert_eq!(CompiledRule::new(&rule, &PARIS).holds(&scene), want, "seed {seed}: {rule:?}");
                    assert_eq!(failures_of(&rule, &PARIS, &scene).is_empty(), want, "seed {seed}: {rule:?}");
                }
            }
            let [no, yes, _] = answers;
            assert!(no > 0 && yes > 0, "`{attribute}`: {no} no and {yes} yes prove little; widen the pools");
        }
    }

    #[test]
    fn oracle_matcher_index_and_explanation_say_the_same() {
        let seed = printed_seed();
        let random = &mut Random::from_seed(seed);
        let mut matched = 0;
        for _ in 0..40 {
            let catalog = random_catalog(random, 50);
            let index = Index::build(&catalog, &(0..50).collect::<Vec<_>>());
            for _ in 0..10 {
                matched += check(&catalog, &index, random, seed);
            }
        }
        assert!(matched > 1_000, "{matched} matches prove little");
    }

    /// Holds the four against each other on one random request. Gives how many line items fit.
    #[track_caller]
    fn check(catalog: &Catalog, index: &Index, random: &mut Random, seed: u64) -> usize {
        let (request, sides) = (random_request(random), Sides::random(random));
        let profile = sides.person.as_ref().map(Person::profile);
        let known = Known { person: profile.as_ref(), precise: sides.precise, ..Known::default() };
        let mut scene = Scene::of(index.vocabulary(), &request, sides.exchange(), known, NOW);
        scene.look_at(&request.imp[0]);
        let live = Rows::all(index.len());
        let found: Vec<usize> = index.search(&scene, &live, 0).collect();
        for (row, line_item) in catalog.line_items.iter().enumerate() {
            let rule = line_item_rule(catalog, line_item);
            let zone = &catalog.campaigns[line_item.campaign].zone_name;
            let want = holds(&rule, &facts(&request, &sides, zone));
            let said = [
                CompiledRule::of_line_item(catalog, line_item).holds(&scene),
                found.contains(&row),
                failures(catalog, line_item, &scene).is_empty(),
            ];
            assert_eq!(said, [want; 3], "seed {seed}: matcher, index, explanation of {rule:?}");
        }
        found.len()
    }

    fn facts<'f>(request: &'f crate::openrtb::BidRequest<'f>, sides: &'f Sides, zone: &'f str) -> Facts<'f> {
        Facts {
            request,
            imp: &request.imp[0],
            exchange: sides.exchange,
            person: sides.person.as_ref(),
            precise: sides.precise,
            now: NOW,
            zone,
        }
    }
}
