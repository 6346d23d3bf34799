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


def test_a_daemon_that_was_restarted_is_told() -> None:
    """A log with a possible gap is not passed off as whole."""
    assert "restarted" in judge(Facts(exit_code=0, daemon_was_lost=True)).message
