/**
 * @file Electron's entry: one instance, one library, one window; or a verb of the command line and none. Puts together what the other files of this folder do;
 * package.json names its built form. Only this file, main-window.ts and preload.ts use Electron itself.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MessageChannel } from 'node:worker_threads';

import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import {
  app,
  dialog,
  Menu,
  powerMonitor,
  powerSaveBlocker,
  protocol,
  safeStorage,
  session,
  utilityProcess,
} from 'electron';

import type { ContractClient } from '../../shared/contract/index.ts';
import { APP_SCHEME } from '../../shared/contract/transport.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import { dataFolder, defaultLibraryFolder } from '../services/system/data-folder.ts';
import type { Log } from '../services/service-types.ts';
import { followActivity, systemEffects } from './activity.ts';
import type { AppHost } from './app-host.ts';
import { APP_SCHEME_PRIVILEGES, createAppHandler } from './app-protocol.ts';
import { mayClose } from './close-question.ts';
import { openMainWindow, type MainWindow } from './main-window.ts';
import { menuTemplate } from './menu.ts';
import { asRpcPort } from './node-port.ts';
import { openAppLog } from '../node/app-log.ts';
import { keepMemoryOutOfCores } from '../node/core-dumps.ts';
import { followSession } from './session-end.ts';
import { runCommand } from './run-command.ts';
import { bundledNode, commandArguments, hostKind, libraryArgument } from './start-options.ts';
import { safeKeyStore } from './safe-key-store.ts';
import { guardContents, guardSession } from './window-guard.ts';
import { createElectronWorkerHost, type ForkUtility } from './worker-host-electron.ts';

keepMemoryOutOfCores();

const appDir = app.getAppPath();
const rendererDir = join(appDir, 'dist', 'renderer');
const preload = fileURLToPath(new URL('./preload.cjs', import.meta.url));

const forkUtility: ForkUtility = (path, args, options) => utilityProcess.fork(path, args, options);

async function openHost(libraryDir: string, log: Log): Promise<AppHost> {
  const keyStore = safeKeyStore(safeStorage, process.platform);
  if (hostKind(process.platform) === 'beside') {
    const node = bundledNode(appDir);
    if (node === null) {
      throw new ServiceError(
        'ENGINE_UNAVAILABLE',
        'The Node that Chestlight runs on is not installed. Run "npm start" once: it installs it.',
      );
    }
    const { openBeside } = await import('./host-beside.ts');
    const program = join(appDir, 'main', 'electron', 'beside-main.ts');
    return openBeside({ node, program, libraryDir, rendererDir, log, keyStore });
  }
  // Loaded only here: on Linux nothing native may come into this process.
  const { openInside } = await import('./host-inside.ts');
  const workerHost = createElectronWorkerHost({ fork: forkUtility, log });
  return openInside({ libraryDir, workerHost, log, clock: Date, keyStore });
}

/** The shell's own client: it speaks to the app over a port, as the window does. */
function clientOf(host: AppHost): ContractClient {
  const { port1, port2 } = new MessageChannel();
  host.connect(asRpcPort(port2));
  return createORPCClient(new RPCLink({ port: port1 }));
}

/** @returns whether something is at work, as far as is known. */
function watchActivity(client: ContractClient, { window }: MainWindow): () => boolean {
  const effects = systemEffects(powerSaveBlocker, window);
  void followActivity(client, effects, new AbortController().signal);
  return () => effects.isBusy();
}

/** A page that crashed holds nothing that is not in the library: it may simply be opened again. */
function offerNewPage({ window }: MainWindow, log: Log): void {
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason === 'clean-exit') return;
    log.error('the page of the window ended', { reason });
    const question = {
      type: 'error' as const,
      message: 'The window has stopped',
      detail: 'Everything is kept, and work goes on. Open the page again, or close Chestlight.',
      buttons: ['Open again', 'Close'],
    };
    void dialog.showMessageBox(window, question).then(({ response }) => {
      if (response === 0) window.reload();
      else window.close();
    });
  });
}

