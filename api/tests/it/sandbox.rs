//! What a program can reach that works on what strangers wrote: tried from inside, with harmless programs in its place.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use adapters::{
    child_reader::ChildReader,
    espeak::Espeak,
    launcher::Launcher,
    sandbox::{Confinement, Report},
};
use knowledge::extraction::FileHints;
use ports::{SpeechRequest, TextToSpeech as _};
use tempfile::TempDir;
use tokio::process::Command;

const AYUSHMA: &str = env!("CARGO_BIN_EXE_ayushma");
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/documents/files");

fn launcher() -> Launcher {
    Launcher::new(AYUSHMA.into())
}

fn small() -> Confinement {
    Confinement { memory: 256 << 20, cpu_seconds: Some((5, 5)), ..Confinement::default() }
}

async fn run(launcher: &Launcher, confinement: &Confinement, program: &str, arguments: &[&str]) -> Output {
    let mut command = launcher.program(program.as_ref(), confinement);
    command.args(arguments).stdin(Stdio::null()).output().await.expect("the launcher starts")
}

async fn cat(launcher: &Launcher, path: &Path) -> Output {
    run(launcher, &small(), "cat", &[path.to_str().expect("the path is text")]).await
}

#[track_caller]
fn is_denied(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert!(said.contains("Permission denied") || said.contains("Operation not permitted"), "{said}");
}

/// A folder that everybody may look into, with a key in it that nobody but us may read.
fn folder_with_key(mode: u32) -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("made");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    let key = folder.path().join("master.key");
    fs::write(&key, "secret").expect("written");
    fs::set_permissions(&key, fs::Permissions::from_mode(mode)).expect("it is ours");
    (folder, key)
}

/// A launcher on a kernel without landlock: the system calls do not exist.
fn without_landlock() -> (TempDir, Launcher) {
    let folder = TempDir::new().expect("made");
    let script = folder.path().join("old-kernel");
    let text = format!(
        r#"#!/usr/bin/python3
import ctypes, os, struct, sys
def op(code, jt, jf, k): return struct.pack("HBBI", code, jt, jf, k)
program = op(0x20, 0, 0, 0) + op(0x35, 0, 2, 444) + op(0x25, 1, 0, 446) + op(0x06, 0, 0, 0x00050026) + op(0x06, 0, 0, 0x7fff0000)
buffer = ctypes.create_string_buffer(program)
class Filter(ctypes.Structure): _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
c = ctypes.CDLL(None)
assert c.prctl(38, 1, 0, 0, 0) == 0
assert c.prctl(22, 2, ctypes.byref(Filter(len(program) // 8, ctypes.addressof(buffer))), 0, 0) == 0
os.execv("{AYUSHMA}", ["{AYUSHMA}"] + sys.argv[1:])
"#
    );
    fs::write(&script, text).expect("written");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let launcher = Launcher::new(script);
    (folder, launcher)
}

async fn report(launcher: &Launcher) -> Report {
    launcher.report().await.expect("it reports")
}

#[tokio::test]
async fn a_program_that_reads_documents_reads_nothing_else() {
    let (folder, key) = folder_with_key(0o644);
    assert_eq!(report(&launcher()).await, Report { files: true, system_calls: true, user: true });
    is_denied(&cat(&launcher(), &key).await);
    is_denied(&cat(&launcher(), Path::new("/etc/passwd")).await);
    let allowed = Confinement { readable: vec![folder.path().to_owned()], ..small() };
    let read = run(&launcher(), &allowed, "cat", &[key.to_str().expect("text")]).await;
    assert_eq!(String::from_utf8_lossy(&read.stdout), "secret", "what it is given it can read: {read:?}");
}

#[tokio::test]
async fn the_environment_of_the_server_is_out_of_reach() {
    let environ = format!("/proc/{}/environ", std::process::id());
    is_denied(&cat(&launcher(), Path::new(&environ)).await);
    let own = run(&launcher(), &small(), "env", &[]).await;
    let own = String::from_utf8_lossy(&own.stdout).into_owned();
    let mut own: Vec<&str> = own.lines().collect();
    own.sort_unstable();
    assert_eq!(own, ["LC_ALL=C.UTF-8", "PATH=/usr/local/bin:/usr/bin:/bin"], "it has none of its own either");
}

async fn connect(launcher: &Launcher) -> Output {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.set_nonblocking(true).expect("it can be asked");
    let port = listener.local_addr().expect("it has one").port();
    let output = run(launcher, &small(), "bash", &["-c", &format!("exec 3<>/dev/tcp/127.0.0.1/{port}")]).await;
    assert!(listener.accept().is_err(), "nobody came");
    output
}

#[tokio::test]
async fn no_connection_can_be_made() {
    is_denied(&connect(&launcher()).await);
}

#[tokio::test]
async fn no_other_program_can_be_started() {
    let output = run(&launcher(), &small(), "bash", &["-c", "/bin/cat /dev/null && echo started"]).await;
    assert!(!String::from_utf8_lossy(&output.stdout).contains("started"), "{output:?}");
    let output = run(&launcher(), &small(), "bash", &["-c", "exec /bin/cat /dev/null"]).await;
    is_denied(&output);
    let missing = run(&launcher(), &small(), "no-such-program", &[]).await;
    assert_eq!(missing.status.code(), Some(127));
}

#[tokio::test]
async fn an_old_kernel_keeps_keys_environment_and_network_out_of_reach_all_the_same() {
    let (_folder, old) = without_landlock();
    assert_eq!(report(&old).await, Report { files: false, system_calls: true, user: true });
    is_denied(&cat(&old, Path::new(&format!("/proc/{}/environ", std::process::id()))).await);
    is_denied(&connect(&old).await);
    let (_folder, key) = folder_with_key(0o600);
    // Without landlock only another user keeps files apart, and only root can become one.
    if fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0) {
        is_denied(&cat(&old, &key).await);
    }
    let bytes = fs::read(format!("{FOLDER}/pdf-malayalam.pdf")).expect("it is in the repository");
    let read = |launcher| async {
        ChildReader::new(launcher, 512 * 1_048_576).read(bytes.clone().into(), &FileHints::default()).await
    };
    let (new, old) = (read(launcher()).await, read(old).await);
    assert!(new.is_ok(), "{new:?}");
    assert_eq!(format!("{new:?}"), format!("{old:?}"), "documents are read as ever");
}

#[tokio::test]
async fn a_program_beside_its_data_runs_whoever_may_look_into_its_folder() {
    for mode in [0o755, 0o700] {
        let outer = TempDir::new().expect("made");
        let folder = outer.path().join("model");
        fs::create_dir(&folder).expect("made");
        fs::copy("/bin/cat", folder.join("embed")).expect("copied");
        fs::write(folder.join("weights"), "0.5").expect("written");
        fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).expect("it is ours");
        let confinement = Confinement { readable: vec![folder.clone()], ..small() };
        let mut command = launcher().program("./embed".as_ref(), &confinement);
        let output = command.current_dir(&folder).arg("weights").output().await.expect("it starts");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "0.5", "{mode:o}: {output:?}");
    }
}

