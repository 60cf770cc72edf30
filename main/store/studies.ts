/** @file Studies: the plan (never changes), the state, and per cell its place, whether it is wanted, its run, its last error. */
import { studyPlan, type StudyPlan } from '../../shared/contract/study.ts';
import type { RunId, StudyId } from '../../shared/domain/ids.ts';
import type { StudyState } from '../../shared/domain/study.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import type { Db } from './connection.ts';

export interface StudyError {
  readonly code: string;
  readonly message: string;
}

export interface StudyRow {
  readonly id: StudyId;
  readonly name: string;
  readonly plan: StudyPlan;
  readonly state: StudyState;
  readonly createdAt: number;
  readonly error: StudyError | null;
}

export interface StudyCellRow {
  readonly key: string;
  readonly wanted: boolean;
  readonly runId: RunId | null;
  readonly reused: boolean;
  readonly error: StudyError | null;
}

interface RawStudy extends Omit<StudyRow, 'plan' | 'error'> {
  readonly plan: string;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
}

interface RawCell extends Omit<StudyCellRow, 'wanted' | 'reused' | 'error'> {
  readonly wanted: 0 | 1;
  readonly reused: 0 | 1;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
}

const errorOf = (code: string | null, message: string | null): StudyError | null =>
  code === null ? null : { code, message: message ?? '' };

function parseStudy({ plan, errorCode, errorMessage, ...row }: RawStudy): StudyRow {
  return { ...row, plan: studyPlan.parse(JSON.parse(plan)), error: errorOf(errorCode, errorMessage) };
}

export type StudyStore = ReturnType<typeof createStudyStore>;

export function createStudyStore(db: Db) {
  const columns = `id, name, plan, state, created_at AS createdAt, error_code AS errorCode, error_message AS errorMessage`;
  const insert = db.prepare(
    `INSERT INTO studies (id, name, plan, state, created_at) VALUES (@id, @name, @plan, @state, @createdAt)`,
  );
  const insertCell = db.prepare<[string, string, number]>(
    `INSERT INTO study_cells (study_id, key, position, wanted, reused) VALUES (?, ?, ?, 1, 0)`,
  );
  const byId = db.prepare<[string], RawStudy>(`SELECT ${columns} FROM studies WHERE id = ?`);
  const all = db.prepare<[], RawStudy>(`SELECT ${columns} FROM studies ORDER BY created_at, id`);
  const running = db.prepare<[], RawStudy>(`SELECT ${columns} FROM studies WHERE state = 'running'`);
  const cells = db.prepare<[string], RawCell>(
    `SELECT key, wanted, run_id AS runId, reused, error_code AS errorCode, error_message AS errorMessage
     FROM study_cells WHERE study_id = ? ORDER BY position, key`,
  );
  const setState = db.prepare<[string, string | null, string | null, string]>(
    'UPDATE studies SET state = ?, error_code = ?, error_message = ? WHERE id = ?',
  );
  const setRun = db.prepare<[string | null, number, string, string]>(
    `UPDATE study_cells SET run_id = ?, reused = ?, error_code = NULL, error_message = NULL
     WHERE study_id = ? AND key = ?`,
  );
  const setError = db.prepare<[string | null, string | null, string, string]>(
    'UPDATE study_cells SET error_code = ?, error_message = ? WHERE study_id = ? AND key = ?',
  );
  const setWanted = db.prepare<[number, string, string]>(
    'UPDATE study_cells SET wanted = ? WHERE study_id = ? AND key = ?',
  );
  const setPosition = db.prepare<[number, string, string]>(
    'UPDATE study_cells SET position = ? WHERE study_id = ? AND key = ?',
  );
  const remove = db.prepare<[string]>('DELETE FROM studies WHERE id = ?');

  const find = (id: StudyId): StudyRow | null => {
    const row = byId.get(id);
    return row === undefined ? null : parseStudy(row);
  };

  return {
    /** The study with its cells in the order given; all of it or nothing. */
    insert(study: Omit<StudyRow, 'error'>, keys: readonly string[]): void {
      db.transaction(() => {
        insert.run({ ...study, plan: JSON.stringify(study.plan) });
        keys.forEach((key, position) => insertCell.run(study.id, key, position));
      })();
    },
    find,
    /** @throws ServiceError NOT_FOUND */
    get(id: StudyId): StudyRow {
      const study = find(id);
      if (study === null) throw new ServiceError('NOT_FOUND', 'There is no such study in this library.');
      return study;
    },
    list: (): readonly StudyRow[] => all.all().map(parseStudy),
    /** There is at most one. */
    running(): StudyRow | null {
      const row = running.get();
      return row === undefined ? null : parseStudy(row);
    },
    /** In the order of training. */
    cells: (id: StudyId): readonly StudyCellRow[] =>
      cells.all(id).map(({ wanted, reused, errorCode, errorMessage, ...cell }) => ({
        ...cell,
        wanted: wanted === 1,
        reused: reused === 1,
        error: errorOf(errorCode, errorMessage),
      })),
    setState: (id: StudyId, state: StudyState, error: StudyError | null = null): void =>
      void setState.run(state, error?.code ?? null, error?.message ?? null, id),
    /** Which run does a cell; an error of before is forgotten. */
    setRun: (id: StudyId, key: string, runId: RunId | null, reused: boolean): void =>
      void setRun.run(runId, reused ? 1 : 0, id, key),
    setError: (id: StudyId, key: string, error: StudyError | null): void =>
      void setError.run(error?.code ?? null, error?.message ?? null, id, key),
    setWanted: (id: StudyId, key: string, wanted: boolean): void =>
      void setWanted.run(wanted ? 1 : 0, id, key),
    /** All keys in their new order. */
    reorder(id: StudyId, keys: readonly string[]): void {
      db.transaction(() => keys.forEach((key, position) => setPosition.run(position, id, key)))();
    },
    /** The runs stay. */
    remove: (id: StudyId): void => void remove.run(id),
  };
}
