from pathlib import Path

import pytest

from monai_covid.data.tables import header_of, read_table, suggestion
from monai_covid.errors import InputError
from tests.data.collections_on_disk import found

COLUMNS = ("image", "label")


def write(tmp_path: Path, data: str | bytes) -> Path:
    file = tmp_path / "table.csv"
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return file


def problem(tmp_path: Path, data: str | bytes) -> tuple[int | None, str]:
    with pytest.raises(InputError) as caught:
        read_table(write(tmp_path, data), COLUMNS)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0].row, caught.value.problems[0].message


def test_cells_stay_text_and_rows_are_lines_of_the_file(tmp_path):
    frame = read_table(write(tmp_path, "image,label\n007,a\n\n 8 , b\n"), COLUMNS)
    assert frame["image"].tolist() == ["007", "8"]
    assert frame["label"].tolist() == ["a", "b"]
    assert frame.index.tolist() == [2, 4]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_byte_order_mark_and_line_endings(tmp_path, ending, mark):
    frame = read_table(write(tmp_path, mark + ending.join(["image,label", "é,NA", ""])), COLUMNS)
    assert frame.to_dict("records") == [{"image": "é", "label": "NA"}]


def test_quoted_cell_over_two_lines_counts_from_its_first_line(tmp_path):
    text = 'image,label,note\na,x,"one\ntwo, three"\nb,y,\n'
    frame = read_table(write(tmp_path, text), COLUMNS)
    assert frame.index.tolist() == [2, 4]
    assert frame.loc[2, "note"] == "one\ntwo, three"


def test_short_rows_are_filled_and_nameless_columns_dropped(tmp_path):
    frame = read_table(write(tmp_path, "image,,label,note,\na,1,x\nb,2,y,z,,\n"), COLUMNS)
    assert frame.columns.tolist() == ["image", "label", "note"]
    assert frame["note"].tolist() == ["", "z"]


@pytest.mark.parametrize(
    ("data", "row", "part"),
    [
        ("", None, "is empty; expected columns 'image', 'label'"),
        ("\n , \n", None, "is empty"),
        ("image,label\n", None, "no rows"),
        ("image;lable\na;b\n", 1, "lacks column 'label'; found image, lable; is 'lable' meant"),
        (
            "Image,file\na,b\n",
            1,
            "lacks columns 'image', 'label'; found Image, file; is 'Image' meant for",
        ),
        ("image,label,label\na,b,c\n", 1, "column 'label' occurs 2 times"),
        ("image,label\na,b\nc,d,e\n", 3, "has 3 cells where the header names 2"),
        ('image,label\na,b\n"c,d\ne,f\n', 3, "not a CSV row"),
        ("image,label\na,b\né,c\n".encode("latin-1"), 3, "byte 0xe9 is not UTF-8"),
        ("image,label\n".encode("utf-16"), 1, "is not UTF-8"),
        ("image,label\n".encode("utf-16-le"), None, "NUL"),
    ],
)
def test_what_is_wrong_with_the_file(tmp_path, data, row, part):
    at, message = problem(tmp_path, data)
    assert at == row
    assert part in message


def test_missing_file_and_folder(tmp_path):
    for file in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InputError) as caught:
            read_table(file, COLUMNS)
        assert str(file) in str(caught.value)
    assert found(caught.value)[0][2].startswith("cannot be read")


def test_suggestion():
    assert suggestion("COVID-19", ["covid19", "normal"]) == "; did you mean 'covid19'?"
    assert suggestion("xyz", ["covid19"]) == ""


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("start", ["", "\ufeff", "\n\n"])
def test_separators_of_excel_and_others(tmp_path, separator, start):
    rows = [["image", "label", "size [w,h]"], ["a;1.png", "x|y", "3,5"], ["b\tc", "z", ""]]
    text = "\r\n".join(separator.join(f'"{cell}"' for cell in row) for row in rows)
    file = tmp_path / "table.csv"
    file.write_bytes((start + text).encode())
    table = read_table(file, ("image", "label"))
    assert table.to_numpy().tolist() == rows[1:]
    assert list(table) == rows[0]


def test_a_comma_in_a_cell_of_a_table_with_semicolons(tmp_path):
    file = tmp_path / "table.csv"
    file.write_text("image;label;age\na.png;normal;58,5\n")
    assert read_table(file, ("image", "label")).loc[2].tolist() == ["a.png", "normal", "58,5"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_line_that_tells_excel_the_separator_is_no_header(tmp_path, separator, end):
    file = tmp_path / "table.csv"
    lines = [f"sep={separator}", f"image{separator}label", f"a.png{separator}normal"]
    file.write_text(end.join(lines) + end, newline="")
    frame = read_table(file, ["image", "label"])
    assert frame.to_dict("index") == {3: {"image": "a.png", "label": "normal"}}
    assert header_of(file) == ["image", "label"]
