# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger in a real PostgreSQL: connections that are lost at each statement, servers that restart, roles without rights, passwords, poolers, versions."""

from __future__ import annotations

import itertools
import os
import re
import socket
import threading

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError, InputError, LedgerError, MissingLibrary
from ansible_collections.adverity.management.plugins.module_utils._ledger import postgresql
from ansible_collections.adverity.management.plugins.module_utils._ledger.history import BindingFact, FactKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.holder import Run, from_label
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Entry, Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK, PREDICT, WRITE
from ansible_collections.adverity.management.tests.unit.plugins.places import AFTER, BEFORE, DURING, PASS, Postgres, Proxy

HOST = "acme.example"
PASSWORD = "p4ss-w0rd-that-must-not-show"

ROW = BindingFact(FactKind.ROW, enabled=True, updated="2026-01-01T00:00:00Z")


@pytest.fixture
def place(postgres_place):
    return postgres_place


@pytest.fixture
def proxies(postgres):
    """Makes proxies in front of the server, which end with the test."""
    made = []

    def make(*arguments, **options):
        made.append(Proxy(postgres, *arguments, **options))
        return made[-1]

    yield make
    for proxy in made:
        proxy.stop()


@pytest.fixture
def role(postgres, place):
    """A role of the database that may log in, and nothing else that was not granted. With its password where the server asks for one."""
    name = "role_of_" + place.database
    postgres.run(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
    yield name
    postgres.end_sessions(place.database)
    postgres.run(f"DROP OWNED BY {name}", place.database)
    postgres.run(f"DROP ROLE {name}")


@pytest.fixture
def asks_for_passwords(postgres):
    """The server asks these roles for their passwords."""
    rules = postgres.folder / "pg_hba.conf"
    before = rules.read_text("utf-8")
    rules.write_text("local all /^role_of_ scram-sha-256\n" + before, "utf-8")
    postgres.run("SELECT pg_reload_conf()")
    yield
    rules.write_text(before, "utf-8")
    postgres.run("SELECT pg_reload_conf()")


def open_at(url, purpose=WRITE, password=None, wait=5):
    return Ledger(url, password, HOST, purpose, wait)


def refusal(url, purpose=WRITE, password=None):
    """What the error says for which a ledger is not opened."""
    with pytest.raises(AdverityError) as caught, open_at(url, purpose, password):
        pass
    message = str(caught.value)
    assert PASSWORD not in message
    assert "\n" not in message
    assert PASSWORD not in str(caught.value.result())
    return message


def entry(extract_id, binding_id=5):
    return Entry(binding_id, extract_id, 456, "2026-01-01T00:00:00Z")


def stand(place):
    with place.open(LOOK) as ledger:
        return {one.extract_id: one.status for one in ledger.entries()}


# The connection is lost


def work(ledger, sent):
    """A run with two POSTs. ``sent`` tells which POSTs were sent, as the service would see them."""
    ledger.take_turn([5])
    ledger.note({5: [ROW]}, entries=[entry(1), entry(2), entry(3)])
    first = ledger.intend([5], [1])
    sent.append(1)
    second = ledger.intend([5], [2, 3], confirmed=first)
    sent.append(2)
    ledger.dispatched(second)
    ledger.note({5: [ROW]})


def count_requests(proxies, place):
    seen = []
    proxy = proxies(lambda request: seen.append(request) or PASS)
    with open_at(proxy.url(place.database)) as ledger:
        work(ledger, [])
    return len(seen)


@pytest.mark.parametrize("how", [BEFORE, DURING, AFTER])
def test_a_connection_that_is_lost_at_any_statement(postgres, place, proxies, how):
    """Nothing is sent that is not noted; what was noted is there; and the next run can go on, since the turn has ended with the connection."""
    requests = count_requests(proxies, place)
    assert requests > 20
    for number in range(1, requests, 3 if how == DURING else 1):  # the last one is the farewell
        postgres.empty(place.database)
        left = itertools.count(number - 1, -1)

        def lose(_request, left=left):
            return how if next(left) == 0 else PASS

        sent = []
        with pytest.raises(LedgerError) as caught, open_at(proxies(lose).url(place.database)) as ledger:
            work(ledger, sent)
        assert "cannot be used: " in str(caught.value)
        assert "What was recorded before is not lost." in str(caught.value)
        with place.open(wait=10) as ledger:  # the server may not have noticed yet
            ledger.take_turn([5])
            known = {one.extract_id: one.status for one in ledger.entries()}
            assert all(known[one] in ("unknown", "dispatched") for one in {1: [1], 2: [1, 2, 3]}.get(len(sent), []))
            assert all(status == "pending" for one, status in known.items() if one not in (1, 2, 3)[: {0: 1, 1: 3, 2: 3}[len(sent)]])
            assert ("dispatched" in known.values()) <= bool(sent)


@pytest.mark.parametrize("point", ["turn", "note", "intend", "dispatched", "read", "iterate"])
def test_a_session_that_an_administrator_ends(postgres, place, point):
    with place.open() as ledger:
        if point != "turn":
            ledger.take_turn([5])
            ledger.note({}, entries=[entry(1), entry(2)])
        post = ledger.intend([5], [1]) if point == "dispatched" else None
        assert postgres.end_sessions(place.database) == 1
        calls = {
            "turn": lambda: ledger.take_turn([5]), "note": lambda: ledger.note({}, entries=[entry(3)]), "intend": lambda: ledger.intend([5], [1]),
            "dispatched": lambda: ledger.dispatched(post), "read": ledger.histories, "iterate": lambda: list(ledger.entries()),
        }  # fmt: skip
        for _again in range(2):  # never connects again: the turn is lost
            with pytest.raises(LedgerError, match="cannot be used: .*What was recorded before is not lost"):
                calls[point]()
    assert stand(place) == {"turn": {}, "dispatched": {1: "unknown", 2: "pending"}}.get(point, {1: "pending", 2: "pending"})


def test_a_session_that_ends_between_two_rows(postgres, place):
    with place.open() as ledger:
        ledger.note({}, entries=(entry(one) for one in range(1, 25001)))
        rows = ledger.entries()
        next(rows)
        postgres.end_sessions(place.database)
        with pytest.raises(LedgerError, match="cannot be used"):
            list(rows)


def test_the_turn_ends_with_the_session(postgres, place):
    with place.open() as ledger:
        ledger.take_turn([5])
        postgres.end_sessions(place.database)
        with place.open(wait=0) as other:
            other.take_turn([5])
            with pytest.raises(LedgerError):
                ledger.note({}, entries=[entry(1)])


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_the_server_is_restarted_in_the_middle(postgres, place, mode):
    with place.open() as ledger:
        ledger.take_turn([5])
        ledger.note({}, entries=[entry(1), entry(2), entry(3)])
        first = ledger.intend([5], [1])
        second = ledger.intend([5], [2], confirmed=first)
        postgres.control("-m", mode, "restart")
        with pytest.raises(LedgerError, match="cannot be used"):
            ledger.intend([5], [3], confirmed=second)
    assert stand(place) == {1: "dispatched", 2: "unknown", 3: "pending"}


def test_a_server_that_is_not_there(proxies, place):
    proxy = proxies()
    proxy.stop()
    for purpose in (WRITE, PREDICT, LOOK):
        message = refusal(proxy.url(place.database), purpose)
        assert message.startswith(f"The ledger {proxy.url(place.database)} cannot be used: connection failed: ")
        assert message.endswith("Check the URL, ledger_password and the server, then run it again. What was recorded before is not lost.")


# A machine that is no more


@pytest.fixture
def tcp_server():
    """A server on a port of loopback: a Unix socket has no keepalives."""
    with Postgres() as server:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        server.control("-m", "immediate", "stop")
        server.control("-l", str(server.folder / "log"), "-o", f"-h 127.0.0.1 -p {port} -k {server.folder}", "start")
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"


SHOWN = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")
OURS = {"keepalives": "1", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3", "tcp_user_timeout": "60000", "connect_timeout": "30"}


def test_both_ends_notice_a_dead_machine_within_two_minutes(tcp_server):
    """What the URL says wins, at each end."""
    cases = [
        ("", {}, ["30", "10", "3", "60000"]),
        ("?keepalives_idle=7&tcp_user_timeout=0&connect_timeout=3", {"keepalives_idle": "7", "tcp_user_timeout": "0", "connect_timeout": "3"}, None),
        ("?options=-c%20tcp_keepalives_idle%3D11%20-c%20tcp_user_timeout%3D5000", {}, ["11", "10", "3", "5000"]),
    ]
    for purpose in (WRITE, PREDICT, LOOK):
        for parameters, client, server in cases:
            with open_at(tcp_server + parameters, purpose) as ledger:
                told = ledger.store._connection.info.get_parameters()
                assert {name: told.get(name) for name in OURS} == {**OURS, **client}
                assert [ledger.store.read("SHOW " + name)[0][0] for name in SHOWN] == (server or ["30", "10", "3", "60000"])


def test_who_waits_is_told_how_to_end_the_session_of_a_dead_machine(postgres, place):
    with place.open() as ledger, place.open(wait=0) as other:
        ledger.take_turn([5])
        with pytest.raises(LedgerError) as caught:
            other.take_turn([5])
        assert "If its machine is no more, PostgreSQL ends its session within two minutes. To end it at once, run there: " in str(caught.value)
        postgres.run(str(caught.value).rpartition("run there: ")[2])
        other.take_turn([5])


# Who holds the lock


@pytest.mark.parametrize("purpose", [WRITE, PREDICT])
@pytest.mark.parametrize("chosen", [None, "mine \u2013"])
def test_a_holder_of_another_role_is_named_as_far_as_the_server_tells(postgres, place, role, purpose, chosen):
    """Such a role is told the application, and not since when; a name that the user chose stays."""
    with place.open() as ledger:
        ledger.take_turn([5])
    for grant in ("USAGE ON SCHEMA", "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA"):
        postgres.run(f"GRANT {grant} adverity_management TO {role}", place.database)
    with open_at(postgres.url(place.database, **({"application_name": chosen} if chosen else {})), purpose) as ledger:
        ledger.take_turn([5])
        with pytest.raises(LedgerError) as caught, open_at(postgres.url(place.database, role), wait=0) as other:
            other.take_turn([5])
        message = str(caught.value)
        pid = ledger.store._connection.info.backend_pid
        if chosen:
            assert re.search(rf": session {pid} of the server, application mine [^,]+, role postgres\. This run waited 0 s", message)
        else:
            mode = ", in check mode" if purpose == PREDICT else ""
            assert f": host {socket.gethostname()}, process {os.getpid()}{mode}. This run waited 0 s" in message
        assert f"SELECT pg_terminate_backend({pid})" in message


@pytest.mark.parametrize("host", ["h" * 200, "m\u00fcller", "a@b, process 1"])
@pytest.mark.parametrize("job", [None, "42", "'); DROP", "9" * 100])
@pytest.mark.parametrize("check_mode", [True, False])
def test_a_label_is_short_and_names_the_process(host, job, check_mode):
    label = Run(host, 4194304, job).label(check_mode)
    assert len(label.encode("ascii")) <= 63
    run, checks = from_label(label)
    assert (run.process, run.job, checks) == (4194304, "42" if job == "42" else None, check_mode)
    assert from_label("psql") is None


# Rights


@pytest.mark.parametrize("purpose", [WRITE, PREDICT])
def test_a_role_that_must_not_create_gets_the_statements_for_its_administrator(postgres, place, role, purpose):
    url = postgres.url(place.database, role)
    message = refusal(url, purpose)
    assert "permission denied for " in message
    statements = message.split("an administrator runs once: ")[1]
    assert statements.startswith("CREATE SCHEMA IF NOT EXISTS adverity_management; ")
    # The administrator runs them, and gives the role what it needs.
    for statement in statements.rstrip(";").split("; "):
        postgres.run(statement, place.database)
    assert "permission denied" in refusal(url, WRITE)
    for grant in ("USAGE ON SCHEMA", "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA"):
        postgres.run(f"GRANT {grant} adverity_management TO {role}", place.database)
    with open_at(url, purpose) as ledger:
        ledger.take_turn([5])
    with open_at(url) as ledger:
        work(ledger, [])
    assert set(stand(place).values()) == {"dispatched"}


def test_the_statements_are_those_that_are_told(postgres, place, role):
    """What the administrator runs and what a role with the right runs make the same tables."""
    def shape():
        return postgres.run(
            "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = 'adverity_management' ORDER BY 1, 2",
            place.database,
        )

    with place.open():
        pass
    made = shape()
    postgres.empty(place.database)
    for statement in postgresql.STATEMENTS:
        postgres.run(statement, place.database)
    assert shape() == made


def test_a_role_that_may_only_read_may_look(postgres, place, role):
    with place.open() as ledger:
        work(ledger, [])
    postgres.run(f"GRANT USAGE ON SCHEMA adverity_management TO {role}", place.database)
    postgres.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA adverity_management TO {role}", place.database)
    url = postgres.url(place.database, role)
    with open_at(url, LOOK) as ledger:
        assert len(list(ledger.entries())) == 3
    for purpose in (WRITE, PREDICT):
        with pytest.raises(LedgerError, match="permission denied .*Give the role the rights on the ledger's tables"), open_at(url, purpose) as ledger:
            ledger.take_turn([5])


# Passwords


def test_a_password_is_taken_from_the_option(postgres, place, role, asks_for_passwords):
    postgres.run(f"GRANT CREATE ON DATABASE {place.database} TO {role}")
    url = postgres.url(place.database, role)
    with open_at(url, password=PASSWORD) as ledger:
        work(ledger, [])
        assert PASSWORD not in ledger.shown
    for wrong in ("x" + PASSWORD, None, ""):
        message = refusal(url, password=wrong)
        assert ("password authentication failed" if wrong else "no password supplied") in message
    assert refusal(url, password=PASSWORD + "x").count("role_of_") >= 1


def test_a_password_is_taken_from_a_password_file(postgres, place, role, asks_for_passwords, monkeypatch, tmp_path):
    postgres.run(f"GRANT CREATE ON DATABASE {place.database} TO {role}")
    (tmp_path / "pass").write_text(f"*:*:*:{role}:{PASSWORD}\n")
    (tmp_path / "pass").chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pass"))
    with open_at(postgres.url(place.database, role)) as ledger:
        work(ledger, [])


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{PASSWORD}@db.example/ledger", f"postgres://me:{PASSWORD}@/ledger", f"postgresql://db.example/ledger?password={PASSWORD}",
        f"postgresql:///ledger?user=me&PASSWORD={PASSWORD}&sslmode=require", f"postgresql://db.example/l?sslpassword={PASSWORD}",
        f"mysql://me:{PASSWORD}@db.example/ledger", f"postgresql://me:{PASSWORD}@[::1/ledger", f"postgresql://me:{PASSWORD}%40@h/l",
    ],
)  # fmt: skip
def test_a_url_with_a_password_is_refused_and_not_shown(url):
    for purpose in (WRITE, PREDICT, LOOK):
        with pytest.raises(InputError) as caught:
            open_at(url, purpose)
        message = str(caught.value)
        assert PASSWORD not in message
        if "[" not in url:
            assert message.startswith("ledger is a URL with a password in it (not shown). Set ledger_password or ADVERITY_LEDGER_PASSWORD instead")


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{PASSWORD}#x@h/l", f"postgresql://m#e:{PASSWORD}@h/l", f"postgresql://m/e:{PASSWORD}@h/l", f"postgresql://me:x?{PASSWORD}@h/l",
        f"postgresql://me#{PASSWORD}@h/l", f"postgresql://h/l?x@{PASSWORD}", f"postgresql://h/l {PASSWORD}", f"postgresql:me:{PASSWORD}@h/l",
        f"me:{PASSWORD}@h/l", f"host=h password={PASSWORD} dbname=l", f"password = '{PASSWORD}'", f"host=h dbname=l passfile={PASSWORD}",
        f"postgresql://me:{PASSWORD}@\u2100/l",
    ],
)  # fmt: skip
def test_what_may_hold_a_password_is_refused_and_not_shown(url):
    for purpose in (WRITE, PREDICT, LOOK):
        with pytest.raises(InputError, match="(not shown)|(not shown, because it may hold a password)") as caught:
            open_at(url, purpose)
        assert PASSWORD not in str(caught.value.result())


