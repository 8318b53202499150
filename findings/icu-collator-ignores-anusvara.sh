#!/usr/bin/env bash
# ICU's collation at the primary level, by which one searches without regard to case and accents: anusvara counts as an accent but
# in the word's own language. In Hindi text under an English or root locale worry is pyre, and flesh is month. Node 20's
# Intl.Collator with `sensitivity: 'base'` says the same.
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
icu_collator = "=2.4.0"
icu_locale_core = "=2.4.0"
TOML
cat >src/main.rs <<'RUST'
use icu_collator::{options::{CollatorOptions, Strength}, Collator};
use icu_locale_core::Locale;

fn main() {
    let mut options = CollatorOptions::default();
    options.strength = Some(Strength::Primary);
    for (a, b) in [("चिंता", "चिता"), ("मांस", "मास"), ("കരം", "കര")] {
        print!("{a} = {b} in");
        for locale in ["und", "en", "hi", "ml"] {
            let collator = Collator::try_new(locale.parse::<Locale>().unwrap().into(), options).unwrap();
            if collator.compare(a, b).is_eq() {
                print!(" {locale}");
            }
        }
        print!("; ");
    }
}
RUST
CARGO_TARGET_DIR=$tmp/target cargo build -q >build.log 2>&1 || { cat build.log >&2; exit 2; }
seen=$(target/debug/try)

echo "icu_collator 2.4.0 (crates.io)"
echo "expected: words that differ in a sound are equal in no locale"
echo "seen: $seen"
judged=yes
[ "$seen" = "चिंता = चिता in und en ml; मांस = मास in und en ml; കരം = കര in und en hi; " ]
