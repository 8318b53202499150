//! Who read what of another person, or was refused it: for auditors and superusers.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use domain::{
    AggregateType,
    access::{Access, AccessEvent},
    envelope::{Actor, RecordedEvent},
    event::Event,
    ids::{SessionId, UserId},
    personal::Personal,
    user::UserEvent,
    values::ERASED,
};
use serde::Serialize;
use sqlx::{PgTransaction, query};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{OtherStream, ProjectionError, Projector, QueryError, Views};

pub(crate) struct AccessesProjector;

#[async_trait]
impl Projector for AccessesProjector {
    fn name(&self) -> &'static str {
        "accesses"
    }

    fn aggregate_types(&self) -> &'static [AggregateType] {
        &[AggregateType::Access, AggregateType::User]
    }

    fn tables(&self) -> &'static [&'static str] {
        &["accesses"]
    }

    fn others(&self, recorded: &RecordedEvent) -> Vec<OtherStream> {
        let Event::Access(AccessEvent::AccessGranted(access) | AccessEvent::AccessRefused(access)) = &recorded.event
        else {
            return vec![];
        };
        let acting = if let Actor::User(user) = recorded.metadata.actor { Some(user) } else { None };
        access.reader.or(acting).map(OtherStream::erasure_of).into_iter().collect()
    }

    async fn project(&self, recorded: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ProjectionError> {
        let (access, is_granted) = match &recorded.event {
            Event::Access(AccessEvent::AccessGranted(access)) => (access, true),
            Event::Access(AccessEvent::AccessRefused(access)) => (access, false),
            Event::User(UserEvent::SubjectErased {}) => {
                // As projecting the events after the erasure: the texts of an erased reader are not to be shown.
                query!(
                    "UPDATE accesses SET reason = $2 WHERE reader = $1 AND reason IS NOT NULL",
                    Actor::User(UserId::new(recorded.aggregate_id)).to_string(),
                    ERASED
                )
                .execute(&mut **tx)
                .await?;
                return Ok(());
            }
            Event::User(_)
            | Event::Project(_)
            | Event::Document(_)
            | Event::Chat(_)
            | Event::Service(_)
            | Event::TestSuite(_)
            | Event::TestRun(_)
            | Event::Feedback(_)
            | Event::Erasure(_) => return Ok(()),
        };
        let Access { reader, session_id, roles, what, request, objects, reason } = access;
        let reader = reader.map_or_else(|| recorded.metadata.actor.to_string(), |id| Actor::User(id).to_string());
        let roles: Vec<String> = roles.iter().map(|role| <&str>::from(role).to_owned()).collect();
        let kinds: Vec<Option<String>> =
            objects.iter().map(|object| object.kind.map(|kind| kind.name().to_owned())).collect();
        let ids: Vec<Uuid> = objects.iter().map(|object| object.id).collect();
        let owners: Vec<Option<Uuid>> = objects.iter().map(|object| object.owner.map(UserId::value)).collect();
        query!(
            r#"INSERT INTO accesses (position, place, event_id, recorded_at, reader, session_id, roles, what, request,
                                     is_granted, object_kind, object_id, owner, reason)
               SELECT $1, coalesce(place, 1), $2, $3, $4, $5, $6, $7, $8, $9, kind, id, owner, $13
               FROM (SELECT) AS one
               LEFT JOIN unnest($10::text[], $11::uuid[], $12::uuid[]) WITH ORDINALITY AS object (kind, id, owner, place) ON true
               ON CONFLICT DO NOTHING"#,
            recorded.position,
            recorded.metadata.event_id.value(),
            recorded.metadata.recorded_at,
            reader,
            session_id.map(SessionId::value),
            &roles,
            <&str>::from(what),
            request,
            is_granted,
            &kinds as &[Option<String>],
            &ids,
            &owners as &[Option<Uuid>],
            reason.as_ref().map(Personal::as_str),
        )
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}

/// The accesses that are wanted; all of them by default.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Whoever read.
    pub reader: Option<Actor>,
    /// Whose data was read.
    pub owner: Option<UserId>,
    /// What was read.
    pub object: Option<Uuid>,
    /// The time of the first access.
    pub from: Option<DateTime<Utc>>,
    /// The time before which the accesses are.
    pub until: Option<DateTime<Utc>>,
}

/// A part of the accesses, in the order of the log.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AccessPage {
    pub accesses: Vec<AccessView>,
    /// The position behind which the next page begins; null on the last page.
    pub next_after: Option<i64>,
}

