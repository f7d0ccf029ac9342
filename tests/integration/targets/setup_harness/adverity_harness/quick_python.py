# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An interpreter for modules that skips their imports, which are most of what a module takes.

A process imports what every module imports: the standard library, requests, and ansible-core's basics. It forks for each module. What Ansible calls
as the interpreter is a small program that hands its input, output and environment to that process. The collection's own code is not imported
before: it comes out of the module's archive, as always; but each text is compiled once, and not again for each archive that holds it. As a program, this
file is that process; it needs nothing of the harness.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import gc
import hashlib
import marshal
import os
import select
import signal
import socket
import subprocess
import sys
import time
import types
import zipimport
from collections.abc import Callable
from pathlib import Path

# A script in a file, and an environment that changes what Python imports, are left to the real interpreter.
CLIENT = """#!{python} -IS
import _socket, os, sys
if sys.argv[1:] or {{name: value for name, value in os.environ.items() if name.startswith("PYTHON")}} != {python_variables!r}:
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
place = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
place.connect({address!r})
told = b"\\0".join([os.getcwdb(), *(name + b"=" + value for name, value in os.environb.items())])
numbers = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
place.sendmsg([len(told).to_bytes(4, "big") + told], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, numbers)])
status = place.recv(1)
sys.exit(status[0] if status else 137)
"""


def start(python: str, folder: Path) -> Path:
    """Start the process, which ends with this one; return the interpreter that uses it. `folder` is for the two of them, and its path is short."""
    address, client = folder / "socket", folder / "python"
    start_serving(python, __file__, str(address))
    variables = {name: value for name, value in os.environ.items() if name.startswith("PYTHON")}
    client.write_text(CLIENT.format(python=python, address=str(address), python_variables=variables), "utf-8")
    client.chmod(0o700)
    return client


def start_serving(*command: str) -> None:
    """Start a program that serves (see `serve`), and wait until it is ready. It ends with this process."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    atexit.register(process.communicate)  # the end of its input is its end
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n", f"{command[1]} has ended before it was ready"


def _compile_each_text_once(folder: Path) -> None:
    """Have what is imported out of archives compiled once: `folder` keeps the result, by a hash of the text."""
    compile_source = zipimport._compile_source

    def compiled(pathname: str, source: bytes, *more: object) -> types.CodeType:
        place = folder / hashlib.sha256(source).hexdigest()
        with contextlib.suppress(FileNotFoundError):
            return marshal.loads(place.read_bytes())
        code = compile_source(pathname, source, *more)
        written = place.with_suffix(f".{os.getpid()}")
        written.write_bytes(marshal.dumps(code))
        written.replace(place)
        return code

    zipimport._compile_source = compiled


def _serve() -> None:
    for name in ("ansible.module_utils.basic", "requests", "sqlite3", "zipfile", "runpy", "tempfile", "base64", "concurrent.futures", "decimal"):
        __import__(name)
    _compile_each_text_once(Path(sys.argv[1]).parent)
    serve(sys.argv[1], _run)


def serve(address: str, run: Callable[[socket.socket], None]) -> None:
    """Say that this process is ready, and fork for each connection, until its input ends. In the fork, `run` does all that is left."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(64)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    gc.freeze()  # what is here now is never looked at again, so that the forks share it
    os.write(1, b"ready\n")
    while listener in select.select([0, listener], [], [])[0]:  # else the input has ended
        connection, _address = listener.accept()
        if not os.fork():
            listener.close()
            run(connection)
        connection.close()


def _run(connection: socket.socket) -> None:
    """Run a module, whose text is its input, as a process that was started with a folder and an environment."""
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        content, handed, _flags, _address = connection.recvmsg(65536, socket.CMSG_LEN(12))
        while len(content) - 4 < int.from_bytes(content[:4], "big"):
            content += connection.recv(65536)
        for number, opened in enumerate(array.array("i", handed[0][2])):
            os.dup2(opened, number)
            os.close(opened)
        folder, *environment = content[4:].split(b"\0")
        os.chdir(folder)
        os.environb.clear()
        os.environb.update(one.partition(b"=")[::2] for one in environment)
        time.tzset()
        sys.argv, sys.path[0] = [""], ""
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(os.fdopen(0, "rb", closefd=False).read(), "<stdin>", "exec"), vars(main))
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    connection.sendall(bytes([status & 255]))
    os._exit(status)


if __name__ == "__main__":
    _serve()
