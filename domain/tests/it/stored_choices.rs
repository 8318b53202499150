//! The names under which the values of a choice are stored.

use domain::{
    chat::AnswerFailure,
    document::{EmbeddingFailure, Place},
    erasure::{ApprovalRule, ErasureReason, HoldReason, Store, StoreFault, SubjectKind},
    test_run::{ResultFailure, RunFailure},
    values::{DocumentType, MessageType, Model, Rating, RunStatus, SttEngine, TtsEngine},
};
use serde::Serialize;
use strum::VariantArray;

#[test]
fn every_choice_keeps_its_stored_name() {
    fn names<T: Serialize>(choices: &[T]) -> Vec<String> {
        let name = |choice| serde_json::to_value(choice).expect("a choice is JSON").as_str().map(str::to_owned);
        choices.iter().map(|choice| name(choice).expect("a choice is stored as its name")).collect()
    }
    assert_eq!(names(DocumentType::ALL), ["file", "url", "text"]);
    assert_eq!(names(SttEngine::ALL), ["whisper", "google", "self_hosted"]);
    assert_eq!(names(TtsEngine::ALL), ["open_ai", "google"]);
    assert_eq!(names(MessageType::ALL), ["user", "system", "ayushma"]);
    let models =
        ["gpt35", "gpt35_long", "gpt4", "gpt4_long", "gpt4_visual", "gpt4_turbo", "gpt4_omni", "gpt4_omni_mini"];
    assert_eq!(names(Model::ALL), models);
    assert_eq!(
        names(EmbeddingFailure::VARIANTS),
        [
            "no_text",
            "unsupported_format",
            "file_missing",
            "provider",
            "bad_address",
            "forbidden_address",
            "unreachable",
            "page_refused",
            "too_large",
            "encrypted",
            "damaged",
            "too_complex",
            "legacy_font",
            "cancelled"
        ]
    );
    assert_eq!(names(Place::VARIANTS), ["index", "media_store"]);
    let failures = [
        "unauthorized",
        "rate_limited",
        "refused",
        "provider_unavailable",
        "retrieval_failed",
        "bad_prompt",
        "translation_failed",
        "interrupted",
        "broken_off",
        "empty",
        "withheld",
    ];
    assert_eq!(names(AnswerFailure::VARIANTS), failures);
    assert_eq!(names(RunStatus::ALL), ["running", "completed", "canceled", "failed"]);
    assert_eq!(names(Rating::ALL), ["hallucinating", "wrong", "unsatisfactory", "satisfactory", "good", "excellent"]);
    assert_eq!(names(RunFailure::VARIANTS), ["no_key", "suite_gone", "unworkable", "stale", "declared"]);
    assert_eq!(names(SubjectKind::VARIANTS), ["person", "chat"]);
    assert_eq!(names(ApprovalRule::VARIANTS), ["one", "two"]);
    let reasons = ["subject_request", "retention_ended", "unspecified", "restored_backup"];
    assert_eq!(names(ErasureReason::VARIANTS), reasons);
    assert_eq!(names(HoldReason::VARIANTS), ["litigation", "investigation", "statutory_duty"]);
    assert_eq!(names(Store::VARIANTS), ["keys", "account", "snapshots", "views", "media", "ledger"]);
    assert_eq!(names(StoreFault::VARIANTS), ["unavailable", "still_there", "behind"]);
    let of_results = [ResultFailure::NoTranslation, ResultFailure::Answer(AnswerFailure::Refused)];
    assert_eq!(names(&of_results), ["no_translation", "refused"]);
}
