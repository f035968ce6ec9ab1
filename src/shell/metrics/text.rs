//! The page `/metrics`: what this file counts, then what other parts do.

use std::sync::atomic::AtomicU64;

use crate::bidder::{Asleep, NoBidReason, Snapshot};
use crate::notice::{NoticeKind, Unpriced};
use crate::shell::metrics::page::Page;
use crate::shell::metrics::{EventDoor, EventOutcome, Metrics, NoticeOutcome, Turned, money, process, read};
use crate::shell::service::Service;
use crate::shell::{clock, experiments, feedback, learning, leasing};
use crate::units::Nanos;

/// Everything that is counted, in the text format of Prometheus.
#[must_use]
pub fn text(service: &Service) -> String {
    let mut page = Page::with_capacity(32_768);
    let snapshot = service.snapshot();
    process::write(service.metrics.started, &mut page);
    service.metrics.write(&mut page);
    write_state(service.open.len(), &snapshot, &mut page);
    money::write(&snapshot, clock::now(), &mut page);
    service.writer.write_metrics(&mut page);
    service.publishers.write_metrics(&mut page);
    service.audience_writer.write_metrics(&service.audiences, &mut page);
    leasing::write_metrics(service, &mut page);
    learning::write_metrics(service, &mut page);
    feedback::write_metrics(service, &mut page);
    experiments::write_metrics(&service.ghosts, &mut page);
    page.into_text()
}

impl Metrics {
    fn write(&self, page: &mut Page) {
        let (version, commit) = (env!("CARGO_PKG_VERSION"), env!("ENCAN_COMMIT"));
        page.gauges("encan_build_info", "Always 1; its labels say what runs.")
            .sample(&[("version", version), ("commit", commit)], 1);
        for (name, help, counter) in [
            ("encan_bid_requests_total", "Bid requests received.", &self.requests),
            ("encan_bid_requests_malformed_total", "Bodies that are not OpenRTB.", &self.malformed),
            ("encan_bids_total", "Bids made.", &self.bids),
            (
                "encan_impressions_total",
                "Impressions billed; a play that counts as many is one.",
                &self.impressions,
            ),
            ("encan_panics_total", "Decisions that panicked, answered with no bid.", &self.panics),
            ("encan_reservations_expired_total", "Reservations that no notice closed.", &self.expired),
            ("encan_reloads_total", "Revisions of the campaign files taken.", &self.reloads),
            (
                "encan_reloads_refused_total",
                "Revisions of the campaign files refused.",
                &self.reloads_refused,
            ),
            ("encan_key_reloads_total", "Changes of the notice keys taken.", &self.key_reloads),
            (
                "encan_key_reloads_refused_total",
                "Changes of the notice keys refused.",
                &self.key_reloads_refused,
            ),
        ] {
            page.counter(name, help, read(counter));
        }
        for (name, help, nanos) in [
            ("encan_media_euros_total", "What exchanges billed since the start, in euros.", &self.media),
            ("encan_data_euros_total", "What data of billed impressions costs, in euros.", &self.data),
            ("encan_tax_euros_total", "Tax on billed impressions, whoever bears it, in euros.", &self.tax),
        ] {
            page.counter(name, help, euros(nanos));
        }
        let help = "Requests without a bid, by the last reason reached.";
        by_reason(page, "encan_no_bids_total", help, NoBidReason::NAMES, &self.no_bids.0);
        let help = "Requests to exchanges' addresses that were turned away unread, by why.";
        by_reason(page, "encan_requests_refused_total", help, &Turned::NAMES, &self.turned);
        let help = "Rounds in which nothing could be leased, by why.";
        let rounds = [&self.out_of_reach, &self.leases_ended];
        by_reason(page, "encan_lease_rounds_failed_total", help, &["out_of_reach", "ended"], rounds);
        self.write_notices(page);
        self.write_events(page);
        page.histogram("encan_decision_seconds", "Time from a body read to its answer.", &self.decisions);
        page.histogram("encan_tick_seconds", "Time that a beat of the slow loop takes.", &self.beats);
    }

