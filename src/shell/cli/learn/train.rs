//! `encan learn train`: a model of what the ledger and the contexts have, judged on what it was not made of.

use std::process::ExitCode;

use serde::Serialize;

use crate::learning::{CLICK_RIPE, Delays, Example, Verdict};
use crate::shell::cli::learn::measures::Measures;
use crate::shell::cli::learn::{DataArgs, instant};
use crate::shell::cli::reconcile::progress::Progress;
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put, say};
use crate::shell::clock;
use crate::shell::learning::{
    Candidate, Examples, ExamplesError, HeldOut, ModelError, Models, Trial, Workshop, accepted,
    tells_anything,
};
use crate::units::{BidId, Millis, UnixMillis};

/// Flags of `learn train`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  encan learn train
  encan learn train --held-out-days 2
  encan learn train --data /var/lib/encan --json

Reads the impressions that were billed, and the clicks and conversions that the ledger has of them, oldest first. The
newest fifth, or the last days, are held out: the new model and the one in use are measured on them side by side. It is
put in use only if it is sound and no worse; a server that runs on the folder takes it within a second. Impressions of
the last hour are left out, for their clicks may still come.

The exit code is 0 if the model is in use now, 1 if it is refused or there is too little to learn from, 2 if we failed.")]
pub struct Args {
    /// Hold out the impressions of the last so many days, in place of the newest fifth.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=365))]
    held_out_days: Option<u32>,
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataArgs,
}

/// Why nothing was trained.
#[derive(Debug, thiserror::Error)]
enum Halt {
    #[error(transparent)]
    Examples(#[from] ExamplesError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error("`{0}` has no billed impressions whose clicks are complete")]
    Nothing(String),
}

impl Halt {
    fn hint(&self) -> &'static str {
        match self {
            Self::Examples(error) => error.hint(),
            Self::Model(error) => error.hint(),
            Self::Nothing(_) => {
                "clicks are complete an hour after the impression: let the server bill some, and wait"
            }
        }
    }

    fn code(&self) -> u8 {
        match self {
            Self::Nothing(_) => INPUT_WRONG,
            Self::Examples(error) if error.is_missing() => INPUT_WRONG,
            Self::Examples(_) | Self::Model(_) => WE_FAILED,
        }
    }
}

#[derive(Debug, Serialize)]
struct Trained {
    accepted: bool,
    /// Why not, if it was refused.
    refused: Option<String>,
    learnt: usize,
    held_out: usize,
    from: Option<String>,
    to: Option<String>,
    new: Measures,
    /// Of the model that was in use, on the same impressions.
    old: Option<Measures>,
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    match trained(args) {
        Ok(trained) => {
            put(&if args.json { json(&trained) } else { text(&trained) });
            match &trained.refused {
                None => ExitCode::SUCCESS,
                Some(why) => {
                    let hint = "the former model goes on, if there is one; more impressions, or fewer held-out days, may help";
                    fail(INPUT_WRONG, &format!("the model is refused: {why}"), hint)
                }
            }
        }
        Err(halt) => fail(halt.code(), &halt, halt.hint()),
    }
}

fn trained(args: &Args) -> Result<Trained, Halt> {
    let (data, now) = (&args.data.data, clock::now());
    let examples = Examples::open(data, now)?;
    let until = now.minus(CLICK_RIPE);
    let mut progress = Progress::new(data);
    let mut clicked = Vec::new();
    let mut count = 0;
    each(&examples, until, |example| {
        count += 1;
        clicked.extend(Some(example).filter(Example::is_clicked));
        progress.count("impressions looked through", count);
    })?;
    let rule = match args.held_out_days {
        None => HeldOut::Newest(usize::try_from(count.div_ceil(5)).unwrap_or(usize::MAX)),
        Some(days) => HeldOut::Since(now.minus(Millis::from_seconds(i64::from(days) * 86_400))),
    };
    let mut workshop = Workshop::new(Delays::of(&clicked), rule);
    let mut learnt = 0;
    each(&examples, until, |example| {
        workshop.take(example);
        learnt += 1;
        progress.count("impressions learnt", learnt);
    })?;
    progress.end();
    if learnt == 0 {
        return Err(Halt::Nothing(data.display().to_string()));
    }
    judged(&workshop, &examples, &Models::new(data), now)
}

/// Each example whose clicks are complete and that says anything, in the order of the bids.
fn each(examples: &Examples, until: UnixMillis, mut take: impl FnMut(Example)) -> Result<(), ExamplesError> {
    let mut after: Option<BidId> = None;
    loop {
        let page = examples.page(after, until)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = Some(*last);
        let useful = |example: &Example| example.is_ripe() && tells_anything(&example.features);
        page.iter().map(|(_, example)| *example).filter(useful).for_each(&mut take);
    }
}

fn judged(
    workshop: &Workshop,
    examples: &Examples,
    models: &Models,
    now: UnixMillis,
) -> Result<Trained, Halt> {
    let in_use = models.current().unwrap_or_else(|error| {
        // A broken one is no reason to keep it.
        say(&format!("warning: {error}: the new one is judged without it\n"));
        None
    });
    let Candidate { model, judgement } = workshop.candidate(in_use.as_ref().map(|found| &found.model));
    let (learnt, held_out) = workshop.counts();
    let refused = match &judgement.verdict {
        Verdict::Accept => {
            models.install(&model)?;
            None
        }
        Verdict::Refuse(refusal) => Some(refusal.to_string()),
    };
    let words = refused.clone().unwrap_or_else(|| accepted((learnt, held_out)));
    let trial = Trial { at: now.raw(), by_server: false, accepted: refused.is_none(), words };
    if let Err(error) = examples.contexts().remember(&trial) {
        say(&format!("warning: {error}: how the model was judged is not kept\n"));
    }
    let ends = model.span();
    Ok(Trained {
        accepted: refused.is_none(),
        refused,
        learnt,
        held_out,
        from: ends.map(|span| instant(span.from)),
        to: ends.map(|span| instant(span.to)),
        new: Measures::of(&judgement.new),
        old: judgement.old.as_ref().map(Measures::of),
    })
}

fn json(trained: &Trained) -> String {
    serde_json::to_string_pretty(trained).expect("texts and numbers are JSON") + "\n"
}

fn text(trained: &Trained) -> String {
    let Trained { learnt, held_out, from, to, new, old, .. } = trained;
    let span = match (from, to) {
        (Some(from), Some(to)) => format!(" of {from} to {to}"),
        _ => String::new(),
    };
    let mut out =
        format!("learnt from {learnt} impressions{span}, held out the {held_out} newest\n\nthe new model\n");
    out.push_str(&new.text());
    if let Some(old) = old {
        out.push_str("\nthe model in use before, on the same impressions\n");
        out.push_str(&old.text());
    }
    if trained.accepted {
        out.push_str("\naccepted: the new model is in use\n");
    }
    out
}