@pytest.mark.parametrize("url", ["mysql://db.example/ledger", "sqlite:///x", "http://db.example", "://x"])
def test_another_url_is_refused(url):
    with pytest.raises(InputError, match="It must be an absolute path, or a URL like postgresql://"):
        open_at(url)


@pytest.mark.parametrize(
    "parameters", [{"application_name": "x"}, {"connect_timeout": "3"}, {"options": "-c search_path=public"}, {"client_encoding": "latin1"}]
)
def test_parameters_of_libpq_work_as_everywhere(postgres, place, parameters):
    with open_at(postgres.url(place.database, **parameters)) as ledger:
        work(ledger, [])
        ledger.record(EventKind.REFUSED, [entry(1)], "\u2026")
    assert len(stand(place)) == 3


# What else can be wrong


@pytest.mark.parametrize("purpose", [WRITE, PREDICT, LOOK])
def test_a_database_that_is_not_there(postgres, purpose):
    assert 'database "nowhere" does not exist' in refusal(postgres.url("nowhere"), purpose)


@pytest.mark.parametrize("purpose", [WRITE, PREDICT, LOOK])
def test_tls_is_required_and_the_server_has_none(proxies, place, purpose):
    assert "server does not support SSL, but SSL was required" in refusal(proxies().url(place.database, sslmode="require"), purpose)


