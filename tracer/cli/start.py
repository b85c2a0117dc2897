"""``glm-trace`` alone: what to do next, in this folder."""

from __future__ import annotations

from rich.cells import cell_len
from rich.console import Group
from rich.text import Text

from tracer.cli.arguments import newest_trace
from tracer.cli.console import print_result, results
from tracer.i18n import N_, Lang, Message, path_here, tr
from tracer.text.visible import visible
from tracer.text.wrapping import wrapped
from tracer.views.shell_commands import command_text, program


def print_start(lang: Lang) -> None:
    """Print the commands to try next: with the newest trace here, or how to get one."""
    newest = newest_trace()
    name = visible(path_here(newest)) if newest is not None else ""
    record: list[tuple[str, Message]] = [
        ("demo", N_("record a tiny GLM-4V, in a few seconds")),
        ("load MODEL", N_("record your own model: a directory or hub id")),
    ]
    look: list[tuple[str, Message]] = [
        ("replay", N_("play {name}, the newest trace here")),
        ("show", N_("print it, stage by stage")),
        ("why", N_("say why it failed, or what was unexpected")),
    ]
    learn: list[tuple[str, Message]] = [
        ("walkthrough list", N_("read the course")),
        ("--help", N_("every command")),
    ]
    rows = [*look, record[1], learn[1]] if newest is not None else [*record, *learn]
    commands = [command_text(f"{program()} {what}") for what, _ in rows]
    width = results().width
    remarks = [tr(lang, says, name=name) for _, says in rows]
    column = max(command.cell_len for command in commands) + 2
    beside = column + 2 + max(map(cell_len, remarks)) <= width
    lines = [Text(tr(lang, "glm-trace records how a Hugging Face model really loads, step by step.")), Text()]
    for command, remark in zip(commands, remarks, strict=True):
        command.stylize("bold")
        if beside:
            command.pad_right(column - command.cell_len)
            lines.append(command + Text(f"# {remark}", "dim"))
        else:
            lines += [Text(f"# {line}", "dim") for line in wrapped(remark, width - 2)]
            lines.append(command)
    print_result(Group(*lines))
