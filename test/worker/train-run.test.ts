/** @file A real run on the real engine: learns a pattern that is there, pauses, resumes to the same bits, keeps the best. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { plainVault } from '../../main/files/vault.ts';
import { CompiledFunctions } from '../../main/numeric/engine/graph/compiled-function.ts';
import { AGREE, CompiledTrainer } from '../../main/numeric/engine/graph/compiled-trainer.ts';
import { loadEngine } from '../../main/numeric/engine/load-engine.ts';
import { TrainState } from '../../main/numeric/train/train-state.ts';
import type { MicroBatch } from '../../main/numeric/train/micro-batch.ts';
import { labelledWork } from '../../main/numeric/train/train-step.ts';
import type { VitConfig } from '../../main/numeric/vit/config.ts';
import { initParameters, uniformGenerator } from '../../main/numeric/vit/init.ts';
import { restoreNewest } from '../../main/worker/checkpoint.ts';
import { FilmSet } from '../../main/worker/film-set.ts';
import { StepChoice } from '../../main/worker/step-choice.ts';
import { stepTaker } from '../../main/worker/step-taker.ts';
import type { Wish } from '../../main/worker/stopped.ts';
import { labelledLesson } from '../../main/worker/lesson.ts';
import { microSizes } from '../../main/worker/micro-parts.ts';
import { trainRun, type TrainOutcome, type TrainRun } from '../../main/worker/train-run.ts';
import { UNJUDGED } from '../../main/worker/validation.ts';
import { PAPER_LOSS, presetRecipe } from '../../shared/domain/recipe.ts';

const size = 32;
const config: VitConfig = {
  variant: 'custom',
  width: 32,
  depth: 2,
  heads: 2,
  mlpRatio: 4,
  patch: 16,
  imageSize: size,
  layerNormEpsilon: 1e-6,
  t1Units: 1,
  t2Units: 2,
};
const recipe = {
  ...presetRecipe('quick', 'tiny'),
  epochs: 6,
  batch: 8,
  microBatch: 4,
  learningRate: 3e-3,
  emaDecay: 0.999,
};

let dir: string;
let films: FilmSet;
beforeAll(async () => {
  await loadEngine();
});
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'chestlight-run-'));
  const uniform = uniformGenerator(11);
  const plan = Array.from({ length: 48 }, (_, index) => {
    const abnormal = index % 2 === 1;
    const image = join(dir, `${index}.grey`);
    writeFileSync(
      image,
      Uint8Array.from({ length: size * size }, (__, at) => {
        const inside = abnormal && at % size > 18 && Math.floor(at / size) > 18;
        return uniform() * 100 + (inside ? 130 : 0);
      }),
    );
    const label = abnormal ? (1 as const) : (0 as const);
    const part = index < 32 ? ('train' as const) : ('validation' as const);
    return { filmId: `film-${index}`, patient: `p${index}`, part, image, t1: [label], t2: label };
  });
  films = await FilmSet.load(plainVault(), plan, 1, size);
});
afterEach(() => rmSync(dir, { recursive: true }));

const objective = {
  method: 'none',
  loss: PAPER_LOSS,
  normalisation: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
} as const;
const work = labelledWork(config, objective);

function compiledFor(state: TrainState) {
  return new CompiledTrainer({
    state,
    work,
    sizes: microSizes(films.part('train').length, recipe),
    onEager: (why) => expect.unreachable(why),
  });
}

/** Mixed precision is asked for; a run that `isRough` finds it too far from single at its first step. */
const mixed =
  (choice: StepChoice, isRough: boolean): CompiledFor =>
  (state) =>
    new CompiledTrainer({
      state,
      work,
      sizes: microSizes(films.part('train').length, recipe),
      precision: 'mixed',
      agree: isRough ? { ...AGREE, mixed: 0 } : AGREE,
      decided: () => choice.taken,
      onTaken: (taken) => choice.tell(taken),
      onEager: (why) => expect.unreachable(why),
    });

type CompiledFor = typeof compiledFor;

