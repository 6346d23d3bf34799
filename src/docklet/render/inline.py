"""Put foreign text into a line of Markdown so that it stays text.

There are two ways in: a code span, and prose of which only plain words stay outside code spans.
Neither lets a mention, link, picture, emphasis or HTML of the text's own come to life.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from docklet.render.fence import first, longest_run, visible

LONGEST_CODE: Final = 160
"""Characters of foreign text in one code span."""
LONGEST_PROSE: Final = 480
"""Characters of one sentence or two."""

_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_QUOTED: Final = re.compile(r"`([^`\n]+)`")
_PLAIN: Final = re.compile(
    r"(?:[(\"']*(?:[^\W\d_]+(?:['\u2019-][^\W\d_]+)*|\d+(?:[.,:]\d+)*%?)?|\$\d+(?:\.\d+)?)[)\"'.,;:!?]*"
)
"""A word or a number with the marks around it. Whatever Markdown could read as more is not."""
_MARKS: Final = ".,;:!?"
"""What may follow a word or a code span without a blank."""
_URL_SAFE: Final = "/:?=&%#~+,;@-._"


def printable(text: str) -> str:
    """Return `text` on one line, with everything that can't be seen as `<U+000A>`."""
    shown = _UNPRINTABLE.sub(lambda found: f"<U+{ord(found[0]):04X}>", text)
    return visible(shown)


def code(text: str, *, longest: int = LONGEST_CODE) -> str:
    """Return `text` as a code span that it can't close."""
    shown = first(printable(text[: 2 * longest]), longest) or " "
    fence = "`" * (longest_run(shown) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def prose(text: str, *, longest: int = LONGEST_PROSE) -> str:
    """Return sentences with foreign words in them: plain words as they are, the rest as code.

    A name in backticks becomes a code span of its own, as it was meant.
    """
    pieces: list[str] = []
    for index, part in enumerate(_QUOTED.split(first(text.strip(), longest))):
        pieces += [code(part)] if index % 2 else _words(part, opening=not pieces)
    return _joined(pieces, 2 * longest)


def link(label: str, url: str) -> str:
    """Return a link; `label` is Markdown of ours, and nothing in `url` can end it."""
    return f"[{label}]({quote(url, safe=_URL_SAFE, errors='surrogatepass')})"


def picture(name: str, url: str) -> str:
    """Return a picture; `name`, which may be anything, is what stands there until it is shown."""
    return f"!{link(code(name), url)}"


def _words(text: str, *, opening: bool) -> list[str]:
    """Return the words of `text`, and the blanks between them, those that aren't plain as code.

    The very first word must begin like one: `1.` would begin a list.
    """
    pieces: list[str] = []
    for word in re.split(r"(\s+)", text):
        inert = _PLAIN.fullmatch(word) and not (opening and not pieces and _odd(word))
        if word.isspace():
            pieces.append(" ")
        elif inert:
            pieces += [word] if word else []
        else:
            stem = word.rstrip(_MARKS) or word
            pieces += [code(stem), word[len(stem) :]]
    return pieces


def _odd(word: str) -> bool:
    """Tell whether `word` begins with something else than a letter or a quotation mark."""
    return not word.lstrip("(\"'")[:1].isalpha()


def _joined(pieces: list[str], longest: int) -> str:
    """Join pieces up to so many characters, with a blank where two code spans would touch."""
    text = ""
    for piece in pieces:
        if len(text) + len(piece) > longest:
            return f"{text} …"
        touching = text.endswith("`") and piece.startswith("`")
        text += f" {piece}" if touching else piece
    return text
