from __future__ import annotations

import codecs
import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from maskcore import rle, rle_csv
from maskcore.errors import RLEError
from maskcore.rle import RLE
from maskcore.rle_csv import RleRow, RowProblem, columns as rle_columns
from maskcore.rle_csv.columns import Coded
from maskcore.rle_text.dialects import DIALECTS
from tests.grids import mask

# Of pycocotools' own arrays, under NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

few = settings(deadline=None, max_examples=60)

DATA = Path(os.environ.get("MASKCORE_TEST_DATA", "") or "absent")
needs_severstal = pytest.mark.skipif(
    not (DATA / "severstal").is_dir(), reason="MASKCORE_TEST_DATA names no folder with severstal/"
)
needs_dsb2018 = pytest.mark.skipif(
    not (DATA / "dsb2018").is_dir(), reason="MASKCORE_TEST_DATA names no folder with dsb2018/"
)

SIZE = 3, 4
TOP = rle.encode(mask("##..\n....\n...."))  # by columns 1 1 4 1
LEFT = rle.encode(mask("#...\n#...\n#..."))  # by columns 1 3
NOTHING = rle.empty(SIZE)


def seen(table: rle_csv.RleTable) -> list[tuple[int, str, str, RLE]]:
    return [(row.number, row.image, row.label, row.mask) for row in table.rows]


# Forms of a table


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", None]
)
def test_every_separator_and_encoding_gives_the_same_rows(
    separator: str, end: str, encoding: str | None
):
    lines = ["ImageId,ClassId,EncodedPixels", "ä.png,1,1 1 4 1", "b.png,2,", "c.png,3,1 3", ""]
    text = end.join(lines).replace(",", separator)
    marks = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
    source = text if encoding is None else marks.get(encoding, b"") + text.encode(encoding)
    table = rle_csv.read(source, size_hw=SIZE)
    assert seen(table) == [
        (2, "ä.png", "1", TOP),
        (3, "b.png", "2", NOTHING),
        (4, "c.png", "3", LEFT),
    ]
    assert table.problems == []
    assert table.dialect == "severstal"


def test_a_file_is_read_by_its_path(tmp_path: Path):
    path = tmp_path / "masks.csv"
    path.write_text("ImageId,EncodedPixels\na,1 3\n", encoding="utf-8")
    assert seen(rle_csv.read(path, size_hw=SIZE)) == [(2, "a", "", LEFT)]
    with pytest.raises(RLEError, match=r"absent\.csv cannot be read"):
        rle_csv.read(tmp_path / "absent.csv", size_hw=SIZE)


@pytest.mark.parametrize(
    "text",
    [
        "ImageId,EncodedPixels\na.png,1 3\nb.png,\n",
        '"ImageId","EncodedPixels"\n"a.png","1 3"\n"b.png",""\n',
        'ImageId,EncodedPixels\na.png,"1\n3"\nb.png,\n',
        "imageid, encodedpixels \na.png , 1 3 \nb.png, \n",
        "EncodedPixels,ImageId\n1 3,a.png\n,b.png\n",
        "filename,rle\na.png,1 3\nb.png,nan\n",
        "file,score,ImageId,EncodedPixels\nx,0.5,a.png,1 3\nx,0.5,b.png,NaN\n",
    ],
)
def test_the_columns_are_found_by_their_names(text: str):
    table = rle_csv.read(text, size_hw=SIZE)
    assert seen(table) == [(2, "a.png", "", LEFT), (3, "b.png", "", NOTHING)]
    assert table.problems == []


