/** @file The support bundle of a library full of canaries: none of them is in it, and what helps is. */
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
import { join } from 'node:path';

import { strFromU8, unzipSync } from 'fflate';
import { expect, it } from 'vitest';

import { openAppLog } from '../../../main/node/app-log.ts';
import { fillRequest, configHash } from '../../../main/services/training/run-config.ts';
import { waitingProgress } from '../../../main/services/training/run-views.ts';
import { supportBundle } from '../../../main/services/system/support-bundle.ts';
import { splitRequest } from '../../../shared/contract/library.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { tinyRequest } from '../../helpers/open-app.ts';
import { call, importAll, tempFolder, tempLibrary, testClock } from '../../helpers/temp-library.ts';
import { pattern, tinyDicom } from '../../helpers/tiny-dicom.ts';

/** Written into names, headers, labels, folders and log lines; each must stay here. */
const CANARIES = ['zaphodia', 'quagmire', 'mrn-4711', 'clinic-of-nowhere', 'dr-oddname', 'roundabout'];

async function canaryLibrary() {
  const root = join(tempFolder(), 'Clinic-of-Nowhere');
  const films = join(root, 'Mrs Zaphodia Quagmire');
  mkdirSync(films, { recursive: true });
  const rows = ['file,patient,abnormal,Edema'];
  for (let index = 0; index < 20; index += 1) {
    const name = index === 0 ? 'Zaphodia Quagmire chest.dcm' : `quagmire-${index}.dcm`;
    const patient = { patientId: 'MRN-4711', patientName: 'Zaphodia^Quagmire' };
    writeFileSync(join(films, name), tinyDicom({ ...patient, pixel: pattern(index) }));
    rows.push(`${name},Zaphodia ${index},${index % 2},${index % 2}`);
  }
  const labels = join(root, 'labels.csv');
  writeFileSync(labels, rows.join('\n'));
  const dir = join(root, 'library');
  const { library } = await tempLibrary({ dir });
  await importAll(library, { paths: [films], labels });
  const split = await library.service.createSplit(splitRequest.parse({ name: 'Roundabout split' }), call);
  const init = join(root, 'Dr-Oddname.safetensors');
  const { config } = await fillRequest(library, testClock(), tinyRequest({ splitId: split.id as never }));
  const named = { ...config, init, findings: [...config.findings, 'Quagmire sign'] };
  library.store.runs.insert({
    id: 'run-00000001' as RunId,
    name: 'Dr-Oddname roundabout',
    config: named,
    configHash: configHash(named),
    createdAt: 1,
    progress: waitingProgress(named, 10),
  });
  return { library, dir, films };
}

function fillLog(dir: string, films: string): void {
  const log = openAppLog(dir, 'info');
  log.info('import ended', { importId: 'import-0123456789abcdef', imported: 20 });
  log.error('a run could not be started', { error: `Error: ENOENT: no such file, open '${films}/a b.dcm'` });
  log.error('a promise failed', { error: `Error: Zaphodia Quagmire chest.dcm is broken` });
  log.error('a promise failed', { error: 'Error: the film quagmire-3 is broken: MRN-4711' });
  log.warn('the app beside the window', { line: `${films}\\Zaphodia Quagmire chest is away` });
  log.error('import failed', {
    code: 'ENOENT',
    stack: `Error\n    at read (file://${process.cwd()}/main/files/artifacts.ts:12:7)\n    at ${films}/x.ts:1:1`,
  });
  log.error('found it', { patient: { name: 'Zaphodia' }, of: `${userInfo().username}@${hostname()}` });
  appendFileSync(join(dir, 'chestlight.log'), 'Zaphodia Quagmire was here\n');
  renameSync(join(dir, 'chestlight.log'), join(dir, 'chestlight.log.1'));
  openAppLog(dir, 'info').error('opened again', { cause: `${homedir()}/Dr-Oddname` });
}

it('holds what helps and no name of a patient, film, reader, run or folder', async () => {
  const { library, dir, films } = await canaryLibrary();
  fillLog(dir, films);
  const entries = Object.entries(unzipSync(await supportBundle(library)));
  const texts = new Map(entries.map(([name, bytes]) => [name, strFromU8(bytes)]));
  const all = [...texts].flat().join('\n').toLowerCase();
  for (const canary of [...CANARIES, hostname().toLowerCase(), dir.toLowerCase()])
    expect([canary, all.includes(canary)]).toEqual([canary, false]);

  expect([...texts.keys()].sort()).toEqual([
    'README.txt',
    'doctor.json',
    'doctor.txt',
    'library.json',
    'logs/chestlight.log',
    'logs/chestlight.log.1',
    'runs.json',
  ]);
  const log = texts.get('logs/chestlight.log.1') ?? '';
  expect(log).toContain('import-0123456789abcdef');
  expect(log).toContain('ENOENT: no such file, open');
  expect(log).toContain('main/files/artifacts.ts:12:7');
  const runs: unknown = JSON.parse(texts.get('runs.json') ?? '');
  expect(runs).toMatchObject([
    { id: 'run-00000001', state: 'queued', config: { model: 'tiny', init: '(file)' } },
  ]);
  expect(JSON.stringify(runs)).toContain('"Edema"');
  expect(texts.get('doctor.txt')).toMatch(/^1\. Chestlight: \d.*\n2\. Engine: /);
  expect(JSON.parse(texts.get('library.json') ?? '')).toMatchObject({ films: 20, patients: 20 });
});
