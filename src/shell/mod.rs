//! The only room that waits, reads a clock, opens a file or prints.

pub mod cli;
pub mod files;
