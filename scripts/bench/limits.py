#!/usr/bin/env python3
"""limits.py PROGRAM [SECONDS]: measures an ordinary user's waits while others attack, and the server's memory.

A fresh server in a temporary folder, with its defaults and the built-in PostgreSQL. At first an ordinary user is alone. Then, at
once and for a minute: 2,000 idle connections, 200 half bodies, 200 readers who read next to nothing, 60 log-in attempts a second
and 16 uploads of 24 MB, from other addresses of this machine (127.0.0.2 and so on). It ends with an error if an aim is missed.
"""

import asyncio
import json
import multiprocessing
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PASSWORD = "lantern orbit seven"
QUIET_SECONDS = 30
AIM_TIMES, AIM_MEGABYTES = 10, 400
IDLE, HALF_BODIES, SLOW_READERS, LOGINS_A_SECOND, UPLOADS = 2_000, 200, 200, 60, 16
UPLOAD_BYTES = 24 * 2**20
BOUNDARY = "bench-limits"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
DOCUMENT = b"Zinc shortens diarrhoea in children. Give 10 to 20 mg a day for ten to fourteen days.\n" * 200


class Server:
    """The program with a data folder of its own."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.environment = dict(kept, DATA_DIR=str(folder / "data"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = open(folder / "server.log", "wb")
        arguments = [program, "serve", "--listen", f"127.0.0.1:{self.port}"]
        self.process = subprocess.Popen(arguments, env=self.environment, cwd=folder, stderr=self.log)
        while socket.socket().connect_ex(("127.0.0.1", self.port)) != 0:
            if self.process.poll() is not None:
                sys.exit(f"the server did not start:\n{(folder / 'server.log').read_text()}")
            time.sleep(0.1)

    def account(self, name):
        """An administrator, logged in: the token."""
        address = f"{name}@example.com"
        arguments = [self.program, "createsuperuser", "--email", address, "--username", name, "--password-stdin"]
        subprocess.run(arguments, input=PASSWORD + "\n", env=self.environment, cwd=self.folder, capture_output=True, text=True, check=True)
        answer = asyncio.run(once(self.port, "POST", "/api/auth/login", body=json.dumps({"email": address, "password": PASSWORD})))
        return answer["token"]

    def megabytes(self):
        """The memory of the server and the processes that it has started, without PostgreSQL. Shared pages, such as the program, count once."""
        children, pending, kilobytes = {}, [self.process.pid], 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                pid, rest = stat.read_text().split(" (", 1)
                name, fields = rest.rsplit(") ", 1)
                children.setdefault(int(fields.split()[1]), []).append((int(pid), name))
            except (OSError, ValueError):
                continue
        while pending:
            pid = pending.pop()
            pending += [child for child, name in children.get(pid, []) if name != "postgres"]
            kilobytes += proportional(pid)
        return kilobytes / 1_024


def proportional(pid):
    """Kilobytes of memory of a process; shared pages are divided among the processes, if the system shows them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration):
        pass
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1_024
    except OSError:
        return 0


def head(method, path, token="", content_type="application/json", length=0):
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {length}", f"Content-Type: {content_type}"]
    if token:
        lines.append(f"Authorization: Token {token}")
    return "\r\n".join([*lines, "", ""]).encode()


def multipart(fields, file=b""):
    texts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields]
    if file:
        texts.append(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'.encode() + file + b"\r\n")
    return b"".join(texts) + f"--{BOUNDARY}--\r\n".encode()


async def connect(port, source, **options):
    return await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0), **options)


