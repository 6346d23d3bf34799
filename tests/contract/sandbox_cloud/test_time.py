"""What the cloud shows when: a droplet's life, lists that lag, pages, limits."""

from __future__ import annotations

import pytest

from tests.contract.sandbox_cloud.conftest import Body, Office, wanted


async def test_active_comes_before_the_address(office: Office) -> None:
    """A droplet is new, then active without an address, then active with two."""
    office.settings.patch({"boot_delay": 30, "ip_delay": 5})
    droplet = await office.droplet()
    seen = []
    for wait in (0, 29, 1, 4, 1):
        office.clock.time += wait
        shown = (await office.ask("GET", f"/v2/droplets/{droplet}")).json["droplet"]
        networks = [n["type"] for n in shown["networks"]["v4"]]
        seen.append((shown["status"], shown["locked"], networks))
    both = ["private", "public"]
    assert seen == [
        ("new", True, []),
        ("new", True, []),
        ("active", False, []),
        ("active", False, []),
        ("active", False, both),
    ]
    assert office.violations() == []


async def test_a_create_is_an_action_until_the_droplet_is_active(office: Office) -> None:
    """The answer links the action, which ends with the boot."""
    office.settings.patch({"boot_delay": 30})
    created = (await office.ask("POST", "/v2/droplets", wanted())).json
    [link] = created["links"]["actions"]
    assert (created["droplet"]["status"], link["rel"]) == ("new", "create")
    path = link["href"].removeprefix(str(office.client.make_url("")).rstrip("/"))
    before = (await office.ask("GET", path)).json["action"]
    office.clock.time += 30
    after = (await office.ask("GET", path)).json["action"]
    assert [a["status"] for a in (before, after)] == ["in-progress", "completed"]
    assert (before["completed_at"], after["resource_id"]) == (None, created["droplet"]["id"])


async def test_lists_lag_behind_both_ways(office: Office) -> None:
    """What is new is not listed yet, what is gone still is; by id it is gone at once."""
    office.settings.patch({"list_lag": 10})
    droplet = await office.droplet()

    async def listed() -> list[int]:
        answers = [
            await office.ask("GET", f"/v2/droplets{query}")
            for query in ("", "?tag_name=docklet:run", "?name=docklet-one")
        ]
        [found] = {tuple(d["id"] for d in answer.json["droplets"]) for answer in answers}
        return list(found)

    assert await listed() == []
    office.clock.time += 10
    assert await listed() == [droplet]
    await office.ask("DELETE", f"/v2/droplets/{droplet}")
    assert (await office.ask("GET", f"/v2/droplets/{droplet}")).status == 404
    assert await listed() == [droplet]
    office.clock.time += 10
    assert await listed() == []


async def test_a_new_droplet_may_be_a_404(office: Office) -> None:
    """By id it can be late, too."""
    office.settings.patch({"get_lag": 10})
    droplet = await office.droplet()
    assert (await office.ask("GET", f"/v2/droplets/{droplet}")).status == 404
    office.clock.time += 10
    assert (await office.ask("GET", f"/v2/droplets/{droplet}")).status == 200


async def test_a_pending_event_forbids_delete_and_action(office: Office) -> None:
    """While something happens to a droplet nothing else can, and 422 says so."""
    office.settings.patch({"delete_pending": 30, "action_delay": 60})
    droplet = await office.droplet()
    path = f"/v2/droplets/{droplet}"
    assert (await office.ask("DELETE", path)).status == 422
    office.clock.time += 30
    assert (await office.ask("POST", f"{path}/actions", {"type": "power_off"})).status == 201
    for method, place, body in (
        ("DELETE", path, None),
        ("POST", f"{path}/actions", {"type": "power_on"}),
    ):
        refused = await office.ask(method, place, body)
        assert refused.status == 422
        assert refused.json["message"] == "Droplet already has a pending event."
    office.clock.time += 60
    assert (await office.ask("DELETE", path)).status == 204
    assert office.violations() == []


async def test_gpu_droplets_hide_from_plain_lists(office: Office) -> None:
    """They are listed by their type only, not by name or tag; by id they are there."""
    gpu = await office.droplet(size="gpu-h100x1-80gb", region="tor1")
    for query in ("", "?tag_name=docklet:run", "?name=docklet-one", "?type=droplets"):
        assert (await office.ask("GET", f"/v2/droplets{query}")).json["droplets"] == []
    [shown] = (await office.ask("GET", "/v2/droplets?type=gpus")).json["droplets"]
    assert shown["id"] == gpu
    assert (await office.ask("GET", f"/v2/droplets/{gpu}")).status == 200
    assert office.violations() == []


