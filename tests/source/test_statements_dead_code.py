"""Dead code: where it may stand, and that every compiler takes it there."""

from __future__ import annotations

import pytest

from robust_ray.source import analyse
from robust_ray.source._scopes import WORD
from robust_ray.source.compilers import compiler, compiles
from robust_ray.source.languages import is_reserved
from robust_ray.source.statements import RULES
from robust_ray.source.statements.dead_code import STATEMENTS
from tests.source.edited_programs import rewritten


def places(code: str, language: str) -> str:
    """The program with a mark wherever a statement may be put."""
    source = analyse(code, language)
    data = source.data
    for start in sorted({edit.splices[0].start for edit in RULES["dead_code"](source)}, reverse=True):
        data = data[:start] + b"~" + data[start:]
    return data.decode()


PLACES = {
    "c": (
        "c",
        """
int f(int a) {
    ~int b = a;
    ~if (a) {
        ~b++;
    } else if (b)
        b--;
    ~while (a) a--;
    ~switch (a) {
    case 1: ~b = 2; ~break;
    default: ~b = 3;
    }
~end:
    return b;
}
""",
    ),
    "java": (
        "java",
        """
class A extends B {
    int n = 1;
    static { ~n(); }
    A() { super(1); ~n = 2; }
    int f(int a) {
        ~Runnable r = () -> { ~g(); };
        ~switch (a) { case 1: ~g(); ~break; default: ~h(); }
        ~int y = switch (a) { case 1 -> { ~yield 2; } default -> 3; };
        ~try { ~g(); } catch (E e) { ~throw e; } finally { ~h(); }
        ~outer: for (;;) { ~break outer; }
        ~do g(); while (a > 0);
        ~return a;
    }
}
""",
    ),
    "python": (
        "python",
        '''"""Module."""
~import os
~class A:
    """Docstring."""
    ~x = 1
    ~@property
    def f(self):
        "Docstring." "Still."
        ~global y
        ~if self: y = 1
        elif y:
            ~y = 2; z = 3
        else:
            # a comment
            ~return (
                y)
        ~match y:
            case 1:
                ~return 1
''',
    ),
    "python, from the future": ("python", '"""M."""\nfrom __future__ import a\n~import os\n~"no docstring"\n'),
    "c, the first case": ("c", "void f(int a) { ~switch (a) { int b; case 1: ~g(); } }"),
    "c, beside a syntax error": ("c", "void f() { a(); ) b(); }"),
    "c, the loop of a macro": ("c", "void f() { FOREACH(a, b) { c(); d(); } }"),
    "c, what the preprocessor may leave out": ("c", "void f() {\n#ifdef A\n    b();\n#endif\n    c();\n    ~d();\n}"),
    "c, a macro": ("c", "#define F(a) do { a(); \\\n    b(); } while (0)\n"),
    "c, a comment that goes on": ("c", "void f() {\n    // a comment \\\n    g();\n    ~h();\n}"),
    "java, the first call of a constructor": ("java", "class A { int n = 1; A() { this(1); } }"),
    "python, a docstring behind a comment": ("python", "# A comment.\n'''A docstring.'''\n"),
    "python, several statements on a line": ("python", "~a = 1; b()\n"),
    "python, a line that goes on": ("python", "~a = 1; \\\nb = 2\n"),
    "python, lines ended by a return alone": ("python", "a = 1\rb = 2\r"),
}


@pytest.mark.parametrize(("language", "marked"), PLACES.values(), ids=PLACES.keys())
def test_every_place_and_no_other(language: str, marked: str) -> None:
    assert places(marked.replace("~", ""), language) == marked


def only(code: str, language: str, start: str) -> list[str]:
    """The programs that got the statement which begins like this."""
    return [text for text in rewritten(code, language, "dead_code") if start in text]


