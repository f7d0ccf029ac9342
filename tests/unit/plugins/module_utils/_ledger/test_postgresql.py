# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger in a real PostgreSQL: connections that are lost at each statement, dead machines, rights, passwords, poolers."""

from __future__ import annotations

import itertools
import os
import re
import socket
from unittest import mock
from urllib.parse import urlencode

import psycopg
import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, LedgerError
from ansible_collections.adverity.management.plugins.module_utils._ledger import postgresql
from ansible_collections.adverity.management.plugins.module_utils._ledger.holder import Run, from_label
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK, PREDICT, WRITE
from ansible_collections.adverity.management.plugins.module_utils._ledger.stores import find
from ansible_collections.adverity.management.tests.unit.plugins.places import Postgres
from ansible_collections.adverity.management.tests.unit.plugins.support.ledgers import ALL, ROW, entry, open_at, refusal, statuses

PASSWORD = "p4ss-w0rd-that-must-not-show"
DAILY_RIGHTS = ("USAGE ON SCHEMA", "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA")


@pytest.fixture
def place(postgres_place):
    return postgres_place


@pytest.fixture
def role(postgres, place):
    """A role of the database that may log in, and nothing else that was not granted. With its password where the server asks for one."""
    name = "role_of_" + place.database
    postgres.run(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
    yield name
    postgres.end_sessions(place.database)
    postgres.run(f"DROP OWNED BY {name}", place.database)
    postgres.run(f"DROP ROLE {name}")


def grant(place, role, *rights):
    for right in rights:
        place.run(f"GRANT {right} adverity_management TO {role}")


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


@pytest.fixture
def with_default(postgres, place):
    """Sets defaults of the database, for one test."""
    yield lambda setting: postgres.run(f"ALTER DATABASE {place.database} SET {setting}")
    postgres.run(f"ALTER DATABASE {place.database} RESET ALL")


def send_three(ledger, sent=None):
    """A run with two POSTs. ``sent`` is told which were sent, as the API would see them."""
    sent = [] if sent is None else sent
    ledger.take_turn([5])
    ledger.note({5: [ROW]}, entries=[entry(1), entry(2), entry(3)])
    first = ledger.intend([5], [1])
    sent += [1]
    second = ledger.intend([5], [2, 3], confirmed=first)
    sent += [2, 3]
    ledger.dispatched(second)
    ledger.note({5: [ROW]})


def stand(place):
    with place.open(LOOK) as ledger:
        return statuses(ledger)


# The connection is lost


def losing(number, half):
    """While it lasts, the connection is lost at this exchange with the server: the request does not arrive, or only the answer (``SHUT_RD``)."""
    real, left = psycopg.Connection.wait, itertools.count(number - 1, -1)

    def wait(connection, *arguments, **options):
        if next(left) == 0:
            with socket.socket(fileno=os.dup(connection.pgconn.socket)) as lost:
                lost.shutdown(half)
        return real(connection, *arguments, **options)

    return mock.patch.object(psycopg.Connection, "wait", wait)


@pytest.mark.parametrize("half", [socket.SHUT_RDWR, socket.SHUT_RD])
def test_connection_that_is_lost_at_any_statement_loses_no_record(postgres, place, half):
    """Nothing is sent that is not recorded, and the next run can go on, since the lock has ended with the connection."""
    with mock.patch.object(psycopg.Connection, "wait", autospec=True, side_effect=psycopg.Connection.wait) as exchanges, place.open() as ledger:
        send_three(ledger)
    assert exchanges.call_count > 20
    for number in range(1, exchanges.call_count):  # the last one is the farewell
        postgres.empty(place.database)
        sent = []
        with losing(number, half):
            message = refusal(place.ledger, use=lambda ledger, sent=sent: send_three(ledger, sent))
        assert "cannot be used: " in message
        assert "What was recorded before is not lost." in message
        with place.open() as ledger:  # the server may not have noticed yet
            ledger.take_turn([5])
            known = statuses(ledger)
        assert all(known[each] in ("unknown", "dispatched") for each in sent)
        next_request = {0: [1], 1: [2, 3], 3: []}[len(sent)]  # it may be recorded, and was not sent
        assert all(status == "pending" for each, status in known.items() if each not in [*sent, *next_request])
        assert ("dispatched" in known.values()) <= bool(sent)


def test_session_that_an_administrator_ends_is_not_connected_again(postgres, place):
    with place.open() as ledger:
        ledger.take_turn([5])
        postgres.end_sessions(place.database)
        for work in (ledger.histories, lambda: list(ledger.entries()), lambda: ledger.take_turn([5, 6])):
            with pytest.raises(LedgerError, match="cannot be used: .*What was recorded before is not lost"):
                work()


# A machine that is no more

KEEPALIVES = {"keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}
OF_CLIENT = {"keepalives": "1", **KEEPALIVES, "tcp_user_timeout": "60000", "connect_timeout": "30"}
OF_SERVER = {**{"tcp_" + name: value for name, value in KEEPALIVES.items()}, "tcp_user_timeout": "60000"}
CHOSEN = {"keepalives_idle": "7", "tcp_user_timeout": "0", "connect_timeout": "3"}


def test_both_ends_notice_a_dead_machine_within_two_minutes():
    """What the URL says wins, at each end. The server listens on a port: a Unix socket has no keepalives."""
    cases = [
        ("", {}, {}),
        ("?" + urlencode(CHOSEN), CHOSEN, {}),
        ("?options=-c%20tcp_keepalives_idle%3D11", {}, {"tcp_keepalives_idle": "11"}),
    ]
    with Postgres() as server:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        server.control("-m", "immediate", "stop")
        server.control("-l", str(server.folder / "log"), "-o", f"-h 127.0.0.1 -p {port} -k {server.folder}", "start")
        for purpose, (parameters, of_client, of_server) in itertools.product(ALL, cases):
            with open_at(f"postgresql://postgres@127.0.0.1:{port}/postgres{parameters}", purpose) as ledger:
                assert {**OF_CLIENT, **of_client}.items() <= ledger.store._connection.info.get_parameters().items()
                assert {name: ledger.store.read("SHOW " + name)[0][0] for name in OF_SERVER} == {**OF_SERVER, **of_server}


# Who holds the lock


def test_ledger_that_is_closed_holds_no_lock_any_more(place):
    with open_at(place.ledger) as watching:  # its own session has no lock
        for _time in range(10):
            with open_at(place.ledger) as ledger:
                ledger.take_turn([5])
                assert watching.busy
            assert not watching.busy  # although the server may still end the session


@pytest.mark.parametrize(
    ("purpose", "chosen", "who"),
    [
        (WRITE, {}, "host {host}, process {process}"),
        (PREDICT, {}, "host {host}, process {process}, in check mode"),
        (WRITE, {"application_name": "mine \u2013"}, "session {pid} of the server, application mine [^,]+, role postgres"),
    ],
)
def test_holder_is_named_to_another_role_as_far_as_the_server_tells_with_how_to_end_it(postgres, place, role, purpose, chosen, who):
    """Such a role is told the application, and not since when; a name that the user chose stays."""
    with place.open():
        pass
    grant(place, role, *DAILY_RIGHTS)
    with open_at(postgres.url(place.database, **chosen), purpose) as ledger:
        ledger.take_turn([5])
        named = who.format(host=re.escape(socket.gethostname()), process=os.getpid(), pid=ledger.store._connection.info.backend_pid)
        message = refusal(postgres.url(place.database, role), use=lambda other: other.take_turn([5]), wait=0)
        assert re.search(rf": {named}\. This run waited 0 s", message)
        assert "If its machine no longer exists, PostgreSQL ends its session within two minutes. To end it at once, " in message
        postgres.run(message.rpartition("run there: ")[2])
        with open_at(postgres.url(place.database, role), wait=300) as other:  # it takes a moment until the session has ended
            other.take_turn([5])


@pytest.mark.parametrize("host", ["h" * 200, "m\u00fcller", "a@b, process 1"])
@pytest.mark.parametrize(("job", "told"), [(None, None), ("42", "42"), ("'); DROP", None), ("9" * 100, None)])
@pytest.mark.parametrize("check_mode", [True, False])
def test_label_of_a_session_is_short_and_names_the_process(host, job, told, check_mode):
    label = Run(host, 4194304, job).label(check_mode)
    assert len(label.encode("ascii")) <= 63
    run, checks = from_label(label)
    assert (run.process, run.job, checks) == (4194304, told, check_mode)
    assert from_label("psql") is None


def test_key_of_a_lock_is_never_that_of_the_whole_instance():
    """It has 31 bits: two bindings that share one only wait for each other."""
    keys = {postgresql._key(one) for one in [*range(1, 2000), 2**31, 2**62, 2**63 - 1]}
    assert 1 <= min(keys) <= max(keys) < 2**31
    assert len(keys) > 1990


# Rights


@pytest.mark.parametrize("purpose", [WRITE, PREDICT])
def test_role_that_must_not_create_gets_the_statements_for_its_administrator(postgres, place, role, purpose):
    url = postgres.url(place.database, role)
    message = refusal(url, purpose)
    assert "permission denied for " in message
    statements = message.split("an administrator runs once: ")[1]
    assert statements.startswith("CREATE SCHEMA IF NOT EXISTS adverity_management; ")
    # The administrator runs them, and gives the role what it needs.
    for statement in statements.rstrip(";").split("; "):
        postgres.run(statement, place.database)
    assert "permission denied" in refusal(url)
    grant(place, role, *DAILY_RIGHTS)
    with open_at(url, purpose) as ledger:
        ledger.take_turn([5])
    with open_at(url) as ledger:
        send_three(ledger)
    assert set(stand(place).values()) == {"dispatched"}


@pytest.mark.parametrize(
    ("rights", "read_only", "says"),
    [
        (["USAGE ON SCHEMA", "SELECT ON ALL TABLES IN SCHEMA"], "off", "permission denied .*Give the role the rights on the ledger's tables"),
        (DAILY_RIGHTS, "on", "read-only.*Set ledger to the primary server"),
    ],
)
def test_ledger_that_can_only_be_read_may_be_looked_at(postgres, place, role, with_default, rights, read_only, says):
    """A server that is read-only is a standby, for which the default of the database stands in. One without a ledger: messages/ledgers.py."""
    with place.open() as ledger:
        send_three(ledger)
    grant(place, role, *rights)
    with_default(f"default_transaction_read_only = {read_only}")
    url = postgres.url(place.database, role)
    with open_at(url, LOOK) as ledger:
        assert len(statuses(ledger)) == 3
    for purpose in (WRITE, PREDICT):
        assert re.search(says, refusal(url, purpose, use=lambda ledger: ledger.take_turn([5])))


# Passwords


def test_password_is_taken_from_the_option_or_a_file(postgres, place, role, asks_for_passwords, monkeypatch, tmp_path):
    postgres.run(f"GRANT CREATE ON DATABASE {place.database} TO {role}")
    url = postgres.url(place.database, role)
    with open_at(url, password=PASSWORD) as ledger:
        send_three(ledger)
        assert PASSWORD not in ledger.shown
    for wrong, says in (("x" + PASSWORD, "password authentication failed"), (None, "no password supplied"), ("", "no password supplied")):
        assert says in refusal(url, password=wrong)
    assert "role_of_" in refusal(url, password=PASSWORD + "x")
    (tmp_path / "pass").write_text(f"*:*:*:{role}:{PASSWORD}\n")
    (tmp_path / "pass").chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pass"))
    with open_at(url) as ledger:
        assert len(statuses(ledger)) == 3


NO_PLACES = {
    "ledger is a URL with a password in it (not shown). Set ledger_password or ADVERITY_LEDGER_PASSWORD instead": [
        "postgresql://me:PASS@db.example/ledger", "postgres://me:PASS@/ledger", "postgresql://me:PASS%40@h/l", "postgresql://h/l?password=PASS",
        "postgresql:///l?user=me&Password=PASS&sslmode=require", "postgresql://h/l?sslpassword=PASS", "mysql://me:PASS@h/l",
    ],
    "ledger is a URL ": [  # neither is shown
        "postgresql://me:PASS@[::1/ledger", "postgresql://me:PASS@\u2100/l", "postgresql://me:PASS#x@h/l", "postgresql://m#e:PASS@h/l",
        "postgresql://m/e:PASS@h/l", "postgresql://me:x?PASS@h/l",
    ],
    "ledger is a URL that cannot be read (not shown, because it may hold a password).": [
        "postgresql://me#PASS@h/l", "postgresql://h/l?x@PASS", "postgresql://h/l PASS",
    ],
    "ledger is neither an absolute path nor a URL (not shown, because it may hold a password).": [
        "postgresql:me:PASS@h/l", "me:PASS@h/l", "host=h password=PASS dbname=l", "password = 'PASS'", "host=h dbname=l passfile=PASS",
    ],
    "ledger is a URL with 'mysql://'. It must be an absolute path, or a URL like postgresql://": ["mysql://db.example/ledger"],
    "ledger is a URL with '://'. It must be": ["://x"],
}  # fmt: skip


@pytest.mark.parametrize(("says", "place"), [(says, place) for says, places in NO_PLACES.items() for place in places])
def test_place_that_may_hold_a_password_or_names_another_database_is_refused(place, says):
    with pytest.raises(InputError) as caught:
        find(place.replace("PASS", PASSWORD), None)
    assert str(caught.value).startswith(says)
    assert PASSWORD not in str(caught.value.result())


# What else can be wrong


def test_pooler_is_refused_with_what_to_do(place, monkeypatch):
    """In transaction mode it answers the start of a session with a process of its own, or with that of another session."""
    monkeypatch.setattr(psycopg.ConnectionInfo, "backend_pid", -2)
    for purpose in ALL:
        message = refusal(place.ledger, purpose)
        assert message.startswith(f"The ledger {place.ledger} cannot be used: the connection goes through a pooler, such as PgBouncer, ")
        assert "Set ledger to the address of the PostgreSQL server itself." in message
    assert place.content() is None


def test_parameters_of_libpq_work_and_other_tables_are_left_alone(postgres, place):
    place.run("CREATE TABLE public.load (x int)")
    with open_at(postgres.url(place.database, options="-c search_path=public")) as ledger:
        send_three(ledger)
    assert len(stand(place)) == 3
    assert place.run("SELECT count(*) FROM public.load") == [(0,)]
    place.run("DROP TABLE public.load")


def test_commit_is_on_disk_and_a_session_may_wait_whatever_the_defaults_are(place, with_default):
    with_default("synchronous_commit = off")
    with_default("idle_session_timeout = '1s'")
    with place.open() as ledger:
        assert ledger.store.read("SHOW synchronous_commit") == [("on",)]
        assert ledger.store.read("SHOW idle_session_timeout") == [("0",)]


def test_words_of_the_server_are_one_line(place):
    assert "\x1b" not in refusal(place.ledger, use=lambda ledger: ledger.store.read("SELECT '\x1b[31m'::int"))
