/**
 * @file `demo`: the sample study with progress in the terminal. Beside a running app (CHESTLIGHT_URL) it asks that app, so
 * that the window shows the same study; alone it opens the library itself.
 */
import { setTimeout as wait } from 'node:timers/promises';

import type { ResultRow, StudyProgress } from '../../../shared/contract/evaluation.ts';
import type { RunSummary } from '../../../shared/contract/training.ts';
import { isActive } from '../../../shared/domain/run-state.ts';
import { formatDuration } from '../../../shared/domain/numbers.ts';
import { connectLoopback } from '../../node/loopback-client.ts';
import { withApp } from '../app-option.ts';
import { LIBRARY_OPTION } from '../library-option.ts';
import { Refusal, type Verb, type VerbResult } from '../verb.ts';

const LOOK_EVERY_MS = 1000;
const TELL_EVERY_MS = 10_000;

const STEP_WORDS: Readonly<Record<StudyProgress['step'], string>> = {
  import: 'importing the sample films',
  split: 'splitting by patients',
  runs: 'training',
  overlays: 'attention overlays',
  report: 'report',
  done: 'done',
};

type Figures = Pick<ResultRow, 't1' | 't2' | 'differenceToNone' | 'name'>;
type Progress = Omit<StudyProgress, 'id' | 'runIds'> & { readonly runIds: readonly string[] };

/** What the demo needs of an app, wherever it runs. */
interface DemoApp {
  start(): Promise<unknown>;
  current(): Promise<Progress | null>;
  /** Name of the run at work and how far it is, or null. */
  running(): Promise<string | null>;
  table(): Promise<readonly Figures[]>;
}

const call = { signal: new AbortController().signal };

function runAtWork(runs: readonly Pick<RunSummary, 'name' | 'state' | 'progress'>[]): string | null {
  const run = runs.find(({ state }) => isActive(state));
  if (run === undefined) return null;
  const { phase, epoch, epochs } = run.progress;
  return `${run.name}, ${phase === 'training' ? `epoch ${epoch + 1} of ${epochs}` : phase}`;
}

async function withDemoApp(
  options: Parameters<Verb['run']>[0]['options'],
  work: (app: DemoApp) => Promise<VerbResult>,
): Promise<VerbResult> {
  const url = process.env.CHESTLIGHT_URL;
  if (url === undefined) {
    return await withApp(options, 'write', ({ app: { services } }) =>
      work({
        start: async () => await services.study.runSample({}, call),
        current: async () => await services.study.current({}, call),
        running: async () => runAtWork(await services.training.runs({}, call)),
        table: async () => await services.evaluation.table({}, call),
      }),
    );
  }
  const connection = await connectLoopback(url);
  const { client } = connection;
  try {
    return await work({
      start: () => client.study.runSample({}),
      current: () => client.study.current({}),
      running: async () => runAtWork(await client.training.runs({})),
      table: () => client.evaluation.table({}),
    });
  } finally {
    connection.close();
  }
}

async function follow(app: DemoApp): Promise<Progress> {
  let toldAt = 0;
  let told = '';
  for (;;) {
    const now = await app.current();
    if (now === null) throw new Error('the study is gone');
    if (now.state !== 'running') return now;
    const running = now.step === 'runs' ? await app.running() : null;
    const what = `${STEP_WORDS[now.step]}${now.step === 'runs' ? ` ${Math.max(1, now.runIds.length)} of 3:` : ''}`;
    if (what !== told || Date.now() - toldAt >= TELL_EVERY_MS) {
      told = what;
      toldAt = Date.now();
      const left = now.etaSeconds === null ? '' : `, about ${formatDuration(now.etaSeconds)} left`;
      const detail = running === null ? '' : ` ${running}`;
      process.stderr.write(`${(now.fraction * 100).toFixed(0).padStart(3)} %  ${what}${detail}${left}\n`);
    }
    await wait(LOOK_EVERY_MS);
  }
}

const figure = ({
  value,
  ci,
}: {
  readonly value: number | null;
  readonly ci: readonly number[] | null;
}): string =>
  value === null
    ? '–'
    : `${value.toFixed(3)}${ci === null ? '' : ` (${ci.map((end) => end.toFixed(3)).join(' to ')})`}`;

/** Columns as wide as their longest cell. */
function tableText(rows: readonly Figures[]): string {
  const head = ['Run', 'T1 macro AUROC (95 %)', 'T2 AUROC (95 %)', 'T1 against no distillation'];
  const cells = rows.map(({ name, t1, t2, differenceToNone }) => [
    name,
    figure(t1),
    figure(t2),
    differenceToNone === null ? '' : figure(differenceToNone.t1),
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  return [head, ...cells]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export const demo: Verb = {
  name: 'demo',
  usage: 'demo [--library DIR]',
  summary: 'the sample study: import, teacher, two students, evaluation, overlays, report',
  options: LIBRARY_OPTION,
  run: ({ options }) =>
    withDemoApp(options, async (app) => {
      const began = Date.now();
      await app.start();
      const { state, report, error } = await follow(app);
      if (state !== 'finished' || report === null) {
        throw new Refusal(error?.code ?? 'CANCELLED', error?.message ?? `The study is ${state}.`);
      }
      const table = await app.table();
      const seconds = (Date.now() - began) / 1000;
      const text = [
        tableText(table),
        '',
        `Done in ${formatDuration(seconds)}.`,
        `The report is at ${report.path}`,
      ].join('\n');
      return { json: { state, seconds, table, report: report.path }, text };
    }),
};
