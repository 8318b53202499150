#!/usr/bin/env python3
"""Checks the entries of a transparency log of ours, with nothing but Python's own library.

    check_log.py FOLDER

The folder has what a web server serves: checkpoint, tile/entries/… (see docs/proof-formats.md). It checks that the entries make
up the root of the checkpoint, that each is a record of the event at its position, and prints the hash that the chain of the
database has at the last one, to be compared with a signed head. The checkpoint's signature is for other programs to verify.
"""

import base64
import hashlib
import pathlib
import re
import struct
import sys

RECORD = re.compile(
    rb"ayushma event v1\n([1-9][0-9]*)\n([^\x00-\x1f\x7f]+)\n([^\x00-\x1f\x7f]+)\n"
    rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z\n([0-9a-f]{64})\n"
)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def name(number):
    """The path of a tile's number: groups of three digits, all but the last behind an x."""
    digits = str(number)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "/".join(["x" + group for group in groups[:-1]] + groups[-1:])


def bundle(folder, number, width):
    path = folder / "tile/entries" / name(number)
    if width < 256 and not path.exists():
        path = path.with_name(path.name + ".p") / str(width)
    content = path.read_bytes()
    entries, at = [], 0
    while at < len(content):
        (length,) = struct.unpack_from(">H", content, at)
        entries.append(content[at + 2 : at + 2 + length])
        at += 2 + length
    if at != len(content) or len(entries) < width:
        sys.exit(f"{path} is cut")
    return entries[:width]


def main(folder):
    origin, size, root = (folder / "checkpoint").read_text(encoding="utf-8").split("\n")[:3]
    size, root = int(size), base64.b64decode(root, validate=True)
    # Roots of complete subtrees, from the left, each with its number of leaves.
    subtrees, chain = [], bytes(32)
    for number in range(-(-size // 256)):
        for place, entry in enumerate(bundle(folder, number, min(256, size - 256 * number))):
            position = 256 * number + place + 1
            record = RECORD.fullmatch(entry)
            if not record or int(record[1]) != position:
                sys.exit(f"the entry of position {position} is no record of it")
            chain = sha256(chain, struct.pack(">Q", position), bytes.fromhex(record[4].decode()))
            subtrees.append((1, sha256(b"\0", entry)))
            while len(subtrees) > 1 and subtrees[-1][0] == subtrees[-2][0]:
                (count, right), (_, left) = subtrees.pop(), subtrees.pop()
                subtrees.append((2 * count, sha256(b"\1", left, right)))
    found = subtrees.pop()[1] if subtrees else sha256()
    while subtrees:
        found = sha256(b"\1", subtrees.pop()[1], found)
    if found != root:
        sys.exit("the entries do not make up the root of the checkpoint")
    print(f"{origin}: {size} entries make up the root; hash of the chain: {chain.hex()}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
