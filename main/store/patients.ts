/** @file Patients as keyed hashes (HMAC-SHA-256 with library.key). Who a patient is stands nowhere in the database. */
import type { PatientKey } from '../../shared/domain/ids.ts';
import type { Db } from './connection.ts';

export type PatientStore = ReturnType<typeof createPatientStore>;

export function createPatientStore(db: Db) {
  const insert = db.prepare<[string]>('INSERT INTO patients (key) VALUES (?) ON CONFLICT DO NOTHING');
  const byKey = db.prepare<[string], { no: number }>('SELECT no FROM patients WHERE key = ?');
  const withFilms = db.prepare<[], { n: number }>('SELECT count(DISTINCT patient_no) AS n FROM films');

  return {
    /** Row number of a patient, made when it is new. */
    ensure(key: PatientKey): number {
      insert.run(key);
      const row = byKey.get(key);
      if (row === undefined) throw new Error('a patient just inserted must exist');
      return row.no;
    },
    find: (key: PatientKey): number | null => byKey.get(key)?.no ?? null,
    /** Patients that have a film. */
    count: (): number => withFilms.get()?.n ?? 0,
  };
}

/** What a person sees of a patient: short, the same within one library, never the identity. */
export function shortPatient(key: PatientKey): string {
  return `P-${key.slice(0, 6)}`;
}
