//! Charts as SVG: lines over time, and bars.
//!
//! `plotters` places the marks and the axes. Every colour that it is given is a number of a class, written as the
//! class in the end, so that a style sheet decides what is light and what is dark, and lines differ by their dashes,
//! too. Deliberately absent: scripts, fonts, and the legend and table beside the chart (see [`crate::page::figure`]).

use plotters::coord::Shift;
use plotters::prelude::{
    ChartBuilder, Circle, DrawingArea, DrawingAreaErrorKind, IntoDrawingArea, LineSeries, RGBColor,
    Rectangle, SVGBackend, Text, TextStyle,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont};

use crate::page::Forms;
use crate::units::{Currency, Ratio};

/// In units of the picture, which its page scales.
const WIDTH: u32 = 720;
const HEIGHT: u32 = 260;
/// Of the texts of the axes.
const FONT: u32 = 13;
/// Lines on the axis of the values.
const TICKS: usize = 5;
/// So many points have a mark of their own each; more would hide the line.
const MARKED_MOST: usize = 40;
/// Width of a letter, at most, for choosing how many names the axis holds.
const LETTER: usize = 8;
/// Series that one chart tells apart.
const SERIES_MOST: usize = 6;

/// Stand-ins of classes, in the form of colours.
const TEXT: RGBColor = RGBColor(1, 0, 0);
const GRID: RGBColor = RGBColor(1, 0, 1);

/// One chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// What it shows: for everyone as its head, and for those who do not see it.
    pub title: String,
    /// How.
    pub kind: Kind,
    /// Of what its values are.
    pub unit: Unit,
    /// The names of the places along the chart, in order: days, campaigns.
    pub places: Vec<String>,
    /// What it compares: at most six are drawn.
    pub series: Vec<Series>,
}

/// How a chart shows its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A line for each series, broken where there is no value.
    Lines,
    /// A bar for each value, those of one place side by side.
    Bars,
}

/// Of what the values of a chart are, which says how its axis is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Plain numbers.
    Number,
    /// Units of a currency.
    Money(Currency),
    /// Fractions, written as percentages.
    Percent,
}

/// One line, or the bars of one colour.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What it is.
    pub name: String,
    /// One for each place; `None` where there is no value.
    pub points: Vec<Option<Point>>,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// How high it stands: for the eye only.
    pub height: f64,
    /// The exact value in words, for the table beside the chart.
    pub text: String,
}

impl Point {
    /// The point of an exact fraction.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a place on a picture")]
    pub fn new(ratio: Ratio, text: String) -> Self {
        Self { height: ratio.dividend() as f64 / ratio.divisor() as f64, text }
    }
}

impl Chart {
    /// The picture, for a page that [`crate::page::Page`] styles. Its id, and those made of it, are `id`: give each chart of a page
    /// its own. Empty if there is no value to draw.
    #[must_use]
    pub fn svg(&self, id: &str, forms: &Forms) -> String {
        let mut picture = String::new();
        let Some((low, high)) = self.range() else { return picture };
        {
            let area = SVGBackend::with_string(&mut picture, (WIDTH, HEIGHT)).into_drawing_area();
            // Memory takes every stroke; a picture that could not be drawn is left out.
            if self.draw(&area, (low, high), forms).and_then(|()| area.present()).is_err() {
                return String::new();
            }
        }
        let body = picture.split_once(">\n").map_or("", |(_, body)| body);
        let title = maud::html! { title id={ (id) "-title" } { (self.title) } }.into_string();
        format!(
            "<svg class=\"chart\" role=\"img\" aria-labelledby=\"{id}-title\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             xmlns=\"http://www.w3.org/2000/svg\">{title}\n{}",
            with_classes(body)
        )
    }

    /// From the least to the greatest value and nothing, a little beyond the greatest.
    fn range(&self) -> Option<(f64, f64)> {
        let heights = || {
            let points = self.series.iter().take(SERIES_MOST).flat_map(|series| &series.points);
            points.flatten().map(|point| point.height).filter(|height| height.is_finite())
        };
        heights().next()?;
        let (low, high) = (heights().fold(0.0, f64::min), heights().fold(0.0, f64::max));
        let margin = (high - low) * 0.06;
        Some(if margin > 0.0 {
            (if low < 0.0 { low - margin } else { 0.0 }, high + margin)
        } else {
            (0.0, 1.0)
        })
    }

