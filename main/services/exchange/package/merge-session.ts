/**
 * @file Takes a session from another site into the library, all or nothing. A version is the same when its id is; what is here
 * stays as it is. Where a reader read a film at both sites, the other site's history is kept beside the one read here.
 */
import { isDeepStrictEqual } from 'node:util';

import type { Decision } from '../../../../shared/contract/review-adjudication.ts';
import type { OtherVersion, Reader, ReadingVersion } from '../../../../shared/contract/review.ts';
import { nextStages } from '../../../../shared/domain/review.ts';
import { ServiceError } from '../../../../shared/domain/service-error.ts';
import type { Store } from '../../../store/store.ts';
import { checkContent } from '../../review/check-content.ts';
import { settledProblem } from '../../review/check-settled.ts';
import { damaged, type PackagedSession } from './package-format.ts';

export interface MergeCounts {
  readonly isNewReview: boolean;
  readonly readersAdded: number;
  /** Versions that were not here. */
  readonly versionsAdded: number;
  readonly versionsKnown: number;
  readonly decisionsAdded: number;
  /** Films that were settled at both sites apart: both decisions are kept, the one that came in counts here. */
  readonly settledTwice: readonly string[];
  /** Films that a reader read at both sites: both histories are kept. */
  readonly readTwice: readonly { readonly reader: string; readonly filmId: string }[];
  readonly filmsMissing: readonly string[];
}

/** @throws ServiceError CONFLICT another session, reader or version has the same id; BAD_INPUT the package is not sound */
export function mergeSession(store: Store, sent: PackagedSession, siteName: string): MergeCounts {
  checkSound(sent);
  return store.transaction(() => merge(store, sent, siteName));
}

function merge(store: Store, sent: PackagedSession, siteName: string): MergeCounts {
  const { review } = sent;
  const here = store.reviews.all().find(({ id }) => id === review.id);
  if (here === undefined) store.sessionMerge.addReview(review);
  else if (!isDeepStrictEqual(here.plan, review.plan)) {
    throw new ServiceError(
      'CONFLICT',
      `The session “${review.name}” has another plan here than in the package. Nothing was changed; these are two sessions.`,
    );
  }
  const readersAdded = sent.readers.filter((reader) => addReader(store, reader, siteName)).length;
  addLists(store, sent);
  const counts = { added: 0, known: 0 };
  const readTwice: { reader: string; filmId: string }[] = [];
  for (const chain of byPlace(sent.versions)) {
    const parted = addChain(store, chain, counts, siteName);
    const [first] = chain;
    if (!parted || first === undefined) continue;
    const reader = sent.readers.find(({ id }) => id === first.readerId)?.name ?? first.readerId;
    readTwice.push({ reader, filmId: first.filmId });
  }
  for (const version of sent.others) {
    addBeside(store, { ...version, site: version.site }, counts);
  }
  const settledTwice = settledApart(store, sent.decisions);
  const decisionsAdded = sent.decisions.filter((decision) => addDecision(store, decision)).length;
  const films = new Set(sent.lists.flatMap((list) => list.films));
  return {
    isNewReview: here === undefined,
    readersAdded,
    versionsAdded: counts.added,
    versionsKnown: counts.known,
    decisionsAdded,
    settledTwice,
    readTwice,
    filmsMissing: [...films].filter((id) => store.films.find(id) === null).sort(),
  };
}

const placeOf = ({ readerId, filmId }: ReadingVersion): string => `${readerId} ${filmId}`;

function byPlace(versions: readonly ReadingVersion[]): readonly (readonly ReadingVersion[])[] {
  return [...Map.groupBy(versions, placeOf).values()].map((list) => list.sort((a, b) => a.number - b.number));
}

/** Everything that this Chestlight would not have kept itself. */
function checkSound({ review, readers, lists, versions, others, decisions }: PackagedSession): void {
  const known = new Set(readers.map(({ id }) => id));
  const listed = new Set(lists.flatMap(({ readerId, films }) => films.map((film) => `${readerId} ${film}`)));
  const all = [...versions, ...others];
  const unknownReader = lists.some(({ readerId }) => !known.has(readerId));
  const stray =
    all.some((version) => version.reviewId !== review.id || !listed.has(placeOf(version))) ||
    decisions.some(({ reviewId, adjudicator }) => reviewId !== review.id || !known.has(adjudicator));
  const twice =
    new Set(all.map(({ id }) => id)).size < all.length ||
    known.size < readers.length ||
    new Set(lists.map(({ readerId }) => readerId)).size < lists.length ||
    lists.some(({ films }) => new Set(films).size < films.length);
  if (unknownReader || stray || twice) {
    throw damaged(
      `the session in it is not sound (${twice ? 'something stands in it twice' : 'it speaks of what it does not list'})`,
    );
  }
  for (const version of all) {
    const { stage, content } = version;
    try {
      checkContent(content, { plan: review.plan, stage, frames: null, modelFindings: null });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      throw damaged(`the session in it is not sound (version ${version.id})`);
    }
  }
  for (const { id, settled } of decisions) {
    const drawn = new Set(settled.marks.map(({ shape }) => shape.id));
    const isOwnSound = settled.own.marks.every((mark) => drawn.has(mark));
    if (!isOwnSound || settledProblem(settled, { plan: review.plan, frames: null }) !== null) {
      throw damaged(`the session in it is not sound (decision ${id})`);
    }
  }
  for (const chain of byPlace(versions)) {
    let last: ReadingVersion['stage'] | null = null;
    for (const [index, { number, stage }] of chain.entries()) {
      if (number !== index + 1 || !nextStages(last, review.plan.blinding).includes(stage)) {
        throw damaged('the session in it is not sound (a version does not follow on the one before)');
      }
      last = stage;
    }
  }
}

