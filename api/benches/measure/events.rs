//! A log of chats as they are: a first question gives the title, every answer has passages and sources, some are rated.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use commands::event_log::{ChainHash, Codec, EventLog, StoredEvent, partition_of};
use domain::{
    chat::{ChatEvent, Completion, Generation, Question, RetrievedPassage, Stage},
    envelope::{Actor, Metadata},
    ids::{ChunkId, CommandId, DocumentId, EventId, FeedbackId, MessageId, ProjectId, SubjectId, UserId},
    values::Title,
};
use sqlx::{PgPool, postgres::PgPoolCopyExt as _};
use uuid::Uuid;

/// Who asks.
const NURSES: usize = 500;
/// Chats that are going on at the same time.
const OPEN_CHATS: usize = 100;
const TURNS: usize = 4;
const PARTITIONS: i32 = 16;
/// Rows that are sent at a time.
const ROWS: usize = 5_000;
const QUESTION: &str = "How often is zinc given to a child of eight months with diarrhoea, and in which dose?";
const ANSWER: &str = "Zinc is given once a day for ten to fourteen days: 20 mg for a child of six months and older, 10 mg \
    for a younger one. The tablet is dissolved in breast milk, in oral rehydration solution or in clean water. It is given for \
    the whole time, also when the diarrhoea has stopped, because it makes the next weeks safer.\n\nCome back at once if there is \
    blood in the stool, if the child drinks poorly or has a fever, or if it does not get better in three days.";

/// Writes a log of so many events.
pub(crate) async fn write(pool: &PgPool, log: &EventLog, count: usize) -> anyhow::Result<()> {
    let mut writer = Writer { codec: Codec::new(log.keys().clone()), position: 0, hash: [0; 32], rows: String::new() };
    let nurses: Vec<Uuid> = (0..NURSES).map(|_| Uuid::now_v7()).collect();
    let mut open: Vec<Conversation> = Vec::new();
    let mut started = 0;
    while writer.position < count {
        if open.len() < OPEN_CHATS {
            open.push(Conversation::new(nurses[started % NURSES], started));
            started += 1;
        }
        // Each in its turn: neighbours in the log are of different chats.
        let place = writer.position % open.len();
        let events = open[place].next_events();
        if events.is_empty() {
            open.swap_remove(place);
        }
        for event in events {
            if writer.position < count {
                let chat = &mut open[place];
                chat.sequence += 1;
                writer.add(chat.id, chat.sequence, chat.nurse, event).await?;
            }
        }
        if writer.rows.len() > ROWS * 1_000 {
            writer.send(pool).await?;
        }
    }
    writer.send(pool).await?;
    sqlx::query("UPDATE log_head SET position = $1, hash = $2")
        .bind(i64::try_from(writer.position)?)
        .bind(writer.hash.as_slice())
        .execute(pool)
        .await?;
    Ok(())
}

struct Writer {
    codec: Codec,
    position: usize,
    hash: ChainHash,
    /// In the form of COPY's CSV.
    rows: String,
}

impl Writer {
    async fn add(&mut self, chat: Uuid, sequence: i64, nurse: Uuid, event: ChatEvent) -> anyhow::Result<()> {
        self.position += 1;
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
        let event_type: &'static str = (&event).into();
        let stored = StoredEvent {
            position: i64::try_from(self.position)?,
            aggregate_type: "chat".to_owned(),
            aggregate_id: chat.to_string(),
            sequence,
            event_type: event_type.to_owned(),
            event_version: "1".to_owned(),
            payload: self.codec.encode_payload(event, &metadata).await?,
            metadata: serde_json::to_string(&self.codec.encode_metadata(&metadata).await?)?,
            partition: partition_of(&chat.to_string(), PARTITIONS),
            command_id: metadata.command_id.value(),
        };
        self.hash = stored.chain_hash(&self.hash);
        let quoted = |text: &str| text.replace('"', "\"\"");
        writeln!(
            self.rows,
            "chat,{},{sequence},{event_type},1,\"{}\",\"{}\",{},{},{},\\x{}",
            stored.aggregate_id,
            quoted(&stored.payload),
            quoted(&stored.metadata),
            stored.position,
            stored.partition,
            stored.command_id,
            hex::encode(self.hash)
        )?;
        Ok(())
    }

    async fn send(&mut self, pool: &PgPool) -> anyhow::Result<()> {
        let columns = "aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, position, partition, \
                       command_id, hash";
        let mut copy = pool.copy_in_raw(&format!("COPY events ({columns}) FROM STDIN (FORMAT csv)")).await?;
        copy.send(std::mem::take(&mut self.rows).into_bytes()).await?;
        copy.finish().await?;
        Ok(())
    }
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