async def test_the_droplet_limit_counts_what_lives(office: Office) -> None:
    """One over the limit is refused as a whole; a delete makes room."""
    office.settings.patch({"droplet_limit": 3})
    first = await office.droplet()
    body = wanted(names=["a", "b", "c"])
    del body["name"]
    refused = await office.ask("POST", "/v2/droplets", body)
    assert (refused.status, len(office.estate.living())) == (422, 1)
    assert refused.json["message"].endswith("will exceed your droplet limit")
    await office.ask("DELETE", f"/v2/droplets/{first}")
    assert (await office.ask("POST", "/v2/droplets", body)).status == 202


@pytest.mark.parametrize(
    ("query", "shown", "links"),
    [
        ("", 20, {"next": "2", "last": "3"}),
        ("?page=2", 20, {"first": "1", "prev": "1", "next": "3", "last": "3"}),
        ("?page=3", 5, {"first": "1", "prev": "2"}),
        ("?page=4", 0, {"first": "1", "prev": "3"}),
        ("?per_page=200", 45, {}),
        ("?per_page=45", 45, {}),
        ("?per_page=44", 44, {"next": "2", "last": "2"}),
        ("?per_page=1", 1, {"next": "2", "last": "45"}),
    ],
)
async def test_lists_come_in_pages(
    office: Office, query: str, shown: int, links: dict[str, str]
) -> None:
    """Twenty by default, 200 at most; a single page has no links at all."""
    for n in range(45):
        office.estate.tag(f"tag-{n}")
    answer = await office.ask("GET", f"/v2/tags{query}")
    assert answer.json["meta"] == {"total": 45}
    assert len(answer.json["tags"]) == shown
    assert ("links" in answer.json) is bool(links)
    pages: Body = answer.json.get("links", {}).get("pages", {})
    assert {rel: url.rpartition("page=")[2] for rel, url in pages.items()} == links
    assert office.violations() == []


@pytest.mark.parametrize("query", ["page=0", "per_page=0", "per_page=201", "page=one", "page="])
async def test_other_pages_are_violations(office: Office, query: str) -> None:
    """No client asks for a page that can't be."""
    assert (await office.ask("GET", f"/v2/droplets?{query}")).status == 500


async def test_every_answer_says_what_is_left(office: Office) -> None:
    """The window slides: the oldest request's hour is the reset."""
    begin = int(office.clock.time)
    for left in (4999, 4998, 4997):
        headers = (await office.ask("GET", "/v2/account")).headers
        assert headers["ratelimit-remaining"] == str(left)
        assert headers["ratelimit-reset"] == str(begin + 3600)
        office.clock.time += 1
    office.clock.time = begin + 3600.5
    headers = (await office.ask("GET", "/v2/account")).headers
    assert headers["ratelimit-remaining"] == "4997"
    assert headers["ratelimit-reset"] == str(begin + 3601)


@pytest.mark.parametrize(
    ("limits", "told"),
    [({"limit_minute": 2}, True), ({"limit_hour": 2}, False)],
    ids=("burst", "hour"),
)
async def test_too_many_requests(office: Office, limits: Body, *, told: bool) -> None:
    """Only a burst is told when to come back; both are a 429 in the service's words."""
    office.settings.patch(limits)
    for _ in range(2):
        assert (await office.ask("GET", "/v2/account")).status == 200
    refused = await office.ask("GET", "/v2/account")
    assert (refused.status, refused.json["id"]) == (429, "too_many_requests")
    assert ("retry-after" in refused.headers) is told
    assert refused.headers["ratelimit-limit"].isdigit()
    office.clock.time += 61 if told else 3601
    assert (await office.ask("GET", "/v2/account")).status == 200
    assert office.violations() == []


async def test_keys_are_listed_ten_times_a_minute(office: Office) -> None:
    """Only the list is limited so, and only for a minute."""
    for _ in range(10):
        assert (await office.ask("GET", "/v2/account/keys")).status == 200
    refused = await office.ask("GET", "/v2/account/keys")
    assert (refused.status, refused.headers["retry-after"]) == (429, "61")
    assert (await office.ask("GET", "/v2/account")).status == 200
    office.clock.time += 61
    assert (await office.ask("GET", "/v2/account/keys")).status == 200
    assert office.violations() == []
