//! Web addresses and domains.

use crate::document::{Faults, Node};

/// Characters of an address: what browsers and exchanges pass on.
const ADDRESS_CHARS_MAX: usize = 2_048;

/// An http or https address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::campaign) struct Address {
    pub url: String,
    /// True if https.
    pub secure: bool,
}

/// The address here.
pub(in crate::campaign) fn address(node: Node<'_>, faults: &mut Faults) -> Option<Address> {
    let url = node.line(ADDRESS_CHARS_MAX, faults)?;
    let lower = url.to_lowercase();
    let secure = lower.starts_with("https://");
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#', ':']).next()).unwrap_or_default();
    let is_clean = !url.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '\\'));
    if is_host(host) && is_clean {
        return Some(Address { url: url.to_string(), secure });
    }
    let fault =
        node.error(format!("must be an http or https address of a host with a dot, got {}", node.echo()));
    faults.refuse(if rest.is_none() && is_host(lower.split('/').next().unwrap_or_default()) {
        fault.hint(format!("did you mean `https://{url}`?"))
    } else {
        fault.hint("as `https://shop.example/sale`")
    })
}

/// The address of an asset; a warning if it is not https, for then it cannot serve on secure pages.
pub(in crate::campaign) fn asset(node: Node<'_>, faults: &mut Faults) -> Option<Address> {
    let address = address(node, faults)?;
    if !address.secure {
        let fault = node.warning("is not https: the ad will not serve on secure pages");
        faults.push(fault.hint("serve it over https"));
    }
    Some(address)
}

/// At least two labels of letters, digits and hyphens.
pub(in crate::campaign) fn is_host(host: &str) -> bool {
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    host.contains('.') && host.split('.').all(is_label)
}
