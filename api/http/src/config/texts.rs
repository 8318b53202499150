//! The maximum lengths of all texts that clients and models send and that are stored.

use clap::Args;

/// In characters. What is kept goes into the log, which never forgets: nothing may be without a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct TextSettings {
    /// Characters of a question: typed, spoken, of a test suite or suggested by a project
    #[arg(long, env, default_value_t = 10_000, global = true)]
    pub max_question_chars: usize,

    /// Characters of what a model is told: prompts of projects and chats, instructions of assistants, messages of a form
    #[arg(long, env, default_value_t = 50_000, global = true)]
    pub max_prompt_chars: usize,

    /// Characters of an answer: a model's, which is cut off there, and a person's in a test suite
    #[arg(long, env, default_value_t = 50_000, global = true)]
    pub max_answer_chars: usize,

    /// Characters of a description, of a rating's message and of a reviewer's notes
    #[arg(long, env, default_value_t = 10_000, global = true)]
    pub max_note_chars: usize,

    /// Characters of a document that is typed in; longer ones can be uploaded as files
    #[arg(long, env, default_value_t = 1_000_000, global = true)]
    pub max_document_chars: usize,
}
