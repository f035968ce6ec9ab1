//! What a request restricts and nobody can read, against a running server: no bid, beside the same request with a
//! restriction that says nothing.

mod support;

use support::{Encan, Options};

/// The status of the answer to a request with `root` among its fields, `imp` among those of its impression and
/// `banner` among those of its banner, each with a comma at its end.
#[track_caller]
fn check(server: &Encan, [root, imp, banner]: [&str; 3], want: u16) {
    let body = format!(
        r#"{{"id":"r",{root}"tmax":20000,"imp":[{{{imp}"id":"1","banner":{{{banner}"btype":[]}}}}],"ext":{{}}}}"#
    );
    let headers = [("content-type", "application/json")];
    let answer = server.client().send("POST", "/openrtb2/generic", &headers, body.as_bytes());
    assert_eq!(answer.status, want, "{body}\n{}", answer.text());
}

const BID: u16 = 200;
const NO_BID: u16 = 204;

#[test]
fn a_list_of_what_is_allowed_that_cannot_be_read_gets_no_bid() {
    let server = Encan::start(Options::default());
    for name in ["cur", "wseat", "acat"] {
        for (list, want) in
            [("{}", NO_BID), (r#"[{"x":1}]"#, NO_BID), ("[null]", BID), ("[]", BID), ("null", BID)]
        {
            check(&server, [&format!(r#""{name}":{list},"#), "", r#""w":300,"h":250,"#], want);
        }
    }
    for (list, want) in [("[{}]", NO_BID), ("[null]", BID), (r#"["text/html"]"#, BID)] {
        check(&server, ["", "", &format!(r#""mimes":{list},"w":300,"h":250,"#)], want);
    }
}

#[test]
fn a_private_auction_that_cannot_be_told_gets_no_open_bid() {
    let server = Encan::start(Options::default());
    for (flag, want) in [("{}", NO_BID), (r#""yes""#, NO_BID), ("0", BID), ("null", BID)] {
        let imp = format!(r#""pmp":{{"private_auction":{flag}}},"#);
        check(&server, ["", &imp, r#""w":300,"h":250,"#], want);
    }
}

#[test]
fn a_banner_of_a_deprecated_range_gets_a_size_within_it() {
    let server = Encan::start(Options::default());
    for (range, want) in [
        (r#""wmin":300,"wmax":300,"hmin":250,"hmax":250,"#, BID),
        (r#""wmin":7,"wmax":8,"hmin":1,"hmax":2,"#, NO_BID),
        (r#""wmin":5000,"#, NO_BID),
    ] {
        check(&server, ["", "", range], want);
    }
}
