/**
 * @file A session package between two real libraries: opened there, read there, merged back once however often it is merged;
 * every changed byte is seen and named; what a hostile package may try is refused before anything is changed.
 */
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { runExport } from '../../../main/services/exchange/export-job.ts';
import { openPackage } from '../../../main/services/exchange/package/read-package.ts';
import { mergePackage, viewPackage } from '../../../main/services/exchange/package/package-service.ts';
import { signedBytes } from '../../../main/services/exchange/package/write-package.ts';
import type { OpenLibrary } from '../../../main/services/library/open-library.ts';
import { createAdjudication } from '../../../main/services/review/adjudication.ts';
import { exportRequest } from '../../../shared/contract/exchange.ts';
import { reviewPlan, type ReadingContent } from '../../../shared/contract/review.ts';
import type { DecisionId, FilmId, ReaderId, ReadingId, ReviewId } from '../../../shared/domain/ids.ts';
import type { ReadingStage } from '../../../shared/domain/review.ts';
import { addFilms } from '../../helpers/synthetic-rows.ts';
import { importAll, tempFolder, tempLibrary } from '../../helpers/temp-library.ts';
import { pattern, tinyDicom } from '../../helpers/tiny-dicom.ts';
import { box, refusal, said } from '../review/review-desk.ts';

const REVIEW = 'review-000000000001' as ReviewId;
const AMINA = 'reader-000000000001' as ReaderId;
const BO = 'reader-000000000002' as ReaderId;
const PLAN = reviewPlan.parse({
  findings: ['Edema', 'Hernia'],
  questions: [],
  blinding: 'hidden',
  runId: null,
  timed: false,
  seed: 1,
});
const quiet = { signal: new AbortController().signal, report: () => undefined };
const predict = () => Promise.reject(new Error('no scores are asked for'));

let made = 0;
function read(
  library: OpenLibrary,
  readerId: ReaderId,
  filmId: FilmId,
  stage: ReadingStage,
  note: string,
  part: Partial<ReadingContent> = {},
): void {
  const id = `reading-${String(++made).padStart(12, '0')}` as ReadingId;
  const after = library.store.reviews.newest({ reviewId: REVIEW, readerId, filmId })?.number ?? 0;
  const version = { id, reviewId: REVIEW, readerId, filmId, stage, createdAt: made, after };
  library.store.reviews.append({ ...version, content: said({ ...part, note }) });
}

const filmsOf = (library: OpenLibrary): readonly FilmId[] => library.store.films.names().map(({ id }) => id);

/** Films as rows only, or `real` ones that were imported; the same ones in every library. */
async function withFilms(count = 2, real = false): Promise<OpenLibrary> {
  const { library } = await tempLibrary();
  if (!real) {
    addFilms(
      library.store,
      Array.from({ length: count }, (_, patient) => ({ patient })),
    );
    return library;
  }
  const dir = tempFolder();
  for (let index = 0; index < count; index++) {
    writeFileSync(
      join(dir, `${index}.dcm`),
      tinyDicom({ pixel: pattern(index + 1), patientName: 'Canary^Name' }),
    );
  }
  if (count > 0) await importAll(library, { paths: [dir] });
  return library;
}

/** Two films, two readers; Amina has begun with the first film and signed it. */
async function siteA(real = false): Promise<OpenLibrary> {
  const library = await withFilms(2, real);
  const films = filmsOf(library);
  library.store.readers.add({ id: AMINA, name: 'Amina', role: 'owner', pinHash: null, createdAt: 1 });
  library.store.readers.add({ id: BO, name: 'Bo', role: 'reader', pinHash: null, createdAt: 2 });
  library.store.reviews.begin(
    { id: REVIEW, name: 'Röntgen, round 1', plan: PLAN, createdAt: 1 },
    new Map([
      [AMINA, films],
      [BO, [...films].reverse()],
    ]),
  );
  read(library, AMINA, first(films), 'reading', 'a1');
  read(library, AMINA, first(films), 'read', 'a1');
  return library;
}

function first<Item>([item]: readonly Item[]): Item {
  if (item === undefined) throw new Error('there is none');
  return item;
}

