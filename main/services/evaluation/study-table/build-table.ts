/** @file The whole table of a study from gathered runs: rows, verdicts, differences, notes. Pure: the same runs give the same table. */
import {
  STUDY_TABLE_VERSION,
  type StudyTable,
  type StudyTableCell,
  type StudyTableSystem,
} from '../../../../shared/contract/study-table.ts';
import type { RunId, SplitId } from '../../../../shared/domain/ids.ts';
import { PAPER_CITATION, PAPER_LABEL, paperValues } from '../../../../shared/domain/paper-tables.ts';
import {
  RESOLUTIONS,
  VIT_VARIANTS,
  type Resolution,
  type VitVariant,
} from '../../../../shared/domain/recipe.ts';
import { ServiceError } from '../../../../shared/domain/service-error.ts';
import type { RunRow } from '../../../store/runs.ts';
import { BOOTSTRAP } from '../measure-part.ts';
import { doneCell, emptyCell, type CellPlace } from './cells.ts';
import type { GroupedFilm } from './confounding.ts';
import { FAMILY, studyDifferences, type Place } from './differences.ts';
import { studyNotes } from './notes.ts';
import { STUDY_TASKS, type StudyRun } from './study-run.ts';
import { verdictOn } from './verdicts.ts';
import { otherSettings, unlikePaper } from './settings-in-words.ts';

/** A run that was asked for and has no results. */
export interface RunWithoutResult {
  readonly row: Pick<RunRow, 'id' | 'name' | 'config'>;
  readonly system: string;
  /** A sentence. */
  readonly reason: string;
}

export interface StudyMaterial {
  readonly madeAt: number;
  /** Version of the app. */
  readonly app: string;
  readonly split: { readonly id: SplitId; readonly name: string; readonly seed: number };
  readonly systems: readonly StudyTableSystem[];
  /** In the order in which they were made; not empty. */
  readonly runs: readonly StudyRun[];
  readonly withoutResult: readonly RunWithoutResult[];
  /** Films of the test part. */
  readonly testFilms: readonly GroupedFilm[];
  /** Which labels the runs learned and are measured by, in words, each once. */
  readonly labels: readonly string[];
  readonly sources: StudyTable['sources'];
}

/**
 * Runs of one system, model, resolution and seed are repeats: the newest counts.
 * @throws ServiceError INCOMPATIBLE where runs with the same findings were not scored on the same films
 */
export function buildStudyTable(material: StudyMaterial, withPaper = false): StudyTable {
  const { systems, withoutResult, split, madeAt, app, sources } = material;
  refuseOtherFilms(material.runs);
  const runs = newestOfRepeats(material.runs);
  const [first] = runs;
  if (first === undefined) throw new Error('a table is made from runs with results');
  const all = [...runs, ...withoutResult];
  const models = VIT_VARIANTS.filter((model) => all.some(({ row }) => row.config.model === model));
  const resolutions = RESOLUTIONS.filter((px) => all.some(({ row }) => row.config.resolution === px));
  const places = models.flatMap((model) =>
    resolutions.map((resolution) => placeOf(runs, systems, model, resolution)),
  );
  const verdicts = places.flatMap((place) =>
    place.bySystem.size === 0 ? [] : STUDY_TASKS.map((task) => verdictOn(place, task, systems)),
  );
  const isBest = (cell: StudyTableCell, task: 't1' | 't2'): boolean =>
    verdicts.some(
      (one) =>
        one.model === cell.model &&
        one.resolution === cell.resolution &&
        one.task === task &&
        one.best === cell.system,
    );
  const rows = models.flatMap((model) =>
    systems.map((system) => ({
      model,
      system: system.name,
      cells: resolutions.map((resolution) => {
        const place = { model, system: system.name, resolution };
        const here = places.find((one) => one.model === model && one.resolution === resolution);
        const own = here?.bySystem.get(system.name);
        if (own === undefined) return emptyCell(place, whyEmpty(place, system, withoutResult));
        const cell = doneCell(place, own);
        return {
          ...cell,
          t1: cell.t1 && { ...cell.t1, best: isBest(cell, 't1') },
          t2: cell.t2 && { ...cell.t2, best: isBest(cell, 't2') },
        };
      }),
    })),
  );
  const differences = studyDifferences(places, systems);
  const counts = new Set(
    runs.map(({ row, evaluation: { t1 } }) => `${t1.k} of ${t1.of}: ${row.config.findings.join('\n')}`),
  );
  const table: Omit<StudyTable, 'notes'> = {
    format: 'chestlight-study-table',
    version: STUDY_TABLE_VERSION,
    ...{ madeAt, app, part: 'test', split },
    films: first.evaluation.films,
    patients: first.evaluation.patients,
    findings: [...new Set(runs.flatMap(({ row }) => row.config.findings))],
    ...{ models, resolutions },
    systems: [...systems],
    rows,
    kDiffers: counts.size > 1,
    verdicts,
    differences: differences.map((one) => ({ ...one, seeds: [...one.seeds] })),
    family: FAMILY,
    bootstrap: { ...BOOTSTRAP, unit: 'patient' },
    runs: runs.map(provenance),
    sources: [...sources],
    paper: withPaper
      ? { label: PAPER_LABEL, citation: PAPER_CITATION, values: paperValues().map((one) => ({ ...one })) }
      : null,
  };
  const dropped = material.runs.length - runs.length;
  return { ...table, notes: studyNotes(table, { ...material, runs, dropped }) };
}

