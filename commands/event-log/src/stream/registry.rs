//! The registry of streams. A stream is the copy of the log in one Kafka cluster under one topic prefix: the registry
//! stores its mark, and the events that its partitions owe.
//!
//! Everything up to the mark is acknowledged, except what a partition owes: its events from `resend_from` up to the
//! mark. So a partition that waits, or is published again, delays no other one, and a process that takes over knows
//! what to send.

use std::collections::HashMap;

use domain::AggregateType;
use sqlx::{Connection as _, PgConnection, PgPool};
use uuid::Uuid;

use crate::{proof::incarnation, stored::names, stream::kafka::StreamError};

/// The aggregate type of a topic, and the number of one of its partitions.
pub(crate) type Partition = (String, i32);

/// The offset of a partition's oldest record, and the offset that its next record will get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offsets {
    pub low: i64,
    pub high: i64,
}

/// A stream of the log: the cluster, the topic prefix and the log's id.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub cluster_id: String,
    pub prefix: String,
    pub log_id: Uuid,
}

/// The events that a partition owes.
#[derive(Debug)]
pub(crate) struct Owed {
    pub partition: Partition,
    /// The position of the first owed event.
    pub from: i64,
    /// The number of the request that it results from; a later request may ask for more.
    pub requests: i32,
    /// Whether the partition waits because its first owed event cannot be sent.
    pub is_parked: bool,
}

/// What Kafka has acknowledged since the last move of the mark.
#[derive(Debug, Default)]
pub(crate) struct Acknowledged {
    /// The new position of the mark; 0 if it does not move.
    pub mark: i64,
    /// The first and the newest acknowledged offset of each partition.
    pub offsets: HashMap<Partition, (i64, i64)>,
    /// The progress of the partitions that owe events: the number of the request, and the position of the first event
    /// that is still owed, if any.
    pub owed: HashMap<Partition, (i32, Option<i64>)>,
}

/// An event that Kafka refuses.
#[derive(Debug)]
pub(crate) struct Refused {
    pub partition: Partition,
    pub position: i64,
    pub error: String,
    /// Whether Kafka refuses all events of its type.
    pub is_whole_type: bool,
}

impl Stream {
    /// Makes this stream the one that is relayed, and returns it with its mark.
    ///
    /// # Errors
    /// [`StreamError::Fenced`] if the mark does not fit the log; [`StreamError::Database`] if a query fails.
    pub(crate) async fn enter(
        connection: &mut PgConnection,
        cluster_id: String,
        prefix: String,
    ) -> Result<(Self, i64), StreamError> {
        let mut tx = connection.begin().await?;
        // A mark from before streams were distinguished.
        sqlx::query!("UPDATE relay_mark SET cluster_id = $1, prefix = $2 WHERE cluster_id = ''", cluster_id, prefix)
            .execute(&mut *tx)
            .await?;
        let added = sqlx::query!(
            "INSERT INTO relay_mark (cluster_id, prefix, is_current) VALUES ($1, $2, false) ON CONFLICT DO NOTHING",
            cluster_id,
            prefix,
        );
        let is_new = added.execute(&mut *tx).await?.rows_affected() == 1;
        let left = sqlx::query!(
            "UPDATE relay_mark SET is_current = false WHERE is_current AND NOT (cluster_id = $1 AND prefix = $2)",
            cluster_id,
            prefix,
        );
        let is_change = left.execute(&mut *tx).await?.rows_affected() == 1;
        let place = sqlx::query!(
            r#"UPDATE relay_mark SET is_current = true FROM log_head WHERE cluster_id = $1 AND prefix = $2
               RETURNING log_head.log_id, relay_mark.position, log_head.position AS end,
                         relay_mark.log_id = log_head.log_id AS "is_ours!""#,
            cluster_id,
            prefix,
        );
        let place = place.fetch_one(&mut *tx).await?;
        tx.commit().await?;
        incarnation::check("the relay's mark", place.position, place.end, place.is_ours)?;
        match (is_change, is_new) {
            (true, true) => tracing::warn!(
                cluster_id,
                prefix,
                "another Kafka cluster or topic prefix than before: the log is streamed to it from its beginning"
            ),
            (true, false) => tracing::warn!(
                cluster_id,
                prefix,
                mark = place.position,
                "back at a former Kafka cluster and topic prefix: the stream goes on from its mark"
            ),
            (false, _) => {}
        }
        Ok((Self { cluster_id, prefix, log_id: place.log_id }, place.position))
    }

    /// Stores the problems of the current stream, for health and status.
    pub(crate) async fn report(pool: &PgPool, problems: &[String]) -> Result<(), sqlx::Error> {
        sqlx::query!("UPDATE relay_mark SET problems = $1 WHERE is_current AND problems <> $1", problems)
            .execute(pool)
            .await?;
        Ok(())
    }

