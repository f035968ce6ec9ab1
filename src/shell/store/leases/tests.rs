//! Leases in the rows of a ledger, held to the contract of allocators.

use tempfile::TempDir;

use crate::budget::{
    Allocator, AllocatorError, LeaseAsk, LeaseGrant, Stage, TERMS, Treasury, check_contract,
};
use crate::ledger::{CapKey, Event, Quantity};
use crate::shell::store::Opened;
use crate::shell::store::leases::write;
use crate::shell::store::tests::folder;
use crate::units::{Epoch, Steady};

/// Keeps each answer in a commit of its own, in the rows that the writer keeps grants in. What is used is kept there too,
/// without an event: the contract is about what is granted.
impl Allocator for Opened {
    fn enrol(&mut self, now: Steady) -> Result<Epoch, AllocatorError> {
        self.act(|treasury| treasury.enrol(now))
    }

    fn lease(
        &mut self,
        epoch: Epoch,
        asks: &[LeaseAsk],
        now: Steady,
    ) -> Result<Vec<LeaseGrant>, AllocatorError> {
        self.act(|treasury| treasury.lease(epoch, asks, now))
    }

    fn count(&mut self, events: &[Event]) -> Result<(), AllocatorError> {
        self.act(|treasury| treasury.count(events))
    }

    fn hand_over(
        &mut self,
        epoch: Epoch,
        heir: Epoch,
        kept: &[(CapKey, Quantity)],
        now: Steady,
    ) -> Result<(), AllocatorError> {
        self.act(|treasury| treasury.hand_over(epoch, heir, kept, now))
    }
}

impl Opened {
    /// Lets the treasury act, and answers once its changes are kept.
    fn act<T>(
        &mut self,
        act: impl FnOnce(&mut Treasury) -> Result<T, AllocatorError>,
    ) -> Result<T, AllocatorError> {
        let answer = act(&mut self.treasury);
        let kept = self.connection.transaction().and_then(|transaction| {
            write(&transaction, &self.treasury.take_changes(), self.treasury.last_epoch())?;
            transaction.commit()
        });
        kept.map_err(|_| AllocatorError::OutOfReach).and(answer)
    }
}

/// The allocator in the ledger's own database. Killed, it leaves its file as the last commit left it.
struct Embedded {
    folder: TempDir,
    ledger: Option<Opened>,
}

impl Stage for Embedded {
    fn allocator(&mut self) -> &mut dyn Allocator {
        self.ledger.as_mut().unwrap()
    }

    fn restart(&mut self) -> Steady {
        self.ledger = None;
        self.ledger = Some(Opened::open(self.folder.path(), TERMS).unwrap());
        Steady::default()
    }
}

#[test]
fn the_ledger_keeps_the_contract_of_allocators() {
    let make = || -> Box<dyn Stage> {
        let folder = folder();
        let ledger = Some(Opened::open(folder.path(), TERMS).unwrap());
        Box::new(Embedded { folder, ledger })
    };
    check_contract(&make, 8);
}
