//! `ayushma status`: the status of all parts that follow the log.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use commands::event_log::{self, ConsumerLag, Counting, PartStatus, Verdict};

use super::in_process::with_database;
use crate::{config::Settings, parts::expected_parts, shutdown::Shutdown, terminal::say};

/// Show how far and how complete every projection, handler and the relay is, and whether all parts live
///
/// Looks at the whole system, whichever processes it runs in, and holds what was applied against the log; for a log of millions
/// of events that takes a moment. Ends with 0 only if everything is in order.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  ayushma status
  ayushma status --json | jq '.parts[] | select(.verdict != \"ok\")'")]
pub(super) struct Status {
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        let expected = expected_parts(settings);
        let status = with_database(settings, shutdown, async |pool| {
            event_log::status(pool, &expected, Counting::Yes).await.context("the status cannot be read")
        })
        .await?;
        if self.json {
            say(&serde_json::to_string_pretty(&status)?);
        } else {
            say(&format!("{}; the log ends at position {}", <&str>::from(status.verdict), status.head));
            for line in table(&status.parts) {
                say(&line);
            }
        }
        Ok(if status.verdict == Verdict::Ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

const HEADINGS: [&str; 9] =
    ["part", "verdict", "position", "behind", "age", "applied", "parked", "dropped", "last sign of life"];

/// The lines of the table: one for each part, in aligned columns, with its problems below it.
fn table(parts: &[PartStatus]) -> Vec<String> {
    let rows: Vec<_> = std::iter::once(HEADINGS.map(str::to_owned)).chain(parts.iter().map(row)).collect();
    let widths: Vec<usize> =
        (0..HEADINGS.len()).map(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0)).collect();
    let problems = std::iter::once(&[] as &[String]).chain(parts.iter().map(|part| part.problems.as_slice()));
    rows.iter()
        .zip(problems)
        .flat_map(|(row, problems)| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            let line = cells.collect::<Vec<_>>().join("  ").trim_end().to_owned();
            std::iter::once(line).chain(problems.iter().map(|problem| format!("  {problem}")))
        })
        .collect()
}

fn row(part: &PartStatus) -> [String; 9] {
    let of = |read: &dyn Fn(&ConsumerLag) -> String| part.reading.as_ref().map_or_else(|| "-".to_owned(), read);
    [
        format!("{} {}", <&str>::from(part.what), part.name),
        <&str>::from(part.verdict).to_owned(),
        of(&|it| it.position.to_string()),
        of(&|it| it.counted.map_or_else(String::new, |counted| counted.lag_events.to_string())),
        of(&|it| format!("{:.0} s", it.lag_seconds)),
        of(&|it| it.counted.map_or_else(String::new, |counted| format!("{} of {}", it.applied, counted.expected))),
        of(&|it| it.parked.to_string()),
        of(&|it| it.dropped.to_string()),
        part.last_beat_seconds.map_or_else(|| "never".to_owned(), |seconds| format!("{seconds:.0} s ago")),
    ]
}
