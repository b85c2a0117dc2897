"""The forward tab: its table at each width, layers and operators folded, NaN in red, and the boxes of the pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.support.made_passes import MadePass
from tests.tui.conftest import notifications, play, settled
from tracer.analysis.model_flow import Call, boxes, read_passes
from tracer.trace.reading import open_trace
from tracer.tui.player import Player
from tracer.tui.tabs.forward import FlowBox
from tracer.views.model_flow import draw_flow

NAN = {"at": "", "min": -1.0, "max": 2.0, "mean": 0.5, "nan": 3, "inf": 0}
FINE = {**NAN, "nan": 0}


@contextmanager
def playing(path: Path) -> Iterator[Player]:
    with open_trace(path) as trace:
        yield Player(trace, "en", 0)


def text_model(layers: int = 3, **more: Any) -> MadePass:
    """A pass of a model of so many layers alike; ``more`` is recorded at the end of each module."""
    made = MadePass()
    with made.call("", "TextForCausalLM", {"input_ids": [1, 4]}, {"logits": [1, 4, 16]}, **more):
        with made.call("model", "TextModel", {"input_ids": [1, 4]}, [1, 4, 8], **more):
            made.leaf("model.embed", "Embedding", [1, 4], [1, 4, 8], dtypes=("int64", "float32"), **more)
            for number in range(layers):
                path = f"model.layers.{number}"
                with made.call(path, "TextLayer", {"hidden_states": [1, 4, 8]}, [1, 4, 8], **more):
                    made.leaf(f"{path}.mlp", "Linear", [1, 4, 8], [1, 4, 8], **more)
            made.leaf("model.norm", "RMSNorm", [1, 4, 8], [1, 4, 8], **more)
        made.leaf("lm_head", "Linear", [1, 4, 8], [1, 4, 16], **more)
    return made


def cells(table: Any, index: int) -> list[str]:
    return [str(cell).strip() for cell in table.get_column_at(index)]


async def forward(pilot: Pilot[None]) -> Any:
    await pilot.press("5")
    await settled(pilot)
    await pilot.pause()
    return pilot.app.tabs.tab_shown()  # type: ignore[attr-defined]


def test_layers_alike_are_one_row_that_opens_to_each(tmp_path: Path) -> None:
    with playing(text_model(40).write(tmp_path)) as app:

        async def work(pilot: Pilot[None]) -> None:
            table = (await forward(pilot)).table
            assert cells(table, 1) == [
                "▾ (model)", "▾ model", "embed", "▸ layers 0–39 ×40", "norm", "lm_head",
            ]  # fmt: skip
            table.move_cursor(row=3)
            await pilot.press("right")
            assert cells(table, 1)[3:6] == ["▾ layers 0–39 ×40", "▸ 0", "▸ 1"]
            assert cells(table, 2)[3:5] == ["TextLayer", "TextLayer"]
            table.move_cursor(row=4)
            await pilot.press("right")
            assert cells(table, 1)[5] == "mlp"

        play(app, work)


def test_layers_that_differ_inside_are_not_folded_together(tmp_path: Path) -> None:
    made = MadePass()
    with made.call("", "Model", {"input_ids": [1, 4]}, [1, 4, 8]):
        for number in range(4):
            with made.call(f"layers.{number}", "Layer", {"x": [1, 4, 8]}, [1, 4, 8]):
                made.leaf(f"layers.{number}.mlp", "Dense" if number == 0 else "Experts", [1, 4, 8], [1, 4, 8])
    with playing(made.write(tmp_path)) as app:

        async def work(pilot: Pilot[None]) -> None:
            assert cells((await forward(pilot)).table, 1)[1:] == ["▸ layers.0", "▸ layers 1–3 ×3"]

        play(app, work)


def test_the_dtype_stands_where_it_changes(tmp_path: Path) -> None:
    with playing(text_model().write(tmp_path)) as app:

        async def work(pilot: Pilot[None]) -> None:
            flows = cells((await forward(pilot)).table, 3)
            assert flows[2:5] == ["1×4 → 1×4×8 f32", "1×4×8 → 1×4×8", "1×4×8 → 1×4×8"]

        play(app, work)


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
def test_module_class_and_shapes_need_no_scrolling(passing: Player, size: tuple[int, int]) -> None:
    async def work(pilot: Pilot[None]) -> None:
        table = (await forward(pilot)).table
        widths = [column.get_render_width(table) for column in table.ordered_columns]
        assert sum(widths[:4]) <= table.scrollable_content_region.width
        names = cells(table, 1)
        assert "▸ patch_embedding" in names  # whole
        flows = cells(table, 3)
        assert flows[names.index("▸ patch_embedding")] == "1×3×56×56 → 1×17×32"

    play(passing, work, size)


def test_operators_are_under_their_module(tmp_path: Path) -> None:
    made = MadePass()
    with made.call("", "Model", {"input": [2, 8]}, [2, 4]):
        made.operator("aten.mul.Tensor", [2, 8], [2, 8])
        made.operator("aten.add.Tensor", [2, 8], [2, 8])
        with made.call("head", "Linear", {"input": [2, 8]}, [2, 4]):
            made.operator("aten.addmm.default", [2, 8], [2, 4])
    with playing(made.write(tmp_path)) as app:

        async def work(pilot: Pilot[None]) -> None:
            table = (await forward(pilot)).table
            assert cells(table, 1) == ["▾ (model)", "▸ 2 operators", "▸ head"]
            assert cells(table, 3)[1] == "mul, add"
            table.move_cursor(row=2)
            await pilot.press("right", "up", "right")
            assert cells(table, 1) == [
                "▾ (model)", "▾ 2 operators", "aten.mul.Tensor", "aten.add.Tensor", "▾ head", "aten.addmm.default",
            ]  # fmt: skip
            assert cells(table, 3)[5] == "2×8 → 2×4"

        play(app, work)


def heads(table: Any) -> list[str]:
    return [str(column.label).strip() for column in table.ordered_columns]


def test_statistics_have_columns_and_nan_is_red(tmp_path: Path) -> None:
    made = text_model(statistics=[FINE])
    made.leaf("extra", "Linear", [1, 4], [1, 4], statistics=[NAN])
    with playing(made.write(tmp_path)) as app:

        async def work(pilot: Pilot[None]) -> None:
            table = (await forward(pilot)).table
            assert heads(table) == ["step", "module", "class", "in → out", "ms", "min", "max", "mean", "NaN, ∞"]
            assert [str(cell) for cell in table.get_row_at(0)[5:]] == ["-1", "2", "0.5", ""]
            last = table.get_row_at(table.row_count - 1)
            assert str(last[8]) == "3 NaN"
            assert "red" in str(last[1].spans)
            assert "red" not in str(table.get_row_at(0)[1].spans)

        play(app, work)


def test_folded_layers_are_red_for_one_of_them(tmp_path: Path) -> None:
    made = MadePass()
    with made.call("", "Model", {"x": [1, 8]}, [1, 8], statistics=[FINE]):
        for number, numbers in enumerate((FINE, NAN, FINE)):
            made.leaf(f"layers.{number}", "Linear", [1, 8], [1, 8], statistics=[numbers])
    with playing(made.write(tmp_path)) as app:

        async def work(pilot: Pilot[None]) -> None:
            table = (await forward(pilot)).table
            assert [str(cell) for cell in table.get_row_at(1)[1:3]] == [" ▸ layers 0–2 ×3", "Linear"]
            assert [str(cell) for cell in table.get_row_at(1)[5:]] == ["-1", "2", "", "3 NaN"]
            assert "red" in str(table.get_row_at(1)[1].spans)

        play(app, work)


def test_without_statistics_and_memory_there_are_no_columns_for_them(tmp_path: Path) -> None:
    with playing(text_model().write(tmp_path)) as app:

        async def work(pilot: Pilot[None]) -> None:
            assert heads((await forward(pilot)).table) == ["step", "module", "class", "in → out", "ms"]

        play(app, work)


@pytest.mark.parametrize(
    ("statistics", "step", "said"),
    [
        (NAN, 3, "first NaN or infinity: model.embed (Embedding) gives 3 NaN"),
        (FINE, 0, "No module gave NaN or infinity."),
        (None, 0, "record with --stats"),
    ],
)
def test_a_key_goes_to_the_first_nan(tmp_path: Path, statistics: Any, step: int, said: str) -> None:
    made = text_model(**({} if statistics is None else {"statistics": [statistics]}))
    with playing(made.write(tmp_path)) as app:

        async def work(pilot: Pilot[None]) -> None:
            await pilot.press("exclamation_mark")
            await settled(pilot)
            assert app.state.number == step
            assert any(said in text for text in await notifications(pilot))

        play(app, work)


def test_the_first_nan_is_told_to_those_who_have_gone_on(tmp_path: Path) -> None:
    with playing(text_model(statistics=[NAN]).write(tmp_path)) as app:

        async def work(pilot: Pilot[None]) -> None:
            app.action_not_finite()
            app.go(1)
            await settled(pilot)
            assert app.state.number == 1
            assert any("first NaN" in text for text in await notifications(pilot))

        play(app, work)


def test_a_key_says_that_there_is_no_pass(player: Any) -> None:
    app = player(start=0)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("exclamation_mark")
        await settled(pilot)
        assert any("no pass" in text for text in await notifications(pilot))

    play(app, work)


def drawn(path: Path, width: int = 60) -> str:
    with open_trace(path) as trace:
        root = next(part for part in read_passes(trace) if isinstance(part, Call))
    return "\n".join(part.lines.plain for part in draw_flow(root, boxes(root), width, "en"))


def test_the_boxes_go_from_the_inputs_to_the_logits(tmp_path: Path) -> None:
    assert (
        drawn(text_model(12).write(tmp_path))
        == """\
