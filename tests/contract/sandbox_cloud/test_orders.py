"""What may stand in a create request: a wrong shape is a violation, a wrong value a refusal."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.sandbox_cloud.conftest import Office, wanted

_TEXT = ("name", "region", "size", "user_data", "vpc_uuid")
_FLAGS = ("backups", "ipv6", "monitoring", "with_droplet_agent", "public_networking")
_LISTS = ("ssh_keys", "tags", "volumes", "names")
_WRONG: list[tuple[str, Any]] = [
    *((name, 7) for name in _TEXT),
    *((name, "yes") for name in _FLAGS),
    *((name, 1) for name in _FLAGS),
    *((name, "one") for name in _LISTS),
    *((name, [{}]) for name in _LISTS),
    ("image", True),
    ("image", ["docker-20-04"]),
    ("backup_policy", "daily"),
    ("name", None),
    ("size", None),
    ("image", None),
]


@pytest.mark.parametrize(("field", "value"), _WRONG)
async def test_a_wrong_type_is_a_violation(office: Office, field: str, value: object) -> None:
    """Each field has its type, and only those that may be null may be null."""
    body = wanted(**{field: value})
    if field == "names":
        del body["name"]
    assert (await office.ask("POST", "/v2/droplets", body)).status == 500
    [violation] = office.violations()
    assert field in violation
    assert office.estate.living() == []


@pytest.mark.usefixtures("cloud_contract")
async def test_an_unknown_inner_field_is_a_violation(office: Office) -> None:
    """However deep it lies."""
    policy = {"plan": "daily", "colour": "red"}
    answer = await office.ask("POST", "/v2/droplets", wanted(backup_policy=policy))
    assert answer.status == 500
    assert "'colour' was unexpected" in answer.json["message"]


@pytest.mark.parametrize("field", ["name", "size", "image"])
async def test_a_missing_field_is_a_violation(office: Office, field: str) -> None:
    """A droplet has a name, a size and an image."""
    body = wanted()
    del body[field]
    assert (await office.ask("POST", "/v2/droplets", body)).status == 500
    [violation] = office.violations()
    assert field in violation


@pytest.mark.parametrize(
    "changes",
    [
        {"volumes": ["7724db7c-e098-11e5-b522-000f53304e51"]},
        {"vpc_uuid": "7724db7c-e098-11e5-b522-000f53304e51"},
        {"names": ["docklet-two"]},
    ],
)
async def test_what_the_sandbox_lacks_is_a_violation(
    office: Office, changes: dict[str, Any]
) -> None:
    """Nothing is accepted and then ignored."""
    assert (await office.ask("POST", "/v2/droplets", wanted(**changes))).status == 500
    assert len(office.violations()) == 1


@pytest.mark.parametrize("count", [0, 11])
async def test_one_to_ten_droplets_at_once(office: Office, count: int) -> None:
    """A multi-create has a limit of its own."""
    body = wanted(names=[f"docklet-{n}" for n in range(count)])
    del body["name"]
    assert (await office.ask("POST", "/v2/droplets", body)).status == 500


@pytest.mark.parametrize(
    "name",
    ["", "a_b", "a b", "-", "a.", "ü", "a" * 256, "a/b", "a\n"],
    ids=ascii,
)
async def test_names_are_hostnames(office: Office, name: str) -> None:
    """Another name is refused at the create and at a rename, in the same words."""
    refused = await office.ask("POST", "/v2/droplets", wanted(name=name))
    droplet = await office.droplet()
    rename = {"type": "rename", "name": name}
    renamed = await office.ask("POST", f"/v2/droplets/{droplet}/actions", rename)
    assert (refused.status, renamed.status, office.violations()) == (422, 422, [])
    assert refused.json["message"] == renamed.json["message"]
    assert refused.json["message"].startswith("Only valid hostname characters are allowed")


@pytest.mark.parametrize("name", ["a", "A.b-9", "a" * 255, "docklet-r1-x"])
async def test_other_hostnames_are_names(office: Office, name: str) -> None:
    """Dots, dashes and capitals are allowed."""
    assert await office.droplet(name=name)
    assert office.violations() == []


@pytest.mark.parametrize("tag", ["", "a b", "owner/repo", "1.2", "ü", "a" * 256, "a,b"], ids=ascii)
async def test_tags_have_a_grammar(office: Office, tag: str) -> None:
    """A tag of other signs is refused, in a create as by itself."""
    in_create = await office.ask("POST", "/v2/droplets", wanted(tags=[tag]))
    alone = await office.ask("POST", "/v2/tags", {"name": tag})
    assert (in_create.status, alone.status, office.violations()) == (422, 422, [])
    assert office.estate.tags == {}


@pytest.mark.parametrize("tag", ["a", "A:b_c-9", "a" * 255])
async def test_other_tags_are_created_by_use(office: Office, tag: str) -> None:
    """Colons, dashes and underscores are allowed."""
    await office.droplet(tags=[tag])
    assert (await office.ask("GET", f"/v2/tags/{tag}")).status == 200
    assert office.violations() == []


@pytest.mark.parametrize(
    ("user_data", "status"),
    [("#" * 65536, 202), ("#" * 65537, 422), ("# ü", 422), ("", 202)],
    ids=("64 KiB", "one more", "no ASCII", "nothing"),
)
async def test_user_data_is_64_kib_of_plain_text(
    office: Office, user_data: str, status: int
) -> None:
    """The limit is exact."""
    answer = await office.ask("POST", "/v2/droplets", wanted(user_data=user_data))
    assert (answer.status, office.violations()) == (status, [])


@pytest.mark.parametrize(
    "scope",
    [
        *("droplet:create", "droplet:read", "regions:read", "sizes:read", "actions:read"),
        *("image:read", "tag:create"),
    ],
)
async def test_a_create_needs_scopes_of_what_it_touches(office: Office, scope: str) -> None:
    """Without any one of them the token may not create, with all of them it may."""
    every = ["droplet:create", "droplet:read", "regions:read", "sizes:read", "actions:read"]
    every += ["image:read", "tag:create"]
    office.settings.tokens |= {"most": [s for s in every if s != scope], "all": every}
    assert (await office.ask("POST", "/v2/droplets", wanted(), token="most")).status == 403
    assert (await office.ask("POST", "/v2/droplets", wanted(), token="all")).status == 202
