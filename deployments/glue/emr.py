"""A run on EMR Serverless: script, code and settings are those of the Glue job, the jars mostly EMR's own."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from deployments import stacks
from lakehouse.contracts import Terminal

DELTA = ("/usr/share/aws/delta/lib/delta-spark.jar", "/usr/share/aws/delta/lib/delta-storage.jar")
OURS = ("logstore-", "mariadb-java-client-")
MINUTES = 240
PASSED_ON = ("--LAKEHOUSE_", "--AWS_REGION")


def request(stack: str, environment: str, arguments: tuple[str, ...] = ("--whole", "true")) -> dict[str, Any]:
    """What `aws emr-serverless start-job-run --cli-input-json` is to be given.

    Args:
        stack: CloudFormation stack of glue.yaml, with an EMR Serverless application.
        environment: Address of an archive with Python and deployments/glue/requirements.txt installed.
        arguments: What the job is to do.

    Raises:
        Terminal: There is no such stack, it has no application, or AWS cannot be asked.
    """
    outputs = stacks.outputs_of(stack)
    if "ApplicationId" not in outputs:
        raise Terminal(f"stack {stack} has no EMR Serverless application; deploy it with the parameter IsEmr=true")
    job = _glue_job(outputs["JobName"])
    given: dict[str, str] = job["DefaultArguments"]
    settings = [part for name, value in given.items() if name.startswith(PASSED_ON) for part in (name, value)]
    return {
        "applicationId": outputs["ApplicationId"],
        "executionRoleArn": outputs["JobRoleArn"],
        "name": job["Name"],
        "executionTimeoutMinutes": MINUTES,
        "jobDriver": {
            "sparkSubmit": {
                "entryPoint": job["Command"]["ScriptLocation"],
                "entryPointArguments": [*arguments, *settings],
                "sparkSubmitParameters": _parameters(given, environment),
            }
        },
    }


def _parameters(given: dict[str, str], environment: str) -> str:
    ours = [jar for jar in given["--extra-jars"].split(",") if jar.rpartition("/")[2].startswith(OURS)]
    python = "./environment/bin/python"
    confs = {
        "spark.archives": f"{environment}#environment",
        "spark.emr-serverless.driverEnv.PYSPARK_DRIVER_PYTHON": python,
        "spark.emr-serverless.driverEnv.PYSPARK_PYTHON": python,
        "spark.executorEnv.PYSPARK_PYTHON": python,
        "spark.jars": ",".join([*DELTA, *ours]),
        "spark.submit.pyFiles": given["--extra-py-files"],
        "spark.files": given["--extra-files"],
    }
    return " ".join(f"--conf {name}={value}" for name, value in confs.items())


def _glue_job(name: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = boto3.Session().client("glue").get_job(JobName=name)["Job"]
    except (BotoCoreError, ClientError) as error:
        raise Terminal(f"the Glue job {name} cannot be read ({error}); check AWS_REGION and AWS_PROFILE") from None
    return found
