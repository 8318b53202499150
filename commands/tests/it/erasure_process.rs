//! Erasure as a process: asked for, approved, held; the receipts of the stores, and the certificate.

use std::{
    error::Error,
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use adapters::media::ObjectMedia;
use async_trait::async_trait;
use commands::{
    accounts::Accounts,
    erasure::{
        CertificateError, Erasure, ErasureCompletion, ErasureError, InViews, Ledger, SignCertificate, ViewsOfSubjects,
        cases, compare_with_log,
    },
    event_log::Progress,
    execute::ExecuteError,
    jobs::{JobHandler, Worker},
    uploads::Uploads,
};
use domain::{
    erasure::{
        ApprovalRule, CaseError, ErasureReason, ErasureRequest, HoldReason, Stage, Store, StoreFault, StoreState,
    },
    ids::{SubjectId, UserId},
    user::User,
};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tempfile::TempDir;
use uuid::Uuid;

use crate::support::{Node, acting, assert_log_is_sound, new_id, number, registered, system};

/// Views that have so many rows with text of anybody.
struct Views(AtomicU64);

#[async_trait]
impl ViewsOfSubjects for Views {
    async fn rows_of(&self, _: SubjectId) -> Result<InViews, sqlx::Error> {
        Ok(InViews { with_text: self.0.load(Ordering::SeqCst), rows: 4 })
    }
}

struct Unsigned;

impl SignCertificate for Unsigned {
    fn sign(&self, _: Uuid, text: String) -> Result<String, Box<dyn Error + Send + Sync>> {
        Ok(text)
    }
}

/// All that an erasure needs, with a worker that completes it.
struct Office {
    node: Node,
    folder: TempDir,
    views: Arc<Views>,
    rule: ApprovalRule,
}

impl Office {
    async fn open(options: &PgConnectOptions, rule: ApprovalRule) -> Self {
        let (folder, views) = (TempDir::new().expect("made"), Arc::new(Views(AtomicU64::new(0))));
        Self { node: Node::start(options).await, folder, views, rule }
    }

    fn ledger_file(&self) -> PathBuf {
        self.folder.path().join("erasures.log")
    }

    fn erasure(&self) -> Erasure {
        Erasure::new(&self.node.resources, Ledger::new(self.ledger_file())).requiring(self.rule)
    }

    /// Completes what can be completed now, as if some time had passed.
    async fn work(&self) {
        let media = Arc::new(ObjectMedia::in_folder(self.folder.path()).expect("it is there"));
        let completion: Arc<dyn JobHandler> = Arc::new(ErasureCompletion {
            pool: self.node.pool.clone(),
            commands: self.node.commands.clone(),
            clock: self.node.resources.clock.clone(),
            ledger: Ledger::new(self.ledger_file()),
            uploads: Uploads::new(self.node.pool.clone(), media),
            views: self.views.clone(),
            projections: vec![],
            progress: Progress::default(),
            signer: Arc::new(Unsigned),
        });
        sqlx::query("UPDATE jobs SET run_at = now()").execute(&self.node.pool).await.expect("a table");
        let worker = Worker::new(self.node.pool.clone(), new_id(), vec![completion], Progress::default());
        worker.run_due().await.expect("the queue works");
    }

    async fn person(&self, name: &str) -> UserId {
        registered(&Accounts::new(&self.node.resources), name).await
    }

    async fn request_of(&self, user: UserId) -> ErasureRequest {
        let known = cases(&self.node.pool, Some(user.into())).await.expect("readable").pop();
        known.and_then(|known| known.case.request).expect("there is a request")
    }

    async fn is_erased(&self, user: UserId) -> bool {
        self.node.log().load::<User>(user.value()).await.expect("readable").aggregate == User::Erased
    }
}

fn refusal<T: std::fmt::Debug>(result: Result<T, ErasureError>) -> CaseError {
    match result {
        Err(ErasureError::Case(ExecuteError::Refused(refusal))) => refusal,
        other => panic!("{other:?}"),
    }
}

const ASKED: (ErasureReason, Option<domain::erasure::FileNumber>) = (ErasureReason::SubjectRequest, None);

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_erasure_at_once_is_a_request_that_is_approved_and_ends_with_a_certificate(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let office = Office::open(&options, ApprovalRule::One).await;
    let asha = office.person("asha").await;
    office.erasure().erase_person(asha, &system()).await.expect("erased");
    assert_eq!(office.request_of(asha).await.stage, Stage::Incomplete, "there is no receipt yet");
    office.work().await;

    let request = office.request_of(asha).await;
    assert_eq!(request.stage, Stage::Completed);
    for store in [Store::Keys, Store::Account, Store::Snapshots, Store::Views, Store::Media, Store::Ledger] {
        assert!(matches!(request.stores.get(&store), Some(StoreState::Erased { .. })), "{store}: {request:?}");
    }
    let certificate = request.certificate.expect("it is completed");
    assert!(!certificate.contains("asha") && certificate.contains(&asha.to_string()), "{certificate}");
    for line in ["requested ", "approved ", "destroyed ", "store views 4 ", "store ledger 1 ", "head "] {
        assert!(certificate.lines().any(|it| it.starts_with(line)), "{line}: {certificate}");
    }
    compare_with_log(&office.node.pool, &certificate).await.expect("the log has it all");
    assert_log_is_sound(&office.node.pool).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_certificate_that_says_what_the_log_does_not_have_is_refused_with_the_line(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let office = Office::open(&options, ApprovalRule::One).await;
    let (asha, ravi) = (office.person("asha").await, office.person("ravi").await);
    office.erasure().erase_person(asha, &system()).await.expect("erased");
    office.work().await;
    let pool = &office.node.pool;
    let certificate = office.request_of(asha).await.certificate.expect("completed");
    let of_another = certificate.replace(&asha.to_string(), &ravi.to_string());
    assert!(matches!(compare_with_log(pool, &of_another).await, Err(CertificateError::NotInLog(_, 8))));
    let store = certificate.lines().find(|line| line.starts_with("store media")).expect("a receipt");
    let without = certificate.replace(store, &store.replace("media", "ledger"));
    assert!(matches!(compare_with_log(pool, &without).await, Err(CertificateError::NotInLog(..))));
    let head = certificate.lines().last().expect("a head");
    let other_head = certificate.replace(head, &format!("{}00", &head[..head.len() - 2]));
    assert!(matches!(compare_with_log(pool, &other_head).await, Err(CertificateError::NotInLog(..))));
    let cut = &certificate[..certificate.len() - 80];
    assert!(compare_with_log(pool, cut).await.is_err());
    assert!(matches!(compare_with_log(pool, "asha").await, Err(CertificateError::OtherFormat)));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn where_it_takes_two_nothing_is_erased_before_another_person_has_approved(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let office = Office::open(&options, ApprovalRule::Two).await;
    let asha = office.person("asha").await;
    let [first, second] = [(); 2].map(|()| UserId::new(new_id()));
    let (erasure, subject) = (office.erasure(), SubjectId::from(asha));
    let context = acting(first.value());
    assert_eq!(refusal(erasure.erase_person(asha, &context).await), CaseError::TakesTwo);

    let request = erasure.request(subject, ASKED, Some(first), &context).await.expect("asked");
    let again = erasure.request(subject, ASKED, Some(second), &context).await;
    assert_eq!(refusal(again), CaseError::AlreadyRequested(request));
    assert_eq!(refusal(erasure.erase_person(asha, &context).await), CaseError::TakesTwo);
    let own = erasure.approve(subject, request, Some(first), &context).await;
    assert_eq!(refusal(own), CaseError::SamePerson);
    assert!(!office.is_erased(asha).await);
    assert_eq!(number(&office.node.pool, "SELECT count(*) FROM jobs").await, 0, "something was to be erased");

    erasure.approve(subject, request, Some(second), &acting(second.value())).await.expect("approved");
    assert!(office.is_erased(asha).await);
    office.work().await;
    let known = office.request_of(asha).await;
    assert_eq!((known.requester, known.decider, known.stage), (Some(first), Some(second), Stage::Completed));
    assert!(known.certificate.is_some_and(|text| text.contains("\nrule two\n")));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_rejected_request_erases_nothing_and_can_be_made_again(_: PgPoolOptions, options: PgConnectOptions) {
    let office = Office::open(&options, ApprovalRule::Two).await;
    let asha = office.person("asha").await;
    let (erasure, subject, context) = (office.erasure(), SubjectId::from(asha), system());
    let [first, second] = [(); 2].map(|()| UserId::new(new_id()));
    let request = erasure.request(subject, ASKED, Some(first), &context).await.expect("asked");
    erasure.reject(subject, request, Some(second), &context).await.expect("rejected");
    let late = erasure.approve(subject, request, Some(second), &context).await;
    assert_eq!(refusal(late), CaseError::NotWaiting);
    erasure.request(subject, ASKED, Some(second), &context).await.expect("asked again");
    assert!(!office.is_erased(asha).await);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn nobody_erases_whom_a_legal_hold_is_on(_: PgPoolOptions, options: PgConnectOptions) {
    let office = Office::open(&options, ApprovalRule::One).await;
    let asha = office.person("asha").await;
    let (erasure, subject, context) = (office.erasure(), SubjectId::from(asha), system());
    let request = erasure.request(subject, ASKED, None, &context).await.expect("asked");
    let hold = erasure.place_hold(subject, HoldReason::Litigation, None, &context).await.expect("held");
    let held = CaseError::Held { hold, reason: HoldReason::Litigation };
    assert_eq!(refusal(erasure.erase_person(asha, &context).await), held);
    assert_eq!(refusal(erasure.approve(subject, request, None, &context).await), held);
    assert!(!office.is_erased(asha).await);

    erasure.lift_hold(subject, hold, &context).await.expect("lifted");
    assert_eq!(refusal(erasure.lift_hold(subject, hold, &context).await), CaseError::NoSuchHold);
    erasure.approve(subject, request, None, &context).await.expect("approved");
    assert!(office.is_erased(asha).await);
    let late = erasure.place_hold(subject, HoldReason::Litigation, None, &context).await;
    assert_eq!(refusal(late), CaseError::AlreadyErased(request));
    let nobody = erasure.place_hold(SubjectId::new(new_id()), HoldReason::Litigation, None, &context).await;
    assert!(matches!(nobody, Err(ErasureError::NoSuchSubject)));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_a_hold_and_an_erasure_at_the_same_moment_one_wins(_: PgPoolOptions, options: PgConnectOptions) {
    let office = Office::open(&options, ApprovalRule::One).await;
    let other = Node::start(&options).await;
    for round in 0..6 {
        let user = office.person(&format!("asha{round}")).await;
        let (erasure, context) = (office.erasure(), system());
        let elsewhere = Erasure::new(&other.resources, Ledger::new(office.ledger_file()));
        let (held, erased) = tokio::join!(
            elsewhere.place_hold(user.into(), HoldReason::Investigation, None, &context),
            erasure.erase_person(user, &context)
        );
        assert_ne!(held.is_ok(), erased.is_ok(), "{held:?}, {erased:?}");
        assert_eq!(office.is_erased(user).await, erased.is_ok());
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_erasure_that_reaches_only_some_stores_says_which_and_why_until_it_reaches_all(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let office = Office::open(&options, ApprovalRule::One).await;
    let asha = office.person("asha").await;
    // A folder is in the place of the ledger, and a view still has text.
    fs::create_dir(office.ledger_file()).expect("made");
    office.views.0.store(1, Ordering::SeqCst);
    let told = office.erasure().erase_person(asha, &system()).await;
    assert!(matches!(told, Err(ErasureError::NotNoted(_))), "{told:?}");
    assert!(office.is_erased(asha).await, "the keys are destroyed");

    for _ in 0..2 {
        office.work().await;
        let request = office.request_of(asha).await;
        assert_eq!((request.stage, request.certificate), (Stage::Incomplete, None));
        assert_eq!(request.stores[&Store::Ledger], StoreState::Failed(StoreFault::Unavailable));
        assert_eq!(request.stores[&Store::Views], StoreState::Failed(StoreFault::StillThere));
        assert!(matches!(request.stores[&Store::Keys], StoreState::Erased { .. }));
    }
    let failures = "SELECT count(*) FROM events WHERE event_type = 'StoreFailed'";
    assert_eq!(number(&office.node.pool, failures).await, 2, "each fault is recorded once");

    fs::remove_dir(office.ledger_file()).expect("mended");
    office.views.0.store(0, Ordering::SeqCst);
    office.work().await;
    assert_eq!(office.request_of(asha).await.stage, Stage::Completed);
    let noted = fs::read_to_string(office.ledger_file()).expect("there is one");
    assert!(noted.contains(&asha.to_string()), "{noted}");
    assert_eq!(number(&office.node.pool, "SELECT count(*) FROM jobs WHERE kind = 'complete_erasure'").await, 0);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn no_process_forgets_to_complete_what_it_has_erased_when_it_dies(_: PgPoolOptions, options: PgConnectOptions) {
    let office = Office::open(&options, ApprovalRule::One).await;
    let asha = office.person("asha").await;
    office.erasure().erase_person(asha, &system()).await.expect("erased");
    // The job is in the same transaction as the destruction of the key, for whichever process lives on.
    let waiting = "SELECT count(*) FROM jobs WHERE kind = 'complete_erasure' AND leased_by IS NULL";
    assert_eq!(number(&office.node.pool, waiting).await, 1);
}
