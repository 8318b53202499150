use domain::wording::error_chain;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

use super::*;

async fn server(pages: &[(&str, ResponseTemplate)]) -> MockServer {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = MockServer::builder().start().await;
    for (place, answer) in pages {
        Mock::given(method("GET")).and(path(*place)).respond_with(answer.clone()).mount(&server).await;
    }
    server
}

fn plain(text: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(text, "text/plain")
}

fn redirect(target: &str) -> ResponseTemplate {
    ResponseTemplate::new(302).insert_header("location", target)
}

/// The result of fetching an address when this server, and no other local one, is allowed.
async fn fetched(server: &MockServer, address: &str) -> Result<String, PageError> {
    let allowed = Reachable::parse(&server.address().to_string()).expect("an address");
    let page = GuardedWebPages::new(vec![allowed]).fetch(address).await?;
    Ok(String::from_utf8(page.bytes).expect("text"))
}

#[tokio::test]
async fn a_page_that_is_allowed_is_fetched_also_by_a_name_and_after_redirects() -> Result<(), PageError> {
    let server = server(&[("/a", plain("zinc")), ("/b", redirect("/a")), ("/c", redirect("b#part"))]).await;
    let port = server.address().port();
    for address in
        [format!("{}/a", server.uri()), format!(" http://localhost:{port}/a "), format!("{}/c", server.uri())]
    {
        assert_eq!(fetched(&server, &address).await?, "zinc", "{address}");
    }
    Ok(())
}

#[tokio::test]
async fn local_addresses_are_refused_in_every_spelling() {
    let server = server(&[("/", plain("secret"))]).await;
    let port = server.address().port();
    let hosts = [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "０x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",
        "0",
        "user:word@127.0.0.1",
        "169.254.169.254",
        "[fd00:ec2::254]",
    ];
    for host in hosts {
        let result = GuardedWebPages::new(vec![]).fetch(&format!("http://{host}:{port}/")).await;
        assert!(matches!(result, Err(PageError::Forbidden | PageError::Unreachable(_))), "{host}: {result:?}");
    }
    assert!(server.received_requests().await.is_some_and(|requests| requests.is_empty()));
}

#[tokio::test]
async fn a_redirect_to_what_is_not_allowed_is_refused() {
    let secret = server(&[("/", plain("secret"))]).await;
    let other_schemes = ["file:///etc/passwd", "ftp://127.0.0.1/", "http://", "data:text/plain,x"];
    for target in [secret.uri(), format!("http://localhost:{}/", secret.address().port())] {
        let open = server(&[("/", redirect(&target))]).await;
        let result = fetched(&open, &open.uri()).await;
        assert!(matches!(result, Err(PageError::Forbidden)), "{target}: {result:?}");
    }
    for target in other_schemes {
        let open = server(&[("/", redirect(target))]).await;
        let result = fetched(&open, &open.uri()).await;
        assert!(matches!(result, Err(PageError::BadAddress)), "{target}: {result:?}");
    }
    assert!(secret.received_requests().await.is_some_and(|requests| requests.is_empty()));
}

#[test]
fn a_name_inside_our_network_is_told_like_one_that_does_not_exist() {
    let pages = GuardedWebPages::new(vec![]);
    let said = |host: &str, found: io::Result<Vec<&str>>| {
        let url = Url::parse(&format!("http://{host}/")).expect("an address");
        let found = found.map(|found| found.into_iter().map(|it| it.parse().expect("an address")).collect());
        let error = pages.reachable(&url, host, found).expect_err("it may not be reached");
        (error_chain(&error), error.is_transient())
    };
    let unknown =
        said("no.such.name", Err(io::Error::other("failed to lookup address information: Name or service not known")));
    for inside in ["10.1.2.3:80", "169.254.169.254:80", "127.0.0.1:80"] {
        assert_eq!(said("db.internal", Ok(vec![inside])), unknown);
    }
    assert_eq!(said("empty.example", Ok(vec![])), unknown);
    // An IP address in the request reveals nothing new, and the name of this machine is the same everywhere.
    for known in ["10.1.2.3", "localhost", "x.localhost"] {
        assert_ne!(said(known, Ok(vec!["10.1.2.3:80"])), unknown);
    }
}

