/**
 * @file Whether a model from elsewhere may have learned from films that are here. A bundle names no film, not even by a hash: whoever
 * has a film could ask such a list whether its patient was among the others. What can be told is told.
 */
import type { ModelCard } from '../../../../shared/contract/model-card.ts';
import type { OpenLibrary } from '../../library/open-library.ts';
import { counted } from '../../import/wording.ts';

/** Whole sentences; empty where the library has no films. */
export async function overlapNotes(
  { store, files }: OpenLibrary,
  { training }: Pick<ModelCard, 'training'>,
  signerKey: string,
): Promise<string[]> {
  const { films } = store.films.totals();
  if (films === 0) return [];
  if (!files.readOnly && (await files.signingKey()).publicKey === signerKey) {
    return [
      'This library itself signed the bundle: its films are likely those that the model learned from, and figures on them are too good.',
    ];
  }
  const sources = new Map(store.films.sources().map((one) => [one.source.trim().toLowerCase(), one.films]));
  const shared = training.sources.flatMap(({ source }) => {
    const count = sources.get(source.trim().toLowerCase());
    return count === undefined ? [] : [`${source} (${counted(count, 'film')} here)`];
  });
  if (shared.length === 0) {
    return [
      'Whether it learned from films of this library cannot be known: a bundle names no films. If it did, figures on them are too good.',
    ];
  }
  return [
    `It learned from films of ${shared.join(', ')}, which are in this library too: they may be the same films, and figures on them are too good.`,
  ];
}
