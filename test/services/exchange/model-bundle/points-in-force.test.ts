/** @file A model from elsewhere is called positive where its card says, on every page, whatever this library's validation films would choose. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { runExport } from '../../../../main/services/exchange/export-job.ts';
import { cardOf } from '../../../../main/services/exchange/model-bundle/gather-card.ts';
import { takeModel, viewBundle } from '../../../../main/services/exchange/model-bundle/take-model.ts';
import type { AppParts } from '../../../../main/services/compose.ts';
import { evaluation as figuresOfRun } from '../../../../shared/contract/evaluation.ts';
import { exportRequest } from '../../../../shared/contract/exchange.ts';
import type { RunId } from '../../../../shared/domain/ids.ts';
import { addModelRun, changed, contentsOf, FINDINGS, signedBundle } from '../../../helpers/bundles.ts';
import { runCli } from '../../../helpers/cli-process.ts';
import { openAppWithFilms } from '../../../helpers/open-app.ts';
import { call, tempFolder } from '../../../helpers/temp-library.ts';

/** Chosen where the model was made, nothing near what these films would choose. */
const CARRIED = { abnormal: 0.0625, [FINDINGS[0] ?? '']: 0.9375 };

/** A bundle that carries those, and none for the other finding. */
async function bundle({ library, inference }: AppParts, runId: RunId): Promise<string> {
  const { files } = await runExport(
    { library, predict: inference.service.predict, score: inference.scoreAfresh, clock: Date },
    exportRequest.parse({ what: 'bundle', runId }),
    { folder: join(tempFolder(), 'out') },
    { signal: call.signal, report: () => undefined },
  );
  const thresholds = Object.entries(CARRIED).map(([name, threshold]) => ({
    ...{ name, threshold, kind: 'fitted', rule: "Youden's J on validation" },
  }));
  const contents = changed(await contentsOf(files[0]?.path ?? ''), 'card.json', (card) =>
    Object.assign(card, { thresholds }),
  );
  const path = join(tempFolder(), 'theirs.model.chestlight');
  writeFileSync(path, signedBundle(contents));
  return path;
}

it('is the card’s in predictions, figures, reports, the card and on the command line', async () => {
  const here = await openAppWithFilms();
  const runId = await addModelRun(here);
  const path = await bundle(here, runId);
  const there = await openAppWithFilms();
  const { library, evaluation, inference } = there;
  const { signer } = await viewBundle(library, path, null);
  const taking = { passphrase: null, trust: signer.fingerprint, name: 'Theirs', now: 5 };
  await takeModel(library, path, { ...taking, score: inference.scoreAfresh });
  await library.service.createSplit(
    { name: 'S', seed: 1, validation: 0.2, test: 0.3, useGivenParts: true },
    call,
  );
  for await (const _told of await evaluation.service.measure({ runId, splitId: null }, call));

  const result = await evaluation.service.run({ runId, part: 'test' }, call);
  const { t2, perFinding } = result;
  const [first, second] = FINDINGS.map((name) => perFinding.find((one) => one.name === name));
  const rule = "Youden's J on validation, where the model was made";
  expect(t2.operatingPoint).toMatchObject({ threshold: CARRIED.abnormal, rule });
  expect(first?.operatingPoint).toMatchObject({ threshold: 0.9375, rule });
  expect(second?.operatingPoint).toBeNull();
  expect(result.notes.join(' ')).toContain(
    `No operating point for ${FINDINGS[1]}: the model came without one.`,
  );
  // what these films would choose stands beside it and counts nowhere
  expect(t2.fittedHere?.rule).toBe("Youden's J on this library's validation part");
  expect(t2.fittedHere?.threshold).not.toBe(CARRIED.abnormal);
  // the counts are those of the threshold that counts
  const scores = await Promise.all(
    library.store.splits
      .dataset(library.store.splits.list()[0]?.id as never, [])
      .filter(({ part, abnormal }) => part === 'test' && abnormal !== null)
      .map(async ({ filmId, abnormal }) => {
        const said = await inference.service.predict({ runId, filmId: filmId, attention: [] }, call);
        expect(said.t2).toMatchObject({ threshold: CARRIED.abnormal, kept: null });
        expect(said.t1.map(({ threshold }) => threshold)).toEqual([0.9375, null]);
        return { score: said.t2.score, abnormal };
      }),
  );
  const called = scores.filter(({ score }) => score >= CARRIED.abnormal);
  expect(t2.operatingPoint?.tp).toBe(called.filter(({ abnormal }) => abnormal).length);
  expect(t2.operatingPoint?.fp).toBe(called.filter(({ abnormal }) => !abnormal).length);

  const report = await evaluation.service.report({ runIds: [] }, call);
  const page = readFileSync(report.path ?? '', 'utf8');
  const caption = 'Of a model from elsewhere it is the one that was chosen where the model was made.';
  expect(page.includes(caption)).toBe(true);
  expect(page.includes('<td class="n">.06</td>')).toBe(true);
  const fitted = (await cardOf(library, runId)).thresholds.map(({ name, threshold }) => [name, threshold]);
  expect(Object.fromEntries(fitted)).toEqual(CARRIED);

  // figures of before, when thresholds were chosen here, are not told any more
  const figures = figuresOfRun.parse(result);
  const stale = { ...figures.t2, operatingPoint: figures.t2.fittedHere, fittedHere: null };
  library.store.evaluations.put({ ...figures, t2: stale }, library.store.imports.endedSeq());
  expect((await evaluation.service.run({ runId, part: 'test' }, call)).t2).toEqual(t2);

  await there.app.close();
  const points = async (...verb: string[]) => {
    const { json, stderr, status } = await runCli([...verb, '--library', there.dir, '--run', runId]);
    expect(status, stderr).toBe(0);
    return (json as { inForce: unknown }).inForce;
  };
  const inForce = [
    { task: 't2', threshold: 0.0625, setByHand: false, fitted: 0.0625, rule },
    { task: `t1:${FINDINGS[0]}`, threshold: 0.9375, setByHand: false, fitted: 0.9375, rule },
  ];
  expect(await points('threshold')).toEqual(inForce);
  expect(await points('evaluate')).toEqual(inForce);
  const byHand = [{ ...inForce[0], threshold: 0.5, setByHand: true }, inForce[1]];
  expect(await points('threshold', '--task', 't2', '--value', '0.5')).toEqual(byHand);
  expect(await points('evaluate')).toEqual(byHand);
});
