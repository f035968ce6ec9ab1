//! `ads.txt` and `app-ads.txt`: who may sell an outlet. Source: IAB Tech Lab, ads.txt 1.1, 3.4 and 3.5.

use std::cmp::Ordering;
use std::ops::Range;

use crate::document::{Fault, Faults, Source};
use crate::units::{domains_of, host};

/// One outlet's file, compiled. Order and repeats are gone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdsTxt {
    /// In the order of system and seller.
    records: Box<[Record]>,
    owner: Option<Box<str>>,
    sales_houses: Box<[Box<str>]>,
    subdomains: Box<[Box<str>]>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Record {
    /// Lower case.
    asi: Box<str>,
    /// Case kept: systems tell ids apart by it.
    sid: Box<str>,
    relation: Relation,
}

/// How the outlet's owner stands to the seller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// The owner controls the account.
    Direct,
    /// The owner has authorised somebody else to sell.
    Reseller,
}

impl AdsTxt {
    /// The file in `source`. Lines that are no record are passed over with a warning, as the specification asks.
    ///
    /// `None`, with an error, if no line is a record: then it is a page of the web server rather than a list.
    pub fn read(source: &Source, faults: &mut Faults) -> Option<Self> {
        let (mut records, mut sales_houses, mut subdomains, mut owner) =
            (Vec::new(), Vec::new(), Vec::new(), None);
        for (span, line) in lines(&source.text) {
            match entry(line) {
                Ok(Entry::Nothing) => {}
                Ok(Entry::Record(record)) => records.push(record),
                // The first one counts: a file has one owner.
                Ok(Entry::Owner(domain)) => owner = owner.or(Some(domain)),
                Ok(Entry::SalesHouse(house)) => sales_houses.push(house),
                Ok(Entry::Subdomain(domain)) => subdomains.push(domain),
                // A place is counted from the file's beginning: no more of them than are shown.
                Err(_) if faults.is_full() => {}
                Err(problem) => {
                    let fault = Fault::error(source, span, problem).as_warning();
                    faults.push(fault.hint("as `exchange.example, account, DIRECT`"));
                }
            }
        }
        if records.is_empty() {
            let fault = Fault::of_file(&source.name, "has no record of a seller");
            return faults.refuse(fault.hint("an outlet that nobody may sell has a placeholder record"));
        }
        records.sort_unstable();
        // Of two relations to one account the first stays: directly authorised.
        records.dedup_by(|later, first| later.asi == first.asi && later.sid == first.sid);
        subdomains.sort_unstable();
        subdomains.dedup();
        Some(Self {
            records: records.into_boxed_slice(),
            owner,
            sales_houses: sales_houses.into_boxed_slice(),
            subdomains: subdomains.into_boxed_slice(),
        })
    }

    /// How the seller `sid` of `asi` is authorised; `None` if it is not.
    #[must_use]
    pub fn relation(&self, asi: &str, sid: &str) -> Option<Relation> {
        let (asi, sid) = (host(asi), sid.trim());
        let compare = |record: &Record| folded(&record.asi, asi).then_with(|| (*record.sid).cmp(sid));
        let at = self.records.binary_search_by(compare).ok()?;
        Some(self.records[at].relation)
    }

    /// True if the business domain `seller` is the owner's (`OWNERDOMAIN`, or `outlet` where it is not told) or one
    /// of a sales house (`MANAGERDOMAIN`, whatever its country).
    #[must_use]
    pub fn belongs_to(&self, seller: &str, outlet: &str) -> bool {
        let seller = host(seller);
        let is = |own: &str| own.eq_ignore_ascii_case(seller);
        let is_owner = match self.owner.as_deref() {
            Some(owner) => is(owner),
            None => domains_of(host(outlet)).any(is),
        };
        is_owner || self.sales_houses.iter().any(|house| is(house))
    }

    /// True if the subdomain `domain` has a file of its own (`SUBDOMAIN`), so that this one says nothing of it.
    #[must_use]
    pub fn leaves_out(&self, domain: &str) -> bool {
        self.subdomains.binary_search_by(|own| folded(own, domain)).is_ok()
    }

