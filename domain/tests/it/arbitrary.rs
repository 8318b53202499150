//! Arbitrary commands and texts. Ids and texts come from small sets, so that commands meet the same things again.

use chrono::{DateTime, Utc};
use domain::{
    chat::{AnswerFailure, ChatCommand, Completion, Generation, Question, RetrievedPassage, Stage, Usage},
    document::{DocumentCommand, EmbeddingFailure, Note, Place, Source, StoredFile},
    ids::{ApiKeyId, ChunkId, DocumentId, FeedbackId, MessageId, ProjectId, ServiceId, SessionId, UserId},
    personal::Personal,
    project::{Assistant, ProjectChanges, ProjectCommand, RetrievalSettings, Settings},
    service::{ServiceAuthority, ServiceChanges, ServiceCommand, ServiceRequest, Terms},
    user::{Authority, Roles, UserChanges, UserCommand},
    values::{DocumentType, Email, FullName, Model, ServiceName, SttEngine, Title, TtsEngine, Username},
};
use proptest::{option, prelude::*, sample::select};
use strum::VariantArray;
use uuid::Uuid;

pub(crate) fn id<T: std::fmt::Debug>(new: fn(Uuid) -> T) -> impl Strategy<Value = T> {
    (1_u128..4).prop_map(move |number| new(Uuid::from_u128(number)))
}

pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), Just("Zinc?".to_owned()), any::<String>()]
}

fn value<T: std::fmt::Debug>(parse: fn(&str) -> Option<T>, examples: [&'static str; 2]) -> impl Strategy<Value = T> {
    prop_oneof![select(examples.to_vec()).prop_map(str::to_owned), any::<String>()]
        .prop_filter_map("no such value", move |text| parse(&text))
}

pub(crate) fn title() -> impl Strategy<Value = Title> {
    value(|text| Title::parse(text).ok(), ["Zinc", "Emergency care"])
}

fn full_name() -> impl Strategy<Value = FullName> {
    value(|text| FullName::parse(text).ok(), ["Asha Nair", "Ravi"])
}

/// Few digits, because only those are read from JSON to the last bit, and what JSON does not know.
pub(crate) fn number() -> impl Strategy<Value = f64> {
    let ordinary = (-2_000_i32..2_000).prop_map(|thousandths| f64::from(thousandths) / 1_000.0);
    prop_oneof![8 => ordinary, 1 => select(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY][..])]
}

fn score() -> impl Strategy<Value = f32> {
    prop_oneof![8 => (0_u8..=100).prop_map(|score| f32::from(score) / 128.0), 1 => Just(f32::NAN)]
}

fn email() -> impl Strategy<Value = Email> {
    value(|text| Email::parse(text).ok(), ["asha@example.com", "ravi@example.com"])
}

fn authority() -> impl Strategy<Value = Authority> {
    select(&[Authority::Staff, Authority::Superuser][..])
}

fn user_changes() -> impl Strategy<Value = UserChanges> {
    let flag = || option::of(any::<bool>());
    (option::of(email()), option::of(option::of(full_name())), flag(), flag(), flag()).prop_map(
        |(email, full_name, is_staff, is_reviewer, allow_key)| UserChanges {
            email,
            full_name,
            is_staff,
            is_reviewer,
            allow_key,
        },
    )
}

