//! The one table that says which fields of which event are personal text. Whose they are is in the event's metadata.
//!
//! An event type that is not listed cannot be appended: who adds one must decide.

#[expect(clippy::match_same_arms, reason = "it reads as a table, one aggregate after the other")]
/// The personal fields of an event's payload, or `None` for an unknown event.
pub(super) fn personal_fields(aggregate_type: &str, event_type: &str) -> Option<&'static [&'static str]> {
    Some(match (aggregate_type, event_type) {
        ("user", "Registered") => &["username", "email", "full_name"],
        ("user", "FullNameChanged") => &["full_name"],
        ("user", "EmailChanged") => &["email"],
        (
            "user",
            "FullNameCleared"
            | "RolesChanged"
            | "Deactivated"
            | "Activated"
            | "PasswordResetRequested"
            | "PasswordChanged"
            | "SessionStarted"
            | "SessionEnded"
            | "Deleted"
            | "SubjectErased",
        ) => &[],

        (
            "project",
            "Created"
            | "TitleChanged"
            | "DescriptionChanged"
            | "PromptChanged"
            | "ModelChanged"
            | "SpeechEnginesChanged"
            | "PresetQuestionsChanged"
            | "AssistantChanged"
            | "AssistantDefined"
            | "ProviderKeyChanged"
            | "RetrievalChanged"
            | "MadeDefault"
            | "NoLongerDefault"
            | "Archived"
            | "Unarchived"
            | "Deleted",
        ) => &[],

        (
            "document",
            "Added" | "TitleChanged" | "DescriptionChanged" | "VersionAdded" | "EmbeddingRequested" | "Embedded"
            | "EmbeddingFailed" | "Deleted" | "RemovalConfirmed",
        ) => &[],

        ("chat", "Started" | "Retitled") => &["title"],
        ("chat", "StartedWithKey") => &["title", "prompt"],
        ("chat", "PromptChanged") => &["prompt"],
        ("chat", "QuestionAsked" | "AnswerCompleted") => &["text", "english_text"],
        ("chat", "AnswerFailed") => &["partial_text"],
        ("chat", "FeedbackGiven") => &["message"],
        (
            "chat",
            "ModelChanged" | "PassagesRetrieved" | "AnswerSpoken" | "TranscriptionFailed" | "Deleted" | "SubjectErased",
        ) => &[],

        (
            "service",
            "Created" | "Renamed" | "KeyAllowanceChanged" | "OwnerChanged" | "KeyIssued" | "KeyRevoked" | "Deleted",
        ) => &[],

        // Test content is written for a machine and belongs to no person.
        (
            "testsuite",
            "Created" | "Renamed" | "RetrievalChanged" | "QuestionAdded" | "QuestionChanged" | "QuestionDeleted"
            | "DocumentAttached" | "DocumentRemoved" | "Deleted",
        ) => &[],
        (
            "testrun",
            "Started" | "ModelsChanged" | "ReferencesChanged" | "ResultRecorded" | "Completed" | "Canceled" | "Failed"
            | "Resumed" | "Deleted",
        ) => &[],

        ("feedback", "Given" | "NotesChanged") => &["notes"],
        ("feedback", "RatingChanged" | "Deleted") => &[],

        _ => return None,
    })
}

/// The personal fields of the metadata. They belong to the actor.
pub(super) const PERSONAL_METADATA: [&str; 2] = ["client_address", "user_agent"];
