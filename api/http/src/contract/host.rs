//! Checks the host of a request: named once, well-formed, and allowed.
//!
//! The host becomes a part of links in answers, so a request must not be able to put another site or markup there.

use std::{net::Ipv6Addr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, Version, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::problem::ApiError;

const MAX_NAME_CHARS: usize = 253;

/// The allowed host names in lower case; a name that begins with a dot allows its subdomains, too. An empty list allows
/// any host.
pub type AllowedHosts = Arc<[String]>;

pub(super) async fn check(State(allowed): State<AllowedHosts>, mut request: Request, next: Next) -> Response {
    let host = match host(&request) {
        Ok(host) => host,
        Err(refusal) => return refusal.into_response(),
    };
    if let Some(host) = host {
        // Monitoring calls the process by its IP address.
        let is_watched = request.uri().path().starts_with("/health/");
        if !is_watched && host.to_str().is_ok_and(|host| !is_allowed(host, &allowed)) {
            let detail = "This server does not answer for the host of the request.";
            return ApiError::detail(StatusCode::BAD_REQUEST, detail).into_response();
        }
        request.headers_mut().insert(header::HOST, host);
    }
    next.run(request).await
}

/// Returns the host of a request, by RFC 9112 3.2 and RFC 9113 8.3.1. Only HTTP/1.0 may leave it out.
fn host(request: &Request) -> Result<Option<HeaderValue>, ApiError> {
    let malformed = |what: &str| ApiError::detail(StatusCode::BAD_REQUEST, format!("The request's host is {what}."));
    let mut lines = request.headers().get_all(header::HOST).iter();
    let (line, second) = (lines.next(), lines.next());
    if second.is_some() {
        return Err(malformed("named more than once"));
    }
    let authority = request.uri().authority().map(Authority::as_str);
    let is_http2 = request.version() == Version::HTTP_2;
    match (line, authority) {
        (Some(line), Some(authority)) if is_http2 && !line.as_bytes().eq_ignore_ascii_case(authority.as_bytes()) => {
            return Err(malformed("named in two ways"));
        }
        (None, _) if request.version() == Version::HTTP_11 => return Err(malformed("missing")),
        (None, None) if is_http2 => return Err(malformed("missing")),
        (None, None) => return Ok(None),
        _ => {}
    }
    // The authority of the request target takes precedence over the Host header.
    let host = authority.map(HeaderValue::from_str).or(line.cloned().map(Ok));
    let host = host.and_then(Result::ok).ok_or_else(|| malformed("malformed"))?;
    match host.to_str() {
        Ok(text) if is_host(text) => Ok(Some(host)),
        Ok(_) | Err(_) => Err(malformed("malformed")),
    }
}

/// Returns whether the text is a name or an address, with or without a port.
fn is_host(text: &str) -> bool {
    let Some((name, port)) = split(text) else { return false };
    let is_name = !name.is_empty()
        && name.len() <= MAX_NAME_CHARS
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && (port.is_empty() || port.parse::<u16>().is_ok());
    is_port && (is_name || name.parse::<Ipv6Addr>().is_ok())
}

/// Splits a host into the name, without brackets, and the port, which is empty if there is none.
fn split(text: &str) -> Option<(&str, &str)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (name, rest) = rest.split_once(']')?;
        let is_address = name.contains(':');
        let port = if rest.is_empty() { Some("") } else { rest.strip_prefix(':') };
        return port.filter(|_| is_address).map(|port| (name, port));
    }
    let (name, port) = text.split_once(':').unwrap_or((text, ""));
    // Only an address in brackets may contain colons.
    (!port.contains(':')).then_some((name, port))
}

fn is_allowed(host: &str, allowed: &[String]) -> bool {
    let Some((name, _)) = split(host) else { return false };
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let fits = |known: &String| match known.strip_prefix('.') {
        Some(domain) => name == domain || name.ends_with(known.as_str()),
        None => name == *known,
    };
    allowed.is_empty() || allowed.iter().any(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[test]
    fn a_host_is_a_name_or_an_address_with_a_port_or_without() {
        for good in
            ["ayushma.example", "127.0.0.1:8000", "[::1]:8000", "[2001:db8::1]", "my_api:80", "xn--nxasmq6b.example."]
        {
            assert!(is_host(good), "{good}");
        }
        for bad in [
            "",
            ":80",
            "a b",
            "a/b",
            "a\"onload=x",
            "user@host",
            "a:b",
            "a:99999",
            "::1",
            "[::1",
            "[::1]x",
            "[name]",
            "a:1:2",
            "<b>",
            "a%00",
            "a\\b",
            "é",
        ] {
            assert!(!is_host(bad), "{bad}");
        }
        assert!(!is_host(&"a".repeat(254)));
    }

    #[test]
    fn a_name_is_allowed_by_itself_or_by_its_domain() {
        let allowed = ["ayushma.example".to_owned(), ".clinic.example".to_owned()];
        for good in ["ayushma.example", "AYUSHMA.example:443", "clinic.example", "ward.clinic.example."] {
            assert!(is_allowed(good, &allowed), "{good}");
        }
        for bad in ["ward.ayushma.example", "notclinic.example", "clinic.example.evil.example", "10.0.0.1"] {
            assert!(!is_allowed(bad, &allowed), "{bad}");
        }
        assert!(is_allowed("anything", &[]));
    }

    #[test]
    fn over_http_2_the_authority_is_the_host() {
        let request = |host: Option<&str>| {
            let mut request = Request::builder().version(Version::HTTP_2).uri("http://ayushma.example/api/projects");
            if let Some(host) = host {
                request = request.header("host", host);
            }
            request.body(Body::empty()).expect("a request")
        };
        let seen = host(&request(None)).expect("well-formed").expect("named");
        assert_eq!(seen, "ayushma.example");
        assert!(host(&request(Some("evil.example"))).is_err());
    }
}