pub(crate) fn user_command() -> impl Strategy<Value = UserCommand> {
    let username = value(|text| Username::parse(text).ok(), ["asha", "ravi"]);
    let roles = any::<[bool; 4]>().prop_map(|[is_staff, is_reviewer, is_superuser, allow_key]| Roles {
        is_staff,
        is_reviewer,
        is_superuser,
        allow_key,
    });
    prop_oneof![
        2 => (username, email(), full_name(), roles).prop_map(|(username, email, full_name, roles)| {
            UserCommand::Register { username, email, full_name, roles }
        }),
        1 => option::of(full_name()).prop_map(UserCommand::ChangeFullName),
        1 => option::of(id(SessionId::new)).prop_map(|keep| UserCommand::ChangePassword { keep }),
        3 => id(SessionId::new).prop_map(UserCommand::StartSession),
        2 => id(SessionId::new).prop_map(UserCommand::EndSession),
        2 => (authority(), user_changes())
            .prop_map(|(authority, changes)| UserCommand::Administer { authority, changes, keep: None }),
        1 => any::<bool>().prop_map(UserCommand::SetActive),
        1 => any::<bool>().prop_map(UserCommand::SetAuditor),
        1 => Just(UserCommand::RequestPasswordReset),
        1 => authority().prop_map(|authority| UserCommand::Delete { authority }),
        1 => Just(UserCommand::Erase),
    ]
}

fn questions() -> impl Strategy<Value = Option<Vec<String>>> {
    option::of(prop::collection::vec(text(), 0..3))
}

fn settings() -> impl Strategy<Value = Settings> {
    let engines = (select(Model::ALL), select(SttEngine::ALL), select(TtsEngine::ALL));
    (title(), option::of(text()), text(), engines, questions(), option::of(text())).prop_map(
        |(title, description, prompt, (model, stt_engine, tts_engine), preset_questions, assistant_id)| Settings {
            title,
            description,
            prompt,
            model,
            stt_engine,
            tts_engine,
            preset_questions,
            assistant_id,
        },
    )
}

/// A change towards other settings, of some of them.
fn changes() -> impl Strategy<Value = ProjectChanges> {
    (settings(), assistant(), any::<[bool; 10]>()).prop_map(|(to, assistant, chosen)| ProjectChanges {
        title: chosen[0].then_some(to.title),
        description: chosen[1].then_some(to.description),
        prompt: chosen[2].then_some(to.prompt),
        model: chosen[3].then_some(to.model),
        stt_engine: chosen[4].then_some(to.stt_engine),
        tts_engine: chosen[5].then_some(to.tts_engine),
        preset_questions: chosen[6].then_some(to.preset_questions),
        assistant_id: chosen[7].then_some(to.assistant_id),
        assistant_model: chosen[8].then(|| assistant.model.clone()),
        assistant: chosen[9].then_some(assistant),
    })
}

fn assistant() -> impl Strategy<Value = Assistant> {
    (text(), text(), text(), text()).prop_map(|(id, name, instructions, model)| Assistant {
        id,
        name,
        instructions,
        model,
    })
}

pub(crate) fn project_command() -> impl Strategy<Value = ProjectCommand> {
    prop_oneof![
        4 => (option::of(id(UserId::new)), settings())
            .prop_map(|(creator, settings)| ProjectCommand::Create { creator, settings }),
        4 => changes().prop_map(|changes| ProjectCommand::Change(Box::new(changes))),
        2 => any::<bool>().prop_map(ProjectCommand::SetDefault),
        2 => any::<bool>().prop_map(ProjectCommand::SetArchived),
        2 => assistant().prop_map(ProjectCommand::CreateAssistant),
        2 => any::<bool>().prop_map(|is_set| ProjectCommand::RecordProviderKey { is_set }),
        1 => any::<u16>().prop_map(|depth| {
            ProjectCommand::ChangeRetrieval(RetrievalSettings { depth, ..RetrievalSettings::default() })
        }),
        1 => Just(ProjectCommand::Delete),
    ]
}

fn stored_file() -> impl Strategy<Value = StoredFile> {
    (text(), any::<u64>(), text()).prop_map(|(name, size, sha256)| StoredFile { name, size, sha256 })
}

pub(crate) fn source() -> impl Strategy<Value = Source> {
    (select(DocumentType::ALL), option::of(stored_file()), option::of(text()))
        .prop_map(|(document_type, file, text_content)| Source { document_type, file, text_content })
}

