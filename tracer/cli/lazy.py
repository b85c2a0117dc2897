"""Commands that are imported when they are called: showing a trace does not wait for the imports of a load."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from tracer.cli.usage import own_words, translated


def lazy_group(package: str, names: tuple[str, ...], **settings: Any) -> typer.Typer:
    """Return a group whose commands are the functions with these names in the modules with these names.

    A trailing ``_`` is not part of the command's name; a package of that name is a group with its ``app``.
    """
    modules = {name.rstrip("_"): name for name in names}

    class _Commands(TyperGroup):
        def invoke(self, ctx: Any) -> Any:
            try:
                return super().invoke(ctx)
            except typer.BadParameter as error:
                error.message = own_words(error.message)
                raise

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            name = modules.get(cmd_name)
            if name is None:
                return None
            module = import_module(f"{package}.{name}")
            if hasattr(module, "app"):
                return translated(typer.main.get_command(module.app))
            alone = typer.Typer(add_completion=False)
            context = getattr(module, "CONTEXT", None)
            alone.command(name=cmd_name, help=module.HELP, context_settings=context)(getattr(module, name))
            return translated(typer.main.get_command(alone))

    app = typer.Typer(
        cls=_Commands,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        **settings,
    )
    for name in modules:
        app.command(name=name)(lambda: None)  # the names in order; their functions come from get_command
    return app
