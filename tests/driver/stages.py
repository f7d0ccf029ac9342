# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stages of a test run: each runs real tools in a copy of the collection, and says in one line how it went."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import places
import processes
import pythons

# What pip says of each package while ansible-test fills its many virtual environments. What goes wrong is still shown.
PIP_CHATTER = re.compile(
    r"(Collecting|Installing collected packages:|Looking in|Processing|Requirement already|Successfully installed|WARNING: Location) "
    r"| +(Attempting uninstall:|Downloading|Found existing installation:|Successfully uninstalled|Uninstalling|Using cached|\u2501)"
)

LONGEST = 4 * 60 * 60  # seconds for one tool, also on a machine that has much else to do: a hung one must not hold up the others for ever

# What pytest ends with: the counts, between signs of equality or (-q) without.
PYTEST_CLOSING = re.compile(r"=* ?((?:\d+ [a-z]+(?:, )?)+|no tests ran) in [\d.]+s\b")
# What the runme.sh of a target prints whose tools are missing.
TARGET_LEFT_OUT = re.compile(r"The target (\S+) is left out: (.+)\.$")

# Pages of ansible-core's documentation that ours refer to, by their labels.
CORE_DOCUMENTATION = "https://docs.ansible.com/projects/ansible/devel/"
CORE_PAGES = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}


# Integration tests for the inner loop: of each kind what says most in little time.
QUICK = {"modules": ("test_bindings.py", "test_extracts.py"), "role": ("test_one_datastream.py",), "faults": ("test_requeue_killed.py",)}


class StageError(Exception):
    """A stage failed; the text says why in one line."""


