# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Destinations (targets): found by type, workspace and name, and what has to be written so that one is as asked (docsite, "Destinations by name").

Pure but for the functions that take a client. ``fields`` are what OPTIONS says of the fields that a type takes, empty where it says nothing.
"""

from __future__ import annotations

import difflib
import re
import typing as t

from .._api import secrets, text
from .._api.errors import AdverityError, InputError, Refused, UnreadableAnswer
from .._api.paging import Row
from .._api.secrets import HIDDEN
from .._spec.result import Diff, Result
from . import bindings, directory

if t.TYPE_CHECKING:
    from .._api.client import Client

TYPES = "/api/target-types/"
Fields = dict[str, Row]

# Set by options of their own, not by settings; what an answer has beside the fields.
_OPTIONS = {"name": "name", "stack": "workspace", "auth": "connection"}
_ANSWERED = ("id", "url", "logo_url", "is_schema_mapping_required")
_MASK = re.compile(r"[*\u2022\u25cf]{3,}")


def read_type(client: Client, wanted: str) -> Row:
    """The destination type of this slug or name. Raises InputError."""
    return directory.find_type(directory.read_list(client, TYPES), wanted)


def path(type_id: int, target_id: int | None = None) -> str:
    """Where the destinations of a type are, or one of them."""
    return f"{TYPES}{type_id}/targets/" + (f"{target_id}/" if target_id is not None else "")


def read(client: Client, type_id: int, target_id: int | None = None) -> list[Row]:
    """The destinations of a type. Whether the service lists them is not documented: where it does not (405), the one with ``target_id``, if it exists."""
    try:
        return directory.read_list(client, path(type_id))
    except Refused as error:
        if error.status != 405:
            raise
        if target_id is None:
            error.say("This service does not list destinations, so none can be found by name. Set target_id.")
            raise
    try:
        return [read_object(client, path(type_id, target_id))]
    except Refused as error:
        if error.status != 404:
            raise
    return []


def complete(client: Client, type_id: int, rows: list[Row], named: Row, needed: t.Iterable[str]) -> list[Row]:
    """The rows of which nothing contradicts ``named``, with the fields ``needed``: it is not known that rows of the list have all of them."""
    for row in rows:
        if _holds(row, named) and any(name not in row for name in needed):
            row.update(read_object(client, path(type_id, row["id"])))
    return [row for row in rows if _holds(row, named)]


def _holds(row: Row, named: Row) -> bool:
    return all(value in (None, identity(row.get(name, value))) for name, value in named.items())


def read_object(client: Client, where: str) -> Row:
    """One destination or assignment."""
    return checked("GET", where, client.get(where))


def read_fields(client: Client, type_id: int) -> Fields:
    """What the type takes: for each field ``type``, ``required``, ``read_only``, ``label``, ``choices``. Empty where the service does not say."""
    try:
        data = client.request("OPTIONS", path(type_id)).data
        return {str(name): dict(field) for name, field in data["actions"]["POST"].items()}
    except Refused as error:
        if error.status in (401, 429) or (error.status >= 500 and error.status != 501):
            raise
    except (UnreadableAnswer, KeyError, TypeError, ValueError, AttributeError):
        pass
    return {}


def find(rows: list[Row], name: str, workspace_id: int) -> Row | None:
    """The destination of this name in this workspace, None where there is none. Raises InputError where it is ambiguous."""
    return one_of([row for row in rows if identity(row.get("stack", workspace_id)) == workspace_id], "name", name, "destination")


def similar(rows: list[Row], name: str) -> list[Row]:
    """The destinations whose names are like this one, or the same but for case, blanks or the workspace, the most similar first."""

    def plain(value: t.Any) -> str:
        return " ".join(str(value).casefold().split())

    names = dict.fromkeys(plain(row.get("name")) for row in rows)
    near = difflib.get_close_matches(plain(name), names, n=5, cutoff=0.6)
    return [row for one in near for row in rows if plain(row.get("name")) == one]


def one_of(rows: list[Row], key: str, name: str, what: str) -> Row | None:
    """The one row with this name. A name that differs in blanks at its ends alone is an error: the service may have taken them away."""
    found, what = [row for row in rows if row.get(key) == name], f"The {what} {directory.quoted(name)}"
    if len(found) > 1:
        fits = f"It fits {directory.listed(found, key)}. Select one by its id, or rename or delete the others"
        raise InputError(f"{what} is ambiguous. {fits}.", ambiguous=[row["id"] for row in found])
    similar = [row for row in rows if not found and isinstance(row.get(key), str) and row[key].strip() == name.strip()]
    if similar:
        other = f"{directory.listed(similar, key)} differs only in white space at the ends of its name"
        raise InputError(f"{what} does not exist, but {other}. Nothing was created. Use the existing name, or rename that one.")
    return found[0] if found else None


def locate(client: Client, type_id: int, named: Row, workspace_id: int | None, target_id: int | None, settings: t.Iterable[str]) -> Row | None:
    """The destination, by ``target_id`` or else by its name in a workspace, with the fields that are asked for as far as the service returns them."""
    wanted = {"id": target_id, "name": None if target_id else named["name"]}
    rows = read(client, type_id, target_id)
    complete(client, type_id, rows, wanted, ["stack", *named, *settings])
    if target_id is None:
        return find(rows, named["name"], t.cast(int, workspace_id))
    row = directory.find(rows, target_id, "destination")
    if workspace_id is not None and identity(row.get("stack", workspace_id)) != workspace_id:
        raise InputError(f"Destination {target_id} is in workspace {row['stack']}, not in workspace {workspace_id}. A destination is not moved.")
    return row


def find_absent(rows: list[Row], target_id: int, name: str) -> Row | None:
    """The destination to delete: id and name must agree. None where neither exists. Raises InputError."""
    named = [row for row in rows if row.get("name") == name or row["id"] == target_id]
    if named and not any(row["id"] == target_id and row.get("name") == name for row in named):
        raise InputError(f"target_id {target_id} and the name {directory.quoted(name)} do not agree: there is {directory.listed(named)}.")
    return next((row for row in named if row["id"] == target_id), None)


def refuse_enabled(bound: list[Row], what: str) -> None:
    """Raises InputError where one of these bindings is enabled, or not known to be disabled."""
    enabled = [row for row in bound if bindings.state(row) is not False]
    if enabled:
        shown = text.several([text.line(bindings.label(row)) for row in enabled], 20)
        ids = [row["id"] for row in enabled]
        raise InputError(f"{what} was not deleted: it still has enabled bindings. Disable them first with adverity_binding: {shown}.", binding_ids=ids)


def delete(client: Client, where: str) -> None:
    """Deletes one object. Where an earlier try may have done it, 404 is success."""
    try:
        client.request("DELETE", where)
    except Refused as error:
        if error.status != 404 or error.tries == 1:
            raise


class Plan:
    """What to write so that a destination is as asked. ``row`` is the present one, None for one that is to be created.

    ``named`` holds ``name``, ``stack``, ``auth`` as far as given, ``settings`` the type's own fields. Raises InputError for settings that cannot be.
    """

    def __init__(self, row: Row | None, named: Row, settings: Row, fields: Fields, force: bool = False) -> None:
        self.row, self.fields = row, fields
        secrets.register(*secrets.secret_fields(settings, lambda name: secret(name, fields.get(name, {}))))
        check(settings, named, fields, row is None)
        wanted = {**named, **{name: typed(value, fields.get(name, {})) for name, value in settings.items()}}
        self.body, self.unreadable = (wanted, []) if row is None else differing(row, wanted, force, fields)
        self.unchecked = bool(settings) and not fields

    @property
    def warnings(self) -> list[str]:
        """What the user has to know of a plan, also where nothing is written."""
        said = []
        if self.unchecked:
            said.append("The service does not say which fields this destination type takes. The settings were not checked in advance.")
        if self.unreadable:
            forced = self.unreadable[0] in self.body
            what = "were written because force_settings is set" if forced else "were not written. To write them, set force_settings"
            said.append(f"The service does not return these settings, so they cannot be compared: {', '.join(self.unreadable)}. They {what}.")
        return said

    def predicted(self) -> Row:
        """The destination as it will be. One that is to be created has no id."""
        return {**(self.row or {}), **self.body}

    def apply(self, client: Client, type_id: int) -> Row:
        """At most one request that writes; the destination as it is then. Where an answer is lost, the error says what the next run does."""
        if not self.body:
            return self.row or {}
        try:
            if self.row is not None:
                return dict(self.row, **change(client, path(type_id, self.row["id"]), self.body, self.fields))
            row = create(client, path(type_id), self.body)
        except AdverityError as error:
            after = "Whether it was carried out is unknown. Run this again: it looks first, creates no second destination, and writes what differs."
            error.say("Nothing was written." if getattr(error, "not_executed", True) else after)
            raise
        try:
            self._confirm(row, read(client, type_id))
        except AdverityError as error:
            error.say(f"Destination {row['id']} was created.")
            error.facts = {**self.result(row).as_dict(), **error.facts}
            raise
        return row

    def _confirm(self, row: Row, rows: list[Row]) -> None:
        """Raises AdverityError where the new destination would not be found by its name: the service keeps another, or two runs created one each."""
        name = self.body["name"]
        if row.get("name", name) != name:
            raise AdverityError(f"The service keeps the name {directory.quoted(name)} as {directory.quoted(row['name'])}. Use that name.")
        found = [one for one in rows if one.get("name") == name and identity(one.get("stack")) == self.body["stack"]]
        if len(found) > 1:
            raise AdverityError(f"Two runs created the same destination at the same time: {directory.listed(found)}. Delete one of them.")

    def result(self, row: Row) -> Result:
        """The module's result, ``row`` being the destination as it is (or, in check mode, will be)."""
        hide = unread(self.body, self.row or row)
        old, new = masked(self.row or {}, hide, self.fields), masked(self.body, hide, self.fields)
        values = {
            "created": self.row is None,
            "destination": masked(row, hide, self.fields),
            "changes": {name: {"before": old.get(name), "after": new[name]} for name in self.body},
        }
        return Result(bool(self.body), values, Diff({name: old[name] for name in self.body if name in old}, new), self.warnings)


