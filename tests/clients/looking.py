"""Looks with docker-py at DOCKER_HOST at the things called NAME, and tries to make a container of what it saw."""
import os

import docker

client = docker.from_env()
name = os.environ["NAME"]

container = client.containers.get(name)
print("containers:", sorted(c.name for c in client.containers.list(all=True)))
print("env:", [value for value in container.attrs["Config"]["Env"] if value.startswith("SECRET")])
print("source:", container.attrs["Mounts"][0]["Source"])
print("address:", [n["IPAddress"] for n in container.attrs["NetworkSettings"]["Networks"].values()])
network = client.networks.get(name)
print("on the network:", sorted(c.name for c in network.containers))
print("networks:", sorted(n.name for n in client.networks.list()))
print("volumes:", sorted(v.name for v in client.volumes.list()))
print("images:", len(client.images.list()))
print("df:", sorted(client.df())[:4])
print("info:", client.info()["Driver"])
# What updaters do.
try:
    client.api.create_container(
        container.attrs["Config"]["Image"], name=name + "-new", environment=container.attrs["Config"]["Env"]
    )
except docker.errors.APIError as error:
    print("again:", error.status_code, error.explanation)
