//! Versions of the index: which one is searched, which one is being built, which ones are to go.

use domain::ids::{DocumentId, ProjectId};
use sqlx::{PgExecutor, PgPool, PgTransaction};
use uuid::Uuid;

use ports::Collection;

/// The vectors of one model in one store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) collection: Collection,
    /// The [`name`](ports::VectorIndex::name) of the index.
    pub(super) store: String,
    pub(super) state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub(super) enum State {
    Building,
    Current,
    Retired,
}

struct Row {
    version_id: Uuid,
    model: String,
    store: String,
    state: String,
}

impl From<Row> for Version {
    fn from(row: Row) -> Self {
        let collection = Collection { id: row.version_id, model: row.model };
        // The table has no others.
        Self { collection, store: row.store, state: row.state.parse().unwrap_or(State::Retired) }
    }
}

/// All of them, the current one first.
pub(super) async fn all(db: impl PgExecutor<'_>) -> Result<Vec<Version>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT version_id, model, store, state FROM index_versions ORDER BY state = 'current' DESC, state, version_id"
    );
    Ok(rows.fetch_all(db).await?.into_iter().map(Version::from).collect())
}

/// The ones that documents go into, the current one first.
pub(super) async fn live(db: impl PgExecutor<'_>) -> Result<Vec<Version>, sqlx::Error> {
    Ok(all(db).await?.into_iter().filter(|version| version.state != State::Retired).collect())
}

/// The live ones; they stay so until the transaction ends.
pub(super) async fn live_held(tx: &mut PgTransaction<'_>) -> Result<Vec<Version>, sqlx::Error> {
    sqlx::query!("SELECT version_id FROM index_versions WHERE state <> 'retired' FOR SHARE")
        .fetch_all(&mut **tx)
        .await?;
    live(&mut **tx).await
}

/// Sees to it that there is a version of this model and store, unless there is: the first one at all is current, another one is
/// built.
pub(super) async fn want(
    tx: &mut PgTransaction<'_>,
    model: &str,
    store: &str,
    new_id: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query!("LOCK TABLE index_versions IN SHARE ROW EXCLUSIVE MODE").execute(&mut **tx).await?;
    let live = live(&mut **tx).await?;
    let is_wanted = |version: &Version| version.collection.model == model && version.store == store;
    let building = live.iter().find(|version| version.state == State::Building);
    let has_current = live.iter().any(|version| version.state == State::Current);
    let is_current = live.iter().any(|version| version.state == State::Current && is_wanted(version));
    if let Some(other) = building.filter(|version| is_current || !is_wanted(version)) {
        sqlx::query!("UPDATE index_versions SET state = 'retired' WHERE version_id = $1", other.collection.id)
            .execute(&mut **tx)
            .await?;
    }
    if is_current || building.is_some_and(is_wanted) {
        return Ok(());
    }
    let state = if has_current { "building" } else { "current" };
    sqlx::query!(
        "INSERT INTO index_versions (version_id, model, store, state) VALUES ($1, $2, $3, $4)",
        new_id,
        model,
        store,
        state
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A document that is not wholly in the version.
pub(super) async fn lacking(pool: &PgPool, version: Uuid) -> Result<Option<(ProjectId, DocumentId)>, sqlx::Error> {
    let row = sqlx::query!(
        "SELECT project_id, document_id FROM chunks
         WHERE NOT EXISTS (SELECT FROM indexed_documents AS i WHERE i.version_id = $1 AND i.document_id = chunks.document_id)
         ORDER BY document_id LIMIT 1",
        version
    );
    let row = row.fetch_optional(pool).await?;
    Ok(row.map(|row| (ProjectId::new(row.project_id), DocumentId::new(row.document_id))))
}

/// Notes in which versions a document is wholly, and that it is in no other.
pub(super) async fn mark(
    tx: &mut PgTransaction<'_>,
    document: DocumentId,
    versions: &[Uuid],
) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM indexed_documents WHERE document_id = $1", document.value()).execute(&mut **tx).await?;
    sqlx::query!(
        "INSERT INTO indexed_documents (version_id, document_id) SELECT *, $2::uuid FROM unnest($1::uuid[])",
        versions,
        document.value()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes that a document is wholly in a version, if there still is one.
pub(super) async fn add_mark(pool: &PgPool, document: DocumentId, version: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO indexed_documents (version_id, document_id)
         SELECT version_id, $2 FROM index_versions WHERE version_id = $1 ON CONFLICT DO NOTHING",
        version,
        document.value()
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Lets the version that is being built take the place of the current one, if it has every document. Says whether it has.
pub(super) async fn switch(pool: &PgPool, version: Uuid) -> Result<bool, sqlx::Error> {
    let mut tx = pool.begin().await?;
    // Whoever writes a document holds them: what is written is seen, and what will be written goes into the new one.
    sqlx::query!("SELECT version_id FROM index_versions FOR UPDATE").fetch_all(&mut *tx).await?;
    let is_complete = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM index_versions WHERE version_id = $1 AND state = 'building')
              AND NOT EXISTS (SELECT FROM chunks WHERE NOT EXISTS (
                  SELECT FROM indexed_documents AS i WHERE i.version_id = $1 AND i.document_id = chunks.document_id))
           AS "is_complete!""#,
        version
    );
    if !is_complete.fetch_one(&mut *tx).await? {
        return Ok(false);
    }
    sqlx::query!("UPDATE index_versions SET state = 'retired' WHERE state = 'current'").execute(&mut *tx).await?;
    sqlx::query!("UPDATE index_versions SET state = 'current' WHERE version_id = $1", version)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(true)
}

/// Its store has let go of it.
pub(super) async fn forget(pool: &PgPool, version: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM index_versions WHERE version_id = $1 AND state = 'retired'", version)
        .execute(pool)
        .await?;
    Ok(())
}
