/** @file Finds a labels file's record for a film file: by path where the record has one, else by name with or without ending. */
import type { FilmLabels } from './label-plan.ts';

export const IMAGE_ENDING = /\.(dcm|dicom|dic|png|jpe?g|tiff?|bmp|gif|webp)$/i;

export interface LabelMatch {
  /** Record of each file that has exactly one. */
  readonly byFile: ReadonlyMap<string, FilmLabels>;
  /** Records without a file. */
  readonly unmatched: readonly FilmLabels[];
  /** Files that share a record, or records that share a file: nobody can tell which is meant. */
  readonly ambiguous: number;
}

const slashed = (path: string): string => path.replaceAll('\\', '/').toLowerCase();
const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** A film's name for matching: lower case, no folders, no image ending. */
export function stemOf(path: string): string {
  return baseOf(slashed(path)).replace(IMAGE_ENDING, '');
}

/** How well a record fits a file of the same stem: folders and ending (3), ending (2), stem only (1). */
function fit(record: string, file: string): number {
  if (file === record || file.endsWith(`/${record}`)) return record.includes('/') ? 3 : 2;
  if (file.replace(IMAGE_ENDING, '').endsWith(`/${record}`) && record.includes('/')) return 3;
  return baseOf(file) === baseOf(record) ? 2 : 1;
}

/** Matches all at once, so that a record that fits several files equally well is given to none. */
export function matchLabels(records: readonly FilmLabels[], files: readonly string[]): LabelMatch {
  const filesByStem = new Map<string, string[]>();
  for (const file of files) push(filesByStem, stemOf(file), file);
  const claims = new Map<string, { record: FilmLabels; fit: number }[]>();
  const unmatched: FilmLabels[] = [];
  let ambiguous = 0;
  for (const record of records) {
    const candidates = filesByStem.get(stemOf(record.file)) ?? [];
    if (candidates.length === 0) {
      unmatched.push(record);
      continue;
    }
    const fits = candidates.map((file) => ({ file, fit: fit(slashed(record.file), slashed(file)) }));
    const best = Math.max(...fits.map((candidate) => candidate.fit));
    const chosen = fits.filter((candidate) => candidate.fit === best);
    const [only] = chosen;
    if (only === undefined || chosen.length > 1) {
      ambiguous += 1;
      continue;
    }
    push(claims, only.file, { record, fit: only.fit });
  }
  const byFile = new Map<string, FilmLabels>();
  for (const [file, claimants] of claims) {
    const best = Math.max(...claimants.map((claim) => claim.fit));
    const strongest = claimants.filter((claim) => claim.fit === best);
    const [winner] = strongest;
    if (winner !== undefined && strongest.length === 1) {
      byFile.set(file, winner.record);
      unmatched.push(...claimants.filter((claim) => claim !== winner).map(({ record }) => record));
    } else ambiguous += strongest.length;
  }
  return { byFile, unmatched, ambiguous };
}

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
