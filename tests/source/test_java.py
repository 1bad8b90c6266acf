"""Names of Java programs that may be changed, and those that only look as if they might."""

from __future__ import annotations

import pytest

from robust_ray.source import analyse, check
from tests.source.programs import names, rename_all

CASES = {
    "a method without its class": (
        "public static int sum(int[] a, String... rest) { int r = 0; for (int x : a) r += x; return r; }",
        {"sum", "a", "rest", "r", "x"},
    ),
    "fields keep their names": ("class A { int n; int f(int m) { return n + this.n + m; } }", {"f", "m"}),
    "a parameter that shadows a field, whose member is written": ("void f(int x) { this.x = x; }", {"f", "x"}),
    "a name that is a field elsewhere in the text": (
        "class A { int x; void f(int x) { g(x); } int h() { return x; } }",
        {"f", "h"},
    ),
    "a variable named like a method that is not ours": ("int f() { int size = size(); return size; }", {"f", "size"}),
    "a variable named like a method that is": ("class A { int go() { int go = 1; return go + go(); } }", {"go"}),
    "a call in a method without its class may mean an overload": ("void f(int a) { f(a, 1); }", {"a"}),
    "a call through an object": ("class A { int f(A other) { return other.f(this); } }", {"other"}),
    "method references": ("class A { int f(int x) { return 1; } void g() { h(this::f); } }", {"x", "g"}),
    "overriding, well known, annotated and abstract methods": (
        "abstract class A { @Override public int f() {} String toString() {} @Test void t() {} abstract void a(); }",
        set(),
    ),
    "harmless annotations": ('class A { @SuppressWarnings("x") void f() {} }', {"f"}),
    "a class that extends another may override it": (
        "class A extends B { void f() {} private void g() {} static void h() {} }",
        set(),
    ),
    "a class whose ancestors are known": (
        "class A extends B implements Runnable { void f() {} private void g() {} } class B { static void h() {} }",
        {"g", "h"},
    ),
    "methods of interfaces and enums": ("interface I { void f(int a); } enum E { A, B; void g() {} }", {"a"}),
    "a method named in a string may be found by reflection": ('class A { void f() { find("f"); } void g() {} }', {"g"}),
    "an anonymous class sees outer locals, and its own fields": (
        "void f(final int a) { Runnable r = new Runnable() { int n = a; public void run() { use(a, n); } }; r.run(); }",
        {"f", "a", "r"},
    ),
    "a call inside an anonymous class may be inherited": (
        "class A { void f() {} void g() { new B() { void h() { f(); } }; } }",
        {"g"},
    ),
    "lambdas": ("void f() { g(x -> x + 1, (y, z) -> y * z, (int w) -> w); }", {"f", "x", "y", "z", "w"}),
    "try, catch and resources": (
        "void f() { try (Reader in = open(); out) { in.read(); } catch (A | B e) { log(e); } }",
        {"f", "in", "e"},
    ),
    "patterns": (
        "int f(Object o) { if (!(o instanceof A s)) return 0; return switch (o) { case B i -> i; default -> s.n; }; }",
        {"f", "o"},
    ),
    "case labels may be constants of an enum": (
        "void f(Color c) { int RED = 1; switch (c) { case RED: g(RED); } }",
        {"f", "c"},
    ),
    "labels": ("void f(int i) { i: for (;;) { if (i > 0) break i; else continue i; } }", {"f", "i"}),
    "types and packages": (
        "void f() { java.util.List<Foo> Foo = new java.util.ArrayList<Foo>(); Foo.add(null); }",
        {"f"},
    ),
    "a class used by name": ("void f(int a) { Math.max(a, Foo.BAR); }", {"f", "a"}),
    "used before it is declared, so a field is meant": ("void f() { int y = x; int x = 2; g(x, y); }", {"f", "y"}),
    "records": ("record P(int x, int y) { int sum() { int s = x + y; return s; } }", {"s"}),
    "constructors": ("class A { A(int x) { this(x, 1); } A(int x, int y) { super(x); } }", {"x", "y"}),
    "a constructor without its class": ("public Foo(int a) { b = a; }", {"a"}),
    "annotation arguments": ("void f(@Max(limit) int a, int limit, int b) { a = 1; }", {"f", "b"}),
    "parameters that are found by name": (
        "class A { @GetMapping String f(String a) { return a; } @Override void g(@Nullable String b) {} }",
        {"b"},
    ),
    "what an anonymous class takes may be a field it inherits": (
        "void f(byte[] b, int n, int m) { use(new ByteArrayInputStream(b) { int g() { return count + n; } }, m); }",
        {"f", "b", "m"},
    ),
    "so may what a local class takes": (
        "void f(int n, int m) { class L extends Base { int g() { return n; } } use(new L(), m); }",
        {"f", "m"},
    ),
    "methods that are looked for": ("class A { static void doX() {} static void g(int a) { k.getMethod(n); } }", {"a"}),
    "methods of serialization": ("class A { private void readObjectNoData() {} }", set()),
    "tests are found by name": ("void testAll() { int a = 1; }", {"a"}),
    "escapes may hide code": ("class A { int f() { int a = 1; // \\u000a a = 5;\n return a; } }", set()),
    "words in a region that does not parse": ("void f(int a, int b) { b = 1; int x[] a; }", {"f", "b", "x"}),
    "unicode in front": ('void f(String s) { String t = "é€😀"; /* ü */ t = s; }', {"f", "s", "t"}),
    "nothing at all": ("", set()),
}


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=CASES.keys())
def test_names_that_may_be_changed(code: str, expected: set[str]) -> None:
    assert names(code, "java") == expected


@pytest.mark.parametrize("code", [code for code, _ in CASES.values()], ids=CASES.keys())
def test_renaming_them_all_is_valid(code: str) -> None:
    source = analyse(code, "java")
    text, renames = rename_all(source)
    assert check(source, text, renames).is_valid
