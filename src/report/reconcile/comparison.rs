//! The second walk over a file: every line against our books, a verdict each, and both sides' sums.

use std::collections::BTreeMap;

use crate::campaign::Rates;
use crate::ledger::Event;
use crate::report::reconcile::books::{Bill, Books, Credit, Fate, Said};
use crate::report::reconcile::line::{BidLine, Owed, Read, SummaryLine, Unreadable};
use crate::report::reconcile::outcome::{Coverage, Outcome, UsedRate};
use crate::report::reconcile::sums::Sums;
use crate::report::reconcile::verdict::{Counts, Finding, Reason, Verdict};
use crate::units::{BidId, Currency, Day, Femtos, FxRate, Nanos, Rounding};

/// A comparison under way.
#[derive(Debug)]
pub struct Comparison<'a> {
    books: Books,
    /// Bills of days that the books were not asked for, looked up one by one.
    strays: BTreeMap<BidId, Bill>,
    rates: &'a Rates,
    by_day: bool,
    /// Handed in so far.
    lines: u64,
    counts: Counts,
    sums: Sums,
    /// What the lines come to, by currency: from the top, and since the last line of sums.
    running: [BTreeMap<Currency, Running>; 2],
    /// Days of our bills that the file knows.
    matched: Option<(Day, Day)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Running {
    amount: i128,
    step: i128,
    impressions: u64,
}

/// How an amount of theirs stands to one of ours.
enum Standing {
    Exact,
    Rounded,
    Converted,
    Off,
    ConvertedOff,
    NoRate,
}

impl<'a> Comparison<'a> {
    /// Holds the lines against `books`, whose amounts are converted by `rates`; `by_day` if no line names a bid.
    ///
    /// # Panics
    ///
    /// If a bid is billed twice in the books: no ledger does that.
    #[must_use]
    pub fn new(mut books: Books, rates: &'a Rates, by_day: bool) -> Self {
        books.close();
        Self {
            books,
            strays: BTreeMap::new(),
            rates,
            by_day,
            lines: 0,
            counts: Counts::default(),
            sums: Sums::default(),
            running: <_>::default(),
            matched: None,
        }
    }

    /// What the line `number` comes to. `of_bid` gives every event of a bid, which is asked for where the books
    /// do not have it.
    ///
    /// # Errors
    ///
    /// Those of `of_bid`.
    pub fn line<E>(
        &mut self,
        number: u64,
        read: Read,
        of_bid: impl FnOnce(BidId) -> Result<Vec<Event>, E>,
    ) -> Result<Finding, E> {
        let finding = match read {
            Read::Blank => Finding::bare(Verdict::Blank),
            Read::Wrong(wrong) => Finding::unreadable(wrong),
            Read::Summary(line) => self.summary(&line),
            Read::Day(day, owed) => {
                self.run(&owed);
                self.sums.add_theirs(Some(day), &owed, counted(&owed));
                let theirs = Some(owed.amount);
                let currency = Some(owed.currency);
                Finding { day: Some(day), theirs, currency, ..Finding::bare(Verdict::OfDay) }
            }
            Read::Bid(line) => {
                self.run(&line.owed);
                self.bid(&line, of_bid)?
            }
        };
        self.counts.add(finding.verdict);
        self.lines += 1;
        Ok(Finding { line: Some(number), ..finding })
    }

    fn run(&mut self, owed: &Owed) {
        for running in &mut self.running {
            let sum = running.entry(owed.currency).or_default();
            sum.amount += owed.amount.raw();
            sum.step += owed.step.raw();
            sum.impressions = sum.impressions.saturating_add(owed.impressions);
        }
    }

    fn bid<E>(
        &mut self,
        line: &BidLine,
        of_bid: impl FnOnce(BidId) -> Result<Vec<Event>, E>,
    ) -> Result<Finding, E> {
        let (verdict, why) = match line.bid {
            None => (Verdict::UnknownId, Some(Reason::NotOurForm)),
            Some(bid) => match self.bill(bid, of_bid)? {
                Ok(bill) => return Ok(self.billed(line, bill)),
                Err(fate) => unbilled(fate),
            },
        };
        self.sums.add_theirs(line.day, &line.owed, counted(&line.owed));
        Ok(Finding { verdict, why, ..Finding::of(line) })
    }

