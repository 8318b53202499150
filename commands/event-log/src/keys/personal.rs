//! The one table that says which fields of which event are personal text. Whose text it is stands in the event's metadata.
//!
//! Every field of every event is named, as personal or as plain: an event type or a field that is not cannot be appended, so that
//! who adds one must decide.

use serde_json::Value;

/// The fields of an event's payload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    /// Encrypted under the key of the event's subject.
    pub personal: &'static [&'static str],
    /// Stored as they are.
    pub plain: &'static [&'static str],
}

impl Fields {
    /// A field of the payload that is neither. `type` repeats the event's type.
    pub(crate) fn unclassified<'a>(&self, payload: &'a Value) -> Option<&'a str> {
        let names = payload.as_object()?.keys().map(String::as_str);
        let is_known = |name: &&str| *name == "type" || self.personal.contains(name) || self.plain.contains(name);
        names.into_iter().find(|name| !is_known(name))
    }
}

/// The fields of an event, or `None` for an unknown event.
#[expect(
    clippy::match_same_arms,
    clippy::too_many_lines,
    reason = "it reads as a table, one aggregate after the other"
)]
pub(crate) fn fields_of(aggregate_type: &str, event_type: &str) -> Option<Fields> {
    let (personal, plain): (&'static [&'static str], &'static [&'static str]) = match (aggregate_type, event_type) {
        (
            "user",
            "Activated"
            | "Deactivated"
            | "Deleted"
            | "FullNameCleared"
            | "PasswordChanged"
            | "PasswordResetRequested"
            | "SubjectErased",
        ) => (&[], &[]),
        ("user", "EmailChanged") => (&["email"], &[]),
        ("user", "FullNameChanged") => (&["full_name"], &[]),
        ("user", "Registered") => {
            (&["username", "email", "full_name"], &["allow_key", "is_reviewer", "is_staff", "is_superuser"])
        }
        ("user", "RolesChanged") => (&[], &["allow_key", "is_reviewer", "is_staff", "is_superuser"]),
        ("user", "SessionEnded" | "SessionStarted") => (&[], &["session_id"]),

        ("project", "Archived" | "Deleted" | "MadeDefault" | "NoLongerDefault" | "Unarchived") => (&[], &[]),
        ("project", "AssistantChanged") => (&[], &["assistant_id"]),
        ("project", "AssistantDefined") => (&[], &["assistant_id", "instructions", "model", "name"]),
        ("project", "Created") => (
            &[],
            &[
                "assistant_id",
                "creator",
                "description",
                "model",
                "preset_questions",
                "prompt",
                "stt_engine",
                "title",
                "tts_engine",
            ],
        ),
        ("project", "DescriptionChanged") => (&[], &["description"]),
        ("project", "ModelChanged") => (&[], &["model"]),
        ("project", "PresetQuestionsChanged") => (&[], &["preset_questions"]),
        ("project", "PromptChanged") => (&[], &["prompt"]),
        ("project", "ProviderKeyChanged") => (&[], &["is_set"]),
        ("project", "RetrievalChanged") => (
            &[],
            &[
                "depth",
                "neighbours",
                "per_document",
                "rerank",
                "threshold_percent",
                "title_percent",
                "vectors_percent",
                "words_percent",
            ],
        ),
        ("project", "SpeechEnginesChanged") => (&[], &["stt_engine", "tts_engine"]),
        ("project", "TitleChanged") => (&[], &["title"]),

        ("document", "Added") => {
            (&[], &["creator", "description", "document_type", "file", "project_id", "text_content", "title"])
        }
        ("document", "Deleted") => (&[], &[]),
        ("document", "DescriptionChanged") => (&[], &["description"]),
        ("document", "Embedded") => (&[], &["model", "notes", "passages", "version"]),
        ("document", "EmbeddingFailed") => (&[], &["reason", "version"]),
        ("document", "EmbeddingRequested") => (&[], &["version"]),
        ("document", "RemovalConfirmed") => (&[], &["place"]),
        ("document", "TitleChanged") => (&[], &["title"]),
        ("document", "VersionAdded") => (&[], &["creator", "document_type", "file", "text_content", "version"]),

        ("chat", "AnswerCompleted") => (
            &["text", "english_text"],
            &[
                "answer_id",
                "citations",
                "finish_reason",
                "model_requested",
                "model_returned",
                "prompt_hash",
                "prompt_version",
                "response",
                "retrieval",
                "temperature",
                "translation",
                "usage",
            ],
        ),
        ("chat", "AnswerFailed") => (&["partial_text"], &["answer_id", "notice", "reason"]),
        ("chat", "AnswerSpoken") => (&[], &["answer_id", "audio", "speech", "upload"]),
        ("chat", "Deleted" | "SubjectErased") => (&[], &[]),
        ("chat", "FeedbackGiven") => (&["message"], &["feedback_id", "liked", "message_id"]),
        ("chat", "ModelChanged") => (&[], &["model"]),
        ("chat", "PassagesRetrieved") => (&[], &["answer_id", "passages"]),
        ("chat", "PromptChanged") => (&["prompt"], &[]),
        ("chat", "QuestionAsked") => (
            &["text", "english_text"],
            &["answer_id", "language", "message_id", "temperature", "top_k", "transcription", "translation"],
        ),
        ("chat", "Retitled") => (&["title"], &[]),
        ("chat", "Started") => (&["title"], &["owner", "project_id"]),
        ("chat", "StartedWithKey") => (&["title", "prompt"], &["key_id", "model", "service_id"]),
        ("chat", "TranscriptionFailed") => (&[], &["message_id", "notice"]),

        ("service", "Created") => (&[], &["allow_key", "name", "owner"]),
        ("service", "Deleted") => (&[], &[]),
        ("service", "KeyAllowanceChanged") => (&[], &["allow_key"]),
        ("service", "KeyIssued") => (&[], &["key_id", "title"]),
        ("service", "KeyRevoked") => (&[], &["key_id"]),
        ("service", "OwnerChanged") => (&[], &["owner"]),
        ("service", "Renamed") => (&[], &["name"]),

        // Test content is written for a machine and belongs to no person.
        ("testsuite", "Created") => (&[], &["creator", "name", "temperature", "top_k"]),
        ("testsuite", "Deleted") => (&[], &[]),
        ("testsuite", "DocumentAttached") => {
            (&[], &["description", "document_id", "document_type", "file", "question_id", "text_content", "title"])
        }
        ("testsuite", "DocumentRemoved") => (&[], &["document_id", "question_id"]),
        ("testsuite", "QuestionAdded" | "QuestionChanged") => {
            (&[], &["human_answer", "language", "question", "question_id"])
        }
        ("testsuite", "QuestionDeleted") => (&[], &["question_id"]),
        ("testsuite", "Renamed") => (&[], &["name"]),
        ("testsuite", "RetrievalChanged") => (&[], &["temperature", "top_k"]),

        ("testrun", "Canceled" | "Completed" | "Deleted" | "Resumed") => (&[], &[]),
        ("testrun", "Failed") => (&[], &["reason"]),
        ("testrun", "ModelsChanged") => (&[], &["models"]),
        ("testrun", "ReferencesChanged") => (&[], &["references"]),
        ("testrun", "ResultRecorded") => (
            &[],
            &[
                "answer",
                "bleu_score",
                "cosine_sim",
                "embedding_model",
                "failure",
                "generation",
                "human_answer",
                "language",
                "model",
                "question",
                "question_id",
                "references",
                "result_id",
            ],
        ),
        ("testrun", "Started") => {
            (&[], &["creator", "models", "project_id", "questions", "references", "suite_id", "temperature", "top_k"])
        }

        ("feedback", "Deleted") => (&[], &[]),
        ("feedback", "Given") => (&["notes"], &["author", "rating", "result_id", "run_id"]),
        ("feedback", "NotesChanged") => (&["notes"], &[]),
        ("feedback", "RatingChanged") => (&[], &["rating"]),
        _ => return None,
    };
    Some(Fields { personal, plain })
}

/// The personal fields of the metadata. They belong to the actor.
pub(crate) const PERSONAL_METADATA: [&str; 2] = ["client_address", "user_agent"];

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn every_field_of_every_event_is_classified() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../domain/tests/golden");
        let mut count = 0;
        for entry in fs::read_dir(folder).expect("the golden files are in the repository") {
            let path = entry.expect("a readable folder").path();
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            let [aggregate_type, event_type, ..] = name.split('.').collect::<Vec<_>>()[..] else { continue };
            let payload: Value = serde_json::from_slice(&fs::read(&path).expect("readable")).expect("JSON");
            let fields = fields_of(aggregate_type, event_type).expect("a known event");
            assert_eq!(fields.unclassified(&payload), None, "{name}");
            count += 1;
        }
        assert!(count > 80, "{count} golden files");
    }
}
