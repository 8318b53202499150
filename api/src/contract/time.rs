//! Points in time on the wire: UTC with six digits of the second, or none if they are all zero.

use chrono::{DateTime, Timelike, Utc};
use serde::{Serialize, Serializer};

/// A point in time, as views show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub DateTime<Utc>);

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(&self.0, serializer)
    }
}

/// For `#[serde(serialize_with = "..")]` on a field.
pub fn serialize<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&text(at))
}

/// The point in time as text.
pub fn text(at: &DateTime<Utc>) -> String {
    let format = if at.nanosecond() / 1_000 == 0 {
        "%Y-%m-%dT%H:%M:%SZ"
    } else {
        "%Y-%m-%dT%H:%M:%S%.6fZ"
    };
    at.format(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> String {
        text(&DateTime::from_timestamp_micros(micros).expect("within range"))
    }

    #[test]
    fn microseconds_have_six_digits() {
        assert_eq!(at(1_795_338_151_906_984), "2026-11-22T09:02:31.906984Z");
        assert_eq!(at(1_795_338_151_000_100), "2026-11-22T09:02:31.000100Z");
    }

    #[test]
    fn a_whole_second_has_no_fraction() {
        assert_eq!(at(1_795_338_151_000_000), "2026-11-22T09:02:31Z");
    }

    #[test]
    fn a_view_shows_it_as_text() {
        let shown = serde_json::to_string(&Timestamp(DateTime::UNIX_EPOCH));
        assert_eq!(shown.expect("serialisable"), "\"1970-01-01T00:00:00Z\"");
    }
}