@pytest.mark.parametrize("purpose", [WRITE, PREDICT])
def test_a_server_that_is_read_only(postgres, place, purpose):
    """As a standby is: default_transaction_read_only stands in for it."""
    postgres.run(f"ALTER DATABASE {place.database} SET default_transaction_read_only = on")
    try:
        message = refusal(place.ledger, purpose)
        assert "read-only" in message
        assert "Set ledger to the primary server (for example with several hosts and target_session_attrs=read-write in the URL)." in message
        with place.open(LOOK) as ledger:
            assert list(ledger.entries()) == []
    finally:
        postgres.run(f"ALTER DATABASE {place.database} RESET default_transaction_read_only")


@pytest.mark.parametrize("purpose", [WRITE, PREDICT])
def test_a_server_that_becomes_read_only_with_a_ledger_in_it(postgres, place, purpose):
    with place.open() as ledger:
        work(ledger, [])
    postgres.run(f"ALTER DATABASE {place.database} SET default_transaction_read_only = on")
    try:
        with pytest.raises(LedgerError, match=r"read-only.*Set ledger to the primary server"), place.open(purpose) as ledger:
            ledger.take_turn([5])
        with place.open(LOOK) as ledger:
            assert len(list(ledger.entries())) == 3
    finally:
        postgres.run(f"ALTER DATABASE {place.database} RESET default_transaction_read_only")


