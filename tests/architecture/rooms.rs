//! The rooms, what each may import, and what no pure room may name.

/// A room and the rooms it may import.
pub type Room = (&'static str, &'static [&'static str]);

/// Every room, in the order of the imports. ARCHITECTURE.md says what each is.
pub const ROOMS: &[Room] = &[
    ("units", &[]),
    ("document", &["units"]),
    ("page", &["units"]),
    ("openrtb", &["units"]),
    ("agent", &["units", "openrtb"]),
    ("ttf", &["units"]),
    ("taxonomy", &["units"]),
    ("supply", &["units", "document", "openrtb"]),
    ("privacy", &["units", "openrtb"]),
    ("geo", &["units", "openrtb", "privacy"]),
    ("audience", &["units", "document", "openrtb", "privacy"]),
    (
        "campaign",
        &["units", "document", "openrtb", "agent", "ttf", "taxonomy", "supply", "privacy", "audience"],
    ),
    ("targeting", &["units", "openrtb", "agent", "ttf", "taxonomy", "geo", "audience", "campaign"]),
    ("frequency", &["units", "campaign"]),
    ("ledger", &["units", "ttf"]),
    ("budget", &["units", "campaign", "ledger"]),
    ("landscape", &["units"]),
    ("learning", &["units", "openrtb", "agent"]),
    ("pacing", &["units", "campaign", "ledger", "budget"]),
    ("pricing", &["units", "openrtb", "campaign", "ttf", "landscape", "learning", "pacing"]),
    ("notice", &["units", "openrtb", "ttf", "campaign", "ledger"]),
    ("till", &["units", "ttf", "campaign", "ledger", "budget", "notice"]),
    ("creative", &["units", "openrtb", "campaign", "ledger"]),
    ("experiment", &["units", "page", "campaign", "ledger"]),
    ("bidder", ALL_ABOVE),
    ("attribution", &["units", "campaign", "ledger"]),
    ("report", &["units", "page", "campaign", "ledger", "attribution", "ttf"]),
    ("feedback", &["units", "campaign", "landscape", "learning", "pricing", "attribution", "report"]),
    ("sim", ALL_ABOVE),
    ("certify", &["units"]),
    ("shell", ALL_ABOVE),
];

/// Every room that stands before.
const ALL_ABOVE: &[&str] = &["*"];

/// The one room that may wait, read a clock, open a file or spawn.
pub const SHELL: &str = "shell";

/// What the load test, an exchange seen from outside, may import of the bidder: the wire, and
/// the traffic generator.
pub const LOADTEST: &[&str] = &["units", "openrtb", "sim"];

/// Modules that are a front door of their own, as `room::module`.
pub const FRONT_DOORS: &[(&str, &str)] =
    &[("units", "limits"), ("page", "words"), ("report", "reconcile"), ("sim", "judge")];

/// Files that may hold `unsafe`, each with its reason.
pub const UNSAFE: &[(&str, &str)] = &[];

/// What no pure room may name, from the start of the path, and what to do instead.
pub const IMPURE: &[(&[&str], &str)] = &[
    (&["tokio"], PASS),
    (&["hyper"], PASS),
    (&["hyper_util"], PASS),
    (&["http_body_util"], PASS),
    (&["rusqlite"], PASS),
    (&["notify"], PASS),
    (&["std", "fs"], PASS),
    (&["std", "net"], "take addresses from `core::net`, and leave connections to the shell"),
    (&["std", "thread"], PASS),
    (&["std", "env"], PASS),
    (&["std", "process"], PASS),
    (&["std", "time", "SystemTime"], TIME),
    (&["std", "time", "Instant"], TIME),
    (&["std", "time", "UNIX_EPOCH"], TIME),
    (&["std", "io", "stdin"], PASS),
    (&["std", "io", "stdout"], PASS),
    (&["std", "io", "stderr"], PASS),
    (&["std", "io", "Stdin"], PASS),
    (&["std", "io", "Stdout"], PASS),
    (&["std", "io", "Stderr"], PASS),
    (&["rand", "rng"], RANDOM),
    (&["rand", "thread_rng"], RANDOM),
    (&["rand", "make_rng"], RANDOM),
    (&["rand", "random"], RANDOM),
    (&["rand", "random_bool"], RANDOM),
    (&["rand", "random_iter"], RANDOM),
    (&["rand", "random_range"], RANDOM),
    (&["rand", "random_ratio"], RANDOM),
    (&["rand", "fill"], RANDOM),
    (&["rand", "rngs", "ThreadRng"], RANDOM),
    (&["rand", "rngs", "OsRng"], RANDOM),
    (&["rand", "rngs", "SysRng"], RANDOM),
];

/// Functions of jiff that read the clock or the machine's zone.
pub const IMPURE_JIFF: &[&str] = &["now", "system", "try_system"];

const PASS: &str = "let the shell fetch it and pass it in";
/// What to do instead of reading a clock.
pub const TIME: &str = "take `now: UnixMillis` as an argument";
const RANDOM: &str = "take the random source as an argument";

/// What `room` may import; `None` if there is no such room.
pub fn imports(room: &str) -> Option<Vec<&'static str>> {
    let at = ROOMS.iter().position(|(name, _)| *name == room)?;
    let above = || ROOMS[..at].iter().map(|(name, _)| *name);
    Some(if ROOMS[at].1 == ALL_ABOVE { above().collect() } else { ROOMS[at].1.to_vec() })
}

/// The first room that imports a room that does not stand before it: without one, there is no circle.
pub fn circle(rooms: &[Room]) -> Option<&'static str> {
    let stands_before = |at: usize, room: &str| rooms[..at].iter().any(|(name, _)| *name == room);
    let mut rooms = rooms.iter().enumerate();
    rooms
        .find(|(at, (_, imports))| {
            *imports != ALL_ABOVE && !imports.iter().all(|room| stands_before(*at, room))
        })
        .map(|(_, (name, _))| *name)
}
