"""The comment says what a person needs, however hostile its surroundings are."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docklet.domain.events import DropletKept, Phase, PhaseStarted
from docklet.domain.outcome import (
    CommittedFile,
    FileChange,
    LeftOut,
    Outcome,
    Reason,
    Stretch,
    Usage,
)
from docklet.domain.progress import TAIL_BYTES, Progress
from docklet.domain.secret import Secret
from docklet.render.comment import ROOM, comment, marker
from docklet.render.links import Links
from docklet.render.mask import mask_of
from docklet.render.report import fits
from docklet.render.summary import ROOM as SUMMARY_ROOM
from docklet.render.summary import summary
from tests.builders import (
    DIGEST,
    KEY,
    RESULT_SHA,
    START,
    fold,
    make_events,
    make_outcome,
    make_plan,
    make_progress,
    make_published,
    make_trigger,
)
from tests.markdown import addresses, alive, blocks, fences, tokens

LINKS = Links(server_url="https://github.com", repository="octo/template")
BLOBS = f"https://github.com/octo/template/blob/{RESULT_SHA}"
HOSTILE = (
    "</details>\n\n# @octocat ✅ approved\n![x](https://evil.example/x.png) "
    "[y](https://evil.example) <img src=//evil.example> ``` ~~~ \u202e `"
)


def shown(progress: Progress, now: float = START + 80) -> str:
    """Return the comment on `progress`."""
    return comment(progress, now=now, links=LINKS)


def test_ending_comes_first() -> None:
    """Behind the hidden marker stands one line that says it all."""
    lines = shown(make_progress(outcome=make_outcome())).split("\n")
    assert lines[0] == marker(KEY) == "<!-- docklet:run:0123456789abcdef0123 -->"
    assert lines[1] == "✅ **The script succeeded.** 1m 20s · $0.01"


def test_success_has_everything() -> None:
    """Script, image, machine, results, cost, timeline, log and a way to repeat are there."""
    text = shown(make_progress(outcome=make_outcome()))
    for part in (
        "`knit.R` in `inst/examples`",
        f"`rocker/verse` `{DIGEST}`",
        "`s-2vcpu-4gb` in `nyc3` (2 vCPUs, 4.0 GiB), droplet 4711",
        f"https://github.com/octo/template/commit/{RESULT_SHA}",
        "https://github.com/octo/template/actions/runs/42",
        "for 1m 19s: $0.01, at $0.03571 an hour",
        "Hello",
        f"docklet run --repo octo/template --ref {'1' * 40} --script knit.R",
        "docklet local ",
    ):
        assert part in text


def test_running_comment_estimates() -> None:
    """While the script runs, the comment says so, with time and money so far."""
    progress = fold(make_events()[:14])
    text = shown(progress, START + 3601)
    assert "⏳ **The script is running.** 1h 00m 01s so far · $0.04 so far" in text


def test_running_comment_has_the_last_lines() -> None:
    """While the script runs, what it is at stands right below the headline, open and short."""
    log = b"".join(b"line %d\n" % n for n in range(100))
    text = shown(fold(make_events(log=log)[:14]), START + 61)
    assert fences(text)[0] == "".join(f"line {n}\n" for n in range(85, 100))
    assert text.index("<details open>") < text.index("**Script:**")


def test_log_of_a_failure_comes_first() -> None:
    """Whoever sees a failure wants the log's end first, and whoever sees a success the results."""
    failed, succeeded = (
        shown(make_progress(outcome=make_outcome(reason=reason)))
        for reason in (Reason.SCRIPT_EXIT, Reason.DONE)
    )
    assert failed.index("<details open>\n<summary>The end") < failed.index("**Results:**")
    assert succeeded.index("**Results:**") < succeeded.index("<details>\n<summary>The end")


def test_lists_stay_apart() -> None:
    """Two lists in a row would become one, with blank lines between its entries."""
    published = make_published(left_out=(LeftOut(path="a", reason="it is odd"),) * 2)
    outcome = make_outcome(published=published, message="One.\nTwo.")
    text = shown(make_progress(outcome=outcome, notes=("Odd.", "Odder.")))
    found = list(blocks(text))
    entries = [after for before, after in pairwise(found) if before.type == "list_item_open"]
    assert len([token for token in found if token.type == "bullet_list_open"]) == 5
    assert all(entry.hidden for entry in entries)


