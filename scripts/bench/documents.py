#!/usr/bin/env python3
"""documents.py PROGRAM: how fast documents become retrievable over HTTP, and how much memory the server takes for it.

A fresh server in a temporary folder gets the 199 documents of evaluation/medquad, 1,000 documents at once, a PDF of 10,000
pages, and DOCX files that unpack to 1 and 2 GB. Everything is gone afterwards.
"""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zipfile
from pathlib import Path

EMAIL, PASSWORD = "bench@example.com", "lantern orbit seven"
MEDQUAD = Path(__file__).resolve().parents[2] / "evaluation" / "medquad" / "documents"
TITLE_LIMIT = 50
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def long_pdf(pages):
    """A PDF with two lines of text on each page."""
    out, offsets = bytearray(b"%PDF-1.4\n"), []

    def add(body):
        offsets.append(len(out))
        out.extend(b"%d 0 obj\n%b\nendobj\n" % (len(offsets), body))

    add(b"<< /Type /Catalog /Pages 2 0 R >>")
    kids = b" ".join(b"%d 0 R" % (4 + 2 * page) for page in range(pages))
    add(b"<< /Type /Pages /Count %d /Kids [%b] >>" % (pages, kids))
    add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for page in range(pages):
        resources = b"/MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>"
        add(b"<< /Type /Page /Parent 2 0 R %b /Contents %d 0 R >>" % (resources, 5 + 2 * page))
        first = b"(Page %d of the protocol: give zinc, %d mg, for %d days.)" % (page + 1, page % 40, page % 20)
        second = b"(Observe the patient in ward %d and note the temperature.)" % (page % 99)
        text = b"BT /F1 12 Tf 72 700 Td 14 TL %b Tj T* %b Tj ET" % (first, second)
        add(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(text), text))
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(offsets) + 1, start)
    return bytes(out)


def bomb(path, gigabytes):
    """A DOCX of some megabytes that unpacks to gigabytes."""
    paragraphs = b"<w:p><w:r><w:t>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa</w:t></w:r></w:p>" * 10_000
    types = (
        f'<Types xmlns="{PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{WORD}"/></Types>'
    )
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    relations = (
        f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{office}" Target="word/document.xml"/></Relationships>'
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("[Content_Types].xml", types)
        archive.writestr("_rels/.rels", relations)
        with archive.open("word/document.xml", "w") as document:
            document.write(b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>')
            for _ in range(gigabytes * 2**30 // len(paragraphs)):
                document.write(paragraphs)
            document.write(b"</w:body></w:document>")


class Server:
    """The program with a data folder of its own, and its highest use of memory."""

    def __init__(self, program, folder):
        self.program, self.folder, self.peak = program, folder, 0
        self.environment = dict(os.environ, DATA_DIR=str(folder / "data"), LOG="error")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        limits = ["--limit-upload", "0"]
        arguments = [program, "serve", "--listen", f"127.0.0.1:{self.port}", *limits]
        self.process = subprocess.Popen(arguments, env=self.environment, cwd=folder)
        while socket.socket().connect_ex(("127.0.0.1", self.port)) != 0:
            if self.process.poll() is not None:
                sys.exit("the server did not start")
            time.sleep(0.1)
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        status = Path(f"/proc/{self.process.pid}/status")
        while self.process.poll() is None:
            lines = [line for line in status.read_text().splitlines() if line.startswith("VmRSS")]
            self.peak = max([self.peak, *(int(line.split()[1]) // 1024 for line in lines)])
            time.sleep(0.1)

    def command(self, *arguments, stdin=""):
        run = subprocess.run(
            [self.program, *arguments], input=stdin, env=self.environment, cwd=self.folder, capture_output=True, text=True, check=True
        )
        return run.stdout.strip()

    def prepare(self):
        self.command("createsuperuser", "--email", EMAIL, "--username", "bench", "--password-stdin", stdin=PASSWORD + "\n")
        self.project = self.command("create-project", "--title", "Bench")
        self.token = ""
        self.token = self.ask("POST", "/auth/login", json.dumps({"email": EMAIL, "password": PASSWORD}).encode())["token"]

    def ask(self, method, path, body=None, content_type="application/json"):
        headers = {"Content-Type": content_type}
        if self.token:
            headers["Authorization"] = f"Token {self.token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request(method, "/api" + path, body, headers)
        response = connection.getresponse()
        answer = response.read()
        if response.status >= 400:
            sys.exit(f"{method} {path}: {response.status} {answer[:500]}")
        return json.loads(answer)

    def upload(self, name, content):
        boundary = uuid.uuid4().hex
        parts = [("title", name[-TITLE_LIMIT:]), ("document_type", "1")]
        body = b"".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode() for field, value in parts
        )
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        body += content + f"\r\n--{boundary}--\r\n".encode()
        form = f"multipart/form-data; boundary={boundary}"
        return self.ask("POST", f"/projects/{self.project}/documents", body, form)["external_id"]

    def outcome(self, document):
        while True:
            shown = self.ask("GET", f"/projects/{self.project}/documents/{document}")
            if shown["state"] in ("indexed", "failed"):
                return shown
            time.sleep(0.1)

    def measure(self, name, files):
        """Uploads one after the other, and waits for the last one."""
        self.peak, started = 0, time.monotonic()
        documents = [self.upload(*file) for file in files]
        outcomes = [self.outcome(document) for document in documents]
        seconds = time.monotonic() - started
        passages = sum(outcome["passages"] or 0 for outcome in outcomes)
        failed = [outcome["failure_reason"] for outcome in outcomes if outcome["state"] == "failed"]
        print(f"{name:<32} {seconds:7.1f} {passages:9} {passages / seconds:9.0f} {self.peak:9}  {', '.join(failed)}", flush=True)


def files_of(folder):
    return [(path.name, path.read_bytes()) for path in sorted(folder.glob("*.md"))]


def thousand():
    originals = files_of(MEDQUAD)
    for number in range(1000):
        name, content = originals[number % len(originals)]
        yield f"{number}-{name}", f"Number {number} of the batch.\n\n".encode() + content[:6000]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(tempfile.mkdtemp(prefix="ayushma-bench."))
    # PostgreSQL runs as another user if we are root, and that user has to get here.
    folder.chmod(0o755)
    server = None
    try:
        server = Server(os.path.realpath(sys.argv[1]), folder)
        server.prepare()
        print(f"{'':<32} {'seconds':>7} {'passages':>9} {'a second':>9} {'peak MB':>9}  failed, because", flush=True)
        server.measure("199 documents", files_of(MEDQUAD))
        server.measure("1,000 documents", thousand())
        server.measure("10,000 pages", [("long.pdf", long_pdf(10_000))])
        for gigabytes in (1, 2):
            path = folder / "bomb.docx"
            bomb(path, gigabytes)
            server.measure(f"a DOCX that unpacks to {gigabytes} GB", [(path.name, path.read_bytes())])
    finally:
        if server:
            server.process.terminate()
            server.process.wait()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
