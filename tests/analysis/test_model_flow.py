"""The passes of a trace: the line of what went in and came out, and the first NaN or infinity."""

from __future__ import annotations

from pathlib import Path

from tests.data.demo.store import unpack
from tests.support.made_passes import MadePass
from tests.trace import made
from tracer.analysis.diagnosis import diagnose
from tracer.analysis.model_flow import has_statistics, not_finite
from tracer.analysis.stage_summary import summarize_stages
from tracer.trace.reading import open_trace
from tracer.views.model_flow import flow_line
from tracer.views.show import fact_text


def line_of(path: Path, lang: str = "en") -> tuple[str, int] | None:
    with open_trace(path) as trace:
        return flow_line(trace, "zh" if lang == "zh" else "en")


def test_the_line_of_a_pass_goes_from_pixels_and_tokens_to_logits(tmp_path: Path) -> None:
    path = unpack("pass-5.23.0", tmp_path)
    with open_trace(path) as trace:
        first = next(trace.steps(kinds=["module-entered"])).number
    assert line_of(path) == ("images 1×3×56×56 + input_ids 1×32 → logits 1×35×320", first)


def test_masks_and_positions_are_no_part_of_the_line(tmp_path: Path) -> None:
    pass_ = MadePass()
    takes = {"input_ids": [1, 4], "attention_mask": [1, 4], "position_ids": [1, 4], "pixel_values": [2, 3, 8, 8]}
    with pass_.call("", "Model", takes, {"past_key_values": [1, 2, 4, 8], "logits": [1, 4, 16]}):
        pass
    assert line_of(pass_.write(tmp_path)) == ("pixel_values 2×3×8×8 + input_ids 1×4 → logits 1×4×16", 0)


def test_a_pass_that_failed_or_was_cut_off_says_so(tmp_path: Path) -> None:
    pass_ = MadePass()
    with pass_.call("", "Model", {"input_ids": [1, 4]}, None, raised="RuntimeError"):
        pass
    assert line_of(pass_.write(tmp_path)) == ("input_ids 1×4 → raised RuntimeError", 0)
    del pass_.records[-1]
    assert line_of(pass_.write(tmp_path)) == ("input_ids 1×4 → the pass did not end", 0)


def test_a_load_without_a_pass_has_no_line(tmp_path: Path) -> None:
    assert line_of(made.sealed(tmp_path)) is None


def test_the_calls_with_nan_and_infinity_come_in_the_order_of_their_ends(tmp_path: Path) -> None:
    pass_ = MadePass()
    bad = {"at": "", "min": 0.0, "max": 1.0, "mean": 0.5, "nan": 3, "inf": 1}
    with pass_.call("", "Model", {"input_ids": [1, 4]}, [1, 4, 16], statistics=[bad]):
        pass_.leaf("norm", "RMSNorm", [1, 4, 8], [1, 4, 8], statistics=[{**bad, "nan": 0, "inf": 0}])
        pass_.leaf("head", "Linear", [1, 4, 8], [1, 4, 16], statistics=[bad])
    with open_trace(pass_.write(tmp_path)) as trace:
        assert [(one.step, one.path, one.class_, one.nan, one.inf) for one in not_finite(trace)] == [
            (4, "head", "Linear", 3, 1),
            (5, "", "Model", 3, 1),
        ]
        assert has_statistics(trace)
    with open_trace(unpack("pass-5.23.0", tmp_path)) as trace:
        assert not has_statistics(trace)


def test_show_and_why_name_the_module_that_first_gave_nan(tmp_path: Path) -> None:
    pass_ = MadePass()
    bad = {"at": "", "min": 0.0, "max": 1.0, "mean": 0.5, "nan": 3, "inf": 1}
    with pass_.call("", "Model", {"input_ids": [1, 4]}, [1, 4, 16], statistics=[bad]):
        pass_.leaf("head", "Linear", [1, 4, 8], [1, 4, 16], statistics=[bad])
    with open_trace(pass_.write(tmp_path)) as trace:
        [summary] = summarize_stages(trace)
        told = [(fact.step, fact_text(fact, "en")) for fact in summary.facts if fact.what == "not-finite"]
        assert told == [(2, "first NaN or infinity: head (Linear) gives 3 NaN, 1 ∞")]
        [surprise] = [one for one in diagnose(trace).surprises if one.kind == "not-finite"]
        assert [one.step for one in surprise.chain] == [2]
        assert surprise.values["name"] == "head"
