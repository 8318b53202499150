//! The events of a chat, sorted by the answers that they are about.

use domain::{
    AggregateType,
    chat::{ChatEvent, Completion, Question, RetrievedPassage},
    event::Event,
    ids::{ChatId, MessageId, ProjectId},
};

use super::{Auditing, AuditingError, EventLink};
use crate::event_log::{Moment, ReadEvent};

/// An event of a chat.
pub(super) struct ChatStep {
    pub link: EventLink,
    pub event: ChatEvent,
    pub is_erased: bool,
}

/// A chat up to a moment.
pub(super) struct Conversation {
    pub id: ChatId,
    /// `None` for a chat of an API key.
    pub project: Option<ProjectId>,
    /// `user:…`, or `service:…` for a chat of an API key.
    pub owner: String,
    /// In the order of the log; at least one.
    pub steps: Vec<ChatStep>,
    /// The position of the last of them.
    pub up_to: i64,
}

/// What is recorded of one answer. Parts that the log does not have (yet) are absent.
pub(super) struct Turn<'a> {
    pub question: (&'a ChatStep, &'a Question),
    pub passages: Option<(&'a ChatStep, &'a [RetrievedPassage])>,
    pub completion: Option<(&'a ChatStep, &'a Completion)>,
    pub failure: Option<&'a ChatStep>,
}

impl Turn<'_> {
    /// The position by which the answer was made, or the failure recorded.
    pub(super) fn outcome(&self) -> Option<i64> {
        let step = self.completion.as_ref().map(|(step, _)| *step).or(self.failure);
        step.map(|step| step.link.position)
    }
}

impl Conversation {
    /// What is recorded of the answer, or of its failure; `None` if the chat has no question with this answer.
    pub(super) fn turn(&self, answer: MessageId) -> Option<Turn<'_>> {
        let mut turn: Option<Turn<'_>> = None;
        for step in &self.steps {
            match (&step.event, &mut turn) {
                (ChatEvent::QuestionAsked(question), None) if question.answer_id == answer => {
                    let question = (step, question);
                    turn = Some(Turn { question, passages: None, completion: None, failure: None });
                }
                (ChatEvent::PassagesRetrieved { answer_id, passages }, Some(turn)) if *answer_id == answer => {
                    turn.passages = Some((step, passages));
                }
                (ChatEvent::AnswerCompleted(completion), Some(turn)) if completion.answer_id == answer => {
                    turn.completion = Some((step, completion));
                }
                (ChatEvent::AnswerFailed { answer_id, .. }, Some(turn)) if *answer_id == answer => {
                    turn.failure = Some(step);
                }
                _ => {}
            }
        }
        turn
    }
}

impl Auditing {
    /// A chat as it was at a moment.
    pub(super) async fn conversation(&self, id: ChatId, at: Moment) -> Result<Conversation, AuditingError> {
        let position = self.histories.position_of(at).await?.position;
        let chat = (AggregateType::Chat, id.value());
        let events = self.histories.recorded(chat, &[], position).await?;
        if events.is_empty()
            && let Some(first) = self.histories.recorded(chat, &[], i64::MAX).await?.first()
        {
            return Err(AuditingError::BeforeChat(first.recorded.position));
        }
        let steps: Vec<ChatStep> = events.into_iter().filter_map(ChatStep::of).collect();
        let (Some(first), Some(last)) = (steps.first(), steps.last()) else {
            return Err(AuditingError::UnknownChat(id));
        };
        let (project, owner) = match &first.event {
            ChatEvent::Started { project_id, owner, .. } => (Some(*project_id), format!("user:{owner}")),
            ChatEvent::StartedWithKey { service_id, .. } => (None, format!("service:{service_id}")),
            _ => (None, first.link.actor.clone()),
        };
        let up_to = last.link.position;
        Ok(Conversation { id, project, owner, steps, up_to })
    }
}

impl ChatStep {
    fn of(ReadEvent { recorded, is_erased }: ReadEvent) -> Option<Self> {
        let Event::Chat(event) = &recorded.event else { return None };
        let link = EventLink::to(AggregateType::Chat, event.into(), &recorded);
        Some(Self { link, event: event.clone(), is_erased })
    }
}