modules in the order of their calls
╭ input_ids ─╮
│ 1×4        │
╰────────────╯
  ↓
╭ model TextModel ───────────────────╮
│ 1×4 → 1×4×8                        │
│   embed            1×4 → 1×4×8 f32 │
│   layers 0–11 ×12  1×4×8 → 1×4×8   │
│   norm             1×4×8 → 1×4×8   │
╰────────────────────────────────────╯
  ↓
╭ lm_head Linear ────────────────────╮
│ 1×4×8 → 1×4×16                     │
╰────────────────────────────────────╯
  ↓
╭ logits ─╮
│ 1×4×16  │
╰─────────╯"""
    )


def test_encoder_and_decoder_have_a_box_each(tmp_path: Path) -> None:
    made = MadePass()
    states = {"encoder_hidden_states": [1, 6, 8]}
    with made.call("", "Seq2Seq", {"input_ids": [1, 6], "decoder_input_ids": [1, 1]}, {"logits": [1, 1, 16]}):
        for tower, takes in (("encoder", {"input_ids": [1, 6]}), ("decoder", {"input_ids": [1, 1], **states})):
            with made.call(tower, "Stack", takes, [1, 1, 8]):
                for number in range(2):
                    with made.call(f"{tower}.block.{number}", "Block", {"x": [1, 1, 8]}, [1, 1, 8]):
                        made.leaf(f"{tower}.block.{number}.ff", "Linear", [1, 1, 8], [1, 1, 8])
        made.leaf("lm_head", "Linear", [1, 1, 8], [1, 1, 16])
    lines = drawn(made.write(tmp_path)).splitlines()
    assert [line.split()[1] for line in lines if line.startswith("╭")] == [
        "input_ids", "encoder", "decoder", "lm_head", "logits",
    ]  # fmt: skip
    assert any("input_ids 1×1, encoder_hidden_states 1×6×8 → 1×1×8" in line for line in lines)
    assert sum("block 0–1 ×2" in line for line in lines) == 2


def test_the_experts_of_a_layer_are_told_with_the_tokens_that_each_got(tmp_path: Path) -> None:
    made = MadePass()
    with made.call("", "Mixture", {"input_ids": [1, 8]}, {"logits": [1, 8, 16]}):
        for layer in range(2):
            above = f"layers.{layer}"
            with (
                made.call(above, "Layer", {"x": [1, 8, 4]}, [1, 8, 4]),
                made.call(f"{above}.moe", "Sparse", {"x": [1, 8, 4]}, [1, 8, 4]),
            ):
                made.leaf(f"{above}.moe.gate", "Linear", [8, 4], [8, 4])
                for expert, tokens in ((0, 5 + layer), (2, 2), (3, 9)):
                    with made.call(f"{above}.moe.experts.{expert}", "Expert", {"x": [tokens, 4]}, [tokens, 4]):
                        made.leaf(f"{above}.moe.experts.{expert}.w1", "Linear", [tokens, 4], [tokens, 4])
    text = drawn(made.write(tmp_path))
    assert "layers 0–1 ×2" in text
    assert "layers.0.moe" in text
    assert "experts 0…3 ×3  2–9×4 → 2–9×4" in text


def test_a_pass_that_raised_ends_there(tmp_path: Path) -> None:
    made = MadePass()
    with (
        made.call("", "Model", {"input_ids": [1, 4]}, raised="ValueError"),
        made.call("head", "Linear", {"input": [1, 4]}, raised="ValueError"),
    ):
        pass
    text = drawn(made.write(tmp_path))
    assert "│ 1×4 → raised ValueError" in text
    assert text.splitlines()[-1] == " raised ValueError"


@pytest.mark.parametrize("width", [9, 30, 44, 200])
def test_no_line_of_the_boxes_is_wider_than_the_room(passing: Player, width: int) -> None:
    root = next(part for part in read_passes(passing.state.trace) if isinstance(part, Call))
    for lang in ("en", "zh"):
        for part in draw_flow(root, boxes(root), width, lang):
            if part.step is not None:
                assert all(line.cell_len <= max(width, 12) for line in part.lines.split("\n"))


def test_the_boxes_stand_beside_the_table_where_there_is_room(passing: Player) -> None:
    async def work(pilot: Pilot[None]) -> None:
        tab = await forward(pilot)
        assert tab.table.display
        assert tab.flow.display
        assert tab.table.has_focus
        steps = [option.step for option in tab.flow.options if isinstance(option, FlowBox) and option.step is not None]
        assert len(steps) > 8
        await pilot.press("F")
        await settled(pilot)
        assert tab.flow.has_focus
        await pilot.press("end", "up", "enter")
        await settled(pilot)
        assert passing.state.number == steps[-2]
        chosen = tab.flow.options[tab.flow.highlighted]
        assert isinstance(chosen, FlowBox)
        assert chosen.step == steps[-2]
        await pilot.press("F")
        await settled(pilot)
        assert tab.table.has_focus

    play(passing, work, (120, 36))


def test_the_boxes_are_those_of_the_pass_at_the_step(passing: Player) -> None:
    roots = [part.step for part in read_passes(passing.state.trace) if isinstance(part, Call)]

    async def work(pilot: Pilot[None]) -> None:
        tab = await forward(pilot)
        for root in (roots[-1], roots[0]):
            passing.go(root)
            shown: list[int | None] = []
            for _ in range(200):  # they are drawn a moment later
                await pilot.pause(0.02)
                shown = [option.step for option in tab.flow.options if isinstance(option, FlowBox)]
                if root in shown:
                    break
            assert next(step for step in shown if step is not None) == root
            assert shown[tab.flow.highlighted] == root

    assert len(roots) > 1
    play(passing, work)


def test_where_there_is_little_room_a_key_shows_the_boxes(passing: Player) -> None:
    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("F")
        await settled(pilot)
        tab = passing.tabs.tab_shown()
        assert tab.table.has_focus
        assert not tab.flow.display
        await pilot.press("F")
        await settled(pilot)
        assert tab.flow.has_focus
        assert not tab.table.display
        assert tab.flow.size.width > 70
        await pilot.press("F")
        await settled(pilot)
        assert tab.table.has_focus
        assert not tab.flow.display

    play(passing, work, (80, 24))
