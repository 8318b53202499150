//! The zip package of a document, its parts, and the relations between them.

use std::{
    collections::HashMap,
    io::{self, BufRead as _, BufReader, Cursor, Read},
};

use encoding_rs::{UTF_16BE, UTF_16LE};
use zip::{ZipArchive, result::ZipError};

use super::xml::{Element, Handler, Ns, walk};
use crate::extraction::Unreadable;

/// Bytes that all parts that are read may unpack to.
const MOST_UNPACKED: u64 = 200 * 1_048_576;

pub(crate) struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// The index of each part by its name in lower case: the standard compares names without regard to case.
    names: HashMap<String, usize>,
    left: u64,
}

/// The relations of a part to others.
#[derive(Debug, Default)]
pub(crate) struct Relations {
    by_id: HashMap<String, Relation>,
}

#[derive(Debug)]
struct Relation {
    /// The last segment of the type's URI, which both editions of the standard share.
    kind: String,
    target: String,
}

impl<'a> Package<'a> {
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| unreadable(&error))?;
        let names = (0..archive.len()).filter_map(|at| {
            let name = archive.name_for_index(at)?.ok()?;
            Some((normal("", &name.replace('\\', "/")), at))
        });
        let names = names.collect();
        Ok(Self { archive, names, left: MOST_UNPACKED })
    }

    pub(crate) fn has(&self, part: &str) -> bool {
        self.names.contains_key(part)
    }

    /// The main part of the document.
    pub(crate) fn main_part(&mut self) -> Result<Option<String>, Unreadable> {
        let named = self.relations("")?.of_kind("officeDocument");
        let usual = ["word/document.xml", "ppt/presentation.xml"].map(str::to_owned);
        Ok(named.into_iter().chain(usual).find(|part| self.has(part)))
    }

    pub(crate) fn relations(&mut self, part: &str) -> Result<Relations, Unreadable> {
        let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
        let mut relations = RelationsOf { folder, relations: Relations::default() };
        self.read_if_there(&normal(folder, &format!("_rels/{name}.rels")), &mut relations)?;
        Ok(relations.relations)
    }

    /// Parses a part; without it the document is damaged.
    pub(crate) fn read<H: Handler>(&mut self, part: &str, handler: &mut H) -> Result<(), Unreadable> {
        if self.read_if_there(part, handler)? { Ok(()) } else { Err(Unreadable::Damaged) }
    }

    pub(crate) fn read_if_there<H: Handler>(&mut self, part: &str, handler: &mut H) -> Result<bool, Unreadable> {
        let Some(at) = self.names.get(part) else { return Ok(false) };
        let file = self.archive.by_index(*at).map_err(|error| unreadable(&error))?;
        let mut source = BufReader::new(Metered { file, left: &mut self.left });
        let head = source.fill_buf().map_err(|error| unreadable_bytes(&error))?;
        let encoding = match head {
            [0xff, 0xfe, ..] => UTF_16LE,
            [0xfe, 0xff, ..] => UTF_16BE,
            _ => {
                walk(source, handler)?;
                return Ok(true);
            }
        };
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes).map_err(|error| unreadable_bytes(&error))?;
        walk(encoding.decode(&bytes).0.as_bytes(), handler)?;
        Ok(true)
    }
}

impl Relations {
    pub(crate) fn of_kind(&self, kind: &str) -> Option<String> {
        self.by_id.values().find(|it| it.kind == kind).map(|it| it.target.clone())
    }

    /// The targets of these kinds of relations with their ids, in a stable order.
    pub(crate) fn of_kinds(&self, kinds: &[&str]) -> Vec<(&str, &str)> {
        let of_kind = self.by_id.iter().filter(|(_, it)| kinds.contains(&it.kind.as_str()));
        let mut found: Vec<(&str, &str)> = of_kind.map(|(id, it)| (id.as_str(), it.target.as_str())).collect();
        found.sort_unstable();
        found
    }

    pub(crate) fn target(&self, id: &str) -> Option<&str> {
        self.by_id.get(id).map(|it| it.target.as_str())
    }
}

fn unreadable(error: &ZipError) -> Unreadable {
    match error {
        ZipError::Io(error) => unreadable_bytes(error),
        ZipError::InvalidPassword => Unreadable::Encrypted,
        ZipError::UnsupportedArchive(what) if what.to_ascii_lowercase().contains("password") => Unreadable::Encrypted,
        _ => Unreadable::Damaged,
    }
}

fn unreadable_bytes(error: &io::Error) -> Unreadable {
    match error.kind() {
        io::ErrorKind::FileTooLarge => Unreadable::TooComplex,
        _ => Unreadable::Damaged,
    }
}

/// Counts the bytes that a zip really unpacks to, whatever its headers say.
struct Metered<'f, R> {
    file: R,
    left: &'f mut u64,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        match self.left.checked_sub(u64::try_from(read).unwrap_or(u64::MAX)) {
            Some(left) => *self.left = left,
            None => return Err(io::ErrorKind::FileTooLarge.into()),
        }
        Ok(read)
    }
}

/// A relative name resolved against a folder, without dots.
fn normal(folder: &str, name: &str) -> String {
    let mut path: Vec<&str> = if name.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for step in name.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(path.pop()),
            step => path.push(step),
        }
    }
    path.retain(|step| !step.is_empty());
    path.join("/").to_lowercase()
}

struct RelationsOf<'a> {
    folder: &'a str,
    relations: Relations,
}

impl Handler for RelationsOf<'_> {
    type Tag = ();

    fn open(&mut self, element: &Element<'_>, _: Option<()>) -> Result<Option<()>, Unreadable> {
        if element.ns == Ns::Other
            && element.local == "Relationship"
            && let (Some(id), Some(kind), Some(target)) =
                (element.attribute("Id"), element.attribute("Type"), element.attribute("Target"))
            && element.attribute("TargetMode").as_deref() != Some("External")
        {
            let kind = kind.rsplit('/').next().unwrap_or(&kind).to_owned();
            self.relations.by_id.insert(id, Relation { kind, target: normal(self.folder, &target) });
        }
        Ok(Some(()))
    }

    fn close(&mut self, (): ()) -> Result<(), Unreadable> {
        Ok(())
    }

    fn text(&mut self, _: &str, (): ()) {}
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn names_of_parts_are_seen_from_a_folder() {
        assert_eq!(normal("word", "styles.xml"), "word/styles.xml");
        assert_eq!(normal("ppt/slides", "../Media/a.png"), "ppt/media/a.png");
        assert_eq!(normal("ppt", "/word/x.xml"), "word/x.xml");
        assert_eq!(normal("", "../../etc/passwd"), "etc/passwd");
    }
}
