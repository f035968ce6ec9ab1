//! What a scene tells, in words: as it was sent, not as it is compared.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::campaign::{Attribute, Kind};
use crate::targeting::Scene;
use crate::targeting::compile::Asker;
use crate::targeting::failure::names::Names;
use crate::targeting::failure::words::{hour_word, thousandths_word};
use crate::targeting::key::value_key;
use crate::targeting::place::Point;
use crate::targeting::scene::{categories, hour_in, positions, site_host, thousandths};
use crate::units::{Country, ExchangeId};

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
    /// What the scene tells of `attribute`, or `absent`, or `none` if it is told that there is none.
    pub(super) fn seen(&self, attribute: Attribute) -> String {
        let scene = self.scene;
        let words = self.sent(attribute).join(", ");
        if words.is_empty() {
            return if scene.tells(attribute) { "none" } else { "absent" }.to_owned();
        }
        let mut seen: String = words.chars().take(SEEN_CHARS_MAX).collect();
        if seen.len() < words.len() {
            seen.push_str(" ...");
        }
        if !scene.tells(attribute) {
            // Words that say nothing, as an unknown country code, or a list that is not whole.
            let known_in_part = !scene.keys(attribute).is_empty();
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
            _ => self.scene.point(),
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

    /// The number of `attribute`, in thousandths, for one that ranges are asked of.
    pub(super) fn number(&self, attribute: Attribute) -> Option<i64> {
        let imp = self.scene.imp().filter(|_| self.scene.tells(attribute))?;
        match attribute {
            Attribute::ImpressionsPerPlay => Some(thousandths(imp.multiplier)),
            _ => None,
        }
    }

    /// The values of `attribute` as they were sent.
    pub(super) fn sent(&self, attribute: Attribute) -> Vec<String> {
        let scene = self.scene;
        let (keys, imp) = (scene.keys(attribute), scene.imp());
        let outlet = scene.request().channel.outlet().copied().unwrap_or_default();
        match attribute {
            Attribute::Category => {
                categories(&outlet, &outlet.content).map(|(_, category)| category.to_owned()).collect()
            }
            Attribute::Keyword => {
                let words = outlet.keywords.iter().chain(scene.request().user.keywords);
                words.take(keys.len()).map(|word| (*word).to_owned()).collect()
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
                    let point = self.point(attribute);
                    point.map(|point| format!("{} {}", point.lat, point.lon)).into_iter().collect()
                }
                Kind::Hours => self.hour(attribute).map(hour_word).into_iter().collect(),
                Kind::Number { .. } => self.number(attribute).map(thousandths_word).into_iter().collect(),
                Kind::Choice(words) => self.chosen(attribute, words),
                Kind::Flag => self.chosen(attribute, &["true", "false"]),
                _ => text_sent(attribute, scene).map(str::to_owned).into_iter().collect(),
            },
        }
    }

    /// Those of `words` whose keys the scene tells.
    fn chosen(&self, attribute: Attribute, words: &[&str]) -> Vec<String> {
        let keys = self.scene.keys(attribute);
        let told = words.iter().filter(|word| keys.contains(&value_key(attribute, word)));
        told.map(|word| (*word).to_owned()).collect()
    }
}

/// The one text that an attribute reads.
fn text_sent<'a>(attribute: Attribute, scene: &Scene<'a>) -> Option<&'a str> {
    let (request, geo) = (scene.request(), scene.geo());
    let (device, home) = (&request.device, &request.user.geo);
    let outlet = request.channel.outlet().copied().unwrap_or_default();
    let content = &outlet.content;
    let text = match attribute {
        Attribute::Country => return country_sent(scene),
        Attribute::Region => return geo.region,
        Attribute::City => return geo.city,
        Attribute::Postcode => return geo.zip,
        Attribute::Metro => return geo.metro,
        Attribute::Domain => return site_host(&request.channel),
        Attribute::Bundle => return outlet.bundle,
        Attribute::Publisher => return outlet.publisher_id,
        Attribute::Language => return content.language.or(device.language),
        Attribute::Genre => return content.genre,
        Attribute::Series => return content.series,
        Attribute::ContentRating => return content.contentrating,
        Attribute::ContentChannel => return content.channel_name,
        Attribute::Network => return content.network_name,
        Attribute::Os => return device.os,
        Attribute::Make => return device.make,
        Attribute::Model => return device.model,
        Attribute::Carrier => return device.carrier,
        Attribute::Tag => return scene.imp()?.tagid,
        Attribute::HomeCountry => home.country,
        Attribute::HomeRegion => home.region,
        Attribute::HomeCity => home.city,
        Attribute::HomePostcode => home.zip,
        Attribute::HomeMetro => home.metro,
        Attribute::Page => outlet.page,
        Attribute::Site | Attribute::App => outlet.id,
        _ => None,
    };
    // What may not be read of a person is not shown either.
    text.filter(|_| !scene.keys(attribute).is_empty())
}

/// The country of the place, which home tells where nothing else of it may be read.
pub(super) fn country_sent<'a>(scene: &Scene<'a>) -> Option<&'a str> {
    let home = scene.request().user.geo.country;
    let is_home =
        scene.geo().country.and_then(Country::from_code).is_none() && scene.tells(Attribute::Country);
    if is_home { home } else { scene.geo().country.or(home) }
}
