//! What the views have of a subject that was erased, for the receipt that they have nothing to read any more.

use domain::{
    envelope::Actor,
    ids::{SubjectId, UserId},
    values::{ERASED, MessageType},
};
use sqlx::query;

use crate::{QueryError, Views};

/// Rows of all views that are of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowsOfSubject {
    /// Those that have text which is not [`ERASED`].
    pub with_text: i64,
    /// All of them.
    pub all: i64,
}

/// Counts the rows of a person, or of a chat that is its own subject.
///
/// # Errors
/// [`QueryError`] if the views cannot be read.
pub async fn rows_of(db: &Views, subject: SubjectId) -> Result<RowsOfSubject, QueryError> {
    let counted = query!(
        r#"WITH own AS (
               SELECT id, title, prompt FROM views.chats WHERE owner = $1 OR id = $1
           ), found AS (
               SELECT true AS has_text FROM views.users WHERE id = $1
               UNION ALL
               SELECT title <> $2 OR coalesce(prompt <> $2, false) FROM own
               UNION ALL
               SELECT text <> $2 OR coalesce(original_text <> $2, false) FROM views.messages
               WHERE chat_id IN (SELECT id FROM own) AND message_type <> $3
               UNION ALL
               SELECT coalesce(message <> $2, false) FROM views.chat_feedback WHERE chat_id IN (SELECT id FROM own)
               UNION ALL
               SELECT notes <> $2 FROM views.run_feedback WHERE author = $1
               UNION ALL
               SELECT reason <> $2 FROM views.accesses WHERE reader = $4 AND reason IS NOT NULL
           )
           SELECT count(*) AS "all!", count(*) FILTER (WHERE has_text) AS "with_text!" FROM found"#,
        subject.value(),
        ERASED,
        MessageType::System.number(),
        Actor::User(UserId::new(subject.value())).to_string()
    )
    .fetch_one(db)
    .await?;
    Ok(RowsOfSubject { with_text: counted.with_text, all: counted.all })
}
