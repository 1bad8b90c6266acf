"""The command line: list, inspect, plan, run, status, audit, doctor.

Exit status: 0 when every call succeeded, 1 when a call failed (audit: when an example that counts is not valid), 2 for
a mistake the user can mend, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
import sys
import typing
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from robust_ray import __version__
from robust_ray.core.component import Component, Registry, load_plugins, summary
from robust_ray.core.errors import RobustRayError, SweepError, did_you_mean

if TYPE_CHECKING:
    from robust_ray.sweep import Sweep

ON = ("ray", "serial")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        status: int = options.command(options, Console())
    except RobustRayError as error:
        print(f"robust-ray: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"robust-ray: this machine does not let us go on: {error}; check its disks and rights", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            "robust-ray: stopped; what is complete is in the store, the same command goes on from there",
            file=sys.stderr,
        )
        return 130
    return status


def parser() -> argparse.ArgumentParser:
    """All commands and options."""
    root = argparse.ArgumentParser(prog="robust-ray", description=__doc__.splitlines()[0], allow_abbrev=False)
    root.add_argument("--version", action="version", version=f"robust-ray {__version__}")
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="every component, with its parameters, defaults and paper")
    listing.add_argument("kind", nargs="?", help="one kind only, e.g. attack")
    listing.set_defaults(command=list_components)
    inspect = commands.add_parser(
        "inspect", help="what a task's data holds, how much of it a model reads, or what a student costs"
    )
    inspect.add_argument(
        "what",
        nargs="+",
        metavar="TASK|MODEL|FILE|STUDENT",
        help="a type, a YAML mapping with one, or a sweep file; with --store, keys of students",
    )
    inspect.add_argument("--store", help="folder or URI of the results, to see the cards of students")
    inspect.add_argument("--examples", type=int, default=3, metavar="N", help="examples to show of a task (default: 3)")
    inspect.set_defaults(command=show_inspection)
    plan = commands.add_parser("plan", help="what a sweep would run, what is already there, and a rough cost")
    plan.add_argument("--json", action="store_true", help="as JSON, with every key")
    plan.set_defaults(command=show_plan)
    run = commands.add_parser("run", help="run what is missing")
    run.add_argument(
        "--on", choices=ON, default="ray", help="Ray Tune, or one call after the other in this process (default: ray)"
    )
    run.add_argument("--address", help="a running Ray cluster: auto, or host:port; a local one is started without it")
    run.set_defaults(command=run_sweep)
    status = commands.add_parser("status", help="how far a sweep is, and what failed")
    status.set_defaults(command=show_status)
    for command in (plan, run, status):
        command.add_argument("file", help="a sweep file")
        command.add_argument("--store", help="folder or URI of the results, instead of the file's")
        command.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="KEY=VALUE",
            help="change a field, e.g. attacks[0].query_budget=50",
        )
    audit = commands.add_parser("audit", help="check every adversarial example of a store again")
    audit.add_argument("--store", required=True, help="folder or URI of the results")
    audit.add_argument("--sweep", metavar="NAME", help="only what this sweep is made of")
    audit.set_defaults(command=show_audit)
    doctor = commands.add_parser("doctor", help="what this machine has")
    doctor.set_defaults(command=show_doctor)
    return root


def list_components(options: argparse.Namespace, console: Console) -> int:
    """``robust-ray list``."""
    registries = _registries()
    if options.kind is not None and options.kind not in registries:
        raise SweepError(f"the kind {options.kind!r} does not exist; {did_you_mean(options.kind, registries)}")
    for kind, registry in registries.items():
        if options.kind in (None, kind):
            for name, cls in registry.items():
                console.print(f"[bold]{kind}[/] [bold cyan]{name}[/]  {summary(cls)}", highlight=False, soft_wrap=True)
                for line in _parameters(cls):
                    _say(console, f"    {line}")
                if cls.paper:
                    console.print(f"    [dim]{cls.paper}[/]", highlight=False, soft_wrap=True)
    return 0


def show_inspection(options: argparse.Namespace, console: Console) -> int:
    """``robust-ray inspect``: every model named is tried on every task named; of a student its card is printed."""
    if options.store is not None:
        from robust_ray import card
        from robust_ray.store import Store

        store = Store.existing(options.store)
        for key in options.what:
            card.show(key, store, console)
        return 0
    from robust_ray.inspection import find, show

    if options.examples < 0:
        raise SweepError(f"`--examples >= 0` must hold, but got {options.examples}; correct it")
    show(find(options.what), options.examples, console)
    return 0


def show_plan(options: argparse.Namespace, console: Console) -> int:
    """``robust-ray plan FILE``."""
    from robust_ray.plan import expand, summarize
    from robust_ray.store import Store

    sweep = _sweep(options)
    plan = expand(sweep)
    store = Store.find(sweep.store)
    present = store.present() if store else set()
    if options.json:
        calls = [call.describe() | {"cached": call.key in present} for call in plan.calls.values()]
        print(json.dumps({"sweep": sweep.name, "store": sweep.store, "calls": calls}, indent=1))
        return 0
    from robust_ray.console import duration, history, number_table

    table = number_table("stage", "calls", "in store", "to run", "rough cost")
    lines = summarize(plan, present, history(store.runs()) if store else {})
    for line in lines:
        cost = "?" if line.seconds is None else duration(line.seconds)
        table.add_row(line.stage, str(line.calls), str(line.cached), str(line.calls - line.cached), cost)
    console.print(table)
    missing = sum(line.calls - line.cached for line in lines)
    console.print(f"{len(plan.calls)} calls, {missing} to run; cost in worker time, ? where nothing like it ran yet")
    if sweep.search is not None:
        console.print(
            f"then a search of {sweep.search.trials} proposals for each model and task ({sweep.search.sampler})"
        )
    return 0


def run_sweep(options: argparse.Namespace, console: Console) -> int:
    """``robust-ray run FILE``."""
    from robust_ray import runner

    return runner.run(_sweep(options), on=options.on, address=options.address, console=console)


def show_status(options: argparse.Namespace, console: Console) -> int:
    """``robust-ray status FILE``; exit status 0 when everything planned is in the store."""
    from robust_ray.console import number_table
    from robust_ray.plan import expand, summarize
    from robust_ray.store import Store

    sweep = _sweep(options)
    plan, store = expand(sweep), Store.find(sweep.store)
    present = store.present() if store else set()
    table = number_table("stage", "calls", "in store", "missing")
    for line in summarize(plan, present, {}):
        table.add_row(line.stage, str(line.calls), str(line.cached), str(line.calls - line.cached))
    console.print(table)
    runs = sorted(store.runs() if store else [], key=lambda run: run.started)
    last = {run.key: run for run in runs}
    failed = [run for key, run in last.items() if key in plan.calls and key not in present and run.outcome == "failed"]
    for run in failed:
        _say(console, f"FAILED {run.key}: {run.error}")
    missing = sum(key not in present for key in plan.calls)
    console.print(f"{len(plan.calls) - missing} of {len(plan.calls)} calls are in {sweep.store}")
    return 1 if missing else 0


def show_audit(options: argparse.Namespace, console: Console) -> int:
    """``robust-ray audit``; exit status 1 when an example that counts is not valid, or rows cannot be read."""
    from robust_ray.audit import Line, audit, summarize
    from robust_ray.console import number_table

    found = audit(options.store, options.sweep)
    table = number_table(*Line._fields)
    for line in summarize(found.findings):
        table.add_row(*(str(value) if value else "·" for value in line))
    console.print(table)
    for finding in found.broken:
        reason = finding.objection or f"it runs differently: {finding.difference}"
        sentence = f"BROKEN {finding.claim.key} {finding.claim.uid}: {reason}"
        _say(console, sentence)
    for name in found.unreadable:
        _say(console, f"UNREADABLE {name}: its rows were not checked")
    console.print(f"{len(found.findings)} adversarial examples checked; {len(found.broken)} that count are not valid")
    return 1 if found.broken or found.unreadable else 0


def show_doctor(options: argparse.Namespace, console: Console) -> int:
    """``robust-ray doctor``; exit status 1 when something a sweep needs is missing."""
    from robust_ray.doctor import examine

    findings = examine()
    table = Table("", "what", "found", box=None)
    for finding in findings:
        advice = "" if finding.ok or not finding.advice else f": {finding.advice}"
        table.add_row("ok" if finding.ok else "!!", finding.what, finding.found + advice)
    console.print(table)
    return 0 if all(finding.ok for finding in findings) else 1


def _say(console: Console, line: str) -> None:
    """Print a line as it is: what it quotes is no markup, and may be longer than the screen is wide."""
    console.print(line, highlight=False, markup=False, soft_wrap=True)


def _sweep(options: argparse.Namespace) -> Sweep:
    from robust_ray import search
    from robust_ray.sweep_file import load

    sweep = load(options.file, options.set)
    if sweep.search is not None:
        where, attacked = f"{options.file}: search", bool(sweep.attacks)
        search.check(sweep.search, where, tasks=sweep.tasks, models=sweep.models, attacked=attacked)
    return sweep if options.store is None else dataclasses.replace(sweep, store=options.store)


def _registries() -> dict[str, Registry[Any]]:
    from robust_ray.attacks import ATTACKS, GOALS, SUBSTITUTES
    from robust_ray.compression import COMPRESSIONS
    from robust_ray.core.language_model import LANGUAGE_MODELS
    from robust_ray.fidelity import RELATIONS
    from robust_ray.models import MODELS
    from robust_ray.tasks import TASKS

    load_plugins()
    return {
        registry.kind: registry
        for registry in (TASKS, MODELS, COMPRESSIONS, ATTACKS, GOALS, SUBSTITUTES, LANGUAGE_MODELS, RELATIONS)
    }


def _parameters(cls: type[Any]) -> list[str]:
    """``name: type = default`` for each field."""
    hints = typing.get_type_hints(cls)
    return [f"{field.name}: {_hint(hints[field.name])}{_default(field)}" for field in dataclasses.fields(cls)]


def _hint(hint: Any) -> str:
    """A type as a user would write it."""
    if isinstance(hint, type):
        return hint.__name__
    return (
        re.sub(r"robust_ray\.[\w.]*\.", "", str(hint))
        .replace("typing.", "")
        .replace("collections.abc.", "")
        .replace("NoneType", "None")
        .replace("None", "null")
    )


def _default(field: dataclasses.Field[Any]) -> str:
    default = field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    if default is dataclasses.MISSING:
        return " (required)"
    if isinstance(default, Component):
        return f" = {default.type}"
    return f" = {json.dumps(default, default=_plain)}"


def _plain(part: Any) -> Any:
    """A component within a default by its type, any other dataclass by its fields."""
    return part.type if isinstance(part, Component) else dataclasses.asdict(part)


if __name__ == "__main__":
    sys.exit(main())
