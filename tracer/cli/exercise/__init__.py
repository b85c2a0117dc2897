"""``glm-trace exercise``: tasks in a folder of one's own, judged by recording what is in it."""

from __future__ import annotations

from tracer.cli.groups import lazy_group

app = lazy_group(
    "tracer.cli.exercise",
    ("list_", "start", "check", "watch", "hint", "solution", "reset", "progress", "validate"),
    name="exercise",
    add_completion=False,
    help="Repair and build models yourself: each task is judged by recording the load of your own files.",
)
