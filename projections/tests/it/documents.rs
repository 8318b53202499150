//! Reference documents.

use domain::{
    document::{DocumentEvent, EmbeddingFailure, Note, Source},
    ids::ProjectId,
    values::DocumentType,
};
use insta::assert_json_snapshot;
use projections::{
    Views,
    documents::{TrackedDocument, find, find_many, of_ids, ordering_column, page},
    listing::{Ordering, Page, Window},
};
use sqlx::PgPool;

use crate::history::{CLINIC, GUIDE, History, LEAFLET, MEDIA, WARD, added, embedded, everything, title};

async fn list(views: &Views, project: ProjectId, window: &Window) -> Page<TrackedDocument> {
    let page = page(views, project, window).await.expect("read");
    let documents = of_ids(views, &page.results, MEDIA).await.expect("read");
    page.with_rows(documents)
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_new_document_waits_for_its_embedding(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = History::default();
    history.document(GUIDE, added(WARD, "Guide", Some("a_b_1é.txt")));
    let guide = history.shows(&pool, async || find(&views, WARD, GUIDE, MEDIA).await.expect("read")).await;
    assert_json_snapshot!(guide);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_embedded_document_does_not_wait_any_more(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = History::default();
    history
        .document(LEAFLET, added(WARD, "Leaflet", None))
        .document(LEAFLET, DocumentEvent::TitleChanged { title: title("Leaflet 2") })
        .document(LEAFLET, DocumentEvent::DescriptionChanged { description: Some("On hygiene".to_owned()) })
        .document(LEAFLET, embedded());
    let leaflet = history.shows(&pool, async || find(&views, WARD, LEAFLET, MEDIA).await.expect("read")).await;
    assert_json_snapshot!(leaflet);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_document_whose_embedding_failed_says_why(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = History::default();
    history.document(GUIDE, added(WARD, "Guide", Some("guide.pdf"))).document(
        GUIDE,
        DocumentEvent::EmbeddingFailed { version: 1, reason: EmbeddingFailure::NoText, notes: vec![] },
    );
    let guide =
        history.shows(&pool, async || find(&views, WARD, GUIDE, MEDIA).await.expect("read")).await.expect("there");
    let guide = guide.document;
    assert_eq!((guide.uploading, guide.failed, guide.failure_reason.as_deref()), (false, true, Some("no text found")));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_document_has_the_notes_of_a_version_that_failed_or_of_the_one_that_answers_are_made_from(pool: PgPool) {
    let views = Views::beside(&pool);
    let (kind, message) =
        ("legacy_font_unknown".to_owned(), "The font ML-TTKarthika is from before Unicode.".to_owned());
    let font = Note { kind, message, count: 1, pages: vec![], names: vec!["ML-TTKarthika".to_owned()] };
    let failed = |reason, notes| DocumentEvent::EmbeddingFailed { version: 1, reason, notes };
    let mut history = History::default();
    history
        .document(GUIDE, added(WARD, "Guide", Some("guide.docx")))
        .document(GUIDE, failed(EmbeddingFailure::LegacyFont, vec![font.clone()]))
        .document(LEAFLET, added(WARD, "Leaflet", None))
        .document(LEAFLET, embedded())
        // Nothing is read where the provider fails.
        .document(LEAFLET, failed(EmbeddingFailure::Provider, vec![]));
    let notes = async |id| {
        let found = find(&views, WARD, id, MEDIA).await.expect("read").expect("there");
        found.notes.into_iter().map(|note| note.kind).collect::<Vec<_>>()
    };
    let shown = history.shows(&pool, async || (notes(GUIDE).await, notes(LEAFLET).await)).await;
    assert_eq!(shown, (vec!["legacy_font_unknown".to_owned()], vec!["pages_without_text".to_owned()]));

    // A new version has none of the failure before; the notes on what is answered from come back as soon as a failure is over.
    let source = |version| DocumentEvent::VersionAdded {
        version,
        creator: None,
        source: Source { document_type: DocumentType::Text, file: None, text_content: Some("Wash.".to_owned()) },
    };
    history
        .document(GUIDE, source(2))
        .document(
            GUIDE,
            DocumentEvent::EmbeddingFailed { version: 2, reason: EmbeddingFailure::Encrypted, notes: vec![] },
        )
        .document(LEAFLET, source(2))
        .document(
            LEAFLET,
            DocumentEvent::EmbeddingFailed { version: 2, reason: EmbeddingFailure::LegacyFont, notes: vec![font] },
        );
    let shown = history.shows(&pool, async || (notes(GUIDE).await, notes(LEAFLET).await)).await;
    assert_eq!(shown, (vec![], vec!["legacy_font_unknown".to_owned()]));
    history.document(LEAFLET, DocumentEvent::EmbeddingRequested { version: 2 });
    let shown = history.shows(&pool, async || notes(LEAFLET).await).await;
    assert_eq!(shown, ["pages_without_text"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_document_is_found_in_its_own_project_only(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = History::default();
    history.document(GUIDE, added(WARD, "Guide", None)).document(LEAFLET, added(CLINIC, "Leaflet", None));
    let (elsewhere, titles) = history
        .shows(&pool, async || {
            let elsewhere = find(&views, CLINIC, GUIDE, MEDIA).await.expect("read");
            let page = list(&views, CLINIC, &everything()).await;
            (elsewhere, page.map(|document| document.document.title).results)
        })
        .await;
    assert_eq!(elsewhere, None);
    assert_eq!(titles, ["Leaflet"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn documents_come_oldest_first_unless_ordered_otherwise(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = History::default();
    history
        .document(LEAFLET, added(WARD, "Leaflet", None))
        .document(GUIDE, added(WARD, "Guide", None))
        .document(LEAFLET, embedded());
    let newest_first = Window { ordering: Ordering::parse("-created_at", ordering_column), ..everything() };
    let read = async |window: &Window| {
        let page = list(&views, WARD, window).await;
        page.map(|document| document.document.title).results
    };
    let titles = history.shows(&pool, async || (read(&everything()).await, read(&newest_first).await)).await;
    assert_eq!(titles.0, ["Leaflet", "Guide"]);
    assert_eq!(titles.1, ["Guide", "Leaflet"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_deleted_document_is_found_only_by_those_who_ask_for_old_ones(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = History::default();
    history
        .document(GUIDE, added(WARD, "Guide", None))
        .document(LEAFLET, added(WARD, "Leaflet", None))
        .document(GUIDE, DocumentEvent::Deleted {});
    let (found, listed, many) = history
        .shows(&pool, async || {
            let ids = [LEAFLET.value(), GUIDE.value()];
            let many = find_many(&views, &ids, MEDIA).await.expect("read");
            (
                find(&views, WARD, GUIDE, MEDIA).await.expect("read"),
                list(&views, WARD, &everything()).await.count,
                many.into_iter().map(|document| document.title).collect::<Vec<_>>(),
            )
        })
        .await;
    assert_eq!(found, None);
    assert_eq!(listed, 1);
    assert_eq!(many, ["Leaflet", "Guide"]);
}
