/** @file What the doctor says of an open library: how large, when it was checked and copied last, what was found on opening. */
import { lastCheck, type LastCheck, type LibraryFacts } from '../../../shared/contract/system.ts';
import type { LibraryFiles } from '../../files/library-files.ts';
import type { Store } from '../../store/store.ts';
import { openingWarnings } from '../library/library-views.ts';
import { verifyLibrary, type LibraryVerdict } from '../library/verify-library.ts';

const CHECK_KEY = 'last-check';

interface Opened {
  readonly store: Store;
  readonly files: LibraryFiles;
}

function readLastCheck(store: Store): LastCheck | null {
  const parsed = lastCheck.safeParse(store.settings.get(CHECK_KEY));
  return parsed.success ? parsed.data : null;
}

export function libraryFacts({ store, files }: Opened): LibraryFacts {
  return {
    layout: store.version,
    readOnly: store.readOnly,
    encrypted: files.access !== null,
    films: store.films.totals().films,
    runs: store.runs.list().length,
    lastCheck: readLastCheck(store),
    copies: store.copies.list().length,
    lastCopyAt: store.copies.newestAt(),
    trouble: [...openingWarnings(store), ...replacedLately(store)],
  };
}

/** A database that was damaged stays worth telling after the opening that found it: what came in since its copy is missing. */
function replacedLately(store: Store): string[] {
  if (store.restored !== null) return []; // told as what this opening found
  const last = store.audit.page('restore', null, 20).find(({ detail }) => detail.why === 'damaged');
  if (last === undefined) return [];
  const day = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const since = day(Number(last.detail.copyAt));
  return [
    `On ${day(last.at)} the database was found damaged, and its copy of ${since} took its place: what came in between is missing unless it was imported again.`,
  ];
}

/** Checks the library, and remembers when and what came of it where that may be written. */
export async function checkLibrary(
  { store, files }: Opened,
  clock: { now(): number },
  onProgress?: (done: number, total: number) => void,
): Promise<LibraryVerdict> {
  const verdict = await verifyLibrary(store, files, [], onProgress);
  if (!store.readOnly) {
    const found: LastCheck = {
      at: clock.now(),
      problems: verdict.problems.length,
      files: verdict.checked.artifacts,
    };
    store.settings.set(CHECK_KEY, found);
  }
  return verdict;
}
