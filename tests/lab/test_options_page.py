from monai_covid.lab.options_page import options_page
from tests.conftest import REPOSITORY


def test_the_page_is_what_the_tables_say():
    assert (REPOSITORY / "docs/reference/options.md").read_text() == options_page()
