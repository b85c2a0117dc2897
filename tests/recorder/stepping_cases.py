"""Small functions, and the steps that each of them makes on every Python release: one golden list for all.

A line of a list reads: event, function, the line's text, what was returned or raised, what changed. Deeper frames are
indented. The names are those of stepped functions of transformers, see :mod:`tests.recorder.toy`.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Case(NamedTuple):
    name: str
    code: str
    steps: str


CASES: Final = (
    Case(
        "nested calls",
        """
def cached_file(a, *args, b=2, **kwargs):
    c = cached_files(a, b)
    return c + 1

def cached_files(a, b):
    total = a + b
    total += 1
    return total

def run():
    cached_file(1, 5, x=3)
""",
        """
call cached_file | def cached_file(a, *args, b=2, **kwargs): | a = 1; b = 2; args = (5); kwargs = {x=3}
line cached_file | c = cached_files(a, b)
  call cached_files | def cached_files(a, b): | a = 1; b = 2
  line cached_files | total = a + b
  line cached_files | total += 1 | total = 3
  line cached_files | return total | total = 4
  return cached_files | return total -> 4
line cached_file | return c + 1 | c = 4
return cached_file | return c + 1 -> 5
""",
    ),
    Case(
        "exception passes through",
        """
def cached_file(a):
    b = cached_files(a)
    return b

def cached_files(a):
    raise ValueError(a)

def run():
    cached_file("no")
""",
        """
call cached_file | def cached_file(a): | a = 'no'
line cached_file | b = cached_files(a)
  call cached_files | def cached_files(a): | a = 'no'
  line cached_files | raise ValueError(a)
  raise cached_files | raise ValueError(a) -> ValueError('no')
  unwind cached_files | raise ValueError(a) -> ValueError('no')
raise cached_file | b = cached_files(a) -> ValueError('no')
unwind cached_file | b = cached_files(a) -> ValueError('no')
""",
    ),
    Case(
        "exception caught",
        """
def cached_file(a):
    try:
        b = cached_files(a)
    except KeyError:
        b = 0
    except ValueError as error:
        b = len(str(error))
    return b

def cached_files(a):
    return int(a)

def run():
    cached_file("no")
""",
        """
call cached_file | def cached_file(a): | a = 'no'
line cached_file | try:
line cached_file | b = cached_files(a)
  call cached_files | def cached_files(a): | a = 'no'
  line cached_files | return int(a)
  raise cached_files | return int(a) -> ValueError("invalid literal for int() with base 10: 'no'")
  unwind cached_files | return int(a) -> ValueError("invalid literal for int() with base 10: 'no'")
raise cached_file | b = cached_files(a) -> ValueError("invalid literal for int() with base 10: 'no'")
line cached_file | except KeyError:
line cached_file | except ValueError as error:
line cached_file | b = len(str(error)) | error = ValueError("invalid literal for int() with base 10: 'no'")
line cached_file | return b | b = 44; del error
return cached_file | return b -> 44
""",
    ),
    Case(
        "none after a caught exception",
        """
def cached_file(a):
    try:
        int(a)
    except ValueError:
        pass

def cached_files(a):
    try:
        return int(a)
    except ValueError:
        return None

def extract_commit_hash(a):
    try:
        int(a)
    except ValueError:
        a = 1
    return

def run():
    cached_file("x"), cached_files("x"), extract_commit_hash("x")
""",
        """
call cached_file | def cached_file(a): | a = 'x'
line cached_file | try:
line cached_file | int(a)
raise cached_file | int(a) -> ValueError("invalid literal for int() with base 10: 'x'")
line cached_file | except ValueError:
line cached_file | pass
return cached_file | pass -> None
call cached_files | def cached_files(a): | a = 'x'
line cached_files | try:
line cached_files | return int(a)
raise cached_files | return int(a) -> ValueError("invalid literal for int() with base 10: 'x'")
line cached_files | except ValueError:
line cached_files | return None
return cached_files | return None -> None
call extract_commit_hash | def extract_commit_hash(a): | a = 'x'
line extract_commit_hash | try:
line extract_commit_hash | int(a)
raise extract_commit_hash | int(a) -> ValueError("invalid literal for int() with base 10: 'x'")
line extract_commit_hash | except ValueError:
line extract_commit_hash | a = 1
line extract_commit_hash | return | a = 1
return extract_commit_hash | return -> None
""",
    ),
    Case(
        "exception at a return",
        """
