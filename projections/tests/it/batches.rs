//! What events leave does not depend on how many of them come at once.

use domain::{
    chat::{AnswerFailure, ChatEvent, Stage},
    document::StoredFile,
    ids::{FeedbackId, MessageId},
    personal::Personal,
    values::Model,
};
use projections::projectors;
use sqlx::{Executor as _, PgPool};

use crate::history::{
    CHAT, DOCTOR, GUIDE, History, LEAFLET, NURSE, OTHER_CHAT, WARD, answer_id, answered, api_key, apply, asked, at,
    number, retrieved, started, title,
};

fn retitled(text: &str) -> ChatEvent {
    ChatEvent::Retitled { title: title(text).into() }
}

fn prompt(text: Option<&str>) -> ChatEvent {
    ChatEvent::PromptChanged { prompt: text.map(Personal::from) }
}

fn spoken(turn: u128, name: &str) -> ChatEvent {
    let stage = Stage { started_at: at(4), ended_at: at(5) };
    let audio = StoredFile { name: name.to_owned(), size: 7, sha256: String::new() };
    ChatEvent::AnswerSpoken { answer_id: answer_id(turn), audio, speech: stage, upload: stage }
}

fn rated(feedback: u128, turn: u128, message: Option<&str>) -> ChatEvent {
    let feedback_id = FeedbackId::new(number(feedback));
    ChatEvent::FeedbackGiven {
        feedback_id,
        message_id: answer_id(turn),
        liked: true,
        message: message.map(Personal::from),
    }
}

/// Every kind of event of a chat, also several of a kind, of chats that take turns.
fn conversations() -> History {
    let key_chat = ChatEvent::StartedWithKey {
        service_id: crate::history::TABLETS,
        key_id: api_key(1),
        title: title("K").into(),
        prompt: Some("P".into()),
        model: None,
    };
    let failed = |turn, notice: Option<&str>| ChatEvent::AnswerFailed {
        answer_id: answer_id(turn),
        reason: AnswerFailure::Interrupted,
        partial_text: "Zi".into(),
        notice: notice.map(str::to_owned),
    };
    let unheard = ChatEvent::TranscriptionFailed { message_id: MessageId::new(number(501)), notice: "?".to_owned() };
    let third = domain::ids::ChatId::new(number(33));
    let mut history = History::default();
    history.chat(CHAT, started(WARD, NURSE, "New")).chat(OTHER_CHAT, key_chat).chat(third, started(WARD, DOCTOR, "D"));
    history.chat(CHAT, asked(1, "Zinc?\0")).chat(CHAT, retitled("Zinc")).chat(OTHER_CHAT, asked(2, "Iron?"));
    history
        .chat(CHAT, retrieved(1, &[(LEAFLET, 3), (GUIDE, 2)]))
        .chat(CHAT, answered(1, "Yes.", &[GUIDE]))
        .chat(OTHER_CHAT, failed(2, Some("Sorry")));
    history.chat(CHAT, spoken(1, "a.mp3")).chat(CHAT, rated(601, 1, None)).chat(CHAT, rated(602, 1, Some("Good\0")));
    history
        .chat(OTHER_CHAT, retrieved(2, &[(GUIDE, 1)]))
        .chat(OTHER_CHAT, prompt(None))
        .chat(OTHER_CHAT, prompt(Some("Q\0")))
        .chat(OTHER_CHAT, unheard);
    history.chat(OTHER_CHAT, ChatEvent::ModelChanged { model: Some(Model::Gpt4) });
    history
        .chat(CHAT, asked(3, "How?"))
        .chat(CHAT, retrieved(3, &[(GUIDE, 1)]))
        .chat(CHAT, answered(3, "So.", &[]))
        .chat(CHAT, spoken(1, "b.mp3"));
    history.chat(OTHER_CHAT, ChatEvent::ModelChanged { model: None }).chat(CHAT, retitled("Zinc and iron"));
    history.chat(third, prompt(None)).chat(third, ChatEvent::Deleted {}).chat(CHAT, asked(4, "When?"));
    history.chat(CHAT, failed(4, None));
    history
}

async fn rows(db: &PgPool, schema: &str) -> Vec<String> {
    let mut rows = Vec::new();
    for table in ["chats", "messages", "chat_feedback"] {
        let sql = format!("SELECT row_to_json(t)::text FROM {schema}.{table} AS t ORDER BY position");
        rows.extend(sqlx::query_scalar::<_, String>(&sql).fetch_all(db).await.expect("the rows can be read"));
    }
    rows
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn events_of_chats_leave_the_same_rows_in_batches_of_any_size(db: PgPool) {
    let history = conversations();
    apply(&db, history.events()).await;
    let one_by_one = rows(&db, "views").await;
    assert_eq!(one_by_one.len(), 3 + 8 + 2);
    let projector = projectors().into_iter().find(|projector| projector.name() == "chats").expect("there is one");
    for size in [2, 3, 5, 8, history.events().len()] {
        let mut tx = db.begin().await.expect("a transaction");
        tx.execute("CREATE SCHEMA other").await.expect("it is new");
        for table in projector.tables() {
            let sql = format!("CREATE TABLE other.{table} (LIKE views.{table} INCLUDING ALL)");
            tx.execute(sql.as_str()).await.expect("it is new");
        }
        tx.execute("SET LOCAL search_path = other, public").await.expect("a path can be set");
        for batch in history.events().chunks(size) {
            projector.project_all(batch, &mut tx).await.expect("the events are projected");
        }
        tx.commit().await.expect("it commits");
        assert_eq!(rows(&db, "other").await, one_by_one, "batches of {size}");
        db.execute("DROP SCHEMA other CASCADE").await.expect("it was made");
    }
}
