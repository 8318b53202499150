//! A request's body as one set of fields, whether it came as JSON, urlencoded or multipart.
//!
//! It bounds sizes and counts, and it keeps uploaded files apart from texts. What a field must look like is decided
//! in `fields`. A body is read when the route asks for it, because looking up the object comes first.

mod json;
mod values;

use std::{
    collections::HashMap,
    convert::Infallible,
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    Form,
    body::{Bytes, HttpBody},
    extract::{
        DefaultBodyLimit, FromRequest, Multipart, Request,
        multipart::{Field, MultipartError},
    },
    http::header,
};
use serde_json::Value;

use super::{
    body_memory::{BodyMemoryBudget, BodyMemoryPermit, Sender},
    client_address::ClientAddress,
    django_format,
    incoming::{Bounds, Fault, bounded},
    problem::ApiError,
    resource::Account,
};
use crate::config::LeastRate;

const MAX_FORM_FIELDS: usize = 1_000;
/// Bytes of memory that a byte of JSON can become (`[0,0,0,…`).
const JSON_WEIGHT: usize = 8;
/// Where a file's memory is taken for all of it that is announced.
const LARGE_BYTES: usize = 65_536;

/// How much a request may carry. Add it to the requests as an extension; without one the default holds.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// JSON and urlencoded bodies.
    pub json_bytes: usize,
    /// The texts of a multipart body together.
    pub form_bytes: usize,
    /// A multipart body with its files.
    pub upload_bytes: usize,
    /// How slowly it may come.
    pub least_rate: LeastRate,
}

impl BodyLimits {
    /// For what anybody may send without being known.
    #[must_use]
    pub fn of_strangers(self) -> Self {
        let at_most = |bytes: usize| bytes.min(16_384);
        Self {
            json_bytes: at_most(self.json_bytes),
            form_bytes: at_most(self.form_bytes),
            upload_bytes: at_most(self.upload_bytes),
            ..self
        }
    }

    /// Memory that the greatest body takes, in bytes.
    pub fn greatest(&self) -> usize {
        self.upload_bytes.max(self.form_bytes).max(self.json_bytes.saturating_mul(JSON_WEIGHT))
    }
}

impl Default for BodyLimits {
    fn default() -> Self {
        let least_rate = LeastRate { bytes: 0, period: Duration::from_secs(20) };
        Self { json_bytes: 1_048_576, form_bytes: 2_621_440, upload_bytes: 26_214_400, least_rate }
    }
}

/// An uploaded file.
#[derive(Clone, Default, PartialEq)]
pub struct Upload {
    /// The last part of the name that the client gave, not yet cleaned for storage.
    pub file_name: String,
    pub content_type: Option<String>,
    pub bytes: Bytes,
}

/// A body that the route has not asked for yet.
pub struct UnreadBody {
    request: Request,
    limits: BodyLimits,
    place: Option<Arc<BodyMemoryPermit>>,
    fault: Arc<OnceLock<Fault>>,
}

impl<S: Send + Sync> FromRequest<S> for UnreadBody {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        let extensions = request.extensions();
        let limits = extensions.get::<BodyLimits>().copied().unwrap_or_default();
        let sender = Sender {
            address: extensions.get::<ClientAddress>().map(|client| client.0),
            account: extensions.get::<Account>().map(|account| account.0),
        };
        let place = extensions.get::<BodyMemoryBudget>().map(|room| Arc::new(room.enter(sender)));
        Ok(Self { place, ..Self::new(request, limits) })
    }
}

impl UnreadBody {
    pub fn new(request: Request, limits: BodyLimits) -> Self {
        Self { request, limits, place: None, fault: Arc::default() }
    }

    /// Reads JSON, urlencoded or multipart.
    pub async fn read(self) -> Result<Input, ApiError> {
        let content_type = self.content_type();
        let media_type = media_type(&content_type);
        if self.request.body().is_end_stream() {
            let form = media_type == MULTIPART || media_type == URLENCODED;
            return Ok(Input::empty(form));
        }
        let BodyLimits { json_bytes, upload_bytes, .. } = self.limits;
        match media_type.as_str() {
            "application/json" => self.within(json_bytes, JSON_WEIGHT, Self::json).await,
            URLENCODED => self.within(json_bytes, 1, Self::urlencoded).await,
            MULTIPART => self.within(upload_bytes, 1, Self::multipart).await,
            _ => Err(ApiError::unsupported_media_type(&content_type)),
        }
    }

    /// Reads multipart; another content type is a 415.
    pub async fn read_multipart(self) -> Result<Input, ApiError> {
        let content_type = self.content_type();
        if self.request.body().is_end_stream() {
            return Ok(Input::empty(true));
        }
        if media_type(&content_type) != MULTIPART {
            return Err(ApiError::unsupported_media_type(&content_type));
        }
        let limit = self.limits.upload_bytes;
        self.within(limit, 1, Self::multipart).await
    }

