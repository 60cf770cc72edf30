/** @file `evaluate`: metrics with intervals of a finished run on a part of its split, and its difference to another run. */
import { part } from '../../../shared/contract/base.ts';
import { comparison, type Comparison } from '../../../shared/contract/comparison.ts';
import { attentionMethod } from '../../../shared/contract/inference.ts';
import type { Localisation } from '../../../shared/contract/localisation.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { keptWords } from '../../../shared/domain/kept-threshold.ts';
import { formatP } from '../../../shared/domain/numbers.ts';
import { signedInterval } from '../../services/evaluation/wording.ts';
import { pointsInForce } from '../../services/inference/thresholds.ts';
import { pointOf } from './threshold.ts';
import { withApp } from '../app-option.ts';
import { LIBRARY_OPTION } from '../library-option.ts';
import { textOption } from '../options.ts';
import { Refusal, type Verb } from '../verb.ts';

const call = { signal: new AbortController().signal };

const figure = (value: number | null, ci: readonly number[] | null): string =>
  value === null
    ? 'undefined'
    : `${value.toFixed(3)}${ci === null ? '' : ` (${ci.map((end) => end.toFixed(3)).join('–')})`}`;

/** The comparison without what the result says of the run itself. */
function differenceOf({ b, films, patients, t1, t2, perFinding, holmOver, notes }: Comparison) {
  return { against: b.runId, name: b.name, films, patients, t1, t2, perFinding, holmOver, notes };
}

function differenceInWords({ b, t1, t2, perFinding, notes }: Comparison): readonly string[] {
  const line = ({ difference }: Comparison['t1' | 't2']): string =>
    `${signedInterval(difference)}, p ${formatP(difference.p)}`;
  return [
    '',
    `Difference to ${b.name} (${b.runId})`,
    `T1 ${line(t1)}`,
    ...perFinding.map(
      ({ name, difference, holm, unstable }) =>
        `  ${name}: ${signedInterval(difference)}, p ${formatP(difference.p)}, by Holm ${formatP(holm)}${unstable ? ', few films' : ''}`,
    ),
    `T2 ${line(t2)}`,
    ...notes,
  ];
}

function localisationLines({ perFinding, macro, films, boxes, method, notes }: Localisation): string[] {
  const line = (
    name: string,
    { pointing, energy, iou }: Localisation['macro'] | Localisation['perFinding'][number],
  ) => {
    const one = (label: string, { map, prior }: typeof iou): string =>
      `${label} ${figure(map.value, map.ci)}, prior ${prior === null ? 'none' : figure(prior.value, prior.ci)}`;
    return `  ${name}: ${[one('pointing', pointing), one('energy', energy), one('IoU', iou)].join('; ')}`;
  };
  return [
    `Localisation by ${method}: ${films} films with ${boxes} boxes`,
    ...perFinding.map((row) => line(`${row.name} (${row.films} films${row.unstable ? ', few' : ''})`, row)),
    ...(perFinding.length === 0 ? [] : [line(`mean of ${macro.findings} findings`, macro)]),
    ...notes,
  ];
}

export const evaluate: Verb = {
  name: 'evaluate',
  usage:
    'evaluate --library DIR --run RUN [--split test|validation] [--against RUN2] [--localisation [--attention-method last|rollout|relevance]]',
  words: 1,
  summary: 'metrics with 95 % intervals of a finished run, its difference to another, and maps against boxes',
  options: {
    ...LIBRARY_OPTION,
    run: { type: 'string' },
    split: { type: 'string' },
    against: { type: 'string' },
    localisation: { type: 'boolean' },
    'attention-method': { type: 'string' },
  },
  run: async ({ options, positionals }) => {
    const runId = (textOption(options, 'run') ?? positionals[0]) as RunId | undefined;
    const wanted = part.safeParse(textOption(options, 'split') ?? 'test');
    if (runId === undefined)
      throw new Refusal('BAD_INPUT', 'Name the run: --run RUN. The verb "runs" lists them.');
    const other = textOption(options, 'against') as RunId | undefined;
    if (!wanted.success) throw new Refusal('BAD_INPUT', '--split takes test or validation.');
    const method = attentionMethod.safeParse(textOption(options, 'attention-method') ?? 'relevance');
    if (!method.success)
      throw new Refusal('BAD_INPUT', '--attention-method takes last, rollout or relevance.');
    return await withApp(
      options,
      options.localisation === true ? 'write' : 'read',
      async ({ evaluation, library }) => {
        const where =
          options.localisation === true
            ? await evaluation.localise(runId, wanted.data, method.data, (done, total) =>
                process.stderr.write(`map ${done + 1} of ${total}\n`),
              )
            : null;
        const result = await evaluation.service.run({ runId, part: wanted.data }, call);
        const compared =
          other === undefined
            ? null
            : comparison.parse(
                await evaluation.service.compare({ a: runId, b: other, part: wanted.data }, call),
              );
        const { t1, t2, perFinding, films, patients, notes, bootstrap } = result;
        const points = [...pointsInForce(library.store, runId).values()];
        const json = {
          runId,
          split: wanted.data,
          films,
          patients,
          t1: {
            macro: t1.value,
            ci: t1.ci,
            k: t1.k,
            of: t1.of,
            perFinding: Object.fromEntries(perFinding.map(({ name, auroc }) => [name, auroc.value])),
          },
          t2: { auroc: t2.auroc.value, ci: t2.auroc.ci },
          findings: perFinding,
          abnormal: t2,
          /** From which score on each task is called positive. Figures hold for the fitted thresholds. */
          inForce: points.map(pointOf),
          roc: Object.fromEntries([...perFinding, t2].map(({ name, roc }) => [name, roc])),
          calibration: Object.fromEntries(
            [...perFinding, t2].map(({ name, calibration }) => [name, calibration]),
          ),
          temperature: result.temperature ?? null,
          bootstrap,
          notes,
          ...(compared === null ? {} : { difference: differenceOf(compared) }),
          ...(where !== null && { localisation: where }),
        };
        const text = [
          `${films} films of ${patients} patients, ${wanted.data} part`,
          `T1 macro AUROC ${figure(t1.value, t1.ci)} over ${t1.k} of ${t1.of} findings`,
          ...perFinding.map(
            ({ name, auroc, positives, n }) =>
              `  ${name}: ${figure(auroc.value, auroc.ci)}, ${positives} of ${n} positive`,
          ),
          `T2 normal/abnormal AUROC ${figure(t2.auroc.value, t2.auroc.ci)}`,
          ...points.map(
            ({ task, threshold, kept, fitted }) =>
              `${task} called positive from ${threshold.toFixed(3)}: ${kept === null ? fitted?.rule : keptWords(kept)}`,
          ),
          ...notes,
          ...(compared === null ? [] : differenceInWords(compared)),
          ...(where === null ? [] : localisationLines(where)),
        ].join('\n');
        return { json, text };
      },
    );
  },
};
