import re
from html.parser import HTMLParser

import pytest

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.evaluation.pages.page import Picture, Section, write_page
from monai_covid.evaluation.pages.tables import Table, Value
from monai_covid.evaluation.report import evaluate_table
from monai_covid.evaluation.report_folder import write_report
from tests.evaluation.tables import CLASSES, LABELS, certain, multi_label, single_label


class Page(HTMLParser):
    """Collects tags, text and whether every element is closed in order."""

    VOID = ("meta", "img", "br", "link")

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.words = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize(
    ("table", "names", "pictures"),
    [
        (single_label(), CLASSES, 2),
        (certain([0, 0], [0, 1]), CLASSES, 2),
        (multi_label(empty=0), LABELS, 2),
    ],
)
def test_page_of_a_report(tmp_path, table, names, pictures):
    report = evaluate_table(table, names, resamples=50)
    folder = write_report(report, tmp_path / "r")
    path = write_page(folder, "A title", lead="What this is.")
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert path == folder / "index.html"
    assert page.tags.count("img") == pictures
    assert page.tags.count("tr") == 1 + len(names)
    assert page.words.count(RESEARCH_USE_ONLY) == 2
    headline = report.row("macro_auc")
    shown = "not defined" if headline.value is None else f"{headline.value:.3f}"
    assert shown in page.words
    assert all(value for name, value in page.attributes if name == "alt")


def test_page_needs_nothing_else(tmp_path):
    folder = write_report(evaluate_table(single_label(), CLASSES, resamples=50), tmp_path / "r")
    text = write_page(folder, "T").read_text(encoding="utf-8")
    page = Page(text)
    sources = [value for name, value in page.attributes if name in ("src", "href")]
    assert sources
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert not re.search(r"url\(|@import|https?://", text)


def test_text_is_escaped_and_sections_follow(tmp_path):
    folder = write_report(evaluate_table(single_label(), CLASSES, resamples=50), tmp_path / "r")
    sections = [
        Section("<b>bold</b>", "One & two.\n\nThree.", [Picture(folder / "roc.png", 'the "curve"')])
    ]
    text = write_page(folder, "<script>x</script>", sections=sections).read_text("utf-8")
    page = Page(text)
    assert "script" not in page.tags
    assert "b" not in page.tags
    assert {"One & two.", "Three.", 'the "curve"'} <= set(page.words)
    assert page.tags.count("img") == 3


def test_folder_without_report_and_missing_things(tmp_path):
    page = Page(write_page(tmp_path, "Only text", sections=[Section("S", "x")]).read_text("utf-8"))
    assert "table" not in page.tags
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        write_page(tmp_path / "none", "T")
    with pytest.raises(FileNotFoundError):
        write_page(tmp_path, "T", sections=[Section("S", "", [Picture("no.png", "")])])


def test_a_section_begins_with_the_finding_and_ends_with_the_method(tmp_path):
    """Cells: a value with its interval, one that is not defined, a number, a text that wraps."""
    rows = [("<i>row</i>", (Value(0.5, 0.25, 0.75), Value(None), "1,234", "a <long> text " * 3))]
    section = Section("S", "What was found.", table=Table(("A", "B"), rows), method="How.\n\nWhy.")
    text = write_page(tmp_path, "T", sections=[section]).read_text("utf-8")
    page = Page(text)
    order = [text.index(part) for part in ("What was found.", "<table", "How.", "Why.")]
    assert order == sorted(order)
    assert '<td>0.500<span class="interval">0.250 to 0.750</span></td>' in text
    assert '<td class="undefined">not defined</td><td>1,234</td><td class="text">a &lt;long' in text
    assert "i" not in page.tags
    assert {"role": "region", "tabindex": "0"}.items() <= dict(page.attributes).items()


def test_print_is_dark_on_white_also_where_the_screen_is_dark(tmp_path):
    text = write_page(tmp_path, "T").read_text("utf-8")
    assert "@media screen and (prefers-color-scheme: dark)" in text
    assert "@media print" in text
