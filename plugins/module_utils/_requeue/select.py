# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Which extracts go into which bindings: what the user chose, looked up at the service, in the turn of the bindings. Reads only."""

from __future__ import annotations

import types
import typing as t

from .._api import text
from .._api.client import Client
from .._api.errors import AdverityError, InputError, Refused, RequestError, UnreadableAnswer
from .._api.paging import Row
from .._ledger.history import BindingFact, BindingHistory, Window
from .._ledger.ledger import Ledger
from .._ledger.periods import Reason, Uncertainty
from .._ledger.rows import BindingRow
from .._ledger.status import Status
from .._ledger.turns import ALL_ENABLED
from .._resources import bindings, extracts
from .._resources.binding_state import read_timed, row_fact, stops_the_run
from .._resources.extracts import Extract
from .._resources.jobs import LONGEST_QUEUE
from .._spec import selection, times

Assignment = tuple[t.Optional[int], t.Optional[int]]  # datastream and destination


class Request(t.NamedTuple):
    """The options that choose. ``enabled_ids`` are bindings that an earlier task would enable in a real run; it only pretends to, in check mode."""

    extract_ids: list[int] | None
    datastream_ids: list[int] | None
    created_from: str | None
    created_to: str | None
    binding_ids: list[int] | None
    target_id: int | None
    enabled_ids: frozenset[int] = frozenset()

    @property
    def window(self) -> Window:
        return (times.readable(self.created_from), times.readable(self.created_to))

    @property
    def names_bindings(self) -> bool:
        return self.binding_ids is not None or self.target_id is not None


class Selection(t.NamedTuple):
    """The bindings that are selected, as the API shows them, and their histories with what it shows now, both in one order; none stands for all that are
    enabled. ``facts``: what it shows now, by binding. ``remade_ids``: the bindings in place of others, through which the history was sent before.
    ``sent_pairs``: the datastreams and destinations of those others."""

    rows: list[Row]
    histories: dict[int, BindingHistory]
    facts: dict[int, BindingFact]
    remade_ids: frozenset[int] = frozenset()
    sent_pairs: frozenset[Assignment] = frozenset()

    def binding_rows(self) -> list[BindingRow]:
        """The same bindings for the ledger."""
        return [BindingRow(row["id"], row["datastream_id"], row["target_id"], 0) for row in self.rows]


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
    names = ("extract_ids", "datastream_ids", "created_from", "created_to", "binding_ids", "target_id")
    pretended = params.get("enabled_bindings") or [] if check_mode else []
    enabled_ids = frozenset(row["id"] for row in pretended if row.get("enabled") is True)
    return Request(**{name: params[name] for name in names}, enabled_ids=enabled_ids)


def choose_bindings(client: Client, ledger: Ledger, request: Request) -> Selection:
    """The bindings that are selected, locked by this run from now on. Raises InputError where the request names what is not there."""
    if request.extract_ids is not None and not request.names_bindings:
        ledger.take_turn(None)
        return Selection([], {}, {})
    while True:
        reading = read_timed(client, lambda: _read_rows(client, request))
        rows, listed = reading.rows
        if not ledger.take_turn([row["id"] for row in rows]):
            break
    selection_ = look_at(ledger, rows, listed, reading.clock)
    if not request.names_bindings:
        rows = _only_enabled(rows, selection_.histories, request)
    return selection_._replace(rows=rows)


def look_at(ledger: Ledger, rows: list[Row], listed: list[Row], clock: str | None) -> Selection:
    """What the ledger records of these bindings, with what the API shows now. ``listed``: all bindings of the same datastreams and destinations."""
    known = ledger.histories([row["id"] for row in rows])
    facts = {row["id"]: row_fact(row, clock) for row in rows}
    removed = _removed(ledger, listed)
    sent = frozenset(pair for pair, some in removed.items() if any(row.total for row in some))
    remade = frozenset(row["id"] for row in rows if (row["datastream_id"], row["target_id"]) in sent)
    # If one of those in whose place a binding is sent the history, the user decides about all of it.
    earlier = _earlier_histories(ledger, [row for row in rows if row["id"] not in remade], removed)
    histories = {
        binding_id: BindingHistory((*known.get(binding_id, BindingHistory()).facts, fact), earlier.get(binding_id, ())) for binding_id, fact in facts.items()
    }
    return Selection(rows, histories, facts, remade, sent)


def _removed(ledger: Ledger, listed: list[Row]) -> dict[Assignment, list[BindingRow]]:
    """The bindings that the ledger has seen and that are not listed any more, by datastream and destination."""
    present = {row["id"] for row in listed}
    removed: dict[Assignment, list[BindingRow]] = {}
    for row in ledger.binding_rows().values():
        if row.binding_id not in present and row.target_id is not None:
            removed.setdefault((row.datastream_id, row.target_id), []).append(row)
    return removed