@pytest.mark.parametrize("purpose", [WRITE, PREDICT, LOOK])
def test_a_pooler_is_refused(proxies, place, purpose):
    """One in transaction mode answers the start of a session with a process of its own, or with that of another session."""

    def change(answer):
        return re.sub(rb"K\x00\x00\x00\x0c(....)", lambda found: found[0][:5] + b"\x7f\xff\xff\xfe", answer, flags=re.DOTALL)

    message = refusal(proxies(change_answer=change).url(place.database), purpose)
    assert "the connection goes through a pooler, such as PgBouncer, which may change the session in the middle of a run" in message
    assert "Set ledger to the address of the PostgreSQL server itself. Nothing was changed." in message
    assert place.content() is None


@pytest.mark.parametrize("purpose", [WRITE, PREDICT, LOOK])
def test_a_newer_version_is_refused(postgres, place, purpose):
    with place.open() as ledger:
        work(ledger, [])
    place.run("UPDATE format SET version = 99")
    before = place.content()
    message = refusal(place.ledger, purpose)
    assert "a newer version of this collection wrote it (format 99, this one knows 4). Update the collection on this machine. Nothing was changed." in message
    place.run("UPDATE format SET version = 2")
    assert "an older version of this collection wrote it (format 2, this one knows 4). Nothing was changed." in refusal(place.ledger, purpose)
    place.run("UPDATE format SET version = 99")
    assert place.content() == before


