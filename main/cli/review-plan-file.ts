/** @file The plan of `review create`: a JSON file checked to the last field; readers by name, films by id, name or a query. */
import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import { filmQuery } from '../../shared/contract/library.ts';
import { reviewPlan } from '../../shared/contract/review.ts';
import type { FilmId, ReaderId } from '../../shared/domain/ids.ts';
import type { ReviewRequest } from '../services/review/start-review.ts';
import type { Store } from '../store/store.ts';
import { Refusal } from './verb.ts';

const PAGE = 500;

const planFile = z.strictObject({
  name: z.string().trim().min(1).max(80),
  /** Names of readers. */
  readers: z.array(z.string()).min(1).max(50),
  films: z.union([
    z.literal('all'),
    /** Ids, or names of files where a name stands once in the library. */
    z.array(z.string()).min(1).max(20_000),
    z.strictObject({
      ...filmQuery.omit({ sort: true, descending: true, offset: true, limit: true }).partial().shape,
    }),
  ]),
  findings: reviewPlan.shape.findings,
  questions: reviewPlan.shape.questions.default([]),
  blinding: reviewPlan.shape.blinding.default('hidden'),
  runId: reviewPlan.shape.runId.default(null),
  timed: z.boolean().default(false),
  seed: reviewPlan.shape.seed.default(1),
});
type PlanFile = z.infer<typeof planFile>;

function refuse(file: string, why: string): never {
  throw new Refusal('BAD_INPUT', `The plan ${file} cannot be used: ${why}. Nothing was made.`, { file });
}

/** @throws Refusal UNREADABLE_FILE, BAD_INPUT naming every field that is wrong or unknown */
export async function readReviewPlan(file: string): Promise<PlanFile> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Refusal('UNREADABLE_FILE', `${file} could not be read: ${(error as Error).message}`, { file });
  });
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    return refuse(file, `it is not JSON (${(error as Error).message})`);
  }
  const parsed = planFile.safeParse(json);
  if (parsed.success) return parsed.data;
  const why = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  return refuse(file, why.replace(/\.$/, ''));
}

/** @throws Refusal NOT_FOUND naming what is not in the library */
export function requestFrom(store: Store, { name, readers, films, ...plan }: PlanFile): ReviewRequest {
  const known = new Map(store.readers.all().map((reader) => [reader.name.toLowerCase(), reader.id]));
  const missing = readers.filter((reader) => !known.has(reader.trim().toLowerCase()));
  if (missing.length > 0) {
    throw new Refusal(
      'NOT_FOUND',
      `There is no reader ${missing.map((one) => `"${one}"`).join(', ')}. Add readers in the window (Review) or with \`review add-reader\`. Nothing was made.`,
      { missing },
    );
  }
  const ids = readers.map((reader) => known.get(reader.trim().toLowerCase()) as ReaderId);
  return { name, plan: reviewPlan.parse(plan), readers: ids, films: filmsOf(store, films) };
}

function filmsOf(store: Store, films: PlanFile['films']): readonly FilmId[] {
  if (films === 'all') return search(store, {});
  return Array.isArray(films) ? films.map((film) => filmOf(store, film)) : search(store, films);
}

function filmOf(store: Store, film: string): FilmId {
  const byId = store.films.find(film as FilmId);
  if (byId !== null) return byId.id;
  const [only, ...others] = store.films.findByName(film);
  if (only !== undefined && others.length === 0) return only.id;
  const why =
    only === undefined ? 'is not in the library' : 'is the name of several films; give the id of one';
  throw new Refusal('NOT_FOUND', `"${film}" ${why}. Nothing was made.`, { film });
}

function search(store: Store, query: object): readonly FilmId[] {
  const found: FilmId[] = [];
  for (;;) {
    const page = filmQuery.parse({ ...query, offset: found.length, limit: PAGE });
    const { total, rows } = store.filmQueries.search(page);
    found.push(...rows.map(({ id }) => id));
    if (found.length >= total || rows.length === 0) return found;
  }
}
