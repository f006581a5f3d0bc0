// What the backend of homelabarr-ce asks of Docker with dockerode, at DOCKER_HOST, and then what it must never get.
// Prints what it saw; SESSION makes its names unique, FOLDER is below its APPFOLDER.
'use strict';
const Docker = require('dockerode');

const docker = new Docker({ socketPath: process.env.DOCKER_HOST.replace('unix://', '') });
const { SESSION: session, FOLDER: folder } = process.env;
const image = 'dockgate-test/busybox';
const show = (what, value) => console.log(`${what}: ${JSON.stringify(value)}`);

// A container as its template path makes it; dockerode sends all of it in the query too.
const app = (host) => ({
  Image: image, name: session, Cmd: ['sh', '-c', 'trap exit TERM; sleep 600 & wait'], Env: ['PUID=1000', 'TZ=Europe/Berlin'],
  ExposedPorts: { '80/tcp': {} },
  HostConfig: {
    RestartPolicy: { Name: 'unless-stopped' }, Binds: [`${folder}:/config`, '/etc/localtime:/etc/localtime:ro'],
    PortBindings: { '80/tcp': [{ HostPort: '0' }] }, NetworkMode: 'homelabarr', ...host,
  },
});

// What comes of something: done, or the status of the refusal and whether dockgate refused. Of what is answered with
// a stream dockerode does not keep the message.
const outcome = (promise) => promise.then(
  () => 'done',
  ({ statusCode, json }) => [statusCode, !json || !json.message || json.message.startsWith('dockgate: ')],
);

async function main() {
  show('connected', Array.isArray(await docker.listContainers({ limit: 1 })));
  show('version', (await docker.version()).ApiVersion);
  const networks = await docker.listNetworks();
  for (const Name of ['homelabarr', 'proxy']) {
    if (!networks.some((network) => network.Name === Name)) await docker.createNetwork({ Name, Driver: 'bridge' });
  }
  // There is no registry here: it is the daemon that fails.
  show('pull', (await outcome(docker.pull('lscr.io/linuxserver/radarr:latest')))[0] >= 404);

  const container = await docker.createContainer(app());
  await docker.getNetwork('proxy').connect({ Container: container.id });
  await container.start();
  const seen = await container.inspect();
  show('binds', seen.HostConfig.Binds);
  show('networks', Object.keys(seen.NetworkSettings.Networks).sort());
  show('running', seen.State.Running);
  show('stats', typeof (await container.stats({ stream: false })).read);
  show('logs', (await container.logs({ stdout: true, stderr: true, tail: 50, timestamps: true })).toString());
  await container.restart();
  await container.stop();
  await container.remove();

  const never = {
    privileged: app({ Privileged: true }),
    'the root': app({ Binds: ['/:/host'] }),
    'the socket': app({ Binds: ['/var/run/docker.sock:/var/run/docker.sock'] }),
    'the socket, by its directory': app({ Mounts: [{ Type: 'bind', Source: '/run', Target: '/run' }] }),
    'a path that leads out': app({ Binds: [`${folder}/../../../etc:/config`] }),
    'a volume that is a directory': app({
      Mounts: [{
        Type: 'volume', Source: 'data_x', Target: '/x',
        VolumeOptions: { DriverConfig: { Options: { type: 'none', o: 'bind', device: '/' } } },
      }],
    }),
    capabilities: app({ CapAdd: ['sys_admin'] }),
    devices: app({ Devices: [{ PathOnHost: '/dev/kmsg', PathInContainer: '/dev/kmsg', CgroupPermissions: 'rwm' }] }),
    'the processes of the host': app({ PidMode: 'host' }),
    'the network of the host': app({ NetworkMode: 'host' }),
    'the network of another': app({ NetworkMode: 'container:other' }),
    'no seccomp': app({ SecurityOpt: ['seccomp:unconfined'] }),
    'a port below 1024': app({ PortBindings: { '22/tcp': [{ HostPort: '22' }] } }),
    'an image of another registry': { ...app(), Image: 'evil.example/app' },
  };
  for (const [what, body] of Object.entries(never)) show(what, await outcome(docker.createContainer(body)));
  const other = docker.getContainer(session);
  show('exec', await outcome(other.exec({ Cmd: ['id'] })));
  show('attach', await outcome(other.attach({ stream: true, stdout: true })));
  show('archive', await outcome(other.getArchive({ path: '/etc' })));
  show('export', await outcome(other.export()));
  show('update', await outcome(other.update({ Memory: 0 })));
  show('commit', await outcome(other.commit({ repo: 'x' })));
  show('image', await outcome(docker.getImage(image).get()));
  show('tag', await outcome(docker.getImage(image).tag({ repo: 'lscr.io/linuxserver/radarr' })));
  show('import', await outcome(docker.createImage({ fromSrc: 'http://127.0.0.1:1/x' })));
  show('push', await outcome(docker.getImage(image).push({})));
  show('build', await outcome(docker.buildImage(Buffer.alloc(1024), { t: 'x' })));
  show('prune', await outcome(docker.pruneContainers()));
  show('volume', await outcome(docker.createVolume({ Name: 'data_x', DriverOpts: { type: 'none', o: 'bind', device: '/' } })));
  show('network', await outcome(docker.createNetwork({ Name: 'data_x', Driver: 'macvlan', Options: { parent: 'eth0' } })));
  show('swarm', await outcome(docker.swarmInit({ ListenAddr: '127.0.0.1:1' })));
  show('plugins', await outcome(docker.listPlugins()));
  show('secrets', await outcome(docker.listSecrets()));
  show('usage', await outcome(docker.df()));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
