/** @file What the verb `study` leaves behind: the study's table as a page, for a spreadsheet, for LaTeX and as JSON. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { StudyCell } from '../../shared/contract/study.ts';
import { studyTable, type StudyFormat } from '../../shared/contract/study-table.ts';
import { writeFileAtomic } from '../files/atomic-write.ts';
import type { AppParts } from '../services/compose.ts';
import { exportedStudy } from '../services/evaluation/study-table/study-service.ts';
import { textOption } from './options.ts';
import { tellPlain } from './out-file.ts';
import { Refusal, type VerbArguments } from './verb.ts';

const FILES: readonly (readonly [name: string, format: StudyFormat])[] = [
  ['study.html', 'html'],
  ['study.csv', 'csv'],
  ['study.tex', 'latex'],
  ['study.json', 'json'],
];

/**
 * The folder that `--out` names, made if it is not there; null = the study's own in the library.
 * @throws Refusal CONFLICT where a file of that name is there already and `--force` is not given, BAD_INPUT
 */
export async function outFolder(options: VerbArguments['options']): Promise<string | null> {
  const named = textOption(options, 'out');
  if (named === undefined) return null;
  const dir = resolve(named);
  const there = FILES.map(([name]) => join(dir, name)).filter((path) => existsSync(path));
  if (there[0] !== undefined && options.force !== true) {
    throw new Refusal(
      'CONFLICT',
      `${there[0]} is there already. Nothing was started; choose another folder or add --force.`,
      { there },
    );
  }
  await mkdir(dir, { recursive: true }).catch((error: unknown) => {
    throw new Refusal('BAD_INPUT', `Results cannot be written to ${dir}: ${(error as Error).message}`, {
      dir,
    });
  });
  return dir;
}

export interface StudyFiles {
  readonly paths: readonly string[];
  /** What a person has to know of them. */
  readonly notes: readonly string[];
}

const SEALED =
  'The library is encrypted, so no table is kept in its folder that nobody could open: the window shows it under Study, and the same command with --out FOLDER writes it there for everybody to read.';

/**
 * Writes the table of the cells that have a run.
 * @returns no paths where no cell is done, or where the library is encrypted and no folder was named
 */
export async function writeStudyFiles(
  { evaluation, library }: AppParts,
  { id, cells }: { readonly id: string; readonly cells: readonly StudyCell[] },
  out: string | null,
): Promise<StudyFiles> {
  if (cells.every(({ state }) => state !== 'done')) return { paths: [], notes: [] };
  const { files } = library;
  if (files.access !== null && out === null) return { paths: [], notes: [SEALED] };
  const systems = cells.flatMap(({ runId, system, title }) =>
    runId === null ? [] : [{ runId, name: system, title }],
  );
  const call = { signal: new AbortController().signal };
  const request = { runIds: systems.map(({ runId }) => runId), systems, withPaper: false };
  const table = studyTable.parse(await evaluation.service.studyTable(request, call));
  const dir = out ?? join(files.reportsDir, id);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const paths: string[] = [];
  for (const [name, format] of FILES) {
    const path = join(dir, name);
    const bytes = new TextEncoder().encode(exportedStudy(table, format));
    await writeFileAtomic(path, bytes, { mode: out === null ? 0o600 : 0o644 });
    paths.push(path);
  }
  if (out !== null) library.audit.record('export', id, { what: 'study table' });
  tellPlain(files, dir);
  return { paths, notes: [] };
}
