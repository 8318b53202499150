//! `projects/{id}/retrieval`: the settings that choose the passages for an answer, and their effect for a question.

use std::ops::RangeInclusive;

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{
    ids::ProjectId,
    project::{Project, RetrievalSettings},
};
use knowledge::retrieval::ranking::{SearchResults, Trace};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use super::{
    access::at,
    caller::CallerInfo,
    http_state::{HttpState, Origin},
};
use crate::contract::{
    fields::Fields,
    ids::{Own, PathIds},
    input::UnreadBody,
    problem::ApiError,
};

const MAX_PASSAGES: i64 = 100;
const MAX_PERCENT: i64 = 1_000;
const MAX_DEPTH: i64 = 1_000;
const MAX_NEIGHBOURS: i64 = 5;
const MAX_RERANKED: i64 = 50;

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(get, change, explain))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(at(state, "/api/projects/{project}/retrieval").get(get).patch(change).served())
        .merge(at(state, "/api/projects/{project}/retrieval/explain").post(explain).served())
}

/// How passages are chosen. Shares are in per cent.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
struct Retrieval {
    /// What a word of a title or heading counts, against a word of the text.
    #[schema(minimum = 0, maximum = 1000)]
    title_percent: u16,
    /// What the order by words counts.
    #[schema(minimum = 0, maximum = 1000)]
    words_percent: u16,
    /// What the order by vectors counts.
    #[schema(minimum = 0, maximum = 1000)]
    vectors_percent: u16,
    /// How many passages each order has.
    #[schema(minimum = 1, maximum = 1000)]
    depth: u16,
    /// The relevance below which nothing is retrieved.
    #[schema(minimum = 0, maximum = 100)]
    threshold_percent: u16,
    /// No more passages of one document are taken while others have any.
    #[schema(minimum = 1, maximum = 100)]
    per_document: u16,
    /// How many passages before and behind a hit are joined to it.
    #[schema(minimum = 0, maximum = 5)]
    neighbours: u16,
    /// How many of the best passages the language model puts into its own order; it costs a request and its time. The built-in
    /// answerer has no opinion.
    #[schema(minimum = 0, maximum = 50)]
    rerank: u16,
}

impl From<RetrievalSettings> for Retrieval {
    fn from(settings: RetrievalSettings) -> Self {
        Self {
            title_percent: settings.title_percent,
            words_percent: settings.words_percent,
            vectors_percent: settings.vectors_percent,
            depth: settings.depth,
            threshold_percent: settings.threshold_percent,
            per_document: settings.per_document,
            neighbours: settings.neighbours,
            rerank: settings.rerank,
        }
    }
}

/// Only what is named is changed.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes a body, which is read by the contract's rules")]
struct RetrievalChange {
    #[schema(minimum = 0, maximum = 1000, nullable = false)]
    title_percent: Option<u16>,
    #[schema(minimum = 0, maximum = 1000, nullable = false)]
    words_percent: Option<u16>,
    #[schema(minimum = 0, maximum = 1000, nullable = false)]
    vectors_percent: Option<u16>,
    #[schema(minimum = 1, maximum = 1000, nullable = false)]
    depth: Option<u16>,
    #[schema(minimum = 0, maximum = 100, nullable = false)]
    threshold_percent: Option<u16>,
    #[schema(minimum = 1, maximum = 100, nullable = false)]
    per_document: Option<u16>,
    #[schema(minimum = 0, maximum = 5, nullable = false)]
    neighbours: Option<u16>,
    #[schema(minimum = 0, maximum = 50, nullable = false)]
    rerank: Option<u16>,
}

/// Returns the settings of a project; a 404 if it is absent or deleted.
async fn settings(state: &HttpState, id: ProjectId) -> Result<RetrievalSettings, ApiError> {
    match state.app.projects.load(id).await? {
        Project::Existing { retrieval, .. } => Ok(retrieval),
        Project::Absent | Project::Deleted { .. } => Err(ApiError::not_found()),
    }
}

/// How the passages behind an answer are chosen.
#[utoipa::path(
    get,
    path = "/api/projects/{project}/retrieval",
    responses((status = 200, description = "The settings", body = Retrieval))
)]
async fn get(State(state): State<HttpState>, PathIds(id): PathIds<Own<ProjectId>>) -> Result<Response, ApiError> {
    Ok(Json(Retrieval::from(settings(&state, id).await?)).into_response())
}

/// Has passages chosen in another way from now on.
#[utoipa::path(
    patch,
    path = "/api/projects/{project}/retrieval",
    request_body = RetrievalChange,
    responses((status = 200, description = "Changed", body = Retrieval))
)]
async fn change(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds(id): PathIds<Own<ProjectId>>,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let now = settings(&state, id).await?;
    let new = body.read().await?.partial(|fields| changed(fields, now))?;
    let committed = state.app.projects.change_retrieval(id, new, &origin.context(caller.actor())).await?;
    state.respond_after_commit(&committed, async || Ok(Json(Retrieval::from(new)).into_response())).await
}

