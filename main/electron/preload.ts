/**
 * @file The only code between page and main process: hands over one MessagePort, as shared/contract/transport.ts describes,
 * and exposes nothing. Runs sandboxed and isolated; built as CommonJS, which is what a sandboxed preload must be.
 */
import { ipcRenderer } from 'electron';

import { APP_ORIGIN, PORT_REQUEST } from '../../shared/contract/transport.ts';

self.addEventListener('message', (event: MessageEvent<unknown>) => {
  const [port, ...more] = event.ports;
  const asked = event.data === PORT_REQUEST && event.origin === APP_ORIGIN && port !== undefined;
  // A frame inside the page (a report) may post here too; only the page itself is listened to.
  if (!asked || more.length > 0 || event.source !== (self as unknown as MessageEventSource)) return;
  ipcRenderer.postMessage(PORT_REQUEST, null, [port]);
});
