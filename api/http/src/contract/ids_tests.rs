use super::*;
use axum::{Router, body::Body, http::Request, routing::get};
use domain::ids::{DocumentId, ProjectId};
use http_body_util::BodyExt;
use tower::ServiceExt;

const ID: &str = "9df73c64-8da0-4fb9-8de4-6ee743ef23f3";

async fn document(PathIds((project, id)): PathIds<(Parent<ProjectId>, Own<DocumentId>)>) -> String {
    format!("{project} {id}")
}

async fn key(PathIds((service, id)): PathIds<(Problem<Uuid>, Problem<Uuid>)>) -> String {
    format!("{service} {id}")
}

async fn feedback(PathIds((suite, run, number)): PathIds<(String, String, i64)>) -> String {
    format!("{suite} {run} {number}")
}

async fn user(PathIds(name): PathIds<String>) -> String {
    name
}

async fn counted(id: Result<PathIds<Own<Uuid>>, ApiError>) -> String {
    id.map_or("counted".to_owned(), |PathIds(id)| id.to_string())
}

/// Returns the status and the body of the response.
async fn answer(path: &str) -> (u16, String) {
    let app = Router::new()
        .route("/documents/{project}/{id}", get(document))
        .route("/keys/{service}/{id}", get(key))
        .route("/feedback/{suite}/{run}/{number}", get(feedback))
        .route("/users/{username}", get(user))
        .route("/counted/{id}", get(counted))
        .route("/too/{many}/{segments}", get(user))
        .route("/too/{few}", get(key));
    let request = Request::builder().uri(path).body(Body::empty()).expect("a request");
    let response = app.oneshot(request).await.expect("infallible");
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("whole").to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

#[test]
fn case_and_dashes_do_not_matter() {
    let id = parse_uuid(ID);
    assert!(id.is_some());
    assert_eq!(parse_uuid("9DF73C648DA04FB98DE46EE743EF23F3"), id);
    assert_eq!(parse_uuid("9df73c64-8da04fb98de4-6ee743ef23f3"), id);
}

#[test]
fn other_spellings_are_no_ids() {
    for text in [
        "",
        "nope",
        "9df73c64-8da0-4fb9-8de4-6ee743ef23f",
        "{9df73c64-8da0-4fb9-8de4-6ee743ef23f3}",
        "urn:uuid:9df73c64-8da0-4fb9-8de4-6ee743ef23f3",
    ] {
        assert_eq!(parse_uuid(text), None, "{text}");
    }
}

#[tokio::test]
async fn ids_are_taken_in_the_order_of_the_path() {
    let other = ID.replace('9', "a");
    assert_eq!(answer(&format!("/documents/{ID}/{other}")).await, (200, format!("{ID} {other}")));
    assert_eq!(answer(&format!("/keys/{ID}/{other}")).await, (200, format!("{ID} {other}")));
    assert_eq!(answer("/feedback/a/b/7").await, (200, "a b 7".to_owned()));
}

#[tokio::test]
async fn names_are_taken_as_they_are_without_their_escapes() {
    assert_eq!(answer("/users/asha%20n%2Fair").await, (200, "asha n/air".to_owned()));
}

#[tokio::test]
async fn a_malformed_parent_is_a_bad_request_before_a_malformed_id_is_not_found() {
    let quoted = "{\"detail\":\"“no pe” is not a valid UUID.\"}";
    assert_eq!(answer("/documents/no%20pe/nope").await, (400, quoted.to_owned()));
    assert_eq!(answer(&format!("/documents/{ID}/nope")).await, (404, r#"{"detail":"Not found."}"#.to_owned()));
}

#[tokio::test]
async fn what_is_no_number_is_not_found() {
    for number in ["x", "1.5", "9223372036854775808"] {
        let not_found = (404, r#"{"detail":"Not found."}"#.to_owned());
        assert_eq!(answer(&format!("/feedback/a/b/{number}")).await, not_found, "{number}");
    }
}

#[tokio::test]
async fn a_malformed_id_of_a_path_of_ours_is_a_problem_wherever_it_is() {
    for path in [format!("/keys/{ID}/nope"), format!("/keys/nope/{ID}")] {
        let (status, body) = answer(&path).await;
        assert!(status == 404 && body.contains(r#""type":"about:blank""#), "{body}");
    }
}

#[tokio::test]
async fn what_is_no_text_is_not_found() {
    assert_eq!(answer("/users/%ff").await, (404, r#"{"detail":"Not found."}"#.to_owned()));
}

#[tokio::test]
async fn a_handler_may_do_something_before_it_refuses_a_malformed_id() {
    assert_eq!(answer("/counted/nope").await, (200, "counted".to_owned()));
    assert_eq!(answer(&format!("/counted/{ID}")).await, (200, ID.to_owned()));
}

#[tokio::test]
async fn a_handler_that_does_not_take_just_the_segments_of_its_path_is_an_internal_error() {
    assert_eq!(answer("/too/a/b").await.0, 500);
    assert_eq!(answer(&format!("/too/{ID}")).await.0, 500);
}
