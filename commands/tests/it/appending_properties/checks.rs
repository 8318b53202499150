//! Whether a history of appends could have happened in the order of the log.

use std::collections::{HashMap, HashSet};

use commands::event_log::{EventPosition, StoredEvent};
use sqlx::PgPool;
use uuid::Uuid;

use super::model::{Model, Refusal, Request};
use crate::support::{assert_log_is_sound, stored_events};

/// An append that was tried.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) request: Request,
    /// By one clock for all: when it was asked for and when it was answered.
    pub(super) invoked: u64,
    pub(super) answered: u64,
    /// The newest position of the log after the answer.
    pub(super) end: i64,
    pub(super) answer: Answer,
}

#[derive(Debug)]
pub(super) enum Answer {
    Accepted {
        command_id: Uuid,
        positions: Option<Vec<EventPosition>>,
    },
    /// Answered with what an earlier one has made.
    Repeated {
        resource: Uuid,
        positions: Vec<EventPosition>,
    },
    Refused(Refusal),
}

impl Entry {
    const fn command_id(&self) -> Option<Uuid> {
        if let Answer::Accepted { command_id, .. } = self.answer { Some(command_id) } else { None }
    }

    fn refusal(&self) -> Option<Refusal> {
        match &self.answer {
            Answer::Accepted { .. } => None,
            Answer::Repeated { resource, .. } => Some(Refusal::Repeats(*resource)),
            Answer::Refused(refusal) => Some(refusal.clone()),
        }
    }
}

type Written = HashMap<Uuid, Vec<StoredEvent>>;

pub(super) async fn check(pool: &PgPool, case: Uuid, entries: Vec<Entry>) {
    assert_log_is_sound(pool).await;
    let mut written = Written::new();
    for event in stored_events(pool).await {
        written.entry(event.command_id).or_default().push(event);
    }
    assert_nothing_else_was_written(&entries, &written);
    let (mut accepted, refused): (Vec<Entry>, Vec<Entry>) =
        entries.into_iter().partition(|entry| entry.command_id().is_some());
    for entry in &mut accepted {
        assert_written_as_answered(entry, &written);
    }
    accepted.sort_by_key(|entry| place(entry, &written));
    let models = replay(&accepted);
    for entry in &refused {
        assert_refused_with_reason(entry, &accepted, &models);
        assert_repeats_the_first(entry, &accepted, &written);
    }
    assert_tables_are_as_in(models.last().expect("one before all"), pool, case).await;
}

fn events_of<'a>(entry: &Entry, written: &'a Written) -> &'a [StoredEvent] {
    entry.command_id().and_then(|id| written.get(&id)).map_or(&[], Vec::as_slice)
}

/// Its place in the order of all: what has no event was tried alone, after the end of the log as it was then.
fn place(entry: &Entry, written: &Written) -> (i64, u64) {
    events_of(entry, written).first().map_or((entry.end, entry.answered), |event| (event.position, 0))
}

/// The events of an accepted append are there, side by side and in their order, on top of what the decision had seen.
fn assert_written_as_answered(entry: &mut Entry, written: &Written) {
    let events = events_of(entry, written);
    let mut left = events;
    for stream in &mut entry.request.streams {
        let (its, others) = left.split_at(usize::try_from(stream.events).expect("few"));
        assert!(its.iter().all(|event| event.aggregate_id == stream.id.to_string()), "{stream:?}: {its:?}");
        let base = its[0].sequence - 1;
        assert!(stream.expected.contains(&base), "{stream:?} was appended on {base}");
        stream.expected = base..=base;
        left = others;
    }
    assert!(left.is_empty(), "{left:?}");
    let positions = || events.iter().map(|event| event.position);
    assert!(positions().zip(positions().skip(1)).all(|(one, next)| one + 1 == next), "{events:?}");
    if let Answer::Accepted { positions: Some(told), .. } = &entry.answer {
        let told: Vec<_> =
            told.iter().map(|told| (told.aggregate_type.name(), told.partition, told.position)).collect();
        let stored: Vec<_> =
            events.iter().map(|event| (event.aggregate_type.as_str(), event.partition, event.position)).collect();
        assert_eq!(told, stored);
    }
}