def cached_file(a):
    return int(a)

def cached_files(a):
    try:
        return cached_file(a)
    finally:
        a = None

def run():
    cached_files("x")
""",
        """
call cached_files | def cached_files(a): | a = 'x'
line cached_files | try:
line cached_files | return cached_file(a)
  call cached_file | def cached_file(a): | a = 'x'
  line cached_file | return int(a)
  raise cached_file | return int(a) -> ValueError("invalid literal for int() with base 10: 'x'")
  unwind cached_file | return int(a) -> ValueError("invalid literal for int() with base 10: 'x'")
raise cached_files | return cached_file(a) -> ValueError("invalid literal for int() with base 10: 'x'")
line cached_files | a = None
unwind cached_files | a = None -> ValueError("invalid literal for int() with base 10: 'x'") | a = None
""",
    ),
    Case(
        "finally",
        """
def cached_file(a):
    done = []
    try:
        done.append(a)
        return cached_files(done)
    finally:
        done.append("finally")

def cached_files(done):
    for n in range(3):
        try:
            if n == 1:
                break
        finally:
            done.append(n)
    return len(done)

def run():
    cached_file("a")
""",
        """
call cached_file | def cached_file(a): | a = 'a'
line cached_file | done = []
line cached_file | try: | done = []
line cached_file | done.append(a)
line cached_file | return cached_files(done) | done = ['a']
  call cached_files | def cached_files(done): | done = ['a']
  line cached_files | for n in range(3):
  line cached_files | try: | n = 0
  line cached_files | if n == 1:
  line cached_files | done.append(n)
  line cached_files | for n in range(3): | done = ['a', 0]
  line cached_files | try: | n = 1
  line cached_files | if n == 1:
  line cached_files | break
  line cached_files | done.append(n)
  line cached_files | return len(done) | done = ['a', 0, 1]
  return cached_files | return len(done) -> 3
line cached_file | done.append("finally") | done = ['a', 0, 1]
return cached_file | done.append("finally") -> 3 | done = ['a', 0, 1, 'finally']
""",
    ),
    Case(
        "finally swallows",
        """
def cached_file(a):
    while True:
        try:
            raise ValueError(a)
        finally:
            break
    return a

def run():
    cached_file(1)
""",
        """
call cached_file | def cached_file(a): | a = 1
line cached_file | while True:
line cached_file | try:
line cached_file | raise ValueError(a)
raise cached_file | raise ValueError(a) -> ValueError('1')
line cached_file | break
line cached_file | return a
return cached_file | return a -> 1
""",
    ),
    Case(
        "with",
        """
import contextlib

@contextlib.contextmanager
def held(log):
    log.append("in")
    try:
        yield len(log)
    finally:
        log.append("out")

def cached_file(log):
    with held(log) as count:
        log.append(count)
    with contextlib.suppress(ValueError):
        int("x")
    with held(log):
        raise KeyError("k")

def run():
    cached_file([])
""",
        """
call cached_file | def cached_file(log): | log = []
line cached_file | with held(log) as count:
line cached_file | log.append(count) | count = 1; log = ['in']
line cached_file | with held(log) as count: | log = ['in', 1]
line cached_file | with contextlib.suppress(ValueError): | log = ['in', 1, 'out']
line cached_file | int("x")
raise cached_file | int("x") -> ValueError("invalid literal for int() with base 10: 'x'")
line cached_file | with contextlib.suppress(ValueError):
line cached_file | with held(log):
line cached_file | raise KeyError("k") | log = ['in', 1, 'out', 'in']
raise cached_file | raise KeyError("k") -> KeyError("'k'")
line cached_file | with held(log):
unwind cached_file | raise KeyError("k") -> KeyError("'k'") | log = ['in', 1, 'out', 'in', 'out']
""",
    ),
    Case(
        "recursion",
        """
