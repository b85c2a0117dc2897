"""A walkthrough told: as a document that stays valid whatever was recorded, and within the terminal's width."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.cells import cell_len
from rich.console import Console

from tests.trace import made
from tests.walkthrough.writing import bound, note, walkthrough
from tracer.i18n import LANGS, Lang, tr
from tracer.text import markdown_writer as markdown
from tracer.trace.reading import Trace, open_trace
from tracer.trace.steps import Bound as Change
from tracer.trace.values import Text
from tracer.views.walkthrough.article import render_article
from tracer.views.walkthrough.localized import code_lines, localize
from tracer.views.walkthrough.terminal import TerminalMarkdown, walkthrough_article, walkthrough_list
from tracer.walkthrough.binder import Binder
from tracer.walkthrough.explained_code import Excerpt, ExcerptGap, ExcerptLine, covered_excerpts, note_excerpt
from tracer.walkthrough.format import Walkthrough
from tracer.walkthrough.library import library
from tracer.walkthrough.step_values import step_decisions, step_values

HOSTILE = "`a` ``b`` | </details><script>x</script> ```\n# head [l](x) \x1b[31m‮ \\ *y* &lt; 中文"
WRITTEN = "{{ path }} ``b` | </details><script>x</script> [l](x) ] [ \x1b[31m‮ \\ &lt; 中文 ```"
SOURCE = (
    'def load(path):\n    """```\n    <script>\n    """\n    config = read(path)  # ``` | \x0c</details>\n'
    "    if config:\n        path = '中文'\n    return config\n"
)


def document(walkthrough: Walkthrough, trace: Trace | None, lang: Lang = "en", **known: Walkthrough) -> str:
    binder = Binder(trace) if trace is not None else None
    return render_article(localize(walkthrough, {walkthrough.id: walkthrough, **known}, binder, lang), trace, lang)


