"""Lets generated requests meet what exists: a login, seeded objects in the place of random ids, and now and then a body
that passes rules which no schema can state. Which requests those are is the same in every run.
"""

import atexit
import json
import os
import re
import time
import uuid
from collections import Counter
from pathlib import Path

import requests
import schemathesis

SEEDS = json.loads(Path(os.environ["SEEDS"]).read_text())
CALLER = SEEDS[os.environ["CALLER"]]
# Operations that change the caller's own password.
OWN_PASSWORD = ("PATCH /api/users/me", "POST /api/auth/reset")
# Operations that take the key of a service.
KEY_PATHS = ("/api/chats", "/api/temptokens")
# Operations that cannot succeed here: they need a model provider, or a document whose embedding is pending.
NEEDS_LUCK = {"POST /api/chats/completion", "POST /api/projects/{project}/documents/{id}/cancel"}
CONVERSE = "/api/projects/{project}/chats/{id}/converse"

calls: Counter[str] = Counter()
operations: set[str] = set()
served: set[str] = set()


def is_uuid(text: object) -> bool:
    try:
        uuid.UUID(str(text))
    except ValueError:
        return False
    return True


def seeded_ids(path: str, method: str) -> dict[str, str]:
    """The ids that the names in the path may stand for: `…/chats/{id}` is one of the seeded `chats`."""
    ids = {name: CALLER["ids"].get(kind) for kind, name in re.findall(r"([^/]+)/{(\w+)}", path)}
    changed = CALLER["ids"]["changed_projects"]
    if path == "/api/projects/{id}" and method == "PATCH":
        # A project without chats, because an archived one accepts none.
        ids["id"] = changed
    elif path.startswith("/api/chats/"):
        ids["id"] = CALLER["ids"]["key_chats"]
    elif path.endswith("/create_assistant"):
        ids["project"] = changed
    elif path.startswith("/api/tests/") and path.endswith("/documents/{id}"):
        ids["id"] = CALLER["ids"]["attachments"]
    elif path.endswith("/retry"):
        ids["id"] = CALLER["ids"]["failed_documents"]
    elif path.endswith("/{number}"):
        ids["number"] = CALLER["ids"]["deleted_numbers" if method == "DELETE" else "numbers"]
    elif path.startswith("/api/audit/chat/"):
        ids |= {"chat": CALLER["ids"]["chats"], "id": CALLER["ids"]["chats"]}
        if path.endswith("/provenance"):
            ids["id"] = CALLER["ids"]["answers"]
    elif path.startswith("/api/audit/{kind}/"):
        ids |= {"kind": "project", "id": CALLER["ids"]["projects"]}
    return {name: seed for name, seed in ids.items() if seed}


def token() -> str:
    login = {"email": CALLER["email"], "password": CALLER["password"]}
    return requests.post(f"{SEEDS['url']}/api/auth/login", json=login, timeout=30).json()["token"]


def copy_to_delete(path: str) -> dict[str, str]:
    """The ids of an object that is created only to be deleted, because the seeds are needed to the end."""
    kinds = ("projects", "suites", "questions", "services")
    project, suite, question, service = (CALLER["ids"][kind] for kind in kinds)
    deleted_document = {"files": {"title": (None, "Deleted"), "text_content": (None, "Nothing.")}}
    deleted_user = {
        "username": f"deleted{uuid.uuid4().hex}",
        "full_name": "Deleted",
        "email": f"{uuid.uuid4().hex}@example.com",
        "password": "tall lamps hum softly",
    }
    bodies = {
        "/api/users/{username}": ("users", {"json": deleted_user}),
        "/api/audit/auditors/{username}": ("users", {"json": deleted_user}),
        "/api/projects/{id}": ("projects", {"json": {"title": "Deleted"}}),
        "/api/projects/{project}/chats/{id}": (f"projects/{project}/chats", {"json": {"title": "Deleted"}}),
        "/api/projects/{project}/documents/{id}": (f"projects/{project}/documents", deleted_document),
        "/api/services/{id}": ("services", {"json": {"name": "Deleted"}}),
        "/api/services/{service}/keys/{id}": (f"services/{service}/keys", {"json": {"title": "Deleted"}}),
        "/api/tests/suites/{id}": ("tests/suites", {"json": {"name": "Deleted", "temperature": 0, "topk": 1}}),
        "/api/tests/suites/{suite}/questions/{id}": (
            f"tests/suites/{suite}/questions",
            {"json": {"question": "Deleted?", "human_answer": "Deleted."}},
        ),
        "/api/tests/suites/{suite}/questions/{question}/documents/{id}": (
            f"tests/suites/{suite}/questions/{question}/documents",
            deleted_document,
        ),
        "/api/tests/suites/{suite}/runs/{id}": (f"tests/suites/{suite}/runs", {"json": {"project": project}}),
    }
    if path not in bodies:
        return {}
    parent, body = bodies[path]
    headers = {"Authorization": f"Token {CALLER['token']}"}
    made = requests.post(f"{SEEDS['url']}/api/{parent}", headers=headers, timeout=30, **body)
    if not made.ok:
        return {}
    return {"username": made.json()["username"]} if "{username}" in path else {"id": made.json()["external_id"]}


