"""The player's key bindings, by theme, and the keys that a user has chosen instead of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec
from textual.app import App
from textual.binding import Binding, BindingsMap
from textual.keys import Keys, key_to_character

from tracer.i18n import N_, NC_, Message, Sentence, reason_of, tr
from tracer.text.visible import one_line, visible

TYPED_INTO: Final = ("search", "goto")
"""Actions that open a screen to type in. Their keys have priority over those of a pane: the pane would put the keys
that follow into its own queue before the screen is there."""

KEY_LABELS: Final[dict[str, Message]] = {
    "source": N_("back to the source"),
    "next": N_("next"),
    "previous": N_("back"),
    "over": N_("over"),
    "over-back": N_("over, back"),
    "into": N_("into"),
    "into-back": N_("into, back"),
    "out": NC_("key", "out"),
    "caller": N_("to the caller"),
    "first": N_("first step"),
    "last": N_("last step"),
    "next-stage": N_("next stage"),
    "previous-stage": N_("previous stage"),
    "next-load": N_("next load"),
    "previous-load": N_("previous load"),
    "next-decision": N_("next decision that explains the load"),
    "previous-decision": N_("previous one that explains the load"),
    "next-any-decision": N_("next decision of all"),
    "previous-any-decision": N_("previous decision of all"),
    "next-change": N_("next change of the variable"),
    "previous-change": N_("previous change of the variable"),
    "next-line": N_("next run of this line"),
    "previous-line": N_("previous run of this line"),
    "turns": N_("turns of the loop"),
    "next-turn": N_("next turn of the loop"),
    "previous-turn": N_("previous turn of the loop"),
    "next-note": N_("next note"),
    "previous-note": N_("previous note"),
    "answer": N_("answer the note's question"),
    "scroll-note": N_("rest of the note"),
    "scroll-note-back": N_("note, back"),
    "next-hit": N_("next hit"),
    "previous-hit": N_("previous hit"),
    "search": N_("search"),
    "jump-back": N_("back to where you jumped from"),
    "jump-forth": N_("forward again"),
    "goto": N_("go to step"),
    "bookmark": N_("bookmark"),
    "next-bookmark": N_("next bookmark"),
    "breakpoint": N_("breakpoint"),
    "run": N_("run to breakpoint"),
    "run-back": N_("run back to breakpoint"),
    "play": N_("play"),
    "faster": N_("faster"),
    "slower": N_("slower"),
    "sort": N_("sort the table by the next column"),
    "everything": N_("decisions of this function / of the load"),
    "flow": N_("the pass as boxes / as a table"),
    "not-finite": N_("first NaN or infinity of the pass"),
    "zoom": N_("zoom"),
    "tab-overview": N_("overview"),
    "tab-notes": N_("notes"),
    "tab-decisions": N_("decisions"),
    "tab-kwargs": N_("kwargs"),
    "tab-weights": N_("weights"),
    "tab-forward": N_("forward"),
    "tab-tokens": N_("tokens"),
    "tab-why": N_("why"),
    "language": N_("中文"),
    "copy": N_("copy step"),
    "save": N_("save screen as SVG"),
    "value": N_("open the value"),
    "pin": N_("pin or unpin the variable"),
    "theme": N_("theme"),
    "help": N_("help"),
    "quit": N_("quit"),
}
"""What each binding does, by its id."""

DESCRIPTIONS: Final[dict[str, Message]] = {
    "source": N_("focus the code"),
    "next": N_("one step, into every call"),
    "previous": N_("one step back"),
    "over": N_("the next statement of this function"),
    "over-back": N_("the statement of this function before"),
    "into": N_("into the function that is called next"),
    "into-back": N_("back into the function that was called last"),
    "out": N_("to where this function has returned"),
    "caller": N_("to the statement that called this function"),
    "first": N_("where the recording begins"),
    "last": N_("where the recording ends"),
    "next-stage": N_("configuration, trust, weights …"),
    "previous-stage": N_("to the stage before"),
    "next-load": N_("where a trace has several"),
    "previous-load": N_("where a trace has several"),
    "next-decision": N_("which way the load went, and why"),
    "next-any-decision": N_("every if, loop and return"),
    "next-change": N_("of the variable that is chosen"),
    "previous-change": N_("of the variable that is chosen"),
    "next-line": N_("the next time that it runs"),
    "previous-line": N_("the last time that it ran"),
    "turns": N_("choose one of them"),
    "next-note": N_("read the walkthrough on, from here"),
    "previous-note": N_("read the walkthrough back"),
    "next-hit": N_("of the last search"),
    "previous-hit": N_("of the last search"),
    "search": N_("functions, files, variables, values, modules, tensors, messages"),
    "goto": N_("by its number"),
    "bookmark": N_("set one at this step, or remove it"),
    "breakpoint": N_("set one at this line, or remove it"),
    "run": N_("forwards to the next line that has one"),
    "run-back": N_("backwards to the last line that has one"),
    "play": N_("step by itself; stop"),
    "faster": N_("play at twice the speed"),
    "slower": N_("play at half the speed"),
    "zoom": N_("the tabs alone, or the code above them"),
    "tab-overview": N_("the load on one page"),
    "tab-notes": N_("the walkthroughs about this load"),
    "tab-decisions": N_("which way the load went at each choice"),
    "tab-kwargs": N_("what became of each argument"),
    "tab-weights": N_("where each parameter came from"),
    "tab-forward": N_("the pass, module by module, with shapes"),
    "tab-tokens": N_("the tokens that were generated"),
    "tab-why": N_("why it failed, or what was unexpected"),
    "language": N_("the other language"),
    "copy": N_("as text, to the clipboard"),
    "save": N_("into this folder"),
    "value": N_("of the variable that is chosen, at full length"),
    "theme": N_("dark or light"),
    "help": N_("every key"),
    "quit": N_("leave the player"),
}
"""One line about what a label of :data:`KEY_LABELS` leaves open, for the palette."""

GROUP_LABELS: Final[dict[str, Message]] = {
    "panes": N_("Getting around"),
    "tables": N_("Tables"),
    "moving": N_("Moving"),
    "jumping": N_("Jumping"),
    "marks": N_("Marks and playing"),
    "rest": N_("Everything else"),
}


def _bind(name: str, keys: str, *, action: str = "") -> Binding:
    """Bind keys to the action of this name."""
    priority = name == "save" or name in TYPED_INTO
    description = tr("en", KEY_LABELS[name])
    return Binding(keys, action or name.replace("-", "_"), description, show=False, priority=priority, id=name)


def _tabs(*names: str) -> Iterable[Binding]:
    return (_bind(f"tab-{name}", str(number), action=f"open_tab('{name}')") for number, name in enumerate(names))


GROUPS: Final[dict[str, tuple[Binding, ...]]] = {
    "panes": (_bind("source", "escape"),),
    "moving": (
        _bind("next", "right,l"),
        _bind("previous", "left,h"),
        _bind("over", "down,j"),
        _bind("over-back", "up,k"),
        _bind("into", "i"),
        _bind("into-back", "I"),
        _bind("out", "o"),
        _bind("caller", "u"),
        _bind("first", "home,g"),
        _bind("last", "end,G"),
    ),
    "jumping": (
        _bind("next-note", "w"),
        _bind("previous-note", "W"),
        _bind("answer", "x"),
        _bind("scroll-note", "pagedown"),
        _bind("scroll-note-back", "pageup"),
        _bind("next-stage", "right_square_bracket,S"),
        _bind("previous-stage", "left_square_bracket,A"),
        _bind("next-load", "right_curly_bracket"),
        _bind("previous-load", "left_curly_bracket"),
        _bind("next-decision", "d"),
        _bind("previous-decision", "D"),
        _bind("next-any-decision", "ctrl+d"),
        _bind("previous-any-decision", "ctrl+u"),
        _bind("next-change", "c"),
        _bind("previous-change", "C"),
        _bind("next-line", "e"),
        _bind("previous-line", "E"),
        _bind("turns", "asterisk"),
        _bind("next-turn", "greater_than_sign"),
        _bind("previous-turn", "less_than_sign"),
        _bind("search", "slash,f"),
        _bind("next-hit", "n"),
        _bind("previous-hit", "N"),
        _bind("not-finite", "exclamation_mark"),
        _bind("goto", "colon,t"),
        _bind("jump-back", "backspace,comma,ctrl+o"),
        _bind("jump-forth", "full_stop"),
    ),
    "marks": (
        _bind("bookmark", "m"),
        _bind("next-bookmark", "apostrophe"),
        _bind("breakpoint", "b"),
        _bind("run", "r"),
        _bind("run-back", "R"),
        _bind("play", "space"),
        _bind("faster", "plus,equals_sign"),
        _bind("slower", "minus"),
    ),
    "tables": (
        *_tabs("overview", "notes", "decisions", "kwargs", "weights", "forward", "tokens", "why"),
        _bind("everything", "a"),
        _bind("sort", "s"),
        _bind("flow", "F"),
        _bind("zoom", "z"),
    ),
    "rest": (
        _bind("value", "v"),
        _bind("pin", "p"),
        _bind("copy", "y"),
        _bind("save", "ctrl+s"),
        _bind("language", "L"),
        _bind("theme", "T"),
        _bind("help", "question_mark"),
        _bind("quit", "q"),
    ),
}
"""Every binding of the player, under the theme that the help lists it in."""

BINDINGS: Final[tuple[Binding, ...]] = tuple(binding for group in GROUPS.values() for binding in group)


class PaneKey(NamedTuple):
    """Keys that a pane or Textual itself binds, which the user can't choose."""

    keys: tuple[str, ...]
    label: Message


