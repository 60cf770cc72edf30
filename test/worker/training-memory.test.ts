/** @file The real training process on a device with too little memory: smaller micro-batches, the same result; or a sentence. */
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { makeFilms, runProcess, tinyConfig, writePlan } from './training-process.ts';

let made: ReturnType<typeof makeFilms>;
beforeAll(() => {
  made = makeFilms();
});
afterAll(() => made.remove());

/** Where four films are too many and two are not. */
const LITTLE = { eager: 140e6, graph: 150e6 } as const;

/** The library's allocator on this platform alone has a limit that can be set. */
const limits = process.platform === 'linux' && process.arch === 'x64';

const config = tinyConfig({}, { epochs: 1, batch: 4, microBatch: 4, augment: false, views: 1 });

/** TensorFlow's oneDNN kernels end the process where memory for their own scratch is refused: told and resumed by the service. */
const MOST_TRIES = 5;

/** `run`, again where the library ended the process before it could answer (docs/decisions/0014). */
async function runToAnAnswer(name: string, engine: 'eager' | 'graph', bytes: number) {
  for (let attempt = 1; ; attempt += 1) {
    const seen = await run(`${name}-${attempt}`, engine, bytes);
    if (seen.last?.type === 'ended' || seen.last?.type === 'failed' || attempt === MOST_TRIES) return seen;
  }
}

/** Runs the plan with at most `bytes` for the library's large allocations; undefined = as many as there are. */
async function run(name: string, engine: 'eager' | 'graph', bytes?: number, of = config) {
  const { path } = writePlan(join(made.dir, name), made.films, { config: of, checkpointEverySeconds: 1000 });
  const limit = bytes === undefined ? {} : { TF_MKL_ALLOC_MAX_BYTES: String(bytes) };
  const seen = await runProcess(path, undefined, { CHESTLIGHT_ENGINE: engine, ...limit });
  return {
    last: seen.at(-1),
    warnings: seen.flatMap((message) => (message.type === 'log' ? [message.message] : [])),
    loss: seen.find((message) => message.type === 'epoch')?.record.loss ?? Number.NaN,
  };
}

describe.skipIf(!limits).each(['eager', 'graph'] as const)('%s', (engine) => {
  it('goes on with fewer films at once, and learns the same', { timeout: 240_000 }, async () => {
    const enough = await run(`${engine}-enough`, engine);
    const little = await runToAnAnswer(`${engine}-little`, engine, LITTLE[engine]);
    expect(enough).toMatchObject({ last: { type: 'ended', how: 'finished' }, warnings: [] });
    expect(little.last).toMatchObject({ type: 'ended', how: 'finished' });
    expect(little.warnings[0]).toContain('2 films at once');
    expect(Math.abs(little.loss / enough.loss - 1)).toBeLessThan(1e-4);
  });
});

it.skipIf(!limits)('says what to do where one film is too many', { timeout: 120_000 }, async () => {
  const least = tinyConfig(
    {},
    { epochs: 1, batch: 4, microBatch: 1, recompute: true, augment: false, views: 1 },
  );
  const { last } = await run('one', 'eager', 60e6, least);
  expect(last).toMatchObject({ type: 'failed', code: 'OUT_OF_MEMORY' });
  expect(last).toHaveProperty('message', expect.stringContaining('smaller model'));
});
