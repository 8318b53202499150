//! The table of permissions: for every path and verb, the role that the caller needs and the objects that it reaches.

use axum::{
    extract::MatchedPath,
    http::{Method, request::Parts},
};

use self::{
    Ownership::{All, FetchAll, Own, OwnOrReviewed, OwnOrSuperuser, Shared},
    Permission::{ApiKey, Auditor, ChatUser, OwnAccount, Public, Reviewer, Staff, Superuser, User},
    Verb::{Delete, Get, Patch, Post},
};
use crate::contract::resource::Permission;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// GET, and HEAD with it.
    Get,
    Post,
    Patch,
    Delete,
}

impl Verb {
    pub const fn method(self) -> Method {
        match self {
            Get => Method::GET,
            Post => Method::POST,
            Patch => Method::PATCH,
            Delete => Method::DELETE,
        }
    }
}

/// The owners whose objects a verb reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// All objects: they have no owner, or the owner is not checked.
    All,
    /// The caller's objects.
    Own,
    /// The caller's objects; all objects for superusers who request `fetch=all`.
    FetchAll,
    /// The caller's objects; all objects for superusers.
    OwnOrSuperuser,
    /// The caller's objects; all objects for reviewers, staff and superusers.
    OwnOrReviewed,
    /// All objects for staff; for other callers, the objects that are shared with them.
    Shared,
}

/// A path, its verbs, and the permission that is checked (`otherwise`) before a verb that it does not have is refused
/// with 405.
pub struct Access {
    pub path: &'static str,
    pub otherwise: Permission,
    pub verbs: &'static [(Verb, Permission, Ownership)],
}

const fn on(path: &'static str, otherwise: Permission, verbs: &'static [(Verb, Permission, Ownership)]) -> Access {
    Access { path, otherwise, verbs }
}

