//! What holds for every aggregate under any commands and any events, and for every value under any text.

use std::{
    fmt::Debug,
    pin::pin,
    task::{Context, Poll, Waker},
};

use cqrs_es::{Aggregate, DomainEvent, event_sink::EventSink};
use domain::{
    AggregateType,
    access::AccessRecord,
    aggregate::StoredAggregate,
    chat::{Chat, ChatCommand, Transcript},
    document::{Document, DocumentCommand},
    envelope::Actor,
    erasure::ErasureCase,
    event::Event,
    feedback::Feedback,
    ids::MessageId,
    personal::PersonalFields,
    project::{Project, ProjectCommand},
    service::Service,
    test_run::TestRun,
    test_suite::TestSuite,
    user::{User, UserCommand},
    values::{
        DocumentType, Email, FullName, MessageType, Model, Rating, RunStatus, ServiceName, SttEngine, SuiteName,
        TextError, Title, TtsEngine, Username,
    },
};
use proptest::{collection::vec, prelude::*, sample::select};
use uuid::Uuid;

use crate::{
    accesses::access_command,
    arbitrary::{chat_command, document_command, project_command, service_command, user_command},
    arbitrary_tests::{feedback_command, run_command, suite_command},
    clear_form::{clear_payload, in_clear},
    erasures::erasure_command,
    samples::samples,
    stored_events::assert_fields_are_in_golden_files,
};

/// An aggregate takes a command as the write side gives it one. No IO is waited for, so the first poll finishes.
fn handle<A: Aggregate<Services = ()>>(aggregate: &mut A, command: A::Command) -> Result<Vec<A::Event>, A::Error> {
    fn now<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => panic!("a decision waits for nothing"),
        }
    }
    let sink = EventSink::default();
    now(aggregate.handle(command, &(), &sink))?;
    Ok(now(sink.collect()))
}

fn fold<A: Aggregate>(mut state: A, events: impl IntoIterator<Item = A::Event>) -> A {
    events.into_iter().for_each(|event| state.apply(event));
    state
}

fn reread<A: Aggregate>(state: &A) -> A {
    let text = serde_json::to_string(state).expect("a state is JSON");
    serde_json::from_str(&text).expect("what was written can be read")
}

/// What the log gives back for an event that was stored.
fn stored_and_read<E: DomainEvent + PersonalFields>(aggregate_type: AggregateType, event: &E) -> Event {
    let text = clear_payload(event).to_string();
    let read = Event::decode(aggregate_type.name(), &event.event_type(), &event.event_version(), text.as_str());
    in_clear(read.expect("what a command led to can be read"))
}

/// Gives an aggregate the commands and holds it to what every aggregate promises. `repeats` says of which commands an
/// exact repeat has events again.
fn keeps_its_promises<A>(
    commands: Vec<A::Command>,
    event: fn(A::Event) -> Event,
    repeats: fn(&A::Command) -> bool,
) -> Result<(), TestCaseError>
where
    A: StoredAggregate<Services = ()> + PartialEq + Debug,
    A::Command: Clone + Debug,
{
    let mut live = A::default();
    let mut history = Vec::new();
    for command in commands {
        let before = live.clone();
        match handle(&mut live, command.clone()) {
            Ok(events) => {
                for new in &events {
                    prop_assert_eq!(stored_and_read(A::AGGREGATE_TYPE, new), event(new.clone()));
                    assert_fields_are_in_golden_files(A::AGGREGATE_TYPE, new);
                }
                history.extend(events);
                if !repeats(&command) {
                    let again = handle(&mut live.clone(), command).unwrap_or_default();
                    prop_assert!(again.is_empty(), "a repeat led to {again:?}");
                }
            }
            Err(_) => prop_assert_eq!(&live, &before, "a refused command has changed something"),
        }
        prop_assert_eq!(&fold(A::default(), history.clone()), &live);
        prop_assert_eq!(&reread(&live), &live);
    }
    Ok(())
}

fn sampled<E: Clone + Debug + 'static>(only: fn(Event) -> Option<E>) -> impl Strategy<Value = Vec<E>> {
    let events: Vec<E> = samples().into_iter().filter_map(|sample| only(sample.event)).collect();
    vec(select(events), 0..24)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "\\s?[\\w.@+-]{0,12}@[\\w-]{0,8}\\.?\\w{0,8}\\s?", "\\PC{0,200}", "\\w{0,160}"]
}

