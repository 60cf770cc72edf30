/**
 * @file Writes software.json (what the app shows) and THIRD-PARTY.txt (the licence texts) from the installed packages.
 * Run after the packages change: node resources/licences/make-licences.mjs. A test compares software.json with the lock file.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { addressOf, manifestOf, root, shippedPackages } from './shipped.mjs';

const here = dirname(fileURLToPath(import.meta.url));

/** What is not an npm package but comes along or is fetched at set-up. */
const BESIDE = [
  {
    what: 'TensorFlow C library',
    licence: 'Apache-2.0',
    credit: 'The TensorFlow Authors',
    url: 'https://github.com/tensorflow/tensorflow',
  },
  {
    what: 'Node.js',
    licence: 'MIT',
    credit: 'OpenJS Foundation and contributors',
    url: 'https://nodejs.org',
  },
  {
    what: 'Electron and Chromium',
    licence: 'MIT and BSD-3-Clause',
    credit: 'OpenJS Foundation; The Chromium Authors',
    url: 'https://www.electronjs.org',
  },
  {
    what: 'Colour maps viridis, inferno, cividis',
    licence: 'CC0-1.0',
    credit: 'Matplotlib; S. van der Walt, N. Smith; J. Nuñez, C. Anderton, R. Renslow',
    url: 'https://bids.github.io/colormap/',
  },
];

const text = (value) => (typeof value === 'string' ? value : (value?.name ?? ''));

/** By name and licence: two versions of one may differ; builds for several systems count once. */
function byNameAndLicence() {
  const found = new Map(shippedPackages().map((one) => [`${one.name} ${one.licence}`, one]));
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

const licenceFile = /^(licen[cs]e|copying|notice)/i;

function textsOf(path) {
  const folder = join(root, path);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => licenceFile.test(file) && !file.endsWith('.js'))
    .map((file) => readFileSync(join(folder, file), 'utf8').trim());
}

const packages = byNameAndLicence();
const rows = packages.map((one) => {
  const facts = manifestOf(one);
  return { what: one.name, licence: one.licence, credit: text(facts.author), url: addressOf(facts) };
});
// For another system than this one: no manifest here, so the row says what the lock file says.
const sorted = [...BESIDE, ...rows];
writeFileSync(join(here, 'software.json'), `${JSON.stringify(sorted, null, 1)}\n`);

const withoutText = packages.filter(({ path }) => existsSync(join(root, path)) && textsOf(path).length === 0);
/** The same text is printed once, under all its packages. */
const byText = new Map();
for (const { name, licence, path } of packages) {
  for (const words of textsOf(path))
    byText.set(words, [...(byText.get(words) ?? []), `${name} (${licence})`]);
}
const parts = [...byText].map(([words, names]) => `${'='.repeat(80)}\n${names.join(', ')}\n\n${words}\n`);
const named = withoutText.map(({ name, licence }) => `${name} (${licence})`);
const rest = `${'='.repeat(80)}\nNamed by their licence only, see https://spdx.org/licenses/\n\n${named.join('\n')}\n`;
writeFileSync(join(here, 'THIRD-PARTY.txt'), [...parts, rest].join('\n'));
