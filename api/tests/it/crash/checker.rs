//! Holds the log against what the clients were told.

use std::collections::{BTreeMap, HashMap, HashSet};

use commands::event_log::StoredEvent;
use serde_json::Value;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use super::{
    clients::Report,
    record::{Attempt, Outcome, Wish},
};

/// What must not be. The first number is counted as lost, the second as duplicated.
#[derive(Default)]
pub(super) struct Violations {
    pub(super) lost: usize,
    pub(super) duplicated: usize,
    pub(super) lines: Vec<String>,
}

impl Violations {
    pub(super) fn add(&mut self, line: String) {
        self.lines.push(line);
    }

    fn lose(&mut self, line: &str) {
        self.lost += 1;
        self.add(format!("LOST: {line}"));
    }

    fn duplicate(&mut self, line: &str) {
        self.duplicated += 1;
        self.add(format!("DUPLICATED: {line}"));
    }
}

/// An event with what is asked of it.
pub(super) struct Logged {
    pub(super) event: StoredEvent,
    hash: Vec<u8>,
    trace: String,
    actor: String,
}

impl Logged {
    fn name(&self) -> String {
        format!("{}.{}", self.event.aggregate_type, self.event.event_type)
    }
}

/// The whole log.
pub(super) async fn read_log(pool: &PgPool) -> Vec<Logged> {
    let events: Vec<StoredEvent> = sqlx::query_as(
        "SELECT position, aggregate_type, aggregate_id, sequence, event_type, event_version,
                payload::text AS payload, metadata::text AS metadata, partition, command_id
         FROM events ORDER BY position",
    )
    .fetch_all(pool)
    .await
    .expect("the log can be read");
    let hashes: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT hash FROM events ORDER BY position").fetch_all(pool).await.expect("it can be read");
    let logged = events.into_iter().zip(hashes).map(|(event, hash)| {
        let metadata: Value = serde_json::from_str(&event.metadata).expect("metadata is JSON");
        let text = |name: &str| metadata[name].as_str().unwrap_or_default().to_owned();
        Logged { trace: text("traceparent"), actor: text("actor"), event, hash }
    });
    logged.collect()
}

/// Positions, sequences and the chain.
pub(super) async fn check_log(pool: &PgPool, log: &[Logged], violations: &mut Violations) {
    let mut sequences: HashMap<(&str, &str), i64> = HashMap::new();
    let mut previous = vec![0; 32];
    for (logged, position) in log.iter().zip(1..) {
        let event = &logged.event;
        let sequence = sequences.entry((&event.aggregate_type, &event.aggregate_id)).or_insert(0);
        *sequence += 1;
        if event.position != position {
            violations.add(format!("position {position} is missing, {} follows", event.position));
            return;
        }
        if event.sequence != *sequence {
            violations.add(format!("sequence {} at position {position} should be {sequence}", event.sequence));
        }
        if event.chain_hash(&previous).to_vec() != logged.hash {
            violations.add(format!("the chain breaks at position {position}"));
        }
        previous.clone_from(&logged.hash);
    }
    let head = sqlx::query("SELECT position, hash FROM log_head").fetch_one(pool).await.expect("the log has a head");
    if head.get::<i64, _>(0) != i64::try_from(log.len()).unwrap_or_default() || head.get::<Vec<u8>, _>(1) != previous {
        violations.add("the head is not the end of the log".to_owned());
    }
}

/// What one execution has left.
struct Execution {
    names: Vec<String>,
    first: i64,
    last: i64,
    aggregate: Uuid,
}

type Executions<'a> = HashMap<&'a str, BTreeMap<Uuid, Execution>>;

fn executions(log: &[Logged]) -> Executions<'_> {
    let mut all: Executions<'_> = HashMap::new();
    for logged in log.iter().filter(|logged| !logged.trace.is_empty()) {
        let event = &logged.event;
        let execution = all.entry(&logged.trace).or_default().entry(event.command_id).or_insert_with(|| Execution {
            names: Vec::new(),
            first: event.position,
            last: event.position,
            aggregate: event.aggregate_id.parse().unwrap_or_default(),
        });
        execution.names.push(logged.name());
        execution.last = event.position;
    }
    all
}

