//! Bid requests as exchanges send them, from a seed: OpenRTB 2.5 and 2.6, every format, 0.8 to 12 kB, no
//! two alike.
//!
//! The first thing a simulated auction needs and the only thing a load generator needs. The same seed,
//! mix and instants give the same bytes on every machine. People, sites and apps come by Zipf laws and
//! follow from their numbers alone, so that ids, frequency and interests mean something across requests.
//! Deliberately absent: prices, answers and arrival times.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};

use crate::sim::consent::{self, Choices};
use crate::sim::facts::{ImpFacts, RequestFacts, SizeClass};
use crate::sim::imps::{Placement, write_imp};
use crate::sim::json::{Json, write_hex, write_uuid};
use crate::sim::outlets::{Outlet, OutletKind, Telling};
use crate::sim::people::{Disclosure, EIDS, SEGMENT_PROVIDERS, scramble, write_eid, write_segments};
use crate::sim::plan::Plan;
use crate::sim::shares;
use crate::sim::terms::{write_blocks, write_source, write_terms};
use crate::sim::video::{PodPart, draw_pod};
use crate::units::{Country, UnixMillis};

/// Shares of what varies from request to request, each 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Mix {
    /// Bodies of [`SizeClass::Small`].
    pub small: f64,
    /// Bodies of [`SizeClass::Large`]; what is left of 1 is [`SizeClass::Huge`].
    pub large: f64,
    /// Requests with more than one impression; less where a small body has no room for it.
    pub several_imps: f64,
    /// Requests where the GDPR is in force that say so. Real ones nearly all do; here most do not, so that
    /// most viewers can be told apart and frequency, segments and money are exercised.
    pub gdpr: f64,
    /// Requests with fields in the places of 2.6; the others have them in those of 2.5.
    pub version_2_6: f64,
    /// Requests that offer deals, if there are any.
    pub deal_share: f64,
    /// The deals' ids.
    pub deals: Vec<String>,
    /// Requests from screens in the street.
    pub dooh: f64,
    /// Requests that are tests: `test` 1, not billable.
    pub test: f64,
    /// People that requests come from, at least 1.
    pub users: u64,
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            small: 0.55,
            large: 0.40,
            several_imps: 0.2,
            gdpr: 0.25,
            version_2_6: 0.5,
            deal_share: 0.1,
            deals: (1..=8).map(|number| format!("deal-{number}")).collect(),
            dooh: 0.02,
            test: 0.01,
            users: 1_000_000,
        }
    }
}

impl Mix {
    /// Small bodies only.
    #[must_use]
    pub fn small() -> Self {
        Self { small: 1.0, large: 0.0, ..Self::default() }
    }

    /// Large bodies only.
    #[must_use]
    pub fn large() -> Self {
        Self { small: 0.0, large: 1.0, ..Self::default() }
    }
}

/// Bytes within which the first impression of a small body leaves room for another.
const SHORT_IMP: usize = 560;

/// A stream of bid requests.
#[derive(Debug)]
pub struct Traffic {
    rng: Xoshiro256PlusPlus,
    mix: Mix,
    /// Native requests on their way into a text.
    scratch: Vec<u8>,
}

impl Traffic {
    /// The stream of `seed`.
    #[must_use]
    pub fn new(seed: u64, mix: Mix) -> Self {
        Self { rng: Xoshiro256PlusPlus::seed_from_u64(seed), mix, scratch: Vec::new() }
    }

    /// Appends the body of the next request to `out` and tells what it says.
    pub fn next(&mut self, now: UnixMillis, out: &mut Vec<u8>) -> RequestFacts {
        let plan = Plan::draw(&mut self.rng, &self.mix);
        let mut json = Json::new(out);
        json.open();
        let id = self.write_id(&mut json);
        let imps = self.write_imps(&mut json, &plan, now);
        self.write_channel(&mut json, &plan);
        plan.person.write_device(&mut json, plan.disclosure(self.rng.next_u64()));
        let auction = write_terms(&mut json, &mut self.rng, &plan);
        write_source(&mut json, &mut self.rng, &plan);
        let consent = self.write_regs(&mut json, &plan, now);
        self.write_user(&mut json, &plan, consent);
        write_blocks(&mut json, &mut self.rng, &plan);
        json.finish();
        RequestFacts {
            id,
            imps,
            country: Country::from_code(plan.person.home().country),
            user: plan.person.number(),
            identified: plan.buyeruid || (plan.ifa && !plan.limited && plan.has_ifa()),
            gdpr: plan.gdpr,
            auction,
            currencies: plan.currencies,
            tmax_ms: plan.tmax_ms,
            size: plan.size,
            new_fields: plan.new_fields,
            test: plan.test,
        }
    }

