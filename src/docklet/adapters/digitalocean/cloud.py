"""DigitalOcean's API as the port `Cloud`; how requests are sent is `digitalocean_client`'s."""

from __future__ import annotations

import re
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from docklet.adapters.digitalocean.causes import vendor_errors
from docklet.adapters.digitalocean.client import READ_TIMEOUT, Answer, Api, whole
from docklet.adapters.digitalocean.errors import create_error, gone, not_understood
from docklet.adapters.digitalocean.purposes import (
    ACCOUNT,
    CREATE,
    DELETE,
    EVENT,
    IMAGES,
    POWER,
    READ,
    SIZES,
    TAG,
    TAGS,
    UNTAG,
    WALL,
    WALLS,
)
from docklet.adapters.digitalocean.shapes import (
    MISFIT,
    created_of,
    droplet_of,
    firewall_of,
    firewall_order_of,
    image_of,
    order_of,
    size_of,
    tag_of,
)
from docklet.domain.errors import AmbiguousCreate, CloudError
from docklet.domain.outcome import Reason
from docklet.ports import Deletion

if TYPE_CHECKING:
    from docklet.domain.firewall import Firewall
    from docklet.domain.plan import Image, Size
    from docklet.domain.secret import Secret
    from docklet.ports import Clock, Droplet, DropletRequest

ENDPOINT: Final = "https://api.digitalocean.com"
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]*")
_PLAIN: Final = (
    "The address of DigitalOcean's API does not begin with https://, so the token would travel in"
    " plain text. Correct DIGITALOCEAN_API_URL."
)
_NOBODYS: Final = 1
"""The id of a droplet that was gone long ago."""


