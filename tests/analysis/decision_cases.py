"""Small functions, and the decisions that each of them takes: one golden list for all Python releases.

A line reads: kind, condition, outcome; then, where there is one, what was taken or came of it, how often a loop ran and
how it ended, what was skipped, and the values of the names. The functions bear the names of stepped ones, see
:mod:`tests.recorder.toy`.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Case(NamedTuple):
    name: str
    code: str
    decisions: str


CASES: Final = (
    Case(
        "if, elif and else",
        """
def cached_file(a):
    if a == 1:
        b = "one"
    elif a == 2:
        b = "two"
    else:
        b = "many"
    if a > 2:
        b += "!"
    return b

def run():
    cached_file(1), cached_file(2), cached_file(3)
""",
        """
if | a == 1 | then | skipped 5-8 | a = 1
if | a > 2 | after | skipped 10-10 | a = 1
if | a == 1 | elif | skipped 4-4 | a = 2
elif | a == 2 | then | skipped 8-8 | a = 2
if | a > 2 | after | skipped 10-10 | a = 2
if | a == 1 | elif | skipped 4-4 | a = 3
elif | a == 2 | else | skipped 6-6 | a = 3
if | a > 2 | then | a = 3
""",
    ),
    Case(
        "an else that begins with an if is no elif",
        """
def cached_file(a):
    if a:
        b = 1
    else:
        if a is None:
            b = 2
    return b

def run():
    cached_file(None)
""",
        """
if | a | else | skipped 4-4 | a = None
if | a is None | then | a = None
""",
    ),
    Case(
        "nested, and the last statement of the function",
        """
def cached_file(a, b):
    if a:
        if b:
            a = 2

def run():
    cached_file(1, 1), cached_file(1, 0), cached_file(0, 0)
""",
        """
if | a | then | a = 1
if | b | then | b = 1
if | a | then | a = 1
if | b | after | skipped 5-5 | b = 0
if | a | after | skipped 4-5 | a = 0
""",
    ),
    Case(
        "a condition over several lines",
        """
def cached_file(a, b):
    if (
        a  # the first
        and b
    ):
        return 1
    return 2

def run():
    cached_file(1, 0), cached_file(1, 1)
""",
        """
if | a and b | after | skipped 7-7 | a = 1, b = 0
if | a and b | then | a = 1, b = 1
return | return 1 | returned | -> 1 | skipped 8-8
""",
    ),
    Case(
        "on one line",
        """
def cached_file(a):
    if a == 1: return "one"
    if a == 2: b = 2
    else: b = 3
    return b

def run():
    cached_file(1), cached_file(2), cached_file(3)
""",
        """
if | a == 1 | then | a = 1
if | a == 1 | after | skipped 3-3 | a = 2
if | a == 2 | then | skipped 5-5 | a = 2
if | a == 1 | after | skipped 3-3 | a = 3
if | a == 2 | else | skipped 4-4 | a = 3
""",
    ),
    Case(
        "a condition that raises",
        """
def cached_file(a):
    try:
        if a[0]:
            a = 1
    except TypeError:
        a = 2
    return a

def run():
    cached_file(None)
""",
        """
try | try | except | except TypeError | -> TypeError("'NoneType' object is not subscriptable")
if | a[0] | raised | a = None
""",
    ),
    Case(
        "loops: how often, and how they end",
        """
def cached_file(items):
    for item in items:
        pass
    for item in []:
        item = None
    for item in items:
        if item == 2:
            break
    else:
        item = "else"
    for item in items:
        if item > 5:
            break
    else:
        item = "else"
    n = 0
    while n < 3:
        n += 1
    while n < 3:
        n += 1
    for item in items:
        if item == 2:
            return item

def run():
    cached_file([1, 2, 3])
""",
        """