    fn draw(&self, area: &Area<'_>, (low, high): (f64, f64), forms: &Forms) -> Drawn {
        let ticks = ticks(low, high);
        let labels: Vec<String> = ticks.iter().map(|tick| self.tick(*tick, &ticks, forms)).collect();
        let longest = labels.iter().map(|label| label.chars().count()).max().unwrap_or_default();
        let left = u32::try_from(longest * LETTER + 10).unwrap_or(WIDTH / 4).clamp(40, WIDTH / 4);
        let count = float(self.places.len());
        let mut chart = ChartBuilder::on(area)
            .margin_top(8)
            .margin_right(28)
            .margin_left(left)
            .margin_bottom(FONT + 12)
            .build_cartesian_2d(0.0..count.max(1.0), low..high)?;
        let style = |horizontal, vertical| {
            TextStyle::from(("sans-serif", FONT).into_font()).color(&TEXT).pos(Pos::new(horizontal, vertical))
        };
        for (tick, label) in ticks.iter().zip(labels) {
            chart.draw_series(LineSeries::new([(0.0, *tick), (count, *tick)], GRID))?;
            let (x, y) = chart.backend_coord(&(0.0, *tick));
            area.draw(&Text::new(label, (x - 6, y), style(HPos::Right, VPos::Center)))?;
        }
        for (at, place) in self.named(usize::try_from(WIDTH - left - 28).unwrap_or_default() / LETTER) {
            let (x, y) = chart.backend_coord(&(float(at) + 0.5, low));
            area.draw(&Text::new(place, (x, y + 6), style(HPos::Center, VPos::Top)))?;
        }
        let drawn = self.series.iter().take(SERIES_MOST).enumerate();
        for (number, series) in drawn {
            let colour = RGBColor(2, u8::try_from(number).unwrap_or_default(), 0);
            match self.kind {
                Kind::Lines => {
                    for run in runs(series) {
                        chart.draw_series(LineSeries::new(run.iter().copied(), colour.stroke_width(2)))?;
                        let is_marked = run.len() == 1 || series.points.len() <= MARKED_MOST;
                        let marks = run.iter().filter(|_| is_marked);
                        chart.draw_series(marks.map(|at| Circle::new(*at, 3, colour.filled())))?;
                    }
                }
                Kind::Bars => {
                    let width = 0.8 / float(self.series.len().clamp(1, SERIES_MOST));
                    let bars = series.points.iter().enumerate().filter_map(|(at, point)| {
                        let height = point.as_ref()?.height;
                        let from = float(at) + 0.1 + width * float(number);
                        Some(Rectangle::new([(from, 0.0), (from + width * 0.94, height)], colour.filled()))
                    });
                    chart.draw_series(bars)?;
                }
            }
        }
        Ok(())
    }

    /// Which places are named along an axis of so many letters: of times every so many, of bars each, cut short.
    fn named(&self, letters: usize) -> Vec<(usize, String)> {
        let places = self.places.iter().enumerate();
        let widest = self.places.iter().map(|place| place.chars().count()).max().unwrap_or_default();
        match self.kind {
            Kind::Lines => {
                let room = (letters / (widest + 2)).max(1);
                let step = self.places.len().div_ceil(room).max(1);
                places.step_by(step).map(|(at, place)| (at, place.clone())).collect()
            }
            Kind::Bars => {
                let room = (letters / self.places.len().max(1)).max(2);
                let cut = |place: &String| match place.char_indices().nth(room) {
                    Some(_) => place.chars().take(room - 1).chain(['…']).collect(),
                    None => place.clone(),
                };
                places.map(|(at, place)| (at, cut(place))).collect()
            }
        }
    }