/** A reader of another site cannot sign in here until an owner sets a PIN, and owns nothing here. @returns whether it was added */
function addReader(store: Store, { id, name, role, createdAt }: Reader, siteName: string): boolean {
  if (store.readers.find(id) !== null) return false;
  const taken = new Set(store.readers.all().map((reader) => reader.name.toLowerCase()));
  let shown = name;
  for (let count = 1; taken.has(shown.toLowerCase()); count++) {
    const suffix = ` (${siteName.slice(0, 30)}${count === 1 ? '' : ` ${count}`})`;
    shown = `${name.slice(0, 80 - suffix.length)}${suffix}`;
  }
  store.readers.add({
    id,
    name: shown,
    role: role === 'owner' ? 'adjudicator' : role,
    createdAt,
    pinHash: null,
  });
  return true;
}

function addLists(store: Store, { review, lists }: PackagedSession): void {
  for (const { readerId, films } of lists) {
    const here = store.sessionMerge.list(review.id, readerId);
    const known = new Set(here);
    const missing = films.filter((film) => !known.has(film));
    for (const [index, film] of missing.entries()) {
      store.sessionMerge.addFilm(review.id, readerId, film, here.length + index);
    }
  }
}

interface Counts {
  added: number;
  known: number;
}

/** @returns true when the chain parts from the one here: its own part went beside */
function addChain(store: Store, chain: readonly ReadingVersion[], counts: Counts, siteName: string): boolean {
  const [first] = chain;
  if (first === undefined) return false;
  const here = store.reviews.versions(first.reviewId, first.readerId, first.filmId);
  const same = here.findIndex(({ id }, index) => chain[index]?.id !== id);
  const follows = same === -1; // everything here is the beginning of what was sent
  let parted = false;
  for (const version of chain) {
    if (isHere(store, version)) counts.known += 1;
    else if (follows) {
      store.sessionMerge.addVersion(version);
      counts.added += 1;
    } else {
      store.sessionMerge.addOther({ ...version, site: siteName });
      counts.added += 1;
    }
    parted ||= !follows && !here.some(({ id }) => id === version.id);
  }
  return parted;
}

function addBeside(store: Store, version: OtherVersion, counts: Counts): void {
  if (isHere(store, version)) counts.known += 1;
  else {
    store.sessionMerge.addOther(version);
    counts.added += 1;
  }
}

/** @throws ServiceError CONFLICT another version has this id */
function isHere(store: Store, version: ReadingVersion): boolean {
  const known = store.sessionMerge.known(version.id);
  if (known === null) return false;
  const { content, stage, reviewId } = version;
  if (isDeepStrictEqual(known, { content, stage, reviewId })) return true;
  throw new ServiceError(
    'CONFLICT',
    `The version ${version.id} says something else here than in the package, though versions never change. Nothing was changed; one of the two libraries was tampered with.`,
    { id: version.id },
  );
}

/** Films whose decision here their senders did not know when they made another. */
function settledApart(store: Store, decisions: readonly Decision[]): string[] {
  const sent = new Set(decisions.map(({ id }) => id));
  return [...Map.groupBy(decisions, ({ filmId }) => filmId)]
    .filter(([filmId, [first, ...others]]) => {
      if (first === undefined) return false;
      const here = store.decisions.ofFilm(first.reviewId, filmId);
      const known = new Set(here.map(({ id }) => id));
      const isNew = [first, ...others].some(({ id }) => !known.has(id));
      return isNew && here.some(({ id }) => !sent.has(id));
    })
    .map(([filmId]) => filmId)
    .sort();
}

/** @throws ServiceError CONFLICT another decision has this id */
function addDecision(store: Store, decision: Decision): boolean {
  const here = store.decisions.ofFilm(decision.reviewId, decision.filmId);
  const { number: _number, ...made } = decision;
  // A known id is kept once, and refused where it says something else: `append` sees to both.
  const known = here.some(({ id }) => id === decision.id);
  store.decisions.append({ ...made, after: here.length });
  return !known;
}
