//! Conversions that the operator brings in a file: each row on its own, so that wrong ones keep no right one out.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::bidder::Plan;
use crate::ledger::{Event, Source};
use crate::shell::conversions::desk::{self, Sent};
use crate::shell::conversions::{Caller, ConversionForm, ConversionRefusal, Planned, has_click, outcome_of};
use crate::shell::metrics::NoticeOutcome;
use crate::shell::service::Service;
use crate::shell::store::StoreError;
use crate::units::{AdvertiserId, UnixMillis};

/// What became of rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Rows that are booked now, or would be.
    pub booked: usize,
    /// Rows that were booked before: the same order of the same type.
    pub known: usize,
    /// Rows that cannot be booked.
    pub refused: Vec<RefusedRow>,
}

/// A row that cannot be booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedRow {
    /// Its place in the call, from 0.
    pub index: usize,
    /// Why.
    pub reason: String,
}

impl Imported {
    /// Counts the outcome of a row.
    pub fn count(&mut self, is_new: bool) {
        *(if is_new { &mut self.booked } else { &mut self.known }) += 1;
    }

    /// Adds a row that is refused.
    pub fn refuse(&mut self, index: usize, refusal: &ConversionRefusal) {
        self.refused.push(RefusedRow { index, reason: refusal.to_string() });
    }
}

/// The event of a row with a promo code, or of an advertiser alone, told at `now`; `random` makes its place in the books.
///
/// # Errors
///
/// [`ConversionRefusal`].
pub fn coded_event(
    plan: &Plan,
    form: &ConversionForm,
    now: UnixMillis,
    random: u128,
) -> Result<Event, ConversionRefusal> {
    if has_click(form) || (form.advertiser.is_empty() && form.code.trim().is_empty()) {
        return Err(ConversionRefusal::Nobody);
    }
    let advertiser = Some(form.advertiser.as_str()).filter(|slug| !slug.is_empty());
    let advertiser = advertiser.map(|slug| (AdvertiserId::from_slug(slug), slug));
    let how = (Source::File, now, random);
    desk::without_ad((&plan.catalog, &plan.rates), Sent::read(form, now)?, advertiser, None, how)
}

impl Service {
    /// Books the rows that can be, in one commit; with `dry_run` says which can.
    ///
    /// # Errors
    ///
    /// [`StoreError::Stopped`] if the ledger did not take them: none is booked, they may be sent again.
    pub async fn import(
        self: Arc<Self>,
        forms: Vec<ConversionForm>,
        dry_run: bool,
    ) -> Result<Imported, StoreError> {
        let planned = self.planned(forms, Caller::File).await.map_err(|_| StoreError::Stopped)?;
        let (mut imported, mut whole): (_, Vec<Planned>) = (Imported::default(), Vec::new());
        for (at, planned) in planned.into_iter().enumerate() {
            match planned {
                Ok(planned) => whole.push(planned),
                Err(refusal) => {
                    self.count(outcome_of(&refusal), 1);
                    imported.refuse(at, &refusal);
                }
            }
        }
        if dry_run {
            imported.booked = whole.len();
            return Ok(imported);
        }
        for outcome in self.book_planned(whole).await.map_err(|_| StoreError::Stopped)? {
            imported.count(outcome != NoticeOutcome::Duplicate);
        }
        Ok(imported)
    }
}
