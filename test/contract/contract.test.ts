/**
 * @file The contract over both transports, on a real app with a real library and real worker processes: every procedure answers
 * as its schema says, refuses bad input, and sends its errors whole, the same way over WebSocket and MessagePort.
 */
import { getEventIteratorSchemaDetails, type AnySchema, type ContractProcedure } from '@orpc/contract';
import { beforeAll, describe, expect, it } from 'vitest';

import { contract } from '../../shared/contract/index.ts';
import { ERROR_CODES } from '../../shared/domain/service-error.ts';
import type { Case } from './cases/case.ts';
import { CASES } from './cases/index.ts';
import type { Connection } from './transports.ts';
import { openWindows, TRANSPORTS, type TransportName, type Windows } from './windows.ts';
import { openWorld, type World } from './world.ts';

type AnyProcedure = ContractProcedure<AnySchema, AnySchema, object, object>;

interface Procedure {
  readonly path: string;
  readonly output: AnySchema;
  readonly of: Case | undefined;
  readonly call: (connection: Connection, input: unknown) => Promise<unknown>;
}

/** Every procedure there is, told by the contract itself. */
const PROCEDURES: readonly Procedure[] = Object.entries(contract).flatMap(([capability, procedures]) =>
  Object.entries<AnyProcedure>(procedures).map(([name, procedure]) => {
    const output = procedure['~orpc'].outputSchema;
    if (output === undefined) throw new Error(`${capability}.${name} has no output schema`);
    return {
      path: `${capability}.${name}`,
      output,
      of: (CASES as Record<string, Record<string, Case>>)[capability]?.[name],
      call: ({ client }, input) => {
        type Call = (input: unknown) => Promise<unknown>;
        const call = (client as unknown as Record<string, Record<string, Call>>)[capability]?.[name];
        if (call === undefined) throw new Error(`no ${capability}.${name}`);
        return call(input);
      },
    };
  }),
);

let world: World;
let windows: Windows;
const at = (name: TransportName): Connection => windows.connections[name];

beforeAll(async () => {
  world = await openWorld();
  windows = await openWindows(world);
  return async () => {
    await windows.close();
    await world.close();
  };
});

/** What a schema says of a value: nothing when it accepts it. */
async function complaints(schema: AnySchema, value: unknown): Promise<unknown> {
  const result = await schema['~standard'].validate(value);
  return result.issues;
}

interface WireError {
  readonly code: string;
  readonly status: number;
  readonly message: string;
  readonly data: { readonly detail: Readonly<Record<string, unknown>> };
  readonly defined: boolean;
}

/** The error of a call, or of the stream that it answered with, as a window sees it. */
async function refusalOf(procedure: Procedure, connection: Connection, input: unknown): Promise<WireError> {
  try {
    const answer = await procedure.call(connection, input);
    if (getEventIteratorSchemaDetails(procedure.output) !== undefined) {
      await (answer as AsyncIterator<unknown>).next();
    }
  } catch (error) {
    const { code, status, message, data, defined } = error as WireError;
    return { code, status, message, data, defined };
  }
  throw new Error(`${procedure.path} took ${JSON.stringify(input)}`);
}

/** No procedure takes these: an object is asked for everywhere. */
const NEVER = [5, 'text', [1], null];

it('every procedure of the contract has a case', () => {
  const cases = Object.entries(CASES).flatMap(([capability, of]) =>
    Object.keys(of).map((name) => `${capability}.${name}`),
  );
  expect(cases.sort()).toEqual(PROCEDURES.map(({ path }) => path).sort());
  expect(PROCEDURES.length).toBeGreaterThan(38);
});

describe.each(TRANSPORTS)('over %s', (name) => {
  describe.each(PROCEDURES)('$path', (procedure) => {
    it('answers as its schema says', async () => {
      const answer = await procedure.of?.valid({ client: at(name).client, world });
      const stream = getEventIteratorSchemaDetails(procedure.output);
      if (stream === undefined) {
        expect(await complaints(procedure.output, answer)).toBeUndefined();
        return;
      }
      expect(Array.isArray(answer) ? answer.length : 0).toBeGreaterThan(0);
      for (const event of answer as unknown[]) expect(await complaints(stream.yields, event)).toBeUndefined();
    });

    it.each(
      [...NEVER, ...(procedure.of?.bad ?? [])].map((input) => [JSON.stringify(input).slice(0, 60), input]),
    )('refuses %s', async (_text, input) => {
      const refusal = await refusalOf(procedure, at(name), input);
      expect(refusal).toMatchObject({ code: 'BAD_INPUT', status: 400 });
      expect(refusal.message).toMatch(/^The request is not valid: .+: .+\.$/);
      expect(refusal.data.detail).toMatchObject({ procedure: procedure.path });
    });

    it.each((procedure.of?.refused ?? []).map((refusal, index) => [refusal.code, index, refusal]))(
      'says %s (%i)',
      async (code, _index, { input }) => {
        const refusal = await refusalOf(procedure, at(name), await input(world));
        expect(refusal).toMatchObject({ code, defined: true });
        expect(ERROR_CODES).toContain(refusal.code);
        expect(refusal.message.length).toBeGreaterThan(15);
        expect(refusal.message).not.toContain('Something in Chestlight broke');
        expect(typeof refusal.data.detail).toBe('object');
      },
    );
  });
});

describe('both transports', () => {
  const pair = () => [at('WebSocket'), at('MessagePort')] as const;

  it.each(PROCEDURES.filter(({ of }) => of?.reads === true))(
    'give the same answer: $path',
    async ({ of }) => {
      const [socket, port] = pair();
      const overSocket = await of?.valid({ client: socket.client, world });
      expect(await of?.valid({ client: port.client, world })).toEqual(overSocket);
    },
  );

  it.each(PROCEDURES)('give the same errors: $path', async (procedure) => {
    type Input = () => unknown;
    const always =
      (input: unknown): Input =>
      () =>
        input;
    const inputs: Input[] = [5, ...(procedure.of?.bad ?? [])].map(always);
    for (const { input, spent } of procedure.of?.refused ?? []) {
      inputs.push(spent === true ? () => input(world) : always(await input(world)));
    }
    for (const input of inputs) {
      const [socket, port] = pair();
      // One after the other: two imports at the same time would refuse each other.
      const overSocket = await refusalOf(procedure, socket, await input());
      expect(await refusalOf(procedure, port, await input())).toEqual(overSocket);
    }
  });

  it('log no defect for anything that was refused', () => {
    expect(world.log.lines.filter((line) => line.startsWith('a procedure failed'))).toEqual([]);
  });
});
