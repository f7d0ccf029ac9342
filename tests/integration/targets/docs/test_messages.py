# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every message on the page "Troubleshooting, by message" is one that a run really gives, and none that a run here gives is missing there."""

from __future__ import annotations

import re
import socket
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from adverity_harness.authority import Authority
from adverity_harness.crowds import uuid
from adverity_harness.place import ROOT, load_simulator
from adverity_harness.runs import module, refused, role
from adverity_harness.scenes import open_scene
from adverity_harness.waiting import WaitingRun
from adverity_harness.worlds import KEY, READ_ONLY_KEY, World, moment, ordinary_world
from pooler import Pooler

GUIDES = ROOT / "docs" / "docsite" / "rst"
LOAD = dict(datastream_id=456, target_id=789)
STREAM = [uuid(456)]
UUID = "9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10"
NARROW_KEY = "n4rr0w-1f0c9d2b7a6e-that-must-not-show"
HOUR = {"clock": {"forward": 3600}}


def blocks(text):
    """The text blocks of a page in reStructuredText, each as one line."""
    found = re.findall(r"^\.\. code-block:: text\n\n((?: {4}.*\n|\n)+)", text, re.M)
    return [" ".join(block.split()) for block in found]


MESSAGES = blocks((GUIDES / "troubleshooting.rst").read_text("utf-8"))


def fits(message, text):
    """Whether a message of the page, where dots stand for anything, is in a text. Ansible breaks warnings, also within words."""
    message, text = "".join(message.split()), "".join(text.split())
    return re.search(".+?".join(map(re.escape, message.split("..."))), text) is not None


def closed_port():
    """A port on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


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


def without_requests(folder):
    """The environment of a Python in which requests cannot be imported."""
    folder.mkdir()
    (folder / "requests.py").write_text("raise ImportError('not here')\n")
    return {"PYTHONPATH": str(folder)}


def with_a_start(folder, *lines):
    """The environment of a Python that runs these lines when it starts."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("\n".join(lines) + "\n")
    return {"PYTHONPATH": str(folder)}


def without_locks(folder):
    """The environment of a Python on a file system without locks."""
    return with_a_start(
        folder, "import errno, fcntl, os", "real = fcntl.fcntl", "def refuse(file, command, *more):",
        "    if command == fcntl.F_OFD_GETLK: raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))", "    return real(file, command, *more)",
        "fcntl.fcntl = refuse",
    )  # fmt: skip


def with_a_broken_disk(folder):
    """The environment of a Python whose SQLite cannot read."""
    return with_a_start(folder, "import sqlite3", "def fail(*_arguments, **_more): raise sqlite3.OperationalError('disk I/O error')", "sqlite3.connect = fail")


def look(**options):
    """A task that only looks."""
    return module("binding_info", **options)


def requeue(**options):
    """A task that would load extracts."""
    return module("requeue", **options)