#[tokio::test]
async fn a_program_has_no_file_of_the_server_open_and_dies_with_it() {
    let (_folder, key) = folder_with_key(0o600);
    let _open = fs::File::open(&key).expect("it is ours");
    let mut sleeping = launcher().program("sleep".as_ref(), &small()).arg("100").spawn().expect("it starts");
    let pid = sleeping.id().expect("it lives");
    while !is_sleep(&pid) {
        tokio::task::yield_now().await;
    }
    let open = fs::read_dir(format!("/proc/{pid}/fd")).expect("it is our child").filter_map(Result::ok);
    let open: Vec<PathBuf> = open.filter_map(|file| fs::read_link(file.path()).ok()).collect();
    assert!(!open.is_empty() && !open.contains(&key), "{open:?}");
    sleeping.kill().await.expect("it is ours");

    let script = format!("{AYUSHMA} sandbox run --memory 200000000 -- sleep 100 & echo $!; wait");
    let mut parent = Command::new("sh").args(["-c", &script]).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut said = tokio::io::BufReader::new(parent.stdout.take().expect("it has one"));
    let mut child = String::new();
    tokio::io::AsyncBufReadExt::read_line(&mut said, &mut child).await.expect("it says its number");
    let child = child.trim().to_owned();
    while !is_sleep(&child) {
        tokio::task::yield_now().await;
    }
    parent.kill().await.expect("it is ours");
    let is_alive = || fs::read_to_string(format!("/proc/{child}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    crate::support::eventually("the child has died too", async || (!is_alive()).then_some(())).await;
}

/// Whether the process has become `sleep`, wherever the system keeps that.
fn is_sleep(process: &impl std::fmt::Display) -> bool {
    let command_line = fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap_or_default();
    command_line.split('\0').next().is_some_and(|program| program.ends_with("sleep"))
}

#[tokio::test]
async fn names_of_documents_are_in_no_list_of_processes() {
    let reader = launcher().reader(512 * 1_048_576).expect("there is a program");
    assert_eq!(reader.as_std().get_args().collect::<Vec<_>>(), ["sandbox", "read", "--memory", "536870912"]);
}

#[tokio::test]
async fn speech_is_made_within_the_confinement() {
    let espeak = Espeak::of_this_machine(launcher()).await.expect("espeak-ng is installed");
    for (text, language) in [("Drink clean water.", "en"), ("ശുദ്ധജലം കുടിക്കുക", "ml")]
    {
        let request = SpeechRequest { text, language, api_key: None };
        let speech = espeak.speak(request).await.expect("it speaks");
        // The encoder is confined as well.
        assert_eq!(speech.extension, "mp3", "{language}");
        assert!(speech.bytes.len() > 2_000, "{language}: {}", speech.bytes.len());
    }
}