FOUND_FIRST: Final = (
    PaneKey(("tab",), N_("to the next pane")),
    PaneKey(("enter",), N_("open what is chosen, or go to its step")),
    PaneKey((App.COMMAND_PALETTE_BINDING,), N_("every command and place, by its name")),
)
"""What the help lists before everything else."""
MOUSE: Final = N_("mouse"), N_("go there; on a line number: breakpoint")

_ROWS: Final = PaneKey(("up", "down"), N_("row"))
_GO: Final = PaneKey(("enter",), N_("go"))
_FOLD: Final = PaneKey(("space",), N_("fold"))
_OPEN: Final = PaneKey(("enter",), N_("open"))
_SCROLL: Final = PaneKey(("up", "down"), N_("scroll"))
_PANE: Final = PaneKey(("tab",), N_("pane"))
_PALETTE: Final = PaneKey((App.COMMAND_PALETTE_BINDING,), N_("find anything"))
_LAST: Final = "help", "quit"

HINTS: Final[dict[str, tuple[str | PaneKey, ...]]] = {
    "source": (
        "next", "previous", "over", "next-note", "next-stage", "next-decision", "search", _PALETTE, _PANE,
        "jump-back", "play", "zoom", "language", *_LAST,
    ),
    "variables": (_ROWS, _OPEN, "next-change", "value", "source", "pin", "previous-change", *_LAST),
    "calls": (_ROWS, _GO, _FOLD, "source", *_LAST),
    "table": (_ROWS, _GO, "source", "sort", "jump-back", "zoom", *_LAST),
    "forward": (_ROWS, _GO, _FOLD, "source", "flow", "not-finite", "sort", "jump-back", "zoom", *_LAST),
    "flow": (_ROWS, _GO, "source", "flow", "not-finite", "jump-back", "zoom", *_LAST),
    "folding-table": (_ROWS, _GO, _FOLD, "source", "sort", "jump-back", "zoom", *_LAST),
    "decisions": (_ROWS, _GO, "source", "everything", "sort", "jump-back", "zoom", *_LAST),
    "overview": (_ROWS, _GO, "source", "next-note", "next-decision", "search", _PALETTE, _PANE, "language", *_LAST),
    "note": ("next-note", "scroll-note", "source", "answer", _GO, "next", "previous", "jump-back", "zoom", *_LAST),
    "contents": (_ROWS, _OPEN, "source", "next-note", "zoom", *_LAST),
    "answers": (_ROWS, PaneKey(("enter",), N_("answer")), "source", "next-note", "zoom", *_LAST),
    "text": (_SCROLL, _PANE, "source", "zoom", *_LAST),
}  # fmt: skip
"""What is shown at the foot of the screen while a widget with such ``hints`` has the focus, the most used first."""

