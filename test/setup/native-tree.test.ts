/** @file The native tree is whole or absent, is rebuilt when its recipe changes, and is linked in one step. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
} from 'node:fs';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { setupModule } from './setup-module.ts';

const tree = await setupModule<{
  makeTree: (tree: string, stamp: object, fill: (partial: string) => void) => Promise<void>;
  treeIsComplete: (tree: string, recipe: string) => boolean;
  recipeOf: (parts: readonly unknown[]) => string;
  librariesIn: (folder: string) => readonly string[] | null;
  namedTree: (packageDir: string, folder: string) => { tree: string };
}>('native-tree');
const { link } = await setupModule<{ link: (target: string, path: string) => void }>('tensorflow');
const { useOwnDownload } = await setupModule<{
  useOwnDownload: (packageDir: string, gpu: boolean) => Promise<void>;
}>('package-download');

let folder: string;
let place: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chestlight-tree-'));
  place = join(folder, 'tree');
});
afterEach(() => rmSync(folder, { recursive: true }));

function fillWith(text: string): (partial: string) => void {
  return (partial) => {
    mkdirSync(partial);
    writeFileSync(join(partial, 'lib'), text);
  };
}

it('is complete for its own recipe only', async () => {
  const recipe = tree.recipeOf(['4.22.0', 'abc']);
  expect(tree.treeIsComplete(place, recipe)).toBe(false);
  await tree.makeTree(place, { recipe }, fillWith('one'));
  expect(tree.treeIsComplete(place, recipe)).toBe(true);
  expect(tree.treeIsComplete(place, tree.recipeOf(['4.22.1', 'abc']))).toBe(false);
  writeFileSync(join(place, 'complete'), '{"recipe": "tru');
  expect(tree.treeIsComplete(place, recipe)).toBe(false);
});

it('replaces an old tree by a whole new one', async () => {
  await tree.makeTree(place, { recipe: 'a' }, fillWith('one'));
  await tree.makeTree(place, { recipe: 'b' }, fillWith('two'));
  expect(readFileSync(join(place, 'lib'), 'utf8')).toBe('two');
  expect(readdirSync(folder)).toEqual(['tree']);
});

it('keeps the old tree when building the new one fails, and leaves nothing half-done', async () => {
  await tree.makeTree(place, { recipe: 'a' }, fillWith('one'));
  const failing = tree.makeTree(place, { recipe: 'b' }, (partial) => {
    fillWith('tw')(partial);
    throw new Error('compiler missing');
  });
  await expect(failing).rejects.toThrow('compiler missing');
  expect(readFileSync(join(place, 'lib'), 'utf8')).toBe('one');
  expect(tree.treeIsComplete(place, 'a')).toBe(true);
  expect(readdirSync(folder)).toEqual(['tree']);
});

it('clears what a killed build left', async () => {
  mkdirSync(`${place}.partial-999999999`);
  await tree.makeTree(place, { recipe: 'a' }, fillWith('one'));
  expect(readdirSync(folder)).toEqual(['tree']);
});

it('links, and links anew, without a moment in which nothing is there', () => {
  const path = join(folder, 'deps');
  mkdirSync(path);
  writeFileSync(join(path, 'old'), '');
  for (const name of ['one', 'two', 'two']) {
    const target = join(folder, name);
    mkdirSync(target, { recursive: true });
    link(target, path);
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(readlinkSync(path)).toBe(target);
  }
  expect(existsSync(join(folder, 'one'))).toBe(true);
});

it('knows the library by each of its names', () => {
  const touch = (...names: string[]) => names.forEach((name) => writeFileSync(join(folder, name), ''));
  expect(tree.librariesIn(folder)).toBeNull();
  touch('libtensorflow_framework.so', 'libtensorflow.so', 'libother.so');
  expect(tree.librariesIn(folder)).toEqual([
    join(folder, 'libtensorflow.so'),
    join(folder, 'libtensorflow_framework.so'),
  ]);
  touch('libtensorflow_cc.so.2', 'libtensorflow_framework.so.2');
  expect(tree.librariesIn(folder)?.[0]).toBe(join(folder, 'libtensorflow_cc.so.2'));
});

it('refuses a named folder without a library or without headers, and says which', () => {
  const packageDir = join(folder, 'package');
  expect(() => tree.namedTree(packageDir, folder)).toThrow(/holds no libtensorflow/);
  writeFileSync(join(folder, 'libtensorflow.so.2'), '');
  expect(() => tree.namedTree(packageDir, folder)).toThrow(/c_api\.h/);
});

it("asks for consent before the package's own download, which nobody gives a checksum for", async () => {
  await expect(useOwnDownload(folder, false)).rejects.toThrow(/CHESTLIGHT_ALLOW_UNPINNED=1/);
  mkdirSync(join(folder, 'lib', 'napi-v8'), { recursive: true });
  writeFileSync(join(folder, 'lib', 'napi-v8', 'tfjs_binding.node'), '');
  await expect(useOwnDownload(folder, false)).resolves.toBeUndefined();
});
