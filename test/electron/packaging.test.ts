/**
 * @file What is built and packed for Electron: the built files run under Node as the sources do, everything they name is packed,
 * the preload needs nothing, nothing native comes near the main process on Linux, and electron-builder accepts its settings.
 */
import { existsSync, globSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MessageChannel } from 'node:worker_threads';

import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import { build } from 'vite';
import { beforeAll, describe, expect, it } from 'vitest';

import type * as HostInside from '../../main/electron/host-inside.ts';
import { asRpcPort } from '../../main/electron/node-port.ts';
import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import type { ContractClient } from '../../shared/contract/index.ts';
import { keptLog, tempFolder } from '../helpers/temp-library.ts';
import { tinyDicom } from '../helpers/tiny-dicom.ts';

const root = resolve(import.meta.dirname, '../..');
/** Two folders below the root, as dist/electron is. */
let built: string;

beforeAll(async () => {
  built = join(root, 'dist', `electron-test-${process.pid}`);
  const configFile = join(root, 'main', 'electron', 'vite.config.ts');
  await build({ configFile, logLevel: 'error', build: { outDir: built, emptyOutDir: true } });
  return () => rmSync(built, { recursive: true, force: true });
});

const source = (name: string): string => readFileSync(join(built, name), 'utf8');

/** Paths that the built files name by address, absolute. */
function namedFiles(): { readonly file: string; readonly path: string }[] {
  return readdirSync(built).flatMap((file) =>
    [...source(file).matchAll(/new URL\((["'])([^"']+)\1,\s*import\.meta\.url\)/g)].map((match) => ({
      file,
      path: resolve(built, match[2] ?? ''),
    })),
  );
}

/** Packages and built files that `name` loads before any of its own code runs. */
function staticImports(name: string, seen = new Set<string>()): Set<string> {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const [, from = ''] of source(name).matchAll(/^import\s[^;]*?["']([^"']+)["'];$/gm)) {
    if (from.startsWith('./')) staticImports(from.slice(2), seen);
    else seen.add(from);
  }
  return seen;
}

describe('the built files', () => {
  it('are there: the entry that package.json names, the preload, the programs of processes and threads', () => {
    const { main } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { main: string };
    expect(main).toBe('dist/electron/main.js');
    const programs = ['main.js', 'preload.cjs', 'services-import-decode-process.js'].concat(
      ['training', 'inference', 'bench', 'probe'].map((name) => `worker-${name}.js`),
    );
    expect(readdirSync(built)).toEqual(expect.arrayContaining(programs));
  });

  it('name only what exists', () => {
    const named = namedFiles();
    expect(named.length).toBeGreaterThan(7);
    for (const { file, path } of named) expect([file, path, existsSync(path)]).toEqual([file, path, true]);
  });

  it('have a preload that needs nothing but Electron, and is short enough to read', () => {
    const preload = source('preload.cjs');
    expect([...preload.matchAll(/require\(([^)]*)\)/g)].map(([, what]) => what)).toEqual(['"electron"']);
    expect(preload).not.toMatch(/contextBridge|\bimport\b/);
    expect(preload.length).toBeLessThan(1500);
  });

  it('bring nothing native into the main process before the host is chosen', () => {
    for (const entry of ['main.js', 'host-beside.js']) {
      const packages = [...staticImports(entry)].filter((name) => !/^(node:|.*\.js$)/.test(name));
      expect(packages).toContain('zod');
      expect(packages.filter((name) => /sharp|sqlite|tensorflow|dcmjs/.test(name))).toEqual([]);
    }
    expect([...staticImports('host-inside.js')].join()).toMatch(/better-sqlite3/);
  });

  it('do what the sources do: open a library, read films in processes, load the engine in processes', async () => {
    const at = (name: string) => pathToFileURL(join(built, name));
    const { openInside } = (await import(at('host-inside.js').href)) as typeof HostInside;
    const folder = tempFolder();
    writeFileSync(join(folder, 'film.dcm'), tinyDicom({ patientId: 'A' }));
    const host = await openInside({
      keyStore: null,
      libraryDir: join(folder, 'library'),
      workerHost: createNodeWorkerHost({
        training: at('worker-training.js'),
        inference: at('worker-inference.js'),
        decode: at('services-import-decode-process.js'),
        measure: at('worker-bench.js'),
        probe: at('worker-probe.js'),
      }),
      log: keptLog(),
      clock: Date,
    });
    const { port1, port2 } = new MessageChannel();
    host.connect(asRpcPort(port2));
    const client: ContractClient = createORPCClient(new RPCLink({ port: port1 }));

    const answer = await client.library.import({ paths: [join(folder, 'film.dcm')] });
    let imported = 0;
    for await (const { summary } of await client.library.watchImport(answer))
      imported = summary?.imported ?? 0;
    expect(imported).toBe(1);
    expect((await client.training.estimate(estimateRequest)).refusals.join()).not.toMatch(
      /engine|Training is off/i,
    );
    expect(await client.system.doctor({})).toMatchObject({
      device: expect.stringMatching(/cpu|gpu/) as unknown,
    });
    expect((await client.system.status({})).host).toBe('electron');
    expect((await client.system.attributions({})).length).toBeGreaterThan(1);
    port1.close();
    await host.close();
  });
});

