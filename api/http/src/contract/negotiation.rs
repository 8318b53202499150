//! Content negotiation: whether the client accepts JSON or event streams, which is all that is served.

use axum::http::{Uri, header, request::Parts};

use super::{paging::ListQuery, problem::ApiError};

/// The media ranges that are accepted. HTML is among them because the original served HTML pages that only decorated
/// the JSON.
const SERVED: [&str; 6] = ["*/*", "application/*", "application/json", "text/*", "text/html", "text/event-stream"];
const FORMATS: [&str; 2] = ["json", "api"];

/// Checks that the client accepts what is served.
///
/// # Errors
/// 404 if `?format=` names an unknown format, 406 if `Accept` names no media range that is served.
pub(super) fn check(parts: &Parts) -> Result<(), ApiError> {
    if !has_format(&parts.uri) {
        return Err(ApiError::not_found());
    }
    let accepted: Vec<&str> =
        parts.headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let is_served = |range: &str| {
        let name = range.split(';').next().unwrap_or(range).trim();
        name.is_empty() || SERVED.iter().any(|served| served.eq_ignore_ascii_case(name))
    };
    if accepted.is_empty() || accepted.iter().flat_map(|value| value.split(',')).any(is_served) {
        Ok(())
    } else {
        Err(ApiError::not_acceptable())
    }
}

fn has_format(uri: &Uri) -> bool {
    ListQuery::of(uri).get("format").is_none_or(|format| FORMATS.contains(&format))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn status(uri: &str, accept: Option<&str>) -> Option<u16> {
        let request = Request::builder().uri(uri);
        let request = accept.into_iter().fold(request, |request, accept| request.header(header::ACCEPT, accept));
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        match check(&parts) {
            Ok(()) => None,
            Err(ApiError::Detail { status, .. }) => Some(status.as_u16()),
            Err(error) => panic!("{error:?}"),
        }
    }

    #[test]
    fn what_browsers_and_the_front_end_send_is_served() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for accept in [browser, "application/json", "application/json, text/event-stream", "Application/JSON; q=1", ""]
        {
            assert_eq!(status("/api/projects", Some(accept)), None, "{accept}");
        }
        assert_eq!(status("/api/projects?format=json&limit=1", None), None);
        assert_eq!(status("/api/projects?format=", None), None);
    }

    #[test]
    fn other_forms_are_not_there() {
        assert_eq!(status("/api/projects", Some("application/xml, image/png")), Some(406));
        assert_eq!(status("/api/projects?format=xml", Some("*/*")), Some(404));
    }
}
