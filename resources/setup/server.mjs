/** @file Starts the app's loopback server as a child and learns its address from the first line of JSON that it prints. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { engineEnvironment, root } from './paths.mjs';
import { exitCodeOf, SetupError } from './run.mjs';

const START_MS = 60_000;
/** A run at work writes its checkpoint first. */
const STOP_MS = 120_000;

/** Addresses in a line of JSON, each good for one window or program; null for a line for a person. */
function addressesIn(line) {
  try {
    const { url, urls = [url] } = JSON.parse(line);
    return urls.every((one) => typeof one === 'string' && one.startsWith('http://127.0.0.1:')) ? urls : null;
  } catch {
    return null; // a line for a person
  }
}

/**
 * Starts `entry` under `node`. Resolves to `{ url, urls, ended, stop }`: `ended` resolves to the exit code, `stop()` asks the
 * server to close and waits, at most two minutes. @throws SetupError when it ends or stays silent instead
 */
export function startServer(node, entry, args = []) {
  const child = spawn(node, [entry, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: engineEnvironment(),
  });
  const ended = new Promise((resolve) => {
    child.on('exit', (code, signal) => resolve(exitCodeOf(code, signal)));
    child.on('error', () => resolve(1));
  });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return ended;
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    const code = await ended;
    clearTimeout(kill);
    return code;
  };
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new SetupError(`The server gave no address within ${START_MS / 1000} s.`));
    }, START_MS);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(new SetupError(`The server could not be started: ${error.message}`));
    });
    void ended.then((code) => {
      clearTimeout(timer);
      reject(new SetupError(`The server ended (exit ${code}) before it gave its address.`));
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const urls = addressesIn(line);
      if (urls === null) {
        process.stderr.write(`${line}\n`);
        return;
      }
      clearTimeout(timer);
      resolve({ url: urls[0], urls, ended, stop });
    });
  });
}