    fn write_id(&mut self, json: &mut Json) -> String {
        let (high, low) = (self.rng.next_u64(), self.rng.next_u64());
        let mut id = Vec::with_capacity(36);
        write_uuid(&mut id, high, low);
        let id = String::from_utf8(id).expect("hexadecimal digits");
        json.text("id", &id);
        id
    }

    fn write_imps(&mut self, json: &mut Json, plan: &Plan, now: UnixMillis) -> Vec<ImpFacts> {
        let rng = &mut self.rng;
        let currency = plan.currencies.first().copied();
        let placement = Placement {
            outlet: plan.outlet,
            screen: plan.person.screen(),
            rich: plan.rich(),
            new_fields: plan.new_fields,
            floor_currency: currency.filter(|_| rng.random_bool(0.9)),
            deals: if plan.deals { &self.mix.deals } else { &[] },
            now,
        };
        let pod = draw_pod(rng, &placement);
        let parts: Vec<Option<PodPart>> = if pod.is_empty() {
            let several = plan.outlet != OutletKind::Dooh && rng.random_bool(self.mix.several_imps);
            let count = match (several, plan.size) {
                (false, _) => 1,
                (true, SizeClass::Small) => 2,
                (true, _) => rng.random_range(2..=4),
            };
            vec![None; count]
        } else {
            pod.into_iter().map(Some).collect()
        };
        json.list("imp");
        let mut imps = Vec::with_capacity(parts.len());
        for (at, part) in parts.into_iter().enumerate() {
            // A small body has no room for a second impression beside a long one or a series; a pod is whole.
            let room = plan.rich() || (plan.outlet != OutletKind::Tv && json.len() < SHORT_IMP);
            if at == 0 || room {
                imps.push(write_imp(json, rng, &placement, (at, part), &mut self.scratch));
            }
        }
        json.close_list();
        imps
    }

    fn write_channel(&mut self, json: &mut Json, plan: &Plan) {
        let outlet = Outlet::draw(plan.outlet, self.rng.next_u64());
        let language = plan.person.language();
        let random = self.rng.next_u64();
        outlet.write(json, Telling { rich: plan.rich(), new_fields: plan.new_fields, language, random });
    }

    /// Writes `regs`, and tells the choices of the consent string that the user object must then have.
    fn write_regs(&mut self, json: &mut Json, plan: &Plan, now: UnixMillis) -> Option<Choices> {
        let rng = &mut self.rng;
        let vendors = if plan.rich() { rng.random_range(100..700) } else { rng.random_range(20..120) };
        let choices = Choices {
            granted: plan.granted,
            vendors,
            seed: rng.next_u64(),
            language: *b"fr",
            given: UnixMillis::from_raw(now.raw() - rng.random_range(0..180 * 86_400_000)),
        };
        let with_gpp = rng.random_bool(0.3);
        json.object("regs");
        json.flag("coppa", plan.coppa);
        if !plan.new_fields {
            json.object("ext");
        }
        if let Some(gdpr) = plan.gdpr {
            json.flag("gdpr", gdpr);
        }
        if plan.person.home().country == "USA" {
            let (gpp, section, us_privacy) = consent::US[rng.random_range(0..consent::US.len())];
            if with_gpp {
                json.text("gpp", gpp);
                json.numbers("gpp_sid", &[section]);
            } else {
                json.text("us_privacy", us_privacy);
            }
        } else if with_gpp && plan.gdpr == Some(true) && plan.rich() {
            json.plain("gpp", |out| consent::write_gpp_eu(out, choices));
            json.numbers("gpp_sid", &[2]);
        }
        if plan.new_fields {
            json.object("ext");
        }
        if rng.random_bool(shares::DSA) {
            write_dsa(json, rng, plan.rich());
        }
        if plan.person.home().country == "USA" && rng.random_bool(shares::GPC) {
            json.text("gpc", "1");
        }
        json.close();
        json.close();
        (plan.gdpr == Some(true)).then_some(choices)
    }

