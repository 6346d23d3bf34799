"""How a run ended is decided from what was observed."""

from __future__ import annotations

import pytest

from docklet.droplet.verdict import Facts, judge

TINI = b"[FATAL tini (7)] exec Rscript failed: No such file or directory\n"


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        (Facts(exit_code=0), "exited"),
        (Facts(exit_code=3), "exited"),
        (Facts(exit_code=137), "exited"),
        (Facts(exit_code=137, kills=1), "out-of-memory"),
        (Facts(exit_code=1, kills=1), "exited"),
        (Facts(exit_code=1, out_of_memory=True), "out-of-memory"),
        (Facts(exit_code=0, out_of_memory=True), "exited"),
        (Facts(exit_code=1, disk_is_full=True), "disk-full"),
        (Facts(exit_code=0, disk_is_full=True), "exited"),
        (Facts(exit_code=0, interrupted="timed-out"), "timed-out"),
        (Facts(exit_code=137, interrupted="stopped"), "stopped"),
        (Facts(exit_code=127), "exited"),
        (Facts(exit_code=127, log=TINI), "image-cannot-run"),
        (Facts(exit_code=127, log=b"hello\n" + TINI), "exited"),
        (Facts(exit_code=0, log=TINI), "exited"),
        (Facts(exit_code=1, log=b"exec /x: exec format error\n"), "image-cannot-run"),
        (Facts(exit_code=127, log=b"docklet: R: not found in this image\n"), "image-cannot-run"),
        (Facts(exit_code=126, log=b"docklet: ./run: not executable\n"), "image-cannot-run"),
        (Facts(exit_code=127, log=b"docklet: ./run: not there\n"), "image-cannot-run"),
        (Facts(refusal="no such file or directory"), "image-cannot-run"),
        (Facts(refusal="write: no space left on device"), "disk-full"),
        (Facts(trouble="It disappeared."), "lost"),
        (Facts(exit_code=143, daemon_was_lost=True), "lost"),
        (Facts(exit_code=5, daemon_was_lost=True), "exited"),
    ],
)
def test_kinds(facts: Facts, kind: str) -> None:
    """Each combination of facts has one name, and a sentence with it."""
    verdict = judge(facts)
    assert verdict.kind == kind
    assert verdict.message


def test_a_killing_that_is_not_surely_the_scripts() -> None:
    """Where Docker was told of none in the container, only what was seen is told."""
    assert "ran out of memory" in judge(Facts(exit_code=137, out_of_memory=True)).message
    child = judge(Facts(exit_code=3, out_of_memory=True)).message
    assert child.startswith("A process of the script was killed")
    assert "exit code 3;" in child
    told = judge(Facts(exit_code=137, kills=1)).message
    assert told.startswith("The script was killed, and the kernel killed a process")


@pytest.mark.parametrize("code", range(1, 256))
def test_exit_codes_are_the_scripts(code: int) -> None:
    """No exit code alone is taken for anything but the script's own."""
    verdict = judge(Facts(exit_code=code, log=b"hello\n"))
    assert verdict.kind == "exited"
    assert f"exit code {code}" in verdict.message
    assert ("signal" in verdict.message) == (128 < code <= 128 + 64)


def test_a_daemon_that_was_restarted_is_told() -> None:
    """A log with a possible gap is not passed off as whole."""
    assert "restarted" in judge(Facts(exit_code=0, daemon_was_lost=True)).message


def test_who_stopped_it() -> None:
    """Whoever asked for the end is named in it, where anybody said so."""
    named = judge(Facts(exit_code=137, interrupted="stopped", asked_by="ada"))
    assert named.message == "The script was stopped on request of ada."
    assert judge(Facts(exit_code=137, interrupted="stopped")).message.endswith("on request.")
