//! What a client has asked for and what it was told: the other side of the comparison with the log.

use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    StartChat,
    Ask,
    AskStreamed,
    RenameChat,
    DeleteChat,
    Rate,
    AddDocument,
    DescribeDocument,
    DeleteDocument,
    RenameMe,
    MakeProject,
    ChangeProject,
}

impl Kind {
    /// The events that one execution leaves: one of these sets, wholly.
    pub(super) const fn effects(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::StartChat => &[&["chat.Started"]],
            Self::Ask | Self::AskStreamed => &[&["chat.QuestionAsked"], &["chat.QuestionAsked", "chat.Retitled"]],
            Self::RenameChat => &[&["chat.Retitled"]],
            Self::DeleteChat => &[&["chat.Deleted"]],
            Self::Rate => &[&["chat.FeedbackGiven"]],
            Self::AddDocument => &[&["document.Added"]],
            Self::DescribeDocument => &[&["document.TitleChanged", "document.DescriptionChanged"]],
            Self::DeleteDocument => &[&["document.Deleted"]],
            Self::RenameMe => &[&["user.FullNameChanged"]],
            Self::MakeProject => &[&["project.Created"]],
            Self::ChangeProject => &[&["project.TitleChanged", "project.DescriptionChanged"]],
        }
    }

    /// What may follow from it under the same trace: the outcome of a question.
    pub(super) const fn consequences(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Ask | Self::AskStreamed => &[
                &["chat.PassagesRetrieved", "chat.AnswerCompleted"],
                &["chat.PassagesRetrieved", "chat.AnswerFailed"],
                &["chat.AnswerFailed"],
            ],
            _ => &[],
        }
    }

    /// Whether a repetition would make a second one.
    pub(super) const fn is_creation(self) -> bool {
        matches!(
            self,
            Self::StartChat | Self::Ask | Self::AskStreamed | Self::Rate | Self::AddDocument | Self::MakeProject
        )
    }

    /// Whether an execution that changes nothing leaves no event.
    pub(super) const fn may_be_silent(self) -> bool {
        matches!(self, Self::DescribeDocument | Self::RenameMe | Self::ChangeProject)
    }

    pub(super) const fn is_question(self) -> bool {
        matches!(self, Self::Ask | Self::AskStreamed)
    }
}

/// How a request ended for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was told that it is done.
    Acknowledged,
    /// It was told that it is not done, and never will be.
    Refused(u16),
    /// It cannot know: a cut connection, a time-out, an error of the server.
    Unknown,
}

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    /// The `traceparent` that it carried: its events carry it too.
    pub(super) trace: String,
    pub(super) outcome: Outcome,
    /// What it was told.
    #[expect(dead_code, reason = "shown with a violation")]
    pub(super) said: String,
}

/// Something that a client wanted once, in as many requests as it took.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    #[expect(dead_code, reason = "shown with a violation")]
    pub(super) client: usize,
    pub(super) kind: Kind,
    pub(super) has_key: bool,
    pub(super) attempts: Vec<Attempt>,
    /// The id of the aggregate that the client was told of.
    pub(super) made: Option<Uuid>,
}

impl Wish {
    pub(super) fn is_acknowledged(&self) -> bool {
        self.attempts.last().is_some_and(|attempt| attempt.outcome == Outcome::Acknowledged)
    }
}

/// What a client knows for certain of one of its chats at the end.
#[derive(Debug, Clone, Default)]
pub(super) struct ChatRecord {
    pub(super) id: String,
    /// The newest title that was acknowledged; `None` when anything else may have changed it since.
    pub(super) title: Option<String>,
    pub(super) is_deleted: bool,
    /// A renaming was given up and asked for again: the first one may still be executed, when its process wakes up.
    pub(super) may_change: bool,
    pub(super) messages: Vec<String>,
}
