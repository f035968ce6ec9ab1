//! Good answers of encan's, one of each medium and of each form of VAST.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::Encan;

/// What is offered, and what the answer to it must hold.
pub struct Sample {
    pub name: &'static str,
    /// The fields of the imp.
    imp: &'static str,
    /// More fields of the request.
    rest: &'static str,
    /// What the oracle finds in the VAST beyond the plain linear ad.
    pub forms: &'static [&'static str],
}

const FRANCE: &str = r#""device": {"geo": {"country": "FRA"}}"#;
/// The ad itself must show who is behind it, and the publisher takes it as data too.
const TRANSPARENT: &str = r#""device": {"geo": {"country": "FRA"}}, "regs": {"dsa": {"dsarequired": 2, "pubrender": 0, "datatopub": 2}}"#;

/// One of each medium and of each form of VAST. `laden` is the deal of the ads that have all there can be.
pub const SAMPLES: [Sample; 14] = [
    Sample { name: "banner", imp: r#""banner": {"w": 300, "h": 250}"#, rest: "", forms: &[] },
    Sample {
        name: "video",
        imp: r#""video": {"mimes": ["video/mp4"], "protocols": [3, 7, 13], "w": 640, "h": 360, "maxduration": 30}"#,
        rest: "",
        forms: &[],
    },
    Sample {
        name: "audio",
        imp: r#""audio": {"mimes": ["audio/mpeg"], "protocols": [2], "maxduration": 30}"#,
        rest: "",
        forms: &[],
    },
    Sample {
        name: "native",
        imp: r#""native": {"request": "{\"ver\":\"1.2\",\"assets\":[{\"id\":1,\"required\":1,\"title\":{\"len\":90}},
            {\"id\":2,\"required\":1,\"img\":{\"type\":3,\"wmin\":300,\"hmin\":150}}],
            \"eventtrackers\":[{\"event\":1,\"methods\":[1]},{\"event\":2,\"methods\":[1]}]}"}"#,
        rest: "",
        forms: &[],
    },
    Sample {
        name: "skip",
        imp: r#""video": {"mimes": ["video/mp4"], "protocols": [3], "w": 1280, "h": 720, "maxduration": 30,
            "companionad": [{"w": 300, "h": 250}, {"w": 728, "h": 90}], "companiontype": [1, 2]}"#,
        rest: FRANCE,
        forms: &["companion", "skip"],
    },
    Sample {
        name: "stream",
        imp: r#""video": {"mimes": ["application/x-mpegURL"], "protocols": [13], "w": 1280, "h": 720, "delivery": [1]}"#,
        rest: FRANCE,
        forms: &["stream"],
    },
    Sample {
        name: "overlay",
        imp: r#""video": {"mimes": ["image/png"], "protocols": [2], "w": 640, "h": 360, "linearity": 2}"#,
        rest: FRANCE,
        forms: &["overlay"],
    },
    Sample {
        name: "wrapper",
        imp: r#""video": {"mimes": ["video/webm"], "protocols": [3, 6], "w": 640, "h": 360, "maxduration": 30}"#,
        rest: FRANCE,
        forms: &["wrapper"],
    },
    Sample {
        name: "audio wrapper",
        imp: r#""audio": {"mimes": ["audio/aac"], "protocols": [2, 5], "maxduration": 30}"#,
        rest: FRANCE,
        forms: &["wrapper"],
    },
    Sample {
        name: "laden",
        imp: r#""pmp": {"private_auction": 1, "deals": [{"id": "laden"}]},
            "video": {"mimes": ["video/mp4"], "protocols": [13], "w": 640, "h": 360, "maxduration": 30,
            "companionad": [{"w": 300, "h": 250}, {"w": 728, "h": 90}], "companiontype": [1, 2]}"#,
        rest: TRANSPARENT,
        forms: &["companion", "skip", "icon"],
    },
    Sample {
        name: "laden wrapper",
        imp: r#""pmp": {"private_auction": 1, "deals": [{"id": "laden"}]},
            "video": {"mimes": ["video/webm"], "protocols": [14], "w": 640, "h": 360, "maxduration": 30,
            "companionad": [{"w": 300, "h": 250}, {"w": 728, "h": 90}], "companiontype": [1, 2]}"#,
        rest: TRANSPARENT,
        forms: &["wrapper", "companion", "icon"],
    },
    Sample {
        name: "laden overlay",
        imp: r#""pmp": {"private_auction": 1, "deals": [{"id": "laden"}]},
            "video": {"mimes": ["image/png"], "protocols": [3], "w": 640, "h": 360, "linearity": 2,
            "companionad": [{"w": 300, "h": 250}, {"w": 728, "h": 90}], "companiontype": [1, 2]}"#,
        rest: FRANCE,
        forms: &["overlay", "companion"],
    },
    Sample {
        name: "overlay of HTML",
        imp: r#""pmp": {"private_auction": 1, "deals": [{"id": "laden"}]},
            "video": {"mimes": ["text/html"], "protocols": [7], "w": 640, "h": 360, "linearity": 2}"#,
        rest: FRANCE,
        forms: &["overlay"],
    },
    Sample {
        name: "native video",
        imp: r#""pmp": {"private_auction": 1, "deals": [{"id": "laden"}]}, "native": {"request": "{\"ver\":\"1.2\",\"assets\":[{\"id\":1,\"required\":1,\"title\":{\"len\":90}},
            {\"id\":2,\"required\":1,\"video\":{\"mimes\":[\"video/mp4\"],\"minduration\":5,\"maxduration\":30,
            \"protocols\":[3,13]}}],\"privacy\":1}"}"#,
        rest: TRANSPARENT,
        forms: &["video in native", "icon"],
    },
];

impl Sample {
    /// The request, with other `protocols` if told.
    pub fn request(&self, protocols: Option<[u64; 2]>) -> String {
        const FIELD: &str = r#""protocols": ["#;
        let Self { imp, rest, .. } = self;
        let comma = if rest.is_empty() { "" } else { ", " };
        let body = format!(r#"{{"id": "r", "tmax": 20000, "imp": [{{"id": "1", {imp}}}]{comma}{rest}}}"#);
        let body = body.replace('\n', "");
        let Some([inline, wrapper]) = protocols else { return body };
        let (before, after) = body.split_once(FIELD).expect("a sample of VAST");
        let (_, after) = after.split_once(']').expect("a list has an end");
        format!("{before}{FIELD}{inline}, {wrapper}]{after}")
    }
}

/// A request, and a good answer to it.
pub type Exchanged = (Value, Value);

/// A good answer to each of [`SAMPLES`], with its request, from an exchange that is billed by the markup.
pub fn samples(server: &Encan) -> BTreeMap<&'static str, Exchanged> {
    let mut client = server.client();
    let sample = |sample: &Sample| {
        let body = sample.request(None);
        let answer = client.send("POST", "/openrtb2/prebid-js", &[], body.as_bytes());
        assert_eq!(answer.status, 200, "no bid on {}: {body}", sample.name);
        (sample.name, (serde_json::from_str(&body).expect("JSON"), answer.json()))
    };
    SAMPLES.iter().map(sample).collect()
}
