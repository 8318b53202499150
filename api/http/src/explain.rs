//! Why a row of a view looks so, as the API and the command line show it: its events in order, each with the row behind
//! it, folded by the projector of the view.

use std::{
    collections::{BTreeMap, HashSet},
    mem,
};

use chrono::SecondsFormat;
use commands::{
    error_chain,
    event_log::{Codec, Histories, HistoryError, KeyRing, Moment, MomentError, ReadEvent},
};
use domain::AggregateType;
use projections::{
    OtherStream,
    steps::{Columns, Folding, RowKey, RowOrigin, StepsError, TABLES, ViewTable, projection_of},
};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgPool;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::as_of::kind_name;

/// How many events are read at once.
const AT_ONCE: i64 = 100;
/// The bytes of shown rows at which a page ends, because texts of documents have up to megabytes.
const PAGE_BYTES: usize = 4 * 1_048_576;

/// What is asked of a row.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// The aggregate that made the row, if the view has no row that tells.
    pub of: Option<Uuid>,
    /// Only steps behind this position are shown.
    pub after: i64,
    /// At most so many steps are shown.
    pub limit: usize,
    /// Also events that left the row as it was.
    pub all: bool,
    /// At most so many events are folded.
    pub most: u64,
}

/// The reason why a row cannot be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    #[error("the view {view} has no such row now, which would tell of which {kind} it is: name the {kind}")]
    NoRow { view: &'static str, kind: &'static str },
    #[error("the log has no event of the {kind} that made the row")]
    Unknown { kind: &'static str },
    #[error(transparent)]
    Steps(#[from] StepsError),
    #[error(transparent)]
    Log(#[from] HistoryError),
    #[error(transparent)]
    Moment(#[from] MomentError),
}

/// The tables of all views.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainedViews {
    pub views: Vec<ExplainedView>,
}

/// A table of a view.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainedView {
    pub view: &'static str,
    /// The projection that writes it, as `ayushma rebuild` calls it.
    pub projection: &'static str,
    /// The columns that name a row, with colons between their values.
    pub key: Vec<&'static str>,
    /// The kind of things whose events make its rows.
    pub made_by: &'static str,
    /// The kinds of things whose events the projection gets.
    pub folds: Vec<&'static str>,
}

/// How a row came about.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainedRow {
    pub view: &'static str,
    pub projection: &'static str,
    pub key: String,
    /// Whose events make the row.
    pub made_by: ExplainedThing,
    /// The log that was read.
    pub log_id: Uuid,
    /// The position up to which it was read.
    #[schema(minimum = 0)]
    pub position: i64,
    /// In the order of the log.
    pub steps: Vec<ExplainedStep>,
    /// The events that were folded, also those that are not shown.
    #[schema(minimum = 0)]
    pub events: u64,
    /// The position behind which the next page begins; null if everything was looked at.
    pub next_after: Option<i64>,
    /// Whether there are more events than are folded at once, so that the last ones are missing.
    pub is_cut: bool,
    /// The event that the projector could not apply, where the steps end; null if there is none.
    pub stopped: Option<ExplainedStop>,
    /// The row that everybody reads now; null on all pages but the last one.
    pub live: Option<LiveRow>,
}

/// A thing that has events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExplainedThing {
    pub kind: &'static str,
    pub id: Uuid,
}

/// An event, and the row behind it. Text of a person who was erased reads `[erased]`, also in steps before the erasure.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainedStep {
    /// The position in the whole log.
    #[schema(minimum = 1)]
    pub position: i64,
    pub event_id: Uuid,
    pub event_type: &'static str,
    /// Whose event it is.
    pub of: ExplainedThing,
    /// In RFC 3339 format with microseconds.
    pub recorded_at: String,
    /// `user:…`, `service:…` or `system:…`.
    pub actor: String,
    /// On whose behalf, if not the actor's own.
    pub on_behalf_of: Option<String>,
    /// Whether the personal text of the event cannot be read any more.
    pub is_erased: bool,
    pub effect: RowEffect,
    /// The columns that changed; none if the row was made or removed.
    pub changes: Vec<ColumnChange>,
    /// The row behind the event; null if there is none.
    #[schema(value_type = Option<Object>)]
    pub row: Option<Columns>,
}

