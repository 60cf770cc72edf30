/** @file The main job from the command line, as processes, on real films: import, train, Ctrl-C, resume, distill, read out. */
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import sharp from 'sharp';
import { expect, it } from 'vitest';
import { z } from 'zod';

import { runCli as cli } from '../helpers/cli-process.ts';
import { smallFilmFolder } from '../helpers/small-library.ts';
import { tempFolder } from '../helpers/temp-library.ts';

const score = z.number().min(0).max(1);
const result = z.object({
  runId: z.string(),
  state: z.string(),
  init: z.string().nullable().optional(),
  epochs: z.number().int(),
  best: z.object({ epoch: z.number().int(), t1: score.nullable(), t2: score.nullable() }).nullable(),
  test: z
    .object({
      t1: z.object({
        macro: score.nullable(),
        k: z.number().int(),
        of: z.number().int(),
        perFinding: z.record(z.string(), score.nullable()),
      }),
      t2: z.object({ auroc: score.nullable(), ci: z.tuple([score, score]).nullable() }),
    })
    .nullable(),
});

it('goes from films to predictions with overlays, through an interruption', async () => {
  const library = join(tempFolder(), 'library');
  const at = ['--library', library];
  const { dir, labels } = smallFilmFolder();
  expect((await cli(['import', dir, '--labels', labels, ...at])).json).toMatchObject({ imported: 20 });

  const quick = ['--preset', 'quick', '--batch', '4'];
  const train = ['train', '--model', 'tiny', ...quick, '--epochs', '3', ...at];
  const interrupted = await cli(train, [{ when: 'epoch 1 of 3', act: (child) => child.kill('SIGINT') }]);
  const paused = result.parse(interrupted.json);
  expect(interrupted).toMatchObject({ status: 0 });
  expect(paused).toMatchObject({ state: 'paused', test: null, init: 'bundled-vit-tiny-cxr' });
  expect(interrupted.stderr).toMatch(/^Start: bundled-vit-tiny-cxr\. About .+, memory .+, disk .+\.$/m);
  expect(paused.epochs).toBeLessThan(3);

  const teacher = result.parse((await cli(['resume', paused.runId, ...at])).json);
  expect(teacher).toMatchObject({ runId: paused.runId, state: 'finished', epochs: 3 });
  expect(Object.keys(teacher.test?.t1.perFinding ?? {})).toHaveLength(teacher.test?.t1.of ?? -1);

  const student = result.parse(
    (
      await cli([
        ...['distill', '--teacher', teacher.runId, '--method', 'mlcak', '--resolution', '28'],
        ...[...quick, '--epochs', '1', ...at],
      ])
    ).json,
  );
  expect(student).toMatchObject({ state: 'finished', epochs: 1, init: 'bundled-vit-tiny-cxr' });

  const { runs } = z.object({ runs: z.array(result) }).parse((await cli(['runs', ...at])).json);
  expect(runs.map(({ runId }) => runId)).toEqual([teacher.runId, student.runId]);
  expect(runs[1]?.test).toEqual(student.test);

  const overlays = join(tempFolder(), 'overlays');
  const film = join(
    dir,
    readFileSync(labels, 'utf8').split('\n')[1]?.split(',')[0]?.replace('images/', '') ?? '',
  );
  const predicted = await cli([
    'predict',
    '--run',
    student.runId,
    film,
    labels,
    '--attention',
    overlays,
    ...at,
  ]);
  expect(predicted).toMatchObject({
    status: 0,
    json: {
      predictions: [
        { file: film, suitability: { suitable: true, reasons: [] }, attention: { method: 'last' } },
      ],
      skipped: [{ file: labels, code: 'NOT_AN_IMAGE' }],
    },
  });
  const [first] = z
    .object({
      predictions: z.array(
        z.object({ t2: score, attention: z.object({ grid: z.array(z.array(score)), png: z.string() }) }),
      ),
    })
    .parse(predicted.json).predictions;
  expect(first?.attention.grid.map((row) => row.length)).toEqual(Array.from({ length: 14 }, () => 14));
  expect(await sharp(first?.attention.png ?? '').metadata()).toMatchObject({ width: 224, height: 224 });
  const again = await cli(['predict', '--run', student.runId, film, '--attention', overlays, ...at]);
  expect(again).toMatchObject({ status: 2, json: { error: { code: 'CONFLICT' } } });

  const twin = join(tempFolder(), basename(film));
  copyFileSync(film, twin);
  const twins = ['predict', '--run', student.runId, film, twin, '--attention', overlays, ...at];
  expect(await cli(twins)).toMatchObject({ status: 2, json: { error: { code: 'CONFLICT' } } });
  expect(readdirSync(overlays)).toHaveLength(1);
  const both = z
    .object({ predictions: z.array(z.object({ attention: z.object({ png: z.string() }) })) })
    .parse((await cli([...twins, '--force'])).json)
    .predictions.map(({ attention }) => basename(attention.png));
  expect(both).toEqual([`${basename(film)}.last.png`, `${basename(film)} (2).last.png`]);
  expect(readdirSync(overlays).sort()).toEqual(both.toSorted());

  const all = await cli(['predict', '--run', student.runId, dir, ...at]);
  const streamed = z
    .object({
      predictions: z.array(z.object({ file: z.string(), t2: score })),
      skipped: z.array(z.object({ file: z.string() })),
    })
    .parse(all.json);
  expect(streamed.predictions).toHaveLength(20); // more than one turn, in name order
  expect(streamed.predictions.map(({ file }) => file)).toEqual(
    streamed.predictions.map(({ file }) => file).toSorted(),
  );
  expect(streamed.predictions.find(({ file }) => file === film)?.t2).toBeCloseTo(first?.t2 ?? -1, 5);
  expect(await cli(['predict', '--run', student.runId, tempFolder(), ...at])).toMatchObject({
    status: 2,
    json: { error: { code: 'BAD_INPUT' } },
  });

  const evaluated = await cli(['evaluate', '--run', student.runId, ...at]);
  const { t1, t2 } = z
    .object({ t1: z.object({ macro: score.nullable() }), t2: z.object({ auroc: score }) })
    .parse(evaluated.json);
  expect({ macro: t1.macro, auroc: t2.auroc }).toEqual({
    macro: student.test?.t1.macro,
    auroc: student.test?.t2.auroc,
  });
  const against = await cli(['evaluate', '--run', student.runId, '--against', teacher.runId, ...at]);
  const { difference } = z
    .object({
      difference: z.object({
        against: z.string(),
        t2: z.object({ a: score, b: score, difference: z.object({ value: z.number() }) }),
        perFinding: z.array(z.object({ holm: score.nullable() })),
        notes: z.array(z.string()).min(1),
      }),
      roc: z.record(z.string(), z.array(z.unknown())),
      calibration: z.record(z.string(), z.array(z.unknown())),
      temperature: z.object({ t1: z.unknown(), t2: z.unknown() }),
    })
    .parse(against.json);
  expect(difference.against).toBe(teacher.runId);
  expect(difference.t2.a).toBe(student.test?.t2.auroc);
  expect(difference.t2.difference.value).toBeCloseTo(difference.t2.a - difference.t2.b, 12);
  expect(await cli(['evaluate', '--run', student.runId, '--against', student.runId, ...at])).toMatchObject({
    status: 2,
    json: { error: { code: 'BAD_INPUT' } },
  });
  expect((await cli(['verify', ...at])).json).toMatchObject({ ok: true, problems: [] });
});