loop | for item in items | entered | 3 exhausted | items = [1, 2, 3]
loop | for item in [] | not-entered | 0 exhausted | skipped 6-6
loop | for item in items | entered | 2 break | skipped 11-11 | items = [1, 2, 3]
if | item == 2 | after | skipped 9-9 | item = 1
if | item == 2 | then | item = 2
loop | for item in items | entered | 3 exhausted | items = [1, 2, 3]
if | item > 5 | after | skipped 14-14 | item = 1
if | item > 5 | after | skipped 14-14 | item = 2
if | item > 5 | after | skipped 14-14 | item = 3
loop | while n < 3 | entered | 3 exhausted | n = 0
loop | while n < 3 | not-entered | 0 exhausted | skipped 21-21 | n = 3
loop | for item in items | entered | 2 return | items = [1, 2, 3]
if | item == 2 | after | skipped 24-24 | item = 1
if | item == 2 | then | item = 2
return | return item | returned | -> 2 | item = 2
""",
    ),
    Case(
        "loops in loops, and while True",
        """
def cached_file(rows):
    found = []
    for row in rows:
        for item in row:
            if not item:
                continue
            found.append(item)
    n = 0
    while True:
        n += 1
        if n == 3:
            break
    return found

def run():
    cached_file([[1, 0], []])
""",
        """
loop | for row in rows | entered | 2 exhausted | rows = [[1, 0], []]
loop | for item in row | entered | 2 exhausted | row = [1, 0]
if | not item | after | skipped 7-7 | item = 1
if | not item | then | item = 0
loop | for item in row | not-entered | 0 exhausted | skipped 6-8 | row = []
loop | while True | entered | 3 break
if | n == 3 | after | skipped 13-13 | n = 1
if | n == 3 | after | skipped 13-13 | n = 2
if | n == 3 | then | n = 3
""",
    ),
    Case(
        "a loop that an exception ends",
        """
def cached_file(items):
    try:
        for item in items:
            item = 1 / item
    except ZeroDivisionError:
        item = None
    return item

def run():
    cached_file([1, 0, 2])
""",
        """
try | try | except | except ZeroDivisionError | -> ZeroDivisionError('division by zero')
loop | for item in items | entered | 2 exception | items = [1, 0, 2]
""",
    ),
    Case(
        "try, its handlers, its else and finally",
        """
def cached_file(a):
    try:
        b = int(a)
        b += 1
    except (TypeError, KeyError):
        b = None
    except ValueError as error:
        b = error
    else:
        b += 1
    finally:
        a = None
    return b

def run():
    cached_file("1"), cached_file("x"), cached_file(None)
""",
        """
try | try | completed | skipped 6-9
try | try | except | except ValueError | -> ValueError("invalid literal for int() with base 10: 'x'") | skipped 5-5
try | try | except | except (TypeError, KeyError) | -> TypeError("int() argument must be a string, a bytes-like object or a real number, not 'NoneType'") | skipped 5-5
""",
    ),
    Case(
        "an exception of a callee that is not caught",
        """
def cached_file(a):
    try:
        return cached_files(a)
    except KeyError:
        return None

def cached_files(a):
    try:
        return a["x"]
    finally:
        a = None

def run():
    try:
        cached_file(1)
    except TypeError:
        cached_file({})
""",
        """
try | try | not-caught | -> TypeError("'int' object is not subscriptable")
try | try | not-caught | -> TypeError("'int' object is not subscriptable")
try | try | except | except KeyError | -> KeyError("'x'")
try | try | not-caught | -> KeyError("'x'")
""",
    ),
    Case(
        "an end of iteration, which is not reported on its way",
        """
def cached_file(items):
    iterator = iter(items)
    try:
        first = next(iterator)
    except StopIteration:
        first = None
    return first

def run():
    cached_file([])
""",
        """
try | try | except | except StopIteration
""",
    ),
    Case(
        "early returns",
        """
def cached_file(a):
    if a is None:
        return
    for item in a:
        return item
    if not a:
        return "empty"
    else:
        return "never"

