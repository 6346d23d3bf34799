"""A page with one comment on it, as the forge shows it."""

from __future__ import annotations

import html
import math
import random
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from pathlib import Path

_DIAGRAM: Final = re.compile(r'<pre><code class="language-mermaid">(.*?)</code></pre>', re.DOTALL)
_PICTURE: Final = re.compile(r'src="https://[^"]+\.png\?raw=true"')
_PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<link rel="stylesheet" href="{modules}/github-markdown-css/github-markdown-light.css">
<style>
  body {{ margin: 0; background: #fff; }}
  .page {{ box-sizing: border-box; padding: 12px; }}
  .box {{ border: 1px solid #d1d9e0; border-radius: 6px; }}
  .head {{
    font: 14px/1.5 "Liberation Sans", sans-serif; color: #59636e; background: #f6f8fa;
    border-bottom: 1px solid #d1d9e0; border-radius: 6px 6px 0 0; padding: 8px 16px;
  }}
  .head b {{ color: #1f2328; }}
  .head i {{
    border: 1px solid #d1d9e0; border-radius: 2em; font-style: normal; font-size: 12px;
    padding: 0 7px; margin: 0 4px;
  }}
  .markdown-body {{ padding: 16px; font-size: 14px; }}
  .markdown-body .mermaid {{ background: none; padding: 0; text-align: center; }}
  .markdown-body img {{ max-width: 60%; }}
</style>
<div class="page"><div class="box">
<div class="head"><b>github-actions</b> <i>bot</i> commented on <code>5f1c0b7</code></div>
<div class="markdown-body">
{body}
</div></div></div>
<script src="{modules}/mermaid/dist/mermaid.min.js"></script>
<script>
  mermaid.initialize({{startOnLoad: false, securityLevel: "strict"}});
  window.drawn = document.fonts.ready.then(() => mermaid.run()).then(() => true);
</script>
</html>
"""


def page(text: str, modules: Path) -> str:
    """Return the page for a comment's Markdown; `modules` has the style and the diagrams."""
    body = MarkdownIt("gfm-like").render(text)
    body = _DIAGRAM.sub(r'<pre class="mermaid">\1</pre>', body)
    body = _PICTURE.sub(f'src="{_plot()}"', body)
    return _PAGE.format(body=body, modules=html.escape(modules.as_uri()))


def _plot() -> str:
    """Return the address of a plot, which stands for whatever a script draws."""
    chance = random.Random(7)  # noqa: S311 - the same plot each time
    groups = (("#e16f24", 39, 18.3), ("#0969da", 47.5, 15.0), ("#1a7f37", 48.8, 18.4))
    dots = "".join(
        f'<circle cx="{_x(chance.gauss(length, 2.4)):.1f}" cy="{_y(chance.gauss(depth, 0.9)):.1f}"'
        f' r="3.2" fill="{colour}" fill-opacity="0.65"/>'
        for colour, length, depth in groups
        for _ in range(70)
    )
    marks = "".join(
        f'<text x="{_x(at):.0f}" y="286" text-anchor="middle">{at}</text>' for at in (35, 45, 55)
    ) + "".join(f'<text x="34" y="{_y(at) + 4:.0f}">{at}</text>' for at in (14, 16, 18, 20))
    picture = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="460" height="310"'
        ' font-family="Liberation Sans" font-size="12" fill="#444">'
        '<rect width="460" height="310" fill="#fff"/>'
        '<rect x="56" y="14" width="390" height="256" fill="#f2f2f2"/>'
        f"{dots}{marks}"
        '<text x="250" y="304" text-anchor="middle">bill length (mm)</text>'
        '<text transform="translate(20 142) rotate(-90)" text-anchor="middle">bill depth (mm)'
        "</text></svg>"
    )
    return f"data:image/svg+xml,{quote(picture)}"


def _x(length: float) -> float:
    """Return where a length is."""
    return 56 + 390 * (length - 31) / 29


def _y(depth: float) -> float:
    """Return where a depth is."""
    return 14 + 256 * (1 - (math.floor(depth * 10) / 10 - 12.5) / 9.5)
