/** @file Training runs: configuration (never changes), state (legal moves only), epochs, checkpoints, notes, knowledge caches. */
import { epochRecord, runConfig, runProgress, stepsTaken } from '../../shared/contract/training.ts';
import type {
  EpochRecord,
  RunConfig,
  RunDetail,
  RunProgress,
  RunSummary,
} from '../../shared/contract/training.ts';
import type { RunId, SplitId } from '../../shared/domain/ids.ts';
import { canMove, isActive, RUN_STATES, type RunState } from '../../shared/domain/run-state.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import type { StepsTaken } from '../../shared/domain/steps-taken.ts';
import type { Db } from './connection.ts';

export type RunBest = NonNullable<RunSummary['best']>;
export type RunError = NonNullable<RunSummary['error']>;
export type RunCheckpoint = RunDetail['checkpoints'][number] & {
  /** Relative to the run's folder. */
  readonly file: string;
};

export interface RunRow {
  readonly id: RunId;
  readonly name: string;
  readonly config: RunConfig;
  readonly configHash: string;
  readonly teacherRunId: RunId | null;
  readonly splitId: SplitId;
  readonly state: RunState;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly progress: RunProgress;
  readonly best: RunBest | null;
  readonly error: RunError | null;
  readonly device: string | null;
  /** Films at once that it goes on with since memory ran out, computing again what it does not keep; null = as its recipe says. */
  readonly easedTo: number | null;
  /** How its steps were really taken; null before the first. */
  readonly steps: StepsTaken | null;
}

export type NewRun = Pick<RunRow, 'id' | 'name' | 'config' | 'configHash' | 'createdAt' | 'progress'>;

export interface KnowledgeRow {
  readonly key: string;
  readonly teacherRunId: RunId;
  readonly feature: 'none' | 'mean' | 'last' | 'blocks';
  readonly films: number;
  readonly views: number;
  readonly bytes: number;
  readonly complete: boolean;
}

interface RawRun extends Omit<RunRow, 'config' | 'progress' | 'best' | 'error' | 'steps'> {
  readonly config: string;
  readonly progress: string;
  readonly best: string | null;
  readonly steps: string | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
}

const COLUMNS = `id, name, config, config_hash AS configHash, teacher_run_id AS teacherRunId, split_id AS splitId, state,
  created_at AS createdAt, started_at AS startedAt, ended_at AS endedAt, progress, best, error_code AS errorCode,
  error_message AS errorMessage, device, eased_to AS easedTo, steps`;

function parse({ config, progress, best, steps, errorCode, errorMessage, ...row }: RawRun): RunRow {
  return {
    ...row,
    config: runConfig.parse(JSON.parse(config)),
    progress: runProgress.parse(JSON.parse(progress)),
    best: best === null ? null : (JSON.parse(best) as RunBest),
    steps: steps === null ? null : stepsTaken.parse(JSON.parse(steps)),
    error: errorCode === null ? null : { code: errorCode, message: errorMessage ?? '' },
  };
}

/** Notes of a run at most, and characters of one. */
const MOST_NOTES = 30;
const NOTE_LENGTH = 500;

export type RunStore = ReturnType<typeof createRunStore>;