def reset_code() -> str:
    """Requests a code for a new password; returns it from the caller's newest mail."""
    folder = Path(os.environ["MAILS"])
    before = set(folder.glob("*.eml"))
    requests.post(f"{SEEDS['url']}/api/auth/forgot", json={"email": CALLER["email"]}, timeout=30)
    for _ in range(100):
        for mail in set(folder.glob("*.eml")) - before:
            text = mail.read_text()
            code = re.search(r"^\s+(\d{6})\s*$", text, re.MULTILINE)
            if CALLER["email"] in text and code:
                return code[1]
        time.sleep(0.1)
    return "none"


def person_to_ask_for() -> str | None:
    """The id of a new account, if the caller may make one."""
    name = f"asked{uuid.uuid4().hex}"
    person = {"username": name, "full_name": "Asked", "email": f"{name}@example.com", "password": "tall lamps hum softly"}
    headers = {"Authorization": f"Token {CALLER['token']}"}
    made = requests.post(f"{SEEDS['url']}/api/users", headers=headers, json=person, timeout=30)
    return made.json().get("external_id") if made.ok else CALLER["ids"].get("owners")


def step_to_take(path: str) -> str | None:
    """The id of a new request for an erasure, or of a new hold, if the caller may make one: each is used up at once."""
    kind = "erasures" if path.endswith("/reject") else "erasures/holds"
    body = {"subject": person_to_ask_for(), "reason": "unspecified" if kind == "erasures" else "litigation"}
    headers = {"Authorization": f"Token {CALLER['token']}"}
    made = requests.post(f"{SEEDS['url']}/api/{kind}", headers=headers, json=body, timeout=30)
    if not made.ok:
        return None
    case = made.json()
    return case["request"]["id"] if kind == "erasures" else case["holds"][-1]["id"]


