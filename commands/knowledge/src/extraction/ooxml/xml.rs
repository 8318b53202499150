//! XML as a stream of elements, independent of namespace prefixes and of the edition of the standard.

use std::{
    collections::HashMap,
    io::{self, BufRead},
};

use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_predefined_entity,
    events::{BytesStart, Event},
};

use crate::extraction::Unreadable;

/// Nested elements beyond which a part is refused as an attack.
const MOST_DEPTH: usize = 600;

/// A known namespace; the transitional and the strict edition of the standard name each differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ns {
    Word,
    Drawing,
    Slides,
    Math,
    Relations,
    Compatibility,
    Vml,
    Picture,
    Diagram,
    Office,
    /// An extension whose content is read.
    Extension,
    Other,
}

fn family(uri: &str) -> Ns {
    let path = uri
        .strip_prefix("http://schemas.openxmlformats.org/")
        .or_else(|| uri.strip_prefix("http://purl.oclc.org/ooxml/"))
        .unwrap_or(uri);
    match path {
        "wordprocessingml/2006/main" | "wordprocessingml/main" => Ns::Word,
        "drawingml/2006/main" | "drawingml/main" => Ns::Drawing,
        "drawingml/2006/picture" | "drawingml/picture" => Ns::Picture,
        "drawingml/2006/diagram" | "drawingml/diagram" => Ns::Diagram,
        "presentationml/2006/main" | "presentationml/main" => Ns::Slides,
        "officeDocument/2006/math" | "officeDocument/math" => Ns::Math,
        "officeDocument/2006/relationships" | "officeDocument/relationships" => Ns::Relations,
        "markup-compatibility/2006" => Ns::Compatibility,
        "urn:schemas-microsoft-com:vml" => Ns::Vml,
        "urn:schemas-microsoft-com:office:office" => Ns::Office,
        _ if EXTENSIONS.iter().any(|beginning| path.starts_with(beginning)) => Ns::Extension,
        _ => Ns::Other,
    }
}

/// Beginnings of the namespaces of extensions that are read or noted: shapes and formulas, charts, objects, ink. The
/// text of other ones (such as emoji as Word writes them) stands in their fallback.
const EXTENSIONS: [&str; 4] = [
    "http://schemas.microsoft.com/office/word/2010/",
    "http://schemas.microsoft.com/office/word/2012/",
    "http://schemas.microsoft.com/office/drawing/",
    "http://schemas.microsoft.com/office/powerpoint/",
];

/// The start of an element.
pub(crate) struct Element<'a> {
    pub(crate) ns: Ns,
    pub(crate) local: &'a str,
    start: &'a BytesStart<'a>,
    scopes: &'a Scopes,
}

impl Element<'_> {
    /// The value of the attribute with this local name outside of the relations namespace.
    pub(crate) fn attribute(&self, local: &str) -> Option<String> {
        self.find(local, false)
    }

    /// The id of a relation to another part.
    pub(crate) fn relation(&self, local: &str) -> Option<String> {
        self.find(local, true)
    }

    fn find(&self, local: &str, is_relation: bool) -> Option<String> {
        let mut attributes = self.start.attributes();
        attributes.with_checks(false);
        attributes.filter_map(Result::ok).find_map(|attribute| {
            let (name, prefix) = split(attribute.key.0);
            let is_it = name == local && (prefix.is_some_and(|it| self.scopes.of(it) == Ns::Relations) == is_relation);
            // An unknown entity is no reason to drop the whole attribute.
            is_it.then(|| match attribute.normalized_value(XmlVersion::Implicit1_0) {
                Ok(value) => value.into_owned(),
                Err(_) => attribute.value.into_owned(),
            })
        })
    }

    pub(crate) fn number<N: std::str::FromStr>(&self, local: &str) -> Option<N> {
        self.attribute(local)?.trim().parse().ok()
    }

    /// Whether this toggle is on: one without a value is.
    pub(crate) fn is_on(&self, local: &str) -> bool {
        self.attribute(local).is_none_or(|value| is_true(&value))
    }

    /// Whether all namespaces that an alternative (`mc:Choice`) requires are known.
    fn is_understood(&self) -> bool {
        self.attribute("Requires")
            .is_none_or(|prefixes| prefixes.split_whitespace().all(|prefix| self.scopes.of(prefix) != Ns::Other))
    }

    pub(crate) fn has_true(&self, local: &str) -> bool {
        self.attribute(local).is_some_and(|value| is_true(&value))
    }
}

fn is_true(value: &str) -> bool {
    !matches!(value, "0" | "false" | "off")
}

fn split(name: &str) -> (&str, Option<&str>) {
    match name.split_once(':') {
        Some((prefix, local)) => (local, Some(prefix)),
        None => (name, None),
    }
}

/// The namespaces that prefixes are bound to at this place.
#[derive(Default)]
struct Scopes {
    bound: HashMap<String, Vec<Ns>>,
    /// The bound prefixes, each with its depth.
    by_depth: Vec<(usize, String)>,
}

impl Scopes {
    fn of(&self, prefix: &str) -> Ns {
        self.bound.get(prefix).and_then(|stack| stack.last()).copied().unwrap_or(Ns::Other)
    }

