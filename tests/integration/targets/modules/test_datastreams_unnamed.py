# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every scene of every target ends with a look for changes of datastreams that name none. It would find one."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest
from adverity_harness.crowds import altered, snapshot, uuid, uuids
from adverity_harness.scenes import open_scene
from adverity_harness.worlds import KEY, WORKSPACE, World

LIST, SMART = "/api/v1/datastreams/", "/api/v1/datastreams/pulling/smart/"
OFF = {"enabled": False}
WEEKLY = {"is_active": True, "frequency": "weekly"}
FIFTY_ONE = "&".join(f"datastream_id={one}" for one in uuids(range(1, 52)))

# What a slip in the collection might send: to which address, and the words with which it is caught.
SLIPS = {
    "nothing named": ("PATCH", LIST, OFF, "names none"),
    "nothing named in a PUT": ("PUT", SMART, WEEKLY, "names none"),
    "only a filter": ("PATCH", f"{LIST}?workspace_id={WORKSPACE}", OFF, "names none"),
    "an empty id": ("PATCH", f"{LIST}?datastream_id=", OFF, "names one by ''"),
    "an id beside an empty one": ("PATCH", f"{LIST}?datastream_id={uuid(1)}&datastream_id=", OFF, "names one by ''"),
    "an integer id": ("PUT", f"{SMART}?datastream_id=1", WEEKLY, "names one by '1'"),
    "too many": ("PATCH", f"{LIST}?{FIFTY_ONE}", OFF, "51 datastreams at once"),
}


def send(scene, method, target, body):
    """Sends a request as the collection would, but by hand."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", "User-Agent": "adverity.management/by-hand"}
    request = urllib.request.Request(scene.url + target, json.dumps(body).encode(), headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def slip(folder, method, target, body, done):
    """Makes a slip in a scene, which ends here; `done` takes the status, and how many datastreams changed."""
    with open_scene(folder, World().datastream(1).datastream(2).datastream(3)) as scene:
        before = snapshot(scene)
        done.append(send(scene, method, target, body))
        done.append(len(altered(scene, before)))
        scene.forget()  # what a test leaves out of its own sight is looked at all the same


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_is_caught_when_the_scene_ends(tmp_path, name):
    method, target, body, words = SLIPS[name]
    done = []
    with pytest.raises(AssertionError, match=words):
        slip(tmp_path, method, target, body, done)
    if words == "names none":  # it is that dangerous
        assert done == [200, 3]


def test_what_names_its_datastreams_passes(tmp_path):
    with open_scene(tmp_path, World().datastream(1).datastream(2)) as scene:
        assert send(scene, "PATCH", f"{LIST}?datastream_id={uuid(1)}", OFF) == 200
        assert send(scene, "PUT", f"{SMART}?datastream_id={uuid(1)}&datastream_id={uuid(2)}", WEEKLY) == 200
