/** @file Cases of the contract of the audit trail. */
import type { Cases } from './case.ts';

export const auditCases: Cases['audit'] = {
  list: {
    valid: ({ client }) => client.audit.list({ action: 'import', limit: 3 }),
    reads: true,
    bad: [{ limit: 0 }, { limit: 501 }, { before: 0 }, { before: 'x' }, { action: 7 }],
    refused: [],
  },
  verify: { valid: ({ client }) => client.audit.verify({}), bad: [], refused: [] },
  export: {
    valid: ({ client }) => client.audit.export({ format: 'csv' }),
    bad: [{}, { format: 'xls' }],
    refused: [],
  },
};
