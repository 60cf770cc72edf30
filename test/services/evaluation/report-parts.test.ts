/** @file Parts of a report: escaping, round ticks, which films and which runs are shown. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { chooseFilms, type FilmVerdict } from '../../../main/services/evaluation/report/choose-films.ts';
import { drawnRuns } from '../../../main/services/evaluation/report/drawn-runs.ts';
import { html } from '../../../main/services/evaluation/report/html.ts';
import { roundTicks, tickLabel } from '../../../main/services/evaluation/report/svg-chart.ts';
import { formatSigned } from '../../../shared/domain/numbers.ts';
import type { Method, Resolution } from '../../../shared/domain/recipe.ts';
import { signedInterval, verdict } from '../../../main/services/evaluation/wording.ts';
import type { FilmId, SplitId } from '../../../shared/domain/ids.ts';

it('whatever a value says, it never becomes markup', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const { markup } = html`<b title="${text}">${[text, null, false, html`<i>${text}</i>`]}</b>`;
      const inner = markup.slice('<b title="'.length, -'</b>'.length).replace('<i>', '').replace('</i>', '');
      expect(inner.replace('">', '')).not.toMatch(/[<>"']/);
      expect(inner.replace(/&(amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
    }),
  );
});

describe('ticks', () => {
  it('are round, within the range, a handful', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -100, max: 100, noNaN: true }),
        fc.double({ min: 0.001, max: 1000, noNaN: true }),
        (low, span) => {
          const ticks = roundTicks([low, low + span]);
          expect(ticks.length).toBeGreaterThanOrEqual(2);
          expect(ticks.length).toBeLessThanOrEqual(8);
          for (const tick of ticks) {
            expect(tick).toBeGreaterThanOrEqual(low - span * 1e-6);
            expect(tick).toBeLessThanOrEqual(low + span * (1 + 1e-6));
          }
        },
      ),
    );
    expect(roundTicks([0, 1]).map(tickLabel)).toEqual(['0', '.2', '.4', '.6', '.8', '1']);
    expect(roundTicks([0.4, 1], 3).map(tickLabel)).toEqual(['.4', '.6', '.8', '1']);
  });
});

describe('films to show', () => {
  const film = (name: string, abnormal: boolean, ...margins: number[]): FilmVerdict => ({
    filmId: name as FilmId,
    abnormal,
    margins,
  });

  it('are a typical right one and the worst wrong one of each kind, and where runs differ most', () => {
    const chosen = chooseFilms([
      film('easy', true, 0.5, 0.5),
      film('middle', true, 0.3, 0.3),
      film('hard', true, 0.1, 0.1),
      film('missed by one', true, -0.2, 0.3),
      film('missed by both', true, -0.1, -0.1),
      film('normal', false, -0.2, -0.3),
      film('alarm', false, 0.2, 0.1),
      film('split opinion', false, -0.4, 0.4),
    ]);
    expect(chosen.map(({ filmId }) => filmId)).toEqual([
      'middle',
      'missed by both',
      'normal',
      'alarm',
      'split opinion',
    ]);
  });

  it('leave out kinds that do not occur and name no film twice', () => {
    expect(chooseFilms([])).toEqual([]);
    expect(chooseFilms([film('one', true, 0.2)])).toEqual([{ filmId: 'one', why: 'abnormal, found' }]);
    const both = chooseFilms([film('a', true, -0.5, 0.5)]);
    expect(both).toEqual([{ filmId: 'a', why: 'abnormal, missed' }]);
  });
});

describe('runs to draw', () => {
  const setting = (method: Method, resolution: Resolution, seed = 1) => ({
    config: { method, resolution, seed, model: 'tiny' as const, splitId: 'split-00000001' as SplitId },
  });

  it('are all of them where they are seven at most', () => {
    const runs = [setting('teacher', 224), ...[1, 2, 3].map((seed) => setting('none', 28, seed))];
    expect(drawnRuns(runs)).toEqual(runs);
  });

  it('are one seed a setting of a large study: teacher, no distillation, MLCAK, in the order given', () => {
    const students = ([112, 56, 28] as const).flatMap((resolution) =>
      (['none', 'vanilla', 'mlcak'] as const).flatMap((method) =>
        [1, 2].map((seed) => setting(method, resolution, seed)),
      ),
    );
    const drawn = drawnRuns([setting('teacher', 224), ...students]);
    expect(drawn.map(({ config }) => `${config.method} ${config.resolution} ${config.seed}`)).toEqual([
      'teacher 224 1',
      'none 112 1',
      'mlcak 112 1',
      'none 56 1',
      'mlcak 56 1',
      'none 28 1',
      'mlcak 28 1',
    ]);
  });
});

it('differences are signed, and only an interval that leaves out 0 says better or worse', () => {
  expect([0.0312, -0.0128, 0, 0.0001, null].map((value) => formatSigned(value))).toEqual([
    '+.031',
    '−.013',
    '.000',
    '.000',
    '–',
  ]);
  expect(signedInterval({ value: 0.03, ci: [-0.01, 0.07] })).toBe('+.030 (−.010 to +.070)');
  expect(verdict({ value: 0.03, ci: [-0.01, 0.07] })).toBe('undecided');
  expect(verdict({ value: 0.03, ci: [0.001, 0.07] })).toBe('better');
  expect(verdict({ value: -0.03, ci: [-0.07, -0.001] })).toBe('worse');
  expect(verdict({ value: 0.03, ci: [0, 0.07] })).toBe('undecided');
  expect(verdict({ value: null, ci: null })).toBe('undefined');
});
