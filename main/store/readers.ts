/** @file Readers of this workstation: name, role, the hash of the PIN, and how often it was wrong lately. */
import type { Reader } from '../../shared/contract/review.ts';
import type { ReaderId } from '../../shared/domain/ids.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import type { Db } from './connection.ts';

/** `pinHash`: argon2id in PHC form; null = cannot sign in here. */
export type NewReader = Reader & { readonly pinHash: string | null };

/** Wrong PINs since the last right one, and when the last of them was tried. */
export interface WrongPins {
  readonly count: number;
  readonly lastAt: number;
}

export type ReaderRow = NewReader & { readonly wrong: WrongPins };

type RawReader = NewReader & { readonly wrongPins: number; readonly wrongAt: number | null };

const parse = ({ wrongPins, wrongAt, ...row }: RawReader): ReaderRow => ({
  ...row,
  wrong: { count: wrongPins, lastAt: wrongAt ?? 0 },
});

const nameTaken = (name: string): ServiceError =>
  new ServiceError('CONFLICT', `There is a reader "${name}" already. Choose another name.`);

export type ReaderStore = ReturnType<typeof createReaderStore>;

export function createReaderStore(db: Db) {
  const columns =
    'id, name, role, created_at AS createdAt, pin_hash AS pinHash, wrong_pins AS wrongPins, wrong_at AS wrongAt';
  const insert = db.prepare(
    'INSERT INTO readers (id, name, role, pin_hash, created_at) VALUES (@id, @name, @role, @pinHash, @createdAt)',
  );
  const all = db.prepare<[], RawReader>(`SELECT ${columns} FROM readers ORDER BY name, id`);
  const byId = db.prepare<[string], RawReader>(`SELECT ${columns} FROM readers WHERE id = ?`);
  const taken = db.prepare<[string, string], { id: string }>(
    'SELECT id FROM readers WHERE id = ? OR name = ?',
  );
  const named = db.prepare<[string, string], { id: string }>(
    'SELECT id FROM readers WHERE name = ? AND id <> ?',
  );
  const setPin = db.prepare<[string, string]>(
    'UPDATE readers SET pin_hash = ?, wrong_pins = 0, wrong_at = NULL WHERE id = ?',
  );
  const setName = db.prepare<[string, string, string]>('UPDATE readers SET name = ?, role = ? WHERE id = ?');
  const clearPin = db.prepare<[string]>(
    'UPDATE readers SET pin_hash = NULL, wrong_pins = 0, wrong_at = NULL WHERE id = ?',
  );
  const setWrong = db.prepare<[number, number | null, string]>(
    'UPDATE readers SET wrong_pins = ?, wrong_at = ? WHERE id = ?',
  );

  return {
    /** @throws ServiceError CONFLICT the name or id is taken */
    add(made: NewReader): void {
      if (taken.get(made.id, made.name) !== undefined) throw nameTaken(made.name);
      insert.run(made);
    },
    /** @throws ServiceError CONFLICT the name is taken */
    change(id: ReaderId, { name, role }: Pick<Reader, 'name' | 'role'>): void {
      if (named.get(name, id) !== undefined) throw nameTaken(name);
      setName.run(name, role, id);
    },
    /** Cannot sign in any more. */
    clearPin: (id: ReaderId): void => void clearPin.run(id),
    /** By name. */
    all: (): readonly ReaderRow[] => all.all().map(parse),
    find(id: ReaderId): ReaderRow | null {
      const row = byId.get(id);
      return row === undefined ? null : parse(row);
    },
    /** Wrong PINs are forgotten with the old one. */
    setPin: (id: ReaderId, pinHash: string): void => void setPin.run(pinHash, id),
    /** On the disk when this returns: a restart does not give another try. */
    setWrong: (id: ReaderId, { count, lastAt }: WrongPins): void =>
      void setWrong.run(count, count === 0 ? null : lastAt, id),
  };
}
