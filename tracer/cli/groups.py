"""Groups of commands: each is imported when it is called, so showing a trace does not wait for the imports of a load.

Usage errors and help are in our own words and the user's language, whichever library they come from: typer, click or
pydantic. A wrong value gets the closest valid one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from tracer.i18n import N_, Lang, Message, Sentence, join, language, tr
from tracer.views.shell_commands import program

if TYPE_CHECKING:
    from tracer.cli.help import Examples, Summary

    _Base = TyperCommand
else:
    _Base = object

UsageError: Final[Any] = typer.BadParameter.__base__  # of click, or of the copy that typer brings

_USAGE: Final[tuple[tuple[re.Pattern[str], Message], ...]] = tuple(
    (re.compile(pattern, re.DOTALL), message)
    for pattern, message in (
        (r"Missing argument '?(?P<name>.*?)'?\.(?: (?P<more>.*))?", N_("Missing argument '{name}'.")),
        (r"Missing option '?(?P<name>.*?)'?\.(?: (?P<more>.*))?", N_("Missing option '{name}'.")),
        (r"Missing command\.", N_("Missing command.")),
        (r"Invalid value for '?(?P<name>.*?)'?: (?P<reason>.*)", N_("Invalid value for '{name}': {reason}")),
        (r"Invalid value: (?P<reason>.*)", N_("Invalid value: {reason}")),
        (
            r"No such option:? '?(?P<name>[^\s']+?)'?\.?"
            r"(?: (?:\(Possible options:|Did you mean(?: one of:)?) (?P<near>.*)[)?])?",
            N_("No such option: {name}."),
        ),
        (r"No such command '(?P<name>.*?)'\.(?: Did you mean (?P<near>.*)\?)?", N_("No such command '{name}'.")),
        (r"Option '(?P<name>.*?)' requires an argument\.", N_("Option '{name}' requires a value.")),
        (r"Option '(?P<name>.*?)' does not take a value\.", N_("Option '{name}' does not take a value.")),
        (r"Got unexpected extra arguments? ?(?:\(s\) )?\((?P<names>.*)\)", N_("Too many arguments: {names}.")),
    )
)
_CHOICE: Final = re.compile(r"'(?P<given>.*)' is not one of (?P<known>'.*')\.?", re.DOTALL)
_VALUES: Final[tuple[tuple[re.Pattern[str], Message], ...]] = (
    (re.compile(r"Input should be greater than or equal to (?P<least>\S+)"), N_("expected {least} or more.")),
    (re.compile(r"Input should be less than or equal to (?P<most>\S+)"), N_("expected at most {most}.")),
    (re.compile(r"Input should be a valid integer.*", re.DOTALL), N_("expected a whole number.")),
    (re.compile(r"'.*' is not a valid int(eger)?\.?", re.DOTALL), N_("expected a whole number.")),
    (re.compile(r"Input should be (?P<what>.*)", re.DOTALL), N_("expected {what}.")),
)
_OF_TYPER: Final[dict[str, Message]] = {  # the variables of typer.rich_utils that hold texts
    "ERRORS_PANEL_TITLE": N_("Error"),
    "ABORTED_TEXT": N_("Aborted."),
    "RICH_HELP": N_("Try [blue]'{command_path} {help_option}'[/] for help."),
}
_HELP_OF_TYPER: Final = (
    N_("Show this message and exit."),
    N_("Install completion for the current shell."),
    N_("Show completion for the current shell, to copy it or customize the installation."),
)


def asked_language() -> Lang:
    """Return the language of this command line, also where it is too wrong to be parsed."""
    for name, value in pairwise([*sys.argv, ""]):
        if name == "--lang" or name.startswith("--lang="):
            return language(name.partition("=")[2] or value)
    return language()


def own_words(text: str, lang: Lang = "en") -> str:
    """Return a library's sentence about wrong usage in our words; one that we don't know stays as it is."""
    for pattern, message in _USAGE:
        if (match := pattern.fullmatch(text)) is None:
            continue
        values = match.groupdict()
        if "reason" in values:
            values["reason"] = value_words(values["reason"], lang)
        said = tr(lang, message, **values)
        names = re.findall(r"[^\s,']+", values.get("near") or "")
        if near := get_close_matches(values.get("name") or "", names, n=1, cutoff=0):
            said += tr(lang, N_(" Did you mean {near}?"), near=f"'{near[0]}'")
        return said
    return value_words(text, lang)


def value_words(text: str, lang: Lang = "en") -> str:
    """Return a library's sentence about a value in our words."""
    text = text.removeprefix("Value error, ")
    if (choice := _CHOICE.fullmatch(text)) is not None:
        known = re.findall(r"'([^']*)'", choice["known"])
        near = get_close_matches(choice["given"], known, n=1)
        hint = tr(lang, N_(" Did you mean {near}?"), near=f"'{near[0]}'") if near else ""
        return tr(
            lang,
            N_("there is no '{given}'.{hint} Choose from {known}."),
            given=choice["given"],
            hint=hint,
            known=join(lang, known),
        )
    for pattern, message in _VALUES:
        if (match := pattern.fullmatch(text)) is not None:
            return tr(lang, message, **match.groupdict())
    return text


