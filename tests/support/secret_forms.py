"""The forms in which a secret can be in a trace, and everything in a trace that is packed or encoded."""

from __future__ import annotations

import base64
import json
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

from tracer.export.json_documents import load_document, step_documents
from tracer.trace.reading import open_trace


def forms(secret: str) -> Iterator[bytes]:
    """Return the forms of a secret in a file: unchanged, percent-encoded, as JSON, in base64 at any offset, and in
    pieces."""
    yield from (text.encode() for text in (secret, quote(secret, safe=""), quote(secret), quote_plus(secret)))
    yield json.dumps(secret)[1:-1].encode()
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + secret.encode())
        yield encoded[4 : (offset + len(secret)) * 8 // 6]
    # A piece that remains after a cut: half of the secret, from either end.
    half = len(secret) * 2 // 3
    yield from (secret[:half].encode(), secret[-half:].encode())


def packed_in(path: Path) -> Iterator[tuple[str, bytes]]:
    """Return the file's bytes, and everything in it that is packed or encoded."""
    yield "the file", path.read_bytes()
    connection = sqlite3.connect(path)
    for (text,) in connection.execute("SELECT text FROM source"):
        yield "a source", zlib.decompress(text)
    for table, column in (("value", "data"), ("step", "data"), ("step", "changes"), ("meta", "value")):
        for (text,) in connection.execute(f"SELECT {column} FROM {table}"):
            yield f"{table}.{column}", json.dumps(json.loads(text), ensure_ascii=False).encode()
    connection.close()
    with open_trace(path) as trace:
        yield "as JSON", json.dumps(load_document(trace), ensure_ascii=False).encode()
        yield "steps as JSON", json.dumps(list(step_documents(trace)), ensure_ascii=False).encode()
