"""What ``glm-trace check`` sees in a directory's own code, without running it."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from tests.reports.reported import Reported, reported
from tests.support.own_code_model import MODEL, TOKENIZER, write_own_model
from tracer.analysis.check.directory import check_directory

OLD, BETWEEN, NEW = "4.44.2", "4.57.3", "5.23.0"
CONSTRUCTOR = "        self.word = word\n"
METHODS = "    def _init_weights"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = write_own_model(tmp_path / "own")
    header = json.dumps({"linear.weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    return folder


def written(folder: Path, *, top: str = "", constructor: str = "", method: str = "") -> Path:
    """Put code into the model's file: at its top, into its constructor, or as a method that a load does not call."""
    indented = "".join(f"        {line}\n" for line in constructor.splitlines())
    body = "".join(f"        {line}\n" for line in method.splitlines())
    function = f"    def forward(self, input_ids, past_key_values=None, **kwargs):\n{body}" if method else ""
    code = MODEL.replace(CONSTRUCTOR, CONSTRUCTOR + indented).replace(METHODS, function + METHODS)
    (folder / "model.py").write_text(f"{top}\n{code}", encoding="utf-8")
    return folder


def found(folder: Path, *releases: str) -> list[tuple[str, str, bool]]:
    """Return the kind of each problem, what it is about, and whether a load fails by it."""
    problems = check_directory(folder, releases or (NEW,), installed=False)
    about = ("thing", "name", "class", "needed", "key", "names", "module")
    return [(one.kind, str(next(one.values[key] for key in about if key in one.values)), one.fails) for one in problems]


# What a release no longer has

CACHE = "from transformers.cache_utils import Cache, DynamicCache\n"
ROPE = "from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ({"method": "return self.get_head_mask(None, 2)"}, ("use-replaced", "OwnModel.get_head_mask", False)),
        ({"constructor": "self.get_head_mask(None, 2)"}, ("name-replaced", "OwnModel.get_head_mask", True)),
        (
            {"top": CACHE, "method": "return DynamicCache.from_legacy_cache(past_key_values)"},
            ("use-replaced", "DynamicCache.from_legacy_cache", False),
        ),
        (
            {"top": CACHE, "method": "cache = DynamicCache()\nreturn cache.seen_tokens"},
            ("use-replaced", "DynamicCache.seen_tokens", False),
        ),
        (
            {"top": "import transformers\n", "method": "return transformers.utils.is_torch_fx_available()"},
            ("use-gone", "transformers.utils.is_torch_fx_available", False),
        ),
        (
            {"top": "import transformers\nFX = transformers.utils.is_torch_fx_available()\n"},
            ("name-gone", "transformers.utils.is_torch_fx_available", True),
        ),
        ({"top": ROPE, "constructor": 'ROPE_INIT_FUNCTIONS["default"]'}, ("name-replaced", 'ROPE_INIT_FUNCTIONS["default"]', True)),
        (
            {"top": ROPE, "constructor": 'self.kind = "default"\nROPE_INIT_FUNCTIONS[self.kind]'},
            ("default-replaced", 'ROPE_INIT_FUNCTIONS["default"]', False),
        ),
        (
            {"top": "from transformers import AutoModel\n", "constructor": "AutoModel.from_pretrained('a', load_in_4bit=True)"},
            ("name-replaced", "AutoModel.from_pretrained(load_in_4bit=…)", True),
        ),
    ],
)  # fmt: skip
def test_uses_of_what_a_release_no_longer_has(
    model: Path, code: dict[str, str], expected: tuple[str, str, bool]
) -> None:
    written(model, **code)
    assert found(model, NEW) == [expected]
    assert found(model, OLD) == []


def test_keywords_that_a_function_no_longer_takes(model: Path) -> None:
    written(model, method="return self._extract_past_from_model_output(past_key_values, standardize_cache_format=True)")
    thing = "self._extract_past_from_model_output(standardize_cache_format=…)"
    assert found(model, "4.43.4") == []
    assert found(model, OLD) == [("use-gone", thing, False)]


def test_uses_of_what_a_release_does_not_have_yet(model: Path) -> None:
    written(model, method="return self.loss_function(past_key_values)")
    assert found(model, OLD) == [("use-new", "OwnModel.loss_function", False)]
    assert found(model, NEW) == []


