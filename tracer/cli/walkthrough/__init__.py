"""``glm-trace walkthrough``: the course, shown with a load, checked against loads, and scaffolds for new ones."""

from __future__ import annotations

from tracer.cli.groups import lazy_group
from tracer.i18n import N_

app = lazy_group(
    "tracer.cli.walkthrough",
    {N_("Commands"): ("list_", "show", "check", "new")},
    name="walkthrough",
    add_completion=False,
    examples=(
        ("walkthrough list", N_("the course")),
        ("walkthrough show 1 FILE", N_("its first part, with the values of your own load")),
        ("replay FILE --walkthrough 1", N_("the same beside the code, in the player")),
    ),
    help="Read the course with a load of your own, check it, write walkthroughs of your own.",
)
