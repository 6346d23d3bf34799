"""Mark the lines at which a failed script stopped, where the token may.

That is a bonus: a token without `checks: write` is not told of it, and nothing waits for it long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docklet.domain.errors import ForgeError
from docklet.domain.outcome import Reason
from docklet.ports import Check
from docklet.render.annotations import SUMMARY, failed_lines, title

if TYPE_CHECKING:
    from docklet.domain.progress import Progress
    from docklet.ports import Forge
    from docklet.render.mask import Mask


async def mark_lines(forge: Forge, progress: Progress, mask: Mask, target: str) -> None:
    """Add a check run with an annotation for each line that the log names, if it names any."""
    plan, lines = progress.plan, failed_lines(progress, mask)
    if plan is None or not lines:
        return
    check = Check(
        sha=plan.sha,
        run=plan.identity.key,
        title=title(lines),
        summary=SUMMARY,
        target=target,
        lines=lines,
    )
    try:
        await forge.add_check(check)
    except ForgeError as error:
        if error.reason is not Reason.FORGE_DENIED:
            raise
