/** @file The way to the main process, the same under `child_process.fork` and Electron's `utilityProcess`. */

export interface ParentPort {
  send(message: object): void;
  onMessage(listener: (message: unknown) => void): void;
}

/** What `utilityProcess` puts on `process`; absent under plain Node. */
interface UtilityPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

/** @throws Error when this process was started by hand */
export function parentPort(): ParentPort {
  const utility = (process as unknown as { readonly parentPort?: UtilityPort }).parentPort;
  if (utility !== undefined) {
    // A utility process only warns of a rejection that nobody handles (Electron 37 and later); its parent would wait for ever.
    process.on('unhandledRejection', (error) => {
      // In one line: the last one is what is told of a process that has failed.
      const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      process.stderr.write(`${words.replaceAll(/\s+/g, ' ')}\n`);
      process.exit(1);
    });
    return {
      send: (message) => utility.postMessage(message),
      onMessage: (listener) => utility.on('message', ({ data }) => listener(data)),
    };
  }
  if (process.send === undefined) throw new Error('a worker is started by the app, not by hand');
  // Without its parent nobody reads the results: an orphan ends.
  process.once('disconnect', () => process.exit(0));
  // Ctrl-C, a closed terminal and a computer that shuts down reach every process: the parent decides, it asks for a checkpoint first.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  return {
    send: (message) => void process.send?.(message),
    onMessage: (listener) => void process.on('message', listener),
  };
}
