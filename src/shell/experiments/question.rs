//! What is worth a word about holdouts once campaigns and exchanges are known together.

use crate::campaign::{Catalog, Exchange};
use crate::document::{Document, Faults, Source};
use crate::privacy::Outcome;

/// Warns of holdouts that the law leaves nobody to: people whom no exchange lets us know are in no group, and are all shown
/// the campaign.
pub fn question_holdouts(catalog: &Catalog, exchanges: &[Exchange], sources: &[Source], faults: &mut Faults) {
    let knows =
        |exchange: &Exchange| exchange.privacy.vendor_id.is_some() || exchange.privacy.gdpr == Outcome::Bid;
    if exchanges.iter().any(knows) {
        return;
    }
    for campaign in catalog.campaigns.iter().filter(|campaign| campaign.holdout.is_some()) {
        for source in sources {
            let Some(document) = Document::parse(source, &mut Faults::new()) else { continue };
            let root = document.root();
            let is_own = root.peek("id").and_then(|id| id.peek_text()).is_some_and(|id| id == campaign.slug);
            if let Some(holdout) = root.peek("holdout").filter(|_| is_own) {
                let problem =
                    "holds nobody out where the GDPR applies: no exchange lets us know anybody there";
                let hint =
                    "name our id on the Global Vendor List as `privacy.vendor_id` in the exchanges' profiles";
                faults.push(holdout.warning(problem).hint(hint));
            }
        }
    }
}
