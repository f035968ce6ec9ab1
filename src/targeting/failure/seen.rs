//! What a scene tells, in words: as it was sent, not as it is compared.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::audience::{Definition, EventCount, Past, RfmScores, Standing};
use crate::campaign::{Attribute, Kind, Test, Wanted, version_number};
use crate::geo::{Point, Witness};
use crate::targeting::Scene;
use crate::targeting::behaviour::in_thousandths;
use crate::targeting::compile::Asker;
use crate::targeting::failure::names::Names;
use crate::targeting::failure::words::{hour_word, number_word};
use crate::targeting::key::value_key;
use crate::targeting::scene::{
    age, categories, hour_in, percent_thousandths, positions, site_host, thousandths,
};
use crate::units::ExchangeId;

/// Characters of a seen value that are shown.
const SEEN_CHARS_MAX: usize = 120;

/// Who looks at what: a scene through the eyes of one campaign.
#[derive(Clone, Copy)]
pub(super) struct Sight<'s, 'r> {
    pub(super) scene: &'s Scene<'r>,
    pub(super) asker: &'s Asker<'s>,
    pub(super) names: &'s Names,
}

impl Sight<'_, '_> {
    /// What the scene tells of the attribute of `test`, or `absent`, or `none` if it is told that there is none.
    pub(super) fn seen(&self, test: &Test) -> String {
        let (scene, attribute) = (self.scene, test.attribute);
        let definition = self.asker.audience.filter(|_| attribute.is_behaviour() && scene.tells(attribute));
        let words = match definition {
            Some(definition) => done(test, definition, scene),
            None => self.sent(attribute).join(", "),
        };
        if words.is_empty() {
            return if scene.tells(attribute) { "none" } else { "absent" }.to_owned();
        }
        let mut seen: String = words.chars().take(SEEN_CHARS_MAX).collect();
        if seen.len() < words.len() {
            seen.push_str(" ...");
        }
        if !scene.tells(attribute) {
            // Words that say nothing, as an unknown country code, or a list that is not whole.
            let known_in_part = !scene.value_keys(attribute).is_empty();
            seen.push_str(if known_in_part { " and perhaps more" } else { ", which says nothing" });
        }
        seen
    }

    /// Where `attribute` is, for one that circles are asked of.
    pub(super) fn point(&self, attribute: Attribute) -> Option<Point> {
        if !self.scene.tells(attribute) {
            return None;
        }
        let home = &self.scene.request().user.geo;
        match attribute {
            Attribute::HomeNear => Point::new(home.lat, home.lon),
            _ => Some(self.scene.place().spot?.value.point),
        }
    }

    /// The hour of the week by the clock that `attribute` reads.
    pub(super) fn hour(&self, attribute: Attribute) -> Option<u8> {
        if attribute == Attribute::ViewerDaypart {
            return self.scene.viewer_hour();
        }
        let zone = TimeZone::get(self.asker.zone_name).ok()?;
        Some(hour_in(&zone, Timestamp::from_millisecond(self.scene.now().raw()).ok()?))
    }

    /// The number of `attribute`, in its unit, for one that ranges are asked of.
    pub(super) fn number(&self, attribute: Attribute) -> Option<i64> {
        let scene = self.scene;
        let request = scene.request();
        let imp = || scene.imp();
        let told = match attribute {
            Attribute::ImpressionsPerPlay => Some(thousandths(imp()?.multiplier)),
            Attribute::Viewability => imp()?.viewability().map(percent_thousandths),
            Attribute::ClickThroughRate => imp()?.click_through_rate().map(percent_thousandths),
            Attribute::Age => age(request.user.yob?, scene.now()).map(|years| i64::from(years) * 1_000),
            Attribute::ContentLength => Some(i64::from(request.channel.outlet()?.content.len?) * 1_000),
            Attribute::OsVersion => scene.agent().os_version.map(version_number),
            Attribute::LeadScore => {
                let standing = Standing::of(self.asker.audience?, scene.history(), scene.now());
                Some(in_thousandths(standing.lead_score))
            }
            Attribute::BrowserVersion => scene.agent().browser_version.map(version_number),
            _ => None,
        };
        told.filter(|_| scene.tells(attribute))
    }

