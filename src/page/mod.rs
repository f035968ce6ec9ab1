//! What people read on a page: numbers in the form of their language, words in English and French, charts
//! drawn as SVG, and the parts of an HTML page.
//!
//! ```text
//! exact numbers -> Forms -> text -> Figure, Grid, cards -> Page -> one HTML file
//! ```
//!
//! Pure, and without any knowledge of what a figure means. Deliberately absent: scripts, outside addresses,
//! fonts, colours in the markup (they are classes, which one style sheet sets for light, dark and print), and
//! floats for money: a float only says how high a point of a chart stands.

mod chart;
mod forms;
mod lang;
mod parts;
mod shell;
pub mod words;

pub use chart::{Chart, Kind, Point, Series, Unit};
pub use forms::Forms;
pub use lang::{Lang, UnknownLang};
pub use parts::{Card, Cell, Column, Grid, Line, cards, figure, legend};
pub use shell::{Page, STYLE};
pub use words::Phrase;
