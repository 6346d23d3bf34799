"""Foreign text in a line stays text."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from docklet.render.inline import code, link, prose
from docklet.render.links import Links
from tests.markdown import addresses, alive, kinds, tokens

PIECES = [
    "@octocat", "&#64;octocat", "[x](https://evil.example)", "![p](//evil.example/p.png)", "<b>",
    "<!--", "</details>", "https://evil.example", "www.evil.example", "#12", "a@b.example", "GH-1",
    "`", "``", "`name`", "1.", "1)", "-", "+", "*bold*", "_it_", "~~~", "===", "---", "# Title",
    "> quote", "|a|b|", "\\", "$x$", ":tada:", "word", "don't", "It", "ends.", "\n", "\n\n", "   ",
    "\t", "\x00", "\u202e", "é", "文字", "3.14", "12%", "(see", "below)", "[ref]: //evil.example",
]  # fmt: skip
HOSTILE = st.lists(st.sampled_from(PIECES)).map(" ".join) | st.lists(st.sampled_from(PIECES)).map(
    "".join
)
INERT = {"paragraph_open", "paragraph_close", "inline", "text", "code_inline", "softbreak"}


@settings(deadline=None)
@given(HOSTILE | st.text())
@example("`" * 500)
def test_code_span_holds(text: str) -> None:
    """A renderer sees one code span and nothing beside it."""
    found = [token.type for token in tokens(f"a {code(text)} b")]
    assert found.count("code_inline") == 1
    assert set(found) <= INERT - {"softbreak"}
    assert not alive(code(text))


@settings(deadline=None)
@given(HOSTILE | st.text())
def test_prose_is_inert(text: str) -> None:
    """Sentences with anything in them make no link, picture, HTML, list, emphasis or mention."""
    shown = f"Note: {prose(text)}"
    assert kinds(shown) <= INERT
    assert not alive(shown)
    assert "\n" not in shown


@settings(deadline=None)
@given(HOSTILE | st.text())
def test_prose_begins_nothing(text: str) -> None:
    """The first word of an entry begins no list, quotation or heading of its own."""
    inside = {"bullet_list_open", "list_item_open", "list_item_close", "bullet_list_close"}
    shown = f"- {prose(text)}"
    assert kinds(shown) <= INERT | inside
    assert shown.count("\n") == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It failed with exit code 3.", "It failed with exit code 3."),
        ("Size `s-8vpcu`, is unknown.", "Size `s-8vpcu`, is unknown."),
        ("Ask @octocat, or see https://a.example.", "Ask `@octocat`, or see `https://a.example`."),
        ("1. is no list", "`1`. is no list"),
        ("It costs $0.18 an hour.", "It costs $0.18 an hour."),
        ("a`b", "``a`b``"),
    ],
)
def test_prose_stays_readable(text: str, shown: str) -> None:
    """Plain words stay as they are; names and addresses become code."""
    assert prose(text) == shown


def test_link_cannot_be_left() -> None:
    """An address with brackets and quotes ends where we say."""
    text = link("page", 'https://a.example/x) [y](https://evil.example "z"')
    assert len(addresses(text)) == 1
    assert addresses(text)[0].startswith("https://a.example/x%29")


def test_foreign_page_is_no_link() -> None:
    """Only pages of the forge that we talk to become links."""
    links = Links(server_url="https://github.com", repository="octo/template")
    assert addresses(links.page("run", "https://github.com/octo/x")) == [
        "https://github.com/octo/x"
    ]
    assert not addresses(links.page("run", "https://github.com.evil.example/x"))
    assert not addresses(links.commit("not-a-sha](//evil.example"))


def test_branch_names_are_quoted() -> None:
    """A branch name with Markdown in it leads to that branch and nowhere else."""
    links = Links(server_url="https://github.com", repository="octo/template")
    assert addresses(links.branch("x](//evil.example)`#?")) == [
        "https://github.com/octo/template/tree/x%5D%28//evil.example%29%60%23%3F"
    ]
