from __future__ import annotations

import json
from pathlib import Path

import pytest

from robust_ray.attacks import Candidate, RenameTokens, RenameTokensTogether, Valid
from robust_ray.source.edits import Edit, Splice
from robust_ray.source.identifiers import SourceCode, analyse

C = analyse(
    """\
static int first(struct list *s, int len)
{
    int end = s->len; /* len */
    if (!len)
        goto out;
    show("len");
out:
    return end + len;
}
""",
    "c",
)


def c(text: str) -> SourceCode:
    return analyse(text, "c")


def text(transformation: RenameTokens, source: SourceCode, **renames: str) -> str:
    candidate = transformation.apply(source, renames)
    assert candidate is not None
    return candidate.text


def test_targets_are_variables_safe_to_rename_or_not() -> None:
    macro = c("int f(int a, int b)\n{\n    int c = offsetof(struct s, a);\n    return b + c + FLAG;\n}\n")
    assert RenameTokens().targets(C) == ("s", "len", "end")
    assert RenameTokens().targets(macro) == ("a", "b", "c")
    assert RenameTokens().targets(c("int f(int log, int stdout) { return log; }")) == (), "released code knows these"


def test_allows_what_looks_like_a_name() -> None:
    names = ["fresh", "first", "len", "int", "NULL", "uint8_t", "2x", "x-y", ""]
    assert [name for name in names if RenameTokens().allows(C, name)] == ["fresh", "first", "uint8_t"]
    assert [name for name in names if RenameTokens(may_merge=True).allows(C, name)] == [
        *("fresh", "first", "len", "uint8_t")
    ]


def test_java_may_get_keywords_that_released_code_has_forgotten() -> None:
    java = analyse("int f(int a) { return a; }", "java")
    names = ["throw", "char", "this", "while", "String"]
    assert [name for name in names if RenameTokens().allows(java, name)] == ["throw", "char", "this"]


def test_members_and_labels_are_renamed_strings_and_comments_are_not() -> None:
    assert text(RenameTokens(), C, len="n", out="x") == C.text.replace("len", "n").replace('"n"', '"len"').replace(
        "/* n */", "/* len */"
    ).replace("out", "x")
    candidate = RenameTokens().apply(C, {"len": "n"})
    assert candidate is not None
    assert not Valid().check(C, candidate).is_valid


def test_a_program_whose_names_happen_to_be_variables_only_is_valid() -> None:
    candidate = RenameTokens().apply(C, {"end": "stop"})
    assert candidate == Candidate(C.text.replace("end", "stop"), {"end": "stop"})
    assert Valid().check(C, candidate).is_valid


def test_escapes_become_line_breaks() -> None:
    source = c('void f(int a)\n{\n    show("%d\\n", a);\n}\n')
    assert text(RenameTokens(), source, a="x") == 'void f(int x)\n{\n    show("%d\n", x);\n}\n'
    assert text(RenameTokens(), source) == 'void f(int a)\n{\n    show("%d\n", a);\n}\n'


def test_names_are_given_one_after_the_other() -> None:
    source = c("int f(int a, int b) { return a - b; }")
    assert text(RenameTokens(), source, a="x", b="x") == "int f(int x, int x) { return x - x; }"
    assert text(RenameTokens(), source, a="b", b="y") == "int f(int y, int y) { return y - y; }"
    assert text(RenameTokens(), source, b="y", a="b") == "int f(int b, int y) { return b - y; }"


def test_bytes_are_taken_for_characters() -> None:
    source = c('int f(int a) { show("é", a); return a; }\nint g(int a) { return a; }')
    assert text(RenameTokens(), source, a="x") == (
        'int f(int x) { show("é", a); return a; }\nint g(int x) { return x; }'
    )


def test_masks_every_token_of_the_name() -> None:
    probes = RenameTokens().masked(c("int f(int a) { return s.a; } /* a */"), "a", "<mask>")
    assert [probe.text for probe in probes] == [
        "int f(int <mask>) { return s.a; } /* a */",
        "int f(int a) { return s.<mask>; } /* a */",
    ]
    assert all(probe.is_probe for probe in probes)


def test_edits_come_before_the_names() -> None:
    source = c("int f(int a) { return a; }")
    edit = Edit("any", (Splice(23, 23, " + a"),))
    candidate = RenameTokens().apply(source, {"a": "x"}, (edit,))
    assert candidate == Candidate("int f(int x) { return x + x; }", {"a": "x"}, (edit,))
    assert RenameTokens().apply(source, {}, (edit, edit)) is None
    assert RenameTokens().edits(source) == ()


def test_together_one_name_on_a_line_is_written_well() -> None:
    source = c("int f(int a)\n{\n    int b = 1;\n    return a + a;\n}\n")
    wanted = "int f(int long_a)\n{\n    int long_b = 1;\n    return long_a + long_a;\n}\n"
    assert text(RenameTokensTogether(), source, a="long_a", b="long_b") == wanted


def test_together_two_names_in_order_of_the_line_are_written_well() -> None:
    source = c("int f(int a, int b) { return 0; }")
    assert text(RenameTokensTogether(), source, a="long_a", b="long_b") == "int f(int long_a, int long_b) { return 0; }"


def test_together_two_names_out_of_order_garble_the_line() -> None:
    source = c("int f(int aa, int b) { return 0; }")
    assert text(RenameTokensTogether(), source, b="xyz", aa="q") == "int f(int aaqint xyz) { return 0; }"
    assert text(RenameTokensTogether(), source, b="xyz", aa="aa") == "int f(int aaaaint xyz) { return 0; }"
    assert text(RenameTokens(), source, b="xyz", aa="q") == "int f(int q, int xyz) { return 0; }"


@pytest.mark.parametrize("language", ["c", "java", "python"])
def test_code_that_is_none_has_no_targets(language: str) -> None:
    for broken in ("", "}}} (((", "\ud800"):
        source = analyse(broken, language)
        assert RenameTokens().targets(source) == ()
        assert text(RenameTokens(), source, a="x") == broken


def test_finds_nearly_all_names_for_which_substitutes_were_published(shared_data: Path) -> None:
    def rows(name: str) -> list[dict[str, object]]:
        return [json.loads(line) for line in (shared_data / "devign" / name).read_text().splitlines()[:100]]

    found = total = 0
    for function, published in zip(rows("test.jsonl"), rows("test_substitutes.jsonl"), strict=True):
        assert function["idx"] == published["idx"]
        assert isinstance(published["substitutes"], dict)
        targets = RenameTokens().targets(c(str(function["func"])))
        found += len(published["substitutes"].keys() & set(targets))
        total += len(published["substitutes"])
    assert found / total > 0.9
