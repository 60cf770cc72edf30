/** @file A library with films as rows, readers with PINs and a session among them, for tests of the review services. */
import { createReadersService } from '../../../main/services/review/readers-service.ts';
import { createReviewService } from '../../../main/services/review/review-service.ts';
import { createSignIn } from '../../../main/services/review/sign-in.ts';
import { reviewPlan, type ReadingContent, type ReviewPlan } from '../../../shared/contract/review.ts';
import type { FilmId, ReaderId, ReadingId, ReviewId } from '../../../shared/domain/ids.ts';
import { addFilms } from '../../helpers/synthetic-rows.ts';
import { call, tempLibrary } from '../../helpers/temp-library.ts';

/** A clock that a test sets. */
export function handClock(at = 1_700_000_000_000) {
  const clock = { at, now: () => clock.at };
  return clock;
}

export async function openDesk(films = 3, dir?: string) {
  const clock = handClock();
  const { library, dir: at } = await tempLibrary({ clock, ...(dir !== undefined && { dir }) });
  const ids =
    dir === undefined
      ? addFilms(
          library.store,
          Array.from({ length: films }, (_, patient) => ({ patient, name: `chest ${patient}.dcm` })),
        )
      : [];
  const signIn = createSignIn(library.store, library.audit, clock);
  const readers = createReadersService(library, signIn, clock);
  const predict = () => Promise.reject(new Error('no model is asked here'));
  const review = createReviewService({ library, clock, signIn, predict });
  return { library, dir: at, clock, signIn, readers, review, films: ids };
}

export type Desk = Awaited<ReturnType<typeof openDesk>>;

export interface Person {
  readonly id: ReaderId;
  readonly token: string;
}

/** Made without the seconds that a hash takes: tests of PINs make theirs by the service. */
export function seat(
  { library, signIn }: Desk,
  name: string,
  role: 'reader' | 'adjudicator' | 'owner' = 'reader',
): Person {
  const id = `reader-${Buffer.from(name.padEnd(8, '0')).toString('hex')}` as ReaderId;
  library.store.readers.add({ id, name, role, pinHash: null, createdAt: 1 });
  return { id, token: signIn.open(id) };
}

export const PLAN: ReviewPlan = reviewPlan.parse({
  findings: ['Edema', 'Hernia'],
  questions: [
    { id: 'quality', text: 'How good?', answers: ['poor', 'fair', 'good'], ordered: true, required: true },
    { id: 'tubes', text: 'Any tubes?', answers: ['no', 'yes'], ordered: false, required: false },
  ],
  blinding: 'hidden',
  runId: null,
  timed: false,
  seed: 1,
});

export async function begin(
  { review, films }: Desk,
  owner: Person,
  readers: readonly Person[],
  plan: Partial<ReviewPlan> = {},
): Promise<ReviewId> {
  const made = await review.create(
    {
      token: owner.token,
      name: 'Round',
      plan: { ...PLAN, ...plan },
      readers: readers.map(({ id }) => id),
      films: [...films],
    },
    call,
  );
  return made.id as ReviewId;
}

export function said(part: Partial<ReadingContent> = {}): ReadingContent {
  return { answers: {}, marks: [], verdicts: [], note: '', keyFrames: [], seconds: null, ...part };
}

export function box(finding: string, id = 'a', x = 1): ReadingContent['marks'][number] {
  const points = [
    { x, y: 1 },
    { x: x + 4, y: 5 },
  ];
  return { shape: { id, kind: 'rectangle', frame: 0, points, text: '' }, finding, confidence: 0.5 };
}

let made = 0;
export function readingId(): ReadingId {
  made += 1;
  return `reading-${String(made).padStart(12, '0')}` as ReadingId;
}

/** A step's input for one reader and film. */
export function step(person: Person, reviewId: ReviewId, filmId: FilmId | undefined, after: number) {
  if (filmId === undefined) throw new Error('a film is meant');
  return { token: person.token, reviewId, filmId, id: readingId(), after };
}

/** The refusal of a call that must be refused. */
export async function refusal(
  work: () => unknown,
): Promise<{ code: string; message: string; detail: unknown }> {
  try {
    await work();
  } catch (error) {
    const { code, message, detail } = error as { code: string; message: string; detail: unknown };
    return { code, message, detail };
  }
  throw new Error('it was not refused');
}
