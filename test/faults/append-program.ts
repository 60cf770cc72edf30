/** @file A process that adds to a library's audit trail and settings without end, and says each number once it is stored. */
import { openStore } from '../../main/store/store.ts';

const [file = ''] = process.argv.slice(2);
const store = openStore(file, { clock: Date });
for (;;) {
  const seq = store.transaction(() => {
    const entry = { at: Date.now(), actor: 'test', action: 'view', subject: 'film', detail: {} } as const;
    const number = store.audit.append(entry);
    store.settings.set('last', number);
    return number;
  });
  process.stdout.write(`${seq}\n`);
}
