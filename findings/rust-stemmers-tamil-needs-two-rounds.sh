#!/usr/bin/env bash
# rust-stemmers: its Tamil stemmer is not done after one round. A word that stands alone is shortened further than what is left of it with an
# ending, so that fever and "for fever" have two stems; applied twice they have one.
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
rust-stemmers = "=1.2.0"
TOML
cat >src/main.rs <<'RUST'
use rust_stemmers::{Algorithm, Stemmer};

fn main() {
    let stemmer = Stemmer::create(Algorithm::Tamil);
    for word in ["காய்ச்சல்", "காய்ச்சலுக்கு"] {
        let once = stemmer.stem(word).into_owned();
        let twice = stemmer.stem(&once).into_owned();
        print!("{word}: {once}, {twice}; ");
    }
}
RUST
CARGO_TARGET_DIR=$tmp/target cargo build -q >build.log 2>&1 || { cat build.log >&2; exit 2; }
seen=$(target/debug/try)

echo "rust-stemmers 1.2.0"
echo "expected: one stem for fever and its dative"
echo "seen: $seen"
judged=yes
read -r one other < <(printf '%s' "$seen" | sed 's/[^:]*: \([^,]*\), \([^;]*\); /\1 \2 /g' | awk '{print $1 "/" $2, $3 "/" $4}')
[ "${one%/*}" != "${other%/*}" ] && [ "${one#*/}" = "${other#*/}" ]
