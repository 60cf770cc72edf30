/** @file The doctor's report as short lines that a person can read out on the phone: the window, the verb and the bundle show the same. */
import { formatBytes } from './numbers.ts';

/** The fields of the report that are read out. */
export interface ReadOutFacts {
  readonly version: string;
  readonly at: number;
  readonly platform: string;
  readonly node: string;
  readonly driver: string | null;
  readonly engine: Readonly<Record<string, unknown>>;
  readonly selfTest: { readonly ok: boolean; readonly stepMs: number | null };
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number };
  readonly disk: { readonly freeBytes: number };
  readonly library: {
    readonly layout: number;
    readonly readOnly: boolean;
    readonly encrypted: boolean;
    readonly films: number;
    readonly runs: number;
    readonly lastCheck: { readonly at: number; readonly problems: number; readonly files: number } | null;
    readonly copies: number;
    readonly lastCopyAt: number | null;
    readonly trouble: readonly string[];
  } | null;
}

export interface ReadOutLine {
  readonly label: string;
  readonly value: string;
  /** Null: a fact that is neither. */
  readonly ok: boolean | null;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const LOW_DISK_BYTES = 2e9;
const LOW_MEMORY_BYTES = 1e9;
/** A check or a copy that is older wants doing again. */
const STALE_MS = 30 * DAY_MS;

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** "today", "yesterday", "12 days ago": nobody reads a timestamp out. */
export function agoWords(at: number, now: number): string {
  const days = Math.floor(Math.max(0, now - at) / DAY_MS);
  if (days === 0) return 'within the last day';
  return days === 1 ? '1 day ago' : `${days} days ago`;
}

function engineLine({ engine }: ReadOutFacts): ReadOutLine {
  const version = text(engine.tensorflow);
  const trainable = engine.trainable === true;
  const name = version === null ? (text(engine.backend) ?? 'none') : `TensorFlow ${version}`;
  return { label: 'Engine', value: trainable ? name : `${name}, prediction only`, ok: trainable };
}

function checkLine(library: NonNullable<ReadOutFacts['library']>, now: number): ReadOutLine {
  const { lastCheck } = library;
  const label = 'Last check';
  if (lastCheck === null) return { label, value: 'never', ok: library.films === 0 ? null : false };
  const { problems, at, files } = lastCheck;
  const found = problems === 0 ? 'nothing wrong' : `${problems} problem${problems === 1 ? '' : 's'}`;
  return {
    label,
    value: `${agoWords(at, now)}: ${found} in ${files} files`,
    ok: problems === 0 && now - at < STALE_MS,
  };
}

function libraryLines(library: ReadOutFacts['library'], now: number): ReadOutLine[] {
  if (library === null) return [{ label: 'Library', value: 'not opened', ok: null }];
  const { films, runs, layout, readOnly, encrypted, lastCopyAt, copies, trouble } = library;
  const words = `${films} films, ${runs} runs, layout ${layout}${readOnly ? ', open read-only' : ''}`;
  return [
    { label: 'Library', value: words, ok: readOnly ? false : null },
    { label: 'Encryption', value: encrypted ? 'library and copies encrypted' : 'none by the app', ok: null },
    ...trouble.map((value) => ({ label: 'Trouble', value, ok: false })),
    checkLine(library, now),
    {
      label: 'Last copy',
      value: lastCopyAt === null ? 'none' : `${agoWords(lastCopyAt, now)}, ${copies} kept`,
      ok: lastCopyAt === null ? (films === 0 ? null : false) : now - lastCopyAt < STALE_MS,
    },
  ];
}

/** In the order in which they are read out. */
export function doctorLines(facts: ReadOutFacts): readonly ReadOutLine[] {
  const { memory, disk, selfTest, engine } = facts;
  const step = selfTest.stepMs === null ? '' : `, one step ${selfTest.stepMs.toFixed(0)} ms`;
  return [
    { label: 'Chestlight', value: `${facts.version} on ${facts.platform}`, ok: null },
    engineLine(facts),
    { label: 'Device', value: text(engine.deviceName) ?? 'none', ok: null },
    { label: 'Driver', value: facts.driver ?? 'no graphics driver', ok: null },
    { label: 'Self-test', value: selfTest.ok ? `passed${step}` : 'FAILED', ok: selfTest.ok },
    {
      label: 'Memory',
      value: `${formatBytes(memory.freeBytes)} free of ${formatBytes(memory.totalBytes)}`,
      ok: memory.freeBytes >= LOW_MEMORY_BYTES,
    },
    { label: 'Disk', value: `${formatBytes(disk.freeBytes)} free`, ok: disk.freeBytes >= LOW_DISK_BYTES },
    ...libraryLines(facts.library, facts.at),
    { label: 'Node', value: facts.node, ok: null },
  ];
}

/** Numbered, so that a line can be asked for. */
export function doctorText(facts: ReadOutFacts): string {
  return doctorLines(facts)
    .map(({ label, value, ok }, index) => `${index + 1}. ${label}: ${value}${ok === false ? '  (!)' : ''}`)
    .join('\n');
}
