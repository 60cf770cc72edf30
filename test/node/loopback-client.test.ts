/** @file A program that connects to a running app: every way in which the app does not take it, told apart. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { expect, it, onTestFinished } from 'vitest';

import { connectLoopback } from '../../main/node/loopback-client.ts';
import { startLoopback, type LoopbackOptions } from '../../main/node/loopback-server.ts';
import { beginEncryption } from '../../main/services/library/encryption.ts';
import { writeReport } from '../../main/services/evaluation/report/write-report.ts';
import { byteRoutes } from '../../shared/contract/bytes.ts';
import { launchUrl } from '../../shared/contract/transport.ts';
import { openTestApp } from '../helpers/open-app.ts';
import { tempFolder } from '../helpers/temp-library.ts';

const TOKEN = 'a-token-that-nobody-gave-out';

async function openServer(limits: LoopbackOptions['limits'] = {}) {
  const { app, log } = await openTestApp();
  const server = await startLoopback({ app, rendererDir: tempFolder(), log, clock: Date, limits });
  onTestFinished(() => server.close());
  return server;
}

const refusal = (url: string) => connectLoopback(url).catch((error: unknown) => error);

it('takes an address once, and tells when the app goes', async () => {
  const server = await openServer();
  const url = server.url();
  const connection = await connectLoopback(url);
  expect(await connection.client.sample.current({})).toBeNull();
  expect(await refusal(url)).toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('used before') as string,
  });
  expect(connection.ended.aborted).toBe(false);
  const ended = new Promise((resolve) => connection.ended.addEventListener('abort', resolve));
  await server.close();
  await ended;
});

it('gives what the library keeps under an address, opened where it is sealed, and says when there is nothing', async () => {
  const dir = join(tempFolder(), 'library');
  await beginEncryption(dir, 'Lunge Herz Rippe Zwerchfell', { clock: Date });
  const { app, library, log } = await openTestApp({ dir, secret: 'Lunge Herz Rippe Zwerchfell' });
  const server = await startLoopback({ app, rendererDir: tempFolder(), log, clock: Date });
  onTestFinished(() => server.close());
  const { href, path } = await writeReport(library.files, '<!doctype html>as written');
  const connection = await connectLoopback(server.url());
  expect(path).toBeNull();
  expect(Buffer.from(await connection.bytes(href)).toString()).toBe('<!doctype html>as written');
  await expect(connection.bytes(byteRoutes.report('0'.repeat(64)))).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining('no such report') as string,
  });
});

it('tells too many attempts from an address that was used', async () => {
  const server = await openServer({ sessions: { perSecond: 0.001, burst: 1 } });
  (await connectLoopback(server.url())).close();
  expect(await refusal(server.url())).toMatchObject({
    code: 'BUSY',
    message: expect.stringContaining('try again') as string,
  });
});

it('says when nobody answers, when somebody else does, and when the address is not whole', async () => {
  const other = createServer((_, answer) => answer.writeHead(500).end('no'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  expect(await refusal(launchUrl(port, TOKEN))).toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('(500)') as string,
  });
  await new Promise((resolve) => other.close(resolve));
  expect(await refusal(launchUrl(port, TOKEN))).toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining(`127.0.0.1:${port}`) as string,
  });
  for (const url of ['', 'chestlight', `http://127.0.0.1:${port}/`]) {
    expect(await refusal(url)).toMatchObject({ code: 'BAD_INPUT' });
  }
});
