"""``glm-trace walkthrough``: the course, shown with a load, checked against loads, and scaffolds for new ones."""

from __future__ import annotations

from tracer.cli.groups import lazy_group

app = lazy_group(
    "tracer.cli.walkthrough",
    ("list_", "show", "check", "new"),
    name="walkthrough",
    add_completion=False,
    help="Read the course with a load of your own, check it, write walkthroughs of your own.",
)
