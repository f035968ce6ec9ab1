//! `sellers.json`: the sellers of an advertising system. Source: IAB Tech Lab, sellers.json 1.0.

use serde::Deserialize;

use crate::document::{Fault, Faults, Source};

/// One system's file, compiled: sellers in the order of their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sellers {
    sellers: Box<[Seller]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Seller {
    id: Box<str>,
    /// `None` if confidential or not told.
    domain: Option<Box<str>>,
    kind: SellerKind,
}

/// What a seller sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SellerKind {
    /// Its own inventory.
    Publisher,
    /// That of others.
    Intermediary,
    /// Both; also what is not told.
    Both,
}

/// The file as it is written; unknown fields are passed over.
#[derive(Deserialize)]
struct File {
    sellers: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    seller_id: Text,
    seller_type: Option<String>,
    domain: Option<String>,
    is_confidential: Option<Flag>,
}

/// An id; some systems write numbers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Text(String),
    Number(serde_json::Number),
}

/// A flag; some systems write `true`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Flag {
    Number(u64),
    Word(bool),
}

impl Sellers {
    /// The file in `source`; `None`, with an error that names the line, if it is not a list of sellers.
    pub fn read(source: &Source, faults: &mut Faults) -> Option<Self> {
        let file: File = match serde_json::from_str(&source.text) {
            Ok(file) => file,
            Err(error) => {
                let at = offset(&source.text, error.line());
                let fault = Fault::error(source, at..at, format!("is not a list of sellers: {error}"));
                return faults.refuse(fault.hint("see the specification of sellers.json 1.0"));
            }
        };
        let mut sellers: Vec<Seller> = file.sellers.into_iter().map(Seller::of).collect();
        // Of repeated ids the first stays: the sort keeps the order.
        sellers.sort_by(|a, b| a.id.cmp(&b.id));
        sellers.dedup_by(|later, first| later.id == first.id);
        Some(Self { sellers: sellers.into_boxed_slice() })
    }

    /// What the seller `sid` sells; `None` if it is not listed.
    #[must_use]
    pub fn kind(&self, sid: &str) -> Option<SellerKind> {
        self.seller(sid).map(|seller| seller.kind)
    }

    /// The business domain of the seller `sid`, lower case; `None` if confidential or not listed.
    #[must_use]
    pub fn domain(&self, sid: &str) -> Option<&str> {
        self.seller(sid)?.domain.as_deref()
    }

    fn seller(&self, sid: &str) -> Option<&Seller> {
        let at = self.sellers.binary_search_by(|seller| (*seller.id).cmp(sid.trim())).ok()?;
        Some(&self.sellers[at])
    }
}

impl Seller {
    fn of(row: Row) -> Self {
        let id = match row.seller_id {
            Text::Text(id) => id.trim().into(),
            Text::Number(id) => id.to_string().into(),
        };
        let kind = match row.seller_type.as_deref().map(str::trim) {
            Some(kind) if kind.eq_ignore_ascii_case("PUBLISHER") => SellerKind::Publisher,
            Some(kind) if kind.eq_ignore_ascii_case("INTERMEDIARY") => SellerKind::Intermediary,
            _ => SellerKind::Both,
        };
        let is_open = !matches!(row.is_confidential, Some(Flag::Number(1..) | Flag::Word(true)));
        let domain = row.domain.filter(|domain| is_open && !domain.trim().is_empty());
        Self { id, domain: domain.map(|domain| domain.trim().to_ascii_lowercase().into()), kind }
    }
}

/// Where the line of this number begins, counted from 1.
fn offset(text: &str, line: usize) -> usize {
    text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum()
}

#[cfg(test)]
mod tests {
    use super::{SellerKind, Sellers};
    use crate::document::{Faults, Source};

    fn read(text: &str) -> (Option<Sellers>, Vec<String>) {
        let mut faults = Faults::new();
        let file = Sellers::read(&Source::new("x.example.json", text), &mut faults);
        (file, faults.into_vec().iter().map(|fault| fault.headline()).collect())
    }

    #[test]
    fn sellers_are_found_by_id_with_kind_and_domain() {
        let (file, faults) = read(
            r#"{"version": "1.0", "contact_email": "a@x.example", "sellers": [
                {"seller_id": "p1", "name": "P", "domain": "P.example", "seller_type": "PUBLISHER"},
                {"seller_id": 7, "seller_type": "intermediary", "ext": {}},
                {"seller_id": "b", "domain": "hidden.example", "is_confidential": 1, "seller_type": "BOTH"},
                {"seller_id": "b", "seller_type": "PUBLISHER"}]}"#,
        );
        let file = file.unwrap();
        assert_eq!((faults.as_slice(), file.sellers.len()), (&[][..], 3));
        assert_eq!((file.kind("p1"), file.domain("p1")), (Some(SellerKind::Publisher), Some("p.example")));
        assert_eq!((file.kind(" 7 "), file.domain("7")), (Some(SellerKind::Intermediary), None));
        assert_eq!((file.kind("b"), file.domain("b")), (Some(SellerKind::Both), None));
        assert_eq!((file.kind("P1"), file.domain("x")), (None, None));
    }

    #[test]
    fn what_is_no_list_of_sellers_is_told_by_its_line() {
        let (file, faults) = read("{\n  \"sellers\": [\n    {\"name\": \"x\"}\n  ]\n}");
        assert!(file.is_none());
        assert!(
            faults[0].starts_with("`x.example.json` line 3: is not a list of sellers: missing field"),
            "{faults:?}"
        );
        for text in ["", "[]", "{}", "{\"sellers\": 1}", "<html>", "{\"sellers\": [{\"seller_id\": null}]}"] {
            let (file, faults) = read(text);
            assert!(file.is_none() && faults.len() == 1, "{text}");
        }
        assert_eq!(read("{\"sellers\": []}").0.unwrap().sellers.len(), 0);
    }
}
