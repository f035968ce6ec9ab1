//! The study as a chart: a panel for each set and auction, a row for each regime, a mark for each policy at the share of
//! hindsight's value that it bought, with its interval. Marks differ in shape as well as in colour; words take the
//! reader's own light or dark.

use std::fmt::Write as _;

use crate::shell::cli::judge::study::{Line, Study};
use crate::shell::cli::judge::table::auction_name;

/// Everything in units of the picture.
const LABELS: f64 = 250.0;
const PLOT: f64 = 640.0;
const RIGHT: f64 = 30.0;
const ROW: f64 = 18.0;
const HEAD: f64 = 64.0;
const GAP: f64 = 28.0;
const LEGEND: f64 = 40.0;

/// Colours that can be told apart by most eyes, on white and on black (Okabe and Ito 2008, the lighter ones darkened).
const COLOURS: [&str; 8] =
    ["#8a8a8a", "#c98500", "#3a9bdc", "#009e73", "#b39b00", "#d55e00", "#b0579a", "#0072b2"];

/// The picture.
pub fn svg(study: &Study) -> String {
    let panels: Vec<&[Line]> =
        study.lines.chunk_by(|a, b| (a.set, a.auction) == (b.set, b.auction)).collect();
    let height: f64 = panels.iter().map(|lines| HEAD + ROW * count(lines) + GAP).sum::<f64>() + LEGEND;
    let width = LABELS + PLOT + RIGHT;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" aria-label=\"value bought by pacing policies, in % of hindsight\">\n\
         <style>text{{font:12px system-ui,sans-serif;fill:#333}}.title{{font-size:15px;font-weight:600}}\
         .grid{{stroke:#888;stroke-opacity:.25}}.axis{{stroke:#888}}.band{{fill:#888;fill-opacity:.07}}\
         @media(prefers-color-scheme:dark){{text{{fill:#ddd}}}}</style>\n"
    );
    legend(&mut svg, study);
    let mut top = LEGEND;
    for lines in panels {
        panel(&mut svg, lines, top);
        top += HEAD + ROW * count(lines) + GAP;
    }
    svg.push_str("</svg>\n");
    svg
}

#[expect(clippy::cast_precision_loss, reason = "a few rows")]
fn count(lines: &[Line]) -> f64 {
    lines.len() as f64
}

fn legend(svg: &mut String, study: &Study) {
    let mut left = 16.0;
    for (place, (name, _, _)) in study.policies.iter().enumerate() {
        mark(svg, place, left, 20.0);
        let _ = writeln!(svg, "<text x=\"{}\" y=\"24\">{name}</text>", left + 10.0);
        #[expect(clippy::cast_precision_loss, reason = "a short name")]
        {
            left += 34.0 + 7.5 * name.len() as f64;
        }
    }
}

fn panel(svg: &mut String, lines: &[Line], top: f64) {
    let Some(head) = lines.first() else { return };
    let (from, to) = (top + HEAD - 8.0, top + HEAD + ROW * count(lines));
    let title = format!("{}, {}: value in % of hindsight", head.set, auction_name(head.auction));
    let _ = writeln!(svg, "<text class=\"title\" x=\"16\" y=\"{}\">{title}</text>", top + 24.0);
    for tick in (0..=100).step_by(10) {
        let x = place(f64::from(tick) / 100.0);
        let class = if tick == 0 || tick == 100 { "axis" } else { "grid" };
        let _ = writeln!(svg, "<line class=\"{class}\" x1=\"{x}\" x2=\"{x}\" y1=\"{from}\" y2=\"{to}\"/>");
        let _ = writeln!(svg, "<text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{tick}</text>", from - 6.0);
    }
    let mut y = top + HEAD + ROW / 2.0;
    for (row, line) in lines.iter().enumerate() {
        if row % 2 == 0 {
            let (top, width) = (y - ROW / 2.0, LABELS + PLOT);
            let _ = writeln!(
                svg,
                "<rect class=\"band\" x=\"8\" y=\"{top}\" width=\"{width}\" height=\"{ROW}\"/>"
            );
        }
        let (name, words) = (line.regime.name, line.regime.words);
        let (right, base) = (LABELS - 14.0, y + 4.0);
        let _ = writeln!(
            svg,
            "<text x=\"{right}\" y=\"{base}\" text-anchor=\"end\"><title>{name}</title>{words}</text>"
        );
        for (policy, cell) in line.cells.iter().enumerate() {
            let share = cell.share();
            let (low, high, colour) = (place(share.low), place(share.high), COLOURS[policy % COLOURS.len()]);
            let _ = writeln!(
                svg,
                "<line x1=\"{low:.1}\" x2=\"{high:.1}\" y1=\"{y}\" y2=\"{y}\" stroke=\"{colour}\" stroke-width=\"2\"/>"
            );
            mark(svg, policy, place(share.mean), y);
        }
        y += ROW;
    }
}

/// Where a share stands; what is beyond 105 % stands there.
fn place(share: f64) -> f64 {
    LABELS + PLOT / 1.05 * share.clamp(0.0, 1.05)
}

/// A policy's mark, of its own shape.
fn mark(svg: &mut String, policy: usize, x: f64, y: f64) {
    let colour = COLOURS[policy % COLOURS.len()];
    let shape = match policy % 6 {
        0 => "M-4,-4L4,4M-4,4L4,-4",
        1 => "M0,-5L5,4L-5,4Z",
        2 => "M-4,-4H4V4H-4Z",
        3 => "M0,-5L5,0L0,5L-5,0Z",
        4 => "M0,5L5,-4L-5,-4Z",
        _ => "M-5,0A5,5 0 1 0 5,0A5,5 0 1 0 -5,0Z",
    };
    let fill = if policy.is_multiple_of(6) { "none" } else { colour };
    let _ = writeln!(
        svg,
        "<path transform=\"translate({x:.1} {y})\" d=\"{shape}\" fill=\"{fill}\" stroke=\"{colour}\" stroke-width=\"1.5\"/>"
    );
}
