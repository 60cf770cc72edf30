/** @file Cases of the contract of system. */
import { take, type Cases } from './case.ts';

export const systemCases: Cases['system'] = {
  status: { valid: ({ client }) => client.system.status({}), bad: [], refused: [] },
  watch: {
    valid: ({ client }) => take(client.system.watch({}), (events) => events.length === 1),
    bad: [],
    refused: [],
  },
  keepNow: { valid: ({ client }) => client.system.keepNow({}), bad: [], refused: [] },
  doctor: { valid: ({ client }) => client.system.doctor({}), bad: [], refused: [] },
  attributions: {
    valid: ({ client }) => client.system.attributions({}),
    reads: true,
    bad: [],
    refused: [],
  },
};
