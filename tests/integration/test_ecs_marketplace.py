"""The marketplace itself on the played ECS: ended in mid-run, run again, changed, and with nothing to do."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from prefect.client.schemas.objects import FlowRun

from demo.marketplace.admin import admin_of
from demo.marketplace.evolve import evolve
from demo.marketplace.generate import generate
from demo.servers import mariadb
from demo.servers.mariadb import MariaDb
from demo.servers.postgres import Postgres
from demo.servers.prefect import PrefectServer
from lakehouse import ledger
from lakehouse.lake import Lake
from lakehouse.ledger import RunReport
from lakehouse.settings import Settings
from tests.support import canary, cloud, iam
from tests.support.ecs import Ecs, opened, product_deployment, tell, wait, worker
from tests.support.ecs_agent import TASK, Task
from tests.support.figures import Figures
from tests.unit.test_template import TEMPLATE

pytestmark = [pytest.mark.long, pytest.mark.timeout(3000)]
SCALE = 0.02
RUN_SECONDS = 1200
STOP_SECONDS = 120
MEMORY_MIB = 4096
COMMIT = "/raw_data/bookings/_delta_log/"


@dataclass
class Played:
    """What happened: the runs, their tasks, and the requests of each."""

    ecs: Ecs
    deployment: UUID
    reports: dict[str, RunReport] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    requests: dict[str, list[iam.Request]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    stopped: tuple[str, str] = ("", "")
    stopping: float = 0

    def asked(self) -> list[iam.Request]:
        """All requests of tasks so far."""
        return iam.recorded(self.ecs.folder / cloud.REQUESTS, TASK)

    def begin(self, name: str, **parameters: Any) -> FlowRun:
        """Starts a run."""
        run = self.ecs.start(self.deployment, parameters)
        self.tasks[name] = self.ecs.agent.started[self.ecs.task(run)]
        return run

    def run(self, name: str, **parameters: Any) -> None:
        """A run to its end."""
        before, began = len(self.asked()), time.monotonic()
        run = self.begin(name, **parameters)
        assert self.ecs.finished(run, RUN_SECONDS) == ("COMPLETED", self._outcome(name)), self.text(name)
        self.seconds[name] = time.monotonic() - began
        wait(lambda: self.tasks[name].arn in self.ecs.agent.ended, 60, lambda: self.text(name))
        self.requests[name] = self.asked()[before:]
        found = ledger.newest(Lake(self.ecs.outputs["LakeUri"]))
        assert found is not None
        self.reports[name] = found

    def stop_in_mid_run(self, name: str) -> None:
        """A run whose task AWS ends while it writes."""
        run = self.begin(name)
        wait(lambda: any(self._commits(r) for r in self.asked()), RUN_SECONDS, lambda: self.text(name))
        began = time.monotonic()
        cloud.client(self.ecs.server, "ecs").stop_task(cluster="lakehouse", task=self.tasks[name].arn, reason="Spot")
        self.stopped = self.ecs.finished(run, STOP_SECONDS + 30)
        wait(lambda: self.tasks[name].arn in self.ecs.agent.ended, STOP_SECONDS + 30, lambda: self.text(name))
        self.stopping = time.monotonic() - began

    def text(self, name: str) -> str:
        """What a run's task has said, its end."""
        return self.ecs.agent.text(self.tasks[name].arn)[-4000:]

    @staticmethod
    def _commits(request: iam.Request) -> bool:
        return request.note["method"] == "PUT" and COMMIT in request.note["path"]

    @staticmethod
    def _outcome(name: str) -> str:
        return "nothing to do" if name == "idle" else "done"


@pytest.fixture(scope="module")
def played(
    tmp_path_factory: pytest.TempPathFactory,
    prefect_server: PrefectServer,
    source_server: MariaDb,
    warehouse_server: Postgres,
) -> Iterator[Played]:
    generate(admin_of(source_server), SCALE)
    with opened(
        tmp_path_factory.mktemp("whole"), prefect_server,
        SourceHost=source_server.host, SourcePort=str(source_server.port), SourceDatabase=mariadb.DATABASE,
        WarehouseHost=warehouse_server.host, WarehousePort=str(warehouse_server.port), WarehouseDatabase="warehouse",
    ) as ecs, worker(ecs):  # fmt: skip
        tell(ecs, source_server, warehouse_server)
        found = Played(ecs, product_deployment(ecs, Settings()))
        found.stop_in_mid_run("ended")
        found.run("first")
        evolve(admin_of(source_server))
        time.sleep(5)
        found.run("day")
        found.run("idle")
        yield found


