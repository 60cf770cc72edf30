/** @file Small studies for tests: a plan of one epoch a cell, its states, scripted processes told how to end. */
import { studyPlan, type Study, type StudyPlan } from '../../../shared/contract/study.ts';
import type { StudyId } from '../../../shared/domain/ids.ts';
import { openAppWithFilms, type openTestApp } from '../../helpers/open-app.ts';
import { scriptedHost, type ScriptedHost } from '../../helpers/scripted-workers.ts';
import { call } from '../../helpers/temp-library.ts';

export type App = Awaited<ReturnType<typeof openTestApp>>;

export function planOf(change: Partial<StudyPlan> = {}): StudyPlan {
  return studyPlan.parse({
    models: ['tiny'],
    systems: [
      { name: 'none', title: 'No distillation', method: 'none' },
      { name: 'mlcak', title: 'MLCAK', method: 'mlcak' },
    ],
    resolutions: [28],
    preset: 'quick',
    recipe: { epochs: 1, batch: 4 },
    ...change,
  });
}

export const start = async ({ studies }: App, plan = planOf()): Promise<StudyId> =>
  (await studies.service.start(plan, call)).studyId as StudyId;

export const viewOf = async ({ studies }: App, id: StudyId): Promise<Study> => {
  const found = (await studies.service.list({}, call)).find((study) => study.id === id);
  if (found === undefined) throw new Error('no such study');
  return found as Study;
};

export const statesOf = async (app: App, id: StudyId): Promise<string[]> =>
  (await viewOf(app, id)).cells.map(({ key, state }) => `${key} ${state}`);

export const until = async (fits: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await fits())) await new Promise((resolve) => setTimeout(resolve, 20));
};

/** Lets the newest scripted process say that its run has ended. */
export async function endRun(
  host: ScriptedHost,
  nth: number,
  how: 'failed' | 'dies',
  code = 'NOT_FINITE',
): Promise<void> {
  await until(() => host.training.length >= nth);
  const worker = host.training[nth - 1];
  if (how === 'dies') worker?.kill();
  else worker?.say({ type: 'failed', code, message: 'no numbers', detail: {} });
}

/** An app whose processes pause and cancel when they are asked to, and else do what a test has them do. */
export async function openScripted() {
  const host = scriptedHost(0, true);
  return { host, app: await openAppWithFilms({ workerHost: host }) };
}
