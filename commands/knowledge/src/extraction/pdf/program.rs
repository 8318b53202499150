//! Runs Poppler's `pdftotext`, which has met more broken and hostile files than any library: it gives the words of a
//! PDF with their positions.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write as _},
    process::{Child, Command, Stdio},
    thread,
};

use super::super::Unreadable;

/// Bytes of the program's error output that are examined.
const COMPLAINTS: u64 = 65_536;

/// Hands each line of the program's output to `line`, until that returns that it is too much. The limits of this
/// process apply to the program, too.
pub(super) fn places_of_words(
    bytes: &[u8],
    mut line: impl FnMut(&str) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    let mut child = start()?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (read, complaints) = thread::scope(|scope| {
        scope.spawn(move || {
            // The program may stop reading a file that it cannot parse.
            let _ = stdin.map(|mut stdin| stdin.write_all(bytes));
        });
        let complaints = scope.spawn(move || stderr.map(error_output).unwrap_or_default());
        let read = stdout.map_or(Err(Unreadable::TooComplex), |stdout| each_line(stdout, &mut line));
        if read.is_err() {
            // The program would block on its full output.
            let _ = child.kill();
        }
        (read, complaints.join().unwrap_or_default())
    });
    let status = child.wait().map_err(|_| Unreadable::TooComplex)?;
    read?;
    match status.code() {
        Some(0) => Ok(()),
        None => Err(Unreadable::TooComplex),
        Some(_) if is_about_passwords(&complaints) => Err(Unreadable::Encrypted),
        Some(_) => Err(Unreadable::Damaged),
    }
}

fn start() -> Result<Child, Unreadable> {
    let child = Command::new("pdftotext")
        .args(["-enc", "UTF-8", "-bbox-layout", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    child.map_err(|error| {
        eprintln!("pdftotext, of Debian's poppler-utils, does not run: {error}");
        if error.kind() == ErrorKind::NotFound { Unreadable::UnsupportedFormat } else { Unreadable::TooComplex }
    })
}

fn each_line(stdout: impl Read, line: &mut impl FnMut(&str) -> Result<(), Unreadable>) -> Result<(), Unreadable> {
    let mut stdout = BufReader::with_capacity(65_536, stdout);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        match stdout.read_until(b'\n', &mut bytes) {
            Ok(0) => return Ok(()),
            Ok(_) => line(&String::from_utf8_lossy(&bytes))?,
            Err(_) => return Err(Unreadable::TooComplex),
        }
    }
}

/// The error output. The rest of it is read and dropped, so that the program does not block on a full pipe.
fn error_output(mut stderr: impl Read) -> String {
    let mut error_output = Vec::new();
    let _ = stderr.by_ref().take(COMPLAINTS).read_to_end(&mut error_output);
    let _ = std::io::copy(&mut stderr, &mut std::io::sink());
    String::from_utf8_lossy(&error_output).to_ascii_lowercase()
}

fn is_about_passwords(error_output: &str) -> bool {
    error_output.contains("password") || error_output.contains("encrypt")
}
