//! PDF, by Poppler's `pdftotext`: it has seen more broken and hostile files than any library of ours could.

use std::{
    io::{ErrorKind, Write as _},
    process::{Command, Stdio},
    thread,
};

use super::{
    Part, Unreadable,
    pdf_headings::{headings, marked},
};

/// What ends a page in its output.
const PAGE_END: char = '\u{c}';

/// Beyond this a PDF is read without its headings: their size is found by reading it a second time.
const MAX_WITH_HEADINGS: usize = 4 * 1_048_576;

/// The pages that have text, each with its number. The limits of this process are those of `pdftotext`, too.
pub(super) fn pages(bytes: &[u8]) -> Result<Vec<Part>, Unreadable> {
    let text = pdftotext(bytes, &[])?;
    let headings = if text.len() <= MAX_WITH_HEADINGS {
        pdftotext(bytes, &["-bbox-layout"]).map(|layout| headings(&layout)).unwrap_or_default()
    } else {
        Vec::new()
    };
    let mut headings = headings.into_iter();
    let page = |(page, text): (u32, &str)| {
        let headings = headings.next().unwrap_or_default();
        Part { page: Some(page), text: marked(&joined(text), &headings) }
    };
    Ok((1..).zip(text.split(PAGE_END)).map(page).collect())
}

fn pdftotext(bytes: &[u8], options: &[&str]) -> Result<String, Unreadable> {
    let child = Command::new("pdftotext")
        .args(["-enc", "UTF-8"])
        .args(options)
        .args(["-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.map_err(|error| {
        eprintln!("pdftotext, of Debian's poppler-utils, does not run: {error}");
        if error.kind() == ErrorKind::NotFound { Unreadable::UnsupportedFormat } else { Unreadable::TooComplex }
    })?;
    let stdin = child.stdin.take();
    let output = thread::scope(|scope| {
        scope.spawn(move || {
            // It may stop reading a file that it cannot make sense of.
            let _ = stdin.map(|mut stdin| stdin.write_all(bytes));
        });
        child.wait_with_output()
    });
    let output = output.map_err(|_| Unreadable::TooComplex)?;
    match output.status.code() {
        Some(0) => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        None => Err(Unreadable::TooComplex),
        Some(_) if is_about_passwords(&output.stderr) => Err(Unreadable::Encrypted),
        Some(_) => Err(Unreadable::Damaged),
    }
}

fn is_about_passwords(said: &[u8]) -> bool {
    let said = String::from_utf8_lossy(said).to_ascii_lowercase();
    said.contains("password") || said.contains("encrypt")
}

/// Words that were hyphenated at the end of a line are whole again.
pub(super) fn joined(page: &str) -> String {
    let mut text = String::with_capacity(page.len());
    let mut lines = page.split('\n').peekable();
    while let Some(line) = lines.next() {
        let goes_on = lines.peek().is_some_and(|next| next.starts_with(char::is_lowercase));
        match line.strip_suffix(['-', '\u{ad}', '\u{2010}']) {
            Some(begun) if goes_on && begun.ends_with(char::is_lowercase) => text.push_str(begun),
            _ => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}
