# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Locks of the ledger's file: the turns of a store of SQLite.

A lock is one of the operating system on bytes of the database file itself, far behind its content: whatever path leads to the file, it is the same lock,
and it ends with the process that holds it, however that ends. Its length tells who holds it: whoever is refused is told where it begins and ends. That
holds for runs in check mode, too, which write nothing, and on file systems that several machines share.
"""

from __future__ import annotations

import fcntl
import os
import struct
import typing as t
import zlib

from .holder import Holder, Run, describe, from_words, this_run

# The locks of an instance are _INSTANCE bytes, those of a binding _BINDING bytes of these. SQLite's own locks are at 2**30, below the first of them.
# The lock of a binding begins with its bytes, and is as long as the number of its holder (see _number). The lock of a whole instance reaches to the end of
# its bytes, and begins so many bytes before those of the first binding.
_INSTANCE, _BINDING = 2**56, 2**33
_INSTANCES, _BINDINGS = 126, 2**23 - 1  # what has the same bytes only waits for each other
_HOSTS = 2**10
# These locks belong to the open file. The older kind belongs to the process, and ends when any file handle for the database is closed.
_SET_LOCK = getattr(fcntl, "F_OFD_SETLK", fcntl.F_SETLK)
_GET_LOCK = getattr(fcntl, "F_OFD_GETLK", fcntl.F_GETLK)
_LOCK = "hhqqi4x"  # kind, where it is counted from, start, length, process


class Conflict(t.NamedTuple):
    """A lock that another run holds: its kind, the byte where it begins, its length."""

    kind: int
    start: int
    length: int


class FileLocks:
    """The locks that one open file holds. ``file``: its descriptor. ``writes``: runs in check mode exclude only those that write. Every method raises
    OSError where the file system fails."""

    def __init__(self, file: int, writes: bool) -> None:
        self._file, self._kind = file, fcntl.F_WRLCK if writes else fcntl.F_RDLCK
        self._lock(_GET_LOCK, fcntl.F_RDLCK, 0, 1)  # SQLite does not say so where a file system has no locks

    def try_take(self, instance: int, binding_ids: t.Sequence[int] | None) -> bool:
        """See ``store.Store.try_turn``."""
        for start, length in _spans(instance, binding_ids):
            try:
                self._lock(_SET_LOCK, self._kind, start, length)
            except (BlockingIOError, PermissionError):
                self.give_back()
                return False
        return True

    def give_back(self) -> None:
        """Gives all locks back."""
        self._lock(_SET_LOCK, fcntl.F_UNLCK, _INSTANCE, 0)

    def is_busy(self, instance: int) -> bool:
        """See ``store.Store``."""
        return self._conflict(fcntl.F_WRLCK, _first_byte(instance), _INSTANCE) is not None

    def conflicts(self, instance: int, binding_ids: t.Sequence[int] | None) -> list[Conflict]:
        """The locks of other runs that exclude what this one wants."""
        found = [self._conflict(self._kind, *span) for span in _spans(instance, binding_ids)]
        return list(dict.fromkeys(filter(None, found)))

    def _conflict(self, kind: int, start: int, length: int) -> Conflict | None:
        """A lock of another run that excludes this one."""
        found_kind, _whence, found_start, found_length, _process = struct.unpack(
            _LOCK, self._lock(_GET_LOCK, kind, start, length)
        )
        return None if found_kind == fcntl.F_UNLCK else Conflict(found_kind, found_start, found_length)

    def _lock(self, command: int, kind: int, start: int, length: int) -> bytes:
        """One operation on the locks of the file; a length of 0 reaches to its end."""
        return fcntl.fcntl(self._file, command, struct.pack(_LOCK, kind, os.SEEK_SET, start, length, 0))


def holders(
    instance: int, conflicts: t.Iterable[Conflict], signed: t.Sequence[tuple[t.Any, ...]]
) -> list[Holder]:
    """Who holds these locks. ``signed``: who took turns to write, and when, the last one first."""
    return [
        Holder(_who(kind, _holder_number(instance, start, length), signed))
        for kind, start, length in conflicts
    ]


def _first_byte(instance: int) -> int:
    return (instance % _INSTANCES + 1) * _INSTANCE


def _spans(instance: int, binding_ids: t.Sequence[int] | None) -> list[tuple[int, int]]:
    """The bytes that this run locks for these bindings: where each lock begins, and how long it is."""
    first, number = _first_byte(instance), _number(this_run())
    if binding_ids is None:
        return [(first + _BINDING - number, _INSTANCE - _BINDING + number)]
    return [
        (first + (key + 1) * _BINDING, number)
        for key in sorted({binding_id % _BINDINGS for binding_id in binding_ids})
    ]


def _number(run: Run) -> int:
    """What a lock tells of its holder: the process (22 bits) and a checksum of the host's name."""
    return run.process % 2**22 * _HOSTS + zlib.crc32(run.host.encode("utf-8", "replace")) % _HOSTS + 1


def _holder_number(instance: int, start: int, length: int) -> int:
    offset = start - _first_byte(instance)
    return _BINDING - offset if offset < _BINDING else length


def _who(kind: int, number: int, signed: t.Sequence[tuple[t.Any, ...]]) -> str:
    """What is known of the holder of a lock."""
    check_mode = kind == fcntl.F_RDLCK
    runs = [(from_words(words), since) for words, since in signed]
    if not check_mode:
        for run, since in runs:
            if run and _number(run) == number:
                return describe(run, False, since)
    process = (number - 1) // _HOSTS
    for host in [this_run().host, *(run.host for run, _since in runs if run)]:
        if _number(Run(host, process)) == number:
            return describe(Run(host, process), check_mode)
    return f"process {process} on another machine{', in check mode' if check_mode else ''}"
