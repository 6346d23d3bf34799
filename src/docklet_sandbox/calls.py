"""Which calls belong to which run, and how many there are of each kind.

The sandbox knows nothing of its clients' runs, but every run has droplets. A request that names a
droplet, by id, name or a tag that only its siblings have, belongs to that run; one that names none
belongs to the run in whose time it falls, and to nobody when there are several; between two runs
the longest silence parts them.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from urllib.parse import unquote_plus

Json = Mapping[str, Any]
SHARED = "several runs at once"
OUTSIDE = "no run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The calls of one run."""

    name: str
    """The droplets' names; or why the calls belong to no single run."""
    routes: Mapping[str, int]
    """How many calls there were, by service, method and route; most first."""

    @property
    def calls(self) -> int:
        """How many calls there were in all."""
        return sum(self.routes.values())


@dataclass(slots=True, kw_only=True)
class _Group:
    """Droplets that were rented for one purpose, and the requests that name them."""

    name: str
    words: set[str]
    """One of them in a request says that it is about these droplets."""
    entries: list[Json] = field(default_factory=list)

    def is_in(self, text: str) -> bool:
        """Say whether a text names these droplets; a word within a longer one does not."""
        words = "|".join(re.escape(word) for word in sorted(self.words))
        return re.search(rf"(?<![\w.-])({words})(?![\w.-])", text) is not None

    @property
    def first(self) -> float:
        """When they were first named."""
        return _time(self.entries[0])

    @property
    def last(self) -> float:
        """When they were last named."""
        return _time(self.entries[-1])


def runs(entries: Sequence[Json], history: Sequence[Json]) -> list[Run]:
    """Sort journal entries by run, in the order of their first call."""
    named, rest = _by_name(sorted(entries, key=_time), _groups(history))
    groups = [group for group in named if group.entries]
    owners = [(group.name, entry) for group in groups for entry in group.entries]
    moments = sorted(_time(entry) for entry in entries)
    owners += [(_owner(groups, _time(entry), moments), entry) for entry in rest]
    counts: dict[str, Counter[str]] = {}
    for name, entry in sorted(owners, key=lambda pair: _time(pair[1])):
        counts.setdefault(name, Counter())[_kind(entry)] += 1
    return [Run(name=name, routes=dict(count.most_common())) for name, count in counts.items()]


def _groups(history: Sequence[Json]) -> list[_Group]:
    """Put droplets together that have the same tags; tags on all droplets tell nothing apart."""
    common = set.intersection(*(set(d["tags"]) for d in history)) if len(history) > 1 else set()
    groups: dict[tuple[str, ...], _Group] = {}
    for droplet in history:
        own = tuple(sorted(set(droplet["tags"]) - common)) or (str(droplet["id"]),)
        group = groups.setdefault(own, _Group(name=droplet["name"], words=set()))
        group.words |= {str(droplet["id"]), droplet["name"]}
    for tags, group in groups.items():
        others = {tag for other in groups if other != tags for tag in other}
        group.words |= set(tags) - others
    return list(groups.values())


def _by_name(entries: Sequence[Json], groups: list[_Group]) -> tuple[list[_Group], list[Json]]:
    rest = []
    for entry in entries:
        text = f"{entry['path']} {unquote_plus(entry['query'])} {entry['request_body']}"
        named = [group for group in groups if group.is_in(text)]
        if len(named) == 1:
            named[0].entries.append(entry)
        else:
            rest.append(entry)
    return groups, rest


def _owner(groups: Sequence[_Group], moment: float, moments: Sequence[float]) -> str:
    """Return whose time a request falls into; `moments` are those of all requests, in order."""
    if during := [group for group in groups if group.first <= moment <= group.last]:
        return during[0].name if len(during) == 1 else SHARED
    before = max((g for g in groups if g.last < moment), key=lambda g: g.last, default=None)
    after = min((g for g in groups if g.first > moment), key=lambda g: g.first, default=None)
    if before is None or after is None:
        only = before or after
        return OUTSIDE if only is None else only.name
    return before.name if moment <= _silence(moments, before.last, after.first) else after.name


def _silence(moments: Sequence[float], start: float, end: float) -> float:
    """Return when the longest silence between two moments began: there one run made way."""
    between = moments[bisect_left(moments, start) : bisect_right(moments, end)]
    return max(pairwise(between), key=lambda pair: pair[1] - pair[0])[0]


def _kind(entry: Json) -> str:
    return f"{entry['service']} {entry['method']} {entry['route'] or entry['path']}"


def _time(entry: Json) -> float:
    return float(entry["time"])
