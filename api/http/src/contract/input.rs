//! A request body as one set of fields, whether it was sent as JSON, urlencoded or multipart.
//!
//! Sizes and numbers of fields are limited here, and uploaded files are kept apart from texts. Fields are validated in
//! `fields`. The body is read when the handler asks for it, because the handler looks up the object first.

mod json;
mod surrogates;
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
    body::{Body, Bytes, HttpBody},
    extract::{
        DefaultBodyLimit, FromRequest, Multipart, Request,
        multipart::{Field, MultipartError},
    },
    http::header,
};
use futures::{Stream, StreamExt as _, future, stream};
use serde_json::Value;
use tokio::task::yield_now;

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
/// Bytes of memory that a byte of JSON can take when it is parsed (worst case: `[0,0,0,…`).
const JSON_WEIGHT: usize = 8;
/// From this size on, the memory for a part is allocated at once for the announced length.
const LARGE_BYTES: usize = 65_536;

/// The size limits of a request body, in bytes. Add it to requests as an extension; without it the default applies.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// Of JSON and urlencoded bodies.
    pub json_bytes: usize,
    /// Of all texts of a multipart body together.
    pub form_bytes: usize,
    /// Of a multipart body with its files.
    pub upload_bytes: usize,
    /// The lowest rate at which the body must arrive.
    pub least_rate: LeastRate,
}

impl BodyLimits {
    /// Returns the limits for endpoints that need no credentials: at most 16 KB each.
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

    /// Returns the memory that the greatest allowed body takes, in bytes.
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

/// A body that the handler has not read yet.
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

    /// Reads a JSON, urlencoded or multipart body; an empty body has no fields.
    ///
    /// # Errors
    /// 400 for a malformed body, 408 for one that arrives too slowly, 413 for one that is too large, 415 for another
    /// content type, 503 if there is no memory for it.
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

    /// Reads a multipart body; an empty body has no fields.
    ///
    /// # Errors
    /// As [`read`](Self::read); 415 for any content type but multipart.
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

    /// Reads at most `bytes` bytes, each of which takes `weight` bytes of memory. The memory is held until the input is
    /// dropped.
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
        // Switch off axum's own body limit: the limits are those of `bounded`.
        DefaultBodyLimit::disable().apply(&mut self.request);
        let place = self.place.clone();
        let outcome = read(self).await;
        match fault.get() {
            // The fault itself, not the error into which the library has turned it.
            Some(fault) => Err((*fault).into()),
            None => Ok(Input { _place: place, ..outcome? }),
        }
    }

    /// Returns the `Content-Length` that the client has announced; `usize::MAX` if it is no number or too large.
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
        let request = self.request.map(|body| Body::from_stream(ends_by_itself(body.into_data_stream())));
        let mut parts =
            Multipart::from_request(request, &()).await.map_err(|_| malformed("Invalid boundary in multipart"))?;
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
                // A file input that was left empty sends a part with an empty file name.
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

/// Returns the file name without folders and control characters; empty if nothing usable is left.
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

/// Lets a stream end in a poll of its own. multer 3.1.0 refuses a whole body as incomplete if its last bytes and its end
/// come in the second of two polls in a row, which happens when another thread receives them in between.
fn ends_by_itself<S: Stream>(chunks: S) -> impl Stream<Item = S::Item> {
    chunks.chain(stream::once(yield_now()).filter_map(|()| future::ready(None)))
}

/// Reads the bytes of a part. For a large part the announced length is allocated at once: unused pages of it cost
/// nothing, while a growing buffer would be copied again and again.
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

/// A value as it was received.
#[derive(Clone)]
pub enum Received {
    Json(Value),
    /// All texts of one name in a form; the last one counts, except for lists.
    Texts(Vec<String>),
    File(Upload),
}

/// The fields of a body. The values are personal data: `Debug` shows only the names.
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
