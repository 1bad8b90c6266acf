"""Names of Python programs that may be changed, and those that only look as if they might."""

from __future__ import annotations

import pytest

from robust_ray.source import Level, analyse, check
from tests.source.programs import names, rename_all

CASES = {
    "parameters of all sorts, and their defaults": (
        "def f(a, /, b=n, *args, c: int = 1, **kwargs): return a, b, args, c, kwargs",
        {"f", "a", "b", "args", "kwargs"},
    ),
    "methods and self": ("class A:\n  def f(self, x):\n    self.x = x\n    return self.f(x)", {"x"}),
    "a method cut out of its class": ("def f(self, x):\n  return self.f(x)", {"x"}),
    "class bodies": ("class A:\n  n = 1\n  def f(self, n):\n    return n", set()),
    "a parameter used as a keyword anywhere": ("def f(a, b):\n  return g(a=b)", {"f", "b"}),
    "a local used as a keyword elsewhere is another matter": ("def f():\n  a = 1\n  return g(a=a)", {"f", "a"}),
    "attributes": ("def f(x):\n  x.y = 1\n  y = x.x\n  return y.y", {"f", "x", "y"}),
    "globals and nonlocals": (
        "def f():\n  global a\n  a = b = 1\n  def g():\n    nonlocal b\n    b = c = 2\n    return c",
        {"f", "g", "c"},
    ),
    "imports": ("def f():\n  import a.b, c as d\n  from e import g as h, i\n  j = a, d, h, i\n  return j", {"f", "j"}),
    "locals sees all names": ("def f(a):\n  b = 1\n  return locals()", set()),
    "so do eval, exec and frames": ("def f(a):\n  return sys._getframe().f_locals", set()),
    "f-strings, nested": ("def f(a, b, c):\n  return f'{a!r:>{b}} {c}' f\"{c + 1}\"", {"f", "a", "b", "c"}),
    "f-strings that show the name": ("def f(a, b):\n  return f'{a=} {b}'", {"f", "b"}),
    "comprehensions": (
        "def f(a):\n  x = [x for x in a if x]\n  return {k: v for k, v in x}, (y for z in a for y in z)",
        {"f", "a", "x", "k", "v", "y", "z"},
    ),
    "walrus": ("def f(a):\n  return [y := x for x in a], y, (z := 1)", {"f", "a", "x", "y", "z"}),
    "with, except, for": (
        "def f():\n  with a() as (b, c), d() as e: pass\n  try: pass\n  except E as x: x\n  for i, *j in b: i\n  del j",
        {"f", "b", "c", "e", "x", "i", "j"},
    ),
    "lambdas": ("g = lambda x, *y, z=w: x + y + z", {"g", "x", "y"}),
    "match": (
        "def f(a, b):\n  match a:\n    case P(b=1, x=y): return y\n    case [q]: return q\n  return b",
        {"f", "a"},
    ),
    "decorated functions keep their name": (
        "@app.route\ndef f(a):\n  @wraps\n  def g(b): return b\n  return g",
        {"b"},
    ),
    "decorators that pass on what they get": ("class A:\n  @property\n  def f(self): return [a for a in self]", {"a"}),
    "special names": ("__all__ = ['f']\ndef f(a): return a\ndef g(): pass\ndef __getattr__(n): pass", {"a", "g", "n"}),
    "names a class mangles": ("class A:\n  def f(self, __x): return __x", set()),
    "free names": ("def f(a):\n  return helper(a, CONST)", {"f", "a"}),
    "a name that is free in one function and bound in another": (
        "def f():\n  x = 1\n  return x\ndef g():\n  return x",
        {"f", "g"},
    ),
    "a builtin rebound at module level may still be the builtin": (
        "if old:\n  input = raw_input\ndef f(id): return input(id)",
        {"f", "id"},
    ),
    "module variables": ("n = 3\nfor i in range(n):\n  print(i)", {"n", "i"}),
    "closures": ("def f(x):\n  def g():\n    return x\n  return g", {"f", "x", "g"}),
    "type parameters": ("def f[T](a: T) -> T:\n  T = 1\n  return a", {"f", "a"}),
    "annotations": (
        "def f(a: 'int', b: list[a2]) -> c.d:\n  x: int\n  y: int = b\n  return a",
        {"f", "a", "b", "x", "y"},
    ),
    "Python 2": ("def f(a, (b, c)):\n  try:\n    print >>a, b\n  except E, e:\n    print c, e", {"f", "a", "b", "c"}),
    "exec of Python 2": ("def f(a):\n  exec a", set()),
    "names that Python normalizes": ("def f(ﬁ, x):\n  return fi + x", {"f", "x"}),
    "unicode": ("def f(ä, b):\n  '€😀'; return ä + b", {"f", "ä", "b"}),
    "nothing at all": ("", set()),
    "an indented method": ("    def f(self, a):\n        return a\n", {"a"}),
    "keywords in a mapping": ("def f(limit, other):\n    return limit\n\nf(**{'limit': 3})\n", {"f", "other"}),
    "keywords for a thread": ("def f(n, m): return m\nThread(target=f, kwargs={'n': 1})", {"f", "m"}),
    "keywords for a thread, made elsewhere": ("def f(n): return n\nThread(target=f, kwargs=read())", {"f"}),
    "keywords in any mapping": ("def f(limit, other):\n    return limit\n\nf(**read())\n", {"f"}),
    "keywords passed on": (
        "def f(limit):\n    return limit\ndef g(*args, **kwargs):\n    return f(*args, **kwargs)\n",
        {"f", "limit", "g", "args", "kwargs"},
    ),
    "a test and its fixtures": ("def test_f(a):\n  b = a\n  return b", {"b"}),
    "names seen by inspection": ("import inspect\ndef f(a):\n  return inspect.signature(f)", set()),
    "names seen in code objects": ("def f(a):\n  return f.__code__.co_varnames", set()),
    "dir lists locals": ("def f(a):\n  return dir()", set()),
    "dir of an object does not": ("def f(a):\n  return dir(a)", {"f", "a"}),
    "a function asked for its name": ("def f(a):\n  return f.__name__, type(a).__name__", {"a"}),
    "a class asked for its name": ("def f(a):\n  return type(a).__name__, a.__class__.__name__", {"f", "a"}),
    "names looked up in the module": (
        "import sys\nn = 1\ndef do_a(b):\n  return getattr(sys.modules[__name__], 'do_' + b)",
        {"b"},
    ),
    "a variable of the module named in a string": (
        "FOO = 1\ndef f(a):\n  n = 'n'\n  return has('FOO', n)",
        {"f", "a", "n"},
    ),
    "code in strings": ("import cProfile\ndef f(): pass\ndef g(): cProfile.run('f()')", {"g"}),
    "paths of names in strings": ("def f(): pass\nwith replaced('__main__.f'): pass", set()),
    "this module run as a script": ("def f(): pass\nif __name__ == '__main__': f()", {"f"}),
    "examples in a docstring": ('def f(a, b):\n  """\n  >>> f(a=3)\n  """\n  return b', {"b"}),
    "variables in a query": ("def f(df, limit):\n  return df.query('x > @limit')", {"f", "df"}),
    "types in strings": ("V = int\ndef f(a: 'list[V]'): return a", {"f", "a"}),
    "names may come from elsewhere": ("from math import *\nn = 3\ndef f(a): return n + a", {"a"}),
    "a name a class may mean by another": ("_A__x = y = 1\nclass A:\n  def f(self): return __x", {"y"}),
    "what __all__ lists": ("FOO = 1\nBAR = 2\n__all__ = ['FOO']\n", {"BAR"}),
    "__all__ made longer": ("FOO = 1\n__all__ += ('FOO',)\n", set()),
}


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=CASES.keys())
def test_names_that_may_be_changed(code: str, expected: set[str]) -> None:
    assert names(code, "python") == expected


@pytest.mark.parametrize("code", [code for code, _ in CASES.values()], ids=CASES.keys())
def test_renaming_them_all_is_valid(code: str) -> None:
    source = analyse(code, "python")
    text, renames = rename_all(source)
    assert check(source, text, renames).is_valid


def test_an_indented_method_is_compiled_too() -> None:
    source = analyse("    def f(self, a):\n        return a\n", "python")
    assert check(source, *rename_all(source)).level is Level.COMPILE
