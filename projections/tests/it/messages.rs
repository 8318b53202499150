//! Questions, answers and notices.

use domain::{
    chat::{AnswerFailure, ChatEvent},
    document::DocumentEvent,
};
use insta::assert_json_snapshot;
use projections::{
    Views,
    chats::{MessageView, message},
};
use sqlx::PgPool;

use crate::history::{
    CHAT, GUIDE, History, LEAFLET, MEDIA, NURSE, WARD, added, answer_id, answered, apply, asked, detail, embedded,
    question_id, retrieved, started, title, version_added,
};

/// A chat in which nothing has been said.
fn history() -> History {
    let mut history = History::default();
    history.chat(CHAT, started(WARD, NURSE, "New chat"));
    history
}

async fn conversation(history: &History, pool: &PgPool) -> Vec<MessageView> {
    let views = Views::beside(pool);
    history.shows(pool, async || detail(&views, WARD, CHAT).await.expect("there").chats).await
}

fn failed(turn: u128, notice: Option<&str>) -> ChatEvent {
    ChatEvent::AnswerFailed {
        answer_id: answer_id(turn),
        reason: AnswerFailure::Interrupted,
        partial_text: "Half an ans".into(),
        notice: notice.map(str::to_owned),
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_question_is_shown_as_typed_and_in_english_on_one_line(pool: PgPool) {
    let mut history = history();
    history.chat(CHAT, asked(1, "Zinc?\nHow much?"));
    assert_json_snapshot!(conversation(&history, &pool).await);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_nul_in_a_question_or_an_answer_is_left_out(pool: PgPool) {
    let mut history = history();
    history.chat(CHAT, asked(1, "Zi\0nc?")).chat(CHAT, answered(1, "14\0 days", &[]));
    let conversation = conversation(&history, &pool).await;
    assert_eq!(conversation.into_iter().map(|message| message.message).collect::<Vec<_>>(), ["Zinc?", "14 days"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_answer_is_shown_with_its_sources_times_and_parameters(pool: PgPool) {
    let mut history = history();
    history
        .chat(CHAT, asked(1, "Zinc?"))
        .document(GUIDE, added(WARD, "Guide", Some("guide.pdf")))
        .document(GUIDE, embedded());
    history.chat(CHAT, answered(1, "*14* days.\nNo less.", &[GUIDE]));
    assert_json_snapshot!(conversation(&history, &pool).await[1]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_failure_with_a_notice_is_a_message_of_the_system(pool: PgPool) {
    let mut history = history();
    history.chat(CHAT, asked(1, "Zinc?")).chat(CHAT, failed(1, Some("Something went wrong")));
    assert_json_snapshot!(conversation(&history, &pool).await[1]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_failure_without_a_notice_leaves_the_question_alone(pool: PgPool) {
    let mut history = history();
    history.chat(CHAT, asked(1, "Zinc?")).chat(CHAT, failed(1, None));
    let conversation = conversation(&history, &pool).await;
    assert_eq!(conversation.into_iter().map(|message| message.message).collect::<Vec<_>>(), ["Zinc?"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn messages_come_in_the_order_in_which_they_were_recorded(pool: PgPool) {
    let mut history = history();
    history
        .chat(CHAT, asked(9, "First?"))
        .chat(CHAT, asked(1, "Second?"))
        .chat(CHAT, answered(1, "Second.", &[]))
        .chat(CHAT, answered(9, "First.", &[]));
    let conversation = conversation(&history, &pool).await;
    assert_eq!(
        conversation.into_iter().map(|message| message.message).collect::<Vec<_>>(),
        ["First?", "Second?", "Second.", "First."]
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_answer_goes_on_showing_a_document_that_was_deleted(pool: PgPool) {
    let mut history = history();
    history
        .document(GUIDE, added(WARD, "Guide", None))
        .document(LEAFLET, added(WARD, "Leaflet", None))
        .chat(CHAT, asked(1, "Zinc?"))
        .chat(CHAT, answered(1, "14 days", &[LEAFLET, GUIDE]))
        .document(LEAFLET, DocumentEvent::Deleted {});
    let conversation = conversation(&history, &pool).await;
    let sources: Vec<_> = conversation[1].reference_documents.iter().map(|document| &document.title).collect();
    assert_eq!(sources, ["Leaflet", "Guide"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn asking_leaves_the_chats_times_alone_and_retitling_does_not(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = history();
    history
        .chat(CHAT, asked(1, "Zinc?"))
        .chat(CHAT, ChatEvent::Retitled { title: title("Zinc?").into() })
        .chat(CHAT, answered(1, "14 days", &[]));
    let chat = history.shows(&pool, async || detail(&views, WARD, CHAT).await).await.expect("there");
    assert_eq!(chat.title, "Zinc?");
    assert_eq!((chat.created_at, chat.modified_at), (crate::history::at(1), crate::history::at(3)));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_single_message_is_the_one_of_the_conversation(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = history();
    history
        .document(GUIDE, added(WARD, "Guide", Some("guide.pdf")))
        .chat(CHAT, asked(1, "Zinc?"))
        .chat(CHAT, answered(1, "14 days", &[GUIDE]));
    let conversation = conversation(&history, &pool).await;
    for (place, id) in [question_id(1), answer_id(1)].into_iter().enumerate() {
        let single = message(&views, id, MEDIA).await.expect("read");
        assert_eq!(single.as_ref(), Some(&conversation[place]));
    }
    assert_eq!(message(&views, answer_id(2), MEDIA).await.expect("read"), None);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_files_of_a_converse_response_have_relative_addresses(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = history();
    history
        .document(GUIDE, added(WARD, "Guide", Some("guide.pdf")))
        .chat(CHAT, asked(1, "Zinc?"))
        .chat(CHAT, answered(1, "14 days", &[GUIDE]));
    let answer = history.shows(&pool, async || message(&views, answer_id(1), "/media/").await.expect("read")).await;
    let file = answer.expect("there").reference_documents.remove(0).file;
    assert_eq!(file.as_deref(), Some("/media/guide.pdf"));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_answer_to_a_question_that_is_not_there_is_an_error(pool: PgPool) {
    let mut history = history();
    history.chat(CHAT, asked(1, "Zinc?")).chat(CHAT, answered(1, "14 days", &[]));
    let [started, _, answered] = history.events() else { panic!("three events") };
    apply(&pool, [started]).await;
    let mut tx = pool.begin().await.expect("a transaction");
    let chats = projections::projectors().into_iter().find(|projector| projector.name() == "chats");
    let chats = chats.expect("chats have a projector");
    assert!(chats.project(answered, &mut tx).await.is_err());
}

/// A source that says another dose than the answer would be worse than none.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_answer_shows_its_documents_in_the_versions_that_it_was_made_from(pool: PgPool) {
    let mut history = history();
    history
        .document(GUIDE, added(WARD, "Guide", Some("guide.pdf")))
        .document(GUIDE, embedded())
        .chat(CHAT, asked(1, "Zinc?"))
        .chat(CHAT, retrieved(1, &[(GUIDE, 1)]))
        .chat(CHAT, answered(1, "14 days", &[GUIDE]))
        .document(GUIDE, version_added(2, "guide-2.pdf"))
        .chat(CHAT, asked(2, "Zinc?"))
        .chat(CHAT, retrieved(2, &[(GUIDE, 2)]))
        .chat(CHAT, answered(2, "10 days", &[GUIDE]))
        .document(GUIDE, version_added(3, "guide-3.pdf"))
        .chat(CHAT, asked(3, "Zinc?"))
        .chat(CHAT, answered(3, "10 days", &[GUIDE]));
    let conversation = conversation(&history, &pool).await;
    let sources = conversation.iter().flat_map(|message| &message.reference_documents);
    let files: Vec<_> = sources.map(|source| (source.file.as_deref(), source.uploading)).collect();
    assert_eq!(
        files,
        [
            (Some("http://host/media/guide.pdf"), false),
            (Some("http://host/media/guide-2.pdf"), false),
            (Some("http://host/media/guide-3.pdf"), true)
        ],
        "where no version is known, the newest one is shown"
    );
    let single = message(&Views::beside(&pool), answer_id(1), MEDIA).await.expect("read").expect("there");
    assert_eq!(single.reference_documents, conversation[1].reference_documents);
}