async function pack(library: OpenLibrary, request: object = {}): Promise<string> {
  const folder = join(tempFolder(), 'package');
  const { files } = await runExport(
    { library, predict, score: predict, clock: Date },
    exportRequest.parse({ what: 'session', reviewId: REVIEW, ...request }),
    { folder },
    quiet,
  );
  return first(files).path;
}

async function merge(library: OpenLibrary, path: string, passphrase: string | null = null) {
  const { signer } = await viewPackage(library, path, passphrase);
  return await mergePackage(library, path, { passphrase, trust: signer.fingerprint, now: 1 });
}

/** Notes of every version, main and beside, in their order. */
function notes({ store }: OpenLibrary): unknown {
  const versions = store.reviews
    .readersOf(REVIEW)
    .flatMap(({ id }) =>
      store.sessionMerge.list(REVIEW, id).map((film) => ({
        film,
        reader: id,
        notes: store.reviews
          .versions(REVIEW, id, film)
          .map(({ content, stage }) => `${content.note} ${stage}`),
      })),
    )
    .filter((one) => one.notes.length > 0);
  return { versions, others: store.sessionMerge.others(REVIEW).map(({ content }) => content.note) };
}

describe('between two sites', () => {
  it('is read at the other one and merged back without loss or doubles, in both directions', async () => {
    const a = await siteA();
    const films = filmsOf(a);
    const b = await withFilms();
    const package1 = await pack(a);
    expect(package1).toMatch(/Ro-ntgen-round-1\.chestlight$|Rontgen-round-1\.chestlight$/);
    expect(await viewPackage(b, package1, null)).toMatchObject({
      name: 'Röntgen, round 1',
      encrypted: false,
      signer: { name: 'library', isKnown: false },
      readers: ['Amina', 'Bo'],
      films: 2,
      filmsPacked: 0,
      filmsMissing: 0,
      versions: 2,
      versionsNew: 2,
      isHere: false,
    });
    expect(await merge(b, package1)).toMatchObject({
      isNewReview: true,
      readersAdded: 2,
      versionsAdded: 2,
      versionsKnown: 0,
      filmsMissing: [],
      readTwice: [],
    });
    // an owner of one site owns nothing at the other, and cannot sign in before somebody there sets a PIN
    expect(b.store.readers.find(AMINA)).toMatchObject({ role: 'adjudicator', pinHash: null });
    expect(b.store.sessionMerge.list(REVIEW, BO)).toEqual([...films].reverse());
    read(b, BO, first(films), 'reading', 'b1');
    read(b, BO, first(films), 'read', 'b1');
    read(b, AMINA, first(films), 'reading', 'a2'); // takes her read up again
    const package2 = await pack(b);
    expect(await merge(a, package2)).toMatchObject({
      isNewReview: false,
      versionsAdded: 3,
      versionsKnown: 2,
    });
    expect(notes(a)).toEqual(notes(b));
    const after = notes(a);
    for (const path of [package2, package1, package2]) {
      expect(await merge(a, path)).toMatchObject({ versionsAdded: 0, readersAdded: 0, readTwice: [] });
      expect(notes(a)).toEqual(after);
    }
    expect(await merge(b, package1)).toMatchObject({ versionsAdded: 0 });
    expect(notes(b)).toEqual(after);
    expect(a.store.check()).toEqual([]);
    expect((await viewPackage(a, package2, null)).signer.isKnown).toBe(true);
  });

  it('keeps both histories where a reader read a film at both sites, and says so', async () => {
    const a = await siteA();
    const films = filmsOf(a);
    const b = await withFilms();
    await merge(b, await pack(a));
    read(a, BO, first(films), 'reading', 'at A');
    read(b, BO, first(films), 'reading', 'at B');
    read(b, BO, first(films), 'read', 'at B, signed');
    const result = await merge(a, await pack(b));
    expect(result).toMatchObject({ versionsAdded: 2, readTwice: [{ reader: 'Bo', filmId: first(films) }] });
    expect(result.notes.join(' ')).toMatch(/both histories are kept, and the one read here counts here/);
    expect(a.store.reviews.versions(REVIEW, BO, first(films)).map(({ content }) => content.note)).toEqual([
      'at A',
    ]);
    expect(a.store.sessionMerge.others(REVIEW).map(({ content }) => content.note)).toEqual([
      'at B',
      'at B, signed',
    ]);
    expect(await merge(b, await pack(a))).toMatchObject({ versionsAdded: 1 });
    expect(b.store.sessionMerge.others(REVIEW).map(({ content }) => content.note)).toEqual(['at A']);
    expect(await merge(a, await pack(b))).toMatchObject({ versionsAdded: 0 });
    expect(a.store.check()).toEqual([]);
  });

  it('shows both histories side by side with the site and what differs, and exports both', async () => {
    const a = await siteA();
    const b = await withFilms();
    const [film] = filmsOf(a);
    if (film === undefined) throw new Error('there are films');
    await merge(b, await pack(a));
    const edema = { marks: [box('Edema')] };
    read(a, BO, film, 'reading', 'at A', edema);
    read(a, BO, film, 'read', 'at A, signed', edema);
    read(b, BO, film, 'reading', 'at B', { marks: [box('Hernia')] });
    read(b, BO, film, 'read', 'at B, signed', { marks: [box('Hernia')] });
    const here = a.store.reviews.versions(REVIEW, BO, film);
    await merge(a, await pack(b));

    const adjudication = createAdjudication(a, Date);
    const owner = a.store.readers.find(AMINA);
    if (owner === null) throw new Error('Amina is there');
    const { elsewhere, reads } = adjudication.compare(owner, REVIEW, film);
    expect(elsewhere).toMatchObject([
      {
        reader: { name: 'Bo' },
        site: 'library',
        steps: [
          { number: 1, stage: 'reading' },
          { number: 2, stage: 'read' },
        ],
        there: { content: { note: 'at B, signed' } },
        here: { content: { note: 'at A, signed' } },
        differs: {
          findings: ['Edema', 'Hernia'],
          places: [],
          questions: [],
          verdicts: [],
          note: true,
          keyFrames: false,
        },
      },
    ]);
    expect(reads.find(({ reader }) => reader.id === BO)?.first?.content.note).toBe('at A, signed');
    const all = { state: 'any', text: '', offset: 0, limit: 100 } as const;
    const { rows } = adjudication.list(owner, REVIEW, all);
    expect(rows.find(({ filmId }) => filmId === film)?.elsewhere).toBe(1);
    expect(rows.find(({ filmId }) => filmId !== film)?.elsewhere).toBe(0);
    expect(a.store.reviews.versions(REVIEW, BO, film)).toEqual(here);

    const out = async (format: string) => {
      const folder = join(tempFolder(), format);
      const { notes: told } = await runExport(
        { library: a, predict, score: predict, clock: Date },
        exportRequest.parse({ what: 'annotations', format, reviewId: REVIEW }),
        { folder },
        quiet,
      );
      return { told: told.join(' '), text: readFileSync(join(folder, `annotations.${format}`), 'utf8') };
    };
    const csv = await out('csv');
    expect(csv.told).toMatch(/1 read that a reader signed at another site apart from here stands beside/);
    const boxes = csv.text.split('\n').filter((line) => line.includes(',box,'));
    expect(boxes.map((line) => line.split(',').slice(5, 7))).toEqual([
      ['Bo', 'Edema'],
      ['Bo (read at library)', 'Hernia'],
    ]);
    const json = JSON.parse((await out('json')).text) as {
      session: { others: unknown[]; versions: object[] };
    };
    expect(json.session.others).toEqual(JSON.parse(JSON.stringify(a.store.sessionMerge.others(REVIEW))));
    expect(json.session.others).toHaveLength(2);
    expect(json.session.versions).toHaveLength(4);

    // By way of A the history of B keeps the name of B's site, here the same; a third site shows both.
    const c = await withFilms();
    await merge(c, await pack(a));
    expect(c.store.sessionMerge.others(REVIEW)).toEqual(a.store.sessionMerge.others(REVIEW));
  });

  it('keeps the order of what was said where a site’s clock was set back', async () => {
    const a = await siteA();
    const films = filmsOf(a);
    const b = await withFilms();
    await merge(b, await pack(a));
    const early = { reviewId: REVIEW, readerId: BO, filmId: first(films) };
    const steps = [
      ['reading', 'second by the clock', 900],
      ['reading', 'first by the clock', 5],
      ['read', 'signed before it began', 1],
    ] as const;
    for (const [after, [stage, note, createdAt]] of steps.entries()) {
      const id = `reading-00000000900${after}` as ReadingId;
      b.store.reviews.append({ ...early, id, stage, after, createdAt, content: said({ note }) });
    }
    expect(await merge(a, await pack(b))).toMatchObject({ versionsAdded: 3, readTwice: [] });
    const kept = a.store.reviews.versions(REVIEW, BO, first(films));
    expect(kept.map(({ content }) => content.note)).toEqual(steps.map(([, note]) => note));
    expect(await merge(a, await pack(b))).toMatchObject({ versionsAdded: 0, versionsKnown: 5 });
  });

  it('tells of films that both sites settled apart; one more decision makes them agree', async () => {
    const a = await siteA();
    const b = await withFilms();
    const early = await pack(a);
    await merge(b, early);
    const film = first(filmsOf(a));
    const decide = (site: OpenLibrary, name: string, reason: string): void =>
      void site.store.decisions.append({
        id: `decision-${name.padStart(12, '0')}` as DecisionId,
        ...{ reviewId: REVIEW, filmId: film, basis: 'accept', reason, createdAt: 1 },
        after: site.store.decisions.ofFilm(REVIEW, film).length,
        adjudicator: AMINA,
        sources: [first(a.store.reviews.versions(REVIEW, AMINA, film)).id],
        settled: { findings: [], answers: {}, marks: [], own: { findings: [], answers: [], marks: [] } },
      });
    const counts = (site: OpenLibrary) => site.store.decisions.newest(REVIEW).get(film)?.reason;
    decide(a, '1', 'by A');
    decide(b, '2', 'by B');
    const apart = await merge(a, await pack(b));
    expect(apart).toMatchObject({ decisionsAdded: 1, settledTwice: [film] });
    expect(apart.notes.join(' ')).toMatch(/1 film was settled at both sites apart/);
    expect(counts(a)).toBe('by B');
    expect(await merge(a, await pack(b))).toMatchObject({ decisionsAdded: 0, settledTwice: [] });
    decide(a, '3', 'once more');
    const back = await merge(b, await pack(a));
    expect(back).toMatchObject({ decisionsAdded: 2, settledTwice: [] });
    expect([counts(a), counts(b)]).toEqual(['once more', 'once more']);

    const liar = await withFilms();
    await merge(liar, early);
    decide(liar, '1', 'something else');
    await expect(merge(a, await pack(liar))).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(counts(a)).toBe('once more');
  });

  it('tells what it outdates, and that the session it comes into is closed', async () => {
    const a = await siteA();
    const b = await withFilms();
    await merge(b, await pack(a));
    const film = first(filmsOf(a));
    a.store.decisions.append({
      id: 'decision-000000000009' as DecisionId,
      ...{ reviewId: REVIEW, filmId: film, basis: 'merge', reason: 'early', createdAt: 1, after: 0 },
      adjudicator: AMINA,
      sources: [first(a.store.reviews.versions(REVIEW, AMINA, film)).id],
      settled: { findings: [], answers: {}, marks: [], own: { findings: [], answers: [], marks: [] } },
    });
    a.store.reviews.setClosed(REVIEW, 5);
    read(b, BO, film, 'reading', 'b1');
    read(b, BO, film, 'read', 'b1');
    const path = await pack(b);
    const said = (await merge(a, path)).notes.join('\n');
    expect(said).toMatch(/The session is closed here: what came in is kept and counts/);
    expect(said).toMatch(/1 film of the session was settled before reads that are here now/);
    expect((await merge(a, path)).notes).toEqual([]); // nothing new came
  });

  it('takes two packages with films at once, each by a folder of its own', async () => {
    const a = await siteA(true);
    const path = await pack(a, { withFilms: true });
    const b = await withFilms(0);
    const twice = await Promise.allSettled([merge(b, path), merge(b, path)]);
    expect(twice.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
    await merge(b, path);
    expect(filmsOf(b)).toHaveLength(2);
    expect(readdirSync(b.files.tmpDir)).toEqual([]);
  });

  it('keeps what was said of a film that is missing, and names it', async () => {
    const a = await siteA();
    const films = filmsOf(a);
    const b = await withFilms(1);
    const view = await viewPackage(b, await pack(a), null);
    expect(view).toMatchObject({ films: 2, filmsHere: 1, filmsMissing: 1 });
    const result = await merge(b, await pack(a));
    expect(result.filmsMissing).toEqual(films.filter((id) => b.store.films.find(id) === null));
    expect(result.notes.join(' ')).toMatch(
      /1 film of the session is not in this library: what was said is kept/,
    );
    expect(await merge(a, await pack(b))).toMatchObject({ versionsAdded: 0 });
  });

  it('brings its films along when asked to, encrypted, and they are the same films there', async () => {
    const a = await siteA(true);
    const b = await withFilms(0);
    const path = await pack(a, { withFilms: true, passphrase: 'correct horse battery' });
    expect(readFileSync(path).includes('Canary')).toBe(false);
    expect((await refusal(() => viewPackage(b, path, null))).message).toMatch(
      /encrypted. Give its passphrase/,
    );
    expect((await refusal(() => viewPackage(b, path, 'wrong horse'))).message).toMatch(/not the passphrase/);
    const result = await merge(b, path, 'correct horse battery');
    expect(result).toMatchObject({ filmsImported: 2, filmsMissing: [], versionsAdded: 2 });
    expect(new Set(filmsOf(b))).toEqual(new Set(filmsOf(a)));
    expect(readdirSync(b.files.tmpDir)).toEqual([]);
  });

  it('tells two readers of one name apart', async () => {
    const a = await siteA();
    const b = await withFilms();
    const own = 'reader-000000000009' as ReaderId;
    b.store.readers.add({ id: own, name: 'amina', role: 'reader', pinHash: null, createdAt: 1 });
    await merge(b, await pack(a));
    expect(b.store.readers.all().map(({ name }) => name)).toEqual(['amina', 'Amina (library)', 'Bo']);
  });

  it('never carries PINs or names of films', async () => {
    const a = await siteA();
    a.store.readers.setPin(AMINA, '$argon2id$v=19$secret');
    const bytes = readFileSync(await pack(a)).toString('latin1');
    expect(bytes).toContain('Amina');
    for (const canary of ['argon2id', 'film 0.dcm', '.dcm']) expect(bytes).not.toContain(canary);
  });
});

describe('the signing key', () => {
  it('is made once, readable by its owner only, and refused when it is damaged', async () => {
    const a = await siteA();
    const path = join(a.files.dir, 'signing.key');
    const { fingerprint } = await a.files.signingKey();
    expect(fingerprint).toMatch(/^([0-9A-F]{4} ){7}[0-9A-F]{4}$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await a.files.signingKey()).fingerprint).toBe(fingerprint);
    expect(readdirSync(a.files.dir)).toContain('signing.key');
    writeFileSync(path, 'no key');
    expect((await refusal(() => a.files.signingKey())).code).toBe('CORRUPT_LIBRARY');
  });

  it('of a stranger is named, and accepted by its fingerprint only', async () => {
    const a = await siteA();
    const b = await withFilms();
    const path = await pack(a);
    const { fingerprint } = await a.files.signingKey();
    const tries = async (trust: string | null) =>
      await refusal(() => mergePackage(b, path, { passphrase: null, trust, now: 1 }));
    expect(await tries(null)).toMatchObject({
      code: 'NOT_ALLOWED',
      detail: { signer: 'library', fingerprint },
    });
    expect((await tries(null)).message).toContain(fingerprint);
    expect((await tries('0000 0000 0000 0000 0000 0000 0000 0000')).code).toBe('NOT_ALLOWED');
    expect(b.store.reviews.all()).toEqual([]);
    const trust = fingerprint.toLowerCase().replaceAll(' ', '');
    await mergePackage(b, path, { passphrase: null, trust, now: 1 });
    await mergePackage(b, path, { passphrase: null, trust: null, now: 1 });
  });
});