def check(settings: Row, named: Row, fields: Fields, new: bool) -> None:
    """Raises InputError, with what the type takes, for settings that are unknown, read-only, no choice, or missing."""
    wrong = [f"{name} is set by the option {option}" for name, option in _OPTIONS.items() if name in settings]
    for name, value in settings.items() if fields else ():
        free = name in fields and (not choices(fields[name]) or isinstance(value, (list, dict)))
        if name not in fields:
            wrong.append(f"{name} is unknown")
        elif fields[name].get("read_only"):
            wrong.append(f"{name} is read-only")
        elif not free and not any(same(value, one) for one in choices(fields[name])):
            wrong.append(f"{name} is none of its choices")
    for name, field in fields.items() if new else ():
        if field.get("required") and not field.get("read_only") and name not in {*settings, *named}:
            wrong.append(f"{_OPTIONS.get(name, name)} is missing")
    if wrong:
        raise InputError(f"Settings of this destination type: {'; '.join(map(text.line, wrong))}. It takes: {takes(fields)}. Nothing was written.")


def takes(fields: Fields) -> str:
    """The settings of a type, in words."""
    shown = []
    for name, field in fields.items():
        if not field.get("read_only") and name not in _OPTIONS:
            one_of = "one of " + ", ".join(map(str, choices(field))) if choices(field) else ""
            shown.append(text.line(f"{name} ({', '.join(filter(None, (str(field.get('type')), 'required' * bool(field.get('required')), one_of)))})"))
    return "; ".join(shown) or "not known"


