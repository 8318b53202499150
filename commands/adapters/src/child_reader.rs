//! The [`DocumentReader`]: a confined child process for each file, with limits on time and memory.

use std::{
    io,
    os::unix::process::ExitStatusExt as _,
    process::{Output, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures::{TryFutureExt as _, TryStreamExt as _};
use rustix::process::Signal;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::ChildStdin,
    sync::Semaphore,
    time::timeout,
};

use super::launcher::{KilledGroup, Launcher};
use crate::reading_process::{CPU_SECONDS, Outcome, Request};
use knowledge::extraction::{FileHints, Reading, Unreadable};
use ports::{Content, CutText, DocumentReader, MediaBytes, MediaError, ReadError};

/// The longest time for a file, whatever the child does in it.
const PATIENCE: Duration = Duration::from_mins(2);
/// Bytes of the child's output, at most; a child that keeps to its own limits never writes more.
const MAX_OUTPUT: u64 = 64 * 1_048_576;
/// Kilobytes of the files that are read at the same time, because a reader fills several times the size of its file. A
/// larger file is read alone.
const TOGETHER: u32 = 32_768;
/// The CPU time that the child is granted; a kill before it was used has another cause.
const CPU_TIME: Duration = Duration::from_secs(CPU_SECONDS);
const KILL: i32 = Signal::KILL.as_raw();
/// The exit code of a program after an uncaught panic.
const PANICKED: i32 = 101;

/// Reads files in child processes that execute [`run`](crate::reading_process::run).
#[derive(Debug)]
pub struct ChildReader {
    launcher: Launcher,
    memory: u64,
    room: Semaphore,
}

impl ChildReader {
    /// Creates a reader whose processes may each fill `memory` bytes.
    pub fn new(launcher: Launcher, memory: u64) -> Self {
        Self { launcher, memory, room: Semaphore::new(TOGETHER as usize) }
    }

    async fn run(
        &self,
        content: Content,
        hints: &FileHints,
        cut: bool,
        has_all: &AtomicBool,
    ) -> Result<Output, ReadError> {
        let Content { size, pieces } = content;
        let mut line = serde_json::to_vec(&Request { hints: hints.clone(), size, cut }).map_err(io::Error::from)?;
        line.push(b'\n');
        let mut command = self.launcher.reader(self.memory)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let group = KilledGroup::of(&child);
        let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(io::Error::other("the child has no pipes").into());
        };
        let (mut output, mut said) = (Vec::new(), Vec::new());
        let mut stdout = stdout.take(MAX_OUTPUT);
        let mut stderr = stderr.take(1_000);
        let (fed, read, heard) = tokio::join!(
            feed(stdin, &line, pieces).inspect_ok(|()| has_all.store(true, Ordering::Relaxed)),
            stdout.read_to_end(&mut output),
            stderr.read_to_end(&mut said)
        );
        fed?;
        read?;
        heard?;
        drop((stdout, stderr));
        let status = child.wait().await?;
        group.has_ended();
        Ok(Output { status, stdout: output, stderr: said })
    }

    /// Reads the text of a file, part by part, with headings and tables.
    ///
    /// # Errors
    /// - [`ReadError::Unreadable`]: the file is not supported, is damaged or exceeds a limit; another attempt does not
    ///   help.
    /// - [`ReadError::Media`]: the file could not be loaded from its store.
    /// - [`ReadError::Failed`]: the process could not be started, was killed by the system, or got the file too late.
    pub async fn read(&self, content: Content, hints: &FileHints) -> Result<Reading, ReadError> {
        match self.outcome(content, hints, false).await? {
            Outcome::Read(reading) => Ok(reading),
            Outcome::Unreadable(failure) => Err(failure.into()),
            Outcome::Cut { .. } => Err(ReadError::Failed(io::Error::other("nobody has asked for passages"))),
        }
    }

    async fn outcome(&self, content: Content, hints: &FileHints, cut: bool) -> Result<Outcome, ReadError> {
        let kilobytes = u32::try_from(content.size / 1_024).unwrap_or(u32::MAX).clamp(1, TOGETHER);
        let _room = self.room.acquire_many(kilobytes).await.map_err(io::Error::other)?;
        let (has_all, started) = (AtomicBool::new(false), Instant::now());
        // Dropping the future kills the child and all that it has started.
        let Ok(output) = timeout(PATIENCE, self.run(content, hints, cut, &has_all)).await else {
            return Err(if has_all.into_inner() {
                Unreadable::TooComplex.into()
            } else {
                io::Error::new(io::ErrorKind::TimedOut, "the file did not come in time").into()
            });
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
                // Before its CPU time is used up, only another cause kills it, such as a system out of memory.
                None if output.status.signal() == Some(KILL) && started.elapsed() < CPU_TIME => {
                    io::Error::other("the reader was killed").into()
                }
                // Any other signal means that it met a limit.
                None => Unreadable::TooComplex.into(),
                Some(code) => io::Error::other(format!("the reader ended with {code}")).into(),
            });
        }
        serde_json::from_slice(&output.stdout).map_err(|error| ReadError::Failed(error.into()))
    }
}

/// Sends the child its request and the file. A child that needs no more of the file stops reading.
async fn feed(mut stdin: ChildStdin, line: &[u8], mut pieces: MediaBytes) -> Result<(), MediaError> {
    if stdin.write_all(line).await.is_err() {
        return Ok(());
    }
    while let Some(piece) = pieces.try_next().await? {
        if stdin.write_all(&piece).await.is_err() {
            break;
        }
    }
    Ok(())
}

#[async_trait]
impl DocumentReader for ChildReader {
    async fn read_and_cut(&self, title: &str, content: Content, hints: &FileHints) -> Result<CutText, ReadError> {
        match self.outcome(content, hints, true).await? {
            Outcome::Cut { passages, .. } if passages.is_empty() => Err(Unreadable::NoText.into()),
            Outcome::Cut { passages, reading } => {
                let passages = passages.into_iter().map(|passage| passage.titled(title)).collect();
                Ok(CutText { passages, reading })
            }
            Outcome::Unreadable(failure) => Err(failure.into()),
            Outcome::Read(_) => Err(ReadError::Failed(io::Error::other("the reader has not cut the text"))),
        }
    }
}
