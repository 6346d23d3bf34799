"""Draw what a comment looks like on the forge, for the README: `make pictures`.

The Markdown of each moment lies beside its picture, so that a test can tell when the pictures are
of yesterday. Chromium draws it with the forge's style and the forge's library for diagrams.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image

from tools.chromium import browser
from tools.picture_page import page
from tools.picture_states import texts

FOLDER: Final = Path(__file__).parents[1] / ".github/pictures"
LARGEST: Final = 150_000
"""Bytes of a picture."""
_WIDTH: Final = 860
_SCALE: Final = 1.5
"""Pixels of a picture for each of the page's, so that small letters can be read."""
_PLAIN: Final = 128
"""Colours that are kept as they are."""
_HEIGHT: Final = "document.querySelector('.page').getBoundingClientRect().height"


async def draw() -> dict[str, int]:
    """Write text and picture of every moment; return the pictures' sizes in bytes."""
    sizes = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        async with browser(folder / "browser") as shown:
            for name, text in texts().items():
                source = folder / f"{name}.html"
                source.write_text(page(text, FOLDER / "node_modules"), encoding="utf-8")
                await shown.show(source.as_uri(), width=_WIDTH, scale=_SCALE)
                await shown.evaluate("window.drawn")
                height = await shown.evaluate(_HEIGHT)
                picture = _smaller(await shown.photograph(_WIDTH, height))
                (FOLDER / f"{name}.md").write_text(text, encoding="utf-8")
                (FOLDER / f"{name}.png").write_bytes(picture)
                sizes[name] = len(picture)
    return sizes


def _smaller(picture: bytes) -> bytes:
    """Return a picture with few colours, which is all that letters and lines have.

    Large plain areas keep theirs exactly; what there is little of gets the nearest.
    """
    found = Image.open(io.BytesIO(picture)).convert("RGB")
    counted = sorted(found.getcolors(1 << 24) or (), reverse=True)[:_PLAIN]
    plain = [part for _, colour in counted if isinstance(colour, tuple) for part in colour]
    mixed = found.quantize(256 - _PLAIN, method=Image.Quantize.MAXCOVERAGE).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*plain, *mixed][: 256 * 3])
    out = io.BytesIO()
    few = found.quantize(palette=palette, dither=Image.Dither.NONE)
    few.save(out, "PNG", optimize=True)
    return out.getvalue()


def main() -> int:
    """Draw everything; return 1 if a picture came out too large for a README."""
    sizes = asyncio.run(draw())
    print("\n".join(f"{name}: {size} bytes" for name, size in sizes.items()))  # noqa: T201
    return int(max(sizes.values()) > LARGEST)


if __name__ == "__main__":
    raise SystemExit(main())
