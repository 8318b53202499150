//! Specification of the document's rules, as given / when / then.

use cqrs_es::{Aggregate as _, test::TestFramework};
use uuid::Uuid;

use super::{
    Document, DocumentCommand, DocumentError, DocumentEvent, EmbeddingFailure, Note, Place, Source, StoredFile,
};
use crate::{
    ids::ProjectId,
    values::{DocumentType, Title},
};

type DocumentSpec = TestFramework<Document>;

fn title(text: &str) -> Title {
    Title::parse(text).expect("well-formed")
}

fn source() -> Source {
    Source { document_type: DocumentType::Text, file: None, text_content: Some("Zinc for 14 days.".to_owned()) }
}

fn add() -> DocumentCommand {
    DocumentCommand::Add {
        project_id: ProjectId::new(Uuid::from_u128(1)),
        creator: None,
        title: title("Zinc"),
        description: None,
        source: source(),
    }
}

fn added() -> DocumentEvent {
    DocumentEvent::Added {
        project_id: ProjectId::new(Uuid::from_u128(1)),
        creator: None,
        title: title("Zinc"),
        description: None,
        source: source(),
    }
}

fn record_embedding() -> DocumentCommand {
    DocumentCommand::RecordEmbedding { version: 1, passages: 3, model: "m".to_owned(), notes: notes() }
}

fn embedded() -> DocumentEvent {
    DocumentEvent::Embedded { version: 1, passages: 3, model: "m".to_owned(), notes: notes() }
}

fn notes() -> Vec<Note> {
    let (kind, message) = ("pages_without_text".to_owned(), "Page 7 has no text.".to_owned());
    vec![Note { kind, message, count: 1, pages: vec![7], names: vec![] }]
}

#[test]
fn a_document_is_added_once() {
    DocumentSpec::with(()).given_no_previous_events().when(add()).then_expect_events(vec![added()]);
    DocumentSpec::with(()).given(vec![added()]).when(add()).then_expect_error(DocumentError::AlreadyAdded);
}

#[test]
fn an_added_document_is_embedded() {
    DocumentSpec::with(()).given(vec![added()]).when(record_embedding()).then_expect_events(vec![embedded()]);
}

#[test]
fn an_embedding_has_one_outcome() {
    DocumentSpec::with(())
        .given(vec![added(), embedded()])
        .when(record_embedding())
        .then_expect_error(DocumentError::NotWaiting);
    DocumentSpec::with(())
        .given(vec![added(), embedded()])
        .when(DocumentCommand::RecordEmbeddingFailure { version: 1, reason: EmbeddingFailure::Provider, notes: vec![] })
        .then_expect_error(DocumentError::NotWaiting);
}

#[test]
fn an_embedding_of_another_version_is_refused() {
    DocumentSpec::with(())
        .given(vec![added()])
        .when(DocumentCommand::RecordEmbedding { version: 2, passages: 3, model: "m".to_owned(), notes: vec![] })
        .then_expect_error(DocumentError::NotWaiting);
}

#[test]
fn a_failed_embedding_says_why() {
    DocumentSpec::with(())
        .given(vec![added()])
        .when(DocumentCommand::RecordEmbeddingFailure { version: 1, reason: EmbeddingFailure::NoText, notes: notes() })
        .then_expect_events(vec![DocumentEvent::EmbeddingFailed {
            version: 1,
            reason: EmbeddingFailure::NoText,
            notes: notes(),
        }]);
}

#[test]
fn a_deleted_document_cannot_be_embedded() {
    DocumentSpec::with(())
        .given(vec![added(), DocumentEvent::Deleted {}])
        .when(record_embedding())
        .then_expect_error(DocumentError::NotFound);
}

fn failed(reason: EmbeddingFailure) -> DocumentEvent {
    DocumentEvent::EmbeddingFailed { version: 1, reason, notes: vec![] }
}

#[test]
fn new_content_is_a_new_version_that_waits() {
    let new = DocumentCommand::AddVersion { creator: None, source: source() };
    let version = DocumentEvent::VersionAdded { version: 2, creator: None, source: source() };
    DocumentSpec::with(()).given(vec![added(), embedded()]).when(new).then_expect_events(vec![version.clone()]);
    let record = DocumentCommand::RecordEmbedding { version: 2, passages: 3, model: "m".to_owned(), notes: vec![] };
    let recorded = DocumentEvent::Embedded { version: 2, passages: 3, model: "m".to_owned(), notes: vec![] };
    DocumentSpec::with(()).given(vec![added(), version]).when(record).then_expect_events(vec![recorded]);
}

