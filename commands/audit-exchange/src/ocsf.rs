//! [OCSF](https://schema.ocsf.io) 1.8.0: API Activity (6003) for each access, export and answer of a model, Authentication
//! (3002) for each log-in and log-out.
//!
//! Version 1.9 has a profile for proofs (`record_integrity`), whose `attestation_list` stands under `unmapped` here, beside
//! the event of the log and its proof.

mod attestation;

use chrono::{DateTime, Utc};
use domain::{
    access::{Access, AccessEvent, AccessKind, AccessedObject},
    chat::{ChatEvent, Completion},
    envelope::Actor,
    event::Event,
    ids::SessionId,
    user::UserEvent,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{Entry, Log, Turn};
use attestation::Previous;

/// The version of the schema that the events are of.
pub const VERSION: &str = "1.8.0";
const PRODUCT: &str = "Ayushma";

/// A class of events, with one of its activities.
#[derive(Clone, Copy)]
struct Kind {
    category: u32,
    class: u32,
    activity: u32,
}

impl Kind {
    const CREATE: Self = Self::api(1);
    const READ: Self = Self::api(2);
    const LOG_ON: Self = Self { category: 3, class: 3002, activity: 1 };
    const LOG_OFF: Self = Self { category: 3, class: 3002, activity: 2 };

    const fn api(activity: u32) -> Self {
        Self { category: 6, class: 6003, activity }
    }

    const fn type_uid(self) -> u32 {
        self.class * 100 + self.activity
    }
}

/// The events of one file, each of which attests the one before.
#[derive(Debug)]
pub struct Chain {
    /// The name of the chain.
    uid: String,
    previous: Option<Previous>,
}

impl Chain {
    /// Begins the events of a file. `uid` names it, and no other file.
    pub const fn new(uid: String) -> Self {
        Self { uid, previous: None }
    }

    /// Returns what an event is in OCSF; `None` for events that are nothing there. `turn` is what [`crate::Turns`] says of it.
    pub fn event(&mut self, log: &Log, entry: &Entry<'_>, turn: Option<&Turn>) -> Option<Value> {
        let mut event = Events { log, entry }.event(turn)?;
        self.previous = Some(attestation::attest(&mut event, log, &self.uid, self.previous.take()));
        Some(event)
    }
}

struct Events<'a> {
    log: &'a Log,
    entry: &'a Entry<'a>,
}

