"""Plays ECS: tasks that moto says are to run become processes with the container's command and environment.

A process has no variable of the tests': only what the image, the task definition, its secrets and the run's overrides
give it. Changes are told by EventBridge, output goes to the log group that the definition names.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from botocore.exceptions import ClientError

from demo.servers.s3 import S3Server
from lakehouse import jars
from tests.support import cloud

POLL_SECONDS = 0.2
TASK = "task"


@dataclass
class Task:
    """A task as a process."""

    arn: str
    definition: dict[str, Any]
    process: subprocess.Popen[bytes]
    output: Path
    asked_at: float = 0
    cpu: dict[int, float] = field(default_factory=dict)
    peak: int = 0

    def measure(self) -> None:
        """Notes what its processes have used so far, and what they hold now."""
        held = 0
        with suppress(psutil.Error):
            root = psutil.Process(self.process.pid)
            for one in (root, *root.children(recursive=True)):
                with suppress(psutil.Error):
                    times = one.cpu_times()
                    self.cpu[one.pid] = times.user + times.system
                    held += one.memory_info().rss
        self.peak = max(self.peak, held)


@dataclass
class Agent:
    """ECS for one cluster, in a thread.

    Attributes:
        server: Where AWS is.
        cluster: Whose tasks run.
        folder: Where each task's /tmp and output are.
        started: Tasks that came to run, by ARN; they stay here when they have ended.
        refused: Tasks that did not, and why.
    """

    server: S3Server
    cluster: str
    folder: Path
    started: dict[str, Task] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self.ecs, self.ecr, self.events, self.logs, self.secrets = (
            cloud.client(self.server, name) for name in ("ecs", "ecr", "events", "logs", "secretsmanager")
        )

    def __enter__(self) -> "Agent":
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        assert self._thread is not None
        self._thread.join(30)
        for task in self.started.values():
            if task.process.poll() is None:
                os.killpg(task.process.pid, signal.SIGKILL)
                task.process.wait()

    def kill(self, arn: str) -> None:
        """What the kernel does to a container that is out of memory."""
        os.killpg(self.started[arn].process.pid, signal.SIGKILL)

    def text(self, arn: str) -> str:
        """What a task has said."""
        return self.started[arn].output.read_text(errors="replace")

    def _work(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            self._start_new()
            for arn, task in self.started.items():
                if arn not in self.ended:
                    self._look_after(task)

    def _start_new(self) -> None:
        arns = self.ecs.list_tasks(cluster=self.cluster)["taskArns"]
        new = [arn for arn in arns if arn not in self.started and arn not in self.refused]
        for task in self.ecs.describe_tasks(cluster=self.cluster, tasks=new)["tasks"] if new else ():
            definition = self.ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])["taskDefinition"]
            try:
                environment = self._environment(task, definition)
                self._require_image(definition["containerDefinitions"][0]["image"])
            except (ClientError, LookupError) as error:
                self._refuse(task, str(error))
                continue
            self._launch(task, definition, environment)

    def _refuse(self, task: dict[str, Any], reason: str) -> None:
        self.refused[task["taskArn"]] = reason
        self.ecs.stop_task(cluster=self.cluster, task=task["taskArn"], reason=reason)
        self._tell(task["taskArn"], task["taskDefinitionArn"], "STOPPED", stopCode="TaskFailedToStart",
                   stoppedReason=reason, containers=[{"name": "prefect", "lastStatus": "STOPPED"}])  # fmt: skip

    def _launch(self, task: dict[str, Any], definition: dict[str, Any], environment: dict[str, str]) -> None:
        arn = task["taskArn"]
        tmp = self.folder / arn.rpartition("/")[2]
        tmp.mkdir()
        (override,) = task["overrides"]["containerOverrides"]
        output = tmp / "output"
        with output.open("wb") as stream:
            process = subprocess.Popen(
                override["command"], cwd=cloud.CLONE, env={**environment, "TMPDIR": str(tmp), "HOME": str(tmp)},
                stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True,
            )  # fmt: skip
        self.started[arn] = Task(arn, definition, process, output)
        self._tell(arn, definition["taskDefinitionArn"], "RUNNING", containers=[{"name": "prefect"}])

    def _environment(self, task: dict[str, Any], definition: dict[str, Any]) -> dict[str, str]:
        """All that the process knows: image, definition, secrets, the run's own, and where AWS is."""
        (container,), (override,) = definition["containerDefinitions"], task["overrides"]["containerOverrides"]
        image = {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "PREFECT_LOGGING_EXTRA_LOGGERS": "lakehouse",
            "JAVA_HOME": str(jars.find_java().parents[1]), "LAKEHOUSE_JARS": str(jars.default_folder()),
        }  # fmt: skip
        kept = {e["name"]: e["value"] for e in (*container.get("environment", ()), *override["environment"])}
        secret = {
            entry["name"]: self.secrets.get_secret_value(SecretId=entry["valueFrom"])["SecretString"]
            for entry in container.get("secrets", ())
        }
        return {**image, **kept, **secret, **cloud.environment(self.server, TASK)}

    def _require_image(self, image: str) -> None:
        repository, _, tag = image.rpartition(":")
        name = repository.partition("/")[2]
        found = self.ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": tag}])["images"]
        if not found:
            raise LookupError(f"CannotPullContainerError: {image}: not found")

    def _look_after(self, task: Task) -> None:
        task.measure()
        code = task.process.poll()
        if code is not None:
            self._end(task, 128 - code if code < 0 else code)
            return
        (found,) = self.ecs.describe_tasks(cluster=self.cluster, tasks=[task.arn])["tasks"]
        if found["desiredStatus"] != "STOPPED":
            return
        patience = task.definition["containerDefinitions"][0]["stopTimeout"]
        if not task.asked_at:
            task.asked_at = time.monotonic()
            task.process.send_signal(signal.SIGTERM)
        elif time.monotonic() - task.asked_at > patience:
            self.kill(task.arn)

    def _end(self, task: Task, code: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(task.process.pid, signal.SIGKILL)
        self._log(task)
        self.ecs.stop_task(cluster=self.cluster, task=task.arn)
        self._tell(task.arn, task.definition["taskDefinitionArn"], "STOPPED", stopCode="EssentialContainerExited",
                   stoppedReason="Essential container in task exited",
                   containers=[{"name": "prefect", "lastStatus": "STOPPED", "exitCode": code}])  # fmt: skip
        self.ended[task.arn] = code
        for entry in task.output.parent.iterdir():
            if entry != task.output:
                shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink()

    def _log(self, task: Task) -> None:
        options = task.definition["containerDefinitions"][0]["logConfiguration"]["options"]
        group, stream = options["awslogs-group"], f"{options['awslogs-stream-prefix']}/prefect/{task.arn[-32:]}"
        now = int(time.time() * 1000)
        lines = task.output.read_text(errors="replace").splitlines() or [""]
        self.logs.create_log_stream(logGroupName=group, logStreamName=stream)
        entries = [{"timestamp": now, "message": line or " "} for line in lines]
        self.logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=entries)

    def _tell(self, arn: str, definition: str, status: str, **more: Any) -> None:
        (cluster,) = self.ecs.describe_clusters(clusters=[self.cluster])["clusters"]
        now = datetime.now(UTC).isoformat()
        detail = {
            "taskArn": arn, "clusterArn": cluster["clusterArn"], "taskDefinitionArn": definition,
            "lastStatus": status, "desiredStatus": status, "version": 1, "updatedAt": now, **more,
        }  # fmt: skip
        entry = {"Source": "aws.ecs", "DetailType": "ECS Task State Change", "Detail": json.dumps(detail)}
        self.events.put_events(Entries=[entry])
