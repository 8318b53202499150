//! The retention of records in the topics.

use std::{fmt, str::FromStr, time::Duration};

/// How long Kafka keeps records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    Forever,
    For(Duration),
}

/// The error for a text that is neither `forever` nor a number with `d` or `h`.
#[derive(Debug, thiserror::Error)]
#[error("`forever`, or a number of days or hours, such as 90d or 48h")]
pub struct RetentionError;

impl FromStr for Retention {
    type Err = RetentionError;

    fn from_str(text: &str) -> Result<Self, RetentionError> {
        if text.trim() == "forever" {
            return Ok(Self::Forever);
        }
        let days = text.trim().strip_suffix('d').map(|number| (number, 24));
        let (number, hours) =
            days.or_else(|| text.trim().strip_suffix('h').map(|number| (number, 1))).ok_or(RetentionError)?;
        let number: u32 = number.parse().ok().filter(|number| *number > 0).ok_or(RetentionError)?;
        Ok(Self::For(Duration::from_secs(u64::from(number) * hours * 3_600)))
    }
}

impl Retention {
    /// Returns the retention for a value of `retention.ms`; a negative one means forever.
    pub(crate) fn of_millis(millis: i64) -> Self {
        u64::try_from(millis).map_or(Self::Forever, |millis| Self::For(Duration::from_millis(millis)))
    }

    /// Returns the value of `retention.ms`: milliseconds, or `-1` for forever.
    pub(crate) fn millis(self) -> String {
        match self {
            Self::Forever => "-1".to_owned(),
            Self::For(time) => time.as_millis().to_string(),
        }
    }

    pub(crate) fn is_shorter_than(self, other: Self) -> bool {
        match (self, other) {
            (Self::Forever, _) => false,
            (Self::For(_), Self::Forever) => true,
            (Self::For(time), Self::For(other)) => time < other,
        }
    }
}

impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forever => f.write_str("forever"),
            Self::For(time) if time.as_secs().is_multiple_of(86_400) => write!(f, "{}d", time.as_secs() / 86_400),
            Self::For(time) => write!(f, "{:.1}h", time.as_secs_f64() / 3_600.0),
        }
    }
}
