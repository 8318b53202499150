//! The preconditions of a batch of appends: the relevant state of the database, and the check of each append against
//! it.

use std::collections::{HashMap, HashSet};

use domain::{AggregateType, ids::SubjectId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    append::{
        idempotency::find_idempotent,
        request::{Append, AppendError},
        rows::{Reservation, Row},
    },
    stored::{Committed, EventPosition},
};

/// The end of the log.
pub(crate) struct End {
    pub position: i64,
    pub hash: Vec<u8>,
    pub partitions: i32,
}

/// The state of the database that a batch relies on. It is updated as appends of the batch are accepted.
#[derive(Default)]
pub(crate) struct Preconditions {
    /// The sequence of the last event of each stream, by aggregate type and id.
    sequences: HashMap<(String, String), i64>,
    /// The owner of each claimed value, by set and value.
    owners: HashMap<(&'static str, Vec<u8>), Uuid>,
    /// The existing users among those that appends make owners of something.
    users: HashSet<Uuid>,
    /// The users that own something among those that must own nothing.
    owning: HashSet<Uuid>,
    /// All superusers whose accounts are open. Loaded only if an append requires that another superuser remains.
    superusers: HashSet<Uuid>,
    /// The subjects whose keys are destroyed among those that must not be erased.
    erased: HashSet<SubjectId>,
    /// The fingerprint and resource id of each known idempotency key, by holder and key.
    idempotent: HashMap<(String, String), (Vec<u8>, Uuid)>,
    /// The partition and position of each event that an earlier try has written, by command id.
    happened: HashMap<Uuid, Vec<(i32, i64)>>,
}

impl Preconditions {
    /// Loads the preconditions of a batch. The caller must hold the lock on the log's head. `may_have_happened` says
    /// that a transaction with these appends was sent before and its outcome is unknown.
    pub(crate) async fn load(
        tx: &mut PgConnection,
        batch: &[Append],
        may_have_happened: bool,
    ) -> Result<(End, Self), sqlx::Error> {
        let mut preconditions = Self::default();
        let (types, ids): (Vec<String>, Vec<String>) = batch
            .iter()
            .flat_map(|append| &append.streams)
            .map(|stream| (stream.aggregate_type.to_string(), stream.aggregate_id.to_string()))
            .unzip();
        let rows = || batch.iter().flat_map(|append| &append.rows);
        let row = sqlx::query!(
            r#"SELECT position, hash, partitions,
                      ARRAY(SELECT coalesce((SELECT max(sequence) FROM events
                                             WHERE events.aggregate_type = wanted.aggregate_type
                                               AND events.aggregate_id = wanted.aggregate_id), 0)
                            FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (aggregate_type, aggregate_id, place)
                            ORDER BY place) AS "sequences!",
                      ARRAY(SELECT wanted.owner FROM unnest($4::uuid[]) AS wanted (owner)
                            WHERE EXISTS (SELECT FROM reservations WHERE owner = wanted.owner AND kind = $3)) AS "users!",
                      ARRAY(SELECT wanted.owner FROM unnest($6::uuid[]) AS wanted (owner)
                            WHERE EXISTS (SELECT FROM reservations WHERE owner = wanted.owner AND kind = $5)) AS "owning!"
               FROM log_head"#,
            &types,
            &ids,
            <&str>::from(Reservation::Username),
            &distinct(rows().filter_map(new_owner)),
            <&str>::from(Reservation::Possession),
            &distinct(rows().filter_map(no_owner)),
        )
        .fetch_one(&mut *tx)
        .await?;
        preconditions.sequences = types.into_iter().zip(ids).zip(row.sequences).collect();
        preconditions.users = row.users.into_iter().collect();
        preconditions.owning = row.owning.into_iter().collect();
        let end = End { position: row.position, hash: row.hash, partitions: row.partitions };
        preconditions.load_owners(tx, batch).await?;
        if rows().any(|row| leaving_superuser(row).is_some()) {
            let kind = <&str>::from(Reservation::Superuser);
            let owners = sqlx::query_scalar!("SELECT owner FROM reservations WHERE kind = $1", kind);
            preconditions.superusers = owners.fetch_all(&mut *tx).await?.into_iter().collect();
        }
        let living = distinct(batch.iter().flat_map(|append| &append.living).map(|subject| subject.value()));
        if !living.is_empty() {
            let erased = sqlx::query_scalar!(
                "SELECT subject_id FROM subject_keys WHERE subject_id = ANY($1) AND wrapped_key IS NULL",
                &living,
            );
            preconditions.erased = erased.fetch_all(&mut *tx).await?.into_iter().map(SubjectId::new).collect();
        }
        for idempotency in batch.iter().filter_map(|append| append.idempotency.as_ref()) {
            if let Some((fingerprint, resource)) =
                find_idempotent(&mut *tx, &idempotency.actor, &idempotency.key).await?
            {
                let key = (idempotency.actor.clone(), idempotency.key.clone());
                preconditions.idempotent.insert(key, (fingerprint, resource));
            }
        }
        if may_have_happened {
            let commands: Vec<Uuid> = batch.iter().map(|append| append.command_id.value()).collect();
            let rows = sqlx::query!(
                "SELECT command_id, partition, position FROM events WHERE command_id = ANY($1) ORDER BY position",
                &commands,
            )
            .fetch_all(&mut *tx)
            .await?;
            for row in rows {
                preconditions.happened.entry(row.command_id).or_default().push((row.partition, row.position));
            }
        }
        Ok((end, preconditions))
    }

