# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, Refused, UnreadableAnswer
from ansible_collections.adverity.management.plugins.module_utils._requeue.select import Wish, look_up
from ansible_collections.adverity.management.plugins.module_utils._resources import bindings as _bindings
from ansible_collections.adverity.management.plugins.module_utils._resources import extracts as _extracts


def binding(binding_id, datastream_id=456, target_id=789, enabled=True):
    row = {"id": binding_id, "datastream_id": datastream_id, "target_id": target_id, "enabled": enabled}
    return row if enabled is not None else {name: value for name, value in row.items() if name != "enabled"}


def expect_bindings(client, *rows, **filters):
    client.expect("GET", _bindings.PATH, dict(filters, page_size=100, page=1), answer={"items": list(rows), "count": len(rows)})


def expect_extracts(client, datastream_id, *ids, **filters):
    """Extracts of a datastream, each a day after the other in this order."""
    rows = [{"id": one, "created": f"2026-01-{day:02}T05:00:00Z"} for day, one in enumerate(ids, 1)]
    asked = dict({"datastream_id": datastream_id, "ordering": "-created"}, **filters)
    client.expect("GET", _extracts.PATH, asked, answer={"results": rows, "next": None})


def wish(**changed):
    plain = dict.fromkeys(("extract_ids", "datastream_ids", "created_from", "created_to", "binding_ids", "target_id"))
    return Wish(**{**plain, "period_ids": [], "only_enabled": True, "pretending": False, "assuming": False, **changed})


def shape(choice):
    return [(load.datastream_id, load.extract.id, load.binding_ids) for load in choice.loads]


# By datastream


def test_the_enabled_bindings_of_a_datastream_are_looked_up(scripted):
    expect_bindings(scripted, binding(7), binding(5), binding(6, enabled=False), datastream_id=456)
    expect_extracts(scripted, 456, 11, 10)
    choice = look_up(scripted, wish(datastream_ids=[456]))
    assert shape(choice) == [(456, 11, (5, 7)), (456, 10, (5, 7))]
    assert (choice.bindings, choice.listed, choice.warnings) == ({5: 456, 7: 456}, {10, 11}, [])


def test_several_datastreams_go_one_after_the_other_in_the_order_asked_for(scripted):
    expect_bindings(scripted, binding(5), binding(6, 457), binding(7, 458), target_id=789)
    expect_extracts(scripted, 457, 21)
    expect_extracts(scripted, 456, 11, 12)
    choice = look_up(scripted, wish(datastream_ids=[457, 456, 457], target_id=789))
    assert shape(choice) == [(457, 21, (6,)), (456, 11, (5,)), (456, 12, (5,))]
    assert choice.bindings == {6: 457, 5: 456}


def test_the_bounds_go_to_the_service(scripted):
    expect_bindings(scripted, binding(5), datastream_id=456)
    expect_extracts(scripted, 456, 11, 12, 13, created_from="2026-01-02T04:59:59Z", created_to="2026-01-02T05:00:01Z")
    choice = look_up(scripted, wish(datastream_ids=[456], created_from="2026-01-02T05:00:00Z", created_to="2026-01-02T05:00:00Z"))
    assert shape(choice) == [(456, 12, (5,))]


def test_a_datastream_without_extracts_is_fine(scripted):
    expect_bindings(scripted, binding(5), datastream_id=456)
    expect_extracts(scripted, 456)
    choice = look_up(scripted, wish(datastream_ids=[456]))
    assert (choice.loads, choice.bindings, choice.listed) == ([], {5: 456}, set())


@pytest.mark.parametrize(
    ("options", "bindings"),
    [({"binding_ids": [6]}, (6,)), ({"binding_ids": [6, 5]}, (5, 6)), ({"target_id": 789}, (5, 6)), ({"target_id": 789, "binding_ids": [6]}, (6,))],
)
def test_named_bindings_and_a_target_narrow(scripted, options, bindings):
    filters = {"datastream_id": 456, **({"target_id": 789} if "target_id" in options else {})}
    rows = [binding(5), binding(6)] + ([] if "target_id" in options else [binding(7, target_id=790)])
    expect_bindings(scripted, *rows, **filters)
    expect_extracts(scripted, 456, 11)
    assert shape(look_up(scripted, wish(datastream_ids=[456], **options))) == [(456, 11, bindings)]


