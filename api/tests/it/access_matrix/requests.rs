//! A valid body for every path and verb.

use reqwest::{
    Method, RequestBuilder,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use super::world::World;
use crate::support::{PASSWORD, multipart};

impl World {
    /// The request with a body that nobody could find fault with.
    pub(super) fn with_body(&mut self, request: RequestBuilder, method: &Method, pattern: &str) -> RequestBuilder {
        match form(method, pattern) {
            Some(form) => request.multipart(form),
            None if *method == Method::GET || *method == Method::HEAD => request,
            None => request.json(&self.json(method, pattern)),
        }
    }

    fn json(&mut self, method: &Method, pattern: &str) -> Value {
        match (method.as_str(), pattern) {
            ("POST", "/api/auth/register" | "/api/users") => {
                let name = self.new_name();
                let email = format!("{name}@example.com");
                json!({ "username": name, "full_name": "N", "email": email, "password": PASSWORD, "recaptcha": "x" })
            }
            ("POST", "/api/auth/login") => json!({ "email": self.owner_email, "password": PASSWORD }),
            ("POST", "/api/auth/forgot") => json!({ "email": self.forgetful }),
            ("POST", "/api/auth/verify") => json!({ "email": self.forgetful, "token": self.code }),
            ("POST", "/api/auth/reset") => {
                json!({ "email": self.forgetful, "token": self.code, "password": PASSWORD })
            }
            ("PATCH", "/api/users/{username}" | "/api/users/me") => json!({ "full_name": "Renamed" }),
            (_, "/api/projects/{project}/create_assistant") => {
                json!({ "name": "Assistant", "instructions": "Be brief. {reference}", "model": "gpt-4o" })
            }
            ("POST", "/api/audit/auditors") => json!({ "username": "auditor" }),
            ("POST", "/api/erasures/holds") => json!({ "subject": self.askable, "reason": "litigation" }),
            ("POST", "/api/erasures") => json!({ "subject": self.askable, "reason": "subject_request" }),
            ("POST", "/api/temptokens") => json!({ "ip": "203.0.113.50" }),
            ("POST", "/api/chats/completion") => {
                json!({ "task": "ai_form_fill", "messages": [{ "role": "user", "content": "A fever." }] })
            }
            ("PATCH", "/api/projects/{project}/retrieval") => json!({ "neighbours": 1 }),
            ("POST", "/api/projects/{project}/retrieval/explain") => json!({ "question": "Zinc?" }),
            ("POST", "/api/feedback") => json!({ "chat_message": self.message, "liked": true }),
            ("POST", "/api/services") | ("PATCH", "/api/services/{id}" | "/api/tests/suites/{id}") => {
                json!({ "name": "Renamed" })
            }
            ("POST", "/api/tests/suites") => json!({ "name": "Ward", "temperature": 0.1, "topk": 10 }),
            ("POST", "/api/tests/suites/{suite}/questions") => json!({ "question": "ORS?", "human_answer": "Yes" }),
            ("PATCH", "/api/tests/suites/{suite}/questions/{id}") => json!({ "human_answer": "No" }),
            ("POST", "/api/tests/suites/{suite}/runs") => json!({ "project": self.project, "models": [1] }),
            ("PATCH", "/api/tests/suites/{suite}/runs/{id}") => json!({ "status": 3 }),
            ("POST", "/api/tests/suites/{suite}/runs/{run}/feedback") => {
                json!({ "test_result_id": self.result, "rating": 5, "notes": "Clear" })
            }
            ("PATCH", "/api/tests/suites/{suite}/runs/{run}/feedback/{number}") => json!({ "notes": "Clearer" }),
            ("POST" | "PATCH", _) => json!({ "title": "New" }),
            _ => json!({}),
        }
    }
}

/// Where a form is needed.
fn form(method: &Method, pattern: &str) -> Option<Form> {
    let recording = || Part::bytes(b"RIFF".as_slice()).file_name("audio.wav");
    match (method.as_str(), pattern.rsplit('/').next().unwrap_or_default()) {
        ("POST", "documents") => {
            Some(multipart(&[("title", "Text"), ("document_type", "3"), ("text_content", "Zinc is given.")]))
        }
        ("POST", "versions") => Some(multipart(&[("text_content", "Zinc is given, newly.")])),
        ("PATCH", _) if pattern == "/api/projects/{project}/documents/{id}" => Some(multipart(&[("title", "Renamed")])),
        ("POST", "converse") => Some(multipart(&[("text", "Zinc?"), ("stream", "false")])),
        ("POST", "speech_to_text") => Some(multipart(&[("language", "en")]).part("audio", recording())),
        ("POST", "transcribe") => Some(multipart(&[("engine", "google")]).part("audio", recording())),
        _ => None,
    }
}
