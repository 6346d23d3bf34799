"""Serve an application on a port for as long as a stack of contexts lives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from docklet_sandbox.virtual_time import visiting

if TYPE_CHECKING:
    import ssl
    from contextlib import AsyncExitStack

    from aiohttp.typedefs import Handler

_GRACE = 0.5
"""Seconds that requests under way get to end when the sandbox is stopped."""


async def listen(
    stack: AsyncExitStack,
    app: web.Application,
    host: str,
    port: int = 0,
    context: ssl.SSLContext | None = None,
) -> str:
    """Serve until the stack unwinds, on any free port if it is 0, and return the base URL."""
    app.middlewares.insert(0, _visit)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, host, port, ssl_context=context).start()
    scheme = "http" if context is None else "https"
    return f"{scheme}://{host}:{runner.addresses[0][1]}"


@web.middleware
async def _visit(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let virtual time know whose client does nothing but wait for us."""

    def waits() -> bool:
        sending = request.transport is not None and request.transport.get_write_buffer_size()
        return request.content.is_eof() and not sending

    with visiting(waits):
        return await handler(request)
