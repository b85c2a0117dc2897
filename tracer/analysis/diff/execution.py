"""Compare what ran: the functions called, the statements executed, the decisions, the ends of keyword arguments."""

from __future__ import annotations

import ast
import difflib
import sys
from collections.abc import Iterator
from typing import Final

from tracer.analysis.decisions.tracker import decisions
from tracer.analysis.diff.difference import Difference, Table, class_name, function_name, table_differences
from tracer.analysis.kwargs.paths import keyword_paths
from tracer.analysis.syntax import StatementLike, StatementNode, SyntaxTrees
from tracer.trace.reading import Trace
from tracer.trace.steps import Frame


def compare_calls(a: Trace, b: Trace) -> Iterator[Difference]:
    """Compare calls: functions called on one side only, then those called more often on one side."""
    mine, theirs = calls_by_function(a), calls_by_function(b)
    for name, frames in mine.items():
        if name not in theirs:
            yield Difference("calls", "call-only-a", name, len(frames), None, (_first_step(a, frames[0]), None))
    for name, frames in theirs.items():
        if name not in mine:
            yield Difference("calls", "call-only-b", name, None, len(frames), (None, _first_step(b, frames[0])))
    for name, frames in mine.items():
        others = theirs.get(name, frames)
        if len(frames) != len(others):
            steps = (_first_step(a, frames[0]), _first_step(b, others[0]))
            yield Difference("calls", "call-count", name, len(frames), len(others), steps)


def calls_by_function(trace: Trace) -> dict[str, list[Frame]]:
    """Return the frames of every stepped function."""
    found: dict[str, list[Frame]] = {}
    for frame in trace.frames():
        found.setdefault(function_name(frame.function), []).append(frame)
    return found


def _first_step(trace: Trace, frame: Frame) -> int | None:
    return next((step.number for step in trace.steps(frame=frame.number)), None)


_ALIKE: Final = 0.6  # at this ratio, two statements count as one that was rewritten
_MAX_PAIRED: Final = 40_000  # comparisons in one function; beyond, rewritten statements are not paired


class ExecutedStatements(dict[str, int]):
    """Statements by their text on one line, each with the first step that ran it.

    ``order`` is the first step outside the tokenizer's stage; functions that ran only there come last.
    """

    order = sys.maxsize


def compare_code(a: Trace, b: Trace) -> Iterator[Difference]:
    """Compare the functions that both loads called: statements rewritten, or run on one side only."""
    mine, theirs = executed_statements(a), executed_statements(b)
    for function in sorted(mine, key=lambda name: mine[name].order):
        if function in theirs:
            yield from _compare_function(function, mine[function], theirs[function])


def executed_statements(trace: Trace) -> dict[str, ExecutedStatements]:
    """Return the statements that ran, by function."""
    sources = SyntaxTrees(trace)
    nodes: dict[int, dict[int, StatementNode]] = {}
    frames: dict[int, Frame] = {}
    seen: set[tuple[str, int | None, int | None]] = set()
    found: dict[str, ExecutedStatements] = {}
    for step in trace.light_steps(kinds=["line"]):
        frame_number, source, line = step.frame, step.source, step.line
        if frame_number is None or line is None:
            continue
        frame = frames.get(frame_number)
        if frame is None:
            frame = frames[frame_number] = trace.frame(frame_number)
        place = (frame.function, source, line)
        if place in seen:
            continue
        seen.add(place)
        syntax = sources(source)
        function = syntax.function(frame) if syntax is not None else None
        if syntax is None or function is None:
            continue
        if id(function) not in nodes:
            nodes[id(function)] = syntax.statements_by_line(function)
        spot = nodes[id(function)].get(line)
        if spot is not None:
            statements = found.setdefault(function_name(frame.function), ExecutedStatements())
            statements.setdefault(header(spot.node), step.number)
            if step.stage not in ("processor", "tokenizer"):
                statements.order = min(statements.order, step.number)
    return found


