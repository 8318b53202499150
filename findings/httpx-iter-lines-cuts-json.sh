#!/usr/bin/env bash
# httpx: Response.iter_lines() ends lines as Python's str.splitlines() does, also at U+2028, U+2029 and U+0085. JSON may have them
# unescaped in strings (serde_json and JSON.stringify write them so), hence one line of NDJSON or of an event stream comes in pieces.
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
venv/bin/pip -q --disable-pip-version-check install httpx==0.28.1 httpx-sse==0.4.3
cat >try.py <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import httpx
import httpx_sse

ROW = json.dumps({"text": "Give 5 mg.\u2028Not to children."}, ensure_ascii=False)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        sse = self.path == "/sse"
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if sse else "application/x-ndjson")
        self.end_headers()
        self.wfile.write((f"data: {ROW}\n\n" if sse else f"{ROW}\n").encode())

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
with httpx.stream("GET", f"{url}/ndjson") as response:
    print(f"iter_lines: {list(response.iter_lines())}", end=", ")
with httpx.Client() as client, httpx_sse.connect_sse(client, "GET", f"{url}/sse") as source:
    print(f"httpx-sse: {[event.data == ROW for event in source.iter_sse()]}")
PYTHON
seen=$(venv/bin/python try.py)

echo "httpx 0.28.1 (beside it httpx-sse 0.4.3, which has its own reader of lines)"
echo "expected: iter_lines() of one line of NDJSON gives one line"
echo "seen: $seen"
judged=yes
[ "$seen" = "iter_lines: ['{\"text\": \"Give 5 mg.', 'Not to children.\"}'], httpx-sse: [True]" ]
