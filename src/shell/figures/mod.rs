//! The one way from the ledger to figures: a [`Question`] in, a [`Table`] out, for the command line and the console alike.
//!
//! Reads beside the server that writes. Deliberately absent: what a figure means, which is the report's.

use std::path::Path;

use crate::report::{Dimension, Report, Table};
use crate::shell::cli::report::names;
use crate::shell::store::{Store, StoreError};
use crate::units::{CampaignId, Day};

/// Which figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// What rows are told apart by; without any the totals.
    pub by: Vec<Dimension>,
    /// The first day, of the campaign's, on which a bid was made.
    pub from: Option<Day>,
    /// The last one.
    pub to: Option<Day>,
    /// Of this campaign alone.
    pub campaign: Option<CampaignId>,
    /// True if days that were archived are left out.
    pub without_archives: bool,
}

impl Question {
    fn is_about(&self, day: Day, campaign: CampaignId) -> bool {
        self.from.is_none_or(|from| day >= from)
            && self.to.is_none_or(|to| day <= to)
            && self.campaign.is_none_or(|wanted| campaign == wanted)
    }
}

/// The figures of the ledger in `folder` that `question` asks for.
///
/// # Errors
///
/// [`StoreError`].
pub fn table(folder: &Path, question: &Question) -> Result<Table, StoreError> {
    let mut store = Store::open(folder)?;
    if question.without_archives {
        store = store.without_archives();
    }
    let mut report = Report::new(question.by.clone());
    store.events(|event| {
        if question.is_about(event.bid.day, event.bid.campaign) {
            report.add(event);
        }
    })?;
    Ok(report.finish(&names(&store)?))
}