def parsed(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(text)


def html(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("html_block", "html_inline"):
            yield token.content
        yield from html(token.children or [])


def headings(text: str) -> list[str]:
    tokens = parsed(text)
    return [tokens[index + 1].content for index, token in enumerate(tokens) if token.type == "heading_open"]


OURS = re.compile(r"\s*|(?:<details>\n<summary>[^<]*</summary>|</details>)|</?a(?: id=\"[\w-]+\")?>")


def assert_sound(text: str) -> None:
    """Nothing but our own HTML, no invisible characters, and every link inside leads to a place."""
    assert all(char == "\n" or char.isprintable() or char == "　" for char in text)
    for one in html(parsed(text)):
        for piece in one.strip().split("\n\n"):
            assert OURS.fullmatch(piece), piece
    ids = set(re.findall(r'<a id="([^"]+)"></a>', text))
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= ids
    ours = "".join(html(parsed(text)))
    assert ours.count("<details>") == ours.count("</details>")


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Trace]:
    """A load whose values and source try to break out of the document."""
    values = [made.value_record(0, Text(HOSTILE)), made.value_record(1, Text("x" * 500))]
    steps = [
        made.step(0, kind="call", event="call", line=1, changes=[Change("path", 0)]),
        made.step(1, line=5),
        made.step(2, line=6, changes=[Change("config", 0)]),
        made.step(3, line=7),
        made.step(4, line=8),
        made.step(5, line=8, kind="return", event="return", value=0, data={HOSTILE: HOSTILE}),
    ]
    head = made.meta_record(asked=HOSTILE, releases={"transformers": "5.0.0", "torch": HOSTILE})
    records = [head, made.source_record(text=SOURCE, path=HOSTILE), made.frame_record_of(0), *values]
    path = made.sealed(
        tmp_path, [*records, *map(made.step_record, steps), made.end_record(status=HOSTILE, error=HOSTILE)]
    )
    with open_trace(path) as trace:
        yield trace


def hostile_walkthrough() -> Walkthrough:
    words = {"en": WRITTEN, "zh": WRITTEN}
    text = {"en": f"| a | {{{{ path }}}} |\n|---|---|\n\n```python\nopen fence {WRITTEN}", "zh": WRITTEN}
    question = {
        "ask": words,
        "answers": [{"text": words, "because": words, "right": True}, {"text": words, "because": words}],
    }
    notes = [
        note({"function": "load", "statement": "config = read"}, id="a", stage="config", title=words, text=text,
             question=question, links=["b", "elsewhere"], covers=[{"function": "load"}]),
        note({"function": "load", "event": "return"}, id="b", stage="config", title=words, text=words),
        note({"function": "load", "whole": True}, id="c", stage="config", title=words, text=words),
        note({"function": "load"}, id="never", stage="peft", title=words, text=words, links=["a"]),
    ]  # fmt: skip
    return walkthrough(*notes, title=words, summary=words, prerequisites=["elsewhere"])


@pytest.mark.parametrize("lang", LANGS)
def test_the_document_is_sound_whatever_is_recorded(hostile: Trace, lang: Lang) -> None:
    text = document(hostile_walkthrough(), hostile, lang)
    assert_sound(text)
    assert len(headings(text)) == 1 + 2 + 3 + 1 + 1
    fences = [token for token in parsed(text) if token.type == "fence"]
    assert len([one for one in fences if one.info == "python"]) >= 4
    for table in (token for token in parsed(text) if token.type == "table_open"):
        assert table.map is not None


@pytest.mark.parametrize("lang", LANGS)
def test_the_document_is_sound_without_a_load(lang: Lang) -> None:
    text = document(hostile_walkthrough(), None, lang)
    assert_sound(text)
    assert "‹path›" in text
    assert len(headings(text)) == 1 + 1 + 4


def test_a_value_stays_whole_in_a_cell(hostile: Trace) -> None:
    text = document(hostile_walkthrough(), hostile)
    rows = [token for token in parsed(text) if token.type == "inline" and "script" in token.content and token.children]
    spans = [child.content for row in rows for child in row.children or [] if child.type == "code_inline"]
    assert any(one.startswith("`a` ``b`` |") for one in spans)


SPLIT = {
    "function": "get_class_from_dynamic_module",
    "statement": 'if "--" in class_reference',
    "through": "module_file, class_name = class_reference.split",
}


def told_lines(binder: Binder, anchor: Any, stage: str = "dynamic-class") -> list[str]:
    found = note_excerpt(binder, bound(binder, anchor, stage))
    assert found is not None
    return [re.sub(r"^(. )\d* *(?=\|)", r"\1", line) for line in code_lines(found, "en")]


def test_code_with_its_marks(binder: Binder) -> None:
    assert told_lines(binder, SPLIT) == [
        '> | if "--" in class_reference:',
        '- |     repo_id, class_reference = class_reference.split("--")',
        "  | else:",
        "  |     repo_id = pretrained_model_name_or_path",
        '  | module_file, class_name = class_reference.split(".")',
    ]


def test_a_whole_function_has_its_head_and_not_its_documentation(binder: Binder) -> None:
    lines = told_lines(binder, {"function": "check_imports", "whole": True})
    assert lines[0].startswith("  | def check_imports(filename")
    assert '"""' not in "\n".join(lines)
    assert any(re.fullmatch(r" +\| # … \d+ lines", line) for line in lines)
    assert any(re.fullmatch(r" +\| # … \d+ lines that did not run", line) for line in lines)
    assert not any(line.startswith(">") for line in lines)


def test_a_call_shows_the_head_of_the_function(binder: Binder) -> None:
    lines = told_lines(binder, {"function": "check_imports"})
    assert len(lines) == 1
    assert lines[0].startswith("  | def check_imports(filename")


def test_long_code_is_shortened(binder: Binder) -> None:
    found = note_excerpt(
        binder, bound(binder, {"function": "PreTrainedModel.from_pretrained", "whole": True}, "construct")
    )
    assert found is not None
    assert found.last - found.first > 200
    assert len(found.lines) < 45
    missing = sum(one.lines for one in found.lines if isinstance(one, ExcerptGap))
    shown = [one.number for one in found.lines if isinstance(one, ExcerptLine)]
    assert missing + len(shown) == found.last - found.first + 1
    assert shown == sorted(shown)
    assert (shown[0], shown[-1]) == (found.first, found.last)


def test_gaps_are_told_in_words() -> None:
    lines = [
        ExcerptLine(9, "    a", True),
        ExcerptGap(1, None),
        ExcerptGap(2, False),
        ExcerptLine(13, "    b", None),
        ExcerptGap(1, False),
    ]
    made_up = Excerpt("f", "g", 9, 14, [*lines])
    assert list(code_lines(made_up, "en")) == [
        "   9 | a",
        "     | # … 1 line",
        "     | # … 2 lines that did not run",
        "  13 | b",
        "     | # … 1 line that did not run",
    ]
    assert list(code_lines(made_up, "zh"))[2] == "     | # …… 另有 2 行没有执行"


def test_other_code_is_told_where_the_note_does_not_show_it(binder: Binder) -> None:
    also = [{"function": "check_imports"}, {"function": "get_class_from_dynamic_module", "statement": SPLIT["statement"]},
            {"function": "no_such"}, {"function": "check_imports", "releases": "<1"}]  # fmt: skip
    found = list(covered_excerpts(binder, bound(binder, SPLIT, covers=also)))
    assert [one.function for one in found] == ["check_imports"]


def test_values_before_and_after(binder: Binder) -> None:
    anchor = {**SPLIT, "statement": SPLIT["through"]}
    assert [tuple(one) for one in step_values(binder, bound(binder, anchor))] == [
        ("used", "class_reference", "configuration_chatglm.ChatGLMConfig"),
        ("made", "module_file", "configuration_chatglm"),
        ("made", "class_name", "ChatGLMConfig"),
    ]


def test_arguments_that_are_none_are_told_at_once(binder: Binder) -> None:
    found = step_values(binder, bound(binder, {"function": "get_cached_module_file"}))
    assert ("argument", "module_file", "configuration_chatglm.py") in [tuple(one) for one in found]
    empty = [one for one in found if one.value == "None"]
    assert len(empty) == 1
    assert {"cache_dir", "token", "revision"} <= {*empty[0].name.split(", ")}


def test_decisions_of_the_code(binder: Binder) -> None:
    made_here = step_decisions(binder, bound(binder, SPLIT))
    assert [(one.decision.condition, one.decision.outcome) for one in made_here] == [
        ('"--" in class_reference', "else")
    ]


def course_note() -> dict[str, Any]:
    return note(
        SPLIT,
        id="split",
        title={"en": "Split <it>", "zh": "拆分"},
        text={"en": "The reference is {{ class_reference }}.", "zh": "引用是 {{ class_reference }}，\n由两部分组成。"},
        question={
            "ask": {"en": "Which?", "zh": "哪个？"},
            "answers": [
                {"text": {"en": "One", "zh": "一"}, "because": {"en": "So it is.", "zh": "就是这样。"}, "right": True},
                {"text": {"en": "Two", "zh": "二"}, "because": {"en": "It is not.", "zh": "不是。"}},
            ],
        },
        links=["whole", "other", "other/split", "gone"],
    )


def course() -> tuple[Walkthrough, Walkthrough]:
    whole = note({"function": "check_imports", "whole": True}, id="whole", title={"en": "Imports", "zh": "导入"})
    never = note({"function": "PeftModel.forward"}, id="never", stage="peft", title={"en": "Never", "zh": "从不"})
    title = {"en": "The class", "zh": "动态类"}
    one = walkthrough(course_note(), whole, never, id="mine", title=title, order=8, prerequisites=["other"])
    return one, walkthrough(course_note(), id="other", title={"en": "The other", "zh": "另一篇"})


def test_the_document_of_a_load(demo: Trace) -> None:
    mine, other = course()
    text = document(mine, demo, other=other)
    assert_sound(text)
    assert headings(text) == [
        "The class", "Made from this load", "Contents", "1. Split &lt;it>", "2. Imports", "Does not apply to this load",
        "Never",
    ]  # fmt: skip
    for piece in (
        "*Part 8 of the course*",
        "Read first: “The other”.",
        "- **Model**: `<model>`",
        "2 of 3 apply to this load",
        "1. [Split &lt;it>](#split)",
        "The reference is `configuration_chatglm.ChatGLMConfig`.",
        '`if "--" in class_reference` → **no: else**',
        "no other repository is named: the code comes with the model itself",
        "<summary>Answer</summary>",
        "- **1 — right.** So it is.",
        "- **2 — wrong.** It is not.",
        "See also: [Imports](#whole), the walkthrough “The other”, “Split &lt;it>” in “The other”, gone",
        "This load never reached the stage PEFT.",
    ):
        assert piece in text, piece


def test_a_reason_is_told_once(demo: Trace) -> None:
    apart = [note({"function": function}, id=name, stage=stage) for name, function, stage in (
        ("a", "PeftModel.forward", "peft"), ("b", "PeftModel.forward", "peft"), ("c", "check_imports", "dynamic-class"),
        ("d", "PeftModel.generate", "generate"), ("e", "PeftModel.forward", "peft"),
    )]  # fmt: skip
    told = localize(walkthrough(*apart), {}, Binder(demo), "en")
    assert [told.reason(one, "en") for one in told.notes] == [
        "This load never reached the stage PEFT.",
        "For the same reason as the one before.",
        "",
        "This load never reached the stage Generation.",
        "This load never reached the stage PEFT.",
    ]
    assert document(walkthrough(*apart), demo).count("never reached the stage PEFT") == 2


def test_the_document_in_chinese(demo: Trace) -> None:
    mine, other = course()
    text = document(mine, demo, "zh", other=other)
    assert_sound(text)
    for piece in (
        "请先读：《另一篇》。",
        "引用是 `configuration_chatglm.ChatGLMConfig`，由两部分组成。",
        "→ **不成立，走 else**（",
        "- **1，正确。** 就是这样。",
        "另见：[导入](#whole)、导读《另一篇》、《另一篇》中的“拆分”、gone",
        "这次加载没有走到“PEFT”阶段。",
    ):
        assert piece in text, piece


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("width", [80, 60])
def test_the_terminal_shows_every_line_whole(demo: Trace, lang: Lang, width: int) -> None:
    mine, other = course()
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False)
    known = {"mine": mine, "other": other}
    console.print(walkthrough_article(localize(mine, known, Binder(demo), lang), demo, lang))
    console.print(walkthrough_list([mine, other], {"mine": 2, "other": 1}, lang))
    text = out.getvalue()
    assert "\x1b" not in text
    assert [line for line in text.splitlines() if cell_len(line) > width] == []
    assert "configuration_chatglm.ChatGLMConfig" in text
    assert {"en": "right: So it is.", "zh": "正确：就是这样。"}[lang] in text
    assert {"en": "Does not apply to this load: This load never reached", "zh": "不适用于这次加载：这次加载没有走到"}[
        lang
    ] in text
    assert "2/3" in text


