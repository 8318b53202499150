//! A request's body as one set of fields, whether it came as JSON, urlencoded or multipart.
//!
//! It bounds sizes and counts, and it keeps uploaded files apart from texts. What a field must look like is decided
//! in `fields`. A body is read when the route asks for it, because looking up the object comes first.

use std::{collections::HashMap, convert::Infallible, fmt, time::Duration};

use axum::{
    Form,
    body::{Bytes, HttpBody},
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request},
    http::{StatusCode, header},
};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    json_fault,
    problem::ApiError,
    python,
    room::{Place, Room},
};

const MAX_FORM_FIELDS: usize = 1_000;
/// For a whole body: 25 MB at the speed of a bad telephone line.
const READ_TIME: Duration = Duration::from_secs(300);

/// How much a request may carry. Add it to the requests as an extension; without one the default holds.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// JSON and urlencoded bodies, and the texts of a multipart one together.
    pub form_bytes: usize,
    /// A multipart body with its files.
    pub upload_bytes: usize,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { form_bytes: 2_621_440, upload_bytes: 26_214_400 }
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
    room: Option<Room>,
}

impl<S: Send + Sync> FromRequest<S> for UnreadBody {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        let limits = request.extensions().get::<BodyLimits>().copied().unwrap_or_default();
        let room = request.extensions().get::<Room>().cloned();
        Ok(Self { request, limits, room })
    }
}

impl UnreadBody {
    pub fn new(request: Request, limits: BodyLimits) -> Self {
        Self { request, limits, room: None }
    }

    /// Reads JSON, urlencoded or multipart.
    pub async fn read(self) -> Result<Input, ApiError> {
        let content_type = self.content_type();
        let media_type = media_type(&content_type);
        if self.request.body().is_end_stream() {
            let form = media_type == MULTIPART || media_type == URLENCODED;
            return Ok(Input::empty(form));
        }
        let BodyLimits { form_bytes, upload_bytes } = self.limits;
        match media_type.as_str() {
            "application/json" => self.within(form_bytes, Self::json).await,
            URLENCODED => self.within(form_bytes, Self::urlencoded).await,
            MULTIPART => self.within(upload_bytes, Self::multipart).await,
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
        self.within(limit, Self::multipart).await
    }

    /// Reads at most so much, in bounded time, when there is room for it. The room is taken until the input is dropped.
    async fn within(
        self,
        limit: usize,
        read: impl AsyncFnOnce(Self) -> Result<Input, ApiError>,
    ) -> Result<Input, ApiError> {
        let announced = self.request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let bytes = announced.map_or(limit, |text| text.parse().unwrap_or(usize::MAX));
        if bytes > limit {
            return Err(ApiError::payload_too_large());
        }
        let place = match &self.room {
            Some(room) => room.place(bytes).await?,
            None => None,
        };
        let input = tokio::time::timeout(READ_TIME, read(self)).await.map_err(|_| too_slow())??;
        Ok(Input { _place: place, ..input })
    }

    fn content_type(&self) -> String {
        self.request
            .headers()
            .get(header::CONTENT_TYPE)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .unwrap_or_default()
    }

    fn limited_to(mut self, bytes: usize) -> Request {
        DefaultBodyLimit::max(bytes).apply(&mut self.request);
        self.request
    }

    async fn json(self) -> Result<Input, ApiError> {
        let limit = self.limits.form_bytes;
        let bytes = Bytes::from_request(self.limited_to(limit), &())
            .await
            .map_err(|rejection| unreadable(rejection.status()))?;
        if bytes.is_empty() {
            return Ok(Input::empty(false));
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(entries)) => Ok(Input {
                fields: entries.into_iter().map(|(name, value)| (name, Received::Json(value))).collect(),
                form: false,
                _place: None,
            }),
            Ok(Value::Null) => Err(ApiError::non_field("No data provided")),
            Ok(other) => Err(ApiError::non_field(format!(
                "Invalid data. Expected a dictionary, but got {}.",
                python::type_name(&other)
            ))),
            Err(_) => Err(ApiError::parse(format!("JSON parse error - {}", json_fault::describe(&bytes)))),
        }
    }

    async fn urlencoded(self) -> Result<Input, ApiError> {
        let limit = self.limits.form_bytes;
        let Form(pairs) = Form::<Vec<(String, String)>>::from_request(self.limited_to(limit), &())
            .await
            .map_err(|rejection| unreadable(rejection.status()))?;
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
        let BodyLimits { form_bytes, upload_bytes } = self.limits;
        let mut parts = Multipart::from_request(self.limited_to(upload_bytes), &())
            .await
            .map_err(|_| malformed("Invalid boundary in multipart"))?;
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
            let bytes = part.bytes().await.map_err(|e| broken_part(&e))?;
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
    match python::strip(&printable) {
        "." | ".." => String::new(),
        name => name.to_owned(),
    }
}

fn malformed(what: &str) -> ApiError {
    ApiError::parse(format!("Multipart form parse error - {what}"))
}

fn broken_part(error: &axum::extract::multipart::MultipartError) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::payload_too_large()
    } else {
        malformed(&error.body_text())
    }
}

fn too_many_fields() -> ApiError {
    ApiError::parse(format!("More than {MAX_FORM_FIELDS} fields were sent."))
}

fn too_slow() -> ApiError {
    ApiError::detail(StatusCode::REQUEST_TIMEOUT, "The request body took too long.")
}

/// The body is too long, or the client hung up before its end.
fn unreadable(status: StatusCode) -> ApiError {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::payload_too_large()
    } else {
        ApiError::parse("The request body ended too early.")
    }
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
    _place: Option<Place>,
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

    /// The same for the same fields, however they came: tells a repeated request from another one.
    pub fn fingerprint(&self) -> Vec<u8> {
        let mut names: Vec<&String> = self.fields.keys().collect();
        names.sort_unstable();
        let mut hasher = Sha256::new();
        let mut add = |bytes: &[u8]| {
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        };
        for name in names {
            add(name.as_bytes());
            match &self.fields[name] {
                Received::Json(value) => add(value.to_string().as_bytes()),
                Received::Texts(texts) => texts.iter().for_each(|text| add(text.as_bytes())),
                Received::File(upload) => {
                    add(upload.file_name.as_bytes());
                    add(&upload.bytes);
                }
            }
        }
        hasher.finalize().to_vec()
    }

    /// Did it come as urlencoded or multipart?
    pub fn is_form(&self) -> bool {
        self.form
    }

    /// A text as it came, not validated: for what must be looked at before validation.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.fields.get(name)? {
            Received::Json(Value::String(text)) => Some(text),
            Received::Texts(texts) => texts.last().map(String::as_str),
            Received::Json(_) | Received::File(_) => None,
        }
    }

    /// A form with these texts: for an object within JSON that says what a form says elsewhere.
    pub fn of_texts(texts: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut input = Self::empty(true);
        texts.into_iter().for_each(|(name, text)| input.add_text(name, text));
        input
    }

    /// A value of JSON as it came, not validated.
    pub fn json(&self, name: &str) -> Option<&Value> {
        match self.fields.get(name)? {
            Received::Json(value) => Some(value),
            Received::Texts(_) | Received::File(_) => None,
        }
    }

    /// A file, if one came under this name.
    pub fn file(&self, name: &str) -> Option<&Upload> {
        match self.fields.get(name)? {
            Received::File(upload) => Some(upload),
            Received::Json(_) | Received::Texts(_) => None,
        }
    }
}

#[cfg(test)]
#[path = "input_tests.rs"]
mod tests;
