//! The host that a domain or an address names, as exchanges and files write it.

/// The host in `text`: `https://www.Shop.example:443/a?b` is `Shop.example`. Spaces around it, scheme, user, port,
/// path, `www.`, `*.` and a dot at the end are left out; case and script are kept. Perhaps empty.
#[must_use]
pub fn host(text: &str) -> &str {
    let text = text.trim();
    // Long block lists are of bare domains, which have nothing to look for.
    let is_bare = !text.bytes().any(|byte| matches!(byte, b':' | b'/' | b'?' | b'#' | b'@'));
    let mut host = if is_bare { text } else { host_of_address(text) };
    host = host.trim_end_matches('.');
    while let Some(below) = host.strip_prefix("*.") {
        host = below;
    }
    match host.get(..4) {
        Some(www) if www.eq_ignore_ascii_case("www.") => &host[4..],
        _ => host,
    }
}

/// `address` without scheme, path, user and port.
fn host_of_address(address: &str) -> &str {
    let text = address.split_once("://").map_or(address, |(_, rest)| rest);
    let text = text.split(['/', '?', '#']).next().unwrap_or_default();
    let text = text.rsplit('@').next().unwrap_or_default();
    text.split(':').next().unwrap_or_default()
}

/// `host` (one that [`host`] gave) and every domain above it, the longest first: `a.b.example`, `b.example`, ...
pub fn domains_of(host: &str) -> impl Iterator<Item = &str> {
    let whole = Some(host).filter(|host| !host.is_empty());
    std::iter::successors(whole, |domain| domain.split_once('.').map(|(_, above)| above))
}

#[cfg(test)]
mod tests {
    use super::{domains_of, host};

    #[test]
    fn a_host_is_found_in_every_form_that_names_one() {
        for text in [
            "shop.example",
            " shop.example. ",
            "www.shop.example",
            "*.shop.example",
            "https://shop.example",
            "http://user@WWW.shop.example:8080/path?q=1#x",
            "shop.example/path",
            "shop.example:8080",
            "shop.example?q",
            "shop.example#x",
            "user@shop.example",
            "*.*.www.shop.example..",
        ] {
            assert_eq!(host(text), "shop.example", "{text}");
        }
        for text in ["", " ", ".", "https://", "/path"] {
            assert_eq!(host(text), "", "{text}");
        }
        assert_eq!(host("É.example"), "É.example");
    }

    #[test]
    fn the_domains_of_a_host_lead_to_the_top() {
        let domains = |host| domains_of(host).collect::<Vec<_>>();
        assert_eq!(domains("a.b.example"), ["a.b.example", "b.example", "example"]);
        assert_eq!(domains("example"), ["example"]);
        assert!(domains("").is_empty());
    }
}