class DigitalOcean:
    """One account of DigitalOcean, seen through one token."""

    def __init__(
        self,
        token: Secret,
        *,
        clock: Clock,
        endpoint: str = ENDPOINT,
        read_timeout: float = READ_TIMEOUT,
    ) -> None:
        """Connect to nothing yet; refuse an endpoint that would see the token in plain text."""
        if not endpoint.startswith("https://"):
            raise CloudError(_PLAIN, reason=Reason.INVALID_INPUT)
        self._api = Api(
            token, clock=clock, endpoint=endpoint.rstrip("/"), read_timeout=read_timeout
        )

    async def droplet_limit(self) -> int:
        """Return how many droplets the account may have."""
        answer = await self._api.call(ACCOUNT, lambda pydo: pydo.account.get(cls=whole))
        return answer.read(lambda body: int(body["account"]["droplet_limit"]), ACCOUNT)

    async def sizes(self) -> tuple[Size, ...]:
        """Return all sizes (all pages)."""
        return await self._api.pages(
            SIZES, "sizes", size_of, lambda page, pydo: pydo.sizes.list(**page)
        )

    async def application_images(self) -> tuple[Image, ...]:
        """Return the 1-click and GPU base images (all pages)."""
        return await self._images(type="application")

    async def find_image(self, name: str) -> Image | None:
        """Return the image or own snapshot with this slug, id or name (up to two requests)."""
        if _SLUG.fullmatch(name):
            key = int(name) if name.isdigit() else name
            answer = await self._api.call(IMAGES, lambda pydo: pydo.images.get(key, cls=whole))
            if answer.status == HTTPStatus.OK:
                return answer.read(lambda body: image_of(body["image"]), IMAGES)
        named = [image for image in await self._images(private=True) if image.name == name]
        return max(named, key=lambda image: image.created, default=None)

    async def firewalls(self) -> tuple[Firewall, ...]:
        """Return all firewalls (all pages)."""
        return await self._api.pages(
            WALLS,
            "firewalls",
            firewall_of,
            lambda page, pydo: pydo.firewalls.list(**page),
        )

    async def create_firewall(self, firewall: Firewall) -> bool:
        """Create a firewall and its tags; False when there is one of that name already.

        Names are unique in an account, so that the request does no harm when it is repeated.
        """
        order = firewall_order_of(firewall)
        for tag in order["tags"]:
            await self._api.call(WALL, partial(_create_tag, tag))
        answer = await self._api.call(
            WALL,
            lambda pydo: pydo.firewalls.create(order, cls=whole),
            also=HTTPStatus.CONFLICT,
        )
        return answer.status != HTTPStatus.CONFLICT

    async def create(self, request: DropletRequest) -> Droplet:
        """Send one create request, once; see the port for what its errors mean."""
        order = order_of(request)
        try:
            answer = await self._api.once(lambda pydo: pydo.droplets.create(order, cls=whole))
        except vendor_errors() as error:
            raise create_error(error) from error
        try:
            return created_of(answer.body)
        except MISFIT as error:
            raise AmbiguousCreate(not_understood(CREATE).message) from error

    async def droplet(self, droplet_id: int) -> Droplet | None:
        """Return a droplet, or None when the cloud says 404."""
        answer = await self._api.call(READ, lambda pydo: pydo.droplets.get(droplet_id, cls=whole))
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        return answer.read(lambda body: droplet_of(body["droplet"]), READ)

    async def creation_failed(self, creation: int) -> bool:
        """Tell whether the event that makes a droplet has ended with an error."""
        answer = await self._api.call(EVENT, lambda pydo: pydo.actions.get(creation, cls=whole))
        if answer.status == HTTPStatus.NOT_FOUND:
            return False
        return answer.read(lambda body: bool(body["action"]["status"] == "errored"), EVENT)

    async def power_on(self, droplet_id: int) -> bool:
        """Ask that a droplet is switched on; False when it is gone, or busy with something."""
        body = {"type": "power_on"}
        answer = await self._api.call(
            POWER,
            lambda pydo: pydo.droplet_actions.post(droplet_id, body=body, cls=whole),
            also=HTTPStatus.UNPROCESSABLE_ENTITY,
        )
        return answer.status == HTTPStatus.CREATED

    async def droplets(self, *, tag: str = "") -> tuple[Droplet, ...]:
        """Return all droplets, or those with `tag` (all pages), but no GPU droplets."""
        return await self._droplets(tag_name=tag or None)

    async def gpu_droplets(self) -> tuple[Droplet, ...]:
        """Return all GPU droplets, which the plain list leaves out (all pages)."""
        return await self._droplets(type="gpus")

    async def check_deletion(self) -> None:
        """Raise `CloudError` when the token may not delete droplets; deletes none.

        Nothing but a request tells what a token may do. Scopes are looked at before the droplet
        is, so one for a droplet that nobody has is refused, or answered with 404.
        """
        try:
            await self.delete(_NOBODYS)
        except CloudError as error:
            if error.reason is Reason.CLOUD_DENIED:
                raise

    async def delete(self, droplet_id: int) -> Deletion:
        """Ask for the droplet's deletion.

        Every 422 is a "not yet": an id that exists leaves nothing else to object to.
        """
        answer = await self._api.call(
            DELETE,
            lambda pydo: pydo.droplets.destroy(droplet_id, cls=whole),
            also=HTTPStatus.UNPROCESSABLE_ENTITY,
        )
        match answer.status:
            case HTTPStatus.NOT_FOUND:
                return Deletion.GONE
            case HTTPStatus.UNPROCESSABLE_ENTITY:
                return Deletion.PENDING
            case _:
                return Deletion.ACCEPTED

    async def unused_tags(self) -> tuple[str, ...]:
        """Return all tags that no droplet has (all pages)."""
        tags = await self._api.pages(
            TAGS, "tags", tag_of, lambda page, pydo: pydo.tags.list(**page)
        )
        return tuple(name for name, droplets in tags if not droplets)

    async def delete_tag(self, tag: str) -> None:
        """Delete a tag; one that is gone is fine."""
        await self._api.call(UNTAG, lambda pydo: pydo.tags.delete(tag, cls=whole))

    async def add_tag(self, droplet_id: int, tag: str) -> None:
        """Create `tag` and put it on a droplet (two requests, which do no harm when repeated)."""
        body = {"resources": [{"resource_id": str(droplet_id), "resource_type": "droplet"}]}
        await self._api.call(TAG, partial(_create_tag, tag))
        answer = await self._api.call(
            TAG, lambda pydo: pydo.tags.assign_resources(tag, body, cls=whole)
        )
        if answer.status == HTTPStatus.NOT_FOUND:
            raise gone(TAG)

    async def untag(self, droplet_id: int, tag: str) -> None:
        """Take a tag off one droplet; a tag or droplet that is gone is fine."""
        body = {"resources": [{"resource_id": str(droplet_id), "resource_type": "droplet"}]}
        await self._api.call(
            UNTAG, lambda pydo: pydo.tags.unassign_resources(tag, body, cls=whole)
        )

    def close(self) -> None:
        """Close the connections that are kept open; a later call opens new ones."""
        self._api.close()

    async def _droplets(self, **query: str | None) -> tuple[Droplet, ...]:
        return await self._api.pages(
            READ,
            "droplets",
            droplet_of,
            lambda page, pydo: pydo.droplets.list(**query, **page),
        )

    async def _images(self, **query: str | bool) -> tuple[Image, ...]:
        return await self._api.pages(
            IMAGES,
            "images",
            image_of,
            lambda page, pydo: pydo.images.list(**query, **page),
        )


def _create_tag(tag: str, pydo: Any) -> Answer:  # noqa: ANN401 - pydo has no types worth following
    """Create a tag; one that is there already is answered with, too."""
    answer: Answer = pydo.tags.create({"name": tag}, cls=whole)
    return answer
