# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""How ``adverity_requeue`` is to send, as its user set it. What it is to select is a ``select.Request``."""

from __future__ import annotations

import dataclasses
import typing as t

from .decision import Choices


@dataclasses.dataclass(frozen=True)
class RequeueOptions:
    """The options of the module, by their names. ``state`` is ``planned``, ``requeued`` or ``recorded``. Where one of ``state`` and ``backfill``
    is ``recorded``, the other is, too, unless it is ``planned``."""

    state: str
    backfill: str
    force: bool
    on_unknown: str
    on_refused: str
    on_failed: str
    batch_size: int
    limit: int | None
    sequential: bool

    @property
    def sends(self) -> bool:
        return self.state == "requeued"

    @property
    def records(self) -> bool:
        """Whether what is selected is recorded as loaded, and not sent."""
        return self.state == "recorded"

    @property
    def choices(self) -> Choices:
        """What decides about an extract."""
        return Choices(self.force, self.on_unknown, self.on_refused, self.on_failed, self.records)


def read_options(params: t.Mapping[str, t.Any]) -> RequeueOptions:
    """The options in the parameters of the module."""
    given = {field.name: params[field.name] for field in dataclasses.fields(RequeueOptions)}
    if given["backfill"] == "recorded" and given["state"] == "requeued":
        given["state"] = "recorded"
    elif given["state"] == "recorded":
        given["backfill"] = "recorded"
    return RequeueOptions(**given)
