"""Which comments are commands, and what they ask for."""

from __future__ import annotations

import shlex
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docklet.domain.command import (
    Command,
    Extend,
    Help,
    Keep,
    Logs,
    PlanRun,
    Run,
    Status,
    Stop,
    command_of,
)
from docklet.domain.config import Bounds, Config, inputs_of
from docklet.domain.errors import InvalidCommand, InvalidInputs, Problem
from docklet.domain.inputs import parse
from docklet.domain.outcome import Reason
from tests import comments

SHA: Final = "0123456789abcdef0123456789abcdef01234567"
KEY: Final = "0123456789abcdef0123"
COMMANDS: Final[dict[str, Command]] = {
    "/docklet": Help(),
    "/docklet help": Help(),
    "/docklet help me": Help(),
    "/docklet status": Status(),
    "/docklet run": Run(),
    "/docklet\trun\treport": Run(job="report"),
    "/docklet run report": Run(job="report"),
    "/docklet   run   report   ": Run(job="report"),
    "/docklet run size=c-8 report": Run(job="report", inputs={"size": "c-8"}),
    "/docklet run args=a=b": Run(inputs={"args": "a=b"}),
    "/docklet run args='a b' args=c": Run(inputs={"args": "a b\nc"}),
    '/docklet run args="it\'s $HOME `id`"': Run(inputs={"args": "it's $HOME `id`"}),
    r"/docklet run args=a\ b\'": Run(inputs={"args": "a b'"}),
    "/docklet run 'args'=x#y": Run(inputs={"args": "x#y"}),
    "/docklet run args=a;rm args=|b&": Run(inputs={"args": "a;rm\n|b&"}),
    "/docklet run args=*": Run(inputs={"args": "*"}),
    "/docklet run region=nyc3 region=fra1": Run(inputs={"region": "nyc3,fra1"}),
    f"/docklet run sha={SHA}": Run(sha=SHA),
    f"/docklet run report sha={SHA.upper()}": Run(job="report", sha=SHA),
    "/docklet plan report timeout=1h": PlanRun(job="report", inputs={"timeout": "1h"}),
    f"/docklet plan sha={SHA}": PlanRun(sha=SHA),
    "/docklet stop": Stop(),
    "/docklet stop 0123": Stop(run="0123"),
    f"/docklet stop {KEY.upper()}": Stop(run=KEY),
    "/docklet logs": Logs(),
    "/docklet logs 200": Logs(lines=200),
    "/docklet logs abcd": Logs(run="abcd"),
    "/docklet logs 20 1234": Logs(lines=20, run="1234"),
    "/docklet logs 12345678": Logs(run="12345678"),
    "/docklet extend 2h": Extend(seconds=7200),
    "/docklet extend 1h30m abcd": Extend(seconds=5400, run="abcd"),
    "/docklet extend 24h": Extend(seconds=86400),
    "/docklet extend 60": Extend(seconds=60),
    "/docklet keep": Keep(),
    "/docklet keep abcd": Keep(run="abcd"),
}
WRONG: Final = {
    "/docklet rnu": ("`rnu`", "`run`", "/docklet help", "/docklet run JOB"),
    "/docklet Run": ("`Run`", "`run`"),
    "/docklet start": ("`start`", "Did you mean `run`?"),
    "/docklet cancel": ("`cancel`", "Did you mean `stop`?"),
    "/docklet report": ("`report`", "/docklet run JOB"),
    "/docklet xyzzy": ("There is no command `xyzzy`. `/docklet help`",),
    "/docklet size=c-8": ("`size=c-8`",),
    "/docklet run a b": ("`b` is one word too many", 'args="a b"'),
    "/docklet run thanks!": ("`thanks!` is neither a job's name",),
    "/docklet run size = c-8": ("`=` sets no input",),
    "/docklet run -job=a": ("`-job=a` sets no input",),
    "/docklet run size=": ("`size` is empty",),
    "/docklet run args=' a'": ("begins or ends with a blank",),
    "/docklet run size=a size=b": ("`size` is given twice",),
    "/docklet run sha=0123": ("40 hexadecimal digits", "`0123`"),
    f"/docklet run sha={SHA} sha={SHA}": ("`sha` is given twice",),
    "/docklet run args='a": ("never closed",),
    "/docklet run args=a\\": ("last backslash",),
    "/docklet run args=\u201ca b\u201d": ("`b\u201d`", "straight"),
    "/docklet run \u2019": ("neither a job's name",),
    "/docklet\u00a0run": ("can't be seen",),
    "/docklet run args=\u202ex": ("can't be seen",),
    "/docklet run args=a\x00b": ("can't be seen",),
    "/docklet run args=a\u2028b": ("can't be seen",),
    "/docklet run " + "a" * 2001: ("at most 2000 characters",),
    "/docklet stop all": ("`stop`", "`all`", "/docklet status"),
    "/docklet stop abc": ("`abc`", "4 to 20"),
    "/docklet stop abcd abce": ("one at a time",),
    "/docklet keep 0123456789abcdef01234": ("4 to 20",),
    "/docklet logs 0": ("1 to 1000",),
    "/docklet logs 1001": ("1 to 1000",),
    "/docklet logs all": ("`logs`", "`all`"),
    "/docklet extend": ("needs a time",),
    "/docklet extend soon": ("`soon` is not a duration",),
    "/docklet extend 59": ("between `1m` and `24h`",),
    "/docklet extend 25h": ("between `1m` and `24h`",),
    "/docklet extend " + "9" * 1900: ("between `1m` and `24h`",),
    "/docklet extend 1h 30m": ("`30m`",),
    "/docklet status now": ("`status` takes no word", "`now`"),
}