    fn write_user(&mut self, json: &mut Json, plan: &Plan, consent: Option<Choices>) {
        let person = &plan.person;
        json.object("user");
        if plan.buyeruid {
            json.plain("id", |out| write_hex(out, scramble(person.number() ^ 77), 16));
            json.plain("buyeruid", |out| person.write_buyeruid(out));
        }
        if plan.rich() && plan.buyeruid && self.rng.random_bool(0.2) {
            person.write_geo(json, Disclosure { rich: false, ..plan.disclosure(0) });
        }
        let share = plan.target - plan.target / 5;
        if plan.buyeruid {
            json.list("data");
            for provider in 0..SEGMENT_PROVIDERS {
                if json.len() < share {
                    write_segments(json, person.number(), provider, plan.rich());
                }
            }
            json.close_list();
        }
        let rng = &mut self.rng;
        if plan.rich() && rng.random_bool(shares::USER_KEYWORDS) {
            let interests = [["cuisine", "vin"], ["football", "tennis"], ["travel", "flights"]];
            let interests = interests[rng.random_range(0..3)];
            match plan.new_fields {
                true => json.texts("kwarray", &interests),
                false => json.text("keywords", &interests.join(",")),
            }
        }
        let twice = consent.filter(|_| plan.rich() && rng.random_bool(shares::CONSENT_TWICE));
        if plan.new_fields || twice.is_some() {
            write_moved(json, rng, plan, (consent, share));
        }
        if !plan.new_fields || twice.is_some() {
            let other = |choices: Choices| Choices { granted: !choices.granted, ..choices };
            json.object("ext");
            match twice {
                None => write_moved(json, rng, plan, (consent, share)),
                Some(choices) => {
                    let differs = rng.random_bool(shares::CONSENT_DIFFERS);
                    let choices = if differs { other(choices) } else { choices };
                    json.plain("consent", |out| consent::write_tc_string(out, choices));
                }
            }
            json.close();
        }
        json.close();
    }
}

/// Writes `dsa`: what the Digital Services Act asks for, and what others have declared.
fn write_dsa(json: &mut Json, rng: &mut Xoshiro256PlusPlus, rich: bool) {
    json.object("dsa");
    json.number("dsarequired", rng.random_range(0..=3));
    json.number("pubrender", rng.random_range(0..=2));
    json.number("datatopub", rng.random_range(0..=2));
    if rich && rng.random_bool(shares::DSA_TRANSPARENCY) {
        json.list("transparency");
        json.open();
        json.text("domain", "ssp-07.example");
        json.numbers("dsaparams", &[1, 2]);
        json.close();
        json.close_list();
    }
    json.close();
}