    /// The bill of a bid, or what else became of it.
    fn bill<E>(
        &mut self,
        bid: BidId,
        of_bid: impl FnOnce(BidId) -> Result<Vec<Event>, E>,
    ) -> Result<Result<Bill, Fate>, E> {
        if let Some(bill) = self.books.find(bid) {
            return Ok(Ok(*bill));
        }
        if let Some(bill) = self.strays.get(&bid) {
            return Ok(Ok(*bill));
        }
        Ok(match self.books.fate(&of_bid(bid)?) {
            Fate::Billed(bill) => {
                self.strays.insert(bid, bill);
                Ok(bill)
            }
            fate => Err(fate),
        })
    }

    /// A line about an impression that we have billed.
    fn billed(&mut self, line: &BidLine, mut bill: Bill) -> Finding {
        let day = line.day.unwrap_or(bill.day);
        let matched = self.matched.get_or_insert((bill.day, bill.day));
        *matched = (matched.0.min(bill.day), matched.1.max(bill.day));
        let credit = self.books.credit(bill.bid).copied();
        let (verdict, ours, impressions) = if line.owed.amount < Femtos::ZERO {
            self.credit_line(&line.owed, &mut bill, credit)
        } else if bill.said.has(Said::BILLED) {
            (Verdict::Twice, Nanos::ZERO, 0)
        } else {
            self.bill_line(&line.owed, &mut bill, credit)
        };
        match self.books.find(bill.bid) {
            Some(known) => *known = bill,
            None => drop(self.strays.insert(bill.bid, bill)),
        }
        let rate = self.rates.rate(bill.currency, line.owed.currency);
        // Where no rate leads from ours to theirs, each side stands in its own currency.
        let shown = if rate.is_some() { line.owed.currency } else { bill.currency };
        let their_impressions = match verdict {
            // Both take back the same.
            Verdict::CreditAgrees => credit.map_or(0, |credit| credit.impressions),
            Verdict::CreditDiffers => 0,
            _ => counted(&line.owed),
        };
        self.sums.add_theirs(Some(day), &line.owed, their_impressions);
        self.sums.add_ours(Some(day), shown, (bill.currency, ours), impressions);
        let converted = rate.and_then(|rate| rate.amount(ours, Rounding::Down));
        let why = rate.is_none().then_some(Reason::NoRate(bill.currency));
        Finding { verdict, day: Some(day), ours: converted.map(Nanos::to_femtos), why, ..Finding::of(line) }
    }

    /// The first line that bills it: verdict, what of ours it answers, and how many impressions of ours.
    fn bill_line(&self, owed: &Owed, bill: &mut Bill, credit: Option<Credit>) -> (Verdict, Nanos, i64) {
        bill.said.set(Said::BILLED);
        let impressions = 1 + credit.map_or(0, |credit| credit.impressions);
        // Where their credit came first, this line is about what was billed before it.
        let credit = credit.filter(|_| !bill.said.has(Said::CREDITED)).map_or(Nanos::ZERO, |it| it.amount);
        let ours = sum(bill.media, credit);
        let verdict = match self.standing(owed, bill.currency, ours) {
            Standing::Exact => Verdict::Exact,
            Standing::Rounded => Verdict::Rounded,
            Standing::Converted => Verdict::Converted,
            _ if credit < Nanos::ZERO && self.says(owed, bill.currency, bill.media) => {
                bill.said.set(Said::OPEN);
                Verdict::Credited
            }
            Standing::Off => Verdict::Differs,
            Standing::ConvertedOff => Verdict::ConvertedDiffers,
            Standing::NoRate => Verdict::NoRate,
        };
        (verdict, ours, impressions)
    }

    /// A line that credits it.
    fn credit_line(&self, owed: &Owed, bill: &mut Bill, credit: Option<Credit>) -> (Verdict, Nanos, i64) {
        let credit = credit.map_or(Nanos::ZERO, |credit| credit.amount);
        let again = bill.said.has(Said::CREDITED);
        // Where their bill came first, ours was counted less the credit already.
        let counted = again || bill.said.has(Said::BILLED);
        let ours = if counted { Nanos::ZERO } else { credit };
        bill.said.set(Said::CREDITED);
        if !again && credit < Nanos::ZERO && self.says(owed, bill.currency, credit) {
            bill.said.clear(Said::OPEN);
            return (Verdict::CreditAgrees, ours, 0);
        }
        (Verdict::CreditDiffers, ours, 0)
    }

    fn says(&self, owed: &Owed, own: Currency, ours: Nanos) -> bool {
        matches!(self.standing(owed, own, ours), Standing::Exact | Standing::Rounded | Standing::Converted)
    }