def tasks(folder, tls, pooler):
    """Tasks that each fail with a message of the page, on the ordinary world."""
    files = ledgers(folder / "ledgers")
    setting = dict(filters={"enabled": True})
    return [
        {**look(), "environment": without_requests(folder / "path")},
        look(instance="https://acme.datatap.adverity.com/api/v1/"),
        look(instance="http://acme.datatap.adverity.com"),
        look(api_key=f"Bearer {KEY}"),
        look(api_key=f"{KEY}\n"),
        look(api_key="wrong"),
        module("binding", target_id=789, enabled=True, api_key=READ_ONLY_KEY),
        module("datastream", datastream_ids=STREAM, enabled=False, api_key=READ_ONLY_KEY),
        module("directory_info", workspaces=["*"], api_key=NARROW_KEY),
        {**look(instance=tls), "environment": {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": ""}},
        look(instance=f"http://127.0.0.1:{closed_port()}", retries=1),
        module("binding", target_id=UUID, enabled=True),
        module("datastream", datastream_id=456, enabled=True),
        module("binding", target_id=4711, enabled=True),
        module("binding", binding_ids=[123, 4711], enabled=True),
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
        {**requeue(**LOAD, ledger=str(folder / "ledgers" / "without locks")), "environment": without_locks(folder / "locks")},
        {**requeue(**LOAD, ledger=str(folder / "ledgers" / "broken")), "environment": with_a_broken_disk(folder / "broken")},
        requeue(**LOAD, ledger="postgresql://me:hush@db.example.com/ledger"),
        requeue(**LOAD, ledger="postgresql://me@db.example.com#hush/ledger"),
        requeue(**LOAD, ledger="host=db.example.com password=hush dbname=ledger"),
        requeue(**LOAD, ledger=pooler),
        {**look(instance="https://acme.example"), "environment": {"HTTPS_PROXY": "http://me:hu#sh@proxy.example:3128", "NO_PROXY": "", "no_proxy": ""}},
        role(name=f"DWH {KEY}", type="snowflake", workspace="Acme", settings={"account": "a", "database": "b", "username": "c", "password": "d"}),
    ]


def told(run):
    """What a run said: the messages of its failures, and its warnings."""
    return [failure["msg"] for failure in run.failures] + run.warnings


def told_by_refusals(folder):
    """What is said of wrong options, keys, ids and ledgers."""
    world = ordinary_world().binding(200, 458, target=799, enabled=False)
    world.data["datastreams"][3]["has_schedule"] = False
    world.data["keys"]["narrow"] = {"key": NARROW_KEY, "scopes": ["datastream:read", "destination:read", "destination:write"]}
    certificate = Authority(folder).certify()
    with load_simulator().Simulator(**certificate) as service, open_scene(folder / "one", world) as scene, Pooler() as pooler:
        some = tasks(folder, service.url, pooler.url)
        refusals = scene.play([refused(task) for task in some])
        assert len(refusals.failures) == len(some), refusals.output
        nothing_set = scene.play([refused(look())], env={"ADVERITY_INSTANCE": None, "ADVERITY_API_KEY": None})
        job = {"ADVERITY_LEDGER": None, "JOB_ID": "12", "AWX_HOST": "https://awx.example.com"}
        forgetful = scene.play([refused(role(target_id=799)), refused(requeue(**LOAD))], env=job)
        assert len(forgetful.failures) == 2, forgetful.output
        pretended = scene.play([requeue(datastream_id=457, target_id=789)], check=True, warnings=("Not enabled",))
        assert scene.writes() == [row for row in scene.writes() if row["status"] in (400, 403)], "something was written"
    return [text for run in (refusals, nothing_set, forgetful, pretended) for text in told(run)]


def told_by_faults(folder):
    """What is said where the service answers badly, and where it refuses extracts."""
    with open_scene(folder / "faults", ordinary_world()) as scene:
        faults = [{"redirect": {"to": "https://eu.example/"}}, {"html": {}}, *[{"count": 1}] * 6]  # two pages in each of three readings
        for fault in faults:
            scene.service.fault(method="GET", path="bindings", **fault)
        scene.service.fault(method="POST", drop="after")
        scene.service.fault(path="connection-types", status={"code": 403, "body": {"detail": "Forbidden."}})
        connections = module("directory_info", connections=["*"])
        run = scene.play([refused(task) for task in (look(), look(), look(), requeue(**LOAD), requeue(**LOAD), connections)])
        assert len(run.failures) == 6, run.output
        texts = told(run) + told(scene.play([requeue(**LOAD, on_unknown="skip")], warnings=("Left out",)))
        scene.service.change({"remove": {"extracts": scene.world.aged(456)}})
        texts += told(scene.play([requeue(**LOAD, on_unknown="skip")], warnings=("Unknown, but not in the API's list",)))
        texts += told_of_moves(scene, str(scene.ledger), str(folder / "moved.sqlite3"), str(folder / "third.sqlite3"))
    return texts + told_of_refused_extracts(folder) + told_of_stops(folder)


def told_of_moves(scene, old, new, third):
    """What is said of ledgers that were moved, or cannot be."""
    def copy(source, destination):
        return module("ledger_copy", source=source, destination=destination)

    moves = [copy(old, old), copy(third, new)]
    used = [requeue(datastream_id=457, target_id=789, state="planned", ledger=third), refused(copy(old, third))]
    run = scene.play([*map(refused, moves), *used, copy(old, new), refused(requeue(**LOAD)), refused(copy(old, str(third) + ".new"))])
    assert len(run.failures) == 5, run.output
    return told(run)


def told_of_stops(folder):
    """What is said where one binding or datastream is stopped, and where the whole run is."""
    world = World().datastream(456, extracts=11).binding(123, 456).datastream(457, extracts=2).binding(124, 457)
    several = World()
    for number in range(4):
        several.datastream(456 + number).binding(123 + number, 456 + number)
    with open_scene(folder / "several", several) as scene:
        scene.service.fault(method="PATCH", path="bindings", skip=2, status={"code": 401, "body": {"detail": "Not now."}})
        texts = told(scene.play([refused(module("binding", target_id=789, enabled=True))]))
    with open_scene(folder / "stops", world) as scene:
        for code, step in ((401, "binding"), (404, "role"), (401, "requeue"), (403, "requeue"), (400, "list")):
            method, path = {"binding": ("PATCH", "bindings"), "role": ("PATCH", "bindings"), "requeue": ("POST", "requeue"), "list": ("GET", "extracts")}[step]
            task = module("binding", target_id=789, enabled=True) if step == "binding" else role(target_id=789) if step == "role" else requeue(target_id=789)
            if step == "requeue":
                scene.play([module("binding", target_id=789, enabled=True)])
            scene.service.fault(method=method, path=path, status={"code": code, "body": {"detail": "Not now."}})
            run = scene.play([refused(task)])
            assert len(run.failures) == 1, run.output
            texts += told(run)
    with open_scene(folder / "succession", world) as scene:
        scene.service.change({"refuse": world.aged(456)})
        scene.play([module("binding", target_id=789, enabled=True)])
        run = scene.play([refused(requeue(target_id=789, batch_size=1, on_refused="skip"))])
        assert len(run.failures) == 1, run.output
        texts += told(run)
    three = World()
    for number in (1, 2, 3):
        three.datastream(number, extracts=1).binding(100 + number, number, enabled=True)
    with open_scene(folder / "three", three) as scene:
        for _each in three.data["datastreams"]:
            scene.service.fault(method="POST", drop="after")
        run = scene.play([refused(requeue(target_id=789))])
        assert len(run.failures) == 1, run.output
        texts += told(run)
    return texts


def told_of_refused_extracts(folder):
    """What is said of extracts that the service does not take, or does not list any more."""
    world = World().datastream(456, extracts=3).binding(123, 456, enabled=True).binding(55, 456, target=790, enabled=True)
    oldest, second, last = world.aged(456)
    every, other = requeue(**LOAD), dict(datastream_id=456, target_id=790)
    with open_scene(folder / "refused", world) as scene:
        scene.service.change({"refuse": [oldest, second, last]})
        texts = told(scene.play([refused(every)]))  # none is taken: it is not the extracts
        scene.service.change({"accept": [oldest, last]})
        run = scene.play([refused(every), requeue(**other, on_refused="skip")], warnings=("they are left out",))
        texts += told(run)
        texts += told(scene.play([requeue(**other, on_refused="skip")], warnings=("they are left out",)))
        assert scene.loads(123) == scene.loads(55) == [oldest, last]
    with open_scene(folder / "gone", World().datastream(456, extracts=3).binding(123, 456, enabled=True)) as scene:
        scene.play([requeue(**LOAD, limit=1)])
        narrow = requeue(**LOAD, created_to=moment(days=2, hours=1))
        texts += told(scene.play([narrow], warnings=("Still pending",)))
        scene.service.change({"remove": {"extracts": [last]}})
        texts += told(scene.play([every], warnings=("They stay pending",)))
        texts += told(scene.play([requeue(**LOAD, on_refused="skip")], warnings=("recorded as refused",)))
        assert scene.loads(123) == [oldest, second]
    return texts


def told_of_bindings(folder):
    """What is said of bindings that were enabled before, and of states that the service does not tell."""
    with open_scene(folder / "before", World().datastream(456, extracts=2).binding(123, 456, enabled=True)) as scene:
        texts = told(scene.play([role(target_id=789)], warnings=("Already enabled",)))
        assert scene.writes() == []
        wide, narrow = role(target_id=789, backfill="always"), role(target_id=789, backfill_from="2026-03-01", backfill="always")
        texts += told(scene.play([wide, narrow], warnings=("The ledger records a wider backfill",)))
        made_again = dict(scene.service.world.bindings.pop(123), id=50)
        scene.service.world.bindings[50] = made_again
        texts += told(scene.play([role(target_id=789)], warnings=("Assigned again",)))
        scene.service.switches["binding_rows"] = "no_enabled"
        texts += told(scene.play([refused(requeue(datastream_id=456, ledger=str(folder / "other.sqlite3")))]))
    return texts


def told_of_unknown(folder):
    """What is said of extracts of which nobody can know whether they were loaded, for each of the reasons."""

    def one(name, enabled):
        return open_scene(folder / name, World().datastream(456, extracts=2).binding(123, 456, enabled=enabled))

    def stopped(scene, *before):
        scene.play([refused(task) for task in before])
        run = scene.play([refused(requeue(**LOAD))])
        assert len(run.failures) == 1, run.output
        return told(run)

    enable, meanwhile = module("binding", binding_ids=[123], enabled=True), [HOUR, {"fetch": {"datastream_id": 456}}, HOUR]
    with one("undated", True) as scene:
        scene.play([requeue(**LOAD)])
        scene.service.fetch(456)
        scene.service.switches["extract_fields"] = "id"
        texts = stopped(scene)
    with one("own", False) as scene:
        scene.service.script(method="PATCH", changes={"fetch": {"datastream_id": 456}})
        texts += stopped(scene, enable)
    with one("interrupted", False) as scene:
        scene.service.script(method="PATCH", changes=meanwhile)
        scene.service.fault(method="PATCH", drop="after")
        scene.service.fault(method="GET", path="bindings", skip=1, status={"code": 400, "body": {"detail": "Not now."}})
        texts += stopped(scene, enable)
    with one("elsewhere", True) as scene:
        scene.play([requeue(**LOAD)])
        by_hand = [{"switch": {"binding_id": 123, "enabled": enabled}} for enabled in (False, True)]
        scene.service.change(*meanwhile, by_hand[0], HOUR, by_hand[1])
        texts += stopped(scene)
    with one("made again", False) as scene:
        scene.play([enable])
        scene.service.change(*meanwhile)
        scene.service.world.bindings[50] = dict(scene.service.world.bindings.pop(123), id=50)
        scene.service.change({"switch": {"binding_id": 50, "enabled": False}})
        texts += stopped(scene, module("binding", binding_ids=[50], enabled=True))
    with open_scene(folder / "under way", World().datastream(456, extracts=2).binding(123, 456, enabled=True)) as scene:
        scene.service.change({"edit": {"extracts": [{"id": each, "state": "processing"} for each in scene.world.aged(456)]}})
        texts += told(scene.play([refused(requeue(**LOAD))], check=True))
        scene.service.change({"edit": {"extracts": [{"id": scene.world.aged(456)[1], "state": "imported"}]}})
        texts += stopped(scene)
    return texts


def told_of_loads(folder):
    """What is said of loads that failed, and of what can be seen of an unknown outcome."""
    def follow(**options):
        return module("load_info", **options)

    def one(name):
        return open_scene(folder / name, World().datastream(456, extracts=3).binding(123, 456, enabled=True))

    with one("failed") as scene:
        scene.service.change({"fail": [{"extract_id": scene.world.aged(456)[0]}]})
        scene.play([requeue(**LOAD, limit=2), follow()])
        texts = told(scene.play([requeue(**LOAD)], warnings=("Adverity shows that the load of these extracts failed",)))
        texts += told(scene.play([refused(requeue(**LOAD, on_failed="fail"))]))
        again = ("The load of these extracts failed before",)
        scene.service.change({"edit": {"extracts": [{"id": scene.world.aged(456)[0], "state": "processing"}]}})
        texts += told(scene.play([requeue(**LOAD, on_failed="requeue")], warnings=again))
        scene.service.change({"remove": {"extracts": [scene.world.aged(456)[0]]}})
        texts += told(scene.play([refused(requeue(**LOAD, on_failed="fail"))]))
        texts += told(scene.play([requeue(**LOAD)], warnings=("Failed, but not in the API's list of extracts now",)))
    with one("checked") as scene:
        scene.service.fault(method="POST", drop="before")
        texts += told(scene.play([refused(requeue(**LOAD))]))
        texts += told(scene.play([refused(requeue(**LOAD, on_unknown="check"))]))
        scene.service.fault(method="GET", path="errors", status={"code": 403, "body": {"detail": "Forbidden."}})
        texts += told(scene.play([refused(requeue(**LOAD, on_unknown="check"))]))
    fresh = World().datastream(456).extract(4560001, 456, moment(minutes=30)).binding(123, 456)
    with open_scene(folder / "fresh", fresh) as scene:
        scene.service.change({"edit": {"extracts": [{"id": 4560001, "state": "imported"}]}})
        texts += told(scene.play([module("binding", target_id=789, enabled=True), refused(requeue(target_id=789))]))
    with one("not loaded") as scene:
        scene.play([requeue(**LOAD)])
        scene.service.change({"fail": {"extract_id": 999}})
        scene.fetch(999, 456)
        scene.service.change({"clock": {"forward": 7200}})
        texts += told(scene.play([requeue(**LOAD)], warnings=("Not sent, but Adverity does not show them as loaded",)))
    with one("in part") as scene:
        scene.play([requeue(**LOAD, state="recorded", created_to=moment(days=2))])
        in_part = ("Already enabled when the ledger saw them first",)
        texts += told(scene.play([requeue(**LOAD, backfill="when_needed")], warnings=in_part))
    with one("not recorded") as scene:
        scene.play([requeue(**LOAD, limit=1)])
        closed = ["import os", "real = os.access", "os.access = lambda path, *more, **named: not str(path).endswith('.sqlite3') and real(path, *more, **named)"]
        run = scene.play([{**follow(), "environment": with_a_start(folder / "closed", *closed)}], warnings=("What was seen of 1 extracts was not recorded: ",))
        texts += told(run)
        scene.service.fault(method="POST", hold="before")
        sending = scene.start([requeue(**LOAD, timeout=900)])
        sending.wait(lambda: scene.service.held)
        texts += told(scene.play([follow(extract_ids=scene.world.aged(456)[:1])], warnings=("another run holds the lock",)))
        scene.service.release()
        sending.wait()
    return texts


def told_by_two(folder):
    """What is said where two runs want the same bindings: the one that does not wait, and the one that does."""
    with open_scene(folder / "two", World().datastream(456, extracts=1).binding(123, 456, enabled=True)) as scene:
        scene.service.fault(method="POST", hold="before")
        first = scene.start([requeue(**LOAD, timeout=900)])
        first.wait(lambda: scene.service.held)
        impatient = scene.play([refused(requeue(**LOAD, ledger_wait=0))])
        waiting = WaitingRun(scene, "waiting", [requeue(**LOAD, ledger_wait=900)])
        waiting.see()
        patient = waiting.run
        time.sleep(1.5)  # what the warning counts as waiting is more than a second
        scene.service.release()
        for run in (first, patient):
            run.wait()
        first.check()
        patient.check(warnings=("Waited",))
        assert scene.loads(123) == [4560001]
    return told(impatient) + told(patient)


@pytest.fixture(name="given", scope="module")
def fixture_given(tmp_path_factory):
    """What the runs said: the messages of all failures, and all warnings."""
    folder = tmp_path_factory.mktemp("messages")
    scenes = (told_by_refusals, told_by_faults, told_of_bindings, told_of_unknown, told_of_loads, told_by_two)
    with ThreadPoolExecutor(2) as pool:  # one for each core: no other file of this target is there to run beside this one
        chains = [pool.submit(play, folder) for play in scenes]
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
