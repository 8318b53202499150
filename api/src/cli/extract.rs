//! `ayushma extract`.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use knowledge::extraction::{ExtractionFailure, FileHints};
use ports::ReadError;
use serde_json::json;
use tokio::io::AsyncReadExt as _;

use crate::config::Settings;
use crate::terminal::say;

/// Print what the server would read from a document, as JSON
///
/// It is read in a process of its own, as in the server: that one may fill half a gigabyte of memory and compute for half a
/// minute, and sees no setting, no other file and no network.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  ayushma extract --name guideline.pdf < guideline.pdf")]
pub(super) struct Extract {
    /// The name of the file; its ending tells what the bytes do not
    #[arg(long)]
    name: Option<String>,

    /// What a web server says that it is, such as text/html
    #[arg(long)]
    content_type: Option<String>,
}

impl Extract {
    fn hints(self) -> FileHints {
        FileHints { name: self.name, content_type: self.content_type }
    }

    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<ExitCode> {
        let mut bytes = Vec::new();
        tokio::io::stdin().read_to_end(&mut bytes).await.context("standard input cannot be read")?;
        let json = match settings.reader()?.read(bytes.into(), &self.hints()).await {
            Ok(reading) => serde_json::to_string_pretty(&reading)?,
            Err(ReadError::Unreadable(ExtractionFailure { reason, notes })) => {
                json!({ "unreadable": reason, "notes": notes }).to_string()
            }
            Err(error) => return Err(error.into()),
        };
        say(&json);
        Ok(ExitCode::SUCCESS)
    }
}
