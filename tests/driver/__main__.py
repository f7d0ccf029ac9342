# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the Makefile calls: ``python3 tests/driver COMMAND``. The standard library is all it needs."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence

import places
import processes
import pythons
import release
from stages import EXTRA, LANES, STAGES, Bench, Outcome, run_beside

# ansible-core series with the Python that runs them. Integration tests run on the first and the last.
MATRIX = {"2.16": "3.10", "2.18": "3.11", "2.19": "3.11", "2.21": "3.12", "2.22": "3.13"}


def demo() -> int:
    """Run the demo playbook against the checkout as it is, with a home of its own."""
    places.make_work_folder()
    tools = pythons.demo_tools()
    folder = places.WORK / "demo"
    environment = pythons.environment(tools, folder / "home")
    environment.update(
        ANSIBLE_ASYNC_DIR=str(folder / "async"),  # half of Ansible looks for it in the account's home, whatever HOME says
        ANSIBLE_COLLECTIONS_PATH=str(places.link_collection(folder)),
        ANSIBLE_INVENTORY_UNPARSED_WARNING="false",  # localhost is all it takes
        ANSIBLE_LOCALHOST_WARNING="false",
    )
    command = [str(tools / "ansible-playbook"), f"{places.NAMESPACE}.{places.NAME}.demo"]
    os.chdir(folder)  # no configuration file of the current folder counts
    os.execve(command[0], command, environment)


def unit(words: list[str]) -> int:
    """Run the unit tests in the checkout itself, on one Python: seconds, for the inner loop."""
    places.make_work_folder()
    tools = pythons.development_tools()
    environment = pythons.environment(tools, places.WORK / "unit" / "home")
    linked = str(places.link_collection(places.WORK / "unit"))
    environment.update(ANSIBLE_COLLECTIONS_PATH=linked, PYTHONPATH=linked)
    command = [str(tools / "python"), "-m", "pytest", *(words or ["-q", "tests/unit"])]
    return subprocess.run(command, cwd=places.ROOT, env=environment, check=False).returncode


def measure(words: list[str]) -> int:
    """Measure the checkout as it is beside what people use instead, and write docs/benchmark.md; `words` are arguments of tests/bench."""
    with places.alone():
        tools = pythons.development_tools()
        folder = places.WORK / "bench"
        environment = pythons.environment(tools, folder / "home")
        environment["ANSIBLE_COLLECTIONS_PATH"] = str(places.link_collection(folder))
        command = [str(tools / "python"), str(places.ROOT / "tests" / "bench"), "--folder", str(folder), *words]
        return subprocess.run(command, cwd=places.ROOT, env=environment, check=False).returncode


def make_benches(core: str, python: str, names: list[str], here: list[str], targets: Sequence[str] = (), more: bool = False) -> list[tuple[Bench, list[str]]]:
    """Return a bench for each lane that has some of these stages, with those in order: with the pinned ansible-core and all linters, or another core alone."""
    tools = pythons.core_tools(core, python) if core else pythons.development_tools()
    folder = tools.parents[1] if core else places.WORK
    title = f"ansible-core {core} on Python {python}" if core else "ansible-core as pinned"
    pythons_of_modules = pythons.target_pythons(tools, here, more)
    lanes = [(lane, [name for name in stages if name in names]) for lane, stages in LANES.items()]
    return [(Bench(title, tools, folder / lane, pythons_of_modules, list(targets)), wanted) for lane, wanted in lanes if wanted]


def check(core: str, python: str, names: list[str], targets: Sequence[str] = ()) -> int:
    """Run stages on the default ansible-core, or on another one; return the exit status. Unit tests of modules run on the oldest Python alone.

    `targets` are the integration targets to run, none for all.
    """
    started = time.monotonic()
    left_out = []
    if "page" in names and len(names) > 1 and not pythons.find_browser():
        left_out = ["page (there is no Chromium on PATH)"]
        names = [name for name in names if name != "page"]
    with places.alone():
        here = pythons.announce_targets()
        outcomes = run_beside(make_benches(core, python, names, here, targets))
    return conclude(outcomes, time.monotonic() - started, left_out)


