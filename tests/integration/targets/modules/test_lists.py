# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists that lie, that do not end, or that lead elsewhere: an error after few requests, nothing written, and no key for anybody else."""

from __future__ import annotations

import socket
import threading

import pytest
from adverity_harness.runs import module, refused
from adverity_harness.scenes import BINDINGS, EXTRACTS
from adverity_harness.worlds import World, moment


@pytest.fixture(name="world")
def fixture_world():
    """Datastream 456 with 250 extracts, three pages of the list, and a binding."""
    return World().datastream(456, extracts=250).binding(123, 456, enabled=True).datastream(457).binding(124, 457)


@pytest.fixture(name="elsewhere")
def fixture_elsewhere():
    """Another address that listens; gives its port, and what arrived there as bytes."""
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)
        over = threading.Event()

        def listen():
            while not over.is_set():
                try:
                    connection, _address = listening.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(60)
                    heard.append(connection.recv(65536))

        thread = threading.Thread(target=listen)
        thread.start()
        yield listening.getsockname()[1], heard
        over.set()
        thread.join()


@pytest.mark.parametrize("surplus", [3, -1])
def test_a_count_that_is_never_reached_is_an_error(begin, world, surplus):
    scene = begin(world)
    for path in (BINDINGS, EXTRACTS):
        scene.service.fault(method="GET", path=path, times=None, count=surplus)
    run = scene.play(
        [
            refused(module("binding", target_id=789, enabled=True)),
            refused(module("extract_info", datastream_id=456)),
            refused(module("requeue", datastream_id=456, target_id=789)),
        ]
    )
    assert len(run.failures) == 3
    for failure in run.failures:
        assert "inconsistent list" in failure["msg"]
        assert "count" in failure["msg"]
    assert scene.writes() == []
    # Three or four readings of one page and the next, or of three pages.
    for talk in scene.talks():
        assert len(talk) <= 12


def test_a_list_that_goes_round_in_circles_is_an_error(begin, world):
    scene = begin(world)
    rows = [{"id": number, "created": moment(days=number)} for number in range(1, 4)]
    page = {"count": 250, "next": scene.url + EXTRACTS + "?datastream_id=456&page=2", "previous": None, "results": rows}
    scene.service.fault(method="GET", path=EXTRACTS, times=None, json=page)
    run = scene.play([module("requeue", datastream_id=456, target_id=789)], fails=True)
    assert "inconsistent list" in run.failures[0]["msg"]
    assert scene.writes() == []
    # Of the bindings, four readings of two pages, one of the order by id and one of a shorter period.
    assert len(scene.requests()) <= 1 + 8 + 2 + 2


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_next_leads_to_another_address_which_never_hears_of_us(begin, world, elsewhere, name):
    port, heard = elsewhere
    scene = begin(world)
    first = [{"id": identity, "created": moment(days=number + 1)} for number, identity in enumerate(world.aged(456)[:-101:-1])]
    page = {"count": 250, "next": f"http://{name}:{port}{EXTRACTS}?datastream_id=456&ordering=-created&page=2", "previous": None, "results": first}
    scene.service.fault(method="GET", path=EXTRACTS, json=page)
    run = scene.play([module("extract_info", datastream_id=456)])
    assert [row["id"] for row in run.one("adverity_extract_info")["extracts"]] == world.aged(456)
    assert len(scene.requests("GET", EXTRACTS)) == 3
    assert heard == []


def test_the_host_in_next_does_not_matter(begin, world):
    scene = begin(world, switches={"next_host": "other"})
    run = scene.play([module("extract_info", datastream_id=456)])
    assert [row["id"] for row in run.one("adverity_extract_info")["extracts"]] == world.aged(456)


def test_redirects_are_not_followed(begin, world, elsewhere):
    port, heard = elsewhere
    scene = begin(world)
    there = f"http://127.0.0.1:{port}/api/v1/"
    for method in ("GET", "PATCH", "POST"):
        scene.service.fault(method=method, redirect={"to": there, "code": 307})
    run = scene.play(
        [
            refused(module("binding_info")),
            refused(module("binding", datastream_id=457, enabled=True)),
            refused(module("requeue", datastream_id=456, target_id=789)),
        ]
    )
    assert len(run.failures) == 3
    for failure in run.failures:
        assert there in failure["msg"]
        assert "not followed" in failure["msg"]
    assert scene.enabled() == [123]
    assert scene.loads(123) == []
    assert heard == []
