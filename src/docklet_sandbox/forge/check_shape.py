"""Check runs and their annotations as GitHub's JSON shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from docklet_sandbox.forge.records import CheckRun
from docklet_sandbox.forge.shapes import Shape, node_id, page_url, repository_url
from docklet_sandbox.forge.visit import Visit


def check_shape(here: Visit, check: CheckRun) -> Shape:
    """Show a check run."""
    url = f"{repository_url(here.forge, here.repo)}/check-runs/{check.id}"
    page = f"{page_url(here.forge, here.repo)}/runs/{check.id}"
    return {
        "id": check.id,
        "node_id": node_id("CheckRun", check.id),
        "head_sha": check.sha,
        "external_id": check.external_id or "",
        "url": url,
        "html_url": page,
        "details_url": check.details_url or page,
        "status": check.status,
        "conclusion": check.conclusion,
        "started_at": check.started,
        "completed_at": check.completed,
        "output": {
            **{name: check.output.get(name) for name in ("title", "summary", "text")},
            "annotations_count": len(check.annotations),
            "annotations_url": f"{url}/annotations",
        },
        "name": check.name,
        "check_suite": {"id": check.id},
        "app": None,
        "pull_requests": [],
    }


def annotation_shape(here: Visit, check: CheckRun, annotation: Mapping[str, Any]) -> Shape:
    """Show an annotation."""
    blob = f"{page_url(here.forge, here.repo)}/blob/{check.sha}/{annotation['path']}"
    optional = ("start_column", "end_column", "title", "raw_details")
    return {"blob_href": blob, **dict.fromkeys(optional), **annotation}
