#!/usr/bin/env python3
"""documents.py PROGRAM...: how fast documents become retrievable over HTTP, and how much memory it takes.

A fresh server in a temporary folder gets the 199 documents of evaluation/medquad, 1,000 documents at once, 2 MB without a full
stop, PDFs of 500 pages of tables and of 10,000 pages, and DOCX files that unpack to 1 and 2 GB. "server" is the most memory of the
server's process, "reader" that of a process which reads or cuts documents for it. Everything is gone afterwards. Several programs
are measured one after the other.
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


def pdf(contents):
    """A PDF of pages with these contents."""
    out, offsets, pages = bytearray(b"%PDF-1.4\n"), [], len(contents)

    def add(body):
        offsets.append(len(out))
        out.extend(b"%d 0 obj\n%b\nendobj\n" % (len(offsets), body))

    add(b"<< /Type /Catalog /Pages 2 0 R >>")
    kids = b" ".join(b"%d 0 R" % (4 + 2 * page) for page in range(pages))
    add(b"<< /Type /Pages /Count %d /Kids [%b] >>" % (pages, kids))
    add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for page, content in enumerate(contents):
        resources = b"/MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>"
        add(b"<< /Type /Page /Parent 2 0 R %b /Contents %d 0 R >>" % (resources, 5 + 2 * page))
        add(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content))
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(offsets) + 1, start)
    return bytes(out)


def two_lines(page):
    first = b"(Page %d of the protocol: give zinc, %d mg, for %d days.)" % (page + 1, page % 40, page % 20)
    second = b"(Observe the patient in ward %d and note the temperature.)" % (page % 99)
    return b"BT /F1 12 Tf 72 700 Td 14 TL %b Tj T* %b Tj ET" % (first, second)


def table(page, rows=30, columns=5):
    """A table with lines, of doses that no other page has."""
    width, height, left, top = 90, 22, 60, 780
    cells = [(row, column) for row in range(rows) for column in range(columns)]
    places = [(left + width * column, top - height * row) for row, column in cells]
    lines = [b"%d %d %d %d re S" % (x, y, width, height) for x, y in places]

    def cell(row, column):
        heads = [b"Drug", b"Child", b"Adult", b"Route", b"How often"]
        doses = [b"%d mg/kg" % (page % 50 + row), b"%d mg" % (page + row)]
        return heads[column] if row == 0 else [b"Drug %d-%d" % (page, row), *doses, b"oral", b"every %d h" % (row % 12 + 1)][column]

    texts = [
        b"BT /F1 10 Tf %d %d Td (%b) Tj ET" % (x + 4, y + 7, cell(row, column)) for (x, y), (row, column) in zip(places, cells)
    ]
    return b"\n".join(lines + texts)


def unpunctuated(size):
    """Words without a full stop and without a line break."""
    words = (b"give %d mg of zinc in ward %d and " % (number % 40, number) for number in range(size // 30))
    return b"".join(words)[:size]


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


def read(path):
    try:
        return Path(path).read_text()
    except OSError:
        # The process has ended.
        return ""


def name_of(pid):
    return read(f"/proc/{pid}/comm")


def resident(pid):
    """A size in megabytes."""
    lines = [line for line in read(f"/proc/{pid}/status").splitlines() if line.startswith("VmRSS")]
    return sum(int(line.split()[1]) // 1024 for line in lines)


def children(pid):
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    return [int(child) for task in tasks for child in read(f"/proc/{pid}/task/{task}/children").split()]


class Server:
    """The program with a data folder of its own, and its highest use of memory."""

    def __init__(self, program, folder):
        self.program, self.folder, self.peak, self.readers = program, folder, 0, 0
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
        while self.process.poll() is None:
            self.peak = max(self.peak, resident(self.process.pid))
            # The built-in PostgreSQL is not counted.
            readers = [child for child in children(self.process.pid) if "postgres" not in name_of(child)]
            self.readers = max([self.readers, *map(resident, readers + [pid for child in readers for pid in children(child)])])
            time.sleep(0.02)

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
        """Uploads one after the other, and waits for the last one; returns the seconds."""
        self.peak, self.readers, started = 0, 0, time.monotonic()
        documents = [self.upload(*file) for file in files]
        outcomes = [self.outcome(document) for document in documents]
        seconds = time.monotonic() - started
        passages = sum(outcome["passages"] or 0 for outcome in outcomes)
        failed = [outcome["failure_reason"] for outcome in outcomes if outcome["state"] == "failed"]
        figures = f"{seconds:7.1f} {passages:9} {passages / seconds:9.0f} {self.peak:9} {self.readers:9}"
        print(f"  {name:<32} {figures}  {', '.join(failed)}", flush=True)


def files_of(folder):
    return [(path.name, path.read_bytes()) for path in sorted(folder.glob("*.md"))]


def thousand():
    originals = files_of(MEDQUAD)
    for number in range(1000):
        name, content = originals[number % len(originals)]
        yield f"{number}-{name}", f"Number {number} of the batch.\n\n".encode() + content[:6000]


def measure(program):
    folder = Path(tempfile.mkdtemp(prefix="ayushma-bench."))
    # As root, PostgreSQL runs as another user, who needs access to this folder.
    folder.chmod(0o755)
    server = None
    try:
        server = Server(os.path.realpath(program), folder)
        server.prepare()
        heads = f"{'seconds':>7} {'passages':>9} {'a second':>9} {'server MB':>9} {'reader MB':>9}  failed, because"
        print(f"{program}\n  {'':<32} {heads}", flush=True)
        server.measure("199 documents", files_of(MEDQUAD))
        server.measure("1,000 documents", thousand())
        server.measure("2 MB without a full stop", [("endless.txt", unpunctuated(2_000_000))])
        server.measure("500 pages of tables", [("tables.pdf", pdf([table(page) for page in range(500)]))])
        server.measure("10,000 pages", [("long.pdf", pdf([two_lines(page) for page in range(10_000)]))])
        for gigabytes in (1, 2):
            path = folder / "bomb.docx"
            bomb(path, gigabytes)
            server.measure(f"a DOCX that unpacks to {gigabytes} GB", [(path.name, path.read_bytes())])
    finally:
        if server:
            server.process.terminate()
            server.process.wait()
        shutil.rmtree(folder)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for program in sys.argv[1:]:
        measure(program)


if __name__ == "__main__":
    main()