    fn write_notices(&self, page: &mut Page) {
        let mut notices = page.counters("encan_notices_total", "Notices received, by kind and outcome.");
        for kind in NoticeKind::ALL {
            for (outcome, counter) in NoticeOutcome::NAMES.iter().zip(&self.notices[kind as usize]) {
                notices.sample(&[("kind", kind.name()), ("outcome", outcome)], read(counter));
            }
        }
        let help = "Impressions booked at the bid's price, for want of one that can be taken, by why.";
        by_reason(page, "encan_notices_unpriced_total", help, &Unpriced::NAMES, &self.unpriced);
    }

    fn write_events(&self, page: &mut Page) {
        let help = "Events of people at advertisers', by who sent them and what became of them.";
        let mut events = page.counters("encan_events_total", help);
        for (door, outcomes) in EventDoor::NAMES.iter().zip(&self.events) {
            for (outcome, counter) in EventOutcome::NAMES.iter().zip(outcomes) {
                events.sample(&[("door", door), ("outcome", outcome)], read(counter));
            }
        }
    }
}

/// What is so at this moment.
fn write_state(open_reservations: usize, snapshot: &Snapshot, page: &mut Page) {
    let plan = &snapshot.plan;
    page.gauge("encan_reservations_open", "Bids whose outcome is not known.", open_reservations);
    page.gauge("encan_revision", "Revision of the campaign files in use.", plan.revision);
    page.gauge("encan_line_items", "Line items loaded.", plan.rows.len());
    let mut asleep = page.gauges("encan_line_items_asleep", "Line items that may not bid now, by why.");
    for (reason, count) in Asleep::NAMES.iter().zip(snapshot.sleepers) {
        asleep.sample(&[("reason", reason)], count);
    }
}

fn by_reason<'c>(
    page: &mut Page,
    name: &'static str,
    help: &str,
    reasons: &[&str],
    counters: impl IntoIterator<Item = &'c AtomicU64>,
) {
    let mut family = page.counters(name, help);
    for (reason, counter) in reasons.iter().zip(counters) {
        family.sample(&[("reason", reason)], read(counter));
    }
}

fn euros(nanos: &AtomicU64) -> Nanos {
    Nanos::from_raw(i64::try_from(read(nanos)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::write_state;
    use crate::bidder::{NoBidReason, Plan, Snapshot};
    use crate::budget::Book;
    use crate::campaign::{Catalog, Rates};
    use crate::notice::NoticeKind;
    use crate::privacy::Restriction;
    use crate::shell::metrics::page::Page;
    use crate::shell::metrics::{EventDoor, EventOutcome, Metrics, NoticeOutcome};
    use crate::units::{Currency, UnixMillis};

    #[test]
    fn every_answer_is_counted_once_under_its_reason() {
        let metrics = Metrics::default();
        metrics.answered(Some(NoBidReason::Paced), Duration::from_micros(15));
        metrics.answered(None, Duration::from_micros(1_500_000));
        metrics.bid(2);
        metrics.noticed(NoticeKind::Win, NoticeOutcome::Duplicate);
        metrics.happened(EventDoor::Server, EventOutcome::withheld(Restriction::GlobalPrivacyControl));
        let plan = Plan::build(1, Catalog::default(), vec![], vec![], Rates::only(Currency::EUR));
        let snapshot = Snapshot::new(Arc::new(plan), &Book::default(), UnixMillis::default(), None);
        let mut page = Page::default();
        metrics.write(&mut page);
        write_state(3, &snapshot, &mut page);
        let text = page.into_text();
        for line in [
            "encan_bid_requests_total 2",
            "encan_bids_total 2",
            "encan_no_bids_total{reason=\"paced\"} 1",
            "encan_no_bids_total{reason=\"no_match\"} 0",
            "encan_notices_total{kind=\"win\",outcome=\"duplicate\"} 1",
            "encan_decision_seconds_bucket{le=\"0.00001\"} 0",
            "encan_decision_seconds_bucket{le=\"0.00002\"} 1",
            "encan_decision_seconds_bucket{le=\"+Inf\"} 2",
            "encan_decision_seconds_sum 1.500015",
            "encan_reservations_open 3",
            "encan_events_total{door=\"server\",outcome=\"withheld_gpc\"} 1",
            "encan_events_total{door=\"page\",outcome=\"taken\"} 0",
            "encan_line_items_asleep{reason=\"paced\"} 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }
}