    /// How many accounts it authorises.
    #[cfg(test)]
    pub(in crate::supply) fn accounts(&self) -> usize {
        self.records.len()
    }
}

/// The order of `own`, lower case, and `given`, whatever its case. Allocates nothing.
pub(in crate::supply) fn folded(own: &str, given: &str) -> Ordering {
    own.bytes().cmp(given.bytes().map(|byte| byte.to_ascii_lowercase()))
}

/// What a line says.
enum Entry {
    /// Empty, a comment, or a variable that is not read (`CONTACT`).
    Nothing,
    Record(Record),
    Owner(Box<str>),
    SalesHouse(Box<str>),
    Subdomain(Box<str>),
}

/// The lines of `text` with their places; CR, LF and both end one.
fn lines(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut at = 0;
    text.split(['\n', '\r']).map(move |line| {
        let span = at..at + line.len();
        at = span.end + 1;
        (span, line)
    })
}

fn entry(line: &str) -> Result<Entry, String> {
    let said = line.split('#').next().unwrap_or_default();
    // Extensions stand behind a semicolon.
    let said = said.split(';').next().unwrap_or_default().trim();
    if said.is_empty() {
        return Ok(Entry::Nothing);
    }
    let is_variable =
        said.split_once('=').filter(|(name, _)| name.bytes().all(|b| b.is_ascii_alphabetic() || b == b' '));
    if let Some((name, value)) = is_variable {
        return variable(name.trim(), value.trim());
    }
    let mut fields = said.split(',').map(str::trim);
    let (asi, sid, relation) = (fields.next(), fields.next(), fields.next());
    let (Some(asi), Some(sid), Some(relation)) = (asi, sid, relation) else {
        return Err("is neither a record of three fields nor a variable".to_owned());
    };
    let relation = match relation {
        direct if direct.eq_ignore_ascii_case("DIRECT") => Relation::Direct,
        reseller if reseller.eq_ignore_ascii_case("RESELLER") => Relation::Reseller,
        other => {
            return Err(format!(
                "has neither DIRECT nor RESELLER in its third field, got `{}`",
                short(other)
            ));
        }
    };
    if sid.is_empty() {
        return Err("has no account in its second field".to_owned());
    }
    Ok(Entry::Record(Record { asi: domain(asi)?, sid: sid.into(), relation }))
}

fn variable(name: &str, value: &str) -> Result<Entry, String> {
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    if is("OWNERDOMAIN") {
        return domain(value).map(Entry::Owner);
    }
    if is("SUBDOMAIN") {
        return domain(value).map(Entry::Subdomain);
    }
    if is("MANAGERDOMAIN") {
        // A country may stand behind it: the sales house of one country is one all the same.
        return domain(value.split(',').next().unwrap_or_default()).map(Entry::SalesHouse);
    }
    Ok(Entry::Nothing)
}

/// A domain in lower case.
fn domain(text: &str) -> Result<Box<str>, String> {
    let domain = host(text);
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.' || b == b'_' || !b.is_ascii();
    if domain.contains('.') && domain.len() <= 253 && domain.bytes().all(fits) {
        return Ok(domain.to_ascii_lowercase().into());
    }
    Err(format!("names no domain, got `{}`", short(text)))
}

