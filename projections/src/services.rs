//! Services and the names of their API keys. No part of a key itself is here.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AggregateType,
    envelope::RecordedEvent,
    event::Event,
    ids::{ApiKeyId, ServiceId, UserId},
    service::ServiceEvent,
};
use serde::Serialize;
use sqlx::{PgTransaction, QueryBuilder, query, query_as};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    ProjectionError, Projector, QueryError, Views,
    listing::{FOUND, Page, Window, page_of_ids, push_search},
    timestamps,
};

pub(crate) struct ServicesProjector;

#[async_trait]
impl Projector for ServicesProjector {
    fn name(&self) -> &'static str {
        "services"
    }

    fn aggregate_types(&self) -> &'static [AggregateType] {
        &[AggregateType::Service]
    }

    fn tables(&self) -> &'static [&'static str] {
        &["services", "service_keys"]
    }

    async fn project(&self, recorded: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ProjectionError> {
        let Event::Service(event) = &recorded.event else { return Ok(()) };
        let id = recorded.aggregate_id;
        let at = recorded.metadata.recorded_at;
        let statement = match event {
            ServiceEvent::Created { terms } => query!(
                "INSERT INTO services (id, position, name, allow_key, owner, created_at, modified_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (id) DO NOTHING",
                id,
                recorded.position,
                terms.name.as_str(),
                terms.allow_key,
                terms.owner.value(),
                at
            ),
            ServiceEvent::Renamed { name } => {
                query!("UPDATE services SET name = $3, modified_at = $2 WHERE id = $1", id, at, name.as_str())
            }
            ServiceEvent::KeyAllowanceChanged { allow_key: may_use_key } => {
                query!("UPDATE services SET allow_key = $3, modified_at = $2 WHERE id = $1", id, at, may_use_key)
            }
            ServiceEvent::OwnerChanged { owner } => {
                query!("UPDATE services SET owner = $3, modified_at = $2 WHERE id = $1", id, at, owner.value())
            }
            ServiceEvent::KeyIssued { key_id, title } => query!(
                "INSERT INTO service_keys (id, position, service_id, title, created_at)
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING",
                key_id.value(),
                recorded.position,
                id,
                title.as_str(),
                at
            ),
            ServiceEvent::KeyRevoked { key_id } => {
                query!("UPDATE service_keys SET is_revoked = true WHERE id = $1", key_id.value())
            }
            ServiceEvent::Deleted {} => {
                query!("UPDATE services SET is_deleted = true, modified_at = $2 WHERE id = $1", id, at)
            }
        };
        statement.execute(&mut **tx).await?;
        Ok(())
    }
}

/// A service in the shape for staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ServiceView {
    pub external_id: Uuid,
    pub name: String,
    /// Whether it may use the server's own provider key.
    pub allow_key: bool,
    /// The user who is responsible for it.
    pub owner: Uuid,
    #[serde(with = "timestamps")]
    pub created_at: DateTime<Utc>,
    #[serde(with = "timestamps")]
    pub modified_at: DateTime<Utc>,
}

/// An API key in the shape for staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApiKeyView {
    pub external_id: Uuid,
    pub title: String,
    #[serde(with = "timestamps")]
    pub created_at: DateTime<Utc>,
    /// Not shown.
    #[serde(skip)]
    pub service: Uuid,
}

/// The column behind a name that a client may order the list of services by.
pub fn ordering_column(wire_name: &str) -> Option<&'static str> {
    Some(match wire_name {
        "external_id" => "id",
        "name" => "name",
        "allow_key" => "allow_key",
        "owner" => "owner",
        "created_at" => "created_at",
        "modified_at" => "modified_at",
        _ => return None,
    })
}

/// The column behind a name that a client may order the list of a service's keys by.
pub fn key_ordering_column(wire_name: &str) -> Option<&'static str> {
    Some(match wire_name {
        "external_id" => "id",
        "title" => "title",
        "created_at" => "created_at",
        _ => return None,
    })
}

/// Services, of one owner or of everybody, whose names contain all of these words; oldest first unless ordered otherwise.
pub async fn list(
    db: &Views,
    owner: Option<UserId>,
    search: &[String],
    window: &Window,
) -> Result<Page<ServiceView>, QueryError> {
    let mut found = QueryBuilder::new(FOUND);
    found.push("SELECT * FROM views.services WHERE NOT is_deleted");
    if let Some(owner) = owner {
        found.push(" AND owner = ").push_bind(owner.value());
    }
    push_search(&mut found, "name", search);
    let page = page_of_ids(db, found, "position", window).await?;
    let rows = query_as!(
        ServiceView,
        "SELECT services.id AS external_id, name, allow_key, owner, created_at, modified_at
         FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place) JOIN views.services USING (id)
         ORDER BY place",
        &page.results
    )
    .fetch_all(db)
    .await?;
    Ok(page.with_rows(rows))
}

/// The service with this id.
pub async fn find(db: &Views, id: ServiceId) -> Result<Option<ServiceView>, QueryError> {
    let service = query_as!(
        ServiceView,
        "SELECT id AS external_id, name, allow_key, owner, created_at, modified_at
         FROM views.services WHERE id = $1 AND NOT is_deleted",
        id.value()
    )
    .fetch_optional(db)
    .await?;
    Ok(service)
}

/// The keys of a service that have not been revoked; oldest first unless ordered otherwise.
pub async fn keys(db: &Views, service: ServiceId, window: &Window) -> Result<Page<ApiKeyView>, QueryError> {
    let mut found = QueryBuilder::new(FOUND);
    found.push("SELECT * FROM views.service_keys WHERE NOT is_revoked AND service_id = ").push_bind(service.value());
    let page = page_of_ids(db, found, "position", window).await?;
    let rows = query_as!(
        ApiKeyView,
        "SELECT service_keys.id AS external_id, title, created_at, service_id AS service
         FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place) JOIN views.service_keys USING (id)
         ORDER BY place",
        &page.results
    )
    .fetch_all(db)
    .await?;
    Ok(page.with_rows(rows))
}

/// The key with this id, unless it was revoked.
pub async fn find_key(db: &Views, id: ApiKeyId) -> Result<Option<ApiKeyView>, QueryError> {
    let key = query_as!(
        ApiKeyView,
        "SELECT id AS external_id, title, created_at, service_id AS service
         FROM views.service_keys WHERE id = $1 AND NOT is_revoked",
        id.value()
    )
    .fetch_optional(db)
    .await?;
    Ok(key)
}

/// All living keys of all services, oldest first.
pub async fn all_keys(db: &Views) -> Result<Vec<ApiKeyView>, QueryError> {
    let keys = query_as!(
        ApiKeyView,
        "SELECT service_keys.id AS external_id, title, service_keys.created_at, service_id AS service
         FROM views.service_keys JOIN views.services ON services.id = service_id
         WHERE NOT is_revoked AND NOT is_deleted ORDER BY service_keys.position"
    )
    .fetch_all(db)
    .await?;
    Ok(keys)
}
