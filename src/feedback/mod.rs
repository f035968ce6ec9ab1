//! What the sink's rows change: calibration, multipliers of placements, proposals to pause; each step bounded, with its
//! evidence, and reversible.
//!
//! Rows of the report enter, [`Change`]s come out; accepted changes make [`Adjustments`], which the bid path reads.
//! Deliberately absent: where the log of changes is kept, and who accepts them.
