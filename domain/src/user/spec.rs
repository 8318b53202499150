//! The user's rules, as given / when / then.

use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::{Roles, User, UserCommand, UserError, UserEvent};
use crate::{
    ids::SessionId,
    values::{Email, FullName, Username},
};

type UserSpec = TestFramework<User>;

fn name(text: &str) -> FullName {
    FullName::parse(text).expect("well-formed")
}

fn register() -> UserCommand {
    UserCommand::Register {
        username: Username::parse("asha").expect("well-formed"),
        email: Email::parse("asha@example.com").expect("well-formed"),
        full_name: name("Asha Nair"),
        roles: Roles::default(),
    }
}

fn registered() -> UserEvent {
    UserEvent::Registered {
        username: Username::parse("asha").expect("well-formed"),
        email: Email::parse("asha@example.com").expect("well-formed"),
        full_name: name("Asha Nair"),
        roles: Roles::default(),
    }
}

fn session(number: u128) -> SessionId {
    SessionId::new(Uuid::from_u128(number))
}

fn started(number: u128) -> UserEvent {
    UserEvent::SessionStarted { session_id: session(number) }
}

fn ended(number: u128) -> UserEvent {
    UserEvent::SessionEnded { session_id: session(number) }
}

#[test]
fn a_new_user_is_registered() {
    UserSpec::with(()).given_no_previous_events().when(register()).then_expect_events(vec![registered()]);
}

#[test]
fn a_user_is_registered_only_once() {
    UserSpec::with(()).given(vec![registered()]).when(register()).then_expect_error(UserError::AlreadyRegistered);
}

#[test]
fn nobody_who_is_not_registered_can_log_in() {
    UserSpec::with(())
        .given_no_previous_events()
        .when(UserCommand::StartSession(session(1)))
        .then_expect_error(UserError::NotFound);
}

#[test]
fn each_login_starts_a_session_of_its_own() {
    UserSpec::with(())
        .given(vec![registered(), started(1)])
        .when(UserCommand::StartSession(session(2)))
        .then_expect_events(vec![started(2)]);
}

#[test]
fn logout_ends_that_session_and_doing_it_again_changes_nothing() {
    UserSpec::with(())
        .given(vec![registered(), started(1), started(2)])
        .when(UserCommand::EndSession(session(1)))
        .then_expect_events(vec![ended(1)]);
    UserSpec::with(())
        .given(vec![registered(), started(1), ended(1)])
        .when(UserCommand::EndSession(session(1)))
        .then_expect_events(vec![]);
}

#[test]
fn a_new_password_ends_every_session_but_the_callers() {
    UserSpec::with(())
        .given(vec![registered(), started(1), started(2), started(3)])
        .when(UserCommand::ChangePassword { keep: Some(session(2)) })
        .then_expect_events(vec![UserEvent::PasswordChanged {}, ended(1), ended(3)]);
}

#[test]
fn the_same_name_again_changes_nothing() {
    UserSpec::with(())
        .given(vec![registered()])
        .when(UserCommand::ChangeFullName(name("Asha Nair")))
        .then_expect_events(vec![]);
}

#[test]
fn a_name_can_be_changed() {
    UserSpec::with(())
        .given(vec![registered()])
        .when(UserCommand::ChangeFullName(name("Asha N.")))
        .then_expect_events(vec![UserEvent::FullNameChanged { full_name: name("Asha N.") }]);
}
