# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the API returns and a run shows is one line, without control characters: a name must not look like the output of another task.

Which characters that are: _api/test_text.py.
"""

from __future__ import annotations

import unicodedata

import pytest
from ansible_collections.adverity.management.plugins.module_utils._resources.datastreams import PATH
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import World, setting, uuid

HOSTILE = "evil\nTASK [all is well] ***\r\x1b[2J\x9b31m\x00\x7f\u202e\u2066\u2028\u200b"
ONE = uuid(1)
REFUSED = {"status": {"code": 400}}


def affected(*ids):
    return {"json": {"affected": {"datastream_ids": ids}}}


def stream(name="plain", **pulling):
    return {"id": ONE, "name": name, "enabled": True, "pulling": {"active_mode": "schedule", "smart": setting(), **pulling}}


def texts(shown):
    """Every text in a value."""
    if isinstance(shown, dict):
        shown = [*shown, *shown.values()]
    if isinstance(shown, list):
        return [text for value in shown for text in texts(value)]
    return [shown] if isinstance(shown, str) else []


SMART = {"smart": setting(frequency=HOSTILE, refresh_range={"value": 1, "unit": HOSTILE})}
SWITCH = {"datastream_ids": [ONE], "enabled": False, "pulling_mode": "smart"}
RESET = {"datastream_ids": [ONE], "is_active": False, "reset": ["refresh_range"]}
SET = {"datastream_ids": [ONE], "deadline": "06:00"}
# The module and its options, a row of the list, and how the changes are answered.
SHOWN = {
    "diff of a datastream": ("datastream", SWITCH, stream(HOSTILE, active_mode=HOSTILE), [affected(ONE), affected(ONE)]),
    # The frequency and the unit are Adverity's own words: they go back to it as they are, and are quoted in messages.
    "diff of a smart schedule": ("smart_pulling", RESET, stream(**SMART), [affected(ONE)]),
    "warning of a smart schedule": ("smart_pulling", RESET, stream(**SMART), [affected()]),
    "error of a smart schedule": ("smart_pulling", RESET, stream(**SMART), [REFUSED]),
    "no smart schedule": ("smart_pulling", SET, stream(HOSTILE, smart=None), []),
    "smart schedule that is not shown": ("smart_pulling", SET, {"id": ONE, "name": HOSTILE}, []),
    "frequency that cannot be kept": ("smart_pulling", SET, stream(HOSTILE, smart=setting(frequency=[HOSTILE])), []),
    "ID of a datastream": ("datastream_info", {}, {"id": HOSTILE}, []),
}


@pytest.mark.parametrize("case", SHOWN)
def test_diff_warnings_and_message_are_lines(begin, case):
    module, options, row, responses = SHOWN[case]
    scene = begin(World().datastream(1))
    scene.show(PATH, row)
    for response in responses:
        scene.service.fault(method="PATCH" if module == "datastream" else "PUT", **response)
    result = scene.run(module, **options)
    if module == "smart_pulling" and responses:
        assert scene.writes()[0]["body"]["frequency"] == HOSTILE
    shown = [result.get("msg", ""), result["warnings"], result.get("diff", {})]
    assert any("evil" in text for text in texts(shown))
    assert [text for text in texts(shown) if any(unicodedata.category(char)[0] == "C" or char in "\u2028\u2029" for char in text)] == []


@pytest.mark.parametrize("link", [HOSTILE, f"https://acme.example/api/{HOSTILE}/?page=2"])
def test_link_to_another_place_is_shown_on_one_line(begin, link):
    scene = begin(World().datastream(1))
    scene.service.fault(path="/api/extracts/", times=None, json={"results": [{"id": 1}], "count": 2, "next": link})
    message = scene.run("extract_info", datastream_id=1)["msg"]
    assert "evil" in message
    assert all(unicodedata.category(char)[0] != "C" for char in message)
