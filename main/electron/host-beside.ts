/**
 * @file The app in a Node process beside Electron, started as the browser host is: the host on Linux, where Electron's own
 * binary brings a second GLib into the process and libvips (sharp) does not survive that (docs/decisions/0004). The window
 * keeps `app://` and its MessagePort; ports and byte requests are passed on over 127.0.0.1 with the session of this process.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

import { z } from 'zod';

import { SESSION_PATH, takeLaunchToken } from '../../shared/contract/transport.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import type { Log } from '../services/service-types.ts';
import { serveKeyStore } from '../node/shell-key-store.ts';
import type { KeyStore } from '../services/encryption/kept-keys.ts';
import type { AppHost } from './app-host.ts';
import { relayPort, type Session } from './port-relay.ts';

export interface BesideOptions {
  /** The Node that came with the packages. */
  readonly node: string;
  /** Path of beside-main.ts. */
  readonly program: string;
  readonly libraryDir: string;
  readonly rendererDir: string;
  readonly log: Log;
  /** Null or absent = the system has none. */
  readonly keyStore?: KeyStore | null;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Opening may check, migrate and back up a large library, and says nothing meanwhile. */
const START_MS = 30 * 60_000;
/** A run at work writes its checkpoint first, for as long as it is heard. */
const CLOSE_MS = 330_000;

const firstLine = z.object({ url: z.url({ protocol: /^http$/, hostname: /^127\.0\.0\.1$/ }) });

/** @throws ServiceError with the server's own words when it refuses the library; WORKER_CRASHED when it does not start */
export async function openBeside(options: BesideOptions): Promise<AppHost> {
  const { log } = options;
  const { keyStore = null } = options;
  const args = ['--library', options.libraryDir, '--renderer', options.rendererDir];
  if (keyStore !== null) args.push('--key-store');
  const child = spawn(options.node, [options.program, ...args], {
    env: { ...process.env, NODE_OPTIONS: '', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true, // Ctrl-C in a terminal is for the shell, which asks first
  });
  if (keyStore !== null) serveKeyStore(child, keyStore);
  const lastWords = logLines(child.stderr, log);
  const exited = exitOf(child);
  let closing = false;
  const close = async (): Promise<void> => {
    closing = true;
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), CLOSE_MS);
    await exited;
    clearTimeout(kill);
  };
  try {
    const session = await openSession(await addressOf(child, exited, lastWords));
    return {
      connect: (port) => relayPort(port, session, log),
      bytes: (request) => passOn(request, session),
      ended: exited.then((how) => (closing ? new Promise<string>(() => undefined) : how)),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Resolves with how the process ended, in words. */
function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`it could not be started: ${error.message}`));
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `it ended with code ${code ?? 0}` : `it was ended by ${signal}`),
    );
  });
}

/** A line of the server's log (pino), without what every line of a log has. */
const serverLine = z.looseObject({ level: z.number(), msg: z.string() });

/** Passes the server's lines to the log, each at its own level; the last one that is not of its log, and that a person may read, is kept. */
function logLines(stderr: Readable | null, log: Log): { text: string } {
  const lastWords = { text: '' };
  if (stderr === null) throw new Error('stderr is a pipe');
  createInterface({ input: stderr }).on('line', (line) => {
    const { data } = serverLine.safeParse(line.startsWith('{') ? parseJson(line) : null);
    if (data !== undefined) {
      passLine(data, log);
      return;
    }
    lastWords.text = line;
    log.warn('the app beside the window', { line: line.slice(0, 2000) });
  });
  return lastWords;
}

/** Levels of pino: 30 is information, 40 a warning, 50 an error. */
function passLine({ level, msg, ...rest }: z.infer<typeof serverLine>, log: Log): void {
  const fields = Object.fromEntries(Object.entries(rest).filter(([name]) => !OF_EVERY_LINE.has(name)));
  if (level >= 50) log.error(msg, fields);
  else if (level >= 40) log.warn(msg, fields);
  else log.info(msg, fields);
}

const OF_EVERY_LINE: ReadonlySet<string> = new Set(['time', 'pid', 'hostname', 'name']);

/** The address on the first line of the server's standard output. */
function addressOf(child: ChildProcess, exited: Promise<string>, lastWords: { text: string }): Promise<URL> {
  return new Promise((resolve, reject) => {
    const fail = (how: string): void => {
      clearTimeout(timer);
      // The server's own refusal (a newer library, a full disk) is the better sentence.
      const message = lastWords.text || `Chestlight could not be started: ${how}. Start it again.`;
      reject(new ServiceError('WORKER_CRASHED', message, { how }));
    };
    const timer = setTimeout(() => fail(`it did not answer within ${START_MS / 60_000} minutes`), START_MS);
    void exited.then((how) => setImmediate(fail, how)); // its last line of text is read by then
    if (child.stdout === null) throw new Error('stdout is a pipe');
    createInterface({ input: child.stdout }).once('line', (line) => {
      clearTimeout(timer);
      const parsed = firstLine.safeParse(parseJson(line));
      if (parsed.success) resolve(new URL(parsed.data.url));
      else fail('it did not tell its address');
    });
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function openSession(address: URL): Promise<Session> {
  const { origin } = address;
  const answer = await fetch(`${origin}/${SESSION_PATH}`, {
    method: 'POST',
    headers: { origin, 'content-type': 'application/json' },
    body: JSON.stringify({ token: takeLaunchToken(address.hash) }),
  });
  const cookie = answer.headers.get('set-cookie')?.split(';')[0];
  if (answer.status !== 204 || cookie === undefined) throw new Error(`no session: HTTP ${answer.status}`);
  return { origin, cookie };
}

/** Request headers that mean something to the byte route. */
const PASSED = ['content-length', 'content-type', 'if-none-match'] as const;

/** Asks the app for what the window asked for; bodies stream in both directions. */
async function passOn(request: Request, { origin, cookie }: Session): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers({ origin, cookie });
  for (const name of PASSED) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  return fetch(`${origin}${pathname}${search}`, {
    method: request.method,
    headers,
    redirect: 'error',
    signal: request.signal,
    ...(request.body === null ? {} : { body: request.body, duplex: 'half' as const }),
  });
}
