/**
 * @file Which system a run belongs to: as its plan named it, else by method, loss and input, and where one cell would hold
 * runs that were trained in other ways, by that too. Runs of one system differ in model, resolution and seed alone.
 */
import type { StudyTableRequest, StudyTableSystem } from '../../../../shared/contract/study-table.ts';
import type { RunConfig } from '../../../../shared/contract/training.ts';
import type { RunId } from '../../../../shared/domain/ids.ts';
import { METHODS } from '../../../../shared/domain/recipe.ts';
import { PAPER_SYSTEMS, TEACHER } from '../../../../shared/domain/study.ts';
import { METHOD_WORDS } from '../wording.ts';
import { otherSettings, unlikePaper } from './settings-in-words.ts';

/** What of a run its name depends on. */
export interface NamedRun {
  readonly id: RunId;
  readonly config: RunConfig;
}

export interface NamedSystems {
  /** In the order of the paper's tables, variants behind what they vary. */
  readonly systems: readonly StudyTableSystem[];
  readonly systemOf: ReadonlyMap<RunId, string>;
}

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll('α', 'alpha')
    .replaceAll('β', 'beta')
    .replaceAll('γ', 'gamma')
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^-|-$/g, '');

function variant({ name, title, method }: StudyTableSystem, said: readonly string[]): StudyTableSystem {
  if (said.length === 0) return { name, title, method };
  return {
    name: `${name}-${slug(said.join(' '))}`.slice(0, 120),
    title: `${title} (${said.join(', ')})`.slice(0, 200),
    method,
  };
}

/** By method, loss and input alone. */
function plainSystem(config: RunConfig): StudyTableSystem {
  const { method, loss } = config;
  if (method === 'teacher')
    return variant({ name: TEACHER, title: METHOD_WORDS.teacher, method }, unlikePaper(config));
  const paper = PAPER_SYSTEMS.find(
    (system) => system.method === method && (!('loss' in system) || system.loss.kdLoss === loss.kdLoss),
  );
  const { name, title } = paper ?? { name: method, title: METHOD_WORDS[method] };
  return variant({ name, title, method }, unlikePaper(config));
}

const placeOf = ({ config: { model, resolution } }: NamedRun): string => `${model} ${resolution}`;

/** Names of the settings in which runs of one place differ. */
function differing(runs: readonly NamedRun[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const beside of Map.groupBy(runs, placeOf).values()) {
    const all = beside.map(({ config }) => otherSettings({ config }));
    for (const name of all[0]?.keys() ?? []) {
      if (new Set(all.map((settings) => settings.get(name))).size > 1) found.add(name);
    }
  }
  return found;
}

/** Runs of one place and seed that have different teachers. */
function teachersDiffer(runs: readonly NamedRun[]): boolean {
  const alike = Map.groupBy(runs, (run) => `${placeOf(run)} ${run.config.seed}`);
  return [...alike.values()].some(
    (group) => new Set(group.map(({ config }) => config.teacherRunId)).size > 1,
  );
}

/** One system a run, `teacher` among them. */
export function nameSystems(
  runs: readonly NamedRun[],
  named: StudyTableRequest['systems'] = [],
): NamedSystems {
  const given = new Map(named.map(({ runId, name, title }) => [runId, { name, title }]));
  const systemOf = new Map<RunId, string>();
  const systems = new Map<string, StudyTableSystem>();
  /** Two systems that shorten to one name are told apart by a number. */
  const put = (run: NamedRun, system: StudyTableSystem): void => {
    let { name } = system;
    for (let number = 2; (systems.get(name)?.title ?? system.title) !== system.title; number += 1) {
      name = `${system.name.slice(0, 110)}-${number}`;
    }
    systemOf.set(run.id, name);
    systems.set(name, { ...system, name });
  };
  const first = (run: NamedRun): StudyTableSystem => {
    const { method } = run.config;
    const wish = given.get(run.id);
    return wish === undefined || method === 'teacher' ? plainSystem(run.config) : { ...wish, method };
  };
  for (const group of Map.groupBy(runs, (run) => first(run).name).values()) {
    const settings = differing(group);
    const varied = Map.groupBy(group, (run) => {
      const all = otherSettings({ config: run.config });
      return JSON.stringify([...settings].map((name) => all.get(name)));
    });
    for (const alike of varied.values()) {
      const byTeacher = teachersDiffer(alike);
      for (const run of alike) {
        const all = otherSettings({ config: run.config });
        const said = [...settings].map((name) => all.get(name) ?? '');
        const teacher = run.config.teacherRunId;
        if (byTeacher && teacher !== null) said.push(`taught by ${teacher}`);
        put(run, variant(first(run), said));
      }
    }
  }
  return { systems: inOrder([...systems.values()]), systemOf };
}

const PAPER_ORDER: readonly string[] = [TEACHER, ...PAPER_SYSTEMS.map(({ name }) => name)];

/** The paper's systems first, others behind the one of their method; each where it was first met. */
function inOrder(systems: readonly StudyTableSystem[]): readonly StudyTableSystem[] {
  const place = ({ name, method }: StudyTableSystem): number => {
    const exact = PAPER_ORDER.indexOf(name);
    if (exact >= 0) return exact;
    const known = PAPER_ORDER.findLastIndex((paper) => name.startsWith(`${paper}-`));
    return (known >= 0 ? known : PAPER_ORDER.length + METHODS.indexOf(method)) + 0.5;
  };
  return systems.toSorted((a, b) => place(a) - place(b));
}
