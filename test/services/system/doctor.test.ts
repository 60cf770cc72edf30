/** @file The doctor tells the truth about a good engine, a missing one, and one that crashes, hangs or talks nonsense. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterAll, expect, it } from 'vitest';

import { createNodeWorkerHost } from '../../../main/node/worker-host-node.ts';
import { dataFolder } from '../../../main/services/system/data-folder.ts';
import { collectDoctorReport, probeEngine } from '../../../main/services/system/doctor.ts';
import { doctorReport } from '../../../shared/contract/system.ts';

const folder = mkdtempSync(join(tmpdir(), 'chestlight-doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));

const workerHost = createNodeWorkerHost();

/** Whose probe is another program. */
function probing(name: string, source: string) {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, source);
  return createNodeWorkerHost({ probe: pathToFileURL(file) });
}

it('reports engine, library, self-test, memory and disk as the contract says', async () => {
  const report = doctorReport.parse(
    await collectDoctorReport(join(folder, 'not', 'made', 'yet'), null, { workerHost }),
  );
  expect(report.engine).toMatchObject({ backend: 'tensorflow', trainable: true, reason: null });
  expect(report.engine.library).toMatchObject({ folder: expect.stringMatching(/lib$/) as string });
  expect(report.selfTest.ok).toBe(true);
  expect(report.selfTest.stepMs).toBeGreaterThan(0);
  expect(report.disk.freeBytes).toBeGreaterThan(0);
  expect(report.memory.totalBytes).toBeGreaterThan(report.memory.freeBytes);
  expect(report.node).toBe(process.version);
});

it('without the native library: predicts with WebAssembly, refuses training and says why', async () => {
  const { engine, selfTest } = await probeEngine({ workerHost, env: { CHESTLIGHT_ENGINE: 'wasm' } });
  expect(engine).toMatchObject({ backend: 'wasm', device: 'wasm', trainable: false, tensorflow: null });
  expect(engine.reason).toContain('CHESTLIGHT_ENGINE=wasm');
  expect(selfTest.ok).toBe(true);
  expect(selfTest.checks.map((one) => one.name)).toEqual(['matmul', 'convolution']);
});

it.each([
  ['crashes', 'process.kill(process.pid, "SIGSEGV"); setInterval(() => {}, 1000);', /crashed \(SIGSEGV\)/],
  ['ends badly', 'console.error("no such library"); process.exit(3);', /ended with code 3: no such library/],
  ['throws', 'throw new TypeError("no such function");', /ended with code 1: TypeError: no such function/],
  ['hangs', 'setInterval(() => {}, 1000);', /did not answer within 0\.5 s/],
  ['talks nonsense', 'process.send("hello");', /could not be read/],
])('turns an engine that %s into a reason', async (name, source, reason) => {
  const timeoutMs = name === 'hangs' ? 500 : 30_000;
  const probe = await probeEngine({ workerHost: probing(name.replaceAll(' ', '-'), source), timeoutMs });
  expect(probe.engine).toMatchObject({ backend: 'none', trainable: false });
  expect(probe.engine.reason).toMatch(reason);
  expect(probe.selfTest.ok).toBe(false);
});

it('knows the data folder of each platform', () => {
  const home = '/home/a';
  expect(dataFolder({ platform: 'linux', env: {}, home })).toBe('/home/a/.local/share/chestlight');
  expect(dataFolder({ platform: 'linux', env: { XDG_DATA_HOME: '/data' }, home })).toBe('/data/chestlight');
  expect(dataFolder({ platform: 'darwin', env: {}, home })).toContain('Application Support');
  expect(dataFolder({ platform: 'win32', env: { APPDATA: 'C:/Roaming' }, home })).toMatch(/Chestlight$/);
  expect(dataFolder({ platform: 'linux', env: { CHESTLIGHT_DATA: '/elsewhere' }, home })).toBe('/elsewhere');
});
