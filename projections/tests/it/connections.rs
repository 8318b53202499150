//! The connections that views are read over, where they do not end as they should.

use std::time::Duration;

use projections::Views;
use sqlx::{PgPool, query_scalar};
use tokio::time::timeout;

/// Of a pool of two they have one, which every reader gets.
fn one_connection(pool: &PgPool) -> Views {
    let options = pool.options().clone().max_connections(2);
    Views::beside(&options.connect_lazy_with(PgPool::connect_options(pool).as_ref().clone()))
}

async fn backend(views: &Views) -> Result<i32, sqlx::Error> {
    query_scalar("SELECT pg_backend_pid()").fetch_one(views).await
}

#[sqlx::test(migrations = false)]
async fn one_reader_after_the_other_gets_the_same_connection(pool: PgPool) {
    let views = one_connection(&pool);
    let first = backend(&views).await.expect("readable");
    assert_eq!(backend(&views).await.expect("readable"), first);
}

#[sqlx::test(migrations = false)]
async fn a_connection_that_the_server_has_ended_is_lent_once_at_most(pool: PgPool) {
    let views = one_connection(&pool);
    let first = backend(&views).await.expect("readable");
    let ended: bool = query_scalar("SELECT pg_terminate_backend($1, 5000)")
        .bind(first)
        .fetch_one(&pool)
        .await
        .expect("the connection is there");
    assert!(ended);
    assert!(backend(&views).await.is_err(), "it was used a moment ago, so that nobody asks whether it is alive");
    assert_ne!(backend(&views).await.expect("a new connection"), first);
}

#[sqlx::test(migrations = false)]
async fn a_question_whose_answer_nobody_waited_for_disturbs_no_other(pool: PgPool) {
    let views = one_connection(&pool);
    let first = backend(&views).await.expect("readable");
    let slow = query_scalar::<_, i32>("SELECT 1 FROM pg_sleep(60)").fetch_one(&views);
    assert!(timeout(Duration::from_millis(50), slow).await.is_err());
    let next = timeout(Duration::from_secs(5), backend(&views)).await.expect("it does not wait for the other");
    assert_ne!(next.expect("readable"), first);
}

#[sqlx::test(migrations = false)]
async fn a_refused_statement_leaves_the_next_reader_a_sound_connection(pool: PgPool) {
    let views = one_connection(&pool);
    let refused = query_scalar::<_, i32>("SELECT 1 / 0").fetch_one(&views).await;
    assert!(matches!(refused, Err(sqlx::Error::Database(_))), "{refused:?}");
    backend(&views).await.expect("readable");
}
