//! Which column says what, by the names in the heading: leniently, and never by a guess between two.

use std::fmt;

use crate::campaign::currency_in_use;
use crate::report::reconcile::fields::{Fields, Split};
use crate::units::Currency;

/// What a column says of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumIter)]
pub enum Role {
    /// The bid.
    Id,
    /// The price of a thousand.
    Price,
    /// What the line costs.
    Amount,
    /// The currency of the money.
    Currency,
    /// The day, or an instant on it.
    Day,
    /// How many impressions it is about.
    Impressions,
}

impl Role {
    const COUNT: usize = 6;

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Price => "price",
            Self::Amount => "amount",
            Self::Currency => "currency",
            Self::Day => "date",
            Self::Impressions => "impressions",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        <Self as strum::IntoEnumIterator>::iter().find(|role| role.name() == name)
    }

    /// Names of such columns, the clearest first; one of a clearer kind wins over the others.
    const fn kinds(self) -> [&'static [&'static str]; 2] {
        match self {
            Self::Id => [&["bid_id", "bidid", "bid", "buyer_bid_id", "dsp_bid_id"], &["id"]],
            Self::Price => [
                &["price_cpm", "cpm", "cpm_price", "clearing_price", "clearing_price_cpm", "clearing_cpm"],
                &["price", "ecpm", "avg_cpm", "average_cpm"],
            ],
            Self::Amount => [
                &["cost", "spend", "amount", "revenue", "charge", "billed_amount"],
                &["media_cost", "total_cost", "total_spend", "net_cost", "buyer_spend", "media_spend"],
            ],
            Self::Currency => [&["currency", "currency_code", "cur", "ccy"], &["billing_currency"]],
            Self::Day => [
                &["date", "day"],
                &["timestamp", "time", "datetime", "date_time", "event_time", "impression_time", "billed_at"],
            ],
            Self::Impressions => [
                &["impressions", "imps", "impression_count", "billed_impressions", "paid_impressions"],
                &["count", "quantity", "qty"],
            ],
        }
    }
}

/// The columns of a file that are read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Columns {
    at: [Option<usize>; Role::COUNT],
    names: Vec<(Role, String)>,
    /// How many the heading names.
    count: usize,
    /// The currency that the heading of the money says: `Cost (EUR)`.
    pub currency: Option<Currency>,
}

/// Why the columns are not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ColumnError {
    /// No line near the top names any.
    #[error("no line at the top names columns of bids or days and of money; the first line is `{first}`")]
    NoHeading {
        /// What is there.
        first: String,
    },
    /// Two that could be meant.
    #[error("the columns {names} could all be the {role}")]
    Several {
        /// What for.
        role: &'static str,
        /// Which, in quotes.
        names: String,
    },
    /// The command line names one that is not there.
    #[error("there is no column `{name}`; there are {names}")]
    Absent {
        /// The name.
        name: String,
        /// Those that are.
        names: String,
    },
    /// Nothing says what a line costs.
    #[error("no column says a price or an amount; there are {names}")]
    NoMoney {
        /// Those that are.
        names: String,
    },
    /// Nothing says what a line is about.
    #[error("no column says a bid's id or a day; there are {names}")]
    NoSubject {
        /// Those that are.
        names: String,
    },
    /// Days with a price and without a count.
    #[error("the lines are of whole days and say a price per thousand, but not how many impressions")]
    PriceOfUnknownCount,
}

impl ColumnError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        let example = match self {
            Self::Several { role, .. } => format!("--column {role}=NAME"),
            Self::Absent { .. } => {
                return "names are compared without case, spaces and underscores".to_owned();
            }
            Self::NoHeading { .. } => "--column id=NAME --column price=NAME".to_owned(),
            Self::NoMoney { .. } => "--column price=NAME` (per thousand) or `--column amount=NAME".to_owned(),
            Self::NoSubject { .. } => "--column id=NAME` or `--column date=NAME".to_owned(),
            Self::PriceOfUnknownCount => "--column impressions=NAME` or `--column amount=NAME".to_owned(),
        };
        format!("say which column is meant with `{example}`")
    }
}

/// How the lines of a file are told into columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The byte between two fields.
    pub separator: u8,
    /// The place of the heading among the lines at the top, from 0.
    pub heading: usize,
    /// What is where.
    pub columns: Columns,
}

