//! Legal holds where something of a person is deleted, at the same moment and in another process.

use commands::{
    accounts::{AccountError, Accounts},
    erasure::{Erasure, Ledger},
};
use domain::{erasure::HoldReason, user::Authority};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tempfile::TempDir;

use crate::support::{Node, number, registered, system};

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_process_that_has_not_seen_the_hold_deletes_nothing_either(_: PgPoolOptions, options: PgConnectOptions) {
    let (node, behind, folder) =
        (Node::start(&options).await, Node::start(&options).await, TempDir::new().expect("made"));
    let asha = registered(&Accounts::new(&node.resources), "asha").await;
    let erasure = Erasure::new(&node.resources, Ledger::new(folder.path().join("erasures.log")));
    let hold = erasure.place_hold(asha.into(), HoldReason::Litigation, None, &system()).await.expect("held");
    let accounts = Accounts::new(&behind.resources);
    for _ in 0..2 {
        let refused = accounts.delete(asha, Authority::Superuser, &system()).await;
        assert!(matches!(refused, Err(AccountError::Held(_))), "{refused:?}");
    }
    erasure.lift_hold(asha.into(), hold, &system()).await.expect("lifted");
    accounts.delete(asha, Authority::Superuser, &system()).await.expect("nothing holds it any more");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_a_hold_and_a_deletion_at_the_same_moment_no_hold_comes_first_in_vain(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let (node, other, folder) =
        (Node::start(&options).await, Node::start(&options).await, TempDir::new().expect("made"));
    for round in 0..6 {
        let user = registered(&Accounts::new(&node.resources), &format!("asha{round}")).await;
        let elsewhere = Erasure::new(&other.resources, Ledger::new(folder.path().join("erasures.log")));
        let context = system();
        let accounts = Accounts::new(&node.resources);
        let (held, deleted) = tokio::join!(
            elsewhere.place_hold(user.into(), HoldReason::Investigation, None, &context),
            accounts.delete(user, Authority::Superuser, &context)
        );
        held.expect("a hold can be placed on whoever was there");
        assert!(matches!(deleted, Ok(_) | Err(AccountError::Held(_))), "{deleted:?}");
    }
    let in_vain = "SELECT count(*) FROM events AS held JOIN events AS gone USING (aggregate_id)
                   WHERE held.event_type = 'LegalHoldPlaced' AND gone.event_type = 'Deleted'
                     AND gone.position > held.position";
    assert_eq!(number(&node.pool, in_vain).await, 0);
}
