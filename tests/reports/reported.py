"""A reported failure as a test uses it: its directory, its load with glm-trace and without it, and the right answer."""

from __future__ import annotations

import inspect
import json
import os
import re
import runpy
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import transformers
import yaml

from tests.reports import cases
from tests.support.forked import in_fork
from tests.support.loads import Loads
from tests.support.model_files import Files, write
from tracer.cli.arguments import keyword_arguments
from tracer.launch.runner import run_job
from tracer.trace.job import Job

HERE: Final = Path(__file__).parent
RELEASE: Final = transformers.__version__
TEXT: Final = "The quick brown fox jumps over the lazy dog."
TOKENIZER_FILES: Final = (
    "tokenizer_config.json", "tokenizer.json", "tokenizer.model", "vocab.txt", "vocab.json", "spiece.model",
)  # fmt: skip


@dataclass(frozen=True)
class Reported:
    """A case of cases.yaml, whose comments describe the fields."""

    id: str
    group: str
    fails: dict[str, dict[str, Any]]
    cause: str
    remedy: str
    expect: list[str]
    wrong: list[str] = field(default_factory=list)
    threads: str = ""
    arguments: list[str] = field(default_factory=list)

    @property
    def expected(self) -> dict[str, Any]:
        """How it fails on the installed release."""
        return self.fails[RELEASE]

    def files(self) -> Files:
        made: Files = getattr(cases, self.id.replace("-", "_"))()
        return made

    def write(self, folder: Path) -> Path:
        """Write the case into an empty folder; return the model's directory."""
        directory = folder / self.id
        write(self.files(), directory)
        return directory

    def job(self, folder: Path) -> Job:
        """Return the job that ``glm-trace load`` would do for it, in the folder that :meth:`write` has filled."""
        environment = {"HF_MODULES_CACHE": str(folder / "modules"), "HF_HOME": str(folder / "home")}
        if (folder / "site").is_dir():
            environment["PYTHONPATH"] = str(folder / "site")
        job = Job("load", cwd=str(folder), environment=environment, trust_remote_code=True)
        if (folder / "script.py").is_file():
            job.work, job.script, job.trust_remote_code = "script", ["script.py"], False
            return job
        given = parsed(self.arguments)
        job.model = str(folder / self.id)
        job.auto_class = given.auto_class
        job.kwargs = keyword_arguments(given.kwarg)
        job.generate, job.forward, job.tokenizer = given.generate, not given.no_forward, not given.no_tokenizer
        if _is_adapter(folder / self.id):
            job.cwd = job.model
        return job

    def load_untraced(self, folder: Path) -> dict[str, Any]:
        """Load it without glm-trace, in this process; return the outcome."""
        from tracer.recorder.environment import apply_environment

        apply_environment(self.job(folder).environment)
        os.chdir(folder)
        sys.path.insert(0, str(folder / "site"))
        try:
            if (folder / "before.py").is_file():
                self.prepare(folder)
            if (folder / "script.py").is_file():
                sys.argv[:] = ["script.py"]
                sys.path.insert(0, str(folder))
                found = runpy.run_path("script.py", run_name="__main__")
            else:
                found = _load(folder / self.id, parsed(self.arguments))
        except BaseException as error:
            kind = type(error)
            name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
            return {"status": "failed", "error": name, "message": str(error)}
        proof = self.expected.get("proof")
        return {"status": "loaded", "proof": proof is None or _holds(proof, found)}

    def prepare(self, folder: Path) -> None:
        """Run ``before.py`` in this process."""
        from tracer.recorder.environment import apply_environment

        apply_environment(self.job(folder).environment)
        os.chdir(folder)
        runpy.run_path("before.py", run_name="__main__")
        for name in [name for name in sys.modules if name.startswith("transformers_modules")]:
            del sys.modules[name]


@cache
def reported() -> list[Reported]:
    """Return every case, whatever release shows it."""
    return [Reported(**one) for one in yaml.safe_load((HERE / "cases.yaml").read_text(encoding="utf-8"))]


def matches(expression: str, text: str) -> bool:
    return re.search(expression, text, re.IGNORECASE) is not None


def parsed(arguments: list[str]) -> Namespace:
    """Return the options of ``glm-trace load`` that the cases use."""
    parser = ArgumentParser()
    parser.add_argument("--auto-class")
    parser.add_argument("--kwarg", action="append", default=[])
    parser.add_argument("--generate", type=int, default=0)
    parser.add_argument("--no-tokenizer", action="store_true")
    parser.add_argument("--no-forward", action="store_true")
    return parser.parse_args(arguments)


def _load(directory: Path, given: Namespace) -> dict[str, Any]:
    """Make the calls that ``glm-trace load`` makes."""
    import torch

    base = directory
    if _is_adapter(directory):
        os.chdir(directory)
        base = directory / json.loads((directory / "adapter_config.json").read_text())["base_model_name_or_path"]
    tokenizer = None
    if not given.no_tokenizer and any((base / name).is_file() for name in TOKENIZER_FILES):
        tokenizer = transformers.AutoTokenizer.from_pretrained(base, trust_remote_code=True)
    keywords = keyword_arguments(given.kwarg)
    auto_class = getattr(transformers, given.auto_class or "AutoModel")
    model = auto_class.from_pretrained(directory, trust_remote_code=True, **keywords)
    found = {"torch": torch, "model": model, "tokenizer": tokenizer}
    if not hasattr(model, "eval") or given.no_forward or tokenizer is None:
        return found
    model.eval()
    taken = inspect.signature(type(model).forward).parameters
    batch = {name: value for name, value in tokenizer(TEXT, return_tensors="pt").items() if name in taken}
    with torch.no_grad():
        found["output"] = model(**batch)
        if given.generate:
            model.generate(**batch, max_new_tokens=given.generate, do_sample=False)
    return found


def _is_adapter(directory: Path) -> bool:
    return (directory / "adapter_config.json").is_file() and not (directory / "config.json").is_file()


def _holds(proof: str, found: dict[str, Any]) -> bool:
    import torch

    return bool(eval(proof, {"torch": torch, **found}))


def record(loads: Loads, case: Reported, folder: Path) -> Path:
    """Record the load of a case that was written to this folder; return the trace."""
    if (folder / "before.py").is_file():
        in_fork(case.prepare, folder)
    job = case.job(folder)
    path = folder / "t.glmtrace"
    job.journal = f"{path}.journal"
    if "PYTHONPATH" in job.environment:  # too late for a fork
        return run_job(job, path).path
    return loads.run(job).path
