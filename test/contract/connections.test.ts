/**
 * @file What both transports promise beside the calls: streams that are told live, caught up and let go; the byte route with
 * uploads; defects that keep their inside to themselves; a connection that outlives nonsense.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { DEFECT_MESSAGE } from '../../main/rpc/wire-errors.ts';
import { importWeights } from '../../main/numeric/weights/import-weights.ts';
import { byteRoutes, WEIGHTS_LAYOUTS } from '../../shared/contract/bytes.ts';
import { errorBody } from '../../shared/contract/transport.ts';
import { keptLog } from '../helpers/temp-library.ts';
import { pattern, tinyDicom } from '../helpers/tiny-dicom.ts';
import { take } from './cases/case.ts';
import { openWindows, TRANSPORTS, type Windows } from './windows.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let windows: Windows;

beforeAll(async () => {
  world = await openWorld();
  windows = await openWindows(world);
  return async () => {
    await windows.close();
    await world.close();
  };
});

/** Until the services have seen it: a stream that nobody reads must not stay open. */
const watchers = (path: string, count: number) =>
  expect.poll(() => world.streams.open(path), { timeout: 20_000 }).toBe(count);
const nobodyWatches = (path: string) => watchers(path, 0);

describe.each(TRANSPORTS)('streams over %s', (name) => {
  const open = () => windows.transports[name].connect();
  const rename = (title: string) =>
    windows.connections[name].client.training.rename({ runId: world.runId, name: title });

  it('tell changes in order, and a window that comes back gets what it missed, once', async () => {
    const first = await open();
    const stream = await first.client.training.watch({ afterSeq: 0 });
    const next = stream.next();
    await rename('One');
    const seen = await next;
    if (seen.done === true) throw new Error('the stream ended');
    await first.leave();
    await rename('Two');
    await rename('Three');

    const second = await open();
    const watching = second.client.training.watch({ afterSeq: seen.value.seq });
    const missed = await take(watching, (events) => events.length === 2);
    expect(missed.map(({ seq }) => seq)).toEqual([seen.value.seq + 1, seen.value.seq + 2]);
    expect(missed.at(-1)?.run).toMatchObject({ id: world.runId, name: 'Three' });
    await second.leave();
    await nobodyWatches('training.watch');
  });

  it('end in the services when the window goes away while they wait', async () => {
    const window = await open();
    const stream = await window.client.training.watch({ afterSeq: 0 });
    const next = stream.next().catch(() => undefined);
    await watchers('training.watch', 1);
    await window.leave();
    await nobodyWatches('training.watch');
    await next;
  });

  it('end when the page aborts them, and the connection goes on', async () => {
    const { client } = windows.connections[name];
    const leave = new AbortController();
    const stream = await client.system.watch({}, { signal: leave.signal });
    expect((await stream.next()).done).toBe(false);
    leave.abort();
    await nobodyWatches('system.watch');
    expect(await client.system.status({})).toMatchObject({ libraryName: 'library' });
  });

  it('end when the page stops reading', async () => {
    const { client } = windows.connections[name];
    await take(client.system.watch({}), (events) => events.length === 1);
    await nobodyWatches('system.watch');
  });

  it('end with what they tell about', async () => {
    const { client } = windows.connections[name];
    const answer = await client.library.import({ paths: [world.films], labels: world.labels });
    const events = await take(client.library.watchImport(answer));
    expect(events.at(-1)).toMatchObject({ state: 'finished', summary: { duplicates: 24 } });
    const seqs = events.map(({ seq }) => seq);
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
    await nobodyWatches('library.watchImport');
  });

  it('reach two windows alike', async () => {
    const [a, b] = [await open(), await open()];
    const streams = await Promise.all([a, b].map(({ client }) => client.training.watch({ afterSeq: 0 })));
    const nexts = streams.map((stream) => stream.next());
    await watchers('training.watch', 2);
    await rename('For both');
    const [one, other] = await Promise.all(nexts);
    expect(other).toEqual(one);
    await a.leave();
    await b.leave();
    await nobodyWatches('training.watch');
  });
});

