//! The events of a bundle, line by line, with their text and the files that they name.

use std::{iter::Peekable, path::Path, slice};

use transparency_log::checkpoint::Checkpoint;

use super::{Refusal, files::Lines};
use crate::{
    line::{EventLine, LineFault, StoredFile, TextLine},
    manifest::{Attachment, Events, Manifest, Selection},
    paths,
};

/// Verifies all events, and that each text and each file belongs to one. Returns the number of texts, if there are any to
/// be.
pub(super) fn verify(folder: &Path, manifest: &Manifest, checkpoint: &Checkpoint) -> Result<Option<u64>, Refusal> {
    let listed = manifest.file(paths::EVENTS).ok_or_else(|| Refusal::Missing(paths::EVENTS.to_owned()))?;
    let mut lines = Lines::open(folder, paths::EVENTS, listed)?;
    let mut texts = match manifest.file(paths::TEXT) {
        Some(listed) => Some(Texts::open(Lines::open(folder, paths::TEXT, listed)?)?),
        None => None,
    };
    let mut attachments = manifest.attachments.iter().peekable();
    let (mut found, mut order) = (Events::default(), Order::new(manifest.selection.clone()));
    while let Some(line) = lines.next()? {
        let event = EventLine::parse(line);
        let checked = event.and_then(|event| {
            event.verify(checkpoint)?;
            order.take(&event)?;
            check_attachments(&event, manifest, &mut attachments)?;
            Ok(event)
        });
        let event = checked.map_err(|fault| lines.fault(fault))?;
        if let Some(texts) = &mut texts {
            texts.pass(event.position)?;
        }
        found.add(event.position);
    }
    // More telling than that the hash is another one.
    if found != manifest.events {
        let text = |Events { count, first, last }: &Events| match (first, last) {
            (Some(first), Some(last)) => format!("{count} events at the positions {first} to {last}"),
            _ => format!("{count} events"),
        };
        return Err(Refusal::Count { wanted: text(&manifest.events), found: text(&found) });
    }
    lines.finish()?;
    if let Some(left) = attachments.next() {
        return Err(Refusal::NoSuchAttachment(left.name.clone()));
    }
    texts.map(Texts::finish).transpose()
}

/// The order of the events, and what of a selection can be seen to be complete.
struct Order {
    selection: Selection,
    position: u64,
    sequence: i64,
}

impl Order {
    const fn new(selection: Selection) -> Self {
        Self { selection, position: 0, sequence: 0 }
    }

    fn take(&mut self, event: &EventLine) -> Result<(), LineFault> {
        let (before, found) = (self.position, event.position);
        if found <= before {
            return Err(LineFault::Order { before, found });
        }
        match &self.selection {
            Selection::Span { .. } if before > 0 && found != before + 1 => {
                return Err(LineFault::Gap { before, found });
            }
            Selection::Chat { id } => {
                if event.aggregate_type != "chat" || event.aggregate_id != id.to_string() {
                    return Err(LineFault::NotSelected);
                }
                let wanted = self.sequence + 1;
                if event.sequence != wanted {
                    return Err(LineFault::Sequence { wanted, found: event.sequence });
                }
                self.sequence = wanted;
            }
            Selection::Span { .. } | Selection::User { .. } | Selection::Project { .. } => {}
        }
        self.position = found;
        Ok(())
    }
}

/// Checks that the manifest lists the files that an event names, and that those that are there are listed as files.
fn check_attachments(
    event: &EventLine,
    manifest: &Manifest,
    attachments: &mut Peekable<slice::Iter<'_, Attachment>>,
) -> Result<(), LineFault> {
    for file in event.files() {
        let attachment = attachments.next_if(|next| next.position == event.position);
        let fits = attachment.is_some_and(|found| {
            let StoredFile { name, size, sha256 } = &file;
            let is_there = found.path.as_ref().is_none_or(|path| {
                manifest.file(path).is_some_and(|listed| listed.sha256 == *sha256 && listed.size == *size)
            });
            let is_said = found.path.is_some() != found.missing.is_some();
            (&found.name, &found.size, &found.sha256) == (name, size, sha256) && is_there && is_said
        });
        if !fits {
            return Err(LineFault::Unlisted(file.name));
        }
    }
    Ok(())
}

/// The decoded texts, each of which belongs to an event.
struct Texts<'a> {
    lines: Lines<'a>,
    /// The position of the line that was read last; `None` at the end.
    next: Option<u64>,
    count: u64,
}

impl<'a> Texts<'a> {
    fn open(lines: Lines<'a>) -> Result<Self, Refusal> {
        let mut texts = Self { lines, next: None, count: 0 };
        texts.read()?;
        Ok(texts)
    }

    fn read(&mut self) -> Result<(), Refusal> {
        let before = self.next;
        let Some(line) = self.lines.next()? else {
            self.next = None;
            return Ok(());
        };
        let parsed: Result<TextLine, _> = serde_json::from_slice(line);
        let found = parsed.map_err(|fault| self.lines.fault(LineFault::Malformed(fault)))?.position;
        if let Some(before) = before.filter(|before| *before >= found) {
            return Err(self.lines.fault(LineFault::Order { before, found }));
        }
        self.next = Some(found);
        self.count += 1;
        Ok(())
    }

    /// Goes past the event at a position.
    fn pass(&mut self, position: u64) -> Result<(), Refusal> {
        match self.next {
            Some(next) if next < position => Err(self.lines.fault(LineFault::NoEvent(next))),
            Some(next) if next == position => self.read(),
            _ => Ok(()),
        }
    }

    fn finish(self) -> Result<u64, Refusal> {
        if let Some(next) = self.next {
            return Err(self.lines.fault(LineFault::NoEvent(next)));
        }
        self.lines.finish()?;
        Ok(self.count)
    }
}
