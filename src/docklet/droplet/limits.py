"""Ending the script from outside: by its time limit, or because somebody asks."""

from __future__ import annotations

import time
from contextlib import suppress

from docklet.droplet.container import Job
from docklet.droplet.engine import Engine, Refused, Unreachable
from docklet.droplet.home import Home, read_json, write_json

_AGAIN = 5.0


def extended(home: Home) -> float:
    """Return the seconds that somebody lets the script take; 0 where nobody said so."""
    return float((read_json(home.extension) or {}).get("limit", 0.0))


class Limits:
    """Sends the polite signal once, then the other one until the container is gone."""

    def __init__(self, home: Home, job: Job, engine: Engine) -> None:
        self._home = home
        self._job = job
        self._engine = engine
        self._started = time.monotonic()
        self._kill_at = 0.0
        self.seconds = job.timeout
        """How long the script may take, as far as anybody has looked."""
        self.interrupted = ""
        """`timed-out` or `stopped` once it has begun."""
        self.asked_by = ""
        """Who asked for the end; empty where nobody said so."""

    def tick(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        if self.interrupted:
            if now >= self._kill_at:
                self._signal("SIGKILL")
                self._kill_at = now + _AGAIN
        elif self._is_over(now):
            # From here on a request for more time finds that somebody has asked for the end.
            with suppress(OSError):
                write_json(self._home.stop, {"grace": self._job.grace})
            self._begin("timed-out", self._job.grace)
        else:
            asked = read_json(self._home.stop)
            if asked is not None:
                self.asked_by = str(asked.get("by", ""))
                self._begin("stopped", float(asked["grace"]))

    def is_long_over(self, patience: float) -> bool:
        """Tell whether even the other signal should have worked long ago."""
        return self._is_over(time.monotonic() - self._job.grace - patience)

    def _is_over(self, now: float) -> bool:
        # More time is looked for when there is none left, and costs nothing before.
        if now - self._started >= self.seconds:
            self.seconds = max(self.seconds, extended(self._home))
        return now - self._started >= self.seconds

    def _begin(self, interrupted: str, grace: float) -> None:
        self.interrupted = interrupted
        self._kill_at = time.monotonic() + grace
        self._signal("SIGTERM")

    def _signal(self, name: str) -> None:
        try:
            self._engine.call("POST", f"/containers/{self._job.container}/kill", {"signal": name})
        except (Refused, Unreachable):
            return  # it has just ended, or the next tick tries again