/// Returns the settings with the changes that the body names.
fn changed(fields: &mut Fields<'_>, now: RetrievalSettings) -> RetrievalSettings {
    let mut number = |name, range: RangeInclusive<i64>, now: u16| {
        let sent = fields.integer(name).range(*range.start(), *range.end()).optional();
        sent.and_then(|sent| u16::try_from(sent).ok()).unwrap_or(now)
    };
    RetrievalSettings {
        title_percent: number("title_percent", 0..=MAX_PERCENT, now.title_percent),
        words_percent: number("words_percent", 0..=MAX_PERCENT, now.words_percent),
        vectors_percent: number("vectors_percent", 0..=MAX_PERCENT, now.vectors_percent),
        depth: number("depth", 1..=MAX_DEPTH, now.depth),
        threshold_percent: number("threshold_percent", 0..=100, now.threshold_percent),
        per_document: number("per_document", 1..=MAX_PASSAGES, now.per_document),
        neighbours: number("neighbours", 0..=MAX_NEIGHBOURS, now.neighbours),
        rerank: number("rerank", 0..=MAX_RERANKED, now.rerank),
    }
}

/// A question, and what shall be tried: settings that are not named are the project's.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes a body, which is read by the contract's rules")]
struct Trial {
    #[schema(min_length = 1, max_length = 10000)]
    question: String,
    /// How many passages are retrieved.
    #[schema(minimum = 1, maximum = 100, default = 10, nullable = false)]
    top_k: Option<u16>,
    #[schema(minimum = 0, maximum = 1000, nullable = false)]
    title_percent: Option<u16>,
    #[schema(minimum = 0, maximum = 1000, nullable = false)]
    words_percent: Option<u16>,
    #[schema(minimum = 0, maximum = 1000, nullable = false)]
    vectors_percent: Option<u16>,
    #[schema(minimum = 1, maximum = 1000, nullable = false)]
    depth: Option<u16>,
    #[schema(minimum = 0, maximum = 100, nullable = false)]
    threshold_percent: Option<u16>,
    #[schema(minimum = 1, maximum = 100, nullable = false)]
    per_document: Option<u16>,
    #[schema(minimum = 0, maximum = 5, nullable = false)]
    neighbours: Option<u16>,
    #[schema(minimum = 0, maximum = 50, nullable = false)]
    rerank: Option<u16>,
}

/// What a search has found, and how.
#[derive(Serialize, ToSchema)]
struct Explanation {
    settings: Retrieval,
    /// What an answer would be made from, best first.
    passages: Vec<FoundPassage>,
    /// Every passage that any stage has seen, best first.
    candidates: Vec<Candidate>,
}

#[derive(Serialize, ToSchema)]
struct FoundPassage {
    chunk_id: Uuid,
    document_id: Uuid,
    document_version: u32,
    title: String,
    /// The headings above it.
    headings: String,
    /// The page or slide on which it begins.
    page: Option<u32>,
    text: String,
    score: f32,
}

#[derive(Serialize, ToSchema)]
struct Candidate {
    chunk_id: Uuid,
    document_id: Uuid,
    /// Its place in the order by words, from 1, and its score there (BM25F).
    words_rank: Option<usize>,
    words_score: Option<f32>,
    /// Its place in the order by vectors, from 1, and the cosine of the angle.
    vectors_rank: Option<usize>,
    vectors_score: Option<f32>,
    /// What the places make together, by reciprocal rank fusion.
    fused: f32,
    /// How much of the question's words it has, by their rarity, or how near its vector is, whichever is more.
    relevance: f32,
    /// `retrieved`, `below_threshold`, `duplicate`, `joined` (to a better one beside it) or `beyond_limit`.
    fate: &'static str,
}

impl From<&Trace> for Candidate {
    fn from(trace: &Trace) -> Self {
        Self {
            chunk_id: trace.chunk_id.value(),
            document_id: trace.document_id.value(),
            words_rank: trace.words.map(|place| place.rank),
            words_score: trace.words.map(|place| place.score),
            vectors_rank: trace.vectors.map(|place| place.rank),
            vectors_score: trace.vectors.map(|place| place.score),
            fused: trace.fused,
            relevance: trace.relevance,
            fate: trace.fate.into(),
        }
    }
}

/// Shows for a question which passages each stage finds, and why they are retrieved or not. No answer is made, and nothing is stored.
#[utoipa::path(
    post,
    path = "/api/projects/{project}/retrieval/explain",
    request_body = Trial,
    responses((status = 200, description = "What was found", body = Explanation))
)]
async fn explain(
    State(state): State<HttpState>,
    PathIds(id): PathIds<Own<ProjectId>>,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let now = settings(&state, id).await?;
    let max_chars = state.app.texts.max_question_chars;
    let (question, top_k, settings) = body.read().await?.create(|fields| {
        let question = fields.text("question").bounded(max_chars).required();
        let top_k = fields.integer("top_k").range(1, MAX_PASSAGES).or(10);
        (question, top_k, changed(fields, now))
    })?;
    let limit = u32::try_from(top_k).unwrap_or(1);
    let SearchResults { passages, traces } = state.app.answering.explain(id, &question, limit, settings).await?;
    let passages = passages.into_iter().map(|passage| FoundPassage {
        chunk_id: passage.chunk_id.value(),
        document_id: passage.document_id.value(),
        document_version: passage.document_version,
        title: passage.title,
        headings: passage.headings,
        page: passage.page,
        text: passage.text,
        score: passage.score,
    });
    let candidates = traces.iter().map(Candidate::from).collect();
    Ok(Json(Explanation { settings: settings.into(), passages: passages.collect(), candidates }).into_response())
}
