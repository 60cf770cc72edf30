/** @file Takes scores in: of a run that is here they are compared and not kept, of any other they are an outside model's. All or none. */
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

import type { ColumnMapping } from '../../../../shared/contract/library.ts';
import type { FilmScores, TakenScores } from '../../../../shared/contract/outside-scores.ts';
import type { FilmId, RunId } from '../../../../shared/domain/ids.ts';
import { ServiceError } from '../../../../shared/domain/service-error.ts';
import type { FilmKeys, OutsideModelRow } from '../../../store/outside-scores.ts';
import type { OpenLibrary } from '../../library/open-library.ts';
import { blindRounds, roundWords } from '../../review/model-blinding.ts';
import { unusedName } from '../../training/run-views.ts';
import type { InferenceService } from '../../service-types.ts';
import { filmFinder } from './find-films.ts';
import { readScores, type ScoreFile, type ScoreRow } from './read-scores.ts';

export interface TakeScores {
  readonly library: OpenLibrary;
  readonly predict: InferenceService['predict'];
  readonly now: number;
  readonly signal: AbortSignal;
  readonly onFilm?: (done: number, total: number) => void;
  /**
   * Told before a film is scored or a score is kept; a comparison says how far the file is from what the run says of each film.
   * @throws to stop: nothing is taken
   */
  readonly onFound: (films: readonly FilmId[], what: 'compare' | 'keep') => void;
}

export interface ScoresAsked {
  readonly path: string;
  /** Of a table from elsewhere; null = our reading of its header. */
  readonly mapping: ColumnMapping | null;
  /** What to call an outside model; blank = as the file is called. */
  readonly name: string;
}

interface Found {
  readonly row: ScoreRow;
  readonly film: FilmKeys;
}

const MOST_NAMED = 1000;

/** @throws ServiceError as `readScores`; NOT_FOUND none of the films is here, CONFLICT other scores of a film are here; READ_ONLY */
export async function takeScores(deps: TakeScores, asked: ScoresAsked): Promise<TakenScores> {
  const { library, signal } = deps;
  library.files.refuseIfReadOnly();
  const file = await readScores(asked.path, asked.mapping, library.files.vault);
  const find = await filmFinder(
    library,
    file.rows.map(({ film }) => film),
    signal,
  );
  const found: Found[] = [];
  const missing: string[] = [];
  const takenBy = new Map<number, string>();
  for (const row of file.rows) {
    const film = find(row.film);
    if (film === null) missing.push(row.film);
    else {
      const before = takenBy.get(film.no);
      if (before !== undefined) {
        throw new ServiceError(
          'BAD_INPUT',
          `${row.place} and ${before} are about the same film, “${film.name}”. Nothing was imported; keep one of them.`,
        );
      }
      takenBy.set(film.no, row.place);
      found.push({ row, film });
    }
  }
  if (found.length === 0) {
    throw new ServiceError(
      'NOT_FOUND',
      `None of the ${missing.length} films of the file is in this library (${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ' …' : ''}). Nothing was imported; import the films first, or name them by film id, SHA-256 or SOP instance UID.`,
      { missing: missing.slice(0, MOST_NAMED) },
    );
  }
  const films = found.map(({ film }) => film.id);
  const notes = blindRounds(library.store, films).map(roundWords);
  const base = {
    findings: [...file.findings],
    films: found.length,
    missing: missing.slice(0, MOST_NAMED),
    missingCount: missing.length,
    notes,
  };
  const run = ownRun(library, file);
  deps.onFound(films, run === null ? 'keep' : 'compare');
  return run === null
    ? { ...base, runId: null, same: 0, differing: [], ...keep(deps, asked, file, found) }
    : { ...base, ...(await compare(deps, run, file, found)), modelId: null, added: 0, known: 0 };
}

/** The run that gave the scores, with the weights that gave them. */
function ownRun({ store }: OpenLibrary, { run }: ScoreFile): RunId | null {
  const here = run === null ? null : store.runs.find(run.id as RunId);
  if (here === null || run === null) return null;
  const final = store.runs.checkpoints(here.id).find(({ kind }) => kind === 'final');
  return final?.sha256 === run.weightsSha256 ? here.id : null;
}