    /// Reads at most so many bytes, each of which takes so many of memory. They are taken until the input is dropped.
    async fn within(
        mut self,
        bytes: usize,
        weight: usize,
        read: impl AsyncFnOnce(Self) -> Result<Input, ApiError>,
    ) -> Result<Input, ApiError> {
        if self.announced().is_some_and(|announced| announced > bytes) {
            return Err(ApiError::payload_too_large());
        }
        let bounds = Bounds { bytes, least_rate: self.limits.least_rate, weight };
        let (body, fault) = bounded(std::mem::take(self.request.body_mut()), bounds, self.place.clone());
        *self.request.body_mut() = body;
        self.fault = fault.clone();
        // Libraries have limits of their own, which are not ours.
        DefaultBodyLimit::disable().apply(&mut self.request);
        let place = self.place.clone();
        let outcome = read(self).await;
        match fault.get() {
            // Whatever the library made of it.
            Some(fault) => Err((*fault).into()),
            None => Ok(Input { _place: place, ..outcome? }),
        }
    }

    /// The length that the client has announced.
    fn announced(&self) -> Option<usize> {
        let text = self.request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?;
        Some(text.parse().unwrap_or(usize::MAX))
    }

    fn content_type(&self) -> String {
        self.request
            .headers()
            .get(header::CONTENT_TYPE)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .unwrap_or_default()
    }

    async fn json(self) -> Result<Input, ApiError> {
        let bytes = Bytes::from_request(self.request, &()).await.map_err(|_| Fault::Broken)?;
        json::read(bytes).await
    }

    async fn urlencoded(self) -> Result<Input, ApiError> {
        let Form(pairs) =
            Form::<Vec<(String, String)>>::from_request(self.request, &()).await.map_err(|_| Fault::Broken)?;
        let mut input = Input::empty(true);
        if pairs.len() > MAX_FORM_FIELDS {
            return Err(too_many_fields());
        }
        for (name, text) in pairs {
            input.add_text(name, text);
        }
        Ok(input)
    }

    async fn multipart(self) -> Result<Input, ApiError> {
        let BodyLimits { form_bytes, .. } = self.limits;
        let announced = self.announced().unwrap_or(0);
        let mut parts =
            Multipart::from_request(self.request, &()).await.map_err(|_| malformed("Invalid boundary in multipart"))?;
        let mut input = Input::empty(true);
        let (mut count, mut text_bytes) = (0, 0);
        while let Some(part) = parts.next_field().await.map_err(|e| broken_part(&e))? {
            count += 1;
            if count > MAX_FORM_FIELDS {
                return Err(too_many_fields());
            }
            let Some(name) = part.name().map(str::to_owned) else {
                continue;
            };
            let file_name = part.file_name().map(base_name);
            let content_type = part.content_type().map(str::to_owned);
            let bytes = whole(part, announced).await.map_err(|e| broken_part(&e))?;
            match file_name {
                None => {
                    text_bytes += bytes.len();
                    if text_bytes > form_bytes {
                        return Err(ApiError::payload_too_large());
                    }
                    input.add_text(name, String::from_utf8_lossy(&bytes).into_owned());
                }
                // A file box that was left empty sends a part without a file name.
                Some(file_name) if file_name.is_empty() => {}
                Some(file_name) => {
                    let upload = Upload { file_name, content_type, bytes };
                    input.fields.insert(name, Received::File(upload));
                }
            }
        }
        Ok(input)
    }
}

const MULTIPART: &str = "multipart/form-data";
const URLENCODED: &str = "application/x-www-form-urlencoded";

fn media_type(content_type: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// The name without folders and unprintable characters; empty if nothing usable is left.
fn base_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let printable: String = last.chars().filter(|c| !c.is_control()).collect();
    match django_format::strip(&printable) {
        "." | ".." => String::new(),
        name => name.to_owned(),
    }
}

fn malformed(what: &str) -> ApiError {
    ApiError::parse(format!("Multipart form parse error - {what}"))
}

fn broken_part(error: &MultipartError) -> ApiError {
    malformed(&error.body_text())
}

/// The bytes of a part. A large one gets the memory of all that is announced at once: what is not used of it costs nothing, and
/// copies of a growing one would.
async fn whole(mut part: Field<'_>, announced: usize) -> Result<Bytes, MultipartError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = part.chunk().await? {
        let needed = bytes.len() + chunk.len();
        if needed > LARGE_BYTES.max(bytes.capacity()) && needed <= announced {
            bytes.reserve_exact(announced - bytes.len());
        }
        bytes.extend_from_slice(&chunk);
    }
    if bytes.capacity() / 2 > bytes.len() {
        bytes.shrink_to_fit();
    }
    Ok(bytes.into())
}

fn too_many_fields() -> ApiError {
    ApiError::parse(format!("More than {MAX_FORM_FIELDS} fields were sent."))
}

/// A value as it came.
#[derive(Clone)]
pub enum Received {
    Json(Value),
    /// All texts that came under one name in a form; the last one counts, except for lists.
    Texts(Vec<String>),
    File(Upload),
}

/// The fields of a body. They are personal: its `Debug` shows only their names.
pub struct Input {
    fields: HashMap<String, Received>,
    form: bool,
    _place: Option<Arc<BodyMemoryPermit>>,
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.fields.keys()).finish()
    }
}

impl Input {
    fn empty(form: bool) -> Self {
        Self { fields: HashMap::new(), form, _place: None }
    }

    fn add_text(&mut self, name: String, text: String) {
        match self.fields.entry(name).or_insert(Received::Texts(vec![])) {
            Received::Texts(texts) => texts.push(text),
            // A file wins over a text of the same name.
            Received::File(_) | Received::Json(_) => {}
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Received> {
        self.fields.get(name)
    }
}

#[cfg(test)]
#[path = "input_tests.rs"]
mod tests;
