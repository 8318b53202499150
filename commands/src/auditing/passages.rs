//! The texts of passages at the version that an answer was made from: those that are stored, and those that are cut again
//! from what an earlier version was made of. The recorded SHA-256 decides whether a text is the one.

use std::collections::{BTreeMap, HashMap};

use domain::{
    AggregateType,
    chat::RetrievedPassage,
    document::{DocumentEvent, Source},
    event::Event,
    ids::{ChunkId, DocumentId},
    values::DocumentType,
};
use knowledge::retrieval::{
    Passage, Span,
    passages::{StoredPassage, content_hash},
    ranking::{joined, places_around},
};
use ports::{Content, ReadError};
use uuid::Uuid;

use super::{Auditing, AuditingError, EventLink, KeptSources, PassageSeen, TextOrigin};
use crate::{
    documents::{hints_of_file, hints_of_text},
    passage_store::{stored_passages, stored_version},
};

/// A passage as it is shown, and as the model got it; the latter or the reason why that is not known.
pub(super) struct FoundPassage {
    pub seen: PassageSeen,
    pub sent: Result<Passage, String>,
}

/// Finds the texts of passages. What was read once is kept as long as this lives.
pub(super) struct PassageTexts<'a> {
    auditing: &'a Auditing,
    documents: HashMap<DocumentId, DocumentPast>,
    cut: HashMap<(DocumentId, u32), Result<Vec<StoredPassage>, String>>,
}

/// What the log has of a document.
#[derive(Default)]
struct DocumentPast {
    versions: BTreeMap<u32, (Source, EventLink)>,
    /// Each with the position since which it was the title.
    titles: Vec<(i64, String)>,
    deleted: Option<EventLink>,
}

impl DocumentPast {
    fn title_at(&self, position: i64) -> Option<&str> {
        let titles = self.titles.iter().rev();
        titles.filter(|(since, _)| *since <= position).map(|(_, title)| title.as_str()).next()
    }
}

impl<'a> PassageTexts<'a> {
    pub(super) fn new(auditing: &'a Auditing) -> Self {
        Self { auditing, documents: HashMap::new(), cut: HashMap::new() }
    }

    /// The passages that an event recorded at this position. `neighbours` is how many passages before and behind a hit
    /// were joined to it, or why that is not known.
    pub(super) async fn find(
        &mut self,
        recorded: &[RetrievedPassage],
        position: i64,
        neighbours: &Result<usize, String>,
    ) -> Result<Vec<FoundPassage>, AuditingError> {
        let ids: Vec<Uuid> = recorded.iter().map(|passage| passage.chunk_id.value()).collect();
        let stored = stored_passages(&self.auditing.pool, &ids).await?;
        let stored: HashMap<ChunkId, StoredPassage> =
            stored.into_iter().map(|passage| (passage.chunk_id, passage)).collect();
        let mut found = Vec::with_capacity(recorded.len());
        for (rank, passage) in (1..).zip(recorded) {
            self.learn(passage.document_id).await?;
            let mut seen = self.blank(rank, passage, position);
            self.fill(&mut seen, stored.get(&passage.chunk_id)).await?;
            let sent = match neighbours {
                Ok(neighbours) => self.sent(&seen, *neighbours).await?,
                Err(reason) => Err(reason.clone()),
            };
            found.push(FoundPassage { seen, sent });
        }
        Ok(found)
    }

    /// The title of a document at a position.
    pub(super) async fn title(&mut self, document: DocumentId, position: i64) -> Result<Option<String>, AuditingError> {
        self.learn(document).await?;
        Ok(self.documents.get(&document).and_then(|past| past.title_at(position)).map(str::to_owned))
    }

    fn blank(&self, rank: usize, recorded: &RetrievedPassage, position: i64) -> PassageSeen {
        let past = self.documents.get(&recorded.document_id);
        let version = past.and_then(|past| past.versions.get(&recorded.document_version));
        PassageSeen {
            rank,
            document_id: recorded.document_id,
            document_version: recorded.document_version,
            chunk_id: recorded.chunk_id,
            content_hash: recorded.content_hash.clone(),
            score: recorded.score,
            title: past.and_then(|past| past.title_at(position)).map(str::to_owned),
            headings: None,
            page: None,
            text: None,
            origin: TextOrigin::NotStored,
            note: None,
            version_event: version.map(|(_, event)| event.clone()),
        }
    }

    async fn fill(&mut self, seen: &mut PassageSeen, stored: Option<&StoredPassage>) -> Result<(), AuditingError> {
        let deleted = self.documents.get(&seen.document_id).and_then(|past| past.deleted.as_ref());
        if let Some(deleted) = deleted {
            let place = deleted.position;
            seen.note = Some(format!("no longer stored: the document was deleted at position {place}"));
            return Ok(());
        }
        if let Some(stored) = stored {
            let hash = content_hash(&stored.headings, &stored.text);
            (seen.headings, seen.text) = (Some(stored.headings.clone()), Some(stored.text.clone()));
            if hash != seen.content_hash {
                seen.origin = TextOrigin::Different;
                seen.note = Some(format!("the stored text has another SHA-256 than the recorded one: {hash}"));
                return Ok(());
            }
            seen.origin = TextOrigin::Stored;
            if stored.document_version == seen.document_version {
                seen.page = stored.page;
            } else {
                let version = stored.document_version;
                seen.note = Some(format!("version {version}, which is stored now, has the same passage"));
            }
            return Ok(());
        }
        match self.cut_again(seen.document_id, seen.document_version).await? {
            Err(reason) => seen.note = Some(format!("no longer stored: {reason}")),
            Ok(passages) => match passages.iter().find(|passage| is_it(passage, seen)) {
                None => {
                    let reason = "what the version was made of is still there, but does not lead to this passage today";
                    seen.note = Some(format!("no longer stored: {reason}"));
                }
                Some(passage) => {
                    (seen.headings, seen.text) = (Some(passage.headings.clone()), Some(passage.text.clone()));
                    (seen.page, seen.origin) = (passage.page, TextOrigin::CutAgain);
                }
            },
        }
        Ok(())
    }

