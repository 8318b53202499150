//! Ids in paths: a bad one is not found in its own slot, and a bad request in a parent's.

use uuid::Uuid;

use super::problem::ApiError;

/// A UUID in upper or lower case, with dashes anywhere or nowhere.
pub fn parse_uuid(text: &str) -> Option<Uuid> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    if digits.len() == 32 { Uuid::try_parse(&digits).ok() } else { None }
}

/// The id of the object that the path is about.
pub fn own_id(text: &str) -> Result<Uuid, ApiError> {
    parse_uuid(text).ok_or_else(ApiError::not_found)
}

/// The id of the object's parent.
pub fn parent_id(text: &str) -> Result<Uuid, ApiError> {
    parse_uuid(text).ok_or_else(|| ApiError::parent_not_uuid(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_dashes_do_not_matter() {
        let id = parse_uuid("9df73c64-8da0-4fb9-8de4-6ee743ef23f3");
        assert!(id.is_some());
        assert_eq!(parse_uuid("9DF73C648DA04FB98DE46EE743EF23F3"), id);
        assert_eq!(parse_uuid("9df73c64-8da04fb98de4-6ee743ef23f3"), id);
    }

    #[test]
    fn other_spellings_are_no_ids() {
        for text in [
            "",
            "nope",
            "9df73c64-8da0-4fb9-8de4-6ee743ef23f",
            "{9df73c64-8da0-4fb9-8de4-6ee743ef23f3}",
            "urn:uuid:9df73c64-8da0-4fb9-8de4-6ee743ef23f3",
        ] {
            assert_eq!(parse_uuid(text), None, "{text}");
        }
    }
}
