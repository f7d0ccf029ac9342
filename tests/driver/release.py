# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make release VERSION=1.2.3``: write the version and the changelog, commit, and tag. If a step fails, the checkout is restored."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path
from types import FrameType

import places
import processes
import pythons

IDENTIFIER = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"  # one part of a pre-release such as rc.1
VERSION = re.compile(rf"(?:(?:0|[1-9][0-9]*)\.){{2}}(?:0|[1-9][0-9]*)(?:-{IDENTIFIER}(?:\.{IDENTIFIER})*)?")
# Where the version is written: files, and the texts that stand before it. Everything else that names a version names one that is fixed, such as version_added.
WRITTEN = {
    "galaxy.yml": ("version: ",),
    "plugins/module_utils/_api/client.py": ('VERSION = "',),
    "execution-environment.yml": ("ee-adverity:", "adverity-management-"),
    "docs/docsite/rst/awx.rst": ("ee-adverity:", "awx_setup_scm_branch: "),
    "docs/docsite/rst/upgrading.rst": ("adverity.management:==", "management.git,", "adverity-management-", 'version: "==', "  version: "),
}
CHANGELOG = Path("changelogs", "changelog.yaml")
FRAGMENTS = Path("changelogs", "fragments")
CHANGED = (*WRITTEN, "CHANGELOG.rst", "changelogs")  # all that a release writes


class ReleaseError(Exception):
    """There is no release; the text says why."""


def release(version: str) -> None:
    """Release the checkout as this version. On any failure, everything is as it was before."""
    processes.stop_on_signals(_interrupt)
    _check(version)
    places.make_work_folder()
    tools = pythons.development_tools()
    before = _git("rev-parse", "HEAD")
    try:
        _write(version, tools)
        _git("add", "--all", "--", *CHANGED)
        _git("commit", "--message", f"Release {version}")
        _git("tag", "--annotate", version, "--message", f"Release {version}")
    except BaseException as error:
        for number in processes.SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        try:
            _restore(before, version)
        except ReleaseError as another:
            raise ReleaseError(f"{error}\nThe checkout could not be restored: {another}\nRestore it with: git reset --hard {before}") from error
        raise ReleaseError(f"{error}\nThere is no release. All files, the branch and the tags are as before.") from error
    print(f"Wrote version {version} and the changelog, and made the commit and the tag. Nothing is published yet. Next:")
    print("  git push --follow-tags")
    print("  ansible-galaxy collection build")
    print(f"  ansible-galaxy collection publish {places.NAMESPACE}-{places.NAME}-{version}.tar.gz", flush=True)


def _check(version: str) -> None:
    """Raise an error if this version cannot be released."""
    changelog = (places.ROOT / CHANGELOG).read_text("utf-8")
    released = re.findall(r"^  ([0-9]+\.[0-9]+\.[0-9]+[^\s:]*):$", changelog, re.M)
    last = max(released, key=_precedence, default="")
    changes = _git("status", "--porcelain").splitlines()
    core = version.partition("-")[0]
    reason = ""
    if not VERSION.fullmatch(version):
        reason = f"{version!r} is not a semantic version such as 1.2.3 or 1.2.3-rc.1."
    elif last and _precedence(version) <= _precedence(last):
        reason = f"{version} is not newer than {last}, the last release in {CHANGELOG}."
    elif _git("tag", "--list", version):
        reason = f"The tag {version} already exists."
    elif changes:
        reason = f"There are uncommitted changes ({', '.join(line[3:] for line in changes[:5])}). Commit or remove them."
    elif not [path for path in (places.ROOT / FRAGMENTS).glob("*") if path.suffix in (".yml", ".yaml")]:
        reason = f"There is nothing to release: {FRAGMENTS} has no fragments."
    elif wrong := [name for name, added in _new_plugins(changelog).items() if added != core]:
        reason = f"No release contains {', '.join(wrong)} yet. Set version_added to {core} there."
    elif wrong := _later(max(core, last, key=_precedence)):
        reason = f"Nothing in this release can be newer than {core}. Set version_added to {core} in {', '.join(wrong)}."
    if reason:
        raise ReleaseError(f"{reason} Nothing was changed.")


def _precedence(version: str) -> tuple[list[int], list[tuple[int, int, str]]]:
    """Return what sorts versions as https://semver.org/#spec-item-11 does: numbers, then other identifiers, then no pre-release."""
    core, _dash, early = version.partition("-")
    identifiers = [(0, int(word), "") if word.isdigit() else (1, 0, word) for word in early.split(".")] if early else [(2, 0, "")]
    return [int(number) for number in core.split(".")], identifiers


def _new_plugins(changelog: str) -> dict[str, str]:
    """Return the modules and plugins that no release contains, with their version_added: the changelog lists them if it is that of the release."""
    released = set(re.findall(r"^ +(?:- )?name: (\S+)$", changelog, re.M))
    found = {}
    for path in sorted((places.ROOT / "plugins").glob("*/*.py")):
        added = re.search(r"^version_added: (\S+)$", path.read_text("utf-8"), re.M)
        if added and path.stem not in released:
            found[path.stem] = added[1]
    return found


def _later(version: str) -> list[str]:
    """Return the files in which something, such as an option, has a version_added that is newer than this version."""
    found = []
    for path in sorted([*(places.ROOT / "plugins").glob("*/*.py"), *(places.ROOT / "roles").glob("*/meta/argument_specs.yml")]):
        added = re.findall(r"^ *version_added: (\S+)$", path.read_text("utf-8"), re.M)
        if any(_precedence(one) > _precedence(version) for one in added):
            found.append(str(path.relative_to(places.ROOT)))
    return found


def write_version(version: str) -> None:
    """Write the version in every place that names the version of the checkout."""
    if not VERSION.fullmatch(version):
        raise ReleaseError(f"{version!r} is not a semantic version such as 1.2.3 or 1.2.3-rc.1. Nothing was changed.")
    texts = {}
    for name, starts in WRITTEN.items():
        texts[name] = (places.ROOT / name).read_text("utf-8")
        for start in starts:
            texts[name], count = re.subn(rf"(?<![\w.-]){re.escape(start)}{VERSION.pattern}", start + version, texts[name])
            if not count:
                raise ReleaseError(f"{name} has no version after {start!r}.")
    for name, text in texts.items():
        (places.ROOT / name).write_text(text, "utf-8")


def _write(version: str, tools: Path) -> None:
    """Write the version and the changelog."""
    write_version(version)
    command = ["antsibull-changelog", "release", "--version", version]
    environment = pythons.environment(tools, places.WORK / "release" / "home")
    if subprocess.run([str(tools / command[0]), *command[1:]], cwd=places.ROOT, env=environment, check=False).returncode:
        raise ReleaseError(f"{' '.join(command)} failed.")
    (places.ROOT / "changelogs" / ".plugin-cache.yaml").unlink(missing_ok=True)  # what it leaves behind


def _restore(before: str, version: str) -> None:
    """Take back what a release that failed has done so far. The checkout had no uncommitted changes."""
    if _git("tag", "--list", version):
        _git("tag", "--delete", version)
    _git("reset", "--quiet", before)
    _git("checkout", "--quiet", before, "--", *CHANGED)
    _git("clean", "--quiet", "--force", "-d", "--", "changelogs")


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=places.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise ReleaseError(f"git {words[0]} failed: {done.stdout.strip()}")
    return done.stdout.rstrip()


def _interrupt(number: int, _frame: FrameType | None) -> None:
    for each in processes.SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    processes.end_all()  # so that nothing writes while the checkout is restored
    raise ReleaseError(f"Stopped by {signal.Signals(number).name}.")
