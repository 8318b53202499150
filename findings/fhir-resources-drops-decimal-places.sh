#!/usr/bin/env bash
# fhir.resources: decimals lose their written precision (1.50 becomes 1.5), though FHIR says that precision is to be kept; even a
# Decimal("1.50") that was handed in as such is written as 1.5. Long ones are rounded to binary floating point when read.
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
venv/bin/pip -q --disable-pip-version-check install fhir.resources==8.3.0
cat >try.py <<'PYTHON'
from decimal import Decimal
from fhir.resources.quantity import Quantity

for text in '{"value":1.50}', '{"value":12345678901234567.89}':
    print(text, "->", Quantity.model_validate_json(text).model_dump_json(), end="; ")
exact = Quantity(value=Decimal("1.50"))
print(repr(exact.value), "->", exact.model_dump_json())
PYTHON
seen=$(venv/bin/python try.py)

echo "fhir.resources 8.3.0"
echo "expected: the value is a Decimal, so 1.50 read is 1.50 written, with every digit"
echo "seen: $seen"
judged=yes
[ "$seen" = "{\"value\":1.50} -> {\"value\":1.5}; {\"value\":12345678901234567.89} -> {\"value\":12345678901234568}; Decimal('1.50') -> {\"value\":1.5}" ]
