"""``glm-trace exercise``: tasks in a folder of one's own, judged by recording what is in it."""

from __future__ import annotations

from tracer.cli.groups import lazy_group
from tracer.i18n import N_

app = lazy_group(
    "tracer.cli.exercise",
    {N_("Commands"): ("list_", "start", "check", "watch", "hint", "solution", "reset", "progress", "validate")},
    name="exercise",
    add_completion=False,
    examples=(
        ("exercise start", N_("the next exercise that is not solved")),
        ("exercise watch", N_("check it whenever a file is saved")),
        ("exercise hint", N_("a hint")),
    ),
    help="Repair and build models yourself: each task is judged by recording the load of your own files.",
)
