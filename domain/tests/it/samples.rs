//! One representative of every event, and a second one where an absent value changes the stored shape.
//!
//! They share a few ids, so that a sequence of them in any order touches the same sessions, turns and versions.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    chat::{AnswerFailure, ChatEvent, Completion, Generation, Question, RetrievedPassage, Stage, Usage},
    document::{DocumentEvent, EmbeddingFailure, Note, Place, Source, StoredFile},
    event::Event,
    ids::{ApiKeyId, ChunkId, DocumentId, FeedbackId, MessageId, ProjectId, ServiceId, SessionId, UserId},
    project::{Assistant, ProjectEvent, RetrievalSettings, Settings},
    service::{ServiceEvent, Terms},
    user::{Roles, UserEvent},
    values::{DocumentType, Email, FullName, Model, ServiceName, SttEngine, Title, TtsEngine, Username},
};
use uuid::Uuid;

use crate::accesses::{full_accesses, minimal_accesses};
use crate::erasures::{full_erasures, minimal_erasures};
use crate::samples_tests::{full_feedback, full_runs, full_suites, minimal_runs, minimal_suites, untold_runs};

/// An event to be stored.
pub(crate) struct Sample {
    pub(crate) event: Event,
    /// What is special about this one of several of its type, such as `minimal` where what is optional is absent.
    pub(crate) form: Option<&'static str>,
}

pub(crate) fn samples() -> Vec<Sample> {
    let full = full_users().into_iter().map(Event::User).chain(full_projects().into_iter().map(Event::Project));
    let full = full.chain(full_documents().into_iter().map(Event::Document));
    let full = full.chain(full_chats().into_iter().map(Event::Chat));
    let full = full.chain(full_services().into_iter().map(Event::Service));
    let full = full.chain(full_suites().into_iter().map(Event::TestSuite));
    let full = full.chain(full_runs().into_iter().map(Event::TestRun));
    let full = full.chain(full_feedback().into_iter().map(Event::Feedback));
    let full = full.chain(full_accesses().into_iter().map(Event::Access));
    let full = full.chain(full_erasures().into_iter().map(Event::Erasure));
    let minimal = minimal_projects().into_iter().map(Event::Project);
    let minimal = minimal.chain(minimal_documents().into_iter().map(Event::Document));
    let minimal = minimal.chain(minimal_chats().into_iter().map(Event::Chat));
    let minimal = minimal.chain(minimal_suites().into_iter().map(Event::TestSuite));
    let minimal = minimal.chain(minimal_runs().into_iter().map(Event::TestRun));
    let minimal = minimal.chain(minimal_accesses().into_iter().map(Event::Access));
    let minimal = minimal.chain(minimal_erasures().into_iter().map(Event::Erasure));
    let untold = untold_runs().into_iter().map(Event::TestRun);
    let translated = translated_chats().into_iter().map(Event::Chat);
    let noted = noted_embeddings().into_iter().map(Event::Document);
    full.map(|event| Sample { event, form: None })
        .chain(minimal.map(|event| Sample { event, form: Some("minimal") }))
        .chain(untold.map(|event| Sample { event, form: Some("untold") }))
        .chain(translated.map(|event| Sample { event, form: Some("translated") }))
        .chain(noted.map(|event| Sample { event, form: Some("noted") }))
        .collect()
}

pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number)
}

pub(crate) fn title() -> Title {
    Title::parse("Zinc in diarrhoea").expect("well-formed")
}

