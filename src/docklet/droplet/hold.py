"""Verb `hold`: a sign of life of the process that carries the run out, or takes it up.

It leaves the run's record too, unless there is one: `start` brings a better one. What a record
says is sealed by the sender and is nothing that this machine understands.
"""

from __future__ import annotations

import os

from docklet.droplet import lease
from docklet.droplet.home import Home, write_json
from docklet.droplet.request import Request


def hold(home: Home, request: Request) -> dict[str, object]:
    """Renew the lease, unless another process has it; say who has it now.

    `over` is the age in seconds from which another one's lease may be taken over; without it,
    none may.
    """
    holder, over = request.text("holder"), request.seconds("over", lease.FOREVER * 2)
    record = request.mapping("record")
    with lease.guarded(home):
        now = lease.read(home)
        if now is not None and now.holder != holder and now.age < over:
            return {"held": False, "holder": now.holder, "age": now.age}
        lease.write(home, holder)
        if record and not os.path.exists(home.record):
            write_json(home.record, record)
    return {"held": True, "holder": holder, "age": 0.0}
