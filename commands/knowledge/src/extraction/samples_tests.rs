//! Documents of the corpus in `evaluation/documents`: each row must be on one line with its cells in order.

use std::{collections::BTreeSet, fs, path::Path};

use super::{FileHints, extract};

#[test]
fn a_row_of_each_sample_stands_in_one_line() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../evaluation/documents/samples"));
    let rows = fs::read_to_string(folder.join("rows.tsv")).expect("the rows are there");
    let files: BTreeSet<&str> = rows.lines().filter_map(|row| row.split('\t').next()).collect();
    let mut missing = Vec::new();
    for file in files {
        let bytes = fs::read(folder.join(file)).expect("the sample is there");
        let hints = FileHints { name: Some(file.to_owned()), content_type: None };
        let reading = extract(&bytes, &hints).expect("it can be read");
        let text: Vec<&str> = reading.parts.iter().map(|part| &*part.text).collect();
        let text = text.join("\n");
        for row in rows.lines().filter(|row| row.split('\t').next() == Some(file)) {
            let mut cells = row.split('\t').skip(1);
            let holds = |line: &str| {
                let mut rest = line;
                cells.clone().all(|cell| match rest.split_once(cell) {
                    Some((_, after)) => {
                        rest = after;
                        true
                    }
                    None => false,
                })
            };
            if !text.lines().any(holds) {
                missing.push(format!("{file}: {}", cells.next().unwrap_or_default()));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}
