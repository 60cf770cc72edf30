/**
 * @file Settings of a page whose changes can be taken back like strokes, whichever key, button or list made them: they are looked
 * at whenever one may have changed, and what differs becomes a step. Pages hand the steps to the sheet of the film that is read.
 */
import type { Step } from '../../viewer/history.ts';

export interface Setting {
  /** For the tooltip of Undo: "Overlay shown". */
  readonly words: (value: unknown) => string;
  readonly read: () => unknown;
  readonly write: (value: unknown) => void;
  /** Changes in a row are one step. */
  readonly gesture: string | null;
}

export interface SettingOf<Value> {
  readonly words: string | ((value: Value) => string);
  readonly read: () => Value;
  readonly write: (value: Value) => void;
  readonly gesture?: string;
}

/** Values are compared as JSON. */
export function setting<Value>({ words, read, write, gesture }: SettingOf<Value>): Setting {
  return {
    words: (value) => (typeof words === 'string' ? words : words(value as Value)),
    read,
    write: (value) => write(value as Value),
    gesture: gesture ?? null,
  };
}

export type KeepStep = (step: Step) => void;

export class WatchedSettings {
  readonly #settings: readonly Setting[];
  #last: readonly unknown[] | null = null;

  constructor(settings: readonly Setting[]) {
    this.#settings = settings;
  }

  /** The settings as they are. */
  look(): readonly unknown[] {
    return this.#settings.map(({ read }) => read());
  }

  /**
   * What differs from the last look becomes one step.
   * @param keep null = the change was nobody's, or there is nothing that could keep it: it is the new beginning
   */
  saw(now: readonly unknown[], keep: KeepStep | null): void {
    const before = this.#last;
    this.#last = now;
    if (before === null || keep === null) return;
    const changed = [...now.keys()].filter((at) => !same(before[at], now[at]));
    const [first] = changed;
    const one = first === undefined ? undefined : this.#settings[first];
    if (first === undefined || one === undefined) return;
    keep({
      words: one.words(now[first]),
      undo: () => this.#write(changed, before),
      redo: () => this.#write(changed, now),
      gesture: changed.length === 1 ? one.gesture : null,
      ofView: true,
    });
  }

  /** Only what the step changed: the other settings stay as they are by now. */
  #write(changed: readonly number[], values: readonly unknown[]): void {
    // Written by a step, so not another one.
    this.#last = (this.#last ?? []).map((value, at) => (changed.includes(at) ? values[at] : value));
    for (const at of changed) this.#settings[at]?.write(values[at]);
  }
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
