//! The classification of a consumer's errors: caused by the event, which is parked then, or transient.

use std::error::Error;

use domain::event::DecodeError;

use crate::{
    consume::consumer::ConsumerError,
    keys::{codec::CodecError, crypto::KeyError},
};

/// SQLSTATE classes of errors that a retry cannot fix: cardinality, data, constraints, a view's check option, program
/// limits (such as a text that is too long for an index), errors raised by the schema itself.
const ROWS_REFUSED: [&str; 6] = ["21", "22", "23", "44", "54", "P0"];

/// Returns whether the event itself causes the error, so that a retry will not help. In doubt the event is retried;
/// otherwise an unreachable database, a lock timeout, a missing table or a wrong master key would park the whole log.
pub(super) fn is_of_the_event(error: &ConsumerError) -> bool {
    match error {
        ConsumerError::Undecodable(CodecError::Key(KeyError::Damaged)) | ConsumerError::NotInTheLog => true,
        ConsumerError::Undecodable(CodecError::Key(_)) | ConsumerError::Fenced(_) => false,
        ConsumerError::Undecodable(_) => true,
        ConsumerError::Database(_) | ConsumerError::Effect(_) => match database_error(error) {
            Some(sqlx::Error::Database(refusal)) => {
                refusal.code().is_some_and(|code| ROWS_REFUSED.iter().any(|class| code.starts_with(class)))
            }
            Some(
                sqlx::Error::RowNotFound
                | sqlx::Error::Encode(_)
                | sqlx::Error::Decode(_)
                | sqlx::Error::ColumnDecode { .. },
            )
            | None => true,
            Some(_) => false,
        },
    }
}

/// Returns the reason why an event is parked, with advice to the operator. Error texts may quote values, and with them
/// personal text; only texts that are known to be free of it are included.
pub(super) fn describe(error: &ConsumerError) -> String {
    match error {
        ConsumerError::NotInTheLog => {
            "the log has no event at this position: check it with `ayushma audit verify`".to_owned()
        }
        ConsumerError::Undecodable(error) => describe_codec(error),
        ConsumerError::Fenced(error) => error.to_string(),
        ConsumerError::Database(_) | ConsumerError::Effect(_) => match database_error(error) {
            Some(sqlx::Error::Database(refusal)) => {
                let code = refusal.code().unwrap_or_default();
                let named =
                    |what: &str, name: Option<&str>| name.map_or_else(String::new, |name| format!(", {what} {name}"));
                format!(
                    "the database refuses its rows (SQLSTATE {code}{}{}): a fault of the projection or of older rows; \
                     update the program or rebuild the projection, then retry",
                    named("table", refusal.table()),
                    named("constraint", refusal.constraint()),
                )
            }
            Some(_) => {
                "a row that it relies on is missing or unreadable: rebuild the projection, then retry".to_owned()
            }
            None => {
                let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                format!("it cannot be applied ({cause}): update the program, then retry")
            }
        },
    }
}

fn describe_codec(error: &CodecError) -> String {
    const DAMAGED: &str = "check the log with `ayushma audit verify`, and restore it or drop the event";
    match error {
        CodecError::Event(
            DecodeError::UnknownAggregate(_) | DecodeError::UnknownType(_) | DecodeError::UnknownVersion { .. },
        ) => format!("this version of the program does not know it ({error}): update the program, then retry"),
        CodecError::NotJson(error) => {
            format!("what is stored is not the JSON that it should be (line {}): {DAMAGED}", error.line())
        }
        CodecError::Key(KeyError::Damaged) => format!("its ciphertext is damaged or belongs elsewhere: {DAMAGED}"),
        // The texts of the other errors name only types and fields; the JSON reader's text, which may quote the
        // payload, is left out.
        error => format!("it cannot be read ({error}): {DAMAGED}"),
    }
}

/// Returns the database error in the chain of causes, if there is one.
fn database_error(error: &ConsumerError) -> Option<&sqlx::Error> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref() {
            return Some(error);
        }
        cause = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_no_event_s_fault() {
        for error in [sqlx::Error::PoolTimedOut, sqlx::Error::WorkerCrashed, sqlx::Error::Protocol(String::new())] {
            assert!(!is_of_the_event(&ConsumerError::Effect(Box::new(ConsumerError::Database(error)))));
        }
        let key = CodecError::Key(KeyError::Storage(sqlx::Error::PoolTimedOut));
        assert!(!is_of_the_event(&ConsumerError::Undecodable(key)));
        assert!(!is_of_the_event(&ConsumerError::Undecodable(CodecError::Key(KeyError::WrongMasterKey))));
    }

    #[test]
    fn what_cannot_be_read_is_the_event_s_fault_and_says_what_to_do() {
        let unknown = ConsumerError::Undecodable(DecodeError::UnknownType("Sung".to_owned()).into());
        assert!(is_of_the_event(&unknown));
        assert!(describe(&unknown).contains("unknown event type Sung") && describe(&unknown).contains("update"));
        let damaged = ConsumerError::Undecodable(CodecError::Key(KeyError::Damaged));
        assert!(is_of_the_event(&damaged));
        assert!(describe(&damaged).contains("ayushma audit verify"));
    }

    #[test]
    fn what_a_payload_says_is_not_repeated() {
        let quoting = serde_json::from_str::<u8>("\"Asha Nair\"").expect_err("a name is no number");
        assert!(quoting.to_string().contains("Asha"));
        let malformed = DecodeError::Malformed { event_type: "Registered".to_owned(), source: quoting };
        let error = ConsumerError::Undecodable(malformed.into());
        assert!(is_of_the_event(&error));
        assert!(!describe(&error).contains("Asha"), "{}", describe(&error));
    }
}
