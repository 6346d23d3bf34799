"""How the tree of `.github/docklet.yml` becomes a `Config`, with the line of every problem.

A job is held to the rules of the action's own inputs, so what is wrong with one is known before
anybody asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from docklet.domain import values
from docklet.domain.assignments import JOB_NAME
from docklet.domain.bounds_reader import bounds_of
from docklet.domain.complaints import Complaints
from docklet.domain.config import Bounds, Config
from docklet.domain.document import Scalar
from docklet.domain.errors import InvalidInputs
from docklet.domain.inputs import LISTS, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet.domain.document import Node

SECTIONS: Final = ("jobs", "defaults", "commands")
"""What can stand at the top of the file."""
MOST_JOBS: Final = 50
"""Jobs that a file can name."""
FOREIGN: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("digitalocean-token", "github-token", "registry-username", "registry-password"),
        "Everybody can read this file. Give it to docklet's step in the workflow, from a secret.",
    ),
    "ref": "A command runs the commit that its comment is about.",
}
"""Inputs that have no place in the file, and why."""
_STAND_IN: Final = {"script": "script.sh"}


def config_of(document: Node | None) -> Config:
    """Read the whole file; raise `InvalidInputs` with every problem and its line."""
    complaints = Complaints()
    top = complaints.table("file", document, SECTIONS) if document else {}
    defaults = _Job(name="defaults")
    if "defaults" in top:
        defaults = _job(complaints, "defaults", *top["defaults"])
    jobs = _jobs(complaints, top["jobs"][1]) if "jobs" in top else {}
    _check(complaints, defaults, jobs)
    bounds = bounds_of(complaints, top["commands"][1]) if "commands" in top else Bounds()
    if complaints.problems:
        raise InvalidInputs(complaints.problems)
    return Config(
        jobs={name: job.texts for name, job in jobs.items()},
        defaults=defaults.texts,
        bounds=bounds,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """The inputs of one job, or of all, and where each stands."""

    name: str
    line: int = 1
    texts: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def place_of(self, name: str) -> tuple[int, str] | None:
        """Return the line and the path of an input that is set here."""
        path = f"{self.name}.{values.shown(name)}"
        return (self.lines[name], path) if name in self.lines else None


def _jobs(complaints: Complaints, node: Node) -> dict[str, _Job]:
    """Read all jobs by name."""
    found = complaints.table("jobs", node)
    for name, (line, _) in found.items():
        if not JOB_NAME.fullmatch(name):
            complaints.add(
                line,
                "jobs",
                f"`{values.shown(name)}` is no name for a job: it has up to 40 letters, digits,"
                " `-` and `_`, and begins with a letter or a digit.",
            )
    if len(found) > MOST_JOBS:
        complaints.add(node.line, "jobs", f"There are more than {MOST_JOBS} jobs.")
        return {}
    return {
        name: _job(complaints, f"jobs.{name}", line, inputs)
        for name, (line, inputs) in found.items()
        if JOB_NAME.fullmatch(name)
    }


def _job(complaints: Complaints, name: str, line: int, node: Node) -> _Job:
    """Read the inputs of one job; those that are wrong are left out."""
    job = _Job(name=name, line=line)
    for key, (at, value) in complaints.table(name, node).items():
        place = f"{name}.{values.shown(key)}"
        text = _text(complaints, place, key, value)
        problem = FOREIGN.get(key) or ("" if "${{" not in text else _EXPRESSION)
        if problem:
            complaints.add(at, place, problem)
        else:
            job.texts[key] = text
        job.lines[key] = at
    return job


_EXPRESSION: Final = (
    "Expressions are not evaluated in this file. Give the value to docklet's step in the workflow."
)


def _text(complaints: Complaints, place: str, name: str, node: Node) -> str:
    """Return an input as the action would get it; of a list all items, joined."""
    if name in LISTS and not isinstance(node, Scalar):
        return LISTS[name].join(item.text for item in complaints.texts(place, node))
    return complaints.read(place, node, str, "")


def _check(complaints: Complaints, defaults: _Job, jobs: Mapping[str, _Job]) -> None:
    """Note what the rules of the action's inputs say to each job, and to the defaults alone."""
    _check_one(complaints, _Job(name="defaults", texts=_STAND_IN), defaults)
    for job in jobs.values():
        _check_one(complaints, job, defaults)


def _check_one(complaints: Complaints, job: _Job, defaults: _Job) -> None:
    """Note what is wrong with a job, where it stands."""
    try:
        parse({**defaults.texts, **job.texts}, needs_cloud=False)
    except InvalidInputs as error:
        for problem in error.problems:
            place = job.place_of(problem.name) or defaults.place_of(problem.name)
            line, name = place or (job.line, f"{job.name}.{problem.name}")
            complaints.add(line, name, problem.message)
