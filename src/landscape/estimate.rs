//! Where the price to beat lies, from prices that are known and bids that won or lost.
//!
//! A win with a bid says that the price was at most that, a loss that it was more. The estimate is the fixed point of
//! self-consistency: each such sample is shared out over the cells that it allows, in the proportions of the estimate
//! itself. Where wins tell their price and only losses do not, that is the Kaplan-Meier estimate (Efron, 1967); where
//! neither does, Turnbull's (1976), which maximises the likelihood. What wider segments know counts as samples, too, so
//! that no cell is impossible and the iteration does not stick. Deliberately absent: any shape that prices must have.

use crate::landscape::counts::{CELLS, Counts};
use crate::landscape::grid::{BINS, EDGES};

/// Chances by cell; they sum to 1.
pub type Chances = [f64; CELLS];

/// Steps of one estimate at most: the next one starts where this one ended.
const STEPS_MAX: usize = 60;
/// The estimate stands when a step moves less than this share.
const MOVED_MIN: f64 = 1e-6;

/// Of what a narrow segment takes from a wider one, so much is spread evenly: no price is impossible.
const SPREAD: f64 = 0.005;

/// How censored samples are shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// By the estimate alone: the likeliest, which heaps them on few cells.
    #[cfg(test)]
    Likeliest,
    /// Of what a bin gets, a quarter goes to each of its neighbours (the EMS iteration of Silverman, Jones, Wilson and
    /// Nychka, 1990): where prices are not told, their chances are not jagged. Prices that are told stay where they are.
    Smooth,
}

/// No cell likelier than another.
pub const EVEN: Chances = [1.0 / CELLS as f64; CELLS];

/// The chances of a window that starts at `from`, for one that starts at `to`.
pub fn prior(chances: &Chances, from: usize, to: usize) -> Chances {
    let mut prior = [SPREAD / CELLS as f64; CELLS];
    prior[0] += chances[0] * (1.0 - SPREAD);
    for (cell, chance) in chances.iter().enumerate().skip(1) {
        let at = (from + cell).saturating_sub(to).clamp(1, CELLS - 1);
        prior[at] += chance * (1.0 - SPREAD);
    }
    prior
}

/// The chances that follow from `counts`, each of which weighs `scale`, and from `borrowed` samples spread as `prior`.
/// Iterates from `first`.
pub fn chances(
    counts: &Counts,
    scale: f64,
    (prior, borrowed): (&Chances, f64),
    first: &Chances,
    sharing: Sharing,
) -> Chances {
    let is_censored = counts.won.iter().chain(&counts.lost).any(|sum| *sum > 0.0);
    let mut chances = *first;
    for _ in 0..if is_censored { STEPS_MAX } else { 1 } {
        let next = step(counts, scale, (prior, borrowed), &chances, sharing);
        let moved: f64 = next.iter().zip(&chances).map(|(a, b)| (a - b).abs()).sum();
        chances = next;
        if moved < MOVED_MIN {
            break;
        }
    }
    chances
}

fn step(
    counts: &Counts,
    scale: f64,
    (prior, borrowed): (&Chances, f64),
    chances: &Chances,
    sharing: Sharing,
) -> Chances {
    let share = |sum: f64, chance: f64| if sum > 0.0 && chance > 0.0 { sum / chance } else { 0.0 };
    // What a cell gets of the bids that won, per chance of it: of those at or above its upper edge.
    let mut by_wins = [0.0; EDGES];
    let mut below = 0.0;
    for edge in 0..EDGES {
        below += chances[edge];
        by_wins[edge] = share(counts.won[edge], below);
    }
    for edge in (0..EDGES - 1).rev() {
        by_wins[edge] += by_wins[edge + 1];
    }
    let mut by_losses = [0.0; EDGES];
    let mut above = 0.0;
    for edge in (0..EDGES).rev() {
        above += chances[edge + 1];
        by_losses[edge] = share(counts.lost[edge], above);
    }
    for edge in 1..EDGES {
        by_losses[edge] += by_losses[edge - 1];
    }
    let mut shared = [0.0; CELLS];
    for cell in 0..CELLS {
        let wins = by_wins.get(cell).copied().unwrap_or(0.0);
        let losses = if cell > 0 { by_losses[cell - 1] } else { 0.0 };
        shared[cell] = chances[cell] * (wins + losses);
    }
    if sharing == Sharing::Smooth {
        smooth(&mut shared);
    }
    let mut next = [0.0; CELLS];
    let mut sum = 0.0;
    for cell in 0..CELLS {
        next[cell] = borrowed * prior[cell] + scale * (counts.exact[cell] + shared[cell]);
        sum += next[cell];
    }
    if sum <= 0.0 {
        return *prior;
    }
    next.iter_mut().for_each(|chance| *chance /= sum);
    next
}

/// Gives a quarter of each bin to each of its neighbours; the ends keep theirs. The floor and what is beyond are no bins.
fn smooth(shared: &mut Chances) {
    let old = *shared;
    for cell in 1..=BINS {
        let (low, high) =
            (old[if cell == 1 { 1 } else { cell - 1 }], old[if cell == BINS { BINS } else { cell + 1 }]);
        shared[cell] = 0.25 * low + 0.5 * old[cell] + 0.25 * high;
    }
}
