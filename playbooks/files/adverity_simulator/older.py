# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the older API, `/api/`, has in common: lists with links, and bodies that are checked the way Django REST framework does it.

A form is a dictionary of fields: `type` (string, integer, boolean, choice, field), `label`, `required`, `read_only`, `choices`, `default`, `null`,
`secret`, and for an id of something else `find`, a function from the id to its row or None.
"""

from __future__ import annotations

import re
from typing import Any, Callable
from urllib.parse import urlencode

from .calls import Call, Refusal
from .values import Row, is_whole

Form = dict[str, Row]
MASK = "********"


def not_found() -> Refusal:
    """404 as the framework words it."""
    return Refusal(404, "Not found.")


def not_allowed(method: str) -> Refusal:
    """405 as the framework words it."""
    return Refusal(405, f'Method "{method}" not allowed.')


def page(call: Call, total: int, size: int, rows: Callable[[int, int], list[Any]]) -> Row:
    """`{count, next, previous, results}`, the results being rows(start, end); 404 past the last page."""
    pages, text = max(1, -(-total // size)), call.last("page") or "1"
    if not re.fullmatch(r"\d{1,9}", text) or not 1 <= int(text) <= pages:
        raise Refusal(404, "Invalid page.")
    number = int(text)

    def link(other: int) -> str | None:
        if not 1 <= other <= pages:
            return None
        scheme, host = call.base_url.split("://")
        host = "elsewhere.example" if call.switches["next_host"] == "other" else host
        query = [pair for pair in call.query if pair[0] != "page"] + ([("page", str(other))] if other > 1 else [])
        return f"{scheme}://{host}{call.path}" + (f"?{urlencode(query)}" if query else "")

    results = rows((number - 1) * size, min(number * size, total))
    return {"count": total, "next": link(number + 1), "previous": link(number - 1), "results": results}


def listed(call: Call, rows: list[Row], show: Callable[[Row], Row]) -> Row:
    """A page of these rows."""
    return page(call, len(rows), call.switches["list_page_size"], lambda start, end: [show(row) for row in rows[start:end]])


def related(call: Call, identity: Any, name: str | None) -> Any:
    """An id of something else in an answer: the id, or by switch an object."""
    return {"id": identity, "name": name} if call.switches["related_objects"] == "nested" and identity is not None else identity


def metadata(name: str, form: Form, may_write: bool) -> Row:
    """What OPTIONS answers: the framework tells the fields only to those who may write."""
    def described(field: Row) -> Row:
        told = {"type": field["type"], "required": bool(field.get("required")), "read_only": bool(field.get("read_only")), "label": field["label"]}
        return {**told, "choices": field["choices"]} if "choices" in field else told

    head: Row = {"name": name, "description": "", "renders": ["application/json"], "parses": ["application/json"]}
    return {**head, "actions": {"POST": {field: described(form[field]) for field in form}}} if may_write else head


def read_form(call: Call, form: Form, partial: bool) -> Row:
    """The values of a body, checked and converted; without `partial` defaults stand for what is left out. 400 names every wrong field."""
    body, values, wrong = call.json(), {}, {}
    for name in body:
        if name not in form or form[name].get("read_only"):
            wrong[name] = ["This field is read-only." if name in form else "This field is not known."]
    if call.switches["unknown_settings"] == "ignore":
        wrong = {}
    for name, field in form.items():
        if field.get("read_only"):
            continue
        try:
            if name in body:
                values[name] = _converted(call, field, body[name])
            elif field.get("required") and not partial:
                raise ValueError("This field is required.")
            elif not partial:
                values[name] = field.get("default")
        except ValueError as exc:
            wrong[name] = [str(exc)]
    if wrong:
        raise Refusal(400, wrong)
    return values


def _converted(call: Call, field: Row, value: Any) -> Any:
    if value is None:
        if not field.get("null"):
            raise ValueError("This field may not be null.")
        return None
    return _CONVERSIONS[field["type"]](call, field, value)


def _string(call: Call, field: Row, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError("Not a valid string.")
    text = str(value).strip() if call.switches["text_blanks"] == "trimmed" else str(value)
    if text == "" and field.get("default") != "":
        raise ValueError("This field may not be blank.")
    return text


def _integer(_call: Call, _field: Row, value: Any) -> int:
    if is_whole(value) or (isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value)):
        return int(value)
    raise ValueError("A valid integer is required.")


def _boolean(_call: Call, _field: Row, value: Any) -> bool:
    for meant, spellings in ((True, ("true", "1", "yes", "on")), (False, ("false", "0", "no", "off"))):
        if not isinstance(value, (list, dict)) and str(value).lower() in spellings:
            return meant
    raise ValueError("Must be a valid boolean.")


def _choice(_call: Call, field: Row, value: Any) -> Any:
    for choice in field["choices"]:
        if str(choice["value"]) == str(value):
            return choice["value"]
    raise ValueError(f'"{value}" is not a valid choice.')


def _related(_call: Call, field: Row, value: Any) -> Any:
    if not is_whole(value) and not (isinstance(value, str) and re.fullmatch(r"\d{1,18}", value)):
        raise ValueError(f"Incorrect type. Expected pk value, received {type(value).__name__}.")
    if field["find"](int(value)) is None:
        raise ValueError(f'Invalid pk "{value}" - object does not exist.')
    return int(value)


_CONVERSIONS: dict[str, Callable[[Call, Row, Any], Any]] = {
    "string": _string, "integer": _integer, "boolean": _boolean, "choice": _choice, "field": _related}