def cached_file(n):
    if n == 0:
        return 1
    return n * cached_file(n - 1)

def run():
    cached_file(3)
""",
        """
call cached_file | def cached_file(n): | n = 3
line cached_file | if n == 0:
line cached_file | return n * cached_file(n - 1)
  call cached_file | def cached_file(n): | n = 2
  line cached_file | if n == 0:
  line cached_file | return n * cached_file(n - 1)
    call cached_file | def cached_file(n): | n = 1
    line cached_file | if n == 0:
    line cached_file | return n * cached_file(n - 1)
      call cached_file | def cached_file(n): | n = 0
      line cached_file | if n == 0:
      line cached_file | return 1
      return cached_file | return 1 -> 1
    return cached_file | return n * cached_file(n - 1) -> 1
  return cached_file | return n * cached_file(n - 1) -> 2
return cached_file | return n * cached_file(n - 1) -> 6
""",
    ),
    Case(
        "loops",
        """
def cached_file(items):
    total = 0
    for item in items:
        if item == 2:
            continue
        total += item
    else:
        total *= 10
    while total > 30:
        total -= 10
    return total

def run():
    cached_file([1, 2, 3])
""",
        """
call cached_file | def cached_file(items): | items = [1, 2, 3]
line cached_file | total = 0
line cached_file | for item in items: | total = 0
line cached_file | if item == 2: | item = 1
line cached_file | total += item
line cached_file | for item in items: | total = 1
line cached_file | if item == 2: | item = 2
line cached_file | continue
line cached_file | for item in items:
line cached_file | if item == 2: | item = 3
line cached_file | total += item
line cached_file | for item in items: | total = 4
line cached_file | total *= 10
line cached_file | while total > 30: | total = 40
line cached_file | total -= 10
line cached_file | while total > 30: | total = 30
line cached_file | return total
return cached_file | return total -> 30
""",
    ),
    Case(
        "comprehensions and generators",
        """
def cached_file(items):
    squares = [item * item for item in items]
    table = {item: str(item) for item in items}
    total = sum(item for item in squares if item)
    return list(map(lambda item: item + 1, squares)), table, total

def run():
    cached_file([1, 2])
""",
        """
call cached_file | def cached_file(items): | items = [1, 2]
line cached_file | squares = [item * item for item in items]
line cached_file | table = {item: str(item) for item in items} | squares = [1, 4]
line cached_file | total = sum(item for item in squares if item) | table = {1='1', 2='2'}
line cached_file | return list(map(lambda item: item + 1, squares)), table, total | total = 5
return cached_file | return list(map(lambda item: item + 1, squares)), table, total -> ([2, 5], {1='1', 2='2'}, 5)
""",
    ),
    Case(
        "a generator that calls back",
        """
def cached_file(items):
    found = []
    for item in numbers(items):
        found.append(item)
    return found

def numbers(items):
    for item in items:
        yield cached_files(item)

def cached_files(item):
    return item * 2

def run():
    cached_file([1, 2])
""",
        """
call cached_file | def cached_file(items): | items = [1, 2]
line cached_file | found = []
line cached_file | for item in numbers(items): | found = []
  call cached_files | def cached_files(item): | item = 1
  line cached_files | return item * 2
  return cached_files | return item * 2 -> 2
line cached_file | found.append(item) | item = 2
line cached_file | for item in numbers(items): | found = [2]
  call cached_files | def cached_files(item): | item = 2
  line cached_files | return item * 2
  return cached_files | return item * 2 -> 4
line cached_file | found.append(item) | item = 4
line cached_file | for item in numbers(items): | found = [2, 4]
line cached_file | return found
return cached_file | return found -> [2, 4]
""",
    ),
    Case(
        "stop iteration",
        """
