"""The official descriptions, for the tests that need them."""

from __future__ import annotations

from pathlib import Path

import pytest

from docklet_sandbox.contract.contract import Contract
from docklet_sandbox.contract.places import FILES, VARIABLE, find_folder


@pytest.fixture(scope="session")
def cloud_contract() -> Contract:
    """Return DigitalOcean's description, compiled as it is used."""
    return _contract("cloud")


@pytest.fixture(scope="session")
def forge_contract() -> Contract:
    """Return GitHub's description, compiled as it is used."""
    return _contract("forge")


@pytest.fixture(scope="session")
def specs() -> Path:
    """Return the folder of the descriptions."""
    folder = find_folder()
    if folder is None:
        pytest.skip(_skipped("digitalocean.json and github.json"))
    return folder


def _contract(service: str) -> Contract:
    found = Contract.of(service, find_folder())
    if found is None:
        pytest.skip(_skipped(FILES[service]))
    return found


def _skipped(what: str) -> str:
    return f"NOT CHECKED against the official description: no {what}; set {VARIABLE}."
