//! Who owns something is not deleted, and who is deleted owns nothing: decided under the log's lock.

use commands::{
    accounts::{AccountError, Accounts},
    event_log::{AppendError, Row},
    execute::ExecuteError,
};
use domain::{
    chat::Chat,
    ids::UserId,
    user::{Authority, Roles},
    values::Email,
};
use futures::future::join_all;
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{Node, new_id, registered, registered_with, start, system};

async fn start_owned(node: &Node, owner: UserId) -> Result<(), AppendError> {
    let id = new_id();
    let rows = vec![Row::Own { user: owner, thing: id }];
    match node.commands.execute_with::<Chat>(id, start(), rows, &system()).await {
        Ok(_) => Ok(()),
        Err(ExecuteError::Append(error)) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

async fn delete(accounts: &Accounts, user: UserId) -> Result<(), AppendError> {
    match accounts.delete(user, Authority::Staff, &system()).await {
        Ok(_) => Ok(()),
        Err(AccountError::Execute(ExecuteError::Append(error))) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_owner_stays_and_a_deleted_user_or_a_stranger_owns_nothing(pool: PgPool) {
    let node = Node::start(&pool.connect_options()).await;
    let accounts = Accounts::new(&node.resources);
    let (owner, other) = (registered(&accounts, "asha").await, registered(&accounts, "ravi").await);
    start_owned(&node, owner).await.expect("there is such a user");
    assert!(matches!(delete(&accounts, owner).await, Err(AppendError::StillOwns)));
    delete(&accounts, other).await.expect("nothing belongs to the user");
    for gone in [other, UserId::new(Uuid::from_u128(7))] {
        assert!(matches!(start_owned(&node, gone).await, Err(AppendError::NoSuchOwner)));
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_many_beginnings_and_a_deletion_at_once_one_side_wins_in_any_number_of_processes(pool: PgPool) {
    let nodes = [Node::start(&pool.connect_options()).await, Node::start(&pool.connect_options()).await];
    let accounts: Vec<Accounts> = nodes.iter().map(|node| Accounts::new(&node.resources)).collect();
    for round in 0..10 {
        let user = registered(&accounts[round % 2], &format!("asha{round}")).await;
        let starting = join_all((0..6).map(|number| start_owned(&nodes[number % 2], user)));
        let (started, deleted) = futures::future::join(starting, delete(&accounts[(round + 1) % 2], user)).await;
        let chats = started.iter().filter(|result| result.is_ok()).count();
        assert_eq!(deleted.is_ok(), chats == 0, "{chats} chats beside {deleted:?}");
    }
}

/// The database as it was before ownership was recorded: the rows are made from the events.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_was_made_before_ownership_was_recorded_has_its_owner(pool: PgPool) {
    let node = Node::start(&pool.connect_options()).await;
    let accounts = Accounts::new(&node.resources);
    let user = registered(&accounts, "asha").await;
    let command = domain::chat::ChatCommand::Start {
        project_id: domain::ids::ProjectId::new(new_id()),
        owner: user,
        title: crate::support::title("Old"),
    };
    node.commands.execute::<Chat>(new_id(), command, &system()).await.expect("a chat without a row");
    let migration = include_str!("../../../migrations/0010_accounts.sql");
    let backfill = migration.split_inclusive(';').next().expect("the first statement");
    sqlx::query(backfill).execute(&pool).await.expect("it can be run");
    assert!(matches!(delete(&accounts, user).await, Err(AppendError::StillOwns)));
}

/// The database as it was before superusers were reserved: the rows are made from the events.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_last_superuser_of_before_cannot_be_closed_either(pool: PgPool) {
    let node = Node::start(&pool.connect_options()).await;
    let accounts = Accounts::new(&node.resources);
    let superuser = Roles { is_superuser: true, ..Roles::default() };
    for (name, roles) in [("root", superuser), ("closed", superuser), ("asha", Roles::default())] {
        registered_with(&accounts, name, roles).await;
    }
    let close = async |name: &str, active| {
        let email = Email::parse(&format!("{name}@example.com")).expect("an address");
        accounts.set_active(&email, active, &system()).await
    };
    close("closed", false).await.expect("there is another superuser");
    sqlx::query("DELETE FROM reservations WHERE kind = 'superuser'").execute(&pool).await.expect("written");
    let migration = include_str!("../../../migrations/0022_superusers.sql");
    let backfill = migration.split_inclusive(';').next().expect("the first statement");
    sqlx::query(backfill).execute(&pool).await.expect("it can be run");
    let refused = close("root", false).await;
    assert!(matches!(refused, Err(AccountError::Execute(ExecuteError::Append(AppendError::LastSuperuser)))));
    close("asha", false).await.expect("nobody's superuser");
    close("closed", true).await.expect("opened");
    close("root", false).await.expect("there is another superuser");
}