    fn standing(&self, owed: &Owed, own: Currency, ours: Nanos) -> Standing {
        let (theirs, step) = (owed.amount.raw(), owed.step.raw());
        if own == owed.currency {
            let difference = theirs - ours.to_femtos().raw();
            return match difference {
                0 => Standing::Exact,
                _ if difference.abs() < step => Standing::Rounded,
                _ => Standing::Off,
            };
        }
        let Some(rate) = self.rates.rate(own, owed.currency) else { return Standing::NoRate };
        // Ours was rounded up to the nano when it was converted: it lies above the nano before.
        let least = rate.amount(ours.saturating_sub(Nanos::from_raw(1)), Rounding::Down);
        let most = rate.amount(ours, Rounding::Up);
        let Some((least, most)) = least.zip(most) else { return Standing::NoRate };
        let inside = theirs > least.to_femtos().raw() - step && theirs < most.to_femtos().raw() + step;
        if inside { Standing::Converted } else { Standing::ConvertedOff }
    }

    /// A line of sums: what all lines above come to, or those since the last such line.
    fn summary(&mut self, line: &SummaryLine) -> Finding {
        let [all, since] = &self.running;
        let found = [all, since].into_iter().find(|running| adds_up(line, running));
        let verdict = match found {
            Some(_) if line.amount.is_none() && line.impressions.is_none() => Verdict::SummaryUncompared,
            Some(_) => Verdict::Summary,
            None => Verdict::SummaryDiffers,
        };
        let currency = line.amount.and_then(|(_, said)| said).or_else(|| sole(all));
        let sum = currency.and_then(|currency| all.get(&currency)).copied().unwrap_or_default();
        let why = found.is_none().then(|| Reason::LinesComeTo {
            amount: match currency {
                Some(currency) => format!("{} {currency}", Femtos::from_raw(sum.amount)),
                None => "several currencies".to_owned(),
            },
            impressions: all.values().map(|sum| sum.impressions).sum(),
        });
        self.running[1].clear();
        Finding { currency, theirs: line.amount.map(|(amount, _)| amount), why, ..Finding::bare(verdict) }
    }

    /// The whole: what only our ledger has within the days covered goes to `each`. Those are the days of
    /// `coverage`; without it, the days of our bills that the file knows.
    ///
    /// # Panics
    ///
    /// If a line was lost on the way: a fault of ours.
    pub fn finish(mut self, coverage: Option<(Day, Day)>, mut each: impl FnMut(&Finding)) -> Outcome {
        let covered = coverage.or(self.matched);
        let inside = |day: Day| covered.is_some_and(|(from, to)| (from..=to).contains(&day));
        let open = self.bills().filter(|bill| bill.said.has(Said::OPEN)).count() as u64;
        let loose = self.loose();
        let (bills, strays) = (self.books.take_bills(), std::mem::take(&mut self.strays));
        // One at a time: of a file of days, it is every bill.
        let mut sums = std::mem::take(&mut self.sums);
        let unanswered = bills.iter().chain(strays.values()).filter_map(|bill| self.unanswered(bill));
        let mut count = 0;
        for mine in unanswered.chain(loose).filter(|mine| inside(mine.day)) {
            let finding = self.missing(&mine, &mut sums);
            if !self.by_day {
                count += 1;
                each(&finding);
            }
        }
        self.sums = sums;
        self.counts.set(Verdict::OnlyOurs, count);
        let (days, totals) = self.sums.rows(self.rates);
        assert_eq!(self.lines, self.counts.lines(), "every line has one verdict");
        Outcome {
            coverage: covered.map(|(from, to)| Coverage { from, to, told: coverage.is_some() }),
            by_day: self.by_day,
            counts: self.counts,
            credits_open: open,
            rates: self.used_rates(),
            days,
            totals,
        }
    }
}

/// What the file says nothing of.
struct Mine {
    bid: BidId,
    day: Day,
    currency: Currency,
    amount: Nanos,
    impressions: i64,
    why: Option<Reason>,
}