def test_the_terminal_without_a_load() -> None:
    mine, other = course()
    out = io.StringIO()
    console = Console(file=out, width=80, highlight=False)
    console.print(
        walkthrough_article(localize(mine, {"other": other}, None, "en").only("split"), None, "en", head=False)
    )
    text = out.getvalue()
    assert "Note 1 of 3" in text
    assert "The reference is `‹class_reference›`." in text
    assert "Imports" in text  # the link to it
    assert "The class" not in text


@pytest.mark.parametrize("lang", LANGS)
def test_the_terminal_with_hostile_values(hostile: Trace, lang: Lang) -> None:
    out = io.StringIO()
    console = Console(file=out, width=80, highlight=False)
    console.print(walkthrough_article(localize(hostile_walkthrough(), {}, Binder(hostile), lang), hostile, lang))
    assert not {"\x1b", "\x0c", "‮"} & {*out.getvalue()}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("一行\n二行", "一行二行"),
        ("一行，\n`b`", "一行，`b`"),
        ("`b`\n，二", "`b`，二"),
        ("一， 二", "一，二"),
        ("一行\nword", "一行\nword"),
        ("一行：\n1. 项\n2. 项", "一行：\n1. 项\n2. 项"),
        ("- 项，\n- 项", "- 项，\n- 项"),
        ("a <b> `<c>`", "a &lt;b> `<c>`"),
        ("```\n<x>\n\n中\n文\n```", "```\n<x>\n\n中\n文\n```"),
        ("```\nopen", "```\nopen\n```"),
        ("~~~py\n```\nopen", "~~~py\n```\nopen\n~~~"),
        ("``` a ` b ``` <c>", "``` a ` b ``` &lt;c>"),
        ("- ```\n  <a>\n  ```\n- <b>", "- ```\n  <a>\n  ```\n- &lt;b>"),
        ("表：\n\n    甲   中\n    文 <a>\n\n完\n了 <b>", "表：\n\n    甲   中\n    文 <a>\n\n完了 &lt;b>"),
        ("- 项\n\n      <a>\n      文\n\n<b>", "- 项\n\n      <a>\n      文\n\n&lt;b>"),
        ("> ```\n> <a>\n> ```\n<b>", "> ```\n> <a>\n> ```\n&lt;b>"),
        ("tab\there\x07", "tab here\\x07"),
    ],
)
def test_a_writers_markdown(given: str, wanted: str) -> None:
    assert markdown.block(given) == wanted