fn note() -> impl Strategy<Value = Note> {
    let places = (prop::collection::vec(any::<u32>(), 0..3), prop::collection::vec(text(), 0..3));
    (text(), text(), any::<u32>(), places).prop_map(|(kind, message, count, (pages, names))| Note {
        kind,
        message,
        count,
        pages,
        names,
    })
}

pub(crate) fn document_command() -> impl Strategy<Value = DocumentCommand> {
    let version = 0_u32..3;
    prop_oneof![
        4 => (id(ProjectId::new), option::of(id(UserId::new)), title(), option::of(text()), source()).prop_map(
            |(project_id, creator, title, description, source)| {
                DocumentCommand::Add { project_id, creator, title, description, source }
            },
        ),
        2 => (option::of(title()), option::of(option::of(text())))
            .prop_map(|(title, description)| DocumentCommand::Describe { title, description }),
        2 => (version.clone(), any::<u32>(), text(), prop::collection::vec(note(), 0..3)).prop_map(
            |(version, passages, model, notes)| DocumentCommand::RecordEmbedding { version, passages, model, notes },
        ),
        2 => (version, select(EmbeddingFailure::VARIANTS), prop::collection::vec(note(), 0..3)).prop_map(
            |(version, reason, notes)| DocumentCommand::RecordEmbeddingFailure { version, reason, notes },
        ),
        2 => (option::of(id(UserId::new)), source())
            .prop_map(|(creator, source)| DocumentCommand::AddVersion { creator, source }),
        1 => (1_u32..4).prop_map(|version| DocumentCommand::Renew { version }),
        1 => Just(DocumentCommand::Retry),
        1 => Just(DocumentCommand::Cancel),
        1 => Just(DocumentCommand::Delete),
        1 => select(Place::VARIANTS).prop_map(DocumentCommand::ConfirmRemoval),
    ]
}

fn question() -> impl Strategy<Value = Question> {
    let english = (option::of(text()), option::of(stage()), option::of(stage()));
    (id(MessageId::new), id(MessageId::new), text(), english, text(), number(), any::<u32>()).prop_map(
        |(message_id, answer_id, text, english, language, temperature, top_k)| Question {
            message_id,
            answer_id,
            text: text.into(),
            english_text: english.0.map(Personal::from),
            translation: english.1,
            transcription: english.2,
            language,
            temperature,
            top_k,
        },
    )
}

fn passage() -> impl Strategy<Value = RetrievedPassage> {
    (id(DocumentId::new), any::<u32>(), id(ChunkId::new), text(), score()).prop_map(
        |(document_id, document_version, chunk_id, content_hash, score)| RetrievedPassage {
            document_id,
            document_version,
            chunk_id,
            content_hash,
            score,
        },
    )
}

fn stage() -> impl Strategy<Value = Stage> {
    let time = || (0_i64..4_000_000_000_000_000).prop_map(DateTime::<Utc>::from_timestamp_micros);
    (time(), time()).prop_filter_map("out of range", |(started_at, ended_at)| {
        Some(Stage { started_at: started_at?, ended_at: ended_at? })
    })
}

pub(crate) fn generation() -> impl Strategy<Value = Generation> {
    let usage =
        any::<(u32, u32)>().prop_map(|(prompt_tokens, completion_tokens)| Usage { prompt_tokens, completion_tokens });
    let texts = (text(), option::of(text()), text(), text(), option::of(text()));
    (texts, number(), option::of(usage), stage(), stage()).prop_map(
        |(
            (model_requested, model_returned, prompt_version, prompt_hash, finish_reason),
            temperature,
            usage,
            retrieval,
            response,
        )| {
            Generation {
                model_requested,
                model_returned,
                prompt_version,
                prompt_hash,
                temperature,
                usage,
                finish_reason,
                retrieval,
                response,
            }
        },
    )
}