describe.each(TRANSPORTS)('bytes over %s', (name) => {
  const bytes = (path: string, init?: RequestInit) => windows.connections[name].bytes(path, init);
  const code = async (answer: Response) => errorBody.parse(await answer.json()).error.code;

  it('give a film’s stored pixels as the viewer is told them', async () => {
    const { client } = windows.connections[name];
    const image = await client.library.viewerImage({ filmId: world.filmId });
    const answer = await bytes(image.href);
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    const pixels = new Uint16Array(await answer.arrayBuffer());
    expect(pixels).toHaveLength(image.rows * image.cols);
    const expected = pattern(10);
    expect([pixels[0], pixels[25]]).toEqual([expected(0, 0), expected(1, 1)]);
    expect(answer.headers.get('cache-control')).toBe('no-store'); // films stay out of a browser's files
  });

  it.each([
    ['thumbnail', () => byteRoutes.thumbnail(world.filmId)],
    ['input at 28', () => byteRoutes.input(world.filmId, 28)],
    ['first batch', () => byteRoutes.firstBatch(world.runId)],
    ['attention', () => `bytes/run/${world.runId}/attention/${world.filmId}/rollout`],
  ])('give the picture: %s', async (_what, path) => {
    const answer = await bytes(path());
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('image/png');
    const png = Buffer.from(await answer.arrayBuffer());
    expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
    expect(answer.headers.get('content-length')).toBe(String(png.length));
  });

  it.each(WEIGHTS_LAYOUTS)('give the weights of a run in the layout %s', async (layout) => {
    const answer = await bytes(byteRoutes.weights(world.runId, layout));
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(importWeights(new Uint8Array(await answer.arrayBuffer()))).toMatchObject({
      layout,
      config: { variant: 'tiny' },
      hasHeads: true,
    });
  });

  it('give a report that is a document of its own, without scripts', async () => {
    const { client } = windows.connections[name];
    const report = await client.evaluation.report({ runIds: [world.runId] });
    const answer = await bytes(report.href);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'.*sandbox/);
    expect(await answer.text()).toContain('<!doctype html>');
  });

  it('are asked for again only when they changed', async () => {
    const path = byteRoutes.thumbnail(world.filmId);
    const first = await bytes(path);
    await first.arrayBuffer();
    const again = await bytes(path, { headers: { 'if-none-match': first.headers.get('etag') ?? '' } });
    expect(again.status).toBe(304);
    const head = await bytes(path, { method: 'HEAD' });
    expect([head.status, (await head.arrayBuffer()).byteLength]).toEqual([200, 0]);
    expect(head.headers.get('content-length')).toBe(first.headers.get('content-length'));
  });

  it.each([
    ['bytes/film/film-00000000/thumbnail', 404, 'NOT_FOUND'],
    ['bytes/film/film-00000000/frame/0', 404, 'NOT_FOUND'],
    ['bytes/film/film-00000000/preview', 404, 'NOT_FOUND'],
    ['bytes/film/film-00000000/frame/-1', 400, 'BAD_INPUT'],
    ['bytes/film/film-00000000/input/100', 400, 'BAD_INPUT'],
    ['bytes/run/run-00000000/first-batch', 404, 'NOT_FOUND'],
    ['bytes/run/run-00000000/weights/app', 404, 'NOT_FOUND'],
    ['bytes/run/run-00000000/weights/onnx', 400, 'BAD_INPUT'],
    ['bytes/run/run-00000000/attention/film-00000000/guess', 400, 'BAD_INPUT'],
    [`bytes/report/${'0'.repeat(64)}`, 404, 'NOT_FOUND'],
    ['bytes/film/..%2f..%2flibrary.key', 404, 'NOT_FOUND'],
    ['bytes/nothing', 404, 'NOT_FOUND'],
  ])('refuse %s', async (path, status, wanted) => {
    const answer = await bytes(path);
    expect([answer.status, await code(answer)]).toEqual([status, wanted]);
  });

  it('take an upload that an import can name, and no more once it is imported', async () => {
    const { client } = windows.connections[name];
    const id = `upload-${name.toLowerCase()}`;
    const file = `film é ${name}.dcm`;
    const film = tinyDicom({ patientId: name, pixel: pattern(name.length * 100) });
    const send = (path: string, body: Uint8Array) =>
      bytes(byteRoutes.upload(id, path), { method: 'POST', body: Uint8Array.from(body) });
    expect((await send(`a folder/${file}`, film)).status).toBe(201);
    const labels = `file,patient_id,normal_abnormal\n${file},q,normal\n`;
    expect((await send('labels.csv', Buffer.from(labels))).status).toBe(201);

    const preview = await client.library.previewCsv({ path: 'labels.csv', uploadId: id });
    expect(preview).toMatchObject({ rowCount: 1, suggested: { file: 'file' } });
    const answer = await client.library.import({ uploadId: id, labels: 'labels.csv' });
    const events = await take(client.library.watchImport(answer));
    expect(events.at(-1)?.summary).toMatchObject({ imported: 1, skipped: [] });
    const { rows } = await client.library.films({ text: file });
    expect(rows).toMatchObject([{ name: file, abnormal: false }]);
    await expect(client.library.import({ uploadId: id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it.each([
    ['bytes/upload/short/a.dcm', 400],
    ['bytes/upload/UPLOAD-BIG/a.dcm', 400],
    ['bytes/upload/upload-0000/..%2f..%2fa.dcm', 400],
    ['bytes/upload/upload-0000/C:a.dcm', 400],
    ['bytes/upload/upload-0000/', 400],
  ])('refuse to store %s', async (path, status) => {
    const answer = await bytes(path, { method: 'POST', body: 'x' });
    expect([answer.status, await code(answer)]).toEqual([status, 'BAD_INPUT']);
  });
});

describe('both transports', () => {
  it('give the same bytes under the same headers', async () => {
    const paths = [
      byteRoutes.frame(world.filmId, 0),
      byteRoutes.thumbnail(world.filmId),
      byteRoutes.input(world.filmId, 112),
      'bytes/film/film-00000000/thumbnail',
    ];
    const seen = async (path: string, name: (typeof TRANSPORTS)[number]) => {
      const answer = await windows.connections[name].bytes(path);
      const headers = ['content-type', 'cache-control', 'etag', 'x-content-type-options', 'referrer-policy'];
      return {
        status: answer.status,
        headers: headers.map((header) => answer.headers.get(header)),
        body: Buffer.from(await answer.arrayBuffer()).toString('base64'),
      };
    };
    for (const path of paths) expect(await seen(path, 'MessagePort')).toEqual(await seen(path, 'WebSocket'));
  });

  it('serve the same page', async () => {
    const page = readFileSync(join(world.rendererDir, 'index.html'), 'utf8');
    for (const name of TRANSPORTS) {
      expect(await (await windows.connections[name].bytes('')).text()).toBe(page);
    }
  });

  it('tell a defect in the words for defects, and the log the rest', async () => {
    const log = keptLog();
    const doctor = () => {
      throw new Error('inner words');
    };
    const services = { ...world.services, system: { ...world.services.system, doctor } };
    const broken = await openWindows({ ...world, log }, { services });
    for (const name of TRANSPORTS) {
      const call = broken.connections[name].client.system.doctor({});
      await expect(call).rejects.toMatchObject({
        code: 'INTERNAL',
        message: DEFECT_MESSAGE,
        data: { detail: {} },
      });
    }
    await broken.close();
    expect(log.lines.filter((line) => line.includes('inner words'))).toHaveLength(2);
  });

  it('answer an output that the contract does not allow as a defect', async () => {
    const presets = () => [{ preset: 'none of ours' }] as never;
    const services = { ...world.services, training: { ...world.services.training, presets } };
    const broken = await openWindows({ ...world, log: keptLog() }, { services });
    for (const name of TRANSPORTS) {
      const call = broken.connections[name].client.training.presets({ model: 'tiny' });
      await expect(call).rejects.toMatchObject({ code: 'INTERNAL', message: DEFECT_MESSAGE });
    }
    await broken.close();
  });

  it.each(['', 'nonsense', '{"i":', '{}', '[]', '{"i":"900","p":{"u":"/no/such"}}', '{"i":"901","t":4}'])(
    'live on after %j',
    async (nonsense) => {
      for (const name of TRANSPORTS) {
        const window = await windows.transports[name].connect();
        window.sendRaw(nonsense);
        expect(await window.client.system.status({})).toMatchObject({ libraryName: 'library' });
        await window.leave();
      }
    },
  );

  it('close on a message that is too long', async () => {
    for (const name of TRANSPORTS) {
      const window = await windows.transports[name].connect();
      window.sendRaw('x'.repeat(4 * 1024 * 1024 + 1));
      await window.closed;
    }
  });
});
