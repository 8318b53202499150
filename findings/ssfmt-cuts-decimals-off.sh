#!/usr/bin/env bash
# ssfmt (Excel's number formats): General after a condition is cut to an integer, so that a cell with 2.5 shows 2; a format scaled
# to thousands or millions is cut off instead of rounded. SheetJS's ssf, to which it compares itself, does neither.
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

npm install --silent --no-audit --no-fund --prefix . ssf@0.11.2 >npm.log 2>&1 || { cat npm.log >&2; exit 2; }
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "try"
version = "0.0.0"
edition = "2021"
[dependencies]
ssfmt = "=0.1.2"
TOML
cat >src/main.rs <<'RUST'
fn main() {
    let cells = [(2.5, "General"), (2.5, "[<5]General;0"), (1999.0, "#,##0,"), (2999999.0, "#,##0,,"), (1999.0, "0.0,")];
    for (value, format) in cells {
        print!("{value} as {format}: {}; ", ssfmt::format_default(value, format).unwrap());
    }
}
RUST
cat >try.js <<'NODE'
const { format } = require('ssf');
for (const [value, code] of [[2.5, 'General'], [2.5, '[<5]General;0'], [1999, '#,##0,'], [2999999, '#,##0,,'], [1999, '0.0,']])
  process.stdout.write(`${value} as ${code}: ${format(code, value)}; `);
NODE
CARGO_TARGET_DIR=$tmp/target cargo build -q >build.log 2>&1 || { cat build.log >&2; exit 2; }
seen="$(target/debug/try)but ssf: $(node try.js)"

echo "ssfmt 0.1.2 (crates.io; beside it ssf 0.11.2, npm)"
echo "expected: 2.5 stays 2.5, 1999 in thousands is 2, 2999999 in millions is 3, as LibreOffice shows them too"
echo "seen: $seen"
judged=yes
[ "$seen" = "2.5 as General: 2.5; 2.5 as [<5]General;0: 2; 1999 as #,##0,: 1; 2999999 as #,##0,,: 2; 1999 as 0.0,: 2.0; but ssf: 2.5 as General: 2.5; 2.5 as [<5]General;0: 2.5; 1999 as #,##0,: 2; 2999999 as #,##0,,: 3; 1999 as 0.0,: 2.0; " ]
