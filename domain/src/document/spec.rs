//! The document's rules, as given / when / then.

use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::{Document, DocumentCommand, DocumentError, DocumentEvent, EmbeddingFailure, Source};
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
    DocumentCommand::RecordEmbedding { version: 1, passages: 3, model: "m".to_owned() }
}

fn embedded() -> DocumentEvent {
    DocumentEvent::Embedded { version: 1, passages: 3, model: "m".to_owned() }
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
        .when(DocumentCommand::RecordEmbeddingFailure { version: 1, reason: EmbeddingFailure::Provider })
        .then_expect_error(DocumentError::NotWaiting);
}

#[test]
fn an_embedding_of_another_version_is_refused() {
    DocumentSpec::with(())
        .given(vec![added()])
        .when(DocumentCommand::RecordEmbedding { version: 2, passages: 3, model: "m".to_owned() })
        .then_expect_error(DocumentError::NotWaiting);
}

#[test]
fn a_failed_embedding_says_why() {
    DocumentSpec::with(())
        .given(vec![added()])
        .when(DocumentCommand::RecordEmbeddingFailure { version: 1, reason: EmbeddingFailure::NoText })
        .then_expect_events(vec![DocumentEvent::EmbeddingFailed { version: 1, reason: EmbeddingFailure::NoText }]);
}

#[test]
fn a_deleted_document_cannot_be_embedded() {
    DocumentSpec::with(())
        .given(vec![added(), DocumentEvent::Deleted {}])
        .when(record_embedding())
        .then_expect_error(DocumentError::NotFound);
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