fn full_users() -> Vec<UserEvent> {
    let full_name = FullName::parse("Asha Nair").expect("well-formed");
    let session_id = SessionId::new(id(2));
    vec![
        UserEvent::Registered {
            username: Username::parse("asha.nair").expect("well-formed").into(),
            email: Email::parse("asha@example.com").expect("well-formed").into(),
            full_name: full_name.clone().into(),
            roles: Roles { is_staff: true, is_reviewer: false, is_superuser: false, allow_key: true },
        },
        UserEvent::FullNameChanged { full_name: full_name.into() },
        UserEvent::FullNameCleared {},
        UserEvent::EmailChanged { email: Email::parse("asha.nair@example.com").expect("well-formed").into() },
        UserEvent::RolesChanged {
            roles: Roles { is_staff: false, is_reviewer: true, is_superuser: false, allow_key: false },
        },
        UserEvent::AuditorAppointed {},
        UserEvent::AuditorDismissed {},
        UserEvent::Deactivated {},
        UserEvent::Activated {},
        UserEvent::PasswordResetRequested {},
        UserEvent::PasswordChanged {},
        UserEvent::SessionStarted { session_id },
        UserEvent::SessionEnded { session_id },
        UserEvent::Deleted {},
        UserEvent::SubjectErased {},
    ]
}

fn full_projects() -> Vec<ProjectEvent> {
    let preset_questions = Some(vec!["How much zinc?".to_owned(), "For how long?".to_owned()]);
    let settings = Settings {
        title: title(),
        description: Some("For the children's ward".to_owned()),
        prompt: "Answer from {reference}".to_owned(),
        model: Model::Gpt4OmniMini,
        stt_engine: SttEngine::SelfHosted,
        tts_engine: TtsEngine::OpenAi,
        preset_questions: preset_questions.clone(),
        assistant_id: Some("asst_1".to_owned()),
    };
    vec![
        ProjectEvent::Created { creator: Some(UserId::new(id(1))), settings },
        ProjectEvent::TitleChanged { title: title() },
        ProjectEvent::DescriptionChanged { description: Some("For the ward".to_owned()) },
        ProjectEvent::PromptChanged { prompt: "Only from {reference}".to_owned() },
        ProjectEvent::ModelChanged { model: Model::Gpt35Long },
        ProjectEvent::SpeechEnginesChanged { stt_engine: SttEngine::Whisper, tts_engine: TtsEngine::Google },
        ProjectEvent::PresetQuestionsChanged { preset_questions },
        ProjectEvent::AssistantChanged { assistant_id: Some("asst_2".to_owned()) },
        ProjectEvent::AssistantDefined(Assistant {
            id: "asst_3".to_owned(),
            name: "Ward".to_owned(),
            instructions: "Be kind".to_owned(),
            model: "gpt-4".to_owned(),
        }),
        ProjectEvent::ProviderKeyChanged { is_set: true },
        ProjectEvent::RetrievalChanged(RetrievalSettings { threshold_percent: 20, ..RetrievalSettings::default() }),
        ProjectEvent::MadeDefault {},
        ProjectEvent::NoLongerDefault {},
        ProjectEvent::Archived {},
        ProjectEvent::Unarchived {},
        ProjectEvent::Deleted {},
    ]
}

fn minimal_projects() -> Vec<ProjectEvent> {
    let settings = Settings {
        title: title(),
        description: None,
        prompt: String::new(),
        model: Model::Gpt35,
        stt_engine: SttEngine::Whisper,
        tts_engine: TtsEngine::Google,
        preset_questions: None,
        assistant_id: None,
    };
    vec![
        ProjectEvent::Created { creator: None, settings },
        ProjectEvent::DescriptionChanged { description: None },
        ProjectEvent::PresetQuestionsChanged { preset_questions: None },
        ProjectEvent::AssistantChanged { assistant_id: None },
    ]
}

fn full_documents() -> Vec<DocumentEvent> {
    let file = StoredFile { name: "zinc.pdf".to_owned(), size: 48_213, sha256: "5e".repeat(32) };
    let newer = StoredFile { name: "zinc_2.pdf".to_owned(), ..file.clone() };
    vec![
        DocumentEvent::Added {
            project_id: ProjectId::new(id(3)),
            creator: Some(UserId::new(id(1))),
            title: title(),
            description: Some("The national guideline".to_owned()),
            source: Source {
                document_type: DocumentType::File,
                file: Some(file),
                text_content: Some("Zinc for 14 days.".to_owned()),
            },
        },
        DocumentEvent::TitleChanged { title: title() },
        DocumentEvent::DescriptionChanged { description: Some("For children".to_owned()) },
        DocumentEvent::VersionAdded {
            version: 2,
            creator: Some(UserId::new(id(1))),
            source: Source { document_type: DocumentType::File, file: Some(newer), text_content: None },
        },
        DocumentEvent::EmbeddingRequested { version: 1 },
        DocumentEvent::Embedded { version: 1, passages: 12, model: "lexical-1".to_owned(), notes: vec![] },
        DocumentEvent::EmbeddingFailed { version: 1, reason: EmbeddingFailure::NoText, notes: vec![] },
        DocumentEvent::Deleted {},
        DocumentEvent::RemovalConfirmed { place: Place::Index },
    ]
}

