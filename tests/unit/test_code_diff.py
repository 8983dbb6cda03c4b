"""Tests of `cvae_utils.code_diff`."""

import IPython.display

from cvae_utils import code_diff


def add(a, b):
    """Add two numbers.

    At length.
    """
    return a + b  # a comment


def add_three(a, b, c):
    return a + b + c


class Documented:
    """A class."""

    def method(self):
        """Do nothing."""
        return "it's"


def test_docstrings_are_left_out_and_comments_stay():
    assert code_diff.source(add) == "def add(a, b):\n    return a + b  # a comment"
    assert code_diff.source(Documented) == 'class Documented:\n    def method(self):\n        return "it\'s"'


def test_a_method_is_shown_without_its_indent():
    assert code_diff.source(Documented.method).startswith("def method(self):")


def test_marks_say_what_goes_and_what_comes():
    assert code_diff.diff("one\ntwo\nthree", "one\n2\nthree\nfour") == ["  one", "- two", "+ 2", "  three", "+ four"]


def test_both_sides_can_be_read_off_a_diff():
    lines = code_diff.diff(code_diff.source([add, Documented]), code_diff.source([add_three, Documented]))
    before = "\n".join(line[2:] for line in lines if line[0] in " -")
    after = "\n".join(line[2:] for line in lines if line[0] in " +")
    assert (before, after) == (code_diff.source([add, Documented]), code_diff.source([add_three, Documented]))


def test_shows_html_with_colours_and_plain_text(monkeypatch):
    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda data, raw: shown.append(data))
    code_diff.show_diff(add, add_three)
    assert "- def add(a, b):\n" in shown[0]["text/plain"]
    html = shown[0]["text/html"]
    removed, added = (html.index(sign) for sign in ("- def add(a, b):", "+ def add_three(a, b, c):"))
    colours = [html[:place].rpartition("color: ")[2][:7] for place in (removed, added)]
    assert colours[0] != colours[1]