/** Against what the run says of the same films here, kept or made now. */
async function compare(
  { library, predict, signal, onFilm }: TakeScores,
  runId: RunId,
  { findings }: ScoreFile,
  found: readonly Found[],
): Promise<Pick<TakenScores, 'model' | 'runId' | 'same' | 'differing'>> {
  const { name, config } = library.store.runs.get(runId);
  if (!isDeepStrictEqual([...findings], config.findings)) {
    throw new ServiceError(
      'INCOMPATIBLE',
      `The file says that its scores are of “${name}”, but has other findings than that run. Nothing was changed.`,
      { runId },
    );
  }
  const differing: { film: string; apart: number }[] = [];
  for (const [index, { row, film }] of found.entries()) {
    signal.throwIfAborted();
    onFilm?.(index, found.length);
    const { t1, t2 } = await predict({ runId, filmId: film.id, attention: [] }, { signal });
    const pairs = [
      [row.t2, t2.score] as const,
      ...t1.map(({ score }, at) => [row.t1[at] ?? null, score] as const),
    ];
    const apart = Math.max(...pairs.map(([said, here]) => (said === null ? 0 : Math.abs(said - here))));
    if (apart > 0) differing.push({ film: film.name, apart });
  }
  return {
    model: name,
    runId,
    same: found.length - differing.length,
    differing: differing.sort((a, b) => b.apart - a.apart).slice(0, MOST_NAMED),
  };
}

function keep(
  { library: { store, audit }, now }: TakeScores,
  { name }: ScoresAsked,
  file: ScoreFile,
  found: readonly Found[],
): Pick<TakenScores, 'model' | 'modelId' | 'added' | 'known'> {
  return store.transaction(() => {
    const models = store.outsideScores.models();
    const wanted = name.trim() === '' ? (file.run?.name ?? file.source) : name.trim();
    const here = models.find((model) =>
      file.run === null
        ? model.runId === null && model.name === wanted.slice(0, 74)
        : model.runId === file.run.id && model.weightsSha256 === file.run.weightsSha256,
    );
    if (here !== undefined && !isDeepStrictEqual(here.findings, [...file.findings])) {
      throw new ServiceError(
        'CONFLICT',
        `“${here.name}” is here with scores of other findings. Nothing was changed; give this one another name, or remove that one.`,
      );
    }
    const model: OutsideModelRow = here ?? {
      id: `outside-${randomBytes(8).toString('hex')}`,
      name: unusedName(wanted.slice(0, 74), models),
      source: file.source,
      runId: file.run?.id ?? null,
      weightsSha256: file.run?.weightsSha256 ?? null,
      findings: file.findings,
      createdAt: now,
    };
    if (here === undefined) store.outsideScores.addModel(model);
    let known = 0;
    const others: string[] = [];
    for (const { row, film } of found) {
      const before = store.outsideScores.find(model.id, film.no);
      const score = { t1: [...row.t1], t2: row.t2 };
      if (before === null) store.outsideScores.put(model.id, film.no, score);
      else if (isDeepStrictEqual(before, score)) known += 1;
      else others.push(`${row.place} (“${film.name}”)`);
    }
    if (others.length > 0) {
      throw new ServiceError(
        'CONFLICT',
        `“${model.name}” is here with other scores of ${others.length} of the films: ${others.slice(0, 5).join(', ')}${others.length > 5 ? ' …' : ''}. Nothing was changed; give these another name, or remove those.`,
        { rows: others.slice(0, MOST_NAMED) },
      );
    }
    audit.record('import', model.id, { what: 'scores', films: found.length - known });
    return { model: model.name, modelId: model.id, added: found.length - known, known };
  });
}

/** What outside models say of a film. */
export function scoresOfFilm({ store }: OpenLibrary, filmId: FilmId): FilmScores[] {
  const models = new Map(store.outsideScores.models().map((model) => [model.id, model]));
  return store.outsideScores.ofFilm(filmId).flatMap(({ modelId, t1, t2 }) => {
    const model = models.get(modelId);
    if (model === undefined) return [];
    const { name, source, findings } = model;
    const scores = findings.flatMap((finding, index) => {
      const score = t1[index] ?? null;
      return score === null ? [] : [{ name: finding, score }];
    });
    return [{ modelId, name, source, t2, t1: scores }];
  });
}
