//! `ayushma audit verify-bundle`: without database, network and master key.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use audit_bundle::{Manifest, Selection, Verified, verify};
use clap::Args;
use commands::counted;
use transparency_log::note::VerifierKey;

use crate::terminal::say;

/// Verify a bundle without database, network and master key
///
/// Ends with 0 and says what the bundle holds if everything in it is right, and with 1 and the reason otherwise.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ayushma audit verify-bundle ./complaint-17 --key hospital.example/ayushma/log/0190…+1a2b3c4d+AZ…")]
pub(super) struct VerifyBundle {
    /// Folder of the bundle
    folder: PathBuf,

    /// Verifier key of the log, as its operator has told you; not one out of the bundle
    #[arg(long)]
    key: VerifierKey,
}

impl VerifyBundle {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let verified = verify(&self.folder, &self.key);
        let verified = verified.with_context(|| format!("{} is refused", self.folder.display()))?;
        for line in report(&verified) {
            say(&line);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn report(verified: &Verified) -> Vec<String> {
    let Verified { manifest, checkpoint, texts } = verified;
    let Manifest { selection, events, attachments, exporter, exported_at, reason, recorded_at_position, .. } = manifest;
    let count = i64::try_from(events.count).unwrap_or(i64::MAX);
    let there = attachments.iter().filter(|file| file.path.is_some()).count();
    let completeness = match selection {
        Selection::Span { .. } => "all positions between the first and the last event are there",
        Selection::Chat { .. } => "no event of the chat is missing before the last one that is there",
        Selection::User { .. } | Selection::Project { .. } => "that no event was left out is not proved",
    };
    let mut lines = vec![
        format!(
            "{} ({selection}), in the log {}, which has {}",
            counted(count, "event"),
            checkpoint.origin,
            checkpoint.size
        ),
        completeness.to_owned(),
        format!(
            "{there} of {} are there, each with the content that its event names",
            counted(i64::try_from(attachments.len()).unwrap_or(i64::MAX), "file")
        ),
    ];
    if let Some(count) = texts {
        let texts = counted(i64::try_from(*count).unwrap_or(i64::MAX), "event");
        lines.push(format!("decoded text of {texts} is what the exporter says: only its ciphertext is proved"));
    }
    let reason = reason.as_ref().map_or_else(|| "not given".to_owned(), |reason| format!("{reason:?}"));
    lines.push(format!(
        "exported by {exporter} at {}, on record at position {recorded_at_position}, reason: {reason}",
        exported_at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    ));
    lines
}
