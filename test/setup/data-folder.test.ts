/** @file Set-up, which runs before TypeScript can, and the app agree on where the person's data lives. */
import { afterEach, expect, it, vi } from 'vitest';

import { dataFolder } from '../../main/services/system/data-folder.ts';
import { setupModule } from './setup-module.ts';

const { dataDir } = await setupModule<{ dataDir: () => string }>('paths');

afterEach(() => vi.unstubAllEnvs());

it.each([{}, { XDG_DATA_HOME: '/data', APPDATA: '/roaming' }, { CHESTLIGHT_DATA: '/elsewhere' }])(
  'with %j',
  (env) => {
    for (const name of ['XDG_DATA_HOME', 'APPDATA', 'CHESTLIGHT_DATA']) vi.stubEnv(name, undefined);
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    expect(dataDir()).toBe(dataFolder());
  },
);
