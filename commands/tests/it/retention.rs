//! Retention, as the log shows it: what is due, and who was erased too early or kept too long.

use chrono::{DateTime, TimeDelta, Utc};
use commands::{
    accounts::Accounts,
    erasure::{Erasure, ErasureError, Ledger},
    event_log::Row,
    retention::{Due, RetentionClass, RetentionRules, Wrong, prove_retention, retention_status},
};
use domain::{
    chat::{Chat, ChatCommand},
    erasure::{ErasureReason, HoldReason},
    ids::{ProjectId, UserId},
};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tempfile::TempDir;
use uuid::Uuid;

use crate::support::{Node, acting, new_id, registered, system, title};

const CLASS: RetentionClass = RetentionClass::Content;

fn rules(text: &str) -> RetentionRules {
    RetentionRules(vec![(CLASS, text.parse().expect("well-formed"))])
}

#[expect(clippy::disallowed_methods, reason = "events have the time at which they are recorded")]
fn in_days(days: i64) -> DateTime<Utc> {
    Utc::now() + TimeDelta::days(days)
}

async fn person_with_chat(node: &Node, name: &str) -> (UserId, Uuid) {
    let owner = registered(&Accounts::new(&node.resources), name).await;
    let chat = new_id();
    let start = ChatCommand::Start { project_id: ProjectId::new(new_id()), owner, title: title("Seeds") };
    let rows = vec![Row::Own { user: owner, thing: chat }];
    node.commands.execute_with::<Chat>(chat, start, rows, &acting(owner.value())).await.expect("a new chat");
    (owner, chat)
}

fn erasure(node: &Node, folder: &TempDir) -> Erasure {
    Erasure::new(&node.resources, Ledger::new(folder.path().join("erasures.log")))
}

async fn due(node: &Node, rule: &str, days: i64) -> Vec<(Uuid, Due)> {
    let status = retention_status(&node.pool, &rules(rule), in_days(days)).await.expect("readable");
    status[0].kept.iter().map(|kept| (kept.id, kept.due)).collect()
}

async fn wrong(node: &Node, rule: &str, days: i64) -> Vec<(Uuid, Wrong)> {
    let proof = prove_retention(&node.pool, &rules(rule), in_days(days)).await.expect("readable");
    proof.offenders.into_iter().map(|offender| (offender.id, offender.wrong)).collect()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_chat_is_due_overdue_or_held_by_its_last_event(_: PgPoolOptions, options: PgConnectOptions) {
    let (node, folder) = (Node::start(&options).await, TempDir::new().expect("made"));
    let (asha, held) = person_with_chat(&node, "asha").await;
    let (_, chat) = person_with_chat(&node, "ravi").await;
    let rule = "not_before=10d,not_after=100d";
    assert_eq!(due(&node, rule, 9).await, [(held, Due::NotYet), (chat, Due::NotYet)]);
    assert_eq!(due(&node, rule, 11).await, [(held, Due::Due), (chat, Due::Due)]);
    let hold = erasure(&node, &folder).place_hold(asha.into(), HoldReason::Litigation, None, &system()).await;
    assert_eq!(due(&node, rule, 101).await, [(held, Due::Held), (chat, Due::Overdue)]);
    assert!(
        matches!(wrong(&node, rule, 101).await.as_slice(), [(id, Wrong::TooLate { erased_at: None, .. })] if *id == chat)
    );
    erasure(&node, &folder).lift_hold(asha.into(), hold.expect("placed"), &system()).await.expect("lifted");
    assert_eq!(due(&node, rule, 101).await, [(held, Due::Overdue), (chat, Due::Overdue)]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_person_who_was_erased_too_early_is_named_by_the_chats(_: PgPoolOptions, options: PgConnectOptions) {
    let (node, folder) = (Node::start(&options).await, TempDir::new().expect("made"));
    let (asha, chat) = person_with_chat(&node, "asha").await;
    erasure(&node, &folder).erase_person(asha, &system()).await.expect("erased");
    // What the system writes later has no text, and makes the chat no younger.
    node.retitle(chat, "Later").await;
    let early = wrong(&node, "not_before=1d", 0).await;
    assert!(matches!(early.as_slice(), [(id, Wrong::TooEarly { .. })] if *id == chat), "{early:?}");
    assert_eq!(wrong(&node, "not_before=0d,not_after=100d", 500).await, [], "it was erased in time");
    assert_eq!(due(&node, "not_after=100d", 500).await, []);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_class_can_be_read_from_a_log(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    person_with_chat(&node, "asha").await;
    let classes =
        [RetentionClass::AuditTrail, RetentionClass::Content, RetentionClass::Recordings, RetentionClass::Embeddings];
    let rules = RetentionRules(classes.map(|class| (class, "not_after=1d".parse().expect("well-formed"))).to_vec());
    let proof = prove_retention(&node.pool, &rules, in_days(2)).await.expect("readable");
    let counts: Vec<usize> = proof.looked_at.iter().map(|(_, count)| *count).collect();
    assert_eq!((counts, proof.offenders.len()), (vec![0, 1, 0, 0], 1));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn nobody_is_erased_before_retention_allows_it_and_the_request_goes_on_waiting(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let (node, folder) = (Node::start(&options).await, TempDir::new().expect("made"));
    let (asha, _) = person_with_chat(&node, "asha").await;
    let keeping = |rule: &str| erasure(&node, &folder).keeping(rules(rule));
    let early = keeping("not_before=1d");
    let asked = (ErasureReason::SubjectRequest, None);
    let request = early.request(asha.into(), asked, None, &system()).await.expect("it can be asked for");
    let refused =
        [early.approve(asha.into(), request, None, &system()).await, early.erase_person(asha, &system()).await];
    for refused in refused {
        assert!(matches!(&refused, Err(ErasureError::Kept(kept)) if kept.class == CLASS), "{refused:?}");
    }
    keeping("not_before=0d").approve(asha.into(), request, None, &system()).await.expect("it is old enough");
    early.erase_person(asha, &system()).await.expect("whoever was erased is erased again, and nothing changes");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_not_of_the_person_does_not_have_an_erasure_wait(_: PgPoolOptions, options: PgConnectOptions) {
    let (node, folder) = (Node::start(&options).await, TempDir::new().expect("made"));
    person_with_chat(&node, "asha").await;
    let ravi = registered(&Accounts::new(&node.resources), "ravi").await;
    let all =
        [RetentionClass::AuditTrail, RetentionClass::Content, RetentionClass::Recordings, RetentionClass::Embeddings];
    let rules = RetentionRules(all.map(|class| (class, "not_before=9d".parse().expect("well-formed"))).to_vec());
    erasure(&node, &folder).keeping(rules).erase_person(ravi, &system()).await.expect("there is nothing to be kept");
}