def run():
    cached_file(None), cached_file([7]), cached_file([])
""",
        """
if | a is None | then | a = None
return | return | returned | -> None | skipped 5-10
if | a is None | after | skipped 4-4 | a = [7]
loop | for item in a | entered | 1 return | a = [7]
return | return item | returned | -> 7 | skipped 7-10 | item = 7
if | a is None | after | skipped 4-4 | a = []
loop | for item in a | not-entered | 0 exhausted | skipped 6-6 | a = []
if | not a | then | skipped 10-10 | a = []
""",
    ),
    Case(
        "conditional expressions",
        """
def cached_file(a, config, **kwargs):
    b = 1 if a is None else 2
    c = a if b == 2 else None
    d = 1 if len(config) > 1 else 2
    e = 3 if len(config) > 1 else 3
    f = [1 if "x" in kwargs else 2]
    return "yes" if kwargs.get("x") else "no"

def run():
    cached_file(5, [1, 2], x=0)
""",
        """
conditional | a is None | else | -> 2 | skipped 3-3 | a = 5
conditional | b == 2 | then | -> 5 | skipped 4-4 | b = 2
conditional | len(config) > 1 | then | -> 1 | skipped 5-5 | config = [1, 2]
conditional | len(config) > 1 | unknown | -> 3 | config = [1, 2]
conditional | "x" in kwargs | then | skipped 7-7 | kwargs['x'] = 0
conditional | kwargs.get("x") | else | -> 'no' | skipped 8-8 | kwargs['x'] = 0
""",
    ),
    Case(
        "keys: there, not there, and changed in place",
        """
def cached_file(**kwargs):
    if "x" in kwargs:
        kwargs["y"] = kwargs.pop("x")
    if "x" in kwargs:
        return 1
    if kwargs.get("y") == 2:
        return kwargs["y"]
    return 3

def run():
    cached_file(x=2)
""",
        """
if | "x" in kwargs | then | kwargs['x'] = 2
if | "x" in kwargs | after | skipped 6-6 | no kwargs['x']
if | kwargs.get("y") == 2 | then | kwargs['y'] = 2
return | return kwargs["y"] | returned | -> 2 | skipped 9-9 | kwargs['y'] = 2
""",
    ),
    Case(
        "comprehensions and functions inside are none of its decisions",
        """
def cached_file(items):
    def inner(x):
        if x:
            return 1
        return 2
    found = [1 if item else 2 for item in items if item]
    key = lambda item: 1 if item else 2
    return [inner(item) for item in items], found, key

def run():
    cached_file([0, 1])
""",
        "",
    ),
    Case(
        "recursion",
        """
def cached_file(n):
    if n == 0:
        return 0
    return cached_file(n - 1)

def run():
    cached_file(1)
""",
        """
if | n == 0 | after | skipped 4-4 | n = 1
if | n == 0 | then | n = 0
return | return 0 | returned | -> 0 | skipped 5-5
""",
    ),
    Case(
        "match",
        """
def cached_file(a):
    match a:
        case {"x": x}:
            b = x
        case [first, *rest] if first:
            b = rest
        case 5:
            return 5
    return a

def run():
    cached_file({"x": 1}), cached_file([1, 2]), cached_file(5), cached_file(0)
""",
        """
match | a | case | case {"x": x} | skipped 6-9 | a = {x=1}
match | a | case | case [first, *rest] | skipped 8-9 | a = [1, 2]
match | a | case | case 5 | skipped 4-7 | a = 5
return | return 5 | returned | -> 5 | skipped 10-10
match | a | no-case | skipped 4-9 | a = 0
""",
    ),
    Case(
        "with swallows what is raised in a try",
        """
import contextlib

def cached_file(a):
    try:
        with contextlib.suppress(ValueError):
            int(a)
        b = 1
    except ValueError:
        b = 2
    return b

def run():
    cached_file("x")
""",
        """
try | try | completed | skipped 9-10
""",
    ),
)