const estimateRequest = { method: 'none', model: 'tiny', resolution: 28 } as const;

interface Filter {
  createFilter(): (file: string, stat: { isDirectory(): boolean }) => boolean;
}
interface BuilderSettings {
  readonly files: readonly { readonly filter: readonly string[] }[];
  readonly linux: {
    readonly files: readonly string[];
    readonly asar: boolean;
    readonly target: readonly unknown[];
  };
  readonly asarUnpack: readonly string[];
  readonly extraResources: readonly { readonly from: string }[];
  readonly publish: unknown;
  readonly electronFuses: Readonly<Record<string, boolean>>;
  readonly win: { readonly target: readonly unknown[] };
  readonly nsis: Readonly<Record<string, unknown>>;
  readonly mac: Readonly<Record<string, unknown>>;
  readonly toolsets: { readonly appimage: string };
}

/** electron-builder's own reader, schema and file rules. */
const ofBuilder = createRequire(createRequire(import.meta.url).resolve('electron-builder/package.json'));
const { getConfig, validateConfiguration } = ofBuilder('app-builder-lib/out/util/config/config.js') as {
  readonly getConfig: (project: string, file: string, options: null) => Promise<BuilderSettings>;
  readonly validateConfiguration: (settings: unknown, log: { isEnabled: boolean }) => Promise<void>;
};
const { FileMatcher } = ofBuilder('app-builder-lib/out/fileMatcher.js') as {
  FileMatcher: new (
    from: string,
    to: string,
    expand: (text: string) => string,
    patterns: readonly string[],
  ) => Filter;
};

