//! Services: their API keys, their temp tokens, and that their owners stay.

use std::net::IpAddr;

use chrono::TimeDelta;
use commands::{
    accounts::Accounts,
    clock::Clock as _,
    execute::ExecuteError,
    scheduler::Expiry,
    services::{Services, ServicesError},
};
use domain::{
    ids::{ApiKeyId, ServiceId, UserId},
    service::{ServiceAuthority, ServiceChanges, ServiceError, Terms},
    values::ServiceName,
};
use secrecy::ExposeSecret as _;
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{Node, new_id, number, registered, stored_events, system, title};

const ALL: ServiceAuthority = ServiceAuthority::Superuser;

struct Hospital {
    node: Node,
    services: Services,
    service: ServiceId,
}

impl Hospital {
    async fn open(pool: &PgPool) -> Self {
        let node = Node::start(&pool.connect_options()).await;
        let services = Services::new(&node.resources);
        let hospital = Self { node, services, service: ServiceId::new(new_id()) };
        let owner = hospital.person("asha").await;
        hospital.services.create(hospital.service, ALL, terms(owner), &system()).await.expect("a new service");
        hospital
    }

    async fn person(&self, name: &str) -> UserId {
        registered(&Accounts::new(&self.node.resources), name).await
    }

    async fn key(&self) -> (ApiKeyId, String) {
        let id = ApiKeyId::new(new_id());
        let issued =
            self.services.issue_key(self.service, ALL, (id, title("Tablet 3")), &system()).await.expect("issued");
        (id, issued.key.expose_secret().to_owned())
    }

    async fn is_known(&self, key: &str) -> bool {
        self.services.authenticate(key).await.expect("read").is_some()
    }

    async fn token(&self, key: ApiKeyId, address: &str) -> String {
        let token = self.services.issue_temp_token(key, address).await.expect("written");
        token.expect("the key lives").expose_secret().to_owned()
    }

    async fn may_come(&self, token: &str, from: &str) -> bool {
        let address: IpAddr = from.parse().expect("an address");
        self.services.authenticate_temp_token(token, address).await.expect("read").is_some()
    }

    /// Who holds the service, as far as the deletion of accounts sees it.
    async fn holders(&self) -> Vec<Uuid> {
        sqlx::query_scalar("SELECT owner FROM reservations WHERE kind = 'possession' AND value = $1")
            .bind(self.service.value().as_bytes().as_slice())
            .fetch_all(&self.node.pool)
            .await
            .expect("read")
    }
}

