//! What of each kind of aggregate is shown.

use serde::Serialize;
use serde_json::{Value, json, to_value};

use super::{Existence, Fields, Reconstructable};
use crate::{
    access::{Access, AccessEvent, AccessRecord},
    chat::{Chat, ChatEvent, ChatOwner, Home},
    document::{Document, DocumentEvent},
    erasure::ErasureCase,
    feedback::{Feedback, FeedbackEvent},
    personal::Personal,
    project::{Project, ProjectEvent},
    service::Service,
    test_run::{TestRun, TestRunEvent},
    test_suite::{TestSuite, TestSuiteEvent},
    user::{User, UserEvent},
};

/// The fields of a variant that has some, with those of the named ones in their place.
fn fields_of(state: &impl Serialize, in_place: &[&str]) -> Result<Fields, serde_json::Error> {
    let Value::Object(variant) = to_value(state)? else { return Ok(Fields::new()) };
    let Some(Value::Object(mut fields)) = variant.into_iter().next().map(|(_, fields)| fields) else {
        return Ok(Fields::new());
    };
    for name in in_place {
        if let Some(Value::Object(inner)) = fields.remove(*name) {
            fields.extend(inner);
        }
    }
    Ok(fields)
}

fn set(beside: &mut Fields, name: &str, value: impl Serialize) -> Result<(), serde_json::Error> {
    beside.insert(name.to_owned(), to_value(value)?);
    Ok(())
}

impl Reconstructable for User {
    fn existence(&self) -> Existence {
        match self {
            Self::Absent => Existence::Absent,
            Self::Registered(_) => Existence::Existing,
            Self::Deleted => Existence::Deleted,
            Self::Erased => Existence::Erased,
        }
    }

    fn fields(&self) -> Result<Fields, serde_json::Error> {
        fields_of(self, &["roles"])
    }

    fn note(event: &UserEvent, beside: &mut Fields) -> Result<(), serde_json::Error> {
        if let UserEvent::Registered { username, .. } = event {
            set(beside, "username", username.as_str())
        } else {
            Ok(())
        }
    }
}

impl Reconstructable for Project {
    fn existence(&self) -> Existence {
        match self {
            Self::Absent => Existence::Absent,
            Self::Existing { .. } => Existence::Existing,
            Self::Deleted { .. } => Existence::Deleted,
        }
    }

    fn fields(&self) -> Result<Fields, serde_json::Error> {
        fields_of(self, &["settings"])
    }

    fn note(event: &ProjectEvent, beside: &mut Fields) -> Result<(), serde_json::Error> {
        if let ProjectEvent::Created { creator, .. } = event { set(beside, "creator", creator) } else { Ok(()) }
    }
}

impl Reconstructable for Document {
    fn existence(&self) -> Existence {
        match self {
            Self::Absent => Existence::Absent,
            Self::Added { .. } => Existence::Existing,
            Self::Deleted { .. } => Existence::Deleted,
        }
    }

    fn fields(&self) -> Result<Fields, serde_json::Error> {
        let mut fields = fields_of(self, &["source"])?;
        if let Self::Added { state, .. } = self {
            set(&mut fields, "state", state.word())?;
        }
        Ok(fields)
    }

    /// Who made the newest version, what became of it, and the version that answers are made from.
    fn note(event: &DocumentEvent, beside: &mut Fields) -> Result<(), serde_json::Error> {
        match event {
            DocumentEvent::Added { creator, .. } => {
                for name in ["embedded_version", "passages", "embedding_model", "failure"] {
                    set(beside, name, Value::Null)?;
                }
                set(beside, "creator", creator)?;
                set(beside, "version_creator", creator)?;
                set(beside, "notes", json!([]))
            }
            DocumentEvent::VersionAdded { creator, .. } => {
                set(beside, "version_creator", creator)?;
                set(beside, "failure", Value::Null)?;
                set(beside, "notes", json!([]))
            }
            DocumentEvent::EmbeddingRequested { .. } => {
                set(beside, "failure", Value::Null)?;
                set(beside, "notes", json!([]))
            }
            DocumentEvent::Embedded { version, passages, model, notes } => {
                set(beside, "embedded_version", version)?;
                set(beside, "passages", passages)?;
                set(beside, "embedding_model", model)?;
                set(beside, "notes", notes)
            }
            DocumentEvent::EmbeddingFailed { reason, notes, .. } => {
                set(beside, "failure", reason)?;
                set(beside, "notes", notes)
            }
            DocumentEvent::TitleChanged { .. }
            | DocumentEvent::DescriptionChanged { .. }
            | DocumentEvent::Deleted {}
            | DocumentEvent::RemovalConfirmed { .. } => Ok(()),
        }
    }
}

impl Reconstructable for Chat {
    fn existence(&self) -> Existence {
        match self {
            Self::Absent => Existence::Absent,
            Self::Open(_) => Existence::Existing,
            Self::Deleted { .. } => Existence::Deleted,
            Self::Erased => Existence::Erased,
        }
    }

