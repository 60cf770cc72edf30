/** @file What became of scores that were brought in, in sentences. */
import type { TakenScores } from '../../../../shared/contract/outside-scores.ts';
import { counted } from '../../ui/counted.ts';

const NAMED = 5;

function listed(names: readonly string[], total: number): string {
  const shown = names.slice(0, NAMED).join(', ');
  return total > NAMED ? `${shown} and ${total - NAMED} more` : shown;
}

export function takenWords(taken: TakenScores): string[] {
  const { model, runId, films, same, added, known, differing, missing, missingCount, notes } = taken;
  const apart = differing.map(({ film, apart: by }) => `${film} by ${by.toPrecision(2)}`);
  return [
    runId === null
      ? `“${model}” is not in this library: scores of ${counted(added, 'film')} are kept as its own${known > 0 ? `, ${known} were here already` : ''}.`
      : `“${model}” is in this library: ${same} of ${counted(films, 'film')} have the same scores here, to the last bit. Nothing was kept.`,
    ...(apart.length > 0
      ? [`Scores differ of ${counted(apart.length, 'film')}: ${listed(apart, apart.length)}.`]
      : []),
    ...(missingCount > 0
      ? [
          `${counted(missingCount, 'film')} of the file are not in this library: ${listed(missing, missingCount)}.`,
        ]
      : []),
    ...notes,
  ];
}