def test_a_code_column_of_another_name_is_found_by_its_cells():
    table = rle_csv.read("image,points,note\na,1 3,good\nb,1 1 4 1,\n", size_hw=SIZE)
    assert seen(table) == [(2, "a", "", LEFT), (3, "b", "", TOP)]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a.png,1 3\nb.png,1 1 4 1\n", [(1, "a.png", "", LEFT), (2, "b.png", "", TOP)]),
        (
            "a.png,ship,1 3\nb.png,car,\n",
            [(1, "a.png", "ship", LEFT), (2, "b.png", "car", NOTHING)],
        ),
        ("1 3,a.png\n,b.png\n", [(1, "a.png", "", LEFT), (2, "b.png", "", NOTHING)]),
        ("1 3\n1 1 4 1\n", [(1, "", "", LEFT), (2, "", "", TOP)]),
        ("\n\n1 3\n\n1 1 4 1", [(3, "", "", LEFT), (5, "", "", TOP)]),
        ('"1 3"\n"1 1 4 1"\n', [(1, "", "", LEFT), (2, "", "", TOP)]),
        ("EncodedPixels\n1 3\n", [(2, "", "", LEFT)]),
    ],
)
def test_without_a_header_the_first_row_is_not_lost(text: str, rows: list):
    table = rle_csv.read(text, size_hw=SIZE)
    assert seen(table) == rows
    assert table.problems == []


OBJECTS = ['{"size": [3, 4], "counts": [0, 3, 9]}', '{"size": [3, 4], "counts": [12]}']
ELEMENTS = [
    '<mask rle="0, 3" left="0" top="0" width="1" height="3"/>',
    '<mask rle="0, 1" left="0" top="0" width="1" height="1"/>',
]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("\n".join(OBJECTS), [(1, LEFT), (2, NOTHING)]),
        (",\n".join(OBJECTS) + ",\n", [(1, LEFT), (2, NOTHING)]),
        ("\n\n" + "\r\n\r\n".join(OBJECTS), [(3, LEFT), (5, NOTHING)]),
        ("[0, 3, 9]\n[12]", [(1, LEFT), (2, NOTHING)]),
        (OBJECTS[0], [(1, LEFT)]),
        (json.dumps(json.loads(OBJECTS[0]), indent=2), [(1, LEFT)]),
        ("[\n0,\n3,\n9\n]\n", [(1, LEFT)]),
        (ELEMENTS[0] + "\n", [(1, LEFT)]),
        ("counts\n" + "\n".join(OBJECTS), [(2, LEFT), (3, NOTHING)]),
    ],
)
def test_json_and_xml_codes_stand_bare_one_a_line(text: str, rows: list[tuple[int, RLE]]):
    table = rle_csv.read(text, size_hw=SIZE)
    assert [(row.number, row.mask) for row in table.rows] == rows
    assert table.problems == []


def test_elements_of_cvat_stand_one_a_line():
    table = rle_csv.read("\n".join(ELEMENTS), size_hw=SIZE)
    assert [rle.area(row.mask) for row in table.rows] == [3, 1]
    assert table.dialect == "cvat"


def test_a_compressed_code_stands_alone():
    pixels = np.random.default_rng(4).random((20, 30)) < 0.3
    code = coco.encode(np.asfortranarray(pixels, np.uint8))["counts"].decode()
    table = rle_csv.read(code + "\n", size_hw=(20, 30))
    assert [row.mask for row in table.rows] == [rle.encode(pixels)]
    assert table.dialect == "coco-compressed"


# Images and labels


@pytest.mark.parametrize(
    ("header", "dialect"),
    [
        ("ImageId_ClassId,EncodedPixels", "severstal"),
        ("Image_Label,EncodedPixels", "clouds"),
        ("ImageId,EncodedPixels", "airbus"),
    ],
)
def test_image_and_label_are_read_out_of_one_cell(header: str, dialect: str):
    table = rle_csv.read(f"{header}\n0002cc_93b.jpg_1,1 3\na.jpg_Fish,\n", size_hw=SIZE)
    assert seen(table) == [(2, "0002cc_93b.jpg", "1", LEFT), (3, "a.jpg", "Fish", NOTHING)]
    assert table.dialect == dialect


def test_a_cell_for_both_without_a_label_is_the_image():
    table = rle_csv.read("Image_Label,EncodedPixels\na.jpg,1 3\nb.jpg_,1 3\n", size_hw=SIZE)
    assert [(row.image, row.label) for row in table.rows] == [("a.jpg", ""), ("b.jpg", "")]


def test_an_underscore_in_a_name_alone_does_not_split_it():
    text = "ImageId,EncodedPixels\nscan_1,1 3\nscan_2.png,1 3\n"
    assert [row.image for row in rle_csv.read(text, size_hw=SIZE).rows] == ["scan_1", "scan_2.png"]


