//! Text of erased persons that a person still writes: it is refused to whoever writes it, and never silently left out.

use commands::{
    accounts::Accounts,
    erasure::{Erasure, Ledger},
    event_log::AppendError,
    execute::{Context, ExecuteError},
};
use domain::{
    chat::{Chat, ChatCommand, ChatError},
    ids::{ProjectId, UserId},
};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tempfile::TempDir;
use uuid::Uuid;

use crate::support::{Node, acting, new_id, number, registered, stored_events, system, title};

/// A person with a chat, and the chat's id.
async fn person(node: &Node, name: &str) -> (UserId, Uuid) {
    let user = registered(&Accounts::new(&node.resources), name).await;
    let chat = new_id();
    let start = ChatCommand::Start {
        project_id: ProjectId::new(new_id()),
        owner: user,
        title: title("What the zebrafinch eats"),
    };
    node.commands.execute::<Chat>(chat, start, &acting(user.value())).await.expect("a new chat");
    (user, chat)
}

async fn erase(node: &Node, user: UserId) {
    let folder = TempDir::new().expect("made");
    let erasure = Erasure::new(&node.resources, Ledger::new(folder.path().join("erasures.log")));
    erasure.erase_person(user, &system()).await.expect("erased");
}

async fn retitle(node: &Node, chat: Uuid, to: &str, context: &Context) -> Result<(), ExecuteError<ChatError>> {
    node.commands.execute::<Chat>(chat, ChatCommand::Retitle(title(to)), context).await.map(drop)
}

const EVENTS: &str = "SELECT count(*) FROM events";

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn whoever_writes_text_of_an_erased_person_is_told_so_and_nothing_is_stored(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let (node, behind) = (Node::start(&options).await, Node::start(&options).await);
    let (asha, chat) = person(&node, "asha").await;
    // This process has the key in its memory, and does not yet know of the erasure when it writes.
    retitle(&behind, chat, "Seeds", &acting(asha.value())).await.expect("not erased yet");
    erase(&node, asha).await;

    let before = number(&node.pool, EVENTS).await;
    let superuser = new_id();
    for writer in [&behind, &node, &Node::start(&options).await] {
        for context in [acting(superuser), acting(asha.value())] {
            let refused = retitle(writer, chat, "What the okapi eats", &context).await;
            assert!(matches!(refused, Err(ExecuteError::Append(AppendError::SubjectErased))), "{refused:?}");
        }
    }
    assert_eq!(number(&node.pool, EVENTS).await, before, "something was stored");
    assert!(!format!("{:?}", stored_events(&node.pool).await).contains("okapi"));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_erased_person_can_do_nothing_any_more_also_to_what_is_not_theirs(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let node = Node::start(&options).await;
    let (asha, _) = person(&node, "asha").await;
    let (_, other) = person(&node, "ravi").await;
    erase(&node, asha).await;
    let refused = retitle(&node, other, "Mine now", &acting(asha.value())).await;
    assert!(matches!(refused, Err(ExecuteError::Append(AppendError::SubjectErased))), "{refused:?}");
    // Nobody else notices anything.
    retitle(&node, other, "What the okapi eats", &acting(new_id())).await.expect("of somebody who is there");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_not_personal_can_be_written_of_an_erased_person(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let (asha, chat) = person(&node, "asha").await;
    erase(&node, asha).await;
    node.commands.execute::<Chat>(chat, ChatCommand::Delete, &acting(new_id())).await.expect("it has no text");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_writes_at_the_same_moment_as_the_erasure_none_is_accepted_and_lost(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let (node, other) = (Node::start(&options).await, Node::start(&options).await);
    let (asha, chat) = person(&node, "asha").await;
    let context = acting(new_id());
    let writing = async {
        let mut accepted = 0;
        loop {
            match retitle(&other, chat, &format!("Title {accepted}"), &context).await {
                Ok(()) => accepted += 1,
                Err(ExecuteError::Append(AppendError::SubjectErased)) => return accepted,
                Err(error) => panic!("{error:?}"),
            }
        }
    };
    let (accepted, ()) = tokio::join!(writing, erase(&node, asha));
    let retitled = "SELECT count(*) FROM events WHERE event_type = 'Retitled'";
    assert_eq!(number(&node.pool, retitled).await, accepted);
    let late = "SELECT count(*) FROM events WHERE event_type = 'Retitled'
                AND position > (SELECT position FROM events WHERE event_type = 'SubjectErased')";
    assert_eq!(number(&node.pool, late).await, 0, "accepted after the erasure, so nobody can read it");
}
