/** @file `study`: all systems × models × resolutions × seeds of a plan, one run after the other; Ctrl-C pauses, again goes on. */
import type { Study, StudyCell, StudyPlan } from '../../../shared/contract/study.ts';
import type { StudyId } from '../../../shared/domain/ids.ts';
import { formatBytes, formatDuration, formatScore } from '../../../shared/domain/numbers.ts';
import type { AppParts } from '../../services/compose.ts';
import { listStarts } from '../../services/training/start-weights.ts';
import { withApp } from '../app-option.ts';
import { columns } from '../columns.ts';
import { LIBRARY_OPTION } from '../library-option.ts';
import { textOption } from '../options.ts';
import { namedLabelVersion } from '../review-labels.ts';
import { outFolder, writeStudyFiles } from '../study-files.ts';
import { DEFAULT_PLAN, isSamePlan, readPlan, withStarts } from '../study-plan-file.ts';
import { tell, untilStopped, whenStopped } from '../until-stopped.ts';
import { Refusal, type Verb, type VerbResult } from '../verb.ts';

const TELL_EVERY_MS = 10_000;
const call = { signal: new AbortController().signal };

/** The plan with the label version that is named, by its name or id. @throws Refusal NOT_FOUND */
function withLabels({ library }: AppParts, plan: StudyPlan, named: string | undefined): StudyPlan {
  return named === undefined ? plan : { ...plan, labelVersionId: namedLabelVersion(library.store, named) };
}

/** What the plan would take, without starting anything. */
async function estimate({ library, studies }: AppParts, plan: StudyPlan): Promise<VerbResult> {
  const json = await studies.service.estimate(withStarts(plan, await listStarts(library)), call);
  const cells = json.cells.map(({ key, seconds, doneBy }) => [
    key,
    doneBy === null ? formatDuration(seconds) : `done by ${doneBy}`,
  ]);
  const todo = json.cells.filter(({ doneBy }) => doneBy === null).length;
  const text = [
    ...(cells.length === 0 ? [] : [columns([['Cell', 'About'], ...cells]), '']),
    `${todo} cells, about ${formatDuration(json.seconds)} (${json.basis}).`,
    `Disk ${formatBytes(json.diskBytes)}, memory ${formatBytes(json.memoryBytes)}.`,
    ...json.warnings,
    ...json.refusals.map((refusal) => `Cannot start: ${refusal}`),
  ];
  return { json, text: text.join('\n') };
}

/** The study of this plan that is there already goes on; else it is begun. */
async function begin({ library, studies }: AppParts, plan: StudyPlan): Promise<StudyId> {
  const all = await studies.service.list({}, call);
  const same = all.findLast((study) => isSamePlan(plan, study.plan as StudyPlan));
  for (const { id, name, state } of all) {
    if (state !== 'running' || id === same?.id) continue;
    // This program holds the library, so nobody is training that study: its program was ended the hard way.
    await studies.service.pause({ studyId: id as StudyId }, call);
    tell(`The study "${name}" was cut off and is paused now; its own plan takes it up again.`);
  }
  if (same === undefined) {
    const whole = withStarts(plan, await listStarts(library));
    return (await studies.service.start(whole, call)).studyId as StudyId;
  }
  const studyId = same.id as StudyId;
  for (const { key, state } of same.cells) {
    if (state === 'failed') await studies.service.takeIn({ studyId, key }, call);
  }
  await studies.service.resume({ studyId }, call);
  tell(`Goes on with the study "${same.name}" of ${new Date(same.createdAt).toISOString().slice(0, 16)}.`);
  return studyId;
}

