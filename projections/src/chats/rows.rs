//! Writes rows of chats and ratings for many events at once: one statement for each kind of row.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{
    chat::ChatEvent,
    envelope::RecordedEvent,
    event::Event,
    values::{ERASED, MessageType, Model},
};
use sqlx::{PgTransaction, query};
use uuid::Uuid;

use crate::ProjectionError;

pub(super) type Written = Result<(), ProjectionError>;

/// The events for which `choose` returns a value, with that value.
pub(super) fn chosen<'a, T>(
    events: &'a [RecordedEvent],
    choose: impl Fn(&'a ChatEvent) -> Option<T>,
) -> Vec<(&'a RecordedEvent, T)> {
    let chosen = events.iter().filter_map(|recorded| {
        let Event::Chat(event) = &recorded.event else { return None };
        Some((recorded, choose(event)?))
    });
    chosen.collect()
}

/// The values of one column, for all rows.
pub(super) fn column<E, T>(rows: &[(&RecordedEvent, E)], value: impl Fn(&RecordedEvent, &E) -> T) -> Vec<T> {
    rows.iter().map(|(recorded, event)| value(recorded, event)).collect()
}

/// The text without NUL, which an encrypted text of the log may have and a column of PostgreSQL may not.
pub(super) fn storable(text: &str) -> String {
    text.replace('\0', "")
}

/// A new chat.
#[derive(Default)]
struct NewChat<'a> {
    project: Option<Uuid>,
    owner: Option<Uuid>,
    key: Option<Uuid>,
    title: &'a str,
    prompt: Option<&'a str>,
    model: Option<i16>,
}

/// Inserts the chats that the events start.
pub(super) async fn insert_chats(events: &[RecordedEvent], tx: &mut PgTransaction<'_>) -> Written {
    let started = chosen(events, |event| {
        if let ChatEvent::Started { project_id, owner, title } = event {
            let (project, owner) = (Some(project_id.value()), Some(owner.value()));
            Some(NewChat { project, owner, title: title.as_str(), ..NewChat::default() })
        } else if let ChatEvent::StartedWithKey { service_id: _, key_id, title, prompt, model } = event {
            let (key, model) = (Some(key_id.value()), model.map(Model::number));
            Some(NewChat { key, title: title.as_str(), prompt: prompt.as_deref(), model, ..NewChat::default() })
        } else {
            None
        }
    });
    if started.is_empty() {
        return Ok(());
    }
    query!(
        "INSERT INTO chats (id, position, project_id, owner, key_id, title, prompt, model, created_at, modified_at)
         SELECT id, position, project_id, owner, key_id, title, prompt, model, at, at
         FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::smallint[],
                     $9::timestamptz[])
           AS started (id, position, project_id, owner, key_id, title, prompt, model, at)
         ON CONFLICT (id) DO NOTHING",
        &column(&started, |recorded, _| recorded.aggregate_id),
        &column(&started, |recorded, _| recorded.position),
        &column(&started, |_, chat| chat.project) as &[Option<Uuid>],
        &column(&started, |_, chat| chat.owner) as &[Option<Uuid>],
        &column(&started, |_, chat| chat.key) as &[Option<Uuid>],
        &column(&started, |_, chat| chat.title.to_owned()),
        &column(&started, |_, chat| chat.prompt.map(storable)) as &[Option<String>],
        &column(&started, |_, chat| chat.model) as &[Option<i16>],
        &column(&started, |recorded, _| recorded.metadata.recorded_at)
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The combined changes of a chat: the last of each kind.
#[derive(Default)]
struct ChatChange<'a> {
    title: Option<&'a str>,
    prompt: Option<Option<&'a str>>,
    model: Option<Option<i16>>,
    is_deleted: bool,
    at: DateTime<Utc>,
}

impl<'a> ChatChange<'a> {
    fn merge(&mut self, event: &'a ChatEvent) {
        if let ChatEvent::Retitled { title } = event {
            self.title = Some(title.as_str());
        } else if let ChatEvent::PromptChanged { prompt } = event {
            self.prompt = Some(prompt.as_deref());
        } else if let ChatEvent::ModelChanged { model } = event {
            self.model = Some(model.map(Model::number));
        } else if matches!(event, ChatEvent::Deleted {} | ChatEvent::SubjectErased {}) {
            self.is_deleted = true;
        }
    }
}

