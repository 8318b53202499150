//! The state and helpers that routes share: the app, the request's context, and the response to a write.

use std::{net::IpAddr, ops::Deref, sync::Arc, time::Duration};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, header, request::Parts},
    response::{IntoResponse, Response},
};
use commands::{
    accounts::Client,
    event_log::{Committed, EventPosition, TokenError},
    execute::{Context, IdempotencyKey},
};
use domain::{envelope::Actor, ids::UserId, values::Email};
use projections::chats::{ChatDetail, ChatHead};
use secrecy::SecretString;
use uuid::Uuid;

use super::{caller::Principal, consistency};
use crate::{
    app_state::AppState,
    client_network::whole_client,
    config::{AccessReason, HttpSettings},
    contract::{
        client_address::ClientAddress,
        input::Input,
        long_answers::{AnswerMemory, SMALL_BYTES, Share},
        middleware::RequestId,
        problem::ApiError,
    },
    health::Health,
    limits::{Action, Limits, NOWHERE, Secret},
};

/// The seconds after which a write that could not be read back may be readable (`Retry-After`).
const RETRY_AFTER: u64 = 5;
const MAX_KEY_CHARS: usize = 255;

/// The state of all routes. It is cheap to clone: each layer of each request has a clone.
#[derive(Clone)]
pub struct HttpState(Arc<Shared>);

/// The state that all clones share.
pub struct Shared {
    pub app: Arc<AppState>,
    http: HttpSettings,
    limits: Limits,
    memory: AnswerMemory,
    pub(super) health: Health,
}

impl Deref for HttpState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl HttpState {
    pub fn new(app: AppState, http: HttpSettings) -> Self {
        let limits = Limits::new(&http.limits);
        let memory = AnswerMemory::new(http.list_memory_mb.saturating_mul(1_048_576));
        Self(Arc::new(Shared { app: Arc::new(app), http, limits, memory, health: Health::default() }))
    }

    /// Returns whether who opens another person's chat has to say why.
    pub(super) fn asks_for_reason(&self) -> bool {
        self.http.access_reason == AccessReason::Required
    }

    /// Takes the memory for an answer that is built from texts of this many bytes.
    pub(super) async fn memory_for(&self, bytes: usize) -> Result<Share, ApiError> {
        self.memory.share(bytes).await
    }

    /// Reads a chat with its messages, and returns it with the memory that was taken for it.
    pub(super) async fn chat_of(&self, head: ChatHead, headers: &HeaderMap) -> Result<(ChatDetail, Share), ApiError> {
        let (views, base) = (&self.app.views, self.media_base(headers));
        let (chat, share) = head.detail(views, &base, SMALL_BYTES, async |bytes| self.memory_for(bytes).await).await?;
        Ok((chat, share.unwrap_or_default()))
    }

    /// Counts a request of this kind against the limit of the client's address.
    pub(super) fn throttle(&self, action: Action, address: Option<IpAddr>) -> Result<(), ApiError> {
        self.limits.check_address(action, address)
    }

    /// Counts a request of this kind against the limit of the account that acts.
    pub(super) fn throttle_account(&self, action: Action, account: &str) -> Result<(), ApiError> {
        self.limits.check_account(action, account)
    }

    /// Counts a refusal of this account, and returns whether it is put on record.
    pub(super) fn may_record(&self, action: Action, account: &str) -> bool {
        self.limits.may_record(action, account)
    }

    /// Counts an attempt at a secret of the account with this e-mail address, as failed until it has succeeded.
    pub(super) async fn begin_guess(
        &self,
        secret: Secret,
        email: &Email,
        address: Option<IpAddr>,
    ) -> Result<Guess, ApiError> {
        let client = self.client(email, address).await?;
        self.limits.begin_guess(secret, &email.comparable(), client.address, client.is_known)?;
        Ok(Guess { secret, client })
    }

    /// Counts a request for a mail to this address, and returns the requesting client.
    pub(super) async fn throttle_mail(&self, email: &Email, address: Option<IpAddr>) -> Result<Client, ApiError> {
        let client = self.client(email, address).await?;
        self.limits.check_mail(&email.comparable(), client.address, client.is_known)?;
        Ok(client)
    }

    async fn client(&self, email: &Email, address: Option<IpAddr>) -> Result<Client, ApiError> {
        let Some(address) = address.map(whole_client) else {
            // A client without an address counts as a stranger.
            return Ok(Client { address: NOWHERE, is_known: false });
        };
        Ok(Client { address, is_known: self.app.accounts.was_let_in_from(email, address).await? })
    }

    /// Builds the response to a write when the write can be read back, or after a bounded wait; then a header tells
    /// that the views are behind. If `response` fails because of that, the response is a 503: the write is done, and a
    /// client that has sent an `Idempotency-Key` may repeat the request.
    ///
    /// # Errors
    /// The error of `response`, if the write can be read back.
    pub async fn respond_after_commit(
        &self,
        committed: &Committed,
        response: impl AsyncFnOnce() -> Result<Response, ApiError>,
    ) -> Result<Response, ApiError> {
        let is_readable = self.settled(committed).await;
        match response().await {
            Err(_) if !is_readable => Ok(ApiError::unavailable(RETRY_AFTER).into_response()),
            result => result,
        }
    }

    /// Waits for a bounded time until a write can be read back. Returns whether it can, and notes it for the response's
    /// headers.
    pub async fn settled(&self, committed: &Committed) -> bool {
        let patience = if self.app.ending.is_cancelled() { LAST_PATIENCE } else { self.http.write_wait() };
        let is_readable = self.app.wait_for_views(committed, patience.min(self.http.write_wait())).await;
        consistency::note(committed, is_readable);
        is_readable
    }

