//! Users.

use domain::{ids::SessionId, user::UserEvent, values::FullName};
use projections::users::find;
use sqlx::PgPool;

use crate::history::{DOCTOR, History, NURSE, json, number, registered};

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_user_is_shown_with_the_contracts_keys(pool: PgPool) {
    let mut history = History::default();
    history.user(NURSE, registered("asha"));
    let user = history.shows(&pool, async || find(&pool, NURSE).await.expect("read")).await.expect("there");
    assert_eq!(
        json(&user),
        r#"{"external_id":"00000000-0000-0000-0000-000000000001","username":"asha","full_name":"Asha K","email":"asha@example.com","allow_key":false,"is_staff":false,"is_reviewer":true,"date_joined":"2026-11-22T09:00:01.500000Z"}"#
    );
    assert!(user.is_superuser);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_what_happens_to_a_user_only_a_new_name_shows(pool: PgPool) {
    let mut history = History::default();
    history.user(NURSE, registered("asha"));
    let before = history.shows(&pool, async || find(&pool, NURSE).await.expect("read")).await.expect("there");
    history
        .user(NURSE, UserEvent::SessionStarted { session_id: SessionId::new(number(9)) })
        .user(NURSE, UserEvent::FullNameChanged { full_name: FullName::parse("Asha Kumari").expect("well-formed") })
        .user(NURSE, UserEvent::PasswordChanged {})
        .user(NURSE, UserEvent::SessionEnded { session_id: SessionId::new(number(9)) });
    let after = history.shows(&pool, async || find(&pool, NURSE).await.expect("read")).await.expect("there");
    assert_eq!(after.full_name, "Asha Kumari");
    assert_eq!(projections::users::UserView { full_name: before.full_name.clone(), ..after }, before);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_unknown_user_is_nobody(pool: PgPool) {
    let mut history = History::default();
    history.user(NURSE, registered("asha"));
    assert_eq!(history.shows(&pool, async || find(&pool, DOCTOR).await.expect("read")).await, None);
}
