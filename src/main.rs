//! encan
fn main() {}
