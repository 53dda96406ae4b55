import pytest

from services.file_names import shown_name


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("试卷 1.pdf", "试卷 1.pdf"),
        ("../../etc/passwd", "passwd"),
        (r"C:\scans\page.png", "page.png"),
        ("a\0b\n\u202ec.png", "abc.png"),
        ("", "upload"),
        ("folder/", "upload"),
        ("x" * 300, "x" * 255),
    ],
)
def test_a_name_is_what_can_be_shown_of_its_last_part(given, shown):
    assert shown_name(given) == shown
