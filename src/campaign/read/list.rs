//! List files: one value a line, read as the attribute needs that names them.
//!
//! A line that is no value of the attribute is an error, as it would be in the rule itself. Blank lines and lines
//! that begin with `#` are passed over; LF and CRLF both end a line. Deliberately absent: columns and quotes.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::campaign::read::targeting::VALUE_CHARS_MAX;
use crate::campaign::rule::{Attribute, ValueList};
use crate::document::{Fault, Faults, Node, Source, suggestion};
use crate::units::limits;

/// Characters of a wrong line that are shown.
const ECHO_CHARS_MAX: usize = 60;

/// The list files at hand, and what was made of those that rules name.
pub(in crate::campaign) struct Shelf<'s> {
    files: &'s [Source],
    /// By file and attribute.
    read: RefCell<HashMap<(usize, Attribute), Made>>,
}

/// What was made of a file; `None` if it is faulty, which was said then.
type Made = Option<Arc<ValueList>>;

impl<'s> Shelf<'s> {
    pub fn new(files: &'s [Source]) -> Self {
        Self { files, read: RefCell::default() }
    }

    /// The list that `name` names, as `attribute` reads it. Its faults are told the first time.
    pub fn list(&self, attribute: Attribute, name: Node<'_>, faults: &mut Faults) -> Option<Arc<ValueList>> {
        let wanted = name.text(faults)?;
        let Some(file) = self.files.iter().position(|file| list_name(file) == wanted) else {
            let fault = name.error(format!("is not a list, got {}", name.echo()));
            let names = || self.files.iter().map(list_name);
            return faults.refuse(match suggestion(wanted, names()) {
                Some(near) => fault.hint(format!("did you mean `{near}`?")),
                None => fault.hint(format!("put `{wanted}.txt`, one value a line, into the folder of lists")),
            });
        };
        let known = self.read.borrow().get(&(file, attribute)).cloned();
        known.unwrap_or_else(|| {
            let list = read_list(attribute, &self.files[file], faults).map(Arc::new);
            self.read.borrow_mut().insert((file, attribute), list.clone());
            list
        })
    }

    /// The files that no rule has named.
    pub fn unnamed(&self) -> Vec<String> {
        let named: HashSet<usize> = self.read.borrow().keys().map(|(file, _)| *file).collect();
        let files = self.files.iter().enumerate().filter(|(number, _)| !named.contains(number));
        files.map(|(_, file)| file.name.clone()).collect()
    }
}

/// What rules call a list file: its name without folders and ending.
fn list_name(file: &Source) -> &str {
    let stem = file.stem();
    stem.strip_suffix(".txt").unwrap_or(stem)
}

/// The list in `file` as `attribute` reads it; every faulty line is told or counted.
fn read_list(attribute: Attribute, file: &Source, faults: &mut Faults) -> Option<ValueList> {
    let mut values: Vec<String> = Vec::new();
    let mut known: HashSet<String, FixedState> = HashSet::default();
    let mut bad = Counted::default();
    let mut repeated: (usize, Option<Range<usize>>) = (0, None);
    for (number, (span, line)) in lines(&file.text).enumerate() {
        if number >= limits::LIST_LINES_MAX {
            let problem = format!("has more than {} lines", limits::LIST_LINES_MAX);
            return faults.refuse(Fault::of_file(&file.name, problem).hint("make several lists of it"));
        }
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match value(attribute, line) {
            Ok(value) if known.contains(&value) => {
                repeated.0 += 1;
                repeated.1.get_or_insert(span);
            }
            Ok(value) => {
                known.insert(value.clone());
                values.push(value);
            }
            Err((problem, remedy)) => bad.push(faults, || {
                let echo: String = line.chars().take(ECHO_CHARS_MAX).collect();
                Fault::error(file, span, format!("{echo:?} {problem}, read as `{attribute}`")).hint(remedy)
            }),
        }
    }
    if bad.count > 0 {
        bad.close(attribute, file, faults);
        return None;
    }
    if let (count, Some(span)) = repeated {
        let lines = if count == 1 { "line repeats" } else { "lines repeat" };
        let problem = format!("{count} {lines} a value, read as `{attribute}`; this is the first");
        faults.push(Fault::error(file, span, problem).as_warning().hint("one line a value is enough"));
    }
    if values.is_empty() {
        let fault = Fault::of_file(&file.name, "the list is empty");
        return faults.refuse(fault.hint("write one value a line, or take the list out of the rules"));
    }
    Some(ValueList::new(list_name(file), values))
}

/// Each line with its place.
fn lines(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut start = 0;
    text.split('\n').map(move |line| {
        let span = start..start + line.trim_end().len();
        start += line.len() + 1;
        (span, line)
    })
}

/// The canonical value in a line, or the problem and a remedy.
fn value(attribute: Attribute, line: &str) -> Result<String, (String, String)> {
    if line.chars().any(char::is_control) {
        return Err((
            "holds a control character".to_owned(),
            "one value a line, and nothing else".to_owned(),
        ));
    }
    if line.len() > VALUE_CHARS_MAX && line.chars().count() > VALUE_CHARS_MAX {
        return Err((
            format!("has more than {VALUE_CHARS_MAX} characters"),
            "one value a line, and nothing else".to_owned(),
        ));
    }
    attribute.canonical(line).map_err(|unfit| (unfit.problem, unfit.remedy))
}

/// Faulty lines: the first few told, all counted.
#[derive(Default)]
struct Counted {
    count: usize,
}

impl Counted {
    fn push(&mut self, faults: &mut Faults, fault: impl FnOnce() -> Fault) {
        self.count += 1;
        if self.count <= limits::LIST_FAULTS_MAX {
            faults.push(fault());
        }
    }

    /// Says how many lines are wrong in all.
    fn close(self, attribute: Attribute, file: &Source, faults: &mut Faults) {
        let more = self.count.saturating_sub(limits::LIST_FAULTS_MAX);
        let lines = if self.count == 1 { "line is" } else { "lines are" };
        let more = if more > 0 {
            format!(", the first {} are shown, and {more} more", limits::LIST_FAULTS_MAX)
        } else {
            String::new()
        };
        let problem = format!("{} {lines} wrong, read as `{attribute}`{more}", self.count);
        faults.push(
            Fault::of_file(&file.name, problem).hint("the list is refused as a whole: mend or remove them"),
        );
    }
}