@pytest.mark.parametrize("name", ["NA", "007", "nan", "None", "1e5", "true", "", "0"])
def test_names_and_labels_stay_text(name: str):
    table = rle_csv.read(f"ImageId,ClassId,EncodedPixels\n{name},{name},1 3\n", size_hw=SIZE)
    assert seen(table) == [(2, name, name, LEFT)]


def test_the_blanks_of_siim_are_trimmed():
    text = "ImageId, EncodedPixels\n1.2.276,  2 3 2 1\n1.3.6, -1\n1.3.6, 0 3\n"
    table = rle_csv.read(text, size_hw=SIZE)
    assert table.dialect == "siim-acr"
    assert [row.image for row in table.rows] == ["1.2.276", "1.3.6", "1.3.6"]
    assert [row.mask.counts.tolist() for row in table.rows] == [[2, 3, 2, 1, 4], [12], [0, 3, 9]]


def test_rows_of_one_image_and_label_merge_into_one_mask():
    rows = [
        RleRow(2, "a", "1", LEFT),
        RleRow(3, "b", "1", NOTHING),
        RleRow(4, "a", "2", LEFT),
        RleRow(5, "a", "1", TOP),
    ]
    both = rle.encode(mask("##..\n#...\n#..."))
    assert rle_csv.merge(rows) == [
        RleRow(2, "a", "1", both),
        RleRow(3, "b", "1", NOTHING),
        RleRow(4, "a", "2", LEFT),
    ]
    assert rle_csv.merge([]) == []


def test_rows_of_one_image_but_two_sizes_do_not_merge():
    rows = [RleRow(2, "a.png", "", LEFT), RleRow(3, "a.png", "", rle.empty((4, 3)))]
    with pytest.raises(RLEError, match=r"rows of the image “a\.png” are not of one size"):
        rle_csv.merge(rows)


# Sizes


def test_every_row_may_have_a_size_of_its_own():
    text = "ImageId,EncodedPixels,Height,Width\na,1 3,3,4\nb,1 3, 1 ,3\n"
    table = rle_csv.read(text, size_hw=(9, 9))
    assert [row.mask for row in table.rows] == [LEFT, RLE((1, 3), [0, 3])]
    assert table.dialect == "dsb2018"


def test_a_size_may_be_written_as_other_programs_write_a_column_with_gaps():
    table = rle_csv.read("ImageId,EncodedPixels,Height,Width\na,1 3,3.0,4.0\nb,1 3,,\n")
    assert [row.mask for row in table.rows] == [LEFT]
    assert [problem.row for problem in table.problems] == [3]


def test_the_size_of_a_known_dialect_is_taken_where_nothing_else_says_it():
    table = rle_csv.read("ImageId,ClassId,EncodedPixels\na.jpg,1,1 3\n")
    assert table.rows[0].mask.size_hw == (256, 1600)
    table = rle_csv.read("Image_Label,EncodedPixels\na.jpg_Fish,1 3\n")
    assert table.rows[0].mask.size_hw == (1400, 2100)
    table = rle_csv.read("1 3\n", dialect="carvana")
    assert table.rows[0].mask.size_hw == (1280, 1918)


def test_a_table_without_any_size_is_refused():
    for text in ("id,segmentation\na,1 3\n", "1 3\n"):
        with pytest.raises(RLEError, match="does not say how large the images are; give the size"):
            rle_csv.read(text)


@pytest.mark.parametrize(
    ("height", "width", "reason"),
    [
        ("0", "4", "An image of 4 × 0 pixels is too small or too large."),
        ("100000", "100000", "An image of 100,000 × 100,000 pixels is too small or too large."),
        ("999999999", "999999999", "is too small or too large."),
        ("-3", "4", "The size “4” × “-3” is not made of whole numbers."),
        ("3.5", "4", "The size “4” × “3.5” is not made of whole numbers."),
        ("", "4", "The size “4” × “” is not made of whole numbers."),
        ("3", "٤", "The size “٤” × “3” is not made of whole numbers."),
        ("1" * 5000, "4", "is not made of whole numbers."),
    ],
)
def test_a_bad_size_is_a_problem_of_its_row(height: str, width: str, reason: str):
    text = f"ImageId,EncodedPixels,Height,Width\na,1 3,{height},{width}\nb,1 3,3,4\n"
    table = rle_csv.read(text)
    assert seen(table) == [(3, "b", "", LEFT)]
    (problem,) = table.problems
    assert (problem.row, problem.column) == (2, "Height")
    assert problem.reason.endswith(reason)
    assert len(problem.reason) < 200