#[tokio::test]
async fn a_name_that_does_not_exist_takes_as_long_as_one_inside_our_network() {
    let started = Instant::now();
    let result = GuardedWebPages::new(vec![]).fetch("http://no-such-name.invalid/").await;
    assert!(matches!(result, Err(PageError::Unreachable(_))), "{result:?}");
    assert!(started.elapsed() >= LOOKUP_TIME);
}

#[tokio::test]
async fn redirects_come_to_an_end() {
    let server = server(&[("/", redirect("/"))]).await;
    assert!(matches!(fetched(&server, &server.uri()).await, Err(PageError::TooManyRedirects)));
    assert_eq!(server.received_requests().await.map(|requests| requests.len()), Some(MAX_REDIRECTS + 1));
}

#[tokio::test]
async fn what_is_no_web_address_is_no_web_address() {
    for address in [
        "",
        "zinc",
        "example.com/page",
        "http://",
        "file:///etc/passwd",
        "javascript:1",
        "http://a b/",
        "http://x:99999/",
    ] {
        let result = GuardedWebPages::new(vec![]).fetch(address).await;
        assert!(matches!(result, Err(PageError::BadAddress)), "{address}: {result:?}");
    }
}

#[tokio::test]
async fn pages_that_are_too_large_or_compressed_or_refused_say_so() {
    let large = ResponseTemplate::new(200).set_body_raw(vec![b'a'; MAX_BYTES + 1], "text/plain");
    let pages = [
        ("/large", large),
        ("/zipped", plain("x").insert_header("content-encoding", "gzip")),
        ("/down", ResponseTemplate::new(503)),
    ];
    let server = server(&pages).await;
    let result = async |place: &str| fetched(&server, &format!("{}{place}", server.uri())).await;
    assert!(matches!(result("/large").await, Err(PageError::TooLarge)));
    assert!(matches!(result("/zipped").await, Err(PageError::Compressed)));
    let missing = result("/missing").await.expect_err("it is not there");
    assert!(matches!(missing, PageError::Status(404)) && !missing.is_transient());
    assert!(result("/down").await.expect_err("it is down").is_transient());
}

#[tokio::test]
async fn a_page_comes_with_what_the_server_and_the_address_say_of_it() -> Result<(), PageError> {
    let server =
        server(&[("/guides/burns.pdf", ResponseTemplate::new(200).set_body_raw("%PDF", "application/pdf"))]).await;
    let allowed = Reachable::parse(&server.address().to_string()).expect("an address");
    let page = GuardedWebPages::new(vec![allowed]).fetch(&format!("{}/guides/burns.pdf?page=2", server.uri())).await?;
    let hints = FileHints { name: Some("burns.pdf".to_owned()), content_type: Some("application/pdf".to_owned()) };
    assert_eq!(page, Page { bytes: b"%PDF".to_vec(), hints });
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable_for_now() {
    let _ = server(&[]).await;
    let allowed = Reachable::parse("127.0.0.1").expect("an address");
    let fetched = GuardedWebPages::new(vec![allowed]).fetch("http://127.0.0.1:1/").await;
    let error = fetched.expect_err("nobody listens");
    assert!(matches!(error, PageError::Unreachable(_)) && error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn an_address_is_not_repeated_by_the_error_of_its_server() {
    let _ = server(&[]).await;
    let pages = GuardedWebPages::new(vec![Reachable::parse("127.0.0.1").expect("an address")]);
    let failure = pages.fetch("http://user:hunter2@127.0.0.1:1/?token=s3cret").await;
    let said = error_chain(&failure.expect_err("nobody listens"));
    assert!(!said.contains("hunter2") && !said.contains("s3cret"), "{said}");
}
