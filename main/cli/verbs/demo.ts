/**
 * @file `demo`: the sample study with progress in the terminal. Beside a running app (CHESTLIGHT_URL) it asks that app, so
 * that the window shows the same study; alone it opens the library itself.
 */
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import type { SampleProgress } from '../../../shared/contract/sample.ts';
import { formatDuration } from '../../../shared/domain/numbers.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { columns } from '../columns.ts';
import { writeFileAtomic } from '../../files/atomic-write.ts';
import { withDemoApp, type DemoApp, type Figures, type Progress } from '../demo-app.ts';
import { LIBRARY_OPTION } from '../library-option.ts';
import { textOption } from '../options.ts';
import { refuseUnlessWritable } from '../out-file.ts';
import { tell, untilStopped, whenStopped } from '../until-stopped.ts';
import { Refusal, type Verb, type VerbResult } from '../verb.ts';

const LOOK_EVERY_MS = 1000;
const TELL_EVERY_MS = 10_000;

const STEP_WORDS: Readonly<Record<SampleProgress['step'], string>> = {
  import: 'importing the sample films',
  split: 'splitting by patients',
  runs: 'training',
  overlays: 'attention overlays',
  report: 'report',
  done: 'done',
};

/** Starts the study, or goes on with the one that is at work already. */
async function begin(app: DemoApp): Promise<void> {
  try {
    await app.start();
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'BUSY') throw error;
    if ((await app.current())?.state !== 'running') throw error;
    tell('The sample study is at work already; this follows it.');
  }
}

/** Tells what happens until the study has ended; how it ended, or null when `stop` aborts before. */
async function follow(app: DemoApp, stop: AbortSignal): Promise<Progress | null> {
  let toldAt = 0;
  let told = '';
  while (!stop.aborted) {
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
      tell(`${(now.fraction * 100).toFixed(0).padStart(3)} %  ${what}${detail}${left}`);
    }
    await wait(LOOK_EVERY_MS, undefined, { signal: stop }).catch(() => undefined);
  }
  return null;
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

function tableText(rows: readonly Figures[]): string {
  const head = ['Run', 'T1 macro AUROC (95 %)', 'T2 AUROC (95 %)', 'T1 against no distillation'];
  const cells = rows.map(({ name, t1, t2, differenceToNone }) => [
    name,
    figure(t1),
    figure(t2),
    differenceToNone === null ? '' : figure(differenceToNone.t1),
  ]);
  return columns([head, ...cells]);
}

const SEALED =
  'The report is in the library, which is encrypted: open it in the window. With --out FILE.html this verb writes a copy that everybody can read.';

const STOPPED = {
  own: 'Closing at the next step: what is trained is kept, and starting the demo again goes on with what is missing.',
  beside: 'No longer watching. The study goes on in the window as long as the app is open.',
} as const;

/** Resolves with null when `stop` aborts, after saying what comes of the study. */
function untilStop(app: DemoApp, stop: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    whenStopped(stop, () => {
      tell(app.own ? STOPPED.own : STOPPED.beside);
      resolve(null);
    });
  });
}

async function conduct(app: DemoApp, stop: AbortSignal, out: string | undefined): Promise<VerbResult> {
  const began = Date.now();
  // Beside an app that no longer answers, Ctrl-C still ends this program.
  const end = await Promise.race([untilStop(app, stop), begin(app).then(() => follow(app, stop))]);
  const seconds = (Date.now() - began) / 1000;
  if (end === null) {
    const json = { state: app.own ? 'paused' : 'running', seconds, table: [], report: null };
    return { json, text: `The sample study is ${app.own ? 'paused' : 'at work in the app'}.` };
  }
  const { state, report, error } = end;
  if (state !== 'finished' || report === null) {
    throw new Refusal(error?.code ?? 'CANCELLED', error?.message ?? `The study is ${state}.`);
  }
  const table = await app.table();
  if (out !== undefined) await writeFileAtomic(out, await app.report(report), { mode: 0o644 });
  const path = out ?? report.path;
  const text = [
    tableText(table),
    '',
    `Done in ${formatDuration(seconds)}.`,
    path === null ? SEALED : `The report is at ${path}`,
  ].join('\n');
  return { json: { state, seconds, table, report: path }, text };
}

export const demo: Verb = {
  name: 'demo',
  usage: 'demo [--library DIR] [--out FILE.html [--force]]',
  summary: 'the sample study: import, teacher, two students, evaluation, overlays, report',
  options: { ...LIBRARY_OPTION, out: { type: 'string' }, force: { type: 'boolean' } },
  run: ({ options }) => {
    const named = textOption(options, 'out');
    const out = named === undefined ? undefined : resolve(named);
    if (out !== undefined) refuseUnlessWritable(out, options);
    return untilStopped((stop) => withDemoApp(options, (app) => conduct(app, stop, out)));
  },
};
