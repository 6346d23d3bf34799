"""What the cloud offers: sizes with prices, regions, public images.

The data lies in `catalog.json`, in the API's own form; prices are those of the public price list.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Sizes and regions by slug, public images by id, each as the API shows it."""

    sizes: dict[str, Record]
    regions: dict[str, Record]
    images: dict[int, Record]
    categories: dict[int, str]
    """`application` or `distribution`, by image id."""

    def region_named(self, slug: str, size: str) -> Record | None:
        """Find a region by slug or prefix (`nyc`), preferring one that has the size."""
        if slug in self.regions:
            return self.regions[slug]
        near = [r for r in self.regions.values() if slug and r["slug"][:-1] == slug]
        return next((r for r in near if r["available"] and size in r["sizes"]), None)


def load_catalog() -> Catalog:
    """Read the catalog that comes with the package."""
    raw = json.loads(files(__package__).joinpath("catalog.json").read_text(encoding="utf-8"))
    return Catalog(
        sizes={size["slug"]: size for size in raw["sizes"]},
        regions={region["slug"]: region for region in raw["regions"]},
        images={entry["image"]["id"]: entry["image"] for entry in raw["images"]},
        categories={entry["image"]["id"]: entry["category"] for entry in raw["images"]},
    )


def is_gpu(size: Record) -> bool:
    """Say whether a size has GPUs, which keeps its droplets out of the plain lists."""
    return "gpu_info" in size