    /// Without the ids of its messages, because the messages are shown themselves.
    fn fields(&self) -> Result<Fields, serde_json::Error> {
        let Self::Open(chat) = self else { return Ok(Fields::new()) };
        let (owner, key_id) = match chat.owner {
            ChatOwner::User(owner) => (Some(owner), None),
            ChatOwner::ApiKey(key_id) => (None, Some(key_id)),
        };
        let (project_id, prompt, model) = match &chat.home {
            Home::Project(project) => (Some(project), None, None),
            Home::None { prompt, model } => (None, prompt.as_ref(), model.as_ref()),
        };
        let mut fields = Fields::new();
        set(&mut fields, "owner", owner)?;
        set(&mut fields, "key_id", key_id)?;
        set(&mut fields, "project_id", project_id)?;
        set(&mut fields, "prompt", prompt)?;
        set(&mut fields, "model", model)?;
        Ok(fields)
    }

    fn note(event: &ChatEvent, beside: &mut Fields) -> Result<(), serde_json::Error> {
        match event {
            ChatEvent::Started { title, .. } | ChatEvent::Retitled { title } => set(beside, "title", title.as_str()),
            ChatEvent::StartedWithKey { title, service_id, .. } => {
                set(beside, "service_id", service_id)?;
                set(beside, "title", title.as_str())
            }
            ChatEvent::PromptChanged { .. }
            | ChatEvent::ModelChanged { .. }
            | ChatEvent::QuestionAsked(_)
            | ChatEvent::PassagesRetrieved { .. }
            | ChatEvent::AnswerCompleted(_)
            | ChatEvent::AnswerFailed { .. }
            | ChatEvent::AnswerSpoken { .. }
            | ChatEvent::TranscriptionFailed { .. }
            | ChatEvent::FeedbackGiven { .. }
            | ChatEvent::Deleted {}
            | ChatEvent::SubjectErased {} => Ok(()),
        }
    }
}

impl Reconstructable for Service {
    fn existence(&self) -> Existence {
        match self {
            Self::Absent => Existence::Absent,
            Self::Existing { .. } => Existence::Existing,
            Self::Deleted => Existence::Deleted,
        }
    }

    fn fields(&self) -> Result<Fields, serde_json::Error> {
        fields_of(self, &["terms"])
    }
}

impl Reconstructable for TestSuite {
    fn existence(&self) -> Existence {
        match self {
            Self::Absent => Existence::Absent,
            Self::Existing { .. } => Existence::Existing,
            Self::Deleted => Existence::Deleted,
        }
    }

    fn fields(&self) -> Result<Fields, serde_json::Error> {
        fields_of(self, &["settings"])
    }

    fn note(event: &TestSuiteEvent, beside: &mut Fields) -> Result<(), serde_json::Error> {
        if let TestSuiteEvent::Created { creator, .. } = event { set(beside, "creator", creator) } else { Ok(()) }
    }
}

impl Reconstructable for TestRun {
    fn existence(&self) -> Existence {
        match self {
            Self::Absent => Existence::Absent,
            Self::Started { .. } => Existence::Existing,
            Self::Deleted => Existence::Deleted,
        }
    }

    fn fields(&self) -> Result<Fields, serde_json::Error> {
        fields_of(self, &["plan"])
    }

    fn note(event: &TestRunEvent, beside: &mut Fields) -> Result<(), serde_json::Error> {
        if let TestRunEvent::Started { creator, .. } = event { set(beside, "creator", creator) } else { Ok(()) }
    }
}

impl Reconstructable for Feedback {
    fn existence(&self) -> Existence {
        match self {
            Self::Absent => Existence::Absent,
            Self::Given { .. } => Existence::Existing,
            Self::Deleted { .. } => Existence::Deleted,
        }
    }

    fn fields(&self) -> Result<Fields, serde_json::Error> {
        fields_of(self, &["opinion"])
    }

    fn note(event: &FeedbackEvent, beside: &mut Fields) -> Result<(), serde_json::Error> {
        if let FeedbackEvent::Given { run_id, result_id, .. } = event {
            set(beside, "run_id", run_id)?;
            set(beside, "result_id", result_id)?;
        }
        Ok(())
    }
}

impl Reconstructable for AccessRecord {
    fn existence(&self) -> Existence {
        match self {
            Self::Absent => Existence::Absent,
            Self::Recorded { .. } => Existence::Existing,
        }
    }

    fn fields(&self) -> Result<Fields, serde_json::Error> {
        fields_of(self, &[])
    }

    fn note(event: &AccessEvent, beside: &mut Fields) -> Result<(), serde_json::Error> {
        let (AccessEvent::AccessGranted(access) | AccessEvent::AccessRefused(access)) = event;
        let Access { reader: _, session_id, roles, what, request, objects, reason } = access;
        set(beside, "is_granted", matches!(event, AccessEvent::AccessGranted(_)))?;
        set(beside, "session_id", session_id)?;
        set(beside, "roles", roles)?;
        set(beside, "what", what)?;
        set(beside, "request", request)?;
        set(beside, "objects", objects)?;
        set(beside, "reason", reason.as_ref().map(Personal::as_str))
    }
}

impl Reconstructable for ErasureCase {
    fn existence(&self) -> Existence {
        if *self == Self::default() { Existence::Absent } else { Existence::Existing }
    }

    fn fields(&self) -> Result<Fields, serde_json::Error> {
        let mut fields = Fields::new();
        set(&mut fields, "request", &self.request)?;
        set(&mut fields, "holds", &self.holds)?;
        Ok(fields)
    }
}
