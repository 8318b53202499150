//! Looking for marked text in whatever form it may lie about.

use std::{path::Path, process::Command};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use domain::AggregateType;
use sqlx::PgPool;

use crate::installation::Installation;

/// Finds a text as it is, in any case, in hexadecimal digits and in Base64, wherever it stands in what was encoded.
pub(super) struct Mark {
    plain: String,
    hex: String,
    base64: Vec<String>,
}

impl Mark {
    pub(super) fn new(text: &str) -> Self {
        let base64 = (0..3).map(|place| {
            let padded = [&b"   "[..place], text.as_bytes()].concat();
            let encoded = BASE64.encode(&padded[..padded.len() / 3 * 3]);
            // The first four digits depend on what is before.
            encoded[4..].to_owned()
        });
        Self { plain: text.to_lowercase(), hex: hex::encode(text), base64: base64.collect() }
    }

    /// What stands around the first place where it is found.
    pub(super) fn find(&self, text: &str) -> Option<String> {
        let lower = text.to_lowercase();
        let place = lower.find(&self.plain).or_else(|| lower.find(&self.hex));
        let (text, place) = match place {
            Some(place) => (lower.as_str(), place),
            None => (text, self.base64.iter().find_map(|encoded| text.find(encoded))?),
        };
        let around: Vec<char> = text[place.saturating_sub(200).min(text.len())..].chars().take(300).collect();
        Some(around.into_iter().collect())
    }
}

/// Where marks were found.
pub(super) fn found_in<'t>(marks: &[Mark], texts: impl IntoIterator<Item = (&'t str, &'t str)>) -> Vec<String> {
    let texts = texts.into_iter().flat_map(|(place, text)| marks.iter().map(move |mark| (place, mark.find(text))));
    texts.filter_map(|(place, found)| Some(format!("{place}: …{}…", found?))).collect()
}

/// All rows of all tables as text: the table's name with its schema, and the row.
pub(super) async fn rows(db: &PgPool) -> Vec<(String, String)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
         WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    )
    .fetch_all(db)
    .await
    .expect("the catalogue can be read");
    let mut all = vec![];
    for table in tables {
        let rows: Vec<String> = sqlx::query_scalar(&format!("SELECT row_to_json(t)::text FROM {table} t"))
            .fetch_all(db)
            .await
            .expect("a table can be read");
        all.extend(rows.into_iter().map(|row| (table.clone(), row)));
    }
    all
}

/// All records of all topics: keys, headers and values, read by an independent client.
pub(super) fn records(here: &Installation) -> Vec<(String, String)> {
    let topics = AggregateType::ALL.iter().map(|aggregate| format!("{}.{aggregate}.v1", here.prefix));
    let read = topics.map(|topic| {
        let output = Command::new("kcat")
            .args(["-b", &here.brokers, "-C", "-e", "-q", "-t", &topic, "-f", "%k %h %s\\n"])
            .output()
            .expect("kcat is installed by `make test`");
        (topic, String::from_utf8_lossy(&output.stdout).into_owned())
    });
    read.collect()
}

/// The names of all files of a folder.
pub(super) fn files(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return vec![] };
    entries.map(|entry| entry.expect("a readable folder").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_mark_is_found_in_every_form() {
    let mark = Mark::new("quokkaplume");
    for before in ["", "x", "xy", "xyz"] {
        let text = format!("{before}QuokkaPlume and more").replace("QuokkaPlume", "quokkaplume");
        for form in [text.to_uppercase(), hex::encode(&text), BASE64.encode(&text)] {
            assert!(mark.find(&form).is_some(), "{form}");
        }
    }
    assert_eq!(mark.find("a quokka's plume"), None);
}