@pytest.mark.fault("F34")
def test_a_task_that_aws_ends_in_mid_run_stops_in_time_and_the_next_run_brings_it_all(played: Played) -> None:
    assert played.stopped[0] == "CRASHED"
    assert played.stopping < STOP_SECONDS
    assert played.ecs.agent.ended[played.tasks["ended"].arn] not in (0, 137)
    assert played.reports["first"].outcome == "done"


@pytest.mark.parametrize("name", ["first", "day", "idle"])
def test_every_line_of_the_ledger_balances(played: Played, name: str) -> None:
    report = played.reports[name]
    assert not report.errors
    assert all(record.balanced for record in report.tables)


def test_the_log_says_done_in_the_words_that_the_alarm_listens_for(played: Played) -> None:
    pattern = TEMPLATE["Resources"]["RunsDone"]["Properties"]["FilterPattern"]
    words = [word for word in pattern.split('"') if word.startswith("Finished")]
    assert len(words) == 2
    said = {name: [w in played.ecs.agent.text(t.arn) for w in words] for name, t in played.tasks.items()}
    assert said == {"ended": [False] * 2, "first": [True, False], "day": [True, False], "idle": [False, True]}


def statements(played: Played) -> list[dict[str, Any]]:
    client = cloud.client(played.ecs.server, "iam")
    return client.get_role_policy(RoleName="lakehouse-task", PolicyName="run")["PolicyDocument"]["Statement"]


def test_runs_ask_for_nothing_that_the_task_role_may_not(played: Played) -> None:
    policy, asked = statements(played), played.asked()
    needs = {need for request in asked for need in request.needs}
    assert len(asked) > 500
    assert {need.action for need in needs} >= {"s3:GetObject", "s3:PutObject", "secretsmanager:GetSecretValue"}
    assert sorted(str(need) for need in needs if not iam.grants(policy, need)) == []


def test_a_request_beyond_the_role_would_be_found(played: Played) -> None:
    policy, bucket = statements(played), f"arn:aws:s3:::lakehouse-lake-{cloud.ACCOUNT}-us-east-1"
    assert iam.grants(policy, iam.Need("s3:PutObject", f"{bucket}/lake/x"))
    assert not iam.grants(policy, iam.Need("s3:PutObject", f"{bucket}/other/x"))
    assert not iam.grants(policy, iam.Need("s3:ListBucket", bucket, ""))
    assert not iam.grants(policy, iam.Need("s3:PutObjectAcl", f"{bucket}/lake/x"))
    assert not iam.grants(policy, iam.Need("secretsmanager:GetSecretValue", played.ecs.outputs["PrivacyKeyArn"]))


def test_nothing_is_granted_that_is_neither_used_nor_listed_with_its_reason(played: Played) -> None:
    policy = statements(played)
    used = {grant for r in played.asked() for need in r.needs for grant in iam.grants(policy, need)}
    unused = {action for action, resource in iam.granted(policy) - used}
    assert unused == set(TEMPLATE["Metadata"]["Unseen"])


def test_no_secret_is_left_behind_in_any_block_log_artifact_task_definition_or_database(
    played: Played, source_server: MariaDb, warehouse_server: Postgres
) -> None:
    vault, outputs = cloud.client(played.ecs.server, "secretsmanager"), played.ecs.outputs
    arns = {"privacy": outputs["PrivacyKeyArn"], "prefect": outputs["PrefectPasswordArn"]}
    secrets = {n: vault.get_secret_value(SecretId=arn)["SecretString"] for n, arn in arns.items()}
    secrets |= {"source": source_server.password, "warehouse": warehouse_server.password}
    assert all(secrets.values())
    assert {n: canary.places(played.ecs, warehouse_server, secret) for n, secret in secrets.items()} == {
        "source": [], "warehouse": [], "privacy": [], "prefect": [],
    }  # fmt: skip


def test_a_secret_that_is_put_into_a_job_variable_would_be_found(played: Played, warehouse_server: Postgres) -> None:
    told = "canary-7be2"
    env = {"LAKEHOUSE_SOURCE__PASSWORD": told}
    run = played.ecs.start(played.deployment, {}, env=env, image="nowhere/nothing:gone")
    played.ecs.finished(run)
    found = canary.places(played.ecs, warehouse_server, told)
    assert "table flow_run" in found
    assert "tasks" in found


def test_figures_of_the_runs(played: Played) -> None:
    figures = {n: Figures.of(played.seconds[n], played.tasks[n], r) for n, r in played.requests.items()}
    sys.stdout.write("\n".join(f"{name}: {told}" for name, told in figures.items()))
    assert figures["idle"].changing < figures["first"].changing
    assert all(told.secrets > 0 and told.reading > 0 for told in figures.values())
    assert all(told.peak_mib < MEMORY_MIB for told in figures.values())
