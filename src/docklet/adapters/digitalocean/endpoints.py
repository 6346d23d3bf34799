"""Every request that docklet makes of DigitalOcean, with the scopes that its description names.

A token with custom scopes needs these and no others; the README's table has the reasons. Listing
sizes needs `regions:read` too, and creating a droplet what it reads on the way.
"""

from __future__ import annotations

from typing import Final

from docklet.adapters.endpoints import Endpoint, Endpoints


def _endpoint(method: str, path: str, *needs: str) -> Endpoint:
    """Return a request below `/v2`."""
    return Endpoint(method=method, path=f"/v2{path}", needs=needs)


CREATING: Final = ("droplet:read", "regions:read", "sizes:read", "actions:read", "image:read")
"""Scopes that `droplet:create` asks for itself (DigitalOcean's page on scopes)."""

ENDPOINTS: Final = Endpoints(
    (
        _endpoint("GET", "/account", "account:read"),
        _endpoint("GET", "/sizes", "sizes:read", "regions:read"),
        _endpoint("GET", "/images", "image:read"),
        _endpoint("GET", "/images/{}", "image:read"),
        _endpoint("GET", "/firewalls", "firewall:read"),
        _endpoint("POST", "/firewalls", "firewall:create"),
        _endpoint("POST", "/droplets", "droplet:create", *CREATING, "tag:create"),
        _endpoint("GET", "/droplets", "droplet:read"),
        _endpoint("GET", "/droplets/{}", "droplet:read"),
        _endpoint("DELETE", "/droplets/{}", "droplet:delete"),
        _endpoint("POST", "/droplets/{}/actions", "droplet:update"),
        _endpoint("GET", "/actions/{}", "actions:read"),
        _endpoint("GET", "/tags", "tag:read"),
        _endpoint("POST", "/tags", "tag:create"),
        _endpoint("DELETE", "/tags/{}", "tag:delete"),
        _endpoint("POST", "/tags/{}/resources", "tag:create"),
        _endpoint("DELETE", "/tags/{}/resources", "tag:delete"),
    )
)