class Localized(_Base):
    """A command whose usage, help and errors are in the user's language."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().make_context(*arguments, **options)
        except UsageError as error:
            _localize(error)
            raise

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except UsageError as error:
            _localize(error)
            raise

    def get_params(self, ctx: Any) -> list[Any]:
        params: list[Any] = super().get_params(ctx)
        for param in params:
            if param.name == "install_completion":
                param.callback = _install_completion
            _spare_pydantic(param)
        return params

    def get_usage(self, ctx: Any) -> str:
        lang = asked_language()
        usage = super().get_usage(ctx)
        if lang == "en":
            return usage
        for text, message in (
            ("Usage: ", N_("Usage: ")),
            ("[OPTIONS]", N_("[OPTIONS]")),
            ("COMMAND [ARGS]...", N_("COMMAND [ARGS]...")),
        ):
            usage = usage.replace(text, tr(lang, message), 1)
        return usage

    def format_help(self, ctx: Any, formatter: Any) -> None:
        from tracer.cli.help import print_help

        lang = asked_language()
        text = Sentence(self.help).localized(lang) if self.help else ""
        usage = self.get_usage(ctx)
        print_help(usage, text, self.get_params(ctx), lang, commands=self.listed(lang), examples=self.examples)

    examples: Examples = ()

    def listed(self, lang: Lang) -> dict[str, list[Summary]]:
        """Return the commands of a group by the title that they are listed under."""
        return {}


def _spare_pydantic(param: Any) -> None:
    """Let typer take a value as it is where there is nothing to check: it imports pydantic to do that."""
    kind = getattr(getattr(param, "type_descriptor", None), "annotation", None)
    if kind is None or param.required or "process_value" in vars(param):
        return
    checked = param.process_value
    several = param.nargs != 1 or param.multiple

    def process_value(ctx: Any, value: Any) -> Any:
        if value is None:
            value = () if several else None
        elif kind is Path and isinstance(value, str):
            value = Path(value)
        else:
            return checked(ctx, value)
        return value if param.callback is None else param.callback(ctx, param, value)

    param.process_value = process_value


def _localize(error: Any) -> None:
    """Make an error show our words in the user's language."""
    if type(error).__name__ == "NoArgsIsHelpError":  # its message is the help
        return
    _localize_typer()
    if error.ctx is not None:
        error.ctx.find_root().info_name = program()
    said = own_words(type(error).format_message(error), asked_language())
    error.format_message = lambda: said


def _localize_typer() -> None:
    """Set the texts that typer keeps in variables."""
    from typer import rich_utils

    for name, message in _OF_TYPER.items():
        if hasattr(rich_utils, name):
            setattr(rich_utils, name, Sentence(message).localized(asked_language()))


def _install_completion(ctx: Any, param: Any, value: Any) -> Any:
    """Do what typer's callback does, and report it in the user's language."""
    if not value or ctx.resilient_parsing:
        return value
    from typer import completion

    install: Any = vars(completion)["install"]
    shell, path = install(shell=value) if isinstance(value, str) else install()
    lang = asked_language()
    typer.echo(tr(lang, "Completion for {shell} is installed in {path}.", shell=shell, path=path))
    typer.echo(tr(lang, "It takes effect in the next terminal that you open."))
    raise typer.Exit


class _Command(Localized, TyperCommand):
    pass


def lazy_group(package: str, names: Mapping[Message, tuple[str, ...]], **settings: Any) -> typer.Typer:
    """Return a group whose commands are the functions with these names in the modules with these names.

    A trailing ``_`` is not part of the command's name; a package of that name is a group with its ``app``.

    Args:
        names: for each title in the help, the commands listed under it.
        settings: of typer, and ``examples`` for the help.
    """
    modules = {name.rstrip("_"): name for listed in names.values() for name in listed}
    shown_examples = settings.pop("examples", ())

    class _Commands(Localized, TyperGroup):
        examples = shown_examples

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            name = modules.get(cmd_name)
            if name is None:
                return None
            module = import_module(f"{package}.{name}")
            if hasattr(module, "app"):
                return typer.main.get_command(module.app)
            alone = typer.Typer(add_completion=False)
            context = getattr(module, "CONTEXT", None)
            add = alone.command(name=cmd_name, cls=_Command, help=module.HELP, context_settings=context)
            add(getattr(module, name))
            command: Any = typer.main.get_command(alone)
            command.examples = getattr(module, "EXAMPLES", ())
            return command

        def listed(self, lang: Lang) -> dict[str, list[Summary]]:
            from tracer.cli.help import Summary, summary

            return {
                Sentence(title).localized(lang): [
                    Summary(name.rstrip("_"), summary(f"{package}.{name}", lang)) for name in listed
                ]
                for title, listed in names.items()
            }

        def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
            """Return the commands that begin so, or the options, without importing the commands."""
            if incomplete.startswith("-"):
                return list(super().shell_complete(ctx, incomplete))
            item = import_module(f"{UsageError.__module__.rpartition('.')[0]}.shell_completion").CompletionItem
            summaries = [one for listed in self.listed(asked_language()).values() for one in listed]
            return [item(one.name, help=one.text) for one in summaries if one.name.startswith(incomplete)]

    settings.setdefault("no_args_is_help", True)
    app = typer.Typer(
        cls=_Commands,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        **settings,
    )
    for name in modules:
        app.command(name=name)(lambda: None)  # the names in order; their functions come from get_command
    return app
