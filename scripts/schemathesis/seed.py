"""Creates objects for generated requests: two users, each with projects, a document and a chat with an answer, and an
API key with a chat of its own; and a test suite that has been run.

    seed.py URL EMAIL < PASSWORD       the address of a superuser; prints the seeds as JSON
"""

import json
import sys
import time

import requests

URL, EMAIL = sys.argv[1:]
PASSWORD = sys.stdin.readline().rstrip("\n")


def call(method: str, path: str, token: str | None = None, key: str | None = None, **body: object) -> dict:
    headers = {"Authorization": f"Token {token}"} if token else {}
    if key:
        headers["X-API-KEY"] = key
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

project = call("POST", "/projects", staff, json={"title": "Asked in", "is_default": True, "stt_engine": 3})["external_id"]
changed = call("POST", "/projects", staff, json={"title": "Changed"})["external_id"]
text = "Zinc is given for ten to fourteen days to a child with diarrhoea. " * 20
file = {**form(title="Zinc", document_type="1"), "file": ("zinc.txt", text.encode())}
document = call("POST", f"/projects/{project}/documents", staff, files=file)
# The file has no text.
unreadable = call("POST", f"/projects/{project}/documents", staff, files=form(title="Blank", text_content="-"))

spare = {"username": "spare", "full_name": "Spare User", "email": "spare@example.com", "password": PASSWORD}
call("POST", "/users", staff, json=spare)
suite = call("POST", "/tests/suites", staff, json={"name": "Zinc", "temperature": 0.1, "topk": 5})["external_id"]
asked = {"question": "For how many days is zinc given?", "human_answer": "For ten to fourteen days."}
asked = call("POST", f"/tests/suites/{suite}/questions", staff, json=asked)["external_id"]
attached = f"/tests/suites/{suite}/questions/{asked}/documents"
attachment = call("POST", attached, staff, files=form(title="Zinc", text_content="Zinc."))["external_id"]
run = call("POST", f"/tests/suites/{suite}/runs", staff, json={"project": project, "models": [1]})["external_id"]
results: list[dict] = []
while not results:
    time.sleep(0.2)
    results = call("GET", f"/tests/suites/{suite}/runs/{run}", staff)["test_results"]
result = results[0]

service = call("POST", "/services", staff, json={"name": "Tablets"})["external_id"]


def feedback_number(after: int) -> int:
    """The number of the next feedback after this number; no answer shows it."""
    for number in range(after + 1, after + 1000):
        path = f"{URL}/api/tests/suites/{suite}/runs/{run}/feedback/{number}"
        if requests.get(path, headers={"Authorization": f"Token {staff}"}, timeout=60).ok:
            return number
    sys.exit("the feedback on the result has no number")


opinion = {"test_result_id": result["external_id"], "rating": 4, "notes": "Fair."}
for _ in range(2):
    call("POST", f"/tests/suites/{suite}/runs/{run}/feedback", staff, json=opinion)
number = feedback_number(result["id"])


def seeds(email: str, token: str) -> dict:
    chat = call("POST", f"/projects/{project}/chats", token, json={"title": "Zinc"})["external_id"]
    question = form(text="For how many days is zinc given?", stream="false")
    answer = call("POST", f"/projects/{project}/chats/{chat}/converse", token, files=question)["external_id"]
    key = call("POST", f"/services/{service}/keys", staff, json={"title": "Tablet"})
    key_chat = call("POST", "/chats", key=key["key"], json={"title": "Zinc"})["external_id"]
    rating = call("POST", "/feedback", token, json={"chat_message": answer, "liked": True})["external_id"]
    ids = {
        "projects": project,
        "changed_projects": changed,
        "documents": document["external_id"],
        "failed_documents": unreadable["external_id"],
        "chats": chat,
        "key_chats": key_chat,
        "answers": answer,
        "answers": answer,
        "services": service,
        "keys": key["external_id"],
        "owners": call("GET", "/users/me", token)["external_id"],
        "feedback": rating,
        "users": "spare",
        "suites": suite,
        "questions": asked,
        "attachments": attachment,
        "runs": run,
        "results": result["external_id"],
        "numbers": number,
        "deleted_numbers": feedback_number(number),
        "media": document["file"].rsplit("/", 1)[-1],
    }
    return {"email": email, "password": PASSWORD, "token": token, "key": key["key"], "ids": ids}


print(json.dumps({"url": URL, "staff": seeds(EMAIL, staff), "user": seeds(user_email, log_in(user_email))}))
