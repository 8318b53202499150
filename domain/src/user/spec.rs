//! Specification of the user's rules, as given / when / then.

use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::{Authority, MAX_SESSIONS, Roles, User, UserChanges, UserCommand, UserError, UserEvent};
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
        username: Username::parse("asha").expect("well-formed").into(),
        email: Email::parse("asha@example.com").expect("well-formed").into(),
        full_name: name("Asha Nair").into(),
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
        .when(UserCommand::ChangeFullName(Some(name("Asha Nair"))))
        .then_expect_events(vec![]);
}

#[test]
fn a_name_can_be_changed() {
    UserSpec::with(())
        .given(vec![registered()])
        .when(UserCommand::ChangeFullName(Some(name("Asha N."))))
        .then_expect_events(vec![UserEvent::FullNameChanged { full_name: name("Asha N.").into() }]);
}

#[test]
fn a_name_can_be_taken_away() {
    UserSpec::with(())
        .given(vec![registered()])
        .when(UserCommand::ChangeFullName(None))
        .then_expect_events(vec![UserEvent::FullNameCleared {}]);
}

fn staff(changes: UserChanges) -> UserCommand {
    UserCommand::Administer { authority: Authority::Staff, changes, keep: None }
}

fn superuser_registered() -> UserEvent {
    let UserEvent::Registered { username, email, full_name, roles } = registered() else { unreachable!() };
    UserEvent::Registered { username, email, full_name, roles: Roles { is_superuser: true, ..roles } }
}

#[test]
fn staff_change_address_name_and_roles_and_only_what_differs_is_an_event() {
    let email = Email::parse("nair@example.com").expect("well-formed");
    let roles = Roles { is_reviewer: true, ..Roles::default() };
    let changes = UserChanges {
        email: Some(email.clone()),
        full_name: Some(None),
        is_staff: Some(false),
        is_reviewer: Some(true),
        allow_key: None,
    };
    let email = email.into();
    let expected =
        vec![UserEvent::EmailChanged { email }, UserEvent::FullNameCleared {}, UserEvent::RolesChanged { roles }];
    UserSpec::with(()).given(vec![registered()]).when(staff(changes.clone())).then_expect_events(expected.clone());
    let all = [vec![registered()], expected].concat();
    UserSpec::with(()).given(all).when(staff(changes)).then_expect_events(vec![]);
}

#[test]
fn staff_neither_change_nor_delete_a_superuser() {
    for command in [staff(UserChanges::default()), UserCommand::Delete { authority: Authority::Staff }] {
        UserSpec::with(()).given(vec![superuser_registered()]).when(command).then_expect_error(UserError::Superuser);
    }
}

#[test]
fn another_address_ends_every_login_but_the_callers_own() {
    let email = Email::parse("nair@example.com").expect("well-formed");
    let changes = UserChanges { email: Some(email.clone()), ..UserChanges::default() };
    let before = vec![registered(), started(1), started(2)];
    for (keep, expected) in [(None, vec![ended(1), ended(2)]), (Some(session(1)), vec![ended(2)])] {
        let moved = UserEvent::EmailChanged { email: email.clone().into() };
        UserSpec::with(())
            .given(before.clone())
            .when(UserCommand::Administer { authority: Authority::Staff, changes: changes.clone(), keep })
            .then_expect_events([vec![moved], expected].concat());
    }
    let same = UserChanges { is_reviewer: Some(false), ..UserChanges::default() };
    UserSpec::with(()).given(before).when(staff(same)).then_expect_events(vec![]);
}

#[test]
fn a_superuser_changes_another_who_stays_one() {
    let changes = UserChanges { is_staff: Some(true), ..UserChanges::default() };
    let roles = Roles { is_staff: true, is_superuser: true, ..Roles::default() };
    UserSpec::with(())
        .given(vec![superuser_registered()])
        .when(UserCommand::Administer { authority: Authority::Superuser, changes, keep: None })
        .then_expect_events(vec![UserEvent::RolesChanged { roles }]);
}

#[test]
fn a_superuser_keeps_the_staff_role() {
    let roles = Roles { is_staff: true, is_superuser: true, ..Roles::default() };
    let changes = UserChanges { is_staff: Some(false), ..UserChanges::default() };
    UserSpec::with(())
        .given(vec![superuser_registered(), UserEvent::RolesChanged { roles }])
        .when(UserCommand::Administer { authority: Authority::Superuser, changes: changes.clone(), keep: None })
        .then_expect_error(UserError::SuperuserIsStaff);
    // A superuser from before the rule, without the staff role, can still be changed.
    UserSpec::with(())
        .given(vec![superuser_registered()])
        .when(UserCommand::Administer { authority: Authority::Superuser, changes, keep: None })
        .then_expect_events(vec![]);
}