@pytest.mark.parametrize("body", COMMANDS)
def test_commands(body: str) -> None:
    """Each command is understood, with words as a shell would split them and nothing expanded."""
    assert command_of(body) == COMMANDS[body]


@pytest.mark.parametrize("body", WRONG)
def test_wrong_commands(body: str) -> None:
    """Whoever speaks to docklet and errs learns which word is wrong and what would be right."""
    with pytest.raises(InvalidCommand) as caught:
        command_of(body)
    assert [part for part in WRONG[body] if part not in caught.value.message] == []
    assert caught.value.reason is Reason.INVALID_INPUT
    assert all(problem.message.endswith(".") for problem in caught.value.problems)


def test_all_problems_at_once() -> None:
    """A command with several mistakes is answered once."""
    with pytest.raises(InvalidCommand) as caught:
        command_of("/docklet run a b size= sha=1 =")
    assert len(caught.value.problems) == 4


@pytest.mark.parametrize("body", comments.SILENT)
def test_no_command(body: str) -> None:
    """Quotes, code, mails, lists and everything below the first line say nothing to docklet."""
    assert command_of(body) is None


@pytest.mark.parametrize("body", comments.SPEAKING)
def test_what_surrounds_a_command(body: str) -> None:
    """Blank lines before a command and whatever is below it change nothing."""
    assert command_of(body) == Run(job="report", inputs={"size": "c-8"})


def test_corpus_is_large() -> None:
    """The table of comments does not shrink unseen."""
    assert len(set(comments.SILENT)) + len(set(comments.SPEAKING)) >= 60


WORDS: Final = st.text(
    st.characters(codec="utf-8").filter(str.isprintable), min_size=1, max_size=30
).filter(lambda word: word == word.strip())
ONE_JOB: Final = Config(
    jobs={"fit": {"script": "fit.py"}}, bounds=Bounds(inputs=frozenset({"args"}))
)


@given(st.lists(WORDS, min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_arguments_arrive_as_they_were_quoted(words: list[str]) -> None:
    """What a shell would hand to the script is what the script gets, byte for byte."""
    body = "/docklet run fit " + " ".join(f"args={shlex.quote(word)}" for word in words)
    command = command_of(body)
    assert isinstance(command, Run)
    spec = parse(inputs_of(ONE_JOB, command), needs_cloud=False)
    assert spec.argv == ("python", "./fit.py", *words)


@given(st.text(max_size=300), st.sampled_from(["", "/docklet ", "/docklet run ", "\n /docklet "]))
@settings(max_examples=150, deadline=None)
def test_no_comment_crashes(text: str, start: str) -> None:
    """Any comment is a command, or none, or refused with sentences on one line each."""
    problems: tuple[Problem, ...] = ()
    try:
        command = command_of(start + text)
        if isinstance(command, Run | PlanRun):
            inputs_of(ONE_JOB, command)
    except InvalidInputs as error:
        problems = error.problems
    assert all(problem.message.isprintable() for problem in problems)
