//! Representatives of the events of records of accesses, and arbitrary commands to them.

use domain::{
    AggregateType,
    access::{Access, AccessCommand, AccessEvent, AccessKind, AccessedObject},
    ids::{SessionId, UserId},
    user::Role,
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use strum::VariantArray as _;
use uuid::Uuid;

use crate::samples::id;

fn access() -> Access {
    let kinds = [(AggregateType::Chat, Some(UserId::new(id(2)))), (AggregateType::Project, None)];
    let objects = kinds.map(|(kind, owner)| AccessedObject { kind: Some(kind), id: id(3), owner });
    Access {
        reader: Some(UserId::new(id(1))),
        session_id: Some(SessionId::new(id(4))),
        roles: vec![Role::Superuser, Role::Staff],
        what: AccessKind::ChatList,
        request: "GET /api/projects/{project}/chats".to_owned(),
        objects: objects.to_vec(),
        reason: Some("A complaint of 3 March".into()),
    }
}

pub(crate) fn full_accesses() -> Vec<AccessEvent> {
    vec![AccessEvent::AccessGranted(access()), AccessEvent::AccessRefused(access())]
}

pub(crate) fn minimal_accesses() -> Vec<AccessEvent> {
    let access = Access {
        reader: None,
        session_id: None,
        roles: vec![],
        what: AccessKind::Other,
        objects: vec![AccessedObject { kind: None, id: id(3), owner: None }],
        reason: None,
        ..access()
    };
    vec![AccessEvent::AccessGranted(access.clone()), AccessEvent::AccessRefused(access)]
}

pub(crate) fn access_command() -> impl Strategy<Value = AccessCommand> {
    let uuid = || any::<u128>().prop_map(Uuid::from_u128);
    let person = move || option::of(uuid().prop_map(UserId::new));
    let object = (option::of(select(AggregateType::ALL)), uuid(), person());
    let object = object.prop_map(|(kind, id, owner)| AccessedObject { kind, id, owner });
    let who = (person(), option::of(uuid().prop_map(SessionId::new)), vec(select(Role::VARIANTS), 0..3));
    let what = (select(AccessKind::VARIANTS), vec(object, 0..3), option::of(any::<String>()));
    (who, what, any::<bool>()).prop_map(|((reader, session_id, roles), (what, objects, reason), is_granted)| {
        let request = "GET /api/chats/{id}".to_owned();
        let reason = reason.map(Into::into);
        let access = Access { reader, session_id, roles, what, request, objects, reason };
        if is_granted { AccessCommand::RecordGranted(access) } else { AccessCommand::RecordRefused(access) }
    })
}
