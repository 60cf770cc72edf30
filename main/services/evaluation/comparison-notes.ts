/** @file Plain sentences about the comparison of two runs: what is shown, what is not, and what to beware of. */
import type { Comparison, FindingDifference } from '../../../shared/contract/comparison.ts';
import { formatP, formatSigned } from '../../../shared/domain/numbers.ts';
import { FEW_PATIENTS } from './notes.ts';
import { FEW_FILMS } from './task-metrics.ts';
import { counted, listed, SIGNIFICANT, signedInterval, verdict } from './wording.ts';

/** Everything that is known of a comparison before words are found for it. */
export type Compared = Omit<Comparison, 'notes'>;

export function notesOnComparison(compared: Compared): string[] {
  const { part, films, patients, t1 } = compared;
  return [
    part === 'validation' &&
      'The best epochs were chosen on these same films, so the figures of both runs are too good. Judge by the test part.',
    taskNote('T1', compared, compared.t1),
    taskNote('T2', compared, compared.t2),
    ...findingNotes(compared),
    t1.k < t1.of &&
      t1.k > 0 &&
      `T1 is the mean over the ${t1.k} of ${t1.of} findings that have both classes.`,
    undefinedNote(compared.perFinding),
    unstableNote(compared.perFinding),
    compared.t2.unstable &&
      compared.t2.difference.value !== null &&
      `T2 rests on fewer than ${FEW_FILMS} films of a class: its difference says little.`,
    patients < FEW_PATIENTS &&
      `Only ${counted(films, 'film')} of ${counted(patients, 'patient')}: small differences cannot be seen.`,
    patients < films &&
      `${counted(films, 'film')} come from ${counted(patients, 'patient')}. T1 and T2 resample patients; the tests of single findings (DeLong) take films as independent, so that their p values are a little too small.`,
    'Intervals and p values say how far other patients could change the difference, not what another seed of training would. Train both with more seeds before one is preferred.',
  ].filter((note) => note !== false && note !== null);
}

function taskNote(task: string, { a, b }: Compared, { difference }: Compared['t1' | 't2']): string | null {
  const gap = `${signedInterval(difference)}, p ${formatP(difference.p).replace(/^\./, '= .')}`;
  switch (verdict(difference)) {
    case 'better':
      return `In ${task}, “${a.name}” is better than “${b.name}”: ${gap}.`;
    case 'worse':
      return `In ${task}, “${a.name}” is worse than “${b.name}”: ${gap}.`;
    case 'undecided':
      return `In ${task}, no difference is shown: ${gap}. That does not show that the two are equally good.`;
    case 'undefined':
      return `${task} cannot be compared: the part lacks a class.`;
  }
}

function findingNotes({ perFinding, holmOver }: Compared): string[] {
  if (holmOver === 0) return [];
  const shown = perFinding.filter(({ holm }) => holm !== null && holm < SIGNIFICANT);
  const hinted = perFinding.filter(
    ({ difference, holm }) =>
      difference.p !== null && difference.p < SIGNIFICANT && (holm ?? 1) >= SIGNIFICANT,
  );
  const named = (finding: FindingDifference) => `${finding.name} (${formatSigned(finding.difference.value)})`;
  const over = `after Holm's correction over ${counted(holmOver, 'finding')}`;
  return [
    shown.length === 0
      ? `No single finding differs ${over}.`
      : `${counted(shown.length, 'finding differs', 'findings differ')} ${over}: ${listed(shown.map(named))}.`,
    ...(hinted.length === 0
      ? []
      : [`Below .05 only before the correction, so not shown: ${listed(hinted.map(({ name }) => name))}.`]),
  ];
}

function undefinedNote(perFinding: readonly FindingDifference[]): string | null {
  const missing = perFinding.filter(({ difference }) => difference.value === null);
  if (missing.length === 0) return null;
  return `No difference for ${listed(missing.map(({ name }) => name))}: the part lacks a class.`;
}

function unstableNote(perFinding: readonly FindingDifference[]): string | null {
  const few = perFinding.filter(({ unstable, difference }) => unstable && difference.value !== null);
  if (few.length === 0) return null;
  return `Fewer than ${FEW_FILMS} films of a class, so the difference says little: ${listed(few.map(({ name }) => name))}.`;
}
