#!/usr/bin/env python3
"""Checks the links of the documentation: each relative link leads to a file that exists, and each #anchor to a heading.

Anchors follow GitHub's rules. README.md has at most 150 lines, and every page below docs/ is in docs/SUMMARY.md.
A folder may be given as the only argument; without one, the repository of this script is checked.
"""

import re
import sys
from pathlib import Path
from urllib.parse import unquote

MAX_README_LINES = 150
ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
SUMMARY = ROOT / "docs/SUMMARY.md"
LINK = re.compile(r"\]\(<?([^()<>\s]*(?:\([^()\s]*\)[^()\s]*)*)>?(?:\s+\"[^\"]*\")?\)")
REFERENCE = re.compile(r"^ {0,3}\[[^\]^][^\]]*\]:\s+<?([^\s>]+)")


def lines_of(page):
    """The numbered lines of a page that are not inside a fenced block of code."""
    fence = None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        mark = re.match(r" *(`{3,}|~{3,})", line)
        if fence is None and mark:
            fence = mark[1]
        elif fence is not None and mark and mark[1].startswith(fence) and not line.strip(" `~"):
            fence = None
        elif fence is None:
            yield number, line


def anchors_of(page):
    """The anchors that GitHub gives to the headings of a page; the second of one name ends with -1."""
    anchors, counts = set(), {}
    for _, line in lines_of(page):
        anchors.update(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", line))
        if heading := re.match(r" {0,3}#{1,6}\s+(.*?)\s*#*$", line):
            text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading[1])
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            count = counts[slug] = counts.get(slug, -1) + 1
            anchors.add(f"{slug}-{count}" if count else slug)
    return anchors


def links_of(page):
    """The targets of a page's links, with their lines; links in code are text."""
    for number, line in lines_of(page):
        without_code = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "code", line)
        for target in LINK.findall(without_code) + REFERENCE.findall(without_code):
            if not re.match(r"[a-z][a-z0-9+.-]*:|//", target, re.IGNORECASE):
                yield number, target


def fault_of(page, target):
    """The fault of a link, or None."""
    path, _, anchor = unquote(target).partition("#")
    if path.startswith("/"):
        return "is not relative"
    file = (page.parent / path).resolve() if path else page
    if not file.is_relative_to(ROOT) or not file.exists():
        return "leads to no file"
    if anchor and (file.suffix != ".md" or anchor not in anchors_of(file)):
        return "leads to no heading"
    return None


def main():
    docs = sorted((ROOT / "docs").rglob("*.md"))
    pages = [ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")] + docs
    faults = [f"{page.relative_to(ROOT)} is missing" for page in pages if not page.exists()]
    for page in filter(Path.exists, pages):
        for number, target in links_of(page):
            if fault := fault_of(page, target):
                faults.append(f"{page.relative_to(ROOT)}:{number}: {target} {fault}")
    length = len((ROOT / "README.md").read_text(encoding="utf-8").splitlines())
    if length > MAX_README_LINES:
        faults.append(f"README.md has {length} lines, more than {MAX_README_LINES}")
    listed = {(SUMMARY.parent / target.partition("#")[0]).resolve() for _, target in links_of(SUMMARY)}
    faults += [f"{page.relative_to(ROOT)} is not in docs/SUMMARY.md" for page in docs if page != SUMMARY and page not in listed]
    print(*faults or [f"the links of {len(pages)} pages lead somewhere"], sep="\n", file=sys.stderr if faults else sys.stdout)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
