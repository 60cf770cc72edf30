/**
 * @file The key store of the shell that started this process, over the channel between the two; the shell's end is serveKeyStore. Nothing of it
 * is written or logged.
 */
import type { ChildProcess } from 'node:child_process';

import { z } from 'zod';

import type { KeyStore } from '../services/encryption/kept-keys.ts';

const request = z.object({
  keyStore: z.enum(['seal', 'open']),
  request: z.number().int(),
  bytes: z.base64().max(10_000),
});
const answer = z.object({
  keyStore: z.literal('answer'),
  request: z.number().int(),
  bytes: z.base64().nullable(),
});

/** A keyring may ask the person first. */
const ANSWER_MS = 120_000;

/** For the process beside the shell. */
export function shellKeyStore(): KeyStore {
  let asked = 0;
  const ask = (what: 'seal' | 'open', bytes: Uint8Array): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      asked += 1;
      const number = asked;
      const end = (): void => {
        clearTimeout(timer);
        process.off('message', onMessage);
      };
      const onMessage = (raw: unknown): void => {
        const parsed = answer.safeParse(raw);
        if (!parsed.success || parsed.data.request !== number) return;
        end();
        if (parsed.data.bytes === null) reject(new Error('The system’s key store refused.'));
        else resolve(Buffer.from(parsed.data.bytes, 'base64'));
      };
      // It also keeps this process alive until there is an answer.
      const timer = setTimeout(() => {
        end();
        reject(new Error('The system’s key store did not answer.'));
      }, ANSWER_MS);
      process.on('message', onMessage);
      const text = Buffer.from(bytes).toString('base64');
      process.send?.({ keyStore: what, request: number, bytes: text } satisfies z.infer<typeof request>);
    });
  return { seal: (bytes) => ask('seal', bytes), open: (bytes) => ask('open', bytes) };
}

/** For the shell: answers what its process asks. */
export function serveKeyStore(child: ChildProcess, store: KeyStore): void {
  child.on('message', (raw) => {
    const parsed = request.safeParse(raw);
    if (!parsed.success) return;
    const { keyStore, request: number, bytes } = parsed.data;
    const reply = (text: string | null): void => {
      if (!child.connected) return;
      const message = { keyStore: 'answer', request: number, bytes: text } satisfies z.infer<typeof answer>;
      child.send(message, () => undefined); // one that is gone needs no answer
    };
    store[keyStore](Buffer.from(bytes, 'base64')).then(
      (made) => reply(Buffer.from(made).toString('base64')),
      () => reply(null),
    );
  });
}
