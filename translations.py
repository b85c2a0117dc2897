"""The catalogs of translations: ``python translations.py update`` after texts changed, ``compile`` after the .po did.

``update`` reads every marked text of ``tracer/`` into ``tracer/i18n/locale/glm_trace.pot`` and carries it over to each
``.po``; ``compile`` writes the ``.mo`` that the program reads. A build of the package compiles too. Needs Babel.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import io
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent
TEMPLATE = "tracer/i18n/locale/glm_trace.pot"
KEYWORDS = {"tr": (2,), "N_": None, "NP_": (1, 2), "NC_": ((1, "c"), 2), "Sentence": None}


def extract(
    file: IO[bytes], keywords: Iterable[str], comment_tags: Iterable[str], options: object
) -> Iterator[tuple[int, str, Any, list[str]]]:
    """Yield the marked calls of a module as Babel wants them.

    Babel's own extractor reads tokens, in which an f-string's calls can't be seen before Python 3.12.
    """
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "HELP":
            yield node.lineno, "N_", inspect.cleandoc(ast.literal_eval(node.value)), []
        if not isinstance(node, ast.Call):
            continue
        for word in node.keywords:  # a command's help is translated where it is shown
            if word.arg == "help" and isinstance(word.value, ast.Constant):
                yield node.lineno, "N_", word.value.value, []
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in keywords:
            texts = [argument.value if isinstance(argument, ast.Constant) else None for argument in node.args]
            yield node.lineno, name, tuple(texts) if len(texts) > 1 else next(iter(texts), None), []


def extracted(root: Path = ROOT) -> Catalog:
    """Every text that is marked in the package."""
    catalog = Catalog(project="glm-trace")
    for _file, _line, message, _comments, context in extract_from_dir(
        root / "tracer", method_map=[("**.py", extract)], keywords=KEYWORDS
    ):
        catalog.add(message, None, context=context)
    return catalog


def po_files(root: Path = ROOT) -> list[Path]:
    return sorted((root / "tracer/i18n/locale").glob("*/LC_MESSAGES/*.po"))


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name, domain=path.stem)


def key(message: Message) -> tuple[str, str]:
    text = message.id if isinstance(message.id, str) else message.id[0]
    return (text, message.context or "")


def written(catalog: Catalog) -> bytes:
    """A catalog as its file: sorted, without dates and line numbers, so that branches seldom conflict."""
    file = io.BytesIO()
    write_po(file, catalog, width=110, no_location=True, omit_header=True, sort_output=True, ignore_obsolete=True)
    text = file.getvalue().decode()
    lines = [line for line in text.split("\n") if line != "#, python-brace-format"]  # every text here is one
    plural = f'"Plural-Forms: {catalog.plural_forms}\\n"\n' if catalog.locale else ""
    header = f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n{plural}\n'
    return (header + "\n".join(lines).lstrip("\n")).encode()


def update(root: Path = ROOT) -> None:
    """Write the template, and carry its texts over to each translation; what is new there has no translation yet."""
    found = extracted(root)
    (root / TEMPLATE).write_bytes(written(found))
    for path in po_files(root):
        catalog = read(path)
        catalog.update(found, no_fuzzy_matching=True, update_header_comment=False)
        path.write_bytes(written(catalog))
        missing = [message.id for message in catalog if message.id and not any(strings(message))]
        print(f"{path.relative_to(root)}: {len(catalog)} texts, {len(missing)} without translation")
        for text in missing:
            print(f"  {text}")


def strings(message: Message) -> tuple[str, ...]:
    return tuple(message.string or ()) if isinstance(message.string, (list, tuple)) else (message.string or "",)


def compiled(path: Path) -> bytes:
    """What the .mo of a .po holds."""
    catalog = read(path)
    catalog.creation_date = catalog.revision_date = datetime(2026, 1, 1, tzinfo=timezone.utc)  # else it is today's
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def compile_all(root: Path = ROOT) -> list[Path]:
    """Write the .mo beside each .po; return the paths."""
    made = []
    for path in po_files(root):
        target = path.with_suffix(".mo")
        target.write_bytes(compiled(path))
        made.append(target)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("update", "compile"))
    what = parser.parse_args().what
    if what == "update":
        update()
    for path in compile_all():
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
