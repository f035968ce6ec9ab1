//! What a request tells of where the ad would stand: site, app or screen, its content, the device.

use crate::agent::{Agent, Os};
use crate::campaign::{Attribute, version_number};
use crate::openrtb::{Broadcaster, Channel, Content, Outlet};
use crate::targeting::Scene;
use crate::targeting::scene::person::segment_ids;
use crate::targeting::scene::{bit, flag_key, one};
use crate::targeting::text::{self, word_key};
use crate::taxonomy::{Taxonomy, translated};
use crate::units::SegmentId;

/// Genres of one content that are looked at: real ones name one to four.
const GENRES_MAX: usize = 16;

impl Scene<'_> {
    pub(super) fn tell_channel(&mut self) {
        let (kind, outlet, own_id) = match &self.request.channel {
            Channel::Site(outlet) => (word_key("site"), outlet, Some(Attribute::Site)),
            Channel::App(outlet) => (word_key("app"), outlet, Some(Attribute::App)),
            Channel::Dooh(outlet) => (word_key("dooh"), outlet, Some(Attribute::Screen)),
            Channel::Unknown => return,
        };
        self.tell(Attribute::Channel, [kind]);
        if let Some(own_id) = own_id {
            self.tell(own_id, one(outlet.id));
        }
        let host = site_host(&self.request.channel);
        self.tell(Attribute::Domain, host.into_iter().flat_map(text::domain_keys));
        let page = outlet.page.filter(|_| host.is_some());
        self.tell(Attribute::Page, page.into_iter().flat_map(text::page_keys));
        let referrer = outlet.r#ref.filter(|_| host.is_some()).and_then(text::host);
        self.tell(Attribute::Referrer, referrer.into_iter().flat_map(text::domain_keys));
        self.tell(Attribute::Paid, outlet.paid.map(flag_key));
        self.tell(Attribute::Venue, outlet.venuetype.iter().map(|venue| text::key(venue)));
        // Some sites send the bundle of an app of theirs: it is not where the ad is shown.
        let bundle = outlet.bundle.filter(|_| own_id == Some(Attribute::App));
        self.tell(Attribute::Bundle, one(bundle));
        self.tell(Attribute::Publisher, one(outlet.publisher_id));
    }

    fn tell_agent(&mut self, agent: &Agent) {
        let device = &self.request.device;
        self.tell(Attribute::Device, agent.device.iter().map(|kind| text::key(kind.name())));
        // Of a system without a name in rules, the word that the request has for it.
        let os = agent.os.filter(|os| *os != Os::Other).map(|os| text::key(os.name()));
        self.tell(Attribute::Os, os.or_else(|| one(device.os)));
        if let Some(version) = agent.os_version {
            self.tell_number(Attribute::OsVersion, version_number(version));
        }
        self.tell(Attribute::Browser, agent.browser.map(|browser| text::key(browser.name())));
        if let Some(version) = agent.browser_version {
            self.tell_number(Attribute::BrowserVersion, version_number(version));
        }
        let says = device.ua.is_some() || device.sua.is_some();
        self.tell(Attribute::Robot, says.then(|| flag_key(agent.robot)));
    }

    pub(super) fn tell_content(&mut self, is_personal: bool) {
        let request = self.request;
        let outlet = request.channel.outlet().copied().unwrap_or_default();
        let content = &outlet.content;
        self.tell(Attribute::Category, categories(&outlet, content).flat_map(category_keys));
        if categories(&outlet, content).any(|category| category_keys(category).next().is_none()) {
            self.told &= !bit(Attribute::Category);
        }
        let personal = if is_personal { request.user.keywords } else { &[] };
        let keywords = outlet.keywords.iter().chain(content.keywords).chain(personal);
        self.tell(Attribute::Keyword, keywords.map(|keyword| text::key(keyword)));
        let spoken = content.language.and_then(text::language);
        let language = spoken.or_else(|| request.device.language.and_then(text::language));
        self.tell(Attribute::Language, one(language));
        let genres = content.genre.into_iter().flat_map(|genre| genre.split(',')).take(GENRES_MAX);
        let genres = genres.chain(content.genres.iter().copied().take(GENRES_MAX));
        self.tell(Attribute::Genre, genres.filter(|genre| !genre.trim().is_empty()).map(text::key));
        self.tell(Attribute::Title, one(content.title));
        self.tell(Attribute::Series, one(content.series));
        self.tell(Attribute::ContentRating, one(content.contentrating));
        self.tell(Attribute::Live, content.livestream.map(flag_key));
        self.tell(Attribute::MediaRating, media_rating(content.qagmediarating));
        self.tell(Attribute::Production, production(content.prodq));
        self.tell(Attribute::ContentType, content_type(content.context));
        if let Some(seconds) = content.len {
            self.tell_number(Attribute::ContentLength, i64::from(seconds) * 1_000);
        }
        self.tell(Attribute::ContentChannel, names(content.channel));
        self.tell(Attribute::Network, names(content.network));
        self.tell(
            Attribute::ContentSegment,
            content.segments.iter().flat_map(segment_ids).map(SegmentId::raw),
        );
    }

    pub(super) fn tell_device(&mut self) {
        let device = &self.request.device;
        if self.vocabulary.asks_agent() {
            self.tell_agent(&self.agent());
        }
        self.tell(Attribute::Make, one(device.make));
        self.tell(Attribute::Model, one(device.model));
        self.tell(Attribute::Connection, connections(device.connectiontype).iter().copied());
        self.tell(Attribute::Carrier, one(device.carrier).into_iter().chain(one(device.mccmnc)));
    }
}