#[test]
fn what_was_embedded_is_renewed_once() {
    let renew = DocumentCommand::Renew { version: 1 };
    let version = DocumentEvent::VersionAdded { version: 2, creator: None, source: source() };
    DocumentSpec::with(())
        .given(vec![added(), embedded()])
        .when(renew.clone())
        .then_expect_events(vec![version.clone()]);
    DocumentSpec::with(()).given(vec![added(), embedded(), version]).when(renew.clone()).then_expect_events(vec![]);
    DocumentSpec::with(()).given(vec![added()]).when(renew.clone()).then_expect_events(vec![]);
    let deleted = vec![added(), DocumentEvent::Deleted {}];
    DocumentSpec::with(()).given(deleted).when(renew).then_expect_error(DocumentError::NotFound);
}

#[test]
fn an_embedding_that_comes_after_newer_content_is_refused() {
    let version = DocumentEvent::VersionAdded { version: 2, creator: None, source: source() };
    DocumentSpec::with(())
        .given(vec![added(), version])
        .when(record_embedding())
        .then_expect_error(DocumentError::NotWaiting);
}

#[test]
fn only_a_failed_embedding_is_tried_again() {
    DocumentSpec::with(())
        .given(vec![added(), failed(EmbeddingFailure::Provider)])
        .when(DocumentCommand::Retry)
        .then_expect_events(vec![DocumentEvent::EmbeddingRequested { version: 1 }]);
    for given in [vec![added()], vec![added(), embedded()]] {
        DocumentSpec::with(()).given(given).when(DocumentCommand::Retry).then_expect_error(DocumentError::NotFailed);
    }
}

#[test]
fn only_an_awaited_embedding_is_cancelled() {
    DocumentSpec::with(())
        .given(vec![added()])
        .when(DocumentCommand::Cancel)
        .then_expect_events(vec![failed(EmbeddingFailure::Cancelled)]);
    DocumentSpec::with(())
        .given(vec![added(), embedded()])
        .when(DocumentCommand::Cancel)
        .then_expect_error(DocumentError::NotWaiting);
    DocumentSpec::with(())
        .given(vec![added(), failed(EmbeddingFailure::Cancelled)])
        .when(record_embedding())
        .then_expect_error(DocumentError::NotWaiting);
}

#[test]
fn a_removal_is_confirmed_once_for_each_place_and_only_after_the_deletion() {
    let confirm = || DocumentCommand::ConfirmRemoval(Place::Index);
    let confirmed = || DocumentEvent::RemovalConfirmed { place: Place::Index };
    let deleted = vec![added(), DocumentEvent::Deleted {}];
    DocumentSpec::with(()).given(deleted.clone()).when(confirm()).then_expect_events(vec![confirmed()]);
    let given = [deleted, vec![confirmed()]].concat();
    DocumentSpec::with(()).given(given).when(confirm()).then_expect_events(vec![]);
    DocumentSpec::with(()).given(vec![added()]).when(confirm()).then_expect_error(DocumentError::NotFound);
}

#[test]
fn a_deleted_document_remembers_the_files_of_all_versions() {
    let file = |name: &str| StoredFile { name: name.to_owned(), size: 1, sha256: String::new() };
    let of_file = |name| Source { file: Some(file(name)), ..source() };
    let mut document = Document::default();
    let events = [
        DocumentEvent::Added {
            project_id: ProjectId::new(Uuid::from_u128(1)),
            creator: None,
            title: title("Zinc"),
            description: None,
            source: of_file("a"),
        },
        DocumentEvent::VersionAdded { version: 2, creator: None, source: of_file("b") },
        DocumentEvent::Deleted {},
    ];
    for event in events {
        document.apply(event);
    }
    let Document::Deleted { files, left_in, .. } = document else { panic!("it is deleted") };
    assert_eq!((files, left_in), (vec!["a".to_owned(), "b".to_owned()], vec![Place::Index, Place::MediaStore]));
}

#[test]
fn only_what_differs_becomes_an_event() {
    DocumentSpec::with(())
        .given(vec![added()])
        .when(DocumentCommand::Describe {
            title: Some(title("Zinc")),
            description: Some(Some("For children".to_owned())),
        })
        .then_expect_events(vec![DocumentEvent::DescriptionChanged { description: Some("For children".to_owned()) }]);
}

#[test]
fn a_document_is_deleted_once() {
    DocumentSpec::with(())
        .given(vec![added()])
        .when(DocumentCommand::Delete)
        .then_expect_events(vec![DocumentEvent::Deleted {}]);
    DocumentSpec::with(())
        .given(vec![added(), DocumentEvent::Deleted {}])
        .when(DocumentCommand::Delete)
        .then_expect_error(DocumentError::NotFound);
}
