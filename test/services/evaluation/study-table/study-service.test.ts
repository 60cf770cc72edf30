/** @file The study's table from a real library: kept replicates, refusals by name, runs without results, exports by the byte route. */
import { describe, expect, it } from 'vitest';

import { createEvaluationService } from '../../../../main/services/evaluation/evaluation-service.ts';
import { STUDY_FORMATS, studyTable, studyTableRequest } from '../../../../shared/contract/study-table.ts';
import type { SplitId } from '../../../../shared/domain/ids.ts';
import { call, tempLibrary, testClock } from '../../../helpers/temp-library.ts';
import { goldenLibrary } from '../golden.ts';
import { addRun, addSplit } from '../scored-runs.ts';

const noEngine = () => Promise.reject(new Error('no figure needs the engine'));
const ask = (wanted: Parameters<typeof studyTableRequest.parse>[0] = {}) => studyTableRequest.parse(wanted);

async function opened() {
  const { library, log } = await tempLibrary();
  const parts = createEvaluationService({
    library,
    predict: noEngine,
    clock: testClock(),
    log,
    signIn: { reader: () => expect.fail('nobody signs in here') },
  });
  return { library, parts, service: parts.service, ...goldenLibrary(library) };
}

describe('the study’s table of a library', () => {
  it('has the differences that a comparison of the same two runs has', async () => {
    const { service, add } = await opened();
    const [none, mlcak] = [add('none'), add('mlcak')];
    const table = await service.studyTable(ask(), call);
    studyTable.parse(table);
    const { t1, t2 } = await service.compare({ a: mlcak, b: none, part: 'test' }, call);
    expect(table.differences.map(({ difference }) => difference)).toEqual([t1.difference, t2.difference]);
    expect(table.films).toBe(150);
  });

  it('takes the names that a plan has given', async () => {
    const { service, add } = await opened();
    const [none, mlcak] = [add('none'), add('mlcak')];
    const systems = [{ runId: mlcak, name: 'ours', title: 'Ours' }];
    const table = await service.studyTable(ask({ runIds: [none, mlcak], systems }), call);
    expect(table.systems.map(({ title }) => title)).toEqual(['No distillation', 'Ours']);
  });

  it('refuses runs of two splits by name', async () => {
    const { library, service, add, splitId } = await opened();
    const other = addSplit(library, () => 'train', 'split-00000002' as SplitId);
    const a = add('none');
    const b = addRun(library, { method: 'mlcak', resolution: 28, splitId: other, findings: ['Edema'] }, []);
    await expect(service.studyTable(ask({ runIds: [a, b] }), call)).rejects.toMatchObject({
      code: 'INCOMPATIBLE',
      message: expect.stringMatching(new RegExp(`No distillation.*MLCAK.*${splitId}.*${other}`)) as string,
    });
  });

  it('shows a run without results as a missing cell with its reason, and refuses where no run has any', async () => {
    const { library, service, add, splitId } = await opened();
    const findings = ['Edema'];
    const waiting = addRun(library, { method: 'mlcak', resolution: 56, splitId, findings }, null, 'queued');
    await expect(service.studyTable(ask({ runIds: [waiting] }), call)).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    const table = await service.studyTable(ask({ runIds: [add('none'), waiting] }), call);
    const cell = table.rows.flatMap(({ cells }) => cells).find(({ reason }) => reason?.includes('queue'));
    expect(cell).toMatchObject({ system: 'mlcak', resolution: 56, standing: 'missing' });
  });

  it('is written in every format and read again as it was written, with its type', async () => {
    const { parts, service, add } = await opened();
    add('none');
    const types = [];
    for (const format of STUDY_FORMATS) {
      const { sha256, path } = await service.exportStudy({ ...ask(), format }, call);
      const { bytes, contentType } = await parts.reportBytes(sha256);
      expect(bytes.length).toBeGreaterThan(500);
      types.push([path?.split('.').at(-1), contentType.split(';')[0]]);
    }
    expect(types).toEqual([
      ['html', 'text/html'],
      ['csv', 'text/csv'],
      ['json', 'application/json'],
      ['tex', 'application/x-tex'],
    ]);
  });
});