def test_larger_images_are_allowed_where_the_caller_says_so():
    text = "ImageId,EncodedPixels,Height,Width\na,1 3,10000,6000\n"
    assert len(rle_csv.read(text).problems) == 1
    assert len(rle_csv.read(text, max_pixels=60_000_000).rows) == 1


# Problems


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("1 2 3", "Starts and lengths come in pairs, but there are 3 numbers."),
        ("1 2 x 4", "“x” is not a whole number."),
        ("1 2.0", "“2.0” is not a whole number."),
        ("0 2", "Run 1 starts at 0, but the first pixel is 1."),
        ("1 2 5 0", "Run 2 has the length 0."),
        ("1 -2", "“-2” is negative."),
        ("1 3 3 2", "Run 2 overlaps with run 1."),
        ("1 3 12 2", "Run 2 (start 12, length 2) goes past the last of 12 pixels."),
        ("13 1", "Run 1 (start 13, length 1) goes past the last of 12 pixels."),
        (
            "1000000000000000000 1",
            "Run 1 (start 1000000000000000000, length 1) goes past the last of 12 pixels.",
        ),
        ("1 1000000000", "Run 1 (start 1, length 1000000000) goes past the last of 12 pixels."),
        (
            "99999999999999999999 1",
            "Run 1 (start 9223372036854775807, length 1) goes past the last of 12 pixels.",
        ),
        ("+5 1", "“+5” is not a whole number."),
        ("1_0 1", "“1_0” is not a whole number."),
        ("1e18 1", "“1e18” is not a whole number."),
        ("١ ٣", "“١” is not a whole number."),
        ("1\u00a03", "“1\ufffd3” is not a whole number."),
        ("-", "“-” is not a whole number."),
        ("-1", "“-1” is negative."),
    ],
)
@pytest.mark.parametrize("header", [True, False])
def test_a_bad_code_is_a_problem_with_its_row_column_and_reason(
    code: str, reason: str, header: bool
):
    lines = ["a,1 3", f"b,{code}", "c,1 1 4 1"]
    if header:
        lines.insert(0, "ImageId,EncodedPixels")
    table = rle_csv.read("\n".join(lines), size_hw=SIZE, dialect="airbus")
    assert [(row.image, row.mask) for row in table.rows] == [("a", LEFT), ("c", TOP)]
    column = "EncodedPixels" if header else "column 2"
    assert table.problems == [RowProblem(2 + header, column, reason)]


def test_a_row_of_another_width_is_a_problem():
    text = "ImageId,ClassId,EncodedPixels\na,1,1 3\nb,1 3\nc,1,1 3,\nd,2,1 3\n"
    table = rle_csv.read(text, size_hw=SIZE)
    assert [row.image for row in table.rows] == ["a", "d"]
    assert table.problems == [
        RowProblem(3, "EncodedPixels", "The row has 2 cells, the table has 3 columns."),
        RowProblem(4, "EncodedPixels", "The row has 4 cells, the table has 3 columns."),
    ]


def test_problems_and_rows_are_in_the_tables_order():
    lines = ["ImageId,EncodedPixels,Height,Width"]
    lines += [["a,1 3,3,4", "b,1,3,4", "c,1 3,0,4", "d,1 3,3"][i % 4] for i in range(30)]
    table = rle_csv.read("\n".join(lines))
    assert [problem.row for problem in table.problems] == [i + 2 for i in range(30) if i % 4]
    assert [row.number for row in table.rows] == list(range(2, 32, 4))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("", "There are no rows"),
        (b"", "There are no rows"),
        (" \n \n", "There are no rows"),
        ("ImageId,EncodedPixels\n", "There are no rows"),
        ("ImageId,label\n", "There are no rows"),
        ("name,points\nfoo,bar\n", "None of the columns name, points is known to hold"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not a text file"),
        ("é,1 2".encode("latin-1"), "save the table as CSV in UTF-8"),
    ],
)
def test_what_is_no_table_of_codes_is_refused(source: str | bytes, reason: str):
    with pytest.raises(RLEError, match=reason):
        rle_csv.read(source, size_hw=SIZE)