def test_code_in_the_terminal_is_not_told_by_colour_alone() -> None:
    out = io.StringIO()
    text = "a `b` | `` c`d `` ``` `e` ```\n\n```\n`f`\n```\n\n| x |\n|---|\n| `y\\|z` |"
    Console(file=out, width=60).print(TerminalMarkdown(text))
    shown = out.getvalue()
    for piece in ("a `b` | `c`d` `e`", "`f`", "`y|z`"):
        assert piece in shown


def test_foreign_text_is_literal() -> None:
    said = MarkdownIt("commonmark").renderInline(markdown.literal("a*b* _c_ <d> [e](f) `g` &amp; \\h"))
    assert said == "a*b* _c_ &lt;d&gt; [e](f) `g` &amp;amp; \\h"


def test_a_block_of_code_can_not_be_ended_from_inside() -> None:
    tokens = parsed(markdown.fenced(["a", "````", "```` b"], "python"))
    assert [token.type for token in tokens] == ["fence"]
    assert tokens[0].content == "a\n````\n```` b\n"


@pytest.mark.parametrize("lang", [pytest.param(lang, marks=() if lang == "en" else pytest.mark.slow) for lang in LANGS])
def test_the_documents_of_the_course_are_sound(new_demo: Trace, lang: Lang) -> None:
    known, binder = library(), Binder(new_demo)
    assert len(known) > 15
    for one in known.values():
        told = localize(one, known, binder, lang)
        text = render_article(told, new_demo, lang)
        assert_sound(text)
        assert "{{" not in text.replace("{{{", "")
        sections = 3 + len(told.here) + (1 + len(told.elsewhere) if told.elsewhere else 0)
        assert len(headings(text)) == (sections if told.here else 2), one.id


