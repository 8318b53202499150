//! The steps by which a row of a view came about: its events are folded once more, by the projector that folds them for
//! the view, into tables that exist for one transaction only.
//!
//! The statements name tables that follow from the catalogue or from a fixed list, so that none can be checked at compile
//! time. Decision 0158 says why they are temporary tables.

mod tables;

use std::sync::Arc;

use domain::envelope::RecordedEvent;
use serde_json::{Map, Value};
use sqlx::{Executor as _, PgPool, PgTransaction, query_scalar};
use uuid::Uuid;

use crate::projector::{OtherStream, ProjectionError, Projector, projectors};
use tables::Origin;
pub use tables::{KeyColumn, MalformedKey, RowKey, TABLES, ViewTable};

/// A row, by the names of its columns.
pub type Columns = Map<String, Value>;

/// Where a row comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowOrigin {
    /// The aggregate with this id.
    Aggregate(Uuid),
    /// The aggregate whose event is at this position.
    Event(i64),
}

/// The reason why rows cannot be folded.
#[derive(Debug, thiserror::Error)]
pub enum StepsError {
    #[error("the database only reads, and a row is folded in temporary tables: ask the primary, or a copy of it")]
    ReadOnly(#[source] sqlx::Error),
    #[error(
        "the database role must not do this: it takes TEMPORARY on the database, USAGE on the schema views, and SELECT on its tables"
    )]
    NotAllowed(#[source] sqlx::Error),
    #[error("this database has no views")]
    NoViews(#[source] sqlx::Error),
    #[error("the database cannot be used")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for StepsError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code).unwrap_or_default();
        match code.as_ref() {
            // A transaction that only reads; a standby, which has no other ones.
            "25006" | "0A000" => Self::ReadOnly(error),
            "42501" => Self::NotAllowed(error),
            "42P01" | "3F000" => Self::NoViews(error),
            _ => Self::Database(error),
        }
    }
}

/// The name of the projection that writes the table.
pub fn projection_of(table: &ViewTable) -> Option<Arc<dyn Projector>> {
    projectors().into_iter().find(|projector| projector.tables().contains(&table.name))
}

/// A view in tables of its own, which end with the transaction; nothing of it is ever committed.
pub struct Folding {
    tx: PgTransaction<'static>,
    projector: Arc<dyn Projector>,
    table: &'static ViewTable,
    key: RowKey,
}

impl Folding {
    /// Makes the tables of the row's projection, empty.
    ///
    /// # Errors
    /// [`StepsError`] if the database does not allow temporary tables, or has no such views.
    pub async fn begin(pool: &PgPool, table: &'static ViewTable, key: RowKey) -> Result<Self, StepsError> {
        let Some(projector) = projection_of(table) else { return Err(StepsError::NoViews(sqlx::Error::RowNotFound)) };
        // Sessions of commands that read begin transactions in which no table can be made.
        let mut tx = pool.begin_with("BEGIN READ WRITE").await?;
        let table_of = |name: &&str| format!("CREATE TEMPORARY TABLE {name} (LIKE views.{name} INCLUDING ALL)");
        let mut statements: Vec<String> = projector.tables().iter().map(table_of).collect();
        // Temporary tables come before the path, which has no other tables of these names.
        statements.extend(["SET LOCAL search_path = public", "SET LOCAL TIME ZONE 'UTC'"].map(str::to_owned));
        tx.execute(statements.join(";").as_str()).await?;
        Ok(Self { tx, projector, table, key })
    }

    /// The other aggregates whose events may change rows that this event has led to.
    pub fn others(&self, event: &RecordedEvent) -> Vec<OtherStream> {
        self.projector.others(event)
    }

    /// Where the row comes from; `None` if the view has no such row, and the key does not tell.
    ///
    /// # Errors
    /// [`StepsError`] if the view cannot be read.
    pub async fn origin(&mut self) -> Result<Option<RowOrigin>, StepsError> {
        let first = self.key.0.first().map_or("", String::as_str);
        match self.table.origin {
            Origin::Key => Ok(Uuid::try_parse(first).ok().map(RowOrigin::Aggregate)),
            Origin::Event => Ok(first.parse().ok().map(RowOrigin::Event)),
            Origin::Column(column) => {
                let row = self.live().await?;
                let id = row.and_then(|row| Uuid::try_parse(row.get(column)?.as_str()?).ok());
                Ok(id.map(RowOrigin::Aggregate))
            }
        }
    }

    /// Folds an event.
    ///
    /// # Errors
    /// [`ProjectionError`] if the projector cannot apply it: then nothing more can be folded.
    pub async fn fold(&mut self, event: &RecordedEvent) -> Result<(), ProjectionError> {
        self.projector.project(event, &mut self.tx).await
    }

    /// The row as it was folded so far; `None` if there is none.
    ///
    /// # Errors
    /// [`StepsError`] if it cannot be read.
    pub async fn row(&mut self) -> Result<Option<Columns>, StepsError> {
        self.select("pg_temp").await
    }

    /// The row of the view that everybody reads; `None` if there is none.
    ///
    /// # Errors
    /// [`StepsError`] if it cannot be read.
    pub async fn live(&mut self) -> Result<Option<Columns>, StepsError> {
        self.select("views").await
    }

    async fn select(&mut self, schema: &str) -> Result<Option<Columns>, StepsError> {
        let ViewTable { name, .. } = self.table;
        let sql = format!("SELECT to_jsonb(shown) FROM {schema}.{name} AS shown WHERE {}", self.table.condition());
        let mut wanted = query_scalar::<_, Value>(&sql).persistent(false);
        for value in &self.key.0 {
            wanted = wanted.bind(value);
        }
        let row = wanted.fetch_optional(&mut *self.tx).await?;
        Ok(row.and_then(|row| if let Value::Object(columns) = row { Some(columns) } else { None }))
    }

    /// Ends the transaction, and with it the tables.
    ///
    /// # Errors
    /// [`StepsError`] if the connection is lost.
    pub async fn end(self) -> Result<(), StepsError> {
        Ok(self.tx.rollback().await?)
    }
}
