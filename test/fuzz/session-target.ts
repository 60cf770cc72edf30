/** @file Session packages for the fuzzer: a small one, and such as a stranger signs rightly with a session that does not belong there. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { mergeSession } from '../../main/services/exchange/package/merge-session.ts';
import { SESSION_PACKAGE } from '../../main/services/exchange/package/package-format.ts';
import { openPackage } from '../../main/services/exchange/package/read-package.ts';
import { openStore } from '../../main/store/store.ts';
import { signedBundle } from '../helpers/bundles.ts';
import { tinyDicom } from '../helpers/tiny-dicom.ts';
import { json, spoil } from './bundle-target.ts';
import type { Dice } from './mutate.ts';

const FILM = `film-${'a1'.repeat(16)}`;
const [review, reader, reading] = ['review-000000000001', 'reader-000000000001', 'reading-00000000000'];

/** Right in every form: a film begun, signed and settled, another history beside it. */
function session(): unknown {
  const points = [
    { x: 1, y: 1 },
    { x: 9, y: 9 },
  ];
  const shape = { id: 'a', kind: 'rectangle', frame: 0, points, text: '' };
  const content = {
    ...{ answers: { q: 1 }, marks: [{ shape, finding: 'Edema', confidence: 0.5 }], verdicts: [] },
    ...{ note: 'n', keyFrames: [0], seconds: null },
  };
  const version = (number: number, stage: string) => ({
    ...{ id: `${reading}${number}`, reviewId: review, readerId: reader, filmId: FILM },
    ...{ number, stage, content, createdAt: number },
  });
  const plan = {
    findings: ['Edema', 'Hernia'],
    questions: [{ id: 'q', text: 'Quality?', answers: ['poor', 'good'], ordered: true, required: false }],
    ...{ blinding: 'hidden', runId: null, timed: false, seed: 1 },
  };
  const own = { findings: [], answers: [], marks: [] };
  const settled = { findings: ['Edema'], answers: { q: 0 }, marks: content.marks, own };
  return {
    review: { id: review, name: 'Round', plan, createdAt: 1 },
    readers: [{ id: reader, name: 'Amina', role: 'adjudicator', createdAt: 1 }],
    lists: [{ readerId: reader, films: [FILM] }],
    versions: [version(1, 'reading'), version(2, 'read')],
    others: [{ ...version(1, 'reading'), id: `${reading}9` }],
    decisions: [
      {
        ...{ id: 'decision-000000000001', reviewId: review, filmId: FILM, number: 1, adjudicator: reader },
        ...{ basis: 'merge', sources: [`${reading}2`], settled, reason: 'Seen.', createdAt: 3 },
      },
    ],
  };
}

const contents = (said: unknown): Map<string, Uint8Array> =>
  new Map([
    ['session.json', json(said)],
    [FILM, tinyDicom({})],
  ]);

export const sessionSeeds = (): readonly Uint8Array[] => [
  new Uint8Array(signedBundle(contents(session()), {}, SESSION_PACKAGE)),
];

/** Signed rightly, with a wrong session or manifest: what the signature does not keep out. */
export function shapedSession(roll: Dice): Uint8Array {
  let said = session();
  for (let count = roll.below(4); count > 0; count--) said = spoil(said, roll);
  const files = contents(said);
  if (roll.below(10) === 0) files.set(roll.of(['../x', 'film-x', 'run.js', 'session.json.']), json(1));
  if (roll.below(10) === 0) files.delete(roll.of([...files.keys()]));
  const manifest = roll.below(4) === 0 ? (list: object) => spoil(list, roll) as object : undefined;
  const forged = manifest === undefined ? {} : { manifest };
  return new Uint8Array(signedBundle(files, forged, SESSION_PACKAGE));
}

/** Opened, every film read, merged into an empty library, which must be sound after it. */
export async function readSession(bytes: Uint8Array, folder: string): Promise<void> {
  const path = join(folder, 'round.chestlight');
  writeFileSync(path, bytes);
  const opened = await openPackage(path, null);
  const store = openStore(':memory:', { clock: Date });
  try {
    for (const film of opened.films) await opened.film(film);
    mergeSession(store, opened.session, opened.signer.name);
    if (mergeSession(store, opened.session, opened.signer.name).versionsAdded > 0) {
      throw new Error('a second merge added something');
    }
    if (store.check().length > 0) throw new Error('the library is not sound after the merge');
  } finally {
    store.close();
  }
}