    fn enter(&mut self, start: &BytesStart<'_>, depth: usize) {
        if !start.attributes_raw().contains("xmlns") {
            return;
        }
        let mut attributes = start.attributes();
        attributes.with_checks(false);
        for attribute in attributes.filter_map(Result::ok) {
            let prefix = match split(attribute.key.0) {
                ("xmlns", None) => "",
                (prefix, Some("xmlns")) => prefix,
                _ => continue,
            };
            self.bound.entry(prefix.to_owned()).or_default().push(family(attribute.value.trim()));
            self.by_depth.push((depth, prefix.to_owned()));
        }
    }

    fn leave(&mut self, depth: usize) {
        while let Some((_, prefix)) = self.by_depth.pop_if(|(at, _)| *at >= depth) {
            if let Some(stack) = self.bound.get_mut(&prefix) {
                stack.pop();
            }
        }
    }
}

/// Consumes the elements of a part.
pub(crate) trait Handler {
    /// The handler's own classification of an element.
    type Tag: Copy;

    /// Opens an element within `parent`; an element for which this returns `None` is skipped with all its content.
    fn open(&mut self, element: &Element<'_>, parent: Option<Self::Tag>) -> Result<Option<Self::Tag>, Unreadable>;
    fn close(&mut self, tag: Self::Tag) -> Result<(), Unreadable>;
    fn text(&mut self, text: &str, tag: Self::Tag);
}

enum Open<T> {
    Tag(T),
    /// `mc:AlternateContent`, of which one alternative is read.
    Alternatives {
        is_taken: bool,
    },
    Branch,
}

/// Parses a part of a document.
pub(crate) fn walk<H: Handler>(source: impl BufRead, handler: &mut H) -> Result<(), Unreadable> {
    let mut walk = Walk { handler, scopes: Scopes::default(), open: Vec::new(), skipped: 0 };
    let mut reader = Reader::from_reader(source);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(|error| unreadable(&error))? {
            Event::Start(start) => walk.start(&start)?,
            Event::Empty(start) => {
                walk.start(&start)?;
                walk.end()?;
            }
            Event::End(_) => walk.end()?,
            Event::Text(text) => walk.text(&text.xml10_content()),
            Event::CData(text) => walk.text(&text.xml10_content()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(c)) => walk.text(c.encode_utf8(&mut [0; 4])),
                Ok(None) => walk.text(resolve_predefined_entity(&reference.xml10_content()).unwrap_or("\u{fffd}")),
                Err(_) => walk.text("\u{fffd}"),
            },
            // The standard forbids document types, which could define entities.
            Event::DocType(_) => return Err(Unreadable::Damaged),
            Event::Eof => {
                let is_whole = walk.open.is_empty() && walk.skipped == 0;
                return if is_whole { Ok(()) } else { Err(Unreadable::Damaged) };
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

fn unreadable(error: &quick_xml::Error) -> Unreadable {
    match error {
        quick_xml::Error::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => Unreadable::TooComplex,
        _ => Unreadable::Damaged,
    }
}

struct Walk<'h, H: Handler> {
    handler: &'h mut H,
    scopes: Scopes,
    open: Vec<Open<H::Tag>>,
    /// The depth within the element that is being skipped.
    skipped: usize,
}

impl<H: Handler> Walk<'_, H> {
    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), Unreadable> {
        if self.open.len() + self.skipped >= MOST_DEPTH {
            return Err(Unreadable::TooComplex);
        }
        if self.skipped > 0 {
            self.skipped += 1;
            return Ok(());
        }
        self.scopes.enter(start, self.open.len());
        let (local, prefix) = split(start.name().0);
        let element = Element { ns: self.scopes.of(prefix.unwrap_or("")), local, start, scopes: &self.scopes };
        let opened = if element.ns == Ns::Compatibility {
            match (local, self.open.last_mut()) {
                ("AlternateContent", _) => Some(Open::Alternatives { is_taken: false }),
                ("Choice" | "Fallback", Some(Open::Alternatives { is_taken }))
                    if !*is_taken && element.is_understood() =>
                {
                    *is_taken = true;
                    Some(Open::Branch)
                }
                _ => None,
            }
        } else {
            let parent = self.open.iter().rev().find_map(|it| match it {
                Open::Tag(tag) => Some(*tag),
                Open::Alternatives { .. } | Open::Branch => None,
            });
            self.handler.open(&element, parent)?.map(Open::Tag)
        };
        match opened {
            Some(opened) => self.open.push(opened),
            None => {
                self.scopes.leave(self.open.len());
                self.skipped = 1;
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Unreadable> {
        if self.skipped > 0 {
            self.skipped -= 1;
            return Ok(());
        }
        let closed = self.open.pop();
        self.scopes.leave(self.open.len());
        match closed {
            Some(Open::Tag(tag)) => self.handler.close(tag),
            Some(Open::Alternatives { .. } | Open::Branch) => Ok(()),
            None => Err(Unreadable::Damaged),
        }
    }

    fn text(&mut self, text: &str) {
        if let (0, Some(Open::Tag(tag))) = (self.skipped, self.open.last()) {
            self.handler.text(text, *tag);
        }
    }
}
