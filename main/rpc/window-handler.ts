/** @file Everything the window fetches: byte routes and the built pages, with security headers. Hosts add their own checks. */
import type { ByteSources } from '../services/app.ts';
import type { Log } from '../services/service-types.ts';
import { BYTES_PREFIX, createBytesHandler } from './bytes.ts';
import { withSecurityHeaders } from './security-headers.ts';
import { createStaticHandler } from './static-files.ts';

export interface WindowHandlerOptions {
  readonly sources: ByteSources;
  /** Folder of the built window. */
  readonly rendererDir: string;
  /** What the page may connect to, as CSP sources. */
  readonly connect: readonly string[];
  readonly log: Log;
}

export function createWindowHandler(options: WindowHandlerOptions): (request: Request) => Promise<Response> {
  const bytes = createBytesHandler(options.sources, options.log);
  const pages = createStaticHandler(options.rendererDir);
  return async (request) => {
    const isBytes = new URL(request.url).pathname.startsWith(BYTES_PREFIX);
    return withSecurityHeaders(await (isBytes ? bytes(request) : pages(request)), options.connect);
  };
}
