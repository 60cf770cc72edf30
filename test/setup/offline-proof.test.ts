/**
 * @file The proof of offline counts what it is to count: a test that tries to reach another computer makes it fail and is told,
 * one that stays on this computer does not. Where no network namespace can be made it is left out, with the reason.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { describe, expect, it } from 'vitest';

import { tempFolder } from '../helpers/temp-library.ts';
import { setupModule } from './setup-module.ts';

const PROOF = resolve(import.meta.dirname, '../../resources/packaging/offline-proof.mjs');
const { namespace } = await setupModule<{ namespace: () => readonly string[] | null }>('namespace');
const way = namespace();
if (way === null)
  process.stderr.write('The proof of offline is not tried: no network namespace can be made.\n');

/** An address for documents (RFC 5737) that the proof's own trial does not use. */
const ELSEWHERE = '198.51.100.7';

/** Runs the proof on one test that sends a datagram to `address`. */
function prove(address: string) {
  const folder = tempFolder();
  const body = `
    import { createSocket } from 'node:dgram';
    it('sends', () => new Promise((done) => {
      const socket = createSocket('udp4');
      socket.send('x', 53, '${address}', () => done(socket.close()));
    }));`;
  writeFileSync(join(folder, 'sends.test.ts'), body);
  const proof = [process.execPath, PROOF, '--inside'];
  const { status, stderr } = spawnSync('unshare', [...(way ?? []), ...proof, '--root', folder, '--globals'], {
    encoding: 'utf8',
  });
  return { status, stderr };
}

describe.skipIf(way === null)('the proof of offline', () => {
  it('fails where a test tries to reach another computer, and says which', () => {
    const { status, stderr } = prove(ELSEWHERE);
    expect(stderr).toContain('Attempts counted by the kernel: 5, seen by strace: 5');
    expect(stderr).toContain('Made for trial, and seen: 4 of 4');
    expect(stderr).toContain('Attempts to reach anything but this computer: 1');
    expect(stderr).toContain(`${ELSEWHERE}, port 53`);
    expect(stderr).toContain('Test files: 1, tests passed: 1 of 1');
    expect(status).toBe(1);
  });

  it('holds where all stay on this computer', () => {
    const { status, stderr } = prove('127.0.0.1');
    expect(stderr).toContain('Attempts to reach anything but this computer: 0');
    expect(status).toBe(0);
  });
});
