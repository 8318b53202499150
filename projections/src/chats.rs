//! Conversations: the chats of a project, and their messages.
//!
//! Titles and messages are personal text in the clear; only principals who may read them get them.

mod api_key_chats;
mod feedback;
mod message_rows;
mod messages;
mod projector;
mod queries;
mod rows;
mod shapes;

pub use api_key_chats::{head_anywhere, key_chat_ordering_column, page_of_key};
pub use feedback::{
    FeedbackFilter, FeedbackView, Numbered, at_position, chat_of_message, feedback_list, feedback_of_chat,
    feedback_ordering_column, find_feedback, rated,
};
pub use messages::{AnswerTimes, MessageMeta, MessageView, QuestionTimes, message};
pub(crate) use projector::ChatsProjector;
pub use queries::{ChatHead, Filter, details, find, head, ids_in, list, owner, owners, user_has_chat_in, weight};
pub use shapes::{ChatDetail, ChatSummary, ThreadMessage};
