"""Text from elsewhere: what is shown of it can be printed, and is short."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bilstm_core.cleaning import Line, Name, Text, clean, escape, one_line
from bilstm_core.errors import UsageError

RANGES = [
    (0x00, 0x09),  # C0
    (0x0B, 0x1F),
    (0x7F, 0x9F),  # DEL and C1
    (0xAD, 0xAD),  # soft hyphen
    (0x61C, 0x61C),  # Arabic letter mark
    (0x200B, 0x200F),  # without a width; direction
    (0x2028, 0x202E),  # line and paragraph separators; direction
    (0x2060, 0x206F),
    (0xD800, 0xDFFF),  # halves of characters
    (0xFEFF, 0xFEFF),  # byte order mark
    (0xFFF9, 0xFFFB),
    (0xE0000, 0xE007F),  # tags
]
STAYS = "Grüße, 你好, עברית, ½\u00a0€\u3000🙂️ e\u0301 [/x]\\"


@pytest.mark.parametrize("bounds", RANGES, ids=lambda bounds: f"{bounds[0]:x}")
def test_what_cannot_be_printed_is_escaped(bounds: tuple[int, int]) -> None:
    for code in range(bounds[0], bounds[1] + 1):
        escaped = escape(chr(code))
        assert escaped.isascii()
        assert escaped.startswith("\\")
        assert eval(f"'{escaped}'") == chr(code)


def test_what_can_be_printed_stays() -> None:
    assert one_line(STAYS) == clean(STAYS) == escape(STAYS) == STAYS


@pytest.mark.parametrize("mark", ["\u0301", "\u20dd", "\u034f"])
def test_marks_do_not_pile_up(mark: str) -> None:
    assert escape("e" + 8 * mark + "e" + mark) == "e" + 8 * mark + "e" + mark
    assert escape("e" + 500 * mark) == "e" + 8 * mark + 492 * ascii(mark)[1:-1]
    assert one_line(("e" + 500 * mark) * 9).count(mark) == 8


@pytest.mark.parametrize("end", ["\n", "\t", "\r", "\v", "\f", "\x85", "\u2028", "\u2029"])
def test_a_line_stays_one(end: str) -> None:
    assert one_line(f"one{end}two").splitlines() == [f"one{escape(end, kept='')}two"]
    assert len(clean(f"one{end}two").splitlines()) == 1 + (end == "\n")


@given(st.text(st.characters(), max_size=300))
def test_to_clean_again_changes_nothing(text: str) -> None:
    for function in (escape, clean, one_line):
        assert function(function(text)) == function(text)


def test_long_text_is_cut() -> None:
    assert one_line("x" * 200) == "x" * 200
    for text in ("x" * 5_000_000, "\x1b" * 199):
        assert len(one_line(text)) == 200
        assert one_line(text).endswith("…")
    assert len(clean("x\n" * 5_000_000)) == 4000


@pytest.mark.parametrize("kind", [Text, Line, Name])
def test_a_field_is_cleaned_when_it_is_read_and_when_it_is_written(kind: type[str]) -> None:
    adapter = TypeAdapter(kind)
    hostile = "a\x1b[2J\udcff" + "x" * 10_000
    read = adapter.validate_python(hostile)
    assert read.startswith(r"a\x1b[2J\udcff")
    assert len(read) <= 4000
    assert adapter.validate_json(adapter.dump_json(hostile)) == read
    assert adapter.validate_python("a\nb") == ("a\nb" if kind is Text else r"a\nb")
    with pytest.raises(ValueError, match="string"):
        adapter.validate_python(7)


def test_a_failure_is_clean() -> None:
    error = UsageError("no\x1b[2J\n" + "x" * 10_000, "try\u202e", title="a\nb")
    assert error.message.startswith("no\\x1b[2J\nxx")
    assert len(error.message) == len(str(error)) == 4000
    assert (error.advice, error.title) == ("try\\u202e", "a\\nb")
