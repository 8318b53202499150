//! Services and their API keys.

use domain::{service::ServiceEvent, values::ServiceName};
use insta::assert_json_snapshot;
use projections::{
    Views,
    listing::{Ordering, Window},
    services::{self, find, find_key, key_ordering_column, ordering_column},
};
use sqlx::PgPool;

use crate::history::{DOCTOR, History, KIOSK, TABLETS, api_key, key_issued, service_created};

fn ordered_by(ordering: &str, column: fn(&str) -> Option<&'static str>) -> Window {
    Window { ordering: Ordering::parse(ordering, column), limit: 10, offset: 0 }
}

async fn names(views: &Views, search: &[&str], ordering: &str) -> Vec<String> {
    let words: Vec<String> = search.iter().map(ToString::to_string).collect();
    let page = services::list(views, None, &words, &ordered_by(ordering, ordering_column)).await.expect("read");
    page.results.into_iter().map(|service| service.name).collect()
}

async fn key_titles(views: &Views, ordering: &str) -> Vec<String> {
    let page = services::keys(views, TABLETS, &ordered_by(ordering, key_ordering_column)).await.expect("read");
    page.results.into_iter().map(|key| key.title).collect()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_service_is_shown_with_what_it_may_do_and_who_owns_it(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = History::default();
    history.service(TABLETS, service_created("Ward tablets"));
    let service = history.shows(&pool, async || find(&views, TABLETS).await.expect("read")).await;
    assert_json_snapshot!(service);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_change_of_a_service_shows(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = History::default();
    history
        .service(TABLETS, service_created("Ward tablets"))
        .service(TABLETS, ServiceEvent::Renamed { name: ServiceName::parse("Tablets").expect("well-formed") })
        .service(TABLETS, ServiceEvent::KeyAllowanceChanged { allow_key: false })
        .service(TABLETS, ServiceEvent::OwnerChanged { owner: DOCTOR });
    let service = history.shows(&pool, async || find(&views, TABLETS).await.expect("read")).await;
    assert_json_snapshot!(service);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_revoked_key_is_shown_no_more(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = History::default();
    history
        .service(TABLETS, service_created("Ward tablets"))
        .service(TABLETS, key_issued(1, "Tablet 1"))
        .service(TABLETS, key_issued(2, "Tablet 2"))
        .service(TABLETS, ServiceEvent::KeyRevoked { key_id: api_key(1) });
    let keys = history.shows(&pool, async || key_titles(&views, "").await).await;
    assert_eq!(keys, ["Tablet 2"]);
    assert_eq!(find_key(&views, api_key(1)).await.expect("read"), None);
    assert_json_snapshot!(find_key(&views, api_key(2)).await.expect("read"));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_deleted_service_and_its_keys_are_in_no_list(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = History::default();
    history
        .service(TABLETS, service_created("Ward tablets"))
        .service(TABLETS, key_issued(1, "Tablet 1"))
        .service(KIOSK, service_created("Kiosk"))
        .service(KIOSK, key_issued(2, "At the door"))
        .service(TABLETS, ServiceEvent::Deleted {});
    assert_eq!(history.shows(&pool, async || find(&views, TABLETS).await.expect("read")).await, None);
    assert_eq!(names(&views, &[], "").await, ["Kiosk"]);
    let keys = services::all_keys(&views).await.expect("read");
    assert_eq!(keys.into_iter().map(|key| key.title).collect::<Vec<_>>(), ["At the door"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn services_come_in_creation_order_and_can_be_searched_and_ordered(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = History::default();
    history
        .service(TABLETS, service_created("Ward tablets"))
        .service(KIOSK, service_created("Kiosk"))
        .service(TABLETS, key_issued(1, "Zed"))
        .service(TABLETS, key_issued(2, "Alpha"));
    assert_eq!(history.shows(&pool, async || names(&views, &[], "").await).await, ["Ward tablets", "Kiosk"]);
    assert_eq!(names(&views, &[], "name,nonsense").await, ["Kiosk", "Ward tablets"]);
    assert_eq!(names(&views, &["WARD", "tab"], "").await, ["Ward tablets"]);
    assert_eq!(key_titles(&views, "").await, ["Zed", "Alpha"]);
    assert_eq!(key_titles(&views, "title").await, ["Alpha", "Zed"]);
}
