"""The record of a keyword argument's path: its hops and its end, with their kinds."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from tracer.trace.values import ValueId

HopKind: TypeAlias = Literal[
    "given",  # the user gave it
    "put-in",  # the library added it to the keyword arguments
    "copied",  # a variable holds it as well
    "read",  # its value was looked at, and it stayed where it is
    "taken-out",  # it left the keyword arguments for a variable
    "renamed",  # it has another name from here on
    "changed-value",  # it got another value
    "handed-on",  # it was an argument of a call
    "unused",  # calls had it, did not use it and left it as it was
    "came-back",  # a call returned it among what it did not use
    "reached-constructor",  # it was an argument of a constructor
    "became-config",  # it was set on a configuration object
    "read-config",  # a constructor read the attribute that it was set to
    "stored",  # a constructor made it an attribute of a module
    "overwritten",  # the attribute that it was set to got another value
    "put-back",  # it returned to the keyword arguments that it had left
    "dropped",  # it left the keyword arguments and nothing keeps it
    "refused",  # an exception refused it
]
"""What can happen to a keyword argument at a hop."""

END_KINDS: Final = {
    "config": "an attribute of a configuration object",
    "overwritten": "an attribute of a configuration object that got another value later",
    "constructor": "an argument of a constructor",
    "used": "taken by a function",
    "handed": "passed to a function that was not stepped",
    "dropped": "thrown away",
    "refused": "refused by an exception",
    "left": "still among the unused keyword arguments when the call returned",
    "unfinished": "still being passed on when the trace ends",
    "unseen": "not known, as the load was recorded without lines",
}
"""How the path of a keyword argument can end."""

USER: Final = "user"
LIBRARY: Final = "library"


class Hop(msgspec.Struct):
    """One thing that happened to a keyword argument.

    Attributes:
        step: the step before the statement that did it runs.
        frame: number of the frame that ran it.
        stage: the stage the step belongs to.
        function: qualified name of the function that ran it.
        path: file of that function, relative to a named root; None where unknown.
        line: line of the statement.
        what: one of :data:`HopKind`.
        where: the variable, attribute, parameter or callee it went to; empty where there is none.
        value: number of its value after the statement.
        statement: text of the statement, on one line.
        callee: number of the frame it was handed on to; None where that function was not stepped.
        through: further functions on the same hop; for a chain of calls, the last is where the argument arrived.
        by: if it was overwritten, the key of config.json that did it.
        times: how often exactly this happened.
    """

    step: int
    frame: int
    stage: str
    function: str
    path: str | None
    line: int | None
    what: HopKind
    where: str
    value: ValueId | None
    statement: str
    callee: int | None = None
    through: list[str] = []
    by: str = ""
    times: int = 1


class LastSeen(msgspec.Struct, frozen=True):
    """Where a keyword argument was last seen after it had become an attribute or reached a constructor.

    Attributes:
        what: one of :data:`HopKind`: how it was seen.
        where: the attribute, variable or callee.
        function: qualified name of the function that ran the statement.
        step: the step that shows it.
    """

    what: HopKind
    where: str
    function: str
    step: int


class PathEnd(msgspec.Struct):
    """How the path of a keyword argument ended.

    Attributes:
        what: one of :data:`END_KINDS`.
        where: the configuration class, constructor or function.
        name: the attribute or parameter it is there.
        error: the exception's message, if one refused it.
        step: the step that shows it.
        by: what overwrote it: a key of config.json; empty where that is not known.
        on: functions that got it after that and were not stepped.
        seen: where constructors took it from there, the last of all; None where no recorded statement shows that.
    """

    what: str
    where: str = ""
    name: str = ""
    error: str | None = None
    step: int | None = None
    by: str = ""
    on: list[str] = []
    seen: LastSeen | None = None


class KeywordPath(msgspec.Struct, rename={"hops": "stops"}):
    """The path of one keyword argument, from where it was given or made to where it ended."""

    name: str
    origin: str
    value: ValueId
    hops: list[Hop]
    end: PathEnd
