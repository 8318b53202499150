//! The real binary in a data folder of its own: commands that end, and servers.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
    sync::mpsc,
    task::JoinSet,
};

pub(super) const PASSWORD: &str = "lantern orbit seven";
/// Longer than anything here should take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A data folder; nothing of it is left running at the end of a test.
pub(super) struct DataFolder(TempDir);

impl DataFolder {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        // PostgreSQL runs as another user if we are root.
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("it is ours");
        Self(folder)
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn database_runs(&self) -> bool {
        self.path().join("postgres/cluster/postmaster.pid").exists()
    }

    /// A folder with these files, beside what the program keeps.
    pub(super) fn documents(&self, files: &[(&str, &str)]) -> PathBuf {
        let folder = self.path().join("documents");
        fs::create_dir(&folder).expect("it can be made");
        for (name, text) in files {
            fs::write(folder.join(name), text).expect("it can be written");
        }
        folder
    }

    /// The program with our settings only, whatever the tests' environment says.
    pub(super) fn program(&self, arguments: &[&str]) -> Command {
        self.command(env!("CARGO_BIN_EXE_ayushma"), arguments)
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().env("DATA_DIR", self.path()).env("PATH", env!("PATH"));
        command.current_dir(self.path()).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub(super) async fn run(&self, arguments: &[&str], stdin: &str) -> Ended {
        let mut child = self.program(arguments).spawn().expect("the program starts");
        let mut input = child.stdin.take().expect("it is piped");
        // A command that refuses its arguments does not read.
        drop(input.write_all(stdin.as_bytes()).await);
        drop(input);
        let ended = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
        Ended(ended.expect("it ends in time").expect("it can be waited for"))
    }

    pub(super) async fn make_superuser(&self, email: &str, username: &str) -> Ended {
        let arguments = ["createsuperuser", "--email", email, "--username", username, "--password-stdin"];
        self.run(&arguments, &format!("{PASSWORD}\n")).await
    }

    pub(super) async fn make_project(&self, title: &str) -> String {
        let made = self.run(&["create-project", "--title", title], "").await;
        made.succeeded().trim().to_owned()
    }

    pub(super) async fn serve(&self, arguments: &[&str]) -> Server {
        let mut server = self.begin_to_serve(arguments);
        server.begins_to_serve().await;
        server
    }

    pub(super) fn begin_to_serve(&self, arguments: &[&str]) -> Server {
        let mut command = self.program(&["serve", "--listen", "127.0.0.1:0"]);
        command.args(arguments);
        Self::listen_to(command)
    }

    /// Serves after something that a shell can do, such as to set a limit.
    pub(super) fn begin_to_serve_after(&self, preparation: &str) -> Server {
        self.begin_to_serve_at("127.0.0.1:0", preparation)
    }

    /// The same, at an address that is not to be read from what it says.
    pub(super) fn begin_to_serve_at(&self, address: &str, preparation: &str) -> Server {
        let script = format!("{preparation} && exec \"$0\" serve --listen {address}");
        let mut server = Self::listen_to(self.command("bash", &["-c", &script, env!("CARGO_BIN_EXE_ayushma")]));
        server.url = format!("http://{address}");
        server
    }

    /// Serves with a `PATH` that leads to no program.
    pub(super) fn begin_to_serve_without_programs(&self) -> Server {
        let mut command = self.program(&["serve", "--listen", "127.0.0.1:0"]);
        command.env("PATH", self.path());
        Self::listen_to(command)
    }

    fn listen_to(mut command: Command) -> Server {
        let mut child = command.spawn().expect("the program starts");
        let mut readers = JoinSet::new();
        let (write, lines) = mpsc::unbounded_channel();
        readers.spawn(forward(child.stderr.take().expect("it is piped"), write.clone()));
        readers.spawn(forward(child.stdout.take().expect("it is piped"), write));
        Server { child, lines, readers, seen: String::new(), url: String::new() }
    }
}

impl Drop for DataFolder {
    /// Any command takes over a database that was left behind, and stops it.
    fn drop(&mut self) {
        if self.database_runs() {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ayushma"));
            drop(command.arg("migrate").env_clear().env("DATA_DIR", self.path()).current_dir(self.path()).output());
        }
    }
}

async fn forward(from: impl AsyncRead + Unpin, to: mpsc::UnboundedSender<String>) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        drop(to.send(line));
    }
}

/// A command that has ended.
pub(super) struct Ended(Output);

impl Ended {
    pub(super) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    pub(super) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    /// Its output, if it ended well.
    pub(super) fn succeeded(&self) -> String {
        assert!(self.0.status.success(), "{}\n{}", self.stdout(), self.stderr());
        self.stdout()
    }

    pub(super) fn code(&self) -> Option<i32> {
        self.0.status.code()
    }