export function createRunStore(db: Db) {
  const insert = db.prepare(
    `INSERT INTO runs (id, name, config, config_hash, teacher_run_id, split_id, state, created_at, progress)
     VALUES (@id, @name, @config, @configHash, @teacherRunId, @splitId, @state, @createdAt, @progress)`,
  );
  const setEnded = db.prepare<[number, string]>('UPDATE runs SET ended_at = ? WHERE id = ?');
  const byId = db.prepare<[string], RawRun>(`SELECT ${COLUMNS} FROM runs WHERE id = ?`);
  const all = db.prepare<[], RawRun>(`SELECT ${COLUMNS} FROM runs ORDER BY created_at, id`);
  const nextQueued = db.prepare<[], RawRun>(
    `SELECT ${COLUMNS} FROM runs WHERE state = 'queued' ORDER BY created_at, id LIMIT 1`,
  );
  const inStates = db.prepare<[string], { id: RunId }>(
    'SELECT id FROM runs WHERE state IN (SELECT value FROM json_each(?)) ORDER BY created_at, id',
  );
  const students = db.prepare<[string], { id: RunId }>(
    'SELECT id FROM runs WHERE teacher_run_id = ? ORDER BY created_at, id',
  );
  const setState = db.prepare<[string, number | null, number | null, string | null, string | null, string]>(
    `UPDATE runs SET state = ?, started_at = coalesce(started_at, ?), ended_at = ?, error_code = ?, error_message = ?
     WHERE id = ?`,
  );
  const setProgress = db.prepare<[string, string]>('UPDATE runs SET progress = ? WHERE id = ?');
  const setBest = db.prepare<[string, string]>('UPDATE runs SET best = ? WHERE id = ?');
  const setDevice = db.prepare<[string, string]>('UPDATE runs SET device = ? WHERE id = ?');
  const ease = db.prepare<[number, string]>('UPDATE runs SET eased_to = ? WHERE id = ?');
  const setSteps = db.prepare<[string, string]>('UPDATE runs SET steps = ? WHERE id = ?');
  const addNote = db.prepare(
    `INSERT INTO run_notes (run_id, message, created_at) SELECT @id, @message, @now
     WHERE (SELECT count(*) FROM run_notes WHERE run_id = @id) < ${MOST_NOTES}
     ON CONFLICT (run_id, message) DO NOTHING`,
  );
  const notes = db.prepare<[string], { message: string }>(
    'SELECT message FROM run_notes WHERE run_id = ? ORDER BY id',
  );
  const rename = db.prepare<[string, string]>('UPDATE runs SET name = ? WHERE id = ?');
  const remove = db.prepare<[string]>('DELETE FROM runs WHERE id = ?');
  const putEpoch = db.prepare<[string, number, string]>(
    `INSERT INTO run_epochs (run_id, epoch, record) VALUES (?, ?, ?)
     ON CONFLICT (run_id, epoch) DO UPDATE SET record = excluded.record`,
  );
  const epochs = db.prepare<[string], { record: string }>(
    'SELECT record FROM run_epochs WHERE run_id = ? ORDER BY epoch',
  );
  const putCheckpoint = db.prepare(
    `INSERT INTO run_checkpoints (run_id, kind, epoch, step, file, sha256, bytes, created_at)
     VALUES (@runId, @kind, @epoch, @step, @file, @sha256, @bytes, @createdAt)
     ON CONFLICT (run_id, kind) DO UPDATE SET epoch = excluded.epoch, step = excluded.step, file = excluded.file,
       sha256 = excluded.sha256, bytes = excluded.bytes, created_at = excluded.created_at`,
  );
  const checkpoints = db.prepare<[string], RunCheckpoint>(
    `SELECT kind, epoch, step, file, sha256, bytes, created_at AS createdAt FROM run_checkpoints
     WHERE run_id = ? ORDER BY step, kind`,
  );
  const dropSpentCheckpoints = db.prepare<[string]>(
    `DELETE FROM run_checkpoints WHERE run_id = ? AND kind <> 'final'
     AND EXISTS (SELECT 1 FROM run_checkpoints f WHERE f.run_id = run_checkpoints.run_id AND f.kind = 'final')`,
  );
  const putKnowledge = db.prepare(
    `INSERT INTO knowledge (key, teacher_run_id, feature, films, views, bytes, complete)
     VALUES (@key, @teacherRunId, @feature, @films, @views, @bytes, @complete)
     ON CONFLICT (key) DO UPDATE SET films = excluded.films, views = excluded.views,
       bytes = max(bytes, excluded.bytes), complete = excluded.complete
     WHERE NOT (complete AND (NOT excluded.complete OR views > excluded.views))`,
  );
  const knowledge = db.prepare<[], Omit<KnowledgeRow, 'complete'> & { complete: number }>(
    `SELECT key, teacher_run_id AS teacherRunId, feature, films, views, bytes, complete FROM knowledge ORDER BY key`,
  );
  const dropKnowledge = db.prepare<[string]>('DELETE FROM knowledge WHERE key = ?');

  const find = (id: RunId): RunRow | null => {
    const row = byId.get(id);
    return row === undefined ? null : parse(row);
  };
  const get = (id: RunId): RunRow => {
    const run = find(id);
    if (run === null)
      throw new ServiceError('NOT_FOUND', 'There is no such run in this library.', { runId: id });
    return run;
  };

  const add = (run: NewRun, state: RunState): void =>
    void insert.run({
      ...run,
      state,
      config: JSON.stringify(run.config),
      progress: JSON.stringify(run.progress),
      teacherRunId: run.config.teacherRunId,
      splitId: run.config.splitId,
    });

  return {
    /** The row comes before any work. The state is `queued`. */
    insert: (run: NewRun): void => add(run, 'queued'),
    /** A run that was trained elsewhere. Within a transaction with its checkpoint. */
    insertFinished(run: NewRun, endedAt: number): void {
      add(run, 'finished');
      setEnded.run(endedAt, run.id);
    },
    find,
    /** @throws ServiceError NOT_FOUND */
    get,
    /** In the order in which they were made. */
    list: (): readonly RunRow[] => all.all().map(parse),
    /** The run that waits longest, or null. */
    nextQueued(): RunRow | null {
      const row = nextQueued.get();
      return row === undefined ? null : parse(row);
    },
    /** Runs that a process should be working on. */
    active: (): readonly RunId[] =>
      inStates.all(JSON.stringify(RUN_STATES.filter(isActive))).map(({ id }) => id),
    students: (id: RunId): readonly RunId[] => students.all(id).map(({ id: student }) => student),
    /**
     * Moves the run to another state. Preparing notes the start, states at rest note the end; an error is kept until the
     * run is queued again. @throws ServiceError NOT_FOUND, CONFLICT when the move is not legal
     */
    move(id: RunId, to: RunState, now: number, error: RunError | null = null): void {
      const { state } = get(id);
      if (!canMove(state, to)) {
        throw new ServiceError(
          'CONFLICT',
          `A run that is ${state} cannot become ${to}. Nothing was changed.`,
          {
            runId: id,
            from: state,
            to,
          },
        );
      }
      const ended = ['finished', 'cancelled', 'failed', 'interrupted', 'paused'].includes(to);
      setState.run(
        to,
        to === 'preparing' ? now : null,
        ended ? now : null,
        error?.code ?? null,
        error?.message ?? null,
        id,
      );
    },
    setProgress: (id: RunId, progress: RunProgress): void =>
      void setProgress.run(JSON.stringify(progress), id),
    setBest: (id: RunId, best: RunBest): void => void setBest.run(JSON.stringify(best), id),
    setDevice: (id: RunId, device: string): void => void setDevice.run(device, id),
    ease: (id: RunId, films: number): void => void ease.run(films, id),
    setSteps: (id: RunId, steps: StepsTaken): void => void setSteps.run(JSON.stringify(steps), id),
    /** What was said before is not said again; of a run that says too much the first notes are kept. */
    addNote: (id: RunId, message: string, now: number): void =>
      void addNote.run({ id, message: message.slice(0, NOTE_LENGTH), now }),
    /** Oldest first. */
    notes: (id: RunId): string[] => notes.all(id).map(({ message }) => message),
    rename: (id: RunId, name: string): void => void rename.run(name, id),
    /** Rows of the run, its epochs, checkpoints, evaluations and predictions. Refused by SQL while students exist. */
    remove: (id: RunId): void => void remove.run(id),
    /** An epoch that was computed before is replaced. */
    putEpoch: (id: RunId, record: EpochRecord): void =>
      void putEpoch.run(id, record.epoch, JSON.stringify(record)),
    history: (id: RunId): EpochRecord[] =>
      epochs.all(id).map(({ record }) => epochRecord.parse(JSON.parse(record))),
    /** One row a kind: the newest replaces the one before. */
    putCheckpoint: (id: RunId, checkpoint: RunCheckpoint): void =>
      void putCheckpoint.run({ ...checkpoint, runId: id }),
    checkpoints: (id: RunId): readonly RunCheckpoint[] => checkpoints.all(id),
    /** Leaves the final weights alone. */
    dropSpentCheckpoints: (id: RunId): void => void dropSpentCheckpoints.run(id),
    /** A walk through what is there tells of less than is on disk until it is done: a complete cache stays one, of as many views. */
    putKnowledge: (row: KnowledgeRow): void =>
      void putKnowledge.run({ ...row, complete: row.complete ? 1 : 0 }),
    knowledge: (): KnowledgeRow[] => knowledge.all().map((row) => ({ ...row, complete: row.complete === 1 })),
    dropKnowledge: (key: string): void => void dropKnowledge.run(key),
  };
}
