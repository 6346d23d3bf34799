"""The cloud as one web application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from docklet_sandbox.cloud import account, actions, droplets, firewalls, offers, tags
from docklet_sandbox.cloud.gate import ESTATE, LIMITS, SCOPES, gate
from docklet_sandbox.cloud.limits import Limits
from docklet_sandbox.edge import edge

if TYPE_CHECKING:
    from docklet_sandbox.cloud.estate import Estate
    from docklet_sandbox.faults import Faults
    from docklet_sandbox.journal import Journal

_ROUTES = (
    *account.ROUTES,
    *actions.ROUTES,
    *droplets.ROUTES,
    *firewalls.ROUTES,
    *offers.ROUTES,
    *tags.ROUTES,
)


def cloud_app(estate: Estate, *, journal: Journal, faults: Faults) -> web.Application:
    """Make the application that answers for the estate under `/v2`."""
    guard = edge("cloud", journal=journal, faults=faults, delay=lambda: estate.settings.api_delay)
    app = web.Application(middlewares=[guard, gate])
    app[ESTATE] = estate
    app[LIMITS] = Limits(settings=estate.settings)
    app[SCOPES] = {(route.method, route.path): route.scope for route in _ROUTES}
    for route in _ROUTES:
        app.router.add_route(route.method, route.path, route.handler)
    return app
