//! Native 1.2 markup: the JSON answer to the assets asked for.
//!
//! Trackers are of the kinds offered. Deliberately absent: JavaScript trackers, fallback links and
//! assets fetched by URL.

use serde::Serialize;

use crate::creative::assets::{Answer, answer};
use crate::creative::{Links, NativePlacement};

/// `eventtrackers.event`: the impression.
const IMPRESSION: u32 = 1;
/// `eventtrackers.event`: half of it on screen for a second.
const VIEWABLE_MRC50: u32 = 2;
/// `eventtrackers.method`: an image.
const IMG: u32 = 1;

#[derive(Serialize)]
#[serde(untagged)]
enum Root<'a> {
    Wrapped { native: Native<'a> },
    Bare(Native<'a>),
}

#[derive(Serialize)]
struct Native<'a> {
    ver: &'static str,
    assets: Vec<Asset<'a>>,
    link: Link<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    imptrackers: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    eventtrackers: Vec<EventTracker<'a>>,
}

#[derive(Serialize)]
struct Asset<'a> {
    id: u32,
    #[serde(flatten)]
    body: Body<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Body<'a> {
    Title { text: &'a str },
    Data { value: &'a str },
    Img { url: &'a str, w: u32, h: u32 },
}

#[derive(Serialize)]
struct Link<'a> {
    url: &'a str,
}

#[derive(Serialize)]
struct EventTracker<'a> {
    event: u32,
    method: u32,
    url: &'a str,
}

pub(super) fn write(native: &NativePlacement<'_>, links: &Links<'_>, out: &mut String) {
    let assets = native.assets.iter().filter_map(|asset| {
        let body = match answer(native.content, asset)? {
            Answer::Title(text) => Body::Title { text },
            Answer::Data(value) => Body::Data { value },
            Answer::Img(image) => Body::Img { url: &image.url, w: image.width, h: image.height },
        };
        Some(Asset { id: asset.id, body })
    });
    let mut answer = Native {
        ver: "1.2",
        assets: assets.collect(),
        link: Link { url: links.click },
        imptrackers: vec![],
        eventtrackers: vec![],
    };
    let offered = |event| native.eventtrackers.contains(&(event, IMG));
    match links.impression {
        Some(url) if offered(IMPRESSION) => {
            answer.eventtrackers.push(EventTracker { event: IMPRESSION, method: IMG, url });
        }
        Some(url) => answer.imptrackers.push(url),
        None => {}
    }
    if offered(VIEWABLE_MRC50) {
        answer.eventtrackers.push(EventTracker { event: VIEWABLE_MRC50, method: IMG, url: links.view });
    }
    let root = if native.wrapped { Root::Wrapped { native: answer } } else { Root::Bare(answer) };
    out.push_str(&serde_json::to_string(&root).expect("texts and numbers are JSON"));
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::creative::samples::{imp, links, native, native_offer};
    use crate::creative::{Links, fit, write};
    use crate::openrtb::{Imp, Native};

    #[track_caller]
    fn check(offer: Native<'_>, links: &Links<'_>, want: &Value) {
        let creative = native();
        let imp = Imp { native: Some(offer), ..imp() };
        let mut out = String::new();
        write(&creative, "Ponant", &fit(&creative, &imp).unwrap(), links, &mut out);
        assert_eq!(&serde_json::from_str::<Value>(&out).unwrap(), want, "{out}");
    }

    fn with(extra: &Value) -> Value {
        let mut answer = json!({
            "ver": "1.2",
            "assets": [
                {"id": 1, "title": {"text": "Été à Brest"}},
                {"id": 2, "img": {"url": "https://cdn.test/main.jpg", "w": 1200, "h": 627}},
                {"id": 4, "data": {"value": "Compagnie du Ponant"}}
            ],
            "link": {"url": "https://bid.test/c?t=abc&p=${AUCTION_PRICE}"}
        });
        answer.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        answer
    }

    #[test]
    fn assets_are_answered_by_their_ids() {
        check(native_offer(), &links(), &with(&json!({})));
    }

    #[test]
    fn an_answer_is_wrapped_where_the_question_was() {
        check(Native { wrapped: true, ..native_offer() }, &links(), &json!({"native": with(&json!({}))}));
    }

    #[test]
    fn only_trackers_offered_are_sent() {
        let view = "https://bid.test/v?t=abc&p=${AUCTION_PRICE}";
        let paying = Links { impression: Some("https://bid.test/i"), ..links() };
        let offer = |eventtrackers| Native { eventtrackers, ..native_offer() };
        let viewed = json!({"event": 2, "method": 1, "url": view});
        check(offer(&[(1, 1), (2, 1)]), &links(), &with(&json!({"eventtrackers": [viewed]})));
        check(offer(&[(1, 2), (2, 2)]), &links(), &with(&json!({})));
        check(offer(&[(1, 2)]), &paying, &with(&json!({"imptrackers": ["https://bid.test/i"]})));
        let rendered = json!({"event": 1, "method": 1, "url": "https://bid.test/i"});
        check(offer(&[(1, 1), (2, 1)]), &paying, &with(&json!({"eventtrackers": [rendered, viewed]})));
    }
}
