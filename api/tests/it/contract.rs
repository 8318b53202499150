//! The contract, exchange by exchange: the files in `scenarios` are replayed in order on the real app.
//!
//! Each file is an area with an app and a database of its own. `scenarios/README.md` tells the form of the files.

mod expectation;
mod json;
mod replay;
mod scenario;
mod world;

use sqlx::PgPool;
use wiremock::ResponseTemplate;

use self::{replay::replay, world::World};
use crate::support::{Provider, deltas};

/// Tests of areas: with the built-in answerer, or with a provider that answers so.
macro_rules! areas {
    ($($area:ident $(with $provider:expr)?;)*) => {$(
        #[sqlx::test(migrator = "migrations::MIGRATOR")]
        async fn $area(db: PgPool) {
            let answers: Vec<ResponseTemplate> = vec![$($provider)?];
            let mut provider = None;
            for answer in answers {
                provider = Some(Provider::answering(answer).await);
            }
            replay(stringify!($area), World::start(&db, provider.as_ref()).await).await;
        }
    )*};
}

fn water() -> ResponseTemplate {
    deltas(&["Ayushma: Drink *2* ", "litres of water."])
}

areas! {
    api_keys with water();
    auth;
    bad_input;
    chats with water();
    converse with water();
    documents;
    failing_provider with ResponseTemplate::new(401).set_body_string("you sent sk-server");
    feedback with water();
    general;
    projects;
    questions;
    runs with water();
    suites;
    users;
}