@pytest.mark.parametrize("purpose", [WRITE, LOOK])
@pytest.mark.parametrize("statement", ["DROP TABLE load", "ALTER TABLE event DROP COLUMN pairs", "DELETE FROM format"])
def test_tables_that_are_not_those_of_a_ledger(place, purpose, statement):
    with place.open() as ledger:
        work(ledger, [])
    place.run(statement)
    with pytest.raises(LedgerError, match="cannot be used"), place.open(purpose) as ledger:
        list(ledger.entries())
        ledger.open_entries()


def test_other_tables_of_the_database_are_left_alone(postgres, place):
    postgres.run("CREATE TABLE public.load (x int)", place.database)
    try:
        with place.open() as ledger:
            work(ledger, [])
        assert postgres.run("SELECT count(*) FROM public.load", place.database) == [(0,)]
    finally:
        postgres.run("DROP TABLE public.load", place.database)


@pytest.mark.parametrize("purpose", [WRITE, PREDICT, LOOK])
def test_psycopg_is_asked_for_only_where_a_url_is_given(postgres, tmp_path, monkeypatch, purpose):
    monkeypatch.setattr(postgresql, "_PSYCOPG_MISSING", "Traceback: no psycopg")
    with pytest.raises(MissingLibrary) as caught:
        open_at(postgres.url(), purpose)
    result = caught.value.result()
    assert "Failed to import the required Python library (psycopg)" in result["msg"]
    assert "for a ledger in PostgreSQL" in result["msg"]
    assert result["exception"] == "Traceback: no psycopg"
    with Ledger(str(tmp_path / "ledger.sqlite3"), None, HOST, purpose):
        pass


