//! Specification of the service's rules, as given / when / then.

use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::{
    Service, ServiceAuthority, ServiceChanges, ServiceCommand, ServiceError, ServiceEvent, ServiceRequest, Terms,
};
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

/// A command of the owner.
fn own(request: ServiceRequest) -> ServiceCommand {
    ServiceCommand { authority: ServiceAuthority::Owner(user(1)), request }
}

/// A command of another user who may have services.
fn strange(request: ServiceRequest) -> ServiceCommand {
    ServiceCommand { authority: ServiceAuthority::Owner(user(2)), request }
}

fn superuser(request: ServiceRequest) -> ServiceCommand {
    ServiceCommand { authority: ServiceAuthority::Superuser, request }
}

fn issue_request(number: u128) -> ServiceRequest {
    ServiceRequest::IssueKey { key_id: key(number), title: title() }
}

fn issue(number: u128) -> ServiceCommand {
    own(issue_request(number))
}

fn hand_over() -> ServiceRequest {
    ServiceRequest::Change(ServiceChanges { owner: Some(user(2)), ..ServiceChanges::default() })
}

fn revoked(number: u128) -> ServiceEvent {
    ServiceEvent::KeyRevoked { key_id: key(number) }
}

#[test]
fn a_service_is_created_once() {
    ServiceSpec::with(())
        .given_no_previous_events()
        .when(own(ServiceRequest::Create(terms())))
        .then_expect_events(vec![created()]);
    ServiceSpec::with(())
        .given(vec![created()])
        .when(own(ServiceRequest::Create(terms())))
        .then_expect_error(ServiceError::AlreadyCreated);
}

#[test]
fn only_what_differs_becomes_an_event() {
    ServiceSpec::with(())
        .given(vec![created()])
        .when(superuser(ServiceRequest::Change(ServiceChanges {
            name: Some(name("Ward tablets")),
            allow_key: Some(true),
            owner: Some(user(2)),
        })))
        .then_expect_events(vec![
            ServiceEvent::KeyAllowanceChanged { allow_key: true },
            ServiceEvent::OwnerChanged { owner: user(2) },
        ]);
}

#[test]
fn a_service_can_be_renamed() {
    ServiceSpec::with(())
        .given(vec![created()])
        .when(own(ServiceRequest::Change(ServiceChanges { name: Some(name("Tablets")), ..ServiceChanges::default() })))
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
        .when(own(ServiceRequest::RevokeKey(key(1))))
        .then_expect_events(vec![revoked(1)]);
    ServiceSpec::with(())
        .given(vec![created(), issued(1), issued(2), revoked(1)])
        .when(own(ServiceRequest::RevokeKey(key(1))))
        .then_expect_error(ServiceError::NoSuchKey);
}

#[test]
fn a_deleted_service_gives_out_no_keys_and_cannot_be_changed() {
    for request in [
        issue_request(1),
        ServiceRequest::Delete,
        ServiceRequest::RevokeKey(key(1)),
        ServiceRequest::Change(ServiceChanges::default()),
    ] {
        ServiceSpec::with(())
            .given(vec![created(), issued(1), ServiceEvent::Deleted {}])
            .when(superuser(request))
            .then_expect_error(ServiceError::NotFound);
    }
}

#[test]
fn what_was_never_made_cannot_be_found() {
    ServiceSpec::with(()).given_no_previous_events().when(issue(1)).then_expect_error(ServiceError::NotFound);
}

#[test]
fn a_service_of_somebody_else_is_as_if_it_were_not_there_but_to_superusers() {
    let requests = [
        issue_request(2),
        ServiceRequest::Delete,
        ServiceRequest::RevokeKey(key(1)),
        ServiceRequest::Change(ServiceChanges::default()),
        hand_over(),
    ];
    for request in requests {
        ServiceSpec::with(())
            .given(vec![created(), issued(1)])
            .when(strange(request.clone()))
            .then_expect_error(ServiceError::NotFound);
        ServiceSpec::with(())
            .given(vec![created(), issued(1)])
            .when(superuser(request))
            .inspect_result()
            .expect("superusers administer everybody's");
    }
}

#[test]
fn only_superusers_make_somebody_else_the_owner() {
    ServiceSpec::with(())
        .given_no_previous_events()
        .when(strange(ServiceRequest::Create(terms())))
        .then_expect_error(ServiceError::OwnerNotAllowed);
    ServiceSpec::with(())
        .given_no_previous_events()
        .when(superuser(ServiceRequest::Create(terms())))
        .then_expect_events(vec![created()]);
    ServiceSpec::with(())
        .given(vec![created()])
        .when(own(hand_over()))
        .then_expect_error(ServiceError::OwnerNotAllowed);
}

#[test]
fn keys_that_act_for_the_old_owner_are_revoked_when_a_service_is_handed_over() {
    ServiceSpec::with(())
        .given(vec![created(), issued(1), issued(2), revoked(1), issued(3)])
        .when(superuser(hand_over()))
        .then_expect_events(vec![revoked(2), revoked(3), ServiceEvent::OwnerChanged { owner: user(2) }]);
}
