//! The service's rules, as given / when / then.

use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::{Service, ServiceChanges, ServiceCommand, ServiceError, ServiceEvent, Terms};
use crate::{
    ids::{ApiKeyId, UserId},
    values::{ServiceName, Title},
};

type ServiceSpec = TestFramework<Service>;

fn name(text: &str) -> ServiceName {
    ServiceName::parse(text).expect("well-formed")
}

fn user(number: u128) -> UserId {
    UserId::new(Uuid::from_u128(number))
}

fn terms() -> Terms {
    Terms { name: name("Ward tablets"), allow_key: false, owner: user(1) }
}

fn created() -> ServiceEvent {
    ServiceEvent::Created { terms: terms() }
}

fn key(number: u128) -> ApiKeyId {
    ApiKeyId::new(Uuid::from_u128(number))
}

fn title() -> Title {
    Title::parse("Tablet 3").expect("well-formed")
}

fn issued(number: u128) -> ServiceEvent {
    ServiceEvent::KeyIssued { key_id: key(number), title: title() }
}

fn issue(number: u128) -> ServiceCommand {
    ServiceCommand::IssueKey { key_id: key(number), title: title() }
}

fn revoked(number: u128) -> ServiceEvent {
    ServiceEvent::KeyRevoked { key_id: key(number) }
}

#[test]
fn a_service_is_created_once() {
    ServiceSpec::with(())
        .given_no_previous_events()
        .when(ServiceCommand::Create(terms()))
        .then_expect_events(vec![created()]);
    ServiceSpec::with(())
        .given(vec![created()])
        .when(ServiceCommand::Create(terms()))
        .then_expect_error(ServiceError::AlreadyCreated);
}

#[test]
fn only_what_differs_becomes_an_event() {
    ServiceSpec::with(())
        .given(vec![created()])
        .when(ServiceCommand::Change(ServiceChanges {
            name: Some(name("Ward tablets")),
            allow_key: Some(true),
            owner: Some(user(2)),
        }))
        .then_expect_events(vec![
            ServiceEvent::KeyAllowanceChanged { allow_key: true },
            ServiceEvent::OwnerChanged { owner: user(2) },
        ]);
}

#[test]
fn a_service_can_be_renamed() {
    ServiceSpec::with(())
        .given(vec![created()])
        .when(ServiceCommand::Change(ServiceChanges { name: Some(name("Tablets")), ..ServiceChanges::default() }))
        .then_expect_events(vec![ServiceEvent::Renamed { name: name("Tablets") }]);
}

#[test]
fn a_service_may_have_several_keys() {
    ServiceSpec::with(()).given(vec![created(), issued(1)]).when(issue(2)).then_expect_events(vec![issued(2)]);
}

#[test]
fn the_same_key_is_given_out_once() {
    ServiceSpec::with(()).given(vec![created(), issued(1)]).when(issue(1)).then_expect_events(vec![]);
}

#[test]
fn a_key_is_revoked_once() {
    ServiceSpec::with(())
        .given(vec![created(), issued(1), issued(2)])
        .when(ServiceCommand::RevokeKey(key(1)))
        .then_expect_events(vec![revoked(1)]);
    ServiceSpec::with(())
        .given(vec![created(), issued(1), issued(2), revoked(1)])
        .when(ServiceCommand::RevokeKey(key(1)))
        .then_expect_error(ServiceError::NoSuchKey);
}

#[test]
fn a_deleted_service_gives_out_no_keys_and_cannot_be_changed() {
    for command in [
        issue(1),
        ServiceCommand::Delete,
        ServiceCommand::RevokeKey(key(1)),
        ServiceCommand::Change(ServiceChanges::default()),
    ] {
        ServiceSpec::with(())
            .given(vec![created(), issued(1), ServiceEvent::Deleted {}])
            .when(command)
            .then_expect_error(ServiceError::NotFound);
    }
}

#[test]
fn what_was_never_made_cannot_be_found() {
    ServiceSpec::with(()).given_no_previous_events().when(issue(1)).then_expect_error(ServiceError::NotFound);
}
