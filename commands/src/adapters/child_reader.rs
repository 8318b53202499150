//! The [`DocumentReader`]: a child process for each file, confined, with limits on time and memory.

use std::{
    io,
    process::{Output, Stdio},
    time::Duration,
};

use async_trait::async_trait;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use super::launcher::{KilledGroup, Launcher};
use crate::{
    extraction::{
        FileHints, Part, Unreadable,
        child::{Outcome, Request},
    },
    ports::{DocumentReader, ReadError},
    retrieval::passages::PassageText,
};

/// How long a file may take, whatever the child does meanwhile.
const PATIENCE: Duration = Duration::from_secs(120);
/// More is never written by a child that keeps to its limits.
const MAX_OUTPUT: u64 = 64 * 1_048_576;
/// What an uncaught panic ends a program with.
const PANICKED: i32 = 101;

/// Reads files by processes that do what [`child::run`](crate::extraction::child::run) does.
#[derive(Debug, Clone)]
pub struct ChildReader {
    launcher: Launcher,
}

impl ChildReader {
    pub const fn new(launcher: Launcher) -> Self {
        Self { launcher }
    }

    async fn run(&self, bytes: &[u8], hints: &FileHints, cut: bool) -> io::Result<Output> {
        let mut line = serde_json::to_vec(&Request { hints: hints.clone(), cut })?;
        line.push(b'\n');
        let mut command = self.launcher.reader()?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let group = KilledGroup::of(&child);
        let (Some(mut stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(io::Error::other("the child has no pipes"));
        };
        let feed = async move {
            // A child that has seen enough does not read on.
            let _ = stdin.write_all(&line).await;
            let _ = stdin.write_all(bytes).await;
        };
        let (mut output, mut said) = (Vec::new(), Vec::new());
        let mut stdout = stdout.take(MAX_OUTPUT);
        let mut stderr = stderr.take(1_000);
        let ((), read, heard) = tokio::join!(feed, stdout.read_to_end(&mut output), stderr.read_to_end(&mut said));
        read?;
        heard?;
        drop((stdout, stderr));
        let status = child.wait().await?;
        group.has_ended();
        Ok(Output { status, stdout: output, stderr: said })
    }

    /// The text of a file, part by part, with headings and tables.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn read(&self, bytes: &[u8], hints: &FileHints) -> Result<Vec<Part>, ReadError> {
        match self.outcome(bytes, hints, false).await? {
            Outcome::Parts(parts) => Ok(parts),
            Outcome::Unreadable(reason) => Err(reason.into()),
            Outcome::Passages(_) => Err(ReadError::Failed(io::Error::other("nobody has asked for passages"))),
        }
    }

    async fn outcome(&self, bytes: &[u8], hints: &FileHints, cut: bool) -> Result<Outcome, ReadError> {
        // Dropped, it kills the child and what that has started.
        let Ok(output) = timeout(PATIENCE, self.run(bytes, hints, cut)).await else {
            return Err(Unreadable::TooComplex.into());
        };
        let output = output?;
        if !output.stderr.is_empty() {
            tracing::warn!(said = %String::from_utf8_lossy(&output.stderr), "the reader of a document complains");
        }
        if u64::try_from(output.stdout.len()).is_ok_and(|length| length >= MAX_OUTPUT) {
            return Err(Unreadable::TooComplex.into());
        }
        if !output.status.success() {
            return Err(match output.status.code() {
                Some(PANICKED) => Unreadable::Damaged.into(),
                // A signal: it has met a limit.
                None => Unreadable::TooComplex.into(),
                Some(code) => io::Error::other(format!("the reader ended with {code}")).into(),
            });
        }
        serde_json::from_slice(&output.stdout).map_err(|error| ReadError::Failed(error.into()))
    }
}

#[async_trait]
impl DocumentReader for ChildReader {
    async fn passages(&self, title: &str, bytes: &[u8], hints: &FileHints) -> Result<Vec<PassageText>, ReadError> {
        match self.outcome(bytes, hints, true).await? {
            Outcome::Passages(passages) if passages.is_empty() => Err(Unreadable::NoText.into()),
            Outcome::Passages(passages) => Ok(passages.into_iter().map(|passage| passage.titled(title)).collect()),
            Outcome::Unreadable(reason) => Err(reason.into()),
            Outcome::Parts(_) => Err(ReadError::Failed(io::Error::other("the reader has not cut the text"))),
        }
    }
}
