/** @file The documents speak of what is there: every folder, file and link that they name exists. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const decisions = readdirSync(join(root, 'docs', 'decisions')).map((name) => join('docs', 'decisions', name));
const pages = ['dependencies.md', 'installing.md'].map((name) => join('docs', name));
const documents = ['README.md', 'ARCHITECTURE.md', 'THREATS.md', ...pages, ...decisions];

it.each(documents)('%s links to files that exist', (name) => {
  const text = readFileSync(join(root, name), 'utf8');
  const links = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '');
  for (const link of links.filter((one) => !/^https?:/.test(one))) {
    expect(existsSync(join(root, dirname(name), link)), link).toBe(true);
  }
});

it('ARCHITECTURE.md names only folders that exist', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const folders = [...text.matchAll(/`((?:main|renderer|shared|resources|test)\/[\w/-]*)`/g)].map(
    (match) => match[1] ?? '',
  );
  expect(folders.length).toBeGreaterThan(12);
  for (const folder of folders) expect(existsSync(join(root, folder)), folder).toBe(true);
});

it('docs/dependencies.md says why each package is there', () => {
  const { dependencies, devDependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  ) as Record<string, Record<string, string>>;
  const text = readFileSync(join(root, 'docs', 'dependencies.md'), 'utf8');
  for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
    expect(text.includes(`\`${name}\``), name).toBe(true);
  }
});
