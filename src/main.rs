//! The `encan` command: parses, runs, sets the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    encan::shell::cli::run()
}