impl Layout {
    /// Finds the heading among the lines at the `top`: the first that names two columns or more that are looked
    /// for. `named` says columns that the heading does not make clear.
    ///
    /// # Errors
    ///
    /// [`ColumnError`].
    pub fn find(top: &[Vec<u8>], named: &[(Role, String)]) -> Result<Self, ColumnError> {
        for (heading, line) in top.iter().enumerate() {
            let split = |separator: u8| {
                let mut fields = Fields::new(separator);
                let whole = fields.split(line) == Split::Whole;
                let names: Vec<String> = fields.iter().map(|name| name.into_owned()).collect();
                (if whole { recognised(&names, named) } else { 0 }, separator, names)
            };
            let best = b"|\t;,".map(split).into_iter().max_by_key(|(found, ..)| *found);
            if let Some((2.., separator, names)) = best {
                return Ok(Self { separator, heading, columns: Columns::find(&names, named)? });
            }
        }
        let first = top.first().map(|line| String::from_utf8_lossy(line).chars().take(80).collect());
        Err(ColumnError::NoHeading { first: first.unwrap_or_default() })
    }
}

/// How many roles the names fill.
fn recognised(names: &[String], named: &[(Role, String)]) -> usize {
    let fills = |role: &Role| {
        let meant =
            |(known, wanted): &(Role, String)| known == role && names.iter().any(|name| same(name, wanted));
        named.iter().any(meant) || role.kinds().iter().any(|kind| !of_kind(names, *role, kind).is_empty())
    };
    <Role as strum::IntoEnumIterator>::iter().filter(fills).count()
}

/// The places of the columns with a name of that kind.
fn of_kind(names: &[String], role: Role, kind: &[&str]) -> Vec<usize> {
    let fits = |name: &String| {
        let (plain, _) = without_currency(&plain(name), role);
        kind.iter().any(|known| known.replace('_', "") == plain.replace('_', ""))
    };
    (0..names.len()).filter(|at| fits(&names[*at])).collect()
}

/// Lower case, words joined by underscores.
fn plain(name: &str) -> String {
    let sign = |sign: char| if sign.is_alphanumeric() { sign.to_ascii_lowercase() } else { ' ' };
    let spaced: String = name.chars().map(sign).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join("_")
}

/// A heading of money without the currency that ends it.
fn without_currency(plain: &str, role: Role) -> (String, Option<Currency>) {
    if !matches!(role, Role::Price | Role::Amount) {
        return (plain.to_owned(), None);
    }
    let (name, last) = plain.rsplit_once('_').unwrap_or((plain, ""));
    match currency_in_use(last) {
        Some(currency) => (name.to_owned(), Some(currency)),
        None => (plain.to_owned(), None),
    }
}

fn same(one: &str, other: &str) -> bool {
    plain(one).replace('_', "") == plain(other).replace('_', "")
}

impl Columns {
    /// The columns among those with these `names`; `named` says which are meant.
    ///
    /// # Errors
    ///
    /// [`ColumnError`].
    pub fn find(names: &[String], named: &[(Role, String)]) -> Result<Self, ColumnError> {
        let mut columns = Self { count: names.len(), ..Self::default() };
        for role in <Role as strum::IntoEnumIterator>::iter() {
            let wanted = named.iter().find(|(known, _)| *known == role);
            let places = match wanted {
                Some((_, wanted)) => {
                    let fits = |at: &usize| same(&names[*at], wanted);
                    let places: Vec<usize> = (0..names.len()).filter(fits).collect();
                    if places.is_empty() {
                        return Err(ColumnError::Absent { name: wanted.clone(), names: list(names) });
                    }
                    places
                }
                None => {
                    let kinds = role.kinds().into_iter().map(|kind| of_kind(names, role, kind));
                    kinds.into_iter().find(|places| !places.is_empty()).unwrap_or_default()
                }
            };
            match places[..] {
                [] => {}
                [at] => columns.put(role, at, &names[at]),
                _ => {
                    let several: Vec<String> = places.iter().map(|at| names[*at].clone()).collect();
                    return Err(ColumnError::Several { role: role.name(), names: list(&several) });
                }
            }
        }
        columns.checked(names)
    }

    fn put(&mut self, role: Role, at: usize, name: &str) {
        self.at[role as usize] = Some(at);
        self.names.push((role, name.to_owned()));
    }

    fn checked(mut self, names: &[String]) -> Result<Self, ColumnError> {
        let Some((role, at)) = self.money() else {
            return Err(ColumnError::NoMoney { names: list(names) });
        };
        if self.at(Role::Id).is_none() && self.at(Role::Day).is_none() {
            return Err(ColumnError::NoSubject { names: list(names) });
        }
        if self.by_day() && role == Role::Price && self.at(Role::Impressions).is_none() {
            return Err(ColumnError::PriceOfUnknownCount);
        }
        self.currency = without_currency(&plain(&names[at]), role).1;
        Ok(self)
    }

    /// How many there are, those that are not read among them.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Where that is said, if anywhere.
    #[must_use]
    pub fn at(&self, role: Role) -> Option<usize> {
        self.at[role as usize]
    }

