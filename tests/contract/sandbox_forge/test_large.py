"""Uploads to Git LFS: who may, what is taken, and whom the storage listens to."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from docklet_sandbox.forge.store import PERSONAL_TOKEN, WORKFLOW_TOKEN
from tests.contract.sandbox_forge.conftest import REPO, Stand
from tests.contract.sandbox_forge.plain import Answer, ask

if TYPE_CHECKING:
    from collections.abc import Mapping

TYPE = "application/vnd.git-lfs+json"
CONTENT = b'"weights"'
"""As JSON, so that the plain client can send it."""
OID = hashlib.sha256(CONTENT).hexdigest()
WANTED = {"operation": "upload", "objects": [{"oid": OID, "size": len(CONTENT)}]}


def batch(
    stand: Stand, body: Mapping[str, Any], *, token: str | None = WORKFLOW_TOKEN, repo: str = REPO
) -> Answer:
    """Ask where objects are, or may be put."""
    url = f"{stand.forge.server_url}/{repo}.git/info/lfs/objects/batch"
    return ask("POST", url, body, token=token, headers={"Accept": TYPE, "Content-Type": TYPE})


def actions(stand: Stand) -> Any:  # noqa: ANN401 - foreign JSON
    """Ask for an upload and return what is to be done for it."""
    (one,) = batch(stand, WANTED).json["objects"]
    return one["actions"]


def put(action: Mapping[str, Any], content: Any = "weights", **headers: str) -> Answer:  # noqa: ANN401
    """Send an object, with the headers that the batch gave unless others are given."""
    sent = {**action["header"], "Content-Type": "application/octet-stream", **headers}
    return ask("PUT", action["href"], content, headers=sent)


def verify(action: Mapping[str, Any], size: int = len(CONTENT)) -> Answer:
    """Tell that an object was sent."""
    headers = {**action["header"], "Accept": TYPE, "Content-Type": TYPE}
    return ask("POST", action["href"], {"oid": OID, "size": size}, headers=headers)


def test_upload(stand: Stand) -> None:
    """An object is put where the batch says, verified, and known from then on."""
    steps = actions(stand)
    assert verify(steps["verify"]).status == 404
    assert put(steps["upload"]).status == 200
    assert verify(steps["verify"]).status == 200
    assert batch(stand, WANTED).json["objects"] == WANTED["objects"]
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 9\n"
    work = stand.clone()
    stand.commit(work, "large.bin", pointer)
    assert stand.push(work).returncode == 0
    (held,) = batch(stand, {**WANTED, "operation": "download"}).json["objects"]
    assert ask("GET", held["actions"]["download"]["href"], token=PERSONAL_TOKEN).body == CONTENT
    assert [one["status"] for one in stand.journal.entries() if "/info/lfs/" in one["path"]]


def test_who_may_upload(stand: Stand) -> None:
    """A token that may only read, and nobody at all, are refused; the quota holds for all."""
    stand.client.token("reader", "mona", {"contents": "read"})
    assert batch(stand, WANTED, token="reader").status == 403
    nobody = batch(stand, WANTED, token=None)
    assert (nobody.status, nobody.headers["LFS-Authenticate"][:5]) == (401, "Basic")
    assert batch(stand, WANTED, repo="mona/other").status == 404
    stand.client.call("configure", repo=REPO, over_large_quota=True)
    refused = batch(stand, WANTED)
    assert (refused.status, "data quota" in refused.json["message"]) == (403, True)


@pytest.mark.parametrize(
    ("one", "message"),
    [
        ({"oid": OID, "size": 2 * 1024**3 + 1}, "Size must be less than or equal to 2147483648"),
        ({"oid": "../../etc", "size": 1}, "Invalid object ID"),
    ],
)
def test_objects_that_are_not_taken(stand: Stand, one: dict[str, Any], message: str) -> None:
    """One bad object is told of beside the others, with a code of its own."""
    answer = batch(stand, {**WANTED, "objects": [one, *WANTED["objects"]]})
    first, second = answer.json["objects"]
    assert first["error"] == {"code": 422, "message": message}
    assert "actions" in second


def test_storage_is_strict(stand: Stand) -> None:
    """It takes what was announced, with the ticket for it; other tickets it does not know."""
    upload = actions(stand)["upload"]
    assert put(upload, "weighty").status == 400
    assert put(upload, Authorization="RemoteAuth 9 forged").status == 403
    assert put({**upload, "href": upload["href"][:-1] + "0"}).status == 403
    assert stand.forge.repository(REPO).large == {}
    assert stand.journal.violations() == []


def test_token_is_not_for_the_storage(stand: Stand) -> None:
    """A client that shows the forge's token to the storage is a client with a leak."""
    put(actions(stand)["upload"], Authorization=f"Bearer {WORKFLOW_TOKEN}")
    (violation,) = stand.journal.violations()
    assert "token was sent to the storage" in violation


@pytest.mark.parametrize(
    "body",
    [
        {**WANTED, "force": True},
        {**WANTED, "operation": "delete"},
        {**WANTED, "objects": []},
        {**WANTED, "objects": [{"oid": OID}]},
        {**WANTED, "objects": [{"oid": OID, "size": 9, "path": "a"}]},
        {**WANTED, "transfers": ["tus"]},
        {**WANTED, "hash_algo": "md5"},
    ],
)
def test_bodies_that_no_client_sends(stand: Stand, body: dict[str, Any]) -> None:
    """What the protocol does not describe is a violation."""
    assert batch(stand, body).status == 500
    assert len(stand.journal.violations()) == 1
