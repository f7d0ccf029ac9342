# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every message on the page "Troubleshooting, by message" is one that a run really gives, and none that a run here gives is missing there."""

from __future__ import annotations

import re
import sqlite3
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from adverity_harness.authority import Authority
from adverity_harness.place import ROOT, load_simulator
from adverity_harness.runs import module, refused, role
from adverity_harness.scenes import open_scene
from adverity_harness.world import KEY, READ_ONLY_KEY, World, moment, ordinary_world, uuid

GUIDES = ROOT / "docs" / "docsite" / "rst"
LOAD = dict(datastream_id=456, target_id=789)
STREAM = [uuid(456)]
UUID = "9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10"
NARROW_KEY = "n4rr0w-1f0c9d2b7a6e-that-must-not-show"
HOUR = {"clock": {"forward": 3600}}
NO_EXCEPTIONS = {"NO_PROXY": "", "no_proxy": ""}


def blocks(text):
    """The text blocks of a page in reStructuredText, each as one line."""
    found = re.findall(r"^\.\. code-block:: text\n\n((?: {4}.*\n|\n)+)", text, re.M)
    return [" ".join(block.split()) for block in found]


MESSAGES = blocks((GUIDES / "troubleshooting.rst").read_text("utf-8"))


def fits(message, text):
    """Whether a message of the page, where dots stand for anything, is in a text. Ansible breaks warnings, also within words."""
    message, text = "".join(message.split()), "".join(text.split())
    return re.search(".+?".join(map(re.escape, message.split("..."))), text) is not None


def ledgers(folder):
    """Files that are no ledgers, by what is wrong with them."""
    folder.mkdir()
    paths = {name: folder / name for name in ("text", "other", "newer", "older")}
    paths["text"].write_text("to do: back this up\n" * 200)
    for name, identity, version in (("other", 0, 0), ("newer", 0x41444C47, 99), ("older", 0x41444C47, 1)):
        with sqlite3.connect(paths[name]) as connection:
            connection.execute("CREATE TABLE notes (text TEXT)")
            connection.execute(f"PRAGMA application_id = {identity}")
            connection.execute(f"PRAGMA user_version = {version}")
        connection.close()
    paths["in a file"] = paths["text"] / "requeue.sqlite3"
    return paths


# What Python runs when it starts, by what a module then has to do with.
STARTS = {
    "no library": ["import sys", "sys.modules['requests'] = None"],
    "no locks": [
        "import errno, fcntl, os", "real = fcntl.fcntl", "def refuse(file, command, *more):",
        "    if command == fcntl.F_OFD_GETLK: raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))", "    return real(file, command, *more)",
        "fcntl.fcntl = refuse",
    ],
    "a broken disk": [
        "import sqlite3", "def fail(*_arguments, **_more): raise sqlite3.OperationalError('disk I/O error')", "sqlite3.connect = fail",
    ],
    "a pooler": [  # a session begins with another process of PostgreSQL than the one that answers
        "import psycopg", "from unittest import mock", "session = mock.MagicMock()", "session.info.backend_pid = 4711",
        "session.execute.return_value.fetchone.return_value = (4712,)", "psycopg.connect = lambda *_arguments, **_more: session",
    ],
    "a ledger to read": [
        "import os", "real = os.access",
        "os.access = lambda path, *more, **named: not str(path).endswith('.sqlite3') and real(path, *more, **named)",
    ],
}  # fmt: skip


def start_with(folder, lines, task):
    """The task in a Python that runs these lines when it starts."""
    path = Path(tempfile.mkdtemp(dir=folder))
    (path / "sitecustomize.py").write_text("\n".join(lines) + "\n")
    return {**task, "environment": {"PYTHONPATH": str(path)}}


def look(**options):
    return module("binding_info", **options)


def requeue(**options):
    return module("requeue", **options)