impl Events<'_> {
    fn event(&self, turn: Option<&Turn>) -> Option<Value> {
        match &self.entry.recorded.event {
            Event::Access(AccessEvent::AccessGranted(access)) => Some(self.access(access, true)),
            Event::Access(AccessEvent::AccessRefused(access)) => Some(self.access(access, false)),
            Event::User(UserEvent::SessionStarted { session_id }) => Some(self.session(*session_id, Kind::LOG_ON)),
            Event::User(UserEvent::SessionEnded { session_id }) => Some(self.session(*session_id, Kind::LOG_OFF)),
            Event::Chat(ChatEvent::AnswerCompleted(completion)) => {
                Some(self.answer(completion, turn.unwrap_or(&Turn::default())))
            }
            _ => None,
        }
    }

    /// Somebody read something, or was refused it.
    fn access(&self, access: &Access, is_granted: bool) -> Value {
        let mut event = self.begin(Kind::READ, &[]);
        let what: &str = access.what.into();
        let (status, severity) = if is_granted { (1, 1) } else { (2, 2) };
        event.insert("status_id".to_owned(), status.into());
        event.insert("severity_id".to_owned(), severity.into());
        let said = if is_granted { "read" } else { "refused" };
        event.insert("message".to_owned(), format!("{said}: {what}").into());
        if !is_granted {
            let why = "a right is missing, or it does not exist for whoever asked";
            event.insert("status_detail".to_owned(), why.into());
        }
        event.insert("actor".to_owned(), self.actor(access));
        event.insert("api".to_owned(), self.api(&access.request));
        let resources: Vec<_> = access.objects.iter().map(resource).collect();
        if !resources.is_empty() {
            event.insert("resources".to_owned(), resources.into());
        }
        let client = if access.what == AccessKind::Export { "command line" } else { "client" };
        event.insert("src_endpoint".to_owned(), json!({ "name": client }));
        event.into()
    }

    /// Somebody logged in, or a login ended.
    fn session(&self, session: SessionId, kind: Kind) -> Value {
        let mut event = self.begin(kind, &[]);
        event.insert("status_id".to_owned(), 1.into());
        event.insert("severity_id".to_owned(), 1.into());
        event.insert("actor".to_owned(), actor(&self.entry.recorded.metadata.actor));
        event.insert("user".to_owned(), user(self.entry.recorded.aggregate_id));
        event.insert("session".to_owned(), json!({ "uid": session.to_string() }));
        event.insert("service".to_owned(), json!({ "name": PRODUCT, "uid": self.log.id.to_string() }));
        event.insert("is_remote".to_owned(), true.into());
        event.into()
    }

    /// A model has answered.
    fn answer(&self, completion: &Completion, turn: &Turn) -> Value {
        let generation = &completion.generation;
        let mut event = self.begin(Kind::CREATE, &["ai_operation"]);
        event.insert("status_id".to_owned(), 1.into());
        event.insert("severity_id".to_owned(), 1.into());
        event.insert("message".to_owned(), "answer of a model".into());
        let metadata = &self.entry.recorded.metadata;
        event.insert("actor".to_owned(), actor(metadata.on_behalf_of.as_ref().unwrap_or(&metadata.actor)));
        event.insert("api".to_owned(), self.api("AnswerCompleted"));
        event.insert("src_endpoint".to_owned(), json!({ "name": "client" }));
        event.insert("start_time".to_owned(), milliseconds(generation.response.started_at));
        event.insert("end_time".to_owned(), milliseconds(generation.response.ended_at));
        let mut model = json!({ "name": generation.model_requested, "ai_provider": "not recorded" });
        if let Some(answered) = &generation.model_returned {
            model["version"] = answered.clone().into();
        }
        event.insert("ai_model".to_owned(), model);
        let mut context = json!({
            "uid": completion.answer_id.to_string(),
            "ai_role_id": 2,
            "service": { "name": PRODUCT, "uid": self.log.id.to_string() },
        });
        if let Some(usage) = generation.usage {
            context["prompt_tokens"] = usage.prompt_tokens.into();
            context["completion_tokens"] = usage.completion_tokens.into();
        }
        event.insert("message_context".to_owned(), context);
        let mut resources =
            vec![json!({ "uid": self.entry.recorded.aggregate_id.to_string(), "type": "chat", "role_id": 1 })];
        for passage in turn.passages.iter().flatten() {
            resources.push(json!({
                "uid": passage.document_id.to_string(),
                "type": "document",
                "version": passage.document_version.to_string(),
                "role_id": 4,
                "data": { "passage": passage.chunk_id.to_string(), "sha256": passage.content_hash },
            }));
        }
        event.insert("resources".to_owned(), resources.into());
        let prompt = json!({ "version": generation.prompt_version, "sha256": generation.prompt_hash });
        event["unmapped"]["prompt"] = prompt;
        event.into()
    }

    /// What all events have.
    fn begin(&self, kind: Kind, profiles: &[&str]) -> Map<String, Value> {
        let Entry { recorded, digest, .. } = self.entry;
        let metadata = &recorded.metadata;
        let event_code = format!("{}.{}", recorded.event.aggregate_type().name(), recorded.event.event_type());
        let mut about = json!({
            "version": VERSION,
            "product": { "name": PRODUCT, "vendor_name": PRODUCT, "version": env!("CARGO_PKG_VERSION") },
            "uid": metadata.event_id.to_string(),
            "correlation_uid": metadata.correlation_id.to_string(),
            "log_name": self.log.origin,
            "event_code": event_code,
        });
        if !profiles.is_empty() {
            about["profiles"] = profiles.into();
        }
        let event = json!({
            "category_uid": kind.category,
            "class_uid": kind.class,
            "activity_id": kind.activity,
            "type_uid": kind.type_uid(),
            "time": milliseconds(metadata.recorded_at),
            "metadata": about,
            "unmapped": {
                "log_event": {
                    "log": self.log.origin,
                    "log_id": self.log.id.to_string(),
                    "position": recorded.position,
                    "sha256": hex::encode(digest),
                    "receipt": self.entry.receipt_path(),
                },
            },
        });
        match event {
            Value::Object(event) => event,
            _ => Map::new(),
        }
    }

    fn api(&self, operation: &str) -> Value {
        json!({
            "operation": operation,
            "request": { "uid": self.entry.recorded.metadata.correlation_id.to_string() },
            "service": { "name": PRODUCT, "uid": self.log.id.to_string() },
        })
    }

    fn actor(&self, access: &Access) -> Value {
        let mut who = actor(&self.entry.recorded.metadata.actor);
        let roles: Vec<_> = access.roles.iter().map(|role| json!({ "name": <&str>::from(role) })).collect();
        if !roles.is_empty() && who["user"].is_object() {
            who["user"]["groups"] = roles.into();
        }
        if let Some(session) = access.session_id {
            who["session"] = json!({ "uid": session.to_string() });
        }
        who
    }
}

fn milliseconds(time: DateTime<Utc>) -> Value {
    time.timestamp_millis().into()
}

fn user(id: Uuid) -> Value {
    json!({ "uid": id.to_string(), "type_id": 1 })
}

fn actor(actor: &Actor) -> Value {
    match actor {
        Actor::User(person) => json!({ "user": user(person.value()) }),
        Actor::Service(service) => json!({ "app_uid": service.to_string() }),
        Actor::System(_) => json!({ "app_name": actor.to_string() }),
    }
}

fn resource(object: &AccessedObject) -> Value {
    let mut resource = json!({ "uid": object.id.to_string(), "role_id": 1 });
    if let Some(kind) = object.kind {
        resource["type"] = kind.name().into();
    }
    if let Some(owner) = object.owner {
        resource["owner"] = user(owner.value());
    }
    resource
}
