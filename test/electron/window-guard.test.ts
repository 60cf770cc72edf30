/** @file The window stays on its page, opens no other, and gets no permission but copying text. */
import { EventEmitter } from 'node:events';

import { expect, it } from 'vitest';

import { guardContents, guardSession, mayShow } from '../../main/electron/window-guard.ts';
import { keptLog } from '../helpers/temp-library.ts';

it.each([
  ['app://chestlight/', true],
  ['app://chestlight/#/library', true],
  ['app://chestlight/bytes/report/00', true],
  ['about:blank', true],
  ['app://chestlight.evil/', false],
  ['app://other/', false],
  ['https://example.org/', false],
  ['file:///etc/passwd', false],
  ['data:text/html,x', false],
  ['javascript:alert(1)', false],
])('%s may be shown: %s', (url, may) => {
  expect(mayShow(url)).toBe(may);
});

it('prevents leaving, redirects, web views and other windows, and says so in the log', () => {
  const emitter = new EventEmitter();
  let openHandler: (details: { readonly url: string }) => unknown = () => ({ action: 'allow' });
  const contents = {
    on: emitter.on.bind(emitter),
    setWindowOpenHandler: (handler: typeof openHandler) => void (openHandler = handler),
  };
  const log = keptLog();
  guardContents(contents, log);
  const prevented = (event: string, url: string): boolean => {
    let was = false;
    emitter.emit(event, { url, preventDefault: () => (was = true) });
    return was;
  };
  expect(openHandler({ url: 'app://chestlight/' })).toEqual({ action: 'deny' });
  expect(prevented('will-frame-navigate', 'https://example.org/')).toBe(true);
  expect(prevented('will-frame-navigate', 'app://chestlight/#/teacher')).toBe(false);
  expect(prevented('will-redirect', 'http://127.0.0.1:80/')).toBe(true);
  expect(prevented('will-attach-webview', 'app://chestlight/')).toBe(true);
  expect(log.lines).toHaveLength(4);
  expect(log.lines.join()).not.toContain('example.org');
});

it('refuses every permission but copying text', () => {
  type Ask = (contents: unknown, permission: string, answer: (granted: boolean) => void) => void;
  type Check = (contents: unknown, permission: string, origin: string) => boolean;
  const handlers: { ask?: Ask; check?: Check; device?: () => boolean } = {};
  guardSession({
    setPermissionRequestHandler: (ask) => void (handlers.ask = ask),
    setPermissionCheckHandler: (check) => void (handlers.check = check),
    setDevicePermissionHandler: (device) => void (handlers.device = device),
  });
  const asked = (permission: string): boolean | null => {
    let granted: boolean | null = null;
    handlers.ask?.(null, permission, (answer) => (granted = answer));
    return granted;
  };
  for (const permission of ['media', 'geolocation', 'notifications', 'usb', 'openExternal', 'fileSystem']) {
    expect([permission, asked(permission)]).toEqual([permission, false]);
    expect(handlers.check?.(null, permission, 'app://chestlight')).toBe(false);
  }
  expect(asked('clipboard-sanitized-write')).toBe(true);
  expect(asked('clipboard-read')).toBe(false);
  expect(handlers.device?.()).toBe(false);
});
