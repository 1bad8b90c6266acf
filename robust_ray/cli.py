"""The command line: list, inspect, plan, run, status, audit, export, compact, doctor.

Exit status: 0 when every call succeeded, 1 when a call failed (audit: when an example that counts is not valid), 2 for
a mistake the user can mend, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from robust_ray import __version__
from robust_ray.console import say
from robust_ray.core.errors import RobustRayError, SweepError
from robust_ray.watching.axes import AXES

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
    plan = commands.add_parser("plan", help="what a sweep would run, what is already there, and what the rest may cost")
    plan.add_argument("--json", action="store_true", help="as JSON, with every key")
    plan.set_defaults(command=show_plan)
    run = commands.add_parser("run", help="run what is missing")
    run.add_argument(
        "--on", choices=ON, default="ray", help="Ray Tune, or one call after the other in this process (default: ray)"
    )
    run.add_argument("--address", help="a running Ray cluster: auto, or host:port; a local one is started without it")
    run.add_argument("--dry-run", action="store_true", help="run nothing: as `robust-ray plan`")
    run.add_argument(
        "--pilot",
        action="store_true",
        help="run a call of every kind, and of every stage on every model, then tell what the rest costs",
    )
    run.add_argument("--verbose", action="store_true", help="a line for each call")
    run.set_defaults(command=run_sweep, json=False)
    for command in (plan, run):
        command.add_argument("--price-gpu-hour", type=float, metavar="PRICE", help="to tell what the GPUs cost")
    status = commands.add_parser("status", help="how far a sweep is, and what failed")
    status.add_argument("--by", choices=AXES, help="a line for each of these, instead of one a stage")
    status.add_argument("--json", action="store_true", help="as JSON, with everything")
    status.add_argument(
        "--watch",
        nargs="?",
        type=float,
        const=10.0,
        metavar="SECONDS",
        help="again and again (default: every 10 seconds)",
    )
    status.add_argument("--log", metavar="KEY", help="all that the attempts at a call have said")
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
    export = commands.add_parser("export", help="rows as one file, or adversarial examples to train on")
    export.add_argument("--store", required=True, help="folder or URI of the results")
    export.add_argument("--sweep", metavar="NAME", help="only what this sweep is made of")
    export.add_argument("--table", metavar="NAME", help="the rows of a table, e.g. attacks")
    export.add_argument("--format", default="csv", help="csv, jsonl or parquet (default: csv)")
    export.add_argument("--out", type=Path, metavar="FILE", help="where to write the table")
    export.add_argument(
        "--adversarial", type=Path, metavar="FILE", help="write every valid adversarial example as a line of JSON"
    )
    export.set_defaults(command=run_export)
    compact = commands.add_parser("compact", help="copy a sweep's rows into few files, which are quicker to read")
    compact.add_argument("--store", required=True, help="folder or URI of the results")
    compact.add_argument("--sweep", metavar="NAME", required=True, help="a sweep that was run into the store")
    compact.set_defaults(command=run_compaction)
    doctor = commands.add_parser("doctor", help="what this machine has")
    doctor.set_defaults(command=show_doctor)
    return root


def list_components(options: argparse.Namespace, console: Console) -> int:
    """``robust-ray list``."""
    from robust_ray import listing

    listing.show(options.kind, console)
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
    from robust_ray.watching import planned

    planned.show(_sweep(options), console, as_json=options.json, price=options.price_gpu_hour)
    return 0


def run_sweep(options: argparse.Namespace, console: Console) -> int:
    """``robust-ray run FILE``."""
    if options.dry_run:
        return show_plan(options, console)
    from robust_ray import runner
    from robust_ray.resumed import elsewhere

    sweep = _sweep(options)
    if note := elsewhere(sweep):
        say(console, note)
    status = runner.run(
        sweep,
        on=options.on,
        address=options.address,
        console=console,
        verbose=options.verbose,
        pilot=options.pilot,
    )
    if options.pilot and status == 0:
        show_plan(options, console)
    return status


def show_status(options: argparse.Namespace, console: Console) -> int:
    """``robust-ray status FILE``; exit status 0 when everything planned is in the store."""
    from robust_ray.watching import status

    sweep = _sweep(options)
    if options.log is not None:
        status.show_log(options.log, sweep, console)
        return 0
    if options.watch is not None:
        return status.watch(sweep, options.by, options.watch, console)
    return status.show(sweep, options.by, console, as_json=options.json)


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
        say(console, sentence)
    for name in found.unreadable:
        say(console, f"UNREADABLE {name}: its rows were not checked")
    console.print(f"{len(found.findings)} adversarial examples checked; {len(found.broken)} that count are not valid")
    return 1 if found.broken or found.unreadable else 0


def run_export(options: argparse.Namespace, console: Console) -> int:
    """``robust-ray export``; exit status 1 when rows cannot be read."""
    from robust_ray.export import export, export_adversarial

    if (options.table is None) != (options.out is None) or (options.table is None and options.adversarial is None):
        raise SweepError("`--table NAME --out FILE` or `--adversarial FILE` is needed, or both; give one of them whole")
    unreadable = set[str]()
    if options.table is not None:
        found = export(options.store, options.sweep, options.table, options.format, options.out)
        unreadable.update(found.unreadable)
        say(console, f"{options.out}: {found.rows:,} rows of {options.table}")
    if options.adversarial is not None:
        found = export_adversarial(options.store, options.sweep, options.adversarial)
        unreadable.update(found.unreadable)
        say(console, f"{options.adversarial}: {found.rows:,} adversarial examples")
    for name in sorted(unreadable):
        say(console, f"UNREADABLE {name}: its rows are left out")
    return 1 if unreadable else 0


def run_compaction(options: argparse.Namespace, console: Console) -> int:
    """``robust-ray compact``; exit status 1 when rows cannot be read."""
    from robust_ray.console import number_table
    from robust_ray.store import Store

    store = Store.existing(options.store)
    found = [line for line in store.compact(options.sweep) if line.files]
    table = number_table("table", "files", "now in")
    for line in found:
        table.add_row(line.table, str(line.files), str(line.parts))
    console.print(table)
    missing = len(set(store.planned(options.sweep)) - store.present())
    if missing:
        say(console, f"planned calls that are not there yet: {missing}; what they leave is read from their own files")
    if cleared := store.clear():
        say(console, f"checkpoints whose upload was interrupted more than a day ago: {cleared}; removed")
    unreadable = [name for line in found for name in line.unreadable]
    for name in unreadable:
        say(console, f"UNREADABLE {name}: its rows are left out")
    return 1 if unreadable else 0


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


def _sweep(options: argparse.Namespace) -> Sweep:
    from robust_ray import search
    from robust_ray.resumed import resumed
    from robust_ray.sweep_file import load

    sweep = load(options.file, options.set)
    if sweep.search is not None:
        search.check(
            sweep.search,
            f"{options.file}: search",
            tasks=sweep.tasks,
            models=sweep.models,
            attacks=sweep.attacks,
            relations=sweep.relations,
        )
    return resumed(sweep if options.store is None else dataclasses.replace(sweep, store=options.store))


if __name__ == "__main__":
    sys.exit(main())
