// Looks with dockerode at DOCKER_HOST at the things called NAME, and tries to make a container of what it saw.
'use strict';
const Docker = require('dockerode');

const docker = new Docker({ socketPath: process.env.DOCKER_HOST.replace('unix://', '') });
const name = process.env.NAME;

async function main() {
  const seen = await docker.getContainer(name).inspect();
  const list = await docker.listContainers({ all: true });
  console.log('containers:', list.map((c) => c.Names[0]).sort().join(' '));
  console.log('env:', seen.Config.Env.filter((value) => value.startsWith('SECRET')).join(' '));
  console.log('source:', seen.Mounts[0].Source);
  const network = await docker.getNetwork(name).inspect();
  console.log('on the network:', Object.values(network.Containers).map((c) => c.Name).sort().join(' '));
  console.log('networks:', (await docker.listNetworks()).map((n) => n.Name).sort().join(' '));
  console.log('volumes:', (await docker.listVolumes()).Volumes.map((v) => v.Name).sort().join(' '));
  console.log('info:', (await docker.info()).Driver);
  // What updaters do.
  await docker.createContainer({ name: `${name}-new`, Image: seen.Config.Image, Env: seen.Config.Env })
    .catch((error) => console.log('again:', error.statusCode, error.json.message));
}

main().catch((error) => { console.error(error); process.exit(1); });
