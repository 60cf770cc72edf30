/** @file Cases of the contract of review sessions. */
import { call } from '../../helpers/temp-library.ts';
import type { ReviewPlan } from '../../../shared/contract/review.ts';
import type { World } from '../world.ts';
import type { Cases, Refusal } from './case.ts';
import { NOBODY } from './case.ts';
import { NO_TOKEN, owner, person } from './readers.ts';

const NO_REVIEW = 'review-00000000';

const plan = (world: World): ReviewPlan => ({
  findings: ['Infiltration', 'Hernia'],
  questions: [
    {
      id: 'quality',
      text: 'How good is it?',
      answers: ['poor', 'fair', 'good'],
      ordered: true,
      required: true,
    },
  ],
  blinding: 'after-read',
  runId: world.runId,
  timed: false,
  seed: 3,
});

const said = {
  answers: { quality: 1 },
  marks: [],
  verdicts: [],
  note: 'seen',
  keyFrames: [0],
  seconds: null,
};

let made = 0;
const readingId = (): string => {
  made += 1;
  return `reading-${String(made).padStart(12, '0')}`;
};

/** A session of one film that the owner reads. */
export async function session(world: World, part: Partial<ReviewPlan> = {}) {
  const { token, id } = await owner(world);
  const asked = {
    token,
    name: 'Round',
    plan: { ...plan(world), ...part },
    readers: [id],
    films: [world.filmId],
  };
  const review = await world.services.review.create(asked as never, call);
  return { token, reviewId: review.id, filmId: world.filmId as string };
}

/** The same, its film signed. */
async function signed(world: World) {
  const at = await session(world);
  const id = readingId();
  await world.services.review.sign({ ...at, id, after: 0, content: said } as never, call);
  return { at, id };
}

/** Closed: what was signed may be compared. */
async function closed(world: World) {
  const { at } = await signed(world);
  await world.services.review.close(at as never, call);
  return at;
}

const noToken = { token: NO_TOKEN, reviewId: NO_REVIEW, filmId: NOBODY.film };
const signedOut = (more: object = {}): Refusal => ({
  input: () => ({ ...noToken, ...more }),
  code: 'SIGNED_OUT',
});
const noReview = (more: object = {}): Refusal => ({
  input: async (world) => ({
    token: (await owner(world)).token,
    reviewId: NO_REVIEW,
    filmId: NOBODY.film,
    ...more,
  }),
  code: 'NOT_FOUND',
});
const badIds = [{}, { token: 'short' }, { ...noToken, reviewId: 7 }, { ...noToken, reviewId: '../etc' }];
const decision = {
  id: 'decision-00000000',
  after: 0,
  sources: ['reading-00000000'],
  settled: null,
  reason: 'The second look shows it.',
};
const decisionId = (): string => readingId().replace('reading', 'decision');
const drafted = {
  sources: [],
  decision: 0,
  answers: { quality: 1 },
  findings: { Hernia: true },
  marks: [],
  accepted: null,
  reason: '',
};
const draft = { after: 0, content: drafted };
const step = { id: 'reading-00000000', after: 0 };
const content = { ...step, content: said };
const badSteps = [
  ...badIds,
  { ...noToken, ...content, after: -1 },
  { ...noToken, ...content, id: 'x' },
  { ...noToken, ...step, content: { ...said, note: 7 } },
];

