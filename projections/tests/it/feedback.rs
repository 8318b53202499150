//! Ratings: in lists, by filters, and whose chat they are about.

use domain::{
    chat::{ChatEvent, ChatOwner},
    ids::FeedbackId,
};
use projections::{
    Views,
    chats::{FeedbackFilter, Numbered, at_position, chat_of_message, feedback_list, feedback_of_chat, find_feedback},
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::history::{
    CHAT, CLINIC, DOCTOR, History, NURSE, OTHER_CHAT, WARD, answer_id, answered, asked, created, everything,
    question_id, registered, started,
};

const fn rating(number: u128) -> FeedbackId {
    FeedbackId::new(Uuid::from_u128(500 + number))
}

fn rated(number: u128, turn: u128, liked: bool) -> ChatEvent {
    ChatEvent::FeedbackGiven { feedback_id: rating(number), message_id: answer_id(turn), liked, message: None }
}

/// Two people with a rated answer each, in two projects; the nurse's is rated twice.
fn history() -> History {
    let mut history = History::default();
    history
        .user(NURSE, registered("asha"))
        .user(DOCTOR, registered("ravi"))
        .project(WARD, created("Ward"))
        .project(CLINIC, created("Clinic"))
        .chat(CHAT, started(WARD, NURSE, "Zinc"))
        .chat(CHAT, asked(1, "Zinc?"))
        .chat(CHAT, answered(1, "Yes.", &[]))
        .chat(OTHER_CHAT, started(CLINIC, DOCTOR, "Iron"))
        .chat(OTHER_CHAT, asked(2, "Iron?"))
        .chat(OTHER_CHAT, answered(2, "No.", &[]))
        .chat(CHAT, rated(1, 1, true))
        .chat(OTHER_CHAT, rated(2, 2, false))
        .chat(CHAT, rated(3, 1, false));
    history
}

async fn listed(views: &Views, filter: FeedbackFilter) -> Vec<Uuid> {
    let page = feedback_list(views, &filter, &everything()).await.expect("read");
    page.results.into_iter().map(|feedback| feedback.external_id).collect()
}

fn ids(numbers: &[u128]) -> Vec<Uuid> {
    numbers.iter().map(|number| rating(*number).value()).collect()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn ratings_come_in_the_order_in_which_they_were_given(pool: PgPool) {
    let views = Views::beside(&pool);
    let all = history().shows(&pool, async || listed(&views, FeedbackFilter::default()).await).await;
    assert_eq!(all, ids(&[1, 2, 3]));
    let of_chat = feedback_of_chat(&views, CHAT).await.expect("read");
    assert_eq!(of_chat.iter().map(|feedback| feedback.external_id).collect::<Vec<_>>(), ids(&[1, 3]));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn each_filter_leaves_what_it_names(pool: PgPool) {
    let views = Views::beside(&pool);
    history().shows(&pool, async || ()).await;
    let none = FeedbackFilter::default;
    for (filter, expected) in [
        (FeedbackFilter { owner: Some(NURSE), ..none() }, ids(&[1, 3])),
        (FeedbackFilter { liked: Some(false), ..none() }, ids(&[2, 3])),
        (FeedbackFilter { message: Some(answer_id(2).value()), ..none() }, ids(&[2])),
        (FeedbackFilter { chat: Some(CHAT.value()), ..none() }, ids(&[1, 3])),
        (FeedbackFilter { project: Some(CLINIC.value()), ..none() }, ids(&[2])),
        (FeedbackFilter { project: Some(CLINIC.value()), owner: Some(NURSE), ..none() }, ids(&[])),
    ] {
        assert_eq!(listed(&views, filter.clone()).await, expected, "{filter:?}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_rating_and_a_message_say_whose_chat_they_belong_to(pool: PgPool) {
    let views = Views::beside(&pool);
    history().shows(&pool, async || ()).await;
    let (found, owner) = find_feedback(&views, rating(2)).await.expect("read").expect("there");
    assert_eq!((found.chat_message, owner), (answer_id(2).value(), Some(ChatOwner::User(DOCTOR))));
    assert!(find_feedback(&views, rating(9)).await.expect("read").is_none());
    let chat = chat_of_message(&views, question_id(1)).await.expect("read");
    assert_eq!(chat, Some((CHAT, Some(ChatOwner::User(NURSE)))));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_message_of_a_deleted_chat_is_nobodys(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = history();
    history.chat(CHAT, ChatEvent::Deleted {});
    history.shows(&pool, async || ()).await;
    assert_eq!(chat_of_message(&views, answer_id(1)).await.expect("read"), None);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_number_is_the_position_of_the_event_that_made_the_object(pool: PgPool) {
    let views = Views::beside(&pool);
    history().shows(&pool, async || ()).await;
    for (kind, position, expected) in [
        (Numbered::Project, 3, Some(WARD.value())),
        (Numbered::Chat, 5, Some(CHAT.value())),
        (Numbered::Message, 7, Some(answer_id(1).value())),
        (Numbered::Message, 5, None),
    ] {
        assert_eq!(at_position(&views, kind, position).await.expect("read"), expected, "{kind:?} {position}");
    }
}
