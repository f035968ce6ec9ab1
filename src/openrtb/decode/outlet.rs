//! `site`, `app` and `dooh`, with their publisher and content.

use crate::openrtb::decode::data::segments;
use crate::openrtb::decode::{joined, stated};
use crate::openrtb::json::{Fault, Reader};
use crate::openrtb::{Broadcaster, Content, Outlet};

/// Reads `site`, `app` or `dooh` into its place, without a copy of what is large; `None` if it is not an object.
pub(crate) fn outlet<'a>(json: &mut Reader<'a>, into: &mut Option<Outlet<'a>>) -> Result<(), Fault> {
    let outlet = into.insert(Outlet { cattax: 1, venuetypetax: 1, content: UNTOLD, ..Outlet::default() });
    let (mut cat, mut sectioncat, mut pagecat) = (NONE, NONE, NONE);
    let (mut keywords, mut kwarray) = (NONE, NONE);
    let is_object = json.object(|json, key| {
        match key {
            b"id" => outlet.id = json.text()?,
            b"name" => outlet.name = json.text()?,
            b"domain" => outlet.domain = json.text()?,
            b"bundle" => outlet.bundle = json.text()?,
            b"storeurl" => outlet.storeurl = json.text()?,
            b"ver" => outlet.ver = json.text()?,
            b"paid" => outlet.paid = json.flag()?,
            b"page" => outlet.page = json.text()?,
            b"ref" => outlet.r#ref = json.text()?,
            b"search" => outlet.search = json.text()?,
            b"mobile" => outlet.mobile = json.flag()?,
            b"venuetype" => outlet.venuetype = json.texts()?,
            b"venuetypetax" => outlet.venuetypetax = json.whole()?.unwrap_or(1),
            b"cat" => cat = json.texts()?,
            b"sectioncat" => sectioncat = json.texts()?,
            b"pagecat" => pagecat = json.texts()?,
            b"cattax" => outlet.cattax = stated(json.whole()?).unwrap_or(1),
            b"keywords" => keywords = json.keywords()?,
            b"kwarray" => kwarray = json.keywords()?,
            b"publisher" => (outlet.publisher_id, outlet.publisher_domain) = publisher(json)?,
            b"content" => content(json, &mut outlet.content)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    outlet.cat = joined(&[cat, sectioncat, pagecat], json.arena());
    outlet.keywords = joined(&[keywords, kwarray], json.arena());
    if !is_object {
        *into = None;
    }
    Ok(())
}

const NONE: &[&str] = &[];

/// `publisher.id` and `publisher.domain`.
fn publisher<'a>(json: &mut Reader<'a>) -> Result<(Option<&'a str>, Option<&'a str>), Fault> {
    let (mut id, mut domain) = (None, None);
    json.object(|json, key| {
        match key {
            b"id" => id = json.text()?,
            b"domain" => domain = json.text()?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok((id, domain))
}

/// Content of which nothing is told.
const UNTOLD: Content<'_> = Content {
    title: None,
    series: None,
    genre: None,
    genres: &[],
    gtax: 9,
    cat: &[],
    cattax: 1,
    language: None,
    contentrating: None,
    userrating: None,
    qagmediarating: None,
    prodq: None,
    context: None,
    len: None,
    livestream: None,
    keywords: &[],
    channel: None,
    network: None,
    segments: &[],
};

fn content<'a>(json: &mut Reader<'a>, content: &mut Content<'a>) -> Result<(), Fault> {
    *content = UNTOLD;
    let (mut langb, mut videoquality) = (None, None);
    let (mut keywords, mut kwarray) = (NONE, NONE);
    json.object(|json, key| {
        match key {
            b"title" => content.title = json.text()?,
            b"series" => content.series = json.text()?,
            b"genre" => content.genre = json.text()?,
            b"genres" => content.genres = json.texts()?,
            b"gtax" => content.gtax = stated(json.whole()?).unwrap_or(9),
            b"cat" => content.cat = json.texts()?,
            b"cattax" => content.cattax = stated(json.whole()?).unwrap_or(1),
            b"language" => content.language = json.text()?,
            b"langb" => langb = json.text()?,
            b"contentrating" => content.contentrating = json.text()?,
            b"userrating" => content.userrating = json.text()?,
            b"qagmediarating" => content.qagmediarating = stated(json.whole()?),
            b"prodq" => content.prodq = stated(json.whole()?),
            b"videoquality" => videoquality = stated(json.whole()?),
            b"context" => content.context = stated(json.whole()?),
            b"len" => content.len = stated(json.whole()?),
            b"livestream" => content.livestream = json.flag()?,
            b"keywords" => keywords = json.keywords()?,
            b"kwarray" => kwarray = json.keywords()?,
            b"channel" => content.channel = broadcaster(json)?,
            b"network" => content.network = broadcaster(json)?,
            b"data" => content.segments = segments(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    content.language = content.language.or(langb);
    content.prodq = content.prodq.or(videoquality);
    content.keywords = joined(&[keywords, kwarray], json.arena());
    Ok(())
}

/// A channel or network; `None` if nothing of it is told.
fn broadcaster<'a>(json: &mut Reader<'a>) -> Result<Option<&'a Broadcaster<'a>>, Fault> {
    let mut broadcaster = Broadcaster::default();
    json.object(|json, key| {
        match key {
            b"id" => broadcaster.id = json.text()?,
            b"name" => broadcaster.name = json.text()?,
            b"domain" => broadcaster.domain = json.text()?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok((broadcaster != Broadcaster::default()).then(|| &*json.arena().alloc(broadcaster)))
}
