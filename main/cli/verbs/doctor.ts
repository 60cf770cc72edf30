/**
 * @file `doctor`: lines to read out on the phone: engine, driver, self-test, memory, disk, the library's health and last copy; with
 * --bundle a zip for whoever helps. Works when no engine loads and when the library cannot be opened.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { LibraryFacts } from '../../../shared/contract/system.ts';
import { doctorText } from '../../../shared/domain/doctor-lines.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { writeFileAtomic } from '../../files/atomic-write.ts';
import { openLibrary } from '../../services/library/open-library.ts';
import { defaultLibraryFolder } from '../../services/system/data-folder.ts';
import { collectDoctorReport } from '../../services/system/doctor.ts';
import { libraryFacts } from '../../services/system/library-facts.ts';
import { recordSupport } from '../../services/audit/audited.ts';
import { supportBundle } from '../../services/system/support-bundle.ts';
import { LIBRARY_OPTION, secretFrom, stderrLog, withLibrary } from '../library-option.ts';
import { textOption } from '../options.ts';
import { refuseUnlessWritable, tellPlain } from '../out-file.ts';
import type { Verb } from '../verb.ts';
import { verbWorkers } from '../verb-workers.ts';

interface Looked {
  readonly facts: LibraryFacts | null;
  /** Why it could not be opened. */
  readonly why: string | null;
}

/** Opened only to look: works beside an open app. */
async function lookAt(dir: string, secret: string | null): Promise<Looked> {
  if (!existsSync(join(dir, 'library.db'))) return { facts: null, why: null };
  try {
    const workerHost = verbWorkers();
    const library = await openLibrary(dir, {
      clock: Date,
      log: stderrLog,
      workerHost,
      readOnly: true,
      secret,
    });
    try {
      // Whether somebody else may write it is not the question here.
      return { facts: { ...libraryFacts(library), readOnly: false }, why: null };
    } finally {
      await library.close();
    }
  } catch (error) {
    if (error instanceof ServiceError) return { facts: null, why: error.message };
    throw error;
  }
}

export const doctor: Verb = {
  name: 'doctor',
  usage: 'doctor [--library DIR] [--bundle OUT.zip [--force]]',
  summary: 'what to read out on the phone: engine, device, self-test, memory, disk, library, last copy',
  options: { ...LIBRARY_OPTION, bundle: { type: 'string' }, force: { type: 'boolean' } },
  run: async ({ options }) => {
    const dir = resolve(textOption(options, 'library') ?? defaultLibraryFolder());
    const bundle = textOption(options, 'bundle');
    if (bundle !== undefined) {
      refuseUnlessWritable(bundle, options);
      const bytes = await withLibrary(options, false, async (library) => {
        const whole = await supportBundle(library);
        recordSupport(library.audit);
        tellPlain(library.files, resolve(bundle));
        return whole;
      });
      await writeFileAtomic(resolve(bundle), bytes);
      return { json: { bundle: resolve(bundle), bytes: bytes.length }, text: `Written: ${resolve(bundle)}` };
    }
    const { facts, why } = await lookAt(dir, secretFrom(options));
    const report = await collectDoctorReport(dir, facts, { workerHost: verbWorkers() });
    const { reason } = report.engine;
    const notes = [
      ...(typeof reason === 'string' ? [reason] : []),
      ...(why === null ? [] : [`The library could not be opened: ${why}`]),
      `Library’s folder: ${dir}`,
    ];
    return { json: { ...report, notes }, text: [doctorText(report), ...notes].join('\n') };
  },
};
