/** @file The results: the table of runs, whole evaluations of the runs looked at, which run and which task are chosen. */
import type { Evaluation, ResultRow, TaskMetrics } from '../../../../shared/contract/evaluation.ts';
import type { RunId } from '../../../../shared/domain/ids.ts';
import { METHODS } from '../../../../shared/domain/recipe.ts';
import type { Connection } from '../../rpc/connection.svelte.ts';
import { noticeOf, type Notice } from '../../rpc/notice.ts';
import { Loaded } from '../../state/loaded.svelte.ts';

/** Name of task T2 in the lists of tasks. */
export const T2_TASK = 'abnormal';

export class EvaluationState {
  readonly table: Loaded<ResultRow[]>;
  notice = $state.raw<Notice | null>(null);
  /** The run whose details are shown; null = the first of the table. */
  chosen = $state<RunId | null>(null);
  /** Runs drawn in the charts besides the chosen one. */
  compared = $state.raw<ReadonlySet<RunId>>(new Set());
  /** Finding, or `abnormal` for T2. */
  task = $state<string>(T2_TASK);

  #evaluations = $state.raw<ReadonlyMap<RunId, Evaluation>>(new Map());
  #asked = new Set<RunId>();
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.table = new Loaded(async () => sorted(await (await connection.client()).evaluation.table({})));
  }

  readonly rows = $derived.by<readonly ResultRow[]>(() => this.table.value ?? []);
  readonly row = $derived.by<ResultRow | null>(
    () => this.rows.find(({ runId }) => runId === this.chosen) ?? this.rows[0] ?? null,
  );
  /** Rows drawn in the charts: the chosen one first. */
  readonly drawn = $derived.by<readonly ResultRow[]>(() => {
    const { row } = this;
    if (row === null) return [];
    return [row, ...this.rows.filter((other) => other !== row && this.compared.has(other.runId))];
  });

  compare(runId: RunId, on: boolean): void {
    const next = new Set(this.compared);
    if (on) next.add(runId);
    else next.delete(runId);
    this.compared = next;
  }

  /** Null while it is on its way. */
  evaluation(runId: RunId): Evaluation | null {
    return this.#evaluations.get(runId) ?? null;
  }

  /** The metrics of the chosen task in one run. */
  taskOf(runId: RunId): TaskMetrics | null {
    const evaluation = this.evaluation(runId);
    if (evaluation === null) return null;
    if (this.task === T2_TASK) return evaluation.t2;
    return evaluation.perFinding.find(({ name }) => name === this.task) ?? null;
  }

  async load(runId: RunId): Promise<void> {
    if (this.#asked.has(runId)) return;
    this.#asked.add(runId);
    try {
      const evaluation = await (await this.#connection.client()).evaluation.run({ runId, part: 'test' });
      this.#evaluations = new Map([...this.#evaluations, [runId, evaluation]]);
      this.notice = null;
    } catch (error) {
      this.#asked.delete(runId);
      this.notice = noticeOf(error);
    }
  }
}

/** Teachers first, then by resolution, method, seed: the order of the paper's table. */
function sorted(rows: readonly ResultRow[]): ResultRow[] {
  return [...rows].sort(
    (a, b) =>
      Number(b.method === 'teacher') - Number(a.method === 'teacher') ||
      b.resolution - a.resolution ||
      METHODS.indexOf(a.method) - METHODS.indexOf(b.method) ||
      a.seed - b.seed,
  );
}
