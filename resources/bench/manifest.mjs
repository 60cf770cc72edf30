/**
 * @file Every film of a folder against its manifest, and against dcmtk where that is installed: stored pixels, refusals, display.
 *   node resources/bench/manifest.mjs FOLDER [--json]
 * FOLDER holds MANIFEST.csv, one row a file: `file`, `file_sha256`, `raw_sha256` (SHA-256 of frame 0 as stored, little-endian),
 * `mlut_min|max|mean` after the modality LUT, `truth_min|max|mean` where those are not right, `lossy` 0|1, `should_fail` 0|1|maybe.
 * Prints a table a kind of file, then each row that is not as it should be; exit 1 when there is one.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';

import { parse } from 'csv-parse/sync';

import { FilmError } from '../../main/dicom/film-error.ts';
import { readFilm } from '../../main/dicom/film.ts';
import { describeFilm, displayImage } from '../../main/dicom/render.ts';
import { readPnm } from '../../test/dicom/fixtures.ts';

const run = promisify(execFile);
const { positionals, values } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' } } });
const [folder] = positionals;
if (folder === undefined) {
  console.error('usage: node resources/bench/manifest.mjs FOLDER [--json]');
  process.exit(2);
}
const rows = parse(readFileSync(join(folder, 'MANIFEST.csv')), { columns: true, bom: true });
const scratch = mkdtempSync(join(tmpdir(), 'chestlight-manifest-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const version = await run('dcmj2pnm', ['--version']).then(
  ({ stdout }) => /v[\d.]+/.exec(stdout)?.[0] ?? null,
  () => null,
);

/** How dcmtk is asked for the picture that the app shows first. A film without a window of its own is shown with the app's. */
function asked(film) {
  if (film.samples > 1 || film.photometric === 'PALETTE COLOR') return [];
  const [voi] = film.voiLuts;
  if (!film.voiComputed) return voi.kind === 'table' ? ['+Wl', '1'] : ['+Wi', '1'];
  // LINEAR_EXACT of (c, w) is LINEAR of (c + 1/2, w + 1): PS3.3 C.11.2.1.2.1 and C.11.2.1.3.2
  const exact = voi.function === 'LINEAR_EXACT';
  return ['+Ww', String(exact ? voi.center + 0.5 : voi.center), String(exact ? voi.width + 1 : voi.width)];
}

/** JPEG-LS has a program of its own; JPEG 2000 is not read by the dcmtk that is free. */
function tool({ transferSyntax }) {
  const at = transferSyntax?.replace('1.2.840.10008.1.2.4.', '') ?? '';
  if (['80', '81'].includes(at)) return 'dcml2pnm';
  return ['90', '91', '92', '93', '201', '202', '203'].includes(at) ? null : 'dcmj2pnm';
}

/** Largest and mean difference of the picture from dcmtk's, grey levels; or why there is none. */
async function againstDcmtk(film, path) {
  if (version === null) return { none: 'dcmtk is not installed' };
  const program = tool(film);
  if (program === null) return { none: 'dcmtk does not decode it' };
  const picture = join(scratch, 'picture.pnm');
  rmSync(picture, { force: true });
  try {
    await run(program, ['-O', ...asked(film), '+op', path, picture], { timeout: 60_000 });
  } catch (error) {
    const line =
      String(error.stderr)
        .split('\n')
        .find((one) => /^[EF]:/.test(one)) ?? 'no picture';
    return { none: `dcmtk: ${line.slice(3).trim()}` };
  }
  const { grey, width, height } = readPnm(new Uint8Array(readFileSync(picture)));
  if (width !== film.cols || height !== film.rows) return { none: `dcmtk makes ${width} × ${height}` };
  const ours = displayImage(film);
  let most = 0;
  let sum = 0;
  for (let at = 0; at < ours.length; at += 1) {
    const difference = Math.abs(ours[at] - grey[at]);
    most = Math.max(most, difference);
    sum += difference;
  }
  return { most: Math.round(most * 100) / 100, mean: sum / ours.length };
}

