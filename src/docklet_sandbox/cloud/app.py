"""The cloud as one web application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from docklet_sandbox.cloud import account, actions, droplets, firewalls, offers, tags
from docklet_sandbox.cloud.gate import ESTATE, LIMITS, SCOPES, Route, gate
from docklet_sandbox.cloud.limits import Limits
from docklet_sandbox.cloud.tolerated import spellings
from docklet_sandbox.edge import edge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docklet_sandbox.cloud.estate import Estate
    from docklet_sandbox.contract.contract import Contract
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


def cloud_app(
    estate: Estate, *, journal: Journal, faults: Faults, contract: Contract | None = None
) -> web.Application:
    """Make the application that answers for the estate under `/v2`, held to a contract if any."""
    guard = edge(
        "cloud",
        journal=journal,
        faults=faults,
        delay=lambda: estate.settings.api_delay,
        contract=contract,
    )
    app = web.Application(middlewares=[guard, gate])
    app[ESTATE] = estate
    app[LIMITS] = Limits(settings=estate.settings)
    app[SCOPES] = {(route.method, path): route.scope for route, path in _places()}
    for route, path in _places():
        app.router.add_route(route.method, path, route.handler)
    return app


def _places() -> Iterator[tuple[Route, str]]:
    """Return every route with each spelling of its path."""
    return ((route, path) for route in _ROUTES for path in spellings(route.path))