impl Comparison<'_> {
    fn bills(&self) -> impl Iterator<Item = &Bill> {
        self.books.bills().iter().chain(self.strays.values())
    }

    /// What of a bill no line has answered.
    fn unanswered(&self, bill: &Bill) -> Option<Mine> {
        if bill.said.has(Said::BILLED) {
            return None;
        }
        let credit = self.books.credit(bill.bid);
        // A credit line of theirs has counted ours already.
        let open = credit.filter(|_| !bill.said.has(Said::CREDITED)).map_or(Nanos::ZERO, |it| it.amount);
        let amount = sum(bill.media, open);
        let impressions = 1 + credit.map_or(0, |credit| credit.impressions);
        let Bill { bid, day, currency, .. } = *bill;
        let owed = amount != Nanos::ZERO || impressions != 0;
        owed.then_some(Mine { bid, day, currency, amount, impressions, why: None })
    }

    /// Corrections without a bill, in the order of their ids.
    fn loose(&self) -> Vec<Mine> {
        let loose = self.books.credits().into_iter().filter(|(bid, _)| !self.knows(*bid));
        let mine = |(bid, credit)| {
            let Credit { amount, impressions, day, currency } = credit;
            Mine { bid, day, currency, amount, impressions, why: Some(Reason::Correction) }
        };
        loose.map(mine).collect()
    }

    fn knows(&self, bid: BidId) -> bool {
        self.books.get(bid).is_some() || self.strays.contains_key(&bid)
    }

    /// Counts what only our ledger has, in the currency of the file if it has one.
    fn missing(&self, mine: &Mine, sums: &mut Sums) -> Finding {
        let sole = sole(&self.running[0]);
        let wanted = sole.and_then(|shown| Some((shown, self.rates.rate(mine.currency, shown)?)));
        let (shown, rate) = wanted.unwrap_or((mine.currency, FxRate::SAME));
        sums.add_ours(Some(mine.day), shown, (mine.currency, mine.amount), mine.impressions);
        Finding {
            bid: mine.bid.to_string(),
            day: Some(mine.day),
            currency: Some(shown),
            ours: rate.amount(mine.amount, Rounding::Down).map(Nanos::to_femtos),
            why: mine.why.clone(),
            ..Finding::bare(Verdict::OnlyOurs)
        }
    }

    fn used_rates(&self) -> Vec<UsedRate> {
        let used = |(from, to)| {
            let rate = self.rates.rate(from, to).expect("what is compared has a rate");
            UsedRate { from, to, rate, date: self.rates.date() }
        };
        self.sums.conversions().into_iter().map(used).collect()
    }
}

/// Verdict and reason of a line about a bid without a bill.
fn unbilled(fate: Fate) -> (Verdict, Option<Reason>) {
    match fate {
        Fate::Unknown => (Verdict::UnknownId, None),
        Fate::Elsewhere => (Verdict::OtherExchange, None),
        Fate::Won => (Verdict::NotBilled, Some(Reason::Won)),
        Fate::Lost => (Verdict::NotBilled, Some(Reason::Lost)),
        Fate::Seen => (Verdict::NotBilled, Some(Reason::Seen)),
        Fate::Billed(_) => unreachable!("a bill is compared"),
    }
}

/// True if the lines come to what a line of sums says.
fn adds_up(line: &SummaryLine, running: &BTreeMap<Currency, Running>) -> bool {
    let impressions = running.values().map(|sum| sum.impressions).sum::<u64>();
    if line.impressions.is_some_and(|said| said != impressions) {
        return false;
    }
    let Some((amount, said)) = line.amount else { return true };
    let sum = match said.or_else(|| sole(running)) {
        Some(currency) => running.get(&currency).copied().unwrap_or_default(),
        // Without any line, and so without any currency, nothing is owed.
        None if running.is_empty() => Running::default(),
        None => return false,
    };
    let difference = (amount.raw() - sum.amount).abs();
    difference == 0 || difference < sum.step + line.step.raw()
}

fn counted(owed: &Owed) -> i64 {
    i64::try_from(owed.impressions).unwrap_or(i64::MAX)
}

/// The currency of all lines, if there is one.
fn sole(running: &BTreeMap<Currency, Running>) -> Option<Currency> {
    let mut currencies = running.keys();
    currencies.next().copied().filter(|_| currencies.next().is_none())
}

fn sum(one: Nanos, other: Nanos) -> Nanos {
    one.checked_add(other).expect("amounts of one bid fit")
}

impl Finding {
    fn bare(verdict: Verdict) -> Self {
        let bid = String::new();
        Self { line: None, verdict, bid, day: None, currency: None, theirs: None, ours: None, why: None }
    }

    fn of(line: &BidLine) -> Self {
        Self {
            bid: line.written.clone(),
            day: line.day,
            currency: Some(line.owed.currency),
            theirs: Some(line.owed.amount),
            ..Self::bare(Verdict::UnknownId)
        }
    }

    fn unreadable(wrong: Unreadable) -> Self {
        Self { why: Some(Reason::Unreadable(wrong)), ..Self::bare(Verdict::Unreadable) }
    }
}
