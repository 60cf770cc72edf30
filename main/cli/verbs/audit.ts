/** @file `audit`: what was done with a library, by whom, when, and whether the trail is as it was written. Changes nothing. */
import type { AuditEntry } from '../../../shared/domain/audit.ts';
import { writeFileAtomic } from '../../files/atomic-write.ts';
import { trailCsv } from '../../services/audit/audit-service.ts';
import { readingOrNew, withApp } from '../app-option.ts';
import { LIBRARY_OPTION } from '../library-option.ts';
import { textOption } from '../options.ts';
import { refuseUnlessWritable, tellPlain } from '../out-file.ts';
import type { Verb } from '../verb.ts';

function inWords({ seq, at, actor, action, subject, detail }: AuditEntry): string {
  const facts = Object.entries(detail).map(([name, value]) => `${name}=${String(value)}`);
  return [seq, new Date(at).toISOString(), actor, action, subject, ...facts]
    .filter((one) => one !== '')
    .join('  ');
}

export const audit: Verb = {
  name: 'audit',
  usage: 'audit --library DIR [--csv OUT] [--force]',
  summary:
    'what was done with a library, by whom, when, as a table with --csv; finds entries that were changed or removed',
  options: { ...LIBRARY_OPTION, csv: { type: 'string' }, force: { type: 'boolean' } },
  run: ({ options }) =>
    withApp(options, readingOrNew(options), async ({ library }) => {
      const csv = textOption(options, 'csv');
      if (csv !== undefined) refuseUnlessWritable(csv, options);
      const trail = library.store.audit;
      const verdict = trail.verify();
      const entries = trail.after(0);
      const sentence = verdict.ok
        ? `The trail is whole: ${verdict.entries} entries, the last with hash ${verdict.head}.`
        : `The trail was changed: from entry ${verdict.firstBad} on it is not what was written.`;
      if (csv === undefined) {
        const text = [...entries.map(inWords), sentence].join('\n');
        return { json: { ...verdict, trail: entries }, text };
      }
      await writeFileAtomic(csv, new TextEncoder().encode(trailCsv(entries)));
      tellPlain(library.files, csv);
      return { json: { ...verdict, csv }, text: `${sentence} It is in ${csv}.` };
    }),
};