@dataclass
class Bench:
    """One copy of the collection with the tools to test it: a bench is made for each ansible-core.

    `targets` are the Pythons, such as ``3.9``, that unit tests of modules run on.
    """

    name: str
    tools: Path
    folder: Path
    targets: list[str]
    chosen: list[str] = field(default_factory=list)  # integration targets; none for all
    copy: Path = field(init=False)
    environment: dict[str, str] = field(init=False)
    quiet: bool = False  # what is said is kept, for whoever prints it later
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        home = self.folder / "home"
        self.environment = pythons.environment(self.tools, home)
        self.environment.update(
            ANSIBLE_COLLECTIONS_PATH=str(self.folder),
            MYPY_CACHE_DIR=str(home / "mypy"),
            NO_COLOR="1",
            RUFF_CACHE_DIR=str(home / "ruff"),
        )
        self.copy = places.copy_collection(self.folder)
        pythons.provide_pip_script(self.tools, home)

    def say(self, text: str) -> None:
        """Print a text, or keep it."""
        if self.quiet:
            self.said.append(text)
        else:
            print(text, end="", flush=True)

    def run(self, *command: str, cwd: Path | None = None, **variables: str) -> list[str]:
        """Run one tool in the copy, show its output as it comes, and return its lines; a bad exit status is an error.

        `variables` are added to its environment.
        """
        self.say(f"$ {' '.join(command)}\n")
        lines = []
        process = processes.start(
            command,
            cwd=cwd or self.copy,
            env={**self.environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        hung = threading.Event()

        def watch() -> None:  # what a tool leaves behind could hold its output open for ever
            try:
                process.wait(LONGEST)
            except subprocess.TimeoutExpired:
                hung.set()
            processes.end(process)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            for line in process.stdout or ():
                lines.append(line.rstrip())
                if not PIP_CHATTER.match(line):
                    self.say(line)
        except BaseException:
            processes.end(process)
            raise
        watcher.join()
        if hung.is_set():
            raise StageError(f"{' '.join(command[:2])}, or what it started, went on for {LONGEST // 60} minutes")
        if process.returncode:
            raise StageError(f"{' '.join(command[:2])} ended with {process.returncode}")
        return lines

    def ansible_test(self, *words: str) -> list[str]:
        """Run ansible-test, which calls it a success when it found nothing to do: here that is an error."""
        lines = self.run("ansible-test", *words, "--venv")
        if any("All targets skipped" in line for line in lines):
            raise StageError(f"ansible-test {words[0]} found nothing to test")
        return lines


def lint(bench: Bench) -> str:
    """Run every linter, also after one has failed."""
    package = f"ansible_collections/{places.NAMESPACE}/{places.NAME}"
    made = bench.copy / "tests" / "output"
    scripts = [str(path.relative_to(bench.copy)) for path in sorted(bench.copy.rglob("*.sh")) if made not in path.parents]
    forms = [str(path.relative_to(bench.copy)) for path in sorted(bench.copy.glob(".github/ISSUE_TEMPLATE/*.yml")) if path.name != "config.yml"]
    settings = ("mypy", "--config-file", f"{package}/pyproject.toml")
    commands: list[tuple[tuple[str, ...], Path]] = [
        (("yamllint", "--strict", "."), bench.copy),
        (("ruff", "check", "."), bench.copy),
        ((*settings, "--explicit-package-bases", f"{package}/plugins"), bench.folder),
        ((*settings, f"{package}/tests/driver"), bench.folder),
        ((*settings, f"{package}/tests/bench"), bench.folder),
        (("shellcheck", ".ci/run", *scripts), bench.copy),
        (("check-jsonschema", "--builtin-schema", "vendor.github-workflows", ".github/workflows/ci.yml"), bench.copy),
        (("check-jsonschema", "--builtin-schema", "vendor.github-issue-forms", *forms), bench.copy),
        (("antsibull-changelog", "lint"), bench.copy),
        (("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "all", "."), bench.copy),
        (("ansible-lint", "--offline", "--strict", "--profile", "production"), bench.copy),
    ]
    failed = []
    for command, cwd in commands:
        complaint = _try(bench, command, cwd)
        if complaint and command[0] == "antsibull-docs":
            # Its temporary folder has a new name each time. Where that ends with an underscore, it takes the path for a broken reference.
            complaint = _try(bench, command, cwd)
        failed += [complaint] if complaint else []
    if failed:
        raise StageError("; ".join(failed))
    return f"{len(commands)} linters found nothing"


def _try(bench: Bench, command: tuple[str, ...], cwd: Path) -> str:
    """Run a tool and return what is wrong, empty where nothing is."""
    try:
        bench.run(*command, cwd=cwd)
    except StageError as error:
        return str(error)
    return ""


def _site_settings(site: Path, static: Path) -> str:
    """Return what is added to the site's settings: our style sheet, and where ansible-core's pages are, without fetching its inventory."""
    inventory = site / "ansible-core.inv"
    rows = "".join(f"{label} std:label -1 {page} {label}\n" for label, page in sorted(CORE_PAGES.items()))
    head = b"# Sphinx inventory version 2\n# Project: ansible-core\n# Version: devel\n# The remainder of this file is compressed using zlib.\n"
    inventory.write_bytes(head + zlib.compress(rows.encode()))
    return (
        f"\nintersphinx_mapping = {{'ansible_core': ({CORE_DOCUMENTATION!r}, {str(inventory)!r})}}\n"
        f"html_static_path = [{str(static)!r}]\nhtml_css_files = ['site.css']\n"
    )


def docs(bench: Bench) -> str:
    """Build the site: the guides and a page for each plugin. Any warning is an error."""
    site = bench.folder / "site"
    shutil.rmtree(site, ignore_errors=True)
    collection = (f"{places.NAMESPACE}.{places.NAME}",)
    which = ("--use-current", "--squash-hierarchy", "--dest-dir")
    site.mkdir()
    bench.run("antsibull-docs", "sphinx-init", *which, str(site), *collection)
    with open(site / "conf.py", "a", encoding="utf-8") as conf:
        conf.write(_site_settings(site, bench.copy / "docs" / "docsite" / "static"))
    (site / "rst").mkdir(exist_ok=True)
    bench.run("antsibull-docs", "collection", *which, str(site / "rst"), *collection)
    shutil.copytree(bench.copy / "docs" / "docsite" / "rst" / "images", site / "rst" / "docsite" / "images")  # antsibull-docs takes pages only
    lines = bench.run("sphinx-build", "-q", "-b", "html", "-c", str(site), str(site / "rst"), str(site / "html"))
    if any("WARNING" in line or "ERROR" in line for line in lines):
        raise StageError("sphinx-build warns")
    pages = sum(1 for _page in (site / "html").rglob("*.html"))
    return f"{pages} pages without a warning"


def page(bench: Bench) -> str:
    """Look at pages of the report in a headless browser: how they fit narrow and wide windows, contrast, hostile names, and the filter."""
    browser = pythons.find_browser()
    if not browser:
        raise StageError("there is no Chromium on PATH (Debian: apt install chromium)")
    bench.environment["PAGE_BROWSER"] = browser
    count = count_passed(bench.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", ".", cwd=bench.copy / "tests" / "page"))
    if not count:
        raise StageError("there was no test")
    return f"{count} tests passed"


def sanity(bench: Bench) -> str:
    """Run every sanity test of ansible-test, without ignore files. One whose tools cannot be fetched is left out, and named."""
    ignored = [path.name for path in bench.copy.glob("tests/sanity/ignore*")]
    if ignored:
        raise StageError(f"no ignore files here: {', '.join(ignored)}")
    left_out = pythons.sanity_out_of_reach(bench.tools)
    lines = bench.ansible_test("sanity", *(word for name in left_out for word in ("--skip-test", name)))
    count = sum(line.startswith("Running sanity test") for line in lines)
    missing = "".join(f"; LEFT OUT: {name} (cannot reach {address})" for name, address in left_out.items())
    return f"{count} sanity tests found nothing{missing}"


def count_passed(lines: list[str]) -> int:
    """Return how many tests passed in all runs of pytest that these lines show; anything but a pass is an error."""
    closing = [match[1] for match in map(PYTEST_CLOSING.match, lines) if match]
    odd = [text for text in closing if not re.fullmatch(r"[1-9]\d* passed(, \d+ warnings?)?", text)]
    if odd:
        raise StageError(f"not every test passed: {'; '.join(odd)}")
    return sum(int(text.split()[0]) for text in closing)


# On two cores: much of the time is waiting, for turns, for disks and for a database; less of it in the tests that `quick` leaves out.
UNIT_WORKERS, QUICK_WORKERS = "4", "8"


def units(bench: Bench) -> str:
    """Run the unit tests of modules on the bench's Pythons, the others on the controller's; a skipped test counts as a failure."""
    tests = bench.copy / "tests" / "unit"
    modules = [tests / "plugins" / "modules", tests / "plugins" / "module_utils"]
    folders = sorted([*tests.iterdir(), *(tests / "plugins").iterdir()])
    others = [path for path in folders if path not in modules and path.is_dir() and any(path.glob("test_*.py"))]
    on_targets, on_controller = ([f"{path.relative_to(bench.copy)}/" for path in paths] for paths in (modules, others))
    controller = pythons.version_of(bench.tools)
    lines = []
    command = ("units", "--num-workers", UNIT_WORKERS, "--python")
    for version in bench.targets:
        both = on_targets + on_controller if version == controller else on_targets
        lines += bench.ansible_test(*command, version, *both)
    if controller not in bench.targets:
        lines += bench.ansible_test(*command, controller, *on_controller)
    count = count_passed(lines)
    if not count:
        raise StageError("there was no unit test")
    runs: dict[str, list[str]] = {}
    for context, python in re.findall(r"Unit test (\S+) with Python (\S+)", "\n".join(lines)):
        runs.setdefault(context, []).append(python)
    return f"{count} tests passed: " + "; ".join(f"{context} on {' '.join(found)}" for context, found in runs.items())


def integration(bench: Bench) -> str:
    """Run the integration targets; a skipped test or a warning of something deprecated counts as a failure. A target whose tools are missing is left out, and
    named."""
    pythons.provide_awx(bench.tools, bench.folder)
    lines = bench.ansible_test("integration", "--continue-on-error", *bench.chosen)
    targets = [match[1] for match in (re.match(r"Running (\S+) integration test (?:role|script)", line) for line in lines) if match]
    if not targets:
        raise StageError("there was no integration target")
    if any("[DEPRECATION WARNING]" in line for line in lines):
        raise StageError("Ansible warns of something deprecated")
    count = count_passed(lines)
    left_out = find_left_out(lines)
    passed = [name for name in targets if name not in left_out]
    missing = "".join(f"; LEFT OUT: {name} ({reason})" for name, reason in left_out.items())
    return f"{len(passed)} targets passed: {' '.join(passed)}" + (f", {count} tests of pytest in them" if count else "") + missing


def find_left_out(lines: list[str]) -> dict[str, str]:
    """Return the targets that say in these lines that they are left out, and why."""
    return {match[1]: match[2] for match in map(TARGET_LEFT_OUT.match, lines) if match}


def quick(bench: Bench) -> str:
    """Run the unit tests on the Python of the tools, and a few files of the integration targets, without ansible-test.

    The tests that kill a run at each of its points, and those that make up histories, take longer than all others together: they are left out.
    """
    left_out = [f"--ignore=tests/unit/plugins/{name}" for name in ("crash", "properties")]
    lines = bench.run("python", "-m", "pytest", "-q", "-n", QUICK_WORKERS, "tests/unit", *left_out, PYTHONPATH=str(bench.folder))
    for target, names in QUICK.items():
        lines += bench.run("./runme.sh", *names, cwd=bench.copy / "tests" / "integration" / "targets" / target)
    return f"{count_passed(lines)} tests passed: unit tests, and of the integration targets {' '.join(QUICK)}"


def coverage(bench: Bench) -> str:
    """Run the unit tests on the controller's Python once more, and print which lines of plugins/ none of them reached.

    Measuring makes them slower, and each test leaves a file of its own, so that this is no part of the other stage.
    """
    bench.ansible_test("coverage", "erase")
    bench.ansible_test("units", "--coverage", "--python", pythons.version_of(bench.tools))
    lines = bench.ansible_test("coverage", "report", "--show-missing", "--include", "plugins/*")
    total = [line.split()[-1] for line in lines if line.startswith("TOTAL")]
    if not total:
        raise StageError("there is no coverage to report")
    return f"{total[-1]} of the lines in plugins/ were reached by unit tests"


# What runs one after the other, in one copy of the collection; the lanes run at the same time, the longest is the first.
LANES = {"integration": ("integration",), "units": ("units", "quick", "coverage"), "checks": ("sanity", "lint", "docs", "page")}
STAGES: dict[str, Callable[[Bench], str]] = {
    "lint": lint,
    "docs": docs,
    "page": page,
    "sanity": sanity,
    "units": units,
    "integration": integration,
    "coverage": coverage,
    "quick": quick,
}
# What a test run leaves out unless it is asked for.
EXTRA = ("coverage", "quick")


@dataclass(frozen=True)
class Outcome:
    """How one stage of one bench went."""

    bench: str
    stage: str
    passed: bool
    seconds: float
    text: str


def run_stages(bench: Bench, names: list[str]) -> list[Outcome]:
    """Run these stages in order, each of them whatever became of those before."""
    outcomes = []
    for name in names:
        bench.say(f"\n=== {bench.name}: {name} ===\n")
        started = time.monotonic()
        try:
            text, passed = STAGES[name](bench), True
        except StageError as error:
            text, passed = str(error), False
        outcome = Outcome(bench.name, name, passed, time.monotonic() - started, text)
        bench.say(f"--- {name} {'passed' if passed else 'FAILED'} after {outcome.seconds:.0f} s: {text}\n")
        outcomes.append(outcome)
    return outcomes


def run_beside(lanes: list[tuple[Bench, list[str]]]) -> list[Outcome]:
    """Run the stages of each lane in order, and all lanes at the same time: none of them keeps two cores busy.

    The first lane is shown as it goes, what the others say is printed when all are through.
    """
    outcomes: list[list[Outcome]] = [[] for _lane in lanes]

    def run(number: int) -> None:
        outcomes[number] = run_stages(*lanes[number])

    for bench, _names in lanes[1:]:
        bench.quiet = True
    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(1, len(lanes))]
    for thread in threads:
        thread.start()
    try:
        run(0)
        for thread in threads:
            thread.join()
    finally:
        print("".join(text for bench, _names in lanes[1:] for text in bench.said), end="", flush=True)
    return [outcome for lane in outcomes for outcome in lane]
