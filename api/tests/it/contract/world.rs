//! The people and the app of the scenarios.

use base64::{Engine, prelude::BASE64_STANDARD};
use domain::user::Roles;
use futures::future::join_all;
use reqwest::{
    Method,
    multipart::{Form, Part as FormPart},
};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{
    expectation::Names,
    scenario::{Body, Exchange, Part},
};
use crate::support::{Answer, PASSWORD, Provider, TestApp, eventually};

const UNKNOWN: &str = "00000000-0000-0000-0000-000000000001";

pub(super) struct World {
    app: TestApp,
    pub(super) names: Names,
}

impl World {
    /// An app, and people who are logged in: somebody who may use the server's key (nurse) and somebody who may not
    /// (other), staff, a reviewer and a superuser (admin, who is staff too).
    pub(super) async fn start(db: &PgPool, provider: Option<&Provider>) -> Self {
        let url = provider.map(Provider::url);
        // The same people do more here than anybody in a minute.
        let mut arguments =
            vec!["--limit-login", "0", "--limit-forgot", "0", "--limit-verify", "0", "--limit-converse", "0"];
        if let Some(url) = &url {
            arguments.extend(["--openai-base-url", url, "--openai-api-key", "sk-server"]);
        }
        let app = TestApp::start_with(db, &arguments).await;
        let people = [
            ("nurse", Roles { allow_key: true, ..Roles::default() }),
            ("other", Roles::default()),
            ("inactive", Roles::default()),
            ("staff", Roles { is_staff: true, ..Roles::default() }),
            ("reviewer", Roles { is_reviewer: true, ..Roles::default() }),
            ("admin", Roles { is_staff: true, is_superuser: true, allow_key: true, ..Roles::default() }),
        ];
        let mut names = Names::default();
        for person in join_all(people.map(|(name, roles)| app.person(name, roles))).await {
            let (name, _) = person.email.split_once('@').expect("an address has a host");
            names.set(format!("{name}_token"), person.token());
            names.set(format!("{name}_basic"), BASE64_STANDARD.encode(format!("{}:{PASSWORD}", person.email)));
            names.set(format!("{name}_id"), person.id.to_string());
        }
        names.set("host", format!("http://{}", app.host()));
        names.set("password", PASSWORD);
        names.set("unknown", UNKNOWN);
        Self { app, names }
    }

    /// Something that happens without a request.
    pub(super) async fn happen(&mut self, event: &str) -> Result<(), String> {
        let words: Vec<&str> = event.split(' ').collect();
        match words[..] {
            ["make", "a", "service", "of", owner, "with", "the", "key", name] => self.service(owner, name).await,
            ["close", "the", "account", name] => {
                self.app.set_active(&format!("{name}@example.com"), false).await;
                Ok(())
            }
            ["open", "the", "account", name] => {
                self.app.set_active(&format!("{name}@example.com"), true).await;
                Ok(())
            }
            ["read", "the", "code", "mailed", "to", address] => self.code(address).await,
            ["let", "the", "codes", "expire"] => self.let_codes_expire().await,
            _ => Err(format!("nobody knows how to: {event}")),
        }
    }

    /// A service, and a key of it, which is shown only at its making.
    async fn service(&mut self, owner: &str, name: &str) -> Result<(), String> {
        let admin = self.app.nobody.with_token(&self.names.fill("$admin_token")?);
        let owner = self.names.fill(&format!("${owner}_id"))?;
        let body = json!({ "name": name, "allow_key": true, "owner": owner });
        let service = made(&admin.post("/services", body).await)?;
        let id = service["external_id"].as_str().ok_or("a service has no id")?;
        let key = made(&admin.post(&format!("/services/{id}/keys"), json!({ "title": name })).await)?;
        self.names.set(name, key["key"].as_str().ok_or("a key is not shown")?);
        Ok(())
    }

    /// The newest code for an address, as `$code`: mail is put into a folder.
    async fn code(&mut self, address: &str) -> Result<(), String> {
        // The jobs that mail have nothing else to do.
        let mails = eventually("the code is mailed", async || {
            let jobs = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM jobs").fetch_one(&self.app.db).await;
            (jobs.expect("jobs can be counted") == 0).then(|| self.app.mails())
        })
        .await;
        let mail = mails.iter().rfind(|mail| mail.contains(address)).ok_or("there is no mail")?;
        let words = mail.split(|c: char| !c.is_ascii_alphanumeric());
        let code = words.into_iter().find(|word| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit()));
        self.names.set("code", code.ok_or_else(|| format!("the mail has no code: {mail}"))?);
        Ok(())
    }

    async fn let_codes_expire(&self) -> Result<(), String> {
        let expired = sqlx::query("UPDATE reset_codes SET expires_at = expires_at - interval '1 hour'");
        expired.execute(&self.app.db).await.map(|_| ()).map_err(|error| error.to_string())
    }

    pub(super) async fn ask(&self, exchange: &Exchange) -> Result<Answer, String> {
        let names = &self.names;
        let method = Method::from_bytes(exchange.method.as_bytes()).expect("a method");
        let path = names.fill(&exchange.path)?;
        // The address of a file is absolute.
        let path = path.strip_prefix(&format!("http://{}", self.app.host())).unwrap_or(&path);
        let mut request = self.app.nobody.request_outside_api(method, path);
        let has = |name: &str| exchange.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if exchange.who != "anonymous" && !has("authorization") {
            request = request.header("authorization", names.fill(&format!("Token ${}_token", exchange.who))?);
        }
        for (name, value) in &exchange.headers {
            request = request.header(name, names.fill(value)?);
        }
        request = match &exchange.body {
            Body::Text(_) if !has("content-type") => request.header("content-type", "application/json"),
            Body::Nothing | Body::Text(_) | Body::Form(_) => request,
        };
        request = match &exchange.body {
            Body::Nothing => request,
            Body::Text(text) => request.body(names.fill(text)?),
            Body::Form(parts) => {
                let mut form = Form::new();
                for part in parts {
                    form = form.part(part.name.clone(), self.form_part(part)?);
                }
                request.multipart(form)
            }
        };
        Ok(self.app.nobody.send(request).await)
    }

    fn form_part(&self, part: &Part) -> Result<FormPart, String> {
        let content = self.names.fill(&part.content)?;
        let Some(file) = &part.file else { return Ok(FormPart::text(content)) };
        let form_part = FormPart::bytes(content.into_bytes()).file_name(self.names.fill(&file.name)?);
        form_part.mime_str(&file.media_type).map_err(|error| format!("{}: {error}", file.media_type))
    }
}

fn made(answer: &Answer) -> Result<Value, String> {
    if answer.status == 201 {
        serde_json::from_str(&answer.body).map_err(|error| error.to_string())
    } else {
        Err(format!("{} {}", answer.status, answer.body))
    }
}
