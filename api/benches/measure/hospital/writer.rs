//! The way of made events into an empty log: encoded and chained by the program's own code, copied in one transaction.

use std::{borrow::Cow, fmt::Write as _};

use anyhow::{Context as _, anyhow, ensure};
use commands::event_log::{ChainHash, Codec, KeyRing, StoredEvent, partition_of};
use cqrs_es::DomainEvent;
use domain::{AggregateType, envelope::Metadata, personal::PersonalFields};
use sqlx::{PgConnection, PgPool};
use tokio::{sync::mpsc, task::JoinSet};
use uuid::Uuid;

/// The bytes that are sent at a time.
const CHUNK: usize = 1_048_576;
/// How many of them may wait for the database while the next ones are made, which bounds the memory.
const WAITING: usize = 4;
const COPY: &str = "COPY events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, position, \
                    partition, command_id, hash) FROM STDIN";

/// The place of an event in the history of its aggregate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) aggregate_type: AggregateType,
    pub(crate) id: Uuid,
    /// From 1.
    pub(crate) sequence: i64,
}

/// The writer of a log that has no events yet. What it has written is seen when it is finished, and undone otherwise.
pub(crate) struct LogWriter {
    codec: Codec,
    partitions: i32,
    position: i64,
    hash: ChainHash,
    /// In the text form of COPY.
    rows: String,
    chunks: mpsc::Sender<String>,
    copying: JoinSet<Result<PgConnection, sqlx::Error>>,
}

impl LogWriter {
    /// Begins to write, and refuses a log with events: it may be somebody's.
    pub(crate) async fn begin(pool: &PgPool, keys: KeyRing) -> anyhow::Result<Self> {
        // A connection of its own: if it is dropped, nothing was written.
        let mut connection = pool.acquire().await?.detach();
        sqlx::raw_sql("BEGIN").execute(&mut connection).await?;
        let head = sqlx::query_as("SELECT position, partitions, EXISTS (SELECT FROM events) FROM log_head FOR UPDATE");
        let (position, partitions, has_events): (i64, i32, bool) = head.fetch_one(&mut connection).await?;
        ensure!(position == 0 && !has_events, "this log has events: made ones are written into an empty database only");
        let (chunks, waiting) = mpsc::channel(WAITING);
        let mut copying = JoinSet::new();
        copying.spawn(copy(connection, waiting));
        let codec = Codec::new(keys);
        Ok(Self { codec, partitions, position, hash: [0; 32], rows: String::new(), chunks, copying })
    }

    /// Returns the position of the event that was added last; 0 if there is none.
    pub(crate) const fn position(&self) -> i64 {
        self.position
    }

    pub(crate) async fn add<E>(&mut self, place: Place, event: E, metadata: &Metadata) -> anyhow::Result<()>
    where
        E: DomainEvent + PersonalFields,
    {
        self.position += 1;
        let aggregate_id = place.id.to_string();
        let stored = StoredEvent {
            position: self.position,
            aggregate_type: place.aggregate_type.name().to_owned(),
            sequence: place.sequence,
            event_type: event.event_type(),
            event_version: event.event_version(),
            payload: self.codec.encode_payload(event, metadata).await?,
            metadata: serde_json::to_string(&self.codec.encode_metadata(metadata).await?)?,
            partition: partition_of(&aggregate_id, self.partitions),
            command_id: metadata.command_id.value(),
            aggregate_id,
        };
        self.hash = stored.chain_hash(&self.hash);
        let StoredEvent { position, aggregate_type, aggregate_id, sequence, event_type, event_version, .. } = &stored;
        let (payload, metadata) = (escaped(&stored.payload), escaped(&stored.metadata));
        let (partition, command_id, hash) = (stored.partition, stored.command_id, hex::encode(self.hash));
        writeln!(
            self.rows,
            "{aggregate_type}\t{aggregate_id}\t{sequence}\t{event_type}\t{event_version}\t{payload}\t{metadata}\t{position}\t\
             {partition}\t{command_id}\t\\\\x{hash}"
        )?;
        if self.rows.len() >= CHUNK { self.send().await } else { Ok(()) }
    }

    async fn send(&mut self) -> anyhow::Result<()> {
        let rows = std::mem::replace(&mut self.rows, String::with_capacity(CHUNK + CHUNK / 4));
        if self.chunks.send(rows).await.is_ok() {
            return Ok(());
        }
        let copied = self.copying.join_next().await.context("rows are copied by one task")??;
        Err(copied.err().map_or_else(|| anyhow!("the copy has ended by itself"), Into::into))
    }

    /// Moves the end of the log and commits. Returns the position of its last event.
    pub(crate) async fn finish(mut self) -> anyhow::Result<i64> {
        self.send().await?;
        let Self { position, hash, chunks, mut copying, .. } = self;
        drop(chunks);
        let mut connection = copying.join_next().await.context("rows are copied by one task")??;
        let connection = connection.as_mut().map_err(|error| anyhow!("the rows were refused: {error}"))?;
        let head = sqlx::query("UPDATE log_head SET position = $1, hash = $2").bind(position).bind(hash.as_slice());
        head.execute(&mut *connection).await?;
        sqlx::raw_sql("COMMIT").execute(connection).await?;
        Ok(position)
    }
}

async fn copy(mut connection: PgConnection, mut waiting: mpsc::Receiver<String>) -> Result<PgConnection, sqlx::Error> {
    let mut copy = connection.copy_in_raw(COPY).await?;
    while let Some(rows) = waiting.recv().await {
        copy.send(rows.into_bytes()).await?;
    }
    copy.finish().await?;
    Ok(connection)
}

/// JSON has no tabs and line breaks but in escapes, whose backslash is one of COPY's too.
fn escaped(json: &str) -> Cow<'_, str> {
    if json.contains('\\') { json.replace('\\', "\\\\").into() } else { json.into() }
}