/** Tells cells as they begin and end, and how far the one at work is. */
function teller(): (study: Study) => void {
  const told = new Map<string, string>();
  let toldAt = 0;
  return ({ cells, current, fraction, etaSeconds }) => {
    for (const { key, state, reused, error } of cells) {
      const words = `${state}${reused ? ' (by an earlier run)' : ''}${error === null ? '' : `: ${error.message}`}`;
      const before = told.get(key);
      told.set(key, words);
      if (words !== before && (before !== undefined || state !== 'waiting')) tell(`${key}: ${words}`);
    }
    const cell = cells.find(({ key }) => key === current);
    if (cell === undefined || Date.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = Date.now();
    const done = cells.filter(({ state }) => state === 'done').length;
    const left = etaSeconds === null ? '' : `, about ${formatDuration(etaSeconds)} left`;
    tell(
      `${(fraction * 100).toFixed(0).padStart(3)} %  ${done} of ${cells.length} done, ${cell.key} ${(cell.fraction * 100).toFixed(0)} %${left}`,
    );
  };
}

/** Asks for a checkpoint of the run at work; says in one line what comes of it. */
async function pause({ studies }: AppParts, studyId: StudyId): Promise<void> {
  try {
    await studies.service.pause({ studyId }, call);
    tell('Pausing at the next step; the same command goes on.');
  } catch (error) {
    tell(`The study was not paused: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function follow(parts: AppParts, studyId: StudyId, stop: AbortSignal): Promise<Study> {
  const stopListening = whenStopped(stop, () => void pause(parts, studyId));
  try {
    return await parts.studies.toEnd(studyId, teller(), call.signal);
  } finally {
    stopListening();
  }
}

/** A cell with its results on the test part. */
function row({ library }: AppParts, cell: StudyCell) {
  const { key, system, title, method, model, resolution, seed, state, runId, reused, seconds, error } = cell;
  const test = state === 'done' && runId !== null ? library.store.evaluations.headline(runId, 'test') : null;
  return {
    ...{ key, system, title, method, model, resolution, seed, state, runId, reused, seconds, error },
    t1: test === null ? null : { macro: test.t1.value, ci: test.t1.ci, k: test.t1.k, of: test.t1.of },
    t2: test === null ? null : { auroc: test.t2.value, ci: test.t2.ci },
  };
}

/** @throws Refusal with all that there is where the study did not end whole */
async function result(parts: AppParts, ended: Study, out: string | null): Promise<VerbResult> {
  const { id, name, state, error } = ended;
  const over = state === 'finished' || state === 'failed';
  const { paths, notes } = over ? await writeStudyFiles(parts, ended, out) : { paths: [], notes: [] };
  const cells = ended.cells.map((cell) => row(parts, cell));
  const lines = cells.map(({ title, model, resolution, seed, state: at, t1, t2 }) => [
    title,
    model,
    String(resolution),
    String(seed),
    at,
    formatScore(t1?.macro ?? null, 3),
    formatScore(t2?.auroc ?? null, 3),
  ]);
  const text = [
    columns([['System', 'Model', 'Pixels', 'Seed', 'State', 'T1', 'T2'], ...lines]),
    '',
    `The study "${name}" is ${state}.`,
    ...paths,
    ...notes,
  ].join('\n');
  const json = { studyId: id, name, state, cells, files: paths, notes, error };
  const stuck = cells.filter((cell) => cell.state === 'failed' || cell.state === 'blocked').length;
  // Paused by Ctrl-C is what was asked for; everything else that is not whole is refused, with what there is.
  if (error !== null) throw new Refusal(error.code, error.message, json);
  if (state === 'finished' && stuck > 0) {
    const first = cells.find((cell) => cell.error !== null)?.error?.message ?? '';
    throw new Refusal(
      'WORKER_CRASHED',
      `${stuck} of ${cells.length} cells are not done. ${first} What is done is kept; the same command tries again.`,
      json,
    );
  }
  return { json, text };
}

export const study: Verb = {
  name: 'study',
  usage: 'study --library DIR [--plan FILE] [--label-version NAME] [--out DIR] [--force] [--estimate]',
  summary:
    'every system of a plan × models × resolutions × seeds; without a plan: ViT-Tiny without, with vanilla and with MLCAK distillation at 112, 56 and 28 px, seed 1, preset quick. Without `init` in the plan, from the weights that come with the app, if any. Ctrl-C pauses, the same command goes on. Ends with study.html, .csv, .tex and .json, in the library where --out names no folder',
  options: {
    ...LIBRARY_OPTION,
    plan: { type: 'string' },
    'label-version': { type: 'string' },
    out: { type: 'string' },
    force: { type: 'boolean' },
    estimate: { type: 'boolean' },
  },
  run: async ({ options }) => {
    const file = textOption(options, 'plan');
    const read = file === undefined ? DEFAULT_PLAN : await readPlan(file);
    const labels = textOption(options, 'label-version');
    if (options.estimate === true) {
      // Not `read`: where there is no split yet, one is made for the estimate and taken back.
      return await withApp(options, 'write', (parts) => estimate(parts, withLabels(parts, read, labels)));
    }
    const out = await outFolder(options);
    return await untilStopped((stop) =>
      withApp(options, 'write', async (parts) => {
        const plan = withLabels(parts, read, labels);
        return result(parts, await follow(parts, await begin(parts, plan), stop), out);
      }),
    );
  },
};
