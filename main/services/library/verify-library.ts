/** @file Checks a library as it lies on disk: database, key, every artifact by size and hash. Changes nothing. */
import type { LibraryFiles } from '../../files/library-files.ts';
import type { ArtifactRow } from '../../store/artifacts.ts';
import type { Store } from '../../store/store.ts';
import { copyProblems, runProblems } from './verify-runs.ts';

export interface LibraryProblem {
  readonly code:
    'DATABASE' | 'ARTIFACT_MISSING' | 'ARTIFACT_DAMAGED' | 'SPLIT_LEAKS' | 'CHECKPOINT' | 'COPY' | 'AUDIT';
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
  readonly subject: string | null;
}

export interface LibraryVerdict {
  readonly ok: boolean;
  readonly problems: readonly LibraryProblem[];
  readonly checked: { readonly artifacts: number; readonly bytes: number };
}

/** A later stage's own check (runs and their checkpoints) joins in here. */
export type ProblemFinder = () => Promise<readonly LibraryProblem[]>;

export async function verifyLibrary(
  store: Store,
  files: LibraryFiles,
  more: readonly ProblemFinder[] = [],
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<LibraryVerdict> {
  const problems: LibraryProblem[] = store.check().map((message) => ({
    code: 'DATABASE',
    message: `The database is damaged: ${message}`,
    remedy: 'Go back to a copy of the database (Settings, Copies; or the verb "backup").',
    subject: null,
  }));
  const checked = { artifacts: 0, bytes: 0 };
  if (problems.length === 0) {
    const artifacts = store.artifacts.list();
    for (const artifact of artifacts) {
      const problem = await checkArtifact(files, artifact);
      if (problem !== null) problems.push(problem);
      checked.artifacts += 1;
      checked.bytes += artifact.bytes;
      onProgress(checked.artifacts, artifacts.length);
    }
    problems.push(...leaks(store), ...brokenTrail(store));
    problems.push(...(await runProblems(store, files)), ...copyProblems(store));
    for (const find of more) problems.push(...(await find()));
  }
  return { ok: problems.length === 0, problems, checked };
}

async function checkArtifact(
  files: LibraryFiles,
  { sha256, kind }: ArtifactRow,
): Promise<LibraryProblem | null> {
  const actual = await files.artifacts.actualHash(sha256);
  if (actual === sha256) return null;
  const isFilm = ['film', 'model-image', 'thumbnail'].includes(kind);
  const remedy = isFilm
    ? 'Import the film’s file again to restore it.'
    : 'Restore the library’s folder from a copy.';
  return actual === null
    ? { code: 'ARTIFACT_MISSING', message: `A stored ${kind} is missing.`, remedy, subject: sha256 }
    : { code: 'ARTIFACT_DAMAGED', message: `A stored ${kind} has changed on disk.`, remedy, subject: sha256 };
}

function brokenTrail(store: Store): readonly LibraryProblem[] {
  const { firstBad } = store.audit.verify();
  if (firstBad === null) return [];
  return [
    {
      code: 'AUDIT',
      message: `The audit trail was changed: from entry ${firstBad} on it is not what was written.`,
      remedy:
        'Films, labels and runs are not touched by this. Keep the library’s folder as it is and tell whoever answers for its data.',
      subject: String(firstBad),
    },
  ];
}

function leaks(store: Store): readonly LibraryProblem[] {
  return store.splits
    .list()
    .filter(({ id }) => store.splits.sharedPatients(id) > 0)
    .map(({ id, name }) => ({
      code: 'SPLIT_LEAKS',
      message: `In the split “${name}” a patient stands in two parts.`,
      remedy: 'Make a new split and train on it again.',
      subject: id,
    }));
}
