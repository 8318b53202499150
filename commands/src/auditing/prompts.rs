//! The prompt of an answer: its template as it was then, and the conversation that the model was sent, made again by the
//! code that answers. What is not recorded, or not known any more, is named and never guessed.

use domain::{
    AggregateType,
    aggregate::StoredAggregate,
    chat::{Chat, ChatEvent, Completion, Transcript},
    event::Event,
    project::Project,
};
use knowledge::prompt::Template;
use ports::{BUILT_IN_ANSWERER, Message, Passage};

use super::{
    Auditing, AuditingError, EventLink, PromptSeen,
    conversation::{ChatStep, Conversation, Turn},
    passages::FoundPassage,
};
use crate::answering::{self, AnswerSettings, earlier_turns};

/// The settings of answers over time: those of the chat's project, or its own if it has none.
pub(super) struct SettingsPast(Vec<Setting>);

struct Setting {
    template: String,
    /// How many passages before and behind a hit are joined to it.
    neighbours: usize,
    /// The position since which this holds.
    since: i64,
    /// The event that set the template.
    set_by: EventLink,
}

impl SettingsPast {
    fn add(&mut self, template: String, neighbours: usize, event: EventLink) {
        let since = event.position;
        let set_by = match self.0.last() {
            Some(last) if last.template == template && last.neighbours == neighbours => return,
            // Who changed something else has not set the prompt.
            Some(last) if last.template == template => last.set_by.clone(),
            _ => event,
        };
        self.0.push(Setting { template, neighbours, since, set_by });
    }

    /// How many neighbours were joined to each hit of an answer.
    pub(super) fn neighbours(&self, turn: &Turn<'_>) -> Result<usize, String> {
        let asked = self.before(turn.question.0.link.position).last();
        let neighbours = asked.map_or(0, |setting| setting.neighbours);
        let asked_at = turn.question.0.link.position;
        let mut meanwhile = self.before(turn.outcome().unwrap_or(i64::MAX)).filter(|setting| setting.since > asked_at);
        if meanwhile.any(|setting| setting.neighbours != neighbours) {
            return Err("how passages are chosen was changed while the answer was made".to_owned());
        }
        Ok(neighbours)
    }

    fn before(&self, position: i64) -> impl Iterator<Item = &Setting> {
        self.0.iter().filter(move |setting| setting.since <= position)
    }

    /// The setting whose template has this hash: the latest before the question, or else before the answer.
    fn with_hash(&self, hash: &str, turn: &Turn<'_>) -> Option<&Setting> {
        let has_hash = |setting: &&Setting| Template::of(Some(&setting.template)).hash() == hash;
        let asked = self.before(turn.question.0.link.position).filter(has_hash).last();
        asked.or_else(|| self.before(turn.outcome()?).filter(has_hash).last())
    }
}

/// The conversation that the model was sent, or the parts that are not known any more.
fn messages(
    conversation: &Conversation,
    turn: &Turn<'_>,
    completion: &Completion,
    template: Option<&str>,
    found: &[FoundPassage],
) -> Result<Vec<Message>, Vec<String>> {
    let (step, question) = turn.question;
    let mut missing = Vec::new();
    if template.is_none() {
        missing.push("the template: no prompt of before the answer has its SHA-256".to_owned());
    }
    if step.is_erased {
        missing.push("the question: the person was erased".to_owned());
    }
    if turn.passages.is_none() {
        missing.push("the passages: the log has none of the answer".to_owned());
    }
    let mut passages: Vec<Passage> = Vec::with_capacity(found.len());
    for FoundPassage { sent, .. } in found {
        match sent {
            Ok(passage) => passages.push(passage.clone()),
            Err(reason) => missing.push(reason.clone()),
        }
    }
    let turns = |up_to: i64| {
        let steps = conversation.steps.iter().rev().filter(|step| step.link.position <= up_to);
        let said = steps.filter(|step| Transcript::EVENT_TYPES.contains(&step.link.event_type));
        earlier_turns(said.map(|step| &step.event), question.answer_id)
    };
    let outcome = turn.outcome().unwrap_or(step.link.position);
    let history = turns(step.link.position);
    if history != turns(outcome - 1) {
        let reason = "another answer of this chat was recorded while this one was made";
        missing.push(format!("the earlier turns: {reason}, and it is not recorded whether the model got it"));
    }
    let (Some(template), true) = (template, missing.is_empty()) else { return Err(missing) };
    let asked = question.english_text.as_ref().unwrap_or(&question.text);
    let generation = &completion.generation;
    let request = answering::Conversation { template, passages, history };
    match request.ask(asked, generation.model_requested.clone(), generation.temperature, None) {
        Ok((request, _)) => Ok(request.messages()),
        Err(error) => Err(vec![format!("the template cannot be expanded: {error}")]),
    }
}