def tasks(folder, tls):
    """Tasks that each fail with a message of the page, on the ordinary world."""
    files = ledgers(folder / "ledgers")
    setting = dict(filters={"enabled": True})
    return [
        start_with(folder, STARTS["no library"], look()),
        look(instance="https://acme.datatap.adverity.com/api/v1/"),
        look(instance="http://acme.datatap.adverity.com"),
        look(api_key=f"Bearer {KEY}"),
        look(api_key=f"{KEY}\n"),
        look(api_key="wrong"),
        module("binding", target_id=789, enabled=True, api_key=READ_ONLY_KEY),
        module("datastream", datastream_ids=STREAM, enabled=False, api_key=READ_ONLY_KEY),
        module("directory_info", workspaces=["*"], api_key=NARROW_KEY),
        {**look(instance=tls), "environment": {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": ""}},
        look(instance="http://127.0.0.1:9", retries=1),
        module("binding", target_id=UUID, enabled=True),
        module("datastream", datastream_id=456, enabled=True),
        module("binding", target_id=4711, enabled=True),
        module("datastream", datastream_ids=[UUID], enabled=True),
        requeue(extract_ids=[]),
        module("datastream", enabled=True),
        role(target_id=789, pulling_mode="smart"),
        role(name="No such one", type="bigquery", workspace="Acme", create=False),
        role(name="No such one", type="bigquery", workspace="Acme", settings="project: [acme"),
        module("datastream", datastream_ids=[uuid(459)], pulling_mode="schedule"),
        module("smart_pulling", **setting, frequency="weekly"),
        module("smart_pulling", **setting, deadline=630),
        requeue(datastream_id=458),
        requeue(datastream_id=457, target_id=789),
        *(requeue(**LOAD, ledger=str(path)) for path in files.values()),
        requeue(**LOAD, ledger="ledgers/mine"),
        {**requeue(**LOAD, ledger="~/.ansible/adverity/requeue.sqlite3"), "environment": {"HOME": ""}},
        start_with(folder, STARTS["no locks"], requeue(**LOAD, ledger=str(folder / "ledgers" / "without locks"))),
        start_with(folder, STARTS["a broken disk"], requeue(**LOAD, ledger=str(folder / "ledgers" / "broken"))),
        requeue(**LOAD, ledger="postgresql://me:hush@db.example.com/ledger"),
        requeue(**LOAD, ledger="postgresql://me@db.example.com#hush/ledger"),
        requeue(**LOAD, ledger="host=db.example.com password=hush dbname=ledger"),
        start_with(folder, STARTS["a pooler"], requeue(**LOAD, ledger="postgresql://adverity@127.0.0.1/ledger?sslmode=disable")),
        {**look(instance="https://acme.example"), "environment": {"HTTPS_PROXY": "http://me:hu#sh@proxy.example:3128", **NO_EXCEPTIONS}},
        role(name=f"DWH {KEY}", type="snowflake", workspace="Acme", settings={"account": "a", "database": "b", "username": "c", "password": "d"}),
    ]


# --- tasks that change the service ---


def service(what, *body, method="POST"):
    """A task that changes the service of its story (see `at`)."""
    body = body[0] if method == "PATCH" else list(body)
    uri = {"url": "{{ service }}/_simulator/" + what, "method": method, "body_format": "json", "body": body, "use_proxy": False}
    return {"name": what, "ansible.builtin.uri": uri}


def fault(**what):
    return service("faults", what)


def change(*changes):
    return service("changes", *changes)


def script(**what):
    return service("scripts", what)


def switch(**what):
    return service("switches", what, method="PATCH")


def enable(*binding_ids):
    return module("binding", enabled=True, **({"binding_ids": list(binding_ids)} if binding_ids else {"target_id": 789}))


def answer(code, detail="Not now."):
    return {"code": code, "body": {"detail": detail}}


# --- the stories: a world, and what is done in it, one after the other ---

BAD_ANSWERS = [{"redirect": {"to": "https://eu.example/"}}, {"html": {}}, *[{"count": 1}] * 6]  # two pages in each of three readings
NEW_ROW = {"id": 50, "datastream_id": 456, "target_id": 789, "created": moment(days=900)}
MEANWHILE = [HOUR, {"fetch": {"datastream_id": 456}}, HOUR]
HERE, MOVED, THIRD = "{{ ledger }}", "{{ ledger }}.moved", "{{ ledger }}.third"


def history(count=2, enabled=True):
    return World().datastream(456, extracts=count).binding(123, 456, enabled=enabled)


def made_again(updated, enabled):
    """Changes by which binding 123 is deleted, and its datastream assigned again."""
    return [{"remove": {"bindings": [123]}}, {"add": {"bindings": [{**NEW_ROW, "enabled": enabled, "updated": updated}]}}]


def copy(source, destination):
    return module("ledger_copy", source=source, destination=destination)


def follow(**options):
    return module("load_info", **options)


def stories(folder):
    aged, first = history(3).aged(456), history(3).aged(456)[0]
    both = history(3).binding(55, 456, target=790, enabled=True)
    other = dict(datastream_id=456, target_id=790)
    stops = World().datastream(456, extracts=11).binding(123, 456).datastream(457, extracts=2).binding(124, 457)
    several, three = World(), World()
    for number in range(4):
        several.datastream(456 + number).binding(123 + number, 456 + number)
    for number in (1, 2, 3):
        three.datastream(number, extracts=1).binding(100 + number, number, enabled=True)
    by_hand = [{"switch": {"binding_id": 123, "enabled": enabled}} for enabled in (False, True)]
    fresh = World().datastream(456).extract(4560001, 456, moment(minutes=30)).binding(123, 456)
    gone = {"remove": {"extracts": ordinary_world().aged(456)}}
    return {
        "bad answers, and a ledger that is moved": (ordinary_world(), [
            *(fault(method="GET", path="bindings", **bad) for bad in BAD_ANSWERS),
            fault(method="POST", path="requeue", drop="after"), fault(path="connection-types", status=answer(403, "Forbidden.")),
            look(), look(), look(), requeue(**LOAD), requeue(**LOAD), module("directory_info", connections=["*"]), requeue(**LOAD, on_unknown="skip"),
            change(gone), requeue(**LOAD, on_unknown="skip"),
            copy(HERE, HERE), copy(THIRD, MOVED), requeue(datastream_id=457, target_id=789, state="planned", ledger=THIRD), copy(HERE, THIRD),
            copy(HERE, MOVED), requeue(**LOAD), copy(HERE, THIRD + ".new"),
        ]),
        "some are stopped": (several, [fault(method="PATCH", path="bindings", skip=2, status=answer(401)), enable()]),
        "all is stopped": (stops, [
            enable(), fault(method="POST", path="requeue", status=answer(401)), requeue(target_id=789),
            fault(method="POST", path="requeue", status=answer(403)), requeue(target_id=789),
            fault(method="GET", path="extracts", status=answer(400)), requeue(target_id=789),
        ]),
        "refused in succession": (stops, [change({"refuse": stops.aged(456)}), enable(), requeue(target_id=789, batch_size=1, on_refused="skip")]),
        "three without an answer": (three, [*[fault(method="POST", path="requeue", drop="after")] * 3, requeue(target_id=789)]),
        "refused": (both, [
            change({"refuse": aged}), requeue(**LOAD),  # none is taken: it is not the extracts
            change({"accept": [aged[0], aged[2]]}), requeue(**LOAD), requeue(**other, on_refused="skip"), requeue(**other, on_refused="skip"),
        ]),
        "gone": (history(3), [
            requeue(**LOAD, limit=1), requeue(**LOAD, created_to=moment(days=2, hours=1)), change({"remove": {"extracts": [aged[2]]}}),
            requeue(**LOAD), requeue(**LOAD, on_refused="skip"),
        ]),
        "enabled before": (history(), [
            role(target_id=789), role(target_id=789, backfill="always"),
            change(*made_again(moment(days=400), True)), role(target_id=789),
            switch(binding_rows="no_enabled"), requeue(datastream_id=456, ledger=THIRD),
        ]),
        "unknown, undated": (history(), [requeue(**LOAD), change({"fetch": {"datastream_id": 456}}), switch(extract_fields="id"), requeue(**LOAD)]),
        "unknown, own": (history(enabled=False), [script(method="PATCH", changes={"fetch": {"datastream_id": 456}}), enable(123), requeue(**LOAD)]),
        "unknown, interrupted": (history(enabled=False), [
            script(method="PATCH", changes=MEANWHILE), fault(method="PATCH", drop="after"),
            fault(method="GET", path="bindings", skip=1, status=answer(400)), enable(123), requeue(**LOAD),
        ]),
        "unknown, elsewhere": (history(), [requeue(**LOAD), change(*MEANWHILE, by_hand[0], HOUR, by_hand[1]), requeue(**LOAD)]),
        "unknown, made again": (history(enabled=False), [
            enable(123), change(*MEANWHILE, *made_again(moment(seconds=-1), True), {"switch": {"binding_id": 50, "enabled": False}}),
            enable(50), requeue(**LOAD),
        ]),
        "unknown, under way": (history(), [
            change({"edit": {"extracts": [{"id": each, "state": "processing"} for each in history().aged(456)]}}),
            {**requeue(**LOAD), "check_mode": True},
            change({"edit": {"extracts": [{"id": history().aged(456)[1], "state": "imported"}]}}), requeue(**LOAD),
        ]),
        "failed": (history(3), [
            change({"fail": [{"extract_id": first}]}), requeue(**LOAD, limit=2), follow(), requeue(**LOAD),
            change({"edit": {"extracts": [{"id": first, "state": "processing"}]}}), requeue(**LOAD, on_failed="requeue"),
            change({"remove": {"extracts": [first]}}), requeue(**LOAD, on_failed="fail"), requeue(**LOAD),
        ]),
        "checked": (history(3), [
            fault(method="POST", path="requeue", drop="before"), requeue(**LOAD), requeue(**LOAD, on_unknown="check"),
            fault(method="GET", path="errors", status=answer(403, "Forbidden.")), requeue(**LOAD, on_unknown="check"),
        ]),
        "fresh, in another language": (fresh, [switch(state_labels="translated"), enable(), requeue(target_id=789)]),
        "fresh": (fresh, [change({"edit": {"extracts": [{"id": 4560001, "state": "imported"}]}}), enable(), requeue(target_id=789)]),
        "not loaded": (history(3), [
            requeue(**LOAD), change({"fail": [{"extract_id": 999}]}, {"fetch": {"datastream_id": 456, "id": 999}}, {"clock": {"forward": 7200}}),
            requeue(**LOAD),
        ]),
        "in part": (history(3), [requeue(**LOAD, state="recorded", created_to=moment(days=2)), requeue(**LOAD, backfill="when_needed")]),
        "not recorded": (history(3), [requeue(**LOAD, limit=1), start_with(folder, STARTS["a ledger to read"], follow())]),
    }  # fmt: skip


# --- the runs ---


def at_service(scene, ledger, *some):
    """Tasks for the service and ledger of a story, in the play of another one. It goes on after those that fail."""
    block = [refused(task) if "ansible.builtin.uri" not in task else task for task in some]
    environment = {"ADVERITY_API_KEY": KEY, "ADVERITY_INSTANCE": scene.url, **({"ADVERITY_LEDGER": ledger} if ledger else {})}
    return {"name": "Story", "block": block, "environment": environment, "vars": {"service": scene.url, "ledger": ledger}}


def run_all(scene, blocks):
    """Run blocks in one play; return what was said: the messages of all failures, and all warnings."""
    run = scene.start(blocks, quick=True, env=dict.fromkeys(("ADVERITY_INSTANCE", "ADVERITY_API_KEY", "ADVERITY_LEDGER")))
    run.wait()
    run.check(may_warn=("",))
    return [failure["msg"] for failure in run.failures] + run.warnings


def messages_of_stories(folder):
    with ExitStack() as stack:
        blocks = []
        for name, (world, some) in stories(folder).items():
            scene = stack.enter_context(open_scene(folder / name, world))
            blocks.append(at_service(scene, str(scene.ledger), *some))
        return run_all(scene, blocks)


def messages_of_refusals(folder):
    """What is said of wrong options, keys, ids and ledgers, and of a job of AWX without a ledger."""
    world = ordinary_world()
    world.data["datastreams"][3]["has_schedule"] = False
    world.data["keys"]["narrow"] = {"key": NARROW_KEY, "scopes": ["datastream:read", "destination:read", "destination:write"]}
    certificate = Authority(folder).certify()
    with load_simulator().Simulator(**certificate) as tls, open_scene(folder / "one", world) as scene:
        some = tasks(folder, tls.url)
        job = at_service(scene, "", requeue(**LOAD))
        job["environment"].update(JOB_ID="12", AWX_HOST="https://awx.example.com")
        pretended = {**requeue(datastream_id=457, target_id=789), "check_mode": True}
        texts = run_all(scene, [at_service(scene, str(scene.ledger), *some, pretended), job, refused(look())])
        assert scene.writes() == [row for row in scene.writes() if row["status"] in (400, 403)], "something was written"
    return texts


def messages_of_two_runs(folder):
    """What is said where another run holds the lock: by the one that does not wait, the one that does, and the one that only looks."""
    turns = (ROOT / "plugins" / "module_utils" / "_ledger" / "turns.py").read_text("utf-8")
    (pause,) = re.findall(r"^_POLL = ([\d.]+)", turns, re.M)  # a run that waits for the lock sleeps for so long, and nothing else does
    waits = folder / "waits"
    watch = [
        "import pathlib, time", "real = time.sleep", "def sleep(seconds):", f"    if seconds == {pause}: pathlib.Path({str(waits)!r}).touch()",
        "    real(seconds)", "time.sleep = sleep",
    ]  # fmt: skip
    with open_scene(folder / "two", history(3)) as scene:
        scene.service.fault(method="POST", skip=1, hold="before")
        first = scene.start([requeue(**LOAD, limit=1), requeue(**LOAD, timeout=900)])
        first.wait(lambda: scene.service.held)
        second = scene.start([start_with(folder, watch, requeue(**LOAD, ledger_wait=900))])
        second.wait(waits.exists)
        assert waits.exists(), f"the run was over before it waited:\n{second.output}"
        assert len(scene.posts()) == 2
        texts = run_all(scene, [at_service(scene, str(scene.ledger), requeue(**LOAD, ledger_wait=0), follow(extract_ids=scene.world.aged(456)[:1]))])
        time.sleep(1.5)  # what the warning counts as waiting is more than a second
        scene.service.release()
        for run in (first, second):
            run.wait()
            run.check(may_warn=("Waited",))
        assert scene.loads(123) == scene.world.aged(456), "each extract is sent once"
        assert second.one("adverity_requeue")["extract_count"] == 0
    return texts + second.warnings


@pytest.fixture(name="given", scope="module")
def fixture_given(tmp_path_factory):
    folder = tmp_path_factory.mktemp("messages")
    with ThreadPoolExecutor(2) as pool:
        chains = [pool.submit(play, folder) for play in (messages_of_stories, messages_of_refusals, messages_of_two_runs)]
        return [text for chain in chains for text in chain.result()]


@pytest.mark.parametrize("message", MESSAGES)
def test_it_is_given(given, message):
    assert any(fits(message, text) for text in given), f"no run said this, only: {given}"


def test_what_is_given_stands_on_the_page(given):
    assert len(MESSAGES) > 30
    assert [text for text in given if not any(fits(message, text) for message in MESSAGES)] == []


def test_what_is_unknown_are_the_switches_of_the_simulator():
    page = (GUIDES / "undocumented.rst").read_text("utf-8")
    assert sorted(re.findall(r"^      - ``(\w+)``$", page, re.M)) == sorted(load_simulator().SWITCHES)
