# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever stands in an option or comes from the service: it ends in a result or in one of the collection's own errors, and no text shows the key."""

from __future__ import annotations

import html
import json
import tempfile
from unittest import mock
from urllib.parse import quote

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.client import Client
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.plugins.module_utils._api.transport import Response
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness import calls
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# What a person types, or a template makes of it; surrogates come in by the command line's encoding.
TEXTS = st.text(max_size=12) | st.sampled_from(
    ["", " ", "5", "0", "-1", "1e3", "True", "null", calls.ONE, "2026-01-01T00:00:00Z", "2026-02-30", "24:00", "9" * 30, "\ud800", "\u0661"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6)
# With a beginning and an end that no message has: a key that is a word of one would be found there, rightly.
KEYS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=6, max_size=38).map("~{0}|".format)

WORLD = {**calls.acme().data, "keys": {"all": {"key": in_process.KEY}}}
# A call of each module that gets past its checks, so that what the API returns is looked at; the contract holds that they succeed.
CALLS = {"adverity_" + name: options for name, options in (*reversed(calls.CHANGES.values()), *calls.READS.values()) if name != "role"}
CALLS["adverity_load_info"] = {"target_id": 790}
ASKING = [name for name in in_process.MODULES if name != "adverity_ledger_copy"]


def prove(examples):
    """The same examples each time, so many, and nothing kept between runs."""
    return settings(max_examples=examples, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def _fast_ledgers(monkeypatch):
    in_process.spare_the_disk(monkeypatch.setattr)


def call(name, options, check_mode=False, change=lambda transport: transport):
    """A call of a module, with a ledger of its own where it has one, and with a transport that was changed."""
    transport = change(SimulatorTransport(in_process.import_simulator().Simulator(WORLD, port=None)))
    with tempfile.TemporaryDirectory() as folder:
        ledger = {"ledger": folder + "/ledger"} if "ledger" in in_process.spec_of(name)[0] else {}
        params = in_process.read_options(name, {"instance": "acme.example", "api_key": in_process.KEY, **CALLS[name], **options, **ledger})
        return in_process.run_with(name, Client("https://acme.example", in_process.KEY, transport, retries=0), params, check_mode)


def refused(function, *args, **kwargs):
    """The text of the error, or None. Anything but the collection's own errors, and what an argument spec says, goes through."""
    try:
        function(*args, **kwargs)
    except AdverityError as error:
        facts = error.result()
        assert facts["msg"]
        json.dumps(facts)
        return json.dumps(facts, ensure_ascii=False)
    except in_process.SpecError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", ASKING)
def test_call_with_any_options_ends_in_a_result_or_an_error(name):
    spec = in_process.spec_of(name)[0]
    # Plain numbers are read by ansible-core alone, which does not survive all of these; see below for what is made of them.
    ledgers = {"ledger", "ledger_password", "ledger_wait"}
    names = sorted(set(spec) - ledgers - {"instance", "api_key", "ca_path", "timeout", "retries", "retry_max_delay"})
    # A number or a truth value where options with suboptions are due breaks ansible-core's own check of them, before the collection is asked.
    nested = {one for one in names if "options" in spec[one]}
    inner = st.dictionaries(st.sampled_from(sorted({name for one in nested for name in spec[one]["options"]} | {"x"})), JSON)
    pairs = st.sampled_from(names).flatmap(lambda one: st.tuples(st.just(one), inner | st.lists(inner, max_size=2) if one in nested else JSON))

    @prove(30)
    @given(st.lists(pairs, max_size=4).map(dict), st.booleans())
    def prop(given_options, check_mode):
        refused(call, name, given_options, check_mode)

    prop()


def replaced(value, path, by):
    """A JSON value in which something else stands at a place; ``path`` are numbers that choose the way down to it."""
    if not path or not isinstance(value, (dict, list)) or not value:
        return None if by is Ellipsis else by
    places = list(value) if isinstance(value, dict) else list(range(len(value)))
    place = places[path[0] % len(places)]
    changed = dict(value) if isinstance(value, dict) else list(value)
    if by is Ellipsis and len(path) == 1:
        del changed[place]
    else:
        changed[place] = replaced(value[place], path[1:], by)
    return changed


class LyingTransport:
    """Answers well, but for one request: there something else stands at one place of the answer, or nothing."""

    def __init__(self, transport, number, path, by):
        self.transport, self.number, self.path, self.by = transport, number, path, by

    def send(self, request):
        response = self.transport.send(request)
        self.number -= 1
        if self.number != -1 or not response.content:
            return response
        return response._replace(content=json.dumps(replaced(json.loads(response.content), self.path, self.by)).encode())


@pytest.mark.parametrize("name", ASKING)
def test_call_that_gets_any_answer_ends_in_a_result_or_an_error(name):
    """One place of one answer has any JSON value, or is missing."""

    @prove(60)
    @given(st.integers(0, 5), st.lists(st.integers(0, 8), max_size=5), JSON | st.just(...))
    def prop(number, path, by):
        refused(call, name, {}, change=lambda transport: LyingTransport(transport, number, path, by))

    prop()


@prove(250)
@given(
    KEYS,
    st.sampled_from([200, 204, 302, 400, 401, 403, 404, 422, 429, 500, 503, 599]),
    st.sampled_from(["application/json", "text/html", "text/plain", ""]),
    st.sampled_from(
        ["{0}", '{{"detail": {1}}}', '{{"detail": [{{"loc": ["a", 1], "msg": {1}}}]}}', "<html><title>{0}</title>", "<p>{2}</p>", "{3}", "[{1}", "\ufeff{0}"]
    ),
    st.text(max_size=20) | st.integers(0, 70000).map(lambda size: "x" * size),
    st.dictionaries(st.sampled_from(["Location", "Retry-After", "Content-Type"]), TEXTS | st.just("{0}"), max_size=2),
)
def test_error_with_any_body_does_not_show_the_key(key, status, kind, form, text, headers):
    """The service, or what stands between, may send the key back: as it is, as JSON writes it, as HTML or an address writes it."""
    shown = text + key
    body = form.format(shown, json.dumps(shown), html.escape(shown), quote(shown, safe=""))
    headers = dict({"Content-Type": kind}, **{name: value.replace("{0}", "https://x.example/?key=" + key) for name, value in headers.items()})
    transport = mock.Mock(**{"send.return_value": Response(status, headers, body.encode("utf-8", "surrogatepass"))})
    said = refused(Client("https://acme.example", key, transport, retries=0).get, "/api/v1/bindings/")
    if said is not None:
        assert key not in said
        assert html.unescape(said).count(key) == 0
        assert len(said) < 4000
        assert "\n" not in said
