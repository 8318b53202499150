//! The content type of a file, by its name: the content of uploads is not inspected.
//!
//! Only the types that are listed here, which browsers just display, are served as what they are. Some program might
//! run a file of another type, so it is served as plain bytes.

use axum::http::{HeaderMap, HeaderValue, header};
use mime_guess::Mime;

/// The `Content-Security-Policy` for uploaded pages: they are shown with an opaque origin, and nothing in them runs.
pub(super) const SANDBOX: HeaderValue =
    HeaderValue::from_static("sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'");

/// Types of documents, which another program opens, if any.
const DOCUMENTS: [&str; 8] = [
    "application/pdf",
    "application/msword",
    "application/rtf",
    "application/epub+zip",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.oasis.opendocument",
    "application/vnd.openxmlformats-officedocument",
];
/// Subtypes of `text` that are served as they are. Others, such as scripts, are served as plain text.
const TEXTS: [&str; 4] = ["plain", "markdown", "csv", "tab-separated-values"];
const SCRIPTS: [&str; 4] = ["javascript", "ecmascript", "x-javascript", "jscript"];
const BYTES: &str = "application/octet-stream";

/// Adds the content type. Pages and drawings in HTML or XML get a sandbox, in which no script runs; unknown types are
/// served as bytes, which browsers do not show.
pub(super) fn describe(name: &str, headers: &mut HeaderMap) {
    let guess = mime_guess::from_path(name).first_or_octet_stream();
    let (media_type, is_in_sandbox) = served_as(&guess);
    if is_in_sandbox {
        headers.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    }
    let media_type = HeaderValue::try_from(media_type).unwrap_or(HeaderValue::from_static(BYTES));
    headers.insert(header::CONTENT_TYPE, media_type);
}

fn served_as(guess: &Mime) -> (String, bool) {
    let (top, sub, essence) = (guess.type_().as_str(), guess.subtype().as_str(), guess.essence_str());
    let is_xml = sub == "xml" || guess.suffix().is_some_and(|suffix| suffix.as_str() == "xml");
    let is_document = || {
        let kinds = DOCUMENTS.iter().filter_map(|known| essence.strip_prefix(known));
        kinds.into_iter().any(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    match top {
        "text" if sub == "html" || is_xml => (format!("{essence}; charset=utf-8"), true),
        "text" if TEXTS.contains(&sub) => (format!("{essence}; charset=utf-8"), false),
        "text" => ("text/plain; charset=utf-8".to_owned(), false),
        "application" if SCRIPTS.contains(&sub) => ("text/plain; charset=utf-8".to_owned(), false),
        "image" | "application" if is_xml => (essence.to_owned(), true),
        "image" | "audio" | "video" => (essence.to_owned(), false),
        "application" if is_document() => (essence.to_owned(), false),
        _ => (BYTES.to_owned(), true),
    }
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
            ("a.doc", "application/msword"),
            ("a.xls", "application/vnd.ms-excel"),
            ("a.odt", "application/vnd.oasis.opendocument.text"),
            ("a.epub", "application/epub+zip"),
            ("a.csv", "text/csv; charset=utf-8"),
            ("a.webm", "video/webm"),
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

    #[test]
    fn what_some_program_may_run_is_bytes_in_a_sandbox() {
        for name in ["a.mht", "a.mhtml", "a.hta", "a.swf", "a.wasm", "a.php", "a.exe", "a.jar", "a.unknown", "a"] {
            assert_eq!(described(name), (BYTES.to_owned(), true), "{name}");
        }
    }
}