fn terms(owner: UserId) -> Terms {
    Terms { name: ServiceName::parse("Ward tablets").expect("well-formed"), allow_key: true, owner }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_key_is_known_until_it_is_revoked(pool: PgPool) {
    let hospital = Hospital::open(&pool).await;
    let ((id, key), (_, other)) = (hospital.key().await, hospital.key().await);
    let holder = hospital.services.authenticate(&key).await.expect("read").expect("known");
    assert_eq!((holder.service, holder.key), (hospital.service, id));
    for wrong in ["", "ak-", &key[..key.len() - 1], &format!("{key}a"), &key.to_uppercase()] {
        assert!(!hospital.is_known(wrong).await, "{wrong}");
    }
    hospital.services.revoke_key(hospital.service, ALL, id, &system()).await.expect("revoked");
    assert!(!hospital.is_known(&key).await);
    assert!(hospital.is_known(&other).await);
    let again = hospital.services.revoke_key(hospital.service, ALL, id, &system()).await;
    assert!(matches!(again, Err(ServicesError::Execute(ExecuteError::Refused(ServiceError::NoSuchKey)))));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn neither_a_key_nor_a_temp_token_is_stored_in_clear(pool: PgPool) {
    let hospital = Hospital::open(&pool).await;
    let (id, key) = hospital.key().await;
    let token = hospital.token(id, "10.0.0.7").await;
    let log = format!("{:?}", stored_events(&pool).await);
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT row_to_json(t)::text FROM api_keys t UNION ALL SELECT row_to_json(t)::text FROM temp_tokens t",
    )
    .fetch_all(&pool)
    .await
    .expect("read");
    assert_eq!(tables.len(), 2);
    for secret in [&key, &token, "10.0.0.7"] {
        let everything = format!("{log}{tables:?}");
        assert!(!everything.contains(secret) && !everything.contains(&hex::encode(secret)), "{secret}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_deleted_services_keys_and_tokens_end(pool: PgPool) {
    let hospital = Hospital::open(&pool).await;
    let (id, key) = hospital.key().await;
    let token = hospital.token(id, "10.0.0.7").await;
    hospital.services.delete(hospital.service, ALL, &system()).await.expect("deleted");
    assert!(!hospital.is_known(&key).await);
    assert!(!hospital.may_come(&token, "10.0.0.7").await);
    assert!(hospital.services.issue_temp_token(id, "10.0.0.7").await.expect("read").is_none());
    assert!(hospital.holders().await.is_empty());
    let late = (ApiKeyId::new(new_id()), title("Late"));
    let late = hospital.services.issue_key(hospital.service, ALL, late, &system()).await;
    assert!(matches!(late, Err(ServicesError::Execute(ExecuteError::Refused(ServiceError::NotFound)))));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_temp_token_serves_one_address_however_it_is_spelled(pool: PgPool) {
    let hospital = Hospital::open(&pool).await;
    let (id, _) = hospital.key().await;
    let token = hospital.token(id, " ::ffff:10.0.0.7 ").await;
    assert!(hospital.may_come(&token, "10.0.0.7").await);
    assert!(!hospital.may_come(&token, "10.0.0.8").await);
    assert!(!hospital.may_come("tt-unknown", "10.0.0.7").await);
    let of_no_address = hospital.token(id, "the ward").await;
    assert!(!hospital.may_come(&of_no_address, "10.0.0.7").await);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_temp_token_ends_with_its_key_and_after_31_days(pool: PgPool) {
    let hospital = Hospital::open(&pool).await;
    let ((id, _), (other, _)) = (hospital.key().await, hospital.key().await);
    let (token, kept) = (hospital.token(id, "10.0.0.7").await, hospital.token(other, "10.0.0.7").await);
    hospital.services.revoke_key(hospital.service, ALL, id, &system()).await.expect("revoked");
    assert!(!hospital.may_come(&token, "10.0.0.7").await);
    assert!(hospital.may_come(&kept, "10.0.0.7").await);
    hospital.node.clock.advance(TimeDelta::days(30));
    assert_eq!(hospital.services.expire(hospital.node.clock.now()).await.expect("written"), 0);
    assert!(hospital.may_come(&kept, "10.0.0.7").await);
    hospital.node.clock.advance(TimeDelta::days(2));
    assert!(!hospital.may_come(&kept, "10.0.0.7").await, "it has expired, though nobody has removed it yet");
    assert_eq!(hospital.services.expire(hospital.node.clock.now()).await.expect("written"), 1);
    assert_eq!(number(&pool, "SELECT count(*) FROM temp_tokens").await, 0);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_service_is_in_the_hands_of_one_owner_with_an_account(pool: PgPool) {
    let hospital = Hospital::open(&pool).await;
    let next = hospital.person("ravi").await;
    let change = async |owner| {
        let changes = ServiceChanges { owner: Some(owner), ..ServiceChanges::default() };
        hospital.services.update(hospital.service, ALL, changes, &system()).await
    };
    let nobody = change(UserId::new(new_id())).await;
    assert!(matches!(nobody, Err(ServicesError::OwnerNotFound)));
    assert_ne!(hospital.holders().await, [next.value()]);
    change(next).await.expect("handed over");
    assert_eq!(hospital.holders().await, [next.value()]);
    change(next).await.expect("nothing changes");
    assert_eq!(hospital.holders().await, [next.value()]);
    let orphan = terms(UserId::new(new_id()));
    let orphan = hospital.services.create(ServiceId::new(new_id()), ALL, orphan, &system()).await;
    assert!(matches!(orphan, Err(ServicesError::OwnerNotFound)));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_service_that_is_handed_over_keeps_no_key_or_token_that_acts_for_the_owner_before(pool: PgPool) {
    let hospital = Hospital::open(&pool).await;
    let (id, key) = hospital.key().await;
    let token = hospital.token(id, "10.0.0.7").await;
    let next = hospital.person("ravi").await;
    let changes = ServiceChanges { owner: Some(next), ..ServiceChanges::default() };
    hospital.services.update(hospital.service, ALL, changes, &system()).await.expect("handed over");
    assert!(!hospital.is_known(&key).await && !hospital.may_come(&token, "10.0.0.7").await);
    // No view was written here: for whom a key acts is no matter of views.
    let (_, key) = hospital.key().await;
    let holder = hospital.services.authenticate(&key).await.expect("read").expect("known");
    assert_eq!(holder.owner, next);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_a_hand_over_and_a_key_that_the_old_owner_makes_at_once_no_key_acts_for_the_new_owner(pool: PgPool) {
    let hospital = Hospital::open(&pool).await;
    let [asha] = hospital.holders().await[..] else { panic!("one holder") };
    let own = ServiceAuthority::Owner(UserId::new(asha));
    for round in 0..8 {
        let next = hospital.person(&format!("ravi{round}")).await;
        let give = async |owner: UserId| {
            let changes = ServiceChanges { owner: Some(owner), ..ServiceChanges::default() };
            hospital.services.update(hospital.service, ALL, changes, &system()).await.expect("handed over")
        };
        let key = (ApiKeyId::new(new_id()), title("Mine"));
        let context = system();
        let (_, issued) = tokio::join!(give(next), hospital.services.issue_key(hospital.service, own, key, &context));
        if let Ok(issued) = issued {
            assert!(!hospital.is_known(issued.key.expose_secret()).await);
        }
        give(UserId::new(asha)).await;
    }
}
