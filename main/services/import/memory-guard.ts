/**
 * @file A thread that ends its whole process when that uses too much memory. It runs while the process's main thread is deep in a
 * decoder, and sees what no heap limit sees: typed arrays, WebAssembly, native libraries. It sees too when whoever asked for the film is gone:
 * nobody is left then to end a decoder that does not end.
 */
import { isMainThread, Worker, workerData } from 'node:worker_threads';

const LOOK_EVERY_MS = 20;

/** Watches this process from now on: above `maxBytes` of resident memory it is killed, as by the system. */
export function guardMemory(maxBytes: number): void {
  const guard = new Worker(new URL('./memory-guard.ts', import.meta.url), {
    workerData: { maxBytes, parent: process.ppid },
    execArgv: [],
  });
  guard.unref();
}

if (!isMainThread) {
  const { maxBytes, parent } = workerData as { readonly maxBytes: number; readonly parent: number };
  setInterval(() => {
    // A process whose parent is gone gets another one (POSIX); Windows keeps the number.
    const isAlone = process.ppid !== parent;
    if (isAlone || process.memoryUsage.rss() > maxBytes) process.kill(process.pid, 'SIGKILL');
  }, LOOK_EVERY_MS);
}
