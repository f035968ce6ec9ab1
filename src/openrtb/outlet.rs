//! Where an impression is shown: the site, app or screen, and the content on it.

use crate::openrtb::Segment;

/// Where the impression is shown.
#[derive(Debug, Clone, Copy)]
pub enum Channel<'a> {
    /// `site`, 3.2.13.
    Site(Outlet<'a>),
    /// `app`, 3.2.14.
    App(Outlet<'a>),
    /// `dooh`, 3.2.15.
    Dooh(Outlet<'a>),
    /// None was sent.
    Unknown,
}

impl<'a> Channel<'a> {
    /// The site, app or placement, if any was sent.
    #[must_use]
    pub fn outlet(&self) -> Option<&Outlet<'a>> {
        match self {
            Self::Site(outlet) | Self::App(outlet) | Self::Dooh(outlet) => Some(outlet),
            Self::Unknown => None,
        }
    }
}

/// What site, app and dooh share. `page`, `ref`, `search` and `mobile` are the site's; `bundle`, `storeurl`, `ver`
/// and `paid` the app's; `venuetype` is the screen's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outlet<'a> {
    /// The exchange's id.
    pub id: Option<&'a str>,
    /// Name, as the exchange writes it.
    pub name: Option<&'a str>,
    /// Domain, as sent.
    pub domain: Option<&'a str>,
    /// The app's bundle or store id.
    pub bundle: Option<&'a str>,
    /// The app's address in its store.
    pub storeurl: Option<&'a str>,
    /// The app's version.
    pub ver: Option<&'a str>,
    /// `Some(true)` if the app was paid for.
    pub paid: Option<bool>,
    /// The address of the page.
    pub page: Option<&'a str>,
    /// The address of the page that led here.
    pub r#ref: Option<&'a str>,
    /// What was searched for to come here.
    pub search: Option<&'a str>,
    /// `Some(true)` if the site is laid out for phones.
    pub mobile: Option<bool>,
    /// Kinds of venue, in `venuetypetax`.
    pub venuetype: &'a [&'a str],
    /// The taxonomy of `venuetype`, default 1 (OpenOOH 1.0).
    pub venuetypetax: u32,
    /// `cat`, `sectioncat` and `pagecat` together.
    pub cat: &'a [&'a str],
    /// The taxonomy of `cat`, default 1.
    pub cattax: u32,
    /// Keywords, from `keywords` or `kwarray`, split at commas and trimmed.
    pub keywords: &'a [&'a str],
    /// `publisher.id`.
    pub publisher_id: Option<&'a str>,
    /// `publisher.domain`.
    pub publisher_domain: Option<&'a str>,
    /// The content shown.
    pub content: Content<'a>,
}

/// `Content`, 3.2.16.
#[derive(Debug, Clone, Copy, Default)]
pub struct Content<'a> {
    /// Title.
    pub title: Option<&'a str>,
    /// Series.
    pub series: Option<&'a str>,
    /// Genre, as text.
    pub genre: Option<&'a str>,
    /// Genres, in `gtax`.
    pub genres: &'a [&'a str],
    /// The taxonomy of `genres`, default 9 (Content 3.1).
    pub gtax: u32,
    /// Categories, in `cattax`.
    pub cat: &'a [&'a str],
    /// The taxonomy of `cat`, default 1.
    pub cattax: u32,
    /// Language (`language`, ISO 639-1, or `langb`, BCP 47).
    pub language: Option<&'a str>,
    /// Rating, as text (`contentrating`).
    pub contentrating: Option<&'a str>,
    /// What users think of it, as text, such as stars or likes.
    pub userrating: Option<&'a str>,
    /// 1 all audiences, 2 everyone over 12, 3 mature.
    pub qagmediarating: Option<u32>,
    /// Production: 1 professional, 2 prosumer, 3 by users (`prodq`, else `videoquality` of 2.4).
    pub prodq: Option<u32>,
    /// 1 video, 2 game, 3 music, 4 application, 5 text, 6 other, 7 unknown.
    pub context: Option<u32>,
    /// Length in seconds.
    pub len: Option<u32>,
    /// `Some(true)` if live.
    pub livestream: Option<bool>,
    /// Keywords, from `keywords` and `kwarray`, split at commas and trimmed.
    pub keywords: &'a [&'a str],
    /// The channel it is on, such as one of a network's.
    pub channel: Option<&'a Broadcaster<'a>>,
    /// The network it is on.
    pub network: Option<&'a Broadcaster<'a>>,
    /// Segments of `data`: what others say of it, mostly categories by their taxonomy.
    pub segments: &'a [Segment<'a>],
}

/// `Network`, 3.2.23, or `Channel`, 3.2.24.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Broadcaster<'a> {
    /// The publisher's id of it.
    pub id: Option<&'a str>,
    /// Name.
    pub name: Option<&'a str>,
    /// Domain.
    pub domain: Option<&'a str>,
}
