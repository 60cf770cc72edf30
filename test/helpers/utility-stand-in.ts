/**
 * @file Electron's `utilityProcess.fork`, stood in for by child_process: a real process with the same events, whose child has
 * `process.parentPort` as Electron gives it.
 */
import { fork } from 'node:child_process';

import type { ForkUtility, UtilityChild } from '../../main/electron/worker-host-electron.ts';

/** Messages to the child arrive as `{ data }` on `process.parentPort`. */
export const forkUtility: ForkUtility = (modulePath, args, { env, stdio, execArgv }) => {
  const child = fork(modulePath, args, {
    env,
    serialization: 'advanced',
    stdio: [...stdio, 'ipc'],
    execArgv: [...execArgv, '--import', PARENT_PORT],
  });
  const utility: UtilityChild = {
    get pid() {
      return child.pid;
    },
    stdout: child.stdout,
    stderr: child.stderr,
    postMessage: (message) => void child.send(message as object, () => undefined),
    on: (_event, listener) => child.on('message', listener),
    once: (event: 'spawn' | 'exit', listener: (code: number) => void) =>
      child.once(event, (code: number | null) => listener(code ?? 9)),
    kill: () => child.kill('SIGTERM'),
  };
  return utility;
};

const PARENT_PORT = `data:text/javascript,${encodeURIComponent(`
  const send = process.send.bind(process);
  process.send = undefined;
  process.parentPort = {
    postMessage: (message) => send(message),
    on: (_event, listener) => process.on('message', (data) => listener({ data })),
  };
`)}`;
