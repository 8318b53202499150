#!/usr/bin/env bash
# chardetng: one µ or ± in English text of windows-1252 makes it Big5 or ISO-8859-2, also within 2,400 letters: 5 µg becomes 5 痢
# (Chinese for dysentery), ± becomes ą. A lone ° is read well.
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
chardetng = "=1.0.0"
encoding_rs = "=0.8.44"
TOML
cat >src/main.rs <<'RUST'
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};

fn main() {
    let long = "Iron and folic acid are given once a day to all pregnant women from the fourth month on. ".repeat(27);
    for (before, text) in [
        ("", &b"Take 5 \xb5g of it."[..]),
        (&long, b"Take 5 \xb5g of it."),
        ("", b"Add 10 \xb5l."),
        (&long, b"The mean was 5 \xb1 2 mg."),
        (&long, b"Keep it below 25 \xb0C."),
    ] {
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(before.as_bytes(), false);
        detector.feed(text, true);
        let encoding = detector.guess(None, Utf8Detection::Allow);
        print!("{}{} ({}); ", if before.is_empty() { "" } else { "... " }, encoding.decode(text).0, encoding.name());
    }
}
RUST
CARGO_TARGET_DIR=$tmp/target cargo build -q >build.log 2>&1 || { cat build.log >&2; exit 2; }
seen=$(target/debug/try)

echo "chardetng 1.0.0 (encoding_rs 0.8.44)"
echo "expected: English text with µ, ± or ° in Latin-1 is windows-1252"
echo "seen: $seen"
judged=yes
[ "$seen" = "Take 5 痢 of it. (Big5); ... Take 5 痢 of it. (Big5); Add 10 痞. (Big5); ... The mean was 5 ą 2 mg. (ISO-8859-2); ... Keep it below 25 °C. (windows-1252); " ]