@pytest.mark.parametrize("lang", LANGS)
def test_where_no_note_applies_one_sentence_says_so_and_a_way_out(demo: Trace, lang: Lang) -> None:
    never = [note({"function": "no_such"}, id=name, stage="peft") for name in ("a", "b")]
    for loads, way in (
        ({"demo": {}}, "glm-trace replay glm-4v-tiny.glmtrace --walkthrough 15"),
        ({"other": {"fixture": "broken/not-json"}}, "glm-trace walkthrough show 15"),
    ):
        mine = walkthrough(*never, id="mine", order=15, loads=loads)
        out = io.StringIO()
        told = localize(mine, {}, Binder(demo), lang)
        Console(file=out, width=300).print(walkthrough_article(told, demo, lang))
        for text in (out.getvalue(), document(mine, demo, lang)):
            assert text.count(way) == 1
            assert tr(lang, "Does not apply to this load") not in text
            assert "PEFT" not in text
        Console(file=out, width=300).print(walkthrough_article(told.only("a"), demo, lang, head=False))
        assert "PEFT" in out.getvalue()


@pytest.mark.parametrize("lang", LANGS)
def test_a_note_of_another_load_is_marked_and_has_no_values_of_this_one(demo: Trace, lang: Lang) -> None:
    text = {"en": "Here it is {{ class_reference }}.", "zh": "这里是 {{ class_reference }}。"}
    whole = [
        note(SPLIT, id="so", text=text, expect=[{"value": "class_reference", "is": "configuration_*"}]),
        note(SPLIT, id="otherwise", text=text, expect=[{"value": "class_reference", "is": "modeling_*"}]),
        note(SPLIT, id="hole", text={"en": "{{ class_reference }} {{ absent }}", "zh": "{{ absent }}"}),
    ]
    mine = walkthrough(*whole, id="mine")
    so, otherwise, hole = localize(mine, {}, Binder(demo), lang).notes
    assert so.example is None
    assert "`configuration_chatglm.ChatGLMConfig`" in so.text
    assert "`‹class_reference›`" in otherwise.text
    assert "`‹absent›`" in hole.text
    out = io.StringIO()
    Console(file=out, width=300).print(walkthrough_article(localize(mine, {}, Binder(demo), lang), demo, lang))
    for marked in (out.getvalue(), document(mine, demo, lang).replace("`", "")):
        assert marked.count("glm-4v-tiny") == 2
        assert {"en": "there is no absent", "zh": "没有 absent"}[lang] in marked
        assert "'configuration_chatglm.ChatGLMConfig'" in marked
