"""Every route of the cloud with a request that succeeds: what tables of cases are made from."""

from __future__ import annotations

from dataclasses import dataclass

from tests.contract.sandbox_cloud.conftest import KEY, Body, Office, wall, wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One route and a request to it."""

    method: str
    route: str
    status: int = 200
    body: Body | None = None
    needs: str = ""
    """What has to be there first, by the name of its place in the path."""
    query: str = ""

    @property
    def id(self) -> str:
        """A name for the table's row."""
        return f"{self.method} {self.route}"

    async def path(self, office: Office) -> str:
        """Make what is needed and return the path that names it."""
        droplet = await office.droplet() if self.needs in {"droplet", "action", "tag"} else 0
        places = {
            "droplet_id": droplet,
            "action_id": next(iter(office.estate.actions), 0),
            "tag_id": "docklet:run",
            "ssh_key_identifier": (await office.key())["id"] if self.needs == "key" else 0,
            "firewall_id": await office.firewall() if self.needs == "firewall" else "",
            "image_id": office.image() if self.needs == "image" else 0,
        }
        return self.route.format(**places)

    def sent(self, office: Office) -> Body | None:
        """Return the body, with the droplet there is in place of one that a table can't know."""
        if self.body is None or "resources" not in self.body:
            return self.body
        number = str(next(iter(office.estate.droplets)))
        return {"resources": [{"resource_id": number, "resource_type": "droplet"}]}


_KEYS = "/v2/account/keys"
_KEY = f"{_KEYS}/{{ssh_key_identifier}}"
_DROPLET = "/v2/droplets/{droplet_id}"
_TAG = "/v2/tags/{tag_id}"
_WALL = "/v2/firewalls/{firewall_id}"
_IMAGE = "/v2/images/{image_id}"
_RESOURCES: Body = {"resources": []}

CALLS = (
    Call(method="GET", route="/v2/account"),
    Call(method="GET", route=_KEYS),
    Call(method="POST", route=_KEYS, status=201, body={"name": "mine", "public_key": KEY}),
    Call(method="GET", route=_KEY, needs="key"),
    Call(method="PUT", route=_KEY, needs="key", body={"name": "other"}),
    Call(method="DELETE", route=_KEY, needs="key", status=204),
    Call(method="GET", route="/v2/actions", needs="droplet"),
    Call(method="GET", route="/v2/actions/{action_id}", needs="action"),
    Call(
        method="POST",
        route=f"{_DROPLET}/actions",
        needs="droplet",
        status=201,
        body={"type": "snapshot", "name": "warm"},
    ),
    Call(method="GET", route=f"{_DROPLET}/actions", needs="droplet"),
    Call(method="GET", route=f"{_DROPLET}/actions/{{action_id}}", needs="action"),
    Call(method="POST", route="/v2/droplets", status=202, body=wanted()),
    Call(method="GET", route="/v2/droplets", needs="droplet"),
    Call(method="GET", route=_DROPLET, needs="droplet"),
    Call(method="DELETE", route=_DROPLET, needs="droplet", status=204),
    Call(method="GET", route="/v2/firewalls", needs="firewall"),
    Call(method="POST", route="/v2/firewalls", status=202, body=wall()),
    Call(method="GET", route=_WALL, needs="firewall"),
    Call(method="PUT", route=_WALL, needs="firewall", body=wall(name="other")),
    Call(method="DELETE", route=_WALL, needs="firewall", status=204),
    Call(method="GET", route="/v2/sizes"),
    Call(method="GET", route="/v2/regions"),
    Call(method="GET", route="/v2/images"),
    Call(method="GET", route=_IMAGE, needs="image"),
    Call(method="DELETE", route=_IMAGE, needs="image", status=204),
    Call(method="GET", route="/v2/1-clicks", query="type=droplet"),
    Call(method="GET", route="/v2/tags", needs="tag"),
    Call(method="POST", route="/v2/tags", status=201, body={"name": "docklet:kept"}),
    Call(method="GET", route=_TAG, needs="tag"),
    Call(method="DELETE", route=_TAG, needs="tag", status=204),
    Call(method="POST", route=f"{_TAG}/resources", needs="tag", status=204, body=_RESOURCES),
    Call(method="DELETE", route=f"{_TAG}/resources", needs="tag", status=204, body=_RESOURCES),
)
FORBIDDEN = ("DELETE", "/v2/droplets")
"""The one route that answers nothing but a violation."""
