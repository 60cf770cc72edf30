/** @file Cases of the contract of exchange. */
import { writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { z } from 'zod';

import type { exportRequest } from '../../../shared/contract/exchange.ts';
import { trust } from '../../../main/services/library/trusted-signers.ts';
import { changed, contentsOf, signedBundle } from '../../helpers/bundles.ts';
import { owner, person } from './readers.ts';
import { session } from './review.ts';
import { badFilmIds, badRunIds, noRun, take, NOBODY, type At, type Refusal, type Cases } from './case.ts';

type ExportRequest = z.input<typeof exportRequest>;

/** An export that has come to its end. */
async function made(
  { client }: At,
  request: ExportRequest = { what: 'annotations', format: 'json' },
): Promise<string> {
  const { exportId } = await client.exchange.start(request);
  const last = (await take(client.exchange.watch({ exportId }))).at(-1);
  if (last?.state === 'finished') return exportId;
  throw new Error(`the export ended ${last?.state}: ${last?.error?.message}`);
}

/** A session package of the world's own library. */
async function packed(at: At): Promise<{ path: string }> {
  const { token, reviewId } = await session(at.world);
  const exportId = await made(at, { what: 'session', reviewId, token });
  const record = (await at.client.exchange.list({ token })).find(({ id }) => id === exportId);
  return { path: join(record?.folder ?? '', record?.files[0]?.name ?? '') };
}

/** The bundle of the world's finished run. */
async function bundle(at: At): Promise<{ path: string }> {
  const exportId = await made(at, { what: 'bundle', runId: at.world.runId });
  const record = (await at.client.exchange.list({})).find(({ id }) => id === exportId);
  return { path: join(record?.folder ?? '', record?.files[0]?.name ?? '') };
}

let strangers = 0;

/** The same model as somebody else would send it: another run's name on it, another signer. */
export async function takeStranger(at: At) {
  const contents = await contentsOf((await bundle(at)).path);
  const id = `run-${String(++strangers).padStart(16, 'c')}`;
  const other = changed(
    contents,
    'card.json',
    (card) => void Object.assign(card['model'] ?? {}, { runId: id }),
  );
  const path = join(at.world.folder, `${id}.chestlight`);
  writeFileSync(path, signedBundle(other));
  const { token } = await owner(at.world);
  const { signer } = await at.client.exchange.viewBundle({ path });
  return await at.client.exchange.takeModel({ path, token, trust: signer.fingerprint });
}

let tables = 0;

/** Scores of a film of the world by a model that nobody has. */
async function scoreTable({ world }: At): Promise<string> {
  const path = join(world.folder, 'scores.csv');
  await writeFile(path, `file,abnormal\n${world.filmId},0.25\n`);
  return path;
}

const badIds = [{}, { exportId: 7 }, { exportId: '../etc' }];
const noExport: Refusal = { input: () => ({ exportId: 'export-00000000' }), code: 'NOT_FOUND' };

export const exchangeCases: Cases['exchange'] = {
  viewPackage: {
    valid: async (at) => at.client.exchange.viewPackage(await packed(at)),
    bad: [{}, { path: '' }, { path: 7 }],
    refused: [
      { input: () => ({ path: 'relative' }), code: 'BAD_INPUT' },
      { input: ({ folder }) => ({ path: join(folder, 'none') }), code: 'NOT_FOUND' },
      { input: ({ labels }) => ({ path: labels }), code: 'BAD_INPUT' },
    ],
  },
  mergePackage: {
    valid: async (at) => {
      const { token } = await owner(at.world);
      return await at.client.exchange.mergePackage({ token, ...(await packed(at)) });
    },
    bad: [{}, { path: '/x' }, { path: '/x', token: 'x' }],
    refused: [{ input: () => ({ path: '/x', token: 'x'.repeat(43) }), code: 'SIGNED_OUT' }],
  },
  viewBundle: {
    valid: async (at) => at.client.exchange.viewBundle(await bundle(at)),
    bad: [{}, { path: '' }, { path: 7 }],
    refused: [
      { input: () => ({ path: 'relative' }), code: 'BAD_INPUT' },
      { input: ({ folder }) => ({ path: join(folder, 'none') }), code: 'NOT_FOUND' },
      { input: ({ labels }) => ({ path: labels }), code: 'BAD_INPUT' },
    ],
  },
  takeModel: {
    valid: takeStranger,
    bad: [{}, { path: '/x', name: 7 }, { path: '/x', token: 'x' }],
    refused: [
      { input: () => ({ path: '/x', token: 'x'.repeat(43) }), code: 'SIGNED_OUT' },
      {
        input: async (world) => ({ path: world.labels, token: (await owner(world)).token }),
        code: 'BAD_INPUT',
      },
    ],
  },
  takeScores: {
    valid: async (at) => at.client.exchange.takeScores({ path: await scoreTable(at) }),
    bad: [{}, { path: 7 }, { path: '' }, { path: '/x', mapping: 7 }, { path: '/x', token: 'x' }],
    refused: [
      { input: () => ({ path: 'relative' }), code: 'BAD_INPUT' },
      { input: ({ folder }) => ({ path: join(folder, 'none.csv') }), code: 'NOT_FOUND' },
    ],
  },
  removeScores: {
    valid: async (at) => {
      const { modelId } = await at.client.exchange.takeScores({
        path: await scoreTable(at),
        name: `M ${++tables}`,
      });
      return await at.client.exchange.removeScores({ modelId: modelId ?? '' });
    },
    bad: [{}, { modelId: 7 }, { modelId: 'outside-x' }],
    refused: [{ input: () => ({ modelId: 'outside-0000000000000000' }), code: 'NOT_FOUND' }],
  },
  filmScores: {
    valid: ({ client, world }) => client.exchange.filmScores({ filmId: world.filmId }),
    reads: true,
    bad: badFilmIds,
    refused: [],
  },
  modelCard: {
    valid: ({ client, world }) => client.exchange.modelCard({ runId: world.runId }),
    bad: badRunIds,
    refused: [noRun],
  },
  signingKey: { valid: ({ client }) => client.exchange.signingKey({}), reads: true, bad: [], refused: [] },
  signers: { valid: ({ client }) => client.exchange.signers({}), reads: true, bad: [], refused: [] },
  distrust: {
    valid: async ({ client, world }) => {
      trust(world.parts.library, { publicKey: 'AAAA', name: 'Afar', since: 1 });
      const [signer] = await client.exchange.signers({});
      const { token } = await owner(world);
      return await client.exchange.distrust({ token, fingerprint: signer?.fingerprint ?? '' });
    },
    bad: [{}, { token: 1, fingerprint: 'x' }],
    refused: [
      {
        input: async (world) => ({ token: (await owner(world)).token, fingerprint: '0000' }),
        code: 'NOT_FOUND',
      },
      {
        input: async (world) => ({ token: (await person(world)).token, fingerprint: '0000' }),
        code: 'NOT_ALLOWED',
      },
    ],
  },
  sources: { valid: ({ client }) => client.exchange.sources({}), reads: true, bad: [], refused: [] },
  start: {
    valid: async (at) => ({
      exportId: await made(at, {
        what: 'predictions',
        format: 'coco',
        runId: at.world.runId,
        token: (await person(at.world, 'owner')).token, // who reads in none of the world's sessions
      }),
    }),
    bad: [{}, { what: 'films' }, { what: 'annotations', format: 'xls' }, { what: 'predictions', runId: '/' }],
    refused: [
      { input: () => ({ what: 'annotations', folder: 'exports' }), code: 'BAD_INPUT' },
      { input: () => ({ what: 'predictions' }), code: 'BAD_INPUT' },
      { input: () => ({ what: 'predictions', runId: NOBODY.run }), code: 'NOT_FOUND' },
      { input: () => ({ what: 'annotations', reviewId: 'review-00000000' }), code: 'NOT_FOUND' },
      {
        input: async (world) => ({
          what: 'predictions',
          runId: world.runId,
          token: (await session(world)).token,
        }),
        code: 'NOT_ALLOWED',
      },
    ],
  },
  cancel: {
    valid: async (at) => at.client.exchange.cancel({ exportId: await made(at) }),
    bad: badIds,
    refused: [noExport],
  },
  current: {
    valid: async (at) => {
      await made(at);
      return await at.client.exchange.current({});
    },
    bad: [],
    refused: [],
  },
  watch: {
    valid: async (at) => {
      const exportId = await made(at);
      return await take(at.client.exchange.watch({ exportId }));
    },
    bad: badIds,
    refused: [noExport],
  },
  list: {
    valid: async (at) => {
      await made(at);
      return await at.client.exchange.list({});
    },
    bad: [],
    refused: [],
  },
  remove: {
    valid: async (at) => at.client.exchange.remove({ exportId: await made(at) }),
    bad: badIds,
    refused: [noExport],
  },
};
