"""What a run brought is shown from the user's own repository, and no name comes alive."""

from __future__ import annotations

from dataclasses import replace

import pytest

from docklet.domain.diffstat import Lines
from docklet.domain.outcome import CommittedFile, FileChange, Published
from docklet.domain.secret import Secret
from docklet.render.comment import comment
from docklet.render.links import Links
from docklet.render.mask import Mask, mask_of
from docklet.render.results import LARGEST_PICTURE, MOST_PICTURES
from tests.builders import (
    RESULT_SHA,
    START,
    make_outcome,
    make_plan,
    make_progress,
    make_published,
)
from tests.markdown import addresses, alive, tokens

LINKS = Links(server_url="https://git.example", repository="octo/template")
BLOBS = f"https://git.example/octo/template/blob/{RESULT_SHA}"


def new(path: str, size: int | None = 2048, **fields: object) -> CommittedFile:
    """Return a new file."""
    given = {"change": FileChange.NEW, **fields}
    return CommittedFile(path=path, size=size, **given)  # type: ignore[arg-type]


def shown(*files: CommittedFile, mask: Mask | None = None, **published: object) -> str:
    """Return the comment on a run that brought `files`."""
    plan = make_plan(trigger=make_plan().trigger)
    outcome = make_outcome(published=make_published(files=files, **published))
    progress = make_progress(outcome=outcome, plan=plan)
    return comment(progress, now=START, links=LINKS, mask=mask)


def pictures(text: str) -> list[str]:
    """Return the addresses of the pictures of `text`."""
    return [str(token.attrGet("src")) for token in tokens(text) if token.type == "image"]


def test_results_are_counted() -> None:
    """One line says where the results are, how many files they are and how large."""
    text = shown(
        new("a.csv"),
        new("b.csv", 1024, change=FileChange.CHANGED),
        CommittedFile(path="c.csv", change=FileChange.DELETED),
    )
    assert "/tree/main), 1 new, 1 changed, 1 deleted files (3.0 KiB)\n" in text
    assert f"- [`a.csv`]({BLOBS}/a.csv) new, 2.0 KiB\n" in text
    assert f"- [`b.csv`]({BLOBS}/b.csv) changed, 1.0 KiB\n" in text
    assert "- `c.csv` deleted\n" in text


def test_lines_are_counted() -> None:
    """Lines are told in all and of each text; what is binary has its size alone."""
    text = shown(
        new("a.csv", lines=Lines(added=120, removed=0)),
        CommittedFile(path="c.csv", change=FileChange.DELETED, lines=Lines(added=0, removed=3)),
        new("plot.png"),
        lines=Lines(added=120, removed=3),
    )
    assert "2 new, 1 deleted files (+120 \u22123, 4.0 KiB)\n" in text
    assert f"- [`a.csv`]({BLOBS}/a.csv) new, +120 \u22120, 2.0 KiB\n" in text
    assert "- `c.csv` deleted, +0 \u22123\n" in text
    assert f"- [`plot.png`]({BLOBS}/plot.png) new, 2.0 KiB\n" in text


def in_archive(run_url: str, archive: str = "docklet-1/results.tar") -> str:
    """Return the comment of a process that has left an archive."""
    outcome = make_outcome(published=Published(archive=archive, changed=("plot.png",)))
    links = replace(LINKS, run_url=run_url)
    return comment(make_progress(outcome=outcome), now=START, links=links)


def test_archive_is_among_the_artifacts() -> None:
    """In a workflow it can be had from the run's page, if a later step uploads it."""
    run_url = "https://git.example/octo/template/actions/runs/7"
    text = in_archive(run_url)
    assert "archive `docklet-1/results.tar` on the runner\n" in text
    assert f"[the workflow run's artifacts]({run_url}#artifacts) if the workflow uploads" in text
    assert "artifacts" not in in_archive(run_url, archive="")


