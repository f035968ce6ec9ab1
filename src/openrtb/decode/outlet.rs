//! `site`, `app` and `dooh`, with their publisher and content.

use crate::openrtb::decode::{joined, stated};
use crate::openrtb::json::{Fault, Reader};
use crate::openrtb::{Content, Outlet};

/// `site`, `app` or `dooh`; `None` if it is not an object.
pub(crate) fn outlet<'a>(json: &mut Reader<'a>) -> Result<Option<Outlet<'a>>, Fault> {
    let mut outlet = Outlet { cattax: 1, ..Outlet::default() };
    let (mut cat, mut sectioncat, mut pagecat) = (NONE, NONE, NONE);
    let (mut keywords, mut kwarray) = (NONE, NONE);
    outlet.content.cattax = 1;
    let is_object = json.object(|json, key| {
        match key {
            b"id" => outlet.id = json.text()?,
            b"name" => outlet.name = json.text()?,
            b"domain" => outlet.domain = json.text()?,
            b"bundle" => outlet.bundle = json.text()?,
            b"page" => outlet.page = json.text()?,
            b"cat" => cat = json.texts()?,
            b"sectioncat" => sectioncat = json.texts()?,
            b"pagecat" => pagecat = json.texts()?,
            b"cattax" => outlet.cattax = stated(json.whole()?).unwrap_or(1),
            b"keywords" => keywords = json.keywords()?,
            b"kwarray" => kwarray = json.keywords()?,
            b"publisher" => (outlet.publisher_id, outlet.publisher_domain) = publisher(json)?,
            b"content" => outlet.content = content(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    outlet.cat = joined(&[cat, sectioncat, pagecat], json.arena());
    outlet.keywords = joined(&[keywords, kwarray], json.arena());
    Ok(is_object.then_some(outlet))
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

fn content<'a>(json: &mut Reader<'a>) -> Result<Content<'a>, Fault> {
    let mut content = Content { cattax: 1, ..Content::default() };
    let mut langb = None;
    json.object(|json, key| {
        match key {
            b"title" => content.title = json.text()?,
            b"series" => content.series = json.text()?,
            b"genre" => content.genre = json.text()?,
            b"cat" => content.cat = json.texts()?,
            b"cattax" => content.cattax = stated(json.whole()?).unwrap_or(1),
            b"language" => content.language = json.text()?,
            b"langb" => langb = json.text()?,
            b"contentrating" => content.contentrating = json.text()?,
            b"livestream" => content.livestream = json.flag()?,
            b"channel" => content.channel_name = name(json)?,
            b"network" => content.network_name = name(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    content.language = content.language.or(langb);
    Ok(content)
}

/// `name` of a channel or network.
fn name<'a>(json: &mut Reader<'a>) -> Result<Option<&'a str>, Fault> {
    let mut name = None;
    json.object(|json, key| {
        match key {
            b"name" => name = json.text()?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(name)
}
