"""Routes for what can be rented: sizes, regions, images, 1-click applications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from docklet_sandbox.cloud.errors import not_found
from docklet_sandbox.cloud.gate import ESTATE, Route
from docklet_sandbox.cloud.pages import paged
from docklet_sandbox.cloud.shape import query_of
from docklet_sandbox.journal import Violation

if TYPE_CHECKING:
    from docklet_sandbox.cloud.catalog import Record
    from docklet_sandbox.cloud.estate import Estate

_CATEGORIES = ("application", "distribution")


async def list_sizes(request: web.Request) -> web.Response:
    """Answer GET /v2/sizes."""
    return paged(request, "sizes", list(request.app[ESTATE].catalog.sizes.values()))


async def list_regions(request: web.Request) -> web.Response:
    """Answer GET /v2/regions."""
    return paged(request, "regions", list(request.app[ESTATE].catalog.regions.values()))


async def list_images(request: web.Request) -> web.Response:
    """Answer GET /v2/images, filtered by type, ownership or tag."""
    estate = request.app[ESTATE]
    query = request.query
    images = list(estate.images.values())
    if query.get("private") != "true":
        images = [*estate.catalog.images.values(), *images]
    if category := query.get("type"):
        if category not in _CATEGORIES:
            message = f"The parameter 'type' takes {' or '.join(_CATEGORIES)}, not {category!r}."
            raise Violation(message)
        images = [i for i in images if estate.catalog.categories.get(i["id"]) == category]
    if tag := query.get("tag_name"):
        images = [i for i in images if tag in i["tags"]]
    return paged(request, "images", images, "type", "private", "tag_name")


async def get_image(request: web.Request) -> web.Response:
    """Answer GET /v2/images/{id or slug}."""
    query_of(request)
    image = image_called(request.app[ESTATE], request.match_info["image_id"])
    if image is None:
        raise not_found()
    return web.json_response({"image": image})


async def delete_image(request: web.Request) -> web.Response:
    """Answer DELETE /v2/images/{id}: only the account's own can go."""
    own = request.app[ESTATE].images
    image_id = request.match_info["image_id"]
    if not image_id.isdigit() or own.pop(int(image_id), None) is None:
        raise not_found()
    return web.Response(status=204)


async def list_one_clicks(request: web.Request) -> web.Response:
    """Answer GET /v2/1-clicks: the application images that droplets can boot."""
    kind = query_of(request, "type").get("type", "droplet")
    catalog = request.app[ESTATE].catalog
    slugs = [
        image["slug"]
        for image in catalog.images.values()
        if catalog.categories[image["id"]] == "application" and kind == "droplet"
    ]
    return web.json_response({"1_clicks": [{"slug": s, "type": "droplet"} for s in slugs]})


def image_called(estate: Estate, wanted: str | int) -> Record | None:
    """Find an image by id, or a public one by slug."""
    images = [*estate.catalog.images.values(), *estate.images.values()]
    found = (i for i in images if str(wanted) in {str(i["id"]), i["slug"]})
    return next(found, None)


ROUTES = (
    Route(method="GET", path="/v2/sizes", handler=list_sizes, scope="sizes:read"),
    Route(method="GET", path="/v2/regions", handler=list_regions, scope="regions:read"),
    Route(method="GET", path="/v2/images", handler=list_images, scope="image:read"),
    Route(method="GET", path="/v2/images/{image_id}", handler=get_image, scope="image:read"),
    Route(
        method="DELETE", path="/v2/images/{image_id}", handler=delete_image, scope="image:delete"
    ),
    Route(method="GET", path="/v2/1-clicks", handler=list_one_clicks, scope="1click:read"),
)
