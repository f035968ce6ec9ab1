//! Who may come in, and the places of secrets.

use crate::campaign::read::NAME_CHARS_MAX;
use crate::campaign::{Access, AddressRange, Credential, Secret};
use crate::document::{Faults, Node, Object};

/// `authentication` and `trusted_proxies`. Where nothing is said, everybody may come in, and no proxy's word
/// is taken for an address.
pub(in crate::campaign::read::exchange) fn access(object: Object<'_>, faults: &mut Faults) -> Option<Access> {
    let proxies = object.get("trusted_proxies").map_or(Some(Vec::new()), |node| ranges(node, faults));
    let Some(node) = object.get("authentication") else {
        return Some(Access { trusted_proxies: proxies?, ..Access::default() });
    };
    if !node.is_object() {
        node.choice(&[("none", ())], faults)?;
        return Some(Access { trusted_proxies: proxies?, ..Access::default() });
    }
    let object = node.object(&["basic", "header", "addresses", "require"], faults)?;
    let mut credentials = Vec::new();
    if let Some(node) = object.get("basic") {
        credentials.push(basic(node, faults));
    }
    if let Some(node) = object.get("header") {
        credentials.push(header(node, faults));
    }
    if let Some(node) = object.get("addresses") {
        credentials.push(ranges(node, faults).map(Credential::Addresses));
    }
    if credentials.is_empty() {
        let fault = node.error("asks for nothing: needs `basic`, `header` or `addresses`");
        faults.push(fault.hint("to let everybody in, write `\"authentication\": \"none\"`"));
    }
    let words = [("all", false), ("any", true)];
    let any = object.get("require").map_or(Some(false), |node| node.choice(&words, faults));
    let credentials: Option<Vec<Credential>> = credentials.into_iter().collect();
    Some(Access { credentials: credentials?, any: any?, trusted_proxies: proxies? })
}

fn basic(node: Node<'_>, faults: &mut Faults) -> Option<Credential> {
    let object = node.object(&["user", "password"], faults)?;
    let user = object.require("user", faults).and_then(|node| {
        let user = node.line(NAME_CHARS_MAX, faults)?;
        if user.contains(':') {
            return faults.refuse(node.error("must not contain `:`, which ends it in the header"));
        }
        Some(user.to_owned())
    });
    let password = object.require("password", faults).and_then(|node| secret(node, faults));
    Some(Credential::Basic { user: user?, password: password? })
}

fn header(node: Node<'_>, faults: &mut Faults) -> Option<Credential> {
    let object = node.object(&["name", "value"], faults)?;
    let name = object.require("name", faults).and_then(|node| {
        let name = node.line(NAME_CHARS_MAX, faults)?;
        if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
            return Some(name.to_ascii_lowercase());
        }
        let fault = node.error(format!("is not the name of a header, got {}", node.echo()));
        faults.refuse(fault.hint("letters, digits, `-`, `_` and `.`, as `X-Exchange-Key`"))
    });
    let value = object.require("value", faults).and_then(|node| secret(node, faults));
    Some(Credential::Header { name: name?, value: value? })
}

fn ranges(node: Node<'_>, faults: &mut Faults) -> Option<Vec<AddressRange>> {
    let range = |node: Node<'_>, faults: &mut Faults| {
        let text = node.text(faults)?;
        AddressRange::parse(text).or_else(|| {
            let fault = node.error(format!("is not a range of addresses, got {}", node.echo()));
            faults.refuse(fault.hint(
                "as `203.0.113.0/24`, `2001:db8::/32` or `203.0.113.7`, with no bit set behind its length",
            ))
        })
    };
    let ranges: Vec<Option<AddressRange>> =
        node.one_or_more(faults)?.into_iter().map(|node| range(node, faults)).collect();
    ranges.into_iter().collect()
}

/// The place of a secret.
pub(in crate::campaign::read::exchange) fn secret(node: Node<'_>, faults: &mut Faults) -> Option<Secret> {
    node.secret(faults)
}