    /// The values of `attribute` as they were sent.
    pub(super) fn sent(&self, attribute: Attribute) -> Vec<String> {
        let scene = self.scene;
        let (keys, imp) = (scene.value_keys(attribute), scene.imp());
        let outlet = scene.request().channel.outlet().copied().unwrap_or_default();
        match attribute {
            Attribute::Category => {
                categories(&outlet, &outlet.content).map(|(_, category)| category.to_owned()).collect()
            }
            Attribute::Keyword => {
                let content = outlet.content.keywords;
                let words = outlet.keywords.iter().chain(content).chain(scene.request().user.keywords);
                words.take(keys.len()).map(|word| (*word).to_owned()).collect()
            }
            Attribute::Country
            | Attribute::Region
            | Attribute::City
            | Attribute::Postcode
            | Attribute::Metro => placed(attribute, scene).into_iter().collect(),
            Attribute::Genre => {
                let content = &outlet.content;
                content.genre.iter().chain(content.genres).map(|genre| (*genre).to_owned()).collect()
            }
            Attribute::Venue => outlet.venuetype.iter().map(|venue| (*venue).to_owned()).collect(),
            Attribute::ContentSegment => {
                let segments = outlet.content.segments.iter();
                segments.map(|segment| segment.id.to_owned()).collect()
            }
            Attribute::Stage | Attribute::Intent => {
                let told = self.asker.audience.filter(|_| scene.tells(attribute));
                let standing = told.map(|definition| Standing::of(definition, scene.history(), scene.now()));
                standing.map_or_else(Vec::new, |standing| match attribute {
                    Attribute::Stage => standing.stage.into_iter().map(str::to_owned).collect(),
                    _ => standing.intents.iter().map(|intent| (*intent).to_owned()).collect(),
                })
            }
            Attribute::Position => imp.into_iter().flat_map(positions).map(|at| at.to_string()).collect(),
            Attribute::Deal => {
                imp.into_iter().flat_map(|imp| imp.deals).map(|deal| deal.id.to_owned()).collect()
            }
            Attribute::Exchange => match self.names.exchange(scene) {
                Some(name) => vec![name.to_owned()],
                None => keys.iter().map(|key| ExchangeId::from_raw(*key).to_string()).collect(),
            },
            Attribute::Segment => {
                let (mut named, nameless) = self.names.segments(scene);
                if nameless > 0 {
                    named.push(format!("{nameless} that no rule names"));
                }
                named
            }
            _ => match attribute.kind() {
                Kind::Circles => {
                    let spot = scene.place().spot.filter(|_| attribute == Attribute::Near);
                    let near = spot.map(|spot| spot.value.to_string());
                    let home = || {
                        Some(self.point(attribute)?).map(|point| format!("at {}, {}", point.lat, point.lon))
                    };
                    near.or_else(home).into_iter().collect()
                }
                Kind::Hours => self.hour(attribute).map(hour_word).into_iter().collect(),
                Kind::Number { .. } | Kind::Version => {
                    let number = self.number(attribute);
                    number.map(|number| number_word(attribute, number)).into_iter().collect()
                }
                Kind::Choice(words) => self.chosen(attribute, words),
                Kind::Flag => self.chosen(attribute, &["true", "false"]),
                _ => text_sent(attribute, scene).map(str::to_owned).into_iter().collect(),
            },
        }
    }

    /// Those of `words` whose keys the scene tells.
    fn chosen(&self, attribute: Attribute, words: &[&str]) -> Vec<String> {
        let keys = self.scene.value_keys(attribute);
        let told = words.iter().filter(|word| keys.contains(&value_key(attribute, word)));
        told.map(|word| (*word).to_owned()).collect()
    }
}