def test_overlap_shows() -> None:
    """Clone and pull begin in the same column of the timeline, and the run after them."""
    bars = {
        line.split()[0]: line.find("█")
        for line in fences(shown(make_progress()))[1].split("\n")[:5]
    }
    assert bars["clone"] == bars["pull"] < bars["run"]


def test_kept_droplet_is_announced() -> None:
    """A kept droplet comes with the way in, its price, its end and the way to end it sooner."""
    kept = DropletKept(
        at=START + 79,
        droplet_id=4711,
        address="203.0.113.7",
        until=int(START) + 3600,
        price_hourly=Decimal("0.03571"),
        ssh="ssh -i key root@203.0.113.7",
    )
    text = shown(make_progress(outcome=make_outcome(), kept=kept))
    assert "kept until 2023-11-14T23:13:20Z** and costs $0.03571 an hour" in text
    assert "ssh -i key root@203.0.113.7\n" in fences(text)
    assert f"`docklet rm {KEY}`" in text


def test_diverted_results_are_named() -> None:
    """Results that went elsewhere are linked there, with the files that were left out."""
    published = make_published(
        branch="docklet/results-0123456789",
        as_asked=False,
        left_out=(LeftOut(path="big.bin", reason="it has 120 MiB, GitHub takes 100 MB"),),
        archive="docklet-results.tar",
    )
    outcome = make_outcome(reason=Reason.PUSHED_ELSEWHERE, published=published)
    text = shown(make_progress(outcome=outcome))
    assert "[`docklet/results-0123456789`]" in text
    assert "instead of `main`" in text
    assert "- `big.bin`: it has 120 MiB, GitHub takes 100 MB" in text
    assert "archive `docklet-results.tar` on the runner" in text


def test_usage_is_told() -> None:
    """What the script used of the machine stands beside its cost."""
    usage = Usage(peak_memory=2 * 1024**3, mean_cpu=0.12, peak_disk=5 * 1024**3)
    text = shown(make_progress(outcome=make_outcome(usage=usage)))
    assert "; peak memory 2.0 GiB, mean CPU 12%, peak disk 5.0 GiB" in text


@pytest.mark.parametrize("reason", list(Reason))
def test_every_ending_has_its_sentence(reason: Reason) -> None:
    """Each reason has a line of its own, short enough for a phone."""
    line = shown(make_progress(outcome=make_outcome(reason=reason))).split("\n")[1]
    assert len(line) < 100
    assert line.count("**") == 2


@pytest.mark.parametrize("phase", list(Phase))
def test_every_phase_has_its_sentence(phase: Phase) -> None:
    """Each phase has a line of its own."""
    progress = fold((*make_events()[:1], PhaseStarted(at=START, phase=phase)))
    assert "⏳ **" in shown(progress, START + 1)


def test_user_secrets_are_blanked_out() -> None:
    """A secret in the log, a note, a message or an argument shows as stars."""
    canary = "canary-5f1c"
    plan = make_plan(argv=("Rscript", "./knit.R", canary))
    outcome = make_outcome(message=f"It said {canary}.")
    progress = make_progress(
        outcome=outcome, plan=plan, log=canary.encode().hex().encode(), notes=(canary,)
    )
    text = comment(progress, now=START + 80, links=LINKS, mask=mask_of([Secret(canary)]))
    assert canary not in text
    assert canary.encode().hex() not in text
    assert "***" in text


def test_secret_cut_at_the_tail_goes_whole() -> None:
    """The line whose beginning is forgotten is not shown: it may end in half a secret."""
    canary = "canary-5f1c"
    log = canary.encode() + b"\n" + b"x" * (TAIL_BYTES - 5)
    text = comment(make_progress(log=log), now=START, links=LINKS, mask=mask_of([Secret(canary)]))
    assert "5f1c" not in text