/** What is wrong with a film that was read, sentences. */
function faultsOf(row, { rawSha256, mlut }) {
  const faults = [];
  const truth = row.truth_min !== '';
  if (row.lossy === '0' && row.raw_sha256 !== '' && !truth && rawSha256 !== row.raw_sha256)
    faults.push(`stored pixels are ${rawSha256.slice(0, 12)}…, not ${row.raw_sha256.slice(0, 12)}…`);
  for (const name of ['min', 'max', 'mean']) {
    const wanted = row[`${truth ? 'truth' : 'mlut'}_${name}`];
    if (wanted === '' || (row.lossy === '1' && name !== 'mean')) continue;
    // a lossy decoder may differ by a grey level on average
    const off = Math.abs(mlut[name] - Number(wanted));
    if (off > (row.lossy === '1' ? 1 : 1e-3 * Math.max(1, Math.abs(Number(wanted)))))
      faults.push(`${name} after the modality LUT is ${mlut[name]}, not ${wanted}`);
  }
  return faults;
}

async function check(row) {
  const path = join(folder, row.file);
  const bytes = new Uint8Array(readFileSync(path));
  const of = { file: row.file, kind: row.transfer_syntax_name, faults: [], refused: null, display: null };
  if (row.file_sha256 !== '' && sha256(bytes) !== row.file_sha256)
    of.faults.push('another file than the manifest’s');
  const start = performance.now();
  let film;
  try {
    film = await readFilm(bytes, row.file);
    displayImage(film);
  } catch (error) {
    if (!(error instanceof FilmError)) throw error;
    of.refused = { code: error.code, message: error.message };
    if (row.should_fail === '0') of.faults.push(`refused: ${error.code} ${error.message}`);
    return { ...of, ms: performance.now() - start };
  }
  of.ms = performance.now() - start;
  if (row.should_fail === '1') of.faults.push('read, though it should be refused');
  if (row.should_fail !== '0') return of;
  of.lossless = row.lossy === '0' && row.raw_sha256 !== '' && row.truth_min === '';
  of.faults.push(...faultsOf(row, describeFilm(film)));
  of.display = await againstDcmtk(film, path);
  return of;
}

const checked = [];
for (const row of rows) checked.push(await check(row));
if (values.json) console.log(JSON.stringify({ dcmtk: version, files: checked }));
else print();

function print() {
  const kinds = Map.groupBy(checked, ({ kind }) => kind);
  console.log(`${checked.length} files; dcmtk ${version ?? 'is not installed'}\n`);
  console.log(
    '| transfer syntax | files | lossless equal | refused by name | display: compared | within 1 | largest | longest ms |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  const line = (name, some) => {
    const equal = some.filter(({ lossless }) => lossless);
    const compared = some.flatMap(({ display }) => (display?.most === undefined ? [] : [display.most]));
    const cells = [
      name,
      some.length,
      `${equal.filter(({ faults }) => faults.length === 0).length} of ${equal.length}`,
      some.filter(({ refused }) => refused !== null).length,
      compared.length,
      compared.filter((most) => most <= 1).length,
      compared.length === 0 ? '–' : Math.max(...compared),
      Math.round(Math.max(...some.map(({ ms }) => ms))),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  };
  for (const [kind, some] of [...kinds].sort(([a], [b]) => a.localeCompare(b))) line(kind, some);
  line('**all**', checked);
  console.log('');
  for (const { file, refused } of checked)
    if (refused !== null) console.log(`refused  ${file}: ${refused.code}`);
  for (const { file, display } of checked) {
    if (display?.none !== undefined) console.log(`not compared  ${file}: ${display.none}`);
    else if (display?.most > 1)
      console.log(`display  ${file}: up to ${display.most}, mean ${display.mean.toFixed(3)}`);
  }
  for (const { file, faults } of checked) for (const fault of faults) console.log(`FAULT  ${file}: ${fault}`);
}
process.exitCode = checked.some(({ faults }) => faults.length > 0) ? 1 : 0;