fn noted_embeddings() -> Vec<DocumentEvent> {
    let note = Note {
        kind: "hidden_left_out".to_owned(),
        message: "Hidden text was left out (1 place, “Old doses”, page 2).".to_owned(),
        count: 1,
        pages: vec![2],
        names: vec!["Old doses".to_owned()],
    };
    let font = Note {
        kind: "legacy_font_unknown".to_owned(),
        message: "The font ML-TTKarthika is from before Unicode: its text cannot be found.".to_owned(),
        count: 3,
        pages: vec![1, 2],
        names: vec!["ML-TTKarthika".to_owned()],
    };
    vec![
        DocumentEvent::Embedded { version: 1, passages: 12, model: "lexical-1".to_owned(), notes: vec![note] },
        DocumentEvent::EmbeddingFailed { version: 1, reason: EmbeddingFailure::LegacyFont, notes: vec![font] },
    ]
}

fn minimal_documents() -> Vec<DocumentEvent> {
    vec![
        DocumentEvent::VersionAdded {
            version: 2,
            creator: None,
            source: Source { document_type: DocumentType::Text, file: None, text_content: Some("Zinc.".to_owned()) },
        },
        DocumentEvent::Added {
            project_id: ProjectId::new(id(3)),
            creator: None,
            title: title(),
            description: None,
            source: Source { document_type: DocumentType::Text, file: None, text_content: None },
        },
        DocumentEvent::DescriptionChanged { description: None },
    ]
}

fn stage(begin: i64, milliseconds: i64) -> Stage {
    let started_at = DateTime::<Utc>::from_timestamp(begin, 0).expect("a point in time");
    Stage { started_at, ended_at: started_at + TimeDelta::milliseconds(milliseconds) }
}

fn question() -> Question {
    Question {
        message_id: MessageId::new(id(5)),
        answer_id: MessageId::new(id(6)),
        text: "സിങ്ക് എത്ര ദിവസം?".into(),
        english_text: None,
        translation: None,
        transcription: None,
        language: "ml".to_owned(),
        temperature: 0.1,
        top_k: 100,
    }
}

fn completion(generation: Generation) -> Completion {
    Completion {
        answer_id: MessageId::new(id(6)),
        text: "20 mg a day for 14 days.".into(),
        english_text: None,
        translation: None,
        citations: vec![DocumentId::new(id(7))],
        generation,
    }
}

pub(crate) fn generation() -> Generation {
    Generation {
        model_requested: "gpt-4o-mini".to_owned(),
        model_returned: Some("gpt-4o-mini-2024-07-18".to_owned()),
        prompt_version: "built-in-1".to_owned(),
        prompt_hash: "a7".repeat(32),
        temperature: 0.1,
        usage: Some(Usage { prompt_tokens: 1_873, completion_tokens: 64 }),
        finish_reason: Some("stop".to_owned()),
        retrieval: stage(1_790_000_000, 41),
        response: stage(1_790_000_001, 2_613),
    }
}

