/** @file Cases of the contract of studies. */
import { take, NOBODY, type At, type Refusal, type Cases } from './case.ts';

/** Two cells that wait behind the run at work. */
const planned = {
  name: 'Plan',
  models: ['tiny' as const],
  systems: [{ name: 'none', title: 'No distillation', method: 'none' as const }],
  resolutions: [28 as const, 56 as const],
  preset: 'quick' as const,
  recipe: { epochs: 1, batch: 4 },
};
const CELL = 'none-tiny-56-1';

/** What `use` makes of a study under way; afterwards there is none. */
async function withStudy<Answer>(
  { client, world }: At,
  use: (studyId: string) => Promise<Answer>,
): Promise<Answer> {
  await world.atWork();
  const { studyId } = await client.studies.start(planned);
  try {
    return await use(studyId);
  } finally {
    for (const study of await client.studies.list({})) {
      if (study.state === 'running') await client.studies.pause({ studyId: study.id });
      await client.studies.remove({ studyId: study.id });
    }
  }
}

const badStudyIds = [{}, { studyId: 7 }, { studyId: '../etc' }];
const noStudy: Refusal = { input: () => ({ studyId: 'study-00000000' }), code: 'NOT_FOUND' };
const noCell: Refusal = { input: () => ({ studyId: 'study-00000000', key: CELL }), code: 'NOT_FOUND' };

export const studiesCases: Cases['studies'] = {
  estimate: {
    valid: ({ client }) => client.studies.estimate(planned),
    bad: [
      {},
      { ...planned, systems: [] },
      { ...planned, resolutions: [224] },
      { ...planned, seeds: [0.5] },
      { ...planned, systems: [{ name: 'teacher', title: 'T', method: 'none' }] },
    ],
    refused: [],
  },
  start: {
    valid: (at) => withStudy(at, (studyId) => Promise.resolve({ studyId })),
    bad: [{}, { ...planned, models: [] }, { ...planned, preset: 'slow' }],
    refused: [
      { input: () => ({ ...planned, without: ['none-base-28-1'] }), code: 'BAD_INPUT' },
      { input: () => ({ ...planned, resolutions: [28, 28] }), code: 'BAD_INPUT' },
      { input: () => ({ ...planned, splitId: NOBODY.split }), code: 'NOT_FOUND' },
      { input: () => ({ ...planned, labelSet: 'vindr-22' }), code: 'UNKNOWN_LABELS' },
    ],
  },
  list: { valid: (at) => withStudy(at, () => at.client.studies.list({})), bad: [], refused: [] },
  watch: {
    valid: (at) =>
      withStudy(at, (studyId) => take(at.client.studies.watch({ studyId }), (seen) => seen.length > 0)),
    bad: badStudyIds,
    refused: [noStudy],
  },
  pause: {
    valid: (at) => withStudy(at, (studyId) => at.client.studies.pause({ studyId })),
    bad: badStudyIds,
    refused: [noStudy],
  },
  resume: {
    valid: (at) =>
      withStudy(at, async (studyId) => {
        await at.client.studies.pause({ studyId });
        return await at.client.studies.resume({ studyId });
      }),
    bad: badStudyIds,
    refused: [noStudy],
  },
  reorder: {
    valid: (at) => withStudy(at, (studyId) => at.client.studies.reorder({ studyId, keys: [CELL] })),
    bad: [...badStudyIds, { studyId: 'study-00000000', keys: CELL }],
    refused: [{ input: () => ({ studyId: 'study-00000000', keys: [CELL] }), code: 'NOT_FOUND' }],
  },
  leaveOut: {
    valid: (at) => withStudy(at, (studyId) => at.client.studies.leaveOut({ studyId, key: CELL })),
    bad: [...badStudyIds, { studyId: 'study-00000000', key: '' }],
    refused: [noCell],
  },
  takeIn: {
    valid: (at) => withStudy(at, (studyId) => at.client.studies.takeIn({ studyId, key: CELL })),
    bad: badStudyIds,
    refused: [noCell],
  },
  remove: {
    valid: (at) =>
      withStudy(at, async (studyId) => {
        await at.client.studies.pause({ studyId });
        return await at.client.studies.remove({ studyId });
      }),
    bad: badStudyIds,
    refused: [noStudy],
  },
};
