"""Files that git itself reads, as a forge looks at them before it takes a push.

`.gitmodules` can make other people's git run programs, so forges refuse a push that brings a
dangerous one, whatever else it brings. git is asked here first, so that such a file alone is left
out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from docklet.adapters.git.objects import index_lines
from docklet.adapters.results.manifest import readable
from docklet.adapters.results.names import is_special
from docklet.domain.outcome import LeftOut

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from docklet.adapters.git.process import GitProgram
    from docklet.ports import Change

_LINK: Final = "120000"
_VERDICT: Final = re.compile(r"error: object ([0-9a-f]{40}): \w+: ([^\n]+)")
_LONGEST_REASON: Final = 200


async def dangerous(
    program: GitProgram, changes: Iterable[Change], part: Path
) -> dict[bytes, LeftOut]:
    """Return those of `changes` for which a forge would refuse a push; `part` is a new file."""
    asked = [one for one in changes if one.mode != _LINK and is_special(one.path)]
    if not asked:
        return {}
    said = await _judged(program, asked, part)
    verdicts = {blob: readable(text.encode()) for blob, text in _VERDICT.findall(said)}
    return {
        one.path: LeftOut(
            path=readable(one.path),
            reason=f"git takes it for dangerous ({verdicts[one.blob][:_LONGEST_REASON]})",
            archived=True,
        )
        for one in asked
        if one.blob in verdicts
    }


async def _judged(program: GitProgram, changes: Collection[Change], part: Path) -> str:
    """Let git check a pack of these files alone, as a server does; return what it says."""
    index, pack = part.with_suffix(".index"), part.with_suffix(".pack")
    env = {"GIT_INDEX_FILE": str(index)}
    try:
        lines = index_lines(changes)
        await program.must("update-index", "-z", "--index-info", stdin=lines, env=env)
        tree = await program.must("write-tree", env=env)
        packed = await program.must("pack-objects", "--quiet", "--revs", "--stdout", stdin=[tree])
        pack.write_bytes(packed)
        done = await program.run("index-pack", "--strict", "-o", f"{part}.idx", str(pack))
    finally:
        for path in part.parent.glob(f"{part.name}.*"):
            path.unlink()
    return done.said
