use super::*;
use axum::{Extension, Router, body::Body};
use http_body_util::BodyExt;
use tower::ServiceExt;

use Permission::{OwnAccount, Public, Reviewer, Staff, User};

/// An authenticator that takes the token for the role.
#[derive(Clone)]
struct Roles;

#[derive(Clone)]
struct Role(String);

impl Caller for Role {
    fn has(&self, permission: Permission) -> bool {
        match permission {
            Public | User | OwnAccount => true,
            Staff => self.0 == "staff",
            Reviewer => self.0 == "staff" || self.0 == "reviewer",
            Permission::ChatUser | Permission::ApiKey | Permission::Superuser | Permission::Auditor => false,
        }
    }

    fn only_reads(&self) -> bool {
        self.0 == "auditor"
    }
}

impl Authenticator for Roles {
    type Caller = Role;

    async fn authenticate(&self, credentials: Credentials, _: &Parts) -> Result<Option<Role>, ApiError> {
        match credentials {
            Credentials::Token(role) if role == "bad" => Err(ApiError::invalid_token()),
            Credentials::Token(role) => Ok(Some(Role(role))),
            Credentials::Anonymous | Credentials::Basic { .. } | Credentials::TempToken(_) => Ok(None),
        }
    }
}

async fn done() -> &'static str {
    "done"
}

async fn me(Extension(Role(name)): Extension<Role>) -> String {
    name
}

async fn perhaps(caller: Option<Extension<Role>>) -> String {
    caller.map_or("nobody".into(), |Extension(Role(name))| name)
}

fn app() -> Router {
    Router::new()
        .route("/live", resource(Public).get(Public, done).nameless().guarded_by(Roles))
        .route("/projects", resource(Staff).get(User, done).post(Staff, done).guarded_by(Roles))
        .route(
            "/projects/{id}",
            resource(Staff).get(User, done).patch(Staff, done).delete(Staff, done).guarded_by(Roles),
        )
        .route("/users/me", resource(Staff).get(User, me).patch(OwnAccount, me).guarded_by(Roles))
        .route("/chats", resource(User).get(User, done).post(User, done).guarded_by(Roles))
        .route("/users/{username}", resource(Staff).get(Staff, done).dotted_ids().guarded_by(Roles))
        .route("/login", resource(Public).post(Public, perhaps).guarded_by(Roles))
        .route("/suites", resource(Reviewer).get(Reviewer, done).guarded_by(Roles))
        .fallback(|| async { ApiError::not_found() })
}

struct Answer {
    status: u16,
    allow: String,
    body: String,
}

async fn send(method: &str, path: &str, authorization: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, authorization)
        .body(Body::empty())
        .expect("a request");
    let response = app().oneshot(request).await.expect("infallible");
    let status = response.status().as_u16();
    let allow = response.headers().get(header::ALLOW).map_or("", |allow| allow.to_str().expect("ASCII")).to_owned();
    let bytes = response.into_body().collect().await.expect("whole").to_bytes();
    let body = String::from_utf8(bytes.to_vec()).expect("text");
    Answer { status, allow, body }
}

async fn status(method: &str, path: &str, authorization: &str) -> u16 {
    send(method, path, authorization).await.status
}

#[tokio::test]
async fn a_route_learns_who_is_calling() {
    assert_eq!(send("GET", "/users/me", "Token nurse").await.body, "nurse");
    assert_eq!(send("POST", "/login", "Token nurse").await.body, "nurse");
    assert_eq!(send("POST", "/login", "undefined").await.body, "nobody");
}

#[tokio::test]
async fn nobody_is_asked_to_authenticate_before_anything_else() {
    for (method, path) in [("GET", "/projects"), ("PUT", "/projects"), ("OPTIONS", "/projects")] {
        let answer = send(method, path, "undefined").await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.body, r#"{"detail":"Authentication credentials were not provided."}"#);
    }
}

#[tokio::test]
async fn a_wrong_role_is_refused_before_a_wrong_method() {
    assert_eq!(status("PUT", "/projects", "Token nurse").await, 403);
    assert_eq!(status("OPTIONS", "/projects", "Token nurse").await, 403);
    assert_eq!(status("DELETE", "/users/me", "Token nurse").await, 403);
    assert_eq!(status("PUT", "/projects", "Token staff").await, 405);
    assert_eq!(status("DELETE", "/users/me", "Token staff").await, 405);
}

#[tokio::test]
async fn each_method_has_its_own_permission() {
    assert_eq!(status("GET", "/projects", "Token nurse").await, 200);
    assert_eq!(status("POST", "/projects", "Token nurse").await, 403);
    assert_eq!(status("POST", "/projects", "Token staff").await, 200);
    assert_eq!(status("GET", "/suites", "Token reviewer").await, 200);
    assert_eq!(status("GET", "/suites", "Token nurse").await, 403);
}

#[tokio::test]
async fn a_method_that_is_not_there_is_named_beside_those_that_are() {
    let answer = send("PUT", "/projects/1", "Token staff").await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.allow, "GET, PATCH, DELETE, HEAD, OPTIONS");
    assert_eq!(answer.body, r#"{"detail":"Method \"PUT\" not allowed."}"#);
    assert_eq!(send("GET", "/login", "").await.allow, "POST, OPTIONS");
}

#[tokio::test]
async fn the_methods_are_named_in_every_answer() {
    assert_eq!(send("GET", "/projects", "Token nurse").await.allow, "GET, POST, HEAD, OPTIONS");
    assert_eq!(send("GET", "/projects", "").await.allow, "GET, POST, HEAD, OPTIONS");
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let answer = send("HEAD", "/projects", "Token nurse").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
}

#[tokio::test]
async fn wrong_credentials_are_refused_on_public_paths_too() {
    let answer = send("POST", "/login", "Token bad").await;
    assert_eq!((answer.status, answer.body.as_str()), (401, r#"{"detail":"Invalid token."}"#));
    assert_eq!(status("POST", "/login", "Token").await, 401);
}

#[tokio::test]
async fn whoever_watches_the_process_is_asked_for_nothing() {
    assert_eq!(status("GET", "/live", "Token bad").await, 200);
    assert_eq!(status("GET", "/live", "no scheme").await, 200);
}

#[tokio::test]
async fn an_id_with_a_dot_or_a_slash_does_not_exist_even_for_nobody() {
    for path in ["/projects/a.b", "/projects/a%2Eb", "/projects/a%2Fb", "/projects/%ff"] {
        assert_eq!(status("GET", path, "undefined").await, 404, "{path}");
    }
}

#[tokio::test]
async fn a_username_may_have_a_dot() {
    assert_eq!(status("GET", "/users/a.b", "Token staff").await, 200);
    assert_eq!(status("GET", "/users/a%2Fb", "Token staff").await, 404);
}

#[tokio::test]
async fn a_trailing_slash_is_another_path() {
    assert_eq!(status("GET", "/projects/", "Token staff").await, 404);
    assert_eq!(status("GET", "/projects/1/", "Token staff").await, 404);
    assert_eq!(status("GET", "/projects//x", "Token staff").await, 404);
}
