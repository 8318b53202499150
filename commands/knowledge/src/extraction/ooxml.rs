//! The common parts of word processor files and slides: a zip of XML parts, fonts, formulas, tables, numbers of lists.

pub(crate) mod blocks;
pub(crate) mod bullets;
pub(crate) mod math;
mod math_text;
pub(crate) mod numbers;
pub(crate) mod package;
pub(crate) mod report;
pub(crate) mod seen;
pub(crate) mod xml;

#[cfg(test)]
pub(crate) mod testing {
    use std::io::{Cursor, Write as _};

    use zip::{ZipWriter, write::SimpleFileOptions};

    /// A zip of these parts.
    pub(crate) fn package(parts: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in parts {
            zip.start_file(*name, SimpleFileOptions::default()).expect("it is a name");
            zip.write_all(text.as_bytes()).expect("there is room");
        }
        zip.finish().expect("there is room").into_inner()
    }
}
