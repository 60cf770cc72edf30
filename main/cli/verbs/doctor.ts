/** @file `doctor`: engine found, device, self-test, memory, disk. Works when no engine loads. */
import { resolve } from 'node:path';

import { formatBytes } from '../../../shared/domain/numbers.ts';
import { defaultLibraryFolder } from '../../services/system/data-folder.ts';
import { collectDoctorReport } from '../../services/system/doctor.ts';
import type { Verb } from '../verb.ts';

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

export const doctor: Verb = {
  name: 'doctor',
  usage: 'doctor [--library DIR]',
  summary: 'engine found, device, memory, disk, and a self-test of the engine',
  options: { library: { type: 'string' } },
  run: async ({ options }) => {
    const library = text(options.library);
    const report = await collectDoctorReport(library === null ? defaultLibraryFolder() : resolve(library));
    const { engine, selfTest, memory, disk } = report;
    const native = engine.library as { folder: string; source: string | null } | null;
    const version = text(engine.tensorflow);
    const lines = [
      `Engine: ${version === null ? text(engine.backend) : `TensorFlow ${version}`} on ${text(engine.deviceName)}`,
      ...(native === null ? [] : [`Library: ${native.folder}${native.source ? ` (${native.source})` : ''}`]),
      ...(text(engine.reason) === null ? [] : [text(engine.reason)]),
      ...selfTest.checks.map((one) => `Self-test ${one.name}: ${one.ok ? 'right' : 'WRONG'}`),
      ...(selfTest.stepMs === null
        ? []
        : [`Training step of the self-test: ${selfTest.stepMs.toFixed(1)} ms`]),
      `Memory: ${formatBytes(memory.freeBytes)} free of ${formatBytes(memory.totalBytes)}`,
      `Disk: ${formatBytes(disk.freeBytes)} free at ${disk.path}`,
      `Node ${report.node} on ${report.platform}`,
    ];
    return { json: report, text: lines.join('\n') };
  },
};
