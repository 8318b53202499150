//! Feedback of reviewers on results of test runs.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AggregateType,
    envelope::RecordedEvent,
    event::Event,
    feedback::FeedbackEvent,
    ids::{ResultId, RunFeedbackId},
    user::UserEvent,
    values::ERASED,
};
use serde::Serialize;
use sqlx::{PgTransaction, QueryBuilder, query, query_as, query_scalar};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    OtherStream, ProjectionError, Projector, QueryError, Views,
    listing::{FOUND, Page, Window, page_of_ids},
    timestamps,
    users::{self, UserView},
};

pub(crate) struct RunFeedbackProjector;

#[async_trait]
impl Projector for RunFeedbackProjector {
    fn name(&self) -> &'static str {
        "run_feedback"
    }

    fn aggregate_types(&self) -> &'static [AggregateType] {
        &[AggregateType::Feedback, AggregateType::User]
    }

    fn tables(&self) -> &'static [&'static str] {
        &["run_feedback"]
    }

    fn others(&self, recorded: &RecordedEvent) -> Vec<OtherStream> {
        let Event::Feedback(FeedbackEvent::Given { author, .. }) = &recorded.event else { return vec![] };
        vec![OtherStream::erasure_of(*author)]
    }

    async fn project(&self, recorded: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ProjectionError> {
        let id = recorded.aggregate_id;
        if let Event::User(UserEvent::SubjectErased {}) = &recorded.event {
            // The same as projecting the events after the erasure, because erasure and projection may come in either
            // order.
            let erased = query!("UPDATE run_feedback SET notes = $2 WHERE author = $1", id, ERASED);
            erased.execute(&mut **tx).await?;
            return Ok(());
        }
        let Event::Feedback(event) = &recorded.event else { return Ok(()) };
        let at = recorded.metadata.recorded_at;
        let statement = match event {
            FeedbackEvent::Given { author, run_id: _, result_id, rating, notes } => query!(
                "INSERT INTO run_feedback (id, position, author, result_id, rating, notes, created_at, modified_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (id) DO NOTHING",
                id,
                recorded.position,
                author.value(),
                result_id.value(),
                rating.number(),
                notes.as_str(),
                at
            ),
            FeedbackEvent::RatingChanged { rating } => {
                query!("UPDATE run_feedback SET rating = $3, modified_at = $2 WHERE id = $1", id, at, rating.number())
            }
            FeedbackEvent::NotesChanged { notes } => {
                query!("UPDATE run_feedback SET notes = $3, modified_at = $2 WHERE id = $1", id, at, notes.as_str())
            }
            FeedbackEvent::Deleted {} => {
                query!("UPDATE run_feedback SET is_deleted = true, modified_at = $2 WHERE id = $1", id, at)
            }
        };
        statement.execute(&mut **tx).await?;
        Ok(())
    }
}

/// A feedback in the contract's shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RunFeedbackView {
    /// The author; also after the account was deleted, for screens that show the name.
    pub user_object: UserView,
    pub external_id: Uuid,
    #[schema(minimum = 1, maximum = 6)]
    pub rating: i16,
    pub notes: String,
    #[serde(with = "timestamps")]
    pub created_at: DateTime<Utc>,
    #[serde(with = "timestamps")]
    pub modified_at: DateTime<Utc>,
}

struct FeedbackRow {
    id: Uuid,
    author: Uuid,
    result_id: Uuid,
    rating: i16,
    notes: String,
    created_at: DateTime<Utc>,
    modified_at: DateTime<Utc>,
}

/// The column behind a name that a client may order the list by.
pub fn ordering_column(wire_name: &str) -> Option<&'static str> {
    Some(match wire_name {
        "external_id" => "id",
        "rating" => "rating",
        "notes" => "notes",
        "created_at" => "created_at",
        "modified_at" => "modified_at",
        _ => return None,
    })
}

/// Feedback on one result, or on all of them; oldest first unless ordered otherwise.
pub async fn list(db: &Views, result: Option<ResultId>, window: &Window) -> Result<Page<RunFeedbackView>, QueryError> {
    let mut found = QueryBuilder::new(format!("{FOUND}SELECT * FROM views.run_feedback WHERE NOT is_deleted"));
    if let Some(result) = result {
        found.push(" AND result_id = ").push_bind(result.value());
    }
    let page = page_of_ids(db, found, "position", window).await?;
    let rows = query_as!(
        FeedbackRow,
        "SELECT run_feedback.id, author, result_id, rating, notes, created_at, modified_at
         FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place) JOIN views.run_feedback USING (id)
         ORDER BY place",
        &page.results
    )
    .fetch_all(db)
    .await?;
    let views = views(db, rows).await?;
    Ok(page.with_rows(views.into_iter().map(|(_, view)| view).collect()))
}

/// The id of the feedback with this number, by which the contract addresses it.
pub async fn id_of(db: &Views, number: i64) -> Result<Option<RunFeedbackId>, QueryError> {
    let id = query_scalar!("SELECT id FROM views.run_feedback WHERE position = $1 AND NOT is_deleted", number)
        .fetch_optional(db)
        .await?;
    Ok(id.map(RunFeedbackId::new))
}

/// The feedback with this id.
pub async fn find(db: &Views, id: RunFeedbackId) -> Result<Option<RunFeedbackView>, QueryError> {
    let rows = query_as!(
        FeedbackRow,
        "SELECT id, author, result_id, rating, notes, created_at, modified_at
         FROM views.run_feedback WHERE id = $1 AND NOT is_deleted",
        id.value()
    )
    .fetch_all(db)
    .await?;
    Ok(views(db, rows).await?.pop().map(|(_, view)| view))
}

/// The feedback on these results, oldest first, by result.
pub(crate) async fn on_results(
    db: &Views,
    results: &[Uuid],
) -> Result<HashMap<Uuid, Vec<RunFeedbackView>>, QueryError> {
    let rows = query_as!(
        FeedbackRow,
        "SELECT id, author, result_id, rating, notes, created_at, modified_at
         FROM views.run_feedback WHERE result_id = ANY($1) AND NOT is_deleted
         ORDER BY position",
        results
    )
    .fetch_all(db)
    .await?;
    let mut by_result: HashMap<Uuid, Vec<RunFeedbackView>> = HashMap::new();
    for (result, view) in views(db, rows).await? {
        by_result.entry(result).or_default().push(view);
    }
    Ok(by_result)
}

/// The views of the rows, each with the id of its result.
async fn views(db: &Views, rows: Vec<FeedbackRow>) -> Result<Vec<(Uuid, RunFeedbackView)>, QueryError> {
    let authors: BTreeSet<Uuid> = rows.iter().map(|row| row.author).collect();
    let authors: Vec<Uuid> = authors.into_iter().collect();
    let authors: HashMap<Uuid, UserView> =
        users::find_many(db, &authors).await?.into_iter().map(|user| (user.external_id, user)).collect();
    Ok(rows
        .into_iter()
        .map(|row| {
            let view = RunFeedbackView {
                user_object: authors
                    .get(&row.author)
                    .cloned()
                    .unwrap_or_else(|| UserView::deleted(row.author, row.created_at)),
                external_id: row.id,
                rating: row.rating,
                notes: row.notes,
                created_at: row.created_at,
                modified_at: row.modified_at,
            };
            (row.result_id, view)
        })
        .collect())
}
