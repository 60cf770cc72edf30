/**
 * @file What a package of this system consists of, as CycloneDX 1.6: npm packages from the lock file, and what they bring along
 * that npm does not know (TensorFlow's wheels, libraries inside sharp, SQLite, decoders, Electron, Node, weights, films).
 * `npm run package` writes it into the package: node resources/licences/make-sbom.mjs OUT. The same installation gives the same bytes.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { wheelsFor } from '../setup/wheels.mjs';
import { addressOf, manifestOf, root, shippedPackages } from './shipped.mjs';

const at = (...parts) => join(root, ...parts);
const json = (...parts) => JSON.parse(readFileSync(at(...parts), 'utf8'));
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const installed = (name) => at('node_modules', ...name.split('/'));

/** Compiled into dist/renderer instead of being packed as folders; electron-builder.yml says the same. */
const IN_THE_WINDOW = /^(svelte|bits-ui|uplot|hammerjs|@lucide\/.*|cornerstone-(core|math|tools))$/;

const purl = (type, name, version) =>
  `pkg:${type}/${name.replace(/^@/, '%40')}${version === undefined ? '' : `@${version}`}`;

/** Licence as SPDX says it, else in the words of its publisher. */
function licences(licence) {
  if (licence === undefined) return {};
  if (/^[\w.+-]+$/.test(licence)) return { licenses: [{ license: { id: licence } }] };
  if (/\b(AND|OR|WITH)\b/.test(licence)) return { licenses: [{ expression: licence }] };
  return { licenses: [{ license: { name: licence } }] };
}

const component = ({ type = 'library', kind = 'generic', name, version, licence, url, hashes, note }) => ({
  type,
  'bom-ref': purl(kind, name, version),
  name,
  ...(version === undefined ? {} : { version }),
  ...(note === undefined ? {} : { description: note }),
  ...(hashes === undefined ? {} : { hashes }),
  ...licences(licence),
  ...(type === 'data' || type === 'machine-learning-model' ? {} : { purl: purl(kind, name, version) }),
  ...(url ? { externalReferences: [{ type: 'website', url }] } : {}),
});

/** True when a package's `os`, `cpu` or `libc` (one name or several, `!` = not; null = all) takes `own`. */
function isFor(named, own) {
  if (named === null) return true;
  const list = [named].flat();
  return list.some((one) => !one.startsWith('!')) ? list.includes(own) : !list.includes(`!${own}`);
}

/** npm packages of one system that are part of its package. */
function packagesFor(platform, arch) {
  return shippedPackages().filter(({ name, os, cpu, libc }) => {
    if (!isFor(os, platform) || !isFor(cpu, arch) || !isFor(libc, 'glibc')) return false;
    // A Node of its own comes along on Linux alone (docs/decisions/0004).
    return platform === 'linux' || !/^node-(linux|win|bin)/.test(name);
  });
}

const ALGORITHMS = { sha512: 'SHA-512', sha256: 'SHA-256', sha1: 'SHA-1' };

function npmComponent(one) {
  const { name, version, licence, integrity } = one;
  const [, algorithm = '', digest = ''] = /^(sha\d+)-(.+)$/.exec(integrity ?? '') ?? [];
  const alg = ALGORITHMS[algorithm];
  const hashes = alg && [{ alg, content: Buffer.from(digest, 'base64').toString('hex') }];
  const note = IN_THE_WINDOW.test(name) ? 'compiled into the window (dist/renderer)' : undefined;
  return component({
    kind: 'npm',
    name,
    version,
    licence,
    hashes,
    note,
    url: addressOf(manifestOf(one)) ?? undefined,
  });
}

/** TensorFlow's libraries (and NVIDIA's) by the stamp of the tree that was built from them. */
function engineParts(platform, arch) {
  const deps = join(installed('@tensorflow/tfjs-node-gpu'), 'deps');
  if (!existsSync(deps)) return [];
  const stamp = join(dirname(realpathSync(deps)), 'complete');
  const { device = 'cpu', source = null } = existsSync(stamp) ? JSON.parse(readFileSync(stamp, 'utf8')) : {};
  const pinned = wheelsFor(platform, arch, device === 'gpu');
  if (pinned === null || !String(source).startsWith('PyPI wheel')) {
    const note = `libtensorflow from ${source ?? "tfjs-node-gpu's own download"}`;
    return [component({ name: 'libtensorflow', licence: 'Apache-2.0', note })];
  }
  return pinned.wheels.map(({ name, version, file, sha256: content }) =>
    component({
      kind: 'pypi',
      name,
      version,
      licence: name.startsWith('nvidia-') ? 'NVIDIA Proprietary Software' : 'Apache-2.0',
      hashes: [{ alg: 'SHA-256', content }],
      note: `libraries of ${file}; what they link statically stands in deps/THIRD_PARTY_NOTICES.txt`,
    }),
  );
}