/// An accepted value is parsed to itself and is no longer than its type allows; a refused one is not merely trimmable.
fn is_stable<T: PartialEq + Debug>(
    text: &str,
    parse: fn(&str) -> Result<T, TextError>,
    as_str: fn(&T) -> &str,
    max: usize,
) -> Result<(), TestCaseError> {
    if let Ok(value) = parse(text) {
        let accepted = as_str(&value);
        prop_assert!(!accepted.is_empty() && accepted == accepted.trim());
        prop_assert!(accepted.chars().count() <= max);
        prop_assert_eq!(parse(accepted), Ok(value));
    } else {
        prop_assert_eq!(parse(text.trim()), parse(text));
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_user_keeps_every_aggregates_promises(commands in vec(user_command(), 0..16)) {
        let repeats = |command: &UserCommand| {
            matches!(command, UserCommand::ChangePassword { .. } | UserCommand::RequestPasswordReset)
        };
        keeps_its_promises::<User>(commands, Event::User, repeats)?;
    }

    #[test]
    fn a_project_keeps_every_aggregates_promises(commands in vec(project_command(), 0..16)) {
        let repeats = |command: &ProjectCommand| matches!(command, ProjectCommand::RecordProviderKey { is_set: true });
        keeps_its_promises::<Project>(commands, Event::Project, repeats)?;
    }

    #[test]
    fn a_document_keeps_every_aggregates_promises(commands in vec(document_command(), 0..16)) {
        // The page of a web address may have changed.
        let repeats = |command: &DocumentCommand| matches!(command, DocumentCommand::AddVersion { .. });
        keeps_its_promises::<Document>(commands, Event::Document, repeats)?;
    }

    #[test]
    fn a_chat_keeps_every_aggregates_promises(commands in vec(chat_command(), 0..16)) {
        let repeats =
            |command: &ChatCommand| matches!(command, ChatCommand::Retitle(_) | ChatCommand::RecordPassages { .. });
        keeps_its_promises::<Chat>(commands, Event::Chat, repeats)?;
    }

    #[test]
    fn a_service_keeps_every_aggregates_promises(commands in vec(service_command(), 0..16)) {
        keeps_its_promises::<Service>(commands, Event::Service, |_| false)?;
    }

    #[test]
    fn a_test_suite_keeps_every_aggregates_promises(commands in vec(suite_command(), 0..16)) {
        keeps_its_promises::<TestSuite>(commands, Event::TestSuite, |_| false)?;
    }

    #[test]
    fn a_test_run_keeps_every_aggregates_promises(commands in vec(run_command(), 0..16)) {
        keeps_its_promises::<TestRun>(commands, Event::TestRun, |_| false)?;
    }

    #[test]
    fn feedback_keeps_every_aggregates_promises(commands in vec(feedback_command(), 0..16)) {
        keeps_its_promises::<Feedback>(commands, Event::Feedback, |_| false)?;
    }

    #[test]
    fn a_record_of_an_access_keeps_every_aggregates_promises(commands in vec(access_command(), 0..4)) {
        keeps_its_promises::<AccessRecord>(commands, Event::Access, |_| false)?;
    }

    #[test]
    fn the_case_of_an_erasure_keeps_every_aggregates_promises(commands in vec(erasure_command(), 0..16)) {
        keeps_its_promises::<ErasureCase>(commands, Event::Erasure, |_| false)?;
    }

    #[test]
    fn a_test_suite_takes_events_in_any_order(events in sampled(|event| match event { Event::TestSuite(event) => Some(event), _ => None })) {
        let state = fold(TestSuite::default(), events);
        prop_assert_eq!(reread(&state), state);
    }

    #[test]
    fn a_test_run_takes_events_in_any_order(events in sampled(|event| match event { Event::TestRun(event) => Some(event), _ => None })) {
        let state = fold(TestRun::default(), events);
        prop_assert_eq!(reread(&state), state);
    }

    #[test]
    fn feedback_takes_events_in_any_order(events in sampled(|event| match event { Event::Feedback(event) => Some(event), _ => None })) {
        let state = fold(Feedback::default(), events);
        prop_assert_eq!(reread(&state), state);
    }

    #[test]
    fn a_user_takes_events_in_any_order(events in sampled(|event| match event { Event::User(event) => Some(event), _ => None })) {
        let state = fold(User::default(), events);
        prop_assert_eq!(reread(&state), state);
    }

    #[test]
    fn a_project_takes_events_in_any_order(events in sampled(|event| match event { Event::Project(event) => Some(event), _ => None })) {
        let state = fold(Project::default(), events);
        prop_assert_eq!(reread(&state), state);
    }

    #[test]
    fn a_document_takes_events_in_any_order(events in sampled(|event| match event { Event::Document(event) => Some(event), _ => None })) {
        let state = fold(Document::default(), events);
        prop_assert_eq!(reread(&state), state);
    }

    #[test]
    fn a_service_takes_events_in_any_order(events in sampled(|event| match event { Event::Service(event) => Some(event), _ => None })) {
        let state = fold(Service::default(), events);
        prop_assert_eq!(reread(&state), state);
    }

    #[test]
    fn a_chat_and_its_transcript_take_events_in_any_order(
        events in sampled(|event| match event { Event::Chat(event) => Some(event), _ => None }),
        answer in any::<u128>(),
    ) {
        let mut transcript = Transcript::default();
        for event in &events {
            transcript.apply(event);
        }
        prop_assert!(transcript.answered_before(MessageId::new(Uuid::from_u128(answer))).count() <= events.len());
        let state = fold(Chat::default(), events);
        prop_assert_eq!(reread(&state), state);
    }

    #[test]
    fn an_accepted_value_is_parsed_to_itself(text in text()) {
        is_stable(&text, Email::parse, Email::as_str, Email::MAX_CHARS)?;
        is_stable(&text, Username::parse, Username::as_str, Username::MAX_CHARS)?;
        is_stable(&text, FullName::parse, FullName::as_str, FullName::MAX_CHARS)?;
        is_stable(&text, ServiceName::parse, ServiceName::as_str, ServiceName::MAX_CHARS)?;
        is_stable(&text, Title::parse, Title::as_str, Title::MAX_CHARS)?;
        is_stable(&text, SuiteName::parse, SuiteName::as_str, SuiteName::MAX_CHARS)?;
    }

    #[test]
    fn the_start_of_a_text_is_a_title(text in text()) {
        if let Some(title) = Title::from_start_of(&text) {
            prop_assert_eq!(Title::parse(title.as_str()), Ok(title));
        }
    }

    #[test]
    fn an_email_is_the_same_in_upper_and_lower_case(local in "[a-z0-9.]{1,12}", host in "[a-z0-9]{1,8}\\.[a-z]{2,4}") {
        let address = format!("{local}@{host}");
        let (lower, upper) = (Email::parse(&address), Email::parse(&address.to_uppercase()));
        prop_assert_eq!(lower.map(|it| it.comparable()), upper.map(|it| it.comparable()));
    }

    #[test]
    fn a_choice_has_the_number_that_it_was_chosen_by(number in prop_oneof![any::<i64>(), -1_i64..12]) {
        prop_assert!(Model::from_number(number).is_none_or(|it| i64::from(it.number()) == number));
        prop_assert!(DocumentType::from_number(number).is_none_or(|it| i64::from(it.number()) == number));
        prop_assert!(MessageType::from_number(number).is_none_or(|it| i64::from(it.number()) == number));
        prop_assert!(SttEngine::from_number(number).is_none_or(|it| i64::from(it.number()) == number));
        prop_assert!(RunStatus::from_number(number).is_none_or(|it| i64::from(it.number()) == number));
        prop_assert!(Rating::from_number(number).is_none_or(|it| i64::from(it.number()) == number));
        prop_assert!(TtsEngine::from_number(number).is_none_or(|it| i64::from(it.number()) == number));
    }

    #[test]
    fn an_actor_of_any_name_reads_back_as_written(part in any::<String>()) {
        let actor = Actor::System(part);
        prop_assert_eq!(actor.to_string().parse(), Ok(actor));
    }
}
