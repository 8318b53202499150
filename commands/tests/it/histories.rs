//! What auditors read of one aggregate: every event in order, by whom and in which role, and what it changed.

use commands::{
    accounts::Accounts,
    erasure::{Erasure, Ledger},
    event_log::{Change, Codec, Histories, HistoryError, HistoryEvent, HistoryFilter},
};
use domain::{
    AggregateType,
    envelope::Actor,
    ids::UserId,
    project::{Project, ProjectChanges, ProjectCommand, Settings},
    user::{Authority, Roles, User, UserChanges, UserCommand},
    values::FullName,
};
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use uuid::Uuid;

use crate::support::{Node, acting, new_id, registered_with, system, title};

const ALL: i64 = 100;

fn histories(node: &Node) -> Histories {
    Histories::new(node.pool.clone(), Codec::new(node.log().keys().clone()))
}

async fn history(node: &Node, of: (AggregateType, Uuid), filter: &HistoryFilter) -> Vec<HistoryEvent> {
    histories(node).page(of, filter, 0, ALL).await.expect("readable").events
}

fn changed(field: &str, before: Option<Value>, after: Value) -> Change {
    Change { field: field.to_owned(), before, after }
}

async fn retitle_project(node: &Node, project: Uuid, to: &str, by: UserId) {
    let changes = ProjectChanges { title: Some(title(to)), ..ProjectChanges::default() };
    let command = ProjectCommand::Change(Box::new(changes));
    node.commands.execute::<Project>(project, command, &acting(by.value())).await.expect("changed");
}

async fn make_staff(node: &Node, user: UserId, is_staff: bool) {
    let changes = UserChanges { is_staff: Some(is_staff), ..UserChanges::default() };
    let command = UserCommand::Administer { authority: Authority::Superuser, changes, keep: None };
    node.commands.execute::<User>(user.value(), command, &system()).await.expect("changed");
}

