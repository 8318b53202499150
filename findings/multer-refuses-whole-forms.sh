#!/usr/bin/env bash
# multer (axum's Multipart): a whole form whose bytes and end arrive together, in the second of the two looks that it takes at a body, is
# refused as incomplete. With a server of several threads that happens to a few of some thousands of uploads.
set -euo pipefail
tmp=$(mktemp -d) judged=
finish() {
    local rc=$?
    rm -rf "$tmp"
    [ "$rc" = 0 ] || [ "$judged" ] || rc=2 # not judged: it could not be set up
    exit "$rc"
}
trap finish EXIT
cd "$tmp"

mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "try"
version = "0.0.0"
edition = "2021"
[dependencies]
bytes = "1"
futures = "0.3"
multer = "=3.1.0"
TOML
cat >src/main.rs <<'RUST'
use std::{convert::Infallible, task::Poll};

use bytes::Bytes;
use futures::{executor::block_on, stream};
use multer::Multipart;

const FORM: &str = "--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nZinc\r\n--x--\r\n";

/// The outcome for a form that is there from the given poll on.
fn outcome(from: usize) -> String {
    let (mut polls, mut form) = (0, Some(Bytes::from(FORM)));
    let body = stream::poll_fn(move |context| {
        polls += 1;
        if polls < from {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(form.take().map(Ok::<_, Infallible>))
    });
    block_on(async {
        match Multipart::new(body, "x").next_field().await {
            Ok(Some(field)) => field.text().await.unwrap_or_else(|error| error.to_string()),
            Ok(None) => "no field".to_owned(),
            Err(error) => error.to_string(),
        }
    })
}

fn main() {
    println!("{}; {}; {}", outcome(1), outcome(2), outcome(3));
}
RUST
CARGO_TARGET_DIR=$tmp/target cargo build -q >build.log 2>&1 || { cat build.log >&2; exit 2; }
seen=$(target/debug/try)

echo "multer 3.1.0, a form that is there at the first, the second and the third poll"
echo "expected: Zinc; Zinc; Zinc"
echo "seen: $seen"
judged=yes
[ "$seen" = "Zinc; incomplete multipart stream; Zinc" ]
