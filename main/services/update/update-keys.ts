/** @file Whose updates this build takes: public keys that came with it. A build without any takes none. */
import { readFileSync } from 'node:fs';

import { z } from 'zod';

const FILE = new URL('../../../resources/keys/update-keys.json', import.meta.url);

const updateKeys = z.array(
  z.object({ name: z.string().min(1).max(120), publicKey: z.string().regex(/^[0-9a-f]{64}$/) }),
);
export type UpdateKey = z.infer<typeof updateKeys>[number];

/** The keys of this build. */
export function ownUpdateKeys(): readonly UpdateKey[] {
  return updateKeys.parse(JSON.parse(readFileSync(FILE, 'utf8')));
}
