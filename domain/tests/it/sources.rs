//! Reads the workspace's own sources, so that a test can say what must not be in them.
//!
//! It knows text only: comments are left out, words are compared, nothing is parsed.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A source file.
#[derive(Clone)]
pub(crate) struct Source {
    /// Its path from the root of the workspace, with `/` between the parts.
    pub(crate) path: String,
    text: String,
}

/// Every Rust source of every crate's `src`.
pub(crate) fn rust_sources() -> Vec<Source> {
    crates().iter().flat_map(|folder| files(&folder.join("src"), "rs")).collect()
}

/// Whatever may hold SQL: Rust sources, SQL beside them, and migrations.
pub(crate) fn sql_sources() -> Vec<Source> {
    let sql = crates().into_iter().flat_map(|folder| files(&folder, "sql"));
    rust_sources().into_iter().chain(sql).collect()
}

impl Source {
    pub(crate) fn is_below(&self, folders: &[&str]) -> bool {
        folders.iter().any(|folder| self.path.starts_with(folder))
    }

    pub(crate) fn count_lines(&self) -> usize {
        self.text.lines().count()
    }

    /// The text without comments.
    pub(crate) fn code_text(&self) -> String {
        self.code().flat_map(|(_, line)| [line, "\n"]).collect()
    }

    /// Where a line holds one of the texts, as `path:line: the line`.
    pub(crate) fn lines_with(&self, texts: &[&str]) -> Vec<String> {
        let hits = self.code().filter(|(_, line)| texts.iter().any(|text| line.contains(text)));
        hits.map(|(number, line)| self.place(number, line)).collect()
    }

    /// Where these words follow each other, in any case and over any line breaks; a word that ends with a dot stands for
    /// all that begin so, and an asterisk for any.
    pub(crate) fn statements(&self, words: &[&str]) -> Vec<String> {
        self.found(words).into_iter().map(|(number, line, _)| self.place(number, line)).collect()
    }

    /// Where these words are followed by one of the names.
    pub(crate) fn statements_on(&self, words: &[&str], names: &BTreeSet<String>) -> Vec<String> {
        let found = self.found(&[words, &["*"]].concat()).into_iter();
        let hits = found.filter(|(_, _, words)| words.last().is_some_and(|name| names.contains(name)));
        hits.map(|(number, line, _)| self.place(number, line)).collect()
    }

    /// The words that follow each other so, in lower case.
    pub(crate) fn words_of(&self, words: &[&str]) -> Vec<Vec<String>> {
        self.found(words).into_iter().map(|(_, _, words)| words).collect()
    }

    fn found(&self, words: &[&str]) -> Vec<(usize, &str, Vec<String>)> {
        let text: Vec<(usize, &str, String)> = self
            .code()
            .flat_map(|(number, line)| sql_words(line).map(move |word| (number, line, word.to_lowercase())))
            .collect();
        text.windows(words.len())
            .filter(|window| window.iter().zip(words).all(|((_, _, word), wanted)| is_word(word, wanted)))
            .map(|window| (window[0].0, window[0].1, window.iter().map(|(_, _, word)| word.clone()).collect()))
            .collect()
    }

    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let comment = if has_extension(Path::new(&self.path), "sql") { "--" } else { "//" };
        let lines = self.text.lines().enumerate();
        lines.map(move |(index, line)| (index + 1, without_comment(line, comment)))
    }

    fn place(&self, number: usize, line: &str) -> String {
        format!("{}:{number}: {}", self.path, line.trim())
    }
}

fn is_word(word: &str, wanted: &str) -> bool {
    wanted == "*" || if wanted.ends_with('.') { word.starts_with(wanted) } else { word == wanted }
}

fn sql_words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).filter(|word| !word.is_empty())
}

/// A comment begins a line or follows a blank; elsewhere, as in an address, it is part of a text.
fn without_comment<'a>(line: &'a str, comment: &str) -> &'a str {
    let begin = line.match_indices(comment).find(|(at, _)| line[..*at].chars().last().is_none_or(char::is_whitespace));
    begin.map_or(line, |(at, _)| &line[..at])
}

/// The folder of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace")
}

/// The folders of the crates, also of those that are inside another one.
fn crates() -> Vec<PathBuf> {
    let is_crate = |path: &PathBuf| path.join("Cargo.toml").is_file();
    let outer: Vec<_> = entries(root()).into_iter().filter(is_crate).collect();
    let inner: Vec<_> = outer.iter().flat_map(|path| entries(path)).filter(is_crate).collect();
    outer.into_iter().chain(inner).collect()
}

fn files(folder: &Path, extension: &str) -> Vec<Source> {
    if !folder.is_dir() {
        return vec![];
    }
    let (folders, files): (Vec<_>, Vec<_>) = entries(folder).into_iter().partition(|path| path.is_dir());
    let here = files.into_iter().filter(|path| has_extension(path, extension)).map(|path| read(&path));
    here.chain(folders.iter().flat_map(|folder| self::files(folder, extension))).collect()
}

fn read(path: &Path) -> Source {
    let from_root = path.strip_prefix(root()).expect("it was found below the root");
    let parts: Vec<_> = from_root.iter().map(|part| part.to_string_lossy()).collect();
    Source { path: parts.join("/"), text: fs::read_to_string(path).expect("sources are readable text") }
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .expect("the folder is readable")
        .map(|entry| entry.expect("the folder is readable").path())
        .collect();
    paths.sort();
    paths
}

pub(crate) fn sample(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.to_owned() }
}

#[test]
fn the_scan_reads_every_crate_and_the_migrations() {
    let paths: Vec<_> = sql_sources().into_iter().map(|source| source.path).collect();
    for expected in [
        "api/http/src/routes/converse.rs",
        "api/src/main.rs",
        "commands/knowledge/src/lib.rs",
        "commands/event-log/src/append.rs",
        "domain/src/chat/aggregate.rs",
        "migrations/0001_log.sql",
        "migrations/src/lib.rs",
        "projections/src/lib.rs",
    ] {
        assert!(paths.iter().any(|path| path == expected), "{expected} is not among {paths:#?}");
    }
}

#[test]
fn a_statement_is_found_over_line_breaks_and_in_any_case() {
    let source =
        sample("a/src/b.rs", "let sql = \"delete\n    FROM events\";\nquery!(\"INSERT INTO views.chats (id)\");\n");
    assert_eq!(source.statements(&["delete", "from", "events"]), ["a/src/b.rs:1: let sql = \"delete"]);
    assert_eq!(source.statements(&["insert", "into", "views."]).len(), 1);
    assert!(source.statements(&["delete", "from", "event"]).is_empty());
}

#[test]
fn a_comment_is_no_statement_and_an_address_is_no_comment() {
    let rust = sample("a/src/b.rs", "// UPDATE events\nlet a = \"https://x\"; env::var(\"X\");\n");
    assert!(rust.statements(&["update", "events"]).is_empty());
    assert_eq!(rust.lines_with(&["env::var"]).len(), 1);
    let sql = sample("migrations/1.sql", "-- TRUNCATE events\nSELECT 1;\n");
    assert!(sql.statements(&["truncate", "events"]).is_empty());
}
