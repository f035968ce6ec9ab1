//! The text format of Prometheus, 0.0.4: every metric has its help and its type once, before its samples.
//!
//! Deliberately absent: exemplars, timestamps, and the `# EOF` of OpenMetrics, which this format takes for a comment.

use std::fmt::{Display, Write as _};

use crate::shell::metrics::histogram::Histogram;

/// What a page of this format is called in HTTP.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A page that is being written.
#[derive(Debug, Default)]
pub struct Page {
    text: String,
}

/// A metric of a page, whose samples follow.
#[derive(Debug)]
pub struct Family<'p> {
    page: &'p mut Page,
    name: &'static str,
}

impl Page {
    /// An empty page with room for `bytes`.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes) }
    }

    /// Something that only grows, and begins at 0 with the process. Its name ends in `_total`.
    pub fn counter(&mut self, name: &'static str, help: &str, value: impl Display) {
        self.counters(name, help).sample(&[], value);
    }

    /// Something as it is now.
    pub fn gauge(&mut self, name: &'static str, help: &str, value: impl Display) {
        self.gauges(name, help).sample(&[], value);
    }

    /// A counter with labels.
    pub fn counters(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, help, "counter")
    }

    /// A gauge with labels.
    pub fn gauges(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, help, "gauge")
    }

    /// How long something took. Its name ends in `_seconds`.
    pub fn histogram<const N: usize>(&mut self, name: &'static str, help: &str, times: &Histogram<N>) {
        self.family(name, help, "histogram");
        // Read once: `+Inf` and the count agree, whoever writes meanwhile.
        let (buckets, sum) = times.cumulative();
        let mut count = 0;
        for (bound, below) in buckets {
            match bound {
                Some(bound) => {
                    let _ = writeln!(self.text, "{name}_bucket{{le=\"{}\"}} {below}", seconds(bound));
                }
                None => {
                    let _ = writeln!(self.text, "{name}_bucket{{le=\"+Inf\"}} {below}");
                }
            }
            count = below;
        }
        let _ = writeln!(self.text, "{name}_sum {}\n{name}_count {count}", seconds(sum));
    }

    fn family(&mut self, name: &'static str, help: &str, kind: &str) -> Family<'_> {
        let _ = writeln!(self.text, "# HELP {name} {}\n# TYPE {name} {kind}", escaped(help, false));
        Family { page: self, name }
    }

    /// The page.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }
}

impl Family<'_> {
    /// The value under `labels`, which are names of ours and values from an enum or from the configuration: never
    /// anything that a request said, or there would be no end of them.
    pub fn sample(&mut self, labels: &[(&'static str, &str)], value: impl Display) {
        let text = &mut self.page.text;
        text.push_str(self.name);
        for (at, (label, of)) in labels.iter().enumerate() {
            let before = if at == 0 { '{' } else { ',' };
            let _ = write!(text, "{before}{label}=\"{}\"", escaped(of, true));
        }
        if !labels.is_empty() {
            text.push('}');
        }
        let _ = writeln!(text, " {value}");
    }
}

/// As help, or as the value of a label, where a quote ends it.
fn escaped(text: &str, is_label: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if is_label => out.push_str("\\\""),
            letter => out.push(letter),
        }
    }
    out
}

/// Nanoseconds as seconds, exactly.
fn seconds(nanos: u64) -> String {
    let text = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Page;
    use crate::shell::metrics::histogram::Histogram;

    #[test]
    fn what_a_label_or_a_help_may_not_hold_is_escaped() {
        let mut page = Page::default();
        page.gauges("encan_a", "One\\line \"of\"\ntwo.").sample(&[("b", "c\"d\\e\nf"), ("g", "h")], 7);
        let want = "# HELP encan_a One\\\\line \"of\"\\ntwo.\n# TYPE encan_a gauge\n\
                    encan_a{b=\"c\\\"d\\\\e\\nf\",g=\"h\"} 7\n";
        assert_eq!(page.into_text(), want);
    }

    #[test]
    fn the_buckets_of_a_histogram_count_all_that_is_below_and_its_bounds_are_seconds() {
        let times = Histogram::new([10_000, 2_000_000]);
        for nanos in [1, 10_000, 10_001, 1_500_000_000] {
            times.observe(Duration::from_nanos(nanos));
        }
        let mut page = Page::default();
        page.histogram("encan_b_seconds", "Time.", &times);
        let want = "# HELP encan_b_seconds Time.\n# TYPE encan_b_seconds histogram\n\
                    encan_b_seconds_bucket{le=\"0.00001\"} 2\nencan_b_seconds_bucket{le=\"0.002\"} 3\n\
                    encan_b_seconds_bucket{le=\"+Inf\"} 4\n\
                    encan_b_seconds_sum 1.500020002\nencan_b_seconds_count 4\n";
        assert_eq!(page.into_text(), want);
    }
}
