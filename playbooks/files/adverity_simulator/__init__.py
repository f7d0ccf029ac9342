# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulator of the Adverity Management API: bindings, datastreams, smart pulling, extracts, requeue, destinations, assignments.

It answers what three public guides of Adverity document (the bindings guide, the pulling guide and the requeue
guide), and what is known of the older API by which destinations are made. What is not known is a switch (``SWITCHES``),
never a fact. It needs no account and nothing but the standard library, serves loopback addresses only, and holds
everything in memory.

The files, each of which uses only those before it: values, switches, catalogue (types), loading (states of extracts), fields (kinds of rows), messages
(HTTP), calls (a request as the rules see it), older (what the older API has in common); resources (a file for each part of the API: its rows, its requests,
its rules); clock, world, demo (the world without a seed file), matching, changes (what people do), faults, control, server, service (the simulator itself),
__main__ (command line).

As a program, where this folder is::

    python3 adverity_simulator --port 0 --port-file /some/where/port

In Python, with the folder above this one on the path::

    with Simulator(switches={"extract_page_size": 20}) as simulator:
        ...  # talk to simulator.url, then look at simulator.requests, .loads and .world
"""

from __future__ import annotations

from .calls import Call, Refusal
from .demo import default_world
from .faults import FAULTS, Fault
from .resources import KINDS
from .service import Simulator
from .switches import SWITCHES, Switches
from .values import DEFAULT_RANGE, SCOPES, format_time, parse_time, readable_uuid
from .world import World

__all__ = [
    "DEFAULT_RANGE",
    "FAULTS",
    "KINDS",
    "SCOPES",
    "SWITCHES",
    "Call",
    "Fault",
    "Refusal",
    "Simulator",
    "Switches",
    "World",
    "default_world",
    "format_time",
    "parse_time",
    "readable_uuid",
]
