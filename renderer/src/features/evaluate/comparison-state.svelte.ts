/** @file Two runs chosen to be compared, and their comparison on the test part. */
import type { Comparison } from '../../../../shared/contract/comparison.ts';
import type { ResultRow } from '../../../../shared/contract/evaluation.ts';
import type { RunId } from '../../../../shared/domain/ids.ts';
import type { Connection } from '../../rpc/connection.svelte.ts';
import { toCsv } from '../../rpc/save-file.ts';
import { Loaded } from '../../state/loaded.svelte.ts';
import type { EvaluationState } from './evaluation-state.svelte.ts';

export class ComparisonState {
  /** Chosen by the person; null = what is likely wanted. */
  #a = $state<RunId | null>(null);
  #b = $state<RunId | null>(null);
  readonly answer: Loaded<Comparison>;
  readonly #results: EvaluationState;

  constructor(connection: Connection, results: EvaluationState) {
    this.#results = results;
    this.answer = new Loaded(async () => {
      const [a, b] = [this.a, this.b];
      if (a === null || b === null) throw new Error('two runs are chosen before they are compared');
      return await (await connection.client()).evaluation.compare({ a: a.runId, b: b.runId });
    });
  }

  /** The run of the details where none was chosen here. */
  readonly a = $derived.by<ResultRow | null>(() => this.#row(this.#a) ?? this.#results.row);
  /** Its counterpart without distillation where none was chosen here, else the next best. */
  readonly b = $derived.by<ResultRow | null>(() => {
    const { a } = this;
    const chosen = this.#row(this.#b);
    if (chosen !== null && chosen.runId !== a?.runId) return chosen;
    const others = this.#results.rows.filter(({ runId }) => runId !== a?.runId);
    const alike = others.filter(({ model, resolution }) => model === a?.model && resolution === a.resolution);
    return alike.find(({ method }) => method === 'none') ?? alike[0] ?? others[0] ?? null;
  });
  /** The comparison of the two that are chosen; null while it is on its way. */
  readonly shown = $derived.by<Comparison | null>(() => {
    const { value } = this.answer;
    return value?.a.runId === this.a?.runId && value?.b.runId === this.b?.runId ? value : null;
  });

  #row(runId: RunId | null): ResultRow | null {
    return this.#results.rows.find((row) => row.runId === runId) ?? null;
  }

  chooseA(runId: RunId): void {
    if (runId === this.b?.runId) this.swap();
    else [this.#a, this.#b] = [runId, this.b?.runId ?? null];
  }

  chooseB(runId: RunId): void {
    if (runId === this.a?.runId) this.swap();
    else [this.#a, this.#b] = [this.a?.runId ?? null, runId];
  }

  swap(): void {
    [this.#a, this.#b] = [this.b?.runId ?? null, this.a?.runId ?? null];
  }
}

/** Every row of the comparison, unrounded. */
export function comparisonCsv({ a, b, t1, t2, perFinding }: Comparison): string {
  const head = ['task', 'films', 'positive', `AUROC ${a.name}`, `AUROC ${b.name}`, 'difference'];
  const tested = ({ value, ci, p }: Comparison['t1']['difference']) => [
    value,
    ci?.[0] ?? null,
    ci?.[1] ?? null,
    p,
  ];
  return toCsv([
    [...head, '95 % low', '95 % high', 'p', 'p by Holm', 'few films'],
    [`T1 (macro over ${t1.k} of ${t1.of})`, null, null, t1.a, t1.b, ...tested(t1.difference), null, null],
    ['T2 (abnormal)', t2.n, t2.positives, t2.a, t2.b, ...tested(t2.difference), null, t2.unstable ? 1 : 0],
    ...perFinding.map(({ name, n, positives, a: own, b: other, difference, holm, unstable }) => [
      name,
      n,
      positives,
      own,
      other,
      ...tested(difference),
      holm,
      unstable ? 1 : 0,
    ]),
  ]);
}
