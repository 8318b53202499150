//! A log of chats as they are: a first question gives the title, every answer has passages and sources, some are rated.

use chrono::{DateTime, TimeDelta, Utc};
use commands::event_log::EventLog;
use domain::{
    AggregateType,
    chat::{ChatEvent, Completion, Generation, Question, RetrievedPassage, Stage},
    envelope::{Actor, Metadata},
    ids::{ChunkId, CommandId, DocumentId, EventId, FeedbackId, MessageId, ProjectId, SubjectId, UserId},
    values::Title,
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::hospital::writer::{LogWriter, Place};

/// Who asks.
const NURSES: usize = 500;
/// Chats that are going on at the same time.
const OPEN_CHATS: usize = 100;
const TURNS: usize = 4;
const QUESTION: &str = "How often is zinc given to a child of eight months with diarrhoea, and in which dose?";
const ANSWER: &str = "Zinc is given once a day for ten to fourteen days: 20 mg for a child of six months and older, 10 mg \
    for a younger one. The tablet is dissolved in breast milk, in oral rehydration solution or in clean water. It is given for \
    the whole time, also when the diarrhoea has stopped, because it makes the next weeks safer.\n\nCome back at once if there is \
    blood in the stool, if the child drinks poorly or has a fever, or if it does not get better in three days.";

/// Writes a log of so many events.
pub(crate) async fn write(pool: &PgPool, log: &EventLog, count: usize) -> anyhow::Result<()> {
    let mut writer = LogWriter::begin(pool, log.keys().clone()).await?;
    let nurses: Vec<Uuid> = (0..NURSES).map(|_| Uuid::now_v7()).collect();
    let mut open: Vec<Conversation> = Vec::new();
    let (mut started, mut written) = (0, 0);
    while written < count {
        if open.len() < OPEN_CHATS {
            open.push(Conversation::new(nurses[started % NURSES], started));
            started += 1;
        }
        // Each in its turn: neighbours in the log are of different chats.
        let place = written % open.len();
        let events = open[place].next_events();
        if events.is_empty() {
            open.swap_remove(place);
        }
        for event in events {
            if written < count {
                let chat = &mut open[place];
                chat.sequence += 1;
                written += 1;
                add(&mut writer, (chat.id, chat.sequence), chat.nurse, event).await?;
            }
        }
    }
    writer.finish().await?;
    Ok(())
}

/// Adds an event of a nurse's chat.
async fn add(log: &mut LogWriter, (chat, sequence): (Uuid, i64), nurse: Uuid, event: ChatEvent) -> anyhow::Result<()> {
    let metadata = Metadata {
        event_id: EventId::new(Uuid::now_v7()),
        command_id: CommandId::new(Uuid::now_v7()),
        actor: Actor::User(UserId::new(nurse)),
        on_behalf_of: None,
        correlation_id: Uuid::now_v7(),
        causation_id: None,
        traceparent: None,
        subject: Some(SubjectId::new(nurse)),
        client_address: Some("203.0.113.17".to_owned()),
        user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0".to_owned()),
        recorded_at: now(),
    };
    log.add(Place { aggregate_type: AggregateType::Chat, id: chat, sequence }, event, &metadata).await
}

/// A chat that is going on.
struct Conversation {
    id: Uuid,
    nurse: Uuid,
    number: usize,
    step: usize,
    sequence: i64,
    /// Of the question that waits for its answer.
    answer: MessageId,
}

impl Conversation {
    fn new(nurse: Uuid, number: usize) -> Self {
        Self { id: Uuid::now_v7(), nurse, number, step: 0, sequence: 0, answer: MessageId::new(Uuid::nil()) }
    }

    /// What the next command does; nothing at the end.
    fn next_events(&mut self) -> Vec<ChatEvent> {
        self.step += 1;
        match self.step {
            1 => vec![self.started()],
            step if step > 1 + 2 * TURNS => vec![],
            step if step % 2 == 0 => {
                let mut events = vec![self.asked()];
                events.extend(
                    (step == 2).then(|| ChatEvent::Retitled { title: title("Zinc for a child with diarrhoea").into() }),
                );
                events
            }
            _ => {
                let mut events = vec![self.retrieved(), self.answered()];
                events.extend(self.number.is_multiple_of(10).then(|| self.rated()));
                events
            }
        }
    }

    fn started(&self) -> ChatEvent {
        let owner = UserId::new(self.nurse);
        ChatEvent::Started { project_id: ProjectId::new(Uuid::from_u128(7)), owner, title: title("New chat").into() }
    }

    fn asked(&mut self) -> ChatEvent {
        self.answer = MessageId::new(Uuid::now_v7());
        ChatEvent::QuestionAsked(Question {
            message_id: MessageId::new(Uuid::now_v7()),
            answer_id: self.answer,
            text: QUESTION.into(),
            english_text: None,
            translation: None,
            transcription: None,
            language: "en".to_owned(),
            temperature: 0.1,
            top_k: 100,
        })
    }

    fn retrieved(&self) -> ChatEvent {
        let passages = (0..5).map(|number| RetrievedPassage {
            document_id: DocumentId::new(Uuid::from_u128(number)),
            document_version: 1,
            chunk_id: ChunkId::new(Uuid::from_u128(number)),
            content_hash: "5".repeat(64),
            score: 0.5,
        });
        ChatEvent::PassagesRetrieved { answer_id: self.answer, passages: passages.collect() }
    }

    fn answered(&self) -> ChatEvent {
        let stage = Stage { started_at: now(), ended_at: now() + TimeDelta::milliseconds(900) };
        ChatEvent::AnswerCompleted(Completion {
            answer_id: self.answer,
            text: ANSWER.into(),
            english_text: None,
            translation: None,
            citations: (0..2).map(|number| DocumentId::new(Uuid::from_u128(number))).collect(),
            generation: Generation {
                model_requested: "gpt-4o".to_owned(),
                model_returned: Some("gpt-4o-2024-11-20".to_owned()),
                prompt_version: "project".to_owned(),
                prompt_hash: "7".repeat(64),
                temperature: 0.1,
                usage: None,
                finish_reason: Some("stop".to_owned()),
                retrieval: stage,
                response: stage,
            },
        })
    }

    fn rated(&self) -> ChatEvent {
        ChatEvent::FeedbackGiven {
            feedback_id: FeedbackId::new(Uuid::now_v7()),
            message_id: self.answer,
            liked: true,
            message: Some("Clear and short.".into()),
        }
    }
}

fn title(text: &str) -> Title {
    Title::parse(text).expect("a title may hold this text")
}

fn now() -> DateTime<Utc> {
    Utc::now()
}