/// What an event did to the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowEffect {
    Made,
    Changed,
    Removed,
    /// It left the row as it was.
    None,
}

impl RowEffect {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::None => "none",
        }
    }
}

/// A column that got another value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ColumnChange {
    pub column: String,
    pub before: Value,
    pub after: Value,
}

/// An event that the projector cannot apply.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainedStop {
    #[schema(minimum = 1)]
    pub position: i64,
    pub reason: String,
}

/// The row of the view, compared with the last step.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveRow {
    /// Null if the view has no such row.
    #[schema(value_type = Option<Object>)]
    pub row: Option<Columns>,
    /// The columns that the last step has otherwise, with that value before; empty if the view is what its events say.
    pub differences: Vec<ColumnChange>,
}

/// The tables of all views, with how their rows are named.
pub fn views() -> ExplainedViews {
    let view = |table: &ViewTable| {
        let projector = projection_of(table)?;
        Some(ExplainedView {
            view: table.name,
            projection: projector.name(),
            key: table.key.iter().map(|column| column.name).collect(),
            made_by: kind_name(table.made_by),
            folds: projector.aggregate_types().iter().map(|kind| kind_name(*kind)).collect(),
        })
    };
    ExplainedViews { views: TABLES.iter().filter_map(view).collect() }
}

/// Folds the events of a row once more, and returns the row behind each.
///
/// # Errors
/// [`ExplainError`] if the row's events cannot be found or read, or the database does not allow temporary tables.
pub async fn explain(
    (pool, keys): (&PgPool, &KeyRing),
    (table, key, text): (&'static ViewTable, RowKey, &str),
    asked: Asked,
) -> Result<ExplainedRow, ExplainError> {
    let histories = Histories::new(pool.clone(), Codec::new(keys.clone()));
    let mut folding = Folding::begin(pool, table, key).await?;
    let (view, kind) = (table.name, kind_name(table.made_by));
    let origin = match asked.of {
        Some(id) => RowOrigin::Aggregate(id),
        None => folding.origin().await?.ok_or(ExplainError::NoRow { view, kind })?,
    };
    let id = match origin {
        RowOrigin::Aggregate(id) => id,
        RowOrigin::Event(position) => {
            let found = histories.origins(&[position]).await?.remove(&position);
            found.ok_or(ExplainError::Unknown { kind })?.aggregate_id
        }
    };
    let end = histories.position_of(Moment::Now).await?;
    let mut events = Events {
        histories: &histories,
        own: (table.made_by, id),
        up_to: end.position,
        read_to: 0,
        is_read: false,
        waiting: BTreeMap::new(),
        known: HashSet::new(),
    };
    let mut shown = ExplainedRow {
        view,
        projection: projection_of(table).map_or("", |projector| projector.name()),
        key: text.to_owned(),
        made_by: ExplainedThing { kind, id },
        log_id: end.log_id,
        position: end.position,
        steps: vec![],
        events: 0,
        next_after: None,
        is_cut: false,
        stopped: None,
        live: None,
    };
    let (mut before, mut bytes, mut last) = (None, 0, asked.after);
    while let Some(event) = events.next().await? {
        if shown.steps.len() == asked.limit || bytes > PAGE_BYTES {
            shown.next_after = Some(last);
            break;
        }
        if shown.events == asked.most {
            shown.is_cut = true;
            break;
        }
        let position = event.recorded.position;
        if let Err(error) = folding.fold(&event.recorded).await {
            shown.stopped = Some(ExplainedStop { position, reason: error_chain(&error) });
            break;
        }
        events.expect(&folding.others(&event.recorded), position).await?;
        shown.events += 1;
        last = position;
        let row = folding.row().await?;
        let previous = mem::replace(&mut before, row);
        let step = ExplainedStep::new(event, previous.as_ref(), before.clone());
        if position > asked.after && (asked.all || step.effect != RowEffect::None) {
            bytes += step.row.as_ref().map_or(0, |row| serde_json::to_string(row).map_or(0, |text| text.len()));
            shown.steps.push(step);
        }
    }
    if shown.events == 0 && shown.stopped.is_none() && !shown.is_cut {
        return Err(ExplainError::Unknown { kind });
    }
    if shown.next_after.is_none() && !shown.is_cut && shown.stopped.is_none() {
        let row = folding.live().await?;
        shown.live = Some(LiveRow { differences: changes(before.as_ref(), row.as_ref()), row });
    }
    folding.end().await?;
    Ok(shown)
}

/// The events that may change a row: those of the aggregate that made it, and some of others.
struct Events<'h> {
    histories: &'h Histories,
    own: (AggregateType, Uuid),
    up_to: i64,
    /// The position up to which the own ones were read.
    read_to: i64,
    is_read: bool,
    waiting: BTreeMap<i64, ReadEvent>,
    known: HashSet<(AggregateType, Uuid)>,
}