    /// The column that money is read from: an amount is what is owed, so it goes before a price.
    #[must_use]
    pub fn money(&self) -> Option<(Role, usize)> {
        let of = |role| self.at(role).map(|at| (role, at));
        of(Role::Amount).or(of(Role::Price))
    }

    /// True if the lines are about days, not bids.
    #[must_use]
    pub fn by_day(&self) -> bool {
        self.at(Role::Id).is_none()
    }

    /// The name of a column in the file.
    #[must_use]
    pub fn name(&self, role: Role) -> &str {
        self.names.iter().find(|(known, _)| *known == role).map_or("", |(_, name)| name)
    }

    /// Every column that is read, with its name in the file.
    pub fn read(&self) -> impl Iterator<Item = (Role, &str)> {
        let unread = self.at(Role::Amount).is_some();
        self.names
            .iter()
            .filter(move |(role, _)| !(unread && *role == Role::Price))
            .map(|(role, name)| (*role, name.as_str()))
    }
}

/// Names in quotes, as a list of words.
fn list(names: &[String]) -> String {
    struct Quoted<'a>(&'a [String]);
    impl fmt::Display for Quoted<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            for (at, name) in self.0.iter().enumerate() {
                let before = if at == 0 { "" } else { ", " };
                write!(f, "{before}`{name}`")?;
            }
            Ok(())
        }
    }
    Quoted(names).to_string()
}

#[cfg(test)]
mod tests {
    use super::{Layout, Role};

    /// The roles found in the heading, in order of the table, or the refusal.
    #[track_caller]
    fn check(heading: &str, named: &[(Role, &str)], want: Result<&str, &str>) {
        let named: Vec<_> = named.iter().map(|(role, name)| (*role, (*name).to_owned())).collect();
        let found = Layout::find(&[heading.as_bytes().to_vec()], &named).map(|layout| {
            let read = layout.columns.read().map(|(role, name)| format!("{}={name}", role.name()));
            read.collect::<Vec<_>>().join(" ")
        });
        match (found, want) {
            (Ok(found), Ok(want)) => assert_eq!(found, want, "{heading}"),
            (Err(error), Err(want)) => assert_eq!(error.to_string(), want, "{heading}"),
            (found, _) => panic!("{heading}: {found:?}"),
        }
    }

    #[test]
    fn names_are_compared_without_case_spaces_and_underscores() {
        check("bid_id,price", &[], Ok("id=bid_id price=price"));
        check("Bid ID;Clearing Price;Currency", &[], Ok("id=Bid ID price=Clearing Price currency=Currency"));
        check("BidId\tCost (EUR)\tDate", &[], Ok("id=BidId amount=Cost (EUR) date=Date"));
        check("id|bidid|cpm_usd", &[], Ok("id=bidid price=cpm_usd"));
        check("\"Day\",\"Imps\",\"Spend\"", &[], Ok("amount=Spend date=Day impressions=Imps"));
        check("bid id,cpm,cost,imps", &[], Ok("id=bid id amount=cost impressions=imps"));
    }

    #[test]
    fn the_heading_may_stand_below_other_lines() {
        let top = ["Report of November", "", "bid_id;cost"].map(|line| line.as_bytes().to_vec());
        let layout = Layout::find(&top, &[]).unwrap();
        assert_eq!((layout.heading, layout.separator), (2, b';'));
    }

    #[test]
    fn what_could_be_meant_twice_is_asked_back() {
        check("bid_id,cost,spend", &[], Err("the columns `cost`, `spend` could all be the amount"));
        check("bid_id,cost,spend", &[(Role::Amount, "Spend")], Ok("id=bid_id amount=spend"));
        check("bid_id,cost,cost", &[], Err("the columns `cost`, `cost` could all be the amount"));
        check(
            "bid_id,cost",
            &[(Role::Amount, "x")],
            Err("there is no column `x`; there are `bid_id`, `cost`"),
        );
        check("ref,fee", &[(Role::Id, "ref"), (Role::Amount, "fee")], Ok("id=ref amount=fee"));
    }

    #[test]
    fn a_file_that_does_not_say_enough_is_refused() {
        check("date,id", &[], Err("no column says a price or an amount; there are `date`, `id`"));
        check("cost,currency", &[], Err("no column says a bid's id or a day; there are `cost`, `currency`"));
        check(
            "date,cpm",
            &[],
            Err("the lines are of whole days and say a price per thousand, but not how many impressions"),
        );
        check(
            "a,b,c",
            &[],
            Err("no line at the top names columns of bids or days and of money; the first line is `a,b,c`"),
        );
    }
}