/// Every acknowledged command once, every other one wholly or not at all, and nothing that nobody has asked for.
pub(super) fn check_wishes(log: &[Logged], reports: &[Report], violations: &mut Violations) {
    let mut executions = executions(log);
    for Report { wishes, .. } in reports {
        // What a client was told before it asked for the next thing is before it in the log.
        let mut newest = 0;
        for wish in wishes {
            let found = check_wish(wish, &mut executions, violations);
            if let Some((first, last)) = found {
                if first < newest {
                    violations.add(format!("{first} is before {newest}, which was acknowledged earlier: {wish:?}"));
                }
                newest = newest.max(last);
            }
        }
    }
    let unknown = executions.iter().filter(|(trace, _)| trace.starts_with("00-"));
    for (trace, left) in unknown {
        violations.add(format!("nobody has sent {trace}: {:?}", left.values().map(|it| &it.names).collect::<Vec<_>>()));
    }
    for logged in log.iter().filter(|logged| logged.trace.is_empty() && logged.actor.starts_with("user:")) {
        if logged.event.event_type != "SessionStarted" && logged.event.aggregate_type != "project" {
            violations.add(format!("nobody has asked for {} at {}", logged.name(), logged.event.position));
        }
    }
}

/// Checks a wish, and takes its executions away. Says from where to where that is in the log which was acknowledged.
fn check_wish(wish: &Wish, executions: &mut Executions<'_>, violations: &mut Violations) -> Option<(i64, i64)> {
    let mut done: Vec<(Execution, &Attempt)> = Vec::new();
    let mut range: Option<(i64, i64)> = None;
    for attempt in &wish.attempts {
        let left = executions.remove(attempt.trace.as_str()).unwrap_or_default();
        let before = done.len();
        // A request that was given up may be executed much later, when its process wakes up: nobody was told of that. Under a
        // key it is the same execution.
        if !wish.has_key {
            range = None;
        }
        for execution in left.into_values() {
            let (first, last) = range.unwrap_or((execution.first, execution.last));
            range = Some((first.min(execution.first), last.max(execution.last)));
            if wish.kind.effects().iter().any(|names| execution.names == *names) {
                done.push((execution, attempt));
            } else if !wish.kind.consequences().iter().any(|names| execution.names == *names) {
                violations.add(format!("{:?} is not a whole execution of {wish:?}", execution.names));
            }
        }
        let made = done.len() - before;
        if made > 1 {
            violations.duplicate(&format!("one request was executed {made} times: {wish:?}"));
        }
        match attempt.outcome {
            Outcome::Acknowledged if made == 0 && before == 0 => violations.lose(&format!("{wish:?}")),
            Outcome::Acknowledged if made == 0 && !wish.has_key && !wish.kind.may_be_silent() => {
                violations.lose(&format!("the request that was acknowledged: {wish:?}"));
            }
            Outcome::Refused(status) if made > 0 && !wish.kind.is_question() => {
                violations.add(format!("refused with {status}, but executed: {wish:?}"));
            }
            _ => {}
        }
    }
    if wish.kind.is_creation() && done.len() > 1 {
        violations.duplicate(&format!("{} executions of {wish:?}", done.len()));
    }
    let is_made = |kind: &str| done.first().is_some_and(|(execution, _)| execution.names[0].starts_with(kind));
    if let (Some(made), true) =
        (wish.made, wish.kind.is_creation() && !wish.kind.is_question() && !is_made("chat.Feedback"))
        && done.first().is_some_and(|(execution, _)| execution.aggregate != made)
    {
        violations.add(format!("the answer names {made}, but another one was made: {wish:?}"));
    }
    range.filter(|_| wish.is_acknowledged())
}

