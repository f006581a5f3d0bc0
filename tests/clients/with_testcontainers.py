"""What a test does with testcontainers for Python, at DOCKER_HOST. Prints what it saw."""
import os

os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"

from testcontainers.core.container import DockerContainer  # noqa: E402
from testcontainers.core.network import Network  # noqa: E402
from testcontainers.core.wait_strategies import LogMessageWaitStrategy  # noqa: E402

with Network() as network:
    container = (
        DockerContainer("dockgate-test/busybox", mem_limit="64m", init=True)
        .with_command(["sh", "-c", "echo ready; exec sleep 600"])
        .with_env("A", "b")
        .with_exposed_ports(80)
        .with_network(network)
        .with_network_aliases("here")
        .waiting_for(LogMessageWaitStrategy("ready"))
    )
    with container:
        print("exec:", container.exec(["echo", "from inside"]).output)
        print("logs:", container.get_logs())
        print("port:", container.get_exposed_port(80) > 0)