def cached_file(items):
    iterator = iter(items)
    first = next(iterator, None)
    try:
        next(iterator)
    except StopIteration:
        first = "end"
    return first

def run():
    cached_file([1])
""",
        """
call cached_file | def cached_file(items): | items = [1]
line cached_file | iterator = iter(items)
line cached_file | first = next(iterator, None) | iterator = ‹list_iterator›
line cached_file | try: | first = 1
line cached_file | next(iterator)
line cached_file | except StopIteration:
line cached_file | first = "end"
line cached_file | return first | first = 'end'
return cached_file | return first -> 'end'
""",
    ),
    Case(
        "early return",
        """
def cached_file(a):
    if not a:
        return
    if a == 1:
        return "one"
    for b in range(a):
        return b

def run():
    cached_file(0), cached_file(1), cached_file(2)
""",
        """
call cached_file | def cached_file(a): | a = 0
line cached_file | if not a:
line cached_file | return
return cached_file | return -> None
call cached_file | def cached_file(a): | a = 1
line cached_file | if not a:
line cached_file | if a == 1:
line cached_file | return "one"
return cached_file | return "one" -> 'one'
call cached_file | def cached_file(a): | a = 2
line cached_file | if not a:
line cached_file | if a == 1:
line cached_file | for b in range(a):
line cached_file | return b | b = 0
return cached_file | return b -> 0
""",
    ),
    Case(
        "nested functions and closures",
        """
def cached_file(a):
    count = 0

    def add(n):
        nonlocal count
        count += n
        return count

    add(1)
    add(a)
    return count

def run():
    cached_file(5)
""",
        """
call cached_file | def cached_file(a): | a = 5
line cached_file | count = 0
line cached_file | def add(n): | count = 0
line cached_file | add(1) | add = cached_file.<locals>.add
line cached_file | add(a) | count = 1
line cached_file | return count | count = 6
return cached_file | return count -> 6
""",
    ),
    Case(
        "deleted and unbound",
        """
def cached_file(a):
    b = a
    del a
    del b
    a = 1
    return a

def run():
    cached_file(3)
""",
        """
call cached_file | def cached_file(a): | a = 3
line cached_file | b = a
line cached_file | del a | b = 3
line cached_file | del b | del a
line cached_file | a = 1 | del b
line cached_file | return a | a = 1
return cached_file | return a -> 1
""",
    ),
    Case(
        "changes in place",
        """
def cached_file(**kwargs):
    kwargs["new"] = 1
    kwargs["old"] += 1
    taken = kwargs.pop("gone")
    kwargs.setdefault("list", []).append(taken)
    kwargs["list"].append(2)
    cached_files(kwargs)
    return kwargs

def cached_files(other):
    other.clear()
    other.update(a=1)

def run():
    cached_file(old=1, gone=True)
""",
        """
call cached_file | def cached_file(**kwargs): | kwargs = {old=1, gone=True}
line cached_file | kwargs["new"] = 1
line cached_file | kwargs["old"] += 1 | kwargs[+new: 1]
line cached_file | taken = kwargs.pop("gone") | kwargs[old: 2]
line cached_file | kwargs.setdefault("list", []).append(taken) | taken = True; kwargs[-gone]
line cached_file | kwargs["list"].append(2) | kwargs[+list: [True]]
line cached_file | cached_files(kwargs) | kwargs[list: [True, 2]]
  call cached_files | def cached_files(other): | other = {old=2, new=1, list=[True, 2]}
  line cached_files | other.clear()
  line cached_files | other.update(a=1) | other[-old, -new, -list]
  return cached_files | other.update(a=1) -> None | other[+a: 1]
line cached_file | return kwargs | kwargs[+a: 1, -old, -new, -list]
return cached_file | return kwargs -> {a=1}
""",
    ),
    Case(
        "statements over several lines",
        """
def cached_file(
    a,
    b=None,
):
    c = dict(
        a=a,
        b=cached_files(
            b,
        ),
    )
    if (
        a
        and b
    ):
        return c
    return [
        c,
        a,
    ]

