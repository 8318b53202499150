//! Retention: for how long each class of data has to be kept, and by when it has to be gone; what is due, and the proof
//! from the log that nothing was erased too early or kept too long.
//!
//! Nothing is deleted here; an erasure that would be too early is refused ([`kept_until`]). Only the log is read, and nothing of it that is encrypted, so that no key is needed.

mod items;
mod kept;

use std::{fmt, str::FromStr};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use strum::{IntoStaticStr, VariantArray};
use uuid::Uuid;

use self::items::{HoldTime, Item, holds, items};
pub use self::kept::{KeptUntil, kept_until};

/// The time that is left for an erasure when a legal hold has ended behind its last day.
const AFTER_A_HOLD: TimeDelta = TimeDelta::days(30);

/// A class of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum RetentionClass {
    /// Reasons in the record of accesses, which are text of whoever read. Counted from the access.
    AuditTrail,
    /// Text of chats. Counted from the last event of the chat.
    Content,
    /// Files of spoken answers. Counted from when they were made.
    Recordings,
    /// Passages and vectors of documents. Counted from the last version.
    Embeddings,
}

impl RetentionClass {
    /// The setting that has the rule of the class.
    pub const fn setting(self) -> &'static str {
        match self {
            Self::AuditTrail => "RETENTION_AUDIT_TRAIL",
            Self::Content => "RETENTION_CONTENT",
            Self::Recordings => "RETENTION_RECORDINGS",
            Self::Embeddings => "RETENTION_EMBEDDINGS",
        }
    }
}

/// How long a class is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RetentionRule {
    /// Nothing of it may be erased before this age.
    pub not_before: Option<TimeDelta>,
    /// All of it has to be erased at this age.
    pub not_after: Option<TimeDelta>,
}

/// The text is no [`RetentionRule`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedRule {
    #[error("expected not_before=…d, not_after=…d, or both with a comma between them")]
    Malformed,
    #[error("not_before is after not_after, so that nothing could be right")]
    Impossible,
}

impl FromStr for RetentionRule {
    type Err = MalformedRule;

    fn from_str(text: &str) -> Result<Self, MalformedRule> {
        let mut rule = Self::default();
        for part in text.split(',').map(str::trim) {
            let (name, days) = part.split_once('=').ok_or(MalformedRule::Malformed)?;
            let days = days.trim().strip_suffix('d').and_then(|days| days.parse::<u32>().ok());
            let age = TimeDelta::days(days.ok_or(MalformedRule::Malformed)?.into());
            let place = match name.trim() {
                "not_before" => &mut rule.not_before,
                "not_after" => &mut rule.not_after,
                _ => return Err(MalformedRule::Malformed),
            };
            if place.replace(age).is_some() {
                return Err(MalformedRule::Malformed);
            }
        }
        match (rule.not_before, rule.not_after) {
            (Some(first), Some(last)) if first > last => Err(MalformedRule::Impossible),
            _ => Ok(rule),
        }
    }
}

impl fmt::Display for RetentionRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [("not_before", self.not_before), ("not_after", self.not_after)];
        let parts = named.map(|(name, age)| age.map(|age| format!("{name}={}d", age.num_days())));
        formatter.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(","))
    }
}

/// The rules of all classes that have one; nothing of another class is ever due.
#[derive(Debug, Clone, Default)]
pub struct RetentionRules(pub Vec<(RetentionClass, RetentionRule)>);

/// What a rule says of a thing that is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// It has to be kept.
    NotYet,
    /// It may be erased.
    Due,
    /// It would have had to be erased.
    Overdue,
    /// It would be due, but a legal hold is on its subject.
    Held,
}

/// A thing of a class that is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub id: Uuid,
    pub due: Due,
    /// The time from which its age is counted.
    pub since: DateTime<Utc>,
}

/// What is still there of a class, oldest first.
#[derive(Debug, Clone)]
pub struct ClassStatus {
    pub class: RetentionClass,
    pub rule: RetentionRule,
    pub kept: Vec<Kept>,
    /// The things that were erased.
    pub erased: usize,
}

/// What is wrong with a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// It was erased before it was allowed.
    TooEarly { erased_at: DateTime<Utc>, not_before: DateTime<Utc> },
    /// It was erased after it had to be, or is still there (`None`).
    TooLate { erased_at: Option<DateTime<Utc>>, not_after: DateTime<Utc> },
    /// It was erased while a legal hold was on its subject.
    WhileHeld { erased_at: DateTime<Utc>, hold: Uuid },
}

/// A thing that was erased too early or kept too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offender {
    pub class: RetentionClass,
    pub id: Uuid,
    pub wrong: Wrong,
}

/// What the log proves about retention.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The position up to which the log was read.
    pub position: i64,
    /// The things that were looked at, in each class with a rule.
    pub looked_at: Vec<(RetentionClass, usize)>,
    pub offenders: Vec<Offender>,
}

