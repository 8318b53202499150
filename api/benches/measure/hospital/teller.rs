//! The clock, the chance and the pen of a made log. Nothing comes from the machine's own clock or chance but keys and nonces.

use anyhow::anyhow;
use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::{Aggregate, event_sink::EventSink};
use domain::{
    aggregate::StoredAggregate,
    chat::Stage,
    document::StoredFile,
    envelope::{Actor, Metadata},
    ids::{CommandId, EventId, UserId},
};
use rand::{Rng as _, RngExt as _, SeedableRng as _, rngs::StdRng};
use uuid::{Builder, Uuid};

use super::writer::{LogWriter, Place};

/// When a made log begins: in the past, also with ten million events.
const BEGINS: DateTime<Utc> = DateTime::from_timestamp(1_672_531_200, 0).expect("2023 has begun");
/// The longest time between two requests. Ten million events take about three years.
const LONGEST_PAUSE: i64 = 20_000;
const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Dart/3.9 (dart:io)",
];

/// An aggregate with its history so far.
pub(crate) struct Living<A> {
    pub(crate) id: Uuid,
    pub(crate) aggregate: A,
    sequence: i64,
}

impl<A: Default> Living<A> {
    /// One that has not begun.
    pub(crate) fn absent(id: Uuid) -> Self {
        Self { id, aggregate: A::default(), sequence: 0 }
    }
}

/// A request: who acts, and from where. Everything that it leads to shares its id.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    actor: Actor,
    correlation_id: Uuid,
    client: Option<(String, &'static str)>,
}

/// Who tells what happens.
pub(crate) struct Teller {
    pub(crate) chance: StdRng,
    now: DateTime<Utc>,
    log: LogWriter,
}

impl Teller {
    pub(crate) fn new(log: LogWriter, seed: u64) -> Self {
        Self { chance: StdRng::seed_from_u64(seed), now: BEGINS, log }
    }

    /// Returns the number of events so far.
    pub(crate) fn told(&self) -> u64 {
        self.log.position().unsigned_abs()
    }

    pub(crate) const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Lets time pass until the next request.
    pub(crate) fn pass_time(&mut self) {
        self.now += TimeDelta::milliseconds(self.chance.random_range(1..LONGEST_PAUSE));
    }

    /// Lets so much time pass, and returns when it began and ended.
    pub(crate) fn stage(&mut self, milliseconds: std::ops::Range<i64>) -> Stage {
        let started_at = self.now;
        self.now += TimeDelta::milliseconds(self.chance.random_range(milliseconds));
        Stage { started_at, ended_at: self.now }
    }

    /// Makes an id as the program's clock does: UUIDs of version 7, later ones behind earlier ones.
    pub(crate) fn new_id(&mut self) -> Uuid {
        let mut random = [0; 10];
        self.chance.fill_bytes(&mut random);
        Builder::from_unix_timestamp_millis(self.now.timestamp_millis().unsigned_abs(), &random).into_uuid()
    }

    /// Returns a SHA-256 of something, in hexadecimal digits.
    pub(crate) fn digest(&mut self) -> String {
        let mut random = [0; 32];
        self.chance.fill_bytes(&mut random);
        hex::encode(random)
    }

    pub(crate) fn file(&mut self, extension: &str, size: std::ops::Range<u64>) -> StoredFile {
        let name = format!("{}.{extension}", self.new_id());
        StoredFile { name, size: self.chance.random_range(size), sha256: self.digest() }
    }

    pub(crate) fn is_likely(&mut self, probability: f64) -> bool {
        self.chance.random_bool(probability)
    }

    /// Picks a place of so many.
    pub(crate) fn place(&mut self, count: usize) -> usize {
        self.chance.random_range(0..count.max(1))
    }

    /// A person's request; each person comes from few addresses with one client.
    pub(crate) fn by_person(&mut self, person: Uuid) -> Request {
        let number = person.as_u128();
        let address =
            format!("10.{}.{}.{}", (number >> 16) & 0x3, (number >> 8) & 0xff, self.chance.random_range(2..6));
        let agent = AGENTS[usize::from(person.as_bytes()[15]) % AGENTS.len()];
        let correlation_id = self.new_id();
        Request { actor: Actor::User(UserId::new(person)), correlation_id, client: Some((address, agent)) }
    }

    pub(crate) fn by_system(&mut self, part: &str) -> Request {
        Request { actor: Actor::system(part), correlation_id: self.new_id(), client: None }
    }

    /// Has an aggregate decide commands, by its own rules, and tells what comes of it. They share one execution.
    pub(crate) async fn execute<A>(
        &mut self,
        of: &mut Living<A>,
        request: &Request,
        commands: impl IntoIterator<Item = A::Command>,
    ) -> anyhow::Result<()>
    where
        A: StoredAggregate + Aggregate<Services = ()>,
    {
        let sink = EventSink::default();
        for command in commands {
            let decided = of.aggregate.handle(command, &(), &sink).await;
            decided.map_err(|error| anyhow!("the {} {} refuses a command: {error}", A::AGGREGATE_TYPE, of.id))?;
        }
        let client = request.client.clone();
        let mut metadata = Metadata {
            event_id: EventId::new(Uuid::nil()),
            command_id: CommandId::new(self.new_id()),
            actor: request.actor.clone(),
            on_behalf_of: None,
            correlation_id: request.correlation_id,
            causation_id: None,
            traceparent: None,
            subject: of.aggregate.subject(of.id),
            client_address: client.as_ref().map(|(address, _)| address.clone()),
            user_agent: client.map(|(_, agent)| agent.to_owned()),
            recorded_at: self.now,
        };
        for event in sink.collect().await {
            of.sequence += 1;
            metadata.event_id = EventId::new(self.new_id());
            let place = Place { aggregate_type: A::AGGREGATE_TYPE, id: of.id, sequence: of.sequence };
            self.log.add(place, event, &metadata).await?;
        }
        Ok(())
    }

    /// Ends the tale; returns the number of events.
    pub(crate) async fn end(self) -> anyhow::Result<u64> {
        Ok(self.log.finish().await?.unsigned_abs())
    }
}
