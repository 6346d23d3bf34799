"""The configuration is read strictly: all is text, nothing is followed, every line is named."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from docklet.adapters import strict_yaml
from docklet.adapters.config_file import config
from docklet.domain.config import Bounds, Config, Permission
from docklet.domain.document import Node, Scalar, Sequence, Table
from docklet.domain.errors import InvalidInputs, Problem
from docklet.domain.outcome import Reason
from tests.configs import BAD, GOOD, JOB, WORSE

if TYPE_CHECKING:
    from collections.abc import Iterator


def problems(content: str | bytes) -> tuple[Problem, ...]:
    """Return what is wrong with a file; nothing when it is fine."""
    try:
        config(content.encode() if isinstance(content, str) else content)
    except InvalidInputs as error:
        return error.problems
    return ()


@pytest.mark.parametrize("name", GOOD)
def test_good_files(name: str) -> None:
    """These files are fine."""
    assert problems(GOOD[name]) == ()


@pytest.mark.parametrize("name", [*BAD, *WORSE])
def test_bad_files(name: str) -> None:
    """These files are refused, each at its line and with its reason."""
    bad = BAD.get(name) or WORSE[name]
    told = problems(bad.text)
    assert [one for one in told if one.line == bad.line and bad.part in one.message], told


def test_not_utf8() -> None:
    """A file in another encoding is told so, at the first line that shows it."""
    assert problems(b"jobs:\n  # \xe4\n")[0].line == 2


def test_everything_arrives() -> None:
    """All that a file says is in the configuration."""
    found = config(
        b"defaults: {region: [fra1, ams3]}\n"
        b"jobs: {a: {script: a.R, args: [x y, 012, no, ~]}, b: {script: b.R}}\n"
        b"commands: {permission: admin, users: [Ada], teams: ['@Org/Team'], sizes: [c-8],\n"
        b" regions: [fra1], images: ['r/*'], max-cost: 1.50, max-cost-month: none,\n"
        b" concurrent: 1, forks: true, inputs: [args]}\n"
    )
    assert found == Config(
        defaults={"region": "fra1,ams3"},
        jobs={"a": {"script": "a.R", "args": "x y\n012\nno\n~"}, "b": {"script": "b.R"}},
        bounds=Bounds(
            permission=Permission.ADMIN,
            users=("ada",),
            teams=("org/team",),
            sizes=("c-8",),
            regions=("fra1",),
            images=("r/*",),
            max_cost=Decimal("1.50"),
            max_cost_month=None,
            concurrent=1,
            forks=True,
            inputs=frozenset({"args"}),
        ),
    )


def test_empty_file_has_the_safe_bounds() -> None:
    """Who has not thought of bounds has them anyway."""
    assert config(b"") == config(b"commands: {}\n") == Config()


def test_scalars_stay_text() -> None:
    """Nothing is turned into a number, a date, a truth or nothing by its looks."""
    words = ("on", "no", "22:30", "0o17", "1_000", "2026-11-22", "~", "null", ".inf", "0x1f", "=")
    tree, told = strict_yaml.read(("[" + ", ".join(words) + "]").encode())
    assert not told
    assert isinstance(tree, Sequence)
    assert [item.text for item in tree.items if isinstance(item, Scalar)] == list(words)


def test_all_problems_at_once() -> None:
    """Problems of the file and of its content come together, in the order of the lines."""
    text = "jobs:\n  a: {script: ../a.R}\n  a: &x {}\ncommands:\n  forks: maybe\n  users: *x\n"
    assert [problem.line for problem in problems(text)] == [2, 3, 3, 5, 6, 6]


def test_problem_of_the_defaults_is_told_once() -> None:
    """What is wrong in the defaults is not told again for every job."""
    text = "defaults:\n  size: C 8\njobs: {a: {script: a.R}, b: {script: b.R}}\n"
    assert [(one.line, one.name) for one in problems(text)] == [(2, "defaults.size")]


def test_names_are_shown_harmlessly() -> None:
    """A name that would write elsewhere on the screen, or a new line, does not."""
    for place in ("{%s: 1}", "defaults: {%s: 1}", "jobs: {%s: {}}", "jobs: {a: {%s: 1}}"):
        for name in ('"\\u202e"', '"a\\nb"', '"`"', "'" + "x" * 500 + "'"):
            told = problems(place % name)
            assert told
            assert all(str(one).isprintable() and "```" not in str(one) for one in told)
            assert all(len(str(one)) < 300 for one in told)


def test_message_names_line_and_path() -> None:
    """A problem reads as a sentence, and says where."""
    with pytest.raises(InvalidInputs) as caught:
        config(b"jobs:\n  fit:\n    script: a.R\n    lfs: maybe\n")
    assert caught.value.message.startswith("line 4: jobs.fit.lfs: `maybe` is neither")
    assert caught.value.reason is Reason.INVALID_INPUT


@pytest.mark.parametrize("name", ["deep", "deep by dashes", "deep by question marks", "many"])
def test_large_files_are_not_read_to_their_end(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading stops at the first line that no configuration has: work is bounded by a count."""
    taken: list[yaml.Event] = []
    reading = yaml.parse

    def counted(text: str, **named: Any) -> Iterator[yaml.Event]:  # noqa: ANN401 - passed on
        for event in reading(text, **named):
            taken.append(event)
            yield event

    monkeypatch.setattr(yaml, "parse", counted)
    assert problems(WORSE[name].text)
    assert 0 < len(taken) <= strict_yaml.MOST_VALUES + 10


