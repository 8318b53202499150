//! Conversations: a question, the passages that were found for it, its answer, and what was thought of it.

use domain::{
    chat::{AnswerFailure, Chat, ChatCommand, Completion, Generation, Question, RetrievedPassage, Usage},
    ids::{FeedbackId, MessageId, SessionId, UserId},
    user::UserCommand,
    values::Title,
};
use rand::RngExt as _;
use uuid::Uuid;

use super::{
    house::House,
    teller::{Living, Request, Teller},
    texts,
};

/// A chat of a person that goes on.
pub(crate) struct Conversation {
    chat: Living<Chat>,
    nurse: usize,
    owner: Uuid,
    ward: usize,
    is_hindi: bool,
    /// The announced answer, and the request that it belongs to.
    awaited: Option<(MessageId, Request)>,
}

impl Conversation {
    pub(crate) async fn begin(teller: &mut Teller, house: &mut House, nurse: usize) -> anyhow::Result<Self> {
        let (owner, ward) = (house.person(nurse).id, house.a_ward(teller));
        let mut chat = Living::absent(teller.new_id());
        let (project_id, title) = (house.ward(ward).project(), Title::parse("New chat")?);
        let request = teller.by_person(owner);
        let start = ChatCommand::Start { project_id, owner: UserId::new(owner), title };
        teller.execute(&mut chat, &request, [start]).await?;
        Ok(Self { chat, nurse, owner, ward, is_hindi: teller.is_likely(0.15), awaited: None })
    }

    pub(crate) const fn id(&self) -> Uuid {
        self.chat.id
    }

    pub(crate) const fn owner(&self) -> Uuid {
        self.owner
    }

    /// Asks, or answers what was asked. Returns whether a turn has ended.
    pub(crate) async fn go_on(&mut self, teller: &mut Teller, house: &House) -> anyhow::Result<bool> {
        match self.awaited.take() {
            None => self.ask(teller).await.map(|()| false),
            Some((answer, request)) => self.answer(teller, house, answer, &request).await.map(|()| true),
        }
    }

    async fn ask(&mut self, teller: &mut Teller) -> anyhow::Result<()> {
        let (message_id, answer_id) = (MessageId::new(teller.new_id()), MessageId::new(teller.new_id()));
        let english = texts::question(&mut teller.chance);
        let (text, english_text, translation) = if self.is_hindi {
            let stage = teller.stage(200..900);
            (texts::hindi_question(&mut teller.chance), Some(english.into()), Some(stage))
        } else {
            (english, None, None)
        };
        let question = Question {
            message_id,
            answer_id,
            text: text.into(),
            english_text,
            translation,
            transcription: None,
            language: if self.is_hindi { "hi" } else { "en" }.to_owned(),
            temperature: 0.1,
            top_k: 100,
        };
        let request = teller.by_person(self.owner);
        teller.execute(&mut self.chat, &request, [ChatCommand::Ask(question)]).await?;
        self.awaited = Some((answer_id, request));
        Ok(())
    }

    async fn answer(
        &mut self,
        teller: &mut Teller,
        house: &House,
        answer_id: MessageId,
        request: &Request,
    ) -> anyhow::Result<()> {
        let retrieval = teller.stage(5..80);
        let passages = house.ward(self.ward).passages(teller);
        if teller.is_likely(0.02) {
            let failure = ChatCommand::FailAnswer {
                answer_id,
                reason: AnswerFailure::ProviderUnavailable,
                partial_text: String::new(),
                notice: Some("The answer could not be made. Please ask again.".to_owned()),
            };
            return teller.execute(&mut self.chat, request, [failure]).await;
        }
        let citations = passages.iter().take(2).map(|passage| passage.document_id).collect();
        let generation = generation(teller, retrieval, &passages);
        let english = texts::text(&mut teller.chance, 3..12);
        let (text, english_text, translation) = if self.is_hindi {
            let stage = teller.stage(300..1_500);
            (texts::hindi_text(&mut teller.chance), Some(english.into()), Some(stage))
        } else {
            (english, None, None)
        };
        let completion = Completion { answer_id, text: text.into(), english_text, translation, citations, generation };
        let answered =
            [ChatCommand::RecordPassages { answer_id, passages }, ChatCommand::CompleteAnswer(Box::new(completion))];
        teller.execute(&mut self.chat, request, answered).await?;
        if teller.is_likely(0.05) {
            let (speech, upload) = (teller.stage(100..900), teller.stage(5..60));
            let audio = teller.file("mp3", 20_000..300_000);
            let spoken = ChatCommand::RecordSpeech { answer_id, audio, speech, upload };
            teller.execute(&mut self.chat, request, [spoken]).await?;
        }
        if teller.is_likely(0.15) {
            let message = if teller.is_likely(0.3) { Some(texts::remark(&mut teller.chance)) } else { None };
            let (feedback_id, liked) = (FeedbackId::new(teller.new_id()), teller.is_likely(0.8));
            let rated = ChatCommand::GiveFeedback { feedback_id, message_id: answer_id, liked, message };
            let request = teller.by_person(self.owner);
            teller.execute(&mut self.chat, &request, [rated]).await?;
        }
        Ok(())
    }

    async fn end(&mut self, teller: &mut Teller) -> anyhow::Result<()> {
        if teller.is_likely(0.03) {
            let request = teller.by_person(self.owner);
            teller.execute(&mut self.chat, &request, [ChatCommand::Delete]).await?;
        }
        Ok(())
    }
}

pub(crate) fn generation(
    teller: &mut Teller,
    retrieval: domain::chat::Stage,
    passages: &[RetrievedPassage],
) -> Generation {
    let prompt_tokens = u32::try_from(passages.len()).unwrap_or_default() * 180 + 150;
    Generation {
        model_requested: "gpt-4o-mini".to_owned(),
        model_returned: Some("gpt-4o-mini-2024-07-18".to_owned()),
        prompt_version: "project".to_owned(),
        prompt_hash: teller.digest(),
        temperature: 0.1,
        usage: Some(Usage { prompt_tokens, completion_tokens: teller.chance.random_range(60..400) }),
        finish_reason: Some("stop".to_owned()),
        retrieval,
        response: teller.stage(400..6_000),
    }
}

/// Somebody logs in, asks a few things in a new chat, and goes.
pub(crate) struct Visit {
    session: SessionId,
    conversation: Conversation,
    /// Turns that are still to come.
    turns: u32,
}

impl Visit {
    pub(crate) async fn begin(teller: &mut Teller, house: &mut House) -> anyhow::Result<Self> {
        let nurse = house.a_nurse(teller);
        let session = SessionId::new(teller.new_id());
        let person = house.person(nurse);
        let request = teller.by_person(person.id);
        teller.execute(person, &request, [UserCommand::StartSession(session)]).await?;
        let conversation = Conversation::begin(teller, house, nurse).await?;
        Ok(Self { session, conversation, turns: teller.chance.random_range(1..9) })
    }

    pub(crate) const fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// Lets the visit go on. Returns whether it does so later, too.
    pub(crate) async fn go_on(&mut self, teller: &mut Teller, house: &mut House) -> anyhow::Result<bool> {
        if self.turns > 0 {
            self.turns -= u32::from(self.conversation.go_on(teller, house).await?);
            return Ok(true);
        }
        self.conversation.end(teller).await?;
        // Whoever does not log out is logged out when there are too many logins.
        if teller.is_likely(0.6) {
            let person = house.person(self.conversation.nurse);
            let request = teller.by_person(person.id);
            teller.execute(person, &request, [UserCommand::EndSession(self.session)]).await?;
        }
        Ok(false)
    }
}