@pytest.mark.parametrize(
    "code",
    [
        {"method": "if hasattr(self, 'get_head_mask'):\n    return self.get_head_mask(None, 2)"},
        {"method": "try:\n    return self.get_head_mask(None, 2)\nexcept AttributeError:\n    return None"},
        {"constructor": "self.get_head_mask = None", "method": "return self.get_head_mask"},
        {"top": "from transformers import PreTrainedModel\nclass Base(PreTrainedModel):\n    def use(self):\n"
                "        return self.get_head_mask\nclass Other(Base):\n    get_head_mask = None\n"},
        {"method": "self.eval()\nself.train()\nreturn self.float()"},
        {"top": "from transformers import ProcessorMixin\ndef use(processor: ProcessorMixin):\n"
                "    return processor.tokenizer\nclass P(ProcessorMixin):\n    def use(self):\n        return self.tokenizer\n"},
        {"top": "from transformers import PreTrainedTokenizer\nclass Words(PreTrainedTokenizer):\n"
                "    def use(self):\n        return self.sep_token_id\n"},
        {"top": "from transformers.image_processing_utils import BatchFeature\nclass Batch(BatchFeature):\n"
                "    def use(self):\n        return self._get_is_as_tensor_fns(tensor_type='pt')\n"},
        {"method": "return self.linear.seen_tokens"},
        {"method": "return past_key_values.seen_tokens"},
        {"top": CACHE, "method": "past_key_values = DynamicCache()\nreturn past_key_values.seen_tokens"},
        {"top": CACHE, "method": "cache = DynamicCache()\nreturn getattr(cache, 'seen_tokens', 0) or cache.seen_tokens"},
        {"top": "import transformers\nNEW = transformers.__version__ >= '5'\n",
         "method": "if transformers.__version__ < '5':\n    return self.get_head_mask(None, 2)"},
        {"top": ROPE, "constructor": 'self.make = ROPE_INIT_FUNCTIONS["linear"]'},
        {"top": ROPE, "constructor": 'if "default" in ROPE_INIT_FUNCTIONS:\n    ROPE_INIT_FUNCTIONS["default"]'},
        {"top": "from other import DynamicCache\n" and "class DynamicCache:\n    seen_tokens = 0\n",
         "method": "cache = DynamicCache()\nreturn cache.seen_tokens"},
        {"method": "return self.linear(standardize_cache_format=True)"},
        {"method": "return self.other(load_in_4bit=True)"},
    ],
)  # fmt: skip
def test_uses_that_may_be_fine_are_left_alone(model: Path, code: dict[str, str]) -> None:
    written(model, **code)
    assert found(model, OLD, BETWEEN, NEW) == []


# Constructors


def test_a_model_that_never_calls_post_init(model: Path) -> None:
    (model / "model.py").write_text(MODEL.replace("        self.post_init()\n", ""), encoding="utf-8")
    assert found(model, OLD, BETWEEN) == []
    assert found(model, NEW) == [("no-post-init", "OwnModel", True)]


@pytest.mark.parametrize(
    "base",
    [
        "class Base(PreTrainedModel):\n    def __init__(self, config):\n        super().__init__(config)\n        self.post_init()\n",
        "class Base(PreTrainedModel):\n    def __init__(self, config):\n        super().__init__(config)\n        self.end()\n    def end(self):\n        self.post_init()\n",
        "from transformers import LlamaForCausalLM as Base\n",
        "import somewhere\nBase = somewhere.Base\n",
    ],
)
def test_a_model_whose_base_calls_post_init(model: Path, base: str) -> None:
    code = MODEL.replace("        self.post_init()\n", "").replace(
        "class OwnModel(PreTrainedModel)", f"{base}class OwnModel(Base)"
    )
    (model / "model.py").write_text(code, encoding="utf-8")
    assert [one for one in found(model, NEW) if one[0] != "package-missing"] == []


def test_tied_keys_are_a_list(model: Path) -> None:
    code = MODEL.replace("    config_class", '    _tied_weights_keys = ["linear.weight"]\n    config_class')
    (model / "model.py").write_text(code, encoding="utf-8")
    assert found(model, NEW) == []  # nothing reads it if no weights are tied
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"tie_word_embeddings": True}))
    assert found(model, BETWEEN) == []
    assert found(model, NEW) == [("tied-keys-list", "OwnModel", True)]
    (model / "model.py").write_text(
        code.replace('["linear.weight"]', '{"linear.weight": "a.weight"}'), encoding="utf-8"
    )
    assert found(model, NEW) == []


@pytest.mark.parametrize(
    "code",
    [
        "self.rates = [rate.item() for rate in torch.arange(3) / 30]",
        "self.rate = torch.arange(3).float().mean().item()",
        "rates = torch.arange(3) / 30\nself.rates = rates.tolist()",
        "for rate in torch.arange(3):\n    self.rate = float(rate)",
        "self.rate = int(torch.tensor(3))",
    ],
)
def test_numbers_of_a_tensor_on_meta(model: Path, code: str) -> None:
    written(model, constructor=code)
    assert found(model, BETWEEN) == []
    assert found(model, NEW) == [("numbers-on-meta", "OwnModel", True)]


