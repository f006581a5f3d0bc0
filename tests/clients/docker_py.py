"""A session with docker-py at DOCKER_HOST. Prints what it saw; SESSION makes its names unique."""
import io
import os
import re
import tarfile
import time

import docker

client = docker.from_env()
session = os.environ["SESSION"]
image = "dockgate-test/busybox"


def show(what, value):
    print(f"{what}: {value}")


show("ping", client.ping())
show("version", client.version()["ApiVersion"])
show("info", client.info()["Driver"])
show("image", client.images.get(image).tags)

since = int(time.time())
container = client.containers.create(
    image, ["sh", "-c", "echo begun; read line; echo got $line; sleep 600"],
    name=session, stdin_open=True, labels={"session": session}, environment={"A": "b"}, init=True,
)
show("created", container.status)
attached = container.attach_socket(params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
container.start()
attached._sock.sendall(b"hello\n")
seen = b""
while b"got hello" not in seen:
    seen += attached._sock.recv(4096)
show("attached", re.sub(rb"[\1\2]\0\0\0....", b"", seen, flags=re.DOTALL))  # without the frames' heads
attached.close()
for line in container.logs(stream=True, follow=True):
    show("log", line)
    if b"got" in line:
        break
show("listed", [c.name for c in client.containers.list(filters={"label": f"session={session}"})])
show("exec", container.exec_run(["sh", "-c", "echo out; echo err >&2; exit 3"], demux=True))
show("stream", b"".join(container.exec_run(["seq", "3"], stream=True).output))

archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode="w") as tar:
    entry = tarfile.TarInfo("f")
    entry.size = 3
    tar.addfile(entry, io.BytesIO(b"abc"))
show("put", container.put_archive("/tmp", archive.getvalue()))
stream, stat = container.get_archive("/tmp/f")
show("get", (stat["size"], len(b"".join(stream))))
show("top", sorted(row[-1] for row in container.top(ps_args="-o pid,args")["Processes"]))
show("stats", sorted(container.stats(stream=False))[:3])

network = client.networks.create(session, internal=True, labels={"session": session})
network.connect(container, aliases=["here"])
network.reload()
show("network", len(network.attrs["Containers"]))
network.disconnect(container)
network.remove()
volume = client.volumes.create(session, labels={"session": session})
show("volume", (client.volumes.get(session).name, volume.attrs["Driver"]))
show("run", client.containers.run(
    image, ["sh", "-c", "exec 2>&1; id -u; touch /data/x /h; ls /data"], name=f"{session}-run", remove=True, stderr=True,
    user="1000:1000", mem_limit="64m", memswap_limit="64m", pids_limit=50, cap_drop=["ALL"], read_only=True,
    security_opt=["no-new-privileges"], tmpfs={"/run": "size=1m"}, ports={"80/tcp": ("127.0.0.1", None)},
    volumes={session: {"bind": "/data", "mode": "rw"}, "/etc/hostname": {"bind": "/h", "mode": "ro"}},
    environment={"A": "b"}, labels={"session": session}, restart_policy={"Name": "no"},
))
volume.remove()

container.stop(timeout=10)
show("stopped", container.wait())
container.remove()
events = client.events(since=since, until=int(time.time()) + 1, filters={"container": session}, decode=True)
show("events", [event["Action"].split(":")[0] for event in events])
try:
    client.containers.get(session)
except docker.errors.NotFound as error:
    show("gone", error.explanation)
