//! A stream is what one Kafka cluster has of the log under one prefix: its mark, and what its partitions owe.
//!
//! Everything up to the mark is acknowledged, but for what a partition owes from its `resend_from` on. So a partition that waits, or is
//! published again, holds up no other one, and a process that takes over knows what is to be sent.

use std::collections::HashMap;

use domain::AggregateType;
use sqlx::{Connection as _, PgConnection, PgPool};
use uuid::Uuid;

use crate::{proof::incarnation, stored::names, stream::kafka::StreamError};

/// An aggregate type, and a partition of its topic.
pub(crate) type Partition = (String, i32);

/// Of a partition: the offset of its oldest record, and that of its next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offsets {
    pub low: i64,
    pub high: i64,
}

/// A stream of a log.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub cluster_id: String,
    pub prefix: String,
    pub log_id: Uuid,
}

/// What a partition owes.
#[derive(Debug)]
pub(crate) struct Owed {
    pub partition: Partition,
    /// The first event that is owed.
    pub from: i64,
    /// Which request it comes from: a later one may want more.
    pub requests: i32,
    /// It waits: its first event cannot be sent.
    pub is_parked: bool,
}

/// What Kafka has acknowledged since the mark was moved last.
#[derive(Debug, Default)]
pub(crate) struct Acknowledged {
    pub mark: i64,
    /// The first and the newest offset of each partition.
    pub offsets: HashMap<Partition, (i64, i64)>,
    /// How far the partitions have come that owe something: the request, and the first event that is still owed, if any.
    pub owed: HashMap<Partition, (i32, Option<i64>)>,
}

/// An event that Kafka does not take.
#[derive(Debug)]
pub(crate) struct Refused {
    pub partition: Partition,
    pub position: i64,
    pub error: String,
    /// Kafka takes none of its type.
    pub is_whole_type: bool,
}

impl Stream {
    /// Makes this stream the one that is relayed, and finds its mark.
    pub(crate) async fn enter(
        connection: &mut PgConnection,
        cluster_id: String,
        prefix: String,
    ) -> Result<(Self, i64), StreamError> {
        let mut tx = connection.begin().await?;
        // A mark from before streams were told apart.
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

    /// Says what is wrong, for health and status.
    pub(crate) async fn report(pool: &PgPool, problems: &[String]) -> Result<(), sqlx::Error> {
        sqlx::query!("UPDATE relay_mark SET problems = $1 WHERE is_current AND problems <> $1", problems)
            .execute(pool)
            .await?;
        Ok(())
    }

    /// What the partitions owe.
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

    /// Moves the mark, and what the partitions owe.
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
        // Of this log only: one that is restored meanwhile begins anew.
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
        // Whoever has asked for more meanwhile gets it.
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

    /// The partition waits from this event on. If Kafka takes none of the type, all its partitions wait, for whatever is beyond the mark.
    /// Returns what this partition owes, which may begin earlier.
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

    /// The event that a partition waited for is sent, or there is none: it goes on from this position.
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

    /// A request has been taken up.
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

    /// The partitions whose events are, or should be, at Kafka: with their first and newest offsets, if they are known.
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

    /// The partitions are published again from the beginning: their topics were made anew.
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

/// A partition of which Kafka should have something.
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

    /// Kafka has less than it had: the topic was made anew, or has lost its newest records.
    pub(crate) fn is_gone(&self, found: Offsets) -> bool {
        self.last_offset.map_or(found.high == 0, |last| found.high <= last)
    }

    /// Kafka has no longer what was published first: by age, by size, or because somebody has deleted it.
    pub(crate) fn is_cut(&self, found: Offsets) -> bool {
        !self.owes && found.low > self.first_offset.unwrap_or(0)
    }
}

fn columns<'a>(partitions: impl Iterator<Item = &'a Partition>) -> (Vec<String>, Vec<i32>) {
    partitions.cloned().unzip()
}
