/**
 * @file The shell's entry as it is built: `Chestlight --cli VERB …` runs the verb and opens nothing; otherwise one guarded window.
 * Electron is stood in for by a module that writes down what the entry does with it; processes, verbs and the app are the real ones.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { build } from 'vite';
import { beforeAll, describe, expect, it } from 'vitest';

import { SHUT_PREFERENCES } from '../../main/electron/window-guard.ts';
import { PORT_REQUEST } from '../../shared/contract/transport.ts';
import { tempFolder } from '../helpers/temp-library.ts';
import { tinyDicom } from '../helpers/tiny-dicom.ts';

const root = resolve(import.meta.dirname, '../..');
const INSIDE = resolve(import.meta.dirname, '../helpers/command-program.ts');

const node = (...args: string[]) =>
  spawnSync(process.execPath, args, { encoding: 'utf8', cwd: tempFolder(), timeout: 120_000 });

describe('on macOS and Windows, in the shell itself', () => {
  const command = (...args: string[]) => node(INSIDE, ...args);

  it('imports a film with utility processes, and reads it back', () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'film.dcm'), tinyDicom({ patientId: 'A' }));
    const library = join(folder, 'library');
    const made = command('import', join(folder, 'film.dcm'), '--library', library, '--json');
    expect([made.status, JSON.parse(made.stdout)]).toMatchObject([0, { imported: 1 }]);
    const verified = command('verify', '--library', library, '--json');
    expect([verified.status, JSON.parse(verified.stdout)]).toMatchObject([0, { ok: true }]);
  });

  it('tries the engine for the doctor', () => {
    const { status, stdout } = command('doctor', '--library', join(tempFolder(), 'none'), '--json');
    expect([status, JSON.parse(stdout)]).toMatchObject([0, { selfTest: { ok: true } }]);
  });

  it('ends with the code of the verb', () => {
    expect(command('conjure').status).toBe(2);
  });
});

/**
 * What the shell uses of Electron, written down line by line as it is used. A window is closed again, as by a person, as soon as its
 * page is loaded; the guards that were set are tried then.
 */
const STAND_IN = `
  import { appendFileSync } from 'node:fs';
  import { EventEmitter } from 'node:events';
  const note = (...words) => appendFileSync(process.env.NOTES, words.join(' ') + '\\n');
  const noting = (what) => new Proxy({}, { get: (_, name) => () => void note(what + '.' + String(name)) });
  class App extends EventEmitter {
    isPackaged = false;
    getAppPath() { return process.env.APP_DIR; }
    setPath(name, path) { note('setPath', name, path); }
    disableHardwareAcceleration() { note('no acceleration'); }
    async whenReady() { note('ready'); }
    requestSingleInstanceLock() { note('asks for the lock'); return process.env.FIRST === 'yes'; }
    exit(code) { note('exit', code); process.exit(code); }
  }
  export const app = new App();
  const handlers = {};
  const keep = (name) => (handler) => { handlers[name] = handler; note('set', name); };
  export const session = { defaultSession: {
    setPermissionRequestHandler: keep('request'),
    setPermissionCheckHandler: keep('check'),
    setDevicePermissionHandler: keep('device'),
  } };
  const prevented = (contents, event, url) => {
    let was = false;
    contents.emit(event, { url, preventDefault: () => { was = true; } });
    return was;
  };
  function tryGuards(contents) {
    note('opens another', JSON.stringify(contents.openHandler({ url: 'app://chestlight/' })));
    note('leaves', prevented(contents, 'will-frame-navigate', 'https://example.org/') ? 'no' : 'yes');
    note('attaches', prevented(contents, 'will-attach-webview', '') ? 'no' : 'yes');
    handlers.request(null, 'media', (granted) => note('camera', granted));
    note('checks', handlers.check(null, 'geolocation', ''), handlers.device());
  }
  let leaving = false;
  function askForPort(who, senderFrame) {
    const port = { on() {}, postMessage() {}, start: () => note('port of', who), close: () => leaving || note('port closed of', who) };
    ipcMain.emit('PORT_REQUEST', { ports: [port], senderFrame });
  }
  export class BrowserWindow extends EventEmitter {
    constructor({ webPreferences }) {
      super();
      note('window', JSON.stringify(webPreferences));
      this.webContents = Object.assign(new EventEmitter(), {
        mainFrame: { origin: 'app://chestlight' },
        setWindowOpenHandler(handler) { this.openHandler = handler; },
      });
      app.emit('web-contents-created', {}, this.webContents);
    }
    async loadURL(url) {
      note('shows', url);
      tryGuards(this.webContents);
      const { mainFrame } = this.webContents;
      askForPort('nobody', null);
      askForPort('a frame in it', { ...mainFrame });
      askForPort('the page', mainFrame);
      mainFrame.origin = 'https://example.org';
      askForPort('another page', mainFrame);
      mainFrame.origin = 'app://chestlight';
      askForPort('the page again', mainFrame);
      note('listens to', ipcMain.eventNames().length);
      leaving = true;
      setTimeout(() => app.emit('before-quit', { preventDefault: () => note('asks first') }), 200);
    }
    isDestroyed() { return false; }
    isMaximized() { return false; }
    getNormalBounds() { return { x: 0, y: 0, width: 1200, height: 800 }; }
    setProgressBar() {}
    show() {}
    hide() { note('hides'); }
  }
  export const protocol = {
    registerSchemesAsPrivileged: ([{ scheme }]) => note('scheme', scheme),
    handle: (scheme) => note('handles', scheme),
  };
  const workArea = { x: 0, y: 0, width: 1920, height: 1080 };
  export const screen = { getPrimaryDisplay: () => ({ workArea }), getAllDisplays: () => [{ workArea }] };
  export const ipcMain = new EventEmitter(), powerMonitor = new EventEmitter();
  export const Menu = { setApplicationMenu() {}, buildFromTemplate() {} };
  export const dialog = noting('dialog'), powerSaveBlocker = noting('blocker');
  export const utilityProcess = noting('utility');
  export const safeStorage = { isEncryptionAvailable: () => false, getSelectedStorageBackend: () => 'basic_text' };
`;
const MODULE = STAND_IN.replace('PORT_REQUEST', PORT_REQUEST);
const HOOKS = `
  import { registerHooks } from 'node:module';
  const url = 'data:text/javascript,' + encodeURIComponent(${JSON.stringify(MODULE)});
  registerHooks({
    resolve: (name, context, next) => name === 'electron' ? { url, format: 'module', shortCircuit: true } : next(name, context),
  });
`;

