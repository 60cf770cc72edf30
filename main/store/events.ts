/** @file The library's event log: one rising sequence over all topics, kept so that a reconnect gets what it missed. */
import type { Db } from './connection.ts';

export interface StoredEvent {
  readonly seq: number;
  readonly at: number;
  readonly topic: string;
  /** Id of what the event is about. */
  readonly subject: string;
  readonly payload: unknown;
}

interface EventRow extends Omit<StoredEvent, 'payload'> {
  readonly payload: string;
}

export type EventStore = ReturnType<typeof createEventStore>;

const parse = (row: EventRow): StoredEvent => ({ ...row, payload: JSON.parse(row.payload) as unknown });

export function createEventStore(db: Db) {
  const insert = db.prepare<[number, string, string, string]>(
    'INSERT INTO events (at, topic, subject, payload) VALUES (?, ?, ?, ?)',
  );
  const after = db.prepare<[string, number, number], EventRow>(
    'SELECT seq, at, topic, subject, payload FROM events WHERE topic = ? AND seq > ? ORDER BY seq LIMIT ?',
  );
  const last = db.prepare<[], { seq: number }>('SELECT coalesce(max(seq), 0) AS seq FROM events');
  const prune = db.prepare<[string, number]>('DELETE FROM events WHERE topic = ? AND seq <= ?');

  return {
    /** @returns the event's sequence number */
    append(topic: string, subject: string, payload: unknown, at: number): number {
      return Number(insert.run(at, topic, subject, JSON.stringify(payload)).lastInsertRowid);
    },
    after: (topic: string, seq: number, limit = 1000): readonly StoredEvent[] =>
      after.all(topic, seq, limit).map(parse),
    lastSeq: (): number => last.get()?.seq ?? 0,
    /** Forgets a topic's events up to and including `seq`. Numbers are never used again. */
    prune(topic: string, seq: number): void {
      prune.run(topic, seq);
    },
  };
}
