//! Log lines that cannot be written: the disk is full, or whoever read them has gone away.

use std::net::TcpListener;

use super::process::DataFolder;
use crate::installation::until;

#[tokio::test]
async fn a_server_whose_standard_error_cannot_be_written_serves_and_ends_in_good_order() {
    for output in ["exec 2>/dev/full", "exec 2> >(head -c 1 >/dev/null)"] {
        let folder = DataFolder::new();
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("it listens").to_string();
        drop(listener);
        let server = folder.begin_to_serve_at(&address, output);
        until("it answers", async || tokio::net::TcpStream::connect(&address).await.ok()).await;
        assert_eq!(server.look("/health/live").await.0, 200, "{output}");
        let (code, said) = server.terminate().await;
        assert_eq!(code, Some(0), "{output}: {said}");
        assert!(!folder.database_runs(), "{output}");
    }
}

#[tokio::test]
async fn a_command_that_cannot_say_what_is_wrong_ends_with_an_error() {
    let folder = DataFolder::new();
    let mut command = folder.program(&["serve", "--database-url", "nonsense"]);
    let full = std::fs::File::options().write(true).open("/dev/full").expect("this is Linux");
    let ended = command.stderr(full).status().await.expect("the program starts");
    assert_eq!(ended.code(), Some(1));
}