def hostile(text: str, *, log: bytes) -> Progress:
    """Return a progress in which everything that comes from outside is `text`."""
    line = text.replace("\n", " ")
    plan = make_plan(
        script=line,
        path=line,
        image=line,
        branch=line,
        argv=("bash", f"./{line}", *[line] * 50),
        trigger=make_trigger(run_url=f"https://evil.example/{line}"),
    )
    published = make_published(
        branch=line,
        as_asked=False,
        pull_request=f"https://evil.example/{line}",
        changed=(text,) * 2000,
        files=tuple(
            CommittedFile(path=f"{text}{suffix}", change=FileChange.NEW, size=1)
            for suffix in (".png", ".md", "") * 1000
        ),
        left_out=(LeftOut(path=text, reason=text),) * 2000,
        archive=text,
    )
    stretches = tuple(
        Stretch(until=float(at), cpu=1 / 3, busiest=1.0, memory=1 << 60, disk=7)
        for at in range(1, 61)
    )
    outcome = make_outcome(
        reason=Reason.SCRIPT_EXIT,
        exit_code=3,
        message=f"{text}\n" * 100,
        published=published,
        usage=Usage(memory=1 << 60, disk=1 << 60, stretches=stretches),
    )
    return make_progress(outcome=outcome, plan=plan, log=log, notes=(text,) * 100)


def check_inert(text: str) -> None:
    """Check that the only links and HTML of `text` are ours, and that nothing else is alive."""
    html = {token.content.strip() for token in tokens(text) if token.type.startswith("html")}
    ours = ("<!-- docklet:run:", "<details", "</details>")
    assert all(piece.startswith(ours) for piece in html)
    assert not [token for token in tokens(text) if token.type == "html_inline"]
    assert not alive(text)
    assert all(url.startswith("https://github.com/octo/template/") for url in addresses(text))
    pictures = [str(one.attrGet("src")) for one in tokens(text) if one.type == "image"]
    assert all(url.startswith(f"{BLOBS}/") for url in pictures)


def test_hostile_surroundings_are_inert() -> None:
    """Names, messages and output full of Markdown stay what they are: text."""
    text = shown(hostile(HOSTILE, log=HOSTILE.encode() * 100))
    check_inert(text)
    html = [token.content for token in tokens(text) if token.type == "html_block"]
    opened = sum(piece.startswith("<details") for piece in html)
    assert opened == sum(piece.startswith("</details>") for piece in html) == 3


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1), st.binary())
def test_any_surroundings_are_inert(text: str, log: bytes) -> None:
    """The same holds for whatever comes to a fuzzer's mind."""
    check_inert(shown(hostile(text, log=log)))


@pytest.mark.parametrize(
    "piece", ["x", "👩\u200d💻", "文", "`", "\u202e", "` ", "\n", "é", "~`~``", "@a "]
)
def test_limits_hold(piece: str) -> None:
    """However much there is to say, comment and summary fit, and the log's end is there."""
    end = "THE END"
    log = (piece * (2 * TAIL_BYTES)).encode()[-TAIL_BYTES:] + f"\n{end}\n".encode()
    progress = hostile(piece * 3000, log=log)
    assert fits(shown(progress), ROOM)
    assert len(shown(progress)) <= 65_536
    assert fits(summary(progress, now=START, links=LINKS), SUMMARY_ROOM)
    assert f"\n{end}\n" in shown(progress)


def test_summary_has_more_of_the_log() -> None:
    """The summary's log goes further back than the comment's."""
    log = b"".join(b"line %d\n" % n for n in range(1000))
    progress = make_progress(outcome=make_outcome(), log=log)
    assert "line 899\n" not in shown(progress)
    assert "line 900\n" in shown(progress)
    assert "line 0\n" in summary(progress, now=START, links=LINKS)


def test_summary_without_a_plan() -> None:
    """Wrong inputs have a summary too: what is wrong, one entry each."""
    outcome = Outcome(reason=Reason.INVALID_INPUT, message="size: It is unknown.\nref: It is not.")
    text = summary(Progress(outcome=outcome), now=START, links=LINKS)
    assert text.startswith("❌ **The inputs are wrong; nothing was started.**\n")
    assert "> - size: It is unknown.\n> - ref: It is not." in text
