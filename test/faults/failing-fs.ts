/**
 * @file node:fs as it is, but for one call that fails: loaded into a process before anything else, it counts the calls that
 * create, write, sync, rename, link, copy, cut or remove below a folder, and lets the n-th one (or every one from there on) fail as a
 * full or broken disk does. Half of the bytes of a failing write reach the disk. A disk that stays full still removes.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { sep } from 'node:path';
import { z } from 'zod';

/** What fails; `failAt` counts from 1, 0 = nothing. */
export const faultPlan = z.object({
  failAt: z.number().int().nonnegative(),
  code: z.enum(['ENOSPC', 'EIO']),
  /** True: from the n-th call on all fail, as on a disk that stays full. */
  lasts: z.boolean(),
  /** Only what lies below this folder counts. */
  under: z.string(),
  /** Where a process that leaves writes its calls, one a line. */
  told: z.string().optional(),
});
export type FaultPlan = z.infer<typeof faultPlan>;

const NOTHING: FaultPlan = { failAt: 0, code: 'ENOSPC', lasts: false, under: '' };
let plan = NOTHING;
let calls: string[] = [];
let removals = 0;

/** Counts from zero under a new plan. */
export function arm(next: FaultPlan): void {
  plan = next;
  calls = [];
  removals = 0;
}

/** How many removals failed under the plan: what they were to take away may still be there. */
export const failedRemovals = (): number => removals;

/** Nothing fails any more. @returns the calls that counted, in order */
export function disarm(): readonly string[] {
  plan = NOTHING;
  return calls;
}

/** Counts a call on `path`. @returns the error that it is to fail with, null when it goes through */
function faultOf(call: string, path: unknown): Error | null {
  const { failAt, lasts, code, under } = plan;
  const place = path instanceof URL ? path.pathname : typeof path === 'string' ? path : '';
  if (under === '' || !(place === under || place.startsWith(`${under}${sep}`))) return null;
  calls.push(`${call} ${place.slice(under.length)}`);
  const frees = code === 'ENOSPC' && call === 'rm' && calls.length !== failAt;
  const fails = lasts ? failAt > 0 && calls.length >= failAt && !frees : calls.length === failAt;
  removals += Number(fails && call === 'rm');
  return fails ? Object.assign(new Error(`${code}: made to fail, ${call}`), { code, syscall: call }) : null;
}

function orFail(call: string, path: unknown): void {
  const fault = faultOf(call, path);
  if (fault !== null) throw fault;
}

const writes = (flags: unknown): boolean =>
  typeof flags === 'number' ? (flags & 3) !== 0 : /[wa+]/.test(typeof flags === 'string' ? flags : 'r');

type Call = (...input: unknown[]) => unknown;

/** Replaces `owner[name]`; `before` may throw, and then the call does not happen. */
function wrap(owner: object, name: string, before: (input: readonly unknown[]) => void): void {
  const methods = owner as Record<string, Call>;
  const real = methods[name];
  if (real === undefined) throw new Error(`node:fs has no ${name}`);
  methods[name] = function (this: unknown, ...input: unknown[]): unknown {
    before(input);
    return real.apply(this, input);
  };
}

/** The same for a call that answers with a promise: it rejects. */
function wrapLater(owner: object, name: string, before: (input: readonly unknown[]) => void): void {
  const methods = owner as Record<string, Call>;
  const real = methods[name];
  if (real === undefined) throw new Error(`node:fs has no ${name}`);
  methods[name] = async function (this: unknown, ...input: unknown[]): Promise<unknown> {
    before(input);
    return await real.apply(this, input);
  };
}

/** A handle of node:fs/promises knows the path that it was opened with. */
function guardHandle(handle: fs.promises.FileHandle, path: unknown): fs.promises.FileHandle {
  const write = handle.write.bind(handle) as (bytes: Uint8Array, ...place: number[]) => Promise<unknown>;
  Object.assign(handle, {
    async write(bytes: Uint8Array, offset = 0, length = bytes.byteLength - offset, ...at: number[]) {
      const fault = faultOf('write', path);
      if (fault === null) return await write(bytes, offset, length, ...at);
      await write(bytes, offset, length >> 1, ...at);
      throw fault;
    },
  });
  for (const name of ['sync', 'datasync', 'writeFile', 'truncate', 'writev'])
    wrapLater(handle, name, () => orFail(name, path));
  return handle;
}

const paths = new Map<number, unknown>();
const { openSync, promises, writeFileSync } = fs;
const open = promises.open;

Object.assign(fs, {
  openSync(path: fs.PathLike, flags?: fs.OpenMode, mode?: fs.Mode): number {
    if (writes(flags)) orFail('open', path);
    const fd = openSync(path, flags ?? 'r', mode);
    paths.set(fd, path);
    return fd;
  },
});
Object.assign(promises, {
  async open(path: fs.PathLike, flags?: fs.OpenMode, mode?: fs.Mode) {
    if (writes(flags)) orFail('open', path);
    return guardHandle(await open(path, flags, mode), path);
  },
});
for (const name of ['writeSync', 'fsyncSync', 'fdatasyncSync', 'ftruncateSync'])
  wrap(fs, name, ([fd]) => orFail(name.replace('Sync', ''), paths.get(Number(fd))));
for (const name of ['rm', 'unlink', 'rmdir']) {
  wrap(fs, `${name}Sync`, ([path]) => orFail('rm', path));
  wrapLater(promises, name, ([path]) => orFail('rm', path));
}
for (const name of ['writeFile', 'mkdir', 'truncate']) {
  wrap(fs, `${name}Sync`, ([path]) => orFail(name, path));
  wrapLater(promises, name, ([path]) => orFail(name, path));
}
// What these make stands under their second name.
for (const name of ['rename', 'link', 'copyFile']) {
  wrap(fs, `${name}Sync`, ([, path]) => orFail(name, path));
  wrapLater(promises, name, ([, path]) => orFail(name, path));
}
syncBuiltinESMExports();

// A process that is not written for this gets its plan from outside.
const given = process.env.CHESTLIGHT_FAULT;
if (given !== undefined) {
  const outside = faultPlan.parse(JSON.parse(given));
  arm(outside);
  const { told } = outside;
  if (told !== undefined) process.on('exit', () => writeFileSync(told, disarm().join('\n')));
}
