/** @file Every package that ships is in the list of licences that the app shows, with its text where it has one. */
import { readFileSync } from 'node:fs';

import { expect, it } from 'vitest';

interface LockEntry {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly license?: string;
}
const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockEntry> };
const shown = JSON.parse(read('resources/licences/software.json')) as { what: string; licence: string }[];

const shipped = Object.entries(packages)
  .filter(([path, { dev, devOptional }]) => path !== '' && dev !== true && devOptional !== true)
  .map(([path, { license }]) => ({ name: path.split('node_modules/').at(-1) ?? '', license }));

it('lists every shipped package with the licence that it names (node resources/licences/make-licences.mjs)', () => {
  // Two versions of a package can have different licences: each is a row of its own.
  const licences = Map.groupBy(shown, ({ what }) => what);
  for (const { name, license } of shipped) {
    const listed = (licences.get(name) ?? []).map(({ licence }) => licence);
    expect(listed, name).toSatisfy((all: string[]) => all.length > 0 && all.every((one) => one !== ''));
    if (license !== undefined) expect(listed, name).toContain(license);
  }
});

it('ships nothing that forbids being part of an app under Apache-2.0', () => {
  // LGPL: libvips, linked dynamically by sharp
  const strange = shown.filter(({ licence }) => /(^|[^L])GPL|SSPL|BUSL|NC|UNLICENSED/i.test(licence));
  expect(strange).toEqual([]);
});

it('keeps the licence texts', () => {
  const texts = read('resources/licences/THIRD-PARTY.txt');
  for (const name of ['svelte', 'better-sqlite3', 'cornerstone-core', '@tensorflow/tfjs-node-gpu', 'sharp']) {
    expect(texts.includes(`${name} (`), name).toBe(true);
  }
});
