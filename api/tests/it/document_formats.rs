//! Files of all formats, good, odd and hostile ones, read by the real binary in a process of its own.
//!
//! What is expected of each is in `tests/data/documents/manifest.json`.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use adapters::{child_reader::ChildReader, launcher::Launcher, reading_process::Outcome};
use futures::{StreamExt as _, stream};
use knowledge::extraction::{FileHints, Part, Unreadable};
use ports::ReadError;
use serde::Deserialize;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/documents");
/// Each file is read within it, also beside other tests.
const BOUND: Duration = Duration::from_secs(121);
const SIDE_BY_SIDE: usize = 3;

#[derive(Deserialize)]
struct Manifest {
    files: Vec<Expected>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Expected {
    file: String,
    expect: String,
    either: bool,
    reason: String,
    reasons: Vec<String>,
    contains: Vec<String>,
    contains_any: Vec<Vec<String>>,
    lacks: Vec<String>,
    order: Vec<String>,
    max_count: BTreeMap<String, usize>,
    page_of: BTreeMap<String, u32>,
    headings: Vec<String>,
    not_headings: Vec<String>,
}

/// What comes of the file, within the bound.
async fn read(name: &str, bytes: &[u8]) -> Result<Outcome, String> {
    let started = Instant::now();
    let reader = ChildReader::new(Launcher::new(env!("CARGO_BIN_EXE_ayushma").into()), 512 * 1_048_576);
    let read = reader.read(bytes.to_vec().into(), &FileHints { name: Some(name.to_owned()), content_type: None }).await;
    if started.elapsed() > BOUND {
        return Err(format!("it took {:?}", started.elapsed()));
    }
    match read {
        Ok(reading) => Ok(Outcome::Read(reading)),
        Err(ReadError::Unreadable(failure)) => Ok(Outcome::Unreadable(failure)),
        Err(error) => Err(error.to_string()),
    }
}

fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn reason_of(unreadable: Unreadable) -> &'static str {
    match unreadable {
        Unreadable::NoText => "no_text",
        Unreadable::UnsupportedFormat => "unsupported",
        Unreadable::Encrypted => "encrypted",
        Unreadable::Damaged => "damaged",
        Unreadable::TooComplex => "too_large",
        Unreadable::LegacyFont => "legacy_font",
    }
}

impl Expected {
    fn differences(&self, outcome: &Outcome) -> Vec<String> {
        match outcome {
            Outcome::Read(reading) if self.expect == "text" || self.either => self.differences_of_text(&reading.parts),
            Outcome::Read(_) | Outcome::Cut { .. } => vec!["it was read".to_owned()],
            Outcome::Unreadable(failure) if self.expect == "failure" || self.either => {
                let found = reason_of(failure.reason);
                let is_right = found == self.reason || self.reasons.iter().any(|it| it == found);
                if is_right { vec![] } else { vec![format!("{found} in place of {} {:?}", self.reason, self.reasons)] }
            }
            Outcome::Unreadable(failure) => vec![format!("it was not read: {failure}")],
        }
    }

    fn differences_of_text(&self, parts: &[Part]) -> Vec<String> {
        let mut found = Vec::new();
        let all = collapsed(&parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join(" "));
        let mut require = |holds: bool, what: String| {
            if !holds {
                found.push(what);
            }
        };
        for phrase in &self.contains {
            require(all.contains(&collapsed(phrase)), format!("lacks {phrase:?}"));
        }
        for alternatives in &self.contains_any {
            require(
                alternatives.iter().any(|it| all.contains(&collapsed(it))),
                format!("lacks all of {alternatives:?}"),
            );
        }
        for phrase in &self.lacks {
            require(!all.contains(&collapsed(phrase)), format!("contains {phrase:?}"));
        }
        let places: Vec<Option<usize>> = self.order.iter().map(|phrase| all.find(&collapsed(phrase))).collect();
        require(
            places.is_sorted() && !places.contains(&None),
            format!("not in this order: {:?} {places:?}", self.order),
        );
        for (phrase, most) in &self.max_count {
            let count = all.matches(&collapsed(phrase)).count();
            require(count <= *most, format!("has {phrase:?} {count} times"));
        }
        for (phrase, page) in &self.page_of {
            let has = |part: &&Part| collapsed(&part.text).contains(&collapsed(phrase));
            let pages: Vec<Option<u32>> = parts.iter().filter(has).map(|part| part.page).collect();
            require(pages.contains(&Some(*page)), format!("{phrase:?} is on {pages:?}, not on {page}"));
        }
        let lines: Vec<&str> = parts.iter().flat_map(|part| part.text.lines()).collect();
        let is_heading = |text: &String| {
            lines.iter().any(|line| line.starts_with('#') && collapsed(line.trim_start_matches('#')) == collapsed(text))
        };
        for heading in &self.headings {
            require(is_heading(heading), format!("{heading:?} is no heading"));
        }
        for text in &self.not_headings {
            require(!is_heading(text), format!("{text:?} is a heading"));
        }
        found
    }
}

#[tokio::test]
async fn every_file_gives_its_text_or_a_clear_failure() {
    let text = std::fs::read_to_string(Path::new(FOLDER).join("manifest.json")).expect("it is in the repository");
    let manifest: Manifest = serde_json::from_str(&text).expect("it is JSON of this shape");
    let differences =
        stream::iter(&manifest.files).map(check).buffered(SIDE_BY_SIDE).collect::<Vec<_>>().await.concat();
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

async fn check(expected: &Expected) -> Vec<String> {
    let bytes = std::fs::read(Path::new(FOLDER).join("files").join(&expected.file)).expect("it is in the repository");
    let differences = match read(&expected.file, &bytes).await {
        Ok(outcome) => expected.differences(&outcome),
        Err(error) => vec![error],
    };
    differences.into_iter().map(|it| format!("{}: {it}", expected.file)).collect()
}

#[tokio::test]
async fn what_is_made_to_exhaust_the_machine_is_refused() {
    let divs = format!("<html><h1>Nested</h1>{}deep{}", "<div>".repeat(100_000), "</div>".repeat(100_000));
    let bold = (0..20_000).map(|number| format!("<b id={number}>")).collect::<Vec<_>>().concat();
    let formatting = format!("<p>{bold}</p>{}", "<p>x".repeat(100_000));
    let mut state = 1_u32;
    let noise = (0..60 << 20).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    });
    for (name, bytes) in [
        ("divs.html", divs.into_bytes()),
        ("formatting.html", formatting.into_bytes()),
        ("noise.txt", noise.collect::<Vec<u8>>()),
    ] {
        let outcome = read(name, &bytes).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(matches!(outcome, Outcome::Unreadable(_)), "{name} was read");
    }
}
