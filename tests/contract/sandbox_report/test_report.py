"""The command prints what happened, and its exit code says whether all was well."""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
import sys
import urllib.error
from typing import TYPE_CHECKING

import pytest

from docklet_sandbox.audit import audit
from tests.contract.sandbox_report.plants import ask, in_comment, in_tag, rent

if TYPE_CHECKING:
    from pathlib import Path

    from docklet_sandbox.client import SandboxClient


def report(sandbox: SandboxClient, *options: str, stdin: str = "") -> tuple[int, str]:
    """Run the command and return its exit code and what it prints."""
    command = [sys.executable, "-m", "docklet_sandbox", "report"]
    done = subprocess.run(
        [*command, f"--state={sandbox.addresses.state}", *options],
        check=False,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def test_all_is_well(sandbox: SandboxClient) -> None:
    """A droplet that came and went is in the bill, its calls are counted, and the code is 0."""
    number = rent(sandbox)
    ask(sandbox, "DELETE", f"/v2/droplets/{number}")
    code, printed = report(sandbox, "--canaries=-", stdin=f"{secrets.token_hex(20)}\n")
    assert code == 0, printed
    for line in ("calls of one: 2", "$0.01 for 1 droplets", "leaks of 1 canaries\n  none"):
        assert line in printed
    code, printed = report(sandbox, "--json")
    told = json.loads(printed)
    assert (code, told["clean"], told["bill"][0]["deleted"]) == (0, True, True)
    (run,) = told["runs"]
    assert run["routes"]["cloud DELETE /v2/droplets/{droplet_id}"] == 1


def test_leftovers(sandbox: SandboxClient) -> None:
    """What the account owns is named and makes the report fail, unless it was there before."""
    number = rent(sandbox, tags=["left"])
    start = sandbox.inventory()
    in_tag(sandbox, "later")
    code, printed = report(sandbox)
    assert code == 1
    for line in (f"droplet {number} one", "tag later", "tag left"):
        assert f"  {line}\n" in printed
    assert audit(sandbox, start=start).leftovers == ("tag later",)


def test_what_stands_for_droplets_to_come(sandbox: SandboxClient) -> None:
    """A firewall for a tag is none that was forgotten, and neither is the tag."""
    in_tag(sandbox, "walled")
    rule = {"protocol": "tcp", "ports": "22", "sources": {"addresses": ["0.0.0.0/0"]}}
    for name, tags in (("standing", ["walled"]), ("forgotten", [])):
        body = {"name": name, "inbound_rules": [rule], "tags": tags}
        ask(sandbox, "POST", "/v2/firewalls", body)
    assert audit(sandbox).leftovers == ("firewall forgotten",)


def test_violations(sandbox: SandboxClient) -> None:
    """A request that no correct client sends makes the report fail."""
    with pytest.raises(urllib.error.HTTPError, match="500"):
        ask(sandbox, "GET", "/v2/nowhere")
    code, printed = report(sandbox)
    assert code == 1
    assert "cloud: GET /v2/nowhere" in printed


def test_a_leak_fails_without_telling_the_secret(sandbox: SandboxClient, tmp_path: Path) -> None:
    """The report says where which canary is, and does not repeat it."""
    values = [secrets.token_hex(20) for _ in range(2)]
    place = in_comment(sandbox, base64.b64encode(values[1].encode()).decode())
    file = tmp_path / "canaries"
    file.write_text(f"{values[1]}\n")
    code, printed = report(sandbox, f"--canary={values[0]}", f"--canaries={file}")
    assert code == 1
    assert f"  canary 2 (base64): {place}\n" in printed
    assert "canary 1 (" not in printed
    assert not any(value in printed for value in values)


def test_no_sandbox_and_no_file(sandbox: SandboxClient, tmp_path: Path) -> None:
    """What can't be examined is told in a sentence."""
    code, printed = report(sandbox, f"--canaries={tmp_path / 'none'}")
    assert code == 1
    assert "The canaries can't be read" in printed
