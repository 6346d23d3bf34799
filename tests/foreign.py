"""Text as strangers write it: drawn from a seed, mostly of what some program takes for more."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

PIECES: Final = (
    *("$(touch x)", "`id`", "${HOME}", "$HOME", ";", "&&", "||", "|", "&", ">x", "<x", "*", "?"),
    *("'", '"', "\\", "\\'", "' ", "\"'", "''", "!", "!!", "#", "~", "~root", "{a,b}", "[a]", "("),
    *("-", "--", "-c", "-rf", "-oProxyCommand=touch x", "--upload-pack=touch x", "--exec=x", "--"),
    *(
        "\n",
        "\r",
        "\r\n",
        "\t",
        "\v",
        "\f",
        "\x1b[31m",
        "\x07",
        "\x7f",
        "\x85",
        "\u2028",
        "\u2029",
    ),
    *(
        "\u2018",
        "\u201d",
        "\uff02",
        "\u202e",
        "\u200b",
        "\ufeff",
        "\u00fc",
        "\U0001f600",
        "\u0130",
    ),
    *("::set-output name=x::y", "::error::", "::add-mask::x", "::stop-commands::x", "::", "##[x]"),
    *("%0A", "%0D", "%25", "%s", "%(x)s", "{0}", "{x}", "{{", "}}", "<<EOF", "EOF", "x<<y"),
    *("../", "..", "/", "//", "./", ".git", ".git/config", "/etc/passwd", "a/b", "refs/heads/x"),
    *(
        "${{ github.token }}",
        "${{",
        "}}",
        "Docklet-Run: 0",
        "Signed-off-by: x",
        "@user",
        "fixes #1",
    ),
    *("=", "A=b", ":", ",", "@", "@{-1}", "^", "HEAD", "ext::sh -c x", "http://u:p@h/", "\ud800"),
    *(
        " ",
        "  ",
        "a",
        "knit.R",
        "0",
        "docklet",
        "a" * 300,
        "main",
        "true",
        "null",
        "\\u0000",
        "\\n",
    ),
)
LINE_ENDS: Final = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody who can set strings."""

    chance: Random

    def text(self, without: str = "", most: int = 6) -> str:
        """Return a text, empty sometimes, that has none of the characters `without`."""
        pieces = self.chance.choices(PIECES, k=self.chance.randrange(most))
        if not self.chance.randrange(8):
            pieces.append(chr(self.chance.randrange(0x300)))
        return "".join(char for char in "".join(pieces) if char not in without)

    def raw(self, without: bytes = b"\0") -> bytes:
        """Return bytes, as names of files can be."""
        text = self.text().encode("utf-8", "surrogatepass")
        if not self.chance.randrange(4):
            text += self.chance.randbytes(5)
        return text.translate(None, without)

    def words(self, without: str = "\0") -> tuple[str, ...]:
        """Return some words of a command line."""
        return tuple(self.text(without) for _ in range(self.chance.randrange(1, 5)))