/// Applies all changes of chats among the events, one update for each chat.
pub(super) async fn update_chats(events: &[RecordedEvent], tx: &mut PgTransaction<'_>) -> Written {
    let mut changes: BTreeMap<Uuid, ChatChange<'_>> = BTreeMap::new();
    for (recorded, event) in chosen(events, |event| {
        let is_change = matches!(
            event,
            ChatEvent::Retitled { .. }
                | ChatEvent::PromptChanged { .. }
                | ChatEvent::ModelChanged { .. }
                | ChatEvent::Deleted {}
                | ChatEvent::SubjectErased {}
        );
        is_change.then_some(event)
    }) {
        let change = changes.entry(recorded.aggregate_id).or_default();
        change.merge(event);
        change.at = recorded.metadata.recorded_at;
    }
    if changes.is_empty() {
        return Ok(());
    }
    let (ids, changes): (Vec<Uuid>, Vec<ChatChange<'_>>) = changes.into_iter().unzip();
    query!(
        "UPDATE chats SET
             title = coalesce(change.title, chats.title),
             prompt = CASE WHEN change.has_prompt THEN change.prompt ELSE chats.prompt END,
             model = CASE WHEN change.has_model THEN change.model ELSE chats.model END,
             is_deleted = chats.is_deleted OR change.is_deleted,
             modified_at = change.at
         FROM unnest($1::uuid[], $2::text[], $3::bool[], $4::text[], $5::bool[], $6::smallint[], $7::bool[],
                     $8::timestamptz[])
           AS change (id, title, has_prompt, prompt, has_model, model, is_deleted, at)
         WHERE chats.id = change.id",
        &ids,
        &changes.iter().map(|change| change.title.map(str::to_owned)).collect::<Vec<_>>() as &[Option<String>],
        &changes.iter().map(|change| change.prompt.is_some()).collect::<Vec<_>>(),
        &changes.iter().map(|change| change.prompt.flatten().map(storable)).collect::<Vec<_>>() as &[Option<String>],
        &changes.iter().map(|change| change.model.is_some()).collect::<Vec<_>>(),
        &changes.iter().map(|change| change.model.flatten()).collect::<Vec<_>>() as &[Option<i16>],
        &changes.iter().map(|change| change.is_deleted).collect::<Vec<_>>(),
        &changes.iter().map(|change| change.at).collect::<Vec<_>>()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Inserts the ratings among the events.
pub(super) async fn insert_feedback(events: &[RecordedEvent], tx: &mut PgTransaction<'_>) -> Written {
    let given = chosen(events, |event| {
        let ChatEvent::FeedbackGiven { feedback_id, message_id, liked, message } = event else { return None };
        Some((feedback_id.value(), message_id.value(), *liked, message.as_deref()))
    });
    if given.is_empty() {
        return Ok(());
    }
    query!(
        "INSERT INTO chat_feedback (id, position, chat_id, message_id, liked, message, created_at, modified_at)
         SELECT id, position, chat_id, message_id, liked, message, at, at
         FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[], $5::bool[], $6::text[], $7::timestamptz[])
           AS given (id, position, chat_id, message_id, liked, message, at)
         ON CONFLICT (id) DO NOTHING",
        &column(&given, |_, (id, _, _, _)| *id),
        &column(&given, |recorded, _| recorded.position),
        &column(&given, |recorded, _| recorded.aggregate_id),
        &column(&given, |_, (_, message, _, _)| *message),
        &column(&given, |_, (_, _, liked, _)| *liked),
        &column(&given, |_, (_, _, _, text)| text.map(storable)) as &[Option<String>],
        &column(&given, |recorded, _| recorded.metadata.recorded_at)
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Blanks the personal text of a person's chats, or of a chat without an owner. The result equals that of projecting
/// its events after the erasure, because erasure and projection may come in either order.
pub(super) async fn erase(subject: Uuid, tx: &mut PgTransaction<'_>) -> Written {
    query!(
        "WITH erased AS (
             UPDATE chats SET title = $2, prompt = CASE WHEN prompt IS NOT NULL THEN $2 END
             WHERE owner = $1 OR id = $1
             RETURNING id
         ), said AS (
             UPDATE messages SET text = $2, original_text = $2
             WHERE chat_id IN (SELECT id FROM erased) AND message_type <> $3
         )
         UPDATE chat_feedback SET message = $2
         WHERE chat_id IN (SELECT id FROM erased) AND message IS NOT NULL",
        subject,
        ERASED,
        MessageType::System.number()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
