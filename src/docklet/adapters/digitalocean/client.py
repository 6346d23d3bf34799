"""Requests to DigitalOcean by its own client, pydo, and their repetition.

pydo repeats a create on 500, 503 and 504, and any request on any refusal with Retry-After; it
waits 300 seconds for a mute server, and takes 0.2 seconds to import. So it is told to repeat
nothing and to wait less, and is imported where it is first used, off the event loop.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from docklet.adapters.digitalocean.causes import status_of, vendor_errors
from docklet.adapters.digitalocean.endpoints import ENDPOINTS
from docklet.adapters.digitalocean.errors import Trouble, not_understood, trouble_of
from docklet.adapters.digitalocean.shapes import MISFIT, more_pages
from docklet.adapters.threads import in_daemon_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from docklet.adapters.digitalocean.purposes import Purpose
    from docklet.adapters.digitalocean.shapes import Record
    from docklet.domain.secret import Secret
    from docklet.ports import Clock

    T = TypeVar("T")

CONNECT_TIMEOUT: Final = 5.0
"""Seconds."""
READ_TIMEOUT: Final = 30.0
"""Seconds without a byte of the answer."""
LONGEST_WAIT: Final = 60.0
"""Seconds of a Retry-After that are waited; a longer one is for the user to know."""
REPEATS: Final = (0.5, 2.0, 8.0)
"""Most seconds before each repetition of a request that may be repeated."""
_PAGE: Final = 200
"""Things on a page; the API's maximum."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What pydo makes of an answer; a 404 is one like any other."""

    status: int
    body: Any

    def read(self, reader: Callable[[Any], T], purpose: Purpose) -> T:
        """Read the body as our own types."""
        try:
            return reader(self.body)
        except MISFIT as error:
            raise not_understood(purpose) from error


def whole(response: Any, body: object, _headers: object) -> Answer:  # noqa: ANN401 - azure's type
    """Keep the status, which pydo drops; passed to each of its methods as `cls`."""
    return Answer(response.http_response.status_code, body)


class Api:
    """One account, seen through one token."""

    def __init__(self, token: Secret, *, clock: Clock, endpoint: str, read_timeout: float) -> None:
        """Remember where to connect to."""
        self._token = token
        self._clock = clock
        self._endpoint = endpoint
        self._read_timeout = read_timeout
        self._lock = threading.Lock()
        self._client: Any = None

    async def once(self, send: Callable[[Any], Answer]) -> Answer:
        """Send one request, once; raise one of `vendor_errors`."""
        return await in_daemon_thread(lambda: send(self._pydo()))

    async def call(
        self, purpose: Purpose, send: Callable[[Any], Answer], *, also: int | None = None
    ) -> Answer:
        """Send a request that may be repeated; status `also` is an answer and no error."""
        for ceiling in (*REPEATS, None):
            try:
                return await self.once(send)
            except vendor_errors() as error:
                if also is not None and status_of(error) == also:
                    return Answer(also, None)
                trouble = trouble_of(error, purpose)
                if ceiling is None or not _worth_repeating(trouble):
                    raise trouble.error from error
            await self._clock.sleep(trouble.retry_after + ceiling * self._clock.random())
        raise AssertionError  # the last round returns or raises

    async def pages(
        self,
        purpose: Purpose,
        key: str,
        reader: Callable[[Record], T],
        send: Callable[[dict[str, Any], Any], Answer],
    ) -> tuple[T, ...]:
        """Read all pages of a list; `send` gets the arguments that choose one, then the client."""
        found: list[T] = []
        more, page = True, 0
        while more:
            page += 1
            asked = {"per_page": _PAGE, "page": page, "cls": whole}
            answer = await self.call(purpose, partial(send, asked))
            found += answer.read(lambda body: [reader(raw) for raw in body[key]], purpose)
            more = answer.read(more_pages, purpose)
        return tuple(found)

    def close(self) -> None:
        """Close the connections that are kept open; a later request opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _pydo(self) -> Any:  # noqa: ANN401 - pydo has no types worth following
        """Return pydo's client; whoever needs it first makes it."""
        with self._lock:
            if self._client is None:
                from azure.core.pipeline.policies import RetryPolicy
                from pydo import Client

                self._client = Client(
                    token=self._token.reveal(),
                    endpoint=self._endpoint,
                    retry_policy=RetryPolicy.no_retries(),
                    permit_redirects=False,
                    raw_request_hook=self._check,
                    connection_timeout=CONNECT_TIMEOUT,
                    read_timeout=self._read_timeout,
                )
            return self._client

    def _check(self, request: Any) -> None:  # noqa: ANN401 - azure's type
        """Keep to the requests that are ours to make; called with each before it is sent."""
        http = request.http_request
        ENDPOINTS.check(http.method, http.url, self._endpoint)


def _worth_repeating(trouble: Trouble) -> bool:
    """Tell whether to ask again, and soon enough for somebody who waits."""
    return trouble.passing and trouble.retry_after <= LONGEST_WAIT
