/** @file What the processes of a verb are started by: plain Node, unless the shell runs the verb and gives its own. */
import { createNodeWorkerHost } from '../node/worker-host-node.ts';
import type { WorkerHost } from '../services/service-types.ts';

/** One program runs one verb: what it starts processes by is a fact of the program, as its arguments are. */
let given: WorkerHost | null = null;

export function useWorkers(workerHost: WorkerHost): void {
  given = workerHost;
}

export function verbWorkers(): WorkerHost {
  return (given ??= createNodeWorkerHost());
}