/// The beginning of a text, for a message.
fn short(text: &str) -> &str {
    text.char_indices().nth(40).map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
mod tests {
    use rand::rngs::SmallRng;
    use rand::{RngExt as _, SeedableRng as _};

    use super::{AdsTxt, Relation};
    use crate::document::{Faults, Source};

    fn read(text: &str) -> (Option<AdsTxt>, Vec<String>) {
        let mut faults = Faults::new();
        let file = AdsTxt::read(&Source::new("a.example.txt", text), &mut faults);
        (file, faults.into_vec().iter().map(|fault| fault.headline()).collect())
    }

    #[track_caller]
    fn check(line: &str, seller: (&str, &str), want: Option<Relation>) {
        let (file, faults) = read(&format!("placeholder.example, placeholder, DIRECT\n{line}"));
        assert_eq!(faults, [""; 0], "{line}");
        assert_eq!(file.unwrap().relation(seller.0, seller.1), want, "{line}");
    }

    #[test]
    fn a_record_authorises_an_account_of_a_system() {
        let (direct, reseller) = (Some(Relation::Direct), Some(Relation::Reseller));
        check("x.example, 1, DIRECT", ("x.example", "1"), direct);
        check("X.Example,1,reseller,f08c47fec0942fa0", ("x.example", "1"), reseller);
        check(" x.example ,\t1 , Direct # ours", ("X.EXAMPLE", " 1 "), direct);
        check("x.example, 1, RESELLER; note", ("x.example", "1"), reseller);
        check("x.example, Ab, DIRECT", ("x.example", "ab"), None);
        check("x.example, 1, DIRECT", ("x.example", "2"), None);
        check("x.example, 1, DIRECT", ("a.x.example", "1"), None);
        check("#x.example, 1, DIRECT", ("x.example", "1"), None);
        check("x.example, 1, RESELLER\r\nx.example, 1, DIRECT", ("x.example", "1"), direct);
        check("contact=mail@x.example", ("x.example", "1"), None);
    }

    #[test]
    fn variables_tell_of_owner_managers_and_subdomains() {
        let text = "\u{feff}# made up\rOWNERDOMAIN=Group.example\rownerdomain=other.example\nMANAGERDOMAIN=m.example\n\
                    MANAGERDOMAIN=n.example, FR\nSUBDOMAIN=news.a.example\nx.example, 1, DIRECT";
        let (file, faults) = read(text);
        let file = file.unwrap();
        assert_eq!(faults, [""; 0]);
        for (seller, want) in [
            ("Group.example", true),
            ("m.example", true),
            ("n.example", true),
            ("other.example", false),
            ("a.example", false),
        ] {
            assert_eq!(file.belongs_to(seller, "a.example"), want, "{seller}");
        }
        let unowned = read("x.example, 1, DIRECT").0.unwrap();
        assert!(
            unowned.belongs_to("a.example", "news.a.example")
                && !unowned.belongs_to("b.example", "a.example")
        );
        assert!(file.leaves_out("NEWS.a.example") && !file.leaves_out("a.example"));
    }

    #[test]
    fn a_line_that_is_no_record_is_told_by_its_number_and_passed_over() {
        let text = "x.example, 1, DIRECT\nx.example, 2\nx.example, 3, OWNER\nx.example, , DIRECT\nlocal, 4, DIRECT\nSUBDOMAIN=!";
        let (file, faults) = read(text);
        assert_eq!(file.unwrap().accounts(), 1);
        assert_eq!(
            faults,
            [
                "`a.example.txt` line 2: is neither a record of three fields nor a variable",
                "`a.example.txt` line 3: has neither DIRECT nor RESELLER in its third field, got `OWNER`",
                "`a.example.txt` line 4: has no account in its second field",
                "`a.example.txt` line 5: names no domain, got `local`",
                "`a.example.txt` line 6: names no domain, got `!`",
            ]
        );
    }

    #[test]
    fn a_file_without_a_record_is_no_list_and_a_placeholder_authorises_nobody() {
        assert!(read("<html>\n<body>not found</body>").0.is_none());
        assert!(read("").0.is_none());
        let (file, _) = read("placeholder.example.com, placeholder, DIRECT, placeholder");
        assert_eq!(file.unwrap().relation("x.example", "1"), None);
    }

    #[test]
    fn no_text_makes_it_panic_and_every_record_is_found_again() {
        let seed = rand::random();
        println!("seed {seed}");
        let mut rng = SmallRng::seed_from_u64(seed);
        let words = [
            "x.example",
            ",",
            " ",
            "\n",
            "\r",
            "#",
            ";",
            "=",
            "DIRECT",
            "reseller",
            "OWNERDOMAIN",
            "é",
            "\0",
            "1",
        ];
        for _ in 0..2_000 {
            let text: String =
                (0..rng.random_range(0..60)).map(|_| words[rng.random_range(0..words.len())]).collect();
            if let (Some(file), _) = read(&text) {
                for record in &file.records {
                    assert_eq!(file.relation(&record.asi, &record.sid), Some(record.relation), "{text:?}");
                }
            }
        }
    }
}