    /// The passage as the model got it.
    async fn sent(&mut self, seen: &PassageSeen, neighbours: usize) -> Result<Result<Passage, String>, AuditingError> {
        let unknown = |reason: &str| {
            let PassageSeen { rank, document_id, document_version, .. } = seen;
            Err(format!("passage {rank} (document {document_id}, version {document_version}): {reason}"))
        };
        let (Some(text), TextOrigin::Stored | TextOrigin::CutAgain) = (&seen.text, seen.origin) else {
            return Ok(unknown(seen.note.as_deref().unwrap_or("no longer stored")));
        };
        let text = if neighbours == 0 {
            text.clone()
        } else {
            let stored = stored_version(&self.auditing.pool, seen.document_id, seen.document_version).await?;
            let all = if stored.is_empty() {
                match self.cut_again(seen.document_id, seen.document_version).await? {
                    Ok(passages) => passages.clone(),
                    Err(reason) => return Ok(unknown(&format!("its neighbours are no longer stored: {reason}"))),
                }
            } else {
                stored
            };
            let Some(at) = all.iter().position(|passage| is_it(passage, seen)) else {
                return Ok(unknown("its neighbours are not known any more"));
            };
            joined(&all[places_around(at, neighbours, all.len())])
        };
        Ok(Ok(Passage {
            document_id: seen.document_id,
            document_version: seen.document_version,
            chunk_id: seen.chunk_id,
            content_hash: seen.content_hash.clone(),
            title: seen.title.clone().unwrap_or_default(),
            headings: seen.headings.clone().unwrap_or_default(),
            page: seen.page,
            text,
            span: Span::default(),
            score: seen.score,
        }))
    }

    /// The passages of a version, cut from what it was made of; or the reason why they cannot be.
    async fn cut_again(
        &mut self,
        document: DocumentId,
        version: u32,
    ) -> Result<&Result<Vec<StoredPassage>, String>, AuditingError> {
        self.learn(document).await?;
        let key = (document, version);
        let is_known = self.cut.contains_key(&key);
        if !is_known {
            let source = self.documents.get(&document).and_then(|past| past.versions.get(&version));
            let passages = match (source, &self.auditing.sources) {
                (Some((source, _)), Some(sources)) => sources.cut(source, key).await,
                (Some(_), None) => Err("another version has taken its place".to_owned()),
                (None, _) => Err("the log has no such version".to_owned()),
            };
            self.cut.insert(key, passages);
        }
        Ok(&self.cut[&key])
    }

    async fn learn(&mut self, document: DocumentId) -> Result<(), AuditingError> {
        if self.documents.contains_key(&document) {
            return Ok(());
        }
        let of = (AggregateType::Document, document.value());
        let types = ["Added", "VersionAdded", "TitleChanged", "Deleted"];
        let mut past = DocumentPast::default();
        for read in self.auditing.histories.recorded(of, &types, i64::MAX).await? {
            let recorded = read.recorded;
            let Event::Document(event) = &recorded.event else { continue };
            let link = || EventLink::to(AggregateType::Document, event.into(), &recorded);
            match event {
                DocumentEvent::Added { title, source, .. } => {
                    past.titles.push((recorded.position, title.to_string()));
                    past.versions.insert(1, (source.clone(), link()));
                }
                DocumentEvent::VersionAdded { version, source, .. } => {
                    past.versions.insert(*version, (source.clone(), link()));
                }
                DocumentEvent::TitleChanged { title } => past.titles.push((recorded.position, title.to_string())),
                DocumentEvent::Deleted {} => past.deleted = Some(link()),
                _ => {}
            }
        }
        self.documents.insert(document, past);
        Ok(())
    }
}

/// Whether a passage is the recorded one.
fn is_it(passage: &StoredPassage, seen: &PassageSeen) -> bool {
    passage.chunk_id == seen.chunk_id && content_hash(&passage.headings, &passage.text) == seen.content_hash
}

impl KeptSources {
    async fn cut(&self, source: &Source, (document, version): (DocumentId, u32)) -> Result<Vec<StoredPassage>, String> {
        let (content, hints) = match (&source.file, &source.text_content) {
            (_, Some(_)) if source.document_type == DocumentType::Url => {
                return Err("web pages are not kept, and this one was read again since".to_owned());
            }
            (Some(file), _) => {
                let described = self.media.describe(&file.name).await;
                let info = described.map_err(|error| unreadable(&error))?;
                let size = info.ok_or_else(|| "its file is gone from the media store".to_owned())?.size;
                (Content::stored(self.media.clone(), file.name.clone(), size), hints_of_file(&file.name))
            }
            (None, Some(text)) => (text.clone().into_bytes().into(), hints_of_text()),
            (None, None) => return Err("that version has no text".to_owned()),
        };
        let cut = self.reader.read_and_cut("", content, &hints).await.map_err(|error: ReadError| unreadable(&error))?;
        Ok(cut.passages.iter().map(|passage| passage.stored(document, version)).collect())
    }
}

fn unreadable(error: &dyn std::error::Error) -> String {
    format!("what the version was made of cannot be read: {}", crate::error_chain(error))
}