impl fmt::Display for Offender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { class, id, wrong } = self;
        write!(formatter, "{} {id}: ", <&str>::from(class))?;
        match wrong {
            Wrong::TooEarly { erased_at, not_before } => {
                write!(formatter, "erased too early, at {erased_at}, not before {not_before}")
            }
            Wrong::TooLate { erased_at: Some(erased_at), not_after } => {
                write!(formatter, "kept too long, erased at {erased_at}, not after {not_after}")
            }
            Wrong::TooLate { erased_at: None, not_after } => {
                write!(formatter, "kept too long, still there, not after {not_after}")
            }
            Wrong::WhileHeld { erased_at, hold } => {
                write!(formatter, "erased at {erased_at} while the legal hold {hold} was on it")
            }
        }
    }
}

/// Says what is due at a time, in each class with a rule.
///
/// # Errors
/// [`sqlx::Error`] if the log cannot be read.
pub async fn retention_status(
    pool: &PgPool,
    rules: &RetentionRules,
    now: DateTime<Utc>,
) -> Result<Vec<ClassStatus>, sqlx::Error> {
    let holds = holds(pool).await?;
    let mut status = Vec::new();
    for &(class, rule) in &rules.0 {
        let all = items(pool, class).await?;
        let erased = all.iter().filter(|item| item.erased_at.is_some()).count();
        let mut kept: Vec<Kept> = all
            .iter()
            .filter(|item| item.erased_at.is_none())
            .map(|item| Kept { id: item.id, due: due(item, rule, &holds, now), since: item.since })
            .collect();
        kept.sort_by_key(|kept| kept.since);
        status.push(ClassStatus { class, rule, kept, erased });
    }
    Ok(status)
}

fn due(item: &Item, rule: RetentionRule, holds: &[HoldTime], now: DateTime<Utc>) -> Due {
    let age = now - item.since;
    let is_overdue = last_moment(item, rule, holds).is_some_and(|last| now > last);
    let is_ripe = is_overdue || rule.not_before.or(rule.not_after).is_some_and(|first| age >= first);
    if is_ripe && own_holds(item, holds).any(|hold| hold.is_on_at(now)) {
        Due::Held
    } else if is_overdue {
        Due::Overdue
    } else if rule.not_before.is_some_and(|first| age >= first) {
        Due::Due
    } else {
        Due::NotYet
    }
}

/// Compares every thing of the classes with a rule with that rule, at a time.
///
/// # Errors
/// [`sqlx::Error`] if the log cannot be read.
pub async fn prove_retention(pool: &PgPool, rules: &RetentionRules, now: DateTime<Utc>) -> Result<Proof, sqlx::Error> {
    let position = sqlx::query_scalar!("SELECT position FROM log_head").fetch_one(pool).await?;
    let holds = holds(pool).await?;
    let (mut looked_at, mut offenders) = (Vec::new(), Vec::new());
    for &(class, rule) in &rules.0 {
        let all = items(pool, class).await?;
        let wrong = all.iter().filter_map(|item| Some((item.id, wrong(item, rule, &holds, now)?)));
        offenders.extend(wrong.map(|(id, wrong)| Offender { class, id, wrong }));
        looked_at.push((class, all.len()));
    }
    Ok(Proof { position, looked_at, offenders })
}

fn wrong(item: &Item, rule: RetentionRule, holds: &[HoldTime], now: DateTime<Utc>) -> Option<Wrong> {
    if let Some(erased_at) = item.erased_at {
        if let Some(hold) = own_holds(item, holds).find(|hold| hold.is_on_at(erased_at)) {
            return Some(Wrong::WhileHeld { erased_at, hold: hold.id });
        }
        if let Some(not_before) = rule.not_before.map(|age| item.since + age).filter(|first| erased_at < *first) {
            return Some(Wrong::TooEarly { erased_at, not_before });
        }
    }
    let not_after = last_moment(item, rule, holds)?;
    let is_late = item.erased_at.unwrap_or(now) > not_after;
    is_late.then_some(Wrong::TooLate { erased_at: item.erased_at, not_after })
}

fn own_holds<'a>(item: &'a Item, holds: &'a [HoldTime]) -> impl Iterator<Item = &'a HoldTime> {
    holds.iter().filter(|hold| item.subject == Some(hold.subject))
}

/// Until when the thing has to be erased: the rule's last moment, or some time after the holds that were on then; `None`
/// if one is still on, or there is no last moment.
fn last_moment(item: &Item, rule: RetentionRule, holds: &[HoldTime]) -> Option<DateTime<Utc>> {
    let mut last = item.since + rule.not_after?;
    // In the order of their beginnings, because each may begin before the one before it gave way.
    for hold in own_holds(item, holds).filter(|hold| hold.lifted_at.is_none_or(|lifted| lifted > item.since)) {
        if hold.placed_at <= last {
            last = last.max(hold.lifted_at? + AFTER_A_HOLD);
        }
    }
    Some(last)
}

#[cfg(test)]
mod tests;