/// The host of the site: its domain, else that of its page. The publisher's domain is not the site's.
pub(in crate::targeting) fn site_host<'a>(channel: &Channel<'a>) -> Option<&'a str> {
    let Channel::Site(site) = channel else { return None };
    site.domain.and_then(text::host).or_else(|| site.page.and_then(text::host))
}

/// Categories of the outlet and of its content, each with its taxonomy (0 stands for an absent `cattax`, too).
pub(in crate::targeting) fn categories<'a>(
    outlet: &Outlet<'a>,
    content: &Content<'a>,
) -> impl Iterator<Item = (u32, &'a str)> {
    let own = outlet.cat.iter().zip(std::iter::repeat(outlet.cattax));
    let shown = content.cat.iter().zip(std::iter::repeat(content.cattax));
    own.chain(shown).map(|(category, cattax)| (cattax, *category))
}

/// The keys of a category in the words of Content 1.0, which rules are written in: of `IAB2-3` that of `IAB2` too,
/// of an id of another taxonomy those that the IAB maps it to, with their parents.
///
/// None of an id that is of no taxonomy that can be mapped: then not all is known of the categories.
fn category_keys((cattax, category): (u32, &str)) -> impl Iterator<Item = u64> {
    let is_content_1 =
        cattax <= 1 && category.get(..3).is_some_and(|prefix| prefix.eq_ignore_ascii_case("iab"));
    let parent = category.split_once('-').filter(|_| is_content_1).map(|(parent, _)| text::key(parent));
    let own = is_content_1.then(|| text::key(category));
    let mapped = (cattax > 1).then(|| translated(cattax, category, Taxonomy::Content1_0));
    parent.into_iter().chain(own).chain(mapped.into_iter().flatten().map(text::key))
}

/// All that a channel or network is called.
fn names(broadcaster: Option<&Broadcaster<'_>>) -> impl Iterator<Item = u64> {
    let names = broadcaster.map_or([None; 3], |of| [of.name, of.id, of.domain]);
    names.map(one).into_iter().flatten()
}

/// The word of a QAG media rating (AdCOM 1.0, "Media Ratings").
fn media_rating(code: Option<u32>) -> Option<u64> {
    Some(match code? {
        1 => word_key("all"),
        2 => word_key("over_12"),
        3 => word_key("mature"),
        _ => return None,
    })
}

/// The word of a production quality (AdCOM 1.0, "Production Qualities").
fn production(code: Option<u32>) -> Option<u64> {
    Some(match code? {
        1 => word_key("professional"),
        2 => word_key("prosumer"),
        3 => word_key("user_generated"),
        _ => return None,
    })
}

/// The word of a content context (AdCOM 1.0, "Content Contexts").
fn content_type(code: Option<u32>) -> Option<u64> {
    Some(match code? {
        1 => word_key("video"),
        2 => word_key("game"),
        3 => word_key("music"),
        4 => word_key("application"),
        5 => word_key("text"),
        6 => word_key("other"),
        _ => return None,
    })
}

/// The kinds of a `connectiontype`: a cellular one may tell its generation, too.
fn connections(connectiontype: Option<u32>) -> &'static [u64] {
    const CELLULAR: u64 = word_key("cellular");
    match connectiontype {
        Some(1) => const { &[word_key("ethernet")] },
        Some(2) => const { &[word_key("wifi")] },
        Some(3) => &[CELLULAR],
        Some(4) => const { &[CELLULAR, word_key("2g")] },
        Some(5) => const { &[CELLULAR, word_key("3g")] },
        Some(6) => const { &[CELLULAR, word_key("4g")] },
        Some(7) => const { &[CELLULAR, word_key("5g")] },
        _ => &[],
    }
}
