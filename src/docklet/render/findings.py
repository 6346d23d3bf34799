"""What `docklet doctor` found, as lines."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from docklet.render.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence


class Verdict(StrEnum):
    """What a finding means for the user."""

    OK = "ok"
    NOTE = "note"
    """Something does not work that runs do not need."""
    MISSING = "missing"
    """Runs need it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    verdict: Verdict
    text: str
    """Whole sentences: what there is, or what is missing and how to mend it."""


def findings_text(findings: Sequence[Finding]) -> str:
    """Return one line for each finding."""
    return table([(one.verdict, one.subject, " ".join(one.text.split())) for one in findings])