impl Events<'_> {
    async fn next(&mut self) -> Result<Option<ReadEvent>, ExplainError> {
        let is_own = |ReadEvent { recorded, .. }: &ReadEvent| {
            (recorded.event.aggregate_type(), recorded.aggregate_id) == self.own
        };
        // Those of others wait until the own ones before them were read.
        if !self.is_read && !self.waiting.values().any(is_own) {
            let part = (self.read_to, self.up_to);
            let read = self.histories.recorded_after(self.own, &[], part, AT_ONCE).await?;
            self.is_read = i64::try_from(read.len()).unwrap_or(i64::MAX) < AT_ONCE;
            self.read_to = read.last().map_or(self.up_to, |event| event.recorded.position);
            self.wait(read);
        }
        Ok(self.waiting.pop_first().map(|(_, event)| event))
    }

    /// Has the events of other aggregates behind a position wait.
    async fn expect(&mut self, others: &[OtherStream], after: i64) -> Result<(), ExplainError> {
        for other in others {
            let stream = (other.aggregate_type, other.id);
            if self.known.insert(stream) {
                let part = (after, self.up_to);
                let read = self.histories.recorded_after(stream, other.event_types, part, i64::MAX).await?;
                self.wait(read);
            }
        }
        Ok(())
    }

    fn wait(&mut self, read: Vec<ReadEvent>) {
        self.waiting.extend(read.into_iter().map(|event| (event.recorded.position, event)));
    }
}

impl ExplainedStep {
    fn new(event: ReadEvent, before: Option<&Columns>, row: Option<Columns>) -> Self {
        let ReadEvent { recorded, is_erased } = event;
        let changes = changes(before, row.as_ref());
        let effect = match (before, &row) {
            (None, Some(_)) => RowEffect::Made,
            (Some(_), None) => RowEffect::Removed,
            (Some(_), Some(_)) if !changes.is_empty() => RowEffect::Changed,
            _ => RowEffect::None,
        };
        Self {
            position: recorded.position,
            event_id: recorded.metadata.event_id.value(),
            event_type: recorded.event.event_type(),
            of: ExplainedThing { kind: kind_name(recorded.event.aggregate_type()), id: recorded.aggregate_id },
            recorded_at: recorded.metadata.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true),
            actor: recorded.metadata.actor.to_string(),
            on_behalf_of: recorded.metadata.on_behalf_of.map(|actor| actor.to_string()),
            is_erased,
            effect,
            changes: if effect == RowEffect::Changed { changes } else { vec![] },
            row,
        }
    }
}

/// The columns that are different; a row that is not there has none.
fn changes(before: Option<&Columns>, after: Option<&Columns>) -> Vec<ColumnChange> {
    let nothing = Columns::new();
    let (before, after) = (before.unwrap_or(&nothing), after.unwrap_or(&nothing));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let value = |row: &Columns, name: &str| row.get(name).cloned().unwrap_or_default();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| ColumnChange { column: name.clone(), before: value(before, name), after: value(after, name) })
        .collect()
}