/// A project that Asha made as staff, and Binu, who was none by then, retitled twice.
async fn project_of_two(node: &Node) -> (Uuid, UserId, UserId) {
    let accounts = Accounts::new(&node.resources);
    let staff = Roles { is_staff: true, ..Roles::default() };
    let asha = registered_with(&accounts, "asha", staff).await;
    let binu = registered_with(&accounts, "binu", staff).await;
    let project = new_id();
    let settings = Settings::new(title("Ward"), "Answer.".to_owned());
    let create = ProjectCommand::Create { creator: Some(asha), settings };
    node.commands.execute::<Project>(project, create, &acting(asha.value())).await.expect("made");
    retitle_project(node, project, "Ward 2", binu).await;
    make_staff(node, binu, false).await;
    retitle_project(node, project, "Ward 3", binu).await;
    (project, asha, binu)
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn each_event_tells_who_acted_in_the_role_of_that_moment_and_what_changed(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let node = Node::start(&options).await;
    let (project, asha, binu) = project_of_two(&node).await;
    let events = history(&node, (AggregateType::Project, project), &HistoryFilter::default()).await;
    let types: Vec<&str> = events.iter().map(|event| event.event_type.as_str()).collect();
    assert_eq!(types, ["Created", "TitleChanged", "TitleChanged"]);
    let actors: Vec<(&str, Option<bool>)> = events
        .iter()
        .map(|event| (event.actor.who.as_str(), event.actor.roles.map(|roles| roles.roles.is_staff)))
        .collect();
    let (first, second) = (format!("user:{asha}"), format!("user:{binu}"));
    assert_eq!(actors, [(first.as_str(), Some(true)), (&second, Some(true)), (&second, Some(false))]);
    assert!(events[0].changes.contains(&changed("title", None, json!("Ward"))));
    assert_eq!(events[1].changes, [changed("title", Some(json!("Ward")), json!("Ward 2"))]);
    assert_eq!(events[2].changes, [changed("title", Some(json!("Ward 2")), json!("Ward 3"))]);
    assert!(events.is_sorted_by_key(|event| event.position));

    let mut of_binu = history(&node, (AggregateType::User, binu.value()), &HistoryFilter::default()).await;
    let last = of_binu.pop().expect("a change of roles");
    assert_eq!((last.event_type.as_str(), last.actor.who.as_str()), ("RolesChanged", "system:test"));
    assert_eq!(last.changes, [changed("is_staff", Some(json!(true)), json!(false))], "roles that stay are left out");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_filter_leaves_out_events_and_still_shows_the_value_that_was_changed(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let node = Node::start(&options).await;
    let (project, asha, binu) = project_of_two(&node).await;
    retitle_project(&node, project, "Ward 4", asha).await;
    let of = (AggregateType::Project, project);
    let by_asha = HistoryFilter { actor: Some(Actor::User(asha)), ..HistoryFilter::default() };
    let events = history(&node, of, &by_asha).await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[1].changes, [changed("title", Some(json!("Ward 3")), json!("Ward 4"))]);

    let titles = HistoryFilter { event_types: vec!["TitleChanged".to_owned()], ..HistoryFilter::default() };
    let page = histories(&node).page(of, &titles, 0, 1).await.expect("readable");
    assert_eq!(page.events[0].changes, [changed("title", Some(json!("Ward")), json!("Ward 2"))]);
    let next = page.next_after.expect("there are two more");
    let page = histories(&node).page(of, &titles, next, 2).await.expect("readable");
    assert_eq!(page.events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [3, 4]);
    assert_eq!((page.events[0].changes[0].before.clone(), page.next_after), (Some(json!("Ward 2")), None));

    let third = page.events[0].recorded_at.parse().expect("a time");
    let until = HistoryFilter { until: Some(third), ..HistoryFilter::default() };
    let from = HistoryFilter { from: Some(third), actor: Some(Actor::User(binu)), ..HistoryFilter::default() };
    let (before, since) = (history(&node, of, &until).await, history(&node, of, &from).await);
    assert!(before.iter().all(|event| event.sequence < 3), "{before:?}");
    assert_eq!(since.first().map(|event| event.sequence), Some(3), "the limits are those of the clock's ticks");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_an_erased_person_everything_is_told_but_the_text(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let accounts = Accounts::new(&node.resources);
    let asha = registered_with(&accounts, "asha", Roles::default()).await;
    let rename = UserCommand::ChangeFullName(Some(FullName::parse("Asha N").expect("well-formed")));
    node.commands.execute::<User>(asha.value(), rename, &acting(asha.value())).await.expect("changed");
    let of = (AggregateType::User, asha.value());
    let events = history(&node, of, &HistoryFilter::default()).await;
    assert_eq!(events[1].changes, [changed("full_name", Some(json!("Asha Nair")), json!("Asha N"))]);

    let folder = tempfile::tempdir().expect("made");
    let erasure = Erasure::new(&node.resources, Ledger::new(folder.path().join("erasures.jsonl")));
    erasure.erase_person(asha, &system()).await.expect("erased");
    let events = history(&node, of, &HistoryFilter::default()).await;
    let types: Vec<&str> = events.iter().map(|event| event.event_type.as_str()).collect();
    assert_eq!(types, ["Registered", "FullNameChanged", "SubjectErased"]);
    assert!(events[0].changes.contains(&changed("username", None, json!("[erased]"))), "{:?}", events[0]);
    assert!(!format!("{events:?}").contains("Asha"));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_the_log_does_not_have_has_no_history(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let (project, ..) = project_of_two(&node).await;
    let page = async |of, after| histories(&node).page(of, &HistoryFilter::default(), after, ALL).await;
    let unknown = page((AggregateType::Chat, project), 0).await.expect_err("it is a project");
    assert!(matches!(unknown, HistoryError::Unknown(AggregateType::Chat, id) if id == project), "{unknown}");
    let behind = page((AggregateType::Project, project), i64::MAX).await.expect("it is one");
    assert_eq!((behind.events.len(), behind.next_after), (0, None));
}

/// Documents hold texts of megabytes: a page of any number of them must not fill the memory.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_page_of_long_texts_ends_early_and_the_next_one_goes_on(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let (project, _, binu) = project_of_two(&node).await;
    for letter in ["a", "b", "c", "d", "e", "f"] {
        let changes = ProjectChanges { prompt: Some(letter.repeat(900_000)), ..ProjectChanges::default() };
        let command = ProjectCommand::Change(Box::new(changes));
        node.commands.execute::<Project>(project, command, &acting(binu.value())).await.expect("changed");
    }
    let of = (AggregateType::Project, project);
    let first = histories(&node).page(of, &HistoryFilter::default(), 0, ALL).await.expect("readable");
    assert_eq!(first.events.len(), 3 + 5, "five prompts weigh more than 4 MiB");
    let next = first.next_after.expect("there is one more");
    let second = histories(&node).page(of, &HistoryFilter::default(), next, ALL).await.expect("readable");
    assert_eq!((second.events.len(), second.next_after), (1, None));
    assert_eq!(
        second.events[0].changes,
        [changed("prompt", Some("e".repeat(900_000).into()), "f".repeat(900_000).into())]
    );
}