@pytest.mark.parametrize(
    ("rows", "options", "says"),
    [
        ([], {}, "datastream_ids: not found among the bindings this key can see with datastream_id 456: 456"),
        ([], {"target_id": 789}, "datastream_ids: not found among the bindings this key can see with datastream_id 456 and target_id 789: 456"),
        ([binding(5, enabled=False)], {}, "Datastream 456 has no enabled binding"),
        ([binding(5), binding(6, enabled=None)], {}, "does not say which bindings of datastream 456 are enabled"),
        ([binding(5)], {"binding_ids": [5, 6]}, "binding_ids: not found among the bindings this key can see with datastream_id 456: 6"),
        ([binding(5, enabled=False)], {"binding_ids": [5]}, "Not enabled: binding 5 (datastream 456 to target 789)"),
        ([binding(5), binding(6, enabled=False)], {"target_id": 789}, "Not enabled: binding 6"),
        ([binding(5)], {"period_ids": [5, 6]}, "self_loading: not found among the chosen bindings: 6"),
    ],
)
def test_what_a_datastream_is_refused_for(scripted, rows, options, says):
    filters = {"datastream_id": 456, **({"target_id": 789} if "target_id" in options else {})}
    expect_bindings(scripted, *rows, **filters)
    with pytest.raises(InputError) as caught:
        look_up(scripted, wish(datastream_ids=[456], **options))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"binding_ids": [5, 6, 7]}, "binding_ids: of another datastream than datastream_ids names: 7 (datastream 458). Nothing was sent."),
        ({"binding_ids": [5]}, "binding_ids: none of them is a binding of datastream 457. Nothing was sent."),
        ({"binding_ids": [5, 6, 99]}, "binding_ids: not found among the bindings this key can see: 99. Nothing was changed."),
        ({}, None),
    ],
)
def test_what_several_datastreams_are_refused_for(scripted, options, says):
    expect_bindings(scripted, binding(5), binding(6, 457), binding(7, 458))
    if says is None:
        with pytest.raises(InputError, match="not found among the bindings this key can see: 459"):
            look_up(scripted, wish(datastream_ids=[456, 459]))
    else:
        with pytest.raises(InputError) as caught:
            look_up(scripted, wish(datastream_ids=[456, 457], **options))
        assert str(caught.value) == says


def test_all_checks_come_before_the_extracts_are_read(scripted):
    expect_bindings(scripted, binding(5), binding(6, 457, enabled=False), target_id=789)
    with pytest.raises(InputError, match="Not enabled: binding 6"):
        look_up(scripted, wish(datastream_ids=[456, 457], target_id=789))


# Enabled or not


def test_in_check_mode_a_disabled_binding_is_a_warning(scripted):
    expect_bindings(scripted, binding(5, enabled=False), datastream_id=456, target_id=789)
    expect_extracts(scripted, 456, 11)
    choice = look_up(scripted, wish(datastream_ids=[456], target_id=789, pretending=True))
    assert shape(choice) == [(456, 11, (5,))]
    assert len(choice.warnings) == 1
    assert choice.warnings[0].startswith("Not enabled: binding 5 (datastream 456 to target 789). A real run refuses that")


@pytest.mark.parametrize("pretending", [True, False])
def test_that_an_earlier_task_enables_it_counts_in_check_mode_only(scripted, pretending):
    expect_bindings(scripted, binding(5, enabled=False), datastream_id=456, target_id=789)
    wanted = wish(datastream_ids=[456], target_id=789, pretending=pretending, assuming=True)
    if pretending:
        expect_extracts(scripted, 456, 11)
        assert look_up(scripted, wanted).warnings == []
    else:
        with pytest.raises(InputError, match="Not enabled: binding 5"):
            look_up(scripted, wanted)


def test_a_plan_may_be_for_bindings_that_are_not_enabled_yet(scripted):
    expect_bindings(scripted, binding(5, enabled=False), datastream_id=456, target_id=789)
    expect_extracts(scripted, 456, 11)
    choice = look_up(scripted, wish(datastream_ids=[456], target_id=789, only_enabled=False))
    assert (shape(choice), choice.warnings) == ([(456, 11, (5,))], [])


def test_a_named_binding_of_unknown_state_is_taken(scripted):
    expect_bindings(scripted, binding(5, enabled=None), datastream_id=456)
    expect_extracts(scripted, 456, 11)
    assert shape(look_up(scripted, wish(datastream_ids=[456], binding_ids=[5]))) == [(456, 11, (5,))]


def test_many_disabled_ones_are_counted(scripted):
    expect_bindings(scripted, *(binding(one, enabled=False) for one in range(1, 26)), datastream_id=456, target_id=789)
    with pytest.raises(InputError, match=r"binding 20 \(datastream 456 to target 789\) and 5 more\. Enable it"):
        look_up(scripted, wish(datastream_ids=[456], target_id=789))


# By extract