#[test]
fn nobody_logs_in_to_an_inactive_account_or_resets_its_password() {
    for command in [UserCommand::StartSession(session(1)), UserCommand::RequestPasswordReset] {
        UserSpec::with(())
            .given(vec![registered(), UserEvent::Deactivated {}])
            .when(command.clone())
            .then_expect_error(UserError::Inactive);
        UserSpec::with(())
            .given(vec![registered(), UserEvent::Deactivated {}, UserEvent::Activated {}])
            .when(command)
            .inspect_result()
            .expect("an active one is used again");
    }
}

#[test]
fn an_account_that_is_closed_already_stays_so() {
    UserSpec::with(())
        .given(vec![registered(), UserEvent::Deactivated {}])
        .when(UserCommand::SetActive(false))
        .then_expect_events(vec![]);
}

#[test]
fn a_deleted_user_is_not_there_any_more_and_never_comes_back() {
    for command in [
        staff(UserChanges { is_staff: Some(true), ..UserChanges::default() }),
        UserCommand::StartSession(session(1)),
        UserCommand::Delete { authority: Authority::Superuser },
    ] {
        UserSpec::with(())
            .given(vec![registered(), UserEvent::Deleted {}])
            .when(command)
            .then_expect_error(UserError::NotFound);
    }
    UserSpec::with(())
        .given(vec![registered(), UserEvent::Deleted {}])
        .when(register())
        .then_expect_error(UserError::AlreadyRegistered);
}

#[test]
fn the_oldest_login_ends_when_there_are_too_many() {
    let logins = (1..=MAX_SESSIONS as u128).map(started);
    UserSpec::with(())
        .given(std::iter::once(registered()).chain(logins).collect())
        .when(UserCommand::StartSession(session(99)))
        .then_expect_events(vec![ended(1), started(99)]);
}

#[test]
fn a_person_is_erased_whether_the_account_is_still_there_or_not_and_once() {
    for before in [vec![registered()], vec![superuser_registered()], vec![registered(), UserEvent::Deleted {}]] {
        UserSpec::with(()).given(before).when(UserCommand::Erase).then_expect_events(vec![UserEvent::SubjectErased {}]);
    }
    UserSpec::with(())
        .given(vec![registered(), UserEvent::SubjectErased {}])
        .when(UserCommand::Erase)
        .then_expect_events(vec![]);
}

#[test]
fn nobody_who_was_never_there_is_erased_and_nobody_who_was_erased_comes_back() {
    UserSpec::with(()).given_no_previous_events().when(UserCommand::Erase).then_expect_error(UserError::NotFound);
    for (command, error) in [
        (UserCommand::StartSession(session(1)), UserError::NotFound),
        (UserCommand::Delete { authority: Authority::Superuser }, UserError::NotFound),
        (register(), UserError::AlreadyRegistered),
    ] {
        let erased = vec![registered(), UserEvent::SubjectErased {}];
        UserSpec::with(()).given(erased).when(command).then_expect_error(error);
    }
}

fn auditor() -> Vec<UserEvent> {
    vec![registered(), UserEvent::AuditorAppointed {}]
}

#[test]
fn somebody_without_another_role_becomes_an_auditor_and_is_one_until_dismissed() {
    let appointed = UserSpec::with(()).given(vec![registered()]).when(UserCommand::SetAuditor(true));
    appointed.then_expect_events(vec![UserEvent::AuditorAppointed {}]);
    UserSpec::with(()).given(auditor()).when(UserCommand::SetAuditor(true)).then_expect_events(vec![]);
    let dismissed = UserSpec::with(()).given(auditor()).when(UserCommand::SetAuditor(false));
    dismissed.then_expect_events(vec![UserEvent::AuditorDismissed {}]);
}

#[test]
fn nobody_audits_what_the_own_role_does() {
    for roles in [
        Roles { is_staff: true, ..Roles::default() },
        Roles { is_reviewer: true, ..Roles::default() },
        Roles { is_superuser: true, ..Roles::default() },
    ] {
        UserSpec::with(())
            .given(vec![registered(), UserEvent::RolesChanged { roles }])
            .when(UserCommand::SetAuditor(true))
            .then_expect_error(UserError::AuditorIsApart);
    }
    for changes in [
        UserChanges { is_staff: Some(true), ..UserChanges::default() },
        UserChanges { is_reviewer: Some(true), ..UserChanges::default() },
    ] {
        UserSpec::with(())
            .given(auditor())
            .when(UserCommand::Administer { authority: Authority::Superuser, changes, keep: None })
            .then_expect_error(UserError::AuditorIsApart);
    }
}

#[test]
fn staff_neither_change_nor_delete_an_auditor() {
    for command in [staff(UserChanges::default()), UserCommand::Delete { authority: Authority::Staff }] {
        UserSpec::with(()).given(auditor()).when(command).then_expect_error(UserError::Superuser);
    }
}