/** Asks when something is at work, keeps the window's size, closes the app, ends. @returns the same without asking */
function closeWithCare(host: AppHost, client: ContractClient, main: MainWindow, log: Log): () => void {
  let asking = false;
  const end = async (): Promise<void> => {
    await main.saveState().catch((error: unknown) => {
      log.warn('the size of the window could not be kept', { error: String(error) });
    });
    main.window.hide();
    let code = 0;
    await host.close().catch((error: unknown) => {
      log.error('closing failed', { error: String(error) });
      code = 1;
    });
    app.exit(code); // whatever failed: a hidden process would keep the app from starting again
  };
  let ending: Promise<void> | null = null;
  const leave = async (): Promise<void> => {
    if (asking) return;
    asking = true;
    try {
      const running = async () => (await client.system.status({})).running;
      const ask = async (question: Electron.MessageBoxOptions) =>
        (await dialog.showMessageBox(main.window, question)).response;
      if (ending === null && !(await mayClose({ running, ask }))) return;
      await (ending ??= end());
    } finally {
      asking = false;
    }
  };
  main.window.on('close', (event) => {
    event.preventDefault();
    void leave();
  });
  app.on('before-quit', (event) => {
    event.preventDefault();
    void leave();
  });
  void host.ended.then((how) => {
    log.error('the app beside the window ended', { how });
    dialog.showErrorBox(
      'Chestlight has stopped',
      `The part of Chestlight that does the work is gone: ${how}. What was saved is kept, and a run at work can be resumed. Start Chestlight again.`,
    );
    app.exit(1);
  });
  return () => void (ending ??= end());
}

async function start(): Promise<void> {
  await app.whenReady();
  const libraryDir = libraryArgument(process.argv.slice(1)) ?? defaultLibraryFolder();
  const log = openAppLog(libraryDir);
  process.on('unhandledRejection', (error) => log.error('a promise failed', { error: String(error) }));
  app.on('web-contents-created', (_event, contents) => guardContents(contents, log));
  guardSession(session.defaultSession);
  Menu.setApplicationMenu(
    Menu.buildFromTemplate(menuTemplate({ mac: process.platform === 'darwin', packed: app.isPackaged })),
  );
  const host = await openHost(libraryDir, log);
  protocol.handle(APP_SCHEME, createAppHandler({ bytes: host.bytes, rendererDir, log }));
  const main = await openMainWindow({
    preload,
    statePath: join(dataFolder(), 'window', 'window.json'),
    iconPath: join(appDir, 'resources', 'icons', 'icon.png'),
    connect: host.connect,
  });
  app.on('second-instance', () => {
    if (main.window.isMinimized()) main.window.restore();
    main.window.focus();
  });
  offerNewPage(main, log);
  const client = clientOf(host);
  const isBusy = watchActivity(client, main);
  const leaveNow = closeWithCare(host, client, main, log);
  // Electron's own types leave out that these events can be held up.
  const power: NodeJS.EventEmitter = powerMonitor;
  const window: NodeJS.EventEmitter = main.window;
  followSession(power, window, {
    keepNow: () => client.system.keepNow({}),
    leave(why) {
      log.info('the app ends', { why });
      leaveNow();
    },
    isBusy,
    note: (what) => log.info(what),
  });
}

/** A verb of the command line: nothing is shown, and an open window keeps its place as the one instance. */
async function command(args: readonly string[]): Promise<void> {
  app.disableHardwareAcceleration();
  app.dock?.hide();
  await app.whenReady();
  const code = await runCommand(args, {
    platform: process.platform,
    appDir,
    node: bundledNode(appDir),
    fork: forkUtility,
  });
  // What was printed is out before the end.
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise((written) => stream.write('', written));
  }
  app.exit(code);
}

function openWindow(): void {
  protocol.registerSchemesAsPrivileged([APP_SCHEME_PRIVILEGES]);
  if (!app.requestSingleInstanceLock()) {
    app.exit(0);
    return;
  }
  start().catch((error: unknown) => {
    const message = error instanceof ServiceError ? error.message : String(error);
    dialog.showErrorBox('Chestlight could not be opened', message);
    app.exit(2);
  });
}

const verb = commandArguments(process.argv, app.isPackaged);
// Chromium's own files lie beside the library, not among it; those of a verb apart from those of a window that may be open.
app.setPath('userData', join(dataFolder(), verb === null ? 'window' : 'command'));
if (verb === null) openWindow();
else {
  command(verb).catch((error: unknown) => {
    process.stderr.write(`A defect of Chestlight: ${String(error)}\n`);
    app.exit(1);
  });
}
