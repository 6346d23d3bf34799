"""The process that runs the script's container and outlives everybody else.

It writes the log, enforces the time limit, samples the machine and writes the ending. It is
single-threaded, holds the run's lock as its sign of life, and trusts Docker alone about the
exit code: a stream that ends is not an ending.
"""

from __future__ import annotations

import time
import traceback
from typing import Any, Mapping

from docklet.droplet import machine
from docklet.droplet.container import Job
from docklet.droplet.detach import Ready
from docklet.droplet.ending import write_ending
from docklet.droplet.engine import Engine, Refused, Unreachable
from docklet.droplet.home import Home
from docklet.droplet.killings import Killings
from docklet.droplet.limits import Limits
from docklet.droplet.logfile import LogFile
from docklet.droplet.owner import hand_back
from docklet.droplet.stream import Stream
from docklet.droplet.usage import Sampler
from docklet.droplet.verdict import Facts, judge

_TICK = 0.2
_PATIENCE = 600.0
# A stream ends a moment before its container does, or long before if the script closes it.
_LOOKS_BEFORE_ATTACHING = 20
State = Mapping[str, Any]


def supervise(home: Home, job: Job, engine: Engine, stdin: bytes, ready: Ready) -> None:
    """Run the container to its end, whatever that is, and write the ending."""
    machine.protect_from_memory_pressure()
    watch = Watch(home, job, engine)
    try:
        facts = watch.run(stdin, ready)
    except (Refused, Unreachable):
        facts = Facts(trouble="The Docker daemon went away before the script had started.")
    except Exception:  # noqa: BLE001 (an ending has to be written, whatever happens)
        traceback.print_exc()
        facts = Facts(trouble="docklet's supervisor has a bug; its traceback is on the machine.")
    hand_back(home, engine, job.image)
    write_ending(home, watch.ending(facts))


class Watch:
    """One container, watched."""

    def __init__(self, home: Home, job: Job, engine: Engine) -> None:
        self._home = home
        self._job = job
        self._engine = engine
        self._log = LogFile(home)
        self._sampler = Sampler(home)
        self._limits = Limits(home, job, engine)
        self._started = time.time()
        self._next_tick = 0.0
        self._kills = machine.out_of_memory_kills()
        self._killings = Killings(0)
        self._daemon_was_lost = False

    def run(self, stdin: bytes, ready: Ready) -> Facts:
        """Start the container, follow it, and say what was seen."""
        self._tick()
        stream = Stream(self._engine.attach(self._job.container))
        try:
            self._engine.call("POST", f"/containers/{self._job.container}/start")
        except Refused as refused:
            return Facts(refusal=refused.message, disk_is_full=self._disk_is_full())
        self._killings = Killings(self._pid())
        if stdin:
            stream.give(stdin)
        ready()
        return self._facts(self._until_exit(stream))

    def ending(self, facts: Facts) -> dict[str, object]:
        """Return what is written down at the end."""
        self._sampler.take()
        verdict = judge(facts)
        return {
            "exit_code": None if verdict.kind == "image-cannot-run" else facts.exit_code,
            "kind": verdict.kind,
            "message": verdict.message,
            "started": self._started,
            "finished": time.time(),
            "log_bytes": self._log.size(),
            "log_lost": self._log.lost,
            "usage": self._sampler.summary(),
        }

    def _until_exit(self, stream: Stream) -> State:
        looks = 0
        while not self._limits.is_long_over(_PATIENCE):
            self._drain(stream)
            state = self._state()
            if state is None:
                looks = _LOOKS_BEFORE_ATTACHING
            elif not state.get("Running"):
                return state
            elif looks >= _LOOKS_BEFORE_ATTACHING:
                stream, looks = self._attached_again(stream), 0
            self._tick()
            looks += 1
            time.sleep(min(_TICK, 0.01 * looks))
        return {}

    def _drain(self, stream: Stream) -> None:
        while True:
            pieces = stream.take(_TICK)
            if pieces is None:
                return
            for piece in pieces:
                self._log.write(piece)
            self._tick()

    def _state(self) -> State | None:
        """Return the container's state, or None while the daemon does not answer."""
        try:
            container = self._engine.call("GET", f"/containers/{self._job.container}/json")
        except Unreachable:
            self._daemon_was_lost = True
            return None
        except Refused:
            return {}
        state: State = container["State"]
        return state

    def _pid(self) -> int:
        """Return the container's first process; 0 when it has none, or no more."""
        return int((self._state() or {}).get("Pid", 0))

    def _attached_again(self, stream: Stream) -> Stream:
        # A daemon that was restarted and kept its containers has forgotten who listened.
        try:
            again = Stream(self._engine.attach(self._job.container))
        except (Refused, Unreachable):
            return stream
        stream.close()
        return again

    def _tick(self) -> None:
        if time.monotonic() >= self._next_tick:
            self._next_tick = time.monotonic() + _TICK
            self._sampler.tick()
            self._limits.tick()
            self._killings.look()

    def _facts(self, state: State) -> Facts:
        return Facts(
            exit_code=state.get("ExitCode"),
            interrupted=self._limits.interrupted,
            limit=self._limits.seconds,
            asked_by=self._limits.asked_by,
            out_of_memory=bool(state.get("OOMKilled") or self._killings.look()),
            kills=machine.out_of_memory_kills() - self._kills,
            disk_is_full=self._disk_is_full(),
            daemon_was_lost=self._daemon_was_lost,
            log=self._log.whole_if_short(),
            trouble="The container or its Docker daemon disappeared while the script ran.",
        )

    def _disk_is_full(self) -> bool:
        return bool(self._log.lost) or machine.disk(self._home.root).is_full
