#!/usr/bin/env bash
# sentencepiece: the default normalization (nmt_nfkc) turns the zero-width non-joiner into a
# blank, so that a Malayalam or Hindi word written with it becomes two words; the zero-width joiner stays. Raised digits become
# plain ones: 10⁹/L is 109/L.
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

python3 -m venv venv
venv/bin/pip -q --disable-pip-version-check install sentencepiece==0.2.3
cat >try.py <<'PYTHON'
import sentencepiece

# A model trained with the defaults, on a few words: only its normalization matters.
words = ["രക്\u200cതം", "അവന്\u200dറെ", "रक्\u200cत", "रक्\u200dत", "10⁹/L"]
with open("words.txt", "w") as f:
    f.write("\n".join(words * 20))
sentencepiece.SentencePieceTrainer.train(input="words.txt", model_prefix="m", vocab_size=60, hard_vocab_limit=False, minloglevel=2)
model = sentencepiece.SentencePieceProcessor(model_file="m.model")
for word in words:
    back = model.decode(model.encode(word))
    print(ascii(word), "->", "the same" if back == word else ascii(back), end="; ")
PYTHON
seen=$(venv/bin/python try.py 2>try.log) || { cat try.log >&2; exit 2; }

echo "sentencepiece 0.2.3"
echo "expected: joiners are dropped or kept alike, and one word stays one word; digits keep their meaning"
echo "seen: $seen"
judged=yes
[ "$seen" = "'\u0d30\u0d15\u0d4d\u200c\u0d24\u0d02' -> '\u0d30\u0d15\u0d4d \u0d24\u0d02'; '\u0d05\u0d35\u0d28\u0d4d\u200d\u0d31\u0d46' -> the same; '\u0930\u0915\u094d\u200c\u0924' -> '\u0930\u0915\u094d \u0924'; '\u0930\u0915\u094d\u200d\u0924' -> the same; '10\u2079/L' -> '109/L'; " ]
