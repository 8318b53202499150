//! Projects: their settings, and the fields that each kind of user sees.

mod projector;

use chrono::{DateTime, Utc};
use domain::ids::ProjectId;
pub(crate) use projector::ProjectsProjector;
use rand::seq::SliceRandom as _;
use serde::Serialize;
use sqlx::{FromRow, Postgres, QueryBuilder, Row as _, postgres::PgRow, query_as};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    QueryError, Views,
    listing::{Page, Window, page_of_rows, push_search},
    timestamps,
};

const MAX_OFFERED: usize = 4;

/// A project in the contract's shape for users who are not staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProjectView {
    pub external_id: Uuid,
    pub title: String,
    #[serde(with = "timestamps")]
    pub created_at: DateTime<Utc>,
    #[serde(with = "timestamps")]
    pub modified_at: DateTime<Utc>,
    pub description: Option<String>,
    #[schema(minimum = 1, maximum = 3)]
    pub stt_engine: i16,
    #[schema(minimum = 1, maximum = 2)]
    pub tts_engine: i16,
    #[schema(minimum = 1, maximum = 8)]
    pub model: i16,
    pub is_default: bool,
    pub display_preset_questions: Option<Vec<String>>,
    pub archived: bool,
    pub assistant_id: Option<String>,
}

/// A project in the contract's shape for staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StaffProjectView {
    pub external_id: Uuid,
    pub title: String,
    #[serde(with = "timestamps")]
    pub created_at: DateTime<Utc>,
    #[serde(with = "timestamps")]
    pub modified_at: DateTime<Utc>,
    pub description: Option<String>,
    #[schema(minimum = 1, maximum = 3)]
    pub stt_engine: i16,
    #[schema(minimum = 1, maximum = 2)]
    pub tts_engine: i16,
    /// The model number as a string, as the original writes it.
    #[schema(pattern = "^[1-8]$")]
    pub model: String,
    pub is_default: bool,
    pub display_preset_questions: Option<Vec<String>>,
    pub archived: bool,
    pub assistant_id: Option<String>,
    pub prompt: String,
    pub key_set: bool,
    pub preset_questions: Option<Vec<String>>,
}

/// A project before the fields for a kind of user are selected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a row with the columns that it has")]
pub struct ProjectRow {
    pub id: Uuid,
    pub title: String,
    pub created_at: DateTime<Utc>,
    pub modified_at: DateTime<Utc>,
    pub description: Option<String>,
    pub stt_engine: i16,
    pub tts_engine: i16,
    pub model: i16,
    pub is_default: bool,
    pub is_archived: bool,
    pub assistant_id: Option<String>,
    pub prompt: String,
    pub key_set: bool,
    pub preset_questions: Option<Vec<String>>,
    pub is_deleted: bool,
}

/// The columns of [`ProjectRow`] in a list.
const COLUMNS: &str = "id, title, created_at, modified_at, description, stt_engine, tts_engine, model, is_default, is_archived, assistant_id, prompt, key_set, preset_questions, is_deleted";

impl<'r> FromRow<'r, PgRow> for ProjectRow {
    fn from_row(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get(1)?,
            title: row.try_get(2)?,
            created_at: row.try_get(3)?,
            modified_at: row.try_get(4)?,
            description: row.try_get(5)?,
            stt_engine: row.try_get(6)?,
            tts_engine: row.try_get(7)?,
            model: row.try_get(8)?,
            is_default: row.try_get(9)?,
            is_archived: row.try_get(10)?,
            assistant_id: row.try_get(11)?,
            prompt: row.try_get(12)?,
            key_set: row.try_get(13)?,
            preset_questions: row.try_get(14)?,
            is_deleted: row.try_get(15)?,
        })
    }
}

impl ProjectRow {
    /// The fields for users who are not staff.
    pub fn into_view(self) -> ProjectView {
        ProjectView {
            external_id: self.id,
            title: self.title,
            created_at: self.created_at,
            modified_at: self.modified_at,
            description: self.description,
            stt_engine: self.stt_engine,
            tts_engine: self.tts_engine,
            model: self.model,
            is_default: self.is_default,
            display_preset_questions: self.preset_questions.map(offered),
            archived: self.is_archived,
            assistant_id: self.assistant_id,
        }
    }

