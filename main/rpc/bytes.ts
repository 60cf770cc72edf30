/** @file The byte route of shared/contract/bytes.ts as one fetch-style handler; both hosts serve it behind their own checks. */
import { createHash } from 'node:crypto';

import { WEIGHTS_LAYOUTS, type WeightsLayout } from '../../shared/contract/bytes.ts';
import { ATTENTION_METHODS, figureFormat } from '../../shared/contract/inference.ts';
import { ID_PATTERN, type ExportId, type FilmId, type RunId } from '../../shared/domain/ids.ts';
import { RESOLUTIONS } from '../../shared/domain/recipe.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import type { AttentionQuery, ByteAnswer, ByteSources } from '../services/app.ts';
import type { Log } from '../services/service-types.ts';
import { safeSegments } from './confined-path.ts';
import { errorResponse, refuse } from './http-errors.ts';
import { REPORT_POLICY } from './security-headers.ts';

export type BytesHandler = (request: Request) => Promise<Response>;

/** Every address below this belongs to the byte route. */
export const BYTES_PREFIX = '/bytes/';

const UPLOAD_ID = /^[a-z0-9][a-z0-9-]{7,63}$/;

/** Answers requests whose path starts with `/bytes/`; the caller has checked session and origin. */
export function createBytesHandler(sources: ByteSources, log: Log): BytesHandler {
  return async (request) => {
    const url = new URL(request.url);
    const [, , kind = '', ...rest] = url.pathname.split('/');
    try {
      if (kind === 'upload') return await upload(sources, request, rest);
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        return refuse(405, 'BAD_INPUT', 'This address can only be read.');
      }
      const answer = await read(sources, kind, rest, url.searchParams);
      return answer === null ? notFound() : send(request, answer);
    } catch (error) {
      return errorResponse(error, `bytes/${kind}`, log);
    }
  };
}

function notFound(): Response {
  return refuse(404, 'NOT_FOUND', 'There is nothing at this address.');
}

/** The bytes that the path names, or null when the path has no such shape. */
async function read(
  sources: ByteSources,
  kind: string,
  rest: readonly string[],
  query: URLSearchParams,
): Promise<ByteAnswer | null> {
  const [id = '', what = '', third = '', fourth = '', ...more] = rest;
  if (more.length > 0) return null;
  if (kind === 'support') return id === 'bundle' && what === '' ? sources.support() : null;
  if (kind === 'report') return /^[0-9a-f]{64}$/.test(id) && what === '' ? sources.report(id) : null;
  if (kind === 'figure') {
    const [, sha256 = '', ending] = /^([0-9a-f]{64})\.([a-z]{3})$/.exec(id) ?? [];
    const format = figureFormat.safeParse(ending);
    return format.success && what === '' ? sources.figure(sha256, format.data) : null;
  }
  if (!ID_PATTERN.test(id) || id.length > 64) return null;
  if (kind === 'export' && third === '' && /^[\w.-]{1,200}$/.test(what))
    return sources.export(id as ExportId, what);
  if (kind === 'film') {
    const film = id as FilmId;
    if (what === 'overlay' && fourth !== '') {
      return sources.overlay(film, wholeNumber(third, 'frame'), wholeNumber(fourth, 'plane'));
    }
    if (fourth !== '') return null;
    if (what === 'thumbnail' && third === '') return sources.thumbnail(film);
    if (what === 'preview' && third === '') return sources.preview(film);
    if (what === 'frame') return sources.frame(film, wholeNumber(third, 'frame'));
    if (what === 'colour') return sources.colour(film, wholeNumber(third, 'frame'));
    if (what === 'input') return sources.input(film, resolutionOf(third));
  }
  if (kind === 'run') {
    const run = id as RunId;
    if (what === 'first-batch' && third === '') return sources.firstBatch(run);
    if (what === 'weights' && fourth === '') return sources.weights(run, layoutOf(third));
    if (what === 'attention' && ID_PATTERN.test(third) && fourth !== '') {
      return sources.attention(run, third as FilmId, attentionQuery(fourth, query));
    }
  }
  return null;
}

function layoutOf(text: string): WeightsLayout {
  const layout = WEIGHTS_LAYOUTS.find((one) => one === text);
  if (layout !== undefined) return layout;
  throw new ServiceError('BAD_INPUT', `The layout must be one of ${WEIGHTS_LAYOUTS.join(', ')}.`, {
    layout: text,
  });
}

function wholeNumber(text: string, name: string): number {
  if (!/^\d{1,6}$/.test(text)) {
    throw new ServiceError('BAD_INPUT', `The ${name} number must be a whole number from 0.`, {
      [name]: text,
    });
  }
  return Number(text);
}

function resolutionOf(text: string): number {
  const value = wholeNumber(text, 'resolution');
  if (!(RESOLUTIONS as readonly number[]).includes(value)) {
    throw new ServiceError('BAD_INPUT', `The resolution must be one of ${RESOLUTIONS.join(', ')}.`, {
      resolution: value,
    });
  }
  return value;
}

function attentionQuery(method: string, query: URLSearchParams): AttentionQuery {
  const known = ATTENTION_METHODS.find((name) => name === method);
  if (known === undefined) {
    throw new ServiceError(
      'BAD_INPUT',
      `The attention method must be one of ${ATTENTION_METHODS.join(', ')}.`,
      { method },
    );
  }
  const head = query.get('head');
  return {
    method: known,
    head: head === null || head === '' ? null : wholeNumber(head, 'head'),
    target: query.get('target')?.slice(0, 80) ?? null,
  };
}

const CACHE_CONTROL: Readonly<Record<ByteAnswer['keep'], string>> = {
  'for good': 'private, max-age=31536000, immutable',
  'ask again': 'private, no-cache',
  never: 'no-store',
};

function send(request: Request, { bytes, contentType, keep }: ByteAnswer): Response {
  const headers: Record<string, string> = {
    'content-type': contentType,
    'cache-control': CACHE_CONTROL[keep],
  };
  if (contentType.startsWith('text/html')) headers['content-security-policy'] = REPORT_POLICY;
  if (keep !== 'never') {
    const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
    headers['etag'] = etag;
    if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers });
  }
  headers['content-length'] = String(bytes.byteLength);
  const body = request.method === 'HEAD' ? null : withOwnBuffer(bytes);
  return new Response(body, { status: 200, headers });
}

/** What a Response takes: copied only where the memory is shared between threads. */
function withOwnBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(bytes);
}

async function upload(sources: ByteSources, request: Request, rest: readonly string[]): Promise<Response> {
  if (request.method !== 'POST') return refuse(405, 'BAD_INPUT', 'Files are uploaded with POST.');
  const [uploadId = '', ...pathParts] = rest;
  if (!UPLOAD_ID.test(uploadId)) {
    return refuse(400, 'BAD_INPUT', 'The upload id must be 8 to 64 lower-case letters, digits and dashes.');
  }
  const segments = safeSegments(pathParts.join('/'));
  if (segments === null) {
    return refuse(400, 'BAD_INPUT', 'The file name cannot be stored safely: use a plain relative name.');
  }
  const declared = request.headers.get('content-length');
  const body: AsyncIterable<Uint8Array> = request.body ?? new Blob([]).stream();
  await sources.upload(uploadId, segments.join('/'), body, declared === null ? null : Number(declared));
  return new Response(null, { status: 201, headers: { 'cache-control': 'no-store' } });
}
