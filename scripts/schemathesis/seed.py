"""Makes what generated requests can meet: two people, each with projects, a document and a chat with an answer.

    seed.py URL EMAIL < PASSWORD       the address of a superuser; prints the seeds as JSON
"""

import json
import sys

import requests

URL, EMAIL = sys.argv[1:]
PASSWORD = sys.stdin.readline().rstrip("\n")


def call(method: str, path: str, token: str | None = None, **body: object) -> dict:
    headers = {"Authorization": f"Token {token}"} if token else {}
    answer = requests.request(method, f"{URL}/api{path}", headers=headers, timeout=60, **body)
    if not answer.ok:
        sys.exit(f"{method} {path}: {answer.status_code} {answer.text}")
    return answer.json() if answer.content else {}


def log_in(email: str) -> str:
    return call("POST", "/auth/login", json={"email": email, "password": PASSWORD})["token"]


def form(**texts: str) -> dict:
    return {name: (None, text) for name, text in texts.items()}


staff = log_in(EMAIL)
user_email = "user@example.com"
person = {"username": "user", "full_name": "Plain User", "email": user_email, "recaptcha": "none"}
call("POST", "/auth/register", json={**person, "password": PASSWORD})

project = call("POST", "/projects", staff, json={"title": "Asked in", "is_default": True})["external_id"]
changed = call("POST", "/projects", staff, json={"title": "Changed"})["external_id"]
text = "Zinc is given for ten to fourteen days to a child with diarrhoea. " * 20
file = {**form(title="Zinc", document_type="1"), "file": ("zinc.txt", text.encode())}
document = call("POST", f"/projects/{project}/documents", staff, files=file)


def seeds(email: str, token: str) -> dict:
    chat = call("POST", f"/projects/{project}/chats", token, json={"title": "Zinc"})["external_id"]
    question = form(text="For how many days is zinc given?", stream="false")
    call("POST", f"/projects/{project}/chats/{chat}/converse", token, files=question)
    ids = {
        "projects": project,
        "changed_projects": changed,
        "documents": document["external_id"],
        "chats": chat,
        "media": document["file"].rsplit("/", 1)[-1],
    }
    return {"email": email, "password": PASSWORD, "token": token, "ids": ids}


print(json.dumps({"url": URL, "staff": seeds(EMAIL, staff), "user": seeds(user_email, log_in(user_email))}))
