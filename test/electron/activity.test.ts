/** @file The computer stays awake while something is at work, over a real port and router. */
import { MessageChannel } from 'node:worker_threads';

import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import { expect, it } from 'vitest';

import { followActivity, systemEffects } from '../../main/electron/activity.ts';
import { createPortServer } from '../../main/electron/message-port-rpc.ts';
import { asRpcPort } from '../../main/electron/node-port.ts';
import type { Services } from '../../main/services/app.ts';
import type { ContractClient } from '../../shared/contract/index.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import type { Status } from '../../shared/contract/system.ts';
import { keptLog } from '../helpers/temp-library.ts';

const idle: Status = {
  version: '0',
  host: 'electron',
  libraryName: 'l',
  engine: { device: 'cpu', label: 'CPU', reason: null, trainable: true },
  diskFreeBytes: 1,
  lastSavedAt: null,
  running: null,
};
const at = (done: number, total: number | null): Status => ({
  ...idle,
  running: { kind: 'run', id: 'r', title: 't', progress: { phase: 'p', done, total, etaSeconds: null } },
});

it('keeps awake from the first work to the last, shows how far, lets go where the stream ends, and asks again', async () => {
  const told: unknown[] = [];
  const followed = new AbortController();
  let asked = 0;
  async function* watch(): AsyncGenerator<Status, void> {
    asked += 1;
    if (asked === 1) throw new ServiceError('PASSPHRASE_NEEDED', 'The library is shut.');
    const seen = asked === 2 ? [idle, at(0, null), at(1, 4), at(5, 4), idle] : [at(1, 2)];
    for (const status of seen) yield await Promise.resolve(status);
  }
  const services = new Proxy({}, { get: () => new Proxy({}, { get: () => watch }) }) as Services;
  const { port1, port2 } = new MessageChannel();
  createPortServer(services, keptLog())(asRpcPort(port2));
  const client: ContractClient = createORPCClient(new RPCLink({ port: port1 }));
  const effects = {
    keepAwake: (on: boolean) => told.push(on ? 'awake' : 'may sleep'),
    showProgress: (fraction: number | 'unknown' | null) => {
      told.push(fraction);
      if (fraction === 0.5) followed.abort();
    },
  };
  await followActivity(client, effects, followed.signal, 1);
  port1.close();
  const refused = [null];
  const first = [null, 'awake', 'unknown', 0.25, 1, 'may sleep', null, null];
  const again = ['awake', 0.5, 'may sleep', null];
  const expected = [...refused, ...first, ...again];
  expect(asked).toBe(3);
  expect(told).toEqual(expected);
});

it('holds one power blocker while something is at work, gives that one back, and draws no bar on a window that is gone', () => {
  const calls: string[] = [];
  let next = 7;
  let gone = false;
  const blocker = {
    start: (type: string) => (calls.push(`start ${type}`), next++),
    stop: (id: number) => calls.push(`stop ${id}`),
  };
  const window = {
    isDestroyed: () => gone,
    setProgressBar: (fraction: number) => calls.push(`bar ${fraction}`),
  };
  const effects = systemEffects(blocker, window);
  expect(effects.isBusy()).toBe(false);
  effects.keepAwake(true);
  effects.keepAwake(true);
  effects.showProgress('unknown');
  expect(effects.isBusy()).toBe(true);
  effects.keepAwake(false);
  effects.keepAwake(false);
  expect(effects.isBusy()).toBe(false);
  effects.showProgress(null);
  effects.keepAwake(true);
  gone = true;
  effects.showProgress(0.5);
  effects.keepAwake(false);
  const one = 'start prevent-app-suspension';
  expect(calls).toEqual([one, 'bar 2', 'stop 7', 'bar -1', one, 'stop 8']);
});
