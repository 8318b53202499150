//! The figures beside their limits, and which of them were missed.

use anyhow::bail;

/// What was measured so far.
#[derive(Default)]
pub(super) struct Limits {
    missed: Vec<String>,
}

impl Limits {
    /// Shows a size, which is the same on every machine: the measurement fails if it misses its limit.
    pub(super) fn hold(&mut self, name: &str, figure: &str, limit: &str, is_kept: bool) {
        compare(name, figure, limit, is_kept);
        if !is_kept {
            self.missed.push(format!("{name}: {figure}, limit {limit}"));
        }
    }

    /// Fails if a size was missed.
    pub(super) fn conclude(self) -> anyhow::Result<()> {
        if self.missed.is_empty() {
            return Ok(());
        }
        bail!("limits that do not depend on the machine were missed: {}", self.missed.join("; "))
    }
}

/// Shows a time or a ratio, which depends on what else the machine does: missing its limit is said and no more.
pub(super) fn compare(name: &str, figure: &str, limit: &str, is_kept: bool) {
    println!("{name:<58} {figure:<34} {limit:<22} {}", if is_kept { "" } else { "MISSED" });
}