/** Header, manifest, signature and files of a package without a passphrase. */
function parts(bytes: Buffer) {
  const headerEnd = 16 + bytes.readUInt32BE(12);
  const manifestEnd = headerEnd + 4 + bytes.readUInt32BE(headerEnd);
  return {
    header: bytes.subarray(16, headerEnd),
    manifest: bytes.subarray(headerEnd + 4, manifestEnd),
    files: bytes.subarray(manifestEnd + 64),
  };
}

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** A package as a stranger would make it, signed with a key of theirs. */
function forged(
  bytes: Buffer,
  change: { header?: object; manifest?: (manifest: Manifest) => object; files?: Buffer },
): Buffer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const old = parts(bytes);
  const header = change.header === undefined ? old.header : Buffer.from(JSON.stringify(change.header));
  const written = JSON.parse(old.manifest.toString()) as Manifest;
  written.signer.publicKey = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const manifest = Buffer.from(JSON.stringify(change.manifest?.(written) ?? written));
  const signature = sign(null, signedBytes(header, manifest), privateKey);
  const mark = bytes.subarray(0, 12);
  return Buffer.concat([
    mark,
    u32(header.length),
    header,
    u32(manifest.length),
    manifest,
    signature,
    change.files ?? old.files,
  ]);
}

interface Manifest {
  signer: { publicKey: string };
  files: { name: string; bytes: number; sha256: string }[];
}

