//! Everything that waits: clock, files, network, store, command line.

pub mod agents;
pub mod audience_store;
pub mod booking;
pub mod boot;
pub mod certify;
pub mod cli;
pub mod clock;
pub mod config;
pub mod corrections;
pub mod demo;
pub mod disk;
pub mod events;
pub mod exchange_secrets;
pub mod exposure_store;
pub mod failpoint;
pub mod files;
pub mod geo;
pub mod http;
pub mod leasing;
pub mod lists;
pub mod metrics;
pub mod reload;
pub mod secrets;
pub mod service;
pub mod store;
pub mod supply;
