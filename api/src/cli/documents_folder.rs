//! The files of a folder of documents, read for the import.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use domain::values::Title;

/// A file with the name, title and content with which it is imported.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DocumentFile {
    pub(super) name: String,
    pub(super) title: Title,
    pub(super) bytes: Vec<u8>,
}

/// The extensions of the files that are imported.
pub(super) const EXTENSIONS: [&str; 15] =
    ["pdf", "docx", "doc", "pptx", "ppt", "xlsx", "xls", "csv", "tsv", "html", "htm", "md", "markdown", "epub", "txt"];
/// The extensions of text files, whose content is imported as text.
const TEXTS: [&str; 3] = ["md", "markdown", "txt"];

/// The documents of a folder, sorted; hidden ones and other folders in it are left out.
pub(super) fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read the folder {}", folder.display()))?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !is_hidden && EXTENSIONS.contains(&extension(&path).as_str()) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The extension in lower case; empty if there is none.
fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// Reads a file. From a text, the lines that begin with `skipped` are left out.
pub(super) fn read(path: &Path, skipped: Option<&str>) -> anyhow::Result<DocumentFile> {
    let name = path.file_name().context("it has no name")?.to_string_lossy().into_owned();
    let bytes = std::fs::read(path)?;
    ensure!(!bytes.trim_ascii().is_empty(), "it is empty");
    if !TEXTS.contains(&extension(path).as_str()) {
        return Ok(DocumentFile { title: named(&name), name, bytes });
    }
    // Texts in other character sets are imported unchanged; the reader of documents decodes them.
    match std::str::from_utf8(&bytes) {
        Ok(text) => {
            let document = from_text(&name, text, skipped);
            ensure!(!document.bytes.trim_ascii().is_empty(), "it is empty");
            Ok(document)
        }
        Err(_) => Ok(DocumentFile { title: named(&name), name, bytes }),
    }
}

/// The title that follows from a file's name: its start, without the extension.
fn named(name: &str) -> Title {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let title = Title::from_start_of(stem).or_else(|| Title::from_start_of(name));
    title.expect("a file's name is not blank")
}

/// The document that is made of a text file: its first heading is the title, else its file's name.
pub(super) fn from_text(name: &str, text: &str, skipped: Option<&str>) -> DocumentFile {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let heading = text.lines().find_map(|line| Title::from_start_of(line.strip_prefix("# ")?));
    let kept = match skipped {
        Some(start) => text.split_inclusive('\n').filter(|line| !line.starts_with(start)).collect::<Vec<_>>().concat(),
        None => text.to_owned(),
    };
    DocumentFile { name: name.to_owned(), title: heading.unwrap_or_else(|| named(name)), bytes: kept.into_bytes() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_heading_is_the_title() {
        let document = from_text("a-file.md", "Some words\n# Gout\n\n# Second", None);
        assert_eq!(document.title.as_str(), "Gout");
    }

    #[test]
    fn without_a_heading_the_files_name_is_the_title_and_long_ones_are_cut() {
        assert_eq!(from_text("hand washing.txt", "Wash.", None).title.as_str(), "hand washing");
        let long = from_text("x.md", &format!("# {}", "word ".repeat(30)), None);
        assert_eq!(long.title.as_str().chars().count(), 49, "a blank at the end of the 50 is trimmed");
    }

    #[test]
    fn lines_with_the_skipped_start_are_left_out() {
        let document = from_text("a.md", "# Gout\n## What is it ?\nPain.\n", Some("## "));
        assert_eq!(document.bytes, b"# Gout\nPain.\n");
    }

    #[test]
    fn only_visible_documents_are_taken_in_order() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for name in ["b.txt", "a.MD", ".hidden.md", "c.pdf", "d.exe", "e"] {
            std::fs::write(folder.path().join(name), "text").expect("it can be written");
        }
        let names: Vec<_> = files(folder.path())
            .expect("the folder can be read")
            .iter()
            .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect();
        assert_eq!(names, ["a.MD", "b.txt", "c.pdf"]);
    }
}
