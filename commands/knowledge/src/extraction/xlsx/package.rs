//! The parts of a package (a zip of XML files) and the relations between them.

use std::io::{Cursor, Read as _};

use quick_xml::{
    Reader,
    escape::{resolve_predefined_entity, unescape},
    events::{BytesRef, BytesStart, Event},
};
use zip::ZipArchive;

use super::{Relation, Relations};
use crate::extraction::Unreadable;

/// Bytes of an unpacked part. A sheet of a million cells has half as many.
const LARGEST_PART: u64 = 96 * 1_048_576;
/// Bytes of all parts that are read.
const LARGEST_PACKAGE: u64 = 2 * LARGEST_PART;

/// Bytes by which the kind of a part is recognized.
const HEAD: u64 = 8_192;

pub(super) struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    left: u64,
}

impl<'a> Package<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| Unreadable::Damaged)?;
        Ok(Self { archive, left: LARGEST_PACKAGE })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.stored_name(name).is_some()
    }

    /// The stored name of a part: names are compared without regard to case.
    fn stored_name(&self, name: &str) -> Option<String> {
        if self.archive.index_for_name(name).is_some() {
            return Some(name.to_owned());
        }
        self.archive
            .file_names()
            .filter_map(|stored| stored.ok().map(std::borrow::Cow::into_owned))
            .find(|stored| stored.trim_start_matches('/').eq_ignore_ascii_case(name))
    }

    /// The decoded text of a part.
    pub(super) fn text(&mut self, name: &str) -> Result<String, Unreadable> {
        let name = self.stored_name(name).ok_or(Unreadable::Damaged)?;
        let part = self.archive.by_name(&name).map_err(|_| Unreadable::Damaged)?;
        let most = LARGEST_PART.min(self.left);
        let mut bytes = Vec::new();
        let read = part.take(most + 1).read_to_end(&mut bytes).map_err(|_| Unreadable::Damaged)?;
        let read = u64::try_from(read).unwrap_or(u64::MAX);
        if read > most {
            return Err(Unreadable::TooComplex);
        }
        self.left -= read;
        Ok(match encoding_rs::Encoding::for_bom(&bytes) {
            None => {
                String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
            }
            Some((encoding, _)) => encoding.decode(&bytes).0.into_owned(),
        })
    }

    /// The beginning of a part.
    pub(super) fn head(&mut self, name: &str) -> Result<String, Unreadable> {
        let name = self.stored_name(name).ok_or(Unreadable::Damaged)?;
        let mut bytes = Vec::new();
        let part = self.archive.by_name(&name).map_err(|_| Unreadable::Damaged)?;
        part.take(HEAD).read_to_end(&mut bytes).map_err(|_| Unreadable::Damaged)?;
        Ok(encoding_rs::UTF_8.decode(&bytes).0.into_owned())
    }

    /// The main part of the document.
    pub(super) fn main_part(&mut self) -> Result<String, Unreadable> {
        let relations = self.relations("")?;
        let main = relations.into_values().find(|relation| relation.kind == "officeDocument");
        main.map(|relation| relation.target).ok_or(Unreadable::Damaged)
    }

    /// The relations of a part to others; a part may have none.
    pub(super) fn relations(&mut self, part: &str) -> Result<Relations, Unreadable> {
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let name = format!("{folder}/_rels/{file}.rels");
        let name = name.trim_start_matches('/');
        let mut relations = Relations::new();
        if !self.has(name) {
            return Ok(relations);
        }
        for event in events(&self.text(name)?) {
            let (Event::Start(element) | Event::Empty(element)) = event? else { continue };
            if let ("Relationship", Some(id), Some(kind), Some(target)) = (
                element.local_name().as_ref(),
                attribute(&element, "Id"),
                attribute(&element, "Type"),
                attribute(&element, "Target"),
            ) {
                let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                relations.insert(id, Relation { kind, target: resolved(folder, &target) });
            }
        }
        Ok(relations)
    }
}

fn resolved(folder: &str, target: &str) -> String {
    let mut path: Vec<&str> = if target.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(path.pop()),
            step => path.push(step),
        }
    }
    path.retain(|step| !step.is_empty());
    path.join("/")
}

/// The events of an XML text up to its end or the first error.
pub(super) fn events(text: &str) -> impl Iterator<Item = Result<Event<'_>, Unreadable>> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().allow_dangling_amp = true;
    let mut has_ended = false;
    std::iter::from_fn(move || {
        if has_ended {
            return None;
        }
        match reader.read_event() {
            Ok(Event::Eof) => None,
            Ok(event) => Some(Ok(event)),
            Err(_) => {
                has_ended = true;
                Some(Err(Unreadable::Damaged))
            }
        }
    })
}

/// The value of an attribute by its local name.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = element.attributes();
    let found =
        attributes.with_checks(false).flatten().find(|attribute| attribute.key.local_name().as_ref() == name)?;
    let value: &str = &found.value;
    Some(unescape(value).map_or_else(|_| value.to_owned(), std::borrow::Cow::into_owned))
}

/// Appends a character reference: `&amp;`, `&#181;`. Other entities would be defined by the document, and are dropped.
pub(super) fn push_reference(reference: &BytesRef<'_>, text: &mut String) {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        text.push(character);
    } else if let Some(characters) = resolve_predefined_entity(&reference.xml10_content()) {
        text.push_str(characters);
    }
}
