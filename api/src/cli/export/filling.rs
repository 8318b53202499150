//! The events of a selection on their way into the bundle: proof, text and files of each.

use anyhow::Context as _;
use audit_bundle::{BundleWriter, Columns, Prover, StoredFile, TextLine};
use commands::{
    event_log::{Codec, LogPart, PersonalTexts, StoredEvent},
    uploads::Uploads,
};
use domain::ids::SubjectId;
use futures::TryStreamExt as _;
use ports::SharedMediaStore;
use serde::Deserialize;

use super::exchanging::Exchanging;

/// Whose text is decoded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Texts {
    Nobodys,
    Everybodys,
    /// A person's bundle shows nobody else's text.
    Of(SubjectId),
}

/// The part of the metadata that says whose the text of an event is.
#[derive(Deserialize)]
struct Subject {
    subject: Option<SubjectId>,
}

impl Texts {
    pub(super) const fn wanted(is_wanted: bool, part: LogPart) -> Self {
        match part {
            _ if !is_wanted => Self::Nobodys,
            LogPart::Person(id) => Self::Of(SubjectId::new(id)),
            LogPart::Chat(_) | LogPart::Project(_) | LogPart::Span { .. } => Self::Everybodys,
        }
    }

    fn include(self, subject: Option<SubjectId>) -> bool {
        match self {
            Self::Nobodys => false,
            Self::Everybodys => true,
            Self::Of(person) => subject == Some(person),
        }
    }
}

pub(super) struct Filling<'a> {
    pub(super) writer: BundleWriter,
    pub(super) prover: Prover<'a>,
    pub(super) texts: Texts,
    pub(super) exchanging: Exchanging,
    pub(super) codec: Codec,
    pub(super) media: SharedMediaStore,
    pub(super) uploads: Uploads,
}

impl Filling<'_> {
    /// Writes an event with what belongs to it.
    pub(super) async fn take(&mut self, event: StoredEvent) -> anyhow::Result<()> {
        let position = u64::try_from(event.position)?;
        let Subject { subject } = serde_json::from_str(&event.metadata)
            .with_context(|| format!("the metadata of the event at position {position} cannot be read"))?;
        let shows_text = self.texts.include(subject);
        let text = if shows_text {
            let decoded = self.codec.personal_texts(&event).await;
            decoded.with_context(|| format!("the text of the event at position {position} cannot be read"))?
        } else {
            None
        };
        let text = text.map(|PersonalTexts { subject, is_erased, texts }| TextLine {
            position,
            subject: subject.value(),
            is_erased,
            text: texts.into_iter().map(|(field, text)| (field.to_owned(), text)).collect(),
        });
        let is_speech = event.event_type == "AnswerSpoken";
        let proof = self.prover.prove(position - 1).with_context(|| {
            format!("the published log does not prove position {position}: its folder may be damaged")
        })?;
        let exchanged = self.exchanging.read(&event)?;
        let columns = columns(event)?;
        if let Some(recorded) = exchanged {
            self.exchanging.take(&recorded, &columns, &proof, &mut self.writer)?;
        }
        for file in self.writer.event(columns, &proof, text.as_ref())? {
            if is_speech && !shows_text {
                let why = "speech is personal text, which is not decoded here";
                self.writer.miss(position, file, why);
            } else {
                self.attach(position, file).await?;
            }
        }
        Ok(())
    }

    async fn attach(&mut self, position: u64, file: StoredFile) -> anyhow::Result<()> {
        let is_hash = file.sha256.len() == 64 && hex_digits(&file.sha256);
        if !is_hash {
            self.writer.miss(position, file, "its event does not say its SHA-256");
            return Ok(());
        }
        if self.writer.has(&file) {
            return Ok(self.writer.attach(position, file, None)?);
        }
        let stored = self.media.describe(&file.name).await?;
        let content = match stored {
            Some(info) if info.size > 0 => self.media.read(&file.name, 0..info.size).await?,
            Some(_) => Some(Box::pin(futures::stream::empty()) as ports::MediaBytes),
            None => None,
        };
        let Some(mut content) = content else {
            let removed = self.uploads.removed_at(&file.name).await?;
            let why = removed.map_or_else(
                || "it is gone from the media store".to_owned(),
                |time| format!("it was removed at {}", time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)),
            );
            self.writer.miss(position, file, &why);
            return Ok(());
        };
        let mut part = self.writer.part()?;
        while let Some(bytes) = content.try_next().await? {
            part.write(&bytes)?;
        }
        Ok(self.writer.attach(position, file, Some(part))?)
    }
}

fn hex_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn columns(event: StoredEvent) -> anyhow::Result<Columns> {
    let StoredEvent {
        position,
        aggregate_type,
        aggregate_id,
        sequence,
        event_type,
        event_version,
        payload,
        metadata,
        partition,
        command_id,
    } = event;
    let position = u64::try_from(position)?;
    Ok(Columns {
        position,
        aggregate_type,
        aggregate_id,
        sequence,
        event_type,
        event_version,
        payload,
        metadata,
        partition,
        command_id,
    })
}