fn full_chats() -> Vec<ChatEvent> {
    let answer_id = MessageId::new(id(6));
    vec![
        ChatEvent::Started { project_id: ProjectId::new(id(3)), owner: UserId::new(id(1)), title: title().into() },
        ChatEvent::StartedWithKey {
            service_id: ServiceId::new(id(9)),
            key_id: ApiKeyId::new(id(10)),
            title: title().into(),
            prompt: Some("Answer briefly. {reference}".into()),
            model: Some(Model::Gpt4Omni),
        },
        ChatEvent::PromptChanged { prompt: Some("Answer. {reference}".into()) },
        ChatEvent::ModelChanged { model: Some(Model::Gpt35) },
        ChatEvent::Retitled { title: title().into() },
        ChatEvent::QuestionAsked(question()),
        ChatEvent::PassagesRetrieved {
            answer_id,
            passages: vec![RetrievedPassage {
                document_id: DocumentId::new(id(7)),
                document_version: 1,
                chunk_id: ChunkId::new(id(8)),
                content_hash: "c4".repeat(32),
                score: 0.75,
            }],
        },
        ChatEvent::AnswerCompleted(completion(generation())),
        ChatEvent::AnswerFailed {
            answer_id,
            reason: AnswerFailure::ProviderUnavailable,
            partial_text: "20 mg a".into(),
            notice: Some("The answer could not be completed".to_owned()),
        },
        ChatEvent::AnswerSpoken {
            answer_id,
            audio: StoredFile { name: "answer.mp3".to_owned(), size: 48_213, sha256: "5e".repeat(32) },
            speech: stage(1_790_000_004, 812),
            upload: stage(1_790_000_005, 23),
        },
        ChatEvent::TranscriptionFailed {
            message_id: MessageId::new(id(11)),
            notice: "[Transcribing] Something went wrong in getting transcription.".to_owned(),
        },
        ChatEvent::FeedbackGiven {
            feedback_id: FeedbackId::new(id(12)),
            message_id: answer_id,
            liked: true,
            message: Some("Just what I needed".into()),
        },
        ChatEvent::Deleted {},
        ChatEvent::SubjectErased {},
    ]
}

fn translated_chats() -> Vec<ChatEvent> {
    vec![
        ChatEvent::QuestionAsked(Question {
            english_text: Some("How many days of zinc?".into()),
            translation: Some(stage(1_789_999_999, 87)),
            transcription: Some(stage(1_789_999_998, 640)),
            ..question()
        }),
        ChatEvent::AnswerCompleted(Completion {
            text: "14 ദിവസം, ദിവസം 20 mg.".into(),
            english_text: Some("20 mg a day for 14 days.".into()),
            translation: Some(stage(1_790_000_003, 120)),
            ..completion(generation())
        }),
    ]
}

fn minimal_chats() -> Vec<ChatEvent> {
    let answer_id = MessageId::new(id(6));
    vec![
        ChatEvent::PassagesRetrieved { answer_id, passages: vec![] },
        ChatEvent::StartedWithKey {
            service_id: ServiceId::new(id(9)),
            key_id: ApiKeyId::new(id(10)),
            title: title().into(),
            prompt: None,
            model: None,
        },
        ChatEvent::PromptChanged { prompt: None },
        ChatEvent::ModelChanged { model: None },
        ChatEvent::FeedbackGiven {
            feedback_id: FeedbackId::new(id(12)),
            message_id: answer_id,
            liked: false,
            message: None,
        },
        ChatEvent::AnswerCompleted(completion(Generation {
            model_returned: None,
            usage: None,
            finish_reason: None,
            ..generation()
        })),
        ChatEvent::AnswerFailed {
            answer_id,
            reason: AnswerFailure::Interrupted,
            partial_text: "".into(),
            notice: None,
        },
    ]
}

fn full_services() -> Vec<ServiceEvent> {
    let name = ServiceName::parse("Ward tablets").expect("well-formed");
    let (owner, key_id) = (UserId::new(id(1)), ApiKeyId::new(id(9)));
    vec![
        ServiceEvent::Created { terms: Terms { name: name.clone(), allow_key: true, owner } },
        ServiceEvent::Renamed { name },
        ServiceEvent::KeyAllowanceChanged { allow_key: false },
        ServiceEvent::OwnerChanged { owner },
        ServiceEvent::KeyIssued { key_id, title: title() },
        ServiceEvent::KeyRevoked { key_id },
        ServiceEvent::Deleted {},
    ]
}
