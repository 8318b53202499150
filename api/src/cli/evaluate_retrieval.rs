//! `ayushma evaluate-retrieval`: asks a running server over HTTP, as any client would.

use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use domain::{ids::ProjectId, values::Email};
use futures::StreamExt as _;
use reqwest::{Client, RequestBuilder, multipart::Form};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::{createsuperuser::email, import_documents::progress_bar, password_from_stdin};
use crate::shutdown::Shutdown;
use crate::terminal::say;

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_mins(2);
/// The number of errors that are shown in full.
const SHOWN_ERRORS: usize = 5;

/// Measure how well a running server finds the documents that answer questions
///
/// Every question is asked in a chat of its own. A question counts as found if the document that answers it, known by the
/// name of its file, is the first reference of the answer (hit@1) or among the first five (hit@5).
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example (after `import-documents evaluation/medquad/documents --skip-lines-starting '## '`):
  echo 'a long pass phrase' | ayushma evaluate-retrieval --email you@example.com --password-stdin --project <id>")]
pub(super) struct EvaluateRetrieval {
    /// Address of the server
    #[arg(long, default_value = "http://127.0.0.1:8000")]
    url: String,

    /// Who asks
    #[arg(long, value_parser = email)]
    email: Email,

    /// Read the password from the first line of standard input
    #[arg(long, required = true)]
    password_stdin: bool,

    /// The project that the documents were imported into
    #[arg(long)]
    project: ProjectId,

    /// The questions: a JSON object a line, with "question" and "document" (the file that answers it)
    #[arg(long, default_value = "evaluation/medquad/questions.jsonl")]
    questions: PathBuf,

    /// Questions that are asked at the same time
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,

    /// Ask only every so manyth question, until this many were asked
    #[arg(long)]
    limit: Option<usize>,
}

#[derive(Deserialize)]
struct Question {
    question: String,
    document: String,
}

/// A client of a server, logged in, with the project that is asked.
struct Server {
    client: Client,
    url: String,
    project: ProjectId,
    token: String,
}

#[derive(Deserialize)]
struct LoggedIn {
    token: String,
}

#[derive(Deserialize)]
struct Chat {
    external_id: String,
}

#[derive(Deserialize)]
struct Message {
    reference_documents: Vec<Reference>,
}

#[derive(Deserialize)]
struct Reference {
    /// An address that ends with the file's name.
    file: Option<String>,
}

/// The results so far.
#[derive(Default)]
struct Tally {
    first: usize,
    among_five: usize,
    times: Vec<Duration>,
    errors: Vec<String>,
}

impl EvaluateRetrieval {
    pub(super) async fn run(self, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        let questions = self.read_questions()?;
        let password = password_from_stdin().await?;
        let server = Server::log_in(&self.url, self.project, self.email.as_str(), password.expose_secret()).await?;
        tokio::select! {
            () = shutdown.requested() => bail!("interrupted"),
            code = ask_all(&server, &questions, self.concurrency.into()) => code,
        }
    }

    fn read_questions(&self) -> anyhow::Result<Vec<Question>> {
        let path = self.questions.display();
        let text = std::fs::read_to_string(&self.questions).with_context(|| format!("cannot read {path}"))?;
        let all: Result<Vec<Question>, _> =
            text.lines().filter(|line| !line.trim().is_empty()).map(serde_json::from_str).collect();
        let all = all.with_context(|| format!("{path} has a line that is no question"))?;
        ensure!(!all.is_empty(), "there is no question in {path}");
        // Spread over the whole file, so that a part stands for all of it.
        let wanted = self.limit.unwrap_or(all.len()).clamp(1, all.len());
        let step = all.len() / wanted;
        Ok(all.into_iter().step_by(step).take(wanted).collect())
    }
}

