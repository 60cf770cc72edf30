/** @file The rules of reading: what may follow what, when the model is seen, what counts. */
import { describe, expect, it } from 'vitest';

import {
  firstRead,
  isBlind,
  MODEL_BLINDINGS,
  nextStages,
  READING_STAGES,
  revisedRead,
  seesModel,
  workState,
  type ReadingStage,
} from '../../shared/domain/review.ts';

const versions = (...stages: ReadingStage[]) => stages.map((stage, index) => ({ stage, number: index + 1 }));

it('a film is to be read without the model until that is done, and shown, where the session says so', () => {
  const blind = (blinding: (typeof MODEL_BLINDINGS)[number]) =>
    [null, ...READING_STAGES].filter((stage) => isBlind(stage, blinding));
  expect(blind('shown')).toEqual([]);
  expect(blind('hidden')).toEqual([null, 'reading', 'revealed', 'revising']);
  expect(blind('after-read')).toEqual([null, 'reading', 'read']);
});

describe('the steps of a reading', () => {
  it('never lead from having seen the model back to a first read', () => {
    for (const blinding of MODEL_BLINDINGS) {
      for (const last of ['revealed', 'revising', 'revised'] as const) {
        const next = nextStages(last, blinding);
        expect(next.includes('reading') || next.includes('read')).toBe(false);
      }
    }
  });

  it('lead to the model only after a signed read, in sessions that show it then', () => {
    const leads = MODEL_BLINDINGS.flatMap((blinding) =>
      [null, ...READING_STAGES]
        .filter((last) => nextStages(last, blinding).includes('revealed'))
        .map((last) => [blinding, last]),
    );
    expect(leads).toEqual([['after-read', 'read']]);
  });

  it('show the model when it may be seen', () => {
    expect(READING_STAGES.filter((stage) => seesModel(stage, 'after-read'))).toEqual([
      'revealed',
      'revising',
      'revised',
    ]);
    expect(seesModel(null, 'after-read')).toBe(false);
    expect(seesModel(null, 'shown')).toBe(true);
    expect(READING_STAGES.some((stage) => seesModel(stage, 'hidden'))).toBe(false);
  });

  it('are done when signed for the last time', () => {
    expect(workState(null, 'hidden')).toBe('unread');
    expect(workState('read', 'hidden')).toBe('done');
    expect(workState('read', 'after-read')).toBe('started');
    expect(workState('revised', 'after-read')).toBe('done');
    expect(workState('reading', 'shown')).toBe('started');
  });
});

describe('the version that counts', () => {
  it('is the newest signed one before the model, unless it was taken back', () => {
    expect(firstRead(versions('reading'))).toBeNull();
    expect(firstRead(versions('read', 'reading'))).toBeNull();
    expect(firstRead(versions('read', 'reading', 'read', 'revealed', 'revising'))?.number).toBe(3);
  });

  it('is the signed revision, unless it is being changed', () => {
    expect(revisedRead(versions('read', 'revealed'))).toBeNull();
    expect(revisedRead(versions('read', 'revealed', 'revised'))?.number).toBe(3);
    expect(revisedRead(versions('read', 'revealed', 'revised', 'revising'))).toBeNull();
    expect(revisedRead([])).toBeNull();
  });
});