    fn tick(&self, tick: f64, ticks: &[f64], forms: &Forms) -> String {
        let hundredfold = if self.unit == Unit::Percent { 100.0 } else { 1.0 };
        let step = ticks.windows(2).next().map_or(1.0, |pair| pair[1] - pair[0]) * hundredfold;
        let decimals = (0..6).find(|decimals| step * 10_f64.powi(*decimals) >= 0.999).unwrap_or(6);
        // Ticks are round numbers, which a few decimals hold.
        let millionths = Ratio::new(rounded(tick * 1_000_000_000.0), 1_000_000_000);
        let Some(ratio) = millionths else { return String::new() };
        let decimals = usize::try_from(decimals).unwrap_or_default();
        match self.unit {
            Unit::Number => forms.decimal(ratio, decimals),
            Unit::Money(currency) => forms.price(ratio, currency, decimals),
            Unit::Percent => forms.percent(ratio, decimals),
        }
    }
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// Where the axis is written: at 1, 2 or 5 times a power of ten.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / float(TICKS);
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = step.into_iter().find(|step| *step >= rough * 0.999).unwrap_or(power);
    let first = (low / step).ceil();
    let at = |number: usize| (first + float(number)) * step;
    (0..=2 * TICKS).map(at).take_while(|tick| *tick <= high).collect()
}

/// The parts of a line between its gaps.
fn runs(series: &Series) -> Vec<Vec<(f64, f64)>> {
    let numbered: Vec<_> = series.points.iter().enumerate().collect();
    let runs = numbered.chunk_by(|(_, a), (_, b)| a.is_some() && b.is_some());
    let placed =
        |(at, point): &(usize, &Option<Point>)| point.as_ref().map(|point| (float(*at) + 0.5, point.height));
    runs.map(|run| run.iter().filter_map(placed).collect::<Vec<_>>()).filter(|run| !run.is_empty()).collect()
}

/// The same picture with classes for the stand-ins: `s0` to `s5` for the series, `t` for texts, `g` for the grid.
fn with_classes(picture: &str) -> String {
    let mut picture = picture.replace(" opacity=\"1\"", "").replace(" font-family=\"sans-serif\"", "");
    let font = format!(" font-size=\"{}\"", f64::from(FONT) / 1.24);
    picture = picture.replace(&font, "");
    let mut stand_ins = vec![(TEXT, "t".to_owned()), (GRID, "g".to_owned())];
    stand_ins.extend((0_u8..6).map(|number| (RGBColor(2, number, 0), format!("s{number}"))));
    for (RGBColor(red, green, blue), class) in stand_ins {
        let colour = format!("#{red:02X}{green:02X}{blue:02X}");
        picture =
            picture.replace(&format!("fill=\"none\" stroke=\"{colour}\""), &format!("class=\"l {class}\""));
        picture =
            picture.replace(&format!("fill=\"{colour}\" stroke=\"none\""), &format!("class=\"f {class}\""));
        for attribute in ["fill", "stroke"] {
            picture = picture.replace(&format!("{attribute}=\"{colour}\""), &format!("class=\"{class}\""));
        }
    }
    picture
}

