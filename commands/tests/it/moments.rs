//! Moments of the log: what is one, and who may look.

use chrono::{DateTime, TimeDelta, Utc};
use commands::{
    clock::{Clock as _, SystemClock},
    event_log::{AsOfError, Codec, KeyRing, MasterKey, Moment, MomentError, PastStates},
};
use domain::AggregateType;
use serde_json::json;
use sqlx::{
    Executor as _,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use uuid::Uuid;

use crate::{
    as_of::{NOW, at, document, end, project, set_prompt, states},
    support::{MASTER_KEY, Node, new_id},
};

async fn refused(node: &Node, of: (AggregateType, Uuid), moment: &str) -> AsOfError {
    let moment = moment.parse().expect("well-formed");
    states(node).at(of, moment, false).await.expect_err("there is no such moment")
}

/// Clocks of machines differ, so that the times in the log do not only grow.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_time_means_the_last_event_that_was_recorded_by_then(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    node.clock.advance(TimeDelta::minutes(-30));
    let project = project(&node).await;
    let mut positions = vec![end(&node).await];
    for (seconds, prompt) in [(40, "in 40 s"), (-30, "in 10 s"), (600, "much later")] {
        node.clock.advance(TimeDelta::seconds(seconds));
        set_prompt(&node, project, prompt).await;
        positions.push(end(&node).await);
    }
    let of = (AggregateType::Project, project);
    let mut times = Vec::new();
    for position in &positions {
        let as_of = at(&node, of, Moment::Position { log_id: None, position: *position }).await;
        times.push(as_of.at.recorded_at.expect("an event is there").parse::<DateTime<Utc>>().expect("a time"));
    }
    let found = async |time: DateTime<Utc>| at(&node, of, Moment::Time(time)).await.at.position;
    assert_eq!(found(times[0]).await, positions[0], "at the time itself it is recorded");
    assert_eq!(found(times[0] + TimeDelta::seconds(5)).await, positions[0]);
    assert_eq!(found(times[2]).await, positions[2], "the one before it was recorded by a clock that is ahead");
    assert_eq!(found(times[1] + TimeDelta::seconds(1)).await, positions[2]);
    assert_eq!(found(times[3] - TimeDelta::microseconds(1)).await, positions[2]);
    assert_eq!(found(SystemClock.now() - TimeDelta::seconds(1)).await, positions[3]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_no_moment_of_this_log_is_refused_with_its_reason(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let of = (AggregateType::Project, new_id());
    let none = refused(&node, of, "2026-12-01T08:30:00Z").await;
    assert!(matches!(none, AsOfError::Moment(MomentError::NoEvents)), "{none}");
    let of = (AggregateType::Project, project(&node).await);
    let end = end(&node).await;
    let beyond = refused(&node, of, &(end + 1).to_string()).await;
    assert!(matches!(beyond, AsOfError::Moment(MomentError::BeyondEnd { .. })), "{beyond}");
    assert_eq!(beyond.to_string(), format!("the log ends at position {end}, before position {}", end + 1));
    for position in ["0", "-1"] {
        let none = refused(&node, of, position).await;
        assert!(matches!(none, AsOfError::Moment(MomentError::NoPosition(_))), "{none}");
    }
    let before = refused(&node, of, "2020-01-01T00:00:00Z").await;
    assert!(matches!(before, AsOfError::Moment(MomentError::BeforeBegin { .. })), "{before}");
    assert!(before.to_string().ends_with("after 2020-01-01T00:00:00.000000Z"), "{before}");
    let not_yet = refused(&node, of, "2999-01-01T00:00:00Z").await;
    assert!(matches!(not_yet, AsOfError::Moment(MomentError::NotYet { .. })), "{not_yet}");
    let log_id: Uuid = sqlx::query_scalar("SELECT log_id FROM log_head").fetch_one(&node.pool).await.expect("a row");
    let other = refused(&node, of, &format!("{}@1", new_id())).await;
    assert!(matches!(other, AsOfError::Moment(MomentError::OtherLog { found, .. }) if found == log_id), "{other}");
    let this = Moment::Position { log_id: Some(log_id), position: end };
    assert_eq!(at(&node, of, this).await.at.log_id, log_id);

    let unknown = states(&node).at((AggregateType::Chat, of.1), NOW, false).await.expect_err("it is a project");
    assert!(matches!(unknown, AsOfError::Unknown(AggregateType::Chat, id) if id == of.1), "{unknown}");
}

/// As on a standby, or for an auditor who was given no other right.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn who_may_only_select_from_the_log_and_the_keys_sees_what_was(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let project = project(&node).await;
    document(&node, project, "Zinc").await;
    let role = format!("reader_{}", new_id().simple());
    let rights = format!("CREATE ROLE {role}; GRANT SELECT ON events, log_head, subject_keys TO {role}");
    node.pool.execute(rights.as_str()).await.expect("a superuser may");
    let as_reader = format!("SET ROLE {role}; SET default_transaction_read_only = on");
    let reading = PgPoolOptions::new().max_connections(1).after_connect(move |connection, _| {
        let as_reader = as_reader.clone();
        Box::pin(async move { connection.execute(as_reader.as_str()).await.map(drop) })
    });
    let pool = reading.connect_with(options.clone()).await.expect("there is room");
    let keys = KeyRing::open_existing(pool.clone(), MasterKey::from_hex(MASTER_KEY).expect("well-formed"));
    let states = PastStates::new(pool.clone(), Codec::new(keys.await.expect("it may read them")));
    let last_second = Moment::Time(SystemClock.now());
    for moment in [NOW, Moment::Position { log_id: None, position: end(&node).await }, last_second] {
        let as_of = states.at((AggregateType::Project, project), moment, true).await.expect("it may read it");
        assert_eq!((&as_of.fields["title"], as_of.documents.map(|it| it.len())), (&json!("Ward"), Some(1)));
    }
    pool.close().await;
    node.pool.execute(format!("DROP OWNED BY {role}; DROP ROLE {role}").as_str()).await.expect("nobody needs it");
}
