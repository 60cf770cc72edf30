/**
 * @file Everything the window fetches in Electron, at `app://chestlight/`: the built pages and the byte route, from the
 * handlers that the browser host uses, with the same headers. main.ts registers scheme and handler.
 */
import { APP_HOST, APP_ORIGIN, APP_SCHEME } from '../../shared/contract/transport.ts';
import { BYTES_PREFIX } from '../rpc/bytes.ts';
import { errorResponse, refuse } from '../rpc/http-errors.ts';
import { withSecurityHeaders } from '../rpc/security-headers.ts';
import { createStaticHandler } from '../rpc/static-files.ts';
import type { Log } from '../services/service-types.ts';

/** To be registered before Electron is ready. `stream`: uploads and films are not gathered in memory. */
export const APP_SCHEME_PRIVILEGES = {
  scheme: APP_SCHEME,
  privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true },
} as const;

/** The page the window opens. */
export const WINDOW_URL = `${APP_ORIGIN}/`;

/** A request as `protocol.handle` gives it. */
export type AppRequest = Request & {
  /** Who asks, told by the browser and not by the page; absent when the browser itself does. */
  readonly initiatorOrigin?: string | null;
};

export interface AppProtocolOptions {
  readonly bytes: (request: Request) => Promise<Response>;
  /** Folder of the built window. */
  readonly rendererDir: string;
  readonly log: Log;
}

/** What the page may connect to: its own origin. RPC goes through a port, which needs no address. */
const CONNECT = [`'self'`] as const;

export function createAppHandler(options: AppProtocolOptions): (request: AppRequest) => Promise<Response> {
  const pages = createStaticHandler(options.rendererDir);
  return async (request) => {
    const { protocol, host, pathname } = new URL(request.url);
    if (protocol !== `${APP_SCHEME}:` || host !== APP_HOST || !isOurs(request)) {
      return withSecurityHeaders(refuse(403, 'FORBIDDEN', 'This address is not served here.'), CONNECT);
    }
    try {
      const answer = await (pathname.startsWith(BYTES_PREFIX) ? options.bytes(request) : pages(request));
      return withSecurityHeaders(answer, CONNECT);
    } catch (error) {
      return withSecurityHeaders(errorResponse(error, 'app', options.log), CONNECT);
    }
  };
}

/** The window's own page, or the browser on its way to it; a report in its frame has an origin of its own and gets nothing. */
function isOurs({ initiatorOrigin }: AppRequest): boolean {
  return initiatorOrigin === undefined || initiatorOrigin === APP_ORIGIN;
}
