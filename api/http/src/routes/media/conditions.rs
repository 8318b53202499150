//! Conditional requests and range requests (RFC 9110).

use std::ops::Range;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use chrono::{DateTime, NaiveDateTime, Utc};
use ports::MediaInfo;

/// The format of an HTTP date, which has no fractions of a second.
const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// The validators by which a client tells that it has a file already.
pub(super) struct Validators {
    etag: String,
    modified_at: DateTime<Utc>,
}

/// The part of a file that is requested.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    /// Not empty.
    Some(Range<u64>),
    Unsatisfiable,
}

impl Validators {
    pub(super) fn of(info: &MediaInfo) -> Self {
        // The bytes of a name never change, so time and size are enough for an entity tag.
        let etag = format!("\"{:x}-{:x}\"", info.modified_at.timestamp(), info.size);
        Self { etag, modified_at: info.modified_at }
    }

    pub(super) fn describe(&self, headers: &mut HeaderMap) {
        for (name, text) in
            [(header::ETAG, self.etag.clone()), (header::LAST_MODIFIED, self.modified_at.format(HTTP_DATE).to_string())]
        {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(name, value);
            }
        }
    }

    /// Returns whether the client has the file already (`If-None-Match`, else `If-Modified-Since`).
    pub(super) fn are_known(&self, headers: &HeaderMap) -> bool {
        if headers.contains_key(header::IF_NONE_MATCH) {
            // Several lines are one list.
            let lines = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
            let mut tags = lines.flat_map(|line| line.split(',')).map(str::trim);
            return tags.any(|tag| tag == "*" || tag.trim_start_matches("W/") == self.etag);
        }
        text(headers, header::IF_MODIFIED_SINCE).is_some_and(|since| self.was_there_at(since))
    }

    fn was_there_at(&self, since: &str) -> bool {
        date(since).is_some_and(|since| self.modified_at.timestamp() <= since)
    }

    /// Returns the requested part of a file of `size` bytes. Several ranges, and anything but a range of bytes, are
    /// answered with the whole file.
    pub(super) fn part(&self, headers: &HeaderMap, size: u64) -> Part {
        let Some(ranges) = text(headers, header::RANGE) else {
            return Part::Whole;
        };
        let is_same = text(headers, header::IF_RANGE)
            .is_none_or(|known| known == self.etag || date(known) == Some(self.modified_at.timestamp()));
        if !is_same {
            return Part::Whole;
        }
        range(ranges, size)
    }
}

/// The seconds since 1970 of an HTTP date.
fn date(text: &str) -> Option<i64> {
    NaiveDateTime::parse_from_str(text, HTTP_DATE).ok().map(|date| date.and_utc().timestamp())
}

fn range(header: &str, size: u64) -> Part {
    let Some((first, last)) = header.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-')) else {
        return Part::Whole;
    };
    let range = match (number(first), number(last)) {
        _ if last.contains(',') => return Part::Whole,
        (Some(first), Some(last)) if first > last => return Part::Whole,
        (Some(first), Some(last)) => first..last.saturating_add(1).min(size),
        (Some(first), None) if last.is_empty() => first..size,
        (None, Some(count)) if first.is_empty() => size.saturating_sub(count)..size,
        _ => return Part::Whole,
    };
    if range.is_empty() { Part::Unsatisfiable } else { Part::Some(range) }
}

/// Parses digits; a number that is too large becomes `u64::MAX`.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_to_the_file() {
        for (header, expected) in [
            ("bytes=0-3", 0..4),
            ("bytes=2-", 2..10),
            ("bytes=-3", 7..10),
            ("bytes=-30", 0..10),
            ("bytes=9-99999999999999999999", 9..10),
        ] {
            assert_eq!(range(header, 10), Part::Some(expected), "{header}");
        }
    }

    #[test]
    fn what_lies_behind_the_end_cannot_be_given() {
        for (header, size) in
            [("bytes=10-", 10), ("bytes=10-12", 10), ("bytes=-0", 10), ("bytes=0-", 0), ("bytes=-1", 0)]
        {
            assert_eq!(range(header, size), Part::Unsatisfiable, "{header}");
        }
    }

    #[test]
    fn what_is_no_single_range_of_bytes_asks_for_the_whole_file() {
        for header in
            ["bytes=0-1,3-4", "bytes=3-1", "bytes=-", "bytes=a-b", "lines=1-2", "bytes", "bytes=+1-2", "bytes=1-2x", ""]
        {
            assert_eq!(range(header, 10), Part::Whole, "{header}");
        }
    }

    #[test]
    fn a_client_that_has_the_file_needs_no_other() {
        let modified_at = DateTime::from_timestamp(1_790_000_000, 500_000_000).expect("a point in time");
        let validators = Validators::of(&MediaInfo { size: 10, modified_at });
        let mut described = HeaderMap::new();
        validators.describe(&mut described);
        assert_eq!(described[header::LAST_MODIFIED], "Mon, 21 Sep 2026 14:13:20 GMT");
        let known = |name: HeaderName, value: &str| {
            let headers = HeaderMap::from_iter([(name, HeaderValue::from_str(value).expect("a header's value"))]);
            validators.are_known(&headers)
        };
        let etag = described[header::ETAG].to_str().expect("text");
        assert!(known(header::IF_NONE_MATCH, etag) && known(header::IF_NONE_MATCH, &format!("\"x\", W/{etag}")));
        assert!(known(header::IF_NONE_MATCH, "*") && !known(header::IF_NONE_MATCH, "\"x\""));
        let mut in_two_lines = HeaderMap::new();
        for tag in ["\"x\"", etag] {
            in_two_lines.append(header::IF_NONE_MATCH, HeaderValue::from_str(tag).expect("a header's value"));
        }
        assert!(validators.are_known(&in_two_lines));
        assert!(known(header::IF_MODIFIED_SINCE, "Mon, 21 Sep 2026 14:13:20 GMT"));
        assert!(!known(header::IF_MODIFIED_SINCE, "Mon, 21 Sep 2026 14:13:19 GMT"));
        assert!(!known(header::IF_MODIFIED_SINCE, "yesterday"));
    }
}
