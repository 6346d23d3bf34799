"""The one comment on a run, wherever it is: made once, and found again.

A conversation that takes no comment (locked, gone, or shut to the token) leaves the commit, and
a commit that takes none leaves the job summary. That is decided by a refusal only: after a
failure without one, the comment may be there all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docklet.domain.errors import ForgeError, ForgeGone
from docklet.domain.outcome import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from docklet.domain.place import Place
    from docklet.ports import Comment, Forge


async def make_comment(
    forge: Forge, place: Place, body: str, *, marker: str, notice: Callable[[str], None]
) -> Comment:
    """Comment at a place, or on its commit when the place refuses."""
    *better, last = place.choices
    for one in better:
        try:
            return await forge.create_comment(one, body, marker=marker)
        except ForgeError as error:
            if error.reason is not Reason.FORGE_DENIED:
                raise
            notice(f"{error.message} The comment goes to the commit's page.")
    return await forge.create_comment(last, body, marker=marker)


async def look_for(forge: Forge, place: Place, marker: str) -> Comment | None:
    """Return the comment that was made for a place."""
    for one in place.choices:
        try:
            found = await forge.find_comment(one, marker)
        except ForgeGone:
            continue
        if found is not None:
            return found
    return None