async fn ask_all(server: &Server, questions: &[Question], concurrency: usize) -> anyhow::Result<ExitCode> {
    let bar = progress_bar(questions.len(), "asked");
    let started = Instant::now();
    let mut answers = futures::stream::iter(questions)
        .map(|question| async move {
            let asked = Instant::now();
            (question, server.references(&question.question).await, asked.elapsed())
        })
        .buffer_unordered(concurrency);
    let mut tally = Tally::default();
    while let Some((question, found, time)) = answers.next().await {
        tally.count(found, &question.document, time);
        bar.inc(1);
    }
    let seconds = started.elapsed().as_secs_f64();
    bar.finish();
    tally.report(questions.len(), seconds);
    Ok(if tally.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Tally {
    fn count(&mut self, found: anyhow::Result<Vec<String>>, wanted: &str, time: Duration) {
        let found = match found {
            Ok(found) => found.iter().take(5).position(|name| is_file(name, wanted)),
            Err(error) => return self.errors.push(format!("{error:#}")),
        };
        self.times.push(time);
        self.first += usize::from(found == Some(0));
        self.among_five += usize::from(found.is_some());
    }

    #[expect(clippy::cast_precision_loss, reason = "nobody asks more than 2^52 questions")]
    fn report(&mut self, asked: usize, seconds: f64) {
        self.times.sort();
        let share = |hits: usize| 100.0 * hits as f64 / asked as f64;
        let time = |percent: usize| {
            self.times.get(self.times.len() * percent / 100).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
        };
        say(&format!("questions           {asked:>8}"));
        say(&format!("hit@1               {:>8.1} %", share(self.first)));
        say(&format!("hit@5               {:>8.1} %", share(self.among_five)));
        say(&format!("errors              {:>8}", self.errors.len()));
        say(&format!("questions a second  {:>8.1}", asked as f64 / seconds));
        say(&format!("time, median        {:>8.0} ms (a chat made and its question answered)", time(50)));
        say(&format!("time, 95 %          {:>8.0} ms", time(95)));
        for error in self.errors.iter().take(SHOWN_ERRORS) {
            say(&format!("error: {error}"));
        }
    }
}

impl Server {
    async fn log_in(url: &str, project: ProjectId, email: &str, password: &str) -> anyhow::Result<Self> {
        let client = Client::builder().timeout(TIMEOUT).build()?;
        let url = url.trim_end_matches('/').to_owned();
        let body = json!({ "email": email, "password": password });
        let login = client.post(format!("{url}/api/auth/login")).json(&body);
        let LoggedIn { token } = answer_to(login).await.context("cannot log in")?;
        Ok(Self { client, url, project, token })
    }

    fn post(&self, path: &str) -> RequestBuilder {
        let url = format!("{}/api/projects/{}/chats{path}", self.url, self.project);
        self.client.post(url).header("Authorization", format!("Token {}", self.token))
    }

    /// The names of the files that the answer refers to, in its order.
    async fn references(&self, question: &str) -> anyhow::Result<Vec<String>> {
        let chat: Chat = answer_to(self.post("").json(&json!({ "title": "Evaluation" }))).await?;
        let form =
            Form::new().text("text", question.to_owned()).text("stream", "false").text("generate_audio", "false");
        let asked = self.post(&format!("/{}/converse", chat.external_id)).multipart(form);
        let message: Message = answer_to(asked).await?;
        let files = message.reference_documents.into_iter().map(|document| document.file.unwrap_or_default());
        Ok(files.map(|file| file.rsplit('/').next().unwrap_or_default().to_owned()).collect())
    }
}

/// Whether the stored file `kept` was uploaded as `name`: the server puts `_` and a secret before the extension.
fn is_file(kept: &str, name: &str) -> bool {
    let (stem, extension) = name.rfind('.').map_or((name, ""), |dot| name.split_at(dot));
    let secret = kept.strip_prefix(stem).and_then(|rest| rest.strip_suffix(extension));
    secret.is_some_and(|secret| secret.strip_prefix('_').is_some_and(|it| it.chars().all(char::is_alphanumeric)))
}

async fn answer_to<T: DeserializeOwned>(request: RequestBuilder) -> anyhow::Result<T> {
    let response = request.send().await?;
    let status = response.status();
    let body = response.text().await?;
    ensure!(status.is_success(), "the server answered {status}: {body}");
    serde_json::from_str(&body).context("the server's answer is not what it should be")
}