HINT_LABELS: Final[dict[str, Message]] = {
    "source": N_("source"),
    "answer": N_("answer"),
    "scroll-note": N_("scroll"),
    "next-decision": N_("next decision"),
    "next-change": N_("next change"),
    "previous-change": N_("previous change"),
    "value": N_("value"),
    "pin": N_("pin"),
    "sort": N_("sort"),
    "flow": N_("boxes"),
    "not-finite": N_("first NaN"),
    "everything": N_("all / those that explain"),
    "jump-back": N_("jump back"),
}
"""Shorter labels than those of :data:`KEY_LABELS`, where there is no room for more."""

_SIGNS: Final = {
    "right": "→", "left": "←", "down": "↓", "up": "↑", "home": "Home", "end": "End", "space": "␣", "slash": "/",
    "right_curly_bracket": "}", "left_curly_bracket": "{",
    "right_square_bracket": "]", "left_square_bracket": "[", "colon": ":", "apostrophe": "'", "question_mark": "?",
    "exclamation_mark": "!", "plus": "+", "minus": "-", "equals_sign": "=", "pagedown": "PgDn", "pageup": "PgUp",
    "backspace": "⌫", "escape": "Esc", "enter": "Enter", "tab": "Tab",
}  # fmt: skip
_MODIFIERS: Final = ("ctrl", "alt", "shift", "super")


