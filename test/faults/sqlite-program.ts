/**
 * @file Run as its own process under fault injection: keeps a few audit entries with a large setting each, says the number of each
 * that is kept, copies the database, closes. A failure is told as one line and ends the work.
 */
import { openStore } from '../../main/store/store.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';

const [file = ''] = process.argv.slice(2);
const ENTRIES = 4;

try {
  const store = openStore(file, { clock: Date });
  try {
    for (let entry = 0; entry < ENTRIES; entry += 1) {
      const number = store.transaction(() => {
        store.settings.set(`large-${entry}`, 'x'.repeat(30_000));
        const seq = store.audit.append({ at: 1, actor: 'test', action: 'view', subject: 'film', detail: {} });
        store.settings.set('last', seq);
        return seq;
      });
      process.stdout.write(`kept ${number}\n`);
    }
    store.copies.make();
    process.stdout.write('copied\n');
  } finally {
    store.close();
  }
  process.stdout.write('closed\n');
} catch (error) {
  // What a person is told; anything else is a defect of ours and shows as one.
  if (!(error instanceof ServiceError)) throw error;
  process.stdout.write(`refused ${error.code}\n`);
}