function startRun(
  how: 'eager' | 'compiled',
  change: Partial<TrainRun<MicroBatch>>,
  trainerFor: CompiledFor = compiledFor,
): TrainRun<MicroBatch> {
  const state = new TrainState(config, initParameters(config, 3), { ema: true });
  const wish = change.wish ?? (() => 'go on');
  const lesson = labelledLesson({
    state,
    films,
    input: { resolution: size, side: size, reduce: 'area', upsample: 'bilinear' },
    normalisation: objective.normalisation,
    recipe,
    teacher: null,
    listening: { between: () => Promise.resolve(), wish },
    steps: stepTaker(state, work, how === 'eager' ? null : trainerFor(state), () => Promise.resolve()),
    functions: new CompiledFunctions({
      compile: how === 'compiled',
      onEager: (why) => expect.unreachable(why),
    }),
  });
  return {
    state,
    lesson,
    train: films.part('train'),
    recipe,
    seed: 2,
    configHash: 'h',
    vault: plainVault(),
    dir,
    from: null,
    bestBefore: null,
    stepsTaken: () => null,
    wish: () => 'go on',
    onStep: () => undefined,
    onValidation: () => undefined,
    onEpoch: () => undefined,
    onCheckpoint: () => undefined,
    ...change,
  };
}

describe.each(['eager', 'compiled'] as const)('%s', (how) => {
  const start = (change: Partial<TrainRun<MicroBatch>> = {}) => startRun(how, change);

  it('learns a pattern and keeps the weights of the best epoch', async () => {
    const seen: (number | null)[] = [];
    const validationLosses: number[] = [];
    const losses: number[] = [];
    const waits: number[] = [];
    const run = start({
      onEpoch(_, validation) {
        seen.push(validation.t1.value);
        validationLosses.push(validation.loss ?? Number.NaN);
      },
      onStep(_, measured, { waitedMs, tookMs }) {
        expect(tookMs).toBeGreaterThan(waitedMs);
        losses.push(measured.loss);
        waits.push(waitedMs);
      },
    });
    const outcome = await trainRun(run);
    expect(outcome).toMatchObject({ how: 'finished', position: { epoch: 6, step: 24 } });
    expect(losses).toHaveLength(24);
    expect(waits[0]).toBeGreaterThan(0); // nothing is computed yet beside which the first films could be made
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 2);
    expect(outcome.best?.validation.t1.value).toBe(Math.max(...seen.map((value) => value ?? 0)));
    expect(outcome.best?.validation.t1.value).toBeGreaterThan(0.95);
    expect(outcome.best?.validation.t2).toBeGreaterThan(0.95);
    // Chance is ln 2 a task.
    expect(validationLosses[0]).toBeGreaterThan(Math.LN2);
    expect(validationLosses.at(-1)).toBeLessThan(Math.LN2);
    run.state.dispose();
  });

  it('asks for what comes next before it computes: the next step’s films, and the next epoch’s before a validation', async () => {
    const short = { ...recipe, epochs: 2, batch: 16 };
    const run = start({ recipe: short });
    const events: string[] = [];
    const { lesson } = run;
    const told: TrainRun<MicroBatch>['lesson'] = {
      ...lesson,
      prepare(chosen, epoch) {
        events.push(`ask ${epoch}`);
        return lesson.prepare(chosen, epoch);
      },
      step(batches, settings) {
        events.push('step');
        return lesson.step(batches, settings);
      },
      validate() {
        events.push('validate');
        return lesson.validate();
      },
    };
    await trainRun({ ...run, lesson: told });
    const first = ['ask 0', 'ask 0', 'step', 'ask 1', 'step', 'validate'];
    expect(events).toEqual([...first, 'ask 1', 'step', 'step', 'validate']);
    run.state.dispose();
  });

  it('paused mid-epoch and resumed in a new state, it ends with the same weights', async () => {
    const whole = start();
    await trainRun(whole);
    let steps = 0;
    const first = start({
      onStep: () => (steps += 1),
      wish: (): Wish => (steps === 6 ? 'pause' : 'go on'),
    });
    for (const name of readdirSync(dir)) if (name.startsWith('checkpoint')) rmSync(join(dir, name));
    expect(await trainRun(first)).toMatchObject({
      how: 'paused',
      position: { epoch: 1, cursor: 16, step: 6 },
    });

    const second = start();
    const restored = await restoreNewest(plainVault(), dir, second.state, 'h');
    await trainRun({ ...second, from: restored?.position ?? null });
    expect(second.state.exportState()).toEqual(whole.state.exportState());
    for (const run of [whole, first, second]) run.state.dispose();
  });

  it('stop keeps the best so far; cancel leaves at once', async () => {
    const stopped = start({ wish: () => 'stop and keep best' });
    const outcome = await trainRun(stopped);
    expect(outcome).toMatchObject({ how: 'finished', position: { epoch: 1 }, best: { epoch: 0 } });
    const cancelled = start({ wish: () => 'cancel' });
    expect(await trainRun(cancelled)).toMatchObject({ how: 'cancelled', position: { step: 1 }, best: null });
    stopped.state.dispose();
    cancelled.state.dispose();
  });
});

