//! Where the days come from: a log on disk, if there is one, and the generator.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::shell::cli::judge::Args;
use crate::shell::cli::say;
use crate::sim::judge::{CAMPAIGNS, Generator, Log, Source};

/// Days to judge on, and days to tune on.
#[derive(Debug)]
pub struct Set {
    /// `log` or `generator`.
    pub name: &'static str,
    /// What it is, for people.
    pub words: String,
    /// Days that are judged.
    pub judged: Source,
    /// Days that settings are chosen on.
    pub tuning: Source,
}

/// The log of which settings may be chosen.
const TRAIN: &str = "auctions_2997_train.csv.gz";
/// The most that a log may hold, unpacked.
const LOG_BYTES_MAX: u64 = 1 << 30;
/// Of a log that is all there is, its first part is tuned on.
const TUNED_PART: f64 = 0.3;

/// The sets that the flags and the folder of data give.
///
/// # Errors
///
/// What is wrong with a log, in one line.
pub fn sets(args: &Args) -> Result<Vec<Set>, String> {
    let mut sets: Vec<Set> = log(args)?.into_iter().collect();
    let campaign = CAMPAIGNS.iter().find(|it| it.campaign == args.campaign).unwrap_or(&CAMPAIGNS[0]);
    let mut generator = Generator { campaign, ..Generator::default() };
    if let Some(rows) = args.rows {
        generator.volume = f64::from(rows);
    }
    sets.push(Set {
        name: "generator",
        words: format!("statistics of campaign {}, about {} auctions a day", args.campaign, generator.volume),
        judged: Source::Generator(generator),
        tuning: Source::Generator(generator),
    });
    Ok(sets)
}

fn log(args: &Args) -> Result<Option<Set>, String> {
    let folder =
        args.data.clone().or_else(|| Some(PathBuf::from(std::env::var_os("ENCAN_SHARED")?).join("data")));
    let train = folder.map(|folder| folder.join(TRAIN)).filter(|file| args.data.is_some() || file.exists());
    let Some(file) = args.auctions.as_ref().or(train.as_ref()) else {
        say("no log to replay (--auctions, --data and ENCAN_SHARED are not set): the generator alone\n");
        return Ok(None);
    };
    let whole = read(file)?;
    let judged = args.rows.map_or_else(|| whole.clone(), |rows| whole.first(rows as usize));
    let other = match (&args.auctions, &train) {
        (Some(auctions), Some(train)) if auctions != train && train.exists() => Some(read(train)?),
        _ => None,
    };
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of a length"
    )]
    let part = (judged.len() as f64 * TUNED_PART) as usize;
    let tuned_on = if other.is_some() { TRAIN.to_owned() } else { format!("its first {part}") };
    let words = format!("{} auctions of {}, tuned on {tuned_on}", judged.len(), file.display());
    let tuning = Source::Log(other.unwrap_or_else(|| judged.first(part)));
    Ok(Some(Set { name: "log", words, judged: Source::Log(judged), tuning }))
}

/// A log, plain or gzip.
fn read(file: &Path) -> Result<Log, String> {
    let about = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|it| it.take(LOG_BYTES_MAX).read_to_end(&mut bytes))
        .map_err(|error| about(&error))?;
    let mut text = String::new();
    let packed = bytes.starts_with(&[0x1f, 0x8b]);
    let read = match packed {
        true => MultiGzDecoder::new(&bytes[..]).take(LOG_BYTES_MAX).read_to_string(&mut text),
        false => (&bytes[..]).read_to_string(&mut text),
    };
    read.map_err(|error| about(&error))?;
    Log::read(&text).map_err(|error| about(&error))
}

/// What is judged, a line each.
pub fn in_words(sets: &[Set], seeds: u64) -> String {
    let mut text = String::new();
    for set in sets {
        let _ = writeln!(text, "{:<10} {}", set.name, set.words);
    }
    let _ = writeln!(text, "{:<10} {seeds}", "seeds");
    text
}
