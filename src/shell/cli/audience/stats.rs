//! `encan audience stats`: how many people, in which segments, in how many bytes.

use std::collections::BTreeMap;
use std::process::ExitCode;

use comfy_table::{Table, presets};
use serde::Serialize;

use crate::shell::audience_store::{AudienceError, AudienceStore, NameKind};
use crate::shell::cli::audience::{DataArgs, open_existing};
use crate::shell::cli::{WE_FAILED, fail, put};
use crate::shell::clock;

/// Flags of `audience stats`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example:\n  encan audience stats --json\n\nCounts what has not expired. Reads the whole file."
)]
pub struct Args {
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Debug, Default, Serialize)]
struct Stats {
    people: u64,
    memberships: u64,
    events: u64,
    file_bytes: u64,
    /// The largest first.
    segments: Vec<SegmentStats>,
}

#[derive(Debug, Serialize)]
struct SegmentStats {
    segment: String,
    people: u64,
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let (_, mut store) = match open_existing(&args.data.data) {
        Ok(opened) => opened,
        Err(refused) => return refused,
    };
    match counted(&mut store) {
        Ok(stats) => {
            put(&if args.json { json(&stats) } else { text(&stats) });
            ExitCode::SUCCESS
        }
        Err(error) => fail(WE_FAILED, &error, error.hint()),
    }
}

fn counted(store: &mut AudienceStore) -> Result<Stats, AudienceError> {
    let now = clock::now();
    let mut stats = Stats { file_bytes: store.disk_bytes(), ..Stats::default() };
    let mut by_number: BTreeMap<u32, u64> = BTreeMap::new();
    let mut after = None;
    loop {
        let page = store.page(after)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        for (_, mut known) in page {
            known.prune(now);
            stats.people += u64::from(!known.is_empty());
            stats.memberships += known.segments.len() as u64;
            stats.events += known.history.len() as u64;
            for segment in &known.segments {
                *by_number.entry(segment.number()).or_default() += 1;
            }
        }
    }
    for (number, people) in by_number {
        let id = store.segment(number)?.raw();
        let segment = store.shown(NameKind::Segment, id)?;
        stats.segments.push(SegmentStats { segment, people });
    }
    stats.segments.sort_by(|one, other| other.people.cmp(&one.people).then(one.segment.cmp(&other.segment)));
    Ok(stats)
}

fn json(stats: &Stats) -> String {
    let mut json = serde_json::to_string_pretty(stats).expect("texts and numbers are JSON");
    json.push('\n');
    json
}

fn text(stats: &Stats) -> String {
    let Stats { people, memberships, events, file_bytes, segments } = stats;
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["segment", "people"]);
    for SegmentStats { segment, people } in segments {
        table.add_row([segment.clone(), people.to_string()]);
    }
    format!(
        "people {people}, segments {}, memberships {memberships}, events {events}, bytes on disk {file_bytes}\n\
         {table}\n",
        segments.len()
    )
}