describe('electron-builder.yml', () => {
  const read = () => getConfig(root, 'electron-builder.yml', null);
  const isPacked = (settings: BuilderSettings, more: readonly string[] = []) => {
    const patterns = [...settings.files.flatMap(({ filter }) => filter), ...more];
    const filter = new FileMatcher(root, '/packed', (text) => text, patterns).createFilter();
    const outside = settings.extraResources.map(({ from }) => join(root, from));
    return (path: string) => filter(path, { isDirectory: () => false }) && !outside.includes(path);
  };
  const filesOf = (path: string): string[] =>
    statSync(path).isDirectory()
      ? globSync('**/*', { cwd: path })
          .map((name) => join(path, name))
          .filter((file) => statSync(file).isFile())
      : [path];

  it('is accepted by the schema, which refuses what it does not know', async () => {
    await expect(validateConfiguration(await read(), { isEnabled: false })).resolves.toBeUndefined();
    const wrong = { ...(await read()), autoUpdate: true };
    await expect(validateConfiguration(wrong, { isEnabled: false })).rejects.toThrow(/autoUpdate/);
  });

  it('publishes nothing', async () => {
    expect((await read()).publish).toBeNull();
  });

  it('installs for one user without an administrator, signs for Apple silicon, and needs nothing of the system for AppImages', async () => {
    const { nsis, win, linux, mac, toolsets } = await read();
    expect(win.target).toEqual([
      { target: 'nsis', arch: ['x64'] },
      { target: 'portable', arch: ['x64'] },
    ]);
    expect(nsis).toMatchObject({ perMachine: false, allowElevation: false, differentialPackage: false });
    expect(nsis).toMatchObject({ packElevateHelper: false, deleteAppDataOnUninstall: false });
    expect(linux.target).toEqual([
      { target: 'AppImage', arch: ['x64'] },
      { target: 'deb', arch: ['x64'] },
    ]);
    expect(toolsets.appimage).toBe('1.0.3');
    expect(mac).toMatchObject({
      target: [{ target: 'dmg', arch: ['arm64'] }],
      identity: '-',
      hardenedRuntime: false,
    });
  });

  it('says how every fuse stands that it can set', async () => {
    const { electronFuses } = await read();
    const scheme = ofBuilder('app-builder-lib/scheme.json') as {
      definitions: { FuseOptionsV1: { properties: Record<string, unknown> } };
    };
    const fuses = Object.keys(scheme.definitions.FuseOptionsV1.properties);
    // It is unneeded where the app is signed after the fuses.
    const left = ['resetAdHocDarwinSignature'];
    expect(Object.keys(electronFuses).sort()).toEqual(fuses.filter((name) => !left.includes(name)).sort());
    expect(Object.entries(electronFuses).filter(([, on]) => on)).toEqual([
      ['enableCookieEncryption', true],
      ['enableEmbeddedAsarIntegrityValidation', true],
      ['onlyLoadAppFromAsar', true],
    ]);
  });

  it('packs every file that the built files name', async () => {
    const packed = isPacked(await read());
    const data = namedFiles()
      .map(({ path }) => path)
      .filter((path) => !path.startsWith(built));
    expect(data.length).toBeGreaterThan(3);
    for (const path of data) {
      const files = filesOf(path).filter((file) => !/\.(mjs|ts|md)$|THIRD-PARTY/.test(file));
      expect(files.length, path).toBeGreaterThan(0);
      for (const file of files)
        expect([relative(root, file), packed(file)]).toEqual([relative(root, file), true]);
    }
    expect(packed(join(root, 'dist', 'electron', 'main.js'))).toBe(true);
    expect(packed(join(root, 'dist', 'renderer', 'index.html'))).toBe(true);
    expect(packed(join(root, 'test', 'electron', 'packaging.test.ts'))).toBe(false);
  });

  it('packs the sources and a Node for Linux, as plain files', async () => {
    const settings = await read();
    expect(settings.linux.asar).toBe(false);
    const packed = isPacked(settings, settings.linux.files);
    const sources = globSync('{main,shared}/**/*.ts', { cwd: root }).filter(
      (file) => !file.endsWith('vite.config.ts'),
    );
    expect(sources.length).toBeGreaterThan(200);
    expect(sources.filter((file) => !packed(join(root, file)))).toEqual([]);
  });

  it('unpacks packages that are installed, and every package with native code among them', async () => {
    const { asarUnpack } = await read();
    for (const pattern of asarUnpack) {
      const base = join(root, pattern.replace('/**', ''));
      expect([pattern, existsSync(base)]).toEqual([pattern, true]);
    }
    const unpacked = new FileMatcher(root, '/packed', (text) => text, asarUnpack).createFilter();
    const native = ['better-sqlite3/prebuilds/linux-x64.node', 'dcmjs-codecs/build/dcmjs-native-codecs.wasm'];
    native.push(`@img/sharp-${process.platform}-${process.arch}/package.json`);
    native.push('@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node');
    for (const file of native) {
      const path = join(root, 'node_modules', file);
      expect([file, existsSync(path), unpacked(path, { isDirectory: () => false })]).toEqual([
        file,
        true,
        true,
      ]);
    }
  });
});
