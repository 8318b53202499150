//! A PostgreSQL and an Apache Kafka of the test's own, which it may kill: durable, on free ports, gone at the end.

use std::{
    fs::{self, Permissions},
    net::TcpStream,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use sqlx::postgres::PgConnectOptions;

/// Longer than a server should take to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(400);

/// A port below the range that the system hands out to outgoing connections: nobody takes it while its server is down.
pub(super) fn free_port() -> u16 {
    loop {
        let port = rand::random_range(20_000..32_000);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn answers(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// Runs a command to its end, away from the threads of the clients.
async fn run(mut command: Command) -> std::process::Output {
    command.stdin(Stdio::null());
    let ended = tokio::task::spawn_blocking(move || command.output()).await;
    ended.expect("it does not panic").expect("the program can be started")
}

async fn succeed(what: &str, command: Command) {
    let ended = run(command).await;
    let said = [ended.stdout, ended.stderr].concat();
    assert!(ended.status.success(), "{what}: {}", String::from_utf8_lossy(&said));
}

pub(super) async fn signal(signal: &str, pid: u32) {
    let mut command = Command::new("kill");
    command.args([signal, &pid.to_string()]);
    // Whoever is gone already needs no signal.
    drop(run(command).await);
}

pub(super) struct Postgres {
    cluster: PathBuf,
    programs: PathBuf,
    is_root: bool,
    pub(super) port: u16,
}

impl Postgres {
    pub(super) async fn start(folder: &Path) -> Self {
        let is_root = fs::metadata("/proc/self").expect("there is /proc").uid() == 0;
        let home = folder.join("postgres");
        fs::create_dir(&home).expect("the folder is ours");
        if is_root {
            // It refuses root.
            fs::set_permissions(folder, Permissions::from_mode(0o755)).expect("the folder is ours");
            let mut chown = Command::new("chown");
            chown.arg("postgres").arg(&home);
            succeed("chown", chown).await;
        }
        let this = Self { cluster: home.join("cluster"), programs: programs(), is_root, port: free_port() };
        let mut initdb = this.command("initdb");
        initdb.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-D"]).arg(&this.cluster);
        succeed("initdb", initdb).await;
        this.go_up().await;
        this
    }

    fn command(&self, program: &str) -> Command {
        let path = self.programs.join(program);
        let mut command = if self.is_root {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.current_dir("/");
        command
    }

    /// With its own settings: what it has confirmed is on the disk.
    pub(super) async fn go_up(&self) {
        let options = format!("-p {} -c listen_addresses=127.0.0.1 -c max_connections=400 -k ''", self.port);
        let mut start = self.command("pg_ctl");
        start.args(["start", "-w", "-s", "-t", "120", "-o", &options, "-l"]).arg(self.cluster.join("server.log"));
        start.arg("-D").arg(&self.cluster).stdout(Stdio::null()).stderr(Stdio::null());
        let ended = tokio::task::spawn_blocking(move || start.stdin(Stdio::null()).status()).await;
        assert!(ended.expect("it does not panic").expect("pg_ctl starts").success(), "PostgreSQL starts");
    }

    /// As in a power cut: nothing is written any more.
    pub(super) async fn crash(&self) {
        let mut stop = self.command("pg_ctl");
        stop.args(["stop", "-m", "immediate", "-s", "-D"]).arg(&self.cluster);
        succeed("pg_ctl stop", stop).await;
    }

    pub(super) fn options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new().host("127.0.0.1").port(self.port).username("postgres").database(database)
    }

    /// Of a database of it, through a port.
    pub(super) fn url(port: u16, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/{database}")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = self.command("pg_ctl");
        // Also when the test has failed; it may be down already.
        drop(stop.args(["stop", "-m", "immediate", "-s", "-D"]).arg(&self.cluster).output());
    }
}

/// Of the server: on the PATH, or the newest where Debian puts them.
fn programs() -> PathBuf {
    let on_path = std::env::split_paths(env!("PATH"))
        .filter_map(|folder| folder.join("pg_ctl").canonicalize().ok())
        .filter_map(|program| program.parent().map(Path::to_owned))
        .find(|folder| folder.join("initdb").exists());
    let debian = || {
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let newest = versions.max_by_key(|entry| entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()));
        newest.map(|entry| entry.path().join("bin"))
    };
    on_path.or_else(debian).expect("PostgreSQL's server is installed")
}

pub(super) struct Kafka {
    folder: PathBuf,
    script: PathBuf,
    port: u16,
}

impl Kafka {
    pub(super) async fn start(folder: &Path) -> Self {
        let script = std::env::var_os("KAFKA_SH").expect("KAFKA_SH starts brokers (make sets it)").into();
        let this = Self { folder: folder.join("kafka"), script, port: free_port() };
        this.go_up().await;
        this
    }

    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(super) async fn go_up(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut start = Command::new(&self.script);
            start.arg("start").arg(&self.folder).arg(self.port.to_string()).stdout(Stdio::null());
            let ended = tokio::task::spawn_blocking(move || start.stdin(Stdio::null()).stderr(Stdio::null()).status());
            if ended.await.expect("it does not panic").expect("the script runs").success() {
                return;
            }
            let log = || fs::read_to_string(self.folder.join("kafka.log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "the broker does not start; its log:\n{}", log());
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    fn pid(&self) -> u32 {
        let pid = fs::read_to_string(self.folder.join("kafka.pid")).expect("it runs");
        pid.trim().parse().expect("a pid is a number")
    }

    pub(super) async fn kill(&self) {
        signal("-KILL", self.pid()).await;
        while answers(self.port) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(super) async fn pause(&self, length: Duration) {
        let pid = self.pid();
        signal("-STOP", pid).await;
        tokio::time::sleep(length).await;
        signal("-CONT", pid).await;
    }

    pub(super) async fn stop(&self) {
        let mut stop = Command::new(&self.script);
        stop.arg("stop").arg(&self.folder);
        succeed("kafka.sh stop", stop).await;
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        if let Ok(pid) = fs::read_to_string(self.folder.join("kafka.pid")) {
            // It may be stopped by a signal just now.
            drop(Command::new("kill").args(["-KILL", pid.trim()]).output());
        }
        drop(Command::new(&self.script).arg("stop").arg(&self.folder).output());
    }
}
