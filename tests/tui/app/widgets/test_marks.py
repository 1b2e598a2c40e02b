"""A run has the same colour and marker on every screen."""

from bilstm_tui.app.widgets.marks import (
    COLOURS,
    MARKERS,
    SOLID,
    Marks,
    curve_style,
    stroke_of,
)
from bilstm_tui.text.ascii import in_ascii


def test_a_run_keeps_its_number_while_it_is_marked() -> None:
    marks = Marks()
    for name in ("first", "second", "third"):
        marks.add(name)
    marks.remove("first")
    assert [*map(marks.number, marks)] == [1, 2]
    marks.add("fourth")
    assert marks.number("fourth") == 0
    marks.rename("second", "renamed")
    assert [*marks] == ["renamed", "third", "fourth"]
    assert marks.number("renamed") == 1


def test_a_run_gets_its_earlier_number_again_if_it_is_free() -> None:
    marks = Marks()
    marks.reserve("lstm", 0)
    marks.reserve("bilstm", 1)
    marks.add("bilstm")
    marks.add("lstm")
    assert (marks.number("lstm"), marks.number("bilstm")) == (0, 1)
    marks.remove("bilstm")
    marks.add("other")
    marks.add("bilstm")
    assert (marks.number("other"), marks.number("bilstm")) == (1, 2)


def test_a_colour_comes_with_each_marker_before_a_pair_is_repeated() -> None:
    assert [curve_style(number) for number in range(6)] == [*zip(COLOURS, MARKERS, strict=True)]
    styles = [curve_style(number) for number in range(36)]
    assert len({*styles}) == 36
    assert curve_style(36) == styles[0]


def test_lines_differ_where_colours_do_not() -> None:
    assert {stroke_of(marker, "colours") for marker in MARKERS} == {SOLID}
    dashed = [stroke_of(marker, "dashes") for marker in MARKERS]
    assert dashed[0] == SOLID
    assert len({*dashed}) == len(MARKERS)
    letters = [stroke_of(marker, "letters").letter for marker in MARKERS]
    signs = {*letters[1:], *in_ascii("".join(MARKERS))}
    assert len(signs) == 2 * len(MARKERS) - 1
    assert signs.isdisjoint("'.:")  # dots of the first line