def header(node: StatementLike) -> str:
    """Return a statement on one line; only the header of a compound one."""
    if isinstance(node, (ast.If, ast.While)):
        return f"{'if' if isinstance(node, ast.If) else 'while'} {_unparsed(node.test)}:"
    if isinstance(node, (ast.For, ast.AsyncFor)):
        return f"for {_unparsed(node.target)} in {_unparsed(node.iter)}:"
    if isinstance(node, (ast.With, ast.AsyncWith)):
        return f"with {', '.join(map(_unparsed, node.items))}:"
    if isinstance(node, ast.ExceptHandler):
        return f"except {_unparsed(node.type)}:" if node.type is not None else "except:"
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return f"def {node.name}(…):"
    if isinstance(node, ast.ClassDef):
        return f"class {node.name}:"
    if isinstance(node, ast.match_case):
        return f"case {_unparsed(node.pattern)}:"
    if isinstance(node, ast.Match):
        return f"match {_unparsed(node.subject)}:"
    if hasattr(node, "handlers"):
        return "try:"
    return _unparsed(node)


def _unparsed(node: ast.AST) -> str:
    try:
        return " ".join(ast.unparse(node).split())
    except (ValueError, RecursionError, AttributeError):
        return type(node).__name__


def _compare_function(function: str, mine: ExecutedStatements, theirs: ExecutedStatements) -> Iterator[Difference]:
    only_mine = [text for text in mine if text not in theirs]
    only_theirs = [text for text in theirs if text not in mine]
    pairs = _rewritten(only_mine, only_theirs)
    for text in only_mine:
        other = pairs.get(text)
        if other is not None:
            yield Difference("code", "rewritten", function, text, other, (mine[text], theirs[other]))
        else:
            yield Difference("code", "ran-only-a", function, text, None, (mine[text], None))
    taken = set(pairs.values())
    for text in only_theirs:
        if text not in taken:
            yield Difference("code", "ran-only-b", function, None, text, (None, theirs[text]))


def _rewritten(mine: list[str], theirs: list[str]) -> dict[str, str]:
    """Pair the statements that resemble each other most."""
    if len(mine) * len(theirs) > _MAX_PAIRED:
        return {}
    alike: list[tuple[float, int, int]] = []
    matcher = difflib.SequenceMatcher(autojunk=False)
    for j, other in enumerate(theirs):
        matcher.set_seq2(other)
        for i, text in enumerate(mine):
            matcher.set_seq1(text)
            if matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE:
                ratio = matcher.ratio()
                if ratio >= _ALIKE:
                    alike.append((ratio, i, j))
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in sorted(alike, key=lambda found: (-found[0], found[1], found[2])):
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return {mine[i]: theirs[j] for i, j in pairs.items()}


def compare_decisions(a: Trace, b: Trace) -> Iterator[Difference]:
    """Compare the outcomes of conditions that both loads evaluated."""
    mine, theirs = _outcomes(a), _outcomes(b)
    for place, (outcomes, step) in mine.items():
        if place in theirs and (there := theirs[place])[0].keys() != outcomes.keys():
            function, condition = place
            subject = f"{function}: {condition}"
            steps = _distinct_step(outcomes, there[0], step), _distinct_step(there[0], outcomes, there[1])
            yield Difference("decisions", "went-otherwise", subject, list(outcomes), list(there[0]), steps)


# Which branch ran instead depends only on how the code is written.
_COARSE: Final = {"after": "not-then", "else": "not-then", "elif": "not-then"}


def _outcomes(trace: Trace) -> dict[tuple[str, str], tuple[dict[str, int], int]]:
    """Return the outcomes of each condition with the first step of each, and the condition's first step."""
    found: dict[tuple[str, str], tuple[dict[str, int], int]] = {}
    for decision in decisions(trace):
        if decision.kind == "return" or decision.outcome == "unknown":
            continue  # a return follows from the condition that encloses it
        kind = "if" if decision.kind == "elif" else decision.kind
        place = (function_name(decision.function), f"{kind} {decision.condition}")
        outcome = _COARSE.get(decision.outcome, decision.outcome)
        found.setdefault(place, ({}, decision.step))[0].setdefault(outcome, decision.step)
    return found


def _distinct_step(outcomes: dict[str, int], others: dict[str, int], default: int) -> int:
    """Return the first step with an outcome that the other side does not have."""
    return next((step for outcome, step in outcomes.items() if outcome not in others), default)


def compare_keywords(a: Table, b: Table) -> Iterator[Difference]:
    """Compare the :func:`argument_outcomes` of both loads."""
    yield from table_differences("keywords", "keyword", a, b)


def argument_outcomes(trace: Trace) -> Table:
    """Return what became of each keyword argument of a load."""
    found: Table = {}
    for path in keyword_paths(trace):
        end = path.end
        where = function_name(class_name(end.where)) if end.where else None
        found.setdefault(path.name, ({"what": end.what, "where": where, "error": end.error}, end.step))
    return found
