"""What the recorder writes in English is translated where it is shown."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tracer.i18n import tr
from tracer.trace import reasons
from tracer.trace.reasons import localized, localized_name

WRITTEN = {
    reasons.NOT_GIVEN.format(name="pixel_values"): "模型的 forward 需要 pixel_values，而分词器不提供",
    reasons.NOT_NAMED.format(name="x"): "模型的 forward 没有名为 x 的形参",
    reasons.NOT_NAMED_OPEN.format(name="x", others="*a, **b"): (
        "模型的 forward 没有名为 x 的形参（只有 *a, **b），因此不知道它需要哪些输入"
    ),
    reasons.NOT_ENCODED.format(error="ValueError: {braces}\nand lines"): (
        "分词器无法编码提示词（ValueError: {braces}\nand lines）"
    ),
    reasons.NO_TORCH.format(python="/p", error="no"): (
        "加载需要 torch 和 transformers，而 /p 无法导入：no。请为它安装：/p -m pip install torch transformers"
    ),
    # of earlier releases
    "its forward does not name x as a parameter (it takes *a and **b), so which inputs it wants is not known": (
        "模型的 forward 没有名为 x 的形参（只有 *a and **b），因此不知道它需要哪些输入"
    ),
    "/x is no image that can be read: cannot identify image file '/x'.": (
        "/x 不是能读取的图片：cannot identify image file '/x'。"
    ),
    "ValueError: of a library": "ValueError: of a library",
}


@pytest.mark.parametrize("text", WRITTEN)
def test_a_reason_is_translated_with_its_values(text: str) -> None:
    assert localized(text, "zh") == WRITTEN[text]
    assert localized(text, "en") == text


def test_every_reason_is_found_again() -> None:
    """No template hides another."""
    for templates, translate in ((reasons._REASONS, localized), (reasons._LEFT_OUT, localized_name)):
        assert len(templates) > 10
        for template in templates:
            values = {name: f"<{name}>" for name in re.findall(r"{(\w+)}", template)}
            assert translate(template.format(**values), "zh") == tr("zh", template, **values)


def test_a_name_is_translated() -> None:
    assert localized_name("lines of modeling_x.py", "zh") == "modeling_x.py 的逐行步骤"
    assert localized_name("GLM.forward (frame 12)", "zh") == "GLM.forward（帧 12）"
    assert localized_name("something else", "zh") == "something else"


def _names_of_guarded_work() -> list[str]:
    """Return the names under which the recorder notes its own faults, ``<name>`` for each value in them."""
    found = []
    for path in sorted((Path(reasons.__file__).parents[1] / "recorder").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            if node.func.attr in ("call", "note", "callback") and ast.unparse(node.func.value).endswith("guard"):
                name = node.args[0]
                parts = name.values if isinstance(name, ast.JoinedStr) else [name]
                found.append("".join(str(part.value) if isinstance(part, ast.Constant) else "<x>" for part in parts))
    return sorted({*found})


def test_the_names_of_the_recorders_own_work_are_translated() -> None:
    names = _names_of_guarded_work()
    assert {"model directory", "probe <x>", "paused functions"} < {*names}
    assert [name for name in names if localized_name(name, "zh") == name] == []