def test_an_unknown_dialect_is_the_callers_mistake():
    with pytest.raises(ValueError, match="dialect must be one of"):
        rle_csv.read("1 3", size_hw=SIZE, dialect="kaggle")
    with pytest.raises(ValueError, match="dialect must be one of"):
        rle_csv.write([], "kaggle")


# No row is lost

CODES = st.one_of(
    st.lists(st.integers(0, 14), max_size=6).map(lambda row: " ".join(map(str, row))),
    st.sampled_from(["1 3", "1 1 4 1", "", "nan", "-1", "x", "1 3 ", "1  3", "2 99999999999"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6),
)
NAMES = st.text(st.sampled_from("ab_.1=-é \"',;\n\r\t"), min_size=1, max_size=5)


@few
@given(st.lists(st.tuples(NAMES, CODES), min_size=1, max_size=10), st.sampled_from(",;\t"))
def test_every_row_that_is_not_blank_is_a_row_or_a_problem(
    table: list[tuple[str, str]], separator: str
):
    lines = [("ImageId", "EncodedPixels"), ("first.png", "1 3"), *table]
    quoted = [
        separator.join('"' + cell.replace('"', '""') + '"' for cell in cells) for cells in lines
    ]
    found = rle_csv.read("\n".join(quoted), size_hw=SIZE, dialect="airbus")
    numbers = [
        number
        for number, cells in enumerate(lines, start=1)
        if number > 1 and any(cell.strip() for cell in cells)
    ]
    rows, problems = (
        [row.number for row in found.rows],
        [problem.row for problem in found.problems],
    )
    assert sorted(rows + problems) == numbers
    assert rows == sorted(rows)
    for row in found.rows:
        image, code = lines[row.number - 1]
        assert row.mask == rle.empty(SIZE) or rle.area(row.mask) == sum(
            int(token) for token in code.split()[1::2]
        )
        if not image.strip().startswith("'"):
            assert row.image == image.strip()


@few
@given(
    st.lists(st.lists(CODES, min_size=1, max_size=4), min_size=1, max_size=8),
    st.sampled_from([None, "severstal", "siim-acr", "coco"]),
)
def test_rows_of_any_width_are_not_lost_either(table: list[list[str]], dialect: str | None):
    cells = [["a.png", "1 3"], *([c.translate({10: 32, 13: 32, 34: 32}) for c in r] for r in table)]
    text = "\n".join(",".join(row) for row in cells)
    found = rle_csv.read(text, size_hw=SIZE, dialect=dialect)
    rows = {row.number for row in found.rows} | {problem.row for problem in found.problems}
    assert len(found.rows) + len(found.problems) == len(rows)
    assert rows == {
        number
        for number, row in enumerate(cells, start=1)
        if any(cell.strip() for cell in ",".join(row).split(","))
    }


def test_a_hundred_thousand_rows_are_read():
    line = "image.png,1,1 3 5 2 9 1\n"
    bad = "image.png,1,1 3 5\n"
    text = "ImageId,ClassId,EncodedPixels\n" + (line * 999 + bad) * 100
    table = rle_csv.read(text, size_hw=SIZE)
    assert len(table.rows) == 99_900
    assert [problem.row for problem in table.problems] == [1001 + 1000 * i for i in range(100)]
    expected = RLE(SIZE, [0, 3, 1, 2, 2, 1, 3])
    assert all(row.mask == expected for row in table.rows)


# Which dialect


def test_the_order_is_found_by_the_shorter_outlines_where_the_header_does_not_say():
    disk = np.hypot(*np.mgrid[-30:34, -50:54]) < 25
    for by_rows in (False, True):
        flat = (disk if by_rows else disk.T).reshape(-1)
        edges = np.flatnonzero(np.diff(flat.astype(int), prepend=0))
        numbers = [(int(a) + 1, int(b - a)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
        code = " ".join(f"{start} {length}" for start, length in numbers)
        table = rle_csv.read(f"a.png,{code}\nb.png,{code}\n", size_hw=disk.shape)
        assert [row.mask for row in table.rows] == [rle.encode(disk)] * 2
        assert table.dialect == ("carvana" if by_rows else "severstal")


@pytest.mark.parametrize(
    ("header", "dialect"),
    [
        ("ImageId,ClassId,EncodedPixels", "severstal"),
        ("ImageId,EncodedPixels", "airbus"),
        ("id,rle_mask", "tgs-salt"),
        ("id,encoding", "hubmap"),
        ("record_id,encoded_pixels", "contrails"),
        ("img,rle_mask", "carvana"),
        ("id,class,segmentation", "uw-madison"),
        ("Id,Predicted", "vesuvius"),
    ],
)
def test_a_known_header_decides(header: str, dialect: str):
    cells = ["a"] * (header.count(",")) + ["2 2"]
    text = f"{header}\n{','.join(cells)}\n"
    assert rle_csv.read(text, size_hw=SIZE).dialect == dialect


# Write and read


@few
@given(
    st.sampled_from(sorted(DIALECTS)),
    st.lists(
        st.tuples(
            st.text(st.sampled_from("ab1=+-@',\";\t\n\r "), min_size=1, max_size=5).map(
                lambda name: f"{name.strip() or 'a'}.png"
            ),
            st.sampled_from(["1", "ship", "=1+1", "-5", "'=x", "a b", 'a"b']),
            hnp.arrays(np.bool_, (3, 5)).filter(np.any),
        ),
        min_size=1,
        max_size=5,
    ),
)
def test_written_tables_come_back(dialect: str, table: list[tuple[str, str, np.ndarray]]):
    rows = [
        RleRow(number, image, label, rle.encode(pixels))
        for number, (image, label, pixels) in enumerate(table, start=2)
    ]
    text = rle_csv.write(rows, dialect)
    found = rle_csv.read(text, size_hw=(3, 5), dialect=dialect)
    roles = {role for _, role in DIALECTS[dialect].columns}
    assert found.problems == []
    assert [row.mask for row in found.rows] == [row.mask for row in rows]
    assert [row.number for row in found.rows] == [row.number for row in rows]
    assert [row.image for row in found.rows] == [row.image for row in rows]
    if roles & {"label", "image_label"}:
        assert [row.label for row in found.rows] == [row.label for row in rows]


@pytest.mark.parametrize("dialect", sorted(set(DIALECTS) - {"zero-based-rows"}))
def test_the_dialect_of_a_written_table_is_found(dialect: str):
    disk = np.hypot(*np.mgrid[-30:34, -50:54]) < 25
    square = np.zeros(disk.shape, np.bool_)
    square[10:20, 30:80] = True
    rows = [RleRow(2, "a", "", rle.encode(disk)), RleRow(3, "b", "", rle.encode(square))]
    found = rle_csv.read(rle_csv.write(rows, dialect), size_hw=disk.shape)
    assert found.problems == []
    assert [row.mask for row in found.rows] == [row.mask for row in rows]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_empty_masks_are_written_and_read(dialect: str):
    rows = [RleRow(2, "a", "", NOTHING), RleRow(3, "b", "", LEFT)]
    if dialect == "cvat":
        with pytest.raises(RLEError, match="empty"):
            rle_csv.write(rows, dialect)
        return
    found = rle_csv.read(rle_csv.write(rows, dialect), size_hw=SIZE, dialect=dialect)
    assert [row.mask for row in found.rows] == [NOTHING, LEFT]


def test_a_written_table_has_the_columns_of_the_dialect_and_no_formula():
    rows = [RleRow(1, "=cmd()|x.png", "-1", LEFT), RleRow(2, "b,c", "@", NOTHING)]
    assert rle_csv.write(rows, "severstal") == (
        "ImageId,ClassId,EncodedPixels\n'=cmd()|x.png,'-1,1 3\n\"b,c\",'@,\n"
    )
    assert rle_csv.write(rows, "clouds").splitlines()[1] == "'=cmd()|x.png_-1,1 3"
    assert rle_csv.write(rows, "siim-acr").splitlines()[2] == '"b,c",-1'
    assert rle_csv.write(rows, "dsb2018").splitlines()[2] == '"b,c",,3,4'


def test_sizes_are_added_where_the_dialect_has_none():
    rows = [RleRow(1, "a", "x", LEFT), RleRow(2, "b", "", NOTHING)]
    assert rle_csv.write(rows, "severstal", with_size=True) == (
        "ImageId,ClassId,EncodedPixels,Height,Width\na,x,1 3,3,4\nb,,,3,4\n"
    )
    for dialect in ("dsb2018", "sartorius", "coco"):
        assert rle_csv.write(rows, dialect, with_size=True) == rle_csv.write(rows, dialect)


# Step by step


def test_a_table_is_taken_apart_without_a_look_into_its_codes():
    text = "ImageId,ClassId,EncodedPixels,Height,Width\na,1,no code,3,4\nb,2\nc,3,,0,4\nd,4,,1,2\n"
    table = rle_columns.read_table(text)
    assert table.rows == [(2, "a", "1", "no code", (3, 4)), (5, "d", "4", "", (1, 2))]
    assert [problem.row for problem in table.problems] == [3, 4]
    assert table.columns.names[table.columns.places["code"]] == "EncodedPixels"


@pytest.mark.parametrize("dialect", ["airbus", "coco"])
def test_rows_of_several_sizes_are_parsed_together(dialect: str):
    codes = {"airbus": ["1 3", "x", "1 3"], "coco": ["[0, 3, 9]", "x", "[0, 3, 3]"]}[dialect]
    sizes = [None, None, (1, 6)]
    rows = [Coded(2, "a", "", code, size) for code, size in zip(codes, sizes, strict=True)]
    first, second, third = rle_csv.parse(rows, dialect, SIZE)
    assert first == LEFT
    assert isinstance(second, RLEError)
    assert third == rle.encode(mask("###..."))
    assert rle_csv.parse([], dialect, None) == []
    with pytest.raises(RLEError, match="how large"):
        rle_csv.parse(rows, dialect, None)


def test_the_dialect_is_detected_by_rows_that_have_a_size():
    table = rle_columns.read_table("img,rle_mask\na,1 3\n")
    assert rle_csv.detect(table.rows, table.columns, None) == "carvana"
    table = rle_columns.read_table("name,counts\na,0 3 9\n")
    with pytest.raises(RLEError, match="how large"):
        rle_csv.detect(table.rows, table.columns, None)
    assert rle_csv.detect(table.rows, table.columns, SIZE) == "coco"


# Real tables


@needs_severstal
def test_the_severstal_predictions_are_all_read():
    path = DATA / "severstal" / "predictions_4_rows_per_image.csv"
    table = rle_csv.read(path)
    assert len(table.rows) == 7204
    assert table.problems == []
    assert table.dialect == "severstal"
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    areas = [sum(map(int, line["EncodedPixels"].split()[1::2])) for line in lines]
    assert [rle.area(row.mask) for row in table.rows] == areas
    assert sum(area > 0 for area in areas) == 782
    assert [f"{row.image}_{row.label}" for row in table.rows] == [
        line["ImageId_ClassId"] for line in lines
    ]
    assert {row.mask.size_hw for row in table.rows} == {(256, 1600)}


@needs_dsb2018
def test_the_nuclei_of_dsb2018_have_their_areas_and_pixels():
    path = DATA / "dsb2018" / "labels_rle.csv"
    table = rle_csv.read(path)
    assert len(table.rows) == 1320
    assert table.problems == []
    assert table.dialect == "dsb2018"
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    for row, line in zip(table.rows, lines, strict=True):
        size = [int(line["Height"]), int(line["Width"])]
        assert row.mask.size_hw == tuple(size)
        assert row.image == line["ImageId"]
        assert rle.area(row.mask) == int(line["PixelCount"])
        numbers = np.array(line["EncodedPixels"].split(), np.int64).reshape(-1, 2)
        edges = np.concatenate(
            ([0], (numbers - [1, 0]).cumsum(axis=1).reshape(-1), [size[0] * size[1]])
        )
        theirs = coco.frPyObjects({"size": size, "counts": np.diff(edges).tolist()}, *size)
        assert np.array_equal(rle.decode(row.mask), coco.decode(theirs))
        assert coco.area(theirs) == rle.area(row.mask)