describe.skipIf(process.platform !== 'linux')('the built entry, on Linux', () => {
  let built: string;
  beforeAll(async () => {
    built = join(root, 'dist', `electron-command-${process.pid}`);
    const configFile = join(root, 'main', 'electron', 'vite.config.ts');
    await build({ configFile, logLevel: 'error', build: { outDir: built, emptyOutDir: true } });
    return () => rmSync(built, { recursive: true, force: true });
  });

  function start(args: readonly string[], first: 'yes' | 'no' = 'no') {
    const folder = tempFolder();
    const notes = join(folder, 'notes');
    const hooks = join(folder, 'hooks.mjs');
    writeFileSync(hooks, HOOKS);
    writeFileSync(notes, '');
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', pathToFileURL(hooks).href, join(built, 'main.js'), ...args],
      {
        encoding: 'utf8',
        env: { ...process.env, NOTES: notes, APP_DIR: root, CHESTLIGHT_DATA: folder, FIRST: first },
      },
    );
    return { status, stdout, stderr, folder, notes: readFileSync(notes, 'utf8').trim().split('\n') };
  }

  it('runs a verb without a window, without the lock of the one instance, and keeps its code', () => {
    const { status, stdout, notes, folder } = start(['--cli', 'verify', '--library', tempFolder(), '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true });
    expect(status).toBe(0);
    expect(notes).toEqual([
      `setPath userData ${join(folder, 'command')}`,
      'no acceleration',
      'ready',
      'exit 0',
    ]);
    const refused = start(['--cli', 'conjure']);
    expect([refused.status, refused.notes.at(-1)]).toEqual([2, 'exit 2']);
    expect(refused.stderr).toContain('There is no verb "conjure"');
  });

  it('asks for the lock where a window is to open, whatever a folder is called', () => {
    const { status, notes } = start(['--library', '--cli']);
    expect(status).toBe(0);
    expect(notes).toContain('asks for the lock');
    expect(notes).toContain('exit 0');
  });

  it('guards contents and session before its one window exists, shows its own page, and closes the app in order', () => {
    const { status, notes, stderr } = start(['--library', join(tempFolder(), 'library')], 'yes');
    expect(status, stderr).toBe(0);
    const [window = '', ...others] = notes.filter((line) => line.startsWith('window '));
    expect(others).toEqual([]);
    const { preload, ...preferences } = JSON.parse(window.slice('window '.length)) as Record<string, unknown>;
    expect(preload).toBe(join(built, 'preload.cjs'));
    expect(preferences).toEqual(SHUT_PREFERENCES);
    expect(notes.map((line) => (line === window ? 'window' : line)).slice(1)).toEqual([
      'scheme app',
      'asks for the lock',
      'ready',
      ...['set request', 'set check', 'set device', 'handles app', 'window', 'shows app://chestlight/'],
      ...[
        'opens another {"action":"deny"}',
        'leaves no',
        'attaches no',
        'camera false',
        'checks false false',
      ],
      // From nobody but the page; the one that it had before it was loaded anew is closed.
      ...['port of the page', 'port closed of the page', 'port of the page again'],
      'listens to 1',
      ...['asks first', 'hides', 'exit 0'],
    ]);
  });
});