def size_of(node: Node | None) -> tuple[int, int]:
    """Return the depth and the number of values of a tree."""
    match node:
        case Sequence():
            inner = [size_of(item) for item in node.items]
        case Table():
            inner = [size_of(part) for entry in node.entries for part in entry]
        case _:
            inner = []
    return 1 + max((deep for deep, _ in inner), default=0), 1 + sum(many for _, many in inner)


PIECES: Final = st.sampled_from(
    [
        *("jobs", "defaults", "commands", "script", "size", "args", "a", "b.R", "c-8", "none"),
        *(": ", ":\n  ", "\n", "\n  ", "\n    ", "- ", "? ", ", ", "[", "]", "{", "}", "#"),
        *(
            "&a ",
            "*a",
            "!!str ",
            "!<x> ",
            "<<: *a",
            "|\n",
            ">-\n",
            "---\n",
            "...\n",
            "%YAML 1.2\n",
        ),
        *('"', "'", '"\\x00"', '"\\UFFFFFFFF"', "\t", "\r", "\x85", "\u2028", "\ufeff", "\x07"),
        *("~", "no", "22:30", "9" * 5000, "[" * 50, "- " * 50, "${{ x }}", "@", "`", "=", "é"),
    ]
)


def check(content: bytes) -> None:
    """Read a file and hold the answer to what every answer must be."""
    told = problems(content)
    assert all(problem.message.isprintable() for problem in told)
    assert all(
        1 <= problem.line <= content.count(b"\n") + content.count(b"\r") + 100 for problem in told
    )
    assert list(told) == sorted(told, key=lambda problem: problem.line)
    tree, _ = strict_yaml.read(content)
    deep, many = size_of(tree)
    assert deep <= strict_yaml.DEEPEST + 1
    assert many <= strict_yaml.MOST_VALUES


@given(st.lists(PIECES, max_size=60).map("".join))
@settings(max_examples=150, deadline=None)
def test_no_text_crashes(text: str) -> None:
    """Whatever looks like YAML is a configuration or is refused, with bounded depth and size."""
    check(text.encode())


@given(st.binary(max_size=200))
@example(b"\xff\xfe[\x00")
@example(b"\x00")
@example(b"\xef\xbb\xbf\xef\xbb\xbf")
@settings(max_examples=100, deadline=None)
def test_no_bytes_crash(content: bytes) -> None:
    """Neither do bytes that are no text."""
    check(content)


@pytest.mark.parametrize(("depth", "fine"), [(strict_yaml.DEEPEST, True), (7, False)])
@pytest.mark.parametrize(
    ("opening", "closing"), [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")]
)
def test_depth_that_is_allowed(opening: str, closing: str, depth: int, *, fine: bool) -> None:
    """A file may be as deep as the bound says, and no deeper."""
    _, told = strict_yaml.read((opening * depth + "a" + closing * depth).encode())
    assert (not [one for one in told if "deep" in one.message]) is fine


def test_job_is_in_every_table() -> None:
    """The shared tables are about the same smallest file."""
    assert JOB in GOOD.values()
