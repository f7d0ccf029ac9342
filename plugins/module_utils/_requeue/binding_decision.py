# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""A selected binding, and what a run decides about its history. Pure."""

from __future__ import annotations

import typing as t

from .._ledger.history import BindingHistory
from .._resources.bindings import Binding
from .decision import Action


class BindingDecision(t.NamedTuple):
    """A selected binding, its state as far as it is known, and what happens to its history. One that does not exist yet has no ID."""

    binding_id: int | None
    datastream_id: int
    target_id: int | None
    target_name: str
    enabled: bool | None
    action: Action

    def as_dict(self) -> dict[str, t.Any]:
        """For a result."""
        return {
            "binding_id": self.binding_id,
            "datastream_id": self.datastream_id,
            "target_id": self.target_id,
            "target_name": self.target_name,
            "enabled": self.enabled,
            "action": self.action.value,
        }


def decisions(
    selected: list[Binding], histories: t.Mapping[int, BindingHistory], actions: t.Mapping[int, Action]
) -> list[BindingDecision]:
    """What happens to each of the selected bindings."""
    return [
        BindingDecision(
            binding.id,
            binding.datastream_id,
            binding.target_id,
            binding.target_name,
            histories[binding.id].enabled,
            actions[binding.id],
        )
        for binding in selected
    ]