async def answer_of(reader):
    """Status and body of one answer."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return int(lines[0].split()[1]), body


async def once(port, method, path, token="", content_type="application/json", body=b"", source="127.0.0.1"):
    """The JSON of an answer that has to be a success."""
    body = body.encode() if isinstance(body, str) else body
    reader, writer = await connect(port, source)
    writer.write(head(method, path, token, content_type, len(body)) + body)
    status, answer = await answer_of(reader)
    writer.close()
    if status >= 400:
        raise RuntimeError(f"{method} {path}: {status} {answer[:300]}")
    return json.loads(answer)


class User:
    """A user who reads, uploads and asks in three windows, with one request at a time in each."""

    def __init__(self, port, token, project, chat):
        self.port, self.token, self.project, self.chat = port, token, project, chat
        self.times, self.failures = {"users/me": [], "upload": [], "question": []}, []

    async def does(self, name, request, pause, until):
        connection = None
        while time.monotonic() < until:
            started = time.monotonic()
            try:
                connection = connection or await connect(self.port, "127.0.0.1")
                connection[1].write(request)
                status, body = await asyncio.wait_for(answer_of(connection[0]), 60)
                if status >= 400:
                    self.failures.append(f"{name}: {status} {body[:100]}")
            except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError) as error:
                self.failures.append(f"{name}: {type(error).__name__} {error}")
                connection = None
            self.times[name].append((time.monotonic() - started) * 1_000)
            await asyncio.sleep(max(0, started + pause - time.monotonic()))

    async def works(self, seconds):
        until = time.monotonic() + seconds
        upload = multipart([("title", "Zinc"), ("document_type", "1")], DOCUMENT)
        question = multipart([("text", "How much zinc does a child need?"), ("stream", "false"), ("generate_audio", "false")])
        documents = f"/api/projects/{self.project}/documents"
        converse = f"/api/projects/{self.project}/chats/{self.chat}/converse"
        await asyncio.gather(
            self.does("users/me", head("GET", "/api/users/me", self.token), 0.1, until),
            self.does("upload", head("POST", documents, self.token, FORM, len(upload)) + upload, 1.0, until),
            self.does("question", head("POST", converse, self.token, FORM, len(question)) + question, 1.1, until),
        )


def use(results, seconds, *user):
    user = User(*user)
    asyncio.run(user.works(seconds))
    results.put((user.times, user.failures))


class Attack:
    def __init__(self, port, token, second_token, project, file, until):
        self.port, self.token, self.second_token = port, token, second_token
        self.project, self.file, self.until = project, file, until
        self.large = memoryview(multipart([("title", "Large"), ("document_type", "1")], os.urandom(2**20) * (UPLOAD_BYTES // 2**20)))
        self.seen = {}

    def note(self, what):
        self.seen[what] = self.seen.get(what, 0) + 1

    async def again(self, name, attempt):
        """Repeats the attempt every second until the time is over."""
        while time.monotonic() < self.until:
            try:
                self.note(f"{name}: {await attempt()}")
            except (OSError, asyncio.IncompleteReadError, ConnectionError):
                self.note(f"{name}: hung up on")
            await asyncio.sleep(1)

    async def held(self, source, first=b"", options=None):
        """A connection on which nothing more is sent and nothing read, until the server ends it."""
        reader, writer = await connect(self.port, source, **(options or {}))
        writer.write(first)
        try:
            answer = await asyncio.wait_for(reader.read(64), self.until - time.monotonic())
            return answer[9:12].decode() or "hung up on"
        except asyncio.TimeoutError:
            return "held"
        finally:
            writer.transport.abort()

    async def reads_nothing(self, source):
        reader, writer = await connect(self.port, source, limit=1_024)
        writer.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        writer.write(head("GET", self.file))
        try:
            while time.monotonic() < self.until:
                if not await reader.read(10):
                    return "hung up on"
                await asyncio.sleep(1)
            return "held"
        finally:
            writer.transport.abort()

    async def logs_in(self, source, number):
        wrong = json.dumps({"email": f"guess{number}@example.com", "password": "wrong"}).encode()
        reader, writer = await connect(self.port, source)
        writer.write(head("POST", "/api/auth/login", length=len(wrong)) + wrong)
        status, _ = await answer_of(reader)
        writer.close()
        return status

    async def attempts(self):
        number, attempts = 0, set()
        while time.monotonic() < self.until:
            task = asyncio.ensure_future(self.again_once("log-in", self.logs_in(f"127.0.1.{1 + number % 8}", number)))
            attempts.add(task)
            task.add_done_callback(attempts.discard)
            number += 1
            await asyncio.sleep(1 / LOGINS_A_SECOND)
        await asyncio.gather(*attempts)

    async def again_once(self, name, attempt):
        try:
            self.note(f"{name}: {await attempt}")
        except (OSError, asyncio.IncompleteReadError):
            self.note(f"{name}: hung up on")

    async def uploads(self, source):
        body = self.large
        reader, writer = await connect(self.port, source)
        writer.write(head("POST", f"/api/projects/{self.project}/documents", self.second_token, FORM, len(body)))
        for start in range(0, len(body), 2**18):
            writer.write(body[start : start + 2**18])
            await writer.drain()
        status, _ = await answer_of(reader)
        writer.close()
        # Each attacker uploads once, to spare the disk.
        await asyncio.sleep(max(0, self.until - time.monotonic()))
        return status

    async def all(self):
        login = head("POST", "/api/auth/login", length=10_000) + b"{"
        upload = head("POST", f"/api/projects/{self.project}/documents", self.token, FORM, UPLOAD_BYTES) + bytes(300_000)
        tasks = [self.attempts()]
        for number in range(IDLE):
            source = f"127.0.2.{1 + number % 8}"
            tasks.append(self.again("idle", lambda source=source: self.held(source)))
        for number in range(HALF_BODIES):
            source, first = f"127.0.3.{1 + number % 4}", login if number % 2 else upload
            tasks.append(self.again("half body", lambda source=source, first=first: self.held(source, first)))
        for number in range(SLOW_READERS):
            source = f"127.0.4.{1 + number % 4}"
            tasks.append(self.again("slow reader", lambda source=source: self.reads_nothing(source)))
        for number in range(UPLOADS):
            source = f"127.0.5.{1 + number % 4}"
            tasks.append(self.again("upload", lambda source=source: self.uploads(source)))
        await asyncio.gather(*tasks)


def attack(results, *arguments):
    *rest, seconds = arguments
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65_536), most))
    attack = Attack(*rest, time.monotonic() + seconds)
    asyncio.run(attack.all())
    results.put(attack.seen)


def p99(times):
    return sorted(times)[max(0, round(len(times) * 0.99) - 1)]


def run(target, *arguments):
    results = multiprocessing.Queue()
    process = multiprocessing.Process(target=target, args=(results, *arguments))
    process.start()
    return process, results


def watch(server, peak, stop):
    while not stop.wait(0.25):
        peak[0] = max(peak[0], server.megabytes())


def measure(server, seconds):
    nurse, attacker, second_attacker = (server.account(name) for name in ("nurse", "attacker", "second"))
    ask = lambda *arguments, **more: asyncio.run(once(server.port, *arguments, **more))
    project = ask("POST", "/api/projects", nurse, body=json.dumps({"title": "Ward"}))["external_id"]
    hostile = ask("POST", "/api/projects", attacker, body=json.dumps({"title": "Hostile"}))["external_id"]
    chat = ask("POST", f"/api/projects/{project}/chats", nurse, body=json.dumps({"title": "Zinc"}))["external_id"]
    form = multipart([("title", "Large"), ("document_type", "1")], bytes(20 * 2**20))
    large = ask("POST", f"/api/projects/{hostile}/documents", attacker, FORM, form)
    file = "/" + large["file"].split("/", 3)[3]
    user = (server.port, nurse, project, chat)

    process, results = run(use, QUIET_SECONDS, *user)
    quiet, quiet_failures = results.get()
    process.join()
    peak, stop = [0], threading.Event()
    watching = threading.Thread(target=watch, args=(server, peak, stop))
    watching.start()
    attacking, seen = run(attack, server.port, attacker, second_attacker, hostile, file, seconds)
    process, results = run(use, seconds, *user)
    loud, failures = results.get()
    seen = seen.get()
    process.join(), attacking.join()
    stop.set(), watching.join()

    print(f"{'':<12} {'quiet p99':>10} {'attacked p99':>13} {'times':>6} {'aim':>5} {'requests':>9}   (ms)")
    missed = []
    for name in quiet:
        before, during = p99(quiet[name]), p99(loud[name])
        times = during / before
        print(f"{name:<12} {before:10.1f} {during:13.1f} {times:6.1f} {AIM_TIMES:5} {len(loud[name]):9}")
        if times >= AIM_TIMES:
            missed.append(name)
    print(f"failed: {len(quiet_failures) + len(failures)} (aim: 0)", *(quiet_failures + failures)[:10], sep="\n  ")
    print(f"memory of the server, without PostgreSQL: {peak[0]:.0f} MB at most (aim: below {AIM_MEGABYTES})")
    print("what the attackers saw:", ", ".join(f"{what} {count} times" for what, count in sorted(seen.items())))
    if failures or quiet_failures:
        missed.append("failures")
    if peak[0] >= AIM_MEGABYTES:
        missed.append("memory")
    return missed


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    folder = Path(tempfile.mkdtemp(prefix="ayushma-bench."))
    # As root, PostgreSQL runs as another user, who needs access to this folder.
    folder.chmod(0o755)
    server = None
    try:
        server = Server(os.path.realpath(sys.argv[1]), folder)
        missed = measure(server, int(sys.argv[2]) if len(sys.argv) == 3 else 60)
        warnings = [line for line in (folder / "server.log").read_text(errors="replace").splitlines() if " INFO " not in line]
        print("the server's warnings, the last of them:", *warnings[-12:], sep="\n  ")
        if missed:
            sys.exit(f"aims missed: {', '.join(missed)}")
    finally:
        if server:
            server.process.terminate()
            server.process.wait()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
