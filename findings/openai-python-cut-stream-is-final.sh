#!/usr/bin/env bash
# OpenAI's own Python library: a stream that ends without `[DONE]` and without a finish reason is no error, and
# get_final_completion() of the streaming helper returns the part as the final completion, with finish_reason None, although its
# type has no None there. The npm library's helper raises "missing finish_reason for choice 0".
set -euo pipefail
tmp=$(mktemp -d) pids=() judged=
finish() {
    local rc=$? pid
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
    rm -rf "$tmp"
    [ "$rc" = 0 ] || [ "$judged" ] || rc=2 # not judged: it could not be set up
    exit "$rc"
}
trap finish EXIT
cd "$tmp"

# A server that sends two pieces of an answer, then either the end or nothing more, and closes the connection in order.
cat >server.py <<'PYTHON'
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def piece(text, finish=None):
    delta = {"role": "assistant", "content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        text = piece("Give 0.5 ")
        if self.path.startswith("/whole/"):
            text += piece("mg.") + piece("", "stop") + "data: [DONE]\n\n"
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
mkfifo port.fifo
python3 server.py >port.fifo &
pids+=($!)
read -r port <port.fifo

python3 -m venv venv
venv/bin/pip -q --disable-pip-version-check install openai==3.57.0
npm install --silent --no-audit --no-fund --prefix . openai@6.49.0 >npm.log 2>&1 || { cat npm.log >&2; exit 2; }
cat >try.py <<'PYTHON'
import sys
import openai

question = {"model": "m", "messages": [{"role": "user", "content": "?"}]}
for kind in "whole", "cut":
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{sys.argv[1]}/{kind}", api_key="x", max_retries=0)
    try:
        with client.chat.completions.stream(**question) as stream:
            choice = stream.get_final_completion().choices[0]
        print(f"{kind}: {choice.message.content!r}, {choice.finish_reason}", end="; ")
    except Exception as e:
        print(f"{kind}: {type(e).__name__}", end="; ")
PYTHON
cat >try.mjs <<'NODE'
import OpenAI from 'openai';
const question = { model: 'm', messages: [{ role: 'user', content: '?' }] };
for (const kind of ['whole', 'cut']) {
  const client = new OpenAI({ baseURL: `http://127.0.0.1:${process.argv[2]}/${kind}`, apiKey: 'x', maxRetries: 0 });
  try {
    const [choice] = (await client.chat.completions.stream(question).finalChatCompletion()).choices;
    process.stdout.write(`${kind}: '${choice.message.content}', ${choice.finish_reason}; `);
  } catch (e) {
    process.stdout.write(`${kind}: ${e.message}; `);
  }
}
NODE
seen="Python: $(venv/bin/python try.py "$port") npm: $(node try.mjs "$port")"

echo "openai 3.57.0 (PyPI; beside it npm's openai 6.49.0)"
echo "expected: the final completion of a stream that ends without [DONE] and without a finish reason is an error, as in the npm library"
echo "seen: $seen"
judged=yes
[ "$seen" = "Python: whole: 'Give 0.5 mg.', stop; cut: 'Give 0.5 ', None;  npm: whole: 'Give 0.5 mg.', stop; cut: missing finish_reason for choice 0; " ]