    /// The fields for staff.
    pub fn into_staff_view(self) -> StaffProjectView {
        StaffProjectView {
            external_id: self.id,
            title: self.title,
            created_at: self.created_at,
            modified_at: self.modified_at,
            description: self.description,
            stt_engine: self.stt_engine,
            tts_engine: self.tts_engine,
            model: self.model.to_string(),
            is_default: self.is_default,
            display_preset_questions: self.preset_questions.clone().map(offered),
            archived: self.is_archived,
            assistant_id: self.assistant_id,
            prompt: self.prompt,
            key_set: self.key_set,
            preset_questions: self.preset_questions,
        }
    }
}

/// The preset questions, or a random selection of four.
fn offered(mut questions: Vec<String>) -> Vec<String> {
    if questions.len() <= MAX_OFFERED {
        return questions;
    }
    let (chosen, _) = questions.partial_shuffle(&mut rand::rng(), MAX_OFFERED);
    chosen.to_vec()
}

/// A filter of the list of projects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Whether all projects are listed; other users see the default project only.
    pub staff: bool,
    pub archived: Option<bool>,
    /// Words that the title must contain, all of them.
    pub search: Vec<String>,
}

/// The column behind a name that a client may order the list by.
pub fn ordering_column(wire_name: &str) -> Option<&'static str> {
    Some(match wire_name {
        "external_id" => "id",
        "title" => "title",
        "created_at" => "created_at",
        "modified_at" => "modified_at",
        "description" => "description",
        "stt_engine" => "stt_engine",
        "tts_engine" => "tts_engine",
        "model" => "model",
        "is_default" => "is_default",
        "archived" => "is_archived",
        "assistant_id" => "assistant_id",
        _ => return None,
    })
}

/// The column behind a name that staff may order the list by; their view has more columns.
pub fn staff_ordering_column(wire_name: &str) -> Option<&'static str> {
    match wire_name {
        "prompt" => Some("prompt"),
        "key_set" => Some("key_set"),
        "preset_questions" => Some("preset_questions"),
        other => ordering_column(other),
    }
}

/// Projects; the default one first and then oldest first, unless ordered otherwise.
pub async fn list(db: &Views, filter: &Filter, window: &Window) -> Result<Page<ProjectRow>, QueryError> {
    let found = |found: &mut QueryBuilder<'static, Postgres>| {
        found.push("SELECT * FROM views.projects WHERE NOT is_deleted");
        if !filter.staff {
            found.push(" AND is_default");
        }
        if let Some(archived) = filter.archived {
            found.push(" AND is_archived = ").push_bind(archived);
        }
        push_search(found, "title", &filter.search);
    };
    page_of_rows(db, COLUMNS, found, "is_default DESC, position", window).await
}

/// The project with this id.
pub async fn find(db: &Views, id: ProjectId) -> Result<Option<ProjectRow>, QueryError> {
    Ok(row(db, id.value()).await?.filter(|row| !row.is_deleted))
}

macro_rules! projects {
    ($from:literal, $value:expr) => {
        query_as!(
            ProjectRow,
            "SELECT projects.id, title, created_at, modified_at, description, stt_engine, tts_engine, model, is_default,
                    is_archived, assistant_id, prompt, key_set, preset_questions, is_deleted
             FROM " + $from,
            $value
        )
    };
}

/// The project with this id, also if it is deleted: its chats stay readable.
pub(crate) async fn row(db: &Views, id: Uuid) -> Result<Option<ProjectRow>, QueryError> {
    Ok(projects!("views.projects WHERE id = $1", id).fetch_optional(db).await?)
}

/// The projects with these ids, in this order, also deleted ones.
pub(crate) async fn rows(db: &Views, ids: &[Uuid]) -> Result<Vec<ProjectRow>, QueryError> {
    let rows = projects!(
        "unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place) JOIN views.projects USING (id) ORDER BY place",
        ids
    );
    Ok(rows.fetch_all(db).await?)
}