/** Licences of what libvips is built with, as sharp-libvips lists them; vips itself and its companions. */
const VIPS_LICENCES = {
  aom: 'BSD-2-Clause',
  archive: 'BSD-2-Clause',
  cairo: 'MPL-2.0',
  cgif: 'MIT',
  exif: 'LGPL-2.1-or-later',
  expat: 'MIT',
  ffi: 'MIT',
  fontconfig: 'HPND',
  freetype: 'FTL',
  fribidi: 'LGPL-2.1-or-later',
  glib: 'LGPL-2.1-or-later',
  harfbuzz: 'MIT',
  heif: 'LGPL-3.0-or-later',
  highway: 'Apache-2.0 OR BSD-3-Clause',
  imagequant: 'BSD-2-Clause',
  lcms: 'MIT',
  mozjpeg: 'IJG AND BSD-3-Clause AND Zlib',
  pango: 'LGPL-2.1-or-later',
  pixman: 'MIT',
  png: 'libpng-2.0',
  'proxy-libintl': 'LGPL-2.0-or-later',
  rsvg: 'LGPL-2.1-or-later',
  tiff: 'libtiff',
  uhdr: 'Apache-2.0',
  vips: 'LGPL-2.1-or-later',
  webp: 'BSD-3-Clause',
  xml2: 'MIT',
  'zlib-ng': 'Zlib',
};

function pictureParts(platform, arch) {
  const file = join(installed(`@img/sharp-libvips-${platform}-${arch}`), 'versions.json');
  if (!existsSync(file)) return [];
  const note = 'inside libvips of sharp';
  return Object.entries(JSON.parse(readFileSync(file, 'utf8'))).map(([name, version]) =>
    component({ name, version, licence: VIPS_LICENCES[name], note }),
  );
}

const CODEC_LICENCES = {
  charls: 'BSD-3-Clause',
  openjpeg: 'BSD-2-Clause',
  openjph: 'BSD-2-Clause',
  libjxl: 'BSD-3-Clause',
  highway: 'Apache-2.0 OR BSD-3-Clause',
  skcms: 'BSD-3-Clause',
};

