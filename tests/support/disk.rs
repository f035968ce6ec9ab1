//! Disks that are full: a file system of its own where one may be mounted, and what a development build takes for its disk.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::market::Market;

/// A file system of its own at a folder, if we may mount one.
#[derive(Debug)]
pub struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    /// Mounts one with the options of a `tmpfs`; says so where that is not possible.
    #[expect(clippy::print_stdout, reason = "a part that was not tested is told")]
    pub fn mount(at: &'a Path, options: &str) -> Option<Self> {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", options, "encan-test"]).arg(at).stderr(Stdio::null());
        let mounted = command.status().is_ok_and(|status| status.success());
        if !mounted {
            println!("no file system can be mounted here: this part was not tested");
        }
        mounted.then_some(Self(at))
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

/// Takes all the space there is.
///
/// # Panics
///
/// If the file cannot be made.
pub fn fill(filler: &Path) {
    let mut file = File::create(filler).expect("a new file");
    for size in [4_096, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}

/// What a development build takes for its disk, in a file that it reads again and again.
#[derive(Debug)]
pub struct FakeDisk {
    file: PathBuf,
}

impl FakeDisk {
    /// A disk with all the space there is.
    #[must_use]
    pub fn of(market: &Market) -> Self {
        market.put("disk", "");
        Self { file: market.path("disk") }
    }

    /// The variable that names it.
    #[must_use]
    pub fn variable(&self) -> (&str, &str) {
        ("ENCAN_FAKE_DISK", self.file.to_str().expect("a plain path"))
    }

    /// Changes it: `free 1000` bytes, at most `pages 50` of the ledger.
    pub fn is(&self, market: &Market, words: &str) {
        market.put("disk", words);
    }
}