    /// What it complained about, if it ended with 1.
    pub(super) fn failed(&self) -> String {
        assert_eq!(self.0.status.code(), Some(1), "{}\n{}", self.stdout(), self.stderr());
        self.stderr()
    }
}

/// A process that serves.
pub(super) struct Server {
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
    readers: JoinSet<()>,
    seen: String,
    pub(super) url: String,
}

impl Server {
    /// The first line with this text, whether it was read already or is still to come.
    pub(super) async fn said(&mut self, text: &str) -> String {
        match self.seen.lines().find(|line| line.contains(text)) {
            Some(line) => line.to_owned(),
            None => self.line_with(text).await,
        }
    }

    /// Reads its output on, up to the next line with this text.
    pub(super) async fn line_with(&mut self, text: &str) -> String {
        loop {
            let line = tokio::time::timeout(PATIENCE, self.lines.recv()).await;
            let line = line.unwrap_or_else(|_| panic!("it says {text:?} in time; it said:\n{}", self.seen));
            let line = line.unwrap_or_else(|| panic!("it says {text:?} before it ends; it said:\n{}", self.seen));
            self.seen.push_str(&line);
            self.seen.push('\n');
            if line.contains(text) {
                return line;
            }
        }
    }

    pub(super) async fn begins_to_serve(&mut self) {
        let line = self.line_with("serving HTTP").await;
        let (_, address) = line.rsplit_once("address=").expect("the line names the address");
        self.url = format!("http://{}", address.trim());
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id().expect("it was not waited for")
    }

    pub(super) async fn signal(&self, signal: &str) {
        let pid = self.child.id().expect("it was not waited for").to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().await.expect("kill exists");
        assert!(sent.success());
    }

    /// Asks it to end. Gives its exit code, and everything it has said.
    pub(super) async fn terminate(self) -> (Option<i32>, String) {
        self.ask_to_end().await;
        self.ended().await
    }

    pub(super) async fn ask_to_end(&self) {
        self.signal("-TERM").await;
    }

    /// Waits for its end. Gives its exit code, and everything it has said.
    pub(super) async fn ended(mut self) -> (Option<i32>, String) {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let code = ended.expect("it ends in time").expect("it can be waited for").code();
        while self.readers.join_next().await.is_some() {}
        while let Ok(line) = self.lines.try_recv() {
            self.seen.push_str(&line);
            self.seen.push('\n');
        }
        (code, self.seen)
    }

    /// Ends it as a power cut would; its database's processes live on.
    pub(super) async fn kill(mut self) {
        self.signal("-KILL").await;
        self.child.wait().await.expect("it can be waited for");
    }

    /// Logs in; `None` if the credentials are refused.
    pub(super) async fn log_in(&self, email: &str, password: &str) -> Option<String> {
        let body = serde_json::json!({ "email": email, "password": password });
        let response = client().post(format!("{}/api/auth/login", self.url)).json(&body).send().await;
        let answer: serde_json::Value = response.expect("it answers").json().await.expect("the answer is JSON");
        answer["token"].as_str().map(str::to_owned)
    }

    /// What a path shows to whoever has this token.
    pub(super) async fn get(&self, path: &str, token: &str) -> serde_json::Value {
        let request = client().get(format!("{}{path}", self.url)).header("Authorization", format!("Token {token}"));
        let response = request.send().await.expect("it answers").error_for_status().expect("it is allowed");
        response.json().await.expect("the answer is JSON")
    }

    /// Sends something to a path.
    pub(super) async fn post(&self, path: &str, token: &str, form: reqwest::multipart::Form) -> reqwest::Response {
        let request = client().post(format!("{}{path}", self.url)).header("Authorization", format!("Token {token}"));
        request.multipart(form).send().await.expect("it answers").error_for_status().expect("it is allowed")
    }

    /// Makes something at a path. Gives its id.
    pub(super) async fn make(&self, path: &str, token: &str, body: serde_json::Value) -> String {
        let request = client().post(format!("{}{path}", self.url)).header("Authorization", format!("Token {token}"));
        let response = request.json(&body).send().await.expect("it answers").error_for_status().expect("it is allowed");
        let made: serde_json::Value = response.json().await.expect("the answer is JSON");
        made["external_id"].as_str().expect("it has an id").to_owned()
    }

    /// The status and the JSON of an answer to anybody.
    pub(super) async fn look(&self, path: &str) -> (u16, serde_json::Value) {
        let response = client().get(format!("{}{path}", self.url)).send().await.expect("it answers");
        (response.status().as_u16(), response.json().await.expect("the answer is JSON"))
    }

    /// The status of the answer to a client with an API key.
    pub(super) async fn status_with_key(&self, path: &str, key: &str) -> u16 {
        let request = client().get(format!("{}{path}", self.url)).header("X-API-KEY", key);
        request.send().await.expect("it answers").status().as_u16()
    }
}

fn client() -> reqwest::Client {
    // It fails if another test was faster.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().timeout(PATIENCE).build().expect("the client needs nothing")
}
