# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The world without a seed file, which the demonstration uses."""

from __future__ import annotations

from datetime import datetime, timedelta

from .resources import KINDS
from .values import SCOPES, Row, format_time, parse_time, readable_uuid, slug, utc_now


def _type(name: str) -> str:
    known = {"Google Ads", "Meta Ads", "TikTok Ads", "LinkedIn Ads", "Amazon Ads", "Google Analytics 4"}
    source = name.split(" | ")[0]
    return slug(source if source in known else "other", "other")


def default_world(now: str | datetime | None = None) -> Row:
    """The world without a seed file, as plain data: a marketing team's datastreams over the two years up to now.

    With `now` the clock of that world is fixed there. The ids that the guides use in their examples exist here:
    datastream 456 has 130 extracts (101 to 230), a disabled binding 123 to destination 789, an enabled one 55.
    """
    moment = (parse_time(now) if isinstance(now, str) else now) or utc_now()
    root, emea, americas, dach = (readable_uuid("a0", number) for number in range(1, 5))
    daily = {"is_active": True, "frequency": "daily", "refresh_range": {"value": 7, "unit": "day"}, "deadline": None}
    weekly = {"is_active": True, "frequency": "weekly", "refresh_range": {"value": 2, "unit": "week"},
              "deadline": {"time": "06:30:00"}}
    names: list[tuple[int, str, str, Row]] = [  # id, name, workspace, what differs from "enabled, on a custom schedule"
        (456, "Google Ads | EMEA", emea, {}),
        (457, "Meta Ads | EMEA", emea, {"smart": daily}),
        (458, "TikTok Ads | EMEA", emea, {"smart": weekly, "active_mode": "schedule"}),
        (459, "LinkedIn Ads | DACH", dach, {"smart": weekly}),
        (460, "Google Ads | DACH", dach, {"enabled": False}),
        (461, "Google Ads | Americas", americas, {}),
        (462, "Meta Ads | Americas", americas, {"smart": daily}),
        (463, "Amazon Ads | Americas", americas, {"active_mode": "smart-bundle"}),
        (464, "Google Analytics 4 | Global", root, {"smart": daily}),
        (465, "Salesforce Campaigns | Global", root, {"has_schedule": False}),
        (466, "Pinterest Ads | EMEA", emea, {"enabled": False, "has_schedule": False}),
        (467, "Google Search Console | Global", root, {}),
    ]
    bindings = [  # id, datastream, destination, enabled
        (123, 456, 789, False), (55, 456, 790, True), (124, 457, 789, False), (125, 458, 789, False),
        (126, 461, 789, True), (127, 464, 789, False), (130, 457, 790, True), (131, 462, 790, True),
        (132, 463, 790, False), (133, 456, 791, True), (134, 464, 791, True), (135, 459, 792, True),
    ]
    # Datastream 456 fetches on Mondays at 5 and on the first of the month at 6: 106 weeks and 24 months.
    monday = (moment - timedelta(days=moment.weekday())).replace(hour=5, minute=0, second=0, microsecond=0)
    if monday > moment:
        monday -= timedelta(weeks=1)
    first = moment.replace(day=1, hour=6, minute=0, second=0, microsecond=0)
    months: list[datetime] = []
    while len(months) < 24:
        if first <= moment:
            months.append(first)
        first = (first - timedelta(days=1)).replace(day=1)
    moments = sorted([monday - timedelta(weeks=week) for week in range(106)] + months)
    loading = {datastream for _id, datastream, _target, enabled in bindings if enabled}  # what they fetched was loaded
    extracts: list[Row] = [{"id": 101 + number, "datastream_id": 456, "created": format_time(created), "state": "imported"}
                           for number, created in enumerate(moments)]
    for datastream, count, hours in ((457, 104, 168), (458, 24, 720), (459, 104, 168), (461, 104, 168),
                                     (462, 104, 168), (463, 24, 720), (464, 104, 168), (467, 24, 720)):
        start = monday + timedelta(minutes=datastream % 50) - timedelta(hours=hours * (count - 1))
        extracts.append({"datastream_id": datastream, "first_id": datastream * 1000 + 1, "count": count,
                         "from": format_time(start), "every_hours": hours,
                         "state": "imported" if datastream in loading else "collected"})
    return {
        "now": format_time(moment) if now is not None else None,
        "keys": {
            "demo": {"key": "demo-key-0123456789", "scopes": list(SCOPES), "workspace": root},
            "read-only": {"key": "read-only-key-0123456789", "workspace": root,
                          "scopes": ["datastream:read", "destination:read", "workspace:read"]},
            "americas": {"key": "americas-key-0123456789", "workspace": americas,
                         "scopes": ["datastream:read", "datastream:write", "destination:read", "workspace:read"]},
        },
        "workspaces": [
            {"id": root, "name": "Acme Marketing", "parent": None},
            {"id": emea, "name": "EMEA", "parent": root},
            {"id": americas, "name": "Americas", "parent": root},
            {"id": dach, "name": "DACH", "parent": emea},
        ],
        "connections": [
            {"id": 30, "name": "BigQuery | Global", "type": "bigquery", "workspace": root, "app": 3},
            {"id": 31, "name": "BigQuery service account", "type": "bigquery", "workspace": emea, "app": 3},
            {"id": 32, "name": "Google Ads | EMEA", "type": "google-ads", "workspace": emea, "user": 12},
            {"id": 33, "name": "Meta | EMEA", "type": "meta", "workspace": emea, "is_authorized": False, "user": 12},
            {"id": 34, "name": "Google Ads | Americas", "type": "google-ads", "workspace": americas, "user": 15},
            {"id": 35, "name": "Google Sheets | EMEA", "type": "google-sheets", "workspace": emea},
        ],
        "datastreams": [{"id": number, "name": name, "workspace": workspace, "type": _type(name), **rest}
                        for number, name, workspace, rest in names],
        "targets": [
            {"id": 789, "name": "BigQuery | Marketing DWH", "type": "BigQueryTarget", "auth": 30,
             "settings": {"project": "acme-dwh", "dataset": "marketing"}},
            {"id": 790, "name": "Snowflake | Analytics", "type": "SnowflakeTarget"},
            {"id": 791, "name": "S3 | Data Lake", "type": "S3Target"},
            {"id": 792, "name": "PostgreSQL | Finance", "type": "PostgreSQLTarget"},
        ],
        "bindings": [{"id": number, "datastream_id": datastream, "target_id": target, "enabled": enabled}
                     for number, datastream, target, enabled in bindings]
        + [{"id": 140, "datastream_id": 465, "target_id": 792, "enabled": False, "available": False}],
        "extracts": extracts,
        **{kind.name: kind.demo(moment) for kind in KINDS.values() if kind.demo},
    }