def choices(field: Row) -> list[t.Any]:
    """The values that a field takes; empty where it is free."""
    return [one.get("value") if isinstance(one, dict) else one for one in field.get("choices") or []]


def typed(value: t.Any, field: Row) -> t.Any:
    """A value as the field's type has it: a template makes text of numbers and booleans."""
    if field.get("type") == "integer" and isinstance(value, str) and re.fullmatch("-?[0-9]{1,18}", value):
        return int(value)
    known = choices(field) or ([True, False] if field.get("type") == "boolean" else [])
    return next((one for one in known if same(value, one)), value)


def identity(value: t.Any) -> t.Any:
    """The id of another object, also where the service nests that object."""
    return value["id"] if isinstance(value, dict) and "id" in value else value


def same(wanted: t.Any, got: t.Any) -> bool:
    """Whether a setting is as it reads back: text from a template stands for a number or a boolean, too."""
    got = got if isinstance(wanted, dict) else identity(got)
    return bool(wanted == got) or (isinstance(wanted, str) and isinstance(got, (int, float)) and wanted.lower() == str(got).lower())


def secret(name: str, field: Row) -> bool:
    """Whether the value of a field is never shown: the metadata says so, or its name."""
    return field.get("write_only") is True or field.get("type") == "password" or secrets.is_secret_name(name)


