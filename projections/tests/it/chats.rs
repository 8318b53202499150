//! Chats in lists and alone, and whose they are.

use domain::{
    chat::{ChatEvent, ChatOwner},
    ids::{ProjectId, UserId},
    project::ProjectEvent,
};
use insta::assert_json_snapshot;
use projections::{
    QueryError, Views,
    chats::{ChatDetail, Filter, details, find, head, ids_in, list, user_has_chat_in, weight},
};
use sqlx::PgPool;

use crate::history::{
    CHAT, CLINIC, DOCTOR, GUIDE, History, MEDIA, NURSE, OTHER_CHAT, WARD, added, answered, apply, asked, created,
    detail, everything, json, registered, started, title,
};

async fn list_all(views: &Views, project: ProjectId, owner: Option<UserId>) -> Vec<ChatDetail> {
    let ids = ids_in(views, project, owner).await.expect("read");
    details(views, &ids, MEDIA).await.expect("read")
}

/// A nurse and a project.
fn history() -> History {
    let mut history = History::default();
    history.user(NURSE, registered("asha")).project(WARD, created("Ward"));
    history
}

/// The name of the snapshot of a chat in a list.
const IN_A_LIST: &str = "a_chat_in_a_list";

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_chat_is_listed_with_its_owners_name_and_its_project(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = history();
    history.chat(CHAT, started(WARD, NURSE, "Zinc"));
    let page =
        history.shows(&pool, async || list(&views, WARD, &Filter::default(), &everything()).await.expect("read")).await;
    assert_json_snapshot!(page);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_chat_found_alone_is_the_one_of_the_list(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = history();
    history.chat(CHAT, started(WARD, NURSE, "Zinc"));
    let chat = history.shows(&pool, async || find(&views, WARD, CHAT).await.expect("read")).await.expect("there");
    assert_json_snapshot!(IN_A_LIST, chat);
    assert_eq!(chat.owner, Some(ChatOwner::User(NURSE)));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_streams_of_users_projects_and_chats_may_come_in_any_order(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = history();
    history.chat(CHAT, started(WARD, NURSE, "Zinc"));
    apply(&pool, history.events().iter().rev()).await;
    let chat = find(&views, WARD, CHAT).await.expect("read").expect("there");
    assert_json_snapshot!(IN_A_LIST, chat);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_chat_without_messages_is_an_empty_conversation(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = history();
    history.chat(CHAT, started(WARD, NURSE, "Zinc"));
    let chat = history.shows(&pool, async || detail(&views, WARD, CHAT).await).await.expect("there");
    assert_json_snapshot!(chat);
    assert_eq!(chat.owner, Some(ChatOwner::User(NURSE)));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn chats_come_newest_first_and_only_their_owners(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = history();
    history
        .chat(CHAT, started(WARD, NURSE, "First"))
        .chat(OTHER_CHAT, started(WARD, DOCTOR, "Second"))
        .chat(CHAT, ChatEvent::Retitled { title: title("First, renamed").into() });
    let titles = async |filter: Filter| {
        let page = list(&views, WARD, &filter, &everything()).await.expect("read");
        page.map(|chat| chat.title).results
    };
    let (own, everybodys, searched, elsewhere) = history
        .shows(&pool, async || {
            (
                titles(Filter { owner: Some(NURSE), ..Filter::default() }).await,
                titles(Filter::default()).await,
                titles(Filter { owner: Some(NURSE), search: vec!["second".to_owned()] }).await,
                list(&views, CLINIC, &Filter::default(), &everything()).await.expect("read").count,
            )
        })
        .await;
    assert_eq!(own, ["First, renamed"]);
    assert_eq!(everybodys, ["Second", "First, renamed"]);
    assert_eq!(searched, Vec::<String>::new());
    assert_eq!(elsewhere, 0);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_deleted_chat_is_gone_from_everywhere(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = history();
    history.chat(CHAT, started(WARD, NURSE, "Zinc")).chat(CHAT, ChatEvent::Deleted {});
    let seen = history
        .shows(&pool, async || {
            (
                find(&views, WARD, CHAT).await.expect("read"),
                detail(&views, WARD, CHAT).await,
                list(&views, WARD, &Filter::default(), &everything()).await.expect("read").count,
                list_all(&views, WARD, None).await.len(),
                user_has_chat_in(&views, WARD, NURSE).await.expect("read"),
            )
        })
        .await;
    assert_eq!(seen, (None, None, 0, 0, false));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_chat_is_found_in_its_own_project_only(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = history();
    history.project(CLINIC, created("Clinic")).chat(CHAT, started(WARD, NURSE, "Zinc"));
    let seen = history
        .shows(&pool, async || (find(&views, CLINIC, CHAT).await.expect("read"), detail(&views, CLINIC, CHAT).await))
        .await;
    assert_eq!(seen, (None, None));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_chats_of_a_deleted_project_stay_readable(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = history();
    history.chat(CHAT, started(WARD, NURSE, "Zinc")).project(WARD, ProjectEvent::Deleted {});
    let chat = history.shows(&pool, async || find(&views, WARD, CHAT).await.expect("read")).await.expect("there");
    assert_eq!(chat.project.expect("still shown").title, "Ward");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn it_is_known_who_has_a_chat_in_which_project(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = history();
    history.chat(CHAT, started(WARD, NURSE, "Zinc"));
    let has = async |project, user| user_has_chat_in(&views, project, user).await.expect("read");
    let seen = history
        .shows(&pool, async || (has(WARD, NURSE).await, has(CLINIC, NURSE).await, has(WARD, DOCTOR).await))
        .await;
    assert_eq!(seen, (true, false, false));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn all_chats_come_with_their_own_messages(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = history();
    history
        .chat(CHAT, started(WARD, NURSE, "First"))
        .chat(CHAT, asked(1, "Zinc?"))
        .chat(OTHER_CHAT, started(WARD, DOCTOR, "Second"))
        .chat(OTHER_CHAT, asked(2, "ORS?"))
        .chat(CHAT, answered(1, "14 days", &[]));
    let texts = async |owner| {
        let chats = list_all(&views, WARD, owner).await;
        let texts = |chat: ChatDetail| chat.chats.into_iter().map(|message| message.message);
        chats.into_iter().map(|chat| texts(chat).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let (own, everybodys) = history.shows(&pool, async || (texts(Some(NURSE)).await, texts(None).await)).await;
    assert_eq!(own, [vec!["Zinc?", "14 days"]]);
    assert_eq!(everybodys, [vec!["ORS?"], vec!["Zinc?", "14 days"]]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_weight_of_chats_is_that_of_their_texts_and_of_the_documents_that_each_answer_names(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = history();
    history
        .document(GUIDE, added(WARD, "Guide", None))
        .chat(CHAT, started(WARD, NURSE, "First"))
        .chat(CHAT, asked(1, "ക"))
        .chat(CHAT, answered(1, "", &[GUIDE]))
        .chat(CHAT, asked(2, "b"))
        .chat(CHAT, answered(2, "", &[GUIDE]))
        .chat(OTHER_CHAT, started(WARD, DOCTOR, "Second"))
        .chat(OTHER_CHAT, asked(3, "ORS?"));
    let lists = history
        .shows(&pool, async || {
            let of = async |chats: &[uuid::Uuid]| weight(&views, chats).await.expect("read");
            let (one, other) = ([CHAT.value()], [OTHER_CHAT.value()]);
            [of(&one).await, of(&other).await, of(&[one, other].concat()).await]
        })
        .await;
    let guide = "Wash hands.".len();
    // Questions as they were asked, and in English.
    let (one, other) = (2 * 3 + 2 + 2 * guide, 2 * 4);
    assert_eq!(lists, [one, other, one + other]);

    // A chat that is read alone asks for room for that, unless it is short: wherever its texts become too long.
    let read = async |chat, short| {
        let head = head(&views, WARD, chat).await.expect("read").expect("there");
        let (detail, room) =
            head.detail(&views, MEDIA, short, async |bytes| Ok::<_, QueryError>(bytes)).await.expect("read");
        (json(&detail), room)
    };
    for (chat, weight) in [(CHAT, one), (OTHER_CHAT, other)] {
        let (shown, room) = read(chat, weight).await;
        assert_eq!(room, None);
        for short in [0, 3, weight - 1] {
            assert_eq!(read(chat, short).await, (shown.clone(), Some(weight)), "{short}");
        }
    }
}