function fileOf(bytes: Uint8Array): string {
  const path = join(tempFolder(), 'x.chestlight');
  writeFileSync(path, bytes);
  return path;
}

describe('tampering', () => {
  it.each([null, 'correct horse battery'])(
    'is seen at every place and named (passphrase %j)',
    async (passphrase) => {
      const a = await siteA(true);
      const whole = readFileSync(await pack(a, { withFilms: true, passphrase }));
      const named = new Set<string>();
      // with a passphrase each opening takes as long as scrypt does
      const step = passphrase === null ? Math.ceil(whole.length / 250) : Math.ceil(whole.length / 5);
      const places = Array.from({ length: Math.ceil(whole.length / step) }, (_, index) => index * step);
      for (const at of [...places, whole.length - 1]) {
        const changed = Buffer.from(whole);
        changed[at] = (changed[at] ?? 0) ^ 1;
        const { code, message } = await refusal(() => viewPackage(a, fileOf(changed), passphrase));
        expect(['BAD_INPUT', 'INCOMPATIBLE'], `byte ${at}: ${message}`).toContain(code);
        named.add(/on its way: ([^;]*?)\. Nothing/.exec(message)?.[1] ?? message);
      }
      if (passphrase !== null) return;
      const films = filmsOf(a).map((id) => `the file ${id} in it`);
      for (const what of [
        'its manifest does not fit its signature',
        'the file session.json in it',
        ...films,
      ]) {
        expect([...named]).toContain(what);
      }
    },
  );

  it('of an encrypted film names the film', async () => {
    const a = await siteA();
    const film = join(tempFolder(), 'large.dcm');
    writeFileSync(film, tinyDicom({ rows: 1100, cols: 1100, pixel: pattern(9) }));
    const b = await withFilms(0);
    await importAll(b, { paths: [film] });
    b.store.readers.add({ id: BO, name: 'Bo', role: 'reader', pinHash: null, createdAt: 2 });
    const review = { id: REVIEW, name: 'R', plan: PLAN, createdAt: 1 };
    b.store.reviews.begin(review, new Map([[BO, filmsOf(b)]]));
    const whole = readFileSync(await pack(b, { withFilms: true, passphrase: 'correct horse battery' }));
    const changed = Buffer.from(whole);
    changed[whole.length - 50_000] = (changed[whole.length - 50_000] ?? 0) ^ 1;
    const { message } = await refusal(() => viewPackage(a, fileOf(changed), 'correct horse battery'));
    expect(message).toContain(`the file ${first(filmsOf(b))} in it`);
  });

  it('by cutting off or adding bytes is seen', async () => {
    const a = await siteA();
    const whole = readFileSync(await pack(a));
    for (const length of [0, 5, 11, 14, 40, 300, whole.length - 1]) {
      expect((await refusal(() => viewPackage(a, fileOf(whole.subarray(0, length)), null))).code).toBe(
        'BAD_INPUT',
      );
    }
    const longer = Buffer.concat([whole, Buffer.from('x')]);
    expect((await refusal(() => viewPackage(a, fileOf(longer), null))).message).toMatch(
      /something was added/,
    );
  });
});

