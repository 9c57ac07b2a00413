"""moto's server with the CloudFormation types of ours: `python -m tests.support.cloud_server PORT`."""

import sys

from moto import server

from tests.support import cfn_types

HOST = "127.0.0.1"

if __name__ == "__main__":
    port = sys.argv[1]
    cfn_types.install(f"http://{HOST}:{port}")
    server.main(["-H", HOST, "-p", port])
