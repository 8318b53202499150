"""The programs and libraries that are measured: each turns a file into pages of text."""

import importlib.metadata
import json
import shlex
import subprocess
import time


def program(command):
    """A program of this project, which reads a file from standard input and gets its name."""
    parts = shlex.split(command)
    parts += ["extract"] if len(parts) == 1 else []

    def read(path):
        with path.open("rb") as file:
            run = subprocess.run([*parts, "--name", path.name], stdin=file, capture_output=True, timeout=60, check=True)
        return [part["text"] for part in json.loads(run.stdout)["parts"]]

    return read


def rows_as_lines(rows):
    """Rows of a table as a Markdown table's lines."""
    clean = lambda cell: " ".join((cell or "").split()).replace("|", "\\|")
    return "\n".join(f"| {' | '.join(map(clean, row))} |" for row in rows)


def markitdown():
    from markitdown import MarkItDown

    reader = MarkItDown()
    return lambda path: [reader.convert(str(path)).text_content]


def pdfplumber():
    import pdfplumber

    def read(path):
        with pdfplumber.open(path) as file:
            # The tables that it finds, then the page's text in its layout; the better of the two counts.
            return ["\n\n".join([*map(rows_as_lines, page.extract_tables()), page.extract_text(layout=True)]) for page in file.pages]

    return read


def pymupdf4llm():
    import pymupdf4llm

    def read(path):
        made = pymupdf4llm.to_markdown(str(path), page_chunks=True, show_progress=False)
        return [page["text"] for page in made]

    return read


def docling():
    from docling.document_converter import DocumentConverter

    reader = DocumentConverter()

    def read(path):
        made = reader.convert(path).document
        # Page by page where the format has pages, else all at once.
        return [made.export_to_markdown(page_no=page) for page in made.pages] if path.suffix == ".pdf" else [made.export_to_markdown()]

    return read


# The formats that each of the other tools reads.
OTHERS = {
    "markitdown": (markitdown, {"pdf", "docx", "xlsx", "pptx", "html", "csv"}),
    "pdfplumber": (pdfplumber, {"pdf"}),
    "pymupdf4llm": (pymupdf4llm, {"pdf"}),
    "docling": (docling, {"pdf", "docx", "xlsx", "pptx", "html", "csv"}),
}


def other(name, example):
    """The tool, its version and what it reads; None if it is not installed. `example`: a PDF, because some tools need models for it."""
    make, kinds = OTHERS[name]
    try:
        read = make()
    except ImportError as missing:
        print(f"{name} is left out: {missing}")
        return None
    failure = timed(read, example)[2] if example else ""
    if failure:
        print(f"{name} is measured without PDF: {failure}")
        kinds = kinds - {"pdf"}
    return read, importlib.metadata.version(name), kinds


def timed(read, path):
    """The pages of a file and the seconds to read it; a file that cannot be read has no pages."""
    start = time.monotonic()
    try:
        pages = read(path)
    except Exception as failure:  # whatever a tool fails with counts as nothing read
        return [], time.monotonic() - start, f"{type(failure).__name__}: {failure}"[:200]
    return pages, time.monotonic() - start, ""
