/**
 * @file `npm run offline-proof`: the end-to-end tests and the packed app in a network namespace that has nothing but loopback, with
 * every attempt to reach anything else counted by the kernel (packets without a route, IPv4 and IPv6). Linux alone.
 */
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { needBrowser } from '../setup/browser.mjs';
import { engineEnvironment, onPath, root } from '../setup/paths.mjs';
import { guarded, say, SetupError } from '../setup/run.mjs';
import { setUp } from '../setup/setup.mjs';

const TESTS = ['test/e2e', 'test/electron/packed-app.test.ts'];
const INSIDE = '--inside';
/** Addresses for documents (RFC 5737, RFC 3849): nobody has them. */
const NOWHERE = ['192.0.2.1', '2001:db8::1'];

/** Attempts to send where no route leads, counted by the kernel since the namespace was made, whichever program it was. */
function attempts() {
  const [head = '', values = ''] = readFileSync('/proc/net/snmp', 'utf8').split('\n');
  const v4 = Number(values.split(' ')[head.split(' ').indexOf('OutNoRoutes')]);
  const v6 = Number(/^Ip6OutNoRoutes\s+(\d+)/m.exec(readFileSync('/proc/net/snmp6', 'utf8'))?.[1]);
  if (!Number.isInteger(v4 + v6)) throw new SetupError('This kernel does not count packets without a route.');
  return v4 + v6;
}

const tryTcp = (host) =>
  new Promise((resolve) => connect({ host, port: 80 }).on('error', resolve).on('connect', resolve));
const tryUdp = (host) =>
  new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.on('error', resolve);
    socket.send('x', 53, host, resolve);
  });

/** What counts must be seen to count: four known attempts. */
async function proveCounter() {
  const before = attempts();
  for (const host of NOWHERE) {
    await tryTcp(host);
    await tryUdp(host);
  }
  const counted = attempts() - before;
  if (counted < 4) throw new SetupError(`The counter saw ${counted} of 4 attempts made for trial.`);
  return counted;
}

/** The part that runs in the namespace. Resolves to the exit code. */
async function inside(tests) {
  const up = spawnSync('ip', ['link', 'set', 'lo', 'up'], { stdio: 'inherit' });
  if (up.status !== 0) throw new SetupError('Loopback could not be brought up in the namespace.');
  const folder = mkdtempSync(join(tmpdir(), 'chestlight-offline-'));
  try {
    // A name server on loopback would hide that a name was asked for.
    const resolver = join(folder, 'resolv.conf');
    writeFileSync(resolver, `nameserver ${NOWHERE[0]}\n`);
    const bound = spawnSync('mount', ['--bind', resolver, '/etc/resolv.conf'], { stdio: 'inherit' });
    if (bound.status !== 0) throw new SetupError('The name server could not be replaced in the namespace.');
    const trial = await proveCounter();
    say(`The counter works: ${trial} attempts made for trial were counted.`);
    const before = attempts();
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const { status } = spawnSync(process.execPath, [vitest, 'run', ...tests], {
      cwd: root,
      stdio: 'inherit',
    });
    const made = attempts() - before;
    say(`Attempts to reach anything but this computer: ${made}`);
    return status === 0 && made === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How a namespace is made here; null when it is not permitted. */
function namespace() {
  if (process.platform !== 'linux' || onPath('unshare') === null || onPath('ip') === null) return null;
  const ways = [
    ['--net', '--mount'],
    ['--net', '--mount', '--user', '--map-root-user'],
  ];
  return ways.find((way) => spawnSync('unshare', [...way, 'true'], { stdio: 'ignore' }).status === 0) ?? null;
}

await guarded(async () => {
  const args = process.argv.slice(2);
  if (args[0] === INSIDE) return inside(args.slice(1));
  const way = namespace();
  if (way === null) {
    say('Skipped: this needs Linux with unshare and ip, and the right to make network namespaces.');
    return 0;
  }
  const node = await setUp({ window: true, engine: 'required' });
  needBrowser();
  const env = { ...engineEnvironment(), PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` };
  const program = [node, fileURLToPath(import.meta.url), INSIDE, ...(args.length > 0 ? args : TESTS)];
  return spawnSync('unshare', [...way, ...program], { cwd: root, stdio: 'inherit', env }).status ?? 1;
});