@pytest.mark.parametrize("run_url", ["", "https://evil.example/actions/runs/7"])
def test_archive_elsewhere_is_no_artifact(run_url: str) -> None:
    """On the command line nothing is uploaded, and no other page is linked to."""
    assert "artifacts" not in in_archive(run_url)


def test_pictures_are_of_the_results_commit() -> None:
    """Pictures are shown as the commit has them, whatever becomes of the branch."""
    text = shown(new("fig/a b.png"), new("c.SVG"), new("d.jpeg"), new("e.csv"))
    assert pictures(text) == [
        f"{BLOBS}/fig/a%20b.png?raw=true",
        f"{BLOBS}/c.SVG?raw=true",
        f"{BLOBS}/d.jpeg?raw=true",
    ]


def test_few_pictures_are_shown() -> None:
    """The others are in the list only."""
    assert len(pictures(shown(*(new(f"{n}.png") for n in range(9))))) == MOST_PICTURES


@pytest.mark.parametrize(
    "file",
    [
        CommittedFile(path="a.png", change=FileChange.DELETED),
        new("a.png", regular=False),
        new("a.png", LARGEST_PICTURE + 1),
        new("a.png.txt"),
        new("x" * 700 + ".png"),
        new("\u00e9" * 200 + ".png"),
    ],
    ids=["deleted", "symbolic link", "large", "other", "long name", "long when quoted"],
)
def test_no_picture(file: CommittedFile) -> None:
    """What is gone, elsewhere, too large or none at all is not shown."""
    assert not pictures(shown(file))


def test_pictures_in_git_lfs_are_shown() -> None:
    """Their size isn't known, and the forge gives them out all the same."""
    text = shown(new("a.png", None))
    assert pictures(text) == [f"{BLOBS}/a.png?raw=true"]
    assert f"- [`a.png`]({BLOBS}/a.png) new\n" in text


def test_documents_are_named_first() -> None:
    """What people read has links above the list."""
    text = shown(new("report.md"), new("data.csv"), new("Book.PDF"))
    assert f"**To read:** [`report.md`]({BLOBS}/report.md), [`Book.PDF`]({BLOBS}/Book.PDF)" in text


def test_results_without_a_commit_are_named() -> None:
    """Results in an archive are named, and lead nowhere."""
    outcome = make_outcome(published=Published(archive="a.tar", changed=("plot.png",)))
    text = comment(make_progress(outcome=outcome), now=START, links=LINKS)
    assert "Changed files: 1" in text
    assert "- `plot.png`\n" in text
    assert not pictures(text)


NAMES = (
    "a](https://evil.example/x.png",
    "![x](https://evil.example/x.png",
    "@octocat <img src=x> `.png",
    "``.png",
    "a\n\n# b.png",
    "\udcff\udcfe.png",
    "..\u202egnp.png",
    ") [y](//evil.example) (.png",
    '" onerror="x.png',
    "?raw=false&x#.png",
)


@pytest.mark.parametrize("suffix", [".png", ".md", ".csv"])
def test_names_are_inert(suffix: str) -> None:
    """A file can be called anything; its name stays text, and its link leads into the commit."""
    text = shown(*(new(f"{name}{suffix}") for name in NAMES))
    assert not alive(text)
    assert all(url.startswith("https://git.example/octo/template/") for url in addresses(text))
    assert not [token for token in tokens(text) if token.type == "html_inline"]
    assert all(url.endswith(f"{suffix}?raw=true") for url in pictures(text))


def test_bytes_of_a_name_survive() -> None:
    """A name that is no UTF-8 is quoted byte by byte."""
    assert f"({BLOBS}/%FF.csv)" in shown(new("\udcff.csv"))


def test_secret_in_a_name_has_no_address() -> None:
    """A name that had to be masked is no link, since its address would tell."""
    text = shown(new("canary-5f1c.png"), mask=mask_of([Secret("canary-5f1c")]))
    assert "canary" not in text
    assert "- `***.png` new, 2.0 KiB\n" in text
