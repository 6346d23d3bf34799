"""The forge's answers as the contract at its edge judges them, on every route."""

from __future__ import annotations

from docklet_sandbox.contract.contract import Contract
from docklet_sandbox.forge.store import API
from tests.contract.sandbox_forge.conftest import Stand
from tests.contract.sandbox_forge.talk import talk


def test_every_answer_is_as_described(stand: Stand, forge_contract: Contract) -> None:
    """Each route answers with the fields, types and formats that GitHub promises."""
    requests = talk(stand)
    request = next(requests, None)
    while request is not None:
        answer = stand.ask(*request)
        assert answer.status < 300, (request, answer.body)
        try:
            request = requests.send(answer)
        except StopIteration:
            request = None
    assert stand.journal.violations() == []
    met = {(entry["method"], entry["route"]) for entry in stand.journal.entries()}
    assert _served(stand) - met == forge_contract.scope.undescribed


def test_every_route_is_described_or_listed(stand: Stand, forge_contract: Contract) -> None:
    """No route goes unchecked by accident, and none is listed that is gone or described."""
    scope, described = forge_contract.scope, forge_contract.description.routes()
    served = _served(stand)
    checked = {(m, r) for m, r in served if (m, scope.path(r)) in described}
    assert served - checked == scope.undescribed
    assert all(route.startswith(API) for _, route in checked)


def _served(stand: Stand) -> set[tuple[str, str]]:
    return {
        (route.method, route.resource.canonical)
        for route in stand.app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