def test_bare_extracts_ask_the_service_nothing_and_go_in_the_order_of_their_ids(scripted):
    choice = look_up(scripted, wish(extract_ids=[30, 10, 20, 10]))
    assert shape(choice) == [(None, 10, ()), (None, 20, ()), (None, 30, ())]
    assert (choice.bindings, choice.listed, choice.warnings) == ({}, None, [])


def test_bare_extracts_have_no_bindings_of_which_periods_could_be_told(scripted):
    with pytest.raises(InputError, match="self_loading: not found among the chosen bindings: 5"):
        look_up(scripted, wish(extract_ids=[1], period_ids=[5]))


def test_extracts_for_a_named_binding_are_looked_up_in_its_datastream(scripted):
    expect_bindings(scripted, binding(5), binding(6, 457))
    expect_extracts(scripted, 456, 12, 11, 10)
    choice = look_up(scripted, wish(extract_ids=[10, 12, 10], binding_ids=[5]))
    assert shape(choice) == [(456, 12, (5,)), (456, 10, (5,))]
    assert (choice.bindings, choice.listed) == ({5: 456}, None)


def test_extracts_of_several_datastreams_for_a_target(scripted):
    expect_bindings(scripted, binding(5), binding(6), binding(7, 457), binding(8, 458, enabled=False), target_id=789)
    expect_extracts(scripted, 456, 11, 12)
    expect_extracts(scripted, 457, 21, 22)
    choice = look_up(scripted, wish(extract_ids=[22, 11], target_id=789))
    assert shape(choice) == [(456, 11, (5, 6)), (457, 22, (7,))]
    # Datastream 458 is not asked for, nor is its binding in the way: nothing is missing any more.
    assert choice.bindings == {5: 456, 6: 456, 7: 457}


def test_a_binding_that_is_not_used_is_not_checked(scripted):
    expect_bindings(scripted, binding(5, enabled=False), binding(7, 457), target_id=789)
    expect_extracts(scripted, 456, 11)
    expect_extracts(scripted, 457, 21)
    assert shape(look_up(scripted, wish(extract_ids=[21], target_id=789))) == [(457, 21, (7,))]


@pytest.mark.parametrize(
    ("rows", "extracts", "options", "says"),
    [
        ([binding(5)], {456: [11]}, {"binding_ids": [5]}, "extract_ids: not found among the extracts of the datastreams of these bindings: 12"),
        ([binding(5)], {}, {"binding_ids": [5, 9]}, "binding_ids: not found among the bindings this key can see: 9"),
        ([binding(5), binding(7, 457)], {456: [11, 12], 457: [21]}, {"binding_ids": [5, 7]}, "binding_ids: 7 load datastream 457, but none of extract_ids is"),
        ([binding(5, enabled=False)], {456: [11, 12]}, {"binding_ids": [5]}, "Not enabled: binding 5"),
        ([], {}, {"target_id": 789}, "No binding found among the bindings this key can see with target_id 789"),
        ([binding(5), binding(7, 457)], {456: [11], 457: [21]}, {"target_id": 789}, "extract_ids: not found among the extracts of the datastreams"),
        ([binding(5)], {}, {"target_id": 789, "binding_ids": [6]}, "binding_ids: not found among the bindings this key can see with target_id 789: 6"),
        ([binding(5)], {456: [11, 12]}, {"binding_ids": [5], "period_ids": [6]}, "self_loading: not found among the chosen bindings: 6"),
    ],
)
def test_what_extracts_are_refused_for(scripted, rows, extracts, options, says):
    expect_bindings(scripted, *rows, **({"target_id": 789} if "target_id" in options else {}))
    for datastream_id, ids in extracts.items():
        expect_extracts(scripted, datastream_id, *ids)
    with pytest.raises(InputError) as caught:
        look_up(scripted, wish(extract_ids=[11, 12], **options))
    assert says in str(caught.value)


# The service


@pytest.mark.parametrize("options", [{"datastream_ids": [456]}, {"extract_ids": [11], "binding_ids": [5]}])
def test_rows_without_their_ids_are_an_error(scripted, options):
    rows = [binding(5), {"id": 6, "enabled": True}]
    expect_bindings(scripted, *rows, **({"datastream_id": 456} if "datastream_ids" in options else {}))
    with pytest.raises(UnreadableAnswer, match="datastream_id"):
        look_up(scripted, wish(**options))


def test_what_the_service_refuses_passes_through(scripted):
    expect_bindings(scripted, binding(5), datastream_id=456)
    scripted.expect("GET", _extracts.PATH, {"datastream_id": 456, "ordering": "-created"}, answer=Refused("GET", _extracts.PATH, 403, "Forbidden."))
    with pytest.raises(Refused):
        look_up(scripted, wish(datastream_ids=[456]))