def _earlier_histories(ledger: Ledger, rows: list[Row], removed: t.Mapping[Assignment, list[BindingRow]]) -> dict[int, list[BindingHistory]]:
    """By binding, the histories of those in whose place it is: what they loaded automatically is in the same destination."""
    earlier = {row["id"]: [each.binding_id for each in removed.get((row["datastream_id"], row["target_id"]), [])] for row in rows}
    ids = [each for some in earlier.values() for each in some]
    histories = ledger.histories(ids) if ids else {}
    return {binding_id: [histories[each] for each in some if each in histories] for binding_id, some in earlier.items() if some}


def list_extracts(
    client: Client, ledger: Ledger, request: Request, selected: Selection, binding_ids: t.Collection[int]
) -> tuple[list[Loads], list[Unreadable]]:
    """The selected extracts of the datastreams of these bindings, and the datastreams whose list cannot be read. Raises InputError where one of
    ``extract_ids`` is not among them."""
    if not selected.rows:
        return [_without_bindings(client, ledger, selection.once(request.extract_ids or []))], []
    due = _by_datastream([row for row in selected.rows if row["id"] in binding_ids])
    by_datastream = {datastream_id: tuple(row["id"] for row in rows) for datastream_id, rows in due.items()}
    if request.extract_ids is not None:
        return _list_named(client, ledger, request, by_datastream, request.extract_ids)
    loads: list[Loads] = []
    unreadable: list[Unreadable] = []
    for datastream_id, ids in by_datastream.items():
        found = _read_selected(client, request, datastream_id, ids)
        if isinstance(found, Unreadable):
            unreadable.append(found)
        else:
            loads.append(Loads(datastream_id, ids, found, _under_way(ledger, datastream_id, found)))
    return loads, unreadable


def _read_selected(client: Client, request: Request, datastream_id: int, binding_ids: tuple[int, ...]) -> t.Sequence[Extract] | Unreadable:
    try:
        return extracts.read(client, datastream_id, request.created_from, request.created_to)
    except (RequestError, UnreadableAnswer) as error:
        if stops_the_run(error):
            raise
        return Unreadable(datastream_id, binding_ids, error)


def _list_named(
    client: Client, ledger: Ledger, request: Request, by_datastream: t.Mapping[int, tuple[int, ...]], extract_ids: list[int]
) -> tuple[list[Loads], list[Unreadable]]:
    """The extracts with these ids, and the lists in which they may be that cannot be read. ``by_datastream`` are the bindings of each datastream."""
    wanted = set(extract_ids)
    loads: list[Loads] = []
    unreadable: list[Unreadable] = []
    for datastream_id, ids in by_datastream.items():
        if not wanted and request.binding_ids is None:
            break
        listed = _read_selected(client, request, datastream_id, ids)
        if isinstance(listed, Unreadable):
            unreadable.append(listed)
            continue
        found = [extract for extract in listed if extract.id in wanted]
        if not found and request.binding_ids is not None:
            raise InputError(
                f"binding_ids: {text.ids(ids)} load datastream {datastream_id}, but none of extract_ids is an extract of it. Nothing was sent."
            )
        wanted.difference_update(extract.id for extract in found)
        loads.append(Loads(datastream_id, ids, found, _under_way(ledger, datastream_id, found)))
    if unreadable:
        return loads, [each._replace(extract_ids=tuple(sorted(wanted))) for each in unreadable] if wanted else []
    known = [each for each in extract_ids if each not in wanted]
    selection.refuse_unknown("extract_ids", extract_ids, known, "among the extracts of the datastreams of these bindings")
    return loads, []


def _without_bindings(client: Client, ledger: Ledger, extract_ids: list[int]) -> Loads:
    """Extracts that are named alone. Nothing public tells their datastream: the IDs themselves are all there is to order by. They are looked for in the
    datastreams of which the ledger has an enabled binding, since that may have loaded them automatically."""
    missing = set(extract_ids)
    may_be_loaded: dict[int, Uncertainty] = {}
    all_listed = True
    for datastream_id, histories in sorted(_with_periods(ledger).items()):
        if not missing:
            break
        listed = _read_or_none(client, datastream_id)
        all_listed = all_listed and listed is not None
        found = [extract for extract in listed or () if extract.id in missing]
        missing.difference_update(extract.id for extract in found)
        may_be_loaded.update(_loaded_by_any(histories, found))
        may_be_loaded.update(_under_way(ledger, datastream_id, found))
    if not all_listed:
        may_be_loaded.update(dict.fromkeys(missing, Uncertainty(Reason.UNREADABLE)))
    return Loads(None, (), [Extract(each, None) for each in sorted(extract_ids)], may_be_loaded)


def _loaded_by_any(histories: list[BindingHistory], found: list[Extract]) -> t.Iterator[tuple[int, Uncertainty]]:
    """The extracts that one of the bindings has loaded automatically, or may have."""
    for extract in found:
        loaded = [history.was_loaded(extract.interval, extract.created) for history in histories]
        if any(each is not False for each in loaded):
            yield extract.id, next((each for each in loaded if isinstance(each, Uncertainty)), Uncertainty(Reason.ENABLED))


