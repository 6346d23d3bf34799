"""The forge's part of the control API: `POST /VERB` with the verb's arguments as a JSON object.

The verbs are the functions of `arrange`, `others`, `contributions` and `observe`; the answer is
what the function returns.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from docklet_sandbox.forge import arrange, contributions, holdings, observe, others
from docklet_sandbox.forge.store import Forge

_MAX_BODY = 1024**3
_VERBS: dict[str, Callable[..., Awaitable[Any]]] = {
    function.__name__: function
    for function in (
        arrange.user,
        arrange.token,
        arrange.revoke,
        arrange.create,
        arrange.configure,
        arrange.rules,
        arrange.role,
        arrange.limits,
        arrange.commit,
        contributions.push,
        contributions.comment,
        contributions.pull,
        contributions.close,
        contributions.team,
        others.delete_branch,
        arrange.store_large,
        arrange.ambush,
        observe.branches,
        observe.show,
        observe.paths,
        observe.log,
        observe.comments,
        others.delete_comment,
        observe.statuses,
        observe.checks,
        observe.pulls,
        others.issue,
        others.lock,
        others.lock_commit,
        others.delete_issue,
        others.delete_repository,
        others.run,
        observe.pushes,
        holdings.holdings,
    )
}


def control_app(forge: Forge) -> web.Application:
    """Make the application that the control API mounts at `/forge`."""

    async def call(request: web.Request) -> web.Response:
        arguments = await request.json() if request.can_read_body else {}
        answer = await _VERBS[request.match_info["verb"]](forge, **arguments)
        return web.json_response(answer)

    app = web.Application(client_max_size=_MAX_BODY)
    app.router.add_post("/{verb}", call)
    return app
