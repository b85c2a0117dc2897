"""What ``glm-trace kwargs`` says."""

from __future__ import annotations

from typing import Final

from tracer.i18n import N_, NP_, Message

WORDS: Final[dict[str, Message]] = {
    # the overview
    "user": N_("Given by the user"),
    "library": N_("Added by the library"),
    "stops": NP_("{count} stop, step {first}–{last}", "{count} stops, steps {first}–{last}"),
    "one-stop": N_("1 stop, step {first}"),
    # origin, in the head of a path
    "by-user": N_("given by the user"),
    "by-library": N_("added by the library"),
    # ends
    "end:config": N_("set on the config: {where}.{name}"),
    "end:overwritten": N_("set on the config: {where}.{name}, and overwritten later (step {step})"),
    "end:overwritten-by": N_("set on the config: {where}.{name}, then overwritten by config.json's {by} (step {step})"),
    "end:handed": N_("handed on to {where}, not followed further"),
    "end:constructor": N_("reached the constructor: {where}({name})"),
    "end:used": N_("taken by {where}"),
    "end:used-as": N_("taken by {where} as {name}"),
    "end:dropped": N_("dropped by {where}"),
    "end:refused": N_("refused by {where}"),
    "end:left": N_("left over: nothing used it"),
    "end:unfinished": N_("was still on its way when the load ended"),
    # stops
    "given": N_("given in {where}"),
    "put-in": N_("put into {where}: {value}"),
    "put-in-call": N_("added to the call of {where}: {value}"),
    "copied": N_("copied to {where}"),
    "read": N_("read into {where}, and left where it is"),
    "taken-out": N_("taken out into {where}"),
    "taken-out-there": N_("taken out by what was called"),
    "renamed": N_("goes on as {where}"),
    "changed-value": N_("{where} becomes {value}"),
    "handed-on": N_("handed on to {where}"),
    "came-back": N_("came back in {where}, unused"),
    "unused": N_("not used by {where}"),
    "reached-constructor": N_("reached the constructor {where}"),
    "became-config": N_("set on the config: {where}"),
    "overwritten": N_("overwritten: {where} becomes {value}"),
    "overwritten-by": N_("overwritten by config.json's {by}: {where} becomes {value}"),
    "put-back": N_("put back: {where}"),
    "dropped": N_("dropped"),
    "refused": N_("refused by {where}"),
}
