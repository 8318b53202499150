//! The callers, and one object of every kind.

use std::collections::BTreeMap;

use domain::user::Roles;
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::PEOPLE;
use crate::support::{Answer, Google, PASSWORD, Person, Provider, TestApp, deltas, eventually, multipart};

const HERE: &str = "203.0.113.7";
const ELSEWHERE: &str = "203.0.113.8";
/// The same people do more here than anybody in a minute.
const LIMITS: [&str; 6] =
    ["--limit-login", "--limit-register", "--limit-forgot", "--limit-verify", "--limit-converse", "--limit-upload"];

pub(super) struct World {
    pub(super) app: TestApp,
    callers: BTreeMap<&'static str, Person>,
    /// The addresses of objects by their patterns, without the names of the ids: `/api/chats/{}`.
    objects: BTreeMap<&'static str, String>,
    /// The object that the present line may use up.
    throw_away: Option<(String, String)>,
    names: u32,
    pub(super) owner_email: String,
    /// The path of the first key's service, which is the owner's.
    pub(super) service_of_owner: String,
    /// The address of somebody who has asked for a new password.
    pub(super) forgetful: String,
    pub(super) code: String,
    pub(super) project: String,
    /// Somebody whose erasure nobody has asked for.
    pub(super) askable: uuid::Uuid,
    /// An answer in the owner's chat.
    pub(super) message: String,
    /// A result of the run.
    pub(super) result: String,
    _outside: (Google, Provider),
}

