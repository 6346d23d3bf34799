"""What a run brought: where it is, its pictures, its documents, and every file by name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from docklet.domain.outcome import FileChange
from docklet.render.folding import few, folded, listed
from docklet.render.inline import code, link, picture
from docklet.render.units import amount, changed_lines

if TYPE_CHECKING:
    from docklet.domain.outcome import CommittedFile, Published
    from docklet.domain.plan import Plan
    from docklet.render.links import Links
    from docklet.render.mask import Mask

MOST_PICTURES: Final = 4
"""Pictures that are shown; the rest is in the list."""
LARGEST_PICTURE: Final = 5 * 1024 * 1024
"""Bytes; a larger one is a burden on a phone."""
MOST_DOCUMENTS: Final = 5
"""Documents that are named above the list."""
_PICTURES: Final = (".png", ".jpg", ".jpeg", ".svg")
_DOCUMENTS: Final = (".md", ".html", ".pdf", ".ipynb")


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What was published, and how to show it."""

    published: Published
    plan: Plan
    links: Links
    mask: Mask

    def place(self) -> str:
        """Return where the results are, and how much they are."""
        published, found = self.published, []
        if published.commit:
            aside = bool(self.plan.branch) and not published.as_asked
            instead = f" instead of {code(self.plan.branch)}" if aside else ""
            branch = self.links.branch(published.branch)
            found.append(f"commit {self.links.commit(published.commit)} on {branch}{instead}")
        if published.pull_request:
            found.append(self.links.page("pull request", published.pull_request))
        if published.archive:
            found.append(f"archive {code(published.archive)} on the runner")
        found += _counted(published)
        return ", ".join(found) or "none"

    def archive(self) -> str:
        """Return where the archive will be found once the runner is gone."""
        artifacts = self.links.artifacts()
        if not (self.published.archive and artifacts):
            return ""
        condition = "if the workflow uploads it with `actions/upload-artifact`"
        return f"The archive is among {artifacts} {condition}."

    def pictures(self) -> str:
        """Return the first pictures, as they are in the results commit and nowhere else."""
        shown = (one for one in self.published.files if _is_picture(one) and self._address(one))
        pieces = (
            f"{self._name(one)}\n\n{picture(one.path, f'{self._address(one)}?raw=true')}"
            for one in islice(shown, MOST_PICTURES)
        )
        return "\n\n".join(pieces)

    def documents(self) -> str:
        """Return links to what people read."""
        found = [one for one in self.published.files if _is_document(one)]
        told = few(found, self._name, most=MOST_DOCUMENTS)
        return f"**To read:** {', '.join(told)}" if told else ""

    def files(self) -> str:
        """Return every file by name, as far as there is room."""
        published = self.published
        if published.files:
            more = sum(published.others.counts.values())
            rows = few(published.files, self._row, more=more)
            return folded(f"Files of the commit: {len(published.files) + more}", listed(rows))
        if published.changed:
            more = published.more_changed
            rows = few(published.changed, lambda path: code(self.mask.text(path)), more=more)
            return folded(f"Changed files: {len(published.changed) + more}", listed(rows))
        return ""

    def _row(self, file: CommittedFile) -> str:
        """Return a file's name, what became of it and of its lines, and how large it is."""
        figures = [changed_lines(file.lines)] if file.lines else []
        figures += [] if file.size is None else [amount(file.size)]
        return f"{self._name(file)} {', '.join((file.change, *figures))}"

    def _name(self, file: CommittedFile) -> str:
        """Return a file's name, which leads to it if it is there."""
        label, address = code(self.mask.text(file.path)), self._address(file)
        return link(label, address) if address else label

    def _address(self, file: CommittedFile) -> str:
        """Return where a file is; empty if nowhere, or if its name holds a secret."""
        gone = file.change is FileChange.DELETED
        if gone or self.mask.text(file.path) != file.path:
            return ""
        return self.links.file(self.published.commit, file.path)


def _counted(published: Published) -> list[str]:
    """Return how many files there are of each kind, their lines, and the bytes that are there."""
    files = published.files
    if not files:
        return []
    kinds = Counter(file.change for file in files) + Counter(published.others.counts)
    counts = [f"{kinds[kind]} {kind}" for kind in FileChange if kind in kinds]
    figures = [changed_lines(published.lines)] if published.lines else []
    figures += [amount(sum((file.size or 0 for file in files), published.others.size))]
    noun = "file" if kinds.total() == 1 else "files"
    return [f"{', '.join(counts)} {noun} ({', '.join(figures)})"]


def _is_picture(file: CommittedFile) -> bool:
    """Tell whether a file can be shown in the comment."""
    return _ends(file, _PICTURES) and (file.size or 0) <= LARGEST_PICTURE


def _is_document(file: CommittedFile) -> bool:
    """Tell whether a file is there to be read."""
    return _ends(file, _DOCUMENTS)


def _ends(file: CommittedFile, suffixes: tuple[str, ...]) -> bool:
    """Tell whether there is a file, with such an extension."""
    there = file.regular and file.change is not FileChange.DELETED
    return there and file.path.lower().endswith(suffixes)
