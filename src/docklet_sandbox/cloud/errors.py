"""The error answers of the DigitalOcean API, with the texts that the real service sends.

Texts come from public issue threads and from the API's own description.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PENDING = "Droplet already has a pending event."
HOSTNAME = "Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)"
INVALID_SIZE = "You specified an invalid size for Droplet creation."
INVALID_REGION = "You specified an invalid region for Droplet creation."
INVALID_IMAGE = "You specified an invalid image for Droplet creation."
REGION_CLOSED = "Region is not available"
SIZE_ELSEWHERE = "Size is not available in this region."
OVER_LIMIT = "creating this/these droplet(s) will exceed your droplet limit"
USER_DATA_LONG = "user_data is too long (maximum is 65536 bytes)"
USER_DATA_TEXT = "user_data must be plain text"
TAG_GRAMMAR = "Tag name may only contain letters, numbers, colons, dashes, and underscores"


@dataclass(eq=False, slots=True, kw_only=True)
class ApiError(Exception):
    """An error that the real API answers with, too."""

    status: int
    id: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


def unauthorized() -> ApiError:
    """Make the answer to a missing or unknown token."""
    return ApiError(status=401, id="unauthorized", message="Unable to authenticate you")


def forbidden() -> ApiError:
    """Make the answer to a token that lacks a scope."""
    return ApiError(
        status=403, id="forbidden", message="You are not authorized to perform this operation"
    )


def not_found() -> ApiError:
    """Make the answer for what is not there."""
    return ApiError(
        status=404,
        id="not_found",
        message="The resource you were accessing could not be found.",
    )


def bad_request(message: str) -> ApiError:
    """Make the answer to a request that cannot be understood."""
    return ApiError(status=400, id="bad_request", message=message)


def conflict(message: str) -> ApiError:
    """Make the answer to a request for something whose place is taken."""
    return ApiError(status=409, id="conflict", message=message)


def unprocessable(message: str) -> ApiError:
    """Make the answer to a well-formed request that cannot be fulfilled."""
    return ApiError(status=422, id="unprocessable_entity", message=message)


def too_many_requests(headers: Mapping[str, str]) -> ApiError:
    """Make the answer to a token that asks too often."""
    return ApiError(
        status=429,
        id="too_many_requests",
        message="API Rate limit exceeded.",
        headers=headers,
    )
