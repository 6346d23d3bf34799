"""The runner's log shows everything and obeys nobody but us."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docklet.adapters.printer import Printer
from docklet.adapters.runner.command_files import CommandFiles, command_files
from docklet.adapters.runner.log import Runner
from docklet.domain.events import Ended, LogArrived, Noticed, Phase, PhaseEnded, PhaseStarted
from docklet.domain.outcome import Reason
from docklet.domain.secret import Secret
from tests import actions
from tests.builders import START, make_events, make_outcome, make_plan

PIECES = [
    "::", "##[", "]", "set-output", "add-mask", "stop-commands", "error", "endgroup", "name=x",
    "\r", "\n", "\t", "x", "@", " ", "a" * 64, "::add-mask::e", "##[add-mask]e", "\r::debug::x",
    "\u2028",
]  # fmt: skip
HOSTILE = st.lists(st.sampled_from(PIECES)).map("".join).map(str.encode) | st.binary()


@dataclass
class Session:
    """A runner, and what it printed."""

    runner: Runner
    out: io.BytesIO

    def read(self) -> actions.RunnerLog:
        """Return what the Actions runner makes of the output."""
        self.runner.close()
        return actions.read(self.out.getvalue())


def session(files: CommandFiles | None = None, *, log_room: int = 10_000_000) -> Session:
    """Start a runner that prints to memory."""
    out = io.BytesIO()
    return Session(Runner(Printer(out), files or CommandFiles(), log_room=log_room), out)


def play(log: bytes = b"Hello\n", **spec: object) -> Session:
    """Return a session in which a whole run took place."""
    played = session()
    for event in make_events(log=log, plan=make_plan(**spec)):
        played.runner.notify(event)
    return played


def test_phases_are_groups() -> None:
    """Each phase has a group; none is left open and none lies in another."""
    found = play().read()
    names = [name for name, _ in found.commands]
    assert names == ["group", "endgroup"] * 8
    assert found.data("group")[:2] == ["Creating the droplet", "Waiting for the droplet"]
    assert "boot         29.0 s" in found.shown


def test_output_is_shown() -> None:
    """The script's lines are there, and the last one needs no newline."""
    found = play(b"::error::not ours\nlast").read()
    assert "::error::not ours" in found.shown
    assert "last" in found.shown
    assert not found.data("error")
    assert len(found.tokens) == 1
    assert len(found.tokens[0]) == 64


@settings(max_examples=300, deadline=None)
@given(st.lists(HOSTILE, max_size=6))
def test_script_commands_nothing(chunks: list[bytes]) -> None:
    """Whatever a script prints, however it is cut, the runner obeys none of it."""
    played = session()
    played.runner.notify(PhaseStarted(at=START, phase=Phase.RUN))
    for chunk in chunks:
        played.runner.notify(LogArrived(at=START, data=chunk))
        played.runner.notify(Noticed(at=START, message="note"))
    played.runner.notify(PhaseEnded(at=START, phase=Phase.RUN, ok=True))
    found = played.read()
    expected = ["group", *["notice"] * len(chunks), "endgroup"]
    assert [name for name, _ in found.commands] == expected
    assert not found.stopped
    assert not [line for line in found.shown if "##[" in line]
    assert len(set(found.tokens)) == len(found.tokens)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_names_command_nothing(text: str) -> None:
    """Names, notes and messages with commands in them are shown, not obeyed."""
    played = play(script=f"{text}.sh", image=f"::{text}")
    played.runner.notify(Noticed(at=START, message=text))
    outcome = make_outcome(reason=Reason.NOT_PUSHED, message=f"{text}\n::set-output name=a::b")
    played.runner.notify(Ended(at=START, outcome=outcome))
    found = played.read()
    assert {name for name, _ in found.commands} == {"group", "endgroup", "notice", "error"}
    assert len(found.data("error")) == 1


def test_failure_is_an_annotation() -> None:
    """A failed run ends with one error that holds the whole message, on one line."""
    played = session()
    outcome = make_outcome(reason=Reason.TIMED_OUT, message="It took\ntoo long: 100 %.")
    played.runner.notify(Ended(at=START, outcome=outcome))
    error = played.read().data("error")
    assert error == ["The script was stopped at its limit.\nIt took\ntoo long: 100 %."]


def test_success_is_no_annotation() -> None:
    """A run that went well leaves no error behind."""
    played = play()
    played.runner.notify(Ended(at=START, outcome=make_outcome()))
    assert not played.read().data("error")


def test_secrets_are_masked_first() -> None:
    """Each line of a secret is masked; a short one is not, and that is said."""
    played = session()
    played.runner.hide([Secret("first 100%\nsecond"), Secret("abc")])
    found = played.read()
    assert found.data("add-mask") == ["first 100%", "second"]
    assert "fewer than 4 characters" in found.data("warning")[0]
    assert not any("abc" in line for line in found.shown)


def test_log_is_bounded() -> None:
    """A flood is cut off once, with a word on where the rest is."""
    played = session(log_room=1000)
    for _ in range(100):
        played.runner.notify(LogArrived(at=START, data=b"x" * 99 + b"\n"))
    found = played.read()
    assert found.shown.count("x" * 99) == 10
    assert len(found.data("warning")) == 1


def test_long_lines_are_split() -> None:
    """A line of many bytes comes in pieces of 32 KiB."""
    played = session()
    played.runner.notify(LogArrived(at=START, data=b"y" * 100_000 + b"\n"))
    lengths = [len(line) for line in played.read().shown if line]
    assert lengths == [32768, 32768, 32768, 1696]


def test_files_are_written(tmp_path: Path) -> None:
    """Outputs and state stand between random delimiters, whatever their values hold."""
    files = command_files(
        {
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_STATE": str(tmp_path / "state"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        }
    )
    played = session(files)
    played.runner.write_outputs({"status": "success", "result": "a\nEOF\nb=c"})
    played.runner.save_state({"run": "0123"})
    played.runner.write_summary("# Summary\n")
    assert not played.read().commands
    first, *_, last = (tmp_path / "output").read_text().splitlines()
    assert first.startswith("status<<docklet-")
    assert len(last) > 64
    assert f"result<<{last}\na\nEOF\nb=c\n{last}\n" in (tmp_path / "output").read_text()
    assert "run<<" in (tmp_path / "state").read_text()
    assert (tmp_path / "summary").read_text() == "# Summary\n"


def test_too_large_summary_is_left_out(tmp_path: Path) -> None:
    """The runner would drop a summary above 1 MiB whole, so what is there already is kept."""
    played = session(CommandFiles(summary=tmp_path / "summary"))
    played.runner.write_summary("x" * 700_000)
    played.runner.write_summary("y" * 700_000)
    assert (tmp_path / "summary").read_text() == "x" * 700_000
    assert "1 MiB" in played.read().data("warning")[0]


@pytest.mark.parametrize("call", ["write_outputs", "save_state", "write_summary"])
def test_missing_directory_ends_nothing(tmp_path: Path, call: str) -> None:
    """Files that can't be written are a warning."""
    path = tmp_path / "no" / "such" / "file"
    played = session(CommandFiles(output=path, state=path, summary=path))
    getattr(played.runner, call)("text" if call == "write_summary" else {"a": "b"})
    assert len(played.read().data("warning")) == 1


def test_outside_of_actions_nothing_is_written() -> None:
    """Without the runner's variables there are no files, and that is fine."""
    played = session(command_files({}))
    played.runner.write_outputs({"a": "b"})
    played.runner.write_summary("text")
    assert not played.read().commands
