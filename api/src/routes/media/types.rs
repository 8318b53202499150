//! What a file is, by its name: uploads are not looked into.

use axum::http::{HeaderMap, HeaderValue, header};

/// Lets a page of ours that somebody has uploaded be shown, and nothing in it run: it is of no origin.
pub(super) const SANDBOX: HeaderValue =
    HeaderValue::from_static("sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'");

/// Adds the type. What a browser would run in our origin is shown without running, or as text.
pub(super) fn describe(name: &str, headers: &mut HeaderMap) {
    let guess = mime_guess::from_path(name).first_or_octet_stream();
    let (top, sub) = (guess.type_().as_str(), guess.subtype().as_str());
    let suffix = guess.suffix().map(|suffix| suffix.as_str());
    let is_script = matches!(sub, "javascript" | "ecmascript" | "x-javascript" | "jscript");
    let media_type = match (top, sub) {
        _ if is_script => "text/plain; charset=utf-8".to_owned(),
        ("text", _) => format!("{}; charset=utf-8", guess.essence_str()),
        _ => guess.essence_str().to_owned(),
    };
    let is_page = matches!(sub, "html" | "xml") || suffix == Some("xml");
    if is_page {
        headers.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    }
    let media_type = HeaderValue::try_from(media_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_TYPE, media_type);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(name: &str) -> (String, bool) {
        let mut headers = HeaderMap::new();
        describe(name, &mut headers);
        let text = headers[header::CONTENT_TYPE].to_str().expect("types are text").to_owned();
        (text, headers.contains_key(header::CONTENT_SECURITY_POLICY))
    }

    #[test]
    fn a_file_has_the_type_of_its_name() {
        for (name, expected) in [
            ("a.txt", "text/plain; charset=utf-8"),
            ("a.MD", "text/markdown; charset=utf-8"),
            ("a.pdf", "application/pdf"),
            ("a.b.png", "image/png"),
            ("a.jpeg", "image/jpeg"),
            ("a.mp3", "audio/mpeg"),
            ("a.wav", "audio/wav"),
            ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
            ("a.unknown", "application/octet-stream"),
            ("a", "application/octet-stream"),
        ] {
            assert_eq!(described(name), (expected.to_owned(), false), "{name}");
        }
    }

    #[test]
    fn what_could_run_is_shown_in_a_sandbox() {
        for (name, expected) in [
            ("a.html", "text/html; charset=utf-8"),
            ("a.HTM", "text/html; charset=utf-8"),
            ("a.svg", "image/svg+xml"),
            ("a.xhtml", "application/xhtml+xml"),
            ("a.xml", "text/xml; charset=utf-8"),
        ] {
            assert_eq!(described(name), (expected.to_owned(), true), "{name}");
        }
    }

    #[test]
    fn scripts_are_text() {
        for name in ["a.js", "a.mjs"] {
            assert_eq!(described(name).0, "text/plain; charset=utf-8", "{name}");
        }
    }
}