def test_what_is_committed_is_on_disk(postgres, place):
    """Whatever the server's or the database's default is."""
    postgres.run(f"ALTER DATABASE {place.database} SET synchronous_commit = off")
    postgres.run(f"ALTER DATABASE {place.database} SET idle_session_timeout = '1s'")
    try:
        with place.open() as ledger:
            assert ledger.store.read("SHOW synchronous_commit") == [("on",)]
            assert ledger.store.read("SHOW idle_session_timeout") == [("0",)]
    finally:
        postgres.run(f"ALTER DATABASE {place.database} RESET ALL")


def test_the_servers_words_are_one_line(place):
    with place.open() as ledger, pytest.raises(LedgerError) as caught:
        ledger.store.read("SELECT '\x1b[31m'::int")
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_bindings_that_share_a_lock_only_wait(place):
    """The key of a lock has 31 bits; whatever ids there are, it is never that of the whole instance."""
    keys = {postgresql._key(one) for one in [*range(1, 2000), 2**31, 2**62, 2**63 - 1]}
    assert min(keys) >= 1
    assert max(keys) < 2**31
    assert len(keys) > 1990


def test_one_connection_and_one_transaction_for_each_post(proxies, place):
    """A POST costs the ledger one commit."""
    commits = []
    lock = threading.Lock()

    def look(request):
        with lock:
            if b"COMMIT" in request:
                commits.append(request)
        return PASS

    proxy = proxies(look)
    with open_at(proxy.url(place.database)) as ledger:
        ledger.take_turn([5])
        ledger.note({}, entries=[entry(one) for one in range(1, 12)])
        post = None
        before = len(commits)
        for one in range(1, 11):
            post = ledger.intend([5], [one], confirmed=post)
        assert len(commits) - before == 10
