/** @file The study's table: hand-checked numbers, the rule for bold, seeds, missing cells, refusals, exports. */
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';

import { macCount, parameterCount, vitConfig } from '../../../../main/numeric/vit/config.ts';
import { buildStudyTable } from '../../../../main/services/evaluation/study-table/build-table.ts';
import { confoundingNotes } from '../../../../main/services/evaluation/study-table/confounding.ts';
import { exportedStudy } from '../../../../main/services/evaluation/study-table/study-service.ts';
import { latexText } from '../../../../main/services/evaluation/study-table/study-latex.ts';
import { studyTable } from '../../../../shared/contract/study-table.ts';
import { paperValues } from '../../../../shared/domain/paper-tables.ts';
import { PAPER_LOSS, presetRecipe } from '../../../../shared/domain/recipe.ts';
import { material, type Wish } from './study-runs.ts';

const cellOf = (table: ReturnType<typeof buildStudyTable>, system: string, px: number) => {
  const cell = table.rows
    .find((row) => row.system === system)
    ?.cells.find(({ resolution }) => resolution === px);
  if (cell === undefined) throw new Error(`no cell of ${system}`);
  return cell;
};

describe('a table', () => {
  it('fits its schema, has rows in the order of the paper, and the cells that are missing', () => {
    const table = buildStudyTable(
      material([
        { method: 'mlcak', skill: 2 },
        { method: 'none', skill: 2 },
        { method: 'none', skill: 2, resolution: 56 },
        { method: 'teacher', skill: 3 },
      ]),
    );
    expect(studyTable.parse(table)).toEqual(table);
    expect(table.rows.map(({ system }) => system)).toEqual(['teacher', 'none', 'mlcak']);
    expect(table.resolutions).toEqual([224, 56, 28]);
    expect(table.rows.map(({ cells }) => cells.map(({ standing }) => standing))).toEqual([
      ['done', 'none', 'none'],
      ['none', 'done', 'done'],
      ['none', 'missing', 'done'],
    ]);
    expect(table.notes.join('\n')).toContain('1 of 5 cells without a result');
  });

  it('over seeds has mean, sd (n − 1), each seed, and the interval of the mean narrower than of one', () => {
    const table = buildStudyTable(
      material([1, 2, 3].map((seed): Wish => ({ method: 'none', skill: 1.5, seed }))),
    );
    const { t1, seeds } = cellOf(table, 'none', 28);
    const values = seeds.map((one) => one.t1.value ?? NaN);
    const mean = ((values[0] ?? NaN) + (values[1] ?? NaN) + (values[2] ?? NaN)) / 3;
    const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 2);
    expect(values).toHaveLength(3);
    expect(t1?.value).toBeCloseTo(mean, 12);
    expect(t1?.sd).toBeCloseTo(sd, 12);
    const width = (ci: readonly [number, number] | null | undefined): number => (ci ? ci[1] - ci[0] : NaN);
    expect(width(t1?.ci)).toBeGreaterThan(0);
    expect(width(t1?.ci)).toBeLessThan(Math.max(...seeds.map((one) => width(one.t1.ci))));
  });

  it('leaves undefined what lacks a class, and says over how many findings T1 is', () => {
    const table = buildStudyTable(
      material([
        { method: 'none', absent: true, skill: 2 },
        { method: 'mlcak', absent: true, skill: 2 },
      ]),
    );
    const cell = cellOf(table, 'none', 28);
    expect(cell.t2).toMatchObject({ value: null, ci: null, sd: null, best: false });
    expect(cell.t1).toMatchObject({ k: 1, of: 2 });
    expect(table.notes.join('\n')).toContain('the 1 of 2 findings');
    expect(table.differences.find(({ task }) => task === 't2')).toMatchObject({
      difference: { value: null, p: null },
      holm: null,
    });
  });

  it('flags that T1 is over other findings, and gives no difference then', () => {
    const table = buildStudyTable(
      material([
        { method: 'none', skill: 1 },
        { method: 'mlcak', skill: 3, findings: ['Edema', 'Pneumonia', 'Hernia'] },
      ]),
    );
    expect(table.kDiffers).toBe(true);
    expect(table.verdicts.every(({ best }) => best === null)).toBe(true);
    expect(table.differences[0]?.reason).toContain('different findings');
    expect(table.notes.join('\n')).toContain('not the mean over the same findings');
  });

  it('names what differs where one cell would hold two trainings, and what was not trained alike', () => {
    const recipe = { ...presetRecipe('quick', 'tiny'), epochs: 9 };
    const table = buildStudyTable(
      material([
        { method: 'none', skill: 1 },
        { method: 'none', skill: 1, recipe },
        { method: 'mlcak', skill: 1, loss: { ...PAPER_LOSS, gamma: 0.5 } },
        { method: 'vanilla', skill: 1, loss: { ...PAPER_LOSS, kdLoss: 'hinton' } },
      ]),
    );
    expect(table.systems.map(({ name }) => name)).toEqual([
      'none-5-epochs',
      'none-9-epochs',
      'vanilla-hinton',
      'mlcak-gamma-0.5',
    ]);
    expect(table.notes.join('\n')).toContain('not trained alike: they differ in epochs');
    expect(table.differences.find(({ a }) => a === 'mlcak-gamma-0.5')?.b).toBe('none-5-epochs');
  });

  it('counts the newest of repeats', () => {
    const table = buildStudyTable(
      material([
        { method: 'none', skill: 1 },
        { method: 'none', skill: 3 },
      ]),
    );
    expect(table.runs.map(({ name }) => name)).toEqual(['run 2']);
    expect(table.notes.join('\n')).toContain('1 older repeat');
  });

  it('refuses runs that were not scored on the same films, by name', () => {
    const one = material([{ method: 'none', name: 'Ours' }]);
    const other = material([{ method: 'mlcak', name: 'Theirs' }], 100);
    expect(() => buildStudyTable({ ...one, runs: [...one.runs, ...other.runs] })).toThrow(
      /“Ours” and “Theirs” were not scored on the same films/,
    );
  });
});

