/**
 * @file `npm run offline-proof`: the end-to-end tests and the packed app in a network namespace that has nothing but loopback. Every
 * attempt to reach anything else is counted twice: by the kernel (packets without a route) and by strace, which tells whose it was.
 */
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import { needBrowser } from '../setup/browser.mjs';
import { namespace } from '../setup/namespace.mjs';
import { engineEnvironment, root } from '../setup/paths.mjs';
import { guarded, say, SetupError } from '../setup/run.mjs';
import { setUp } from '../setup/setup.mjs';

/** Every end-to-end test that lies there, and the packed app. */
const tests = () => [
  ...globSync('test/e2e/**/*.test.ts', { cwd: root }).map((file) => file.replaceAll(sep, '/')),
  'test/electron/packed-app.test.ts',
];
const INSIDE = '--inside';
const TRACED = '--traced';
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
  new Promise((resolve) => {
    const socket = connect({ host, port: 80 });
    const end = () => resolve(socket.destroy());
    socket.on('error', end).on('connect', end);
  });
const tryUdp = (host) =>
  new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.send('x', 53, host, () => resolve(socket.close()));
  });

/** What counts must be seen to count: four attempts for trial. */
async function tryForTrial() {
  for (const host of NOWHERE) {
    await tryTcp(host);
    await tryUdp(host);
  }
}

/** Runs under strace: the trial, then the tests. Resolves to the exit code. @param report where vitest tells what it ran, as JSON */
async function traced([report, ...tests]) {
  await tryForTrial();
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const args = [vitest, 'run', ...reporters, ...tests];
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}

/** Says what was run. Returns whether every test file that was named, was. */
function tellTests(report, named) {
  if (!existsSync(report)) {
    say('The tests ended without telling what they ran.');
    return false;
  }
  const { testResults, numPassedTests, numTotalTests } = JSON.parse(readFileSync(report, 'utf8'));
  // A file in which every test was skipped has shown nothing.
  const shown = testResults.filter(({ assertionResults }) =>
    assertionResults.some(({ status }) => status === 'passed'),
  );
  const ran = shown.map(({ name }) => relative(root, name).replaceAll(sep, '/'));
  say(`Test files: ${ran.length}, tests passed: ${numPassedTests} of ${numTotalTests}`);
  const left = named.filter((one) => one.endsWith('.test.ts') && !ran.includes(one));
  if (left.length > 0) say(`Not run: ${left.join(', ')}`);
  return left.length === 0;
}

const LINE = /^\d+<([^>]*)> .*sin6?_port=htons\((\d+)\).*(?:inet_addr\("|inet_pton\(AF_INET6, ")([^"]+)"/;
const isHere = (address) => /^(127\.|0\.0\.0\.0$|::1?$|::ffff:127\.)/.test(address);

/** Who tried to reach what, from what strace wrote; addresses of this computer left out. */
function attemptsIn(trace) {
  return trace.split('\n').flatMap((line) => {
    const [, program = '', port = '', address = ''] = LINE.exec(line) ?? [];
    return address === '' || isHere(address) ? [] : [{ program, port, address }];
  });
}

/**
 * Chromium asks the system, before it connects anywhere, whether IPv6 leads to the Internet: it connects a datagram socket to this
 * address, which looks up a route and sends nothing. No switch or policy turns it off.
 */
const isRouteCheck = ({ program, port, address }) =>
  address === '2001:4860:4860::8888' && port === '443' && !/^node|^MainThread|vitest/i.test(program);

function tell(found) {
  const trials = found.filter(({ address }) => NOWHERE.includes(address)).length;
  const checks = found.filter(isRouteCheck).length;
  const others = found.filter((one) => !NOWHERE.includes(one.address) && !isRouteCheck(one));
  say(`Made for trial, and seen: ${trials} of 4`);
  say(`Chromium's check whether there is an IPv6 route (sends nothing): ${checks}`);
  say(`Attempts to reach anything but this computer: ${others.length}`);
  for (const { program, address, port } of others.slice(0, 20)) say(`  ${program}: ${address}, port ${port}`);
  return trials >= 4 && others.length === 0;
}

/** The part that runs in the namespace. Resolves to the exit code. */
function inside(tests) {
  const up = spawnSync('ip', ['link', 'set', 'lo', 'up'], { stdio: 'inherit' });
  if (up.status !== 0) throw new SetupError('Loopback could not be brought up in the namespace.');
  const folder = mkdtempSync(join(tmpdir(), 'chestlight-offline-'));
  try {
    // A name server on loopback would hide that a name was asked for.
    const resolver = join(folder, 'resolv.conf');
    writeFileSync(resolver, `nameserver ${NOWHERE[0]}\n`);
    const bound = spawnSync('mount', ['--bind', resolver, '/etc/resolv.conf'], { stdio: 'inherit' });
    if (bound.status !== 0) throw new SetupError('The name server could not be replaced in the namespace.');
    const trace = join(folder, 'trace');
    const calls = 'trace=connect,sendto,sendmsg,sendmmsg';
    const watch = ['-f', '--seccomp-bpf', '-qq', '-Y', '-e', calls, '-o', trace];
    const report = join(folder, 'report.json');
    const program = [process.execPath, fileURLToPath(import.meta.url), TRACED, report, ...tests];
    const before = attempts();
    const { status } = spawnSync('strace', [...watch, ...program], { cwd: root, stdio: 'inherit' });
    const counted = attempts() - before;
    const found = attemptsIn(readFileSync(trace, 'utf8'));
    say(`Attempts counted by the kernel: ${counted}, seen by strace: ${found.length}`);
    const isWhole = tellTests(report, tests);
    const explained = tell(found);
    if (counted > found.length) say('The kernel counted more than strace has seen: the proof does not hold.');
    return status === 0 && isWhole && explained && counted <= found.length ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await guarded(async () => {
  const args = process.argv.slice(2);
  if (args[0] === INSIDE) return inside(args.slice(1));
  if (args[0] === TRACED) return traced(args.slice(1));
  const way = namespace();
  if (way === null) {
    say('Skipped: this needs Linux with unshare, ip and strace, and the right to make network namespaces.');
    return 0;
  }
  const node = await setUp({ window: true, engine: 'required' });
  needBrowser();
  const env = { ...engineEnvironment(), PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` };
  const program = [node, fileURLToPath(import.meta.url), INSIDE, ...(args.length > 0 ? args : tests())];
  return spawnSync('unshare', [...way, ...program], { cwd: root, stdio: 'inherit', env }).status ?? 1;
});
