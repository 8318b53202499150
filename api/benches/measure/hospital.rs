//! A log as a hospital writes it, of any length: people log in and ask, staff look after projects and documents and open chats of
//! others, suites are run and rated. Every event is decided by the domain's own aggregates, encoded under the keys of its persons and
//! chained by the program's code.
//!
//! The same seed gives the same people, texts, ids and times; keys and nonces are new each time, so that ciphertexts and hashes are
//! other ones. Memory does not grow with the length.

#[path = "hospital/conversation.rs"]
mod conversation;
#[path = "hospital/evaluation.rs"]
mod evaluation;
#[path = "hospital/house.rs"]
mod house;
#[path = "hospital/teller.rs"]
mod teller;
#[path = "hospital/texts.rs"]
mod texts;
#[path = "hospital/writer.rs"]
pub(crate) mod writer;

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use commands::event_log::KeyRing;
use domain::{
    AggregateType,
    access::{Access, AccessCommand, AccessKind, AccessRecord, AccessedObject},
    ids::UserId,
    user::Role,
};
use sqlx::PgPool;
use uuid::Uuid;

use conversation::{Conversation, Visit};
use evaluation::Evaluation;
use house::House;
use teller::{Living, Teller};
use writer::LogWriter;

/// Visits that go on at the same time, so that neighbours in the log are of different chats.
const VISITS: usize = 100;
/// Chats that were begun last, one of which somebody else may open.
const RECENT: usize = 200;
/// Of so many chats one is remembered for whoever reads the log.
const REMEMBERED: usize = 1_000;

/// What log is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// How many events it has, or up to twenty more.
    pub(crate) events: u64,
    pub(crate) seed: u64,
    /// The messages of the one long chat, which goes on from the begin of the log to its end.
    pub(crate) long_chat: u64,
}

/// A log that was written.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) events: u64,
    pub(crate) long_chat: Uuid,
    /// Other chats, from all of the log.
    pub(crate) chats: Vec<Uuid>,
    /// The time of the last event.
    pub(crate) until: DateTime<Utc>,
}

/// Writes a log into a database whose log has no events.
///
/// # Errors
/// If there are events, or the database fails; nothing was written then.
pub(crate) async fn write(pool: &PgPool, keys: KeyRing, plan: &Plan) -> anyhow::Result<Written> {
    let mut teller = Teller::new(LogWriter::begin(pool, keys).await?, plan.seed);
    let nurses = usize::try_from(plan.events / 1_000)?.clamp(20, 5_000);
    let mut house = House::found(&mut teller, nurses).await?;
    let nurse = house.a_nurse(&mut teller);
    let long = Conversation::begin(&mut teller, &mut house, nurse).await?;
    let mut evaluation = Evaluation::begin(&mut teller, &house).await?;
    let mut days = Days { visits: Vec::new(), recent: VecDeque::new(), chats: Vec::new(), long, turns: 0 };
    while teller.told() < plan.events {
        teller.pass_time();
        match teller.place(1_000) {
            _ if days.long_is_due(plan, teller.told()) => days.go_on_with_long(&mut teller, &house).await?,
            0..30 => days.open_a_chat_of_another(&mut teller, &house).await?,
            30..40 => evaluation.go_on(&mut teller, &house).await?,
            40..43 => house.change(&mut teller).await?,
            43 if teller.is_likely(0.02) => evaluation = Evaluation::begin(&mut teller, &house).await?,
            _ => days.go_on(&mut teller, &mut house).await?,
        }
    }
    let (until, long_chat) = (teller.now(), days.long.id());
    Ok(Written { events: teller.end().await?, long_chat, chats: days.chats, until })
}

/// What goes on from day to day.
struct Days {
    visits: Vec<Visit>,
    /// Chats with their owners.
    recent: VecDeque<(Uuid, Uuid)>,
    chats: Vec<Uuid>,
    long: Conversation,
    /// Turns of the long chat that have ended.
    turns: u64,
}

impl Days {
    /// The turns of the long chat are spread over the log.
    fn long_is_due(&self, plan: &Plan, told: u64) -> bool {
        let turns = plan.long_chat / 2;
        self.turns < turns && told * (turns + 1) >= (self.turns + 1) * plan.events
    }

    async fn go_on_with_long(&mut self, teller: &mut Teller, house: &House) -> anyhow::Result<()> {
        self.turns += u64::from(self.long.go_on(teller, house).await?);
        Ok(())
    }

    async fn go_on(&mut self, teller: &mut Teller, house: &mut House) -> anyhow::Result<()> {
        if self.visits.len() < VISITS {
            let visit = Visit::begin(teller, house).await?;
            self.remember(visit.conversation());
            self.visits.push(visit);
            return Ok(());
        }
        let place = teller.place(self.visits.len());
        if !self.visits[place].go_on(teller, house).await? {
            self.visits.swap_remove(place);
        }
        Ok(())
    }

    fn remember(&mut self, conversation: &Conversation) {
        self.recent.push_back((conversation.id(), conversation.owner()));
        if self.recent.len() > RECENT {
            let (chat, _) = self.recent.pop_front().expect("there are some");
            // Of those that will not go on for long, spread over the log.
            if self.chats.len() < REMEMBERED || chat.as_u128().is_multiple_of(97) {
                if self.chats.len() == REMEMBERED {
                    let place = usize::from(chat.as_bytes()[15]) * REMEMBERED / 256;
                    self.chats.remove(place);
                }
                self.chats.push(chat);
            }
        }
    }

    /// Somebody of the staff reads what is another person's, which is on record.
    async fn open_a_chat_of_another(&mut self, teller: &mut Teller, house: &House) -> anyhow::Result<()> {
        if self.recent.is_empty() {
            return Ok(());
        }
        let (chat, owner) = self.recent[teller.place(self.recent.len())];
        let reader = house.one_of_the_staff(teller);
        let reason = if teller.is_likely(0.5) { Some("complaint of a patient".to_owned()) } else { None };
        let access = Access {
            reader: Some(UserId::new(reader)),
            session_id: None,
            roles: vec![Role::Staff],
            what: AccessKind::Chat,
            request: "GET /api/projects/{project_id}/chats/{chat_id}".to_owned(),
            objects: vec![AccessedObject {
                kind: Some(AggregateType::Chat),
                id: chat,
                owner: Some(UserId::new(owner)),
            }],
            reason: reason.map(Into::into),
        };
        let mut record = Living::<AccessRecord>::absent(teller.new_id());
        let request = teller.by_person(reader);
        teller.execute(&mut record, &request, [AccessCommand::RecordGranted(access)]).await
    }
}
