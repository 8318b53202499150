//! Runs the local programs that make sound, confined: text or a recording in, a recording out.

use std::{io, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
};

use super::{launcher::Launcher, web_service::MAX_AUDIO_BYTES};
use crate::sandbox::Confinement;

/// Bytes of memory that a program may fill: many times what it needs.
const MEMORY: u64 = 512 * 1_048_576;
const CPU_SECONDS: u64 = 30;

/// A confined local program.
pub(super) fn confined(launcher: &Launcher, program: &str) -> Command {
    let cpu_seconds = Some((CPU_SECONDS, CPU_SECONDS));
    launcher.program(program.as_ref(), &Confinement { memory: MEMORY, cpu_seconds, ..Confinement::default() })
}

/// Writes `input` to a program; returns its output.
pub(super) async fn output_of(
    launcher: &Launcher,
    program: &str,
    arguments: &[&str],
    input: &[u8],
    limit: Duration,
) -> io::Result<Vec<u8>> {
    let mut child = confined(launcher, program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let (mut stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let write = async {
        if let Some(mut stdin) = stdin.take() {
            match stdin.write_all(input).await {
                // The program needs no more input; its exit code tells whether that was right.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                written => written?,
            }
        }
        Ok::<_, io::Error>(())
    };
    let read = async {
        let mut bytes = Vec::new();
        if let Some(stdout) = stdout {
            stdout.take(MAX_AUDIO_BYTES as u64 + 1).read_to_end(&mut bytes).await?;
        }
        Ok::<_, io::Error>(bytes)
    };
    let work = async {
        let ((), bytes) = tokio::try_join!(write, read)?;
        if bytes.len() > MAX_AUDIO_BYTES {
            return Err(io::Error::other("the speech is too long"));
        }
        let status = child.wait().await?;
        if status.success() { Ok(bytes) } else { Err(io::Error::other(format!("{program} ended with {status}"))) }
    };
    match tokio::time::timeout(limit, work).await {
        Ok(result) => result,
        Err(_) => Err(io::Error::other(format!("{program} did not end in time"))),
    }
}
