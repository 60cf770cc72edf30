/** @file Cases of the contract of training. */
import { randomUUID } from 'node:crypto';

import { vitConfig } from '../../../main/numeric/vit/config.ts';
import { initParameters } from '../../../main/numeric/vit/init.ts';
import { exportWeights } from '../../../main/numeric/weights/export-weights.ts';
import { importStart } from '../../../main/services/training/start-weights.ts';
import { NOBODY, noRun, badRunIds, waiting, type At, type Cases } from './case.ts';
import { session } from './review.ts';

/** A run that waits, for the one case that asks for it. */
async function queued({ client, world }: At): Promise<{ readonly runId: string }> {
  await world.atWork();
  return await client.training.start(waiting);
}

const stateOf = async ({ client }: At, runId: string) => (await client.training.run({ runId })).state;

function expectState(state: string, wanted: string): void {
  if (state !== wanted) throw new Error(`the run is ${state}, not ${wanted}`);
}

export const trainingCases: Cases['training'] = {
  presets: {
    valid: ({ client }) => client.training.presets({ model: 'small' }),
    reads: true,
    bad: [{}, { model: 'huge' }],
    refused: [],
  },
  importStart: {
    async valid({ client, world }) {
      const vit = vitConfig('tiny', { t1Units: 1 });
      const bytes = exportWeights(initParameters(vit, 1), vit, 'timm');
      const uploadId = `up-${randomUUID()}`;
      const body = (async function* () {
        yield await Promise.resolve(bytes);
      })();
      await world.parts.library.files.uploads.save(uploadId, 'start.safetensors', body, bytes.length);
      return await client.training.importStart({ uploadId, file: 'start.safetensors', title: 'A start' });
    },
    bad: [
      {},
      { uploadId: 'up-00000000', file: '', title: 'T' },
      { uploadId: 'up-00000000', file: 'a', title: 'T'.repeat(121) },
    ],
    refused: [
      {
        input: () => ({ uploadId: 'up-00000000', file: 'start.safetensors', title: 'T' }),
        code: 'NOT_FOUND',
      },
      {
        input: () => ({ uploadId: 'up-00000000', file: 'pytorch_model.bin', title: 'T' }),
        code: 'INCOMPATIBLE',
      },
    ],
  },
  removeStart: {
    async valid({ client, world }) {
      const vit = vitConfig('tiny', { t1Units: 1 });
      const bytes = exportWeights(initParameters(vit, 2), vit, 'timm');
      const about = { title: 'To go', licence: '' };
      const { id } = await importStart(world.parts.library, Date, bytes, about);
      return await client.training.removeStart({ id });
    },
    bad: [{}, { id: 'x'.repeat(65) }],
    refused: [
      { input: () => ({ id: 'start-0123456789abcdef' }), code: 'NOT_FOUND' },
      { input: () => ({ id: 'bundled-vit-tiny-cxr' }), code: 'CONFLICT' },
    ],
  },
  starts: {
    valid: ({ client }) => client.training.starts({ model: 'tiny' }),
    reads: true,
    bad: [{ model: null }],
    refused: [],
  },
  estimate: {
    valid: ({ client }) => client.training.estimate(waiting),
    bad: [{}, { ...waiting, resolution: 100 }, { ...waiting, recipe: { epochs: 0 } }],
    refused: [],
  },
  start: {
    async valid(at) {
      const answer = await queued(at);
      expectState(await stateOf(at, answer.runId), 'queued');
      await at.client.training.cancel(answer);
      return answer;
    },
    bad: [{}, { ...waiting, method: 'magic' }, { ...waiting, loss: { alpha: -1 } }, { ...waiting, seed: -1 }],
    refused: [
      { input: () => ({ ...waiting, method: 'mlcak' }), code: 'BAD_INPUT' },
      { input: () => ({ ...waiting, splitId: NOBODY.split }), code: 'NOT_FOUND' },
      { input: () => ({ ...waiting, findings: ['Nothing of the kind'] }), code: 'UNKNOWN_LABELS' },
      { input: () => ({ ...waiting, init: '/no/such.safetensors' }), code: 'UNREADABLE_FILE' },
    ],
  },
  pause: {
    async valid(at) {
      const run = await queued(at);
      const answer = await at.client.training.pause(run);
      expectState(await stateOf(at, run.runId), 'paused');
      await at.client.training.cancel(run);
      return answer;
    },
    bad: badRunIds,
    refused: [noRun, { input: ({ runId }) => ({ runId }), code: 'CONFLICT' }],
  },
  resume: {
    async valid(at) {
      const run = await queued(at);
      await at.client.training.pause(run);
      const answer = await at.client.training.resume(run);
      expectState(await stateOf(at, run.runId), 'queued');
      await at.client.training.cancel(run);
      return answer;
    },
    bad: badRunIds,
    refused: [noRun, { input: ({ runId }) => ({ runId }), code: 'CONFLICT' }],
  },
  stopKeepBest: {
    valid: async ({ client, world }) => client.training.stopKeepBest({ runId: await world.atWork() }),
    bad: badRunIds,
    refused: [{ input: ({ runId }) => ({ runId }), code: 'CONFLICT' }],
  },
  cancel: {
    async valid(at) {
      const run = await queued(at);
      const answer = await at.client.training.cancel(run);
      expectState(await stateOf(at, run.runId), 'cancelled');
      return answer;
    },
    bad: badRunIds,
    refused: [noRun, { input: ({ runId }) => ({ runId }), code: 'CONFLICT' }],
  },
  remove: {
    async valid(at) {
      const run = await queued(at);
      await at.client.training.cancel(run);
      return await at.client.training.remove(run);
    },
    bad: badRunIds,
    refused: [
      {
        input: async (world) => {
          await session(world);
          return { runId: world.runId };
        },
        code: 'CONFLICT',
      },
      noRun,
    ],
  },
  rename: {
    async valid({ client, world }) {
      const answer = await client.training.rename({ runId: world.runId, name: 'Done again' });
      await client.training.rename({ runId: world.runId, name: 'Done' });
      return answer;
    },
    bad: [...badRunIds, { runId: NOBODY.run, name: '' }, { runId: NOBODY.run, name: 'x'.repeat(81) }],
    refused: [{ input: () => ({ runId: NOBODY.run, name: 'x' }), code: 'NOT_FOUND' }],
  },
  runs: { valid: ({ client }) => client.training.runs({}), bad: [], refused: [] },
  run: {
    valid: ({ client, world }) => client.training.run({ runId: world.runId }),
    reads: true,
    bad: badRunIds,
    refused: [noRun],
  },
  watch: {
    async valid({ client, world }) {
      const leave = new AbortController();
      const stream = await client.training.watch({ afterSeq: 0 }, { signal: leave.signal });
      const first = stream.next();
      await client.training.rename({ runId: world.runId, name: 'Done' });
      const { value } = await first;
      leave.abort();
      return [value];
    },
    bad: [{ afterSeq: 'all' }, { afterSeq: 0.5 }],
    refused: [],
  },
  dropKnowledge: {
    valid: ({ client, world }) => client.training.dropKnowledge({ key: world.knowledgeKey() }),
    bad: [{ key: 7 }],
    refused: [{ input: () => ({ key: 'none' }), code: 'NOT_FOUND' }],
  },
  knowledge: { valid: ({ client }) => client.training.knowledge({}), reads: true, bad: [], refused: [] },
};
