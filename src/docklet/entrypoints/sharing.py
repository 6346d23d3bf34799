"""Leave what the repository could not take where somebody finds it, when this machine is gone."""

from __future__ import annotations

from shutil import copyfile
from typing import TYPE_CHECKING, Final

from docklet.adapters.results.shared import share as share_archive
from docklet.domain.errors import AgentError
from docklet.domain.leak import search_for
from docklet.render.lines import Lines
from docklet.render.mask import mask_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from docklet.domain.leak import Search
    from docklet.domain.secret import Secret
    from docklet.render.mask import Mask

_CHUNK: Final = 1024 * 1024
HERE: Final = "What the repository could not take is in {path}."
_FEWER: Final = " {count} files stayed out of it, since they hold secrets: {archive} has them."
_NOT_THERE: Final = (
    "What the repository could not take is in {archive} on this machine alone: a copy for others"
    " could not be made. {why}"
)


def share(archive: Path, log: Path, folder: Path, secrets: Mapping[str, Secret]) -> str:
    """Copy an archive and a log into `folder`, both without `secrets`; say what is where.

    What an earlier try left there goes first.
    """
    if folder.is_dir():
        for old in (folder / archive.name, folder / log.name):
            old.unlink(missing_ok=True)
    if not archive.exists():
        return ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fewer = _copied(archive, folder / archive.name, search_for(secrets))
        _masked(log, folder / log.name, mask_of(secrets.values()))
    except (AgentError, OSError) as error:
        return _NOT_THERE.format(archive=archive, why=error)
    more = _FEWER.format(count=fewer, archive=archive) if fewer else ""
    return HERE.format(path=folder / archive.name) + more


def _copied(archive: Path, target: Path, search: Search) -> int:
    """Copy an archive and return how many files stayed out; a copy is there when it is whole."""
    part = target.with_suffix(".part")
    try:
        fewer = _fit(archive, part, search)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return fewer


def _fit(archive: Path, part: Path, search: Search) -> int:
    """Copy what may be seen of an archive; what can't be read as one is copied whole, or not."""
    try:
        return share_archive(archive, part, search)
    except AgentError:
        if search.found(_chunks(archive)):
            raise
        copyfile(archive, part)
        return 0


def _masked(log: Path, target: Path, mask: Mask) -> None:
    """Copy a log, if there is one, as it would be shown."""
    lines = Lines(mask)
    if not log.exists():
        return
    with target.open("wb") as sink:
        for chunk in _chunks(log):
            sink.writelines(line + b"\n" for line in lines.feed(chunk))
        sink.writelines(line + b"\n" for line in lines.end())


def _chunks(path: Path) -> Iterator[bytes]:
    """Yield a file's content."""
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk
