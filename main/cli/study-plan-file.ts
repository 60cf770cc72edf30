/** @file The plan of the verb `study`: a JSON file checked to the last field, or the small plan that stands for none. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import type { z } from 'zod';

import { studyPlan, type StudyPlan } from '../../shared/contract/study.ts';
import { PAPER_SYSTEMS } from '../../shared/domain/study.ts';
import { usualStart } from '../../shared/domain/usual-start.ts';
import { isStartId, type ListedStart } from '../services/training/start-weights.ts';
import { Refusal } from './verb.ts';

const DEFAULT_SYSTEMS = ['none', 'vanilla', 'mlcak'];

/** Without a plan: three systems of the paper at all resolutions, small enough to try. */
export const DEFAULT_PLAN: StudyPlan = studyPlan.parse({
  name: 'Tiny, three systems',
  models: ['tiny'],
  systems: PAPER_SYSTEMS.filter(({ name }) => DEFAULT_SYSTEMS.includes(name)),
  resolutions: [112, 56, 28],
  seeds: [1],
  preset: 'quick',
});

function refuse(file: string, why: string): never {
  throw new Refusal('BAD_INPUT', `The plan ${file} cannot be used: ${why}. Nothing was started.`, { file });
}

/** `models[0]: …`, one a field that is wrong. */
function fieldsOf(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => {
      const field = path
        .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
        .join('');
      return `${field === '' ? '' : `${field.replace(/^\./, '')}: `}${message}`;
    })
    .join('; ');
}

/** In a plan: start at random. A model that is not named starts as `train` would start it. */
const AT_RANDOM = 'none';

/** Start weights in a plan lie beside it, unless they are named by their id or their whole path. */
function placed({ init, ...plan }: StudyPlan, file: string): StudyPlan {
  const beside = (start: string): string =>
    isStartId(start) || start === AT_RANDOM ? start : resolve(dirname(file), start);
  const entries = Object.entries(init).map(([model, start]) => [model, beside(start)]);
  return { ...plan, init: Object.fromEntries(entries) as StudyPlan['init'] };
}

/** @throws Refusal UNREADABLE_FILE, BAD_INPUT naming every field that is wrong or unknown */
export async function readPlan(file: string): Promise<StudyPlan> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Refusal('UNREADABLE_FILE', `${file} could not be read: ${(error as Error).message}`, { file });
  });
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    return refuse(file, `it is not JSON (${(error as Error).message})`);
  }
  const parsed = studyPlan.safeParse(json);
  return parsed.success ? placed(parsed.data, file) : refuse(file, fieldsOf(parsed.error));
}

/** The plan with a start for every model, as the library keeps it: of `starts` the app's own where the plan names none. */
export function withStarts(
  { init, ...plan }: StudyPlan,
  starts: readonly Pick<ListedStart, 'id' | 'bundled' | 'model'>[],
): StudyPlan {
  const named = plan.models.flatMap((model) => {
    const start = init[model] ?? usualStart(starts.filter((one) => one.model === model)) ?? AT_RANDOM;
    return start === AT_RANDOM ? [] : [[model, start] as const];
  });
  return { ...plan, init: Object.fromEntries(named) };
}

/** The same plan, but for what was filled in when the study began. */
export function isSamePlan(asked: StudyPlan, kept: StudyPlan): boolean {
  const starts = Object.entries({ ...kept.init, ...asked.init }).filter(([, start]) => start !== AT_RANDOM);
  const filled = {
    ...asked,
    init: Object.fromEntries(starts),
    splitId: asked.splitId ?? kept.splitId,
    findings: asked.findings ?? kept.findings,
  };
  return canonical(filled) === canonical(kept);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
