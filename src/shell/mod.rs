//! Everything that waits: clock, files, network, store, command line.

pub mod booking;
pub mod clock;
pub mod metrics;
pub mod secrets;
pub mod service;
pub mod store;
pub mod users;
