/** @file A run that learns the labels of a review: its findings, its targets, its hash. */
import { expect, it } from 'vitest';

import { configHash, fillRequest } from '../../../main/services/training/run-config.ts';
import { requestOf } from '../../../main/services/training/training-service.ts';
import { reviewPlan } from '../../../shared/contract/review.ts';
import { labelVersionRequest } from '../../../shared/contract/label-version.ts';
import type { LabelVersionId, ReaderId, ReviewId } from '../../../shared/domain/ids.ts';
import { addFilms } from '../../helpers/synthetic-rows.ts';
import { tempLibrary, testClock } from '../../helpers/temp-library.ts';

const VERSION = 'labels-000000000001' as LabelVersionId;
const READER = 'reader-000000000001' as ReaderId;
const REVIEW = 'review-000000000001' as ReviewId;

async function openReviewed() {
  const { library } = await tempLibrary();
  const { store } = library;
  const films = addFilms(
    store,
    Array.from({ length: 60 }, (_, patient) => ({
      patient,
      abnormal: patient % 2 === 1,
      labels: { Edema: patient % 2 === 1 },
    })),
  );
  store.readers.add({ id: READER, name: 'Olga', role: 'owner', pinHash: null, createdAt: 1 });
  const plan = reviewPlan.parse({
    findings: ['Edema', 'Hernia'],
    questions: [],
    blinding: 'hidden',
    runId: null,
    timed: false,
    seed: 1,
  });
  store.reviews.begin({ id: REVIEW, name: 'Round', plan, createdAt: 1 }, new Map([[READER, films]]));
  const labels = new Map(
    films.map((film, index) => [
      film,
      {
        labels: new Map([['Hernia', index % 3 === 0 ? (1 as const) : (0 as const)]]),
        abnormal: undefined,
        boxes: [],
      },
    ]),
  );
  const request = labelVersionRequest.parse({ name: 'Reviewed' });
  store.labelVersions.add(
    { id: VERSION, name: 'Reviewed', reviewId: REVIEW, request, madeBy: READER, createdAt: 1 },
    labels,
  );
  return { library, films };
}

const teacher = { method: 'teacher', model: 'tiny', resolution: 224, preset: 'quick' } as const;

it('learns findings that only the review knows, beside the imported ones', async () => {
  const { library, films } = await openReviewed();
  const asked = requestOf({ ...teacher, labelVersionId: VERSION });
  const reviewed = await fillRequest(library, testClock(), asked);
  expect(reviewed.config.findings).toEqual(['Edema', 'Hernia']);
  expect(reviewed.config.labelVersionId).toBe(VERSION);
  const third = reviewed.films.find(({ filmId }) => filmId === films[3]);
  expect(third).toMatchObject({ labels: [1, 1], abnormal: 1, targets: { t1: [1, 1], t2: 1 } });
  const imported = await fillRequest(library, testClock(), requestOf(teacher));
  expect(imported.config.findings).toEqual(['Edema']);
});

it('is another run by its hash; one without a version has the hash that it always had', async () => {
  const { library } = await openReviewed();
  const { config } = await fillRequest(library, testClock(), requestOf(teacher));
  const { labelVersionId, ...before } = config;
  expect(labelVersionId).toBeNull();
  expect(configHash(before as typeof config)).toBe(configHash(config));
  expect(configHash({ ...config, labelVersionId: VERSION })).not.toBe(configHash(config));
});

it('is refused with a version that is not there', async () => {
  const { library } = await openReviewed();
  const asked = requestOf({ ...teacher, labelVersionId: 'labels-0000dead' as LabelVersionId });
  await expect(fillRequest(library, testClock(), asked)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
