/** @file Cases of the contract of evaluation. */
import { takeStranger } from './exchange.ts';
import { NOBODY, noRun, badRunIds, take, type Cases } from './case.ts';
import { NO_TOKEN, owner, person } from './readers.ts';

export const evaluationCases: Cases['evaluation'] = {
  measure: {
    valid: async (at) => {
      const { runId } = await takeStranger(at);
      return await take(at.client.evaluation.measure({ runId }));
    },
    bad: [...badRunIds, { runId: NOBODY.run, splitId: 7 }],
    refused: [noRun, { input: ({ runId }) => ({ runId }), code: 'CONFLICT' }],
  },
  outside: { valid: ({ client }) => client.evaluation.outside({}), reads: true, bad: [], refused: [] },
  table: { valid: ({ client }) => client.evaluation.table({}), reads: true, bad: [], refused: [] },
  run: {
    valid: ({ client, world }) => client.evaluation.run({ runId: world.runId }),
    bad: [...badRunIds, { runId: NOBODY.run, part: 'all' }],
    refused: [
      noRun,
      { input: ({ runId }) => ({ runId, part: 'train' }), code: 'BAD_INPUT' },
      { input: async (world) => ({ runId: await world.atWork() }), code: 'CONFLICT' },
    ],
  },
  compare: {
    valid: ({ client, world }) => client.evaluation.compare({ a: world.runId, b: world.otherRunId }),
    reads: true,
    bad: [{ a: NOBODY.run }, { a: NOBODY.run, b: 7 }, { a: NOBODY.run, b: NOBODY.run, part: 'all' }],
    refused: [
      { input: ({ runId }) => ({ a: runId, b: NOBODY.run }), code: 'NOT_FOUND' },
      { input: ({ runId }) => ({ a: runId, b: runId }), code: 'BAD_INPUT' },
      { input: ({ runId, otherRunId }) => ({ a: runId, b: otherRunId, part: 'train' }), code: 'BAD_INPUT' },
      { input: async (world) => ({ a: world.runId, b: await world.atWork() }), code: 'CONFLICT' },
    ],
  },
  localisation: {
    valid: ({ client, world }) => client.evaluation.localisation({ runId: world.runId }),
    bad: [...badRunIds, { runId: NOBODY.run, method: 'guess' }],
    refused: [noRun, { input: ({ runId }) => ({ runId, part: 'train' }), code: 'BAD_INPUT' }],
  },
  cases: {
    valid: ({ client, world }) => client.evaluation.cases({ runId: world.runId, kind: 'worst' }),
    reads: true,
    bad: [
      { runId: NOBODY.run, kind: 'odd' },
      { runId: NOBODY.run, kind: 'best', limit: 101 },
    ],
    refused: [{ input: () => ({ runId: NOBODY.run, kind: 'best' }), code: 'NOT_FOUND' }],
  },
  thresholds: {
    valid: ({ client, world }) => client.evaluation.thresholds({ runId: world.runId }),
    reads: true,
    bad: badRunIds,
    refused: [noRun],
  },
  keepThreshold: {
    valid: async ({ client, world }) =>
      client.evaluation.keepThreshold({
        token: (await owner(world)).token,
        runId: world.runId,
        task: 't2',
        threshold: 0.4,
      }),
    bad: [
      { runId: NOBODY.run, task: 't2', threshold: 0.4 },
      { token: NO_TOKEN, runId: NOBODY.run, task: 't3', threshold: 0.4 },
      { token: NO_TOKEN, runId: NOBODY.run, task: 't2', threshold: 2 },
    ],
    refused: [
      {
        input: ({ runId }) => ({ token: NO_TOKEN, runId, task: 't2', threshold: 0.4 }),
        code: 'SIGNED_OUT',
      },
      {
        input: async (world) => ({
          token: (await person(world)).token,
          runId: world.runId,
          task: 't2',
          threshold: 0.4,
        }),
        code: 'NOT_ALLOWED',
      },
      {
        input: async (world) => ({
          token: (await owner(world)).token,
          runId: world.runId,
          task: 't1:Nothing',
          threshold: null,
        }),
        code: 'BAD_INPUT',
      },
    ],
  },
  report: {
    valid: ({ client, world }) => client.evaluation.report({ runIds: [world.runId] }),
    bad: [{ runIds: 'all' }, { runIds: ['x'] }],
    refused: [{ input: () => ({ runIds: [NOBODY.run] }), code: 'NOT_FOUND' }],
  },
  studyTable: {
    valid: ({ client, world }) => client.evaluation.studyTable({ runIds: [world.runId] }),
    bad: [{ runIds: 'all' }, { withPaper: 'yes' }, { systems: [{ runId: NOBODY.run }] }],
    refused: [
      { input: () => ({ runIds: [NOBODY.run] }), code: 'NOT_FOUND' },
      { input: async (world) => ({ runIds: [await world.atWork()] }), code: 'CONFLICT' },
    ],
  },
  exportStudy: {
    valid: ({ client, world }) => client.evaluation.exportStudy({ runIds: [world.runId], format: 'csv' }),
    bad: [{ runIds: 'all' }, { format: 'doc' }],
    refused: [{ input: () => ({ runIds: [NOBODY.run] }), code: 'NOT_FOUND' }],
  },
};
