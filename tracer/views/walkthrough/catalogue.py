"""The catalogue of walkthroughs' sentences, by their keys."""

from __future__ import annotations

from typing import Final

from tracer.i18n import N_, NC_, NP_, Message

WORDS: Final[dict[str, Message]] = {
    # why a note has no step
    "why:release": N_("It is about transformers {wanted}, and this load ran on {release}."),
    "why:stage": N_("This load never came to the stage {stage}."),
    "why:kind": N_("Nothing of the kind {kind} happened in the stage {stage}."),
    "why:kind-elsewhere": N_("{kind} was recorded, but not in the stage {stage}: it was recorded in {there}."),
    "why:kind-data": N_("In the stage {stage} there is no {kind} with {wanted}."),
    "why:function": N_("{function} was never called in this load."),
    "why:no-function": N_("The code that this load ran has no {function}."),
    "why:no-call": N_("{function} was never called in this load."),
    "why:no-return": N_("{function} never returned in this load."),
    "why:no-raise": N_("{function} raised nothing in this load."),
    "why:no-unwind": N_("No exception passed through {function} in this load."),
    "why:statement": N_("{function} of transformers {release} has no statement {statement}."),
    "why:statement-of-model": N_(
        "{function} of this model's code has no statement {statement}; the note is about the bundled model's code."
    ),
    "why:statement-anywhere": N_("No {function} that ran has the statement {statement}."),
    "why:lines-not-recorded": N_("{function} ran, but its lines were not recorded."),
    "why:not-run": N_("{statement} in {inside} did not run."),
    "why:values": N_("In the stage {stage} there is no step of {function} with {wanted}."),
    "why:not-within": N_("{function} ran in the stage {stage}, but was not called from {within}."),
    "why:too-few": N_("In the stage {stage} this happened {count}×; the note is about number {occurrence}."),
    "why:no-such-case": N_("It ran in the stage {stage}, but not in the case that the note is about."),
    "why:other-stage": N_("{function} ran, but not in the stage {stage}: it ran in {there}."),
    "why:decision": N_("{statement} did not run: in {inside}, line {line}, {asked} → {outcome}."),
    "why:decision-values": N_("{statement} did not run: in {inside}, line {line}, {asked} → {outcome}, with {names}."),
    "why:decision-call": N_("{function} was not called: in {inside}, line {line}, {asked} → {outcome}."),
    "why:decision-call-values": N_(
        "{function} was not called: in {inside}, line {line}, {asked} → {outcome}, with {names}."
    ),
    "why:left-before": N_("{inside} ended before it came to {statement}."),
    "why:left-before-call": N_("{function} was not called: {inside} ended before it came to {statement}."),
    "none-here:demo": N_(
        "None of its {count} notes applies to this load: they are about the bundled model "
        "{model}. Read them along its load, which {demo} records: {replay}"
    ),
    "none-here:other": N_("None of its {count} notes applies to this load. Read them without a load: {show}"),
    # what is otherwise in a load than where the note was written
    "here:recorded": N_("there is no {subject}"),
    "here:is": N_("{subject} is {there}, not {asked}"),
    "here:is near": N_("{subject} is {there}, not about {asked}"),
    "here:is of type": N_("{subject} is of type {there}, not {asked}"),
    "here:has shape": N_("{subject} has the shape {there}, not {asked}"),
    "here:has dtype": N_("{subject} has the dtype {there}, not {asked}"),
    "here:has length": N_("{subject} has the length {there}, not {asked}"),
    "here:has parameters": N_("{subject} has {there} parameters, not {asked}"),
    "here:has": N_("{subject} does not hold {asked}"),
    "here:lacks": N_("{subject} holds {asked}"),
    "here:decision": N_("the decision went otherwise: {there}"),
    "here:no decision": N_("no decision is made at this step"),
    "here:journey": N_("the argument {subject} does not end as it did there"),
    "here:no journey": N_("there is no argument {subject}"),
    "here:cause": N_("the cause is another one: {there}"),
    "here:no cause": N_("no such cause is found"),
    # what is wrong with a walkthrough
    "expect:recorded": N_("expected a value under {subject}; nothing is recorded under it at this step"),
    "expect:is": N_("expected {subject} to be {asked}; it is {there}"),
    "expect:is near": N_("expected {subject} to be about {asked}; it is {there}"),
    "expect:is of type": N_("expected {subject} to be of type {asked}; it is {there}"),
    "expect:has shape": N_("expected {subject} to have shape {asked}; it is {there}"),
    "expect:has dtype": N_("expected {subject} to have dtype {asked}; it is {there}"),
    "expect:has length": N_("expected {subject} to have length {asked}; it is {there}"),
    "expect:has parameters": N_("expected {subject} to have {asked} parameters; it is {there}"),
    "expect:has": N_("expected {subject} to hold {asked}; it holds {there}"),
    "expect:lacks": N_("expected {subject} not to hold {asked}; it holds {there}"),
    "expect:decision": N_("expected a decision to go {asked}; there is: {there}"),
    "expect:no decision": N_("expected a decision to go {asked}; no decision is made at this step"),
    "expect:journey": N_("expected the argument {subject} to end as {asked}; there is: {there}"),
    "expect:no journey": N_("expected the argument {subject} to end as {asked}; there is no such argument"),
    "expect:difference": N_("expected the releases to differ in {subject}; they do not"),
    "expect:cause": N_("expected the cause {asked}; there is: {there}"),
    "expect:no cause": N_("expected the cause {asked}; no cause is found"),
    "problem:value": N_("the text asks for {path}, and nothing is recorded under it at this step"),
    "problem:path": N_("{path} can't be the path of a value"),
    "problem:link": N_("the link {link} leads nowhere"),
    "problem:statement": N_("{function} has no statement {statement}"),
    "problem:function": N_("{function} was never called in this load"),
    # the list
    "suits:any": N_("any load"),
    "suits:remote-code": N_("remote code"),
    "suits:adapter": N_("adapters"),
    "suits:vision": N_("vision"),
    "suits:failed": N_("failed loads"),
    # the frame of an article
    "made:notes-told": N_("{bound} of {count} apply to this load"),
    "made:notes-examples": NP_(
        "{bound} of {count} apply to this load; {examples} more is shown as an example",
        "{bound} of {count} apply to this load; {examples} more are shown as examples",
        by="examples",
    ),
    "file-line": N_("{path}, line {first}"),
    "file-lines": N_("{path}, lines {first}–{last}"),
    "line-alone": N_("line {first}"),
    "lines": N_("lines {first}–{last}"),
    "value:used": N_("before"),
    "value:made": N_("after"),
    "value:argument": N_("argument"),
    "value:returned": N_("returned"),
    "value:raised": NC_("value", "raised"),
    "value:told": N_("recorded"),
    "where": N_("Where: {function}, at {statement}"),
    "where-call": N_("Where: {function}"),
    "where-kind": N_("Where: a step of the kind {kind}"),
    # checking
}
