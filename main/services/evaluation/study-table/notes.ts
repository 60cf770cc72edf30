/** @file Plain sentences about a study: what MLCAK is shown to do and what not, what is missing, what to beware of. Pure. */
import type {
  StudyDifference,
  StudyTable,
  StudyTableCell,
  StudyTableSystem,
} from '../../../../shared/contract/study-table.ts';
import { formatP } from '../../../../shared/domain/numbers.ts';
import { FEW_PATIENTS } from '../notes.ts';
import { FEW_FILMS } from '../task-metrics.ts';
import { counted, listed, MODEL_WORDS, SIGNIFICANT, signedInterval, verdict } from '../wording.ts';
import { confoundingNotes, type GroupedFilm } from './confounding.ts';
import { otherSettings } from './settings-in-words.ts';
import type { StudyRun } from './study-run.ts';

export interface NotedMaterial {
  readonly runs: readonly StudyRun[];
  readonly testFilms: readonly GroupedFilm[];
  /** Which labels the runs learned and are measured by, in words, each once. */
  readonly labels: readonly string[];
  /** Repeats that were not counted. */
  readonly dropped: number;
}

type Table = Omit<StudyTable, 'notes'>;

export function studyNotes(table: Table, { runs, testFilms, labels, dropped }: NotedMaterial): string[] {
  const cells = table.rows.flatMap((row) => row.cells);
  return [
    ...mlcakNotes(table),
    ...missingNotes(cells),
    ...bewareNotes(table, cells),
    ...labelNotes(labels),
    ...trainedAlike(runs),
    ...seedNotes(cells),
    ...confoundingNotes(testFilms),
    'The epoch whose weights were kept, and every threshold, were chosen on the validation part; the test part was scored once.',
    dropped > 0 &&
      `${counted(dropped, 'older repeat')} of a cell and seed left out: the newest run of the same settings counts.`,
  ].filter((note) => note !== false);
}

/** One sentence a cell of MLCAK: both tasks against the student without distillation. */
function mlcakNotes({ systems, differences }: Table): readonly string[] {
  const byName = new Map(systems.map((system) => [system.name, system]));
  const methodOf = (name: string): StudyTableSystem['method'] | undefined => byName.get(name)?.method;
  const ours = differences.filter(({ a, b }) => methodOf(a) === 'mlcak' && methodOf(b) === 'none');
  const cells = Map.groupBy(ours, ({ model, resolution, a }) => `${model} ${resolution} ${a}`);
  return [...cells.values()].flatMap((tasks) => {
    const [first] = tasks;
    const said = tasks.flatMap((one) => gainInWords(one) ?? []);
    if (first === undefined || said.length === 0) return [];
    const title = byName.get(first.a)?.title ?? first.a;
    return [
      `${title} at ${first.resolution} px (${MODEL_WORDS[first.model]}) against the student without distillation: ${said.join('; ')}.`,
    ];
  });
}

function gainInWords({ task, difference, holm, over }: StudyDifference): string | null {
  const name = task.toUpperCase();
  const gap = signedInterval(difference);
  const said = verdict(difference);
  if (said === 'undefined') return null;
  if (said === 'undecided') return `not shown to beat it in ${name}, ${gap}`;
  return holm !== null && holm < SIGNIFICANT
    ? `${said} in ${name}, ${gap}`
    : `${said} in ${name} by its interval alone, ${gap}, and not after Holm's correction over ${counted(over, 'difference')} (p ${formatP(holm)})`;
}

function missingNotes(cells: readonly StudyTableCell[]): readonly string[] {
  const missing = cells.filter(({ standing }) => standing === 'missing').length;
  if (missing === 0) return [];
  const wanted = cells.filter(({ standing }) => standing !== 'none').length;
  return [
    `${missing} of ${counted(wanted, 'cell')} without a result. A system is shown to be best among those that are there.`,
  ];
}

function bewareNotes(table: Table, cells: readonly StudyTableCell[]): readonly string[] {
  const { films, patients, kDiffers, differences, bootstrap } = table;
  const done = cells.filter(({ standing }) => standing === 'done');
  const unstable = [...new Set(done.flatMap(({ t1 }) => t1?.unstable ?? []))];
  const fewT2 = done.find(({ t2 }) => t2?.unstable === true)?.t2;
  const partial = done.find(({ t1 }) => t1 !== null && t1.k < t1.of)?.t1;
  const largest = Math.max(0, ...differences.map(({ over }) => over));
  const floor = (2 / (bootstrap.resamples + 1)) * largest;
  return [
    kDiffers &&
      'T1 is not the mean over the same findings in every cell: figures of T1 with other findings cannot be held against each other, and no difference between them is given.',
    !kDiffers &&
      partial != null &&
      `T1 is the mean over the ${partial.k} of ${partial.of} findings that have both classes in the test part.`,
    unstable.length > 0 &&
      `Fewer than ${FEW_FILMS} films of a class, so that they move T1 by chance: ${listed(unstable)}.`,
    fewT2 != null &&
      `T2 rests on ${counted(fewT2.positives, 'abnormal film')} and ${fewT2.n - fewT2.positives} normal ones: it says little.`,
    patients < FEW_PATIENTS &&
      `Only ${counted(films, 'film')} of ${counted(patients, 'patient')} in the test part: small differences between systems cannot be seen.`,
    floor >= SIGNIFICANT &&
      `With ${largest} differences in a family and ${bootstrap.resamples.toLocaleString('en')} resamples no adjusted p can fall below ${formatP(Math.min(1, floor))}: compare fewer systems to show more.`,
  ].filter((note) => note !== false);
}

/** Names the settings in which the systems of one place were trained otherwise. */
function labelNotes(labels: readonly string[]): readonly string[] {
  const [only] = labels;
  if (labels.length > 1) {
    return [
      `Runs of this table learned, and are measured by, different labels: ${labels.join('; ')}. Figures that were measured by other labels cannot be held against each other.`,
    ];
  }
  return only === undefined || only === 'as imported' ? [] : [`Learned and measured by the labels ${only}.`];
}

function trainedAlike(runs: readonly StudyRun[]): readonly string[] {
  const students = runs.filter(({ row }) => row.config.method !== 'teacher');
  const found = new Set<string>();
  const places = Map.groupBy(students, ({ row: { config } }) => `${config.model} ${config.resolution}`);
  for (const beside of places.values()) {
    const all = beside.map(({ row }) => otherSettings(row));
    for (const name of all[0]?.keys() ?? []) {
      if (name !== 'findings' && new Set(all.map((settings) => settings.get(name))).size > 1) found.add(name);
    }
  }
  if (found.size === 0) return [];
  return [
    `The students were not trained alike: they differ in ${listed([...found])}. A difference between two systems may come from that, not from the method.`,
  ];
}

function seedNotes(cells: readonly StudyTableCell[]): readonly string[] {
  const counts = new Set(cells.flatMap(({ seeds }) => (seeds.length === 0 ? [] : [seeds.length])));
  const [most, least] = [Math.max(0, ...counts), Math.min(...counts)];
  if (most === 1)
    return [
      'One seed a cell: intervals say how far other patients could move a figure, not what another seed of training would give. Train more seeds before one system is preferred.',
    ];
  return [
    `Figures are means over seeds ± standard deviation. Intervals are of the mean over these seeds and say how far other patients could move it; what other seeds would do shows in the standard deviation.`,
    ...(least < most
      ? [`Cells rest on ${least} to ${most} seeds. Differences use the seeds that both systems have.`]
      : []),
  ];
}
