//! Specification of the chat's rules, as given / when / then.

use chrono::{DateTime, Utc};
use cqrs_es::{Aggregate, test::TestFramework};
use uuid::Uuid;

use super::{
    AnswerFailure, Chat, ChatCommand, ChatError, ChatEvent, Completion, Generation, Question, RetrievedPassage, Stage,
    Transcript,
};
use crate::{
    aggregate::StoredAggregate,
    document::StoredFile,
    ids::{ApiKeyId, ChunkId, DocumentId, FeedbackId, MessageId, ProjectId, ServiceId, SubjectId, UserId},
    values::Title,
};

type ChatSpec = TestFramework<Chat>;

fn title(text: &str) -> Title {
    Title::parse(text).expect("well-formed")
}

fn message(number: u128) -> MessageId {
    MessageId::new(Uuid::from_u128(number))
}

fn started() -> ChatEvent {
    ChatEvent::Started {
        project_id: ProjectId::new(Uuid::from_u128(1)),
        owner: UserId::new(Uuid::from_u128(2)),
        title: title("New chat").into(),
    }
}

fn question(number: u128, text: &str) -> Question {
    Question {
        message_id: message(number),
        answer_id: message(number + 100),
        text: text.into(),
        english_text: None,
        translation: None,
        transcription: None,
        language: "en".to_owned(),
        temperature: 0.1,
        top_k: 100,
    }
}

fn asked(number: u128, text: &str) -> ChatEvent {
    ChatEvent::QuestionAsked(question(number, text))
}

fn completion(number: u128, text: &str) -> Completion {
    let stage = Stage { started_at: DateTime::<Utc>::UNIX_EPOCH, ended_at: DateTime::<Utc>::UNIX_EPOCH };
    Completion {
        answer_id: message(number + 100),
        text: text.into(),
        english_text: None,
        translation: None,
        citations: vec![],
        generation: Generation {
            model_requested: "m".to_owned(),
            model_returned: None,
            prompt_version: "project".to_owned(),
            prompt_hash: String::new(),
            temperature: 0.1,
            usage: None,
            finish_reason: None,
            retrieval: stage,
            response: stage,
        },
    }
}

fn answered(number: u128, text: &str) -> ChatEvent {
    ChatEvent::AnswerCompleted(completion(number, text))
}

fn fail(number: u128) -> ChatCommand {
    ChatCommand::FailAnswer {
        answer_id: message(number + 100),
        reason: AnswerFailure::Interrupted,
        partial_text: String::new(),
        notice: None,
    }
}

#[test]
fn the_first_question_gives_the_chat_its_title() {
    let long = "How much zinc does a child of two years get, and for how many days?";
    ChatSpec::with(()).given(vec![started()]).when(ChatCommand::Ask(question(1, long))).then_expect_events(vec![
        asked(1, long),
        ChatEvent::Retitled { title: title("How much zinc does a child of two years get, and f").into() },
    ]);
}

#[test]
fn later_questions_leave_the_title_alone() {
    ChatSpec::with(())
        .given(vec![started(), asked(1, "Zinc?"), answered(1, "14 days")])
        .when(ChatCommand::Ask(question(2, "And ORS?")))
        .then_expect_events(vec![asked(2, "And ORS?")]);
}

#[test]
fn a_second_question_may_be_asked_while_the_first_is_being_answered() {
    ChatSpec::with(())
        .given(vec![started(), asked(1, "Zinc?")])
        .when(ChatCommand::Ask(question(2, "ORS?")))
        .then_expect_events(vec![asked(2, "ORS?")]);
}

#[test]
fn a_turn_is_closed_once() {
    ChatSpec::with(())
        .given(vec![started(), asked(1, "Zinc?")])
        .when(ChatCommand::CompleteAnswer(Box::new(completion(1, "14 days"))))
        .then_expect_events(vec![answered(1, "14 days")]);
    ChatSpec::with(())
        .given(vec![started(), asked(1, "Zinc?"), answered(1, "14 days")])
        .when(fail(1))
        .then_expect_error(ChatError::NoOpenTurn);
}

