//! Where the server that has a ledger is reached: a file in its folder, for commands that find the ledger in use.
//!
//! A server that was killed leaves it behind; whoever reads it knows by the ledger's lock whether anybody is there.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

const FILE: &str = "admin";

/// Tells that the server that has the ledger in `folder` has its admin's door at `address`.
///
/// # Errors
///
/// If the file cannot be written.
pub fn announce(folder: &Path, address: SocketAddr) -> io::Result<()> {
    // Whole or not at all: a reader must not find half an address.
    let draft = folder.join(format!("{FILE}.new"));
    std::fs::write(&draft, format!("{address}\n"))?;
    std::fs::rename(draft, folder.join(FILE))
}

/// The server is gone. A file that stays misleads nobody: the ledger is not in use then.
pub fn withdraw(folder: &Path) {
    let _ = std::fs::remove_file(folder.join(FILE));
}

/// The admin's door of the server that has, or had, the ledger in `folder`.
#[must_use]
pub fn found(folder: &Path) -> Option<SocketAddr> {
    std::fs::read_to_string(folder.join(FILE)).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{announce, found, withdraw};

    #[test]
    fn a_server_is_found_while_it_says_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(found(folder.path()), None);
        let address = "127.0.0.1:9090".parse().unwrap();
        announce(folder.path(), address).unwrap();
        assert_eq!(found(folder.path()), Some(address));
        withdraw(folder.path());
        assert_eq!(found(folder.path()), None);
        std::fs::write(folder.path().join("admin"), "127.0.0.").unwrap();
        assert_eq!(found(folder.path()), None);
    }
}
