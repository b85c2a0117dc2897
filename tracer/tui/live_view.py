"""The screen of a load while it is recorded: its stages, counts, and what has happened so far."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Thread
from typing import Any, ClassVar, Final, Generic, NamedTuple, Protocol, TypeVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Static

from tracer.analysis.stage_summary import facts_of_step
from tracer.i18n import N_, NP_, Lang, tr
from tracer.text.visible import one_line, visible
from tracer.trace.steps import Step
from tracer.tui.crash_report import CrashReportingApp
from tracer.views.show import fact_text
from tracer.views.stages import stage_name

_FACTS: Final = 200  # kept; no screen shows more


class RunningLoad(Protocol):
    """A running load, as the process that watches it sees it."""

    steps: int
    fresh: list[Step]
    file: str | None
    outcome: Any

    @property
    def seconds(self) -> float: ...

    @property
    def tensors(self) -> int: ...


class StageSoFar(NamedTuple):
    stage: str
    steps: int
    seconds: float


class Happening(NamedTuple):
    step: int
    text: str
    trouble: bool


class Snapshot(NamedTuple):
    """A running load at one moment; it never changes."""

    steps: int = 0
    seconds: float = 0.0
    tensors: int = 0
    file: str | None = None
    stage: str | None = None
    ended: bool = False
    stages: tuple[StageSoFar, ...] = ()
    happenings: tuple[Happening, ...] = ()


class ProgressTracker:
    """Gathers the progress of a load; ``snapshot`` can be read from any thread."""

    def __init__(self, lang: Lang) -> None:
        self.snapshot = Snapshot()
        self._lang = lang
        self._stages: dict[str, list[float]] = {}
        self._happenings: deque[Happening] = deque(maxlen=_FACTS)
        self._said: set[tuple[str, str]] = set()
        self._before: Step | None = None

    def take(self, watched: RunningLoad) -> None:
        for step in watched.fresh:
            self._take(step)
        self.snapshot = Snapshot(
            watched.steps,
            watched.seconds,
            watched.tensors,
            watched.file,
            self._before.stage if self._before is not None else None,
            watched.outcome is not None,
            tuple(StageSoFar(stage, int(count), seconds) for stage, (count, seconds) in self._stages.items()),
            tuple(self._happenings),
        )

    def _take(self, step: Step) -> None:
        if self._before is not None:
            self._stages[self._before.stage][1] += (step.time - self._before.time) / 1e9
        self._stages.setdefault(step.stage, [0, 0.0])[0] += 1
        self._before = step
        for fact in facts_of_step(step):
            text = fact_text(fact, self._lang)
            if (step.stage, text) not in self._said:
                self._said.add((step.stage, text))
                self._happenings.append(Happening(step.number, text, fact.trouble))


_EVERY: Final = 0.1  # seconds
_SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

Result = TypeVar("Result")


class RecordingThread(Thread, Generic[Result]):
    """A thread for the recording, since Textual needs the main one."""

    def __init__(
        self, record: Callable[[Callable[[RunningLoad], None]], Result], tell: Callable[[RunningLoad], None]
    ) -> None:
        super().__init__(name="recording")
        self._record = record
        self._tell = tell
        self._result: list[Result] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._result.append(self._record(self._tell))
        except BaseException as error:  # ``result`` raises it again
            self._error = error

    def result(self) -> Result:
        """Wait for the end; return the result, or raise the error."""
        self.join()
        if self._error is not None:
            raise self._error
        return self._result[0]


def record_live(
    record: Callable[[Callable[[RunningLoad], None]], Result], interrupt: Callable[[], None], name: str, lang: Lang
) -> Result:
    """Record with the progress on the screen, and return the result when the recording is over.

    Args:
        record: does the recording; it is given a function to report the progress to.
        interrupt: asks the recording to end; called for each Ctrl-C or q.
        name: what is loaded.
        lang: the language to speak.
    """
    progress = ProgressTracker(lang)
    work = RecordingThread(record, progress.take)
    work.start()
    try:
        LiveView(work, progress, interrupt, name, lang).run()
    finally:
        if work.is_alive():  # the screen failed first, and with it the only way to end the load
            interrupt()
        work.join()
    return work.result()


class LiveView(CrashReportingApp):
    """The screen, which ends when the recording does."""

    CSS = """
    #head, #foot { height: 1; background: $panel; padding: 0 1; }
    #now { height: 1; padding: 0 1; color: $text-muted; }
    #body { height: 1fr; }
    #stages { width: 42; height: 100%; border: round $panel-lighten-2; padding: 0 1; }
    #happenings { width: 1fr; height: 100%; border: round $panel-lighten-2; padding: 0 1; }
    .-narrow #stages { width: 34; }
    """
    TITLE = "glm-trace"
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as Textual declares it
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "q,ctrl+c,ctrl+q", "interrupt", tr("en", "end the load and play what there is"), show=False, priority=True
        )
    ]

    def __init__(
        self, work: Thread, progress: ProgressTracker, interrupt: Callable[[], None], name: str, lang: Lang
    ) -> None:
        super().__init__()
        self._recording = work
        self._progress = progress
        self._interrupt = interrupt
        self._model = name
        self._lang: Lang = lang
        self._interrupted = False

    def report_language(self) -> Lang:
        return self._lang

    def compose(self) -> ComposeResult:
        yield Static(id="head")
        with Horizontal(id="body"):
            stages = Static(id="stages")
            stages.border_title = tr(self._lang, "Stages")
            yield stages
            happenings = Static(id="happenings")
            happenings.border_title = tr(self._lang, "What has happened")
            yield happenings
        yield Static(id="now")
        yield Static(id="foot")

    def on_mount(self) -> None:
        self._show_progress()
        self.set_interval(_EVERY, self._show_progress)

    def action_interrupt(self) -> None:
        """End the load; the second time, kill it."""
        self._interrupted = True
        self._interrupt()
        self._show_progress()

    def _show_progress(self) -> None:
        snapshot = self._progress.snapshot
        self.query_one("#head", Static).update(self._head(snapshot))
        self.query_one("#stages", Static).update(self._stages(snapshot))
        happenings = self.query_one("#happenings", Static)
        happenings.update(self._happenings(snapshot, max(happenings.size.height, 1)))
        file = tr(self._lang, "now at {file}", file=one_line(snapshot.file, 200)) if snapshot.file else ""
        self.query_one("#now", Static).update(Text(file, no_wrap=True, overflow="ellipsis"))
        self.query_one("#foot", Static).update(self._foot())
        if not self._recording.is_alive():
            self.exit()

    def _head(self, snapshot: Snapshot) -> Table:
        state = (
            N_("writing the trace")
            if snapshot.ended
            else N_("ending the load")
            if self._interrupted
            else N_("recording")
        )
        frame = _SPINNER[int(snapshot.seconds / _EVERY) % len(_SPINNER)]
        counts = [tr(self._lang, NP_("{count} step", "{count} steps"), count=f"{snapshot.steps:,}")]
        if snapshot.tensors:
            counts.append(tr(self._lang, NP_("{count} tensor", "{count} tensors"), count=f"{snapshot.tensors:,}"))
        counts.append(tr(self._lang, "{count} s", count=f"{snapshot.seconds:.1f}"))
        head = Table.grid(expand=True)
        head.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        head.add_column(no_wrap=True, justify="right")
        left = Text.assemble(("glm-trace  ", "bold"), (one_line(self._model, 60), "bold cyan"), "  ", f"{frame} ")
        head.add_row(left + Text(tr(self._lang, state)), Text(" · ".join(counts)))
        return head

    def _stages(self, snapshot: Snapshot) -> Table:
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(width=1)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        for item in snapshot.stages:
            current = item.stage == snapshot.stage and not snapshot.ended
            style = "bold" if current else ""
            name = Text(visible(stage_name(item.stage, self._lang)), style)
            seconds = Text(tr(self._lang, "{count} s", count=f"{item.seconds:.2f}"), "dim")
            table.add_row(Text("▶" if current else "✓", "cyan"), name, Text(f"{item.steps:,}", style), seconds)
        return table

    def _happenings(self, snapshot: Snapshot, height: int) -> Table | Text:
        if not snapshot.steps:
            return Text(tr(self._lang, "Starting Python and importing torch and transformers …"))
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(justify="right", style="dim", no_wrap=True, min_width=len(str(snapshot.steps)))
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        for item in snapshot.happenings[-height:]:
            table.add_row(str(item.step), Text(one_line(item.text, 300), "yellow" if item.trouble else ""))
        return table

    def _foot(self) -> Text:
        text = tr(
            self._lang,
            N_("The load was asked to end and has 10 seconds for it. Once more: kill it")
            if self._interrupted
            else N_("end the load and play what there is"),
        )
        return Text.assemble((" q ", "bold reverse"), " ", (" Ctrl-C ", "bold reverse"), f" {text}")
