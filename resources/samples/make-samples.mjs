/**
 * @file Chooses the films of the sample library, the same ones every time. Run once by a maintainer:
 *   node resources/samples/make-samples.mjs FOLDER
 * FOLDER holds labels_with_unknown.csv (columns image_id, file, patient_id, source, license, view, sex, age,
 * normal_abnormal, findings, No finding, split) and the pictures that it names. Writes images/ and labels.csv here.
 *
 * Rules: one open licence without share-alike or non-commercial terms; the given train/test part is kept and no patient is
 * on both sides; as many normal as abnormal films; the same mix of AP and PA among both (else the view gives the answer
 * away); abnormal films are taken so that rarer findings come up to TARGET positives; at most two films a patient.
 */
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'csv-parse/sync';

const LICENCES = new Set(['NIH-unrestricted']);
const SIZES = { train: { abnormal: 53, normal: 52 }, test: { abnormal: 28, normal: 27 } };
const TARGET = { train: 12, test: 7 };
const MAX_FILMS_OF_A_PATIENT = 2;
/** A finding stays in labels.csv when it has this many positive films in each part. */
const LEAST = { train: 8, test: 4 };
const MAX_BYTES = 8_000_000;
const NO_FINDING = 'No finding';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node resources/samples/make-samples.mjs FOLDER');
  process.exit(2);
}
const here = import.meta.dirname;

/** @type {Record<string, string>[]} */
const all = parse(readFileSync(join(folder, 'labels_with_unknown.csv'), 'utf8'), { columns: true, bom: true });
const columns = Object.keys(all[0]);
const findings = columns.slice(columns.indexOf('label_scope') + 1, columns.indexOf(NO_FINDING));
const open = all
  .filter((row) => LICENCES.has(row.license) && ['normal', 'abnormal'].includes(row.normal_abnormal))
  .sort((a, b) => (a.image_id < b.image_id ? -1 : 1));

const positives = (rows, finding) => rows.filter((row) => row[finding] === '1').length;

function mayTake(row, taken) {
  return taken.filter((other) => other.patient_id === row.patient_id).length < MAX_FILMS_OF_A_PATIENT;
}

/** Abnormal films, one after the other: the one that helps most with the findings that are still short. */
function takeAbnormal(rows, count, target) {
  const taken = [];
  const gain = (row) =>
    findings
      .filter((finding) => row[finding] === '1' && positives(taken, finding) < target)
      .reduce((sum, finding) => sum + 1 / positives(rows, finding), 0) -
    0.001 * taken.filter((other) => other.patient_id === row.patient_id).length;
  while (taken.length < count) {
    const rest = rows.filter((row) => !taken.includes(row) && mayTake(row, taken));
    if (rest.length === 0) throw new Error('too few abnormal films');
    taken.push(rest.reduce((best, row) => (gain(row) > gain(best) ? row : best)));
  }
  return taken;
}

/** Normal films with the views of the abnormal ones, distinct patients first. */
function takeNormal(rows, count, abnormal) {
  const taken = [];
  const share = abnormal.filter((row) => row.view === 'AP').length / abnormal.length;
  const wanted = { AP: Math.round(count * share), PA: count - Math.round(count * share) };
  for (const view of ['AP', 'PA']) {
    const own = rows.filter((row) => row.view === view);
    for (let films = 1; films <= MAX_FILMS_OF_A_PATIENT; films++) {
      for (const row of own) {
        if (taken.filter((other) => other.view === view).length >= wanted[view]) break;
        const same = taken.filter((other) => other.patient_id === row.patient_id).length;
        if (!taken.includes(row) && same < films) taken.push(row);
      }
    }
  }
  return taken;
}

const chosen = Object.entries(SIZES).flatMap(([part, size]) => {
  const rows = open.filter((row) => row.split === part);
  const abnormal = takeAbnormal(
    rows.filter((row) => row.normal_abnormal === 'abnormal'),
    size.abnormal,
    TARGET[part],
  );
  const normal = takeNormal(
    rows.filter((row) => row.normal_abnormal === 'normal'),
    size.normal,
    abnormal,
  );
  return [...abnormal, ...normal].sort((a, b) => (a.image_id < b.image_id ? -1 : 1));
});

const inPart = (part) => chosen.filter((row) => row.split === part);
const shared = inPart('train').filter((row) => inPart('test').some((other) => other.patient_id === row.patient_id));
if (shared.length > 0) throw new Error(`a patient is on both sides: ${shared[0].patient_id}`);
const kept = findings.filter((finding) =>
  Object.entries(LEAST).every(([part, least]) => positives(inPart(part), finding) >= least),
);

const images = join(here, 'images');
rmSync(images, { recursive: true, force: true });
mkdirSync(images);
for (const row of chosen) copyFileSync(join(folder, row.file), join(images, basename(row.file)));
const bytes = readdirSync(images).reduce((sum, name) => sum + statSync(join(images, name)).size, 0);
if (bytes > MAX_BYTES) throw new Error(`${bytes} bytes are more than ${MAX_BYTES}`);

const header = ['file', 'patient_id', 'view', 'sex', 'age', 'source', 'licence', 'normal_abnormal', ...kept, NO_FINDING, 'split'];
const line = (row) =>
  [`images/${basename(row.file)}`, row.patient_id, row.view, row.sex, row.age, row.source, row.license, row.normal_abnormal]
    .concat([...kept, NO_FINDING].map((finding) => row[finding]))
    .concat(row.split)
    .map((cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
    .join(',');
writeFileSync(join(here, 'labels.csv'), `${[header.join(','), ...chosen.map(line)].join('\n')}\n`);

for (const part of Object.keys(SIZES)) {
  const rows = inPart(part);
  const patients = new Set(rows.map((row) => row.patient_id)).size;
  const views = rows.filter((row) => row.view === 'AP').length;
  const counts = kept.map((finding) => `${finding} ${positives(rows, finding)}`).join(', ');
  console.log(`${part}: ${rows.length} films, ${patients} patients, AP ${views}, ${counts}`);
  for (const state of ['abnormal', 'normal']) {
    const own = rows.filter((row) => row.normal_abnormal === state);
    console.log(`  ${state} ${own.length}, AP ${own.filter((row) => row.view === 'AP').length}`);
  }
}
console.log(`${chosen.length} films, ${bytes} bytes`);