/// An access. Text of a person who was erased reads `[erased]`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AccessView {
    /// The position in the whole log.
    #[schema(minimum = 1)]
    pub position: i64,
    pub event_id: Uuid,
    /// The id of the record, by which its own history is found (kind `access`). Views do not have it: the caller adds it from
    /// the log, as the address.
    pub access_id: Uuid,
    /// The time of recording, in RFC 3339 format with microseconds.
    pub recorded_at: String,
    /// `user:…` or `service:…`.
    pub reader: String,
    /// The roles that the reader held.
    pub roles: Vec<String>,
    /// The reader's login; null without one.
    pub session_id: Option<Uuid>,
    /// The way, such as `chat` or `timeline`.
    pub what: String,
    /// The method and the path, with the names of its ids in their place.
    pub request: String,
    /// Whether it was shown.
    pub is_granted: bool,
    /// What was read, as far as it was asked for.
    pub objects: Vec<AccessedView>,
    /// The client's network address; null if it is not known. Views do not have it: it is encrypted in the log, from which
    /// the caller adds it.
    pub client_address: Option<String>,
    /// Why, in the reader's words; null if nothing was said.
    pub reason: Option<String>,
}

/// A thing that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AccessedView {
    /// Its type, such as `chat`; null if only its id is known.
    pub kind: Option<String>,
    pub id: Uuid,
    /// The person whose it is; null if it is nobody's.
    pub owner: Option<Uuid>,
}

/// At most `limit` accesses behind a position, with those of their objects that are asked for.
///
/// # Errors
/// [`QueryError`] if the view cannot be read.
pub async fn list(db: &Views, filter: &Filter, after: i64, limit: i64) -> Result<AccessPage, QueryError> {
    let Filter { reader, owner, object, from, until } = filter;
    let rows = query!(
        r#"WITH wanted AS (
               SELECT * FROM views.accesses
               WHERE position > $1
                 AND ($2::text IS NULL OR reader = $2)
                 AND ($3::uuid IS NULL OR owner = $3)
                 AND ($4::uuid IS NULL OR object_id = $4)
                 AND ($5::timestamptz IS NULL OR recorded_at >= $5)
                 AND ($6::timestamptz IS NULL OR recorded_at < $6)
           ), page AS (SELECT DISTINCT position FROM wanted ORDER BY position LIMIT $7)
           SELECT wanted.* FROM wanted JOIN page USING (position) ORDER BY position, place"#,
        after,
        reader.as_ref().map(Actor::to_string),
        owner.map(UserId::value),
        *object,
        *from,
        *until,
        limit.saturating_add(1),
    )
    .fetch_all(db)
    .await?;
    let mut accesses: Vec<AccessView> = vec![];
    for row in rows {
        let seen = row.object_id.map(|id| AccessedView { kind: row.object_kind, id, owner: row.owner });
        match accesses.last_mut() {
            Some(last) if last.position == row.position => last.objects.extend(seen),
            _ => accesses.push(AccessView {
                position: row.position,
                event_id: row.event_id,
                access_id: Uuid::nil(),
                recorded_at: row.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true),
                reader: row.reader,
                roles: row.roles,
                session_id: row.session_id,
                what: row.what,
                request: row.request,
                is_granted: row.is_granted,
                objects: seen.into_iter().collect(),
                client_address: None,
                reason: row.reason,
            }),
        }
    }
    let has_more = i64::try_from(accesses.len()).is_ok_and(|count| count > limit);
    if has_more {
        accesses.pop();
    }
    let next_after = accesses.last().filter(|_| has_more).map(|last| last.position);
    Ok(AccessPage { accesses, next_after })
}

/// The last reason that was given for each of these objects in this log-in; objects without one are left out.
///
/// A reason holds for a thing if it was given when that thing alone was opened, which the request tells: by the pattern of
/// its path, only that of one thing ends in, or has, `{id}`. The reason of a list is for the list.
///
/// # Errors
/// [`QueryError`] if the view cannot be read.
pub async fn reasons_given(
    db: &Views,
    session: SessionId,
    objects: &[Uuid],
) -> Result<HashMap<Uuid, String>, QueryError> {
    let rows = query!(
        r#"SELECT DISTINCT ON (object_id) object_id AS "object_id!", reason AS "reason!" FROM views.accesses
           WHERE session_id = $1 AND object_id = ANY($2) AND reason IS NOT NULL AND is_granted
             AND strpos(request, '{id}') > 0
           ORDER BY object_id, position DESC"#,
        session.value(),
        objects
    );
    Ok(rows.fetch_all(db).await?.into_iter().map(|row| (row.object_id, row.reason)).collect())
}
