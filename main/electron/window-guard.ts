/**
 * @file What the window may not do: leave its page, open others, embed foreign content, ask for devices. Takes Electron's
 * objects by their shape.
 */
import { APP_ORIGIN } from '../../shared/contract/transport.ts';
import type { Log } from '../services/service-types.ts';

interface PreventableEvent {
  preventDefault(): void;
}

interface NavigationEvent extends PreventableEvent {
  readonly url: string;
}

/** What the guard needs of Electron's WebContents. */
export interface GuardedContents {
  setWindowOpenHandler(handler: (details: { readonly url: string }) => { action: 'deny' }): void;
  on(event: 'will-frame-navigate', listener: (event: NavigationEvent) => void): unknown;
  on(event: 'will-redirect', listener: (event: NavigationEvent) => void): unknown;
  on(event: 'will-attach-webview', listener: (event: PreventableEvent) => void): unknown;
}

/** What the guard needs of Electron's Session. */
export interface GuardedSession {
  setPermissionRequestHandler(
    handler: (contents: unknown, permission: string, answer: (granted: boolean) => void) => void,
  ): void;
  setPermissionCheckHandler(
    handler: (contents: unknown, permission: string, origin: string) => boolean,
  ): void;
  setDevicePermissionHandler(handler: () => boolean): void;
}

/** What every window is made with: each value is said, none is left to Electron's default. */
export const SHUT_PREFERENCES = {
  sandbox: true,
  contextIsolation: true,
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  webSecurity: true,
  allowRunningInsecureContent: false,
  experimentalFeatures: false,
  navigateOnDragDrop: false,
  webviewTag: false,
  spellcheck: false, // would fetch dictionaries from the network
} as const;

interface SendingFrame {
  readonly origin: string;
}

/** True for a message that the page itself sent, not a frame in it, another window, or a page that is gone. */
export function isFromPage<Frame extends SendingFrame>(sender: Frame | null, page: Frame): boolean {
  return sender !== null && sender === page && sender.origin === APP_ORIGIN;
}

/** Copying text by a button is all that the window asks of the browser. */
const GRANTED: ReadonlySet<string> = new Set(['clipboard-sanitized-write']);

/** True for addresses that frames of the window may show: its own page and the reports in it. */
export function mayShow(url: string): boolean {
  return url === 'about:blank' || url.startsWith(`${APP_ORIGIN}/`);
}

/** Every webContents that is ever made goes through this. */
export function guardContents(contents: GuardedContents, log: Log): void {
  const refuse = (event: PreventableEvent, what: string): void => {
    event.preventDefault();
    log.warn('the window was kept from doing something', { what });
  };
  contents.setWindowOpenHandler(() => {
    log.warn('the window was kept from doing something', { what: 'open another window' });
    return { action: 'deny' };
  });
  contents.on('will-frame-navigate', (event) => {
    if (!mayShow(event.url)) refuse(event, 'leave its page');
  });
  contents.on('will-redirect', (event) => {
    if (!mayShow(event.url)) refuse(event, 'follow a redirect');
  });
  contents.on('will-attach-webview', (event) => refuse(event, 'embed a web view'));
}

export function guardSession(session: GuardedSession): void {
  session.setPermissionRequestHandler((_contents, permission, answer) => answer(GRANTED.has(permission)));
  session.setPermissionCheckHandler((_contents, permission) => GRANTED.has(permission));
  session.setDevicePermissionHandler(() => false);
}
