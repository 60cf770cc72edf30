/**
 * @file How the window reaches its host: names and shapes that both hosts and the window share.
 *
 * In Electron the page's address starts with `app:`. The page makes a MessageChannel, keeps port1 for the RPC link and
 * hands port2 over: `window.postMessage(PORT_REQUEST, location.origin, [channel.port2])`. The preload forwards that one
 * port to the main process and does nothing else. After a reload the page simply does it again.
 *
 * In a browser the page is opened as `http://127.0.0.1:PORT/#token=…`. Before anything else the page takes the token out
 * of the address (`takeLaunchToken`, `history.replaceState`), and exchanges it:
 * `fetch(SESSION_PATH, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token }) })`.
 * 204 sets an HttpOnly, SameSite=Strict cookie that carries every later request. Without a token in the address the page
 * sends `{ "token": null }`: 204 when its cookie still holds (a reload), 401 when it does not. A token is good once; on
 * 401 the page says that this address has been used and to start Chestlight again. Then it opens
 * `new WebSocket(webSocketUrl(location))` for the RPC link, and uses the byte routes as plain relative URLs.
 */
import { z } from 'zod';

/** Relative to the page. POST only. */
export const SESSION_PATH = 'session';

/** Relative to the page: the RPC WebSocket of the browser host. */
export const RPC_PATH = 'rpc';

/** What the page posts to its own window together with one port (Electron). */
export const PORT_REQUEST = 'chestlight:rpc-port';

/** The custom protocol and its only host in Electron: `app://chestlight/`. */
export const APP_SCHEME = 'app';
export const APP_HOST = 'chestlight';
export const APP_ORIGIN = `${APP_SCHEME}://${APP_HOST}`;

/** Body of POST /session. */
export const sessionRequest = z.object({ token: z.string().min(20).max(100).nullable() });

/** The address that the browser host prints for its window: the token never reaches a server log. */
export function launchUrl(port: number, token: string): string {
  return `http://127.0.0.1:${port}/#token=${token}`;
}

/** The token of an address's fragment (`#token=…`), or null. */
export function takeLaunchToken(hash: string): string | null {
  return /^#token=([A-Za-z0-9_-]{20,100})$/.exec(hash)?.[1] ?? null;
}

/** The WebSocket address that belongs to a page served by the browser host. */
export function webSocketUrl(page: { readonly host: string }): string {
  return `ws://${page.host}/${RPC_PATH}`;
}

/** True when the page runs inside Electron. */
export function isElectronPage(page: { readonly protocol: string }): boolean {
  return page.protocol === `${APP_SCHEME}:`;
}

/** Body of every refused byte-route or session request. */
export const errorBody = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    detail: z.record(z.string(), z.unknown()),
  }),
});
export type ErrorBody = z.infer<typeof errorBody>;
