//! A page of the record of accesses, as the API and the command line show it to auditors.

use commands::event_log::{Codec, EventOrigin, Histories, HistoryError, KeyRing};
use projections::{
    QueryError, Views,
    accesses::{self, AccessPage, Filter},
};
use sqlx::PgPool;

/// The reason why the record cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum AccessPageError {
    #[error(transparent)]
    View(#[from] QueryError),
    #[error(transparent)]
    Log(#[from] HistoryError),
}

/// Returns at most `limit` accesses behind a position, with their ids and the addresses of the clients out of the log.
///
/// # Errors
/// [`AccessPageError`] if the view, the log or a key cannot be read.
pub async fn access_page(
    (pool, keys): (&PgPool, &KeyRing),
    filter: &Filter,
    after: i64,
    limit: i64,
) -> Result<AccessPage, AccessPageError> {
    let mut page = accesses::list(&Views::beside(pool), filter, after, limit).await?;
    let positions: Vec<i64> = page.accesses.iter().map(|access| access.position).collect();
    let histories = Histories::new(pool.clone(), Codec::new(keys.clone()));
    let mut origins = histories.origins(&positions).await?;
    for access in &mut page.accesses {
        if let Some(EventOrigin { aggregate_id, client_address }) = origins.remove(&access.position) {
            (access.access_id, access.client_address) = (aggregate_id, client_address);
        }
    }
    Ok(page)
}
