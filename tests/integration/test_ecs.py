"""Runs on ECS, which moto and an agent play: from the work pool by the real worker to a process and back."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from uuid import UUID

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.states import Cancelling

from demo.servers.prefect import PrefectServer
from demo.servers.process import Process
from tests.support import cloud
from tests.support.ecs import Ecs, opened, quick_deployment, wait, worker

LONG = {"seconds": 120}
POLL_SECONDS = 21  # moto gives a message to a poll whose asker is gone; AWS does not


@pytest.fixture(scope="module")
def ecs(tmp_path_factory: pytest.TempPathFactory, prefect_server: PrefectServer) -> Iterator[Ecs]:
    with opened(tmp_path_factory.mktemp("ecs"), prefect_server) as found:
        yield found


@pytest.fixture(scope="module")
def restart(ecs: Ecs) -> Iterator[Callable[[], Process]]:
    """Ends the worker that there is, and starts another."""
    with ExitStack() as running:

        def again() -> Process:
            running.close()
            return running.enter_context(worker(ecs))

        again()
        yield again


@pytest.fixture(scope="module")
def quick(ecs: Ecs, restart: Callable[[], Process]) -> UUID:
    return quick_deployment(ecs)


def running(ecs: Ecs, run: FlowRun) -> str:
    """The task of a run whose flow has begun."""
    task = ecs.task(run)
    wait(lambda: ecs.state(run)[0] == "RUNNING", 60, lambda: ecs.agent.text(task))
    return task


def test_a_run_becomes_a_task_with_the_stacks_roles_log_and_secrets(ecs: Ecs, quick: UUID) -> None:
    run = ecs.start(quick)

    task = ecs.task(run)
    assert ecs.finished(run)[0] == "COMPLETED", ecs.agent.text(task)
    definition = ecs.agent.started[task].definition
    (container,) = definition["containerDefinitions"]
    outputs = ecs.outputs
    assert (definition["family"], definition["cpu"], definition["memory"]) == ("lakehouse", "2048", "4096")
    assert (definition["networkMode"], definition["requiresCompatibilities"]) == ("awsvpc", ["FARGATE"])
    assert definition["executionRoleArn"] == outputs["ExecutionRoleArn"]
    assert definition["taskRoleArn"] == outputs["TaskRoleArn"]
    assert container["image"] == ecs.image
    assert container["readonlyRootFilesystem"] is True
    assert container["user"] == "1000:1000"
    assert container["linuxParameters"] == {"capabilities": {"drop": ["ALL"]}}
    assert container["mountPoints"] == [{"sourceVolume": "tmp", "containerPath": "/tmp", "readOnly": False}]
    assert container["stopTimeout"] == 120
    assert container["secrets"] == [
        {"name": "LAKEHOUSE_PRIVACY__KEY", "valueFrom": outputs["PrivacyKeyArn"]},
        {"name": "PREFECT_API_AUTH_STRING", "valueFrom": outputs["PrefectPasswordArn"]},
    ]
    assert container["logConfiguration"]["options"] == {
        "awslogs-group": "/lakehouse/runs", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "runs",
        "awslogs-create-group": "false",
    }  # fmt: skip
    (seen,) = cloud.client(ecs.server, "ecs").describe_tasks(cluster="lakehouse", tasks=[task])["tasks"]
    assert seen["launchType"] == "FARGATE"
    assert f"lake {outputs['LakeUri']}, user lakehouse" in ecs.agent.text(task)


def test_an_image_that_is_not_there_crashes_the_run_and_says_so(ecs: Ecs, quick: UUID) -> None:
    ecs.alerts()
    run = ecs.start(quick, image=f"{ecs.outputs['RepositoryUri']}:gone")

    assert ecs.finished(run)[0] == "CRASHED"
    alert = ecs.alert()
    assert alert["stopCode"] == "TaskFailedToStart"
    wait(lambda: "CannotPullContainerError" in ecs.logs(run), 30, lambda: ecs.logs(run))
    assert "lakehouse:gone: not found" in ecs.logs(run)


def test_a_secret_that_is_not_there_crashes_the_run_and_says_so(ecs: Ecs, quick: UUID) -> None:
    gone = f"arn:aws:secretsmanager:us-east-1:{cloud.ACCOUNT}:secret:gone-abcdef"

    run = ecs.start(quick, container_secrets=[{"name": "LAKEHOUSE_PRIVACY__KEY", "valueFrom": gone}])

    assert ecs.finished(run)[0] == "CRASHED"
    wait(lambda: "ResourceNotFoundException" in ecs.logs(run), 30, lambda: ecs.logs(run))


@pytest.mark.long
def test_a_cluster_that_is_not_there_crashes_the_run_and_names_it(ecs: Ecs, quick: UUID) -> None:
    run = ecs.start(quick, cluster="nowhere")

    kind, message = ecs.finished(run)

    assert kind == "CRASHED"
    assert "nowhere" in message


@pytest.mark.long
def test_a_run_that_is_out_of_memory_is_crashed_with_its_exit_code(ecs: Ecs, quick: UUID) -> None:
    run = ecs.start(quick, LONG)
    task = running(ecs, run)

    ecs.alerts()
    ecs.agent.kill(task)

    kind, message = ecs.finished(run)
    alert = ecs.alert()
    assert (alert["taskArn"], alert["containers"][0]["exitCode"]) == (task, 137)
    assert (kind, ecs.agent.ended[task]) == ("CRASHED", 137)
    assert "non-zero exit code" in message


@pytest.mark.long
def test_two_runs_at_once_are_two_tasks_of_one_definition(ecs: Ecs, quick: UUID) -> None:
    ecs.alerts()
    runs = [ecs.start(quick, {"seconds": 15}) for _ in range(2)]

    tasks = [ecs.agent.started[running(ecs, run)] for run in runs]

    assert [task.process.poll() for task in tasks] == [None, None]
    assert len({task.process.pid for task in tasks}) == 2
    assert len({task.definition["taskDefinitionArn"] for task in tasks}) == 1
    assert [ecs.finished(run)[0] for run in runs] == ["COMPLETED", "COMPLETED"]
    assert ecs.alerts() == []


@pytest.mark.long
def test_a_run_that_is_canceled_ends_its_task(ecs: Ecs, quick: UUID) -> None:
    run = ecs.start(quick, LONG)
    task = running(ecs, run)

    ecs.client.set_flow_run_state(run.id, Cancelling())

    assert ecs.finished(run)[0] == "CANCELLED"
    wait(lambda: task in ecs.agent.ended, 30, lambda: ecs.agent.text(task))


@pytest.mark.long
def test_a_task_that_aws_ends_leaves_a_run_that_says_so_and_the_next_one_completes(ecs: Ecs, quick: UUID) -> None:
    run = ecs.start(quick, LONG, launch_type="FARGATE_SPOT")
    task = running(ecs, run)
    client = cloud.client(ecs.server, "ecs")
    (seen,) = client.describe_tasks(cluster="lakehouse", tasks=[task])["tasks"]

    client.stop_task(cluster="lakehouse", task=task, reason="Spot interruption")

    assert ecs.finished(run)[0] == "CRASHED"
    wait(lambda: task in ecs.agent.ended, 30, lambda: ecs.agent.text(task))
    assert ecs.agent.ended[task] not in (0, 137)
    assert seen["capacityProviderName"] == "FARGATE_SPOT"
    assert ecs.finished(ecs.start(quick))[0] == "COMPLETED"


@pytest.mark.long
def test_what_ends_while_no_worker_is_there_is_told_by_the_next_one(
    ecs: Ecs, quick: UUID, restart: Callable[[], Process]
) -> None:
    first = restart()
    run = ecs.start(quick, LONG)
    task = running(ecs, run)
    first.stop(patience=5)
    time.sleep(POLL_SECONDS)
    assert ecs.agent.started[task].process.poll() is None

    ecs.agent.kill(task)
    wait(lambda: task in ecs.agent.ended, 30, lambda: ecs.agent.text(task))
    assert ecs.state(run)[0] == "RUNNING"
    restart()

    assert ecs.finished(run)[0] == "CRASHED"
    again = ecs.start(quick)
    assert ecs.finished(again)[0] == "COMPLETED"
    first_of_new = ecs.agent.started[ecs.task(again)].definition["taskDefinitionArn"]
    assert first_of_new == ecs.agent.started[task].definition["taskDefinitionArn"]
