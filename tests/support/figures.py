"""What a run took, in the units that AWS bills."""

from collections.abc import Iterable
from dataclasses import dataclass

from tests.support.ecs_agent import Task
from tests.support.iam import Request


@dataclass(frozen=True)
class Figures:
    """Seconds from start to end, CPU-seconds, peak memory, requests by class, and bytes."""

    seconds: float
    cpu: float
    peak_mib: int
    changing: int
    reading: int
    secrets: int
    sent_kib: int
    got_kib: int
    log_kib: int

    @staticmethod
    def of(seconds: float, task: Task, requests: Iterable[Request]) -> "Figures":
        """The figures of a run that was recorded."""
        s3 = [r for r in requests if r.service == "s3"]
        changing = [r for r in s3 if r.note["method"] in ("PUT", "POST") or r.needs[0].action == "s3:ListBucket"]
        reading = [r for r in s3 if r not in changing and r.note["method"] in ("GET", "HEAD")]
        return Figures(
            seconds, sum(task.cpu.values()), task.peak >> 20, len(changing), len(reading),
            sum(r.service == "secretsmanager" for r in requests),
            sum(r.note["sent"] for r in s3) >> 10, sum(r.note["got"] for r in s3) >> 10,
            task.output.stat().st_size >> 10,
        )  # fmt: skip