    /// Waits for a bounded time until the views have reached the positions of a consistency token. Returns the
    /// positions that are missing then.
    pub(super) async fn reached(&self, token: &str) -> Result<Vec<EventPosition>, TokenError> {
        self.app.wait_for_token(token, self.http.write_wait()).await
    }

    /// Returns the base of the URLs of files, which is relative (`/media/`) if the host is unknown.
    pub fn media_base(&self, headers: &HeaderMap) -> String {
        if let Some(url) = self.http.public_url() {
            return format!("{url}/media/");
        }
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let scheme = match text(HeaderName::from_static("x-forwarded-proto")) {
            Some("https") => "https",
            _ => "http",
        };
        text(header::HOST).map_or_else(|| "/media/".to_owned(), |host| format!("{scheme}://{host}/media/"))
    }
}

/// The maximum wait for views while the process ends: the last responses have to be sent before it does.
const LAST_PATIENCE: Duration = Duration::from_secs(1);

/// An attempt at a secret. It counts as failed if it is dropped without a call of `succeeded` or `let_in`.
#[must_use = "an attempt that has succeeded is not counted"]
pub(super) struct Guess {
    secret: Secret,
    pub(super) client: Client,
}

impl Guess {
    /// Records that the secret was right.
    pub(super) fn succeeded(&self, state: &HttpState, email: &Email) {
        state.limits.guess_succeeded(self.secret, &email.comparable(), self.client.address);
    }

    /// Records that the secret was right and somebody has logged in: strangers cannot lock out this address any more.
    pub(super) async fn let_in(&self, state: &HttpState, email: &Email, user: UserId) {
        self.succeeded(state, email);
        let Client { address, is_known } = self.client;
        if !is_known
            && address != NOWHERE
            && let Err(error) = state.app.accounts.let_in_from(user, email, address).await
        {
            tracing::warn!(error = commands::error_chain(&error), "the place of a log-in was not noted");
        }
    }
}

/// The origin of a request.
pub(super) struct Origin {
    request_id: Uuid,
    method_and_path: String,
    /// `None` for a request without a socket.
    pub(super) address: Option<IpAddr>,
    user_agent: Option<String>,
    traceparent: Option<String>,
    idempotency_key: Option<String>,
    /// The namespace of the idempotency key within the actor, if it has several clients.
    key_holder: Option<String>,
    /// The person on whose behalf a temp token acts.
    on_behalf_of: Option<Actor>,
}

impl<S: Send + Sync> FromRequestParts<S> for Origin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let text = |name: &str| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let idempotency_key = text("idempotency-key");
        if idempotency_key.as_ref().is_some_and(|key| key.chars().count() > MAX_KEY_CHARS) {
            return Err(ApiError::parse(format!("An Idempotency-Key has at most {MAX_KEY_CHARS} characters.")));
        }
        Ok(Self {
            request_id: parts.extensions.get::<RequestId>().map_or_else(Uuid::nil, |id| id.0),
            method_and_path: format!("{} {}", parts.method, parts.uri.path()),
            address: parts.extensions.get::<ClientAddress>().map(|client| client.0),
            user_agent: text("user-agent").map(|agent| agent.chars().take(256).collect()),
            traceparent: text("traceparent").filter(|parent| is_traceparent(parent)),
            idempotency_key,
            key_holder: parts.extensions.get::<Principal>().and_then(Principal::key_holder),
            on_behalf_of: parts.extensions.get::<Principal>().and_then(Principal::on_behalf_of),
        })
    }
}

/// Returns whether the text is a W3C trace context: `00-<32 hex>-<16 hex>-<2 hex>`.
fn is_traceparent(text: &str) -> bool {
    let lengths = [2, 32, 16, 2];
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() == 4
        && parts
            .iter()
            .zip(lengths)
            .all(|(part, length)| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

impl Origin {
    pub(super) const fn request_id(&self) -> Uuid {
        self.request_id
    }

    /// Returns the context for a command of this request.
    pub(super) fn context(&self, actor: Actor) -> Context {
        Context {
            actor,
            on_behalf_of: self.on_behalf_of.clone(),
            correlation_id: self.request_id,
            causation_id: None,
            traceparent: self.traceparent.clone(),
            client_address: self.address.map(|address| address.to_string()),
            user_agent: self.user_agent.clone(),
            idempotency: None,
        }
    }

    /// Returns the context for a command that creates something; a request that is repeated with the same idempotency
    /// key creates it once.
    pub(super) fn context_of_creation(&self, caller: impl Into<Actor>, input: &Input) -> Context {
        let idempotency = self.idempotency_key.clone().map(|key| IdempotencyKey {
            holder: self.key_holder.clone(),
            key,
            request: [self.method_and_path.as_bytes(), &input.fingerprint()].concat(),
        });
        Context { idempotency, ..self.context(caller.into()) }
    }
}

/// The client's own provider key.
pub(super) struct ProviderKey(pub Option<SecretString>);

impl ProviderKey {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let key = headers.get("openai-key").and_then(|value| value.to_str().ok());
        Self(key.map(str::trim).filter(|key| !key.is_empty()).map(SecretString::from))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ProviderKey {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.headers))
    }
}

/// Returns a response without a body.
pub(super) fn empty(status: axum::http::StatusCode) -> Response {
    status.into_response()
}