    /// Returns each stream of a batch once, with the sequence that its first append in the batch expects.
    pub(crate) fn streams_of(batch: &[Append]) -> Vec<(AggregateType, String, i64)> {
        let mut seen = HashSet::new();
        let streams = batch.iter().flat_map(|append| &append.streams);
        streams
            .filter(|stream| seen.insert((stream.aggregate_type, stream.aggregate_id)))
            .map(|stream| (stream.aggregate_type, stream.aggregate_id.to_string(), stream.expected_sequence))
            .collect()
    }

    /// Returns preconditions in which the streams end at these sequences and nothing else exists.
    pub(crate) fn assuming(streams: &[(AggregateType, String, i64)]) -> Self {
        let sequences = streams.iter().map(|(name, id, end)| ((name.to_string(), id.clone()), *end)).collect();
        Self { sequences, ..Self::default() }
    }

    /// Treats these users as existing.
    pub(crate) fn assume_users(&mut self, users: &HashSet<Uuid>) {
        self.users.extend(users);
    }

    async fn load_owners(&mut self, tx: &mut PgConnection, batch: &[Append]) -> Result<(), sqlx::Error> {
        let claims: Vec<(&'static str, &[u8])> =
            batch.iter().flat_map(|append| &append.rows).filter_map(claimed).collect();
        if claims.is_empty() {
            return Ok(());
        }
        let (sets, values): (Vec<String>, Vec<Vec<u8>>) =
            claims.iter().map(|(set, value)| ((*set).to_owned(), value.to_vec())).unzip();
        let rows = sqlx::query!(
            r#"SELECT claimed.place AS "place!", reservations.owner
               FROM unnest($1::text[], $2::bytea[]) WITH ORDINALITY AS claimed (kind, value, place)
               JOIN reservations USING (kind, value)"#,
            &sets,
            &values,
        )
        .fetch_all(tx)
        .await?;
        for row in rows {
            let place = usize::try_from(row.place - 1).unwrap_or_default();
            if let Some((set, value)) = claims.get(place) {
                self.owners.insert((set, value.to_vec()), row.owner);
            }
        }
        Ok(())
    }

    /// Returns the result of an append that an earlier try has already written, as that try would have returned it.
    pub(crate) fn outcome_of(&self, append: &Append) -> Option<Committed> {
        let written = self.happened.get(&append.command_id.value())?;
        let types =
            append.streams.iter().flat_map(|stream| std::iter::repeat_n(stream.aggregate_type, stream.events.len()));
        let positions = types
            .zip(written)
            .map(|(aggregate_type, &(partition, position))| EventPosition { aggregate_type, partition, position })
            .collect();
        Some(Committed { command_id: append.command_id, repeats: None, positions })
    }

    /// Checks the append, and records its changes if it is accepted.
    ///
    /// # Errors
    /// [`AppendError`] for the first precondition that does not hold.
    pub(crate) fn accept(&mut self, append: &Append) -> Result<(), AppendError> {
        if let Some(wanted) = &append.idempotency {
            let key = (wanted.actor.clone(), wanted.key.clone());
            if let Some((fingerprint, resource_id)) = self.idempotent.get(&key) {
                return Err(if *fingerprint == wanted.fingerprint {
                    AppendError::Repeated { resource_id: *resource_id }
                } else {
                    AppendError::KeyReused
                });
            }
        }
        for stream in &append.streams {
            let key = (stream.aggregate_type.to_string(), stream.aggregate_id.to_string());
            if self.sequences.get(&key).copied().unwrap_or(0) != stream.expected_sequence {
                return Err(AppendError::VersionConflict);
            }
        }
        if append.living.iter().any(|subject| self.erased.contains(subject)) {
            return Err(AppendError::SubjectErased);
        }
        if append.rows.iter().filter_map(new_owner).any(|user| !self.users.contains(&user)) {
            return Err(AppendError::NoSuchOwner);
        }
        if append.rows.iter().filter_map(no_owner).any(|user| self.owning.contains(&user)) {
            return Err(AppendError::StillOwns);
        }
        let is_last = |user| self.superusers.len() == 1 && self.superusers.contains(&user);
        if append.rows.iter().filter_map(leaving_superuser).any(is_last) {
            return Err(AppendError::LastSuperuser);
        }
        let released: HashSet<(&str, Uuid)> = append.rows.iter().filter_map(released).collect();
        let values: HashSet<(&str, &[u8])> = append.rows.iter().filter_map(released_value).collect();
        let mut taken = Vec::new();
        for row in &append.rows {
            if let Row::Claim { set, value, owner } = row {
                let name = <&'static str>::from(set);
                let holder = self.owners.get(&(name, value.clone()));
                let is_released =
                    |holder| released.contains(&(name, holder)) || values.contains(&(name, value.as_slice()));
                if holder.is_some_and(|holder| holder != owner && !is_released(*holder)) {
                    taken.push(*set);
                }
            }
        }
        if !taken.is_empty() {
            return Err(AppendError::Taken(taken));
        }
        self.note(append);
        Ok(())
    }

    fn note(&mut self, append: &Append) {
        for stream in append.streams.iter().filter(|stream| !stream.events.is_empty()) {
            let key = (stream.aggregate_type.to_string(), stream.aggregate_id.to_string());
            let added = i64::try_from(stream.events.len()).unwrap_or(i64::MAX);
            self.sequences.insert(key, stream.expected_sequence + added);
        }
        let released: HashSet<(&str, Uuid)> = append.rows.iter().filter_map(released).collect();
        let values: HashSet<(&str, &[u8])> = append.rows.iter().filter_map(released_value).collect();
        self.owners.retain(|(set, value), holder| {
            !released.contains(&(set, *holder)) && !values.contains(&(*set, value.as_slice()))
        });
        let names = <&str>::from(Reservation::Username);
        self.users.retain(|user| !released.contains(&(names, *user)));
        let superusers = <&str>::from(Reservation::Superuser);
        self.superusers.retain(|user| !released.contains(&(superusers, *user)));
        self.owning.extend(append.rows.iter().filter_map(new_owner));
        self.erased.extend(append.rows.iter().filter_map(destroyed));
        for row in &append.rows {
            if let Row::Claim { set, value, owner } = row {
                self.owners.insert((set.into(), value.clone()), *owner);
                match set {
                    Reservation::Username => {
                        self.users.insert(*owner);
                    }
                    Reservation::Superuser => {
                        self.superusers.insert(*owner);
                    }
                    _ => {}
                }
            }
        }
        if let Some(idempotency) = &append.idempotency {
            self.idempotent.insert(
                (idempotency.actor.clone(), idempotency.key.clone()),
                (idempotency.fingerprint.clone(), idempotency.resource_id),
            );
        }
    }
}

fn claimed(row: &Row) -> Option<(&'static str, &[u8])> {
    if let Row::Claim { set, value, .. } = row { Some((set.into(), value)) } else { None }
}

fn released(row: &Row) -> Option<(&'static str, Uuid)> {
    if let Row::Release { set, owner } = row { Some((set.into(), *owner)) } else { None }
}

fn released_value(row: &Row) -> Option<(&'static str, &[u8])> {
    if let Row::ReleaseValue { set, value } = row { Some((set.into(), value)) } else { None }
}

fn new_owner(row: &Row) -> Option<Uuid> {
    if let Row::Own { user, .. } = row { Some(user.value()) } else { None }
}

fn no_owner(row: &Row) -> Option<Uuid> {
    if let Row::OwnsNothing(user) = row { Some(user.value()) } else { None }
}

fn leaving_superuser(row: &Row) -> Option<Uuid> {
    if let Row::AnotherSuperuser(user) = row { Some(user.value()) } else { None }
}

fn destroyed(row: &Row) -> Option<SubjectId> {
    if let Row::DestroyKey(subject) = row { Some(*subject) } else { None }
}

fn distinct(ids: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
    ids.collect::<HashSet<_>>().into_iter().collect()
}
