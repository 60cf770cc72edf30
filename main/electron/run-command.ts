/**
 * @file A verb of the command line in the packed app: `Chestlight --cli VERB …`. No window, no lock on the one instance; on Linux
 * under the Node beside Electron (docs/decisions/0004), elsewhere in this process with utility processes.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';

import { hostKind } from './start-options.ts';
import { createElectronWorkerHost, type ForkUtility } from './worker-host-electron.ts';

export interface CommandOptions {
  readonly platform: NodeJS.Platform;
  /** Folder of the app: package.json, main/, node_modules/ … */
  readonly appDir: string;
  /** The Node that came with the packages; null = none. Linux alone has it. */
  readonly node: string | null;
  /** Electron's, once it is ready. */
  readonly fork: ForkUtility;
}

/** @param args what follows `--cli` @returns the exit code, as of the command line itself */
export async function runCommand(args: readonly string[], options: CommandOptions): Promise<number> {
  if (hostKind(options.platform) === 'beside') {
    const { node, appDir } = options;
    if (node === null) {
      process.stderr.write('The Node that Chestlight runs on is not installed. Run "npm start" once.\n');
      return 2;
    }
    return await runBeside(node, [join(appDir, 'main', 'cli', 'cli.ts'), ...args]);
  }
  // Loaded only here: on Linux nothing native may come into this process.
  const { runCli } = await import('../cli/run-cli.ts');
  const { stderrLog } = await import('../cli/library-option.ts');
  return await runCli(args, { workerHost: createElectronWorkerHost({ fork: options.fork, log: stderrLog }) });
}

/** Signals to a terminal's group reach the child by themselves; those to this process alone are passed on. */
function runBeside(node: string, args: readonly string[]): Promise<number> {
  const child = spawn(node, args, { stdio: 'inherit' });
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void child.kill(signal));
  return new Promise((resolve) => {
    child.once('error', (error) => {
      process.stderr.write(`The command could not be started: ${error.message}\n`);
      resolve(1);
    });
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}