describe('bold', () => {
  it('is the one that is far above every other, and only that', () => {
    const table = buildStudyTable(
      material([
        { method: 'none', skill: 0.3 },
        { method: 'vanilla', skill: 0.3 },
        { method: 'mlcak', skill: 4 },
      ]),
    );
    expect(cellOf(table, 'mlcak', 28)).toMatchObject({ t1: { best: true }, t2: { best: true } });
    expect(cellOf(table, 'vanilla', 28)).toMatchObject({ t1: { best: false }, t2: { best: false } });
    expect(table.verdicts[0]?.sentence).toContain('MLCAK is shown to be best');
    expect(exportedStudy(table, 'html')).toMatch(/<b>[.\d]+<\/b>/);
    expect(exportedStudy(table, 'latex')).toContain('\\textbf{');
  });

  it('is nobody where the runner-up cannot be told from the highest', () => {
    const same: Wish = { method: 'vanilla', skill: 4, noise: 50 };
    const table = buildStudyTable(
      material([{ method: 'none', skill: 0.3 }, same, { ...same, method: 'mlcak' }]),
    );
    expect(table.verdicts.map(({ best }) => best)).toEqual([null, null]);
    expect(table.verdicts[0]?.sentence).toContain('no system is shown to be best');
    expect(exportedStudy(table, 'html')).not.toMatch(/<b>[.\d]+<\/b>/);
  });

  it('is nobody where one system stands alone, or two have no seed in common', () => {
    const alone = buildStudyTable(material([{ method: 'mlcak', skill: 4 }]));
    expect(alone.verdicts[0]).toMatchObject({ best: null, systems: 1 });
    const apart = buildStudyTable(
      material([
        { method: 'none', skill: 0, seed: 1 },
        { method: 'mlcak', skill: 4, seed: 2 },
      ]),
    );
    expect(apart.verdicts.every(({ best }) => best === null)).toBe(true);
    expect(apart.differences[0]?.reason).toBe('They have no seed in common.');
  });

  it('falls on equal systems in about one of twenty simulated columns or fewer', () => {
    const methods = ['none', 'vanilla', 'mlcak'] as const;
    let bold = 0;
    let columns = 0;
    for (let study = 0; study < 40; study += 1) {
      const table = buildStudyTable(
        material(
          methods.map((method, index) => ({ method, skill: 1, noise: 1000 + study * 10 + index })),
          60,
        ),
      );
      columns += table.verdicts.length;
      bold += table.verdicts.filter(({ best }) => best !== null).length;
    }
    expect(columns).toBe(80);
    // 5 % of 80 are 4; seeded, so that this is one fixed number.
    expect(bold).toBeLessThanOrEqual(6);
  });
});

describe('differences', () => {
  it('are of every system to none and of MLCAK to every rival, by Holm over one model and task', () => {
    const table = buildStudyTable(
      material([
        { method: 'none', skill: 0.5 },
        { method: 'vanilla', skill: 1 },
        { method: 'mlcak', skill: 3 },
      ]),
    );
    const t1 = table.differences.filter(({ task }) => task === 't1');
    expect(t1.map(({ a, b }) => `${a} ${b}`)).toEqual(['vanilla none', 'mlcak none', 'mlcak vanilla']);
    expect(t1.map(({ over }) => over)).toEqual([3, 3, 3]);
    const [smallest] = t1.toSorted((x, y) => (x.difference.p ?? 1) - (y.difference.p ?? 1));
    expect(smallest?.holm).toBeCloseTo(Math.min(1, 3 * (smallest?.difference.p ?? NaN)), 12);
    const [, gain] = t1;
    const of = (system: string): number => cellOf(table, system, 28).t1?.value ?? NaN;
    expect(gain?.difference.value).toBeCloseTo(of('mlcak') - of('none'), 12);
  });

  it('say in words that nothing is shown', () => {
    const same = { skill: 1, noise: 9 };
    const table = buildStudyTable(
      material([
        { method: 'none', ...same },
        { method: 'mlcak', ...same },
      ]),
    );
    expect(table.notes[0]).toMatch(
      /MLCAK at 28 px \(ViT-Tiny\) against the student without distillation: not shown to beat it in T1/,
    );
  });
});

