//! Many small clients that write, each at its own pace, and that behave as real ones do when an answer does not come: they
//! ask again under the same `Idempotency-Key` where they have sent one, and repeat what may be repeated.

use std::{sync::Arc, time::Duration};

use rand::{Rng as _, RngExt as _, SeedableRng as _, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::record::{Attempt, ChatRecord, Kind, Outcome, Wish};

pub(super) const CLIENTS: usize = 32;
/// Commands a second, of all clients together, if the servers keep up.
const RATE: f64 = 110.0;
/// A client that waits longer for an answer gives up on it.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long it goes on asking again.
const PERSEVERANCE: Duration = Duration::from_secs(90);

/// Names what an answer's request has written.
const TOKEN: &str = "x-consistency-token";

/// What the clients share.
pub(super) struct Place {
    pub(super) urls: Vec<String>,
    pub(super) http: reqwest::Client,
    pub(super) tokens: Vec<String>,
    pub(super) project: String,
}

/// What a client has to tell at the end.
pub(super) struct Report {
    pub(super) wishes: Vec<Wish>,
    pub(super) chats: Vec<ChatRecord>,
    /// Reads that were answered, and of them those that did not show what had been acknowledged.
    pub(super) reads: usize,
    pub(super) stale: Vec<String>,
}

#[derive(Clone)]
enum Body {
    None,
    Json(Value),
    Form(Vec<(&'static str, String)>),
}

struct Client {
    place: Arc<Place>,
    number: usize,
    random: StdRng,
    report: Report,
    documents: Vec<String>,
    projects: Vec<String>,
    /// Names what was written last.
    token: Option<String>,
}

/// Wishes one thing after the other until it is told to stop; what has begun is brought to its end.
pub(super) async fn run(place: Arc<Place>, number: usize, seed: u64, stop: CancellationToken) -> Report {
    let random = StdRng::seed_from_u64(seed.wrapping_mul(1_000).wrapping_add(number as u64));
    let report = Report { wishes: Vec::new(), chats: Vec::new(), reads: 0, stale: Vec::new() };
    let mut this = Client { place, number, random, report, documents: Vec::new(), projects: Vec::new(), token: None };
    let period = f64::from(u32::try_from(CLIENTS).expect("few")) / RATE;
    while !stop.is_cancelled() {
        let began = Instant::now();
        this.wish().await;
        let pause =
            Duration::from_secs_f64(this.random.random_range(0.5..1.5) * period).saturating_sub(began.elapsed());
        drop(timeout(pause, stop.cancelled()).await);
    }
    this.report
}

impl Client {
    async fn wish(&mut self) {
        let chat = self.some_chat();
        match self.random.random_range(0..100) {
            0..14 => self.start_chat().await,
            _ if chat.is_none() => self.start_chat().await,
            14..36 => self.ask(chat, Kind::Ask).await,
            36..50 => self.ask(chat, Kind::AskStreamed).await,
            50..66 => self.rename(chat).await,
            66..72 => self.delete(chat).await,
            72..82 => self.rate(chat).await,
            82..86 => self.add_document().await,
            86..90 => self.change_document().await,
            90..92 => self.delete_document().await,
            92..96 => self.rename_me().await,
            _ => self.project().await,
        }
    }

    fn some_chat(&mut self) -> Option<usize> {
        let living: Vec<usize> =
            (0..self.report.chats.len()).filter(|chat| !self.report.chats[*chat].is_deleted).collect();
        (!living.is_empty()).then(|| living[self.random.random_range(0..living.len())])
    }

    fn text(&mut self, what: &str) -> String {
        format!("{what} {:08x} of {}", self.random.next_u32(), self.number)
    }

    async fn start_chat(&mut self) {
        let title = self.text("Chat");
        let path = format!("projects/{}/chats", self.place.project);
        let body = Body::Json(json!({ "title": title }));
        if let Some(made) = self.want(Kind::StartChat, Method::POST, &path, body).await
            && let Some(id) = made["external_id"].as_str()
        {
            let chat = ChatRecord { id: id.to_owned(), title: Some(title), ..ChatRecord::default() };
            self.report.chats.push(chat);
        }
    }

    fn path_of(&self, chat: usize) -> String {
        format!("projects/{}/chats/{}", self.place.project, self.report.chats[chat].id)
    }

    async fn ask(&mut self, chat: Option<usize>, kind: Kind) {
        let Some(chat) = chat else { return };
        let question = self.text("Is zinc given for diarrhea?");
        let mut form = vec![("text", question), ("noonce", format!("{:016x}", self.random.next_u64()))];
        if kind == Kind::Ask {
            form.push(("stream", "false".to_owned()));
        }
        // The first question renames its chat.
        self.report.chats[chat].title = None;
        let path = format!("{}/converse", self.path_of(chat));
        if let Some(answer) = self.want(kind, Method::POST, &path, Body::Form(form)).await
            && let Some(id) = answer["external_id"].as_str()
        {
            self.report.chats[chat].messages.push(id.to_owned());
        }
    }

    async fn rename(&mut self, chat: Option<usize>) {
        let Some(chat) = chat else { return };
        let title = self.text("Renamed");
        let body = Body::Json(json!({ "title": title }));
        let path = self.path_of(chat);
        let renamed = self.want(Kind::RenameChat, Method::PATCH, &path, body).await;
        let was_repeated = self.report.wishes.last().is_some_and(|wish| wish.attempts.len() > 1);
        self.report.chats[chat].may_change |= was_repeated;
        self.report.chats[chat].title = renamed.as_ref().map(|_| title.clone());
        if renamed.is_some() && !self.report.chats[chat].may_change {
            self.read_back(&path, &title).await;
        }
    }

    /// Any process shows what was acknowledged to who sends the token of the answer, or says that it cannot do so yet.
    async fn read_back(&mut self, path: &str, title: &str) {
        let Some(written) = self.token.clone() else { return };
        let request = self.request(Method::GET, path).header(TOKEN, written);
        let Ok(Ok(answer)) = timeout(PATIENCE, request.send()).await else { return };
        if answer.status() != 200 || answer.headers().contains_key("x-views-behind") {
            return;
        }
        let Ok(shown) = answer.json::<Value>().await else { return };
        self.report.reads += 1;
        if shown["title"] != title {
            self.report.stale.push(format!("{title:?} was acknowledged, but {path} shows {:?}", shown["title"]));
        }
    }

    async fn delete(&mut self, chat: Option<usize>) {
        let Some(chat) = chat else { return };
        let deleted = self.want(Kind::DeleteChat, Method::DELETE, &self.path_of(chat), Body::None).await;
        if deleted.is_some() {
            self.report.chats[chat].is_deleted = true;
        } else {
            // Perhaps it is gone: nobody speaks of it any more.
            self.report.chats.remove(chat);
        }
    }

    async fn rate(&mut self, chat: Option<usize>) {
        let Some(message) = chat.and_then(|chat| self.report.chats[chat].messages.last().cloned()) else {
            return self.ask(chat, Kind::Ask).await;
        };
        let text = self.text("Rating");
        let body = json!({ "chat_message": message, "liked": self.random.random::<bool>(), "message": text });
        self.want(Kind::Rate, Method::POST, "feedback", Body::Json(body)).await;
    }

    async fn add_document(&mut self) {
        let (title, text) = (self.text("Document"), self.text("Zinc is given for fourteen days."));
        let form = vec![("title", title), ("document_type", "3".to_owned()), ("text_content", text)];
        let path = format!("projects/{}/documents", self.place.project);
        if let Some(made) = self.want(Kind::AddDocument, Method::POST, &path, Body::Form(form)).await
            && let Some(id) = made["external_id"].as_str()
        {
            self.documents.push(format!("{path}/{id}"));
        }
    }

    async fn change_document(&mut self) {
        let Some(path) = self.documents.last().cloned() else { return self.add_document().await };
        let form = vec![("title", self.text("Changed")), ("description", self.text("Described"))];
        self.want(Kind::DescribeDocument, Method::PATCH, &path, Body::Form(form)).await;
    }

    async fn delete_document(&mut self) {
        let Some(path) = self.documents.pop() else { return self.add_document().await };
        self.want(Kind::DeleteDocument, Method::DELETE, &path, Body::None).await;
    }

    async fn rename_me(&mut self) {
        let body = json!({ "full_name": self.text("Nurse") });
        self.want(Kind::RenameMe, Method::PATCH, "users/me", Body::Json(body)).await;
    }

    async fn project(&mut self) {
        let Some(path) = self.projects.last().cloned() else {
            let body = json!({ "title": self.text("Ward") });
            if let Some(made) = self.want(Kind::MakeProject, Method::POST, "projects", Body::Json(body)).await
                && let Some(id) = made["external_id"].as_str()
            {
                self.projects.push(format!("projects/{id}"));
            }
            return;
        };
        let body = json!({ "title": self.text("Ward"), "description": self.text("Described") });
        self.want(Kind::ChangeProject, Method::PATCH, &path, Body::Json(body)).await;
    }

    /// Asks until it is told what has become of it, or may not ask again. Gives the answer if it is done.
    async fn want(&mut self, kind: Kind, method: Method, path: &str, body: Body) -> Option<Value> {
        let key =
            (kind.is_creation() && self.random.random_bool(0.7)).then(|| format!("{:016x}", self.random.next_u64()));
        let may_repeat = key.is_some() || !kind.is_creation();
        let mut wish = Wish { client: self.number, kind, has_key: key.is_some(), attempts: Vec::new(), made: None };
        let (began, mut pause) = (Instant::now(), Duration::from_millis(100));
        let mut answer = None;
        loop {
            let trace = format!("00-{:032x}-{:016x}-01", self.random.random::<u128>(), self.random.next_u64());
            let (outcome, said) = self.send(&method, path, &body, key.as_deref(), &trace, kind).await;
            let text = if said.len() > 300 {
                format!("{}…", said.chars().take(300).collect::<String>())
            } else {
                said.clone()
            };
            wish.attempts.push(Attempt { trace, outcome: outcome.clone(), said: text });
            match outcome {
                Outcome::Acknowledged => {
                    let value: Value = serde_json::from_str(&said).unwrap_or_default();
                    wish.made = value["external_id"].as_str().and_then(|id| id.parse().ok());
                    answer = Some(value);
                }
                Outcome::Unknown if may_repeat && began.elapsed() < PERSEVERANCE => {
                    sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(3));
                    continue;
                }
                Outcome::Refused(_) | Outcome::Unknown => {}
            }
            break;
        }
        self.report.wishes.push(wish);
        answer
    }

    /// To any of the processes.
    fn request(&mut self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = &self.place.urls[self.random.random_range(0..self.place.urls.len())];
        let token = &self.place.tokens[self.number % self.place.tokens.len()];
        let request = self.place.http.request(method, format!("{url}/api/{path}"));
        request.header("Authorization", format!("Token {token}"))
    }

    async fn send(
        &mut self,
        method: &Method,
        path: &str,
        body: &Body,
        key: Option<&str>,
        trace: &str,
        kind: Kind,
    ) -> (Outcome, String) {
        let mut request = self.request(method.clone(), path).header("traceparent", trace);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        request = match body {
            Body::None => request,
            Body::Json(value) => request.json(value),
            Body::Form(fields) => {
                let form = reqwest::multipart::Form::new();
                request.multipart(fields.iter().fold(form, |form, (name, text)| form.text(*name, text.clone())))
            }
        };
        // Some people close the window before the answer is there.
        let hangs_up = self.random.random_bool(0.04);
        let patience = if hangs_up { Duration::from_millis(self.random.random_range(1..80)) } else { PATIENCE };
        let exchange = async {
            let response = request.send().await?;
            let token = response.headers().get(TOKEN).and_then(|token| token.to_str().ok()).map(str::to_owned);
            Ok::<_, reqwest::Error>((token, response.status().as_u16(), response.text().await?))
        };
        let (token, status, text) = match timeout(patience, exchange).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return (Outcome::Unknown, error.to_string()),
            Err(_) => return (Outcome::Unknown, "no answer in time".to_owned()),
        };
        self.token = token;
        match status {
            200 if kind == Kind::AskStreamed => outcome_of_stream(&text),
            200..300 => (Outcome::Acknowledged, text),
            // It was asked before, and is being answered.
            409 if kind.is_question() => (Outcome::Unknown, text),
            500.. => (Outcome::Unknown, format!("{status}: {text}")),
            _ => (Outcome::Refused(status), format!("{status}: {text}")),
        }
    }
}

/// A stream that does not end with its last frame says nothing for certain.
fn outcome_of_stream(text: &str) -> (Outcome, String) {
    let frame = text.trim_end().rsplit("data: ").next().unwrap_or_default();
    let frame: Value = serde_json::from_str(frame).unwrap_or_default();
    let outcome = match (frame["stop"].as_bool(), frame["error"].as_bool()) {
        (Some(true), Some(false)) => Outcome::Acknowledged,
        (Some(true), _) => Outcome::Refused(200),
        _ => Outcome::Unknown,
    };
    (outcome, frame.to_string())
}