def test_the_numbers_of_linspace(model: Path) -> None:
    written(model, constructor="self.rates = [rate.item() for rate in torch.linspace(0, 0.1, 3)]")
    assert found(model, "5.4.0") == [("numbers-on-meta", "OwnModel", True)]
    assert found(model, "5.5.4", NEW) == []


@pytest.mark.parametrize(
    "code",
    [
        'self.rates = [rate.item() for rate in torch.linspace(0, 0.1, 3, device="cpu")]',
        'with torch.device("cpu"):\n    self.rates = torch.arange(3).tolist()',
        "try:\n    self.rates = torch.arange(3).tolist()\nexcept RuntimeError:\n    self.rates = []",
        "self.rates = config.rates.tolist()",
        "self.size = int(config.size)",
        "import numpy\nself.rates = numpy.arange(3).tolist()",
        "self.rates = (torch.arange(3) + load(config)).tolist()",
        "self.make = lambda: torch.arange(3).tolist()",
    ],
)
def test_numbers_that_are_there(model: Path, code: str) -> None:
    written(model, constructor=code)
    assert found(model, NEW) == []


def test_attributes_that_a_configuration_no_longer_has(model: Path) -> None:
    written(model, constructor="self.cached = config.is_decoder", method="return self.config.is_decoder")
    assert found(model, BETWEEN) == []
    assert sorted(found(model, NEW)) == [
        ("config-attribute-gone", "is_decoder", False),
        ("config-attribute-gone", "is_decoder", True),
    ]
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"is_decoder": True}))
    assert found(model, NEW) == []


# Files that import each other


def files(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def test_files_that_import_each_other(model: Path) -> None:
    files(model, part="from .model import OwnModel\nword = 'seen'\n")
    assert found(model, OLD) == [("circular-import", "model.py", True)]
    assert found(model, NEW) == [("circular-import", "model.py", True)]
    files(model, part="word = 'seen'\ndef other():\n    from .model import OwnModel\n")
    assert found(model, OLD, NEW) == []
    files(model, part="from .conf import OwnConfig\nword = 'seen'\n")
    assert found(model, OLD, NEW) == []


def test_a_file_that_only_an_imported_file_imports(model: Path) -> None:
    files(model, part="from .deep import word\n", deep="word = 'seen'\n")
    assert found(model, OLD) == [("neighbour-not-copied", "deep.py", True)]
    assert found(model, "5.9.0") == [("neighbour-not-copied", "deep.py", True)]
    assert found(model, "5.10.4", NEW) == []
    written(model, top="from .deep import word as other\n")
    assert found(model, OLD, NEW) == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from . import deep\n", ("neighbour-from-dot", "deep.py")),
        ("from .pack import deep\n", ("neighbour-in-folder", "pack")),
        ("from .pack.deep import word\n", ("neighbour-in-folder", "pack.deep")),
        ("from ..pack import word\n", ("neighbour-above", "..pack")),
        ("try:\n    from .absent import word\nexcept ImportError:\n    pass\n", ("neighbour-looked-for", "absent.py")),
        ('"""\nfrom .absent import word\n"""\n', ("neighbour-looked-for", "absent.py")),
    ],
)
@pytest.mark.parametrize("release", [OLD, NEW])
def test_imports_that_the_library_does_not_follow(
    model: Path, code: str, expected: tuple[str, str], release: str
) -> None:
    (model / "pack").mkdir()
    (model / "pack" / "__init__.py").write_text("")
    files(model, deep="word = 'seen'\n")
    written(model, top=code)
    assert [(kind, about, fails) for kind, about, fails in found(model, release)] == [
        (expected[0], {"pack.deep": "pack.deep", "pack": "pack"}.get(expected[1], expected[1]), True)
    ]


LATE = TOKENIZER.replace("super().__init__(**kwargs)\n", "super().__init__(**kwargs)\n        self.table = {'a': 0}\n")
LATE = LATE.replace('return {"a": 0}', "return dict(self.table)")


@pytest.mark.parametrize("release", [OLD, NEW])
def test_attributes_of_a_tokenizer_that_are_set_late(model: Path, release: str) -> None:
    files(model, tok=LATE)
    assert found(model, "4.33.3") == []
    assert found(model, release) == [("attribute-set-late", "T", True)]
    files(model, tok=LATE.replace("        super().__init__(**kwargs)\n", "").replace(
        "'a': 0}\n", "'a': 0}\n        super().__init__(**kwargs)\n"))  # fmt: skip
    assert found(model, release) == []
    files(
        model,
        tok=LATE.replace(
            "        return dict", "        if not hasattr(self, 'table'):\n            return {}\n        return dict"
        ),
    )
    assert found(model, release) == []