/// Lets the model accept what was accepted, in the order of the log. Gives the model before and after each of them.
fn replay(accepted: &[Entry]) -> Vec<Model> {
    let mut models = vec![Model::default()];
    for (index, entry) in accepted.iter().enumerate() {
        let mut model = models[index].clone();
        assert_eq!(model.refusals(&entry.request), [], "the model refuses what was accepted: {entry:?}");
        model.apply(&entry.request);
        models.push(model);
        // What was answered before another was asked for comes before it.
        for later in &accepted[index + 1..] {
            assert!(entry.invoked < later.answered, "{entry:?}\nis in the log before\n{later:?}");
        }
    }
    models
}

/// At some moment between its question and its answer, the model refuses it in the same way.
fn assert_refused_with_reason(entry: &Entry, accepted: &[Entry], models: &[Model]) {
    let refusal = entry.refusal().expect("it was refused");
    let from = accepted.iter().rposition(|other| other.answered < entry.invoked).map_or(0, |index| index + 1);
    let to = accepted.iter().position(|other| other.invoked > entry.answered).unwrap_or(accepted.len());
    let is_explained = models[from..=to].iter().any(|model| model.may_refuse(&entry.request, &refusal));
    assert!(is_explained, "nothing explains {entry:?}\nin {:?}", &models[from..=to]);
}

/// What was not accepted has left no event.
fn assert_nothing_else_was_written(entries: &[Entry], written: &Written) {
    let wanted: HashSet<String> =
        entries.iter().flat_map(|entry| &entry.request.streams).map(|stream| stream.id.to_string()).collect();
    let accepted: HashSet<Uuid> = entries.iter().filter_map(Entry::command_id).collect();
    let strays = written.values().flatten().filter(|event| wanted.contains(&event.aggregate_id));
    let strays: Vec<_> = strays.filter(|event| !accepted.contains(&event.command_id)).collect();
    assert!(strays.is_empty(), "{strays:?}");
}

/// Who repeats a request may wait for what the first one has written.
fn assert_repeats_the_first(entry: &Entry, accepted: &[Entry], written: &Written) {
    let Answer::Repeated { resource, positions } = &entry.answer else { return };
    let is_first = |other: &&Entry| other.request.repeatable.as_ref().is_some_and(|it| it.resource == *resource);
    let first = accepted.iter().find(is_first).expect("the model has seen it");
    let made = &events_of(first, written)[0];
    assert!(
        positions.iter().any(|told| told.position == made.position && told.partition == made.partition),
        "{entry:?}"
    );
}

async fn assert_tables_are_as_in(model: &Model, pool: &PgPool, case: Uuid) {
    let mut expected: Vec<(String, Vec<u8>, Uuid)> = model
        .holders
        .iter()
        .map(|((set, value), owner)| (<&str>::from(set).to_owned(), value.clone(), *owner))
        .collect();
    expected.sort_unstable();
    let owners: Vec<Uuid> = expected.iter().map(|(_, _, owner)| *owner).collect();
    let reservations: Vec<(String, Vec<u8>, Uuid)> = sqlx::query_as(
        "SELECT kind, value, owner FROM reservations WHERE owner = ANY($1) OR position($2 IN value) = 1
         ORDER BY kind COLLATE \"C\", value, owner",
    )
    .bind(owners)
    .bind(case.as_bytes().as_slice())
    .fetch_all(pool)
    .await
    .expect("reservations can be read");
    assert_eq!(reservations, expected);

    let mut expected: Vec<(String, Uuid)> =
        model.outcomes.iter().map(|(key, (_, resource))| (key.clone(), *resource)).collect();
    expected.sort_unstable();
    let remembered: Vec<(String, Uuid)> = sqlx::query_as(
        "SELECT key, resource_id FROM idempotency_keys WHERE starts_with(key, $1) ORDER BY key COLLATE \"C\"",
    )
    .bind(case.to_string())
    .fetch_all(pool)
    .await
    .expect("idempotency keys can be read");
    assert_eq!(remembered, expected);
}
