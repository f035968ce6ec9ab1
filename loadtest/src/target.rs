//! What is loaded: an address of this machine and nothing else.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use hyper::Uri;

/// Where bid requests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// A loopback address.
    pub address: SocketAddr,
    /// The `host` header.
    pub authority: String,
    /// Path and query of bid requests.
    pub path: String,
}

impl Target {
    /// The target of a URL such as `http://127.0.0.1:8080/openrtb2/generic`.
    ///
    /// # Errors
    ///
    /// A sentence for the user, if it is no plain http URL of a loopback address.
    pub fn from_url(url: &str) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|error| format!("`{url}` is not a URL: {error}"))?;
        if uri.scheme_str() != Some("http") {
            return Err(format!("`{url}` does not start with `http://`"));
        }
        let authority = uri.authority().ok_or_else(|| format!("`{url}` has no host"))?;
        let host = authority.host().trim_matches(['[', ']']);
        let ip = match host {
            "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            _ => host.parse().ok(),
        };
        let ip = ip.filter(IpAddr::is_loopback).ok_or_else(|| {
            format!("`{host}` is not a loopback address: loadtest loads only the machine it runs on")
        })?;
        Ok(Self {
            address: SocketAddr::new(ip, authority.port_u16().unwrap_or(80)),
            authority: authority.to_string(),
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn this_machine_is_a_target() {
        for (url, address) in [
            ("http://127.0.0.1:8080/openrtb2/generic", "127.0.0.1:8080"),
            ("http://localhost:8080/x?y=1", "127.0.0.1:8080"),
            ("http://127.1.2.3/", "127.1.2.3:80"),
            ("http://[::1]:9/", "[::1]:9"),
        ] {
            assert_eq!(Target::from_url(url).unwrap().address.to_string(), address, "{url}");
        }
    }

    #[test]
    fn every_other_machine_is_refused() {
        for url in [
            "http://192.168.1.4:8080/",
            "http://0.0.0.0:8080/",
            "http://[2001:db8::1]/",
            "http://localhost.example/",
            "http://127.0.0.1.example/",
            "https://127.0.0.1/",
            "127.0.0.1:8080",
            "/openrtb2/generic",
        ] {
            assert!(Target::from_url(url).is_err(), "{url}");
        }
    }
}
