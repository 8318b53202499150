//! Consistency tokens: a reader that sends one reads nothing older than the write that it was issued for.
//!
//! A token contains the log's id and the positions that the views must have reached. It is signed with the system's
//! key, so that nobody can make readers wait for positions that were never written.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::{
    EventLog,
    consume::progress::{Consumers, Progress},
    keys::ring::KeyRing,
    stored::EventPosition,
};

/// The length of the truncated signature in bytes: a guess is right once in 2^64 times.
const SIGNATURE_BYTES: usize = 8;

/// The reason why a consistency token is refused.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("the consistency token is not one of ours")]
    Malformed,
    #[error("the consistency token is of another log: the database was restored, or is another one")]
    OtherLog,
    #[error("the consistency token is ahead of the log: the database was restored to a time before it was given")]
    AheadOfLog,
    #[error("it cannot be looked up how far the views are")]
    Unavailable(#[from] sqlx::Error),
}

struct Token {
    log_id: Uuid,
    positions: Vec<EventPosition>,
}

impl Token {
    /// Creates a token. Of several events of a type and partition only the last one counts.
    fn new(log_id: Uuid, positions: &[EventPosition]) -> Self {
        let mut newest = BTreeMap::new();
        for event in positions {
            let known: &mut i64 = newest.entry((event.aggregate_type, event.partition)).or_default();
            *known = event.position.max(*known);
        }
        let positions = newest
            .into_iter()
            .map(|((aggregate_type, partition), position)| EventPosition { aggregate_type, partition, position })
            .collect();
        Self { log_id, positions }
    }

    fn encode(&self, keys: &KeyRing) -> String {
        let mut text = self.log_id.simple().to_string();
        for EventPosition { aggregate_type, partition, position } in &self.positions {
            text = format!("{text} {aggregate_type}.{partition}.{position}");
        }
        BASE64.encode([&signature(&text, keys), text.as_bytes()].concat())
    }

    /// Decodes a token, and returns whether its signature is valid. The signature of a token of another log cannot be
    /// checked, but the token names its log. `None` for any other text.
    fn decode(token: &str, keys: &KeyRing) -> Option<(Self, bool)> {
        let bytes = BASE64.decode(token).ok()?;
        let (signed, text) = bytes.split_at_checked(SIGNATURE_BYTES)?;
        let text = std::str::from_utf8(text).ok()?;
        let is_genuine = signed.ct_eq(&signature(text, keys)).into();
        let mut parts = text.split(' ');
        let log_id = Uuid::try_parse(parts.next()?).ok()?;
        let positions = parts.map(decode_position).collect::<Option<_>>()?;
        Some((Self { log_id, positions }, is_genuine))
    }

    fn newest(&self) -> i64 {
        self.positions.iter().map(|event| event.position).max().unwrap_or_default()
    }
}

fn decode_position(text: &str) -> Option<EventPosition> {
    let mut parts = text.split('.');
    let (name, partition, position) = (parts.next()?, parts.next()?, parts.next()?);
    let aggregate_type = name.parse().ok()?;
    Some(EventPosition { aggregate_type, partition: partition.parse().ok()?, position: position.parse().ok()? })
}

fn signature(text: &str, keys: &KeyRing) -> [u8; SIGNATURE_BYTES] {
    let mut signature = [0; SIGNATURE_BYTES];
    signature.copy_from_slice(&keys.keyed_hash("consistency token", text)[..SIGNATURE_BYTES]);
    signature
}

impl EventLog {
    /// Returns the token that a client sends in order to read what was written at these positions, or something newer.
    /// It contains no personal text.
    pub fn consistency_token(&self, positions: &[EventPosition]) -> String {
        Token::new(self.log_id, positions).encode(self.keys())
    }

    /// Waits until the consumers have reached the positions of a token, for at most `patience`. Returns an empty list
    /// if they have, otherwise all positions of the token.
    ///
    /// # Errors
    /// - [`TokenError::Malformed`] if it is no token, or its signature is wrong.
    /// - [`TokenError::OtherLog`] if it was issued for another log.
    /// - [`TokenError::AheadOfLog`] if the log does not have its positions yet.
    /// - [`TokenError::Unavailable`] if a query fails.
    pub async fn wait_for_token(
        &self,
        token: &str,
        progress: &Progress,
        consumers: Consumers<'_>,
        patience: Duration,
    ) -> Result<Vec<EventPosition>, TokenError> {
        let (token, is_genuine) = Token::decode(token, self.keys()).ok_or(TokenError::Malformed)?;
        if token.log_id == self.log_id && is_genuine && progress.know_reached(consumers, &token.positions) {
            return Ok(vec![]);
        }
        self.check(&token, is_genuine).await?;
        let is_reached = progress.have_stored(&self.pool, consumers, &token.positions).await?
            || progress.wait_for(&self.pool, consumers, &token.positions, patience).await?;
        Ok(if is_reached { vec![] } else { token.positions })
    }

    /// Checks the token. The database is asked only for what this process does not know: how far other processes have
    /// written, and whether the log has a new id since it was opened.
    async fn check(&self, token: &Token, is_genuine: bool) -> Result<(), TokenError> {
        let is_of_this_log = token.log_id == self.log_id;
        if is_of_this_log && !is_genuine {
            return Err(TokenError::Malformed);
        }
        if is_of_this_log && token.newest() <= self.head.borrow().position {
            return Ok(());
        }
        let head = sqlx::query!("SELECT log_id, position FROM log_head").fetch_one(&self.pool).await?;
        if token.log_id != head.log_id {
            return Err(TokenError::OtherLog);
        }
        if !is_genuine {
            return Err(TokenError::Malformed);
        }
        if token.newest() > head.position {
            return Err(TokenError::AheadOfLog);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::AggregateType;

    use super::*;

    fn at(aggregate_type: AggregateType, partition: i32, position: i64) -> EventPosition {
        EventPosition { aggregate_type, partition, position }
    }

    #[test]
    fn a_token_names_the_newest_position_of_each_type_and_partition() {
        let token = Token::new(
            Uuid::nil(),
            &[
                at(AggregateType::Chat, 1, 4),
                at(AggregateType::User, 1, 5),
                at(AggregateType::Chat, 1, 6),
                at(AggregateType::Chat, 2, 3),
            ],
        );
        assert_eq!(
            token.positions,
            [at(AggregateType::User, 1, 5), at(AggregateType::Chat, 1, 6), at(AggregateType::Chat, 2, 3)]
        );
        assert_eq!(token.newest(), 6);
    }

    #[test]
    fn a_position_of_an_unknown_type_or_of_another_form_is_none() {
        assert_eq!(decode_position("chat.15.1234"), Some(at(AggregateType::Chat, 15, 1234)));
        for text in ["", "chat", "chat.1", "ward.1.2", "chat.one.2", "chat.1.two", "chat.1.99999999999999999999"] {
            assert_eq!(decode_position(text), None, "{text}");
        }
    }
}
