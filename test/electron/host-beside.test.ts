/** @file The app in a Node beside the shell: calls, streams and bytes pass through, its end is told, refusals keep their words. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MessageChannel } from 'node:worker_threads';

import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import { onTestFinished, expect, it } from 'vitest';

import type { AppHost } from '../../main/electron/app-host.ts';
import { openBeside } from '../../main/electron/host-beside.ts';
import { asRpcPort } from '../../main/electron/node-port.ts';
import type { ContractClient } from '../../shared/contract/index.ts';
import { keptLog, tempFolder } from '../helpers/temp-library.ts';
import { tinyDicom } from '../helpers/tiny-dicom.ts';

const program = resolve(import.meta.dirname, '../../main/electron/beside-main.ts');

function open(libraryDir: string): Promise<AppHost> {
  const rendererDir = join(libraryDir, '..', 'renderer');
  return openBeside({ node: process.execPath, program, libraryDir, rendererDir, log: keptLog() });
}

function clientOf(host: AppHost): { client: ContractClient; leave: () => void } {
  const { port1, port2 } = new MessageChannel();
  host.connect(asRpcPort(port2));
  return { client: createORPCClient(new RPCLink({ port: port1 })), leave: () => port1.close() };
}

const upload = (path: string, body: Uint8Array) =>
  new Request(`app://chestlight/bytes/upload/upload-beside/${path}`, {
    method: 'POST',
    body: new Blob([Uint8Array.from(body)]).stream(),
    duplex: 'half',
  } as RequestInit);

it('passes calls, streams, uploads and pictures through, and closes the library', async () => {
  const libraryDir = join(tempFolder(), 'library');
  const host = await open(libraryDir);
  onTestFinished(() => host.close());
  const { client, leave } = clientOf(host);
  onTestFinished(leave);

  const sent = await host.bytes(upload('one film.dcm', tinyDicom({ patientId: 'A' })));
  expect(sent.status).toBe(201);
  const { importId } = await client.library.import({ uploadId: 'upload-beside' });
  let state = '';
  for await (const event of await client.library.watchImport({ importId })) state = event.state;
  expect(state).toBe('finished');

  const { rows } = await client.library.films({});
  expect(rows).toHaveLength(1);
  const thumbnail = await host.bytes(new Request(`app://chestlight/bytes/film/${rows[0]?.id}/thumbnail`));
  expect(thumbnail.headers.get('content-type')).toBe('image/png');
  const png = Buffer.from(await thumbnail.arrayBuffer());
  expect(png.subarray(1, 4).toString('latin1')).toBe('PNG');
  const refused = await host.bytes(new Request('app://chestlight/bytes/film/film-00000000/thumbnail'));
  expect(refused.status).toBe(404);
  await expect(client.library.film({ filmId: 'film-00000000' })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });

  await host.close();
  await host.close();
  // The lock is free again: a second app may write.
  const again = await open(libraryDir);
  onTestFinished(() => again.close());
  const second = clientOf(again);
  onTestFinished(second.leave);
  expect(await second.client.library.overview({})).toMatchObject({ films: 1, readOnly: false });
});

it('tells when the app ends by itself, and its ports close', async () => {
  const script = join(tempFolder(), 'dies.mjs');
  writeFileSync(
    script,
    `import { createServer } from 'node:http';
     const server = createServer((request, answer) => {
       if (request.method !== 'POST') process.exit(7);
       answer.writeHead(204, { 'set-cookie': 'c=1; HttpOnly' }).end();
     }).listen(0, '127.0.0.1', () => {
       console.error(JSON.stringify({ level: 50, time: 1, pid: 2, hostname: 'h', code: 'E', msg: 'a fault' }));
       console.error('plain words');
       const url = 'http://127.0.0.1:' + server.address().port + '/#token=' + 'x'.repeat(43);
       console.log(JSON.stringify({ url }));
     });`,
  );
  const log = keptLog();
  const dir = tempFolder();
  const host = await openBeside({
    node: process.execPath,
    program: script,
    libraryDir: dir,
    rendererDir: dir,
    log,
  });
  const { port1, port2 } = new MessageChannel();
  const closed = new Promise((settle) => port1.once('close', settle));
  host.connect(asRpcPort(port2)); // the request for the socket ends the process
  expect(await host.ended).toBe('it ended with code 7');
  await closed;
  // its log's lines are lines of ours, with their fields; anything else is told as it came
  expect(log.lines.slice(0, 2)).toEqual([
    'a fault {"code":"E"}',
    'the app beside the window {"line":"plain words"}',
  ]);
});

it('refuses in the words of the app', async () => {
  const libraryDir = join(tempFolder(), 'library');
  mkdirSync(libraryDir);
  writeFileSync(join(libraryDir, 'library.db'), 'not a database, but long enough to be looked at');
  await expect(open(libraryDir)).rejects.toMatchObject({
    code: 'WORKER_CRASHED',
    message: expect.stringContaining('restore library.key') as unknown,
  });
});

it('ends with the shell', async () => {
  const libraryDir = join(tempFolder(), 'library');
  const { spawn } = await import('node:child_process');
  const child = spawn(process.execPath, [program, '--library', libraryDir], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  await new Promise((settle) => child.stdout?.once('data', settle));
  const ended = new Promise((settle) => child.once('exit', settle));
  child.disconnect();
  expect(await ended).toBe(0);
});
