#!/usr/bin/env bash
# marked and micromark's GFM: one tilde is enough to strike text through, inside of words too. Two ranges written with "~" in one
# paragraph join: what stands between is struck, and the doses read 520 mg. remark-gfm and react-markdown use micromark's;
# `singleTilde: false` turns it off there, marked has no such option.
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

npm install --silent --no-audit --no-fund --prefix . marked@18.2.1 micromark@4.0.3 micromark-extension-gfm@3.0.0 markdown-it@15.0.3 >npm.log 2>&1 ||
    { cat npm.log >&2; exit 2; }
cat >try.mjs <<'NODE'
import { marked } from 'marked';
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import MarkdownIt from 'markdown-it';

const text = 'Children 5~10 mg, adults 15~20 mg.';
const ways = {
  marked: marked.parse(text),
  'micromark-extension-gfm': micromark(text, { extensions: [gfm()], htmlExtensions: [gfmHtml()] }),
  'the same, singleTilde false': micromark(text, { extensions: [gfm({ singleTilde: false })], htmlExtensions: [gfmHtml()] }),
  'markdown-it': new MarkdownIt().render(text),
};
for (const [name, html] of Object.entries(ways)) process.stdout.write(`${name}: ${html.trim()} `);
NODE
seen=$(node try.mjs)

echo "marked 18.2.1, micromark-extension-gfm 3.0.0 (beside them markdown-it 15.0.3)"
echo "expected: only ~~ strikes through; \"Children 5~10 mg, adults 15~20 mg.\" stays as it is"
echo "seen: $seen"
judged=yes
[ "$seen" = "marked: <p>Children 5<del>10 mg, adults 15</del>20 mg.</p> micromark-extension-gfm: <p>Children 5<del>10 mg, adults 15</del>20 mg.</p> the same, singleTilde false: <p>Children 5~10 mg, adults 15~20 mg.</p> markdown-it: <p>Children 5~10 mg, adults 15~20 mg.</p> " ]
