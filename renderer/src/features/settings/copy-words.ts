/** @file What copies of the database are called, and what going back to one means, in words. */
import type { CopyPreview, LibraryCopy } from '../../../../shared/contract/copies.ts';
import { counted } from '../../ui/counted.ts';

export const KIND_WORDS = {
  daily: 'Copy',
  replaced: 'State before going back',
  updated: 'State before an update',
} as const satisfies Record<LibraryCopy['kind'], string>;

function listed(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('');
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1) ?? ''}`;
}

/** `films: 2, runs: 0` → “2 films”; what there is none of is left out. */
function some(counts: readonly (readonly [number, string])[]): string {
  return listed(counts.filter(([count]) => count > 0).map(([count, noun]) => counted(count, noun)));
}

/** For the question before going back: what goes out of sight, what is missing, what is kept. */
export function goBackWords({ lost, missing }: CopyPreview): string {
  const gone = some([
    [lost.films, 'film'],
    [lost.runs, 'run'],
    [lost.readings, 'reading'],
  ]);
  const absent = some([
    [missing.films, 'film'],
    [missing.weights, 'trained model'],
    [missing.others, 'smaller file'],
  ]);
  return [
    gone === ''
      ? 'Nothing that is in the library now is missing in this copy.'
      : `Not in this copy: ${gone} that came since.`,
    absent === ''
      ? 'Every file that it points at is there.'
      : `It points at ${absent} that are not there any more; import those films again.`,
    'What is there now is kept as a copy of its own, so you can return to it.',
  ].join(' ');
}
