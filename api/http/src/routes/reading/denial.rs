//! Requests that are refused because the caller has not the right to them.

use axum::{
    extract::{FromRequestParts, MatchedPath, RawPathParams},
    http::request::Parts,
};
use domain::{AggregateType, access::AccessKind, ids::UserId};
use projections::users;
use uuid::Uuid;

use super::{Reading, Thing, kind_named, reason};
use crate::{
    limits::Action,
    routes::{caller::Principal, http_state::HttpState},
};

impl HttpState {
    /// Puts on record that a caller was refused because of a missing right, with what the path names.
    pub(in crate::routes) async fn record_denial(&self, caller: &Principal, parts: &mut Parts) {
        let Named { ids, username } = named_in(parts, self).await;
        parts.extensions.insert(caller.clone());
        // A malformed reason is told where it matters.
        let reason = reason::of(&parts.headers).ok().flatten();
        let Ok(reading) = Reading::with_reason(reason, parts, self).await else { return };
        let mut things = vec![];
        for (kind, id) in ids {
            let thing = match kind {
                Some(kind) => Thing::of(self, kind, id).await,
                None => Ok(Thing::unknown(id)),
            };
            things.push(thing.unwrap_or_else(|error| {
                tracing::warn!(?error, "it is not known whose it is what was refused");
                Thing { kind, ..Thing::unknown(id) }
            }));
        }
        if let Some(username) = username
            && let Ok(Some(person)) = users::find_by_username(&self.app.views, &username).await
        {
            things.push(Thing::person(UserId::new(person.external_id)));
        }
        // Whoever tries many paths that are nobody's does not use up the record of attempts at what is another's.
        let is_anothers = things.iter().any(|thing| thing.owner.is_some() && !reading.is_own(thing.owner));
        let action = if is_anothers { Action::RefusedAccess } else { Action::MissingRight };
        let objects = things.into_iter().map(Into::into).collect();
        reading.record_refusal(self, action, AccessKind::Other, objects).await;
    }
}

/// What a path names.
#[derive(Default)]
struct Named {
    /// The ids, with the kinds of things that the words before them name.
    ids: Vec<(Option<AggregateType>, Uuid)>,
    username: Option<String>,
}

async fn named_in(parts: &mut Parts, state: &HttpState) -> Named {
    let Ok(values) = RawPathParams::from_request_parts(parts, state).await else { return Named::default() };
    let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let value = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
    let words: Vec<&str> = path.split('/').collect();
    let ids = words.windows(2).filter_map(|pair| {
        let id = value(pair[1].strip_prefix('{')?.strip_suffix('}')?)?;
        let id = Uuid::parse_str(id).ok()?;
        let kind = if pair[0] == "{kind}" { kind_named(value("kind")?) } else { kind_in(path, pair[0]) };
        Some((kind, id))
    });
    Named { ids: ids.collect(), username: value("username").map(str::to_owned) }
}

/// The kind of the things whose ids follow a word of a path.
fn kind_in(path: &str, word: &str) -> Option<AggregateType> {
    Some(match word {
        "projects" => AggregateType::Project,
        "chat" | "chats" => AggregateType::Chat,
        "services" => AggregateType::Service,
        "suites" => AggregateType::TestSuite,
        "runs" => AggregateType::TestRun,
        // Those of a question are attachments.
        "documents" if !path.contains("/questions/") => AggregateType::Document,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access_table::TABLE;

    /// A new path whose ids name something else is noticed here.
    #[test]
    fn every_word_before_an_id_is_known_or_names_no_thing_of_the_log() {
        let none = [
            "users",
            "keys",
            "questions",
            "feedback",
            "answers",
            "auditors",
            "erasures",
            "holds",
            "media",
            "audit",
            "proofs",
            "{kind}",
            "views",
            "{view}",
        ];
        for access in TABLE {
            let words: Vec<&str> = access.path.split('/').collect();
            for pair in words.windows(2).filter(|pair| pair[1].starts_with('{')) {
                let is_attachment = access.path.contains("/questions/") && pair[0] == "documents";
                let is_known = kind_in(access.path, pair[0]).is_some() || none.contains(&pair[0]) || is_attachment;
                assert!(is_known, "{}", access.path);
            }
        }
    }
}