impl Auditing {
    /// The settings of a chat's answers up to the end of what is shown of it.
    pub(super) async fn settings_past(&self, conversation: &Conversation) -> Result<SettingsPast, AuditingError> {
        let mut past = SettingsPast(Vec::new());
        let Some(project) = conversation.project else {
            let mut chat = Chat::default();
            for ChatStep { link, event, .. } in &conversation.steps {
                fold(&mut chat, event.clone());
                let sets_prompt = matches!(event, ChatEvent::StartedWithKey { .. } | ChatEvent::PromptChanged { .. });
                if sets_prompt {
                    past.add(AnswerSettings::of_chat(&chat).template, 0, link.clone());
                }
            }
            return Ok(past);
        };
        let of = (AggregateType::Project, project.value());
        let mut state = Project::default();
        for read in self.histories.recorded(of, &[], conversation.up_to).await? {
            let recorded = read.recorded;
            let Event::Project(event) = &recorded.event else { continue };
            let link = EventLink::to(AggregateType::Project, event.into(), &recorded);
            fold(&mut state, event.clone());
            let neighbours = match &state {
                Project::Existing { retrieval, .. } => usize::from(retrieval.neighbours),
                Project::Absent | Project::Deleted { .. } => 0,
            };
            past.add(AnswerSettings::of(&state).template, neighbours, link);
        }
        Ok(past)
    }
}

/// The prompt of an answer, or of what should have been one.
pub(super) fn prompt_of(
    conversation: &Conversation,
    turn: &Turn<'_>,
    past: &SettingsPast,
    found: &[FoundPassage],
) -> PromptSeen {
    let Some((_, completion)) = turn.completion else {
        let missing = match turn.failure {
            Some(_) => "the prompt: it is recorded with complete answers only",
            None => "the prompt: there was no answer yet",
        };
        return PromptSeen {
            version: None,
            hash: None,
            template: None,
            set_by: None,
            is_sent: None,
            messages: None,
            missing: vec![missing.to_owned()],
        };
    };
    let generation = &completion.generation;
    let setting = past.with_hash(&generation.prompt_hash, turn);
    let template = setting.map(|setting| setting.template.as_str());
    let is_sent = generation.model_returned.as_deref() != Some(BUILT_IN_ANSWERER);
    let (messages, missing) = match is_sent.then(|| messages(conversation, turn, completion, template, found)) {
        None => (None, Vec::new()),
        Some(Ok(messages)) => (Some(messages), Vec::new()),
        Some(Err(missing)) => (None, missing),
    };
    PromptSeen {
        version: Some(generation.prompt_version.clone()),
        hash: Some(generation.prompt_hash.clone()),
        template: template.map(|template| Template::of(Some(template)).text.to_owned()),
        set_by: setting.map(|setting| setting.set_by.clone()),
        is_sent: Some(is_sent),
        messages,
        missing,
    }
}

fn fold<A: StoredAggregate>(aggregate: &mut A, event: A::Event) {
    aggregate.apply(event);
}