def matrix(cores: list[str], targets: list[str]) -> int:
    """Run sanity and units on these ansible-cores of the matrix, integration on the oldest and the newest there is.

    `targets` are the integration targets to run, none for all.
    """
    started = time.monotonic()
    outcomes = []
    with places.alone():
        here = pythons.announce_targets()
        for core in cores:
            python = MATRIX[core]
            names = ["sanity", "units"] + (["integration"] if core in (min(MATRIX), max(MATRIX)) else [])
            try:
                outcomes += run_beside(make_benches(core, python, names, here, targets, more=True))
            except pythons.MissingError as error:
                print(error, flush=True)
                outcomes.append(Outcome(f"ansible-core {core} on Python {python}", "set up", False, 0, str(error)))
    return conclude(outcomes, time.monotonic() - started)


def conclude(outcomes: list[Outcome], seconds: float, left_out: Sequence[str] = ()) -> int:
    """Print one line for each stage, those left out, and the sum; return the exit status."""
    print("\n=== summary ===")
    for outcome in outcomes:
        result = "passed" if outcome.passed else "FAILED"
        print(f"{outcome.bench:32} {outcome.stage:12} {result} {outcome.seconds:5.0f} s  {outcome.text}")
    failed = sum(not outcome.passed for outcome in outcomes)
    for name in left_out:
        print(f"LEFT OUT: {name}")
    print(f"{seconds:.0f} s in all")
    print(f"stages: {len(outcomes) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def main() -> int:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="driver", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="run the demo playbook")
    commands.add_parser("unit", help="run pytest in the checkout").add_argument("words", nargs="*", help="for pytest")
    commands.add_parser("bench", help="measure, and write docs/benchmark.md").add_argument("words", nargs="*", help="for tests/bench")
    commands.add_parser("check", help="run the linters, and beside them the unit tests and a few integration tests")
    test = commands.add_parser("test", help="run the stages of a test run")
    test.add_argument("--core", default="", help="an ansible-core series such as 2.19; without it, the pinned one")
    test.add_argument("--python", default="", help="the Python, such as 3.11, that runs it")
    test.add_argument("--targets", default="", help="only these integration targets")
    test.add_argument("stages", nargs="*", metavar="STAGE", help=" ".join(STAGES))
    listed = commands.add_parser("matrix", help="run the tests on every supported ansible-core")
    listed.add_argument("--targets", default="", help="only these integration targets")
    listed.add_argument("cores", nargs="*", metavar="CORE", help=f"only on these of {' '.join(MATRIX)}")
    commands.add_parser("release", help="write version, changelog and tag").add_argument("version", help="such as 1.2.3")
    commands.add_parser("version", help="write the version that is released next").add_argument("version", help="such as 1.3.0")
    commands.add_parser("clean", help="remove everything that was made")
    words = parser.parse_args()
    if words.command == "demo":
        return demo()
    if words.command == "release":
        release.release(words.version)  # a signal does not simply stop it: it restores the checkout first
        return 0
    if words.command == "version":
        release.write_version(words.version)
        return 0
    processes.stop_on_signals()
    if words.command == "check":
        return check("", "", ["lint", "quick"])
    if words.command == "test":
        names = words.stages or (["sanity", "units", "integration"] if words.core else [name for name in STAGES if name not in EXTRA])
        unknown = [name for name in names if name not in STAGES]
        if unknown:
            parser.error(f"no such stage: {' '.join(unknown)} (there are {' '.join(STAGES)})")
        python = words.python or MATRIX.get(words.core, "")
        for name, value in (("core", words.core), ("python", python)):
            if words.core and not re.fullmatch(r"\d+\.\d+", value):
                parser.error(f"--{name} must be a version such as 3.11 or 2.19, not {value!r}")
        return check(words.core, python, names, words.targets.split())
    if words.command in ("bench", "unit"):
        return (measure if words.command == "bench" else unit)(words.words)
    if words.command == "clean":
        places.clean()
        return 0
    unknown = [core for core in words.cores if core not in MATRIX]
    if unknown:
        parser.error(f"not in the matrix: {' '.join(unknown)} (there are {' '.join(MATRIX)})")
    return matrix(words.cores or list(MATRIX), words.targets.split())


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (pythons.MissingError, release.ReleaseError) as reason:
        sys.exit(str(reason))
