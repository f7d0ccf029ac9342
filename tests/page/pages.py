# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages of the playbook ``report``, written by its template from made-up answers of the modules: hostile names, many destinations, nothing at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "playbooks" / "templates" / "report.html.j2"
Row = dict[str, Any]

LONG = "Marketing_Performance_" * 25
HOSTILE = (
    "<script>document.title = 'taken over'</script><img src=x onerror=\"document.title = 'taken over'\">",
    "\" onmouseover=\"document.title = 'taken over'\" x='",
    "</bdi></strong></details></main><h1>Taken over</h1><!--",
    "</title></style></script><script>document.title = 'taken over'</script>",
    "\u05d7\u05e9\u05d1\u05d5\u05df \u0634\u0631\u0643\u0629 | \u202egnp.exe\u2028next\u001b[31mred\r\nTASK [all is well]\u0000",
    LONG,
    "\U0001f4b8" * 60,
    "",
    "   ",
)
# Only the first is the address of a page.
ADDRESSES = (
    "https://acme.datatap.adverity.com/issues/71/?a=1&b=2", "javascript:document.title = 'taken over'", "https://acme.example/\" onmouseover=\"alert(1)",
    "//acme.example/", "https://acme.example/\njavascript:alert(1)", "data:text/html,x", 7, None,
)


def binding(number: int, target: int, name: Any, kind: Any = "BigQueryTarget", enabled: Any = True) -> Row:
    row = {"id": number, "datastream_id": 1000 + number, "target_id": target, "target_name": name, "target_type": kind, "enabled": enabled}
    return {name: value for name, value in row.items() if value is not ...}


def backfill(number: int | None, dispatched: int = 0, pending: int = 0, unknown: int = 0, refused: int = 0, planned_at: str | None = None) -> Row:
    """Return a row of the ``backfills`` of ``adverity_requeue_info``."""
    return {
        "binding_id": number, "datastream_id": 1000 + number if number else None, "dispatched": dispatched, "pending": pending, "unknown": unknown,
        "refused": refused, "planned_at": planned_at, "updated": None, "finished": not (pending or unknown or planned_at),
    }


def refusal(extract: int, number: int | None, reason: str) -> Row:
    return {
        "extract_id": extract, "datastream_id": 1000, "binding_id": number, "status": "refused", "dispatched_at": None, "reason": reason,
        "refused_at": "2026-03-10T12:00:00Z",
    }


def datastream(number: int, name: Any, **fields: Any) -> Row:
    return {"id": uuid(number), "name": name, "enabled": True, "workspace": {"id": uuid(0), "name": "EMEA"}, "pulling": {"active_mode": "smart"}, **fields}


def uuid(number: int) -> str:
    return f"d5000000-0000-4000-8000-{number:012d}"


def world(bindings: list[Row], backfills: list[Row], extracts: list[Row], datastreams: list[Row], **others: Any) -> Row:
    """Return the variables that the playbook hands to its template."""
    counts = {name: sum(row[name] for row in backfills) for name in ("pending", "dispatched", "unknown", "refused")}
    return {
        "__report_bindings": bindings,
        "__report_ledger": {"counts": counts, "backfills": backfills, "in_progress": False, "ledger": "/home/deploy/.ansible/adverity/requeue.sqlite3"},
        "__report_refusals": {"extracts": extracts},
        "__report_datastreams": {"datastreams": datastreams},
        "__report_names": {"msg": "HTTP 403: Forbidden."},
        "__report_loads": {"bindings": [], "counts": {}},
        "__report_issues": {"issues": []},
        "__report_jobs": {"jobs": [], "unfinished": []},
        **others,
    }


