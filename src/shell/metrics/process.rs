//! What Prometheus expects of every process, by the names that its own libraries use. From `/proc`: where there is none,
//! there are no such metrics.

use crate::shell::metrics::page::Page;
use crate::units::UnixMillis;

/// Writes what is known of this process, which `started` then.
pub(in crate::shell::metrics) fn write(started: UnixMillis, page: &mut Page) {
    let seconds = format!("{}.{:03}", started.raw() / 1_000, started.raw() % 1_000);
    page.gauge("process_start_time_seconds", "When the process started, in seconds since 1970.", seconds);
    if let Some(bytes) = resident_bytes() {
        page.gauge("process_resident_memory_bytes", "Memory that the process holds.", bytes);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        // One of them is the folder that is read.
        let open = open.count().saturating_sub(1);
        page.gauge("process_open_fds", "Files, sockets and pipes that are open.", open);
    }
    if let Some(most) = most_open() {
        page.gauge("process_max_fds", "How many may be open.", most);
    }
}

fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1_024)
}

/// Read as text: a service whose system calls are filtered may not ask the system itself.
fn most_open() -> Option<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}
