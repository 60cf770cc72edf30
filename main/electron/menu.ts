/** @file The menu: what an editor of text and a window need, and nothing that leaves the computer. */
import type { MenuItemConstructorOptions } from 'electron';

export interface MenuPlatform {
  readonly mac: boolean;
  /** Tools for developers are left out of packed apps. */
  readonly packed: boolean;
}

export function menuTemplate({ mac, packed }: MenuPlatform): MenuItemConstructorOptions[] {
  const view: MenuItemConstructorOptions[] = [
    { role: 'resetZoom' },
    { role: 'zoomIn' },
    { role: 'zoomOut' },
    { type: 'separator' },
    { role: 'togglefullscreen' },
  ];
  const developers: MenuItemConstructorOptions[] = [
    { type: 'separator' },
    { role: 'reload' },
    { role: 'toggleDevTools' },
  ];
  return [
    mac ? { role: 'appMenu' } : { label: '&File', submenu: [{ role: 'quit' }] },
    { role: 'editMenu' },
    { label: '&View', submenu: packed ? view : [...view, ...developers] },
    { role: 'windowMenu' },
  ];
}
