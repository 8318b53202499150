//! What a search reads of a project's documents, in memory: a copy of rows.
//!
//! Before each use one counter tells whether the copy is stale, and only documents that changed are read again. Any number of
//! processes may write.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use domain::ids::{DocumentId, ProjectId};
use sqlx::{Connection as _, PgConnection, PgPool, PgTransaction};
use tokio::{sync::Mutex, task::spawn_blocking, time::timeout};
use uuid::Uuid;

/// A refresh that takes longer has lost its connection: everybody who searches the project waits for it.
const REFRESH_PATIENCE: Duration = Duration::from_secs(10);

/// Which rows are copied, and what is made of those of one document.
#[async_trait]
pub(crate) trait Source: Send + Sync + 'static {
    type Rows: Send + 'static;
    type Item: Send + Sync + 'static;

    /// The project's documents, with the latest change of each. `of` says which of several kinds of rows.
    async fn documents(
        tx: &mut PgTransaction<'_>,
        project: ProjectId,
        of: &str,
    ) -> Result<HashMap<DocumentId, i64>, sqlx::Error>;

    async fn rows(
        tx: &mut PgTransaction<'_>,
        documents: &[Uuid],
        of: &str,
    ) -> Result<HashMap<DocumentId, Self::Rows>, sqlx::Error>;

    /// May take its time.
    fn item(document: DocumentId, rows: Self::Rows) -> Self::Item;
}

type All<S> = Arc<[Arc<<S as Source>::Item>]>;

/// A copy for each project that was asked for.
pub(crate) struct ProjectCache<S: Source> {
    pool: PgPool,
    projects: parking_lot::Mutex<HashMap<ProjectId, Arc<Mutex<CacheEntry<S>>>>>,
}

/// As it was at the change with this number.
struct CacheEntry<S: Source> {
    of: String,
    change: i64,
    documents: BTreeMap<DocumentId, (i64, Arc<S::Item>)>,
    all: All<S>,
}

impl<S: Source> CacheEntry<S> {
    fn empty(of: &str) -> Self {
        Self { of: of.to_owned(), change: 0, documents: BTreeMap::new(), all: Arc::new([]) }
    }
}

impl<S: Source> ProjectCache<S> {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool, projects: parking_lot::Mutex::default() }
    }

    /// All of the project as it is now, by the documents' ids. Who meets a stale copy waits for the first of them to refresh it.
    pub(crate) async fn current(&self, project: ProjectId, of: &str) -> Result<All<S>, sqlx::Error> {
        let slot = {
            let mut projects = self.projects.lock();
            Arc::clone(projects.entry(project).or_insert_with(|| Arc::new(Mutex::new(CacheEntry::empty(of)))))
        };
        let change = latest_change(&self.pool, project).await?;
        let mut held = slot.lock().await;
        if held.of != of {
            *held = CacheEntry::empty(of);
        }
        if held.change < change {
            *held = self.refreshed(project, &held).await?;
        }
        Ok(Arc::clone(&held.all))
    }

    /// What has not answered in time is not used again: the connection goes.
    async fn refreshed(&self, project: ProjectId, old: &CacheEntry<S>) -> Result<CacheEntry<S>, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        let refreshed = timeout(REFRESH_PATIENCE, refreshed_over(&mut connection, project, old)).await;
        refreshed.unwrap_or_else(|_| {
            drop(connection.detach());
            Err(sqlx::Error::PoolTimedOut)
        })
    }
}

async fn refreshed_over<S: Source>(
    connection: &mut PgConnection,
    project: ProjectId,
    old: &CacheEntry<S>,
) -> Result<CacheEntry<S>, sqlx::Error> {
    // One snapshot for all three reads, so that the number belongs to what was read.
    let mut tx = connection.begin().await?;
    sqlx::query!("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").execute(&mut *tx).await?;
    let change = latest_change(&mut *tx, project).await?;
    let current = S::documents(&mut tx, project, &old.of).await?;
    let is_known = |document: &DocumentId, change: i64| matches!(old.documents.get(document), Some((known, _)) if *known == change);
    let stale: Vec<Uuid> =
        current.iter().filter(|(id, change)| !is_known(id, **change)).map(|(id, _)| id.value()).collect();
    let rows = S::rows(&mut tx, &stale, &old.of).await?;
    tx.commit().await?;

    let mut documents = old.documents.clone();
    documents.retain(|id, _| current.contains_key(id));
    let items = spawn_blocking(move || rows.into_iter().map(|(id, rows)| (id, S::item(id, rows))).collect::<Vec<_>>());
    for (id, item) in items.await.map_err(|_| sqlx::Error::WorkerCrashed)? {
        documents.insert(id, (current[&id], Arc::new(item)));
    }
    let all = documents.values().map(|(_, item)| Arc::clone(item)).collect();
    Ok(CacheEntry { of: old.of.clone(), change, documents, all })
}

/// The number of the project's latest change; 0 before the first.
async fn latest_change(db: impl sqlx::PgExecutor<'_>, project: ProjectId) -> Result<i64, sqlx::Error> {
    let change = sqlx::query_scalar!("SELECT change FROM chunk_changes WHERE project_id = $1", project.value());
    Ok(change.fetch_optional(db).await?.unwrap_or(0))
}

/// Numbers a change and holds the project's other writers until it is committed.
pub(crate) async fn raise_change(tx: &mut PgTransaction<'_>, project: ProjectId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        "INSERT INTO chunk_changes (project_id, change) VALUES ($1, 1)
         ON CONFLICT (project_id) DO UPDATE SET change = chunk_changes.change + 1
         RETURNING change",
        project.value()
    )
    .fetch_one(&mut **tx)
    .await
}
