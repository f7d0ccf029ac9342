# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Which bindings extracts go into: what the user chose, looked up at the API, while this run holds their
locks. Reads only.
"""

from __future__ import annotations

import types
import typing as t

from .._api.client import Client
from .._api.errors import AdverityError, InputError
from .._api.paging import Row
from .._ledger.history import BindingFact, BindingHistory, Window
from .._ledger.ledger import Ledger
from .._ledger.periods import Uncertainty
from .._ledger.rows import BindingRow, Entry
from .._resources import bindings, extracts
from .._resources.binding_state import ledger_row, read_timed, row_fact
from .._resources.bindings import Binding
from .._resources.extracts import Extract
from .._resources.labels import Labels
from .._spec import selection, times
from .._spec.kinds import to_integer_id

Assignment = tuple[t.Optional[int], t.Optional[int]]  # datastream and destination


class Request(t.NamedTuple):
    """The options that choose. ``enabled_ids`` are bindings that an earlier task would enable in a real run; it only pretends to, in check mode.
    ``labels``: what the labels of states mean. ``is_always``: the whole history is asked for, see ``look_at``."""

    extract_ids: list[int] | None
    datastream_ids: list[int] | None
    created_from: str | None
    created_to: str | None
    binding_ids: list[int] | None
    target_id: int | None
    enabled_ids: frozenset[int] = frozenset()
    labels: Labels = Labels()
    is_always: bool = True

    @property
    def window(self) -> Window:
        return (times.readable(self.created_from), times.readable(self.created_to))

    @property
    def names_bindings(self) -> bool:
        return self.binding_ids is not None or self.target_id is not None

    @property
    def names_extracts_alone(self) -> bool:
        """Whether extracts are named and no bindings: the API loads them into all that are enabled."""
        return self.extract_ids is not None and not self.names_bindings

    def has_in_window(self, entry: Entry) -> bool:
        """Whether an entry of the ledger is in the window. One without a time counts as in it."""
        return extracts.within(self.created_from, self.created_to)(times.parse_or_none(entry.created))

    def selects(self, entry: Entry) -> bool:
        """Whether the options select the extract of an entry."""
        return self.has_in_window(entry) if self.extract_ids is None else entry.extract_id in self.extract_ids

    def would_list(self, entry: Entry) -> bool:
        """Whether the API lists an entry's extract as long as it is there. In a window that is not known of
        one without a time.
        """
        if not (self.created_from or self.created_to):
            return True
        return times.parse_or_none(entry.created) is not None and self.has_in_window(entry)


class Selection(t.NamedTuple):
    """The bindings that are selected, as the API shows them, and their histories with what it shows now, both in one order; none stands for all that are
    enabled. ``seen``: the same, and those that were left out because they are not enabled. ``facts``: what the API shows of these now, by binding.
    ``remade_ids``: the bindings in place of others, through which the history was sent before. ``sent_pairs``: the datastreams and destinations of those
    others."""

    bindings: list[Binding]
    histories: dict[int, BindingHistory]
    seen: list[Binding]
    facts: dict[int, BindingFact]
    remade_ids: frozenset[int] = frozenset()
    sent_pairs: frozenset[Assignment] = frozenset()

    def binding_rows(self) -> list[BindingRow]:
        """What was seen, for the ledger."""
        return [ledger_row(binding) for binding in self.seen]


class Loads(t.NamedTuple):
    """Extracts of one datastream, oldest first, and the bindings they go into; none of them stands for all that are enabled. ``may_be_loaded``: the
    extracts that Adverity may load, or have loaded, automatically, whatever the histories of the bindings tell."""

    datastream_id: int | None
    binding_ids: tuple[int, ...]
    extracts: t.Sequence[Extract]
    may_be_loaded: t.Mapping[int, Uncertainty] = types.MappingProxyType({})


class Unreadable(t.NamedTuple):
    """A datastream whose extracts cannot be listed. ``extract_ids``: those that are named, and in none of the other lists."""

    datastream_id: int
    binding_ids: tuple[int, ...]
    error: AdverityError
    extract_ids: tuple[int, ...] = ()


def read_request(params: dict[str, t.Any], check_mode: bool) -> Request:
    """The request that a module's options make."""
    enabled_ids = _enabled_ids(params.get("enabled_bindings") or [])
    names = ("extract_ids", "datastream_ids", "created_from", "created_to", "binding_ids", "target_id")
    return Request(
        **{name: params[name] for name in names},
        enabled_ids=enabled_ids if check_mode else frozenset(),
        labels=Labels(params["state_labels"]),
        is_always=params["backfill"] == "always",
    )


