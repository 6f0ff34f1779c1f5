"""Whatever a text or a table holds, the answer is masks or an RLEError with one plain sentence."""

from __future__ import annotations

import base64
import csv
import json
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import example, given, settings, strategies as st

from maskcore import rle, rle_csv, rle_text
from maskcore.errors import RLEError
from maskcore.rle import RLE
from maskcore.rle_text.dialects import DIALECTS
from maskcore.rle_text.pairs import Pairs
from tests.hostile.picture_files import png

many = settings(deadline=None, max_examples=500)
some = settings(deadline=None, max_examples=150)

ROOT = Path(__file__).parents[2]
SIZE = 6, 7


def is_plain(message: str) -> bool:
    return message.endswith(".") and len(message) < 250 and "\n" not in message and message != "."


def parsed(text: str, dialect: str, size_hw: tuple[int, int] = SIZE) -> RLE | None:
    """The mask, or None after an RLEError; anything else that is raised fails the test."""
    try:
        found = rle_text.parse(text, size_hw, dialect)
    except RLEError as error:
        message = str(error)
        assert is_plain(message), message
        return None
    assert found.size_hw == size_hw
    assert int(found.counts.sum()) == size_hw[0] * size_hw[1]
    assert RLE(size_hw, found.counts) == found
    return found


def read(source: bytes | str, **options: object) -> rle_csv.RleTable | None:
    try:
        table = rle_csv.read(source, **options)
    except RLEError as error:
        message = str(error)
        assert is_plain(message), message
        return None
    assert all(is_plain(problem.reason) for problem in table.problems), table.problems
    return table


# Texts

TOKENS = st.one_of(
    st.integers(0, 45).map(str),
    st.integers(-3, 10**20).map(str),
    st.sampled_from(
        [
            *("-1", "-", "+5", "1_0", "1.0", "1e3", "nan", "inf", "٣", "²", "0x1", "00", "007"),
            *(
                "[",
                "]",
                "{",
                "}",
                "<mask",
                "/>",
                "\0",
                "\x0c",
                "\x1c",
                "\u00a0",
                "\u2028",
                "\ufeff",
            ),
            *('"', "'", ",", ";", ":", "\ud800", "null", "true", '{"counts":', '"size":', '"06"'),
            *('rle="0,42"', 'left="0"', 'top="0"', 'width="7"', 'height="6"', "eJw=", "9" * 30),
        ]
    ),
)
SOUP = st.builds(
    lambda tokens, blank: blank.join(tokens),
    st.lists(TOKENS, max_size=12),
    st.sampled_from([" ", "  ", "", "\t", "\n", ",", ", "]),
)


@many
@given(SOUP | st.text(max_size=40), st.sampled_from(sorted(DIALECTS)))
@example(" " * 20, "severstal")
@example("1\x0c2", "severstal")
@example("1\u00a02", "siim-acr")
@example("200000000000", "label-studio")
def test_token_soup_is_a_mask_or_refused(text: str, dialect: str):
    found = parsed(text, dialect)
    if found is not None and isinstance(DIALECTS[dialect].codec, Pairs):
        tokens = text.split() if rle.area(found) else []
        assert rle.area(found) == sum(int(token) for token in tokens[1::2])


@some
@given(SOUP | st.text(max_size=40))
def test_token_soup_has_candidates_that_read_it_or_none(text: str):
    for candidate in rle_text.detect(text, SIZE):
        assert parsed(text, candidate.dialect) == candidate.mask


@some
@given(st.lists(st.integers(0, 45), min_size=1, max_size=8), st.sampled_from(sorted(DIALECTS)))
def test_an_accepted_list_of_numbers_is_exactly_what_it_says(numbers: list[int], dialect: str):
    found = parsed(" ".join(map(str, numbers)), dialect)
    if found is not None and isinstance(DIALECTS[dialect].codec, Pairs):
        assert rle.area(found) == sum(numbers[1::2])


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
@pytest.mark.parametrize(
    "text",
    [
        "\0",
        "1 2\0 3 4",
        "\x00" * 100,
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"counts":' * 100_000,
        '{"size":' + "[" * 100_000,
        '{"size": [6, 7], "counts": [' + "9" * 5000 + "]}",
        '{"size": [6, 7], "counts": ' + "9" * 5000 + "}",
        '{"size": [6, 7], "counts": NaN}',
        '{"size": [6, 7], "counts": [1e999]}',
        '{"size": ' + "9" * 4000 + ', "counts": [42]}',
        "\ud800",
        "é" * 1000,
        "<mask " * 10_000,
        '<mask rle="' + "1," * 10_000,
        '<mask rle="42" left="' + "9" * 5000 + '" top="0" width="7" height="6"/>',
    ],
)
def test_crafted_texts_are_refused(text: str, dialect: str):
    assert parsed(text, dialect) is None


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_a_code_of_41_million_characters_is_refused_without_a_look_at_it(dialect: str):
    text = "1 " * 20_500_000
    with pytest.raises(RLEError, match="41,000,000 characters long; at most 40,000,000"):
        rle_text.parse(text, SIZE, dialect)
    table = read(text, size_hw=SIZE, dialect=dialect)
    assert table is not None
    assert table.rows == []
    assert "characters long; at most 40,000,000" in table.problems[0].reason