def plausible_body(operation: str, count: int) -> dict | None:
    """Fields that together pass the rules of the contract."""
    name = f"{os.environ['CALLER']}{count}"
    ids = CALLER["ids"]
    person = {"username": name, "full_name": "Generated", "email": f"{name}@example.com"}
    if operation == "POST /api/auth/verify":
        return {"email": CALLER["email"], "token": reset_code()}
    if operation == "POST /api/erasures":
        # Each can be asked for once; nobody approves it.
        return {"subject": person_to_ask_for(), "reason": "subject_request", "file_number": "2026/114"}
    if operation == "POST /api/erasures/holds":
        return {"subject": person_to_ask_for(), "reason": "litigation", "file_number": "2026/114"}
    return {
        "POST /api/auth/register": {**person, "password": "tall lamps hum softly", "recaptcha": "none"},
        "POST /api/users": {
            **person,
            "username": f"made{name}",
            "email": f"made{name}@example.com",
            "password": "tall lamps hum softly",
        },
        "POST /api/auth/forgot": {"email": "spare@example.com"},
        "POST /api/projects/{project}/create_assistant": {"name": "Generated", "model": "gpt-4"},
        "POST /api/chats": {"title": "Generated", "message": {"text": "How is zinc given?", "stream": False}},
        "POST /api/chats/{id}/converse": {
            "text": "How is zinc given?",
            "stream": str(count % 4 == 0).lower(),
            "noonce": f"key{name}",
        },
        "POST /api/services": {"name": "Generated", "owner": ids["owners"]},
        "PATCH /api/services/{id}": {"name": "Generated", "owner": ids["owners"]},
        "POST /api/feedback": {"chat_message": ids["answers"]},
        "POST /api/tests/suites/{suite}/runs": {"project": ids["projects"], "models": [1]},
        "POST /api/tests/suites/{suite}/runs/{run}/feedback": {"test_result_id": ids["results"]},
        "POST /api/tests/suites/{suite}/questions/{question}/documents": {"title": "Generated", "text_content": "Zinc."},
        "POST /api/auth/login": {"email": CALLER["email"], "password": CALLER["password"]},
        "POST /api/projects/{project}/documents": {"title": "Generated", "text_content": "Zinc."},
        "POST /api/projects/{project}/documents/{id}/versions": {"text_content": "Zinc."},
        "POST /api/projects/{project}/retrieval/explain": {"question": "How is zinc given?"},
        "PATCH /api/projects/{project}/retrieval": {"neighbours": 1},
        "PATCH /api/users/me": {"full_name": "Generated"},
        "POST /api/audit/auditors": {"username": "spare"},
        f"POST {CONVERSE}": {"text": "How is zinc given?", "stream": str(count % 4 == 0).lower(), "noonce": name},
    }.get(operation)


@schemathesis.hook
def before_call(context, case, kwargs) -> None:
    operation, path = case.operation.label, case.operation.path
    operations.add(operation)
    calls[operation] += 1
    count = calls[operation]
    if case.method != case.operation.method.upper():
        return
    # Every tenth request has no login. A logout gets a login of its own, or the first one would end the caller's.
    if count % 10:
        if path.startswith(KEY_PATHS):
            case.headers["X-API-KEY"] = CALLER["key"]
        else:
            login = token() if path == "/api/auth/logout" else CALLER["token"]
            case.headers["Authorization"] = f"Token {login}"
    # The stateful phase continues with the objects that it has created.
    if case.meta is None or case.meta.phase.name.value != "stateful":
        ids = seeded_ids(path, case.method)
        if case.method == "DELETE":
            ids.update(copy_to_delete(path))
        for name, seed in ids.items():
            # Values that are meant to be malformed stay so; names of people and files have no format.
            if is_uuid(case.path_parameters.get(name)) or not is_uuid(seed):
                case.path_parameters[name] = seed
    if path == "/api/audit/proofs/{position}" and count % 2 == 0:
        # Every other position is one that the log has published.
        case.path_parameters["position"] = 1
    if path == "/api/audit/views/{view}/{id}" and count % 2 == 0:
        case.path_parameters |= {"view": "projects", "id": CALLER["ids"]["projects"]}
    if path in ("/api/erasures/{id}/reject", "/api/erasures/holds/{id}/lift") and count % 2 == 0:
        # Every other step is one that can be taken.
        case.path_parameters["id"] = step_to_take(path) or case.path_parameters["id"]
    if path == "/api/audit/chats" and count % 2 == 0:
        # One of two parameters is needed, which no schema says.
        case.query = {"project": CALLER["ids"]["projects"]}
    body = plausible_body(operation, count)
    if body and count % 2 == 0 and isinstance(case.body, dict):
        # Few keys are generated, and another request under the same key is refused.
        case.headers.pop("Idempotency-Key", None)
        texts = {name: value for name, value in case.body.items() if name not in ("audio", "file")}
        case.body = {**texts, **body}
    # The caller has to log in again.
    if operation in OWN_PASSWORD and isinstance(case.body, dict) and len(str(case.body.get("password", ""))) >= 8:
        case.body["password"] = CALLER["password"]


@schemathesis.hook
def after_call(context, case, response) -> None:
    if response.status_code < 400:
        served.add(case.operation.label)


@atexit.register
def say_what_was_never_served() -> None:
    Path(os.environ["NEVER_SERVED"]).write_text("".join(f"{it}\n" for it in sorted(operations - served - NEEDS_LUCK)))
