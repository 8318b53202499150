//! Users.

use domain::{
    ids::SessionId,
    user::{Roles, UserEvent},
    values::{Email, FullName},
};
use insta::assert_json_snapshot;
use projections::{
    Views,
    users::{Filter, find, find_by_username, list},
};
use sqlx::PgPool;

use crate::history::{DOCTOR, History, NURSE, everything, number, registered};

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_user_is_shown_with_the_contracts_keys(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = History::default();
    history.user(NURSE, registered("asha"));
    let user = history.shows(&pool, async || find(&views, NURSE).await.expect("read")).await.expect("there");
    assert_json_snapshot!(user);
    assert!(user.is_superuser);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_what_happens_to_a_user_only_a_new_name_shows(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = History::default();
    history.user(NURSE, registered("asha"));
    let before = history.shows(&pool, async || find(&views, NURSE).await.expect("read")).await.expect("there");
    history
        .user(NURSE, UserEvent::SessionStarted { session_id: SessionId::new(number(9)) })
        .user(
            NURSE,
            UserEvent::FullNameChanged { full_name: FullName::parse("Asha Kumari").expect("well-formed").into() },
        )
        .user(NURSE, UserEvent::PasswordChanged {})
        .user(NURSE, UserEvent::SessionEnded { session_id: SessionId::new(number(9)) });
    let after = history.shows(&pool, async || find(&views, NURSE).await.expect("read")).await.expect("there");
    assert_eq!(after.full_name, "Asha Kumari");
    assert_eq!(projections::users::UserView { full_name: before.full_name.clone(), ..after }, before);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_unknown_user_is_nobody(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = History::default();
    history.user(NURSE, registered("asha"));
    assert_eq!(history.shows(&pool, async || find(&views, DOCTOR).await.expect("read")).await, None);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_an_administrator_changes_shows(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = History::default();
    let roles = Roles { is_staff: true, ..Roles::default() };
    history
        .user(NURSE, registered("asha"))
        .user(NURSE, UserEvent::EmailChanged { email: Email::parse("nair@example.com").expect("well-formed").into() })
        .user(NURSE, UserEvent::FullNameCleared {})
        .user(NURSE, UserEvent::RolesChanged { roles })
        .user(NURSE, UserEvent::PasswordResetRequested {})
        .user(NURSE, UserEvent::Deactivated {});
    let user =
        history.shows(&pool, async || find_by_username(&views, "asha").await.expect("read")).await.expect("there");
    assert_eq!(
        (
            user.email.as_str(),
            user.full_name.as_str(),
            user.is_staff,
            user.is_reviewer,
            user.is_superuser,
            user.is_active
        ),
        ("nair@example.com", "", true, false, false, false)
    );
    history.user(NURSE, UserEvent::Activated {});
    let user = history.shows(&pool, async || find(&views, NURSE).await.expect("read")).await.expect("there");
    assert!(user.is_active);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_a_deleted_user_nothing_is_left(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = History::default();
    history
        .user(NURSE, registered("asha"))
        .user(DOCTOR, registered("ravi"))
        .user(NURSE, UserEvent::Deleted {})
        .user(NURSE, UserEvent::SessionEnded { session_id: SessionId::new(number(9)) });
    let page =
        history.shows(&pool, async || list(&views, &Filter::default(), &everything()).await.expect("read")).await;
    assert_eq!(page.results.iter().map(|user| user.username.as_str()).collect::<Vec<_>>(), ["ravi"]);
    assert_eq!(history.shows(&pool, async || find(&views, NURSE).await.expect("read")).await, None);
}