def hostile() -> Row:
    """Everything that a name, a type or a reason must not do, in each place that shows one."""
    bindings = [binding(number, 700 + number, name, kind=name, enabled=number != 6) for number, name in enumerate(HOSTILE, 1)]
    bindings += [binding(20, 720, None, kind=None), binding(21, 721, ..., kind=..., enabled=...), binding(22, 722, 7, enabled="yes")]
    backfills = [
        backfill(1, dispatched=7, unknown=3), backfill(2, dispatched=4, refused=2), backfill(3, pending=10), backfill(4, planned_at="2026-03-10T12:00:00Z"),
        backfill(5, dispatched=123456, pending=7890, unknown=50, refused=25), backfill(7, dispatched=5), backfill(8), backfill(None, dispatched=2, refused=1),
        backfill(999, dispatched=1, pending=1),
    ]
    extracts = [refusal(100 + number, 2, reason) for number, reason in enumerate(HOSTILE[:2])]
    extracts += [refusal(200 + number, 5, HOSTILE[number % 7]) for number in range(25)] + [refusal(300, None, "")]
    streams = [datastream(1000 + number, name, workspace={"id": uuid(0), "name": name}) for number, name in enumerate(HOSTILE, 1)]
    streams += [datastream(1030, None, enabled=None), datastream(1031, 7, pulling={"active_mode": HOSTILE[0]}, workspace=None)]
    uuids = {str(1000 + number): uuid(1000 + number).upper() for number in (1, 2, 3, 4, 5, 6, 31)}
    names = {"datastreams": [{"id": 1007, "name": LONG, "uuid": None}]}
    issues = [
        {"id": number, "datastream_id": number % 3 and 1006 + number, "message": name, "extraction_stage_label": name, "start": name, "url": url}
        for number, (name, url) in enumerate(zip(HOSTILE * 2, (*ADDRESSES, *HOSTILE)), 1)
    ]
    jobs = {"jobs": [{"id": number, "datastream_id": None, "type": name, "state_label": name} for number, name in enumerate(HOSTILE, 1)]}
    outcomes = {"binding_id": 7, "loaded": 123000, "failed": 3, "loading": 400, "unconfirmed": 53}
    loads = [{"extract_id": 400 + number, "binding_id": 7, "outcome": "failed", "reason": name, "issue": name} for number, name in enumerate(HOSTILE[:3])]
    return world(
        bindings, backfills, extracts, streams, report_datastream_uuids=uuids, __report_names=names, __report_issues={"issues": issues},
        __report_jobs=dict(jobs, unfinished=[row["id"] for row in jobs["jobs"]]),
        __report_loads={"bindings": [outcomes], "loads": loads, "counts": {"loading": 400, "unconfirmed": 53}},
    )


def many() -> Row:
    """A hundred destinations with three bindings each, of which few need attention; the datastreams' names are known."""
    bindings = [
        binding(3 * target + number, target, f"Warehouse {target:03d} | {('EMEA', 'APAC', 'AMER')[target % 3]}", enabled=(target, number) != (42, 2))
        for target in range(1, 101) for number in range(3)
    ]
    backfills = [backfill(row["id"], dispatched=130 + row["id"], pending=12 * (row["id"] == 100), unknown=50 * (row["id"] == 200)) for row in bindings]
    backfills[9].update(refused=2)
    extracts = [refusal(7001, backfills[9]["binding_id"], "Extract 7001 does not exist."), refusal(7002, backfills[9]["binding_id"], "Schema mismatch.")]
    names = [{"id": row["datastream_id"], "name": f"Google Ads {row['id']}", "uuid": uuid(row["datastream_id"])} for row in bindings]
    streams = [datastream(row["id"], row["name"]) for row in names]
    return world(bindings, backfills, extracts, streams, __report_names={"datastreams": names})


def calm() -> Row:
    return world([binding(1, 789, "Marketing DWH")], [backfill(1, dispatched=130)], [], [])


def not_seen() -> Row:
    """Extracts of bindings that the key cannot see are open, and nothing else is."""
    return world(
        [binding(1, 789, "Marketing DWH")], [backfill(1, dispatched=130), backfill(2, unknown=4), backfill(3, refused=1)],
        [refusal(7003, 3, "Extract 7003 does not exist.")], [],
    )


def write_pages(folder: Path, **worlds: Row) -> dict[str, Path]:
    """Write one page for each world, in one run of ansible-playbook; return their paths by name.

    The values come out of a module's result, as in the playbook, so that none of them is taken for a template.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = [{"name": "Pages", "hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": []}]
    for name, variables in worlds.items():
        (folder / f"{name}.json").write_text(json.dumps(variables), "utf-8")
        given = {key: f"{{{{ (read.content | b64decode | from_json)['{key}'] }}}}" for key in variables}
        content[0]["tasks"] += [
            {"name": "Read", "ansible.builtin.slurp": {"src": str(folder / f"{name}.json")}, "register": "read"},
            {"name": "Write", "ansible.builtin.template": {"src": str(TEMPLATE), "dest": str(folder / f"{name}.html")}, "vars": given},
        ]
    (folder / "pages.yml").write_text(json.dumps(content), "utf-8")
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-e", f"ansible_python_interpreter={sys.executable}", "pages.yml"]
    environment = {**os.environ, "HOME": str(folder), "ADVERITY_INSTANCE": "acme.datatap.adverity.com", "ANSIBLE_NOCOLOR": "true"}
    run = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert run.returncode == 0, run.stdout
    return {name: folder / f"{name}.html" for name in worlds}