def test_nothing_stands_before_a_docstring_in_parentheses() -> None:
    assert rewritten("def f():\n    ('text')\n", "python", "dead_code")[0].endswith("def f():\n    ('text')\n")
    assert not any("'text')" in text.split(":\n    ")[-1] for text in rewritten("('text')\n", "python", "dead_code"))


def test_escapes_of_java_may_hide_code() -> None:
    code = "class A {{ void f(int x) {{ // {} if (x > 0)\n g(); }} }}"
    assert rewritten(code.format("\\u000a"), "java", "dead_code") == []
    assert rewritten(code.format("\\u00e4"), "java", "dead_code")


def test_a_macro_of_the_text_may_be_part_of_a_statement() -> None:
    code = "#define {}\nint a;\nvoid f(int x) {{ if (x) g(); ELSE h(); }}"
    assert rewritten(code.format("ELSE else"), "c", "dead_code") == []
    assert rewritten(code.format("ELSE 3"), "c", "dead_code")


def test_a_statement_gets_a_line_of_its_own_where_the_next_one_has_one() -> None:
    assert only("void f() {\n\ta();\n}", "c", "while (0) {") == ["void f() {\n\twhile (0) { }\n\ta();\n}"]
    assert only("void f() { a(); }", "c", "while (0) {") == ["void f() { while (0) { } a(); }"]


def test_python_is_indented_as_the_next_statement() -> None:
    assert only("if a:\n\tb()\n", "python", "while False") == [
        "while False:\n    pass\nif a:\n\tb()\n",
        "if a:\n\twhile False:\n\t    pass\n\tb()\n",
    ]


def test_line_ends_stay_what_they_are() -> None:
    assert only("if a:\r\n  b()\r\n", "python", "assert") == [
        "assert True\r\nif a:\r\n  b()\r\n",
        "if a:\r\n  assert True\r\n  b()\r\n",
    ]


ONE_NAME = {"c": "int f(int {}) {{ g(); }}", "java": "int f(int {}) {{ g(); }}", "python": "def f({}):\n  g()\n"}


@pytest.mark.parametrize("language", STATEMENTS)
def test_a_statement_brings_no_name_that_the_program_has(language: str) -> None:
    def count(name: str) -> int:
        return len(rewritten(ONE_NAME[language].format(name), language, "dead_code"))

    words = {word for lines in STATEMENTS[language] for line in lines for word in WORD.findall(line)}
    assert all(count(word) < count("a") for word in words if not is_reserved(word, language))


WHEREVER = {
    "c": """int f(int a) { ~ int b = a; ~ switch (a) { case 1: ~ break; default: ~ return 1; }
        while (a) { ~ a--; } for (;;) { ~ break; } ~ goto end; end: return b; }""",
    "java": """class A { int n; static { ~ f(); } static void f() { ~ } A() { super(); ~ n = 1; } A(int a) { this(); ~ }
        int f(final int a) { ~ int b; ~ if (a > 1) { ~ b = 1; } else { ~ b = 2; } while (true) { ~ if (n > b) break; }
        Runnable r = () -> { ~ n = 2; }; ~ int c = switch (a) { case 1 -> { ~ yield b; } default -> 2; };
        try { ~ n = c; } finally { ~ n++; } ~ return b; } }""",
    "python": "def f(a):\n    ~while a:\n        ~a -= 1\n    ~return a\nclass A:\n    ~x = 1\n~f(1)\n",
}


@pytest.mark.parametrize("language", WHEREVER)
def test_every_statement_compiles_wherever_one_may_stand(language: str) -> None:
    if compiler(language) is None:
        pytest.skip(f"no compiler of {language}")
    for lines in STATEMENTS[language]:
        text = ""
        for line in WHEREVER[language].splitlines(keepends=True):
            blanks, mark, statement = line.partition("~")
            if language == "python" and mark:
                line = "".join(f"{blanks}{part}\n" for part in lines) + blanks + statement
            text += line.replace("~", " ".join(lines))
        assert compiles(text, language), text
