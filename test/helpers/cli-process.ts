/** @file The command line as a child process that a test can watch and signal while it works. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';

const ENTRY = resolve(import.meta.dirname, '../../main/cli/cli.ts');

export interface Ended {
  readonly status: number | null;
  readonly json: unknown;
  readonly stderr: string;
}

/** What is done to the process when its standard error first says `text`; in order, each once. */
export interface Act {
  readonly when: string;
  readonly act: (child: ChildProcess) => void;
}

/** Runs a verb with `--json`. @throws when standard output is not one JSON value */
export function runCli(
  args: readonly string[],
  acts: readonly Act[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [ENTRY, ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const left = [...acts];
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    while (left[0] !== undefined && stderr.includes(left[0].when)) left.shift()?.act(child);
  });
  return new Promise((done, reject) => {
    child.on('close', (status) => {
      try {
        done({ status, json: JSON.parse(stdout), stderr });
      } catch {
        reject(new Error(`exit ${status ?? 'by a signal'} without JSON: ${stdout}${stderr}`));
      }
    });
  });
}

/** Ends the training process below `child` the hard way, as the system does when memory runs out. */
export function killTraining(child: ChildProcess): void {
  const list = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' });
  const rows = list.split('\n').map((row) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(row));
  const found = rows.find((row) => Number(row?.[2]) === child.pid && row?.[3]?.includes('worker/training'));
  if (found === undefined || found === null) throw new Error('there is no training process');
  process.kill(Number(found[1]), 'SIGKILL');
}
