//! Where the bidder under test listens.

use std::net::SocketAddr;

use hyper::Uri;

/// A bidder's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Resolved once, so that names cost no time later.
    pub address: SocketAddr,
    /// For the `host` header.
    pub host: String,
    /// Path and query.
    pub path: String,
}

/// Why there is no bidder to call.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Not a URL with a host.
    #[error("`{0}` is not an address like http://127.0.0.1:8080/openrtb2/generic")]
    NotAnAddress(String),
    /// HTTPS, or something stranger.
    #[error("`{0}` is not http")]
    NotHttp(String),
    /// The name is not known.
    #[error("`{host}` is not found: {source}")]
    Unknown {
        /// Host and port.
        host: String,
        /// Why.
        source: std::io::Error,
    },
}

impl TargetError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotAnAddress(_) => "give the address at which the bidder takes bid requests, with its path",
            Self::NotHttp(_) => {
                "only plain http is spoken: call the bidder behind the proxy that ends its TLS, or put one in front"
            }
            Self::Unknown { .. } => "is the name right, and does this machine know it?",
        }
    }
}

impl Target {
    /// The target that `url` names.
    ///
    /// # Errors
    ///
    /// [`TargetError`].
    pub async fn resolve(url: &str) -> Result<Self, TargetError> {
        let uri: Uri = url.parse().map_err(|_| TargetError::NotAnAddress(url.to_owned()))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some(_) => return Err(TargetError::NotHttp(url.to_owned())),
            None => return Err(TargetError::NotAnAddress(url.to_owned())),
        }
        let authority = uri.authority().ok_or_else(|| TargetError::NotAnAddress(url.to_owned()))?;
        let port = authority.port_u16().unwrap_or(80);
        // Brackets belong to an IPv6 address in a URL, and not to the address.
        let name = authority.host().trim_start_matches('[').trim_end_matches(']');
        let unknown = |source| TargetError::Unknown { host: authority.to_string(), source };
        let mut addresses = tokio::net::lookup_host((name, port)).await.map_err(unknown)?;
        let none = || std::io::Error::new(std::io::ErrorKind::NotFound, "no address");
        let address = addresses.next().ok_or_else(none).map_err(unknown)?;
        let path = uri.path_and_query().map_or("/".to_owned(), ToString::to_string);
        Ok(Self { address, host: authority.to_string(), path })
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[track_caller]
    fn check(url: &str, want: Result<(&str, &str), &str>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(Target::resolve(url));
        let found = found.map(|target| (target.address.to_string(), target.path)).map_err(|e| e.to_string());
        let want = want.map(|(address, path)| (address.to_owned(), path.to_owned())).map_err(str::to_owned);
        assert_eq!(found, want);
    }

    #[test]
    fn an_address_has_a_host_a_port_and_a_path() {
        check("http://127.0.0.1:8080/openrtb2/x?k=1", Ok(("127.0.0.1:8080", "/openrtb2/x?k=1")));
        check("http://127.0.0.1", Ok(("127.0.0.1:80", "/")));
        check("http://[::1]:9/bid", Ok(("[::1]:9", "/bid")));
    }

    #[test]
    fn what_is_no_plain_address_is_refused() {
        check("https://127.0.0.1/bid", Err("`https://127.0.0.1/bid` is not http"));
        for url in ["127.0.0.1:80", "/bid", "", "bid me"] {
            let want = format!("`{url}` is not an address like http://127.0.0.1:8080/openrtb2/generic");
            check(url, Err(&want));
        }
    }
}
