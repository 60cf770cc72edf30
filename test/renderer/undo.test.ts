/** @file Undo of what a reader says and of how a page is set: any changes, taken back and done again in any order. */
import fc from 'fast-check';
import { expect, it } from 'vitest';

import { overlaySettings } from '../../renderer/src/features/reading-room/overlay-settings.ts';
import { WatchedSettings } from '../../renderer/src/features/reading-room/watched-settings.ts';
import {
  answered,
  judged,
  keyFrameTurned,
  noted,
  type SaidChange,
} from '../../renderer/src/features/review/read/said-changes.ts';
import { added, EMPTY_HISTORY, redo, undo, type History } from '../../renderer/src/viewer/history.ts';
import { sheetToRedo, sheetToUndo, ShapeSheet } from '../../renderer/src/viewer/shape-sheet.svelte.ts';
import type { ReadingContent } from '../../shared/contract/review.ts';

const PLAN = {
  questions: ['quality', 'normal'].map((id) => ({
    id,
    text: `${id}?`,
    answers: ['no', 'yes', 'perhaps'],
    ordered: false,
    required: false,
  })),
};
const NOTHING: ReadingContent = {
  answers: {},
  marks: [],
  verdicts: [],
  note: '',
  keyFrames: [],
  seconds: null,
};

/** One reader with one film, as the page has it, without a host. */
function reader() {
  let content = NOTHING;
  let history: History = EMPTY_HISTORY;
  const say = (change: Partial<ReadingContent>): void => void (content = { ...content, ...change });
  return {
    get content() {
      return content;
    },
    get words() {
      return history.done.map(({ words }) => words);
    },
    change(of: SaidChange | null): void {
      if (of === null) return;
      const { words, gesture, before, after } = of;
      say(after);
      history = added(history, { words, gesture, undo: () => say(before), redo: () => say(after) });
    },
    undo: () => void (history = undo(history)),
    redo: () => void (history = redo(history)),
  };
}

it('takes back and does again answers, verdicts with their reasons, the note and key images', () => {
  const ana = reader();
  ana.change(answered(ana.content, PLAN, 'quality', 1));
  ana.change(answered(ana.content, PLAN, 'quality', 1)); // the same again is no step
  ana.change(answered(ana.content, PLAN, 'quality', 2));
  ana.change(judged(ana.content, 'Edema', { verdict: 'reject', shapeId: null, note: '' }, '0'));
  for (const note of ['f', 'fo', 'fold']) {
    ana.change(judged(ana.content, 'Edema', { verdict: 'reject', shapeId: null, note }, '1'));
  }
  ana.change(judged(ana.content, 'Edema', null, '1'));
  for (const text of ['O', 'Old']) ana.change(noted(ana.content, text, '2'));
  for (const text of ['Old ', 'Old scar']) ana.change(noted(ana.content, text, '3')); // after the field was left
  ana.change(keyFrameTurned(ana.content, 4));
  const said = ana.content;
  expect(ana.words).toEqual([
    'Answer “yes”',
    'Answer “perhaps”',
    'Edema rejected',
    'Why Edema',
    'Edema not judged',
    'Note',
    'Note',
    'Key image',
  ]);
  ana.undo();
  expect(ana.content.keyFrames).toEqual([]);
  ana.undo();
  expect(ana.content.note).toBe('Old');
  ana.undo();
  expect(ana.content.note).toBe('');
  ana.undo();
  expect(ana.content.verdicts).toMatchObject([{ finding: 'Edema', verdict: 'reject', note: 'fold' }]);
  ana.undo();
  expect(ana.content.verdicts).toMatchObject([{ verdict: 'reject', note: '' }]);
  ana.undo();
  ana.undo();
  expect(ana.content).toEqual({ ...NOTHING, answers: { quality: 1 } });
  ana.undo();
  ana.undo(); // nothing more
  expect(ana.content).toEqual(NOTHING);
  for (const _step of ana.words.concat(Array.from({ length: 8 }, () => ''))) ana.redo();
  expect(ana.content).toEqual(said);
  expect(answered(NOTHING, PLAN, 'nobody asked', 1)).toBeNull();
  expect(judged(NOTHING, 'Edema', null, '0')).toBeNull();
});

