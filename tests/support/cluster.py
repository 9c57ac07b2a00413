"""Spark clusters of this machine, made of the wheel's classes: a master with two workers, a Spark Connect server."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import create_connection

import psutil
import pyspark

from demo.servers.process import Process, launch, on_free_port, wait_until
from lakehouse import jars

HOST = "127.0.0.1"
HOME = Path(str(pyspark.__file__)).parent
WORKERS = 2
DAEMON_MEMORY, CONNECT_MEMORY = "256m", "1400m"
CONNECT = "org.apache.spark.sql.connect.service.SparkConnectServer"


@contextmanager
def standalone(folder: Path, workers: int = WORKERS) -> Iterator[str]:
    """The address of a master with its workers of one core each, gone at the end."""
    with _master(folder) as port:
        url, started = f"spark://{HOST}:{port}", list[Process]()
        try:
            started.extend(_worker(folder, url, number) for number in range(workers))
            yield url
        finally:
            for worker in started:
                worker.stop()


@contextmanager
def connect(folder: Path, confs: Mapping[str, str], class_path: Sequence[Path]) -> Iterator[str]:
    """The address of a Spark Connect server of two cores, started with these confs and jars beside the wheel's."""

    def start(port: int) -> tuple[Process, int]:
        told = {"spark.connect.grpc.binding.address": HOST, "spark.connect.grpc.binding.port": str(port),
                "spark.driver.host": HOST, "spark.sql.warehouse.dir": str(folder / "warehouse"), **confs}  # fmt: skip
        command = _spark("org.apache.spark.deploy.SparkSubmit", "--class", CONNECT, "--master", "local[2]")
        command += ["--driver-class-path", os.pathsep.join(map(str, class_path))]
        for name, value in told.items():
            command += ["--conf", f"{name}={value}"]
        log = folder / "connect.log"
        environment = _environment(folder) | {"SPARK_DAEMON_MEMORY": CONNECT_MEMORY}
        process = launch([*command, "spark-internal"], log, folder, environment)
        wait_until(lambda: create_connection((HOST, port), timeout=2).close(), process, log)
        return process, port

    process, port = on_free_port(start)
    try:
        yield f"sc://{HOST}:{port}"
    finally:
        process.stop()


def executors() -> list[psutil.Process]:
    """The processes of all clusters of this one that run the tasks."""
    return [one for one in psutil.Process().children(recursive=True) if _runs_tasks(one)]


def _runs_tasks(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):  # gone before it was looked at, or ended and not yet waited for
        return any("CoarseGrainedExecutorBackend" in word for word in process.cmdline())
    return False


@contextmanager
def _master(folder: Path) -> Iterator[int]:
    """The port of a master."""

    def start(port: int) -> tuple[Process, int]:
        command = _spark("org.apache.spark.deploy.master.Master", "--webui-port", "0", "--host", HOST)
        log = folder / "master.log"
        process = launch([*command, "--port", str(port)], log, folder, _environment(folder))
        wait_until(lambda: create_connection((HOST, port), timeout=2).close(), process, log)
        return process, port

    process, port = on_free_port(start)
    try:
        yield port
    finally:
        process.stop()


def _worker(folder: Path, url: str, number: int) -> Process:
    home, log = folder / f"worker-{number}", folder / f"worker-{number}.log"
    home.mkdir()
    command = _spark("org.apache.spark.deploy.worker.Worker", "--cores", "1", "--memory", "1g", "--webui-port", "0")
    command += ["--host", HOST, "--work-dir", str(home), url]
    process = launch(command, log, home, _environment(folder))
    wait_until(lambda: _registered(log), process, log)
    return process


def _registered(log: Path) -> None:
    if "Successfully registered with master" not in log.read_text(errors="replace"):
        raise OSError("not yet")


def _spark(*command: str) -> list[str]:
    return [str(HOME / "bin" / "spark-class"), *command]


def _environment(folder: Path) -> dict[str, str]:
    local = folder / "local"
    local.mkdir(exist_ok=True)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))},
        "JAVA_HOME": str(jars.find_java().parents[1]),
        "SPARK_HOME": str(HOME),
        "SPARK_LOCAL_IP": HOST,
        "SPARK_LOCAL_DIRS": str(local),
        "SPARK_DAEMON_MEMORY": DAEMON_MEMORY,
        "SPARK_NO_DAEMONIZE": "1",
        "PYSPARK_PYTHON": sys.executable,
    }
