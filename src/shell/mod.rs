//! Everything that waits: clock, files, network, store, command line.

pub mod store;
