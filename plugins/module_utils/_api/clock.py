# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The clock of this machine. Whatever waits, or asks for the time, does it here: a test that holds these three functions holds the time."""

from __future__ import annotations

import time
from datetime import datetime, timezone


def sleep(seconds: float) -> None:
    """Waits for so many seconds."""
    time.sleep(seconds)


def monotonic() -> float:
    """Seconds since some moment in the past, which never go back: only differences mean anything."""
    return time.monotonic()


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(timezone.utc)
