//! The contract's format of points in time: UTC with six digits of the second's fraction, or none if it is exactly
//! zero.
//!
//! For serde: `#[serde(with = "timestamps")]`.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serializer;

/// The text of a point in time.
pub fn format(at: DateTime<Utc>) -> String {
    let digits = if at.timestamp_subsec_micros() == 0 { SecondsFormat::Secs } else { SecondsFormat::Micros };
    at.to_rfc3339_opts(digits, true)
}

/// The function that `#[serde(with = "timestamps")]` calls.
pub fn serialize<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(micros).expect("in range")
    }

    #[test]
    fn a_time_has_six_digits() {
        assert_eq!(format(at(1_795_338_151_906_984)), "2026-11-22T09:02:31.906984Z");
        assert_eq!(format(at(1_795_338_151_500_000)), "2026-11-22T09:02:31.500000Z");
    }

    #[test]
    fn a_full_second_has_no_fraction() {
        assert_eq!(format(at(1_795_338_151_000_000)), "2026-11-22T09:02:31Z");
    }
}
