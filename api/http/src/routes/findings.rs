//! `audit/people` and `audit/chats`: how auditors come from a name to ids, which all their other questions need. Not part of
//! the contract; errors are problem details.

use axum::{Json, Router, extract::State, http::Uri};
use domain::{
    access::AccessKind,
    chat::ChatOwner,
    ids::{ChatId, ProjectId, UserId},
};
use projections::{
    findings::{self, FoundChat, FoundPerson},
    listing::{Page, search_words},
};
use utoipa::{IntoParams, OpenApi};
use uuid::Uuid;

use super::{
    access::at,
    audit::{DEFAULT_LIMIT, MAX_LIMIT},
    audit_query::{Parameters, refused},
    http_state::HttpState,
    reading::{Reading, Thing},
};
use crate::{
    contract::problem::ApiError,
    openapi::{errors::WrongParameter, parameters::AccessReason},
};

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(people, chats))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    at(state, "/api/audit/people").get(people).served().merge(at(state, "/api/audit/chats").get(chats).served())
}

/// The parameters of a search for people; a malformed or unknown one is refused.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes the parameters, of which an unknown one has to be refused")]
struct PeopleQuery {
    /// Words that the full name, the login name and the e-mail address together contain, all of them; at least one.
    #[param(min_length = 1)]
    search: String,
    /// At most so many people; 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
    /// How many to leave out.
    #[param(minimum = 0)]
    offset: Option<i64>,
}

/// People by their names and e-mail addresses, with the ids by which their histories and accesses are found; the oldest
/// account first. That they were found is on record.
#[utoipa::path(
    get,
    path = "/api/audit/people",
    params(PeopleQuery, AccessReason),
    responses(
        (status = 200, description = "A part of the people", body = Page<FoundPerson>),
        (status = 400, response = WrongParameter)
    )
)]
async fn people(
    State(state): State<HttpState>,
    reading: Reading,
    uri: Uri,
) -> Result<Json<Page<FoundPerson>>, ApiError> {
    let asked = Parameters::once(&uri, &["search", "limit", "offset"])?;
    let words = search_words(asked.get("search").unwrap_or_default());
    if words.is_empty() {
        return Err(refused("The parameter search has no word."));
    }
    let (limit, offset) = window(&asked)?;
    let page = findings::people(&state.app.views, &words, limit, offset).await?;
    let shown: Vec<Thing> = page.results.iter().map(|person| Thing::person(UserId::new(person.id))).collect();
    reading.lists(&state, AccessKind::People, &[], &shown).await?;
    Ok(Json(page))
}

/// The parameters of a search for chats; a malformed or unknown one is refused.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes the parameters, of which an unknown one has to be refused")]
struct ChatsQuery {
    /// Only chats of this person. Without it, the project is needed.
    owner: Option<Uuid>,
    /// Only chats in this project.
    project: Option<Uuid>,
    /// At most so many chats; 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
    /// How many to leave out.
    #[param(minimum = 0)]
    offset: Option<i64>,
}

/// The ids of the chats of a person or a project, also of deleted ones, the oldest first; without titles, which are what
/// was asked. That they were found is on record.
#[utoipa::path(
    get,
    path = "/api/audit/chats",
    params(ChatsQuery, AccessReason),
    responses(
        (status = 200, description = "A part of the chats", body = Page<FoundChat>),
        (status = 400, response = WrongParameter)
    )
)]
async fn chats(State(state): State<HttpState>, reading: Reading, uri: Uri) -> Result<Json<Page<FoundChat>>, ApiError> {
    let asked = Parameters::once(&uri, &["owner", "project", "limit", "offset"])?;
    let (owner, project) = (asked.parsed::<UserId>("owner")?, asked.parsed::<ProjectId>("project")?);
    if owner.is_none() && project.is_none() {
        return Err(refused("One of the parameters owner and project is needed."));
    }
    let (limit, offset) = window(&asked)?;
    let page = findings::chats(&state.app.views, owner, project, limit, offset).await?;
    let about: Vec<Thing> = owner.map(Thing::person).into_iter().chain(project.map(Thing::project)).collect();
    let shown: Vec<Thing> = page
        .results
        .iter()
        .map(|chat| Thing::chat(ChatId::new(chat.id), chat.owner.map(|owner| ChatOwner::User(UserId::new(owner)))))
        .collect();
    reading.lists(&state, AccessKind::ChatList, &about, &shown).await?;
    Ok(Json(page))
}

fn window(asked: &Parameters) -> Result<(i64, i64), ApiError> {
    let limit = asked.number("limit", 1..=MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT);
    Ok((limit, asked.number("offset", 0..=i64::MAX)?.unwrap_or(0)))
}