def cached_files(
    b,
):
    return b

def run():
    cached_file(1, 0)
""",
        """
call cached_file | def cached_file( | a = 1; b = 0
line cached_file | c = dict(
  call cached_files | def cached_files( | b = 0
  line cached_files | return b
  return cached_files | return b -> 0
line cached_file | if ( | c = {a=1, b=0}
line cached_file | return [
return cached_file | return [ -> [{a=1, b=0}, 1]
""",
    ),
    Case(
        "raised again",
        """
def cached_file(a):
    try:
        cached_files(a)
    except ValueError:
        raise

def cached_files(a):
    try:
        int(a)
    except ValueError as error:
        raise error

def run():
    cached_file("x")
""",
        """
call cached_file | def cached_file(a): | a = 'x'
line cached_file | try:
line cached_file | cached_files(a)
  call cached_files | def cached_files(a): | a = 'x'
  line cached_files | try:
  line cached_files | int(a)
  raise cached_files | int(a) -> ValueError("invalid literal for int() with base 10: 'x'")
  line cached_files | except ValueError as error:
  line cached_files | raise error | error = ValueError("invalid literal for int() with base 10: 'x'")
  unwind cached_files | raise error -> ValueError("invalid literal for int() with base 10: 'x'") | del error
raise cached_file | cached_files(a) -> ValueError("invalid literal for int() with base 10: 'x'")
line cached_file | except ValueError:
line cached_file | raise
unwind cached_file | raise -> ValueError("invalid literal for int() with base 10: 'x'")
""",
    ),
    Case(
        "raised from",
        """
def cached_file(a):
    try:
        int(a)
    except ValueError as error:
        raise KeyError("other") from error

def run():
    cached_file("x")
""",
        """
call cached_file | def cached_file(a): | a = 'x'
line cached_file | try:
line cached_file | int(a)
raise cached_file | int(a) -> ValueError("invalid literal for int() with base 10: 'x'")
line cached_file | except ValueError as error:
line cached_file | raise KeyError("other") from error | error = ValueError("invalid literal for int() with base 10: 'x'")
raise cached_file | raise KeyError("other") from error -> KeyError("'other'")
unwind cached_file | raise KeyError("other") from error -> KeyError("'other'") | del error
""",
    ),
    Case(
        "two exceptions",
        """
def cached_file(a):
    for name in a:
        try:
            cached_files(name)
        except ValueError:
            continue
    cached_files("last")

def cached_files(name):
    raise ValueError(name)

def run():
    cached_file(["first", "second"])
""",
        """
call cached_file | def cached_file(a): | a = ['first', 'second']
line cached_file | for name in a:
line cached_file | try: | name = 'first'
line cached_file | cached_files(name)
  call cached_files | def cached_files(name): | name = 'first'
  line cached_files | raise ValueError(name)
  raise cached_files | raise ValueError(name) -> ValueError('first')
  unwind cached_files | raise ValueError(name) -> ValueError('first')
raise cached_file | cached_files(name) -> ValueError('first')
line cached_file | except ValueError:
line cached_file | continue
line cached_file | for name in a:
line cached_file | try: | name = 'second'
line cached_file | cached_files(name)
  call cached_files | def cached_files(name): | name = 'second'
  line cached_files | raise ValueError(name)
  raise cached_files | raise ValueError(name) -> ValueError('second')
  unwind cached_files | raise ValueError(name) -> ValueError('second')
raise cached_file | cached_files(name) -> ValueError('second')
line cached_file | except ValueError:
line cached_file | continue
line cached_file | for name in a:
line cached_file | cached_files("last")
  call cached_files | def cached_files(name): | name = 'last'
  line cached_files | raise ValueError(name)
  raise cached_files | raise ValueError(name) -> ValueError('last')
  unwind cached_files | raise ValueError(name) -> ValueError('last')
raise cached_file | cached_files("last") -> ValueError('last')
unwind cached_file | cached_files("last") -> ValueError('last')
""",
    ),
    Case(
        "exception in a finally",
        """
def cached_file(a):
    try:
        raise ValueError(a)
    finally:
        cached_files()

def cached_files():
    raise KeyError("in finally")

def run():
    cached_file(1)
""",
        """
call cached_file | def cached_file(a): | a = 1
line cached_file | try:
line cached_file | raise ValueError(a)
raise cached_file | raise ValueError(a) -> ValueError('1')
line cached_file | cached_files()
  call cached_files | def cached_files():
  line cached_files | raise KeyError("in finally")
  raise cached_files | raise KeyError("in finally") -> KeyError("'in finally'")
  unwind cached_files | raise KeyError("in finally") -> KeyError("'in finally'")
raise cached_file | cached_files() -> KeyError("'in finally'")
unwind cached_file | cached_files() -> KeyError("'in finally'")
""",
    ),
    Case(
        "exception from below, unseen between",
        """
def between(a):
    try:
        return cached_files(a)
    except ValueError:
        return "handled"

def cached_file(a):
    b = between(a)
    return b

def cached_files(a):
    raise ValueError(a)

def run():
    cached_file(1)
""",
        """
call cached_file | def cached_file(a): | a = 1
line cached_file | b = between(a)
  call cached_files | def cached_files(a): | a = 1
  line cached_files | raise ValueError(a)
  raise cached_files | raise ValueError(a) -> ValueError('1')
  unwind cached_files | raise ValueError(a) -> ValueError('1')
line cached_file | return b | b = 'handled'
return cached_file | return b -> 'handled'
""",
    ),
    Case(
        "conditions on one line",
        """
def cached_file(a):
    if a: b = 1
    else: b = 2
    c = b if a else -b; d = c
    return d

def run():
    cached_file(0)
""",
        """
call cached_file | def cached_file(a): | a = 0
line cached_file | if a: b = 1
line cached_file | else: b = 2
line cached_file | c = b if a else -b; d = c | b = 2
line cached_file | return d | c = -2; d = -2
return cached_file | return d -> -2
""",
    ),
    Case(
        "a class with decorators",
        """
import functools

def twice(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args) + function(*args)
    return wrapper

@twice
def cached_file(a):
    return a

def run():
    cached_file(1)
""",
        """
call cached_file | @twice | a = 1
line cached_file | return a
return cached_file | return a -> 1
call cached_file | @twice | a = 1
line cached_file | return a
return cached_file | return a -> 1
""",
    ),
    Case(
        "match",
        """
def cached_file(a):
    match a:
        case {"x": x}:
            b = x
        case [first, *rest]:
            b = rest
        case _:
            b = None
    return b

def run():
    cached_file({"x": 1}), cached_file([1, 2]), cached_file(0)
""",
        """
call cached_file | def cached_file(a): | a = {x=1}
line cached_file | match a:
line cached_file | case {"x": x}:
line cached_file | b = x | x = 1
line cached_file | return b | b = 1
return cached_file | return b -> 1
call cached_file | def cached_file(a): | a = [1, 2]
line cached_file | match a:
line cached_file | case {"x": x}:
line cached_file | case [first, *rest]:
line cached_file | b = rest | first = 1; rest = [2]
line cached_file | return b | b = [2]
return cached_file | return b -> [2]
call cached_file | def cached_file(a): | a = 0
line cached_file | match a:
line cached_file | case {"x": x}:
line cached_file | case [first, *rest]:
line cached_file | case _:
line cached_file | b = None
line cached_file | return b | b = None
return cached_file | return b -> None
""",
    ),
    Case(
        "assert and walrus",
        """
def cached_file(a):
    assert a
    if (b := a + 1) > 1:
        return b
    return 0

def run():
    cached_file(1)
    cached_file(0)
""",
        """
call cached_file | def cached_file(a): | a = 1
line cached_file | assert a
line cached_file | if (b := a + 1) > 1:
line cached_file | return b | b = 2
return cached_file | return b -> 2
call cached_file | def cached_file(a): | a = 0
line cached_file | assert a
raise cached_file | assert a -> AssertionError('')
unwind cached_file | assert a -> AssertionError('')
""",
    ),
    Case(
        "threads",
        """
import threading

def cached_file(a):
    thread = threading.Thread(target=cached_files, args=(a,))
    thread.start()
    thread.join()
    return a

def cached_files(a):
    b = a
    return b

def run():
    cached_file(1)
""",
        """
call cached_file | def cached_file(a): | a = 1
line cached_file | thread = threading.Thread(target=cached_files, args=(a,))
line cached_file | thread.start() | thread = ‹Thread›
line cached_file | thread.join()
line cached_file | return a
return cached_file | return a -> 1
call cached_files | def cached_files(a): | a = 1
line cached_files | b = a
line cached_files | return b | b = 1
return cached_files | return b -> 1
""",
    ),
    Case(
        "keyboard interrupt",
        """
def cached_file(a):
    try:
        raise KeyboardInterrupt
    finally:
        a = 2

def run():
    cached_file(1)
""",
        """
call cached_file | def cached_file(a): | a = 1
line cached_file | try:
line cached_file | raise KeyboardInterrupt
raise cached_file | raise KeyboardInterrupt -> KeyboardInterrupt('')
line cached_file | a = 2
unwind cached_file | a = 2 -> KeyboardInterrupt('') | a = 2
""",
    ),
    Case(
        "system exit",
        """
import sys

def cached_file(a):
    sys.exit(a)

def run():
    cached_file(3)
""",
        """
call cached_file | def cached_file(a): | a = 3
line cached_file | sys.exit(a)
raise cached_file | sys.exit(a) -> SystemExit('3')
unwind cached_file | sys.exit(a) -> SystemExit('3')
""",
    ),
    Case(
        "a context manager that swallows at the end",
        """
class Swallow:
    def __enter__(self): return self
    def __exit__(self, *_): return True

def cached_file(a):
    with Swallow():
        int(a)

def cached_files(a):
    with Swallow():
        return int(a)

def run():
    cached_file("x"), cached_files("x")
""",
        """
call cached_file | def cached_file(a): | a = 'x'
line cached_file | with Swallow():
line cached_file | int(a)
raise cached_file | int(a) -> ValueError("invalid literal for int() with base 10: 'x'")
line cached_file | with Swallow():
return cached_file | with Swallow(): -> None
call cached_files | def cached_files(a): | a = 'x'
line cached_files | with Swallow():
line cached_files | return int(a)
raise cached_files | return int(a) -> ValueError("invalid literal for int() with base 10: 'x'")
line cached_files | with Swallow():
return cached_files | with Swallow(): -> None
""",
    ),
    Case(
        "try else",
        """
def cached_file(a):
    try:
        b = int(a)
    except ValueError:
        b = None
    else:
        b += 1
    finally:
        c = b
    return c

def run():
    cached_file("1"), cached_file("x")
""",
        """
call cached_file | def cached_file(a): | a = '1'
line cached_file | try:
line cached_file | b = int(a)
line cached_file | b += 1 | b = 1
line cached_file | c = b | b = 2
line cached_file | return c | c = 2
return cached_file | return c -> 2
call cached_file | def cached_file(a): | a = 'x'
line cached_file | try:
line cached_file | b = int(a)
raise cached_file | b = int(a) -> ValueError("invalid literal for int() with base 10: 'x'")
line cached_file | except ValueError:
line cached_file | b = None
line cached_file | c = b | b = None
line cached_file | return c | c = None
return cached_file | return c -> None
""",
    ),
    Case(
        "returned in a finally",
        """
def cached_file(a):
    try:
        raise ValueError(a)
    finally:
        return a

def run():
    cached_file(1)
""",
        """
call cached_file | def cached_file(a): | a = 1
line cached_file | try:
line cached_file | raise ValueError(a)
raise cached_file | raise ValueError(a) -> ValueError('1')
line cached_file | return a
return cached_file | return a -> 1
""",
    ),
)
