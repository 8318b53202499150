//! What events before an answer say of it: its question and the passages that were found.

use std::collections::HashMap;

use domain::{
    chat::{ChatEvent, RetrievedPassage},
    event::Event,
    ids::MessageId,
};

/// The questions without an answer that are kept in memory; of more, the oldest are forgotten.
const MAX_OPEN: usize = 4_096;

/// What was recorded of an answer before it; each part is `None` if its event was not taken.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Turn {
    pub question: Option<MessageId>,
    pub passages: Option<Vec<RetrievedPassage>>,
}

/// The turns of conversations whose answers did not come yet. Its memory does not grow with the number of events.
#[derive(Debug, Default)]
pub struct Turns {
    open: HashMap<MessageId, (i64, Turn)>,
}

impl Turns {
    /// Takes the next event, in the order of the log. Returns the turn of a complete answer.
    pub fn take(&mut self, position: i64, event: &Event) -> Option<Turn> {
        let Event::Chat(event) = event else { return None };
        match event {
            ChatEvent::QuestionAsked(question) => {
                self.turn(position, question.answer_id).question = Some(question.message_id);
                None
            }
            ChatEvent::PassagesRetrieved { answer_id, passages } => {
                self.turn(position, *answer_id).passages = Some(passages.clone());
                None
            }
            ChatEvent::AnswerCompleted(completion) => {
                Some(self.open.remove(&completion.answer_id).map(|(_, turn)| turn).unwrap_or_default())
            }
            ChatEvent::AnswerFailed { answer_id, .. } => {
                self.open.remove(answer_id);
                None
            }
            _ => None,
        }
    }

    fn turn(&mut self, position: i64, answer: MessageId) -> &mut Turn {
        if self.open.len() >= MAX_OPEN
            && let Some(oldest) = self.open.iter().min_by_key(|(_, (position, _))| *position).map(|(id, _)| *id)
        {
            self.open.remove(&oldest);
        }
        &mut self.open.entry(answer).or_insert_with(|| (position, Turn::default())).1
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn questions_that_nobody_answers_do_not_fill_the_memory() {
        let mut turns = Turns::default();
        for number in 0..20_000_u32 {
            let answer_id = MessageId::new(Uuid::from_u128(number.into()));
            let found = ChatEvent::PassagesRetrieved { answer_id, passages: vec![] };
            assert_eq!(turns.take(i64::from(number), &Event::Chat(found)), None);
        }
        assert_eq!(turns.open.len(), MAX_OPEN);
        assert!(turns.open.contains_key(&MessageId::new(Uuid::from_u128(19_999))), "the newest are kept");
    }
}
