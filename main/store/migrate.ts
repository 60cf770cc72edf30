/** @file Numbered migrations: `NNNN-name.sql`, each applied in one transaction that also raises `user_version`. */
import { readdirSync, readFileSync } from 'node:fs';

import type { Db } from './connection.ts';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

const FILE_NAME = /^(\d{4})-[a-z0-9-]+\.sql$/;

/** The migrations of a folder in order. They must be numbered 1, 2, 3 … without a gap. */
export function readMigrations(dir: URL): readonly Migration[] {
  const migrations = readdirSync(dir)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name): Migration => {
      const version = Number(FILE_NAME.exec(name)?.[1]);
      if (!Number.isInteger(version)) throw new Error(`migration ${name} is not named NNNN-name.sql`);
      return { version, name, sql: readFileSync(new URL(name, dir), 'utf8') };
    });
  migrations.forEach((migration, index) => {
    if (migration.version !== index + 1) throw new Error(`migration ${index + 1} is missing or doubled`);
  });
  return migrations;
}

export function newestVersion(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.version ?? 0;
}

/** Applies what is missing. A migration that fails leaves the file as it was before that migration. */
export function migrate(db: Db, migrations: readonly Migration[], applicationId: number): void {
  const current = Number(db.pragma('user_version', { simple: true }));
  for (const migration of migrations.filter(({ version }) => version > current)) {
    const apply = db.transaction(() => {
      db.exec(migration.sql);
      db.pragma(`application_id = ${applicationId}`);
      db.pragma(`user_version = ${migration.version}`);
    });
    apply.immediate();
  }
}