def _with_periods(ledger: Ledger) -> dict[int, list[BindingHistory]]:
    """By datastream, the histories of the bindings that were enabled at some time."""
    rows = ledger.binding_rows()
    found: dict[int, list[BindingHistory]] = {}
    for binding_id, history in ledger.histories().items():
        datastream_id = rows[binding_id].datastream_id if binding_id in rows else None
        if history.periods and datastream_id is not None:
            found.setdefault(datastream_id, []).append(history)
    return found


def _read_or_none(client: Client, datastream_id: int) -> t.Sequence[Extract] | None:
    """The extracts of a datastream that the ledger knows: none where it was deleted, None where they cannot be listed."""
    try:
        return extracts.read(client, datastream_id)
    except (RequestError, UnreadableAnswer) as error:
        if isinstance(error, Refused) and error.status == 404:
            return ()
        if stops_the_run(error):
            raise
        return None


def _under_way(ledger: Ledger, datastream_id: int, found: t.Sequence[Extract]) -> dict[int, Uncertainty]:
    """The extracts that Adverity is processing without a request of this ledger: it may load them into a binding that was enabled meanwhile."""
    ids = [extract.id for extract in found if extract.under_way]
    if not ids:
        return {}
    of_datastream = [row.binding_id for row in ledger.binding_rows().values() if row.datastream_id == datastream_id or row.binding_id == ALL_ENABLED]
    own = {
        entry.extract_id
        for entry in ledger.entries(of_datastream, ids)
        if entry.status is Status.DISPATCHED and entry.loaded_at is None and _is_recent(entry.at)
    }
    return {each: Uncertainty(Reason.UNDER_WAY) for each in ids if each not in own}


def _is_recent(at: str | None) -> bool:
    """Whether a request that was sent then may still be under way."""
    moment = times.parse_or_none(at)
    now = times.parse_or_none(times.now())
    return moment is None or now is None or now - moment <= LONGEST_QUEUE


def _read_rows(client: Client, request: Request) -> tuple[list[Row], list[Row]]:
    """The rows that are selected, and all that were listed."""
    if request.datastream_ids is None:
        listed = bindings.read(client, target_id=request.target_id)
        rows = bindings.select(listed, request.binding_ids, None, request.target_id)
        bindings.refuse_none(rows, None, request.target_id)
        return rows, listed
    datastream_ids = selection.once(request.datastream_ids)
    only = datastream_ids[0] if len(datastream_ids) == 1 else None
    listed = bindings.read(client, only, request.target_id)
    by_datastream = {each: [row for row in listed if row["datastream_id"] == each] for each in datastream_ids}
    where = bindings.place(only, request.target_id)
    selection.refuse_unknown("datastream_ids", datastream_ids, (each for each in datastream_ids if by_datastream[each]), where)
    if request.binding_ids is not None:
        by_datastream = _named(request.binding_ids, by_datastream, listed, where)
    return [row for some in by_datastream.values() for row in some], listed


def _named(binding_ids: list[int], by_datastream: dict[int, list[Row]], rows: list[Row], where: str) -> dict[int, list[Row]]:
    """Of each datastream the bindings that are named, at least one."""
    selection.refuse_unknown("binding_ids", binding_ids, (row["id"] for row in rows), where)
    foreign = [row for row in rows if row["id"] in binding_ids and row["datastream_id"] not in by_datastream]
    if foreign:
        shown = ", ".join(f"{row['id']} (datastream {row['datastream_id']})" for row in foreign)
        raise InputError(f"binding_ids: of another datastream than datastream_ids names: {shown}. Nothing was sent.")
    named = {one: [row for row in some if row["id"] in binding_ids] for one, some in by_datastream.items()}
    for datastream_id, some in named.items():
        if not some:
            raise InputError(f"binding_ids: none of them is a binding of datastream {datastream_id}. Nothing was sent.")
    return named


def _only_enabled(rows: list[Row], histories: dict[int, BindingHistory], request: Request) -> list[Row]:
    """Of each datastream the bindings that are enabled: those into which a request without names would load."""
    for datastream_id, some in _by_datastream(rows).items():
        if any(histories[row["id"]].enabled is None for row in some):
            raise InputError(
                f"The service does not say which bindings of datastream {datastream_id} are enabled. Name them with binding_ids or target_id. Nothing was sent."
            )
        if not any(histories[row["id"]].enabled for row in some):
            raise InputError(
                f"Datastream {datastream_id} has no enabled binding, so there is nothing to load into. Enable one with"
                " adverity.management.adverity_binding, or name one with binding_ids or target_id. Nothing was sent."
            )
    return [row for row in rows if histories[row["id"]].enabled]


def _by_datastream(rows: list[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row["datastream_id"], []).append(row)
    return found
