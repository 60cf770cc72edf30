/** @file Serves the built window (dist/renderer) and nothing outside it; both hosts use it. */
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';

import { existingBelow, safeSegments } from './confined-path.ts';
import { refuse } from './http-errors.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};

/** Answers GET and HEAD with files below `root`; `/` is index.html. Types outside the table are not served. */
export function createStaticHandler(root: string): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return refuse(405, 'BAD_INPUT', 'This address can only be read.');
    }
    const pathname = new URL(request.url).pathname;
    const segments = safeSegments(pathname === '/' ? 'index.html' : pathname.slice(1));
    const type = TYPES[extname(segments?.at(-1) ?? '').toLowerCase()];
    const file = segments === null || type === undefined ? null : await existingBelow(root, segments);
    if (file === null || type === undefined) {
      return pathname === '/'
        ? refuse(503, 'NOT_FOUND', 'The window has not been built yet. Run `npm start` once: it builds it.')
        : refuse(404, 'NOT_FOUND', 'There is nothing at this address.');
    }
    const bytes = await readFile(file);
    // Vite puts a content hash into every name under assets/.
    const hashed = segments?.[0] === 'assets';
    const headers = {
      'content-type': type,
      'content-length': String(bytes.byteLength),
      'cache-control': hashed ? 'private, max-age=31536000, immutable' : 'no-cache',
    };
    return new Response(request.method === 'HEAD' ? null : new Uint8Array(bytes), { status: 200, headers });
  };
}
