// What a test does with testcontainers for Node, at DOCKER_HOST. Prints what it saw.
'use strict';
process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
const { GenericContainer, Network, Wait } = require('testcontainers');

async function main() {
  const network = await new Network().start();
  const container = await new GenericContainer('dockgate-test/busybox')
    .withCommand(['sh', '-c', 'echo ready; exec sleep 600'])
    .withExposedPorts(80)
    .withNetwork(network)
    .withNetworkAliases('here')
    .withEnvironment({ A: 'b' })
    .withResourcesQuota({ memory: 0.0625, cpu: 1 })
    .withCopyContentToContainer([{ content: 'copied', target: '/tmp/f' }])
    .withWaitStrategy(Wait.forLogMessage('ready'))
    .start();
  console.log('exec:', (await container.exec(['cat', '/tmp/f'])).output);
  console.log('port:', container.getMappedPort(80) > 0);
  await container.stop({ timeout: 0 });
  await network.stop();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