/// The table: one line per path, in the order of the contract.
#[rustfmt::skip]
pub static TABLE: &[Access] = &[
    on("/api/auth/register", Public, &[(Post, Public, All)]),
    on("/api/auth/login", Public, &[(Post, Public, All)]),
    on("/api/auth/logout", Public, &[(Delete, Public, Own)]),
    on("/api/auth/forgot", Public, &[(Post, Public, All)]),
    on("/api/auth/verify", Public, &[(Post, Public, All)]),
    on("/api/auth/reset", Public, &[(Post, Public, Own)]),

    on("/api/users", Staff, &[(Get, Staff, All), (Post, Staff, All)]),
    on("/api/users/{username}", Staff, &[(Get, Staff, All), (Patch, Staff, All), (Delete, Staff, All)]),
    on("/api/users/{username}/erase", Superuser, &[(Post, Superuser, All)]),
    on("/api/users/me", Staff, &[(Get, User, Own), (Patch, OwnAccount, Own)]),

    on("/api/projects", Staff, &[(Get, User, Shared), (Post, Staff, All)]),
    on("/api/projects/{id}", Staff, &[(Get, User, Shared), (Patch, Staff, All), (Delete, Staff, All)]),

    on("/api/projects/{project}/create_assistant", Staff, &[(Post, Staff, All)]),
    on("/api/projects/{project}/list_assistants", Staff, &[(Get, Staff, All)]),

    on("/api/projects/{project}/retrieval", Staff, &[(Get, Staff, All), (Patch, Staff, All)]),
    on("/api/projects/{project}/retrieval/explain", Staff, &[(Post, Staff, All)]),

    on("/api/projects/{project}/documents", Staff, &[(Get, Staff, All), (Post, Staff, All)]),
    on("/api/projects/{project}/documents/{id}", Staff, &[(Get, Staff, All), (Patch, Staff, All), (Delete, Staff, All)]),
    on("/api/projects/{project}/documents/{id}/text", Staff, &[(Get, Staff, All)]),
    on("/api/projects/{project}/documents/{id}/versions", Staff, &[(Post, Staff, All)]),
    on("/api/projects/{project}/documents/{id}/retry", Staff, &[(Post, Staff, All)]),
    on("/api/projects/{project}/documents/{id}/cancel", Staff, &[(Post, Staff, All)]),
    on("/api/projects/{project}/documents/{id}/progress", Staff, &[(Get, Staff, All)]),

    on("/api/projects/{project}/chats", ChatUser, &[(Get, ChatUser, FetchAll), (Post, ChatUser, Own)]),
    on("/api/projects/{project}/chats/{id}", ChatUser, &[(Get, ChatUser, FetchAll), (Patch, ChatUser, FetchAll), (Delete, ChatUser, FetchAll)]),
    on("/api/projects/{project}/chats/list_all", ChatUser, &[(Get, ChatUser, OwnOrSuperuser)]),
    on("/api/projects/{project}/chats/{id}/feedbacks", ChatUser, &[(Get, ChatUser, FetchAll)]),
    on("/api/projects/{project}/chats/{id}/converse", ChatUser, &[(Post, ChatUser, Own)]),
    on("/api/projects/{project}/chats/{id}/speech_to_text", ChatUser, &[(Post, ChatUser, Own)]),

    on("/api/chats", ApiKey, &[(Get, ApiKey, Own), (Post, ApiKey, Own)]),
    on("/api/chats/{id}", ApiKey, &[(Get, ApiKey, Own), (Patch, ApiKey, Own)]),
    on("/api/chats/{id}/converse", ApiKey, &[(Post, ApiKey, Own)]),
    on("/api/chats/transcribe", ApiKey, &[(Post, ApiKey, All)]),
    on("/api/chats/completion", ApiKey, &[(Post, ApiKey, All)]),

    on("/api/temptokens", ApiKey, &[(Post, ApiKey, Own)]),

    on("/api/services", Staff, &[(Get, Staff, OwnOrSuperuser), (Post, Staff, OwnOrSuperuser)]),
    on("/api/services/{id}", Staff, &[(Get, Staff, OwnOrSuperuser), (Patch, Staff, OwnOrSuperuser), (Delete, Staff, OwnOrSuperuser)]),
    on("/api/services/{service}/keys", Staff, &[(Get, Staff, OwnOrSuperuser), (Post, Staff, OwnOrSuperuser)]),
    on("/api/services/{service}/keys/{id}", Staff, &[(Delete, Staff, OwnOrSuperuser)]),

    on("/api/audit/auditors", Superuser, &[(Get, Superuser, All), (Post, Superuser, All)]),
    on("/api/audit/auditors/{username}", Superuser, &[(Delete, Superuser, All)]),
    on("/api/erasures", Superuser, &[(Get, Superuser, All), (Post, Superuser, All)]),
    on("/api/erasures/{id}/approve", Superuser, &[(Post, Superuser, All)]),
    on("/api/erasures/{id}/reject", Superuser, &[(Post, Superuser, All)]),
    on("/api/erasures/holds", Superuser, &[(Post, Superuser, All)]),
    on("/api/erasures/holds/{id}/lift", Superuser, &[(Post, Superuser, All)]),
    on("/api/audit/accesses", Auditor, &[(Get, Auditor, All)]),
    on("/api/audit/proofs", Auditor, &[(Get, Auditor, All)]),
    on("/api/audit/proofs/{position}", Auditor, &[(Get, Auditor, All)]),
    on("/api/audit/people", Auditor, &[(Get, Auditor, All)]),
    on("/api/audit/chats", Auditor, &[(Get, Auditor, All)]),
    on("/api/audit/views", Auditor, &[(Get, Auditor, All)]),
    on("/api/audit/views/{view}/{id}", Auditor, &[(Get, Auditor, All)]),
    on("/api/audit/{kind}/{id}/timeline", Auditor, &[(Get, Auditor, All)]),
    on("/api/audit/{kind}/{id}/as-of", Auditor, &[(Get, Auditor, All)]),
    on("/api/audit/chat/{id}/replay", Auditor, &[(Get, Auditor, All)]),
    on("/api/audit/chat/{chat}/answers/{id}/provenance", Auditor, &[(Get, Auditor, All)]),

    on("/api/feedback", User, &[(Get, User, OwnOrReviewed), (Post, User, Own)]),
    on("/api/feedback/{id}", User, &[(Get, User, OwnOrReviewed)]),

    on("/api/tests/suites", Reviewer, &[(Get, Reviewer, All), (Post, Reviewer, All)]),
    on("/api/tests/suites/{id}", Reviewer, &[(Get, Reviewer, All), (Patch, Reviewer, All), (Delete, Reviewer, All)]),
    on("/api/tests/suites/{suite}/questions", Reviewer, &[(Get, Reviewer, All), (Post, Reviewer, All)]),
    on("/api/tests/suites/{suite}/questions/{id}", Reviewer, &[(Get, Reviewer, All), (Patch, Reviewer, All), (Delete, Reviewer, All)]),
    on("/api/tests/suites/{suite}/questions/{question}/documents", Staff, &[(Get, Staff, All), (Post, Staff, All)]),
    on("/api/tests/suites/{suite}/questions/{question}/documents/{id}", Staff, &[(Get, Staff, All), (Delete, Staff, All)]),
    on("/api/tests/suites/{suite}/runs", Reviewer, &[(Get, Reviewer, All), (Post, Reviewer, All)]),
    on("/api/tests/suites/{suite}/runs/{id}", Reviewer, &[(Get, Reviewer, All), (Patch, Reviewer, All), (Delete, Reviewer, All)]),
    on("/api/tests/suites/{suite}/runs/{run}/feedback", Reviewer, &[(Get, Reviewer, All), (Post, Reviewer, All)]),
    on("/api/tests/suites/{suite}/runs/{run}/feedback/{number}", Reviewer, &[(Get, Reviewer, All), (Patch, Reviewer, All), (Delete, Reviewer, All)]),

    on("/media/{name}", Public, &[(Get, Public, All)]),
    on("/api/schema", Public, &[(Get, Public, All)]),
    on("/health/live", Public, &[(Get, Public, All)]),
    on("/health/ready", Public, &[(Get, Public, All)]),
];

/// Returns the `otherwise` permission of the matched path, which decides which kinds of credentials are accepted on it;
/// `None` if no path of the table matched.
pub fn needed_at(parts: &Parts) -> Option<Permission> {
    parts.extensions.get::<MatchedPath>().and_then(|path| find(path.as_str())).map(|access| access.otherwise)
}

pub(crate) fn find(path: &str) -> Option<&'static Access> {
    TABLE.iter().find(|access| access.path == path)
}
