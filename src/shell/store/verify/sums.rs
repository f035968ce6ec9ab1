//! What is kept against what was rebuilt, sum by sum.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::ledger::{Account, CapKey, Digest, Measure, Quantity, Window};
use crate::report::Table;
use crate::shell::store::error::StoreError;
use crate::shell::store::kept::Kept;
use crate::shell::store::verify::rows::Rebuilt;
use crate::shell::store::verify::{Check, Place, VerifyError};
use crate::units::{Currency, Day, Epoch, Femtos, Nanos};

type Balances = BTreeMap<(Account, Currency), Femtos>;

/// What it means that the kept sums cannot be had: a damaged journal is a difference.
pub(in crate::shell::store::verify) fn unkept(error: StoreError, file: &Path) -> VerifyError {
    match error {
        StoreError::Journal { .. } | StoreError::Altered { .. } => {
            VerifyError::differs(Check::Commits, Place::File(file.to_owned()), &error, &"sealed commits")
        }
        StoreError::Row(what) => {
            VerifyError::differs(Check::Accounts, Place::File(file.to_owned()), &what, &"accounts of encan")
        }
        other => other.into(),
    }
}

/// The first key under which two maps differ, with both values; what is in one only is `nothing` in the other.
fn first_difference<K: Ord + Copy, V: PartialEq + Copy>(
    kept: &BTreeMap<K, V>,
    rebuilt: &BTreeMap<K, V>,
    nothing: V,
) -> Option<(K, V, V)> {
    let keys: BTreeSet<K> = kept.keys().chain(rebuilt.keys()).copied().collect();
    let of = |map: &BTreeMap<K, V>, key| map.get(key).copied().unwrap_or(nothing);
    keys.iter().map(|key| (*key, of(kept, key), of(rebuilt, key))).find(|(_, kept, rebuilt)| kept != rebuilt)
}

pub(in crate::shell::store::verify) fn days(
    kept: &BTreeMap<Day, Digest>,
    rebuilt: &BTreeMap<Day, Digest>,
) -> Result<u64, VerifyError> {
    if let Some((day, kept, found)) = first_difference(kept, rebuilt, Digest::default()) {
        let words = |digest: Digest| format!("{} events, sum {:032x}", digest.events, digest.sum);
        return Err(VerifyError::differs(Check::Days, Place::Day(day), &words(kept), &words(found)));
    }
    Ok(kept.len() as u64)
}

pub(in crate::shell::store::verify) fn balances(
    kept: &Balances,
    rebuilt: &Balances,
) -> Result<u64, VerifyError> {
    match first_difference(kept, rebuilt, Femtos::ZERO) {
        Some(((account, currency), kept, rebuilt)) => {
            let place = Place::Account(account, currency);
            Err(VerifyError::differs(Check::Accounts, place, &kept, &rebuilt))
        }
        None => Ok(kept.len() as u64),
    }
}

/// What is used of each cap in all, and by the last epoch; former epochs may be counted as none.
pub(in crate::shell::store::verify) fn caps(kept: &Kept, rebuilt: &Rebuilt) -> Result<u64, VerifyError> {
    let is_kept = |cap: &CapKey| !matches!(cap.window, Window::Hour(hour) if hour < rebuilt.hours_from);
    let (mut all, mut of_last) = (BTreeMap::new(), BTreeMap::new());
    for ((cap, epoch), share) in &kept.caps {
        if is_kept(cap) {
            add(&mut all, *cap, share.used);
            if *epoch == kept.last_epoch && *epoch != Epoch::NONE {
                add(&mut of_last, *cap, share.used);
            }
        }
    }
    let (mut found, mut found_of_last) = (BTreeMap::new(), BTreeMap::new());
    for ((cap, epoch), used) in &rebuilt.caps {
        add(&mut found, *cap, *used);
        if *epoch == kept.last_epoch && *epoch != Epoch::NONE {
            add(&mut found_of_last, *cap, *used);
        }
    }
    for (kept_of, found_of, epoch) in
        [(&all, &found, None), (&of_last, &found_of_last, Some(kept.last_epoch))]
    {
        if let Some((cap, kept, found)) = first_difference(kept_of, found_of, Quantity::ZERO) {
            let place = Place::Cap(cap, epoch);
            let words = |used| quantity(cap, used);
            return Err(VerifyError::differs(Check::Caps, place, &words(kept), &words(found)));
        }
    }
    Ok(all.len() as u64)
}

fn add(caps: &mut BTreeMap<CapKey, Quantity>, cap: CapKey, used: Quantity) {
    let sum = caps.entry(cap).or_default();
    *sum = sum.plus(used);
}

fn quantity(cap: CapKey, used: Quantity) -> String {
    match cap.measure {
        Measure::Money => Nanos::from_raw(used.raw()).to_string(),
        Measure::Impressions | Measure::Clicks => used.raw().to_string(),
    }
}

/// Debits equal credits; how many currencies there are.
pub(in crate::shell::store::verify) fn balanced(kept: &Balances) -> Result<u64, VerifyError> {
    let mut sums: BTreeMap<Currency, Femtos> = BTreeMap::new();
    for ((_, currency), amount) in kept {
        let sum = sums.entry(*currency).or_default();
        *sum = [*sum, *amount].into_iter().sum();
    }
    match sums.iter().find(|(_, sum)| **sum != Femtos::ZERO) {
        Some((currency, sum)) => {
            Err(VerifyError::differs(Check::Currencies, Place::Currency(*currency), sum, &Femtos::ZERO))
        }
        None => Ok(sums.len() as u64),
    }
}

/// The totals of the report, a fold of its own over the same events, against the accounts; how many were compared.
pub(in crate::shell::store::verify) fn totals(table: &Table, kept: &Balances) -> Result<u64, VerifyError> {
    let mut count = 0;
    for row in &table.rows {
        let owed = |is_of: fn(&Account) -> bool| -> Femtos {
            let of = |((account, currency), _): &(&(Account, Currency), &Femtos)| {
                *currency == row.currency && is_of(account)
            };
            let sum: Femtos = kept.iter().filter(of).map(|(_, amount)| *amount).sum();
            -sum
        };
        let totals = &row.totals;
        for (name, kept, reported) in [
            (
                "media",
                owed(|of| matches!(of, Account::Media(_) | Account::Late(_) | Account::Disputed(_))),
                totals.media,
            ),
            ("data", owed(|of| matches!(of, Account::Data)), totals.data),
            ("fee", owed(|of| matches!(of, Account::Fees)), totals.fee),
            ("tax of all jurisdictions", owed(|of| matches!(of, Account::Tax(_))), totals.tax()),
            ("absorbed tax", -owed(|of| matches!(of, Account::TaxAbsorbed)), totals.tax_absorbed.total()),
        ] {
            if kept != reported {
                let place = Place::Total(name, row.currency);
                return Err(VerifyError::differs(Check::Totals, place, &kept, &reported));
            }
            count += 1;
        }
    }
    Ok(count)
}
