/** @file `npm start`: set-up, then the window: Electron, else a browser's app window on 127.0.0.1, else the address. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { findBrowser, hasDisplay, openBrowserWindow } from './browser.mjs';
import { electronEntry, fetchElectron } from './electron.mjs';
import { engineEnvironment, root } from './paths.mjs';
import { exitCodeOf, guarded, say, SetupError } from './run.mjs';
import { startServer } from './server.mjs';
import { setUp } from './setup.mjs';

const SERVER = join(root, 'main', 'node', 'server-main.ts');

const HELP = `npm start [-- OPTIONS]
  --demo             run the sample study beside the window, with progress here
  --library DIR      the library folder (default: your data folder)
  --window KIND      electron, browser or none (default: the best there is; none prints the address)
  --help             this text
`;

function options() {
  const known = {
    demo: { type: 'boolean' },
    library: { type: 'string' },
    window: { type: 'string' },
    help: { type: 'boolean' },
  };
  try {
    const { values } = parseArgs({ options: known });
    if (values.window !== undefined && !['electron', 'browser', 'none'].includes(values.window)) {
      throw new Error(`--window is electron, browser or none, not "${values.window}".`);
    }
    return values;
  } catch (error) {
    throw new SetupError(`${error.message}\n${HELP}`);
  }
}

/** Runs a child of the terminal to its end. */
function runChild(command, args, env) {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit', env });
  const ended = new Promise((resolve) => {
    child.on('error', () => resolve(1));
    child.on('exit', (code, signal) => resolve(exitCodeOf(code, signal)));
  });
  return { child, ended };
}

/**
 * Opens the browser window, or prints the address where there is none to open. Returns `{ shown, ended, close }`: whether
 * there is a window, a promise of the exit code when the person is done with it, and how to close it.
 */
function showWindow(url, kind, server) {
  const browser = kind === 'none' || !hasDisplay() ? null : findBrowser();
  if (browser === null) {
    const why = hasDisplay() ? 'no Chromium, Chrome or Edge found' : 'no display';
    say(`Chestlight is at ${url}${kind === 'none' ? '' : ` (${why})`}. Ctrl-C stops it.`);
    return { shown: false, ended: server.ended, close: () => Promise.resolve() };
  }
  say(`Chestlight is open in ${browser}. Close its window or press Ctrl-C to stop.`);
  const window = openBrowserWindow(browser, url);
  const ended = window.ended.then((code) => {
    if (code === 0) return 0;
    say(`The browser window ended (exit ${code}). Chestlight is still at ${url}. Ctrl-C stops it.`);
    return server.ended;
  });
  const close = () => {
    window.child.kill();
    return window.ended;
  };
  return { shown: true, ended: Promise.race([ended, server.ended]), close };
}

/** Resolves to the exit code of the first signal that asks this process to end. */
function interruption() {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(signal, () => resolve(exitCodeOf(null, signal)));
    }
  });
}

/** The loopback server, its window and, if asked for, the sample study beside it. */
async function serve(node, values) {
  const library = values.library === undefined ? [] : ['--library', values.library];
  const interrupted = interruption();
  const server = await startServer(node, SERVER, [...library, '--addresses', values.demo ? '2' : '1']);
  const window = showWindow(server.url, values.window, server);
  let demo = null;
  if (values.demo) {
    const env = { ...engineEnvironment(), CHESTLIGHT_URL: server.urls[1] };
    demo = runChild(node, [join(root, 'main', 'cli', 'cli.ts'), 'demo', ...library], env);
  }
  // without a window the study is all there is to wait for
  const done = demo !== null && !window.shown ? demo.ended : window.ended;
  const code = await Promise.race([interrupted, done]);
  if (demo !== null && demo.child.exitCode === null) demo.child.kill('SIGTERM');
  const demoCode = demo === null ? 0 : await demo.ended;
  await window.close();
  await server.stop();
  return code === 0 ? demoCode : code;
}

await guarded(async () => {
  const values = options();
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (!existsSync(SERVER)) {
    throw new SetupError(`${SERVER} is missing: this checkout has no window. "npm run cli -- --help" works.`);
  }
  const node = await setUp({ window: true });
  const wantsElectron = values.window === 'electron' || (values.window === undefined && hasDisplay());
  const entry = values.demo ? null : electronEntry();
  if (wantsElectron && entry !== null) {
    const binary = await fetchElectron(node);
    if (binary !== null) {
      const library = values.library === undefined ? [] : ['--library', values.library];
      const app = runChild(binary, [root, ...library], engineEnvironment());
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => app.child.kill(signal));
      return app.ended;
    }
  }
  if (values.window === 'electron') {
    throw new SetupError('Electron is not available here. Run without --window electron.');
  }
  return serve(node, values);
});
