//! All lists that we have, found by domain.

use std::sync::Arc;

use crate::document::{Fault, Faults, Source};
use crate::supply::ads_txt::folded;
use crate::supply::{AdsTxt, Sellers};
use crate::units::{domains_of, host};

/// Bytes of a domain name. Source: RFC 1035, 2.3.4.
const DOMAIN_BYTES_MAX: usize = 253;

/// The lists of one revision. Files that did not change are shared with the revision before.
#[derive(Debug, Clone, Default)]
pub struct Lists {
    ads_txt: ByDomain<AdsTxt>,
    app_ads_txt: ByDomain<AdsTxt>,
    sellers_json: ByDomain<Sellers>,
}

/// Files of one kind, in the order of their domains.
#[derive(Debug, Clone)]
struct ByDomain<T>(Vec<(Box<str>, Arc<T>)>);

impl<T> Default for ByDomain<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl Lists {
    /// These lists with the `ads.txt` in `source` added or replaced; unchanged if it cannot be read.
    ///
    /// The file's name is the site's domain and `.txt`.
    pub fn take_ads_txt(&mut self, source: &Source, faults: &mut Faults) {
        self.ads_txt.take(source, ".txt", AdsTxt::read, faults);
    }

    /// The same for `app-ads.txt`; the file's name is the domain of the app's developer.
    pub fn take_app_ads_txt(&mut self, source: &Source, faults: &mut Faults) {
        self.app_ads_txt.take(source, ".txt", AdsTxt::read, faults);
    }

    /// The same for `sellers.json`; the file's name is the domain of the advertising system and `.json`.
    pub fn take_sellers_json(&mut self, source: &Source, faults: &mut Faults) {
        self.sellers_json.take(source, ".json", Sellers::read, faults);
    }

    /// The `ads.txt` that speaks for the site at `domain`: its own, or that of a domain above it, unless that
    /// one leaves it out (`SUBDOMAIN`). Source: ads.txt 1.1, 3.1 and 3.5.
    #[must_use]
    pub fn ads_txt(&self, domain: &str) -> Option<&AdsTxt> {
        self.ads_txt.above(domain)
    }

    /// The `app-ads.txt` that speaks for apps of `domain`, found in the same way.
    #[must_use]
    pub fn app_ads_txt(&self, domain: &str) -> Option<&AdsTxt> {
        self.app_ads_txt.above(domain)
    }

    /// The `sellers.json` of the advertising system `asi`.
    #[must_use]
    pub fn sellers_json(&self, asi: &str) -> Option<&Sellers> {
        self.sellers_json.find(host(asi))
    }

    /// How many files there are: `ads.txt`, `app-ads.txt` and `sellers.json`.
    #[must_use]
    pub fn counts(&self) -> [usize; 3] {
        [self.ads_txt.0.len(), self.app_ads_txt.0.len(), self.sellers_json.0.len()]
    }
}

impl<T> ByDomain<T> {
    fn take(
        &mut self,
        source: &Source,
        ending: &str,
        read: impl Fn(&Source, &mut Faults) -> Option<T>,
        faults: &mut Faults,
    ) {
        let file = source.name.rsplit(['/', '\\']).next().unwrap_or_default();
        let domain = file.strip_suffix(ending).unwrap_or(file).to_ascii_lowercase();
        if !domain.contains('.') || host(&domain) != domain {
            let fault = Fault::of_file(&source.name, format!("the file's name is not a domain: {domain}"));
            faults.push(fault.hint(format!("name it with the domain, without `www.`, and `{ending}`")));
            return;
        }
        let Some(list) = read(source, faults) else { return };
        match self.0.binary_search_by(|(own, _)| (**own).cmp(&domain)) {
            Ok(at) => self.0[at].1 = Arc::new(list),
            Err(at) => self.0.insert(at, (domain.into(), Arc::new(list))),
        }
    }

    fn find(&self, domain: &str) -> Option<&T> {
        let at = self.0.binary_search_by(|(own, _)| folded(own, domain)).ok()?;
        Some(&self.0[at].1)
    }
}

impl ByDomain<AdsTxt> {
    fn above(&self, domain: &str) -> Option<&AdsTxt> {
        let own = Some(host(domain)).filter(|own| own.len() <= DOMAIN_BYTES_MAX)?;
        let (found, file) = domains_of(own).find_map(|above| Some((above, self.find(above)?)))?;
        let mut below = domains_of(own).take_while(|below| below.len() > found.len());
        (!below.any(|below| file.leaves_out(below))).then_some(file)
    }
}

#[cfg(test)]
mod tests {
    use super::Lists;
    use crate::document::{Faults, Source};

    fn source(name: &str, text: &str) -> Source {
        Source::new(format!("supply/ads.txt/{name}"), text)
    }

    fn lists(files: &[(&str, &str)]) -> (Lists, Vec<String>) {
        let (mut lists, mut faults) = (Lists::default(), Faults::new());
        for (name, text) in files {
            lists.take_ads_txt(&source(name, text), &mut faults);
        }
        (lists, faults.into_vec().iter().map(|fault| fault.headline()).collect())
    }

    #[test]
    fn the_file_of_a_domain_speaks_for_those_below_it_but_for_those_it_leaves_out() {
        let (lists, faults) = lists(&[
            ("a.example.txt", "x.example, 1, DIRECT\nSUBDOMAIN=news.a.example"),
            ("b.a.example.txt", "x.example, 1, DIRECT\ny.example, 2, DIRECT"),
        ]);
        assert_eq!(faults, [""; 0]);
        for (domain, want) in [
            ("A.example", Some(1)),
            ("https://www.a.example/page", Some(1)),
            ("c.a.example", Some(1)),
            ("b.a.example", Some(2)),
            ("c.b.a.example", Some(2)),
            ("news.a.example", None),
            ("de.news.a.example", None),
            ("ba.example", None),
            ("example", None),
            ("", None),
        ] {
            assert_eq!(lists.ads_txt(domain).map(|file| file.accounts()), want, "{domain}");
        }
        assert!(lists.ads_txt(&format!("{}a.example", "b.".repeat(1_000))).is_none());
        assert!(lists.app_ads_txt("a.example").is_none());
    }

    #[test]
    fn a_file_that_cannot_be_read_leaves_the_one_before() {
        let (mut lists, _) = lists(&[("a.example.txt", "x.example, 1, DIRECT")]);
        let mut faults = Faults::new();
        lists.take_ads_txt(&source("a.example.txt", "<html>"), &mut faults);
        assert_eq!(lists.ads_txt("a.example").map(|file| file.accounts()), Some(1));
        lists.take_ads_txt(
            &source("a.example.txt", "x.example, 1, DIRECT\nx.example, 2, DIRECT"),
            &mut faults,
        );
        assert_eq!(lists.ads_txt("a.example").map(|file| file.accounts()), Some(2));
        assert_eq!(lists.counts(), [1, 0, 0]);
    }

    #[test]
    fn a_file_that_is_not_named_for_a_domain_is_refused() {
        for name in ["local.txt", "www.a.example.txt", ".txt"] {
            let (lists, faults) = lists(&[(name, "x.example, 1, DIRECT")]);
            assert_eq!((lists.counts(), faults.len()), ([0, 0, 0], 1), "{name}");
            assert!(faults[0].contains("the file's name is not a domain"), "{faults:?}");
        }
    }
}
