// A session with dockerode at DOCKER_HOST. Prints what it saw; SESSION makes its names unique.
'use strict';
const { PassThrough } = require('stream');
const Docker = require('dockerode');

const docker = new Docker({ socketPath: process.env.DOCKER_HOST.replace('unix://', '') });
const session = process.env.SESSION;
const image = 'dockgate-test/busybox';
const show = (what, value) => console.log(`${what}: ${JSON.stringify(value)}`);
const since = Math.floor(Date.now() / 1000);

// What `stream` says until it says `wanted`, or until it ends.
const hear = (stream, wanted) => new Promise((resolve, reject) => {
  let heard = '';
  stream.on('data', (data) => {
    heard += data.toString();
    if (wanted && heard.includes(wanted)) resolve(heard);
  });
  stream.on('end', () => resolve(heard));
  stream.on('error', reject);
});

const demuxed = (stream) => {
  const all = new PassThrough();
  docker.modem.demuxStream(stream, all, all);
  stream.on('end', () => all.end());
  return all;
};

async function main() {
  show('ping', (await docker.ping()).toString());
  show('version', (await docker.version()).ApiVersion);
  show('info', (await docker.info()).Driver);
  show('image', (await docker.getImage(image).inspect()).RepoTags);

  const container = await docker.createContainer({
    name: session, Image: image, Labels: { session }, Env: ['A=b'], OpenStdin: true, HostConfig: { Init: true },
    Cmd: ['sh', '-c', 'echo begun; read line; echo got $line; sleep 600'],
  });
  const attached = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
  const heard = hear(demuxed(attached), 'got hello');
  await container.start();
  attached.write('hello\n');
  show('attached', await heard);
  attached.destroy();
  show('logs', await hear(demuxed(await container.logs({ follow: true, stdout: true, stderr: true })), 'got'));
  const listed = await docker.listContainers({ filters: { label: [`session=${session}`] } });
  show('listed', listed.map((c) => c.Names));

  const exec = await container.exec({ Cmd: ['cat'], AttachStdin: true, AttachStdout: true });
  const stream = await exec.start({ hijack: true, stdin: true });
  const echoed = hear(demuxed(stream));
  stream.write('through cat');
  stream.end(); // the half-close without which cat never ends
  show('exec', await echoed);
  show('exit', (await exec.inspect()).ExitCode);
  const plain = await container.exec({ Cmd: ['echo', 'plain'], AttachStdout: true });
  show('exec without upgrade', await hear(demuxed(await plain.start({}))));

  const network = await docker.createNetwork({ Name: session, Internal: true });
  await network.connect({ Container: container.id, EndpointConfig: { Aliases: ['here'] } });
  show('network', Object.keys((await network.inspect()).Containers).length);
  await network.disconnect({ Container: container.id });
  await network.remove();
  await docker.createVolume({ Name: session });
  show('volume', (await docker.getVolume(session).inspect()).Name);
  const output = new PassThrough();
  const said = hear(output);
  const [result, ran] = await docker.run(image, ['sh', '-c', 'exec 2>&1; id -u; touch /data/x /h; ls /data'], output, {
    name: `${session}-run`, User: '1000:1000', Tty: true, Env: ['A=b'], Labels: { session }, ExposedPorts: { '80/tcp': {} },
    HostConfig: {
      Binds: [`${session}:/data`, '/etc/hostname:/h:ro'], Memory: 67108864, MemorySwap: 67108864, PidsLimit: 50,
      CapDrop: ['ALL'], ReadonlyRootfs: true, SecurityOpt: ['no-new-privileges'], Tmpfs: { '/run': 'size=1m' },
      PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] }, RestartPolicy: { Name: 'no' },
    },
  });
  show('run', [result.StatusCode, await said]);
  await ran.remove();
  await docker.getVolume(session).remove();

  const ended = container.wait();
  await container.stop({ t: 10 });
  show('stopped', await ended);
  await container.remove();
  const until = Math.floor(Date.now() / 1000) + 1;
  const events = await hear(await docker.getEvents({ since, until, filters: { container: [session] } }));
  show('events', events.trim().split('\n').map((line) => JSON.parse(line).Action.split(':')[0]));
  await container.inspect().catch((error) => show('gone', [error.statusCode, error.json.message]));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
