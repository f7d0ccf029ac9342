# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Options ``settings`` that may hold secrets among values that are none.

They are ``no_log``, which keeps them out of the system's log. In a result ansible-core would hide each of their values wherever it occurs, as in ids;
instead the modules hide secrets field by field, and all settings where the invocation is shown.
"""

from __future__ import annotations

import typing as t

from .._api.errors import AdverityError, InputError

HIDDEN = "********"


def invocation(module: t.Any) -> dict[str, t.Any]:
    """What a result says of a module's options, settings hidden. From now on ansible-core itself hides the key and passwords alone."""
    secret = [module.params[name] for name, option in module.argument_spec.items() if option.get("no_log")]
    module.no_log_values = {value for value in secret if value and isinstance(value, str)}  # an empty one would be hidden between any two letters
    return {"module_args": _without_settings(module.params)}


def hide_quoted(module: t.Any, error: AdverityError) -> None:
    """Hides the texts in settings wherever an error quotes the service, which may quote them. Shorter ones would only spoil the message."""
    if not isinstance(error, InputError):
        module.no_log_values |= {word for word in _texts(module.params, False) if len(word) > 3}


def _without_settings(value: t.Any) -> t.Any:
    if isinstance(value, list):
        return [_without_settings(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: HIDDEN if name == "settings" and one else _without_settings(one) for name, one in value.items()}


def _texts(value: t.Any, inside: bool) -> set[str]:
    """The texts in settings."""
    if isinstance(value, dict):
        return {text for name, one in value.items() for text in _texts(one, inside or name == "settings")}
    if isinstance(value, list):
        return {text for one in value for text in _texts(one, inside)}
    return {value} if inside and isinstance(value, str) else set()