/// Writes what 2.6 moved into `user` out of its `ext`: consent and extended ids.
fn write_moved(
    json: &mut Json,
    rng: &mut Xoshiro256PlusPlus,
    plan: &Plan,
    (consent, share): (Option<Choices>, usize),
) {
    if let Some(choices) = consent {
        json.plain("consent", |out| consent::write_tc_string(out, choices));
    }
    if !plan.buyeruid {
        return;
    }
    json.list("eids");
    for at in 0..EIDS {
        if json.len() < share {
            write_eid(json, &plan.person, at, plan.new_fields && rng.random_bool(shares::EID_MATCHED));
        }
    }
    json.close_list();
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::{Mix, Traffic};
    use crate::campaign::FormatKind;
    use crate::sim::facts::{AuctionType, RequestFacts, SizeClass};
    use crate::sim::people::{buyeruid, ifa, segment_id, segments_of};
    use crate::units::{Cpm, Rounding, UnixMillis};

    const NOW: UnixMillis = UnixMillis::from_raw(1_795_000_000_000);

    /// `count` requests of `mix`: bytes, reading, facts.
    fn requests(mix: Mix, count: usize) -> impl Iterator<Item = (Vec<u8>, Value, RequestFacts)> {
        let mut traffic = Traffic::new(7, mix);
        (0..count).map(move |_| {
            let mut body = Vec::new();
            let facts = traffic.next(NOW, &mut body);
            let read = serde_json::from_slice(&body)
                .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&body)));
            (body, read, facts)
        })
    }

    /// A field in its place of 2.6 or of 2.5.
    fn moved<'v>(object: &'v Value, name: &str) -> &'v Value {
        if object[name].is_null() { &object["ext"][name] } else { &object[name] }
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let run = |seed| {
            let (mut traffic, mut out) = (Traffic::new(seed, Mix::default()), Vec::new());
            let facts: Vec<_> = (0..50).map(|_| traffic.next(NOW, &mut out)).collect();
            (out, facts)
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1).0, run(2).0);
    }

    #[test]
    fn no_two_bodies_are_alike() {
        let ids: HashSet<String> = requests(Mix::default(), 2_000).map(|(_, _, facts)| facts.id).collect();
        assert_eq!(ids.len(), 2_000);
    }

    #[test]
    fn the_facts_are_what_the_body_says() {
        for (_, read, facts) in requests(Mix { deal_share: 0.5, ..Mix::default() }, 3_000) {
            assert_eq!(read["id"], facts.id.as_str());
            assert_eq!(read["imp"].as_array().unwrap().len(), facts.imps.len());
            assert_eq!(read["tmax"], facts.tmax_ms);
            assert_eq!(read["device"]["geo"]["country"], facts.country.unwrap().alpha3());
            let first = facts.auction == AuctionType::FirstPrice;
            assert_eq!(read["at"].as_u64().unwrap_or(2) == 1, first);
            assert_eq!(moved(&read["regs"], "gdpr").as_u64(), facts.gdpr.map(u64::from));
            assert_eq!(moved(&read["user"], "consent").is_string(), facts.gdpr == Some(true));
            for (imp, facts) in read["imp"].as_array().unwrap().iter().zip(&facts.imps) {
                assert_eq!(imp["id"], facts.id.as_str());
                assert_eq!(imp["bidfloorcur"].as_str().unwrap_or("USD"), facts.floor_currency.code());
                let floor = imp.get("bidfloor").map_or("0".to_owned(), Value::to_string);
                assert_eq!(Cpm::from_decimal(&floor, Rounding::Exact), Ok(facts.floor));
                assert_eq!(imp["pmp"]["private_auction"] == 1, facts.private);
                let deals = imp["pmp"]["deals"].as_array().map_or(0, Vec::len);
                assert_eq!(deals, facts.deals.len());
            }
        }
    }

    #[test]
    fn a_viewer_keeps_its_ids() {
        let mut seen = 0;
        for (_, read, facts) in requests(Mix { users: 100, ..Mix::default() }, 1_000) {
            if let Some(id) = read["user"]["buyeruid"].as_str() {
                assert_eq!(id, buyeruid(facts.user));
                assert!(facts.identified);
                seen += 1;
            }
            match read["device"]["ifa"].as_str() {
                Some("00000000-0000-0000-0000-000000000000") | None => {}
                Some(id) => assert_eq!(id, ifa(facts.user)),
            }
            let segments: HashSet<String> = segments_of(facts.user).map(segment_id).collect();
            for data in read["user"]["data"].as_array().into_iter().flatten() {
                for segment in data["segment"].as_array().unwrap() {
                    assert!(segments.contains(segment["id"].as_str().unwrap()));
                }
            }
        }
        assert!(seen > 500, "most viewers are told: {seen}");
    }

    #[test]
    fn every_body_stays_within_its_class() {
        let mut sums = [(0, 0); 3];
        let mut traffic = Traffic::new(7, Mix { small: 0.4, large: 0.4, ..Mix::default() });
        for _ in 0..40_000 {
            let mut body = Vec::new();
            let facts = traffic.next(NOW, &mut body);
            let (least, most) = facts.size.bounds();
            assert!(
                (least..=most).contains(&body.len()),
                "{:?} {}: {}",
                facts.size,
                body.len(),
                String::from_utf8_lossy(&body)
            );
            let (sum, count) = &mut sums[facts.size as usize];
            (*sum, *count) = (*sum + body.len(), *count + 1);
        }
        let [small, large, huge] = sums.map(|(sum, count)| sum / count);
        assert!((1_400..1_700).contains(&small), "{small}");
        assert!((3_700..4_300).contains(&large), "{large}");
        assert!((8_000..10_000).contains(&huge), "{huge}");
    }

    /// Fields by their paths.
    const NAMES: &[&str] = &[
        "site",
        "app",
        "dooh",
        "cur",
        "wlangb",
        "bcat",
        "badv",
        "imp.pmp.deals.at",
        "imp.pmp.deals.wadomain",
        "imp.video.plcmt",
        "imp.video.placement",
        "imp.video.poddur",
        "imp.video.mincpmpersec",
        "imp.video.slotinpod",
        "imp.video.companionad",
        "imp.audio.poddur",
        "imp.audio.companionad",
        "imp.pmp.deals.durfloors.mindur",
        "imp.pmp.deals.mincpmpersec",
        "imp.pmp.deals.guar",
        "imp.qty.vendor",
        "imp.ssai",
        "app.content.cattax",
        "device.langb",
        "ext.schain.nodes",
        "user.eids.mm",
        "test",
        "acat",
        "cattax",
        "wlang",
        "imp.video.durfloors.mindur",
        "imp.video.rqddurs",
        "imp.qty.multiplier",
        "imp.rwdd",
        "imp.ext.gpid",
        "app.content.series",
        "app.content.channel.name",
        "site.kwarray",
        "site.keywords",
        "device.sua.browsers",
        "device.ipv6",
        "device.ifa",
        "regs.gdpr",
        "regs.ext.gdpr",
        "regs.gpp",
        "regs.us_privacy",
        "regs.ext.us_privacy",
        "regs.ext.dsa.dsarequired",
        "source.schain.nodes",
        "source.ext.schain.nodes",
        "user.consent",
        "user.ext.consent",
        "user.eids.uids.id",
        "user.ext.eids.uids.id",
        "user.data.ext.segtax",
        "user.geo",
    ];

    #[test]
    fn all_that_real_traffic_has_occurs() {
        let mut seen: HashSet<String> = HashSet::new();
        let mut formats: HashSet<FormatKind> = HashSet::new();
        let (mut told, mut several) = (0, 0);
        for (_, read, facts) in requests(Mix { deal_share: 0.3, ..Mix::default() }, 5_000) {
            collect_names(&read, "", &mut seen);
            formats.extend(facts.imps.iter().flat_map(|imp| imp.formats.clone()));
            told += usize::from(facts.gdpr == Some(true));
            several += usize::from(facts.imps.len() > 1);
        }
        assert_eq!(formats.len(), 4);
        for name in NAMES {
            assert!(seen.contains(*name), "{name} never occurs");
        }
        assert!((300..900).contains(&told), "a quarter where the GDPR is in force: {told} of 5000");
        assert!((700..1_200).contains(&several), "a fifth has several imps: {several} of 5000");
    }

    #[test]
    fn a_native_request_is_a_text_that_holds_json() {
        let mut found = 0;
        for (_, read, _) in requests(Mix::default(), 1_000) {
            for imp in read["imp"].as_array().unwrap() {
                if let Some(text) = imp["native"]["request"].as_str() {
                    let native: Value = serde_json::from_str(text).unwrap();
                    let root = if native["native"].is_object() { &native["native"] } else { &native };
                    assert!(root["assets"].as_array().unwrap().len() >= 2);
                    found += 1;
                }
            }
        }
        assert!(found > 50, "{found}");
    }

    /// What OpenRTB 2.6 calls invalid in one object, whatever it stands in.
    fn check_exclusive(value: &Value, path: &str) {
        const PAIRS: [[&str; 2]; 8] = [
            ["wseat", "bseat"],
            ["acat", "bcat"],
            ["wlang", "wlangb"],
            ["language", "langb"],
            ["keywords", "kwarray"],
            ["rqddurs", "minduration"],
            ["rqddurs", "maxduration"],
            ["mincpmpersec", "durfloors"],
        ];
        match value {
            Value::Object(members) => {
                for pair in PAIRS {
                    assert!(!pair.iter().all(|name| members.contains_key(*name)), "{path}: {pair:?} at once");
                }
                members.iter().for_each(|(name, member)| check_exclusive(member, &format!("{path}.{name}")));
            }
            Value::Array(elements) => elements.iter().for_each(|element| check_exclusive(element, path)),
            _ => {}
        }
    }

    #[test]
    fn nothing_is_written_that_openrtb_calls_invalid() {
        let mix = Mix { deal_share: 0.5, dooh: 0.1, ..Mix::default() };
        for (_, read, facts) in requests(mix, 3_000) {
            check_exclusive(&read, "request");
            let outlets = ["site", "app", "dooh"].iter().filter(|name| read[name].is_object()).count();
            assert_eq!(outlets, 1, "{read}");
            assert!(facts.new_fields || read["dooh"].is_null(), "screens in the street came with 2.6");
            for imp in read["imp"].as_array().unwrap() {
                for medium in ["video", "audio"] {
                    assert!(imp[medium].is_null() || !imp[medium]["mimes"].as_array().unwrap().is_empty());
                }
                assert!(imp["qty"].is_null() || imp["qty"]["multiplier"].as_f64().unwrap() > 0.0);
                assert!(imp["qty"]["sourcetype"] != 1 || imp["qty"]["vendor"].is_string(), "{imp}");
                for deal in imp["pmp"]["deals"].as_array().into_iter().flatten() {
                    assert!(
                        deal["id"].is_string() && (deal["at"] != 3 || deal["bidfloor"].is_number()),
                        "{deal}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_mix_of_one_class_has_no_other() {
        for (mix, class) in [(Mix::small(), SizeClass::Small), (Mix::large(), SizeClass::Large)] {
            assert!(requests(mix, 500).all(|(_, _, facts)| facts.size == class));
        }
    }

    fn collect_names(value: &Value, path: &str, seen: &mut HashSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    collect_names(member, &path, seen);
                    seen.insert(path);
                }
            }
            Value::Array(elements) => elements.iter().for_each(|element| collect_names(element, path, seen)),
            _ => {}
        }
    }
}
