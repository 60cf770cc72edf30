/**
 * @file A model between two real libraries: the same scores to the last bit, its signer accepted by name, measured on the films there,
 * a teacher there; what a stranger may try with a bundle is named and refused, and nobody is named in one.
 */
import {
  closeSync,
  openSync,
  readFileSync,
  readdirSync,
  readSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { sha256Of } from '../../../../main/files/artifacts.ts';
import { writeLikeness } from '../../../../main/numeric/likeness/likeness-file.ts';
import type { AppParts } from '../../../../main/services/compose.ts';
import { keepThreshold } from '../../../../main/services/evaluation/kept-thresholds.ts';
import { runExport } from '../../../../main/services/exchange/export-job.ts';
import { cardPage } from '../../../../main/services/exchange/model-bundle/card-page.ts';
import { cardOf } from '../../../../main/services/exchange/model-bundle/gather-card.ts';
import { openBundle } from '../../../../main/services/exchange/model-bundle/open-bundle.ts';
import {
  takeModel,
  viewBundle,
  type Taking,
} from '../../../../main/services/exchange/model-bundle/take-model.ts';
import { openPackage } from '../../../../main/services/exchange/package/read-package.ts';
import { verifyLibrary } from '../../../../main/services/library/verify-library.ts';
import { fillRequest } from '../../../../main/services/training/run-config.ts';
import { keptWords } from '../../../../shared/domain/kept-threshold.ts';
import { exportRequest } from '../../../../shared/contract/exchange.ts';
import type { ReaderId, RunId } from '../../../../shared/domain/ids.ts';
import { addModelRun, changed, contentsOf, FINDINGS, signedBundle } from '../../../helpers/bundles.ts';
import { openAppWithFilms, openTestApp, tinyRequest } from '../../../helpers/open-app.ts';
import { smallFilmFolder } from '../../../helpers/small-library.ts';
import { call, importAll, tempFolder } from '../../../helpers/temp-library.ts';
import { pattern, tinyDicom } from '../../../helpers/tiny-dicom.ts';
import { refusal } from '../../review/review-desk.ts';

const quiet = { signal: new AbortController().signal, report: () => undefined };
const SECRET = 'correct horse battery';

async function pack({ library, inference }: AppParts, runId: RunId, passphrase: string | null = null) {
  const folder = join(tempFolder(), 'bundle');
  const result = await runExport(
    { library, predict: inference.service.predict, score: inference.scoreAfresh, clock: Date },
    exportRequest.parse({ what: 'bundle', runId, passphrase }),
    { folder },
    quiet,
  );
  return { ...result, path: result.files[0]?.path ?? '' };
}

/** Takes it in, the signer compared. */
async function take(app: AppParts, path: string, taking: Partial<Taking> = {}) {
  const passphrase = taking.passphrase ?? null;
  const { signer } = await viewBundle(app.library, path, passphrase);
  const given = { passphrase, trust: signer.fingerprint, name: '', now: 5, score: app.inference.scoreAfresh };
  return await takeModel(app.library, path, { ...given, ...taking });
}

async function scoresOf({ library, inference }: AppParts, runId: RunId) {
  const scores = [];
  for (const { id } of library.store.films.names().toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const { t1, t2 } = await inference.service.predict({ runId, filmId: id, attention: [] }, call);
    scores.push([id, t2, t1]);
  }
  return scores;
}

it('gives the same scores and thresholds to the last bit in another library, is measured there, and goes again', async () => {
  const here = await openAppWithFilms();
  const runId = await addModelRun(here);
  const packed = await pack(here, runId);
  expect(packed.check).toMatch(
    /every bit of the weights are the same, and so are the answers to 3 films and 4 generated images/,
  );
  expect(packed.path).toMatch(/\.model\.chestlight$/);
  const there = await openTestApp();
  const view = await viewBundle(there.library, packed.path, null);
  expect(view).toMatchObject({ signer: { name: 'library', isKnown: false }, isHere: false, notes: [] });
  expect(view.card.metrics).toMatchObject({ films: 6, patients: 6 });
  expect(view.card.thresholds.map(({ name }) => name)).toContain('abnormal');
  const taken = await take(there, packed.path);
  expect(taken).toMatchObject({ runId, check: expect.stringMatching(/to the last bit/) as string });
  expect(there.library.files.readOnly).toBe(false);
  expect(readdirSync(there.library.files.tmpDir)).toEqual([]);
  expect(there.library.store.splits.list()).toEqual([]);

  const { dir, labels } = smallFilmFolder();
  await importAll(there.library, { paths: [dir], labels });
  expect(await scoresOf(there, runId)).toEqual(await scoresOf(here, runId));

  const [run] = await there.training.service.runs({}, call);
  expect(run).toMatchObject({
    id: runId,
    state: 'finished',
    imported: { signer: 'library', isMeasured: false },
  });
  const unmeasured = await refusal(
    async () => await there.evaluation.service.run({ runId, part: 'test' }, call),
  );
  expect(unmeasured.message).toMatch(/came from elsewhere and was not measured/);
  const [row] = await there.evaluation.service.table({}, call);
  expect(row).toMatchObject({ runId, t1: { value: null } });
  await expect(measured(there, runId)).rejects.toThrow(/no split to measure on/);
  await there.library.service.createSplit(
    { name: 'S', seed: 1, validation: 0.2, test: 0.3, useGivenParts: true },
    call,
  );
  expect((await measured(there, runId)).at(-1)).toEqual({ done: 10, total: 10 });
  const own = await here.evaluation.service.run({ runId, part: 'test' }, call);
  const other = await there.evaluation.service.run({ runId, part: 'test' }, call);
  expect([other.t1, other.t2.auroc]).toEqual([own.t1, own.t2.auroc]);
  expect(other.notes.join(' ')).toMatch(
    /came from elsewhere, signed by “library”.*cannot be known|same films/,
  );
  const report = await there.evaluation.service.report({ runIds: [] }, call);
  const page = readFileSync(report.path ?? '', 'utf8');
  expect(page).toContain('tested on 6 films of 6 patients');
  expect(page).not.toContain('Trained elsewhere');
  expect(await verifyLibrary(there.library.store, there.library.files)).toMatchObject({ ok: true });

  await there.training.service.remove({ runId }, call);
  expect(there.library.store.importedModels.find(runId)).toBeNull();
  expect(readdirSync(there.library.files.runsDir)).toEqual([]);
  expect((await take(there, packed.path, { trust: null, name: 'Again' })).name).toBe('Again');
});

it('takes along what tells films apart from the training films, and operating points that were set by hand', async () => {
  const here = await openAppWithFilms();
  const runId = await addModelRun(here);
  const { store, files } = here.library;
  const weightsSha256 = store.runs.checkpoints(runId)[0]?.sha256 ?? '';
  const width = 9 * 192;
  const facts = { weightsSha256, trainFilms: 400, validationFilms: 99, limit: 2.5, quantile: 0.99 };
  const whitening = Float32Array.from({ length: 2 * width }, (_, at) => Math.sin(at));
  const bytes = writeLikeness({ ...facts, mean: new Float32Array(width), whitening, shrinkage: 0.1 });
  writeFileSync(join(files.runsDir, runId, 'likeness.safetensors'), bytes);
  const file = { file: 'likeness.safetensors', sha256: sha256Of(bytes), bytes: bytes.length, reason: null };
  store.likeness.put(runId, { ...facts, ...file }, 1);
  const kept = { runId, task: 't2' as const, threshold: 0.125, reason: 'only here' };
  keepThreshold(here.library, Date, { id: 'reader-1' as ReaderId, name: 'Somebody' }, kept);
  const packed = await pack(here, runId);
  const all = Buffer.concat([...(await contentsOf(packed.path)).values()]).toString('latin1');
  expect(all).not.toMatch(/Somebody|only here/);
  const there = await openTestApp();
  await take(there, packed.path);
  expect(there.library.store.likeness.find(runId)).toEqual(store.likeness.find(runId));
  const { dir, labels } = smallFilmFolder();
  await importAll(there.library, { paths: [dir], labels });
  const [film] = store.films.names();
  const ask = { runId, filmId: film?.id as never, attention: [] };
  const [own, other] = [
    await here.inference.service.predict(ask, call),
    await there.inference.service.predict(ask, call),
  ];
  expect(other.suitability).toEqual(own.suitability);
  expect(own.suitability.likeness.state).not.toBe('not-fitted');
  expect([own.t2.threshold, other.t2.threshold]).toEqual([0.125, 0.125]);
  expect(own.t2.kept?.by).toBe('Somebody');
  // what somebody set there is not called fitted here; who it was is not told
  const { t2: fitted } = await here.evaluation.service.run({ runId, part: 'test' }, call);
  const was = fitted.operatingPoint?.threshold ?? null;
  expect(other.t2.kept).toMatchObject({ at: null, by: 'where the model was made', fitted: was });
  expect(keptWords(other.t2.kept ?? { at: 0, by: '', fitted: null })).toMatch(
    /^set by hand where the model was made, (fitted was|none could)/,
  );
  expect(await there.evaluation.service.thresholds({ runId }, call)).toMatchObject([
    { task: 't2', threshold: 0.125, at: null },
  ]);
  // the card names the limit that is carried
  const { limit, quantile, trainFilms, validationFilms } = facts;
  const { card } = await viewBundle(there.library, packed.path, null);
  expect(card.likeness).toEqual({ limit, quantile, trainFilms, validationFilms });
  const kinds = card.thresholds.flatMap(({ name, kind }) => (name === 'abnormal' ? [kind] : []));
  expect(kinds.toSorted()).toEqual(was === null ? ['kept'] : ['fitted', 'kept']);
  expect(cardPage(card)).toMatch(/set by hand: on \d{4}[\s\S]*farther than <b>2\.5<\/b>/);
  // taken back here, the fitted one counts, and goes on so; set anew, what was set here goes on
  keepThreshold(there.library, Date, null, { ...kept, threshold: null });
  expect(await there.evaluation.service.thresholds({ runId }, call)).toEqual([]);
  expect((await there.inference.service.predict(ask, call)).t2).toMatchObject({ threshold: was, kept: null });
  expect((await cardOf(there.library, runId)).thresholds.some(({ kind }) => kind === 'kept')).toBe(false);
  keepThreshold(there.library, Date, null, { ...kept, threshold: 0.75 });
  const again = (await cardOf(there.library, runId)).thresholds.filter(({ kind }) => kind === 'kept');
  expect(again).toMatchObject([{ name: 'abnormal', threshold: 0.75 }]);
  const told = there.library.store.audit.after(0).filter(({ action }) => action === 'threshold change');
  expect(told.map(({ detail }) => detail)).toMatchObject([
    { old: 0.125, new: was, how: 'back to the fitted one' },
    { old: was, new: 0.75, how: 'by hand' },
  ]);
  // of other weights: nothing is taken
  const strange = await openTestApp();
  const contents = await contentsOf(packed.path);
  const wrong = {
    ...facts,
    weightsSha256: 'b'.repeat(64),
    mean: new Float32Array(width),
    whitening,
    shrinkage: 0,
  };
  const path = join(tempFolder(), 'wrong.model.chestlight');
  writeFileSync(path, signedBundle(new Map([...contents, ['likeness.safetensors', writeLikeness(wrong)]])));
  expect((await refusal(() => take(strange, path))).message).toContain('likeness.safetensors');
  expect(strange.library.store.runs.list()).toEqual([]);
});

async function measured({ evaluation }: AppParts, runId: RunId) {
  const told = [];
  for await (const one of await evaluation.service.measure({ runId, splitId: null }, call)) told.push(one);
  return told;
}

it('teaches students there when it is a teacher, and no other does', async () => {
  const here = await openTestApp();
  const teacher = await addModelRun(here, { method: 'teacher', resolution: 224 });
  const { path } = await pack(here, teacher);
  const there = await openAppWithFilms();
  await take(there, path);
  const request = tinyRequest({ method: 'mlcak', resolution: 28, teacherRunId: teacher });
  const { config } = await fillRequest(there.library, Date, request);
  expect(config).toMatchObject({ teacherRunId: teacher, findings: FINDINGS, labelVersionId: null });
  expect(there.library.store.splits.list().map(({ id }) => id)).toEqual([config.splitId]);
  await expect(
    fillRequest(there.library, Date, { ...request, splitId: 'split-elsewhere' as never }),
  ).rejects.toThrow(/no such split/);
});

it('names no patient, no film and no path, and what it says of sources is of many films', async () => {
  const here = await openTestApp({ dir: join(tempFolder(), 'canary-path', 'library') });
  const dir = tempFolder();
  const films = ['canary-film-1', 'canary-film-2', 'canary-film-3'];
  films.forEach((name, index) =>
    writeFileSync(
      join(dir, `${name}.dcm`),
      tinyDicom({
        pixel: pattern(index + 1),
        patientName: 'Canary^Name',
        patientId: 'CANARY-ID',
        sopUid: `1.2.777.${index}`,
      }),
    ),
  );
  const labels = join(dir, 'labels.csv');
  writeFileSync(
    labels,
    ['file,patient_id,source,split', ...films.map((name) => `${name}.dcm,CANARY-ID,canary-source,test`)].join(
      '\n',
    ),
  );
  await importAll(here.library, { paths: [dir], labels });
  const init = join(tempFolder(), 'canary-start.safetensors');
  const runId = await addModelRun(here, { init, initSha256: 'a'.repeat(64) });
  const bytes = readFileSync((await pack(here, runId)).path)
    .toString('latin1')
    .toLowerCase();
  const { store } = here.library;
  const ids = store.films
    .names()
    .flatMap(({ id }) => [
      id,
      store.films.find(id)?.patientKey ?? '',
      store.films.find(id)?.pixelSha256 ?? '',
    ]);
  for (const canary of ['canary', '1.2.777', ...ids, store.splits.list()[0]?.id ?? '', here.dir]) {
    expect(bytes, canary).not.toContain(canary.toLowerCase());
  }
});

it('encrypted, opens with its passphrase only; a stranger is named and accepted by the fingerprint only', async () => {
  const here = await openTestApp();
  const runId = await addModelRun(here);
  const { path } = await pack(here, runId, SECRET);
  const there = await openTestApp();
  expect((await refusal(() => viewBundle(there.library, path, null))).message).toMatch(/encrypted/);
  const { fingerprint } = await here.library.files.signingKey();
  for (const trust of [null, '0000 0000 0000 0000 0000 0000 0000 0000']) {
    const refused = await refusal(() => take(there, path, { passphrase: SECRET, trust }));
    expect(refused).toMatchObject({ code: 'NOT_ALLOWED' });
    expect(refused.message).toContain(fingerprint);
  }
  expect(there.library.store.runs.list()).toEqual([]);
  await take(there, path, { passphrase: SECRET });
  expect((await viewBundle(there.library, path, SECRET)).signer.isKnown).toBe(true);
  expect(await refusal(() => take(there, path, { passphrase: SECRET }))).toMatchObject({ code: 'CONFLICT' });
});

let plain: Buffer | null = null;

/** One bundle for all who only look at it. */
async function plainBundle(): Promise<string> {
  if (plain === null) {
    const here = await openTestApp();
    plain = readFileSync((await pack(here, await addModelRun(here))).path);
  }
  const path = join(tempFolder(), 'plain.chestlight');
  writeFileSync(path, plain);
  return path;
}

describe('a hostile bundle', () => {
  it('with any byte changed is refused, and the place is named', async () => {
    const path = await plainBundle();
    const size = statSync(path).size;
    const weightsFrom = size - 22_000_000;
    const file = openSync(path, 'r+');
    const byte = Buffer.alloc(1);
    let step = 0;
    const places = Array.from({ length: 250 }, (_, index) =>
      index < 200 ? Math.floor((index * weightsFrom) / 200) : size - 1 - (step += 430_000),
    );
    for (const at of places) {
      readSync(file, byte, 0, 1, at);
      const was = byte[0] ?? 0;
      writeSync(file, Uint8Array.of(was ^ (1 << (at % 8))), 0, 1, at);
      const { code, message } = await refusal(() => openBundle(path, null));
      expect(['BAD_INPUT', 'INCOMPATIBLE'], `byte ${at}`).toContain(code);
      expect(message, `byte ${at}`).toMatch(/changed or damaged on its way: |not a model bundle|version/);
      writeSync(file, Uint8Array.of(was), 0, 1, at);
    }
    closeSync(file);
    await openBundle(path, null);
    writeFileSync(path, readFileSync(path).subarray(0, size - 1));
    expect((await refusal(() => openBundle(path, null))).message).toMatch(/ends too early/);
  });

  it('rightly signed by a stranger, is refused for what it holds', async () => {
    const path = await plainBundle();
    const good = await contentsOf(path);
    const at = join(tempFolder(), 'forged.chestlight');
    const told = async (bytes: Buffer): Promise<string> => {
      writeFileSync(at, bytes);
      const { code, message } = await refusal(() => openBundle(at, null));
      return `${code}: ${message}`;
    };
    writeFileSync(at, signedBundle(good));
    await openBundle(at, null);
    const model = (change: Parameters<typeof changed>[2]) =>
      told(signedBundle(changed(good, 'model.json', change)));
    const card = (change: Parameters<typeof changed>[2]) =>
      told(signedBundle(changed(good, 'card.json', change)));
    const set = (value: object) => (it: object) => void Object.assign(it, value);

    expect(await model(set({ version: 2 }))).toMatch(/INCOMPATIBLE.*version 2/);
    expect(await told(signedBundle(good, { header: { format: 'chestlight-model', version: 9 } }))).toMatch(
      /INCOMPATIBLE.*version 9/,
    );
    expect(await model(set({ code: 'run me' }))).toMatch(/not sound \(model\.json/);
    expect(await model((it) => set({ preprocessing: 'other/9' })(it['config'] ?? {}))).toMatch(
      /card is of another model/,
    );
    const moved = changed(
      changed(good, 'model.json', (it) => set({ preprocessing: 'other/9' })(it['config'] ?? {})),
      'card.json',
      (it) => set({ pipeline: 'other/9' })(it['preprocessing'] ?? {}),
    );
    expect(await told(signedBundle(moved))).toMatch(/INCOMPATIBLE.*pixel pipeline other\/9/);
    expect(await card((it) => set({ runId: '../../etc' })(it['model'] ?? {}))).toMatch(
      /card\.json, model\.runId/,
    );
    expect(await card(set({ findings: ['Hernia', 'Mass'] }))).toMatch(/card is of another model/);
    const likeness = { limit: 2.5, quantile: 0.99, trainFilms: 400, validationFilms: 99 };
    expect(await card(set({ likeness }))).toMatch(/card is of another likeness/);
    expect(await card(set({ likeness: { ...likeness, quantile: 2 } }))).toMatch(/card\.json, likeness/);
    expect(
      await card(set({ thresholds: [{ name: 'Hernia', kind: 'fitted', threshold: 0.5, rule: 'x' }] })),
    ).toMatch(/threshold of no finding/);
    expect(
      await card(set({ thresholds: [{ name: 'abnormal', kind: 'fitted', threshold: 7, rule: 'x' }] })),
    ).toMatch(/card\.json, thresholds/);
    expect(
      await told(
        signedBundle(
          new Map([...good, ['weights.safetensors', new Uint8Array(Buffer.from('\x80\x04pickle'))]]),
        ),
      ),
    ).toMatch(/other weights/);
    for (const name of ['../evil', 'evil.py', 'a/b', 'run.js', 'film-00000000000000000000000000000000']) {
      expect(await told(signedBundle(new Map([...good, [name, new Uint8Array(1)]]))), name).toMatch(
        /its manifest/,
      );
    }
    expect(await told(signedBundle(new Map([...good, ['likeness.safetensors', new Uint8Array(1)]])))).toMatch(
      /files are not those that it names/,
    );
    const huge = { name: 'weights.safetensors', bytes: 2_000_000_000, sha256: 'a'.repeat(64) };
    expect(
      await told(
        signedBundle(good, { manifest: (it) => ({ ...it, files: [...it.files.slice(0, 3), huge] }) }),
      ),
    ).toMatch(/larger than 1\.0? ?GB|larger than 1/);
    const missing = new Map([...good].filter(([name]) => name !== 'card.json'));
    expect(await told(signedBundle(missing))).toMatch(/no card\.json/);
    expect((await refusal(() => openPackage(path, null))).message).toMatch(/not a session package/);

    // other answers than were promised: refused with the model in hand, and nothing is left behind
    const lying = changed(good, 'model.json', (it) => set({ t2: [0.1, 0.9, 0.1, 0.9] })(it['check'] ?? {}));
    writeFileSync(at, signedBundle(lying));
    const there = await openTestApp();
    expect(await refusal(() => take(there, at))).toMatchObject({ code: 'INCOMPATIBLE' });
    expect([
      there.library.store.runs.list(),
      readdirSync(there.library.files.runsDir),
      readdirSync(there.library.files.tmpDir),
    ]).toEqual([[], [], []]);
  });

  it('shows nothing of its own page: cards are pages made here, with every value escaped', async () => {
    const here = await openTestApp();
    const runId = await addModelRun(here);
    const card = await cardOf(here.library, runId);
    const page = cardPage({ ...card, model: { ...card.model, name: '<script>alert(1)</script>' } });
    expect(page).not.toContain('<script>');
    expect(page).toContain('&lt;script&gt;');
  });
});