/** Libraries inside the decoders' WebAssembly, by the source paths that their assertions name. */
function decoderParts() {
  const binary = readFileSync(join(installed('dcmjs-codecs'), 'build', 'dcmjs-native-codecs.wasm'), 'latin1');
  const named = binary.matchAll(/wasm\/lib\/([a-z0-9_-]+?)-(\d[\d.]*\d)\//g);
  const found = new Map([...named].map(([, name, version]) => [name, version]));
  return [...found].map(([name, version]) =>
    component({ name, version, licence: CODEC_LICENCES[name], note: 'inside dcmjs-native-codecs.wasm' }),
  );
}

function databaseParts() {
  const header = join(installed('better-sqlite3'), 'deps', 'sqlite3', 'sqlite3.h');
  const version = /#define SQLITE_VERSION\s+"([\d.]+)"/.exec(readFileSync(header, 'utf8'))?.[1];
  const own = join(installed('better-sqlite3-multiple-ciphers'), 'deps', 'sqlite3', 'sqlite3.h');
  const ciphers = /#define SQLITE3MC_VERSION_STRING\s+"[^"]*?([\d.]+)"/.exec(readFileSync(own, 'utf8'))?.[1];
  const note = 'inside better-sqlite3-multiple-ciphers';
  return [
    component({ name: 'sqlite', version, licence: 'blessing', note: 'inside better-sqlite3' }),
    component({ name: 'sqlite3multipleciphers', version: ciphers, licence: 'MIT', note }),
  ];
}

function shellParts() {
  const { devDependencies } = json('package.json');
  const version = devDependencies.electron;
  return [
    component({ type: 'framework', kind: 'npm', name: 'electron', version, licence: 'MIT' }),
    component({
      name: 'chromium',
      licence: 'BSD-3-Clause',
      note: `inside Electron ${version}; its parts stand in LICENSES.chromium.html of the package`,
    }),
  ];
}

function dataParts() {
  const weights = json('resources', 'weights', 'index.json').map(({ title, file, licence }) =>
    component({
      type: 'machine-learning-model',
      name: title,
      licence,
      note: `resources/weights/${file}`,
      hashes: [{ alg: 'SHA-256', content: sha256(readFileSync(at('resources', 'weights', file))) }],
    }),
  );
  const films = globSync('images/*', { cwd: at('resources', 'samples') }).sort();
  const content = sha256(
    films.map((one) => sha256(readFileSync(at('resources', 'samples', one)))).join('\n'),
  );
  const samples = component({
    type: 'data',
    name: 'Sample films',
    licence: 'see licences/sample-films.md of the package',
    note: `${films.length} films in resources/samples; the hash is over the hashes of the films, one a line, in the order of their names`,
    hashes: [{ alg: 'SHA-256', content }],
  });
  return [...weights, samples];
}

/** The folders in which Node looks for a package that `from` asks for, innermost first. */
function lookedThrough(from) {
  if (from === '') return [''];
  const outer = from.lastIndexOf('/node_modules/');
  return [`${from}/`, ...lookedThrough(outer < 0 ? '' : from.slice(0, outer))];
}

/** Which package each one asks for. */
function dependencies(packages, rootRef, others) {
  const { packages: lock } = json('package-lock.json');
  const byPath = new Map(packages.map((one) => [one.path, one]));
  const refOf = ({ name, version }) => purl('npm', name, version);
  const find = (from, name) =>
    lookedThrough(from)
      .map((folder) => byPath.get(`${folder}node_modules/${name}`))
      .find((one) => one !== undefined);
  const asked = (from) => {
    const { dependencies: needed, optionalDependencies: wanted, peerDependencies: beside } = lock[from] ?? {};
    const refs = Object.keys({ ...needed, ...wanted, ...beside }).flatMap((name) => {
      const found = find(from, name);
      return found === undefined ? [] : [refOf(found)];
    });
    return [...new Set(refs)].sort();
  };
  const graph = new Map([[rootRef, [...asked(''), ...others.map((one) => one['bom-ref'])].sort()]]);
  for (const one of packages) {
    const dependsOn = new Set([...(graph.get(refOf(one)) ?? []), ...asked(one.path)]);
    graph.set(refOf(one), [...dependsOn].sort());
  }
  return [...graph].map(([ref, dependsOn]) => ({ ref, dependsOn }));
}

/** A serial number of the form of a UUID that depends on the content alone. */
function serialOf(content) {
  const hex = sha256(JSON.stringify(content));
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`];
  return `urn:uuid:${[...parts, hex.slice(20, 32)].join('-')}`;
}

/** The bill of materials of a package for one system, made on that system. */
export function billOfMaterials(platform = process.platform, arch = process.arch) {
  const { name, version, license, description } = json('package.json');
  const packages = packagesFor(platform, arch);
  const others = [
    ...engineParts(platform, arch),
    ...pictureParts(platform, arch),
    ...decoderParts(),
    ...databaseParts(),
    ...shellParts(),
    ...dataParts(),
  ];
  const all = new Map([...packages.map(npmComponent), ...others].map((one) => [one['bom-ref'], one]));
  const own = {
    ...component({ type: 'application', kind: 'npm', name, version, licence: license }),
    description,
  };
  const graph = dependencies(packages, own['bom-ref'], others);
  const used = reached(graph, own['bom-ref']);
  const components = [...all.values()]
    .filter((one) => used.has(one['bom-ref']))
    .sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1));
  const body = {
    metadata: {
      component: own,
      properties: [{ name: 'chestlight:system', value: `${platform}-${arch}` }],
    },
    components,
    dependencies: graph.filter(({ ref }) => used.has(ref)),
  };
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: serialOf(body),
    version: 1,
    ...body,
  };
}

/** Everything that is asked for, directly or not: the rest of the lock file is for other systems. */
function reached(graph, from) {
  const askedBy = new Map(graph.map(({ ref, dependsOn }) => [ref, dependsOn]));
  const found = new Set([from]);
  for (const ref of found) for (const next of askedBy.get(ref) ?? []) found.add(next);
  return found;
}

/** Writes the bill to `path`; its folder is made. */
export function writeBillOfMaterials(path) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(billOfMaterials(), null, 1)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeBillOfMaterials(resolve(process.argv[2] ?? at('dist', 'sbom.cdx.json')));
}
