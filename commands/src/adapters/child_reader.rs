//! The [`DocumentReader`]: a child process for each file, with limits on time and memory, and without our secrets.

use std::{
    io,
    path::PathBuf,
    process::{Output, Stdio},
    time::Duration,
};

use async_trait::async_trait;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::Command,
    time::timeout,
};

use crate::{
    extraction::{FileHints, Part, Unreadable, child::Outcome},
    ports::{DocumentReader, ReadError},
};

/// How long a file may take, whatever the child does meanwhile.
const PATIENCE: Duration = Duration::from_secs(120);
/// More is never written by a child that keeps to its limits.
const MAX_OUTPUT: u64 = 64 * 1_048_576;
/// Where the child finds programs of its own, such as `pdftotext`.
const PROGRAMS: &str = "/usr/local/bin:/usr/bin:/bin";
/// What an uncaught panic ends a program with.
const PANICKED: i32 = 101;

/// Reads files by a program that does what [`child::run`](crate::extraction::child::run) does.
#[derive(Debug, Clone)]
pub struct ChildReader {
    program: PathBuf,
}

impl ChildReader {
    /// `program extract --inside` must read a file.
    pub const fn new(program: PathBuf) -> Self {
        Self { program }
    }

    async fn run(&self, bytes: &[u8], hints: &FileHints) -> io::Result<Output> {
        let mut command = Command::new(&self.program);
        command.args(["extract", "--inside"]);
        if let Some(name) = &hints.name {
            command.arg(format!("--name={name}"));
        }
        if let Some(content_type) = &hints.content_type {
            command.arg(format!("--content-type={content_type}"));
        }
        // What a hostile file can make of a parser must find no key and no password.
        command.env_clear().env("PATH", PROGRAMS).current_dir("/");
        // Our allocator would take a gigabyte before the limit holds.
        command.env("MIMALLOC_ARENA_RESERVE", "0");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let (Some(mut stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(io::Error::other("the child has no pipes"));
        };
        let feed = async move {
            // A child that has seen enough does not read on.
            let _ = stdin.write_all(bytes).await;
        };
        let (mut output, mut said) = (Vec::new(), Vec::new());
        let mut stdout = stdout.take(MAX_OUTPUT);
        let mut stderr = stderr.take(1_000);
        let ((), read, heard) = tokio::join!(feed, stdout.read_to_end(&mut output), stderr.read_to_end(&mut said));
        read?;
        heard?;
        drop((stdout, stderr));
        Ok(Output { status: child.wait().await?, stdout: output, stderr: said })
    }
}

#[async_trait]
impl DocumentReader for ChildReader {
    async fn read(&self, bytes: &[u8], hints: &FileHints) -> Result<Vec<Part>, ReadError> {
        // Dropped, it kills the child.
        let Ok(output) = timeout(PATIENCE, self.run(bytes, hints)).await else {
            return Err(Unreadable::TooComplex.into());
        };
        let output = output?;
        if !output.stderr.is_empty() {
            tracing::warn!(said = %String::from_utf8_lossy(&output.stderr), "the reader of a document complains");
        }
        if !output.status.success() {
            return Err(match output.status.code() {
                Some(PANICKED) => Unreadable::Damaged.into(),
                // A signal: it has met a limit.
                None => Unreadable::TooComplex.into(),
                Some(code) => io::Error::other(format!("the reader ended with {code}")).into(),
            });
        }
        match serde_json::from_slice(&output.stdout) {
            Ok(Outcome::Parts(parts)) => Ok(parts),
            Ok(Outcome::Unreadable(reason)) => Err(reason.into()),
            Err(error) => Err(ReadError::Failed(error.into())),
        }
    }
}
