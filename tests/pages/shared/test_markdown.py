"""Names of users in Markdown show as they are."""

import pytest

from pages.shared import markdown


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("plain name 7.png", "plain name 7.png"),
        ("*bold* _slanted_", r"\*bold\* \_slanted\_"),
        (":red[alarm] at 7: 15", r"\:red\[alarm\] at 7: 15"),
        ("<b>$x$</b>", r"\<b\>\$x\$\</b\>"),
        ("a\\b`c`", r"a\\b\`c\`"),
    ],
)
def test_marks_lose_their_meaning(name, source):
    assert markdown.plain(name) == source