#[test]
fn an_answer_to_no_question_is_refused() {
    ChatSpec::with(())
        .given(vec![started()])
        .when(ChatCommand::CompleteAnswer(Box::new(completion(1, "14 days"))))
        .then_expect_error(ChatError::NoOpenTurn);
}

#[test]
fn a_deleted_chat_takes_no_questions() {
    ChatSpec::with(())
        .given(vec![started(), ChatEvent::Deleted {}])
        .when(ChatCommand::Ask(question(1, "Zinc?")))
        .then_expect_error(ChatError::NotFound);
}

#[test]
fn two_questions_cannot_await_the_same_answer() {
    ChatSpec::with(())
        .given(vec![started(), asked(1, "Zinc?")])
        .when(ChatCommand::Ask(question(1, "ORS?")))
        .then_expect_error(ChatError::AlreadyAsked);
}

#[test]
fn a_temperature_that_json_cannot_hold_is_refused() {
    for temperature in [f64::NAN, f64::INFINITY] {
        ChatSpec::with(())
            .given(vec![started()])
            .when(ChatCommand::Ask(Question { temperature, ..question(1, "Zinc?") }))
            .then_expect_error(ChatError::NotFinite);
    }
}

#[test]
fn a_score_that_json_cannot_hold_is_refused() {
    let passage = RetrievedPassage {
        document_id: DocumentId::new(Uuid::from_u128(3)),
        document_version: 1,
        chunk_id: ChunkId::new(Uuid::from_u128(4)),
        content_hash: String::new(),
        score: f32::NAN,
    };
    ChatSpec::with(())
        .given(vec![started(), asked(1, "Zinc?")])
        .when(ChatCommand::RecordPassages { answer_id: message(101), passages: vec![passage] })
        .then_expect_error(ChatError::NotFinite);
}

#[test]
fn the_transcript_holds_only_answered_turns_before_the_one_in_question() {
    let mut transcript = Transcript::default();
    for event in [
        started(),
        asked(1, "Zinc?"),
        answered(1, "14 days"),
        asked(2, "lost"),
        asked(3, "ORS?"),
        asked(4, "later"),
        answered(4, "much later"),
    ] {
        transcript.apply(&event);
    }
    let turns: Vec<_> = transcript.answered_before(message(103)).collect();
    assert_eq!(turns, vec![("Zinc?", "14 days")]);
}

fn started_with_key() -> ChatEvent {
    ChatEvent::StartedWithKey {
        service_id: ServiceId::new(Uuid::from_u128(5)),
        key_id: ApiKeyId::new(Uuid::from_u128(6)),
        title: title("Form").into(),
        prompt: None,
        model: None,
    }
}

fn change_prompt() -> ChatCommand {
    ChatCommand::ChangePrompt(Some("{reference}".to_owned()))
}

#[test]
fn a_chat_without_a_project_has_a_prompt_of_its_own() {
    ChatSpec::with(())
        .given(vec![started_with_key()])
        .when(change_prompt())
        .then_expect_events(vec![ChatEvent::PromptChanged { prompt: Some("{reference}".into()) }]);
    ChatSpec::with(())
        .given(vec![started_with_key(), ChatEvent::PromptChanged { prompt: Some("{reference}".into()) }])
        .when(change_prompt())
        .then_expect_events(vec![]);
}

#[test]
fn a_projects_chat_has_none() {
    ChatSpec::with(()).given(vec![started()]).when(change_prompt()).then_expect_error(ChatError::BelongsToProject);
}

#[test]
fn a_chat_of_a_key_is_its_own_subject_and_a_persons_chat_is_the_persons() {
    let id = Uuid::from_u128(9);
    let subject = |event| {
        let mut chat = Chat::default();
        chat.apply(event);
        chat.subject(id)
    };
    assert_eq!(subject(started_with_key()), Some(SubjectId::new(id)));
    assert_eq!(subject(started()), Some(SubjectId::new(Uuid::from_u128(2))));
}

