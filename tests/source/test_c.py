"""Names of C programs that may be changed, and those that only look as if they might."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from robust_ray.source import analyse, check
from tests.source.programs import names, rename_all

CASES = {
    "parameters, locals, the function and its calls": (
        "static int fact(int n) { int r = 1; for (int i = 0; i < n; i++) r *= i; return n ? fact(n - 1) : r; }",
        {"fact", "n", "r", "i"},
    ),
    "a function that is only declared keeps its name": ("int g(int a); int f(int b) { return g(b); }", {"a", "f", "b"}),
    "a prototype of a function defined here goes along": ("int f(int); int f(int b) { return b; }", {"f", "b"}),
    "main keeps its name": ("int main(int argc, char **argv) { return argc; }", {"argc", "argv"}),
    "members keep theirs, also when a local is called alike": (
        "int f(struct s *p, int len) { p->len = len; return (*p).len + len; }",
        {"f", "p", "len"},
    ),
    "designators are members": (
        "void f(int a, int b) { struct s x = { .a = a, .c = b }; int y[] = { [1] = a }; }",
        {"f", "a", "b", "x", "y"},
    ),
    "labels are no variables": ("void f(int a) { goto out; out: a++; }", {"f", "a"}),
    "struct tags are no variables": ("void f(void) { struct node *node = 0; node->next = 0; }", {"f", "node"}),
    "a typedef name and a variable of one spelling": ("void f(item *x) { int item = 1; item++; }", {"f", "x"}),
    "enumerators": ("int f(int x) { enum { RED, blue = 2 }; return x == blue; }", {"f", "x"}),
    "file scope is seen from elsewhere": ("int count; static int f(int a) { return count + a; }", {"f", "a"}),
    "a local that shadows a variable of the file": ("int n; int f(void) { int n = 2; return n; }", {"f"}),
    "extern variables": ("int f(void) { extern int errs; int x = errs; return x; }", {"f", "x"}),
    "used before it is declared, so another one is meant": ("void f(void) { x = 1; { int x; x = 2; } }", {"f"}),
    "two of one name in sibling blocks": ("void f(void) { { int x = 1; } { int x = 2; } }", {"f", "x"}),
    "preprocessor lines": (
        "int f(int a, int b, int c) {\n#define TWICE a + a\n#if b\n  c = 1;\n#else\n  c++;\n#endif\n  return TWICE; }",
        {"f", "c"},
    ),
    "arguments of a macro of this text may be made strings": (
        "#define SHOW(x) puts(#x)\nvoid f(int a, int b) { SHOW(a); b++; }",
        {"f", "b"},
    ),
    "members in list macros": (
        "void f(struct h *head) { struct e *e, *next; QLIST_FOREACH(e, head, next) { free(e); } next = 0; }",
        {"f", "e"},
    ),
    "a macro that makes up the function's name": ("void glue(put, SUFFIX)(int a) { a++; }", {"a"}),
    "attributes": ("void f(int a __attribute__((unused)), int unused) { a = 1; }", {"f", "a"}),
    "assembly": ('void f(int a, int b) { asm("mov %0, 1" : "=r"(a)); b++; }', {"f", "b"}),
    "sizeof and casts": (
        "int f(int n) { int size = 4; return sizeof(size) + sizeof size + (long)size + n; }",
        {"f", "n", "size"},
    ),
    "a variable the parser takes for a type": ("void f(int a, int b) { a * b; }", {"f", "b"}),
    "function pointers": (
        "int f(int (*g)(int x), int y) { int (*h)(int) = g; return h(y) + (*g)(y); }",
        {"f", "g", "x", "y", "h"},
    ),
    "names in a region that does not parse": ("void f(int a, int b) { b = 1; int x[] a; }", {"f", "b", "x"}),
    "unknown macros before the name": (
        "static av_cold int f(AVCodecContext *avctx) { return avctx->x; }",
        {"f", "avctx"},
    ),
    "K&R definitions": ("int f(a, b)\nint a; char *b;\n{ return a + *b; }", {"f", "a", "b"}),
    "statement expressions": ("int f(int a) { return ({ int t = a; t + 1; }); }", {"f", "a", "t"}),
    "members of other lists": (
        "void f(struct h *h, struct e *e, int next) { CIRCLEQ_REMOVE(h, e, next); next++; }",
        {"f", "h"},
    ),
    "a macro that takes the place of a member": (
        "#define SHOW(x) show(#x)\nint f(struct s *p, int a, int b) { return p->SHOW(a) + b; }",
        {"f", "p", "b"},
    ),
    "a macro between strings": ('#define SHOW(x) #x\nconst char *f(int a) { return "(" SHOW(a) ")"; }', {"f"}),
    "macros by other names": (
        "#define SHOW(x) #x\n#define ALSO SHOW\nchar *f(int a, int b) { g(b); return ALSO (a); }",
        {"f", "b"},
    ),
    "a comment in a directive": ("#/**/define SHOW(x) g(#x)\nvoid f(int a, int b) { SHOW(a); b++; }", {"f", "b"}),
    "a directive on two lines": ("#define \\\nSHOW(x) g(#x)\nvoid f(int a, int b) { SHOW(a); b++; }", {"f", "b"}),
    "macros that make up names": ("#define V(n) var_##n\nint f(int var_1) { return V(1); }", set()),
    "macros of headers that make strings or names": (
        "void f(int a, int b, int c, int d) { g(__STRING(a)); g(stringify(b), TOSTRING(c)); d++; }",
        {"f", "d"},
    ),
    "a directive in a string": (
        'void f(int n) { int k, m; _Pragma("omp parallel for private(k)") m = n; }',
        {"f", "n"},
    ),
    "a function that says its name": ("void f(int a) { g(__func__); }\nvoid h(void) { f(1); }", {"a", "h"}),
    "a function that takes the place of a library's": ("int puts(const char *s) { return 1; }", {"s"}),
    "functions that are registered": ("static int start(int a) { return a; }\nmodule_init(start);", {"a"}),
    "what may be a macro's head": ("define_test(name) { int a = 1; a++; }", {"a"}),
    "local labels": ("void f(int a) { __label__ out; goto out; out: a++; }", {"f", "a"}),
    "the address of a label": ("void f(int a, int out) { void *p = &&out; goto *p; out: a++; }", {"f", "a"}),
    "a local that a function's type declares": (
        "typedef int fn(const char *); int f(int a) { fn puts; a++; return puts(0); }",
        {"f", "a"},
    ),
    "a word on two lines": ("int f(int count) { return co\\\nunt; }", set()),
    "unicode in front": ('void f(char *s) { char *t = "é€😀"; /* ü */ t = s; }', {"f", "s", "t"}),
    "nothing at all": ("", set()),
    "not C": ("}{ ??? \x00 #", set()),
}


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=CASES.keys())
def test_names_that_may_be_changed(code: str, expected: set[str]) -> None:
    assert names(code, "c") == expected


@pytest.mark.parametrize("code", [code for code, _ in CASES.values()], ids=CASES.keys())
def test_renaming_them_all_is_valid(code: str) -> None:
    source = analyse(code, "c")
    text, renames = rename_all(source)
    assert check(source, text, renames).is_valid


COMPILABLE = [
    "int sum(int *values, int n) { int total = 0; for (int i = 0; i < n; i++) total += values[i]; return total; }",
    "struct s { int n; }; int f(struct s *p, int n) { struct s q = { .n = n }; p->n = q.n; return (p)->n; }",
    "int g(int); int f(int a) { int (*h)(int) = g; { int a = 2; h(a); } return (a) - 1 + sizeof(a); }",
    "enum e { A, B }; int f(enum e x) { switch (x) { case A: goto end; case B: return 1; } end: return f(A); }",
    "#define ADD(a, b) ((a) + (b))\nint f(int x, int y) { int a = ADD(x, y); return a; }",
    "typedef int t; int f(t x) { t y = x; typedef struct { t x; } u; u z = { x }; return z.x + y; }",
]


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")
@pytest.mark.parametrize("code", COMPILABLE)
def test_what_gcc_takes_it_takes_renamed(code: str, tmp_path: Path) -> None:
    text, renames = rename_all(analyse(code, "c"))
    assert renames
    for name, program in (("before.c", code), ("after.c", text)):
        path = tmp_path / name
        path.write_text(program)
        subprocess.run(["gcc", "-fsyntax-only", "-Werror=implicit", str(path)], check=True)
