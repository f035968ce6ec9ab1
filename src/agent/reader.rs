//! User agents to what they say, by the rules of uap-core.

use std::fmt;

use serde::Deserialize;
use ua_parser::{os, user_agent};

use crate::agent::browser::APPS;
use crate::agent::{Agent, Browser, Os, device};
use crate::units::Version;
use crate::units::limits::USER_AGENT_BYTES_MAX;

/// Reads user agents. Made once: that takes some 40 ms and 12 MB.
pub struct Reader {
    browsers: user_agent::Extractor<'static>,
    systems: os::Extractor<'static>,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader(uap-core)")
    }
}

/// The file of rules, in the order in which they are tried.
#[derive(Deserialize)]
struct Rules {
    user_agent_parsers: Vec<user_agent::Parser<'static>>,
    os_parsers: Vec<os::Parser<'static>>,
}

impl Default for Reader {
    /// With the rules that are part of the program.
    fn default() -> Self {
        let rules: Rules =
            serde_json::from_str(include_str!("rules/uap-core.json")).expect("a test reads the rules");
        let browsers =
            user_agent::Builder::new().push_all(rules.user_agent_parsers).expect("a test reads each");
        let systems = os::Builder::new().push_all(rules.os_parsers).expect("a test reads each");
        Self {
            browsers: browsers.build().expect("a test builds them"),
            systems: systems.build().expect("a test builds them"),
        }
    }
}

impl Reader {
    /// What the user agent `text` says, of which the first [`USER_AGENT_BYTES_MAX`] bytes are read.
    #[must_use]
    pub fn read(&self, text: &str) -> Agent {
        let text = &text[..text.floor_char_boundary(USER_AGENT_BYTES_MAX)];
        let lower = text.to_ascii_lowercase();
        let mut agent = Agent { robot: is_robot(&lower), ..Agent::default() };
        if let Some(system) = self.systems.extract(text) {
            agent.os = Os::named(&system.os);
            agent.os_version = match (system.major.as_deref(), system.minor.as_deref()) {
                // Sold by name; by their numbers they stand before 7.
                (Some("XP"), _) => Some(Version::new(5, 1, 0)),
                (Some("Vista"), _) => Some(Version::new(6, 0, 0)),
                (major, minor) => of_parts([major, minor, system.patch.as_deref()]),
            };
        }
        if let Some(found) = self.browsers.extract(text) {
            let browser = Browser::of_family(&found.family);
            agent.browser = Some(browser);
            if !APPS.contains(&&*found.family) {
                agent.browser_version = of_parts([found.major, found.minor, found.patch]);
            }
            agent.robot |= browser == Browser::Other && is_robots_family(&found.family);
        }
        agent.device = device::of_text(&lower, agent.os);
        agent
    }
}

fn of_parts(parts: [Option<&str>; 3]) -> Option<Version> {
    Version::of_parts(parts.into_iter().map_while(|part| part))
}

/// True for a user agent, in lower case, of a browser without a screen, or one that gives the address of those who
/// sent it, as crawlers do.
fn is_robot(lower: &str) -> bool {
    ["headless", "phantomjs", "+http://", "+https://", "(http://", "lighthouse"]
        .iter()
        .any(|sign| lower.contains(sign))
}

/// True for a family of uap-core that no person looks at pages with. Libraries that apps are built with (`okhttp`,
/// `CFNetwork`, Apache's) are not among them: careless apps send theirs for a person.
fn is_robots_family(family: &str) -> bool {
    const PARTS: [&str; 8] = ["bot", "spider", "crawl", "slurp", "scrape", "archiver", "indexer", "monitor"];
    const TOOLS: [&str; 14] = [
        "curl",
        "Wget",
        "Python Requests",
        "Python aiohttp",
        "Python-urllib",
        "Go-http-client",
        "PostmanRuntime",
        "HTTPie",
        "axios",
        "reqwest",
        "libwww-perl",
        "Scrapy",
        "Datanyze",
        "OpenVAS Scanner",
    ];
    let lower = family.to_ascii_lowercase();
    TOOLS.contains(&family) || PARTS.iter().any(|part| lower.contains(part))
}
