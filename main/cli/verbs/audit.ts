/** @file `audit`: what was done with a library, by whom, when, and whether the trail is as it was written. Changes nothing. */
import type { AuditEntry } from '../../../shared/domain/audit.ts';
import { withApp } from '../app-option.ts';
import { LIBRARY_OPTION } from '../library-option.ts';
import type { Verb } from '../verb.ts';

function inWords({ seq, at, actor, action, subject, detail }: AuditEntry): string {
  const facts = Object.entries(detail).map(([name, value]) => `${name}=${String(value)}`);
  return [seq, new Date(at).toISOString(), actor, action, subject, ...facts]
    .filter((one) => one !== '')
    .join('  ');
}

export const audit: Verb = {
  name: 'audit',
  usage: 'audit --library DIR',
  summary: 'what was done with a library, by whom, when; finds entries that were changed or removed',
  options: LIBRARY_OPTION,
  run: ({ options }) =>
    withApp(options, 'read', ({ library }) => {
      const trail = library.store.audit;
      const verdict = trail.verify();
      const entries = trail.after(0);
      const sentence = verdict.ok
        ? `The trail is whole: ${verdict.entries} entries, the last with hash ${verdict.head}.`
        : `The trail was changed: from entry ${verdict.firstBad} on it is not what was written.`;
      return Promise.resolve({
        json: { ...verdict, trail: entries },
        text: [...entries.map(inWords), sentence].join('\n'),
      });
    }),
};
