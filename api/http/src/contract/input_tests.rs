use std::task::Poll;

use super::*;
use axum::response::IntoResponse;
use http_body_util::BodyExt;

fn unread(content_type: &str, body: impl Into<Body>) -> UnreadBody {
    let mut request = Request::builder().method("POST").uri("/");
    if !content_type.is_empty() {
        request = request.header(header::CONTENT_TYPE, content_type);
    }
    let limits =
        BodyLimits { json_bytes: 300_000, form_bytes: 300_000, upload_bytes: 500_000, ..BodyLimits::default() };
    UnreadBody::new(request.body(body.into()).expect("a request"), limits)
}

async fn answer(outcome: Result<Input, ApiError>) -> (u16, String) {
    let response = outcome.expect_err("refused").into_response();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.expect("whole").to_bytes();
    (status, String::from_utf8(bytes.to_vec()).expect("text"))
}

async fn read(content_type: &str, body: &str) -> Result<Input, ApiError> {
    unread(content_type, body.to_owned()).read().await
}

const BOUNDARY: &str = "multipart/form-data; boundary=x";

fn part(disposition: &str, content: &str) -> String {
    format!("--x\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{content}\r\n")
}

async fn multipart(parts: &[String]) -> Result<Input, ApiError> {
    read(BOUNDARY, &format!("{}--x--\r\n", parts.concat())).await
}

#[tokio::test]
async fn no_body_is_an_empty_object_whatever_its_type() {
    for content_type in ["", "application/json", "text/plain", BOUNDARY] {
        let input = read(content_type, "").await.expect("read");
        assert_eq!(input.text("title"), None);
    }
}

