//! Reading the rows of the log with `COPY … (FORMAT binary)`, the fastest way to get them out of the database.

use futures::{TryStreamExt as _, stream::BoxStream};
use sqlx::PgConnection;
use uuid::Uuid;

use super::walk::Link;
use crate::stored::StoredEvent;

/// A row of the log, or `None` if it holds a value that no event can have, in a column that was altered to accept it.
pub(super) type Row = Option<Link>;

const COLUMNS: usize = 11;
/// The length of the header of a copy: the signature (11 bytes), flags (4), and the length (4) of an extension.
const HEADER: usize = 19;

/// A stream of the rows of a running copy.
pub(super) struct Rows<'c, B> {
    chunks: BoxStream<'c, Result<B, sqlx::Error>>,
    received: Vec<u8>,
    /// The number of received bytes that were parsed.
    taken: usize,
    /// Whether the header was skipped.
    is_begun: bool,
}

/// Returns the rows after a position and up to another one, in order. A connection whose rows were not all read cannot
/// be used any more.
pub(super) async fn rows(
    connection: &mut PgConnection,
    after: i64,
    up_to: i64,
) -> Result<Rows<'_, impl AsRef<[u8]>>, sqlx::Error> {
    rows_where(connection, &format!("position > {after} AND position <= {up_to}")).await
}

/// Does the same with the rows that meet a condition of SQL. A copy takes no parameters, so the condition holds nothing
/// that was not a number, an id or a time before.
pub(super) async fn rows_where<'c>(
    connection: &'c mut PgConnection,
    condition: &str,
) -> Result<Rows<'c, impl AsRef<[u8]> + use<>>, sqlx::Error> {
    let copy = format!(
        "COPY (SELECT position, aggregate_type, aggregate_id, sequence, event_type, event_version, payload::text, metadata::text,
                      partition, command_id, hash
               FROM events WHERE {condition} ORDER BY position)
         TO STDOUT (FORMAT binary)"
    );
    Ok(Rows { chunks: connection.copy_out_raw(&copy).await?, received: Vec::new(), taken: 0, is_begun: false })
}

impl<B: AsRef<[u8]>> Rows<'_, B> {
    /// Returns the next row; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Row>, sqlx::Error> {
        loop {
            if let Some((row, length)) = self.first() {
                self.taken += length;
                self.is_begun = true;
                if row.is_none() {
                    while self.chunks.try_next().await?.is_some() {}
                }
                return Ok(row);
            }
            let chunk = self.chunks.try_next().await?;
            let chunk = chunk.ok_or_else(|| sqlx::Error::Protocol("a copy has ended within a row".to_owned()))?;
            self.received.drain(..self.taken);
            self.taken = 0;
            self.received.extend_from_slice(chunk.as_ref());
        }
    }

    /// Parses the first row of the received bytes, and returns it with its length in bytes; `None` if the row is
    /// incomplete.
    fn first(&self) -> Option<(Option<Row>, usize)> {
        let all = &self.received[self.taken..];
        let mut rest = all;
        if !self.is_begun {
            rest = rest.get(HEADER..)?;
        }
        let columns = i16::from_be_bytes(take(&mut rest)?);
        // A column count of -1 marks the end of the copy.
        if columns < 0 {
            return Some((None, all.len() - rest.len()));
        }
        let mut values: [Option<&[u8]>; COLUMNS] = [None; COLUMNS];
        for value in values.iter_mut().take(usize::try_from(columns).unwrap_or_default()) {
            // A length of -1 means NULL.
            if let Ok(length) = usize::try_from(i32::from_be_bytes(take(&mut rest)?)) {
                *value = Some(rest.get(..length)?);
                rest = &rest[length..];
            }
        }
        Some((Some(link(values)), all.len() - rest.len()))
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

fn link(values: [Option<&[u8]>; COLUMNS]) -> Row {
    let [
        position,
        aggregate_type,
        aggregate_id,
        sequence,
        event_type,
        event_version,
        payload,
        metadata,
        partition,
        command_id,
        hash,
    ] = values;
    let text = |value: Option<&[u8]>| String::from_utf8(value?.to_vec()).ok();
    let bigint = |value: Option<&[u8]>| Some(i64::from_be_bytes(value?.try_into().ok()?));
    let event = StoredEvent {
        position: bigint(position)?,
        aggregate_type: text(aggregate_type)?,
        aggregate_id: text(aggregate_id)?,
        sequence: bigint(sequence)?,
        event_type: text(event_type)?,
        event_version: text(event_version)?,
        payload: text(payload)?,
        metadata: text(metadata)?,
        partition: i32::from_be_bytes(partition?.try_into().ok()?),
        command_id: Uuid::from_slice(command_id?).ok()?,
    };
    Some(Link::new(event, hash?.to_vec()))
}