describe('exports', () => {
  const hostile = material([
    { method: 'none', skill: 1, name: '<script>alert(1)</script>' },
    { method: 'mlcak', skill: 1 },
  ]);
  const table = buildStudyTable(
    {
      ...hostile,
      systems: hostile.systems.map((system) => ({ ...system, title: `${system.title} <i>&_%$#{}~^\\` })),
      split: { ...hostile.split, name: '<b onload="x">' },
    },
    true,
  );

  it('CSV gives back every number at full precision', () => {
    const rows = parse<Record<string, string>>(exportedStudy(table, 'csv'), { columns: true });
    const cells = table.rows.flatMap((row) => row.cells);
    const ours = rows.filter(({ kind }) => kind === 'cell');
    expect(ours).toHaveLength(4);
    for (const row of ours) {
      const cell = cells.find(({ system }) => system === row['system']);
      const measured = cell?.[row['task'] as 't1' | 't2'];
      expect(Number(row['value'])).toBe(measured?.value);
      expect(Number(row['ci_low'])).toBe(measured?.ci?.[0]);
      expect(Number(row['parameters'])).toBe(cell?.cost?.parameters);
    }
    expect(rows.filter(({ kind }) => kind === 'difference').map(({ p }) => Number(p))).toEqual(
      table.differences.map(({ difference }) => difference.p),
    );
    const paper = rows.filter(({ kind }) => kind === 'paper');
    expect(paper).toHaveLength(96);
    expect(paper.every(({ source }) => source?.startsWith('paper, VinDr-CXR, not this library'))).toBe(true);
  });

  it('JSON fits the schema and is the table', () => {
    expect(studyTable.parse(JSON.parse(exportedStudy(table, 'json')))).toEqual(table);
  });

  it('LaTeX escapes what is markup to it', () => {
    expect(latexText('a_b & 5 % $x #1 {y} ~ ^ \\ <α>')).toBe(
      'a\\_b \\& 5 \\% \\$x \\#1 \\{y\\} \\textasciitilde{} \\textasciicircum{} \\textbackslash{} \\textless{}$\\alpha$\\textgreater{}',
    );
    const text = exportedStudy(table, 'latex');
    expect(text).toContain('\\textless{}i\\textgreater{}\\&\\_\\%\\$\\#\\{\\}');
    expect(text).toContain('\\toprule');
  });

  it('HTML lets no markup in and asks for nothing from outside', () => {
    const page = exportedStudy(table, 'html');
    expect(page).not.toContain('<script');
    expect(page).not.toContain('<b onload');
    expect(page).not.toContain('<i>');
    expect(page).not.toMatch(/(src|href)="http/);
    expect(page).toContain('paper, VinDr-CXR, not this library');
    const plain = buildStudyTable(hostile);
    expect(exportedStudy(plain, 'html')).not.toContain('VinDr');
  });
});

describe('beside the table', () => {
  it('the paper’s values: 12 of Table 1 a task, 36 of Table 2, four cells of Small doubted in two rows', () => {
    const values = paperValues();
    expect(values.filter(({ table }) => table === 1)).toHaveLength(24);
    expect(values.filter(({ table }) => table === 2)).toHaveLength(72);
    const doubted = values.filter((one) => one.doubted);
    expect(doubted).toHaveLength(8);
    for (const one of doubted) {
      const twin = doubted.find(
        ({ system, resolution, task }) =>
          system !== one.system && resolution === one.resolution && task === one.task,
      );
      expect(twin?.value).toBe(one.value);
    }
  });

  it('the cost of ViT-Small at 224 px: 21.7 M parameters, 4.6 G multiply-accumulates', () => {
    const vit = vitConfig('small', { t1Units: 14 });
    expect(parameterCount(vit) / 1e6).toBeCloseTo(21.7, 1);
    expect(macCount(vit) / 1e9).toBeCloseTo(4.6, 1);
  });

  it('a source that tells the label is named, one that does not is not', () => {
    const films = (source: string, abnormal: number, count: number) =>
      Array.from({ length: count }, (_, film) => ({ source, view: null, abnormal: film < abnormal }));
    expect(confoundingNotes([...films('A', 18, 20), ...films('B', 4, 20)])[0]).toContain(
      'abnormal are 90 % of 20 films of A, and 20 % of 20 films of B',
    );
    expect(confoundingNotes([...films('A', 10, 20), ...films('B', 9, 20)])).toEqual([]);
  });
});