def _enabled_ids(rows: list[Row]) -> frozenset[int]:
    """The bindings of these rows that are enabled. Raises InputError where a row is none of a binding."""
    found = set()
    for row in rows:
        try:
            binding_id = to_integer_id(row.get("id"))
        except ValueError as error:
            raise InputError(
                f"enabled_bindings: the id of a binding is missing or wrong: {error}. Set it to the key bindings in the result of"
                " adverity.management.adverity_binding. Nothing was sent."
            ) from None
        if row.get("enabled") is True:
            found.add(binding_id)
    return frozenset(found)


def choose_bindings(client: Client, ledger: Ledger, request: Request) -> Selection:
    """The bindings that are selected, locked by this run from now on. Raises InputError where the request names what is not there."""
    if request.names_extracts_alone:
        ledger.take_turn(None)
        return Selection([], {}, [], {})
    while True:
        reading = read_timed(client, lambda: _read_bindings(client, request))
        selected, listed = reading.found
        if not ledger.take_turn([binding.id for binding in selected]):
            break
    selection_ = look_at(ledger, selected, listed, reading.clock, request.is_always)
    if request.names_bindings:
        return selection_
    enabled = _only_enabled(selected, selection_.histories, request.enabled_ids)
    histories = {binding.id: selection_.histories[binding.id] for binding in enabled}
    return selection_._replace(bindings=enabled, histories=histories)


def look_at(
    ledger: Ledger,
    selected: list[Binding],
    listed: list[Binding],
    clock: str | None,
    is_always: bool = True,
) -> Selection:
    """What the ledger records of these bindings, with what the API shows now. ``listed``: all bindings of the same datastreams and destinations.
    ``is_always``: the user asks for the whole history. Of a binding in whose place another one was sent it, that is a decision about all of it: what the
    other one loaded automatically counts no more than what it was sent.
    """
    known = ledger.histories([binding.id for binding in selected])
    facts = {binding.id: row_fact(binding, clock) for binding in selected}
    removed = _removed(ledger, listed)
    sent = frozenset(pair for pair, rows in removed.items() if any(row.total for row in rows))
    remade = frozenset(each.id for each in selected if (each.datastream_id, each.target_id) in sent)
    decided = remade if is_always else frozenset()
    earlier = _earlier_histories(ledger, [each for each in selected if each.id not in decided], removed)
    histories = {
        binding_id: BindingHistory(
            (*known.get(binding_id, BindingHistory()).facts, fact), earlier.get(binding_id, ())
        )
        for binding_id, fact in facts.items()
    }
    return Selection(selected, histories, selected, facts, remade, sent)


def _removed(ledger: Ledger, listed: list[Binding]) -> dict[Assignment, list[BindingRow]]:
    """The bindings that the ledger has seen and that are not listed any more, by datastream and destination."""
    present = {binding.id for binding in listed}
    removed: dict[Assignment, list[BindingRow]] = {}
    for row in ledger.binding_rows().values():
        if row.binding_id not in present and row.target_id is not None:
            removed.setdefault((row.datastream_id, row.target_id), []).append(row)
    return removed


