# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extracts of one fetch, created at the same time, of which the list has another order on each page: all are sent once, or none and an error says so."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError, IncompleteList, Refused, Unfinished
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.properties.service import Service, moment


@pytest.fixture(autouse=True)
def _fast_ledgers(monkeypatch):
    in_process.spare_the_disk(monkeypatch.setattr)


def begin(count: int, together: int, **switches: Any) -> Service:
    """A service with so many extracts of each of two datastreams, of which so many each were created at the same time."""
    rows = {
        "targets": [{"id": 70}],
        "datastreams": [{"id": number} for number in (1, 2)],
        "bindings": [{"id": 4 + number, "datastream_id": number, "target_id": 70, "enabled": True} for number in (1, 2)],
        "extracts": [
            {"id": 1000 * number + one, "datastream_id": number, "created": moment(-60 * (1 + one // together))} for number in (1, 2) for one in range(count)
        ],
    }
    return Service(rows, **switches)


def requeue(service, folder):
    return service.call("adverity_requeue", datastream_ids=[1, 2], target_id=70, ledger=str(folder / "ledger"))


def sent(service):
    return sorted(service.loads)


def lists(service, datastream_id):
    """Of each request of the list: the order, the page, and whether a period was asked for."""
    queries = [dict(row["query"]) for row in service.simulator.requests if row["path"] == "/api/extracts/"]
    return [
        (query["ordering"], int(query.get("page", 1)), "created_to" in query) for query in queries if query["datastream_id"] == str(datastream_id)
    ]


TIES = ["by_page", "random"]
WHOLE = [(1000 * number + one, 4 + number) for number in (1, 2) for one in range(130)]


@pytest.mark.parametrize(("together", "ties"), [(130, "stable"), (13, "stable"), (1, "by_page"), (1, "random")])
def test_where_the_first_reading_is_whole_nothing_more_is_asked(tmp_path, together, ties):
    service = begin(130, together, extract_ties=ties, extract_page_size=50)
    requeue(service, tmp_path)
    assert sent(service) == WHOLE
    assert lists(service, 1) == lists(service, 2) == [("-created", page, False) for page in (1, 2, 3)]


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("count", ["on", "off"])
def test_in_the_order_of_ids_all_come(tmp_path, ties, count):
    service = begin(130, 130, extract_ties=ties, extract_page_size=50, extract_ordering="with_id", extract_count=count)
    requeue(service, tmp_path)
    assert sent(service) == WHOLE
    by_id = [("-id", page, False) for page in (1, 2, 3)]
    assert lists(service, 1) == [("-created", page, False) for page in (1, 2, 3)] + by_id * (1 if count == "on" else 2)
    assert requeue(service, tmp_path)["changed"] is False


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("ordering", ["honoured", "strict", "ignored"])
@pytest.mark.parametrize("count", ["on", "off"])
@pytest.mark.parametrize("precision", ["second", "fraction"])
@pytest.mark.parametrize("bounds", ["inclusive", "exclusive"])
def test_by_periods_all_come(tmp_path, ties, ordering, count, precision, bounds):
    switches = {"extract_ordering": ordering, "extract_count": count, "created_precision": precision, "extract_bounds": bounds}
    service = begin(130, 13, extract_ties=ties, extract_page_size=30, **switches)
    requeue(service, tmp_path)
    assert sent(service) == WHOLE
    asked = lists(service, 1)
    assert asked[:6] == [("-created", page, False) for page in (1, 2, 3, 4, 5)] + [("-id", 1, False)]
    # First pages alone, each of which goes on where the one before ended.
    assert asked[6:] == [("-created", 1, False)] + [("-created", 1, True)] * (len(asked) - 7)
    assert len(asked[6:]) <= 10


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("ordering", ["strict", "ignored"])
@pytest.mark.parametrize("count", ["on", "off"])
@pytest.mark.parametrize("fields", ["full", "id"])
def test_where_no_way_gives_all_nothing_is_sent(tmp_path, ties, ordering, count, fields):
    switches = {"extract_ordering": ordering, "extract_count": count, "extract_fields": fields}
    service = begin(130, 130, extract_ties=ties, extract_page_size=50, **switches)
    for name, options in (("adverity_requeue", {"target_id": 70, "ledger": str(tmp_path / "ledger")}), ("adverity_extract_info", {})):
        with pytest.raises((IncompleteList, Unfinished)) as caught:
            service.call(name, datastream_ids=[2], **options)
        assert "The extracts of datastream 2 were not read." in caught.value.result()["msg"]
    assert service.loads == []
    assert {row["method"] for row in service.simulator.requests} == {"GET"}


def test_periods_by_date_alone_are_no_way(tmp_path):
    service = begin(130, 13, extract_ties="by_page", extract_page_size=30, extract_bounds_format="date")
    with pytest.raises(Unfinished, match="The API returned an inconsistent list"):
        requeue(service, tmp_path)
    assert service.loads == []


@pytest.mark.parametrize("path", ["/api/extracts/", "/api/v1/bindings/"])
@pytest.mark.parametrize("status", [403, 500])
def test_an_error_of_a_list_names_the_datastream(tmp_path, path, status):
    service = begin(3, 1)
    service.simulator.fault(method="GET", path=path, times=None, status={"code": status})
    with pytest.raises(Unfinished if "extracts" in path else Refused) as caught:
        service.call("adverity_requeue", datastream_ids=[2], ledger=str(tmp_path / "ledger"))
    what = "extracts of datastream 2" if "extracts" in path else "bindings with datastream_id 2"
    assert f"The {what} were not read." in caught.value.result()["msg"]
    if "extracts" in path:
        with pytest.raises(AdverityError, match=str(status)) as caught:
            service.call("adverity_extract_info", datastream_ids=[2])
        assert "The extracts of datastream 2 were not read." in caught.value.result()["msg"]
