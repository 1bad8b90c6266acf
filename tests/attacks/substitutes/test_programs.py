from __future__ import annotations

from robust_ray.attacks.substitutes.programs import MOST_NAMES, distinct, may_be_given, read
from robust_ray.core.examples import Example

C = 'int total(int *list, int n)\n{\n    puts("n items");  // n\n    return list[0] + x.n + 0x1F;\n}\n'


def test_says_which_tokens_are_names_of_the_program() -> None:
    program = read(C, "c")
    assert dict(zip(program.own, program.tokens, strict=True)).keys() == {"", "total", "list", "n"}
    assert program.own.count("n") == 1, "neither the member nor the words in the string and the comment"
    assert len(program.own) == len(program.tokens)


def test_forgets_the_values_of_literals() -> None:
    assert {'"', "0"} <= set(read(C, "c").tokens)
    assert not {'"n items"', "0x1F"} & set(read(C, "c").tokens)


def test_tells_functions_from_variables() -> None:
    assert read(C, "c").roles == (["list", "n"], ["total"])


def test_looks_at_the_first_names_of_an_endless_program() -> None:
    program = read("\n".join(f"v{i} = {i}" for i in range(MOST_NAMES + 5)), "python")
    assert list(program.names) == [f"v{i}" for i in range(MOST_NAMES)]


def test_an_unreadable_program_has_no_names() -> None:
    for text in ("", "\0", "((((", "\ud800 \udc80"):
        assert read(text, "java").names == {}


def test_a_corpus_is_read_once_a_program_in_the_order_of_the_texts() -> None:
    def pair(uid: str, *segments: str) -> Example:
        return Example(uid=uid, segments=segments, label=0, language="python")

    assert list(distinct([pair("0", "b", "a"), pair("1", "a", "b")])) == [("a", "python"), ("b", "python")]


def test_a_name_must_be_free_in_every_language() -> None:
    assert may_be_given("total", ("c", "java"))
    assert not may_be_given("char", ("python", "c"))
    assert not may_be_given("2nd", ("c",))
    assert not may_be_given("größe", ("python", "c")), "C is held to ASCII"
