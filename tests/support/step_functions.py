"""Step Functions where moto's interpreter falls short of AWS; `install` must be called in the server's process."""

import json
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import moto.stepfunctions.models as machines
from botocore.response import StreamingBody
from moto.core.config import default_user_config
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import branches_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_callback as callback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_glue as glue
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

POLL_SECONDS = 0.2
RETRY_SCALE = 0.02  # a retry of AWS' 30 seconds takes 0.6 here
Client = Callable[[str, str], Any]


def install(client: Client) -> None:
    """Executions run, however their machine was made, and EventBridge hears of their ends.

    Args:
        client: Makes a client of this server, of a service in a region.
    """
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    machines.stepfunctions_backends = stepfunctions_parser_backends
    callback._DELAY_SECONDS_SYNC_CONDITION_CHECK = POLL_SECONDS
    retrier_decl.time = SimpleNamespace(sleep=lambda seconds: time.sleep(seconds * RETRY_SCALE))
    _results_are_json()
    _branches_tell_all_errors()
    _jobs_are_waited_for()
    _ends_are_told(client)


def _results_are_json() -> None:
    plain = StateTaskService._after_eval_execution

    def after(self: Any, env: Any, *args: Any, **more: Any) -> Any:
        env.stack[-1] = json.loads(json.dumps(env.stack[-1], default=_told))
        return plain(self, env, *args, **more)

    StateTaskService._after_eval_execution = after


def _told(value: Any) -> str:
    return value.read().decode() if isinstance(value, StreamingBody) else value.isoformat()


def _branches_tell_all_errors() -> None:
    """A branch may end by an error of Step Functions itself, and the state that holds it tells the same."""
    branches_decl.CustomErrorName = ErrorName


def _jobs_are_waited_for() -> None:
    """`glue:startJobRun.sync` waits for the run, also at a second attempt; a run that nobody waits for is stopped."""
    glue._SUPPORTED_INTEGRATION_PATTERNS.add(ResourceCondition.WaitForTaskToken)
    plain, resolver = callback.StateTaskServiceCallback._eval_sync, glue.StateTaskServiceGlue._sync_to_start_job_run

    def sync(self: Any, env: Any, sync_resolver: Any, timeout_seconds: Any, **endpoints: Any) -> Any:
        found = plain(
            self, env, sync_resolver=sync_resolver, timeout_seconds=timeout_seconds, callback_endpoint=None,
            heartbeat_endpoint=endpoints["heartbeat_endpoint"],
        )  # fmt: skip
        if not found:
            sync_resolver.stop()
        return found

    def started(self: Any, env: Any, part: Any, parameters: Any, credentials: Any) -> Any:
        run = dict(env.stack[-1])
        wait = resolver(self, env, part, parameters, credentials)

        def found() -> Any:
            return wait()

        found.stop = lambda: boto_client_for(part.region, "glue", credentials).batch_stop_job_run(
            JobName=run["JobName"], JobRunIds=[run["JobRunId"]]
        )
        return found

    callback.StateTaskServiceCallback._eval_sync = sync
    glue.StateTaskServiceGlue._sync_to_start_job_run = started


def _ends_are_told(client: Client) -> None:
    """EventBridge hears of each end; that of an execution that was stopped is no failure, wherever it was."""
    plain, plain_stop = BaseExecutionWorkerCommunication.terminated, Execution.stop
    stopped: set[str] = set()

    def stop(self: Any, *args: Any, **more: Any) -> None:
        stopped.add(self.exec_arn)
        plain_stop(self, *args, **more)

    def terminated(self: Any) -> None:
        plain(self)
        found = self.execution
        if found.exec_arn in stopped:
            found.exec_status, found.error, found.cause = ExecutionStatus.ABORTED, None, None
        detail = {
            "executionArn": found.exec_arn, "stateMachineArn": found.state_machine.arn, "name": found.name,
            "status": found.exec_status.value, "error": found.error, "cause": found.cause,
        }  # fmt: skip
        entry = {"Source": "aws.states", "DetailType": "Step Functions Execution Status Change"}
        client("events", found.region_name).put_events(Entries=[{**entry, "Detail": json.dumps(detail)}])

    Execution.stop = stop
    BaseExecutionWorkerCommunication.terminated = terminated
