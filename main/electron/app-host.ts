/**
 * @file The app as the shell sees it, wherever it runs: in this process (host-inside.ts) or in a Node beside it
 * (host-beside.ts). main.ts chooses one; the window, the protocol and the close question need no more than this.
 */
import type { ServePort } from './message-port-rpc.ts';

export interface AppHost {
  /** Serves RPC on a port until either end closes it. */
  readonly connect: ServePort;
  /** Answers a request of the byte route (`/bytes/…`). The caller has checked who asks. */
  readonly bytes: (request: Request) => Promise<Response>;
  /** Resolves with what happened, in a sentence, when the app ended without being asked to. */
  readonly ended: Promise<string>;
  /** Stops work at a checkpoint and closes the library. Safe to call twice. */
  readonly close: () => Promise<void>;
}
