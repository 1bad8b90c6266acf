"""A catalogue of real weaknesses, each as the same statements put together rightly and wrongly.

A *flow* is sound when what reaches the sink has passed the sanitizer, and weak when the raw value does. An *order* is
sound when the guard comes before what it guards. Both variants are made of the same statements, so that counting words
says little; to tell them apart is to see which value goes where, and what comes first.

Numbers are those of the Common Weakness Enumeration, https://cwe.mitre.org.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Flow:
    """Untrusted data on its way to a sink."""

    cwe: int
    title: str
    noun: str
    """What the data is: part of its variables' names."""

    sanitizer: str
    sinks: tuple[str, ...]

    def statements(self, raw: str, clean: str, note: str, sink: str, *, sound: bool) -> str:
        """Sanitize, then note one value and use the other."""
        used, noted = (clean, raw) if sound else (raw, clean)
        return "\n".join((f"{clean} = {self.sanitizer.format(raw)}", note.format(noted), sink.format(used)))


@dataclass(frozen=True)
class Order:
    """A guard, and what must not happen before it."""

    cwe: int
    title: str
    names: tuple[str, ...]
    """Usual names of the variable they speak of."""

    guards: tuple[str, ...]
    uses: tuple[str, ...]
    opening: str = ""
    """What comes before both."""

    def statements(self, name: str, guard: str, use: str, *, sound: bool) -> str:
        """Guard and use, in the right order or the wrong one."""
        first, second = (guard, use) if sound else (use, guard)
        return "\n".join(line.format(name) for line in (self.opening, first, second) if line)


NOTES = ("audit({})", "history.append({})", "logger.debug({})", "seen.add({})", "metrics.count({})")
"""Harmless uses of a value, whoever made it."""

SOURCES = (
    "{name} = input()",
    "{name} = sys.argv[1]",
    "{name} = request.get('{noun}')",
    "{name} = environ['{noun}']",
    "{name} = connection.recv()",
    "{name} = form['{noun}']",
)
"""Where untrusted data comes from when the host function has no parameter to offer."""

RAW_NAMES = ("raw_{}", "user_{}", "untrusted_{}", "given_{}", "{}_input")
CLEAN_NAMES = ("safe_{}", "clean_{}", "checked_{}", "valid_{}", "trusted_{}")
NEUTRAL_NAMES = (
    "value",
    "text",
    "entry",
    "item",
    "arg",
    "data",
    "field",
    "content",
    "current",
    "result",
    "obj",
    "temp",
)
"""Names that say nothing about the value."""

FLOWS = (
    Flow(
        22, "path traversal", "path", "os.path.basename({})", ("handle = open({})", "os.remove({})", "os.listdir({})")
    ),
    Flow(73, "external control of a file name", "name", "secure_filename({})", ("open({}, 'wb')", "shutil.rmtree({})")),
    Flow(78, "OS command injection", "command", "shlex.quote({})", ("os.system({})", "os.popen({})")),
    Flow(79, "cross-site scripting", "comment", "html.escape({})", ("page.write({})", "template.render({})")),
    Flow(89, "SQL injection", "query", "escape_sql({})", ("cursor.execute({})", "rows = database.query({})")),
    Flow(93, "CRLF injection", "header", "strip_newlines({})", ("response.set_header({})", "message.add_header({})")),
    Flow(95, "code injection", "expression", "check_literal({})", ("eval({})", "exec({})")),
    Flow(312, "cleartext storage of a secret", "password", "hash_password({})", ("store.save({})", "config.write({})")),
    Flow(
        502,
        "deserialization of untrusted data",
        "blob",
        "verify_signature({})",
        ("pickle.loads({})", "marshal.loads({})"),
    ),
    Flow(601, "open redirect", "url", "same_origin({})", ("redirect({})", "urlopen({})")),
    Flow(625, "injection into a pattern", "pattern", "re.escape({})", ("re.compile({})", "re.sub({}, '', line)")),
    Flow(789, "uncontrolled allocation", "size", "min({}, LIMIT)", ("bytearray({})", "buffer.resize({})")),
)

ORDERS = (
    Order(
        129,
        "index used before the check of its range",
        ("index", "offset", "position", "slot"),
        ("if {} >= len(table):\n    return None", "check_range({}, table)"),
        ("chosen = table[{}]", "del table[{}]"),
    ),
    Order(
        354,
        "use before the integrity check",
        ("packet", "archive", "update", "chunk"),
        ("verify_checksum({})",),
        ("install({})", "apply({})"),
    ),
    Order(
        369,
        "division before the check for zero",
        ("divisor", "total", "weight", "scale"),
        ("if {} == 0:\n    return 0",),
        ("ratio = amount / {}", "rest = amount % {}"),
    ),
    Order(
        476,
        "use before the check for None",
        ("node", "parent", "match", "record", "owner"),
        ("if {} is None:\n    return None", "if not {}:\n    return"),
        ("count = {}.size", "{}.update()", "label = {}.name"),
    ),
    Order(
        667,
        "write after the lock is released",
        ("lock", "mutex", "guard", "monitor"),
        ("shared.update(changes)", "total.increment()"),
        ("{}.release()",),
        opening="{}.acquire()",
    ),
    Order(
        672,
        "use after release",
        ("handle", "stream", "reader", "sock", "channel"),
        ("payload = {}.read()", "{}.flush()"),
        ("{}.close()",),
    ),
    Order(
        862,
        "action before authorization",
        ("user", "account", "session", "actor"),
        ("require_permission({})", "if not {}.is_admin:\n    return"),
        ("delete_all({})", "grant({})"),
    ),
    Order(
        908,
        "use before initialisation",
        ("context", "engine", "device", "driver"),
        ("{}.initialize()", "{}.open()"),
        ("{}.start()", "{}.send(job)"),
    ),
)
