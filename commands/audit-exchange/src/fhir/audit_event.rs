//! AuditEvent, in the patterns of IHE BALP 1.1.4.
//!
//! Read and Query have one agent each for the client and the server, one for the person if there is one, and one entity for
//! what was read or asked for. What the patterns leave open is used for the owners, further things, and the event of the log.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use chrono::SecondsFormat;
use domain::{
    access::{Access, AccessKind, AccessedObject},
    envelope::Actor,
    ids::{SessionId, UserId},
};
use serde_json::{Value, json};

use super::{
    codes::{actor, coding, concept, dicom, hl7, logical, numbered, reference, system, uuid},
    profiles,
};
use crate::{Entry, Log};

/// What an access looks like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pattern {
    Read,
    Query,
    Export,
}

impl Pattern {
    /// The pattern Read has exactly one thing.
    const fn of(access: &Access) -> Self {
        match access.what {
            AccessKind::Export => Self::Export,
            AccessKind::ChatList | AccessKind::Accesses | AccessKind::People => Self::Query,
            AccessKind::Chat
            | AccessKind::Ratings
            | AccessKind::Timeline
            | AccessKind::AsOf
            | AccessKind::Replay
            | AccessKind::Provenance
            | AccessKind::Other => {
                if access.objects.len() == 1 {
                    Self::Read
                } else {
                    Self::Query
                }
            }
        }
    }
}

/// Makes the resource of one event.
pub(super) struct AuditEvents<'a> {
    pub(super) log: &'a Log,
    pub(super) entry: &'a Entry<'a>,
}