function placeOf(
  runs: readonly StudyRun[],
  systems: readonly StudyTableSystem[],
  model: VitVariant,
  resolution: Resolution,
): Place {
  const here = runs.filter(
    ({ row: { config } }) => config.model === model && config.resolution === resolution,
  );
  return {
    model,
    resolution,
    bySystem: new Map(
      systems.flatMap(({ name }) => {
        const own = here.filter(({ system }) => system === name);
        return own.length === 0 ? [] : [[name, own] as const];
      }),
    ),
  };
}

function whyEmpty(
  { model, system, resolution }: CellPlace,
  { method }: StudyTableSystem,
  withoutResult: readonly RunWithoutResult[],
): string | null {
  const waiting = withoutResult.filter(
    (run) =>
      run.system === system && run.row.config.model === model && run.row.config.resolution === resolution,
  );
  if (waiting.length > 0) return waiting.map(({ reason }) => reason).join(' ');
  return (method === 'teacher') === (resolution === 224) ? 'No run.' : null;
}

function newestOfRepeats(runs: readonly StudyRun[]): readonly StudyRun[] {
  const last = new Map<string, RunId>();
  const placed = ({ system, row: { config } }: StudyRun): string =>
    [system, config.model, config.resolution, config.seed].join(' ');
  for (const run of runs) last.set(placed(run), run.row.id);
  return runs.filter((run) => last.get(placed(run)) === run.row.id);
}

function refuseOtherFilms(runs: readonly StudyRun[]): void {
  for (const alike of Map.groupBy(runs, ({ row }) => row.config.findings.join('\n')).values()) {
    const [first] = alike;
    const other = alike.find(({ replicates }) => replicates.films !== first?.replicates.films);
    if (first === undefined || other === undefined) continue;
    throw new ServiceError(
      'INCOMPATIBLE',
      `“${first.row.name}” and “${other.row.name}” were not scored on the same films with the same labels, so they cannot stand in one table. Train one of them again, or leave it out.`,
      { a: first.row.id, b: other.row.id },
    );
  }
}

function provenance({ row, system, weights }: StudyRun): StudyTable['runs'][number] {
  const { model, resolution, seed, teacherRunId, initSha256 } = row.config;
  return {
    runId: row.id,
    name: row.name,
    ...{ system, model, resolution, seed, teacherRunId },
    device: row.device,
    settings: [...unlikePaper(row.config), ...otherSettings(row).values()],
    configHash: row.configHash,
    weightsSha256: weights?.sha256 ?? null,
    initSha256,
  };
}