export const reviewCases: Cases['review'] = {
  create: {
    valid: async ({ client, world }) => {
      const { token, id } = await owner(world);
      return await client.review.create({
        token,
        name: 'Round',
        plan: plan(world),
        readers: [id],
        films: [world.filmId],
      });
    },
    bad: [...badIds, { token: NO_TOKEN, name: '', plan: {}, readers: [], films: [] }],
    refused: [
      {
        input: async (world) => {
          const { token, id } = await person(world);
          return { token, name: 'R', plan: plan(world), readers: [id], films: [world.filmId] };
        },
        code: 'NOT_ALLOWED',
      },
      {
        input: async (world) => {
          const { token, id } = await owner(world);
          return { token, name: 'R', plan: plan(world), readers: [id], films: [NOBODY.film] };
        },
        code: 'NOT_FOUND',
      },
    ],
  },
  list: {
    valid: async ({ client, world }) => client.review.list({ token: (await session(world)).token }),
    bad: [{}, { token: 'short' }],
    refused: [{ input: () => ({ token: NO_TOKEN }), code: 'SIGNED_OUT' }],
  },
  worklist: {
    valid: async ({ client, world }) => {
      const { token, reviewId } = (await signed(world)).at;
      return await client.review.worklist({ token, reviewId, filter: { onlyNotes: true } });
    },
    bad: [...badIds, { ...noToken, limit: 0 }, { ...noToken, filter: { state: 'lost' } }],
    refused: [
      signedOut(),
      noReview(),
      {
        input: async (world) => ({
          token: (await person(world)).token,
          reviewId: (await session(world)).reviewId,
        }),
        code: 'NOT_ALLOWED',
      },
    ],
  },
  open: {
    valid: async ({ client, world }) => client.review.open((await signed(world)).at),
    bad: [...badIds, { ...noToken, filmId: 'FILM-1' }],
    refused: [signedOut(), noReview()],
  },
  version: {
    valid: async ({ client, world }) => {
      const { at, id } = await signed(world);
      return await client.review.version({ token: at.token, reviewId: at.reviewId, readingId: id });
    },
    bad: [...badIds, { ...noToken, readingId: 7 }],
    refused: [signedOut({ readingId: 'reading-00000000' }), noReview({ readingId: 'reading-00000000' })],
  },
  model: {
    valid: async ({ client, world }) => client.review.model(await session(world, { blinding: 'shown' })),
    bad: badIds,
    refused: [signedOut(), noReview(), { input: (world) => session(world), code: 'NOT_ALLOWED' }],
  },
  save: {
    valid: async ({ client, world }) =>
      client.review.save({ ...(await session(world)), id: readingId(), after: 0, content: said }),
    bad: badSteps,
    refused: [
      signedOut(content),
      noReview(content),
      {
        input: async (world) => ({
          ...(await signed(world)).at,
          id: readingId(),
          after: 0,
          content: { ...said, note: 'from another window' },
        }),
        code: 'CONFLICT',
      },
      {
        input: async (world) => ({
          ...(await session(world)),
          id: readingId(),
          after: 0,
          content: { ...said, answers: { colour: 1 } },
        }),
        code: 'BAD_INPUT',
      },
    ],
  },
  sign: {
    valid: async ({ client, world }) =>
      client.review.sign({ ...(await session(world)), id: readingId(), after: 0, content: said }),
    bad: badSteps,
    refused: [
      signedOut(content),
      noReview(content),
      {
        input: async (world) => ({
          ...(await session(world)),
          id: readingId(),
          after: 0,
          content: { ...said, answers: {} },
        }),
        code: 'BAD_INPUT',
      },
    ],
  },
  reveal: {
    valid: async ({ client, world }) =>
      client.review.reveal({ ...(await signed(world)).at, id: readingId(), after: 1 }),
    bad: badSteps.slice(0, -1),
    refused: [
      signedOut(step),
      noReview(step),
      {
        input: async (world) => ({ ...(await session(world)), id: readingId(), after: 0 }),
        code: 'CONFLICT',
      },
    ],
  },
  revise: {
    valid: async ({ client, world }) =>
      client.review.revise({ ...(await signed(world)).at, id: readingId(), after: 1 }),
    bad: badSteps.slice(0, -1),
    refused: [
      signedOut(step),
      noReview(step),
      {
        input: async (world) => ({ ...(await session(world)), id: readingId(), after: 0 }),
        code: 'CONFLICT',
      },
    ],
  },
  keyImages: {
    valid: async ({ client, world }) => client.review.keyImages((await signed(world)).at),
    bad: badIds,
    refused: [signedOut(), noReview()],
  },
  agreement: {
    valid: async ({ client, world }) =>
      client.review.agreement({ ...(await closed(world)), reference: 'labels' }),
    bad: [...badIds, { ...noToken, leastIou: 0 }, { ...noToken, phase: 'last' }],
    refused: [
      signedOut(),
      noReview(),
      {
        input: async (world) => ({ ...(await session(world)), token: (await person(world)).token }),
        code: 'NOT_ALLOWED',
      },
    ],
  },
  settlements: {
    valid: async ({ client, world }) => client.review.settlements((await signed(world)).at),
    bad: [...badIds, { ...noToken, state: 'lost' }, { ...noToken, limit: 0 }],
    refused: [
      signedOut(),
      noReview(),
      {
        input: async (world) => ({ ...(await session(world)), token: (await person(world)).token }),
        code: 'NOT_ALLOWED',
      },
    ],
  },
  compare: {
    // Closed: the owner has not revised the film and would see nobody's read before.
    valid: async ({ client, world }) => {
      const { at } = await signed(world);
      await world.services.review.close(at as never, call);
      return await client.review.compare(at);
    },
    bad: badIds,
    refused: [signedOut(), noReview(), { input: (world) => session(world), code: 'NOT_ALLOWED' }],
  },
  settle: {
    valid: async ({ client, world }) => {
      const { at, id } = await signed(world);
      await world.services.review.close(at as never, call);
      return await client.review.settle({ ...at, ...decision, id: decisionId(), sources: [id] });
    },
    bad: [
      ...badIds,
      { ...noToken, ...decision, reason: ' ' },
      { ...noToken, ...decision, sources: [] },
      { ...noToken, ...decision, settled: { findings: ['A', 'A'], answers: {}, marks: [] } },
    ],
    refused: [
      signedOut(decision),
      noReview(decision),
      {
        input: async (world) => {
          const { at } = await signed(world);
          await world.services.review.close(at as never, call);
          return { ...at, ...decision };
        },
        code: 'CONFLICT',
      },
    ],
  },
  saveDraft: {
    valid: async ({ client, world }) => client.review.saveDraft({ ...(await closed(world)), ...draft }),
    bad: [
      ...badIds,
      { ...noToken, ...draft, after: -1 },
      { ...noToken, after: 0, content: { ...drafted, marks: [7] } },
    ],
    refused: [
      signedOut(draft),
      noReview(draft),
      {
        input: async (world) => ({ ...(await closed(world)), ...draft, after: 3 }),
        code: 'CONFLICT',
      },
      {
        input: async (world) => ({
          ...(await closed(world)),
          after: 0,
          content: { ...drafted, findings: { Stone: true } },
        }),
        code: 'BAD_INPUT',
      },
    ],
  },
  previewLabels: {
    valid: async ({ client, world }) =>
      client.review.previewLabels({ ...(await signed(world)).at, leastReaders: 1 }),
    bad: [...badIds, { ...noToken, leastReaders: 0 }, { ...noToken, abnormal: { by: 'chance' } }],
    refused: [
      signedOut(),
      noReview(),
      {
        input: async (world) => ({
          ...(await session(world)),
          abnormal: { by: 'question', questionId: 'colour', abnormalAnswers: [0] },
        }),
        code: 'BAD_INPUT',
      },
    ],
  },
  makeLabels: {
    valid: async ({ client, world }) =>
      client.review.makeLabels({
        ...(await signed(world)).at,
        name: `Reviewed ${readingId()}`,
        leastReaders: 1,
      }),
    bad: [...badIds, { ...noToken, name: '' }, { ...noToken, name: 'A', whereOpen: 'guess' }],
    refused: [
      signedOut({ name: 'A' }),
      noReview({ name: 'A' }),
      {
        input: async (world) => ({
          ...(await session(world)),
          token: (await person(world)).token,
          name: 'A',
        }),
        code: 'NOT_ALLOWED',
      },
      { input: async (world) => ({ ...(await signed(world)).at, name: 'A' }), code: 'BAD_INPUT' },
    ],
  },
  rename: {
    valid: async ({ client, world }) => client.review.rename({ ...(await session(world)), name: 'Renamed' }),
    bad: badIds,
    refused: [
      {
        input: async (world) => ({
          ...(await session(world)),
          token: (await person(world)).token,
          name: 'Renamed',
        }),
        code: 'NOT_ALLOWED',
      },
    ],
  },
  close: {
    valid: async ({ client, world }) => client.review.close(await session(world)),
    bad: badIds,
    refused: [
      signedOut(),
      noReview(),
      {
        input: async (world) => ({ ...(await session(world)), token: (await person(world)).token }),
        code: 'NOT_ALLOWED',
      },
    ],
  },
  reopen: {
    valid: async ({ client, world }) => {
      const at = await session(world);
      await world.services.review.close(at as never, call);
      return await client.review.reopen(at);
    },
    bad: badIds,
    refused: [signedOut(), noReview()],
  },
};
