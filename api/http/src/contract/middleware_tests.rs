use super::*;
use axum::{body::Body, routing::get};
use http_body_util::BodyExt;
use tower::ServiceExt;

async fn broken() -> StatusCode {
    panic!("said in the panic")
}

fn app() -> Router {
    finish(
        Router::new()
            .route("/api/projects", get(|| async { "[]" }))
            .route("/api/broken", get(broken))
            .route("/media/{name}", get(|| async { "file" })),
        AllowedHosts::default(),
    )
}

async fn send(method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Request::builder().method(method).uri(path).header("host", "ayushma.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).expect("a request");
    app().oneshot(request).await.expect("infallible")
}

async fn body(response: Response) -> String {
    let bytes = response.into_body().collect().await.expect("whole").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}

const ORIGIN: (&str, &str) = ("origin", "https://ayushma.example");
const PREFLIGHT: (&str, &str) = ("access-control-request-method", "PATCH");

#[tokio::test]
async fn every_answer_echoes_the_origin() {
    for path in ["/api/projects", "/api/nowhere", "/api/broken", "/api/projects/%00"] {
        let response = send("GET", path, &[ORIGIN]).await;
        let headers = response.headers();
        assert_eq!(headers["access-control-allow-origin"], ORIGIN.1, "{path}");
        assert_eq!(headers["access-control-allow-credentials"], "true");
        assert_eq!(headers["vary"], "Accept, Accept-Language, origin");
    }
}

#[tokio::test]
async fn nobody_keeps_an_answer_of_the_api() {
    for path in ["/api/projects", "/api/nowhere", "/api/broken"] {
        assert_eq!(send("GET", path, &[]).await.headers()["cache-control"], "no-store", "{path}");
    }
    assert!(!send("GET", "/media/a.pdf", &[]).await.headers().contains_key("cache-control"));
}

#[tokio::test]
async fn a_host_that_is_named_twice_is_refused() {
    let response = send("GET", "/api/projects", &[ORIGIN, ("host", "evil.example")]).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(response.headers()["access-control-allow-origin"], ORIGIN.1);
    assert_eq!(body(response).await, r#"{"detail":"The request's host is named more than once."}"#);
}

#[tokio::test]
async fn without_an_origin_there_is_no_cors() {
    let response = send("GET", "/api/projects", &[]).await;
    assert!(!response.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn media_may_be_used_by_any_page_even_if_it_was_first_asked_for_without_an_origin() {
    assert_eq!(send("GET", "/media/a.pdf", &[]).await.headers()["access-control-allow-origin"], "*");
    let response = send("GET", "/media/a.pdf", &[ORIGIN]).await;
    assert_eq!(response.headers()["access-control-allow-origin"], ORIGIN.1);
    assert_eq!(response.headers()["cross-origin-resource-policy"], "cross-origin");
}

#[tokio::test]
async fn browsers_are_told_to_stay_with_https_only_when_they_came_by_it() {
    for path in ["/api/projects", "/api/nowhere", "/api/broken", "/media/a.pdf"] {
        let secure = send("GET", path, &[("x-forwarded-proto", "https")]).await;
        assert_eq!(secure.headers()["strict-transport-security"], "max-age=31536000", "{path}");
        let plain = send("GET", path, &[]).await;
        assert!(!plain.headers().contains_key("strict-transport-security"), "{path}");
    }
}

#[tokio::test]
async fn a_preflight_from_nowhere_allows_nothing() {
    let response = send("OPTIONS", "/api/projects", &[PREFLIGHT]).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(!response.headers().contains_key("access-control-allow-headers"));
}

#[tokio::test]
async fn a_preflight_of_any_path_is_empty_and_allows_what_the_front_end_sends() {
    for path in ["/api/projects", "/api/nowhere", "/", "/media/a.pdf", "/api/%00", "/%ff"] {
        let response = send("OPTIONS", path, &[ORIGIN, PREFLIGHT]).await;
        assert_eq!(response.status(), StatusCode::OK);
        let headers = response.headers();
        assert_eq!(headers["access-control-allow-origin"], ORIGIN.1);
        assert_eq!(headers["access-control-max-age"], "86400");
        assert_eq!(headers["access-control-allow-methods"], "DELETE, GET, OPTIONS, PATCH, POST, PUT");
        let allowed = headers["access-control-allow-headers"].to_str().expect("ASCII");
        for name in [
            "accept",
            "authorization",
            "content-type",
            "user-agent",
            "x-csrftoken",
            "x-requested-with",
            "sentry-trace",
            "baggage",
            "OpenAI-Key",
            "X-API-KEY",
            "Idempotency-Key",
            "Last-Event-ID",
            "X-Consistency-Token",
            "X-Access-Reason",
        ] {
            assert!(allowed.split(", ").any(|known| known == name), "{name}");
        }
        assert_eq!(body(response).await, "");
    }
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    for path in ["/api/projects", "/api/nowhere", "/api/broken"] {
        let response = send("GET", path, &[]).await;
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("content-language", "en"),
        ] {
            assert_eq!(response.headers()[name], value, "{path}");
        }
    }
}

#[tokio::test]
async fn media_may_be_framed() {
    let response = send("GET", "/media/a.pdf?r=1", &[]).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(!response.headers().contains_key("x-frame-options"));
}

#[tokio::test]
async fn unknown_paths_and_trailing_slashes_are_not_found() {
    for path in ["/", "/api", "/api/projects/", "/api/a%00b", "/api/%ff"] {
        let response = send("GET", path, &[]).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(body(response).await, r#"{"detail":"Not found."}"#);
    }
}

#[tokio::test]
async fn a_panic_is_a_server_error_that_says_nothing() {
    let response = send("GET", "/api/broken", &[]).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let said = r#"{"detail":"A server error occurred.","non_field_errors":["A server error occurred."]}"#;
    assert_eq!(body(response).await, said);
}

#[tokio::test]
async fn requests_have_ids_of_their_own() {
    let first = send("GET", "/api/projects", &[]).await;
    let second = send("GET", "/api/projects", &[]).await;
    assert_ne!(first.headers()["x-request-id"], second.headers()["x-request-id"]);
}

/// A log writer that keeps the output in memory.
#[derive(Clone, Default)]
struct Log(std::sync::Arc<parking_lot::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_stranger_does_not_fill_the_log_with_long_names_of_methods() {
    let log = Log::default();
    let kept = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || kept.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    for method in ["PATCH", &"A".repeat(60_000)] {
        send(method, "/api/projects", &[]).await;
    }
    let log = String::from_utf8(log.0.lock().clone()).expect("text");
    assert!(log.contains("method=\"PATCH\"") && log.contains("method=\"other\""), "{log}");
    assert!(log.len() < 2_000, "{} bytes were logged", log.len());
}

#[tokio::test]
async fn a_compressed_body_is_not_taken_for_what_it_encodes() {
    for (coding, status) in [("gzip, chunked", 501), ("gzip", 501), ("Chunked", 200)] {
        let response = send("GET", "/api/projects", &[("transfer-encoding", coding)]).await;
        assert_eq!(response.status().as_u16(), status, "{coding}");
    }
}