it('after any changes, as many undos lead to the beginning and as many redos to the end', () => {
  const change = fc.oneof(
    fc.record({ what: fc.constant('answer' as const), at: fc.nat(1), answer: fc.nat(2) }),
    fc.record({
      what: fc.constant('judge' as const),
      verdict: fc.constantFrom('accept', 'reject', 'edit', null),
    }),
    fc.record({ what: fc.constant('note' as const), text: fc.string({ maxLength: 4 }) }),
    fc.record({ what: fc.constant('key' as const), frame: fc.nat(2) }),
  );
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const ana = reader();
      for (const [at, one] of changes.entries()) {
        const { content } = ana;
        if (one.what === 'answer')
          ana.change(answered(content, PLAN, one.at === 0 ? 'quality' : 'normal', one.answer));
        else if (one.what === 'note') ana.change(noted(content, one.text, `${at}`));
        else if (one.what === 'key') ana.change(keyFrameTurned(content, one.frame));
        else {
          const said = one.verdict === null ? null : { verdict: one.verdict, shapeId: null, note: '' };
          ana.change(judged(content, 'Edema', said, `${at}`));
        }
      }
      const end = ana.content;
      for (const _change of changes) ana.undo();
      expect(ana.content).toEqual(NOTHING);
      for (const _change of changes) ana.redo();
      expect(ana.content).toEqual(end);
    }),
  );
});

it('takes back settings of a page however they were changed, and only what the step changed', () => {
  const overlay = {
    on: false,
    method: 'rollout' as const,
    head: null as number | null,
    target: 'abnormal',
    opacity: 0.65,
    colourMap: 'inferno' as const,
    smooth: true,
    grid: false,
  };
  let history: History = EMPTY_HISTORY;
  const settings = new WatchedSettings(overlaySettings(overlay));
  const look = (): void => settings.saw(settings.look(), (step) => void (history = added(history, step)));
  look(); // how the page opens is nobody's step
  const steps: readonly (() => void)[] = [
    () => (overlay.on = true),
    () => (overlay.opacity = 0.5),
    () => (overlay.opacity = 0.4), // a slider that is drawn is one step
    () => (overlay.grid = true),
  ];
  for (const step of steps) {
    step();
    look();
  }
  expect(history.done.map(({ words }) => words)).toEqual([
    'Attention overlay shown',
    'Opacity of the overlay',
    'Token grid shown',
  ]);
  settings.saw(settings.look(), null);
  for (const expected of [{ grid: false, opacity: 0.4 }, { opacity: 0.65, on: true }, { on: false }]) {
    history = undo(history);
    look(); // the page looks again after every change, its own too
    expect(overlay).toMatchObject(expected);
  }
  expect(history.done).toEqual([]);
  for (let step = 0; step < 3; step++) {
    history = redo(history);
    look();
  }
  expect(overlay).toMatchObject({ on: true, opacity: 0.4, grid: true });
  // changed with nobody to keep it: an undo of something else leaves it alone
  overlay.smooth = false;
  settings.saw(settings.look(), null);
  history = undo(history);
  expect(overlay).toMatchObject({ grid: false, smooth: false });
});

it('of films side by side what was done last is taken back first, and comes back first', () => {
  const [read, beside] = [new ShapeSheet(), new ShapeSheet()];
  const said: string[] = [];
  const step = (sheet: ShapeSheet, words: string): void =>
    sheet.keep({ words, undo: () => said.push(`-${words}`), redo: () => said.push(`+${words}`) });
  step(beside, 'a');
  step(read, 'b');
  step(beside, 'c');
  for (let count = 0; count < 4; count += 1) sheetToUndo(beside, read)?.undo();
  for (let count = 0; count < 4; count += 1) sheetToRedo(beside, read)?.redo();
  expect(said).toEqual(['-c', '-b', '-a', '+a', '+b', '+c']);
  expect(sheetToUndo(read, beside)).toBe(beside);
  expect(sheetToUndo(new ShapeSheet(), null)).toBeNull();
});