impl AuditEvents<'_> {
    /// Somebody read something, or was refused it.
    pub(super) fn access(&self, access: &Access, is_granted: bool) -> Value {
        let pattern = Pattern::of(access);
        let restful = |code| coding("http://hl7.org/fhir/restful-interaction", code, code);
        let (kind, action, subtype, profile) = match pattern {
            Pattern::Read => (rest(), "R", Some(restful("read")), Some(profiles::READ)),
            Pattern::Query => (rest(), "E", Some(restful("search-type")), Some(profiles::QUERY)),
            Pattern::Export => (dicom("110106", "Export"), "R", None, None),
        };
        let mut event = self.event(&kind, action, is_granted);
        if let Some(subtype) = subtype {
            event["subtype"] = json!([subtype]);
        }
        if let Some(profile) = profile.filter(|_| is_granted) {
            event["meta"] = json!({ "profile": [profile] });
        }
        if !is_granted {
            event["outcomeDesc"] = "it was refused: a right is missing, or it does not exist for whoever asked".into();
        }
        event["agent"] = self.agents(access, pattern).into();
        event["entity"] = self.entities(access, pattern).into();
        event
    }

    /// Somebody logged in, or a login ended.
    pub(super) fn session(&self, session: SessionId, is_login: bool) -> Value {
        let mut event = self.event(&dicom("110114", "User Authentication"), "E", true);
        let subtype = if is_login { dicom("110122", "Login") } else { dicom("110123", "Logout") };
        event["subtype"] = json!([subtype]);
        // Whose login it is: another one may act, such as the operator who ends it.
        let person = reference(self.entry.recorded.aggregate_id);
        let who = actor(&self.entry.recorded.metadata.actor);
        let is_own = who == person;
        event["agent"] =
            json!([{ "who": who, "requestor": true, "network": masked() }, self.server("110150", "Application")]);
        let mut entities = vec![json!({
            "what": reference(session.value()),
            "type": hl7("audit-entity-type", "4", "Other"),
            "role": hl7("object-role", "13", "Security Resource"),
            "name": "login",
        })];
        if !is_own {
            entities.push(owner(UserId::new(self.entry.recorded.aggregate_id)));
        }
        entities.push(self.log_entity());
        event["entity"] = entities.into();
        event
    }

    fn event(&self, kind: &Value, action: &str, is_success: bool) -> Value {
        let metadata = &self.entry.recorded.metadata;
        let outcome = if is_success { ("0", "Success") } else { ("4", "Minor failure") };
        json!({
            "resourceType": "AuditEvent",
            "id": metadata.event_id.to_string(),
            "type": kind,
            "action": action,
            "recorded": metadata.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true),
            "outcome": outcome.0,
            "source": {
                "site": self.log.origin,
                "observer": system(self.log),
                "type": [hl7("security-source-type", "4", "Application Server")],
            },
        })
    }

    fn agents(&self, access: &Access, pattern: Pattern) -> Vec<Value> {
        let metadata = &self.entry.recorded.metadata;
        let mut agents = Vec::new();
        let is_person = matches!(metadata.actor, Actor::User(_));
        if is_person || pattern == Pattern::Export {
            let mut user = json!({
                "type": concept(&hl7("v3-ParticipationType", "IRCP", "information recipient")),
                "who": actor(&metadata.actor),
                "requestor": true,
            });
            let roles: Vec<_> = access.roles.iter().map(|role| json!({ "text": <&str>::from(role) })).collect();
            if !roles.is_empty() {
                user["role"] = roles.into();
            }
            agents.push(user);
        }
        // What is read flows from the server to the client, and a question from the client to the server.
        let (source, destination) = (("110153", "Source Role ID"), ("110152", "Destination Role ID"));
        let (client, server) = if pattern == Pattern::Query { (source, destination) } else { (destination, source) };
        if pattern != Pattern::Export {
            let who = match (&metadata.actor, access.session_id) {
                (Actor::User(_), Some(session)) => reference(session.value()),
                (Actor::User(_), None) => json!({ "display": "a client without a login" }),
                (other, _) => actor(other),
            };
            agents.push(json!({
                "type": concept(&dicom(client.0, client.1)),
                "who": who,
                "requestor": !is_person,
                "network": masked(),
            }));
        }
        agents.push(self.server(server.0, server.1));
        if let Some(other) = &metadata.on_behalf_of {
            agents.push(json!({ "who": actor(other), "requestor": false, "role": [{ "text": "on behalf of" }] }));
        }
        agents
    }

    fn server(&self, code: &str, display: &str) -> Value {
        json!({
            "type": concept(&dicom(code, display)),
            "who": system(self.log),
            "requestor": false,
            "network": { "address": format!("urn:uuid:{}", self.log.id), "type": "5" },
        })
    }

    fn entities(&self, access: &Access, pattern: Pattern) -> Vec<Value> {
        let mut entities = Vec::new();
        if pattern == Pattern::Query {
            entities.push(json!({
                "type": hl7("audit-entity-type", "2", "System Object"),
                "role": hl7("object-role", "24", "Query"),
                "description": access.request,
                "query": BASE64.encode(&access.request),
            }));
        }
        // Of Query, the one System Object is the query.
        let kind = if pattern == Pattern::Query { ("4", "Other") } else { ("2", "System Object") };
        let thing = |object: &AccessedObject| {
            let mut thing = json!({
                "what": reference(object.id),
                "type": hl7("audit-entity-type", kind.0, kind.1),
                "role": hl7("object-role", "4", "Domain Resource"),
            });
            if let Some(kind) = object.kind {
                thing["name"] = kind.name().into();
            }
            if pattern != Pattern::Query {
                thing["description"] = access.request.clone().into();
            }
            thing
        };
        entities.extend(access.objects.iter().map(thing));
        let mut owners: Vec<_> = access.objects.iter().filter_map(|object| object.owner).collect();
        owners.sort_unstable();
        owners.dedup();
        entities.extend(owners.into_iter().map(owner));
        if pattern != Pattern::Export {
            let kind = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType";
            entities.push(json!({
                "what": logical(&json!({ "value": self.entry.recorded.metadata.correlation_id.to_string() })),
                "type": { "system": kind, "code": "XrequestId" },
            }));
        }
        entities.push(self.log_entity());
        entities
    }

    /// The event of the log that the resource is made of, and where its proof is.
    fn log_entity(&self) -> Value {
        let Entry { recorded, digest, .. } = self.entry;
        let detail = |name: &str, value: String| json!({ "type": name, "valueString": value });
        json!({
            "what": logical(&numbered(self.log.id, recorded.position)),
            "type": hl7("audit-entity-type", "4", "Other"),
            "role": hl7("object-role", "13", "Security Resource"),
            "name": "event of the log",
            "detail": [
                detail("log", self.log.origin.clone()),
                detail("digest", hex::encode(digest)),
                detail("receipt", self.entry.receipt_path()),
                detail("event", format!("{}.{}", recorded.event.aggregate_type().name(), recorded.event.event_type())),
            ],
        })
    }
}

fn rest() -> Value {
    hl7("audit-event-type", "rest", "RESTful Operation")
}

/// A person whose data it is.
fn owner(person: UserId) -> Value {
    json!({
        "what": logical(&uuid(person.value())),
        "type": hl7("audit-entity-type", "1", "Person"),
        "role": hl7("object-role", "6", "User"),
        "name": "owner",
    })
}

/// The client's address, which is the person's and stays sealed.
fn masked() -> Value {
    let absent = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
    json!({ "type": "2", "_address": { "extension": [{ "url": absent, "valueCode": "masked" }] } })
}
