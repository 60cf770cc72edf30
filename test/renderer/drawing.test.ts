/** @file Drawing press by press, undo and redo, what shapes say, and the keys of the reading room. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { KEY_BINDINGS, keyOf, keysOf } from '../../renderer/src/features/reading-room/key-bindings.ts';
import {
  isComplete,
  moved,
  pointsOf,
  pressed,
  released,
  standardPoints,
  type Drawing,
} from '../../renderer/src/viewer/drawing.ts';
import {
  added,
  EMPTY_HISTORY,
  redo,
  undo,
  withoutViews,
  type History,
} from '../../renderer/src/viewer/history.ts';
import { measureLines, rulerOf } from '../../renderer/src/viewer/shape-words.ts';
import { IDENTITY_MODALITY } from '../../shared/domain/lut.ts';
import { SHAPE_KINDS, shapeProblem, type Shape } from '../../shared/domain/shape.ts';

const p = (x: number, y: number) => ({ x, y });

describe('drawing', () => {
  it('a drag is a line; so are two clicks', () => {
    let drag: Drawing = pressed(null, 'length', p(1, 1));
    drag = released(moved(drag, p(9, 1)), p(9, 1), 2);
    expect(isComplete(drag)).toBe(true);
    let clicks: Drawing = pressed(null, 'length', p(1, 1));
    clicks = moved(released(clicks, p(1, 1.5), 2), p(5, 1));
    expect(isComplete(clicks)).toBe(false);
    expect(pointsOf(clicks, 1)).toEqual([p(1, 1), p(5, 1)]);
    clicks = pressed(clicks, 'length', p(9, 1));
    expect(isComplete(clicks)).toBe(true);
    expect(pointsOf(clicks, 1)).toEqual(pointsOf(drag, 1));
  });
  it('a cardiothoracic ratio is two drags: thorax, heart', () => {
    let one: Drawing = pressed(null, 'ctr', p(0, 50));
    one = released(one, p(100, 50), 2);
    expect(isComplete(one)).toBe(false);
    one = released(pressed(one, 'ctr', p(30, 40)), p(80, 40), 2);
    expect(isComplete(one)).toBe(true);
    expect(pointsOf(one, 1)).toEqual([p(0, 50), p(100, 50), p(30, 40), p(80, 40)]);
  });
  it('an outline is drawn as long as the button is held, and keeps at most 2000 points', () => {
    let one: Drawing = pressed(null, 'freehand', p(0, 0));
    for (let at = 0; at < 2500; at++) one = moved(one, p(at, (at % 2) * 50));
    expect(isComplete(one)).toBe(false);
    one = released(one, p(0, 90), 2);
    expect(isComplete(one)).toBe(true);
    expect(shapeProblem({ kind: 'freehand', points: pointsOf(one, 0.5) })).toBeNull();
  });
  it('the standard shape of every kind is sound', () => {
    for (const kind of SHAPE_KINDS) {
      expect(shapeProblem({ kind, points: standardPoints(kind, p(100, 100), 30) })).toBeNull();
    }
  });
});

it('undo and redo end where they began, whatever the order', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('step', 'wheel', 'undo', 'redo'), { maxLength: 60 }), (acts) => {
      let value = 0;
      let history: History = EMPTY_HISTORY;
      for (const act of acts) {
        if (act === 'undo') history = undo(history);
        else if (act === 'redo') history = redo(history);
        else {
          const before = value;
          const after = value + 1;
          value = after;
          history = added(history, {
            words: act,
            undo: () => (value = before),
            redo: () => (value = after),
            gesture: act === 'wheel' ? 'wheel' : null,
          });
        }
      }
      const end = value;
      const steps = history.done.length;
      for (let at = 0; at < steps; at++) history = undo(history);
      expect(value).toBe(0);
      expect(undo(history)).toEqual(history);
      for (let at = 0; at < steps; at++) history = redo(history);
      expect(value).toBe(end);
    }),
    { seed: 1 },
  );
});

it('notches of a wheel in a row are one step', () => {
  const step = (gesture: string | null) => ({ words: '', undo: () => 0, redo: () => 0, gesture });
  const steps = ['wheel', 'wheel', null, 'wheel'].reduce(
    (history, one) => added(history, step(one)),
    EMPTY_HISTORY,
  );
  expect(steps.done).toHaveLength(3);
});

it('a page that is left takes its steps of looking with it; those of drawing still undo and redo', () => {
  const shapes: string[] = [];
  let zoom = 1;
  let history: History = EMPTY_HISTORY;
  const draw = (name: string): void => {
    shapes.push(name);
    history = added(history, {
      words: name,
      undo: () => shapes.pop(),
      redo: () => shapes.push(name),
      gesture: null,
    });
  };
  const look = (): void => {
    zoom += 1;
    const steps = { undo: () => (zoom -= 1), redo: () => (zoom += 1) };
    history = added(history, { words: 'Zoom', ...steps, gesture: null, ofView: true });
  };
  draw('a');
  look();
  draw('b');
  draw('c');
  look();
  history = withoutViews(undo(undo(history)));
  expect([history.done, history.undone].map((steps) => steps.map(({ words }) => words))).toEqual([
    ['a', 'b'],
    ['c'],
  ]);
  history = redo(history);
  expect(shapes).toEqual(['a', 'b', 'c']);
  history = undo(undo(undo(undo(history))));
  expect([shapes, zoom]).toEqual([[], 2]);
});

describe('words', () => {
  const frame = {
    pixels: Uint8Array.from([10, 20, 30, 40]),
    rows: 2,
    cols: 2,
    minStored: 10,
    maxStored: 40,
    modality: IDENTITY_MODALITY,
  };
  const shape = (kind: Shape['kind'], ...points: Shape['points']): Shape => ({
    id: 'a',
    kind,
    frame: 0,
    points,
    text: '',
  });
  const detector = { spacing: { row: 0.5, col: 0.5, source: 'detector' }, aspect: 1 } as const;
  it('say where millimetres come from, and pixels where there are none', () => {
    const line = shape('length', p(0, 0), p(30, 40));
    expect(measureLines(line, detector, frame)).toEqual(['25.0 mm', 'at the detector']);
    expect(measureLines(line, { spacing: null, aspect: 1 }, frame)).toEqual(['50.0 px']);
    expect(measureLines(shape('rectangle', p(0, 0), p(2, 2)), detector, frame)).toEqual([
      'Area 1.0 mm², at the detector',
      'Mean 25, SD 11.2',
      '10 to 40, 4 px',
    ]);
    expect(measureLines(shape('probe', p(1.5, 0.2)), detector, frame)).toEqual(['20', '1, 0']);
    expect(measureLines(shape('probe', p(-1, 0)), detector, frame)[0]).toBe('outside');
  });
  it('a ruler is round and fits', () => {
    expect(rulerOf(2, 'mm-detector', 140)).toMatchObject({ width: 100, words: '5 cm' });
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 500, noNaN: true }), (scale) => {
        const { width } = rulerOf(scale, 'px', 140);
        expect(width).toBeLessThanOrEqual(140 + 1e-6);
        expect(width).toBeGreaterThan(140 / 2.6);
      }),
      { seed: 2 },
    );
  });
});

describe('keys', () => {
  const key = (name: string, held: { shift?: boolean; ctrl?: boolean } = {}) =>
    ({
      key: name,
      shiftKey: held.shift ?? false,
      ctrlKey: held.ctrl ?? false,
      metaKey: false,
      altKey: false,
    }) as const;
  it('have one action each, and each action a way', () => {
    const all = KEY_BINDINGS.flatMap((binding) => keysOf(binding, {}));
    expect(new Set(all).size).toBe(all.length);
    expect(new Set(KEY_BINDINGS.map(({ id }) => id)).size).toBe(KEY_BINDINGS.length);
    expect(KEY_BINDINGS.every(({ keys }) => keys.length > 0)).toBe(true);
  });
  it('are named the same whatever the letter’s case', () => {
    expect(keyOf(key('z', { ctrl: true }))).toBe('Ctrl+Z');
    expect(keyOf(key('Z', { ctrl: true, shift: true }))).toBe('Ctrl+Shift+Z');
    expect(keyOf(key('?', { shift: true }))).toBe('?');
    expect(keyOf(key(' '))).toBe('Space');
    expect(keyOf(key('Shift', { shift: true }))).toBeNull();
  });
  it('a key given to another action leaves the one that had it', () => {
    const invert = KEY_BINDINGS.find(({ id }) => id === 'invert');
    const mask = KEY_BINDINGS.find(({ id }) => id === 'mask');
    if (invert === undefined || mask === undefined) throw new Error('actions are gone');
    expect(keysOf(invert, { invert: 'X' })).toEqual(['X']);
    expect(keysOf(mask, { invert: 'M' })).toEqual([]);
  });
  it('reach their action, and none where a page has no such action', () => {
    const turns: number[] = [];
    const turnLeft = KEY_BINDINGS.find(({ keys }) => keys.includes('Shift+R'));
    turnLeft?.run({ turn: (quarters) => turns.push(quarters) })?.();
    expect(turns).toEqual([-1]);
    expect(turnLeft?.run({})).toBeUndefined();
  });
});
