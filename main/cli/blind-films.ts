/**
 * @file Scores on the command line of films that an open session still has read without a model. The machine's account may have
 * them; what it may not is have them unseen, so they wait until the audit trail could say so.
 */
import type { AuditAction } from '../../shared/domain/audit.ts';
import type { FilmId } from '../../shared/domain/ids.ts';
import type { OpenLibrary } from '../services/library/open-library.ts';
import { blindRounds, roundTrace, roundWords } from '../services/review/model-blinding.ts';
import { withLibrary } from './library-option.ts';
import { tell } from './until-stopped.ts';
import { Refusal, type VerbArguments } from './verb.ts';

/**
 * Called before the scores are made, with the library open for reading.
 * @throws Refusal READ_ONLY another program has the library open, so nothing can be kept
 */
export async function tellBlindFilms(
  options: VerbArguments['options'],
  { store }: Pick<OpenLibrary, 'store'>,
  films: readonly FilmId[],
  { action, subject }: { readonly action: AuditAction; readonly subject: string },
): Promise<void> {
  const rounds = blindRounds(store, films);
  const [first] = rounds;
  if (first === undefined) return;
  try {
    await withLibrary(options, true, ({ audit }) => {
      for (const round of rounds) audit.record(action, subject, roundTrace(round));
      return Promise.resolve();
    });
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'READ_ONLY') throw error;
    throw new Refusal(
      'READ_ONLY',
      `${roundWords(first)} The audit trail has to say that they were looked at, and another program has the library open. Nothing was scored; close it there, or wait until the films are read.`,
      { ...error.detail, reviewId: first.reviewId, films: first.films },
    );
  }
  for (const round of rounds) tell(`warning: ${roundWords(round)}`);
}