it.each([
  [['train', '--model', 'huge'], 'BAD_INPUT'],
  [['train', '--model', 'tiny', '--epochs', 'many'], 'BAD_INPUT'],
  [['distill', '--method', 'mlcak'], 'BAD_INPUT'],
  [['distill', '--teacher', 'run-0000000000000000'], 'NOT_FOUND'],
  [['resume', 'run-0000000000000000'], 'NOT_FOUND'],
  [['predict', 'x.png'], 'BAD_INPUT'],
  [['evaluate'], 'BAD_INPUT'],
] as const)('refuses %j in one line, exit 2', async (args, code) => {
  const library = join(tempFolder(), 'library');
  const { status, json } = await cli([...args, '--library', library]);
  expect({ status, json }).toMatchObject({ status: 2, json: { error: { code } } });
});

it('a library that is not there yet has no runs; a prediction asks for one that is there', async () => {
  const library = join(tempFolder(), 'nowhere');
  expect(await cli(['predict', 'film.png', '--run', 'run-0', '--library', library])).toMatchObject({
    status: 2,
    json: { error: { code: 'NOT_FOUND' } },
  });
  expect(existsSync(library)).toBe(false);
  expect(await cli(['runs', '--library', library])).toMatchObject({ status: 0, json: { runs: [] } });
  expect(existsSync(join(library, 'library.db'))).toBe(true);
});
