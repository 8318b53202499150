//! Specification of the record's rules, as given / when / then.

use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::{Access, AccessCommand, AccessError, AccessEvent, AccessKind, AccessRecord, AccessedObject};
use crate::{
    AggregateType,
    aggregate::StoredAggregate,
    ids::{SubjectId, UserId},
    user::Role,
};

type AccessSpec = TestFramework<AccessRecord>;

const READER: UserId = UserId::new(Uuid::from_u128(1));

fn access() -> Access {
    let owner = Some(UserId::new(Uuid::from_u128(2)));
    Access {
        reader: Some(READER),
        session_id: None,
        roles: vec![Role::Superuser],
        what: AccessKind::Chat,
        request: "GET /api/projects/{project}/chats/{id}".to_owned(),
        objects: vec![AccessedObject { kind: Some(AggregateType::Chat), id: Uuid::from_u128(3), owner }],
        reason: Some("a complaint".into()),
    }
}

#[test]
fn an_access_is_recorded_once() {
    let granted = AccessCommand::RecordGranted(access());
    AccessSpec::with(())
        .given_no_previous_events()
        .when(granted.clone())
        .then_expect_events(vec![AccessEvent::AccessGranted(access())]);
    AccessSpec::with(())
        .given(vec![AccessEvent::AccessRefused(access())])
        .when(granted)
        .then_expect_error(AccessError::AlreadyRecorded);
}

#[test]
fn what_is_refused_is_recorded_as_such() {
    AccessSpec::with(())
        .given_no_previous_events()
        .when(AccessCommand::RecordRefused(access()))
        .then_expect_events(vec![AccessEvent::AccessRefused(access())]);
}

#[test]
fn the_reason_is_text_of_whoever_gave_it() {
    let record = AccessRecord::Recorded { reader: Some(READER) };
    assert_eq!(record.subject(Uuid::nil()), Some(SubjectId::new(READER.value())));
    let record = Uuid::from_u128(9);
    assert_eq!(AccessRecord::Recorded { reader: None }.subject(record), Some(SubjectId::new(record)));
}
