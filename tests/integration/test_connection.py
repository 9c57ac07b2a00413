"""The way to the source: encrypted to the right server or not at all, and every break is told for what it is."""

import datetime as dt
import ipaddress
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pymysql
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from demo.servers import mariadb
from demo.servers.mariadb import MariaDb
from lakehouse.contracts import Column, PipelineError, Snapshot, Table, Terminal, Transient
from lakehouse.settings import SourceSettings
from lakehouse.source import connection as connection_module
from lakehouse.source import jdbc, ranges, reader
from lakehouse.source.connection import connect, rows, url

THING = Table("thing", ("id",), Snapshot(), (Column("id", "INT"), Column("value", "VARCHAR(20)")))
SECRET = "s3cret-enough"


def authority(name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    return signed(name, key, (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key), None), key


def signed(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: tuple[x509.Name, ec.EllipticCurvePrivateKey], host: str | None
) -> x509.Certificate:
    """A certificate: an authority's own, or a server's for one address."""
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer[0])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
    )
    if host is not None:
        alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
        builder = builder.add_extension(alternative, critical=False)
    return builder.sign(issuer[1], hashes.SHA256())


def write(folder: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> tuple[Path, Path]:
    pem, secret = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, secret


def encrypted(folder: Path, ca: tuple[x509.Certificate, ec.EllipticCurvePrivateKey], host: str) -> MariaDb:
    """A server whose certificate this authority gave for this address."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem, secret = write(folder, "server", signed("server", key, (ca[0].subject, ca[1]), host), key)
    return mariadb.start(folder, "--ssl", f"--ssl-cert={pem}", f"--ssl-key={secret}")


def settings(server: MariaDb, **more: object) -> SourceSettings:
    given = {"user": server.user, "password": server.password, "database": mariadb.DATABASE, "tls": "off"} | more
    return SourceSettings(host=server.host, port=server.port, **given)


def fill(server: MariaDb) -> MariaDb:
    with pymysql.connect(
        host=server.host, port=server.port, user="root", password=server.admin_password, database=mariadb.DATABASE,
        autocommit=True,
    ) as root:  # fmt: skip
        cursor = root.cursor()
        cursor.execute("CREATE OR REPLACE TABLE thing (id INT PRIMARY KEY, value VARCHAR(20))")
        cursor.execute("INSERT INTO thing SELECT seq, CONCAT('v', seq) FROM seq_1_to_50000")
    return server


@pytest.fixture(scope="module")
def ours() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    return authority("ours")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, ours: tuple[x509.Certificate, ec.EllipticCurvePrivateKey]) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    write(folder, "ours", *ours)
    write(folder, "theirs", *authority("theirs"))
    return folder


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, ours: tuple[x509.Certificate, ec.EllipticCurvePrivateKey]
) -> Iterator[MariaDb]:
    started = fill(encrypted(tmp_path_factory.mktemp("encrypted"), ours, "127.0.0.1"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def elsewhere(
    tmp_path_factory: pytest.TempPathFactory, ours: tuple[x509.Certificate, ec.EllipticCurvePrivateKey]
) -> Iterator[MariaDb]:
    """A server with a good certificate for another address."""
    started = fill(encrypted(tmp_path_factory.mktemp("elsewhere"), ours, "10.1.2.3"))
    yield started
    started.stop()


def test_a_trusted_server_is_read_over_an_encrypted_connection(server: MariaDb, folder: Path, tmp_path: Path) -> None:
    source = settings(server, tls="verify", ca=folder / "ours.pem")

    with connect(source) as connection:
        assert rows(connection, "SHOW STATUS LIKE 'Ssl_cipher'")[0][1] != ""
    assert reader.stage(source, THING, "TRUE", str(tmp_path)).rows == 50_000


def refused(source: SourceSettings, tmp_path: Path) -> PipelineError:
    with pytest.raises(PipelineError) as found:
        reader.stage(source, THING, "TRUE", str(tmp_path))
    assert SECRET not in str(found.value)
    return found.value


@pytest.mark.fault("F46")
def test_an_unknown_authority_is_refused(server: MariaDb, folder: Path, tmp_path: Path) -> None:
    error = refused(settings(server, tls="verify", ca=folder / "theirs.pem"), tmp_path)

    assert isinstance(error, Terminal)
    assert "shows a certificate that is not trusted" in str(error)


@pytest.mark.fault("F46")
def test_a_certificate_of_another_host_is_refused(elsewhere: MariaDb, folder: Path, tmp_path: Path) -> None:
    error = refused(settings(elsewhere, tls="verify", ca=folder / "ours.pem"), tmp_path)

    assert isinstance(error, Terminal)
    assert "shows a certificate that is not trusted" in str(error)


@pytest.mark.fault("F46")
def test_a_server_without_encryption_is_refused_before_a_password_is_sent(
    source_server: MariaDb, folder: Path, tmp_path: Path
) -> None:
    error = refused(settings(source_server, tls="verify", ca=folder / "ours.pem"), tmp_path)

    assert isinstance(error, Terminal)
    assert "offers no encryption" in str(error)


@pytest.mark.parametrize("host", ["theirs.pem", "elsewhere"])
@pytest.mark.fault("F46")
def test_the_reader_itself_refuses_what_the_probe_would(
    server: MariaDb, elsewhere: MariaDb, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    wrong = (
        settings(elsewhere, tls="verify", ca=folder / "ours.pem")
        if host == "elsewhere"
        else settings(server, tls="verify", ca=folder / host)
    )
    unverified = settings(elsewhere if host == "elsewhere" else server)
    monkeypatch.setattr(reader, "connect", lambda _: connect(unverified))
    hasty = wrong.model_copy(update={"read_timeout_seconds": 3})

    with pytest.raises(Transient, match=r"the read broke off|sent nothing for 3 s"):
        reader.stage(hasty, THING, "TRUE", str(tmp_path))
    assert reader.stage(unverified, THING, "TRUE", str(tmp_path)).rows == 50_000, "without verification it would read"


@pytest.mark.parametrize(
    ("more", "said", "family"),
    [
        ({"password": SecretStr(SECRET)}, "refused user lakehouse", Terminal),
        ({"user": "nobody"}, "refused user nobody", Terminal),
        ({"database": "nowhere"}, "nowhere", Terminal),
        ({"port": 1}, "is unreachable; check LAKEHOUSE_SOURCE__HOST", Transient),
        ({"host": "no.such.host.invalid"}, "is unreachable; check LAKEHOUSE_SOURCE__HOST", Transient),
    ],
    ids=["password", "user", "database", "port", "host"],
)
@pytest.mark.fault("F47")
def test_what_is_wrong_with_the_way_is_said_within_seconds(
    source_server: MariaDb, tmp_path: Path, more: dict[str, object], said: str, family: type[PipelineError]
) -> None:
    source = settings(source_server).model_copy(update=more)
    began = time.monotonic()

    error = refused(source, tmp_path)

    assert isinstance(error, family)
    assert said in str(error)
    assert time.monotonic() - began < 6


@pytest.mark.fault("F16")
def test_a_server_that_dies_in_mid_stream_is_an_error_and_never_a_short_read(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    server = fill(mariadb.start(folder))
    source = settings(server)
    slow = "id > 0 AND SLEEP(IF(id % 1000 = 0, 0.05, 0)) = 0"
    dying = threading.Timer(1.5, os.kill, (server.process.pid, signal.SIGKILL))
    dying.start()

    with pytest.raises(Transient, match=r"safe to run again|unreachable"):
        reader.stage(source, THING, slow, str(tmp_path / "a"))
    dying.join()
    with pytest.raises(Transient, match="is unreachable"):
        reader.stage(source, THING, "TRUE", str(tmp_path / "b"))


def test_an_ipv6_address_is_read_like_another(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    server = fill(mariadb.start(tmp_path / "server", "--bind-address=127.0.0.1,::1"))
    try:
        with pymysql.connect(host=server.host, port=server.port, user="root", password=server.admin_password) as root:
            root.cursor().execute(f"CREATE USER IF NOT EXISTS {server.user}@'::1' IDENTIFIED BY '{server.password}'")
            root.cursor().execute(f"GRANT SELECT, PROCESS ON *.* TO {server.user}@'::1'")
        source = settings(server).model_copy(update={"host": "::1"})

        with connect(source) as connection:
            assert rows(connection, "SELECT SUBSTRING_INDEX(USER(), '@', 1)") == [(server.user,)]
        assert reader.stage(source, THING, "TRUE", str(tmp_path)).rows == 50_000
        assert f"@[::1]:{server.port}/" in url(source)
        assert jdbc._url(source).startswith(f"jdbc:mysql://[::1]:{server.port}/")
    finally:
        server.stop()


ENDLESS = "(SELECT COUNT(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b WHERE a.seq * b.seq % 7 = id) >= 0"
SUMS = {
    "where_sum": lambda connection: ranges.where_sum(connection, THING, ENDLESS),
    "bounds": lambda connection: ranges.bounds(connection, THING, 100, ENDLESS),
    "sums": lambda connection: ranges.sums(connection, replace(THING, source="endless"), ("100", "200"), None),
}


def at_work(server: MariaDb) -> int:
    """Statements of the pipeline that run at the source, once they had a second to end."""
    time.sleep(1)
    with pymysql.connect(host=server.host, port=server.port, user="root", password=server.admin_password) as root:
        cursor = root.cursor()
        cursor.execute(
            "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = %s AND COMMAND <> 'Sleep'", (server.user,)
        )
        found = cursor.fetchall()
        for (thread,) in found:
            cursor.execute(f"KILL {thread}")
        return len(found)


@pytest.fixture
def endless(source_server: MariaDb) -> SourceSettings:
    """A source whose view `endless` never answers, as we see it after a second."""
    fill(source_server)
    with pymysql.connect(
        host=source_server.host, port=source_server.port, user="root", password=source_server.admin_password,
        database=mariadb.DATABASE,
    ) as root:  # fmt: skip
        root.cursor().execute(f"CREATE OR REPLACE VIEW endless AS SELECT * FROM thing WHERE {ENDLESS}")
    return settings(source_server, read_timeout_seconds=1)


@pytest.mark.parametrize("what", SUMS)
def test_a_sum_that_takes_too_long_is_ended_at_the_source_too(
    source_server: MariaDb, endless: SourceSettings, what: str
) -> None:
    said = "no answer after 1 s and was ended there; .* raise LAKEHOUSE_SOURCE__READ_TIMEOUT_SECONDS"
    with pytest.raises(Transient, match=said), connect(endless) as connection:
        SUMS[what](connection)
    assert at_work(source_server) == 0


def test_a_sum_that_nobody_ends_would_go_on(
    source_server: MariaDb, endless: SourceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "stop", lambda *_: None)
    with pytest.raises(Transient), connect(endless) as connection:
        SUMS["where_sum"](connection)
    assert at_work(source_server) == 1


@pytest.mark.fault("F15")
def test_a_session_is_pinned_whatever_the_server_says(source_server: MariaDb) -> None:
    with pymysql.connect(
        host=source_server.host, port=source_server.port, user="root", password=source_server.admin_password
    ) as root:
        cursor = root.cursor()
        cursor.execute("SET GLOBAL time_zone = '+05:30', GLOBAL sql_mode = 'ANSI_QUOTES,PAD_CHAR_TO_FULL_LENGTH'")
        cursor.execute("SET GLOBAL transaction_isolation = 'READ-UNCOMMITTED'")
        try:
            with connect(settings(source_server)) as connection:
                found = rows(connection, "SELECT @@time_zone, @@sql_mode, @@transaction_isolation")
        finally:
            cursor.execute("SET GLOBAL time_zone = 'SYSTEM', GLOBAL sql_mode = DEFAULT")
            cursor.execute("SET GLOBAL transaction_isolation = 'REPEATABLE-READ'")

    assert found == [("+00:00", "NO_ENGINE_SUBSTITUTION", "REPEATABLE-READ")]


@pytest.mark.parametrize(("text", "kind"), [(None, "FileNotFoundError"), ("not a certificate", "SSLError")])
def test_a_file_of_authorities_that_is_none_is_told_by_the_settings_name(
    text: str | None, kind: str, tmp_path: Path
) -> None:
    ca = tmp_path / "ca.pem"
    if text:
        ca.write_text(text)

    told = rf"LAKEHOUSE_SOURCE__CA names {ca}, which cannot be read as certificates \({kind}\)"
    with pytest.raises(Terminal, match=told), connect(SourceSettings(host="127.0.0.1", port=9, ca=ca)):
        pass