def test_overrides_that_lack_what_the_library_passes(model: Path) -> None:
    (model / "model.py").write_text(f"{MODEL}    def tie_weights(self):\n        pass\n", encoding="utf-8")
    files(
        model,
        tok=f"{TOKENIZER}    def _pad(self, encoded_inputs, max_length=None, *more):\n        return encoded_inputs\n",
    )
    assert found(model, OLD) == []
    assert found(model, BETWEEN) == [("override-lacks", "_pad", False)]
    assert sorted(found(model, NEW)) == [("override-lacks", "_pad", False), ("override-lacks", "tie_weights", True)]
    (model / "model.py").write_text(f"{MODEL}    def tie_weights(self, **kwargs):\n        pass\n", encoding="utf-8")
    files(model, tok=TOKENIZER)
    assert found(model, BETWEEN, NEW) == []


def test_a_model_with_the_configuration_class_of_another(model: Path) -> None:
    code = MODEL.replace("config_class = OwnConfig", "config_class = BertConfig")
    (model / "model.py").write_text(f"from transformers import BertConfig\n{code}", encoding="utf-8")
    assert found(model, OLD) == []
    assert found(model, BETWEEN) == [("config-class-differs", "BertConfig", True)]
    assert found(model, NEW) == [("config-class-differs", "BertConfig", True)]


@pytest.mark.parametrize(
    ("code", "fails"),
    [
        ({"top": "from pathlib import Path\nTABLE = Path(__file__).with_name('table.json').read_text()\n"}, True),
        ({"top": "import os\nHERE = os.path.dirname(__file__)\n",
          "constructor": "with open(os.path.join(HERE, 'table.json')) as file:\n    self.table = file.read()"}, True),
        ({"top": "import os\nTABLE = os.path.join(os.path.dirname(__file__), 'table.json')\n"}, False),
        ({"top": "import os\n", "method": "return open(os.path.join(os.path.dirname(__file__), 'table.json'))"}, False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("release", [OLD, NEW])
def test_files_that_are_looked_for_beside_the_code(
    model: Path, code: dict[str, str], fails: bool, release: str
) -> None:
    written(model, **code)
    assert found(model, release) == []  # there is no such file here either: it may be made
    (model / "table.json").write_text("{}")
    assert found(model, release) == [("file-not-copied", "table.json", fails)]
    written(model, top="table = 'table.json'\n", method="return open(self.config.name_or_path + '/table.json')")
    assert found(model, release) == []


# Against real failures

CASES = {case.id: case for case in reported()}
SEEN = {
    "no-post-init": {NEW: "no-post-init"},
    "tied-keys-list": {NEW: "tied-keys-list"},
    "item-on-meta": {NEW: "numbers-on-meta"},
    "rope-default-gone": {NEW: "name-replaced"},
    "circular-imports": {OLD: "circular-import", NEW: "circular-import"},
    "second-level-import": {OLD: "neighbour-not-copied"},
    "config-class-differs": {NEW: "config-class-differs"},
    "neighbour-opened": {OLD: "file-not-copied", NEW: "file-not-copied"},
    "pad-without-side": {NEW: "override-lacks"},
    "cache-format-keyword": {OLD: "use-gone", NEW: "use-gone"},
    "cache-seen-tokens": {NEW: "use-replaced"},
    "cache-from-legacy": {NEW: "use-replaced"},
    "tokenizer-class-of-5": {OLD: "class-newer"},
    "tokenizer-json-newer": {OLD: "merges-newer"},
    "generation-config-invalid": {OLD: "generation-refused", NEW: "generation-refused"},
}


@pytest.mark.parametrize("case", SEEN)
def test_reported_failures_are_foreseen(case: str, tmp_path: Path) -> None:
    folder = CASES[case].write(tmp_path)
    for release, kind in SEEN[case].items():
        assert kind in [one.kind for one in check_directory(folder, [release], installed=False)], release


@pytest.mark.parametrize("case", [pytest.param(one, id=one.id) for one in CASES.values()])
def test_no_failure_is_foreseen_where_the_load_succeeds(case: Reported, tmp_path: Path) -> None:
    folder = case.write(tmp_path)
    for release in {OLD, NEW} - case.fails.keys():
        assert [one.kind for one in check_directory(folder, [release], installed=False) if one.fails] == [], release