describe('a hostile package, rightly signed by a stranger, is refused', () => {
  it.each<[string, Parameters<typeof forged>[1], RegExp]>([
    [
      'of a newer version',
      { header: { format: 'chestlight-session', version: 2, encryption: null } },
      /version 2/,
    ],
    [
      'that asks for all memory by its scrypt numbers',
      {
        header: {
          format: 'chestlight-session',
          version: 1,
          encryption: { cipher: 'aes-256-gcm', chunkBytes: 1048576, kdf: 'scrypt', N: 2 ** 30, r: 8, p: 1 },
        },
      },
      /its header/,
    ],
    ...['../../evil', '/etc/passwd', 'C:\\evil', 'films/a', 'film-..', 'session.json'].map(
      (name): [string, Parameters<typeof forged>[1], RegExp] => [
        `with a file called ${name}`,
        {
          manifest: (manifest) => ({
            ...manifest,
            files: [...manifest.files, { name, bytes: 1, sha256: '0'.repeat(64) }],
          }),
        },
        /its manifest/,
      ],
    ),
    [
      'that claims more than it has',
      {
        manifest: (manifest) => ({
          ...manifest,
          files: manifest.files.map((file) => ({ ...file, bytes: 2 ** 52 })),
        }),
      },
      /larger than 512 MB|too early/,
    ],
    ['whose session is no JSON', withSession('{'), /session in it is not sound/],
    ['whose session is another thing', withSession('{"review":1}'), /session in it is not sound \(review/],
  ])('%s', async (_what, change, words) => {
    const a = await siteA();
    const path = fileOf(forged(readFileSync(await pack(a)), change));
    const { code, message } = await refusal(() => openPackage(path, null));
    expect(['BAD_INPUT', 'INCOMPATIBLE']).toContain(code);
    expect(message).toMatch(words);
  });

  it.each<[string, (session: Session) => void, RegExp]>([
    [
      'with another version of the same id',
      ({ versions }) => void (first(versions).content.note = 'forged'),
      /tampered with/,
    ],
    ['with another plan', ({ review }) => void (review.plan.seed = 9), /another plan/],
    [
      'with a version of nobody',
      ({ versions }) => void (first(versions).readerId = 'reader-0000000000ff'),
      /does not list/,
    ],
    [
      'with steps that cannot follow',
      ({ versions }) => void (first(versions).stage = 'revised'),
      /does not follow/,
    ],
    [
      'with a finding that the plan has not',
      ({ versions }) => versions.forEach((one) => (one.content.verdicts = [VERDICT])),
      /not sound/,
    ],
    ['with one version twice', ({ versions, others }) => void others.push(first(versions)), /twice/],
  ])('%s', async (_what, change, words) => {
    const a = await siteA();
    const bytes = readFileSync(await pack(a));
    const session = JSON.parse(parts(bytes).files.toString()) as Session;
    change(session);
    const path = fileOf(forged(bytes, withSession(JSON.stringify(session))));
    const before = notes(a);
    const { message } = await refusal(() => merge(a, path));
    expect(message).toMatch(words);
    expect(notes(a)).toEqual(before);
  });

  it('a film that is not what it says it is', async () => {
    const a = await siteA(true);
    const b = await withFilms(0);
    const bytes = readFileSync(await pack(a, { withFilms: true }));
    const other = 'film-ffffffffffffffffffffffffffffffff';
    const swapped = forged(bytes, {
      manifest: (manifest) => ({
        ...manifest,
        files: manifest.files.map((file, index) => (index === 1 ? { ...file, name: other } : file)),
      }),
    });
    const { message } = await refusal(() => merge(b, fileOf(swapped)));
    expect(message).toContain(`${other} in it is not the film that it says it is`);
    expect(b.store.reviews.all()).toEqual([]);
  });
});

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const VERDICT = { finding: 'Hernia', verdict: 'accept', shapeId: null, note: '' };

interface Session {
  review: { plan: { seed: number } };
  versions: { readerId: string; stage: string; content: { note: string; verdicts: object[] } }[];
  others: object[];
}

function withSession(text: string): Parameters<typeof forged>[1] {
  const files = Buffer.from(text);
  return {
    files,
    manifest: (manifest) => ({
      ...manifest,
      files: [{ name: 'session.json', bytes: files.length, sha256: hashOf(files) }],
    }),
  };
}

it('a file that is none is said to be none', async () => {
  const dir = tempFolder();
  mkdirSync(join(dir, 'folder'));
  expect((await refusal(() => openPackage(fileOf(Buffer.from('PK\u0003\u0004')), null))).message).toMatch(
    /not a session package/,
  );
  expect((await refusal(() => openPackage(join(dir, 'none'), null))).code).toBe('NOT_FOUND');
});
