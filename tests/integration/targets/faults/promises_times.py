# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The promises about times and refused extracts, see promises.py."""

from __future__ import annotations

from adverity_harness.runs import module, refused, role
from promises import history, whatever


@whatever("created_precision", "updated_precision", "patch_updated", "row_updated", "date_header", world=history())
def what_loads_by_itself_is_not_sent_and_the_rest_is_sent_once(act, scenes):
    act([refused(role(target_id=789))])
    for scene in scenes.values():
        scene.fetch(999, 456)
    act([refused(role(target_id=789, backfill="always"))])
    for value, scene in scenes.items():
        assert scene.enabled() == [123]
        assert sorted(scene.service.arrivals) == sorted([(one, 123) for one in scene.world.aged(456)] + [(999, 123)]), value


@whatever("requeue_refusal_names", world=history(enabled=True))
def one_refused_extract_does_not_hold_up_the_others(act, scenes):
    aged = history()().aged(456)
    for scene in scenes.values():
        scene.service.world.refused.add(aged[3])
    told = act([refused(module("requeue", "sent", datastream_id=456, target_id=789))])
    for value, scene in scenes.items():
        sent = told.one(value, "sent")
        assert (sent["failed"], sent["refused_extract_ids"]) == (True, [aged[3]]), value
        assert str(aged[3]) in sent["msg"]
        assert scene.loads(123) == [one for one in aged if one != aged[3]]
