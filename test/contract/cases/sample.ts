/** @file Cases of the contract of sample. */
import { expect } from 'vitest';

import { type At, type Cases } from './case.ts';

/** Cancels the study and waits until it has come to rest. */
async function endStudy({ client }: At, studyId: string): Promise<unknown> {
  const answer = await client.sample.cancel({ studyId });
  await expect
    .poll(async () => (await client.sample.current({}))?.state, { timeout: 20_000 })
    .toBe('cancelled');
  return answer;
}

export const sampleCases: Cases['sample'] = {
  run: {
    async valid(at) {
      await at.world.atWork(); // its runs wait behind this one
      const answer = await at.client.sample.run({});
      await endStudy(at, answer.studyId);
      return answer;
    },
    bad: [],
    refused: [],
  },
  current: {
    async valid(at) {
      await at.world.atWork();
      const { studyId } = await at.client.sample.run({});
      const answer = await at.client.sample.current({});
      if (answer?.id !== studyId) throw new Error('the study at work is the current one');
      await endStudy(at, studyId);
      return answer;
    },
    bad: [],
    refused: [],
  },
  cancel: {
    async valid(at) {
      await at.world.atWork();
      const { studyId } = await at.client.sample.run({});
      return await endStudy(at, studyId);
    },
    bad: [{}, { studyId: 1 }],
    refused: [{ input: () => ({ studyId: 'study-00000000' }), code: 'NOT_FOUND' }],
  },
};