# Label Studio lists that lie


def bits_to_list(bits: str) -> str:
    bits += "0" * (-len(bits) % 8)
    return json.dumps([int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)])


HEAD = "00111" + "0010" + "0011" + "0111" + "1111"  # words of 8 bits, runs of 3, 4, 8, 16 bits


@pytest.mark.parametrize(
    ("bits", "reason"),
    [
        (f"{2**32 - 1:032b}{HEAD}", "made for 1073741823 pixels, not 42"),
        (f"{0:032b}{HEAD}", "made for 0 pixels, not 42"),
        (f"{164:032b}{HEAD}", "made for 41 pixels, not 42"),
        (f"{168:032b}", "bytes end before the last pixel"),
        (f"{168:032b}{HEAD}", "bytes end before the last pixel"),
        (f"{168:032b}{HEAD}1" + "11" + "1" * 16, "past the last pixel"),
        (f"{168:032b}{HEAD}1" + "10" + f"{168:08b}", "past the last pixel"),
        (f"{168:032b}{HEAD}0" + "10" + f"{167:08b}" + "1" * 8 * 167, "bytes end before"),
        (f"{168:032b}{HEAD}0" + "10" + f"{100:08b}" + "1" * 8 * 101, "bytes end before"),
        (f"{168:032b}11111" + "0" * 16 + "1" * 31, "bytes end before the last pixel"),
    ],
)
def test_label_studio_lists_that_lie_are_refused(bits: str, reason: str):
    with pytest.raises(RLEError, match=reason):
        rle_text.parse(bits_to_list(bits), SIZE, "label-studio")


@some
@given(st.binary(max_size=60), st.booleans())
def test_random_bytes_are_a_brush_or_refused(packed: bytes, with_length: bool):
    if with_length:
        packed = (168).to_bytes(4, "big") + packed
    parsed(json.dumps(list(packed)), "label-studio")


@some
@given(st.binary(max_size=60), st.booleans())
def test_random_bytes_are_an_open_images_mask_or_refused(inner: bytes, is_deflated: bool):
    text = base64.b64encode(zlib.compress(inner) if is_deflated else inner).decode()
    parsed(text, "open-images")


@some
@given(st.text(st.characters(min_codepoint=48, max_codepoint=111), max_size=20))
def test_texts_of_the_right_alphabet_are_a_compressed_mask_or_refused(text: str):
    parsed(text, "coco-compressed")


# Tables

CSV_SOUP = st.lists(
    st.sampled_from(
        [
            *(",", ";", "\t", '"', "\n", "\r\n", "\r", "\0", "\ufeff", "\x0b", "\x1f", "\u2028"),
            *("ImageId", "ClassId", "EncodedPixels", "Image_Label", "Height", "Width", "counts"),
            *("a.png", "a.png_1", "1 3", "1 3 5 2", "6", "7", "-1", "nan", "0", "[42]", "[", "{"),
            *('{"size":[6,7],"counts":[42]}', "<mask", "'=1", "=1", "99999999999", "°"),
        ]
    ),
    max_size=30,
).map("".join)


@many
@given(CSV_SOUP, st.sampled_from([None, SIZE]), st.sampled_from([None, *sorted(DIALECTS)]))
@example('ImageId;EncodedPixels\n"a";1 3', SIZE, None)
@example('{"size":[6,7],"counts":[42]},', SIZE, None)
@example("\n\x0b{", SIZE, None)
@example("ImageId,Height,Width\na,1,1", None, None)
def test_csv_soup_is_a_table_or_refused(
    text: str, size_hw: tuple[int, int] | None, dialect: str | None
):
    read(text, size_hw=size_hw, dialect=dialect)
    read(text.encode(), size_hw=size_hw, dialect=dialect)


@some
@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"]))
def test_random_bytes_are_a_table_or_refused(content: bytes, mark: bytes):
    read(mark + content, size_hw=SIZE)


def test_a_picture_is_no_table():
    content = png((4, 4), 8, 2, bytes(48))
    with pytest.raises(RLEError, match="not a text file; choose the CSV file"):
        rle_csv.read(content, size_hw=SIZE)
    with pytest.raises(RLEError, match=r"not a text file|save the table as CSV in UTF-8"):
        rle_csv.read(content.replace(b"\0", b"\1"), size_hw=SIZE)


def test_an_unclosed_quote_is_a_problem_of_its_row_and_the_rows_before_are_kept():
    text = 'ImageId,EncodedPixels\na,1 3\nb,1 3\n"c,1 3\nd,1 3\n'
    table = rle_csv.read(text, size_hw=SIZE)
    assert [row.image for row in table.rows] == ["a", "b"]
    assert [problem.row for problem in table.problems] == [4]