def _earlier_histories(
    ledger: Ledger, selected: list[Binding], removed: t.Mapping[Assignment, list[BindingRow]]
) -> dict[int, list[BindingHistory]]:
    """By binding, the histories of those in whose place it is: what they loaded automatically is in the same destination."""
    earlier = {
        binding.id: [row.binding_id for row in removed.get((binding.datastream_id, binding.target_id), [])]
        for binding in selected
    }
    ids = [each for binding_ids in earlier.values() for each in binding_ids]
    histories = ledger.histories(ids) if ids else {}
    return {
        binding_id: [histories[each] for each in binding_ids if each in histories]
        for binding_id, binding_ids in earlier.items()
        if binding_ids
    }


def _read_bindings(client: Client, request: Request) -> tuple[list[Binding], list[Binding]]:
    """The bindings that are selected, and all that were listed."""
    if request.datastream_ids is None:
        listed = bindings.read(client, target_id=request.target_id)
        selected = bindings.select(listed, request.binding_ids, None, request.target_id)
        bindings.refuse_none(selected, None, request.target_id)
        return selected, listed
    datastream_ids = selection.once(request.datastream_ids)
    only = datastream_ids[0] if len(datastream_ids) == 1 else None
    listed = bindings.read(client, only, request.target_id)
    by_datastream = {
        each: [binding for binding in listed if binding.datastream_id == each] for each in datastream_ids
    }
    where = bindings.place(only, request.target_id)
    selection.refuse_unknown(
        "datastream_ids", datastream_ids, (each for each in datastream_ids if by_datastream[each]), where
    )
    if request.binding_ids is not None:
        by_datastream = _named(request.binding_ids, by_datastream, listed, where)
    return [binding for of_datastream in by_datastream.values() for binding in of_datastream], listed


def _named(
    binding_ids: list[int],
    by_datastream: dict[int, list[Binding]],
    listed: list[Binding],
    where: str,
) -> dict[int, list[Binding]]:
    """Of each datastream the bindings that are named, at least one."""
    selection.refuse_unknown("binding_ids", binding_ids, (binding.id for binding in listed), where)
    foreign = [each for each in listed if each.id in binding_ids and each.datastream_id not in by_datastream]
    if foreign:
        shown = ", ".join(f"{each.id} (datastream {each.datastream_id})" for each in foreign)
        raise InputError(
            f"binding_ids: not bindings of the datastreams in datastream_ids: {shown}. Nothing was sent."
        )
    named = {
        datastream_id: [binding for binding in of_datastream if binding.id in binding_ids]
        for datastream_id, of_datastream in by_datastream.items()
    }
    for datastream_id, of_datastream in named.items():
        if not of_datastream:
            raise InputError(
                f"binding_ids: none of them is a binding of datastream {datastream_id}. Nothing was sent."
            )
    return named


def _only_enabled(
    selected: list[Binding], histories: dict[int, BindingHistory], enabled_ids: frozenset[int]
) -> list[Binding]:
    """Of each datastream the bindings that are enabled: those into which a request without names would load. ``enabled_ids``: those that
    an earlier task would enable.
    """
    states = {each: True if each in enabled_ids else history.enabled for each, history in histories.items()}
    for datastream_id, of_datastream in group_by_datastream(selected).items():
        if any(states[binding.id] is None for binding in of_datastream):
            raise InputError(
                f"The API does not say which bindings of datastream {datastream_id} are enabled. Name them with binding_ids or target_id. Nothing was sent."
            )
        if not any(states[binding.id] for binding in of_datastream):
            raise InputError(
                f"Datastream {datastream_id} has no enabled binding, so there is nothing to load into. Enable one with"
                " adverity.management.adverity_binding, or name one with binding_ids or target_id. Nothing was sent."
            )
    return [binding for binding in selected if states[binding.id]]


def group_by_datastream(selected: t.Iterable[Binding]) -> dict[int, list[Binding]]:
    """Bindings by their datastream, in their order."""
    found: dict[int, list[Binding]] = {}
    for binding in selected:
        found.setdefault(binding.datastream_id, []).append(binding)
    return found
