# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Types of destinations, connections and datastreams, as a world has them where a seed file has none.

The ids of types differ from one instance to the next; here they count from the seed's `first_type_id`. The fields of BigQuery, Google Sheets, File and
Azure Blob are those that other clients were seen to send; `account_key` and all fields of the other types are made up. A type without `mapping_fields`
takes no assignments by the API.
"""

from __future__ import annotations

from typing import Any

from .values import Row


def setting(kind: str, label: str, **more: Any) -> Row:
    """A field of a type: `type` and `label` as OPTIONS tells them, and `required`, `default`, `choices`, `null`, `secret`."""
    return {"type": kind, "label": label, **more}


def _choice(label: str, *choices: tuple[int, str], **more: Any) -> Row:
    return setting("choice", label, choices=[{"value": value, "display_name": name} for value, name in choices], **more)


def _text(label: str, **more: Any) -> Row:
    return setting("string", label, **more)


def _flag(label: str, default: bool = False) -> Row:
    return setting("boolean", label, default=default)


_SCHEMA = _choice("Schema mapping", (0, "Off"), (1, "On"), default=0)
_LOGIN = {"username": _text("User name", required=True), "password": _text("Password", required=True, secret=True)}
_DATABASE = {"host": _text("Host", required=True), "database": _text("Database", required=True), **_LOGIN}

# name, slug, type as the bindings list shows it, whether it takes a connection, fields, fields of an assignment
_TARGETS: list[tuple[str, str, str, bool, Row, Row | None]] = [
    ("BigQuery", "bigquery", "BigQueryTarget", True, {
        "project": _text("Project", required=True), "dataset": _text("Dataset", required=True), "schema_mapping": _flag("Schema mapping"),
        "headers_formatting": _choice("Headers formatting", (1, "None"), (2, "Standard"), (3, "Custom"), default=1),
        "force_string": _flag("Force string"), "format_headers": _flag("Format headers", True),
        "column_names_to_lowercase": _flag("Column names to lowercase")}, {
        "write_disposition": _choice("Write disposition", (1, "Truncate"), (2, "Append"), default=1),
        "partition_by_date": _flag("Partition by date"),
        "partition_column_name": _text("Partition column name", null=True, default=None)}),
    ("Google Sheets", "google-sheets", "GoogleSheetsTarget", True, {
        "mode": _choice("Mode", (1, "Truncate"), (2, "Append"), required=True), "folder": _text("Folder", default="")}, {}),
    ("File", "file", "FileTarget", False, {"schema_mapping": _SCHEMA}, {}),
    ("Azure Blob", "azure-blob", "AzureBlobTarget", False, {
        "container": _text("Container", required=True), "account_key": _text("Account key", required=True, secret=True), "schema_mapping": _SCHEMA}, {}),
    ("Snowflake", "snowflake", "SnowflakeTarget", False, {
        "account": _text("Account", required=True), "database": _text("Database", required=True), **_LOGIN,
        "port": setting("integer", "Port", default=443)}, {"truncate": _flag("Truncate before each load")}),
    ("SQL database", "sql-database", "SqlTarget", False, {**_DATABASE, "port": setting("integer", "Port", default=5432)}, {}),
    ("Databricks Delta Lake", "databricks-delta-lake", "DeltalakeTarget", False, {"path": _text("Path", required=True)}, {}),
    ("Databricks SQL", "databricks-sql", "DatabricksSQLTarget", False, _DATABASE, {}),
    ("LinkedIn Matched Audiences", "linkedin-matched-audiences", "LinkedInMatchedAudiencesTarget", True, {}, {}),
    ("Data Warehouse", "data-warehouse", "DataWarehouseTarget", False, {}, None),
]
_CONNECTIONS = (("BigQuery", "bigquery"), ("Google Sheets", "google-sheets"), ("LinkedIn", "linkedin"), ("Google Ads", "google-ads"), ("Meta", "meta"))
_DATASTREAMS = (("Google Ads", "google-ads"), ("Meta Ads", "meta-ads"), ("TikTok Ads", "tiktok-ads"), ("LinkedIn Ads", "linkedin-ads"),
                ("Amazon Ads", "amazon-ads"), ("Google Analytics 4", "google-analytics-4"), ("Other", "other"))


def catalogue(first_id: int) -> dict[str, list[Row]]:
    """The rows of the kinds target_types, connection_types and datastream_types, their ids from this one on."""
    names = ("name", "slug", "class", "connection", "fields", "mapping_fields")
    kinds: dict[str, list[Row]] = {
        "target_types": [dict(zip(names, row)) for row in _TARGETS],
        "connection_types": [dict(zip(names, row)) for row in _CONNECTIONS],
        "datastream_types": [dict(zip(names, row)) for row in _DATASTREAMS],
    }
    # Each kind counts for itself, and no two kinds have an id in common: mixing them up shows.
    return {kind: [{"id": first_id + 100 * place + number, **row} for number, row in enumerate(rows)]
            for place, (kind, rows) in enumerate(kinds.items())}