def unreadable(row: Row, name: str, field: Row) -> bool:
    """Whether the service does not return this field's value: it is absent, masked, or empty and a secret."""
    value = row.get(name)
    return name not in row or (isinstance(value, str) and _MASK.fullmatch(value) is not None) or (value in (None, "") and secret(name, field))


def unread(sent: Row, row: Row) -> set[str]:
    """What of ``sent`` does not read back from the object. One that is still to be created, without an id, tells nothing about that."""
    return {name for name in sent if "id" in row and unreadable(row, name, {})}


def differing(row: Row, wanted: Row, force: bool, fields: Fields) -> tuple[Row, list[str]]:
    """What of ``wanted`` has to be written, and the names of what cannot be compared, which is written with ``force`` only."""
    hidden = [name for name in wanted if unreadable(row, name, fields.get(name, {}))]
    return {name: value for name, value in wanted.items() if (force if name in hidden else not same(value, row[name]))}, hidden


def masked(row: Row, hide: t.Collection[str], fields: Fields) -> Row:
    """The row without the values of secrets, and of the fields in ``hide``."""

    def shown(name: str, value: t.Any) -> t.Any:
        if value is not None and (name in hide or secret(name, fields.get(name, {}))):
            return HIDDEN
        return masked(value, (), {}) if isinstance(value, dict) else value

    return {name: shown(name, value) for name, value in row.items()}


def create(client: Client, where: str, body: Row) -> Row:
    """One POST, and what the service keeps."""
    return checked("POST", where, client.request("POST", where, body=body).data)


def change(client: Client, where: str, body: Row, fields: Fields) -> Row:
    """One PATCH; where the service does not take that, PUT of the whole object. Raises InputError where a PUT would lose what cannot be read."""
    try:
        return checked("PATCH", where, client.request("PATCH", where, body=body).data)
    except Refused as error:
        if error.status != 405:
            raise
    row = read_object(client, where)
    writable = [name for name, field in fields.items() if not field.get("read_only")] or [name for name in row if name not in _ANSWERED]
    lost = [name for name in writable if name not in body and unreadable(row, name, fields.get(name, {}))]
    if lost:
        why = "The service takes no PATCH here, and PUT replaces the whole object"
        raise InputError(f"{why}: it would lose {', '.join(lost)}, whose values cannot be read. Name them in settings, and set force_settings.")
    whole = {name: identity(row[name]) for name in writable if name in row}
    return checked("PUT", where, client.request("PUT", where, body={**whole, **body}).data)


def checked(method: str, where: str, data: t.Any) -> Row:
    """The object in an answer. Raises UnreadableAnswer where that has none with an integer id."""
    found = data.get("id") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise UnreadableAnswer(f"{method} {where} was answered with success, but not with an object and its id.", method=method, path=where)
    return data
