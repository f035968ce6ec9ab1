//! How every bench measures: short.

use std::time::Duration;

use criterion::Criterion;

/// Criterion, short enough for all benches to end within minutes; flags of the command line come on top.
pub fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_500))
        .without_plots()
        .configure_from_args()
}