    /// Returns what the partitions owe.
    pub(crate) async fn owed(&self, pool: &PgPool) -> Result<Vec<Owed>, sqlx::Error> {
        let rows = sqlx::query!(
            r#"SELECT aggregate_type, partition, resend_from AS "from!", requests, error IS NOT NULL AS "is_parked!"
               FROM relay_partitions WHERE cluster_id = $1 AND prefix = $2 AND resend_from IS NOT NULL"#,
            self.cluster_id,
            self.prefix,
        );
        let rows = rows.fetch_all(pool).await?.into_iter().map(|row| Owed {
            partition: (row.aggregate_type, row.partition),
            from: row.from,
            requests: row.requests,
            is_parked: row.is_parked,
        });
        Ok(rows.collect())
    }

    /// Stores the new mark, the acknowledged offsets, and what the partitions still owe.
    pub(crate) async fn advance(
        &self,
        acknowledged: &Acknowledged,
        connection: &mut PgConnection,
    ) -> Result<(), sqlx::Error> {
        if !acknowledged.owed.is_empty() {
            self.pay(&acknowledged.owed, connection).await?;
        }
        let (types, numbers) = columns(acknowledged.offsets.keys());
        let (first, last): (Vec<i64>, Vec<i64>) = acknowledged.offsets.values().copied().unzip();
        // Only for this log id: a log that is restored meanwhile begins again at 0.
        sqlx::query!(
            "WITH moved AS (
                 UPDATE relay_mark SET position = $3
                 WHERE cluster_id = $1 AND prefix = $2 AND position < $3 AND log_id = $4
             )
             INSERT INTO relay_partitions (cluster_id, prefix, aggregate_type, partition, first_offset, last_offset)
             SELECT $1, $2, * FROM unnest($5::text[], $6::integer[], $7::bigint[], $8::bigint[])
             ON CONFLICT (cluster_id, prefix, aggregate_type, partition) DO UPDATE
             SET first_offset = coalesce(relay_partitions.first_offset, excluded.first_offset),
                 last_offset = excluded.last_offset",
            self.cluster_id,
            self.prefix,
            acknowledged.mark,
            self.log_id,
            &types,
            &numbers,
            &first,
            &last,
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    async fn pay(
        &self,
        owed: &HashMap<Partition, (i32, Option<i64>)>,
        connection: &mut PgConnection,
    ) -> Result<(), sqlx::Error> {
        let (types, numbers) = columns(owed.keys());
        let (requests, from): (Vec<i32>, Vec<Option<i64>>) = owed.values().copied().unzip();
        // Only where no newer request has come meanwhile, which may ask for more.
        sqlx::query!(
            "UPDATE relay_partitions AS owing SET resend_from = paid.resend_from
             FROM unnest($3::text[], $4::integer[], $5::integer[], $6::bigint[])
                  AS paid (aggregate_type, partition, requests, resend_from)
             WHERE owing.cluster_id = $1 AND owing.prefix = $2 AND owing.aggregate_type = paid.aggregate_type
               AND owing.partition = paid.partition AND owing.requests = paid.requests AND owing.resend_from IS NOT NULL",
            self.cluster_id,
            self.prefix,
            &types,
            &numbers,
            &requests,
            &from as &[Option<i64>],
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Parks a partition from the refused event on. If Kafka refuses the whole type, all its partitions are parked from
    /// the mark on. Returns what the refused event's partition owes, which may begin earlier.
    pub(crate) async fn park(&self, refused: &Refused, pool: &PgPool) -> Result<Owed, sqlx::Error> {
        let parked = sqlx::query!(
            r#"WITH parked AS (
                 INSERT INTO relay_partitions (cluster_id, prefix, aggregate_type, partition, resend_from, error, parked_at)
                 SELECT $1, $2, $3, number, CASE WHEN $7 THEN relay_mark.position + 1 ELSE $5 END, $6, now()
                 FROM relay_mark, log_head, generate_series(0, log_head.partitions - 1) AS number
                 WHERE relay_mark.cluster_id = $1 AND relay_mark.prefix = $2 AND ($7 OR number = $4)
                 ON CONFLICT (cluster_id, prefix, aggregate_type, partition) DO UPDATE
                 SET resend_from = least(relay_partitions.resend_from, excluded.resend_from),
                     error = excluded.error, parked_at = excluded.parked_at
                 RETURNING partition, requests, resend_from
               )
               SELECT requests AS "requests!", resend_from AS "from!" FROM parked WHERE partition = $4"#,
            self.cluster_id,
            self.prefix,
            refused.partition.0,
            refused.partition.1,
            refused.position,
            refused.error,
            refused.is_whole_type,
        );
        let parked = parked.fetch_one(pool).await?;
        Ok(Owed { partition: refused.partition.clone(), from: parked.from, requests: parked.requests, is_parked: true })
    }

    /// Ends the waiting of a partition, whose parked event was sent or no longer exists. It continues from this
    /// position.
    pub(crate) async fn release(
        &self,
        partition: &Partition,
        requests: i32,
        from: i64,
        pool: &PgPool,
    ) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "UPDATE relay_partitions SET resend_from = $5, error = NULL, parked_at = NULL
             WHERE cluster_id = $1 AND prefix = $2 AND aggregate_type = $3 AND partition = $4 AND requests = $6",
            self.cluster_id,
            self.prefix,
            partition.0,
            partition.1,
            from,
            requests,
        )
        .execute(pool)
        .await?;
        Ok(())
    }