it.each([
  ['agrees', 'is too rough', false],
  ['is too rough', 'agrees', true],
] as const)(
  'mixed precision that %s at the first step and %s where it is resumed: it ends with the same weights',
  async (_, __, isRough) => {
    const start = (rough: boolean, change: Partial<TrainRun<MicroBatch>> = {}) => {
      const choice = new StepChoice({ send: () => undefined });
      const run = startRun('compiled', { stepsTaken: () => choice.taken, ...change }, mixed(choice, rough));
      return { run, choice };
    };
    const whole = start(isRough);
    await trainRun(whole.run);
    for (const name of readdirSync(dir)) if (name.startsWith('checkpoint')) rmSync(join(dir, name));
    let steps = 0;
    const first = start(isRough, {
      onStep: () => (steps += 1),
      wish: (): Wish => (steps === 6 ? 'pause' : 'go on'),
    });
    await trainRun(first.run);
    const second = start(!isRough);
    const restored = await restoreNewest(plainVault(), dir, second.run.state, 'h');
    second.choice.goOnAs(restored?.position.steps);
    await trainRun({ ...second.run, from: restored?.position ?? null });
    expect(second.choice.taken).toEqual(whole.choice.taken);
    expect(second.choice.taken?.precision).toBe(isRough ? 'single' : 'mixed');
    expect(second.run.state.exportState()).toEqual(whole.run.state.exportState());
    // Decided anew it would have ended elsewhere.
    const other = start(!isRough);
    await trainRun(other.run);
    expect(other.run.state.exportState()).not.toEqual(whole.run.state.exportState());
    for (const { run } of [whole, first, second, other]) run.state.dispose();
  },
);

describe('training that has ended before its last epoch does not go on', () => {
  /** Every epoch after the first is worse. */
  const worse = (change: Partial<TrainRun<MicroBatch>>, patience: number | null): TrainRun<MicroBatch> => {
    const run = startRun('eager', change);
    let merit = 1;
    const validate = () => Promise.resolve({ ...UNJUDGED, merit: (merit -= 0.1) });
    return { ...run, recipe: { ...recipe, patience }, lesson: { ...run.lesson, validate } };
  };
  /** Goes on from the newest checkpoint with the best epoch of before. */
  const resumed = async (bestBefore: TrainOutcome['best'], patience: number | null) => {
    let steps = 0;
    const run = worse({ bestBefore, onStep: () => (steps += 1) }, patience);
    const restored = await restoreNewest(plainVault(), dir, run.state, 'h');
    const outcome = await trainRun({ ...run, from: restored?.position ?? null });
    run.state.dispose();
    return { steps, outcome };
  };

  it('asked to pause as patience runs out, it is finished', async () => {
    let epochs = 0;
    const wish = (): Wish => (epochs === 3 ? 'pause' : 'go on');
    const run = worse({ wish, onEpoch: () => (epochs += 1) }, 2);
    expect(await trainRun(run)).toMatchObject({
      how: 'finished',
      position: { epoch: 3 },
      best: { epoch: 0 },
    });
    run.state.dispose();
  });

  it.each([
    ['patience runs out', 2, 3],
    ['a person has stopped it at the end of an epoch', null, 3],
    ['a person has stopped it in the middle of one', null, 1],
  ] as const)(
    'killed behind its checkpoint when %s, it takes no further step',
    async (why, patience, epoch) => {
      let best: TrainOutcome['best'] = null;
      let [epochs, steps] = [0, 0];
      const stops = () => (why.includes('middle') ? steps === 6 : epochs === epoch);
      const run = worse(
        {
          wish: (): Wish => (patience === null && stops() ? 'stop and keep best' : 'go on'),
          onStep: () => (steps += 1),
          onEpoch(at, validation, improved) {
            if (improved) best = { epoch: at, validation, weights: run.state.evaluatedWeights() };
            epochs += 1;
          },
          onCheckpoint(_, position) {
            if (position.over === true) throw new Error('killed');
          },
        },
        patience,
      );
      await expect(trainRun(run)).rejects.toThrow('killed');
      run.state.dispose();
      const { steps: further, outcome } = await resumed(best, patience);
      expect(further).toBe(0);
      expect(outcome).toMatchObject({ how: 'finished', position: { epoch }, best: { epoch: 0 } });
    },
  );
});