/// Each question has one outcome, and so has each document's version; what was deleted may have none.
pub(super) fn check_outcomes(log: &[Logged], violations: &mut Violations) -> (usize, usize) {
    let mut deleted: HashSet<&str> = HashSet::new();
    let mut open: HashMap<(String, String), (&str, usize)> = HashMap::new();
    for logged in log {
        let (name, event) = (logged.name(), &logged.event);
        let payload = || serde_json::from_str::<Value>(&event.payload).expect("payloads are JSON");
        let answer = || ("answer".to_owned(), payload()["answer_id"].as_str().unwrap_or_default().to_owned());
        let document = || ("embedding".to_owned(), event.aggregate_id.clone());
        match name.as_str() {
            "chat.Deleted" | "document.Deleted" => drop(deleted.insert(&event.aggregate_id)),
            "chat.QuestionAsked" => drop(open.insert(answer(), (&event.aggregate_id, 0))),
            "document.Added" => drop(open.insert(document(), (&event.aggregate_id, 0))),
            "chat.AnswerCompleted" | "chat.AnswerFailed" | "document.Embedded" | "document.EmbeddingFailed" => {
                let job = if event.aggregate_type == "chat" { answer() } else { document() };
                match open.get_mut(&job) {
                    Some((_, outcomes)) => *outcomes += 1,
                    None => violations.add(format!("an outcome of nothing: {name} at {}", event.position)),
                }
            }
            _ => {}
        }
    }
    let mut counts = (0, 0);
    for ((kind, id), (aggregate, outcomes)) in open {
        *(if kind == "answer" { &mut counts.0 } else { &mut counts.1 }) += 1;
        match outcomes {
            1 => {}
            0 if deleted.contains(aggregate) => {}
            0 => violations.lose(&format!("no outcome: {kind} {id} of {aggregate}")),
            _ => violations.duplicate(&format!("{outcomes} outcomes: {kind} {id} of {aggregate}")),
        }
    }
    counts
}

/// Each consumer has applied each event once: as many as there are, none parked.
pub(super) async fn check_consumers(pool: &PgPool, violations: &mut Violations) {
    let rows = sqlx::query(
        "SELECT consumer, checkpoints.aggregate_type, checkpoints.partition, applied, parked, dropped,
                (SELECT count(*) FROM events WHERE events.aggregate_type = checkpoints.aggregate_type
                                               AND events.partition = checkpoints.partition) AS events
         FROM checkpoints",
    )
    .fetch_all(pool)
    .await
    .expect("checkpoints can be read");
    for row in rows {
        let number = |column: &str| row.get::<i64, _>(column);
        let (applied, events) = (number("applied"), number("events"));
        if applied != events || number("parked") + number("dropped") != 0 {
            let (consumer, aggregate): (String, String) = (row.get("consumer"), row.get("aggregate_type"));
            let partition: i32 = row.get("partition");
            violations.add(format!("{consumer} has applied {applied} of {events} events of {aggregate} {partition}"));
        }
    }
}

/// What was renamed or deleted last, and acknowledged, is shown so.
pub(super) async fn check_chats(pool: &PgPool, reports: &[Report], violations: &mut Violations) {
    let rows = sqlx::query("SELECT id::text, title, is_deleted FROM views.chats").fetch_all(pool).await;
    let shown: HashMap<String, (String, bool)> =
        rows.expect("the view can be read").iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect();
    for chat in reports.iter().flat_map(|report| &report.chats) {
        match shown.get(&chat.id) {
            None => violations.lose(&format!("the view has no chat {}", chat.id)),
            Some((_, is_deleted)) if *is_deleted != chat.is_deleted => {
                violations.lose(&format!("chat {} is shown as deleted: {is_deleted}", chat.id));
            }
            Some((title, _)) if !chat.may_change && chat.title.as_ref().is_some_and(|wanted| wanted != title) => {
                violations.lose(&format!("chat {} is shown with the title {title}: {chat:?}", chat.id));
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
#[path = "checker_tests.rs"]
mod tests;