#[tokio::test]
async fn json_urlencoded_and_multipart_give_the_same_fields() {
    for (content_type, body) in [
        ("application/json", r#"{"title":"é b"}"#.to_owned()),
        ("Application/JSON; charset=utf-8", r#"{"title":"é b"}"#.to_owned()),
        ("application/x-www-form-urlencoded", "x=1&title=%C3%A9+b".to_owned()),
        (BOUNDARY, format!("{}--x--\r\n", part("name=\"title\"", "é b"))),
    ] {
        let input = read(content_type, &body).await.expect("read");
        assert_eq!(input.text("title"), Some("é b"), "{content_type}");
    }
}

#[tokio::test]
async fn the_last_of_repeated_keys_counts() {
    for (content_type, body) in
        [("application/json", r#"{"a":"1","a":"2"}"#), ("application/x-www-form-urlencoded", "a=1&a=2")]
    {
        let input = read(content_type, body).await.expect("read");
        assert_eq!(input.text("a"), Some("2"));
    }
}

#[tokio::test]
async fn json_that_is_no_object_is_named_by_its_type() {
    for (body, name) in [("[1]", "list"), ("\"a\"", "str"), ("1", "int"), ("1.5", "float"), ("true", "bool")] {
        let expected = format!(r#"{{"non_field_errors":["Invalid data. Expected a dictionary, but got {name}."]}}"#);
        assert_eq!(answer(read("application/json", body).await).await, (400, expected));
    }
}

#[tokio::test]
async fn null_is_no_data() {
    assert_eq!(
        answer(read("application/json", "null").await).await,
        (400, r#"{"non_field_errors":["No data provided"]}"#.to_owned())
    );
}

#[tokio::test]
async fn malformed_json_is_a_parse_error_with_its_place() {
    assert_eq!(
        answer(read("application/json", "{bad").await).await,
        (400, r#"{"detail":"JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"}"#.to_owned())
    );
}

#[tokio::test]
async fn a_title_that_was_cut_in_the_middle_of_an_emoji_is_taken() {
    let input = read("application/json", r#"{"title":"Zinc \ud83d","note":"\ud83d\ude00"}"#).await.expect("read");
    assert_eq!((input.text("title"), input.text("note")), (Some("Zinc \u{fffd}"), Some("\u{1f600}")));
    let (_, said) = answer(read("application/json", r#"{"title":"\ud83d" 1}"#).await).await;
    assert_eq!(said, r#"{"detail":"JSON parse error - Expecting ',' delimiter: line 1 column 19 (char 18)"}"#);
}

#[tokio::test]
async fn deeply_nested_json_is_refused() {
    let body = "{\"a\":".repeat(20_000);
    assert_eq!(
        answer(read("application/json", &body).await).await,
        (400, r#"{"detail":"JSON parse error - The value is nested too deeply"}"#.to_owned())
    );
}

#[tokio::test]
async fn other_content_types_are_refused_by_name() {
    assert_eq!(
        answer(read("text/plain", "hi").await).await,
        (415, r#"{"detail":"Unsupported media type \"text/plain\" in request."}"#.to_owned())
    );
    assert_eq!(answer(read("", "hi").await).await.0, 415);
}

#[tokio::test]
async fn multipart_only_refuses_json() {
    let outcome = unread("application/json", "{}").read_multipart().await;
    assert_eq!(
        answer(outcome).await,
        (415, r#"{"detail":"Unsupported media type \"application/json\" in request."}"#.to_owned())
    );
}

#[tokio::test]
async fn files_are_kept_apart_from_texts() {
    let file = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\dir/notes.txt\"\r\n\
                Content-Type: text/plain\r\n\r\nhello\r\n";
    let input = multipart(&[part("name=\"title\"", "T"), file.to_owned()]).await.expect("read");
    assert_eq!(input.text("title"), Some("T"));
    assert_eq!(input.text("file"), None);
    let upload = input.file("file").expect("a file");
    assert_eq!(upload.file_name, "notes.txt");
    assert_eq!(upload.content_type.as_deref(), Some("text/plain"));
    assert_eq!(&upload.bytes[..], b"hello");
}

#[tokio::test]
async fn a_text_called_file_is_no_file_and_an_empty_file_box_is_nothing() {
    let input = multipart(&[part("name=\"file\"", "undefined"), part("name=\"audio\"; filename=\"\"", "")])
        .await
        .expect("read");
    assert!(input.file("file").is_none());
    assert!(input.get("audio").is_none());
}

#[tokio::test]
async fn an_empty_multipart_form_has_no_fields() {
    let input = multipart(&[]).await.expect("read");
    assert!(input.is_form());
}

#[tokio::test]
async fn broken_multipart_is_a_parse_error() {
    let (status, body) = answer(read("multipart/form-data", "x").await).await;
    assert_eq!(
        (status, body.as_str()),
        (400, r#"{"detail":"Multipart form parse error - Invalid boundary in multipart"}"#)
    );
    for broken in [
        "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nno end",
        "rubbish",
        "--x\r\nrubbish\r\n\r\n\r\n--x--",
    ] {
        let (status, body) = answer(read(BOUNDARY, broken).await).await;
        assert_eq!(status, 400, "{broken}");
        assert!(body.starts_with(r#"{"detail":"Multipart form parse error - "#), "{body}");
    }
}

#[tokio::test]
async fn a_body_that_comes_at_once_between_two_looks_at_it_is_whole() {
    let body = format!("{}--x--\r\n", part("name=\"title\"", "Zinc"));
    let mut has_come = false;
    let mut body = Some(Bytes::from(body));
    let late = stream::poll_fn(move |context| {
        if !std::mem::replace(&mut has_come, true) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(body.take().map(Ok::<_, Infallible>))
    });
    let input = unread(BOUNDARY, Body::from_stream(late)).read().await.expect("read");
    assert_eq!(input.text("title"), Some("Zinc"));
}

#[tokio::test]
async fn bodies_are_bounded() {
    let long = "a".repeat(300_001);
    let json = format!("{{\"a\":\"{long}\"}}");
    assert_eq!(answer(read("application/json", &json).await).await.0, 413);
    let form = format!("a={long}");
    assert_eq!(answer(read("application/x-www-form-urlencoded", &form).await).await.0, 413);
    assert_eq!(answer(multipart(&[part("name=\"a\"", &long)]).await).await.0, 413);
    let file = part("name=\"f\"; filename=\"f\"", &"a".repeat(500_000));
    assert_eq!(
        answer(multipart(&[file]).await).await,
        (413, r#"{"detail":"The request body is too large."}"#.to_owned())
    );
}

#[tokio::test]
async fn a_file_may_be_longer_than_texts() {
    let file = part("name=\"f\"; filename=\"f\"", &"a".repeat(400_000));
    assert!(multipart(&[file]).await.is_ok());
}

#[tokio::test]
async fn more_than_a_thousand_form_fields_are_refused() {
    let form = |count: usize| {
        let pairs: Vec<_> = (0..count).map(|i| format!("f{i}=1")).collect();
        pairs.join("&")
    };
    let urlencoded = "application/x-www-form-urlencoded";
    assert!(read(urlencoded, &form(1_000)).await.is_ok());
    assert_eq!(answer(read(urlencoded, &form(1_001)).await).await.0, 400);
    let parts: Vec<_> = (0..1_001).map(|i| part(&format!("name=\"f{i}\""), "1")).collect();
    assert_eq!(answer(multipart(&parts).await).await.0, 400);
}

#[tokio::test]
async fn a_client_that_hangs_up_gets_an_error() {
    for content_type in ["application/json", "application/x-www-form-urlencoded", BOUNDARY] {
        let chunks = [Ok(part("name=\"a\"", "1")), Err(std::io::Error::other("connection reset"))];
        let body = Body::from_stream(futures::stream::iter(chunks));
        let (status, body) = answer(unread(content_type, body).read().await).await;
        assert_eq!(status, 400, "{content_type}: {body}");
    }
}

#[tokio::test]
async fn a_request_is_told_from_another_one_by_its_fields_and_from_its_repetition_by_none() {
    const FORM: &str = "application/x-www-form-urlencoded";
    let of = async |body| read(FORM, body).await.expect("read").fingerprint();
    let one = of("a=x&b=y").await;
    assert_eq!(one, of("b=y&a=x").await);
    for other in ["a=x", "a=x&b=z", "a=x&a=b&a=y", "a=x&b=y&b=y", "axby="] {
        assert_ne!(one, of(other).await, "{other}");
    }
}
