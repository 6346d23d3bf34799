"""The route for what has happened to branches, and when, by this server's clock.

GitHub's extract of a description leaves it out; the shape is that of its documentation.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from aiohttp import web

from docklet_sandbox.forge.bare import NOTHING
from docklet_sandbox.forge.fields import choice
from docklet_sandbox.forge.records import Push
from docklet_sandbox.forge.shapes import Shape, moment, node_id, user_shape
from docklet_sandbox.forge.tokens import Permission
from docklet_sandbox.forge.visit import Visit, visit

routes = web.RouteTableDef()
_MOST: Final = 100
_USUAL: Final = "30"
_PERIODS: Final = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}
_BRANCH: Final = "refs/heads/"


@routes.get("/repos/{owner}/{repo}/activity")
async def list_activities(request: web.Request) -> web.Response:
    """List changes of branches, newest first unless asked otherwise."""
    here = visit(request, Permission.CONTENTS)
    newest_first = choice(request, "direction", ("desc", "asc")) == "desc"
    period = choice(request, "time_period", ("", *_PERIODS))
    kind = choice(
        request,
        "activity_type",
        ("", "push", "force_push", "branch_creation", "branch_deletion"),
    )
    query, since = request.query, _since(here, period)
    found = [
        _shape(here, number, push)
        for number, push in enumerate(here.forge.pushes)
        if push.repository == here.repo.full_name
        and push.ref.startswith(_BRANCH)
        and query.get("ref", push.ref) in {push.ref, push.ref.removeprefix(_BRANCH)}
        and query.get("actor", push.login).lower() == push.login.lower()
        and push.at >= since
    ]
    shown = [shape for shape in found if kind in {"", shape["activity_type"]}]
    most = min(int(query.get("per_page", _USUAL)), _MOST)
    return web.json_response((shown[::-1] if newest_first else shown)[:most])


def _since(here: Visit, period: str) -> float:
    return here.forge.now() - timedelta(days=_PERIODS[period]).total_seconds() if period else 0.0


def _shape(here: Visit, number: int, push: Push) -> Shape:
    return {
        "id": number + 1,
        "node_id": node_id("Activity", number + 1),
        "before": push.old,
        "after": push.new,
        "ref": push.ref,
        "timestamp": moment(push.at),
        "activity_type": _kind(push),
        "actor": user_shape(here.forge, push.login) if push.login else None,
    }


def _kind(push: Push) -> str:
    if push.old == NOTHING:
        return "branch_creation"
    if push.new == NOTHING:
        return "branch_deletion"
    return "force_push" if push.forced else "push"