/// What the person did at the advertiser of `definition`, as far as `test` asks.
fn done(test: &Test, definition: &Definition, scene: &Scene<'_>) -> String {
    let standing = Standing::of(definition, scene.history(), scene.now());
    match (&test.wanted, test.attribute) {
        (Wanted::Happened(count), _) => {
            let past = Past::new(definition, scene.history(), scene.now());
            let anytime =
                EventCount { within: None, older_than: None, after: None, ..count.as_ref().clone() };
            let ages: Vec<i64> = past.matching(&anytime).map(|happened| past.age(happened).raw()).collect();
            match ages.iter().min() {
                None => "never".to_owned(),
                Some(age) => format!("{} in all, the last {} h ago", ages.len(), age / 3_600_000),
            }
        }
        (_, Attribute::Stage) => standing.stage.unwrap_or_default().to_owned(),
        (_, Attribute::LeadScore) => standing.lead_score.to_string(),
        (_, Attribute::Intent) => standing.intents.join(", "),
        _ => standing.rfm.map_or(String::new(), |rfm| {
            let RfmScores { recency, frequency, monetary } = rfm.scores;
            let class = rfm.class.unwrap_or("in no class");
            format!("{class} (recency {recency}, frequency {frequency}, monetary {monetary})")
        }),
    }
}

/// The one text that an attribute reads.
fn text_sent<'a>(attribute: Attribute, scene: &Scene<'a>) -> Option<&'a str> {
    let request = scene.request();
    let (device, home) = (&request.device, &request.user.geo);
    let outlet = request.channel.outlet().copied().unwrap_or_default();
    let content = &outlet.content;
    let text = match attribute {
        Attribute::Domain => return site_host(&request.channel),
        Attribute::Bundle => return outlet.bundle,
        Attribute::Publisher => return outlet.publisher_id,
        Attribute::Language => return content.language.or(device.language),
        Attribute::Title => return content.title,
        Attribute::Series => return content.series,
        Attribute::ContentRating => return content.contentrating,
        Attribute::ContentChannel => return content.channel.and_then(|of| of.name.or(of.id).or(of.domain)),
        Attribute::Network => return content.network.and_then(|of| of.name.or(of.id).or(of.domain)),
        Attribute::Os => return device.os.or_else(|| Some(scene.agent().os?.name())),
        Attribute::Make => return device.make,
        Attribute::Model => return device.model,
        Attribute::Carrier => return device.carrier.or(device.mccmnc),
        Attribute::Tag => return scene.imp()?.tagid,
        Attribute::HomeCountry => home.country,
        Attribute::HomeRegion => home.region,
        Attribute::HomeCity => home.city,
        Attribute::HomePostcode => home.zip,
        Attribute::HomeMetro => home.metro,
        Attribute::Page => outlet.page,
        Attribute::Referrer => outlet.r#ref,
        Attribute::Site | Attribute::App | Attribute::Screen => outlet.id,
        _ => None,
    };
    // What may not be read of a person is not shown either.
    text.filter(|_| !scene.value_keys(attribute).is_empty())
}

/// What is known of where it is, and by whom, if not by the request.
fn placed(attribute: Attribute, scene: &Scene<'_>) -> Option<String> {
    let place = scene.place();
    let told = |word: String, by: Witness| match by {
        Witness::Request => word,
        by => format!("{word} by {by}"),
    };
    let here = &scene.request().device.geo;
    let word = match attribute {
        Attribute::Country => place.country.map(|of| told(of.value.alpha3().to_owned(), of.by)),
        Attribute::Region => place.region.map(|of| told(of.value.to_string(), of.by)),
        Attribute::City => place.city.and_then(|of| Some(told(of.value.iter().next()?.to_owned(), of.by))),
        Attribute::Postcode => place.postcode.map(|of| told(of.value.to_owned(), of.by)),
        _ => place.metro.map(|of| told(of.value.to_owned(), of.by)),
    };
    // Words that say nothing are shown, too.
    word.or_else(|| match attribute {
        Attribute::Country => here.country.map(str::to_owned),
        Attribute::Region => here.region.map(str::to_owned),
        _ => None,
    })
}