#[expect(clippy::cast_precision_loss, reason = "places of a picture")]
fn float(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_possible_truncation, reason = "held at the ends of the range")]
fn rounded(value: f64) -> i128 {
    value.round() as i128
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::{Chart, Kind, Point, Series, Unit, ticks};
    use crate::page::{Forms, Lang};
    use crate::units::Currency;

    fn chart(kind: Kind, series: &[&[Option<f64>]]) -> Chart {
        let points = |heights: &[Option<f64>]| {
            heights.iter().map(|at| at.map(|height| Point { height, text: height.to_string() })).collect()
        };
        let named = |(number, heights): (usize, &&[Option<f64>])| Series {
            name: format!("series {number}"),
            points: points(heights),
        };
        Chart {
            title: "Spend & <plan>".to_owned(),
            kind,
            unit: Unit::Money(Currency::EUR),
            places: (1..=series[0].len()).map(|day| format!("{day} Nov")).collect(),
            series: series.iter().enumerate().map(named).collect(),
        }
    }

    fn drawn(chart: &Chart) -> String {
        chart.svg("spend", &Forms::new(Lang::En))
    }

    #[test]
    fn a_chart_is_an_image_with_a_title_and_takes_all_its_colours_from_classes() {
        for kind in [Kind::Lines, Kind::Bars] {
            let svg = drawn(&chart(kind, &[&[Some(1.0), Some(3.0)], &[Some(2.0), None]]));
            let document = roxmltree::Document::parse(&svg).expect("well-formed");
            let root = document.root_element();
            assert_eq!(root.attribute("role"), Some("img"));
            let title =
                root.children().find(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "title")));
            assert_eq!(title.unwrap().text(), Some("Spend & <plan>"));
            assert_eq!(title.unwrap().attribute("id"), root.attribute("aria-labelledby"));
            for node in root.descendants().filter(roxmltree::Node::is_element) {
                for attribute in ["fill", "stroke", "font-family", "font-size", "style"] {
                    assert!(!node.has_attribute(attribute), "{attribute} of {}", node.tag_name().name());
                }
            }
            for class in ["s0", "s1"] {
                assert!(svg.contains(class), "{class}");
            }
        }
    }

    #[test]
    fn a_line_is_broken_where_there_is_no_value() {
        let lines = |heights: &[Option<f64>]| drawn(&chart(Kind::Lines, &[heights])).matches("l s0").count();
        assert_eq!(lines(&[Some(1.0), Some(2.0), Some(3.0), Some(4.0)]), 1);
        assert_eq!(lines(&[Some(1.0), Some(2.0), None, Some(3.0), Some(4.0)]), 2);
    }

    #[test]
    fn every_bar_and_every_point_of_a_short_line_is_drawn() {
        let heights = [Some(1.0), Some(-2.0), None, Some(4.0)];
        assert_eq!(drawn(&chart(Kind::Bars, &[&heights])).matches("<rect").count(), 3);
        assert_eq!(drawn(&chart(Kind::Lines, &[&heights])).matches("<circle").count(), 3);
    }

    #[test]
    fn the_axis_is_written_in_the_form_of_the_language() {
        let chart = chart(Kind::Lines, &[&[Some(1_000.0), Some(2_500.0)]]);
        assert!(drawn(&chart).contains("€2,000"));
        assert!(chart.svg("spend", &Forms::new(Lang::Fr)).contains("2\u{202f}000\u{a0}€"));
    }

    #[test]
    fn every_bar_is_named_and_long_names_are_cut() {
        let mut chart = chart(Kind::Bars, &[&[Some(1.0); 8]]);
        chart.places[3] = "été-à-la-campagne-du-nord".to_owned();
        let svg = drawn(&chart);
        assert!(svg.contains("1 Nov") && svg.contains("8 Nov"));
        assert!(svg.contains("été-à-l") && svg.contains('…') && !svg.contains("du-nord"));
    }

    #[test]
    fn nothing_to_draw_draws_nothing_and_a_chart_of_zeros_has_an_axis() {
        assert_eq!(drawn(&chart(Kind::Lines, &[&[None, None]])), "");
        assert_eq!(drawn(&chart(Kind::Bars, &[&[Some(f64::NAN)]])), "");
        assert!(drawn(&chart(Kind::Lines, &[&[Some(0.0), Some(0.0)]])).contains("class=\"t\""));
    }

    #[test]
    fn a_year_of_days_stays_small_and_its_names_do_not_lie_on_each_other() {
        let year: Vec<_> = (0..365).map(|day| Some(f64::from(day % 17))).collect();
        let svg = drawn(&chart(Kind::Lines, &[&year]));
        assert!(svg.len() < 12_000, "{} bytes", svg.len());
        assert!(svg.matches("<text").count() < 30);
    }

    proptest! {
        #[test]
        fn an_axis_has_a_few_round_ticks_within_its_range(low in -1e9..0.0, span in 1e-3..1e9) {
            let high = low + span;
            let ticks = ticks(low, high);
            prop_assert!((2..=11).contains(&ticks.len()), "{} ticks", ticks.len());
            prop_assert!(ticks.iter().all(|tick| *tick >= low - span * 1e-9 && *tick <= high));
        }
    }
}