def test_long_lines_do_not_meet_the_csv_modules_limit():
    csv.field_size_limit(131_072)
    long = "1 1 3 1 " * 40_000
    for text in (
        f"ImageId;EncodedPixels\na;{long}\n",
        f'ImageId,EncodedPixels\n"a","{long}"\n',
        f"a,{long}",
        "x" * 300_000,
        "x" * 150_000 + "\n" + "y,z\n",
        ",".join("x" * 10 for _ in range(20_000)),
    ):
        csv.field_size_limit(131_072)
        read(text, size_hw=SIZE)


@pytest.mark.parametrize(
    ("height", "width"),
    [
        ("1" + "0" * 100_000, "1"),
        ("1e9", "1"),
        ("inf", "1"),
        ("-1", "-1"),
        ("0", "0"),
        ("999999999", "999999999"),
        ("50000001", "1"),
        ("2147483648", "2"),
        ("\0", "1"),
        ("١", "1"),
        ("", ""),
        ("[6]", "7"),
    ],
)
def test_absurd_sizes_in_columns_cost_nothing(height: str, width: str):
    for dialect in ("airbus", "carvana", "coco", "cvat", "label-studio", "open-images"):
        text = f"ImageId,EncodedPixels,Height,Width\na,1 1,{height},{width}\n"
        table = read(text, dialect=dialect)
        assert table is None or not table.rows


def test_names_of_columns_may_be_long():
    text = ",".join([letter * 199 for letter in "abcdefgh"]) + "\nfoo" + ",bar" * 7
    with pytest.raises(RLEError, match="None of the columns") as caught:
        rle_csv.read(text, size_hw=SIZE)
    assert is_plain(str(caught.value))


# Memory: each case runs alone in a child that may take so much more than the program itself

LIMIT = 900_000_000
PREPARE = """
import base64, resource, sys, zlib
from maskcore import rle_csv, rle_text
from maskcore.errors import RLEError

def attempt(work):
    try:
        result = work()
    except RLEError as error:
        print(error)
    else:
        print([problem.reason for problem in result.problems][:1] or "accepted")

with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + {limit},) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is set by /proc and RLIMIT_AS")
@pytest.mark.parametrize(
    ("work", "answer"),
    [
        pytest.param(work, answer, id=name)
        for name, work, answer in [
            (
                "digits as bytes",
                "rle_csv.read(b'1' * 100_000_000, size_hw=(256, 1600))",
                "100,000,000 characters long; at most",
            ),
            (
                "digits in a cell",
                "rle_csv.read(b'ImageId,EncodedPixels\\na,' + b'1' * 99_000_000, size_hw=(9, 9))",
                "99,000,000 characters long; at most",
            ),
            (
                "digits as text",
                "rle_text.parse('1' * 100_000_000, (256, 1600), 'severstal')",
                "100,000,000 characters long; at most",
            ),
            (
                "one long number",
                "rle_text.parse('1' * 39_000_000, (256, 1600), 'severstal')",
                "come in pairs, but there are 1 numbers",
            ),
            (
                "small numbers",
                "rle_text.parse('1 ' * 20_000_000, (256, 1600), 'severstal')",
                "at most 5,000,000 are read",
            ),
            (
                "overlaps",
                "rle_text.parse('1 1 ' * 5_000_000, (4000, 3000), 'severstal')",
                "Run 2 overlaps with run 1",
            ),
            (
                "a stranger after small numbers",
                "rle_text.parse('12 ' * 13_000_000 + 'x', (256, 1600), 'severstal')",
                "“x” is not a whole number",
            ),
            ("line ends", "rle_csv.read(b'\\n' * 100_000_000)", "more than 2,000,000 rows"),
            ("separators", "rle_csv.read(b',' * 100_000_000, size_hw=(9, 9))", "at most"),
            (
                "a number for a brush",
                "rle_text.parse('9000000000', (256, 1600), 'label-studio')",
                "not a list of bytes",
            ),
            (
                "lists for a brush",
                "rle_text.parse('[' + '{},' * 13_000_000 + '1]', (256, 1600), 'label-studio')",
                "not a list of bytes",
            ),
            (
                "counts of CVAT",
                'rle_text.parse(\'<mask rle="\' + \'1,\' * 19_000_000 + \'1" left="0" top="0" '
                'width="9" height="9"/>\', (9, 9), \'cvat\')',
                "do not add up",
            ),
            (
                "compressed counts",
                "rle_text.parse('0' * 39_000_000, (7000, 7000), 'coco-compressed')",
                "39,000,000 characters long; at most 12,000,000",
            ),
            (
                "a bomb",
                "rle_text.parse(base64.b64encode(zlib.compress(bytes(500_000_000))).decode(), "
                "(7000, 7000), 'open-images')",
                "far too long for this image",
            ),
            (
                "a bomb of counts",
                "rle_text.parse(base64.b64encode(zlib.compress(b'0' * 11_000_000)).decode(), "
                "(7000, 7000), 'open-images')",
                "do not add up",
            ),
        ]
    ],
)
def test_large_inputs_are_refused_in_bounded_memory(work: str, answer: str):
    script = PREPARE.format(limit=LIMIT) + f"attempt(lambda: {work})\n"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert answer in done.stdout
    assert is_plain(done.stdout.strip().strip("[]'"))
