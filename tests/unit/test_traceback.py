"""A failed script's log says which lines of the repository are to blame, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docklet.domain.annotation import LONGEST_MESSAGE, TREE
from docklet.domain.traceback import MOST, failures_in
from docklet.droplet import container

PYTHON = """\
starting
Traceback (most recent call last):
  File "/work/inst/examples/run.py", line 12, in <module>
    main()
  File "/work/lib/model.py", line 3, in main
    json.loads("{")
  File "/usr/lib/python3.11/json/__init__.py", line 346, in loads
    return _default_decoder.decode(s)
json.decoder.JSONDecodeError: Expecting property name
"""
CHAINED = """\
Traceback (most recent call last):
  File "run.py", line 2, in <module>
    {}["x"]
    ~~^^^^^
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "run.py", line 4, in <module>
    raise SystemError
SystemError
"""
SYNTAX = '  File "/work/a b.py", line 1\n    def f(:\n          ^\nSyntaxError: invalid syntax\n'
GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "/work/run.py", line 9, in <module>
  |     raise ExceptionGroup("two", [ValueError(1)])
  | ExceptionGroup: two (1 sub-exception)
"""
KNITR = """\
Quitting from lines 10-12 [plot] (example.Rmd)
Error in eval(expr, envir, enclos) :
  object 'x' not found
Calls: <Anonymous> ... eval
Execution halted
"""
NEW_KNITR = """\
Quitting from example.Rmd:10-12 [plot]
~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
<error/rlang_error>
Error in `f()`:
! object 'x' not found
"""
JULIA = """\
ERROR: LoadError: DomainError with -1.0
Stacktrace:
 [1] sqrt at ./math.jl:501
in expression starting at /work/inst/examples/a.jl:7
"""


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (PYTHON, [("lib/model.py", 3, "json.decoder.JSONDecodeError: Expecting property name")]),
        (
            CHAINED,
            [
                ("inst/examples/run.py", 2, "KeyError: 'x'"),
                ("inst/examples/run.py", 4, "SystemError"),
            ],
        ),
        (SYNTAX, [("a b.py", 1, "SyntaxError: invalid syntax")]),
        (GROUP, [("run.py", 9, "ExceptionGroup: two (1 sub-exception)")]),
        (
            KNITR,
            [
                (
                    "inst/examples/example.Rmd",
                    10,
                    "Error in eval(expr, envir, enclos) : object 'x' not found",
                )
            ],
        ),
        (
            NEW_KNITR,
            [("inst/examples/example.Rmd", 10, "Error in `f()`: ! object 'x' not found")],
        ),
        ("Error in f() (from knit.R#12) : boom\n", [("inst/examples/knit.R", 12, "boom")]),
        ("Error in knit.R#12 : boom\n", [("inst/examples/knit.R", 12, "boom")]),
        ("Error in f() (from knit.R#12) : \n  boom\n", [("inst/examples/knit.R", 12, "boom")]),
        (
            'Error in source("bad.R") : bad.R:3:0: unexpected end of input\n',
            [("inst/examples/bad.R", 3, "unexpected end of input")],
        ),
        ("run.sh: line 12: cd: /x: No such file\n", [("inst/examples/run.sh", 12, "cd: /x: No")]),
        ("./run.sh: 12: foo: not found\n", [("inst/examples/run.sh", 12, "foo: not found")]),
        ("../src/a.c:4:9: error: no `x`\n", [("inst/src/a.c", 4, "no `x`")]),
        ("src/a.f90:4: fatal error: no `x`\n", [("inst/examples/src/a.f90", 4, "no `x`")]),
        (JULIA, [("inst/examples/a.jl", 7, "DomainError with -1.0")]),
    ],
)
def test_places(log: str, expected: list[tuple[str, int, str]]) -> None:
    """The innermost place in the repository is named, with the error's own words."""
    found = failures_in(log, "inst/examples")
    assert [(one.path, one.line) for one in found] == [(path, line) for path, line, _ in expected]
    for one, (_, _, message) in zip(found, expected, strict=True):
        assert one.message.startswith(message)


@pytest.mark.parametrize(
    "log",
    [
        "all is well\n",
        "10:23:11: error: late\n",
        "sh: 1: foo: not found\n",
        "/usr/bin/run.sh: line 12: message\n",
        "/work/../etc/passwd: line 12: message\n",
        "../../../etc/passwd: line 1: message\n",
        "/work: line 1: message\n",
        "/workshop/a.sh: line 1: message\n",
        ".git/hooks/pre-commit: line 1: message\n",
        "a/.GIT/config: line 1: message\n",
        "run.sh: line 0: message\n",
        "run.sh: line 12345678: message\n",
        "a\x1b[31mb.sh: line 3: message\n",
        "a\u202eb.sh: line 3: message\n",
        "***/a.sh: line 3: message\n",
        f"{'a' * 1100}.sh: line 3: message\n",
        'Traceback (most recent call last):\n  File "<stdin>", line 1, in <module>\nKeyError: 1\n',
        'File "/work/a.py", line 3\nand that was all\n',
    ],
)
def test_no_place(log: str) -> None:
    """What is no line of a file of the repository is left out."""
    assert failures_in(log, "inst/examples") == ()


def test_message_is_one_harmless_line() -> None:
    """Control characters and endless text stay out of messages; silence is filled."""
    (one,) = failures_in(f"run.sh: line 3: a\x07\u202e\t b{'x' * 5000}\n", ".")
    assert one.message.startswith("a bx")
    assert len(one.message) == LONGEST_MESSAGE
    (silent,) = failures_in("Quitting from lines 1-2 (a.Rmd)\n", ".")
    assert silent.message == "The script failed here."


def test_the_last_ten_places() -> None:
    """Of many errors the last ones count, each line once, with what was said of it last."""
    log = "".join(f"run.sh: line {number}: first\n" for number in range(1, 15))
    found = failures_in(f"{log}run.sh: line 6: second\n", ".")
    assert len(found) == MOST
    assert [one.line for one in found] == [5, *range(7, 15), 6]
    assert found[-1].message == "second"


def test_the_tree_is_where_the_droplet_has_it() -> None:
    """Absolute paths are read as the container means them."""
    assert container.TREE == TREE


@given(st.text(), st.sampled_from([".", "inst/examples"]))
def test_any_log(log: str, workdir: str) -> None:
    """No log breaks the reader, or leads out of the tree."""
    for one in failures_in(f'{log}: line 3: x\n  File "{log}", line 1\nKeyError: {log}', workdir):
        assert not one.path.startswith("/")
        assert not {"..", ".", "", ".git"} & set(one.path.split("/"))
        assert (one.path + one.message).isprintable()