class Keymap(NamedTuple):
    """The keys that a user has chosen.

    Attributes:
        chosen: for the id of a binding its keys, as Textual's ``set_keymap`` takes them.
        problems: what is wrong with the file, a sentence each; what they are about keeps its own keys.
    """

    chosen: Mapping[str, str] = MappingProxyType({})
    problems: Sequence[Sentence] = ()

    def keys(self, binding: Binding) -> list[str]:
        """Return the keys of a binding: those chosen for it, else its own that no other binding has been given."""
        chosen = self.chosen.get(binding.id or "")
        if chosen is not None:
            return chosen.split(",")
        taken = {key for keys in self.chosen.values() for key in keys.split(",")}
        return [key for key in binding.key.split(",") if key not in taken]

    def key(self, name: str) -> str:
        """Return the first key of an action as a keyboard has it, for a sentence that names it.

        An action without a key is in the command palette, so its key is returned then.
        """
        [binding] = (binding for binding in BINDINGS if binding.id == name)
        return displayed(self.keys(binding)[:1] or [App.COMMAND_PALETTE_BINDING])


def displayed(keys: Iterable[str]) -> str:
    """Return keys as they are printed on a keyboard."""
    return " ".join(map(_displayed, keys))


def _displayed(key: str) -> str:
    *modifiers, name = key.split("+")
    if modifiers == ["ctrl"] and len(name) == 1:
        return f"^{name.upper()}"
    return "+".join((*modifiers, _SIGNS.get(name) or key_to_character(name) or name))


def keymap_file() -> Path:
    """Return where a user can choose other keys."""
    import platformdirs  # not for a player that is given its keys

    return platformdirs.user_config_path("glm-trace") / "keys.json"


def load_keymap(file: Path | None = None) -> Keymap:
    """Read the keys that a user has chosen; there need not be any."""
    file = file or keymap_file()
    try:
        read = msgspec.json.decode(file.read_bytes(), type=dict[str, str | list[str]])
    except FileNotFoundError:
        return Keymap()
    except OSError as error:
        why = reason_of(error)
        return Keymap(problems=[Sentence(N_("{file} can't be read: {why}."), file=visible(str(file)), why=why)])
    except (msgspec.MsgspecError, UnicodeError):
        problem = Sentence(
            N_("{file} can't be used: it has to be a JSON object that gives each action a key or a list of keys."),
            file=visible(str(file)),
        )
        return Keymap(problems=[problem])
    return _checked(read)


def _checked(read: Mapping[str, str | list[str]]) -> Keymap:
    known = {binding.id for binding in BINDINGS if binding.id is not None}
    chosen: dict[str, str] = {}
    problems: list[Sentence] = []
    owners: dict[str, str] = {}
    for name, keys in read.items():
        wanted = [_long_form(key) for key in ([keys] if isinstance(keys, str) else keys)]
        unusable = next((key for key in wanted if not _is_key(key)), None)
        taken = next((key for key in wanted if owners.get(key, name) != name), None)
        if name not in known:
            near = ", ".join(get_close_matches(name, sorted(known), n=1) or sorted(known))
            problems.append(
                Sentence(
                    N_("keys.json: the player has no action {name}. It has: {near}."), name=_quoted(name), near=near
                )
            )
        elif unusable is not None or not wanted:
            key = _quoted(unusable or "")
            problems.append(Sentence(N_("keys.json: {key}, for {name}, is not a key."), key=key, name=name))
        elif taken is not None:
            problems.append(
                Sentence(
                    N_("keys.json: {key} is for {first} already, and can't be for {name} too."),
                    key=displayed([taken]),
                    first=owners[taken],
                    name=name,
                )
            )
        else:
            owners.update(dict.fromkeys(wanted, name))
            chosen[name] = ",".join(wanted)
    return Keymap(chosen, problems)


def _long_form(key: str) -> str:
    """Return Textual's name of a key, which can be given as the character it types."""
    if len(key) != 1:
        return key
    return "comma" if key == "," else next(iter(BindingsMap([(key, "")]).key_to_bindings), key)


def _is_key(key: str) -> bool:
    *modifiers, name = key.split("+")
    if any(modifier not in _MODIFIERS for modifier in modifiers) or not name:
        return False
    own = {key for binding in BINDINGS for key in binding.key.split(",")}
    # Textual takes the Unicode name of any character for a key, "banana" too; nobody means those but as the character.
    character = key_to_character(name)
    return name in own or len(name) == 1 or name in {key.value for key in Keys} or (character or "\x80").isascii()


def _quoted(text: str) -> str:
    return one_line(repr(text), 60)