pub(crate) fn chat_command() -> impl Strategy<Value = ChatCommand> {
    let english = (option::of(text()), option::of(stage()));
    let citations = prop::collection::vec(id(DocumentId::new), 0..3);
    let completion = (id(MessageId::new), text(), english, citations, generation()).prop_map(
        |(answer_id, text, (english_text, translation), citations, generation)| Completion {
            answer_id,
            text: text.into(),
            english_text: english_text.map(Personal::from),
            translation,
            citations,
            generation,
        },
    );
    let model = || option::of(select(Model::ALL));
    prop_oneof![
        6 => (id(ProjectId::new), id(UserId::new), title())
            .prop_map(|(project_id, owner, title)| ChatCommand::Start { project_id, owner, title }),
        3 => (id(ServiceId::new), id(ApiKeyId::new), title(), option::of(text()), model()).prop_map(
            |(service_id, key_id, title, prompt, model)| {
                ChatCommand::StartWithKey { service_id, key_id, title, prompt, model }
            },
        ),
        1 => option::of(text()).prop_map(ChatCommand::ChangePrompt),
        1 => model().prop_map(ChatCommand::ChangeModel),
        2 => title().prop_map(ChatCommand::Retitle),
        6 => question().prop_map(ChatCommand::Ask),
        4 => (id(MessageId::new), prop::collection::vec(passage(), 0..3))
            .prop_map(|(answer_id, passages)| ChatCommand::RecordPassages { answer_id, passages }),
        4 => completion.prop_map(|completion| ChatCommand::CompleteAnswer(Box::new(completion))),
        4 => (id(MessageId::new), select(AnswerFailure::VARIANTS), text(), option::of(text())).prop_map(
            |(answer_id, reason, partial_text, notice)| {
                ChatCommand::FailAnswer { answer_id, reason, partial_text, notice }
            },
        ),
        2 => (id(MessageId::new), stored_file(), stage(), stage()).prop_map(|(answer_id, audio, speech, upload)| {
            ChatCommand::RecordSpeech { answer_id, audio, speech, upload }
        }),
        1 => (id(MessageId::new), text(), option::of(title())).prop_map(|(message_id, notice, title)| {
            ChatCommand::RecordTranscriptionFailure { message_id, notice, title }
        }),
        2 => (id(FeedbackId::new), id(MessageId::new), any::<bool>(), option::of(text())).prop_map(
            |(feedback_id, message_id, liked, message)| {
                ChatCommand::GiveFeedback { feedback_id, message_id, liked, message }
            },
        ),
        1 => Just(ChatCommand::Delete),
        1 => Just(ChatCommand::Erase),
    ]
}

fn terms() -> impl Strategy<Value = Terms> {
    let name = value(|text| ServiceName::parse(text).ok(), ["Ward tablets", "Kiosk"]);
    (name, any::<bool>(), id(UserId::new)).prop_map(|(name, allow_key, owner)| Terms { name, allow_key, owner })
}

pub(crate) fn service_command() -> impl Strategy<Value = ServiceCommand> {
    let changes = (terms(), any::<[bool; 3]>()).prop_map(|(to, chosen)| ServiceChanges {
        name: chosen[0].then_some(to.name),
        allow_key: chosen[1].then_some(to.allow_key),
        owner: chosen[2].then_some(to.owner),
    });
    let request = prop_oneof![
        4 => terms().prop_map(ServiceRequest::Create),
        3 => changes.prop_map(ServiceRequest::Change),
        4 => (id(ApiKeyId::new), title()).prop_map(|(key_id, title)| ServiceRequest::IssueKey { key_id, title }),
        3 => id(ApiKeyId::new).prop_map(ServiceRequest::RevokeKey),
        1 => Just(ServiceRequest::Delete),
    ];
    let authority = prop_oneof![
        3 => Just(ServiceAuthority::Superuser),
        2 => id(UserId::new).prop_map(ServiceAuthority::Owner),
    ];
    (authority, request).prop_map(|(authority, request)| ServiceCommand { authority, request })
}
