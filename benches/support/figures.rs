//! Figures that criterion does not know of, on stdout among its own.

use std::fmt::Arguments;

/// Prints a line.
#[expect(clippy::print_stdout, reason = "figures are what a bench prints")]
pub fn say(line: Arguments<'_>) {
    println!("{line}");
}