    /// Stores that a request was taken over.
    pub(crate) async fn handled(&self, partition: &Partition, requests: i32, pool: &PgPool) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "UPDATE relay_partitions SET handled = $5
             WHERE cluster_id = $1 AND prefix = $2 AND aggregate_type = $3 AND partition = $4 AND handled <> $5",
            self.cluster_id,
            self.prefix,
            partition.0,
            partition.1,
            requests,
        )
        .execute(pool)
        .await?;
        Ok(())
    }

    /// Returns the partitions whose events are, or should be, in Kafka, with their first and newest offsets as far as
    /// known.
    pub(crate) async fn published(&self, pool: &PgPool) -> Result<Vec<Published>, sqlx::Error> {
        sqlx::query_as!(
            Published,
            r#"SELECT name AS "aggregate_type!", number AS "partition!", first_offset, last_offset,
                      known.resend_from IS NOT NULL AS "owes!"
               FROM relay_mark
               CROSS JOIN log_head
               CROSS JOIN unnest($3::text[]) AS name
               CROSS JOIN generate_series(0, log_head.partitions - 1) AS number
               CROSS JOIN LATERAL (
                   SELECT position FROM events WHERE events.aggregate_type = name AND events.partition = number
                   ORDER BY position LIMIT 1
               ) AS oldest
               LEFT JOIN relay_partitions AS known
                   ON known.cluster_id = $1 AND known.prefix = $2 AND known.aggregate_type = name AND known.partition = number
               WHERE relay_mark.cluster_id = $1 AND relay_mark.prefix = $2 AND oldest.position <= relay_mark.position
                 AND (known.last_offset IS NOT NULL OR known.resend_from IS NULL)"#,
            self.cluster_id,
            self.prefix,
            &names(AggregateType::ALL),
        )
        .fetch_all(pool)
        .await
    }

    /// Requests that these partitions are published again from the beginning, because their topics were recreated.
    pub(crate) async fn begin_anew(&self, partitions: &[Partition], pool: &PgPool) -> Result<(), sqlx::Error> {
        let (types, numbers) = columns(partitions.iter());
        sqlx::query!(
            "INSERT INTO relay_partitions (cluster_id, prefix, aggregate_type, partition, resend_from)
             SELECT $1, $2, *, 0 FROM unnest($3::text[], $4::integer[])
             ON CONFLICT (cluster_id, prefix, aggregate_type, partition) DO UPDATE
             SET resend_from = 0, first_offset = NULL, last_offset = NULL, error = NULL, parked_at = NULL,
                 requests = relay_partitions.requests + 1",
            self.cluster_id,
            self.prefix,
            &types,
            &numbers,
        )
        .execute(pool)
        .await?;
        Ok(())
    }
}

/// A partition of which Kafka should have records.
#[derive(Debug)]
pub(crate) struct Published {
    pub aggregate_type: String,
    pub partition: i32,
    pub first_offset: Option<i64>,
    pub last_offset: Option<i64>,
    pub owes: bool,
}

impl Published {
    pub(crate) fn key(&self) -> Partition {
        (self.aggregate_type.clone(), self.partition)
    }

    /// Returns whether Kafka has less than it had: the topic was recreated, or has lost its newest records.
    pub(crate) fn is_gone(&self, found: Offsets) -> bool {
        self.last_offset.map_or(found.high == 0, |last| found.high <= last)
    }

    /// Returns whether Kafka has lost the oldest published records: by age, by size, or because they were deleted.
    pub(crate) fn is_cut(&self, found: Offsets) -> bool {
        !self.owes && found.low > self.first_offset.unwrap_or(0)
    }
}

fn columns<'a>(partitions: impl Iterator<Item = &'a Partition>) -> (Vec<String>, Vec<i32>) {
    partitions.cloned().unzip()
}
