/** @file The one window: made with everything shut that a page does not need, its size kept, its port handed to the app. */
import { BrowserWindow, ipcMain, screen, type IpcMainEvent } from 'electron';

import { PORT_REQUEST } from '../../shared/contract/transport.ts';
import { WINDOW_URL } from './app-protocol.ts';
import type { RpcPort, ServePort } from './message-port-rpc.ts';
import { isFromPage, SHUT_PREFERENCES } from './window-guard.ts';
import { MIN_SIZE, placeWindow, readWindowState, writeWindowState } from './window-state.ts';

export interface MainWindowOptions {
  /** Path of the built preload. */
  readonly preload: string;
  /** Where size and place are kept. */
  readonly statePath: string;
  readonly iconPath: string;
  /** Serves the page's port. */
  readonly connect: ServePort;
}

export interface MainWindow {
  readonly window: BrowserWindow;
  saveState(): Promise<void>;
}

export async function openMainWindow(options: MainWindowOptions): Promise<MainWindow> {
  const state = await readWindowState(options.statePath);
  const areas = [screen.getPrimaryDisplay(), ...screen.getAllDisplays()].map(({ workArea }) => workArea);
  const window = new BrowserWindow({
    ...placeWindow(state, areas),
    minWidth: MIN_SIZE.width,
    minHeight: MIN_SIZE.height,
    title: 'Chestlight',
    icon: options.iconPath,
    // The page's own ground, so that nothing flashes in a dark room.
    backgroundColor: '#0f1216',
    show: false,
    webPreferences: { preload: options.preload, ...SHUT_PREFERENCES },
  });
  if (state.maximized) window.maximize();
  window.once('ready-to-show', () => window.show());
  servePort(window, options.connect);
  await window.loadURL(WINDOW_URL);
  return {
    window,
    saveState: () =>
      writeWindowState(options.statePath, {
        bounds: window.getNormalBounds(),
        maximized: window.isMaximized(),
      }),
  };
}

/** The page asks for a port when it loads; one that it had before a reload is closed. */
function servePort(window: BrowserWindow, connect: ServePort): void {
  let current: RpcPort | null = null;
  const onRequest = (event: IpcMainEvent): void => {
    const [port] = event.ports;
    if (port === undefined || !isFromPage(event.senderFrame, window.webContents.mainFrame)) return;
    current?.close();
    current = port;
    connect(port);
  };
  ipcMain.on(PORT_REQUEST, onRequest);
  window.once('closed', () => ipcMain.off(PORT_REQUEST, onRequest));
}
