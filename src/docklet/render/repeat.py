"""The command lines that do a run again, with the very image that it used."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from docklet.domain.script import language_of
from docklet.domain.spec import Push, RunSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docklet.domain.plan import Plan

_ORDINARY: Final = RunSpec(script="", image="", argv=())
"""Values that need not be said."""


def pinned(image: str, digest: str) -> str:
    """Return the reference that names exactly the image that was used."""
    return f"{image}@{digest}" if digest and "@" not in image else image


def repeat(plan: Plan, digest: str) -> str:
    """Return shell lines: the run on a droplet, and the same on one's own machine.

    Values of `env` are secret, so only their names are there.
    """
    job = [*_job(plan.spec, digest)]
    where = [("repo", plan.trigger.repository), ("ref", plan.sha)]
    machine = [*_machine(plan.spec), *_results(plan)]
    return f"{_line('run', [*where, *job, *machine])}\n{_line('local', [*where, *job])}"


def _line(command: str, options: list[tuple[str, str]]) -> str:
    """Return one command line."""
    words = [word for name, value in options for word in (f"--{name}", value)]
    return shlex.join(["docklet", command, *words])


def _job(spec: RunSpec, digest: str) -> Iterator[tuple[str, str]]:
    """Yield the options that say what runs."""
    interpreter, args = _parts(spec)
    yield "script", spec.script
    yield from _unusual("path", spec.path, _ORDINARY.path)
    yield "image", pinned(spec.image, digest)
    yield from _unusual("interpreter", interpreter, "")
    yield from _unusual("args", "\n".join(args), "")
    yield from _unusual("env", "\n".join(f"{name}=..." for name in spec.env), "")
    yield from _unusual("paths", "\n".join(spec.paths), "\n".join(_ORDINARY.paths))
    yield from _unusual("fetch-depth", str(spec.fetch_depth), str(_ORDINARY.fetch_depth))
    yield from _unusual("submodules", spec.submodules, _ORDINARY.submodules)
    yield from _unusual("lfs", str(spec.lfs).lower(), "false")


def _machine(spec: RunSpec) -> Iterator[tuple[str, str]]:
    """Yield the options that say on what it runs."""
    yield "size", spec.size
    yield "region", ",".join(spec.regions)
    yield from _unusual("droplet", spec.droplet, "")
    yield from _unusual("droplet-image", spec.droplet_image, _ORDINARY.droplet_image)
    yield from _unusual("private-network", str(spec.private_network).lower(), "false")
    yield from _unusual("timeout", str(spec.timeout), str(_ORDINARY.timeout))
    yield from _unusual("max-cost", str(spec.max_cost or ""), "")


def _results(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the options that say where results go."""
    yield from _unusual("push", plan.spec.push, _ORDINARY.push)
    if plan.spec.push is not Push.NONE:
        yield from _unusual("branch", plan.branch, "")


def _unusual(name: str, value: str, ordinary: str) -> Iterator[tuple[str, str]]:
    """Yield the option unless it says what holds anyway."""
    if value != ordinary:
        yield name, value


def _parts(spec: RunSpec) -> tuple[str, tuple[str, ...]]:
    """Return the user's interpreter, empty when it follows from the extension, and arguments."""
    path = f"./{spec.script}"
    if path not in spec.argv:
        return "", ()
    at = spec.argv.index(path)
    before, after = spec.argv[:at], spec.argv[at + 1 :]
    language = language_of(spec.script)
    if before == (language.before if language else ()):
        return "", after[len(language.after) if language else 0 :]
    return shlex.join(before), after
