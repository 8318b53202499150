#!/usr/bin/env python3
"""Verifies a bundle of the event log, with nothing but Python's own library: no database, no network, none of our programs.

    verify_bundle.py FOLDER KEY

KEY is the verifier key of the log (name+id+base64), as its operator has told you; do not take it out of the bundle. The formats are in
docs/proof-formats.md. Ends with 0 if the bundle is right, and with 1 and the reason otherwise.
"""

import base64
import hashlib
import json
import pathlib
import re
import struct
import sys
import uuid

# Ed25519 (RFC 8032, section 5.1.7): the curve -x^2 + y^2 = 1 + d x^2 y^2 over the integers modulo P; points are (x, y) with x = X/Z,
# y = Y/Z, held as (X, Y, Z, X*Y/Z).
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
NEUTRAL = (0, 1, 1, 0)


def add(one, other):
    a, b = (one[1] - one[0]) * (other[1] - other[0]) % P, (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(number, point):
    result = NEUTRAL
    while number:
        if number & 1:
            result = add(result, point)
        point, number = add(point, point), number >> 1
    return result


def point(octets):
    y = int.from_bytes(octets, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


MALFORMED = (ValueError, LookupError, TypeError, AttributeError, OSError, struct.error)
BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def is_signed(public, message, signature):
    if len(signature) != 64:
        return False
    key, r, s = point(public), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if key is None or r is None or s >= ORDER:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    left, right = times(s, BASE), add(r, times(h, key))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def refuse(why):
    sys.exit(f"refused: {why}")


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def unbase64(text):
    return base64.b64decode(text, validate=True)


def signed_text(note, name, key, what):
    """The text of a signed note, if the key has signed it."""
    text, split, signatures = note.decode(errors="replace").rpartition("\n\n")
    key_id = sha256(name.encode(), b"\n", key)[:4]
    for line in signatures.splitlines():
        if line.startswith(f"\u2014 {name} "):
            signature = unbase64(line.split(" ")[2])
            if signature[:4] == key_id and is_signed(key[1:], (text + "\n").encode(), signature[4:]):
                return (text + "\n").split("\n")
    refuse(f"{what} is not signed by {name}")


def root_of(entry, index, size, proof):
    """The root that a proof leads to (RFC 9162, section 2.1.3.2); None if it is too short or too long."""
    hash, last = sha256(b"\0", entry), size - 1
    for sibling in proof:
        if last == 0:
            return None
        if index & 1 or index == last:
            hash = sha256(b"\1", sibling, hash)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            hash = sha256(b"\1", hash, sibling)
        index, last = index >> 1, last >> 1
    return hash if last == 0 else None


def record(event):
    """The entry of the log that follows from the stored columns."""
    number = lambda value: struct.pack(">q", value)
    texts = [event[name].encode() for name in ("event_type", "event_version", "payload", "metadata")]
    columns = [event["aggregate_type"].encode(), event["aggregate_id"].encode(), number(event["sequence"]), *texts]
    columns += [number(event["partition"]), uuid.UUID(event["command_id"]).bytes]
    digest = sha256(*(struct.pack(">Q", len(column)) + column for column in columns)).hex()
    time = json.loads(event["metadata"])["recorded_at"]
    lines = ["ayushma event v1", str(event["position"]), event["aggregate_type"], event["event_type"], time, digest]
    return "\n".join(lines) + "\n"


def verify_events(lines, manifest, size, root):
    """Verifies all events, in constant memory. The files that they name are taken off the manifest's list."""
    selection, attachments = manifest["selection"], list(reversed(manifest["attachments"]))
    count, first, position, hashes = 0, None, 0, {file["path"]: file["sha256"] for file in manifest["files"]}
    for number, line in enumerate(lines, 1):
        where = f"events.jsonl, line {number}"
        try:
            event = json.loads(line)
            leaf = record(event)
        except MALFORMED as error:
            refuse(f"{where} is malformed: {error!r}")
        if leaf != event["leaf"]:
            refuse(f"{where}: the leaf is not the record of the columns")
        proof = [unbase64(hash) for hash in event["proof"]]
        if event["position"] > size or root_of(leaf.encode(), event["position"] - 1, size, proof) != root:
            refuse(f"{where}: the checkpoint does not prove it")
        if event["position"] <= position:
            refuse(f"{where} is out of order")
        if selection["kind"] == "span" and position and event["position"] != position + 1:
            refuse(f"{where}: positions are missing before it")
        if selection["kind"] == "chat" and (event["aggregate_id"], event["sequence"]) != (selection["id"], number):
            refuse(f"{where}: it is not event {number} of the chat")
        payload = json.loads(event["payload"])
        for file in filter(None, (payload.get("file"), payload.get("audio"))):
            listed = attachments.pop() if attachments else {}
            same = all(listed.get(name) == file[name] for name in ("name", "size", "sha256"))
            if not same or listed["position"] != event["position"]:
                refuse(f"{where}: the manifest does not list its file")
            if listed["path"] is not None and hashes.get(listed["path"]) != file["sha256"]:
                refuse(f"{where}: its file is not in the bundle")
        count, position = number, event["position"]
        first = first or position
    if attachments or manifest["events"] != {"count": count, "first": first, "last": position or None}:
        refuse("the events are not those of the manifest")
    return count


def main(folder, verifier):
    name, key_id, key = verifier.split("+", 2)
    key = unbase64(key)
    if len(key) != 33 or key[0] != 1 or sha256(name.encode(), b"\n", key)[:4].hex() != key_id:
        refuse("the key is malformed")
    if any(path.is_symlink() for path in folder.rglob("*")):
        refuse("a link is no file of a bundle")
    manifest = (folder / "manifest.json").read_bytes()
    seal = signed_text((folder / "manifest.note").read_bytes(), name, key, "manifest.note")
    if seal != ["ayushma bundle v1", name, str(len(manifest)), hashlib.sha256(manifest).hexdigest(), ""]:
        refuse("the manifest is not the one that was signed")
    manifest = json.loads(manifest)
    if (manifest["format"], manifest["version"], manifest["key"]) != ("ayushma bundle", 1, verifier):
        refuse("the bundle is of another format or log")
    listed = {file["path"] for file in manifest["files"]}
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
    if there != listed | {"manifest.json", "manifest.note"}:
        refuse(f"files are missing or too many: {sorted(there ^ (listed | {'manifest.json', 'manifest.note'}))}")
    for file in manifest["files"]:
        if not re.fullmatch(r"checkpoint|index\.html|(events|text)\.jsonl|(fhir|ocsf)\.ndjson|files/[0-9a-f]{64}", file["path"]):
            refuse(f"no bundle has the file {file['path']}")
        with open(folder / file["path"], "rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
        if (folder / file["path"]).stat().st_size != file["size"] or found != file["sha256"]:
            refuse(f"{file['path']} was altered or cut")
    origin, size, root = signed_text((folder / "checkpoint").read_bytes(), name, key, "checkpoint")[:3]
    if origin != name or int(size) != manifest["checkpoint_size"]:
        refuse("the checkpoint is of another log or size")
    with open(folder / "events.jsonl", "rb") as lines:
        count = verify_events(lines, manifest, int(size), unbase64(root))
    print(f"{count} events are in the log {name}, which has {size}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        main(pathlib.Path(sys.argv[1]), sys.argv[2])
    except MALFORMED as error:
        refuse(f"it is malformed: {error!r}")