/// The pattern without the names of its ids, and without a query.
fn nameless(pattern: &str) -> String {
    let path = pattern.split('?').next().unwrap_or(pattern);
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn text(object: &Value, field: &str) -> String {
    object[field].as_str().expect("the field is text").to_owned()
}

impl World {
    pub(super) async fn start(db: &PgPool) -> Self {
        let google = Google::hearing("Zinc?").await;
        let provider = Provider::answering(deltas(&["14 days."])).await.filling_in("{}").await;
        let (app, mut callers, service_of_owner) = people(db, &google, &provider).await;
        let (staff, owner) = (callers["staff"].clone(), callers["owner"].clone());

        let body = json!({ "title": "P", "stt_engine": 2, "prompt": "Secret ward rules. {reference}" });
        let project = staff.post("/projects", body).await.id();
        let document = staff.text_document(&project, "Zinc", "Zinc is given for fourteen days.").await;
        let file = staff.upload(&project, "guide.txt", b"Zinc is given.").await.json(201);
        let chat = owner.chat(&project).await;
        let message = text(&owner.ask(&chat, "Zinc?").await.json(200), "external_id");
        let feedback = owner.post("/feedback", json!({ "chat_message": message, "liked": true })).await.id();
        let key = callers["key"].clone();
        let key_chat = key.post("/chats", json!({ "title": "Intake" })).await.id();
        let service = staff.service("Kiosk", false).await;
        let service_key = staff.post(&format!("{service}/keys"), json!({ "title": "T" })).await.id();

        let (suite, question) = suite(&staff).await;
        let attachments = format!("{question}/documents");
        let form = multipart(&[("title", "x"), ("document_type", "3"), ("text_content", "y")]);
        let attachment = staff.post_form(&attachments, form).await.id();
        let (run, result) = completed_run(&staff, &suite, &project).await;
        let notes = json!({ "test_result_id": result, "rating": 5, "notes": "Clear" });
        let notes = number_of(db, &staff.post(&format!("{run}/feedback"), notes).await.id()).await;

        let token = key.post("/temptokens", json!({ "ip": HERE })).await.json(201);
        let guest = app.nobody.with_authorization(&format!("Bearer {}", text(&token, "token")));
        callers.extend([("temp-token", guest.clone()), ("elsewhere", guest)]);

        let in_api = |path: &str| format!("/api{path}");
        let objects = BTreeMap::from([
            ("/api/users/{}", "/api/users/asked".to_owned()),
            ("/api/projects/{}", format!("/api/projects/{project}")),
            ("/api/projects/{}/documents/{}", in_api(&document)),
            ("/api/projects/{}/chats/{}", in_api(&chat)),
            ("/api/chats/{}", format!("/api/chats/{key_chat}")),
            ("/api/services/{}", in_api(&service)),
            ("/api/services/{}/keys/{}", format!("/api{service}/keys/{service_key}")),
            ("/api/feedback/{}", format!("/api/feedback/{feedback}")),
            ("/api/tests/suites/{}", in_api(&suite)),
            ("/api/tests/suites/{}/questions/{}", in_api(&question)),
            ("/api/tests/suites/{}/questions/{}/documents/{}", format!("/api{attachments}/{attachment}")),
            ("/api/tests/suites/{}/runs/{}", in_api(&run)),
            ("/api/tests/suites/{}/runs/{}/feedback/{}", format!("/api{run}/feedback/{notes}")),
            ("/api/audit/proofs/{}", "/api/audit/proofs/1".to_owned()),
            ("/api/audit/views/{}/{}", format!("/api/audit/views/projects/{project}")),
            ("/api/audit/{}/{}", format!("/api/audit/project/{project}")),
            ("/api/erasures/{}", format!("/api/erasures/{}", uuid::Uuid::nil())),
            ("/api/erasures/holds/{}", format!("/api/erasures/holds/{}", uuid::Uuid::nil())),
            ("/api/audit/auditors/{}", "/api/audit/auditors/auditor".to_owned()),
            ("/api/audit/chat/{}", format!("/api/audit/chat/{}", chat.rsplit('/').next().expect("an id"))),
            (
                "/api/audit/chat/{}/answers/{}",
                format!("/api/audit/chat/{}/answers/{message}", chat.rsplit('/').next().expect("an id")),
            ),
            ("/media/{}", format!("/media/{}", text(&file, "file").rsplit('/').next().expect("a name"))),
        ]);
        // The worker may be publishing at this moment.
        eventually("the log is published", async || app.app.proofs.publish().await.ok()).await;
        let forgetful = app.person("asked", Roles::default()).await.email;
        let code = app.reset_code(&forgetful).await;
        let askable = app.person("askable", Roles::default()).await.id;
        Self {
            app,
            callers,
            objects,
            throw_away: None,
            names: 0,
            owner_email: owner.email,
            service_of_owner,
            forgetful,
            code,
            project,
            askable,
            message,
            result,
            _outside: (google, provider),
        }
    }

    pub(super) fn caller(&self, name: &str) -> &Person {
        &self.callers[name]
    }

    /// Where the object of this pattern is, after `/api`.
    pub(super) fn path(&self, pattern: &str) -> &str {
        self.objects[pattern].trim_start_matches("/api")
    }

    pub(super) fn new_name(&mut self) -> String {
        self.names += 1;
        format!("new{}", self.names)
    }

    /// How much people and services have done; that somebody has read or was refused something is none of it. The server's own work goes on meanwhile.
    pub(super) async fn deeds(&self) -> i64 {
        let deeds = "SELECT count(*) FROM events WHERE metadata ->> 'actor' ~ '^(user|service):' AND aggregate_type <> 'access'";
        sqlx::query_scalar(deeds).fetch_one(&self.app.db).await.expect("events can be counted")
    }

    /// Makes what the request may use up, and lets the server end what decides about the answer.
    pub(super) async fn prepare(&mut self, method: &Method, pattern: &str) {
        self.address(method, pattern).await;
        if pattern.ends_with("/cancel") {
            // The line before has added a version, whose embedding can be given up only while it is awaited.
            self.caller("staff").embedded(self.path("/api/projects/{}/documents/{}")).await;
        }
    }

    pub(super) async fn send(&mut self, caller: &str, method: &Method, pattern: &str) -> Answer {
        let path = self.address(method, pattern).await;
        let from = if caller == "elsewhere" { ELSEWHERE } else { HERE };
        let person = self.caller(caller).clone();
        let request = person.request_outside_api(method.clone(), &path).header("x-forwarded-for", from);
        let request = self.with_body(request, method, pattern.split('?').next().unwrap_or(pattern));
        person.send(request).await
    }

    /// The address of the object that the pattern stands for; of a throw-away one where it will be used up.
    async fn address(&mut self, method: &Method, pattern: &str) -> String {
        let nameless = nameless(pattern);
        let query = pattern.split_once('?').map_or(String::new(), |(_, query)| format!("?{query}"));
        if let Some((of, address)) = &self.throw_away
            && *of == format!("{method} {nameless}")
        {
            return format!("{address}{query}");
        }
        let base = self.objects.iter().filter(|(known, _)| {
            nameless.strip_prefix(**known).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        let longest = base.max_by_key(|(known, _)| known.len());
        let usual = longest.map_or_else(
            || nameless.clone(),
            |(known, address)| format!("{address}{}", nameless.trim_start_matches(known)),
        );
        let address = self.make_throw_away(method, &nameless, &usual).await.unwrap_or(usual);
        self.throw_away = Some((format!("{method} {nameless}"), address.clone()));
        format!("{address}{query}")
    }

    /// An object beside the usual one, if the verb uses it up; its address.
    async fn make_throw_away(&mut self, method: &Method, nameless: &str, usual: &str) -> Option<String> {
        let (staff, owner) = (self.caller("staff").clone(), self.caller("owner").clone());
        let (list, _) = usual.trim_start_matches("/api").rsplit_once('/')?;
        let id = match (method.as_str(), nameless) {
            ("POST", "/api/projects/{}/create_assistant") => {
                return Some(format!("/api/projects/{}/create_assistant", staff.project("Q").await));
            }
            ("DELETE", "/api/users/{}") | ("POST", "/api/users/{}/erase") => {
                let name = self.new_name();
                let email = format!("{name}@example.com");
                let body = json!({ "username": name, "full_name": "N", "email": email, "password": PASSWORD });
                staff.post("/users", body).await.json(201);
                return Some(format!(
                    "/api{}",
                    usual.trim_start_matches("/api").replace("/asked", &format!("/{name}"))
                ));
            }
            ("POST", "/api/erasures/{}/approve" | "/api/erasures/{}/reject") => {
                let name = self.new_name();
                let subject = self.app.person(&name, Roles::default()).await.id;
                let asked = self.caller("root").post("/erasures", json!({ "subject": subject })).await.json(201);
                return Some(nameless.replace("{}", &text(&asked["request"], "id")));
            }
            ("POST", "/api/erasures/holds/{}/lift") => {
                let body = json!({ "subject": self.askable, "reason": "litigation" });
                let case = self.caller("root").post("/erasures/holds", body).await.json(201);
                let hold = case["holds"].as_array().and_then(|holds| holds.last()).expect("a hold");
                return Some(nameless.replace("{}", &text(hold, "id")));
            }
            ("DELETE", "/api/audit/auditors/{}") => {
                let name = self.new_name();
                self.app.person(&name, Roles::default()).await;
                self.caller("root").post(list, json!({ "username": name })).await.json(201);
                name
            }
            ("DELETE", "/api/projects/{}" | "/api/services/{}/keys/{}") => {
                staff.post(list, json!({ "title": "New" })).await.id()
            }
            ("DELETE", "/api/projects/{}/chats/{}") => owner.post(list, json!({ "title": "New" })).await.id(),
            ("DELETE", "/api/services/{}") => staff.post(list, json!({ "name": "New" })).await.id(),
            ("DELETE", "/api/projects/{}/documents/{}" | "/api/tests/suites/{}/questions/{}/documents/{}") => {
                let form = multipart(&[("title", "x"), ("document_type", "3"), ("text_content", "y")]);
                staff.post_form(list, form).await.id()
            }
            ("DELETE", "/api/tests/suites/{}") => {
                staff.post(list, json!({ "name": "x", "temperature": 0.1, "topk": 1 })).await.id()
            }
            ("DELETE", "/api/tests/suites/{}/questions/{}") => {
                staff.post(list, json!({ "question": "x", "human_answer": "y" })).await.id()
            }
            ("DELETE", "/api/tests/suites/{}/runs/{}") => {
                staff.post(list, json!({ "project": self.project, "models": [1] })).await.id()
            }
            ("DELETE", "/api/tests/suites/{}/runs/{}/feedback/{}") => {
                let body = json!({ "test_result_id": self.result, "rating": 1, "notes": "x" });
                number_of(&self.app.db, &staff.post(list, body).await.id()).await.to_string()
            }
            _ => return None,
        };
        Some(format!("/api{list}/{id}"))
    }

    /// Makes anew what a request that succeeded has ended: an object, a login, a code.
    pub(super) async fn renew_what_was_used_up(
        &mut self,
        caller: &'static str,
        method: &Method,
        pattern: &str,
        status: u16,
    ) {
        if status >= 400 {
            return;
        }
        if *method == Method::DELETE
            || pattern.ends_with("create_assistant")
            || pattern.ends_with("/erase")
            || ["/approve", "/reject", "/lift"].iter().any(|step| pattern.ends_with(step))
        {
            self.throw_away = None;
        }
        if *method == Method::POST && pattern == "/api/erasures" {
            let name = self.new_name();
            self.askable = self.app.person(&name, Roles::default()).await.id;
        }
        if pattern == "/api/auth/logout" {
            let email = self.caller(caller).email.clone();
            let token = self.app.log_in(&email, PASSWORD).await;
            let again = self.caller(caller).with_token(&token);
            self.callers.insert(caller, again);
        }
        // Those who are logged in need no code.
        if pattern == "/api/auth/reset" && !PEOPLE.contains(&caller) {
            self.code = self.app.reset_code(&self.forgetful).await;
        }
    }
}

/// Everybody but the one with a temp token, who needs a key's service first.
/// With it, the path of the first key's service.
async fn people(
    db: &PgPool,
    google: &Google,
    provider: &Provider,
) -> (TestApp, BTreeMap<&'static str, Person>, String) {
    let (google, provider) = (google.arguments(), provider.url());
    let mut arguments: Vec<&str> = google.iter().map(String::as_str).collect();
    arguments.extend(["--openai-base-url", &provider, "--openai-api-key", "sk-server"]);
    arguments.extend(["--trusted-proxies", "127.0.0.1"]);
    for limit in LIMITS {
        arguments.extend([limit, "0"]);
    }
    let app = TestApp::start_with(db, &arguments).await;
    let plain = Roles { allow_key: true, ..Roles::default() };
    let named = [
        ("owner", plain),
        ("other", plain),
        ("reviewer", Roles { is_reviewer: true, ..plain }),
        ("staff", Roles { is_staff: true, ..plain }),
        ("colleague", Roles { is_staff: true, ..plain }),
        ("superuser", Roles { is_superuser: true, ..plain }),
        ("root", Roles { is_staff: true, is_superuser: true, ..plain }),
        ("auditor", plain),
        ("inactive", plain),
    ];
    let people = join_all(named.map(|(name, roles)| app.person(name, roles))).await;
    let mut callers: BTreeMap<&'static str, Person> = named.into_iter().map(|(name, _)| name).zip(people).collect();
    callers["root"].post("/audit/auditors", json!({ "username": "auditor" })).await.json(201);
    app.set_active("inactive@example.com", false).await;
    let mut services = vec![];
    for (name, owner) in [("key", "owner"), ("other-key", "other")] {
        let service = callers["root"].service_of(callers[owner].id, name).await;
        let client = callers["root"].client_of(&service).await;
        callers.insert(name, client);
        services.push(service);
    }
    callers.insert("anonymous", app.nobody.clone());
    (app, callers, services.swap_remove(0))
}

/// The paths of a suite and of a question in it.
async fn suite(staff: &Person) -> (String, String) {
    let body = json!({ "name": "Ward", "temperature": 0.5, "topk": 10 });
    let suite = format!("/tests/suites/{}", staff.post("/tests/suites", body).await.id());
    let body = json!({ "question": "Zinc?", "human_answer": "14 days" });
    let question = staff.post(&format!("{suite}/questions"), body).await.id();
    let question = format!("{suite}/questions/{question}");
    (suite, question)
}

/// The path of a run and the id of its result.
async fn completed_run(staff: &Person, suite: &str, project: &str) -> (String, String) {
    let body = json!({ "project": project, "models": [1] });
    let run = format!("{suite}/runs/{}", staff.post(&format!("{suite}/runs"), body).await.id());
    let result = eventually("the run is complete", async || {
        let shown = staff.get(&run).await.json(200);
        (shown["status"] == 2).then(|| text(&shown["test_results"][0], "external_id"))
    })
    .await;
    (run, result)
}

/// By which feedback on results is found.
async fn number_of(db: &PgPool, feedback: &str) -> i64 {
    let number =
        sqlx::query_scalar("SELECT position FROM events WHERE aggregate_type = 'feedback' AND aggregate_id = $1");
    number.bind(feedback).fetch_one(db).await.expect("the feedback was given once")
}