fn speak(number: u128) -> ChatCommand {
    let stage = Stage { started_at: DateTime::<Utc>::UNIX_EPOCH, ended_at: DateTime::<Utc>::UNIX_EPOCH };
    let audio = StoredFile { name: "a.mp3".to_owned(), size: 1, sha256: String::new() };
    ChatCommand::RecordSpeech { answer_id: message(number + 100), audio, speech: stage, upload: stage }
}

fn spoken(number: u128) -> ChatEvent {
    let ChatCommand::RecordSpeech { answer_id, audio, speech, upload } = speak(number) else { unreachable!() };
    ChatEvent::AnswerSpoken { answer_id, audio, speech, upload }
}

#[test]
fn an_answer_is_spoken_once_and_only_when_it_is_complete() {
    ChatSpec::with(())
        .given(vec![started(), asked(1, "Zinc?"), answered(1, "14 days")])
        .when(speak(1))
        .then_expect_events(vec![spoken(1)]);
    ChatSpec::with(())
        .given(vec![started(), asked(1, "Zinc?")])
        .when(speak(1))
        .then_expect_error(ChatError::NotSpeakable);
    ChatSpec::with(())
        .given(vec![started(), asked(1, "Zinc?"), answered(1, "14 days"), spoken(1)])
        .when(speak(1))
        .then_expect_error(ChatError::NotSpeakable);
}

#[test]
fn only_a_message_of_the_chat_can_be_rated() {
    let rate = |number| ChatCommand::GiveFeedback {
        feedback_id: FeedbackId::new(Uuid::from_u128(7)),
        message_id: message(number),
        liked: true,
        message: None,
    };
    let rated = ChatEvent::FeedbackGiven {
        feedback_id: FeedbackId::new(Uuid::from_u128(7)),
        message_id: message(101),
        liked: true,
        message: None,
    };
    let history = vec![started(), asked(1, "Zinc?"), answered(1, "14 days")];
    ChatSpec::with(()).given(history.clone()).when(rate(101)).then_expect_events(vec![rated]);
    ChatSpec::with(()).given(history).when(rate(102)).then_expect_error(ChatError::NoSuchMessage);
}

#[test]
fn the_model_is_told_of_earlier_turns_in_english() {
    let mut transcript = Transcript::default();
    let question = Question { english_text: Some("Zinc?".into()), ..question(1, "സിങ്ക്?") };
    let answer = Completion { english_text: Some("14 days".into()), ..completion(1, "14 ദിവസം") };
    transcript.apply(&ChatEvent::QuestionAsked(question));
    transcript.apply(&ChatEvent::AnswerCompleted(answer));
    assert_eq!(transcript.answered_before(message(103)).collect::<Vec<_>>(), vec![("Zinc?", "14 days")]);
}

#[test]
fn the_chat_of_a_key_is_erased_once_whether_it_was_deleted_or_not() {
    for before in [vec![started_with_key()], vec![started_with_key(), ChatEvent::Deleted {}]] {
        ChatSpec::with(()).given(before).when(ChatCommand::Erase).then_expect_events(vec![ChatEvent::SubjectErased {}]);
    }
    let erased = vec![started_with_key(), ChatEvent::SubjectErased {}];
    ChatSpec::with(()).given(erased.clone()).when(ChatCommand::Erase).then_expect_events(vec![]);
    ChatSpec::with(()).given(erased).when(ChatCommand::Delete).then_expect_error(ChatError::NotFound);
}

#[test]
fn the_chat_of_a_person_is_erased_with_the_person_only() {
    for before in [vec![started()], vec![started(), ChatEvent::Deleted {}]] {
        ChatSpec::with(()).given(before).when(ChatCommand::Erase).then_expect_error(ChatError::BelongsToPerson);
    }
}
